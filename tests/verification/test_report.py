"""What a check gives back, how it tells of its progress, and that it changes nothing."""

import json
import pickle
import re
import shutil
import threading
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe import Project, Repository
from lazyscribe.store.local import LocalStore
from lazyscribe.verification import KINDS, Report
from tests.verification.support import kinds, project, records, repository, snapshot, write

GOLDEN = Path(__file__).parents[1] / "compat" / "golden"


def _damaged(folder: Path) -> Repository:
    """Save a repository of many files and damage some of them."""
    made = repository(folder, versions=40)
    for number in range(0, 40, 4):
        (folder / "x" / f"{number}.json").write_bytes(b"damaged")
    for number in range(1, 40, 8):
        (folder / "x" / f"{number}.json").unlink()
    (folder / "x" / "left").write_bytes(b"")
    return made


def _of_size(folder: Path, *sizes: int) -> Repository:
    made = Repository(folder / "repository.json")
    for number, size in enumerate(sizes):
        made.log_artifact("x", bytes(size), "pickle", fname=f"{number}.pkl")
    made.save()
    return made


def test_a_sound_project_and_repository_are_ok(tmp_path: Path) -> None:
    """Nothing is found, everything is counted."""
    for made, files in ((project(tmp_path), 2), (repository(tmp_path), 2)):
        report = made.verify()
        assert report.ok
        assert report.findings == ()
        assert report.counts == {
            "records": len(records(tmp_path / report.path)),
            "files": files,
            "verified": files,
            "unverified": 0,
            "bytes": sum(path.stat().st_size for path in _files(made, tmp_path)),
            "errors": 0,
            "warnings": 0,
            "notes": 0,
        }
        assert "sound" in str(report)


def _files(made: Any, folder: Path) -> list[Path]:
    if isinstance(made, Project):
        (slug,) = (each["slug"] for each in made)
        return [path for path in (folder / slug).rglob("*") if path.is_file()]
    return list((folder / "x").iterdir())


def test_an_empty_one_is_ok(tmp_path: Path) -> None:
    """A file without records is sound."""
    for made in (Project(tmp_path / "project.json"), Repository(tmp_path / "repository.json")):
        made.save()
        assert made.verify().findings == ()


@pytest.mark.parametrize("folder", sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()))
@pytest.mark.parametrize("made", [Project, Repository])
def test_files_of_older_versions_hold_no_error(folder: str, made: Any) -> None:
    """Folders that 2.2 wrote are whole; nothing is known of their files."""
    path = GOLDEN / folder / f"{made.__name__.lower()}.json"
    report = made(path, "w").verify()
    assert {each.severity for each in report.findings} <= {"warning", "note"}
    assert report.counts["unverified"] == report.counts["files"] > 0
    assert not {"orphan", "record-damaged"} & set(kinds(report))


def test_the_state_on_disk_is_checked_and_not_memory(tmp_path: Path) -> None:
    """What others saved meanwhile is checked, what is unsaved here is not."""
    mine = repository(tmp_path)
    theirs = Repository(tmp_path / "repository.json")
    theirs.log_artifact("y", 1, "json")
    theirs.save()
    mine.log_artifact("z", 1, "json")
    assert mine.verify().counts["records"] == 3
    assert {each.name for each in mine.artifacts} == {"x", "z"}


@pytest.mark.parametrize("mode", ["r", "a", "w", "w+"])
def test_every_mode_checks_the_same(tmp_path: Path, mode: Any) -> None:
    """The mode says what may be changed, and a check changes nothing."""
    expected = _damaged(tmp_path).verify()
    assert Repository(tmp_path / "repository.json", mode).verify() == expected


def test_workers_make_no_difference(tmp_path: Path) -> None:
    """One worker, four and the default give equal reports, plain data and text."""
    made = _damaged(tmp_path)
    one, four, default = made.verify(workers=1), made.verify(workers=4), made.verify()
    assert one == four == default
    assert one.to_dict() == four.to_dict()
    assert str(one) == str(four)
    assert len(one.findings) == 10 + 5 + 1


def test_findings_are_sorted(tmp_path: Path) -> None:
    """Errors come first, then warnings, then notes; of one kind in the order of the file."""
    made = _damaged(tmp_path)
    (tmp_path / ".lazyscribe" / "facts" / "x" / "2.json.json").unlink()
    shutil.rmtree(tmp_path / ".lazyscribe" / "repository.json.log")
    findings = made.verify().findings
    assert [each.severity for each in findings] == ["error"] * 15 + ["warning", "note"]
    missing = [each.record for each in findings if each.kind == "file-missing"]
    assert missing == sorted(missing)


@pytest.mark.parametrize("workers", [0, -1])
def test_less_than_one_worker_is_refused(tmp_path: Path, workers: int) -> None:
    """Nobody would do the work."""
    with pytest.raises(ValueError, match="1 or more"):
        repository(tmp_path).verify(workers=workers)


@pytest.mark.parametrize("workers", [1, 4])
def test_progress_rises_to_the_total(tmp_path: Path, workers: int) -> None:
    """It begins at 0 of the bytes there are, never falls, and ends with all of them, in the caller's thread."""
    sizes = (3 << 20, 1 << 20, 10, 0, 5 << 20)
    made, calls, threads = _of_size(tmp_path, *sizes), [], set()

    def progress(done: int, total: int) -> None:
        calls.append((done, total))
        threads.add(threading.current_thread())

    made.verify(workers, progress)
    total = sum(path.stat().st_size for path in (tmp_path / "x").iterdir())
    assert calls[0] == (0, total)
    assert calls[-1] == (total, total)
    assert calls == sorted(calls)
    assert {call[1] for call in calls} == {total}
    assert threads == {threading.current_thread()}


def test_progress_ends_at_the_total_where_files_are_missing_or_of_another_size(tmp_path: Path) -> None:
    """The total is what was saved, and it is reached whatever is there."""
    made, calls = _of_size(tmp_path, 3 << 20, 2 << 20, 2 << 20, 5), []
    (tmp_path / "x" / "0.pkl").unlink()
    (tmp_path / "x" / "1.pkl").write_bytes(b"short")
    (tmp_path / "x" / "2.pkl").write_bytes(bytes(9 << 20))
    (tmp_path / "x" / "3.pkl").write_bytes(bytes(9 << 20))
    made.verify(progress=lambda *state: calls.append(state))
    assert calls == sorted(calls)
    assert calls[-1][0] == calls[-1][1] > 7 << 20


def test_progress_of_nothing_is_told_once(tmp_path: Path) -> None:
    """Without files there are 0 of 0 bytes."""
    made, calls = Repository(tmp_path / "repository.json"), []
    made.verify(progress=lambda *state: calls.append(state))
    assert calls == [(0, 0)]


@pytest.mark.parametrize("begun", [False, True])
def test_what_progress_raises_goes_up(tmp_path: Path, begun: bool) -> None:
    """A callback can end the check, and no thread stays behind."""
    made = _of_size(tmp_path, *[1 << 20] * 20)

    def progress(done: int, total: int) -> None:
        if bool(done) == begun:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.verify(progress=progress)
    assert not [each for each in threading.enumerate() if each.name.startswith("lazyscribe-verify")]


@pytest.mark.parametrize("damage", [False, True])
def test_nothing_on_disk_changes(tmp_path: Path, damage: bool) -> None:
    """No file appears, goes or is touched, and no lock is taken."""
    made = _damaged(tmp_path) if damage else repository(tmp_path)
    project(tmp_path)
    before = snapshot(tmp_path)
    made.verify()
    Project(tmp_path / "project.json", "r").verify()
    assert snapshot(tmp_path) == before


def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    """Checking what was never saved makes no folder."""
    Project(tmp_path / "no" / "project.json").verify()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_can_be_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the calls that write is made."""
    made = _damaged(tmp_path)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a check writes nothing")

    for name in ("create", "swap", "replace", "delete", "guard"):
        monkeypatch.setattr(LocalStore, name, refuse)
    assert len(made.verify().findings) == 16


def test_no_value_is_deserialised(tmp_path: Path) -> None:
    """A pickle that would run code is hashed and not loaded."""
    made = Repository(tmp_path / "repository.json")
    made.log_artifact("bomb", _Bomb(), "pickle")
    made.save()
    assert made.verify().ok


class _Bomb:
    def __reduce__(self) -> Any:
        return _explode, ()


def _explode() -> None:
    raise AssertionError("a check loads nothing")


def test_a_save_that_comes_between_is_no_damage(tmp_path: Path) -> None:
    """Errors found while somebody saves are looked at again."""
    made = repository(tmp_path)
    content = records(tmp_path / "repository.json")

    class Between(LocalStore):
        def open(self, key: str) -> Any:
            if key.endswith("0.json") and len(records(tmp_path / "repository.json")) == 2:
                (tmp_path / "x" / "0.json").unlink()
                write(tmp_path / "repository.json", content[1:])
            return super().open(key)

    made._manifest.store = Between(str(tmp_path))
    report = made.verify()
    assert report.ok
    assert report.counts["records"] == 1


def test_plain_data_is_as_documented(tmp_path: Path) -> None:
    """The keys and types of schema 1, through JSON and back."""
    report = _damaged(tmp_path).verify()
    data = json.loads(json.dumps(report.to_dict()))
    assert list(data) == ["schema", "kind", "path", "ok", "counts", "findings"]
    assert (data["schema"], data["kind"], data["ok"]) == (1, "repository", False)
    assert data["path"] == str(tmp_path / "repository.json")
    assert all(type(number) is int for number in data["counts"].values())
    for finding in data["findings"]:
        assert list(finding) == ["kind", "severity", "path", "record", "name", "message"]
        assert finding["kind"] in KINDS
        assert finding["severity"] in ("error", "warning", "note")
        assert isinstance(finding["record"], int | None)
        assert isinstance(finding["name"], str | None)
        assert finding["message"].endswith(".")
        assert all(word in Report.to_dict.__doc__ for word in (*data, *finding, *data["counts"]))


def test_the_text_is_one_line_a_finding_and_not_endless(tmp_path: Path) -> None:
    """The verdict comes first; of one kind twenty lines are shown and the rest is counted."""
    made = repository(tmp_path, versions=50)
    for path in (tmp_path / "x").iterdir():
        path.unlink()
    lines = str(made.verify()).splitlines()
    assert "DAMAGED" in lines[0]
    assert "50 errors" in lines[1]
    assert len([line for line in lines if re.search(r"file-missing\s+record \d+: ", line)]) == 20
    assert "30 more" in lines[-1]


def test_a_report_pickles(tmp_path: Path) -> None:
    """It can be sent to another process."""
    report = _damaged(tmp_path).verify()
    assert pickle.loads(pickle.dumps(report)) == report


def test_another_file_system_is_read_through_fsspec(tmp_path: Path) -> None:
    """A protocol without a store of its own gives the same findings as the local one."""
    made = _damaged(tmp_path)
    inner = fsspec.filesystem("dir", path=str(tmp_path), target_protocol="file")
    assert inner.exists("repository.json")
    remote = Repository("dir://repository.json", "r", path=str(tmp_path), target_protocol="file")
    assert kinds(remote.verify(workers=4)) == kinds(made.verify())
    assert [each.record for each in remote.verify().findings] == [each.record for each in made.verify().findings]


def test_facts_that_are_slow_to_come_are_read_in_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that lets one wait gives the same report."""
    made = _damaged(tmp_path)
    expected = made.verify()
    monkeypatch.setattr("lazyscribe.verification.files.SLOW", 0.0)
    assert made.verify(workers=3) == expected


def test_names_that_are_not_printable_are_escaped_in_the_text(tmp_path: Path) -> None:
    """The attribute keeps the path as it is, message and text do not."""
    made = repository(tmp_path)
    (tmp_path / "x" / "line\nend\x1b[2J").write_bytes(b"?")
    report = made.verify()
    assert report.findings[0].path.endswith("line\nend\x1b[2J")
    assert "line\\nend\\x1b[2J" in report.findings[0].message
    assert len(str(report).splitlines()) == 3
