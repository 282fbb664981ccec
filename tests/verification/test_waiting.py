"""Files that wait to replace others: whoever misses what they hold is told, and only what nobody misses may go."""

import json
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project
from lazyscribe.facts import sha256_of
from lazyscribe.store.local import LocalStore
from lazyscribe.verification import Report
from tests.verification.support import kinds, only, project, repository, write

OLD = b'"old"'


def _staged(folder: Path, data: bytes, name: str = "0123456789abcdef") -> Path:
    path = folder / ".lazyscribe" / "staged" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def _facts_of_old(told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "sha256": sha256_of(OLD), "size": len(OLD)}


def _not_moved(folder: Path, file: Path, facts: Path) -> Path:
    """Put things as a kill right after the swap leaves them, if what is there was written in the same second."""
    staged = _staged(folder, file.read_bytes())
    file.write_bytes(OLD)
    told = json.loads(facts.read_bytes())
    write(facts, _facts_of_old(told) if "sha256" in told else {key: _facts_of_old(each) for key, each in told.items()})
    return staged


def _said(report: Report, kind: str = "staged-file") -> str:
    (finding,) = (each for each in report.findings if each.kind == kind)
    return finding.message


def test_an_experiments_file_that_history_knows_waits(tmp_path: Path) -> None:
    """Facts of the same second fit the file before, so it is by history that the right one is found."""
    made = project(tmp_path)
    (file,) = tmp_path.glob("*/adults/rows.json")
    facts = tmp_path / ".lazyscribe" / "facts" / file.relative_to(tmp_path).parent / "rows.json.json"
    staged = _not_moved(tmp_path, file, facts)
    report = made.verify()
    assert kinds(report) == ["digest-wrong", "staged-file"]
    assert (report.findings[0].path, report.findings[0].name, report.findings[0].record) == (str(file), "rows", 0)
    assert all(str(path) in report.findings[0].message for path in (staged, file, facts))
    assert "delete it" not in report.findings[1].message
    assert str(file) in report.findings[1].message
    assert (report.counts["verified"], report.counts["unverified"]) == (1, 0)
    facts.unlink()
    assert "delete it" not in _said(made.verify())
    assert kinds(made.verify()) == ["staged-file", "unverified"]
    staged.replace(file)
    assert kinds(made.verify()) == ["unverified"]


@pytest.mark.parametrize("together", [False, True])
def test_a_versions_file_that_history_knows_waits(tmp_path: Path, together: bool) -> None:
    """What repairs it makes the folder sound, whether its facts lie alone or in a pack."""
    made = repository(tmp_path, together=together)
    if together:
        (facts,) = (tmp_path / ".lazyscribe" / "packs").rglob("*.json")
    else:
        facts = tmp_path / ".lazyscribe" / "facts" / "x" / "1.json.json"
    file = tmp_path / "x" / "1.json"
    told = json.loads(facts.read_bytes())
    staged = _staged(tmp_path, file.read_bytes())
    file.write_bytes(OLD)
    write(facts, _facts_of_old(told) if not together else {**told, "1.json": _facts_of_old(told["1.json"])})
    report = made.verify()
    assert kinds(report) == ["digest-wrong", "staged-file"]
    assert str(facts if not together else facts.parent) in report.findings[0].message
    staged.replace(file)
    facts.unlink()
    assert made.verify().findings == ()
    assert made.load_artifact("x") == [1]


def test_a_deleted_versions_file_that_waits_harms_no_record(tmp_path: Path) -> None:
    """It is a warning, as everything that is wrong with the past."""
    made = repository(tmp_path)
    made.delete("x", 1, "no")
    made.save()
    staged = _not_moved(tmp_path, tmp_path / "x" / "1.json", tmp_path / ".lazyscribe/facts/x/1.json.json")
    report = made.verify()
    assert (kinds(report), report.ok) == (["past-file-damaged", "staged-file"], True)
    assert str(staged) in _said(report, "past-file-damaged")


def test_what_nobody_misses_may_be_deleted(tmp_path: Path) -> None:
    """Not even if the same bytes are where they should be."""
    made = repository(tmp_path)
    _staged(tmp_path, b"?")
    _staged(tmp_path, (tmp_path / "x" / "1.json").read_bytes(), "fedcba9876543210")
    report = made.verify()
    assert kinds(report) == ["staged-file"] * 2
    assert all("delete it" in each.message for each in report.findings)


def test_two_files_of_the_same_bytes_are_repaired(tmp_path: Path) -> None:
    """Each of them is told where it waits."""
    made = repository(tmp_path)
    made.log_artifact("y", [1], "json", fname="1.json")
    made.save()
    for name in ("x", "y"):
        (tmp_path / name / "1.json").replace(_staged(tmp_path, b"", f"{name}0"))
    report = made.verify()
    assert kinds(report) == ["file-missing"] * 2 + ["staged-file"] * 2
    assert all("waits in" in each.message for each in report.findings[:2])


def test_a_missing_file_that_waits_is_found(tmp_path: Path) -> None:
    """Where nothing is in its place, it is told where it can be had."""
    made = repository(tmp_path)
    staged = tmp_path / ".lazyscribe" / "staged" / "0123456789abcdef"
    staged.parent.mkdir()
    (tmp_path / "x" / "1.json").replace(staged)
    report = made.verify()
    assert kinds(report) == ["file-missing", "staged-file"]
    assert f"move that to {tmp_path / 'x' / '1.json'}" in report.findings[0].message


def test_what_cannot_be_compared_is_kept(tmp_path: Path) -> None:
    """While some of the history is not known, it may be the only copy of something."""
    made = repository(tmp_path)
    _staged(tmp_path, b"?")
    (entry, *_) = (tmp_path / ".lazyscribe" / "repository.json.log").iterdir()
    entry.write_bytes(b"nonsense")
    report = made.verify()
    assert kinds(report) == ["staged-file", "history-damaged"]
    assert "keep it" in _said(report)


def test_beside_a_neighbours_damaged_history_what_waits_is_kept(tmp_path: Path) -> None:
    """It may be what the lost entry told of."""
    mine = project(tmp_path)
    repository(tmp_path)
    _staged(tmp_path, b"?")
    (entry, *_) = (tmp_path / ".lazyscribe" / "repository.json.log").iterdir()
    entry.write_bytes(b"nonsense")
    assert "keep it" in _said(mine.verify())


def test_what_cannot_be_read_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is told."""
    made = repository(tmp_path)
    staged = _staged(tmp_path, b"?")
    whole = LocalStore.open

    def refuse(self: LocalStore, key: str) -> Any:
        if key.endswith(staged.name):
            raise OSError(5, "Input/output error", key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "open", refuse)
    message = only(made.verify(), "staged-file").message
    assert "Input/output error" in message
    assert "delete it" not in message


def test_what_waits_for_a_neighbours_file_is_kept(tmp_path: Path) -> None:
    """All manifests of a folder have one place for what waits."""
    mine, theirs = project(tmp_path), repository(tmp_path)
    file = tmp_path / "x" / "1.json"
    _staged(tmp_path, file.read_bytes())
    file.write_bytes(OLD)
    message = only(mine.verify(), "staged-file").message
    assert str(file) in message
    assert "delete it" not in message
    assert kinds(theirs.verify()) == ["digest-wrong", "staged-file"]
    file.write_bytes(b"[1]")
    assert "delete it" in only(mine.verify(), "staged-file").message
    (tmp_path / ".lazyscribe" / "staged" / "0123456789abcdef").write_bytes(b"?")
    assert "delete it" in only(mine.verify(), "staged-file").message
    (tmp_path / "repository.json").unlink()
    (tmp_path / "repository.json").mkdir()
    report = mine.verify()
    assert kinds(report) == ["staged-file", "orphans-unchecked"]
    assert "keep it" in _said(report)


def test_a_save_that_never_happened_repairs_nothing(tmp_path: Path) -> None:
    """What it staged is in the history of nobody."""
    made = Project(tmp_path / "project.json", "w+")
    with made.log("One") as experiment:
        experiment.log_artifact("rows", "old", "json", fname="rows.json")
    made.save()
    (file,) = tmp_path.glob("*/rows.json")
    before, content = (tmp_path / "project.json").read_bytes(), file.read_bytes()
    facts = tmp_path / ".lazyscribe" / "facts" / file.relative_to(tmp_path).parent / "rows.json.json"
    told = facts.read_bytes()
    made.experiments[0].log_artifact("rows", "new", "json", fname="rows.json", overwrite=True)
    made.experiments[0].log_metric("done", 1)
    made.save()
    _staged(tmp_path, file.read_bytes())
    file.write_bytes(content)
    facts.write_bytes(told)
    (tmp_path / "project.json").write_bytes(before)
    report = Project(tmp_path / "project.json", "r").verify()
    assert "delete it" in only(report, "staged-file").message
