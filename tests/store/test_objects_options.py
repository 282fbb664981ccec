"""Options of buckets, as people know them: what each makes of a request."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import InvalidArgumentError, UnreadableError, UsageError
from lazyscribe.store import open_store
from lazyscribe.store.fsspec import FsspecStore
from lazyscribe.testing.writers import in_processes
from tests.store.bucket_server import Bucket, serving

ACCOUNT_KEY = base64.b64encode(b"a key of the tests").decode()


@pytest.fixture(scope="module")
def served() -> Iterator[Bucket]:
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(served: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """A bucket, and an environment that says nothing of any."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    served.sent = {}
    return served


def sent(bucket: Bucket, url: str, **options: Any) -> dict[str, str]:
    """Open a repository that is not there; return what was asked for it."""
    assert list(Repository(url, mode="r", **options).artifacts) == []
    return bucket.sent


S3 = "s3://bucket/repository.json"


@pytest.mark.parametrize(
    "options",
    [
        {"key": "AKIAKEY", "secret": "s", "token": "session", "client_kwargs": {"region_name": "eu-west-3"}},
        {"username": "AKIAKEY", "password": "s", "token": "session", "region": "eu-west-3"},
        {"access_key_id": "AKIAKEY", "secret_access_key": "s", "session_token": "session", "region": "eu-west-3"},
        {
            "aws_access_key_id": "AKIAKEY",
            "aws_secret_access_key": "s",
            "aws_session_token": "session",
            "aws_region": "eu-west-3",
        },
        {
            "config": {
                "access_key_id": "AKIAKEY",
                "secret_access_key": "s",
                "session_token": "session",
                "region": "eu-west-3",
            }
        },
        {
            "client_kwargs": {
                "aws_access_key_id": "AKIAKEY",
                "aws_secret_access_key": "s",
                "aws_session_token": "session",
                "region_name": "eu-west-3",
            },
            "default_block_size": 4096,
            "skip_instance_cache": True,
        },
    ],
    ids=["s3fs", "user and password", "obstore", "with prefix", "config", "botocore"],
)
def test_keys_for_s3(bucket: Bucket, options: dict[str, Any]) -> None:
    """Keys, a token and a region are understood in the spelling of s3fs, of botocore and of obstore."""
    found = sent(bucket, S3, endpoint_url=bucket.endpoint, **options)
    assert "Credential=AKIAKEY/" in found["authorization"]
    assert "/eu-west-3/s3/" in found["authorization"]
    assert found["x-amz-security-token"] == "session"
    assert found["path"] == "/bucket/repository.json"


class UNSIGNED:
    """As botocore has it."""


UNSIGNED.__module__ = "botocore"


@pytest.mark.parametrize(
    "options",
    [
        {"anon": True},
        {"anon": "True"},
        {"skip_signature": True},
        {"skip_signature": "true"},
        {"config_kwargs": {"signature_version": "unsigned"}},
        {"config_kwargs": {"signature_version": UNSIGNED()}},
    ],
)
def test_anonymous_s3(bucket: Bucket, options: dict[str, Any]) -> None:
    """Without a name nothing is signed."""
    assert "authorization" not in sent(bucket, S3, endpoint_url=bucket.endpoint, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"anon": False},
        {"anon": "false"},
        {"skip_signature": "False"},
        {"config_kwargs": {"signature_version": "s3v4"}},
        {"config_kwargs": {"signature_version": "v4"}},
    ],
)
def test_what_does_not_make_s3_anonymous(bucket: Bucket, options: dict[str, Any]) -> None:
    """Whoever says that requests are to be signed has them signed."""
    found = sent(bucket, S3, endpoint_url=bucket.endpoint, key="AKIAKEY", secret="s", **options)
    assert "AKIAKEY" in found["authorization"]


def test_endpoints_of_s3(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint comes from any of its options or the environment, with its scheme or with use_ssl."""
    keys = {"key": "AKIAKEY", "secret": "s"}
    host = bucket.endpoint.removeprefix("http://")
    for options in (
        {"client_kwargs": {"endpoint_url": bucket.endpoint}},
        {"endpoint": bucket.endpoint},
        {"endpoint_url": host, "use_ssl": False},
        {"endpoint_url": host, "client_kwargs": {"use_ssl": False}},
        {"endpoint_url": bucket.endpoint, "config_kwargs": {"s3": {"addressing_style": "path"}, "read_timeout": 9}},
    ):
        assert sent(bucket, S3, **keys, **options)["host"] == host
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRON")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert "AKIAENVIRON" in sent(bucket, S3)["authorization"]


def test_profiles(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile gives what no option gives: before the environment if it is named as an option, else after it."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s%3\n"
        "[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = s\naws_session_token = t\n"
    )
    (tmp_path / "config").write_text(
        f"[profile team]\nregion = eu-north-1\nendpoint_url = {bucket.endpoint}\n[profile role]\nrole_arn = arn:x\n"
    )
    assert "AKIADEFAULT" in sent(bucket, S3, endpoint_url=bucket.endpoint)["authorization"]
    found = sent(bucket, S3, profile="team")
    assert "AKIATEAM" in found["authorization"]
    assert "/eu-north-1/" in found["authorization"]
    monkeypatch.setenv("AWS_PROFILE", "team")
    assert "AKIATEAM" in sent(bucket, S3)["authorization"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRON")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert "AKIAENVIRON" in sent(bucket, S3, endpoint_url=bucket.endpoint)["authorization"]
    assert "AKIATEAM" in sent(bucket, S3, profile="team")["authorization"]
    assert "AKIAOPTION" in sent(bucket, S3, endpoint_url=bucket.endpoint, key="AKIAOPTION", secret="s")["authorization"]
    for name, told in (("nobody", "no profile 'nobody'"), ("role", "holds no aws_access_key_id")):
        with pytest.raises(InvalidArgumentError, match=told):
            Repository(S3, profile=name)
    (tmp_path / "credentials").write_text("aws_secret_access_key = SeCrEt without a section")
    with pytest.raises(InvalidArgumentError, match="cannot be read as an ini file") as caught:
        Repository(S3, profile="team")
    assert "SeCrEt" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "options", "told"),
    [
        (
            S3,
            {"secert": "x"},
            r"'secert' is no option for s3:// URLs \(did you mean 'secret'\?\); understood are .*, endpoint",
        ),
        (
            S3,
            {"client_kwargs": {"region": "x"}},
            r"'region' is no option in 'client_kwargs' \(did you mean 'region_name'",
        ),
        (
            S3,
            {"client_options": {"time_out": "1s"}},
            r"'time_out' is no option in 'client_options' \(did you mean 'timeout'",
        ),
        (S3, {"client_kwargs": ["x"]}, "'client_kwargs' must be a dictionary, not a list"),
        (S3, {"anon": "no"}, "The option 'anon' must be true or false, not 'no'"),
        (S3, {"skip_signature": "0"}, "The option 'skip_signature' must be true or false, not '0'"),
        (S3, {"use_ssl": "off"}, "The option 'use_ssl' must be true or false, not 'off'"),
        (
            S3,
            {"config_kwargs": {"signature_version": "s3"}},
            "'signature_version' must be 's3v4' or 'unsigned', not 's3'",
        ),
        (S3, {"config_kwargs": {"s3": {"adressing_style": "path"}}}, "did you mean 'addressing_style'"),
        (S3, {"config_kwargs": {"s3": "virtual"}}, "'s3' must be a dictionary, not a str"),
        (
            S3,
            {"config_kwargs": {"s3": {"addressing_style": "x"}}},
            "'addressing_style' must be 'auto', 'path' or 'virtual'",
        ),
        (S3, {"retry_config": {"retry_timeout": "60s"}}, "'retry_timeout' must be seconds.*not '60s'"),
        (S3, {"retry_config": {"max_retries": "ten"}}, "'max_retries' must be a whole number, not 'ten'"),
        (S3, {"retry_config": {"backoff": {"init": 1}}}, "'init' is no option in 'backoff'"),
        ("gs://bucket/repository.json", {"anon": "no"}, "must be true or false"),
        ("az://box/repository.json", {"account_name": "x", "anon": "no"}, "must be true or false"),
        (S3, {"concurrency": "one"}, "concurrency is 'one'; give 'single-writer'"),
        (S3, {"verify": "no/such.pem"}, r"'no/such\.pem' cannot be read"),
        ("gs://bucket/repository.json", {"projekt": "x"}, "did you mean 'project'"),
        ("gs://bucket/repository.json", {"requester_pays": True}, "requester"),
        ("gs://bucket/repository.json", {"token": object()}, "give a credential_provider"),
        ("az://box/repository.json", {"acount_name": "x"}, "did you mean 'account_name'"),
        ("az://box/repository.json", {"connection_string": "Nothing=1"}, "names neither AccountName"),
        ("az://box/repository.json", {"account_name": "x", "credential": object()}, "give a key, a signature"),
        ("https://example.org/repository.json", {"header": {}}, "did you mean 'headers'"),
        ("s3:///repository.json", {}, "names no bucket"),
    ],
)
def test_options_that_are_not_understood(url: str, options: dict[str, Any], told: str) -> None:
    """Each is one error when the file is opened, which names the option and those that there are."""
    with pytest.raises(InvalidArgumentError, match=told):
        Repository(url, **options)


@pytest.mark.parametrize("kind", ["text", "file", "dictionary", "obstore", "provider"])
def test_tokens_for_google(bucket: Bucket, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is one, a file or a dictionary of credentials; other options of gcsfs are understood too."""
    (tmp_path / "account.json").write_text(json.dumps({"type": "service_account"}))
    options: dict[str, Any] = {
        "text": {"token": "ya29.tests"},
        "obstore": {"bearer_token": "ya29.tests", "base_url": bucket.endpoint},
        "provider": {"credential_provider": lambda: {"token": "ya29.tests", "expires_at": None}},
        "file": {"token": str(tmp_path / "account.json")},
        "dictionary": {"token": {"type": "service_account"}},
    }[kind]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.endpoint)
    if kind in ("file", "dictionary"):  # which holds no key: obstore says so when it reads it
        with pytest.raises(InvalidArgumentError, match="The options for gs://bucket cannot be used"):
            Repository("gs://bucket/repository.json", **options)
        return
    found = sent(bucket, "gs://bucket/repository.json", project="p", access="read_only", timeout=9, **options)
    assert found["authorization"] == "Bearer ya29.tests"
    assert "authorization" not in sent(bucket, "gcs://bucket/repository.json", token="anon")


def test_accounts_for_azure(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, signatures, connection strings and credentials of azure-identity are understood as adlfs does."""
    url, endpoint = "az://box/repository.json", {"endpoint": bucket.endpoint}
    key = f"AccountName=acc;AccountKey={ACCOUNT_KEY}"
    signature = "sv=2022-11-02&sig=abc%3D"

    def get_token(scope: str) -> Any:
        assert scope == "https://storage.azure.com/.default"
        return SimpleNamespace(token="of-identity", expires_on=datetime(2100, 1, 1, tzinfo=UTC).timestamp())

    for options in (
        {"account_name": "acc", "account_key": ACCOUNT_KEY, **endpoint},
        {"account_name": "acc", "credential": ACCOUNT_KEY, **endpoint},
        {"connection_string": f"DefaultEndpointsProtocol=http;{key};BlobEndpoint={bucket.endpoint};"},
    ):
        assert sent(bucket, url, **options)["authorization"].startswith("SharedKey acc:")
    for options in ({"sas_token": f"?{signature}"}, {"credential": signature}, {"sas_key": signature}):
        assert "sig=abc%3D" in sent(bucket, url, account_name="acc", **endpoint, **options)["query"]
    found = sent(bucket, url, account_name="acc", credential=SimpleNamespace(get_token=get_token), **endpoint)
    assert found["authorization"] == "Bearer of-identity"
    assert "authorization" not in sent(bucket, url, account_name="acc", anon=True, **endpoint)
    long = "abfss://box@acc.dfs.core.windows.net/models/repository.json"
    found = sent(bucket, long, account_key=ACCOUNT_KEY, **endpoint)
    assert found["authorization"].startswith("SharedKey acc:")
    assert found["path"] == "/box/models/repository.json"
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"{key};BlobEndpoint={bucket.endpoint}")
    assert sent(bucket, url)["authorization"].startswith("SharedKey acc:")


def test_secrets_in_options_that_obstore_refuses() -> None:
    """Its words are shown without what was given."""
    with pytest.raises(InvalidArgumentError, match="cannot be used") as caught:
        Repository(S3, key="AKIAKEY", secret="s", s3_express="SeCrEt")
    assert "SeCrEt" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None
    with pytest.raises(InvalidArgumentError, match="cannot be used") as caught:
        Repository(S3, key="AKIAKEY", secret="s", client_options={"user_agent": "SeCrEt\n"})
    assert "SeCrEt" not in str(caught.value)


def test_file_systems(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """`fs` is an fsspec file system of the same place, and a store made of it is that of the bucket."""
    bucket.put("models/x.txt", b"1")
    keys = {"endpoint_url": bucket.endpoint, "key": "AKIAKEY", "secret": "s"}
    repository = Repository("s3://bucket/models/repository.json", **keys)
    assert repository.fs.cat_file("bucket/models/x.txt") == b"1"
    from lazyscribe.store import store_of

    store = store_of(repository.fs, "bucket/models")
    assert type(store) is type(open_store("s3", "bucket/models", keys))
    assert (store.read("x.txt") or [None])[0] == b"1"
    assert store.describe("x.txt") == "s3://bucket/models/x.txt"


def test_without_obstore(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, fsspec serves, and where its package is missing, too, the extra is what is named."""
    monkeypatch.setattr("lazyscribe.store.by_obstore", lambda _: False)
    with pytest.raises(ImportError, match=r"lazyscribe\[cloud\]"):
        open_store("s3", "bucket", {})
    monkeypatch.setattr(
        "fsspec.filesystem", lambda protocol, **_: SimpleNamespace(protocol=protocol, _strip_protocol=str)
    )
    assert type(open_store("s3", "bucket", {})) is FsspecStore


def test_certificates(bucket: Bucket) -> None:
    """They are taken as text or as a file; a server that speaks no TLS is one error at once."""
    pem = Path(__file__).with_name("authority.pem")
    for options in ({"verify": str(pem)}, {"client_options": {"root_certificate": pem.read_text()}}, {"verify": False}):
        assert sent(bucket, S3, key="k", secret="s", endpoint_url=bucket.endpoint, **options)["host"]
    with pytest.raises(UnreadableError, match="cannot be reached"):
        Repository(
            S3,
            key="k",
            secret="s",
            endpoint_url=bucket.endpoint.replace("http:", "https:"),
            retry_config={"max_retries": 0},
        )


def test_certificates_that_change(bucket: Bucket, tmp_path: Path) -> None:
    """A file of certificates is read again once it is another one, and is not missed where it was."""
    pem = tmp_path / "authority.pem"
    options: dict[str, Any] = {"key": "k", "secret": "s", "endpoint_url": bucket.endpoint, "verify": str(pem)}
    for _ in range(2):
        pem.write_bytes(Path(__file__).with_name("authority.pem").read_bytes())
        assert sent(bucket, S3, **options)["host"]
        pem.write_text("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n")
        with pytest.raises(InvalidArgumentError, match="cannot be used"):
            Repository(S3, mode="r", **options)
    pem.unlink()
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        Repository(S3, mode="r", **options)


def test_forked_processes(bucket: Bucket) -> None:
    """A process that was forked after a bucket was used is refused with what to do, instead of waiting for ever."""
    store = open_store("s3", "bucket/models", {"endpoint_url": bucket.endpoint, "key": "k", "secret": "s"})
    assert store.read("no.txt") is None

    def work(_: int) -> None:
        with pytest.raises(UsageError, match="spawn"):
            store.read("no.txt")

    assert in_processes(1, work) == [0]
