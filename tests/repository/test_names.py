"""Names: which are refused, which warn, and which always open."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import ArtifactLogError, CorruptManifestError, LazyscribeError, SaveError
from tests.clock import Clock
from tests.repository.tools import artifact, opened, record, tree, values, write

ESCAPING = [
    ("..", None),
    ("../x", None),
    ("x/../../y", None),
    ("/absolute", None),
    ("nul\0", None),
    (".lazyscribe", None),
    (".LazyScribe/x", None),
    ("./.lazyscribe", None),
    ("n" * 256, None),
    ("ä" * 128, None),
    ("a/" + "n" * 256, None),
    ("lone \ud800", None),
    ("x", "../x.json"),
    ("x", "../../x.json"),
    ("x", "a/../../../x"),
    ("x", "/etc/x"),
    ("x", "nul\0"),
    ("x", "n" * 256),
    ("x", "/"),
    ("x", "."),
    ("", "repository.json"),
    (".", "repository.json"),
    ("", ".lazyscribe/x"),
    ("repository.json", None),
    ("repository.json/x", "y"),
]


@pytest.mark.parametrize(("name", "fname"), ESCAPING)
def test_refused_when_logged(three: Path, name: str, fname: str | None) -> None:
    """Names that escape, cannot exist or are ours are refused when logged, and nothing changes."""
    repository, before = opened(three, "w+"), tree(three.parent)
    with pytest.raises(ArtifactLogError) as caught:
        repository.log_artifact(name, 1, "json", fname=fname)
    assert isinstance(caught.value, ValueError)
    assert len(repository.artifacts) == 3
    repository.save()
    assert tree(three.parent) == before


@pytest.mark.parametrize(("name", "fname"), ESCAPING)
def test_refused_when_made_by_hand(three: Path, name: str, fname: str | None) -> None:
    """The same names are refused when an artifact made by hand joins."""
    repository, before = opened(three, "w+"), tree(three.parent)
    with pytest.raises(ArtifactLogError):
        repository.artifacts.append(artifact(name, 1, fname=fname))
    with pytest.raises(ArtifactLogError):
        repository.artifacts[0] = artifact(name, 1, fname=fname)
    assert [each.version for each in repository.artifacts] == [0, 1, 2]
    repository.save()
    assert tree(three.parent) == before


@pytest.mark.parametrize(("name", "fname"), ESCAPING)
def test_refused_when_renamed(three: Path, name: str, fname: str | None) -> None:
    """A logged version that is given such a name makes the save fail, and nothing is written."""
    repository, before = opened(three, "w+"), tree(three.parent)
    repository.log_artifact("x", 1, "json")
    repository.artifacts[3].name = name
    repository.artifacts[3].fname = fname or "f.json"
    with pytest.raises(SaveError):
        repository.save()
    assert tree(three.parent) == before
    assert not (three.parent.parent / "x.json").exists()
    repository.artifacts[3].name, repository.artifacts[3].fname = "x", "f.json"
    repository.save()
    assert values(opened(three)) == [0, 1, 2, 1]


@pytest.mark.parametrize(("name", "fname"), ESCAPING)
def test_refused_when_read(file: Path, name: str, fname: str | None) -> None:
    """A manifest that holds such a name is a `CorruptManifestError` that names file and record; nothing is opened."""
    write(file, [record(), record(version=1, name=name, fname=fname or "f.json")])
    before = tree(file.parent)
    for mode in ("r", "a", "w+"):
        with pytest.raises(CorruptManifestError, match="Record 1 of") as caught:
            opened(file, mode)
        assert caught.value.path == str(file)
        assert caught.value.record == 1
    assert tree(file.parent) == before


@pytest.mark.parametrize("name", [None, 1, b"x", ("x",)])
def test_no_text(file: Path, name: Any) -> None:
    """A name or file name that is no text is refused with an error of ours."""
    repository = Repository(file)
    with pytest.raises(LazyscribeError, match="text"):
        repository.log_artifact(name, 1, "json")
    if name is not None:
        with pytest.raises(LazyscribeError, match="text"):
            repository.log_artifact("x", 1, "json", fname=name)
    assert len(repository.artifacts) == 0


UNPORTABLE = [
    "a:b",
    "what?",
    "a|b",
    'say "x"',
    "back\\slash",
    "end.",
    "end ",
    "con",
    "NUL.txt",
    "com1",
    "a/b:c",
    "tab\t",
]


@pytest.mark.parametrize("name", UNPORTABLE)
def test_unportable_names_warn(file: Path, name: str) -> None:
    """A name that other systems cannot hold gives one warning, where it was logged, and works here."""
    repository = Repository(file)
    with pytest.warns(UserWarning, match="every system") as caught:
        repository.log_artifact(name, 1, "json")
    assert [(each.category, each.filename) for each in caught] == [(UserWarning, __file__)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repository.save()
    assert opened(file).load_artifact(name) == 1


@pytest.mark.parametrize("fname", UNPORTABLE)
def test_unportable_file_names_warn(file: Path, fname: str) -> None:
    """So does such a file name."""
    repository = Repository(file)
    with pytest.warns(UserWarning, match="every system") as caught:
        repository.log_artifact("x", 1, "json", fname=fname)
    assert len(caught) == 1
    repository.save()
    assert (file.parent / "x" / fname).read_text() == "1"
    assert opened(file).load_artifact("x") == 1


@pytest.mark.parametrize("part", [*UNPORTABLE, "n" * 255, "ä" * 127, "a//b", "./a", "-", "~", "%", "*", "new\nline"])
@pytest.mark.parametrize("key", ["name", "fname"])
def test_odd_names_always_open(file: Path, key: str, part: str) -> None:
    """A file of an older version opens and loads without a warning, whatever this system could hold as its name."""
    written = record(**{key: part})
    write(file, [written])
    stored = file.parent / written["name"] / written["fname"]
    stored.parent.mkdir(parents=True)
    stored.write_text('"old"')
    for mode in ("r", "a", "w+"):
        repository = opened(file, mode)
        assert list(repository) == [written]
        assert repository.load_artifact(written["name"]) == "old"
    repository.set_artifact_expiry(written["name"], expiry="2030-01-01")
    repository.save()
    assert opened(file).load_artifact(written["name"], version=0) == "old"


@pytest.mark.parametrize("fname", ["n" * 251, "n" * 255, "ä" * 127])
def test_longest_file_name(file: Path, fname: str) -> None:
    """A file name is kept up to what a file system can hold, or refused at once: a save never fails for its length."""
    repository = Repository(file)
    try:
        repository.log_artifact("x", 1, "json", fname=fname)
    except ArtifactLogError:
        assert len(fname.encode()) > 250
        assert len(repository.artifacts) == 0
        return
    repository.save()
    assert opened(file).load_artifact("x") == 1


@pytest.mark.parametrize(
    ("name", "fname", "key"),
    [
        ("x", "sub/folder/f.json", "x/sub/folder/f.json"),
        ("group/x", "f.json", "group/x/f.json"),
        ("x", "f", "x/f"),
        ("x", ".hidden", "x/.hidden"),
        ("repository", "repository.json", "repository/repository.json"),
        ("x", "repository.json", "x/repository.json"),
        ("lazyscribe", ".lazyscribe", "lazyscribe/.lazyscribe"),
        ("Größe", "naïve.json", "Größe/naïve.json"),
    ],
)
def test_where_files_go(file: Path, name: str, fname: str, key: str) -> None:
    """A version lies under `{name}/{fname}`, an explicit name is kept, and slashes make sub-folders."""
    repository = Repository(file)
    repository.log_artifact(name, [1], "json", fname=fname)
    repository.save()
    assert (file.parent / key).read_text() == "[1]"
    assert json.loads(file.read_bytes())[0]["fname"] == fname
    assert opened(file).load_artifact(name) == [1]


@pytest.mark.parametrize(
    ("name", "fname"),
    [
        ("My Model", "my-model-20250120132330.json"),
        ("Größe", "grosse-20250120132330.json"),
        ("a/b", "a-b-20250120132330.json"),
        ("!!!", "-20250120132330.json"),
        ("x_y.z", "x-y-z-20250120132330.json"),
        ("影師嗎", "ying-shi-ma-20250120132330.json"),
    ],
)
def test_default_name(file: Path, clock: Clock, name: str, fname: str) -> None:
    """The default file name is the slug of the name, the date, and the handler's suffix."""
    repository = Repository(file)
    repository.log_artifact(name, 1, "json")
    assert repository[name].fname == fname
    repository.save()
    assert (file.parent / name / fname).is_file()
