"""Copies of repositories: what they keep, what they leave alone, and what they refuse."""

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import (
    ConflictError,
    CorruptArtifactError,
    CorruptManifestError,
    InvalidArgumentError,
    InvalidVersionError,
    LazyscribeError,
    ReadOnlyError,
    SaveError,
    UnknownArtifactError,
    UnreadableError,
    UsageError,
)
from lazyscribe.testing.writers import quiet
from tests.copying.sources import day, project, repository, version
from tests.repository.tools import tree
from tests.store.objects import ObjectFileSystem

NOTHING = (0, 0, 0)


@pytest.fixture(autouse=True)
def _objects() -> None:
    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    repository(tmp_path / "from" / "repository.json")
    return tmp_path / "from" / "repository.json"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "to" / "other.json"


def records(place: Any) -> list[Any]:
    """Return the records of a repository as they are opened."""
    return list(Repository(place, mode="r"))


def facts(folder: Path) -> dict[tuple[str, str], Any]:
    """Return what is known of each file of a folder."""
    found: dict[tuple[str, str], Any] = {}
    for path in (folder / ".lazyscribe").rglob("*.json"):
        where = path.relative_to(folder / ".lazyscribe")
        told = json.loads(path.read_text())
        if where.parts[0] == "facts":
            found[where.parent.relative_to("facts").as_posix(), path.name.removesuffix(".json")] = told
        elif where.parts[0] == "packs":
            found.update({(where.parent.relative_to("packs").as_posix(), name): each for name, each in told.items()})
    return found


def files(folder: Path) -> dict[str, bytes]:
    """Return the artifacts' files of a folder."""
    found = tree(folder)
    return {name: data for name, data in found.items() if "/" in name and not name.startswith(".lazyscribe")}


PLACES = ["{}/repository.json", "memory://{}/repository.json", "objects://bucket{}/repository.json"]


@pytest.mark.parametrize("there", PLACES)
@pytest.mark.parametrize("here", PLACES)
def test_a_copy_holds_what_was_there(tmp_path: Path, here: str, there: str) -> None:
    """Between any two stores: the same text, values, and digests that are known; copying again changes nothing."""
    here, there = here.format(tmp_path / "from"), there.format(tmp_path / "to")
    with quiet():
        source = repository(here)
        copied = lazyscribe.copy(here, there)
        assert copied[:2] == (7, 7)
        made = Repository(there, mode="r")
        assert made._manifest.data == Repository(here, mode="r")._manifest.data
        for each in source:
            name, number = each["name"], each["version"]
            assert made.load_artifact(name, version=number) == source.load_artifact(name, version=number)
        report = made.verify()
        assert (report.ok, report.findings, report.checked["verified"]) == (True, (), 7)
        assert lazyscribe.copy(here, there) == NOTHING


def test_files_and_facts_are_the_same(source: Path, target: Path, tmp_path: Path) -> None:
    """Names and bytes of files, and of their facts author and digest."""
    for path in (source.parent / ".lazyscribe").rglob("*.json"):
        path.write_text(path.read_text().replace('"author": "', '"author": "not '))
    lazyscribe.copy(source, target)
    assert files(target.parent) == files(source.parent)
    assert facts(target.parent) == facts(source.parent)
    assert all(each["author"].startswith("not ") for each in facts(target.parent).values())


def test_nothing_is_written_where_everything_is_there(source: Path, target: Path) -> None:
    lazyscribe.copy(source, target)
    before = {path: path.stat().st_mtime_ns for path in target.parent.rglob("*")}
    assert lazyscribe.copy(source, target) == NOTHING
    assert {path: path.stat().st_mtime_ns for path in target.parent.rglob("*")} == before


def test_a_later_copy_brings_what_is_new(source: Path, target: Path) -> None:
    """Versions that came since, and expiry that was set since; an expiry that only the target has stays."""
    lazyscribe.copy(source, target)
    opened = Repository(source)
    opened.artifacts.append(version("model", 3))
    opened.set_artifact_expiry("model", version=1, expiry=day(40))
    opened.save()
    there = Repository(target)
    there.set_artifact_expiry("model", version=2, expiry=day(50))
    there.save()
    assert lazyscribe.copy(source, target)[:2] == (2, 1)
    found = {(each["name"], each["version"]): each["expiry"] for each in records(target)}
    assert [found["model", number] for number in range(4)] == [
        *("2025-02-19T13:23:30", "2025-03-01T13:23:30", "2025-03-11T13:23:30", None)
    ]
    assert Repository(target).verify().ok


def test_only_some_names(source: Path, target: Path) -> None:
    assert lazyscribe.copy(source, target, names=["model", "named"]).records == 4
    assert {each["name"] for each in records(target)} == {"model", "named"}
    assert lazyscribe.copy(source, target, names="deep/er").records == 3
    assert lazyscribe.copy(source, target, names=[]) == NOTHING


@pytest.mark.parametrize("since", [day(1), "2025-01-21T13:23:30", "2025-01-21T14:23:30+01:00", "2025-01-21"])
def test_only_what_is_new_since_a_date(source: Path, target: Path, since: Any) -> None:
    """At that second or later; numbers stay, though those before are not there."""
    lazyscribe.copy(source, target, names=["model"], since=since)
    assert [each["version"] for each in records(target)] == [1, 2]
    assert Repository(target, mode="r").load_artifact("model", version=2)["number"] == 2


def test_what_the_target_has_of_its_own_stays(source: Path, target: Path) -> None:
    own = Repository(target)
    own.log_artifact("own", [1])
    own.save()
    before = own._manifest.data
    lazyscribe.copy(source, target)
    assert next(each["name"] for each in records(target)) == "own"
    assert (target.read_bytes()).startswith((before or b"")[:-2])
    assert Repository(target).load_artifact("own") == [1]


def test_open_objects_are_places_and_see_what_came(source: Path, target: Path) -> None:
    """The target shows what came, keeps what is not saved, and can be saved; what the source has not saved stays."""
    here, there = Repository(source), Repository(target)
    here.log_artifact("unsaved", 1)
    there.log_artifact("mine", 2)
    lazyscribe.copy(here, there)
    assert there.load_artifact("model", version=1) == {"name": "model", "number": 1}
    there.save()
    assert "unsaved" not in Repository(target, mode="r")
    assert Repository(target, mode="r").load_artifact("mine") == 2


def test_a_target_for_appending_keeps_what_is_there_as_it_is(source: Path, target: Path) -> None:
    lazyscribe.copy(source, target, names="model", since=day(1))
    opened = Repository(source)
    opened.set_artifact_expiry("model", version=1, expiry=day(40))
    opened.save()
    assert lazyscribe.copy(source, Repository(target, mode="a")).records == 5
    found = {(each["name"], each["version"]): each["expiry"] for each in records(target)}
    assert found["model", 1] is None


@pytest.mark.parametrize(
    "change",
    [{"value": "other"}, {"created_at": day(9)}, {"kind": lazyscribe.artifacts.pickle.PickleArtifact}],
    ids=["bytes", "date", "handler"],
)
def test_a_number_that_is_taken_by_another_version_is_an_error(source: Path, target: Path, change: Any) -> None:
    """It names both, whatever they differ in, and nothing is written, not even what would have gone well."""
    there = Repository(target)
    change = dict(change)
    made = version("model", 2, change.pop("value", None), change.pop("kind", lazyscribe.artifacts.json.JSONArtifact))
    if change:
        made.created_at = change["created_at"]
    there.artifacts.append(made)
    there.save()
    before = tree(target.parent)
    with pytest.raises(
        ConflictError, match=r"Version 2 of 'model' is taken: in .*other\.json .* in .*repository\.json"
    ):
        lazyscribe.copy(source, target)
    assert tree(target.parent) == before
    assert lazyscribe.copy(source, target, names=["named"]).records == 1


def test_a_number_that_was_deleted_is_not_used_again(source: Path, target: Path) -> None:
    """The same version comes again; another one of that number is an error, and nothing is written."""
    there = Repository(target)
    there.artifacts.append(version("model", 2, "other"))
    there.artifacts[0].created_at = day(300)
    there.save()
    there.delete("model", 2, "wrong")
    there.save()
    before = tree(target.parent)
    with pytest.raises(ConflictError, match=r"Version 2 of 'model' was deleted from .*other\.json"):
        lazyscribe.copy(source, target)
    assert tree(target.parent) == before
    mirror = Repository(target.parent / "mirror.json")
    lazyscribe.copy(source, mirror)
    mirror.delete("model", 2, "wrong")
    mirror.save()
    lazyscribe.copy(source, mirror)
    assert [each.version for each in mirror.artifacts if each.name == "model"] == [0, 1, 2]
    replaced = Repository(target, mode="w")
    replaced.log_artifact("own", 1)
    replaced.save()
    assert lazyscribe.copy(source, target).records == len(records(source))


def test_a_number_that_is_taken_while_files_are_copied_is_an_error(source: Path, target: Path) -> None:
    """The other version stays; what was copied is not named, and the same copy to another place works."""

    def interfere(done: int, total: int) -> None:
        if not target.exists():
            there = Repository(target)
            there.artifacts.append(version("model", 0, "somebody else's"))
            there.save()

    with pytest.raises(ConflictError, match="Version 0 of 'model' is taken"):
        lazyscribe.copy(source, target, progress=interfere)
    assert [each["name"] for each in records(target)] == ["model"]
    assert Repository(target).load_artifact("model") == "somebody else's"


def test_others_may_save_while_files_are_copied(source: Path, target: Path) -> None:
    """What they saved stays, and so does what was copied."""

    def interfere(done: int, total: int) -> None:
        if not target.exists():
            there = Repository(target)
            there.log_artifact("own", [1])
            there.save()

    lazyscribe.copy(source, target, progress=interfere)
    assert len(records(target)) == 8
    assert Repository(target).verify().ok


def test_two_copies_at_once_are_one(source: Path, target: Path) -> None:
    """Whoever comes second finds that all is there."""
    from lazyscribe.testing.writers import in_threads

    found = in_threads(4, lambda _: lazyscribe.copy(source, target))
    assert [type(each).__name__ for each in found] == ["Copied"] * 4
    assert [each["version"] for each in records(target) if each["name"] == "model"] == [0, 1, 2]
    assert Repository(target).verify().ok


@pytest.mark.parametrize("content", [b"another file", None])
def test_a_name_that_is_taken_by_a_foreign_file_gets_a_number(source: Path, target: Path, content: Any) -> None:
    """The file stays as it is; one that holds the very bytes is taken for the copy's own."""
    name = "named/sub/given name.json"
    (target.parent / name).parent.mkdir(parents=True)
    (target.parent / name).write_bytes(content or (source.parent / name).read_bytes())
    lazyscribe.copy(source, target)
    found = Repository(target, mode="r")
    assert found.load_artifact("named") == {"name": "named", "number": 0}
    assert found["named"].fname == ("sub/given name-1.json" if content else "sub/given name.json")
    assert (target.parent / name).read_bytes() == (content or (source.parent / name).read_bytes())
    assert lazyscribe.copy(source, target) == NOTHING
    assert found.verify().ok


def test_a_copy_in_the_same_folder_has_files_of_its_own(source: Path) -> None:
    """Under other names; damage to one does not reach the other."""
    target = source.with_name("second.json")
    lazyscribe.copy(source, target)
    mine, theirs = ({f"{each['name']}/{each['fname']}" for each in records(place)} for place in (source, target))
    assert mine.isdisjoint(theirs)
    assert Repository(target).load_artifact("model", version=2)["number"] == 2
    assert lazyscribe.copy(source, target) == NOTHING


def test_damage_is_not_copied(source: Path, target: Path) -> None:
    """A file that is not what was saved ends the copy, which names it; nothing of it is there."""
    path = next((source.parent / "named").rglob("*.json"))
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(CorruptArtifactError, match="'named' is damaged"):
        lazyscribe.copy(source, target)
    assert not target.exists()
    assert not list(target.parent.rglob("given name.json"))


def test_a_file_that_is_missing_ends_the_copy(source: Path, target: Path) -> None:
    next((source.parent / "named").rglob("*.json")).unlink()
    with pytest.raises(SaveError, match=r"'named' was not copied to .*given name\.json.*copy again"):
        lazyscribe.copy(source, target)
    assert lazyscribe.copy(source, target, names=["model", "deep/er"]).records == 6


def test_what_nothing_is_known_of_stays_unknown(source: Path, target: Path) -> None:
    """Files of 2.2 have no digest: none is made up, so that who trusts only what is recorded still does not."""
    import shutil

    shutil.rmtree(source.parent / ".lazyscribe")
    assert lazyscribe.copy(source, target) == (7, 7, 0)
    assert facts(target.parent) == {}
    assert lazyscribe.copy(source, target) == NOTHING
    (target.parent / records(target)[0]["name"] / records(target)[0]["fname"]).write_bytes(b"changed")
    with pytest.raises(ConflictError, match="whose file model/"):
        lazyscribe.copy(source, target)


def test_a_record_that_nobody_here_can_load_is_copied(source: Path, target: Path) -> None:
    """A handler that is not installed, with keys that nobody knows."""
    text = source.read_text().replace('"handler": "pickle"', '"handler": "nowhere",\n        "key": [1]')
    source.write_text(text)
    for path in (source.parent / ".lazyscribe").rglob("*.json"):
        path.write_text(path.read_text().replace('"pickle"', '"nowhere"'))
    lazyscribe.copy(source, target)
    assert json.loads(target.read_text()) == json.loads(source.read_text())


def test_it_is_told_how_far_it_is(source: Path, target: Path) -> None:
    """All bytes are known beforehand, and told in the calling thread; without a callback that of the target is told."""
    told: list[tuple[int, int]] = []
    size = lazyscribe.copy(source, target, progress=lambda done, total: told.append((done, total))).size
    assert size == sum(map(len, files(target.parent).values()))
    assert told[-1] == (size, size)
    assert {total for _, total in told} == {size}
    told.clear()
    other = Repository(target.parent / "third" / "x.json", progress=lambda done, total: told.append((done, total)))
    lazyscribe.copy(source, other)
    assert told[-1] == (size, size)


def test_the_journal_tells_of_it(source: Path, target: Path) -> None:
    """What came, by whom, with its digests, as of any other commit; a copy of nothing tells nothing."""
    own = Repository(target)
    own.log_artifact("own", 1)
    own.save()
    lazyscribe.copy(source, own, names="model")
    lazyscribe.copy(source, own, names="model")
    commits = own.history()
    assert len(commits) == 2
    assert [(each.name, each.version) for each in commits[1].logged] == [("model", 0), ("model", 1), ("model", 2)]
    assert commits[1].author == commits[0].author
    assert all(each.sha256 for each in commits[1].logged)
    opened = Repository(source)
    opened.set_artifact_expiry("model", version=1, expiry=day(40))
    opened.save()
    lazyscribe.copy(source, target)
    last = Repository(target).history()[-1]
    assert [(each.name, each.version) for each in last.changed] == [("model", 1)]
    assert len(last.logged) == 4
    assert not any(each.observed for each in Repository(target).history())


@pytest.mark.parametrize("many", [70, 300])
def test_many_files_come_in_rounds(tmp_path: Path, many: int) -> None:
    """More than a thread stages at once, and more than one swap names; facts lie together."""
    made = Repository(tmp_path / "from" / "repository.json")
    for number in range(many):
        made.artifacts.append(version("x", number))
    made.save()
    assert lazyscribe.copy(made, tmp_path / "to" / "repository.json", workers=3).records == many
    assert (tmp_path / "to" / "repository.json").read_bytes() == (tmp_path / "from" / "repository.json").read_bytes()
    assert len(list((tmp_path / "to" / ".lazyscribe").rglob("*.json"))) < many / 8
    assert Repository(tmp_path / "to" / "repository.json").verify().ok


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Eight files of 8 MiB are copied by four threads through a few MiB."""
    import tracemalloc

    made = Repository(tmp_path / "from" / "repository.json")
    for number in range(8):
        made.log_artifact("x", bytes([number]) * (8 << 20))
    made.save()
    lazyscribe.copy(made, tmp_path / "to" / "repository.json", since="2099-01-01")  # what is imported comes first
    tracemalloc.start()
    try:
        assert lazyscribe.copy(made, tmp_path / "to" / "repository.json", workers=4).files == 8
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


# What is refused

REFUSED: list[tuple[Callable[[Path, Path], Any], type[LazyscribeError], str]] = [
    (lambda a, b: lazyscribe.copy(a.with_name("nothing.json"), b), UnreadableError, "nothing to be copied at"),
    (lambda a, b: lazyscribe.copy(Repository(a.with_name("new.json")), b), UnreadableError, "nothing to be copied"),
    (lambda a, b: lazyscribe.copy(a, a), UsageError, "cannot be copied to itself"),
    (lambda a, b: lazyscribe.copy(Repository(a), str(a)), UsageError, "cannot be copied to itself"),
    (lambda a, b: lazyscribe.copy(a, Repository(b, mode="r")), ReadOnlyError, "opened with mode='r'"),
    (lambda a, b: lazyscribe.copy(a, Repository(b, mode="w")), UsageError, "mode='w' and is not saved yet"),
    (lambda a, b: lazyscribe.copy(a, Project(b)), UsageError, "is a repository and"),
    (lambda a, b: lazyscribe.copy(a, project(b).fpath), CorruptManifestError, "holds experiments"),
    (lambda a, b: lazyscribe.copy(a, b, names=["model", "x"]), UnknownArtifactError, "nothing of the name 'x'"),
    (lambda a, b: lazyscribe.copy(a, b, since="soon"), InvalidVersionError, "'soon' is no date"),
    (lambda a, b: lazyscribe.copy(a, b, since=5), InvalidVersionError, "since=5"),  # type: ignore[arg-type]
    (lambda a, b: lazyscribe.copy(a, b, workers=0), InvalidArgumentError, "0 workers"),
    (lambda a, b: lazyscribe.copy(a, b, progress=1), InvalidArgumentError, "progress must be"),  # type: ignore[arg-type]
    (lambda a, b: lazyscribe.copy(5, b), InvalidArgumentError, "5 is no place"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("work", "error", "words"), REFUSED, ids=[words for *_, words in REFUSED])
def test_what_cannot_be_copied_is_said(source: Path, target: Path, work: Any, error: Any, words: str) -> None:
    """One sentence, and nothing is written."""
    with pytest.raises(error, match=words):
        work(source, target)
    assert "model" not in (target.read_text() if target.exists() else "")
    assert files(target.parent) == {} or target.read_text().count("slug")


def test_a_number_that_is_there_twice_in_the_source_is_refused(source: Path, target: Path) -> None:
    """As racing writers of 2.2 leave it."""
    content = json.loads(source.read_text())
    twin = {**next(each for each in content if each["name"] == "model" and each["version"] == 2)}
    twin.update(created_at="2025-05-05T05:05:05")
    source.write_text(json.dumps([*content, twin], indent=4, sort_keys=True))
    with pytest.raises(ConflictError, match="holds 'model' twice"), pytest.warns(UserWarning, match="more than one"):
        lazyscribe.copy(Repository(source), target)


def test_importing_the_package_imports_nothing_of_it() -> None:
    """``lazyscribe.copy`` is there when it is asked for, and listed, and no name of ``from lazyscribe import *``."""
    program = (
        "import sys, lazyscribe; assert 'copy' in dir(lazyscribe); assert 'lazyscribe.copying' not in sys.modules; "
        "from lazyscribe import *; assert 'copy' not in globals(); from lazyscribe import copy; print(copy.__module__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("lazyscribe.copying.run\n", "")
    assert list(inspect.signature(lazyscribe.copy).parameters)[:4] == ["source", "target", "names", "since"]
