"""Names with characters that buckets change, refuse or cannot list: kept as they are, or refused before anything."""

import os
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import lazyscribe
from lazyscribe import Repository
from lazyscribe.exception import InvalidNameError, SaveError, UnreachableError, UnreadableError
from lazyscribe.store import open_store
from lazyscribe.store.keys import join, parent
from tests.cloud.servers import SeaweedFS, Server
from tests.cloud.test_refusals import QUICK, names

pytestmark = pytest.mark.filterwarnings("ignore:The name:UserWarning")

REFUSED = {"back\\slash": r"\\\\", "a\nb": r"\\n", "tab\t": r"\\t", "del\x7f": r"\\x7f", "non\ufffe": r"\\ufffe"}
"""Names that no bucket takes, and how the character is shown."""

STRANGE = [
    "a%20b",
    "50%",
    "%2e%2e",
    "a#b",
    "a?b",
    "a*b",
    "~a",
    "a^b",
    "a`b",
    "{a}",
    " a ",
    "a//b",
    "😀",
    "e\u0301",
    "é",
]
"""Names that are kept as they are."""

SEGMENTS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\\%#?*~^`{} .\n\t+&=😀\u0301"), min_size=1, max_size=8
)


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_is_refused(server: Server, tmp_path: Path, name: str) -> None:
    """A save is refused at once, in a sentence that names artifact and character, as is a copy; nothing is written."""
    before = names(server)
    repository = Repository(f"{server.new_folder()}/repository.json", **server.options())
    repository.log_artifact(name, {"n": 1}, handler="json")
    start = time.monotonic()
    with pytest.raises(SaveError, match=REFUSED[name]) as caught:
        repository.save()
    assert repr(name) in str(caught.value)
    assert str(caught.value).isprintable()
    assert isinstance(caught.value.__cause__, InvalidNameError)
    assert names(server) == before
    local = Repository(tmp_path / "repository.json")
    local.log_artifact(name, {"n": 1}, handler="json")
    local.save()
    empty = Repository(f"{server.new_folder()}/repository.json", **server.options())
    with pytest.raises((InvalidNameError, SaveError), match=REFUSED[name]) as caught_too:
        lazyscribe.copy(local, empty)
    assert str(caught_too.value).isprintable()
    assert time.monotonic() - start < 5
    assert names(server) == before


@pytest.mark.parametrize("part", ["x\ny", "x/../y", "\x7f"])
def test_a_url_that_cannot_be_sent(server: Server, part: str) -> None:
    """It is refused at opening, whether folder or file is called so; the character is shown by its escape."""
    for url in (f"{server.new_folder()}/{part}/repository.json", f"{server.new_folder()}/{part}.json"):
        with pytest.raises(InvalidNameError) as caught:
            Repository(url, **server.options())
        assert str(caught.value).isprintable()


def test_names_that_are_kept(server: Server) -> None:
    """They are saved, loaded and verified, together and alone, and nothing of them is an orphan."""
    folder = server.new_folder()
    repository = Repository(f"{folder}/repository.json", **server.options())
    for number, name in enumerate(STRANGE):
        repository.log_artifact(name, [name], handler="json", fname=f"{number} {name}.json")
        repository.log_artifact(name, [name, 2], handler="json", fname=f"{number + 100} {name}")
    repository.save()
    there = Repository(f"{folder}/repository.json", mode="r", **server.options())
    assert [there.load_artifact(name, version=0) for name in STRANGE] == [[name] for name in STRANGE]
    report = there.verify()
    assert {finding.kind for finding in report.findings} <= {"name-unportable"}
    assert report.checked["verified"] == 2 * len(STRANGE)


def test_what_2_2_wrote(server: Server, tmp_path: Path) -> None:
    """What lies under a name with a backslash since 2.2 is loaded, and never called an orphan."""
    program = (
        "import sys; from lazyscribe import Repository; r = Repository(sys.argv[1] + '/repository.json'); "
        "r.log_artifact('back\\\\slash', {'n': 1}, handler='json'); r.log_artifact('back', 2, handler='json'); r.save()"
    )
    subprocess.run([os.environ["LAZYSCRIBE_22_PYTHON"], "-c", program, str(tmp_path)], check=True)
    folder = server.new_folder()
    raw = server.raw(folder.rpartition("/")[2])
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        raw.put(path.relative_to(tmp_path).as_posix(), path.read_bytes())
    there = Repository(f"{folder}/repository.json", mode="r", **server.options())
    assert there.load_artifact("back\\slash") == {"n": 1}
    assert there.verify().ok
    assert {finding.kind for finding in there.verify().findings} == {"name-unportable", "unverified"}


def test_an_object_of_others_that_cannot_be_listed(seaweedfs: SeaweedFS) -> None:
    """Where another program put a name with a line break, a list says so at once instead of asking again."""
    for key in ("strangers", "strangers/models/a%0Ab"):  # in a bucket of its own, which others list
        assert seaweedfs._put(key) in (200, 409)
    store = open_store("s3", "strangers/models", seaweedfs.options())
    start = time.monotonic()
    with pytest.raises(UnreadableError, match="an object there has a name with a control character") as caught:
        list(store.keys(""))
    assert not isinstance(caught.value, UnreachableError)
    assert time.monotonic() - start < 5


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(SEGMENTS, min_size=1, max_size=3).map("/".join))
@example("a\\b")
@example("\uffff")
def test_keys_agree(server: Server, key: str) -> None:
    """A key that is taken is listed, read and deleted as it was given; any other is refused before it is sent."""
    store = open_store(server.scheme, server.new_folder(), {**server.options(), **QUICK})
    refusal = ""
    try:
        with store.create(key) as raw:
            raw.write(b"1")
    except InvalidNameError as error:
        refusal = str(error)
    if refusal:
        assert refusal.isprintable()
        assert not list(store.keys(""))
        return
    there = join(key)
    assert list(store.keys("")) == [there]
    assert list(store.files_in(parent(there))) == [there]
    found = store.read(key)
    assert found is not None
    token = store.swap(key, b"2", found[1])
    assert store.read(key) == (b"2", token)
    store.delete(key)
    assert not list(store.keys(""))
