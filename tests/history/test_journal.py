"""The journal: one entry for each commit, in one order, whatever happens to its files."""

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Experiment, Project, Repository
from lazyscribe.exception import SaveError, UnreadableError, VersionDeletedError
from lazyscribe.store.local import LocalStore
from tests.clock import START, Clock
from tests.history.support import by_another_program, entries_of, foreign, numbers, saved


def test_each_commit_tells_what_it_did(file: Path, clock: Clock) -> None:
    """Who, when, why, and which versions were logged, expired, aliased and deleted; files with their digests."""
    repository = Repository(file)
    repository.log_artifact("model", [0], "json")
    repository.log_artifact("model", [1], "json")
    repository.set_alias("model", "production", 0)
    repository.save(message="first")
    later = clock.tick()
    repository.set_artifact_expiry("model", 0)
    repository.delete("model", 1, "bad data")
    repository.save()
    first, second = repository.history()
    assert (first.number, first.at, first.message, second.number, second.at) == (1, START, "first", 2, later)
    assert first.author == repository._author()
    assert [(each.name, each.version) for each in first.logged] == [("model", 0), ("model", 1)]
    assert all(len(each.sha256 or "") == 64 for each in first.logged)
    assert [(each.alias, each.version) for each in first.aliased] == [("production", 0)]
    assert [(each.version, each.expiry) for each in second.expired] == [(0, later)]
    assert [(each.version, each.reason) for each in second.deleted] == [(1, "bad data")]
    assert str(second).splitlines()[1:] == ["    changed 'model' 0", "    deleted 'model' 1 (bad data)"]
    with pytest.raises(AttributeError):
        first.message = "other"  # type: ignore[misc]


def test_a_history_of_one_name(file: Path) -> None:
    """It holds the commits that were about that name, and of these what was about it."""
    repository = Repository(file)
    for name in "ab":
        repository.log_artifact(name, 0, "json")
    repository.save()
    repository.log_artifact("b", 1, "json")
    repository.save()
    assert [[each.name for each in commit.logged] for commit in repository.history("a")] == [["a"]]
    assert len(repository.history("b")) == len(repository.history()) == 2
    assert repository.history("c") == []


def test_the_history_of_a_project(tmp_path: Path) -> None:
    """It tells of experiments that were added, changed and deleted, and of the digests of their files."""
    project = Project(tmp_path / "project.json", mode="w+", author="ada")
    with project.log("run") as run:
        run.log_artifact("data", [1], "json")
    project.save(message="new")
    project["run"].log_metric("x", 1)
    project.save()
    del project.experiments[0]
    project.save()
    added, changed, deleted = project.history()
    assert (added.author, added.message) == ("ada", "new")
    assert [each.name for each in (*added.logged, *changed.changed, *deleted.deleted)] == [run.slug] * 3
    ((path, digest),) = added.files
    assert (path, len(digest)) == (f"{run.slug}/{run.artifacts[0].fname}", 64)
    assert changed.files == ()


def test_a_deleted_experiment(tmp_path: Path, clock: Clock) -> None:
    """Asking for it says when, by whom and why it was deleted; asking for what never was does not."""
    project = Project(tmp_path / "project.json", mode="w+", author="ada")
    with project.log("Good run") as run:
        pass
    project.save()
    clock.tick()
    del project.experiments[0]
    project.save(message="a duplicate")
    for slug in (run.slug, run.short_slug):
        with pytest.raises(
            KeyError, match=r"'good-run-20250120132330' was deleted on 2025-01-21.* by ada \(a duplicate\)"
        ):
            Project(tmp_path / "project.json")[slug]
    with pytest.raises(KeyError) as error:
        project["other"]
    assert "was deleted" not in str(error.value)


def test_a_save_of_nothing_leaves_no_entry(file: Path) -> None:
    """Nor does one that fails leave one."""
    repository = saved(file, [0])
    before = entries_of(file)
    repository.save(message="nothing")
    repository.log_artifact("model", object(), "json")
    with pytest.raises(SaveError):
        repository.save()
    assert entries_of(file) == before
    assert len(repository.history()) == 1


def test_an_entry_follows_all_that_came_before(file: Path) -> None:
    """Handles that save in turns make one line, even if the clock of one of them is behind."""
    one, two = saved(file, [0]), Repository(file)
    for value in range(1, 5):
        each = (one, two)[value % 2]
        each.log_artifact("model", [value], "json")
        each.save()
    found = [json.loads(path.read_bytes()) for path in entries_of(file)]
    assert [each["number"] for each in found] == [1, 2, 3, 4, 5]
    assert [each.get("follows", []) for each in found] == [[], *([each["id"]] for each in found[:-1])]


def test_a_clock_that_is_behind(file: Path, clock: Clock) -> None:
    """An entry is never older than one that it follows, so the order of knowledge is the order of commits."""
    repository = saved(file, [0])
    clock.tick(days=-3)
    repository.set_alias("model", "production")
    repository.save()
    assert [each.at for each in repository.history()] == [START, START]
    assert repository.history()[1].aliased


def test_the_folder_stays_small(file: Path) -> None:
    """Entries are carried by later ones now and then; the history is the same, and no save writes two files."""
    repository = saved(file, [0])
    seen = set(entries_of(file))
    for turn in range(400):
        repository.set_alias("model", f"a{turn % 7}", 0) if turn % 14 < 7 else repository.remove_alias(
            "model", f"a{turn % 7}"
        )
        repository.save(message=str(turn))
        new = set(entries_of(file)) - seen
        assert len(new) == 1
        seen |= new
    assert len(entries_of(file)) < 90
    history = Repository(file).history()
    assert [each.message for each in history] == [None, *map(str, range(400))]
    assert history == repository.history()
    assert Repository(file).aliases("model") == repository.aliases("model")


def test_packs_are_carried_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With small limits, entries go through three levels of packs, and nothing is lost or told twice."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    monkeypatch.setattr("lazyscribe.journal.log.PACKS", 3)
    repository, levels = saved(file, [0], [1]), set[str]()
    for turn in range(120):
        repository.set_alias("model", "x", turn % 2)
        repository.save(message=str(turn))
        levels |= {path.stem.rpartition("-")[2] for path in entries_of(file) if path.stem.count("-") == 2}
    assert levels == {"1", "2", "3"}
    assert [each.message for each in Repository(file).history()][2:] == list(map(str, range(120)))


@pytest.mark.parametrize("whole", [True, False])
def test_packs_that_are_carried_while_somebody_reads(file: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    """Who has listed files that are gone when they are read looks again, and misses nothing."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    monkeypatch.setattr("lazyscribe.journal.log.PACKS", 3)
    repository, reader = saved(file, [0], [1]), Repository(file)
    move(repository, 0, 7)
    store = type(reader._location.store)
    listed, done = store.files_in, []

    def files_in(self: Any, folder: str) -> Any:
        found = list(listed(self, folder))
        if folder.endswith(".log") and not done:
            done.append(folder)
            move(repository, 7, 30)
        return iter(found)

    monkeypatch.setattr(store, "files_in", files_in)
    if whole:
        assert [each.message for each in reader.history()][2:] == list(map(str, range(30)))
    assert reader.aliases("model") == {"x": 1}
    assert done


def move(repository: Repository, start: int, stop: int) -> None:
    """Let an alias point to one of two versions in turns, and save each time."""
    for turn in range(start, stop):
        repository.set_alias("model", "x", turn % 2)
        repository.save(message=str(turn))


def test_files_that_were_to_be_deleted_and_are_still_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was killed before it had deleted what a pack carries costs nothing; the next pack deletes it."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, [0], [1])
    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.store.local.LocalStore.discard", lambda self, keys: None)
        for turn in range(6):
            repository.set_alias("model", "x", turn % 2)
            repository.save(message=str(turn))
    assert len(entries_of(file)) == 8
    assert [each.message for each in Repository(file).history()][2:] == list(map(str, range(6)))
    assert Repository(file).aliases("model") == {"x": 1}
    for turn in range(6, 12):
        repository.set_alias("model", "x", turn % 2)
        repository.save(message=str(turn))
    assert len(entries_of(file)) <= 6
    assert [each.message for each in Repository(file).history()][2:] == list(map(str, range(12)))


def test_a_pack_that_goes_away_while_the_next_is_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer's carries it, so the save goes on without it."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    saved(file, *range(14))
    packs = [each.name for each in entries_of(file) if each.name.count("-") == 2]
    assert len(packs) == 2
    repository, read = Repository(file), LocalStore.read

    def gone(store: LocalStore, key: str) -> Any:
        return None if key.endswith(packs[0]) else read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", gone)
        repository.log_artifact("model", 14, "json")
        repository.save()
    assert len(Repository(file).history()) == 15
    assert numbers(Repository(file)) == list(range(15))


def test_a_pack_that_is_damaged_after_it_was_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it carries is not thrown away with it: the save ends, the next goes on without it, and it stays."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    monkeypatch.setattr("lazyscribe.journal.log.PACKS", 3)
    repository = saved(file, [0], [1])
    while len(packs := [path for path in entries_of(file) if path.stem.endswith("-1")]) < 2:
        move(repository, 0, 2)
    content = packs[0].read_bytes()
    packs[0].write_bytes(content[:-9])
    with pytest.raises(SaveError, match="cannot be read"):
        move(repository, 0, 9)
    move(repository, 0, 9)
    assert packs[0].exists()
    packs[0].write_bytes(content)
    told = [(each.number, each.message) for each in Repository(file).history()]
    assert [number for number, _ in told] == list(range(1, len(told) + 1))


def test_a_last_pack_that_cannot_be_read_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """History says so, and tells all of it once the pack can be read."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    repository = saved(file, [0], [1])
    move(repository, 0, 3)
    reader, read = Repository(file), LocalStore.read
    assert reader.aliases("model") == {"x": 0}

    def fail(store: LocalStore, key: str) -> Any:
        if key.endswith("-1.json"):
            raise OSError(5, "input/output error")
        return read(store, key)

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "read", fail)
        with pytest.raises(UnreadableError, match=r"-1\.json cannot be read .* try again"):
            reader.history()
    assert len(reader.history()) == 5


def test_a_pack_of_a_save_that_was_killed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history goes on where it was, not anew, with the entries that such a pack carries too."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, *range(4))
    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.store.local.LocalStore.delete", lambda self, key: 1 / 0)
        patch.setattr("lazyscribe.store.local.LocalStore._swap", lambda *_: 1 / 0)
        repository.log_artifact("model", 4, "json")
        with pytest.raises(SaveError):
            repository.save()
    assert entries_of(file)[-1].name.endswith("-1.json")
    fresh = Repository(file)
    fresh.log_artifact("model", 5, "json")
    fresh.save()
    assert [(each.number, len(each.held)) for each in fresh.history()] == [(number, 0) for number in range(1, 6)]


def test_interrupted_while_files_are_deleted_that_a_pack_carries(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The save is done; saving again finds that out, and adds nothing."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 4)
    repository = saved(file, *range(4))
    repository.log_artifact("model", 4, "json")

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("lazyscribe.store.local.LocalStore.discard", interrupt)
        with pytest.raises(KeyboardInterrupt):
            repository.save()
    repository.save()
    for each in (repository, Repository(file)):
        assert numbers(each) == [0, 1, 2, 3, 4]
    assert [each.number for each in repository.history()] == [1, 2, 3, 4, 5]


def test_what_another_program_did_is_observed(file: Path, clock: Clock) -> None:
    """The next save records what was added, changed and dropped without an entry, before what it did itself."""
    repository = saved(file, [0], [1])

    def change(records: list[dict[str, Any]]) -> None:
        del records[0]
        records[0]["expiry"] = "2025-01-21T00:00:00"
        records.append(foreign("model", 2, "2025-01-20T14:00:00"))

    by_another_program(file, change)
    repository = Repository(file)
    repository.log_artifact("other", 0, "json")
    repository.save()
    last = repository.history()[-1]
    assert [each.version for each in last.missing] == [0]
    assert [(each.version, each.expiry is not None) for each in last.observed] == [(1, True), (2, False)]
    assert [each.name for each in last.logged] == ["other"]
    repository.save()
    assert len(repository.history()) == 3


def test_what_is_void_stays_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of a killed save does not count, not even if the next makes the same change and cannot delete it."""
    file, copy = tmp_path / "here" / "repository.json", tmp_path / "there"
    saved(file, [0])
    shutil.copytree(file.parent, copy)
    other = Repository(copy / "repository.json")
    other.set_artifact_expiry("model", 0, expiry="2099-01-01")
    other.save(message="killed")
    killed = entries_of(other.fpath)[-1]
    shutil.copy(killed, entries_of(file)[0].parent)  # as it lies there before the swap
    assert [each.message for each in Repository(file).history()] == [None]
    monkeypatch.setattr("lazyscribe.store.local.LocalStore.discard", lambda self, keys: None)
    repository = Repository(file)
    repository.set_artifact_expiry("model", 0, expiry="2099-01-01")
    repository.save(message="done")
    assert file.read_bytes() == other.fpath.read_bytes()
    assert killed.name in {path.name for path in entries_of(file)}
    assert [each.message for each in Repository(file).history()] == [None, "done"]


def test_what_a_reload_kept_is_told(file: Path) -> None:
    """A version that another program dropped, and a reload kept in memory, is logged again by the save after it."""
    saved(file, [0], [1])
    repository = Repository(file)
    by_another_program(file, lambda records: records.pop(0))
    repository.reload()
    repository.save()
    last = repository.history()[-1]
    assert [each.version for each in (*last.missing, *last.logged)] == [0, 0]
    assert sorted(numbers(Repository(file).at(known=last.id))) == sorted(numbers(Repository(file))) == [0, 1]


def test_what_was_there_before_the_journal_began(file: Path) -> None:
    """The first entry tells what it found."""
    file.write_text(json.dumps([foreign("model", 0, "2024-01-01T00:00:00")]))
    repository = Repository(file)
    assert repository.history() == []
    repository.log_artifact("model", [1], "json")
    repository.save()
    (first,) = repository.history()
    assert [each.version for each in first.held] == [0]
    assert [each.version for each in first.logged] == [1]


def test_numbers_are_never_used_again(file: Path) -> None:
    """Not by who deleted, before or after the save, nor by others, nor after reopening."""
    repository, other = saved(file, [0], [1], [2]), Repository(file)
    other.log_artifact("model", "theirs", "json")
    repository.delete("model", 2, "bad")
    repository.log_artifact("model", "mine", "json")
    assert numbers(repository) == [0, 1, 3]
    repository.save()
    repository.delete("model", 3, "bad")
    repository.save()
    other.save()
    assert numbers(other) == [0, 1, 4]
    for version in (0, 1, 4):
        other.delete("model", version, "all")
    other.save()
    fresh = Repository(file)
    fresh.log_artifact("model", "new", "json")
    fresh.save()
    assert numbers(fresh) == numbers(Repository(file)) == [5]


def test_loading_a_deleted_version(file: Path, clock: Clock) -> None:
    """It says when, by whom and why it was deleted, by number and by date, also where no version is left."""
    repository = saved(file, [0])
    clock.tick()
    repository.delete("model", 0, "trained on test data")
    repository.save()
    for version in (0, START, "2025-01-20T13:23:30"):
        with pytest.raises(VersionDeletedError, match=r"on 2025-01-21T13:23:30 by .*\(trained on test data\)") as error:
            Repository(file).load_artifact("model", version=version)
        assert (error.value.reason, error.value.version, error.value.name) == ("trained on test data", 0, "model")
    assert (file.parent / "model").is_dir()
    assert len(list((file.parent / "model").iterdir())) == 1


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_a_deletion_without_a_reason(file: Path, reason: Any) -> None:
    """It is refused."""
    repository = saved(file, [0])
    with pytest.raises(ValueError, match="why 'model'"):
        repository.delete("model", 0, reason)
    assert numbers(repository) == [0]


def test_a_deletion_that_was_overruled(file: Path) -> None:
    """A version that was deleted, kept by others, and then dropped by another program is put back: its return counts.

    The journal holds both in order, unlike notes of deletions.
    """
    one, two = saved(file, [0]), Repository(file)
    one.delete("model", 0, "bad")
    two.set_artifact_expiry("model", 0, expiry="2099-01-01")
    one.save()
    two.save(on_conflict="ours")
    by_another_program(file, lambda records: records.clear())
    with pytest.warns(UserWarning, match="put back"):
        two.save()
    assert numbers(Repository(file)) == [0]


def test_notes_of_an_older_lazyscribe(file: Path) -> None:
    """They still tell what was deleted, and are part of the history, packed or not."""
    repository, other = Repository(file), Repository(file)
    for name in "ab":
        repository.log_artifact(name, 0, "json")
    repository.save()
    other.reload()
    fname = repository["a"].fname
    for path in entries_of(file):
        path.unlink()
    note = {"at": "2025-01-01T00:00:00", "author": "ada", "deleted": [f"a\0{fname}"]}
    folder = file.parent / ".lazyscribe/repository.json.log"
    (folder / f"00000000-{'0' * 16}.json").write_text(json.dumps(note, indent=4))
    by_another_program(file, lambda records: records.pop(0))
    other.log_artifact("b", 1, "json")
    other.save()
    assert "a" not in other
    assert [(each.number, each.author) for each in other.history()][:1] == [(-1, "ada")]
    for turn in range(80):
        other.set_alias("b", "x", turn % 2)
        other.save()
    assert other.history()[0].deleted[0].name == "a"


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense", b"[1]", b'{"id": 3}', b"\xff"])
def test_damaged_entries_stop_nothing(file: Path, content: bytes) -> None:
    """Opening, looking up and saving go on with the entries that are left; checking tells of the damaged one."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "a", 0)
    repository.save()
    repository.set_alias("model", "b", 1)
    repository.save()
    entries_of(file)[-1].write_bytes(content)
    (entries_of(file)[0].parent / "notes.txt").write_text("mine")
    fresh = Repository(file)
    assert fresh.aliases("model") == {"a": 0}
    fresh.set_alias("model", "c", 1)
    fresh.save()
    assert Repository(file).aliases("model") == {"a": 0, "c": 1}
    report = fresh.verify()
    assert report.ok
    assert [each.kind for each in report.findings] == ["history-damaged"]


def test_an_entry_that_is_missing(file: Path) -> None:
    """An alias that it moved is as before; what it logged is observed anew; nothing else changes."""
    saved(file, [0], [1], [2])
    entries_of(file)[1].unlink()
    fresh = Repository(file)
    fresh.set_alias("model", "a", 2)
    fresh.save()
    assert Repository(file).aliases("model") == {"a": 2}
    assert numbers(Repository(file)) == [0, 1, 2]


def test_pickled_repositories_go_on(file: Path) -> None:
    """A repository that was pickled with a move on its way keeps it, and knows the journal."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 0)
    copy = pickle.loads(pickle.dumps(repository))
    assert copy.aliases("model") == {"production": 0}
    copy.save()
    assert Repository(file).aliases("model") == {"production": 0}
    assert len(copy.history()) == 3


def test_a_replaced_repository(file: Path, clock: Clock) -> None:
    """Mode `w` tells what it replaced; numbers begin anew, as they always did."""
    saved(file, [0], [1])
    clock.tick()
    repository = Repository(file, mode="w")
    repository.log_artifact("model", "new", "json")
    repository.save()
    assert numbers(repository) == [0]
    assert [len(each.deleted) for each in repository.history()] == [0, 0, 2]
    repository.log_artifact("model", "newer", "json")
    repository.save()
    assert numbers(Repository(file)) == [0, 1]


def test_a_replaced_project(tmp_path: Path) -> None:
    """Mode `w` tells only of what was not there, or otherwise; what it writes again as it was is not told of."""
    for run in (["a", "b"], ["a", "c"]):
        project = Project(tmp_path / "project.json", mode="w", author="ada")
        for name in run:
            project.append(Experiment(name=name, project=project.fpath, author="ada", created_at=START))
        project.save()
    last = project.history()[-1]
    assert [each.name[0] for each in last.logged] == ["c"]
    assert [each.name[0] for each in last.deleted] == ["b"]
    assert not last.changed


def test_memory_and_disk_agree_about_an_author_without_unicode(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login name that no text can hold does not stop a save."""
    monkeypatch.setattr("lazyscribe._utils.user_name", lambda: os.fsdecode(b"a\xff"))
    assert saved(file, [0]).history()[0].author == "a?"
