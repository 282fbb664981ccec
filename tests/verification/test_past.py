"""Files that only history knows: they are nobody's leftovers, and looked at like the others."""

import json
import shutil
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe import Repository
from lazyscribe.store.local import LocalStore
from lazyscribe.verify import main
from tests.verification.support import kinds, only, project, records, repository, snapshot, write


def _without(folder: Path | str, version: int = 0, name: str = "x") -> Repository:
    """Save a repository of two versions and delete one; its file is ``x/{version}.json``."""
    made = repository(folder, name=name)
    made.delete(name, version, "leaked")
    made.save()
    return made


def move(made: Repository, times: int) -> None:
    """Let an alias of version 1 come and go, and save each time."""
    for turn in range(times):
        made.set_alias("x", f"a{turn}", 1)
        made.save(message=str(turn))


def _log_of(folder: Path, manifest: str = "repository.json") -> list[Path]:
    return sorted((folder / ".lazyscribe" / f"{manifest}.log").glob("*.json"))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("together", [False, True])
def test_the_file_of_a_deleted_version_is_no_leftover(tmp_path: Path, version: int, together: bool) -> None:
    """Nothing is found, whether its facts lie alone or in a pack, and history loads it."""
    made = repository(tmp_path, together=together)
    made.delete("x", version, "leaked")
    made.save()
    assert made.verify().findings == ()
    counts = made.verify().counts
    assert (counts["files"], counts["verified"], counts["bytes"]) == (1, 1, len(f"[{version}]"))
    assert made.at(known=1 if together else 2).load_artifact("x", version=version) == [version]


def test_a_name_without_versions_leaves_nothing_over(tmp_path: Path) -> None:
    """Where all versions of a name are deleted, no record leads to its folder, and history does."""
    made = _without(tmp_path)
    made.delete("x", 1, "leaked, too")
    made.save()
    assert made.verify().findings == ()


def test_a_deleted_versions_file_that_is_gone_is_a_warning(tmp_path: Path) -> None:
    """It says which version, who deleted it and why; no record lost anything."""
    made = _without(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    report = made.verify()
    finding = only(report, "past-file-missing")
    assert report.ok
    assert (finding.severity, finding.record, finding.name) == ("warning", None, "x")
    assert finding.path == str(tmp_path / "x" / "0.json")
    assert "version 0 of 'x'" in finding.message
    assert "(leaked)" in finding.message


@pytest.mark.parametrize("with_facts", [True, False])
@pytest.mark.parametrize("content", [b"", b"[7]", bytes(3 << 20)])
def test_a_deleted_versions_file_with_other_bytes_is_a_warning(
    tmp_path: Path, with_facts: bool, content: bytes
) -> None:
    """Its digest is known by its facts and, where those are lost, by history."""
    made = _without(tmp_path)
    if not with_facts:
        shutil.rmtree(tmp_path / ".lazyscribe" / "facts")
    (tmp_path / "x" / "0.json").write_bytes(content)
    report = made.verify()
    assert report.ok
    assert [each.kind for each in report.findings if each.severity == "warning"] == ["past-file-damaged"]
    assert report.findings[0].path == str(tmp_path / "x" / "0.json")


def test_a_folder_in_the_place_of_a_deleted_versions_file_is_a_warning(tmp_path: Path) -> None:
    """What cannot be read is told with the reason."""
    made = _without(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    (tmp_path / "x" / "0.json").mkdir()
    assert "cannot be read" in only(made.verify(), "past-file-damaged").message


def test_a_file_name_that_was_logged_again_belongs_to_the_record(tmp_path: Path) -> None:
    """Its bytes are those of the living version; once that is deleted, too, those of the last one."""
    made = _without(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    made.log_artifact("x", "again", "json", fname="0.json")
    made.save()
    assert made.verify().findings == ()
    (tmp_path / "x" / "0.json").write_bytes(b"[7]")
    assert kinds(made.verify()) == ["digest-wrong"]
    (tmp_path / "x" / "0.json").write_bytes(b'"again"')
    made.delete("x", 2, "no")
    made.save()
    assert made.verify().findings == ()


@pytest.mark.parametrize("observed", [False, True])
def test_a_version_that_another_program_dropped_keeps_its_file(tmp_path: Path, observed: bool) -> None:
    """History loads it, whether a save has noticed or not; a file that is gone is told."""
    made = repository(tmp_path)
    write(tmp_path / "repository.json", records(tmp_path / "repository.json")[1:])
    if observed:
        made = Repository(tmp_path / "repository.json")
        made.log_artifact("y", 1, "json")
        made.save()
    assert made.verify().findings == ()
    assert made.at(known=2).load_artifact("x", version=0) == [0]
    (tmp_path / "x" / "0.json").unlink()
    assert "another program dropped" in only(made.verify(), "past-file-missing").message


def test_what_perhaps_happened_is_no_leftover(tmp_path: Path) -> None:
    """If another program has saved since, what the last commit wrote is let be until somebody knows."""
    made = repository(tmp_path)
    write(
        tmp_path / "repository.json", [{**each, "expiry": None} for each in records(tmp_path / "repository.json")[:1]]
    )
    with (tmp_path / "repository.json").open("ab") as file:
        file.write(b"\n")
    assert made.verify().findings == ()


def test_versions_that_mode_w_replaced_keep_their_files(tmp_path: Path) -> None:
    """They are looked at as those that were deleted one by one."""
    repository(tmp_path)
    made = Repository(tmp_path / "repository.json", "w")
    made.log_artifact("x", "new", "json")
    made.save()
    assert made.verify().findings == ()
    assert made.at(known=2).load_artifact("x", version=1) == [1]


def test_what_a_save_that_never_happened_wrote_is_a_leftover(tmp_path: Path) -> None:
    """An entry of a manifest that is still as before does not count, nor do the versions that it tells of."""
    made = repository(tmp_path)
    before = (tmp_path / "repository.json").read_bytes()
    made.log_artifact("x", "killed", "json", fname="2.json")
    made.save()
    (tmp_path / "repository.json").write_bytes(before)
    finding = only(Repository(tmp_path / "repository.json").verify(), "orphan")
    assert finding.path == str(tmp_path / "x" / "2.json")


def test_history_that_packs_carry_counts(tmp_path: Path) -> None:
    """A deletion is known, however many entries came since."""
    made = _without(tmp_path)
    for turn in range(140):
        made.set_alias("x", f"a{turn % 2}", 1)
        made.remove_alias("x", f"a{turn % 2}")
        made.set_alias("x", f"b{turn}", 1)
        made.save()
    assert any(each.stem.endswith("-1") for each in _log_of(tmp_path))
    assert made.verify().findings == ()
    (tmp_path / "x" / "0.json").unlink()
    assert kinds(made.verify()) == ["past-file-missing"]


def test_an_entry_that_a_pack_carries_and_nobody_can_read(tmp_path: Path) -> None:
    """It may have named any file, so nothing is called an orphan, and the pack is not to be deleted."""
    made = _without(tmp_path)
    move(made, 80)
    (pack,) = [path for path in _log_of(tmp_path) if path.stem.endswith("-1")]
    content = json.loads(pack.read_bytes())
    (deleting,) = [entry for entry in content["carried"] if entry.get("deleted")]
    deleting["number"] = "two"
    logging = next(entry for entry in content["carried"] if entry.get("logged"))
    logging["number"] = "one"
    pack.write_text(json.dumps(content))
    for _ in range(2):
        damaged, unchecked = made.verify().findings
        assert (damaged.kind, unchecked.kind) == ("history-damaged", "orphans-unchecked")
        assert damaged.path == str(pack)
        assert "keep it" in damaged.message
    history = Repository(tmp_path / "repository.json").history()
    assert [each.message for each in history][-80:] == list(map(str, range(80)))
    assert not any(each.deleted for each in history)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[1]", b'{"id": 3}', b"\xff"])
def test_beside_a_damaged_history_nothing_is_called_an_orphan(tmp_path: Path, content: bytes) -> None:
    """What the entry told is not known, so it may have named the file that no record names."""
    made = _without(tmp_path)
    for entry in _log_of(tmp_path)[:1]:
        entry.write_bytes(content)
    report = made.verify()
    assert kinds(report) == ["history-damaged"]
    for entry in _log_of(tmp_path):
        entry.write_bytes(content)
    report = made.verify()
    assert report.ok
    assert kinds(report) == ["history-damaged"] * 3 + ["orphans-unchecked"]
    assert "repository.json" in report.findings[-1].message


@pytest.mark.parametrize(
    "change",
    [
        {"at": "yesterday"},
        {"deleted": [[["..", "../../etc/passwd", 0, "", None, "00", "json"], None, None]]},
        {"deleted": [[["x", "a\0b", 0, "nonsense", "never", "00"], "why\n\x1b[2J", "{"]]},
        {"deleted": [[["x", "odd.json", 0, "nonsense", "never", "00"], None, None]]},
        {"author": "a\nb\udc80"},
        {"files": {"../up": "00"}},
    ],
)
def test_a_history_that_was_tampered_with_raises_nothing(
    tmp_path: Path, change: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Dates that are none, names that leave the folder and terminal codes do no harm."""
    made = _without(tmp_path)
    (tmp_path / "x" / "odd.json").write_bytes(b"?")
    entry = _log_of(tmp_path)[-1]
    entry.write_text(json.dumps({**json.loads(entry.read_bytes()), **change}))
    assert made.verify().ok
    assert main([str(tmp_path)]) == 0
    assert all(each.isprintable() or each == "\n" for each in capsys.readouterr().out)


def test_a_history_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are checked all the same; it is told what to see to, and why nothing was called an orphan."""
    made = _without(tmp_path)
    whole = LocalStore.files_in

    def refuse(self: LocalStore, folder: str) -> Any:
        if folder.endswith(".log"):
            raise PermissionError(13, "Permission denied", folder)
        return whole(self, folder)

    monkeypatch.setattr(LocalStore, "files_in", refuse)
    report = made.verify()
    assert kinds(report) == ["history-unreadable", "orphans-unchecked"]
    assert all("Permission denied" in each.message for each in report.findings)
    assert "see to its permissions" in report.findings[0].message
    assert report.counts["verified"] == 1
    (tmp_path / "x" / "0.json").unlink()
    (tmp_path / ".lazyscribe" / "facts" / "x" / "0.json.json").unlink()
    assert only(made.verify(), "history-unreadable").path == str(tmp_path / "repository.json")


def test_a_neighbours_deleted_files_are_not_ours_to_judge(tmp_path: Path) -> None:
    """A project, a repository and another one in one folder each look at their own past only."""
    first = project(tmp_path)
    second = _without(tmp_path)
    third = Repository(tmp_path / "more.data")
    third.log_artifact("z", 1, "json")
    third.log_artifact("x", "shared folder", "json", fname="theirs.json")
    third.save()
    third.delete("z", 0, "no")
    third.delete("x", 0, "no")
    third.save()
    assert first.verify().findings == second.verify().findings == third.verify().findings == ()
    (tmp_path / "x" / "0.json").unlink()
    assert first.verify().findings == third.verify().findings == ()
    assert kinds(second.verify()) == ["past-file-missing"]


def test_a_neighbours_deleted_experiments_are_its_own_leftovers(tmp_path: Path) -> None:
    """Nothing loads them, so the project tells of their files; the repository beside it does not."""
    first, second = project(tmp_path), repository(tmp_path)
    del first.experiments[0]
    first.save()
    assert kinds(first.verify()) == ["orphan"] * 2
    assert second.verify().findings == ()


def test_beside_a_neighbours_damaged_history_nothing_is_called_an_orphan(tmp_path: Path) -> None:
    """Its lost entry may have named the file that lies there."""
    first = project(tmp_path)
    _without(tmp_path)
    for entry in _log_of(tmp_path):
        entry.write_bytes(b"nonsense")
    assert "repository.json" in only(first.verify(), "orphans-unchecked").message


def test_a_save_that_comes_between_is_no_damage_of_history(tmp_path: Path) -> None:
    """What is wrong with a file of history while somebody saves is looked at again."""
    made = _without(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    other = Repository(tmp_path / "repository.json")

    class Between(LocalStore):
        def open(self, key: str) -> Any:
            if key.endswith("1.json") and len(other.artifacts) == 1:
                other.log_artifact("x", "again", "json", fname="0.json")
                other.save()
            return super().open(key)

    made._manifest.store = Between(str(tmp_path))
    assert made.verify().findings == ()


def test_looking_at_the_past_changes_nothing(tmp_path: Path) -> None:
    """No file appears, goes or is touched, in one thread or in four, and the reports are equal."""
    made = _without(tmp_path)
    (tmp_path / "x" / "0.json").write_bytes(b"?")
    before = snapshot(tmp_path)
    assert made.verify(1) == made.verify(4) == Repository(tmp_path / "repository.json", "w").verify()
    assert snapshot(tmp_path) == before


def test_each_file_of_the_journal_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check costs one look at the entries, whatever it asks of them."""
    made = _without(tmp_path)
    read: list[str] = []
    whole = LocalStore.read

    def count(self: LocalStore, key: str) -> Any:
        read.append(key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "read", count)
    assert made.verify().ok
    assert len([key for key in read if ".log/" in key]) == len(_log_of(tmp_path)) == 3


def test_progress_counts_the_files_of_history(tmp_path: Path) -> None:
    """The total holds what is read of them, too."""
    made, calls = _without(tmp_path), []
    made.verify(progress=lambda *state: calls.append(state))
    total = sum(path.stat().st_size for path in (tmp_path / "x").iterdir())
    assert calls[0] == (0, total)
    assert calls[-1] == (total, total)


def test_the_past_is_looked_at_in_memory_too() -> None:
    """Everything goes through the store, so another file system shows the same."""
    folder = "memory:///lazyscribe-verify-past"
    fs = fsspec.filesystem("memory")
    try:
        made = _without(folder)
        assert made.verify().findings == ()
        fs.rm_file(f"{folder}/x/0.json")
        assert only(made.verify(), "past-file-missing").path == f"{folder}/x/0.json"
    finally:
        fs.rm(folder, recursive=True)


@pytest.mark.parametrize("lost", [0, 1, "pack", "older packs"])
def test_missing_entries_are_told_and_nothing_is_called_an_orphan(tmp_path: Path, lost: int | str) -> None:
    """Who copied only a part may lack what names a file; it is told where the rest is to be restored."""
    made = _without(tmp_path)
    move(made, {"pack": 80, "older packs": 200}.get(str(lost), 3))
    log = _log_of(tmp_path)
    packs = [path for path in log if path.stem.endswith("-1")]
    gone = {"pack": packs, "older packs": packs[:-1]}.get(str(lost)) or log[int(lost) : int(lost) + 1]
    assert made.verify().findings == ()
    for path in gone:
        path.rename(tmp_path / path.name)
    damaged, *others = Repository(tmp_path / "repository.json").verify().findings
    assert (damaged.kind, damaged.severity) == ("history-damaged", "warning")
    assert damaged.path == str(log[0].parent)
    assert "restore" in damaged.message
    assert gone[-1].name.split("-")[1][:16] in damaged.message
    assert [each.kind for each in others] == (["orphans-unchecked"] if others else [])
    (tmp_path / "x" / "left.bin").write_bytes(b"?")
    assert kinds(Repository(tmp_path / "repository.json").verify()) == ["history-damaged", "orphans-unchecked"]
    for path in gone:
        (tmp_path / path.name).rename(path)
    assert kinds(Repository(tmp_path / "repository.json").verify()) == ["orphan"]


def test_beside_a_neighbour_with_missing_entries_nothing_is_called_an_orphan(tmp_path: Path) -> None:
    """What its lost entry named is not ours to judge."""
    first = project(tmp_path)
    made = _without(tmp_path)
    made.delete("x", 1, "no")
    made.save()
    _log_of(tmp_path)[0].unlink()
    note = only(first.verify(), "orphans-unchecked")
    assert "repository.json" in note.message
    assert "missing" in note.message


def test_packs_of_all_levels_miss_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that packs of packs carry are there, whatever has become of their files."""
    monkeypatch.setattr("lazyscribe.journal.log.LOOSE", 3)
    monkeypatch.setattr("lazyscribe.journal.log.PACKS", 3)
    made, levels = _without(tmp_path), set()
    for turn in range(70):
        made.set_alias("x", f"a{turn}", 1)
        made.save()
        levels |= {path.stem[-2:] for path in _log_of(tmp_path)}
        if turn % 7 == 0:
            assert Repository(tmp_path / "repository.json").verify().findings == ()
    assert {"-1", "-2", "-3"} <= levels
    assert made.verify().findings == ()


@pytest.mark.parametrize("deleted", [False, True])
def test_an_entry_that_was_called_void_is_not_missed(tmp_path: Path, deleted: bool) -> None:
    """Who calls it void deletes it, while somebody who saw it count tells of aliases behind it."""
    made = repository(tmp_path)
    before = (tmp_path / "repository.json").read_bytes()
    made.log_artifact("x", "dropped", "json", fname="2.json")
    made.save()
    made.set_alias("x", "seen", 1)
    made.save()
    dropped, behind = _log_of(tmp_path)[-2:]
    content = dropped.read_bytes()
    behind.rename(tmp_path / behind.name)
    (tmp_path / "repository.json").write_bytes(before)
    other = Repository(tmp_path / "repository.json")
    other.log_artifact("x", "next", "json", fname="3.json")
    other.save()
    assert json.loads(_log_of(tmp_path)[-1].read_bytes())["void"] == [dropped.stem.split("-")[1]]
    assert not dropped.exists()
    (tmp_path / behind.name).rename(behind)
    (tmp_path / "x" / "2.json").unlink()
    (tmp_path / ".lazyscribe" / "facts" / "x" / "2.json.json").unlink()
    if not deleted:
        dropped.write_bytes(content)
    assert Repository(tmp_path / "repository.json").verify().findings == ()


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_the_history_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """Nobody is told to delete it, and nothing is called an orphan; once it can be read, all is as it was."""
    made = _without(tmp_path)
    move(made, 70 if packed else 1)
    (unread, *_) = (path for path in _log_of(tmp_path) if path.stem.endswith("-1") is packed)
    (tmp_path / "x" / "left.bin").write_bytes(b"?")
    whole = LocalStore.read

    def refuse(self: LocalStore, key: str) -> Any:
        if key.endswith(unread.name):
            raise PermissionError(13, "Permission denied", key)
        return whole(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "read", refuse)
        report = made.verify()
        anew = Repository(tmp_path / "repository.json", "w").verify()
    for warning, note in (report.findings, anew.findings) if not packed else (anew.findings,):
        assert (warning.severity, note.kind) == ("warning", "orphans-unchecked")
        assert warning.kind in ("history-unreadable", "history-damaged")
        assert unread.name in warning.message
        assert "delete" not in warning.message
    assert kinds(made.verify()) == ["orphan"]
