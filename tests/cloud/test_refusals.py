"""What real servers refuse: one clear error each, nothing half-written, and no secret anywhere."""

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import (
    AccessDeniedError,
    ConflictError,
    Exists,
    InvalidArgumentError,
    LazyscribeError,
    SaveError,
    UnreachableError,
    UnsafeStoreError,
)
from tests.cloud.proxy import Fault, Proxy, Request
from tests.cloud.servers import ACCOUNT, ADMIN, READER, Rclone, SeaweedFS, Server
from tests.cloud.signing import sign_s3
from tests.cloud.test_http import served

NOBODY = ("AKIANOBODY", "no-such/secret+at.all")
QUICK = {"retry_config": {"max_retries": 2}}
ROOT = Path(__file__).parents[2]


def names(server: Server) -> set[str]:
    """Every object in the bucket, looked at behind the back of the library."""
    return {meta["path"] for chunk in server.raw().list() for meta in chunk}


def whole(error: BaseException) -> str:
    """Everything that is shown of an error, and what it carries, its causes included."""
    text, seen = "".join(traceback.format_exception(error)), [error]
    for each in seen:
        text += repr(each) + repr(each.__dict__)
        seen += [more for more in (each.__cause__, each.__context__) if more is not None and more not in seen]
    return text


def secret_of(options: dict[str, Any]) -> str:
    """Return the secret among the options for a server."""
    return str(options["secret"]) if "secret" in options else options["connection_string"].partition("Key=")[2][:20]


# The probe


def test_a_store_that_ignores_conditions(rclone: Rclone) -> None:
    """`rclone serve s3` is refused at the first write, with what to do, and nothing stays there."""
    repository = Repository(f"{rclone.new_folder()}/repository.json", **rclone.options())
    repository.log_artifact("a", 1, "json")
    before = names(rclone)
    with pytest.raises(UnsafeStoreError, match=r"creates a file that is there already.*concurrency='single-writer'"):
        repository.save()
    assert names(rclone) == before


def test_a_single_writer(rclone: Rclone) -> None:
    """It is taken from whoever vouches for being alone, with one warning; versions and experiments are kept there."""
    folder, options = rclone.new_folder(), {**rclone.options(), "concurrency": "single-writer"}
    repository = Repository(f"{folder}/repository.json", **options)
    with pytest.warns(UserWarning, match="single writer is safe"):
        for number in range(3):
            repository.log_artifact("a", number, "json")
            repository.save()
    project = Project(f"{folder}/project.json", author="root", **options)
    with project.log("run") as run:
        run.log_artifact("value", [1], "json")
    project.save()
    fresh = Repository(f"{folder}/repository.json", mode="r", **options)
    assert [fresh.load_artifact("a", version=number) for number in range(3)] == [0, 1, 2]
    assert Project(f"{folder}/project.json", mode="r", **options).experiments[0].load_artifact("value") == [1]


# Bad input


@contextlib.contextmanager
def late(server: Server) -> Iterator[dict[str, Any]]:
    """Let requests carry the date and the signature that a computer gives whose clock is an hour slow."""

    def sign(request: Request) -> None:
        url = f"http://{request.header('host')}{request.target}"
        when = datetime.now(UTC) - timedelta(hours=1)
        request.headers[:] = sign_s3(request.method, url, dict(request.headers), ADMIN, when).items()

    with Proxy(server.endpoint, lambda request: Fault(change=sign, acted=True)) as proxy:
        yield server.options(proxy.endpoint)


@contextlib.contextmanager
def self_signed(server: Server) -> Iterator[dict[str, Any]]:
    """Let the endpoint show a certificate that nobody vouches for."""
    with Proxy(server.endpoint, tls=True) as proxy:
        yield server.options(proxy.endpoint)
        assert proxy.log == []


def test_the_skewed_clock_is_the_only_thing_wrong_with_it(seaweedfs: SeaweedFS) -> None:
    """Signed anew with the right time, the same requests are answered."""

    def sign(request: Request) -> None:
        url = f"http://{request.header('host')}{request.target}"
        request.headers[:] = sign_s3(request.method, url, dict(request.headers), ADMIN, datetime.now(UTC)).items()

    with Proxy(seaweedfs.endpoint, lambda request: Fault(change=sign, acted=True)) as proxy:
        repository = Repository(f"{seaweedfs.new_folder('ö +')}/repository.json", **seaweedfs.options(proxy.endpoint))
        repository.log_artifact("a b/ü", 1, "json")
        repository.save()
        assert repository.load_artifact("a b/ü") == 1


def wrong_key(server: Any) -> Any:
    return contextlib.nullcontext(server.options(key=NOBODY))


def wrong_secret(server: Any) -> Any:
    return contextlib.nullcontext(server.options(key=(ADMIN[0], NOBODY[1])))


def wrong_secret_for_azure(server: Any) -> Any:
    told = server.options()["connection_string"].replace(ACCOUNT[1], "bm8gc3VjaCBzZWNyZXQgYXQgYWxs")
    return contextlib.nullcontext({"connection_string": told})


def reader(server: Any) -> Any:
    return contextlib.nullcontext(server.options(key=READER))


def plain(server: Any) -> Any:
    return contextlib.nullcontext(server.options())


BAD: dict[str, tuple[str, Callable[[Any], Any], str | None, str]] = {
    "no such key": ("seaweedfs", wrong_key, None, "the credentials are wrong"),
    "a wrong secret": ("seaweedfs", wrong_secret, None, "the credentials are wrong"),
    "a wrong secret, Azure": ("azurite", wrong_secret_for_azure, None, "credentials"),
    "no such bucket": ("seaweedfs", plain, "s3://lazyscribe-none/t", "there is no such bucket"),
    "no such container": ("azurite", plain, "az://lazyscribe-none/t", "there is no such bucket"),
    "a clock that is an hour slow": ("seaweedfs", late, None, "the clock of this computer is wrong"),
    "a certificate of nobody": ("seaweedfs", self_signed, None, "certificate cannot be trusted"),
    "a certificate of nobody, Azure": ("azurite", self_signed, None, "certificate cannot be trusted"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_refused(
    what: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is one error, on opening or when saving, that says what is wrong and where; nothing is written."""
    name, around, folder, expected = BAD[what]
    server = request.getfixturevalue(name)
    caplog.set_level(logging.DEBUG)
    place, before = folder or server.new_folder(), names(server)
    with around(server) as options:
        for kind, file in ((Repository, "repository.json"), (Project, "project.json")):
            with pytest.raises(LazyscribeError, match=expected) as caught:
                document: Any = kind(f"{place}/{file}", **options, **QUICK)
                document.save()
            assert place in str(caught.value)
            assert str(caught.value).count("\n") == 0
            shown = whole(caught.value) + caplog.text + "".join(capfd.readouterr())
            assert secret_of(options) not in shown
    assert names(server) == before


def test_a_key_that_may_only_read(seaweedfs: SeaweedFS) -> None:
    """It opens and loads; a save is one error, leaves memory as it was, and writes nothing."""
    url = f"{seaweedfs.new_folder()}/repository.json"
    repository = Repository(url, **seaweedfs.options())
    repository.log_artifact("a", 1, "json")
    repository.save()
    before = names(seaweedfs)
    mine = Repository(url, **seaweedfs.options(key=READER), **QUICK)
    assert mine.load_artifact("a") == 1
    mine.log_artifact("a", 2, "json")
    with pytest.raises(
        SaveError, match=rf"Writing to {url.rpartition('/')[0]} is refused \(.*may not do that"
    ) as caught:
        mine.save()
    assert "probe" not in str(caught.value)
    assert READER[1] not in whole(caught.value)
    assert names(seaweedfs) == before
    assert [each.dirty for each in mine.artifacts] == [False, True]
    theirs = Repository(url, **seaweedfs.options(key=READER), **QUICK)
    theirs.set_alias("a", "production", version=0)
    with pytest.raises(SaveError, match=rf"Writing to {url.rpartition('/')[0]} is refused") as told:
        theirs.save()
    assert "probe" not in str(told.value)
    assert [each.version for each in Repository(url, mode="r", **seaweedfs.options()).artifacts] == [0]


def test_credentials_that_are_mended(seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong ones in the environment are an error until they are mended there, by the next opening and the next save."""
    for name, value in seaweedfs.environment().items():
        monkeypatch.setenv(name, value)
    url, alone = f"{seaweedfs.new_folder()}/repository.json", {"user_agent": "mended"}  # no other test's connection
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", NOBODY[1])
    with pytest.raises(AccessDeniedError, match="the credentials are wrong"):
        Repository(url, client_options=alone)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ADMIN[1])
    repository = Repository(url, client_options=alone)
    repository.log_artifact("a", 1, "json")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", NOBODY[1])
    with pytest.raises(SaveError, match="the credentials are wrong"):
        repository.save()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", ADMIN[1])
    repository.save()
    assert Repository(url, mode="r").load_artifact("a") == 1
    assert ADMIN[1].encode() not in pickle.dumps(repository)


def test_secrets_are_not_stored(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """No object in the bucket, no log and no representation holds a secret, whatever is kept there."""
    caplog.set_level(logging.DEBUG)
    folder, options = server.new_folder(), server.options()
    repository = Repository(f"{folder}/repository.json", **options)
    project = Project(f"{folder}/project.json", author="root", **options)
    repository.log_artifact("a", 1, "json")
    with project.log("run") as run:
        run.log_artifact("b", 2, "json")
    with project.log("later") as later:
        later.dependencies["run"] = run
    project.save()
    repository.save()
    run.promote_artifact(repository, "b")
    raw = server.raw(folder.rpartition("/")[2])
    stored = b"".join(bytes(raw.get(meta["path"]).bytes()) for chunk in raw.list() for meta in chunk)
    assert b'"run"' in stored
    shown = stored.decode() + caplog.text + repr(repository) + str(repository) + repr(project) + repr(run) + str(run)
    assert secret_of(options) not in shown


@pytest.mark.parametrize(
    "url",
    [
        "s3://{key}:{secret}@lazyscribe-tests/t/repository.json",
        "s3://{key}:{quoted}@lazyscribe-tests/t/repository.json",
        "s3://lazyscribe-tests/t/repository.json?X-Amz-Signature={secret}",
        "https://{key}:{secret}@127.0.0.1/t/repository.json",
        "https://127.0.0.1:1/t/repository.json?token={secret}",
    ],
)
def test_a_secret_in_a_url(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is refused before anything is asked, and not repeated, slashes in it or not."""
    (key, secret), quoted = ADMIN, quote(ADMIN[1], safe="")
    for kind in (Repository, Project):
        with pytest.raises(InvalidArgumentError) as caught:
            kind(url.format(key=key, secret=secret, quoted=quoted))
        shown = str(caught.value) + repr(caught.value.__dict__) + caplog.text
        assert secret not in shown
        assert quoted not in shown


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://lazyscribe-tests/t/repository.json", {"endpoint_url": "http://{key}:{quoted}@127.0.0.1:1"}),
        ("s3://lazyscribe-tests/t/repository.json", {"client_kwargs": {"endpoint_url": "http://:{quoted}@127.0.0.1"}}),
        ("s3://lazyscribe-tests/t/repository.json", {"endpoint_url": "{key}:{secret}@127.0.0.1:1"}),
        ("gs://lazyscribe-tests/t/repository.json", {"endpoint_url": "http://127.0.0.1:1?token={secret}"}),
        ("az://c/repository.json", {"account_name": "acc", "endpoint": "http://{key}:{secret}@127.0.0.1:1/acc"}),
        ("az://c/repository.json", {"connection_string": "AccountName=a;BlobEndpoint=http://{key}:{secret}@localhost"}),
    ],
)
def test_a_secret_in_an_endpoint(url: str, options: dict[str, Any]) -> None:
    """It is refused as one in a URL is, whichever option holds the endpoint."""
    (key, secret), quoted = ADMIN, quote(ADMIN[1], safe="")

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner) for name, inner in value.items()}
        return value.format(key=key, secret=secret, quoted=quoted)

    with pytest.raises(InvalidArgumentError, match="The endpoint holds") as caught:
        Repository(url, **filled(options))
    assert secret not in whole(caught.value)
    assert quoted not in whole(caught.value)


@pytest.mark.parametrize(
    ("url", "options", "endpoint"),
    [
        ("s3://b/r.json", {"endpoint_url": "http://127.0.0.1:1", "key": "k", "secret": "s"}, "http://127.0.0.1:1"),
        ("gs://b/r.json", {"endpoint_url": "http://127.0.0.1:1", "anon": True}, "http://127.0.0.1:1"),
        ("az://b/r.json", {"endpoint": "http://127.0.0.1:1/acc", "account_name": "acc", "anon": True}, "127.0.0.1:1"),
        ("https://no-such-host.invalid/r.json", {}, "https://no-such-host.invalid"),
    ],
)
def test_nobody_answers(url: str, options: dict[str, Any], endpoint: str) -> None:
    """The error names the endpoint that was asked."""
    with pytest.raises(UnreachableError, match=rf"no connection\); see whether the endpoint \S*{endpoint} is right"):
        Repository(url, mode="r", **options, **QUICK)


@pytest.mark.parametrize(
    ("url", "options", "told"),
    [
        ("s3://b/r.json", {"key": "k"}, "a key without its secret.*give 'secret'"),
        ("s3://b/r.json", {"secret": "s3cr3t"}, "a secret without its key.*give 'key'"),
        ("az://b/r.json", {}, "no account is named.*give 'account_name' or 'connection_string'"),
    ],
)
def test_what_is_lacking(url: str, options: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the options to give, and nothing in the words of others."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "AZURE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(InvalidArgumentError, match=told) as caught:
        Repository(url, mode="r", **options)
    assert "Generic" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_an_address_with_a_port(tmp_path: Path) -> None:
    """A port is no password: nothing is there, and the file opens empty."""
    with served(tmp_path) as url:
        assert list(Repository(f"{url}/repository.json", mode="r").artifacts) == []


def test_a_forked_child(seaweedfs: SeaweedFS) -> None:
    """In a child forked from a process that used a bucket, using it is an error that says so, not a wait for ever."""
    url = f"{seaweedfs.new_folder()}/repository.json"
    repository = Repository(url, **seaweedfs.options())
    read, write = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(30)
        with contextlib.suppress(BaseException):
            try:
                repository.reload()
            except LazyscribeError as error:
                os.write(write, str(error).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        assert b"'spawn' or 'forkserver'" in told.read()
    os.waitpid(child, 0)


def test_a_pickled_repository_goes_to_another_process(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """A process that is started anew saves with a pickled copy."""
    url = f"{seaweedfs.new_folder()}/repository.json"
    repository = Repository(url, **seaweedfs.options())
    repository.log_artifact("a", 1, "json")
    repository.save()
    (tmp_path / "copy").write_bytes(pickle.dumps(repository))
    program = (
        "import pickle, sys; copy = pickle.load(open(sys.argv[1], 'rb')); "
        "copy.log_artifact('a', 2, 'json'); copy.save()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(tmp_path / "copy")], check=True, cwd=ROOT)
    repository.reload()
    assert [repository.load_artifact("a", version=number) for number in range(2)] == [1, 2]


def test_a_folder_in_the_place_of_a_file(seaweedfs: SeaweedFS) -> None:
    """Where the store has folders, records cannot be one, which is said at once; an artifact gets another name."""
    folder = seaweedfs.new_folder()
    seaweedfs.raw(folder.rpartition("/")[2]).put("there/is/one", b"1")
    before, start = names(seaweedfs), time.monotonic()
    repository = Repository(f"{folder}/there", **seaweedfs.options())
    repository.log_artifact("a", 1, "json")
    with pytest.raises(
        SaveError, match=rf"{folder}/there cannot be reached \(it is a folder\); give the path"
    ) as caught:
        repository.save()
    assert not isinstance(caught.value, ConflictError)
    assert names(seaweedfs) == before
    better = Repository(f"{folder}/repository.json", **seaweedfs.options())
    better.log_artifact("there", 1, "json", fname="is")
    with pytest.warns(UserWarning, match="is kept in 'is-1'"):
        better.save()
    assert (better.artifacts[0].fname, better.load_artifact("there")) == ("is-1", 1)
    assert time.monotonic() - start < 10


def test_a_refusal_without_a_cause(server: Server, proxy: Proxy) -> None:
    """A new name that the store calls taken, whoever lies there, is a `SaveError`; saved again, all is there once."""
    repository = Repository(f"{server.new_folder()}/repository.json", **server.options(proxy.endpoint))
    repository.log_artifact("a", 1, "json")
    with proxy.faults(lambda request: Fault(status=412) if request.writes and ".log/" in request.key else None):
        with pytest.raises(SaveError, match="save again") as caught:
            repository.save()
        assert isinstance(caught.value.__cause__, Exists)
    repository.save()
    assert [each.version for each in repository.artifacts] == [0]
    assert repository.verify().ok
