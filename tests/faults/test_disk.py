"""The simulated disk loses what it may lose, and keeps the rest."""

import json
import os
import pickle
import random
from pathlib import Path

import pytest

from lazyscribe.store.local import LocalStore
from lazyscribe.testing.power import Event, Folder, RecordingCalls, cuts, event, plain
from lazyscribe.testing.power_events import (
    Content,
    Create,
    Link,
    Mark,
    Mkdir,
    Rename,
    Rmdir,
    Sync,
    SyncDir,
    Unlink,
)
from lazyscribe.testing.writers import in_threads

EMPTY = Folder("/disk", (), {}, {})

OLD = Folder("/disk", (), {"a": 1}, {1: b"old!"})

Tree = dict[str, bytes | None]


def left(before: Folder, *events: Event) -> list[Tree]:
    """Everything that may be left after all of these events, each once."""
    found: list[Tree] = []
    for cut in cuts(before, [*events, Mark("done")], samples=1000):
        if cut.after and cut.tree not in found:
            found.append(cut.tree)
    return found


def same(found: list[Tree], *expected: Tree) -> bool:
    """Whether these are the trees, in any order."""
    return len(found) == len(expected) and all(each in found for each in expected)


def test_file_that_was_not_synced() -> None:
    """Its name and its content are lost each by itself, or half of the content is."""
    found = left(EMPTY, Create("a", 1), Content(1, b"1234"))
    assert same(found, {}, {"a": b""}, {"a": b"12"}, {"a": b"12\0\0"}, {"a": b"1234"})


def test_file_synced_without_its_folder() -> None:
    """A synced file may lose its name, and nothing else."""
    assert same(left(EMPTY, Create("a", 1), Content(1, b"1234"), Sync(1)), {}, {"a": b"1234"})


def test_folder_synced_without_its_file() -> None:
    """A synced folder keeps the name of a file that may be empty."""
    found = left(EMPTY, Create("a", 1), Content(1, b"12"), SyncDir("."))
    assert same(found, {"a": b""}, {"a": b"1"}, {"a": b"1\0"}, {"a": b"12"})


def test_all_synced() -> None:
    """Nothing is lost of a synced file in a synced folder."""
    assert left(EMPTY, Create("a", 1), Content(1, b"12"), Sync(1), SyncDir("")) == [{"a": b"12"}]


def test_writing_in_place() -> None:
    """A file that is written over may hold what it held, every state since, or the beginning of the new before the old.

    A sync puts an end to that.
    """
    found = left(OLD, Content(1, b""), Content(1, b"NEW!"))
    assert same(found, *({"a": data} for data in (b"old!", b"", b"NE", b"NE\0\0", b"NEd!", b"NEW!")))
    assert left(OLD, Content(1, b""), Content(1, b"NEW!"), Sync(1)) == [{"a": b"NEW!"}]


def test_rename_without_sync() -> None:
    """A new file renamed over an old one, neither synced: the name may be of an empty file."""
    found = left(OLD, Create("b", 2), Content(2, b"xy"), SyncDir("."), Rename("b", "a"))
    assert {"a": b""} in found
    assert {"a": b"old!", "b": b""} in found
    assert {"a": b"xy"} in found


def test_rename_is_atomic() -> None:
    """A rename is lost or kept as a whole, across folders too, and the sync of either folder keeps it."""
    begin: list[Event] = [Mkdir("d"), SyncDir("."), Rename("a", "d/b")]
    lost, kept = {"d": None, "a": b"old!"}, {"d": None, "d/b": b"old!"}
    assert same(left(OLD, *begin), lost, kept)
    assert left(OLD, *begin, SyncDir(".")) == left(OLD, *begin, SyncDir("d")) == [kept]


def test_names_change_in_order() -> None:
    """What was done to a name later wins, also if it was kept first; what came between is not brought back."""
    begin: list[Event] = [Mkdir("d"), SyncDir("."), Create("a", 1), Sync(1), Rename("a", "d/a"), SyncDir("d")]
    assert left(EMPTY, *begin) == [{"d": None, "d/a": b""}]
    found = left(EMPTY, Create("a", 1), Sync(1), Unlink("a"), Create("a", 2), Content(2, b"2"), Sync(2))
    assert same(found, {}, {"a": b""}, {"a": b"2"})


def test_hard_links() -> None:
    """Two names have one content; each name is lost by itself, and removing one leaves the other."""
    found = left(EMPTY, Create("a", 1), Link("a", "b"), Content(1, b"1"), Sync(1))
    assert same(found, {}, {"a": b"1"}, {"b": b"1"}, {"a": b"1", "b": b"1"})
    found = left(OLD, Link("a", "b"), SyncDir("."), Unlink("a"), Content(1, b"n"), Sync(1))
    assert same(found, {"b": b"n"}, {"a": b"n", "b": b"n"})
    assert left(OLD, Link("a", "b"), SyncDir("."), Rename("a", "b")) == [{"a": b"old!", "b": b"old!"}], "POSIX: nothing"


def test_link_and_unlink_are_two_changes() -> None:
    """The removal of the first name may be kept and the new name lost."""
    assert same(
        left(OLD, Link("a", "b"), Unlink("a")), {}, {"a": b"old!"}, {"b": b"old!"}, {"a": b"old!", "b": b"old!"}
    )


def test_nested_folders() -> None:
    """A folder that is lost takes with it all that was synced in it."""
    made: list[Event] = [Mkdir("d"), Mkdir("d/e"), Create("d/e/a", 1), Sync(1), SyncDir("d/e")]
    assert same(left(EMPTY, *made), {}, {"d": None}, {"d": None, "d/e": None, "d/e/a": b""})
    assert same(left(EMPTY, *made, SyncDir("d")), {}, {"d": None, "d/e": None, "d/e/a": b""})
    assert left(EMPTY, *made, SyncDir("d"), SyncDir(".")) == [{"d": None, "d/e": None, "d/e/a": b""}]


def test_removed_and_renamed_folders() -> None:
    """A folder takes along what is in it; one that was removed may be there still."""
    before = Folder("/disk", ("d", "e"), {"d/a": 1}, {1: b"1"})
    found = left(before, Rename("d", "f"), Rmdir("e"))
    old, new, other = {"d": None, "d/a": b"1"}, {"f": None, "f/a": b"1"}, {"e": None}
    assert same(found, old, new, old | other, new | other)


def test_paths_elsewhere() -> None:
    """A file may come from a folder beside the root; where folders beside it are synced, nothing happens."""
    found = left(EMPTY, Create("/tmp/x", 1), Sync(1), SyncDir("/"), Rename("/tmp/x", "/disk/a"))
    assert same(found, {}, {"a": b""})
    assert left(EMPTY, Create("/tmp/x", 1), Sync(1), Rename("/tmp/x", "../disk/a"), SyncDir("/disk")) == [{"a": b""}]


def test_inode_that_is_used_again() -> None:
    """A number that the system gives again to a new file is another file."""
    kept: list[Event] = [Link("a", "b"), SyncDir("."), Create("c", 1), Content(1, b"new"), Sync(1), SyncDir(".")]
    assert left(OLD, *kept) == [{"a": b"old!", "b": b"old!", "c": b"new"}]


def test_every_prefix_is_cut() -> None:
    """There is a cut before the first event and after each, with the marks passed by then; none is told twice."""
    events = [Mark("one"), Create("a", 1), Mark("two"), Mark("three"), Sync(1), SyncDir(".")]
    found = [(cut.number, cut.loss, cut.after, cut.tree) for cut in cuts(EMPTY, events)]
    assert found == [
        (0, "lost", (), {}),
        (1, "lost", ("one",), {}),
        (2, "kept", ("one",), {"a": b""}),
        (3, "lost", ("one", "two"), {}),
        (3, "kept", ("one", "two"), {"a": b""}),
        (4, "lost", ("one", "two", "three"), {}),
        (4, "kept", ("one", "two", "three"), {"a": b""}),
    ]


def test_plain_losses() -> None:
    """Without samples there are four: nothing kept, all kept, names with half the contents, names without contents."""
    found = {
        cut.loss: cut.tree for cut in cuts(OLD, [Content(1, b"NEWER!"), Create("b", 2), Content(2, b"ab"), Mark("")])
    }
    assert found == {
        "lost": {"a": b"old!"},
        "kept": {"a": b"NEWER!", "b": b"ab"},
        "half": {"a": b"NEW", "b": b"a"},
        "empty": {"a": b"old!", "b": b""},
    }


def test_random_losses() -> None:
    """Of more combinations than samples so many random ones are tried, the same for the same seed."""
    events = [Create(f"f{number}", number) for number in range(12)]

    def found(seed: int) -> list[Tree]:
        return [cut.tree for cut in cuts(EMPTY, events, random.Random(seed), 40) if cut.number == 12]

    assert found(1) == found(1) != found(2)
    assert len(found(1)) > 35


@pytest.mark.parametrize(
    "wrong",
    [
        Unlink("no"),
        Rename("no", "b"),
        Link("no", "b"),
        Link("a", "a"),
        Create("a", 2),
        Mkdir("a"),
        Create("no/b", 2),
        Content(9, b""),
        Sync(9),
        SyncDir("no"),
    ],
    ids=str,
)
def test_what_cannot_have_happened(wrong: Event) -> None:
    """Events that do not fit what is there are refused, for something was not recorded."""
    with pytest.raises(ValueError, match="Event 1 cannot have happened"):
        list(cuts(OLD, [Mark("before"), wrong]))


def test_events_as_plain_data() -> None:
    """Every event is the same after a way through JSON and through pickle."""
    events = [
        Create("a", 1),
        Content(1, bytes(range(256))),
        Sync(1),
        Mkdir("d"),
        Rmdir("d"),
        Link("a", "b"),
        Rename("a", "b"),
        Unlink("b"),
        SyncDir("."),
        Mark("naïve"),
    ]
    assert [event(each) for each in json.loads(json.dumps([plain(each) for each in events]))] == events
    assert pickle.loads(pickle.dumps(events)) == events
    assert event(("content", 1, b"\xff")) == Content(1, b"\xff")
    assert plain(Create("a", 1)) == ["create", "a", 1]


def test_read_and_restore(tmp_path: Path) -> None:
    """What was read of a folder is what a cut writes before anything happens, and only where nothing is."""
    (tmp_path / "old/d/e").mkdir(parents=True)
    (tmp_path / "old/d/a").write_bytes(b"1")
    os.link(tmp_path / "old/d/a", tmp_path / "old/b")
    before = Folder.read(tmp_path / "old")
    (cut,) = cuts(before, [])
    assert cut.tree == {"d": None, "d/e": None, "d/a": b"1", "b": b"1"}
    cut.restore(tmp_path / "new")
    (again,) = cuts(Folder.read(tmp_path / "new"), [])
    assert again.tree == cut.tree
    with pytest.raises(FileExistsError):
        cut.restore(tmp_path / "new")


def test_recorded_calls(tmp_path: Path) -> None:
    """What many threads do through one recorder is, if nothing is lost, what is there; what they closed is kept."""
    calls, before = RecordingCalls(), Folder.read(tmp_path)

    def work(number: int) -> None:
        store = LocalStore(str(tmp_path), calls)
        for turn in range(3):
            with store.create(f"{number}/{turn}") as file:
                file.write(b"0123456789")
                file.truncate(5 + turn)
            calls.mark(f"{number}/{turn}")
            with store.guard("n"):
                found = store.read("n")
                store.swap("n", (found[0] if found else b"") + b"%d" % number, found and found[1])
        store.replace(f"{number}/0", f"{number}/3")
        store.delete(f"{number}/1")

    assert in_threads(4, work) == [None] * 4
    calls.mark("done")
    now, every = Folder.read(tmp_path), list(cuts(before, calls.events))
    kept = {path: now.contents[inode] for path, inode in now.files.items()} | dict.fromkeys(now.folders)
    assert kept in [cut.tree for cut in every if cut.after[-1:] == ("done",)]
    assert sum(path.endswith("/3") and kept[path] == b"01234" for path in kept) == 4
    for cut in every:
        assert all(cut.tree[path] == b"0123456" for path in cut.after if path.endswith("/2"))


def test_pickled_recorder() -> None:
    """What is pickled into another process works there, unrecorded."""
    assert type(pickle.loads(pickle.dumps(RecordingCalls()))).__name__ == "OsCalls"
