"""What lies around: our own leftovers are found, and nobody else's file is called one."""

import json
import shutil
from pathlib import Path
from typing import Any

import fsspec
import pytest

from lazyscribe import Project, Repository
from lazyscribe.release import Release
from lazyscribe.release_lock import lock_release
from lazyscribe.store.local import LocalStore
from tests.verification.support import kinds, only, project, records, repository, write


def test_a_file_in_a_folder_of_a_record_is_an_orphan(tmp_path: Path) -> None:
    """It is a warning that says which file, and the report stays sound."""
    made = repository(tmp_path)
    (tmp_path / "x" / "deep").mkdir()
    (tmp_path / "x" / "deep" / "left.bin").write_bytes(b"?")
    report = made.verify()
    finding = only(report, "orphan")
    assert finding.path == str(tmp_path / "x" / "deep" / "left.bin")
    assert finding.severity == "warning"
    assert report.ok


def test_the_files_of_a_deleted_experiment_are_orphans_by_their_facts(tmp_path: Path) -> None:
    """No record names the folder any more, but we know that we wrote what is in it."""
    made = project(tmp_path)
    del made.experiments[0]
    made.save()
    report = made.verify()
    assert kinds(report) == ["orphan"] * 2
    assert all(".lazyscribe" in each.message for each in report.findings)


def test_facts_without_a_file_are_found(tmp_path: Path) -> None:
    """Facts of a file that is gone with its record are told with their own path."""
    made = project(tmp_path)
    (slug,) = (each["slug"] for each in made)
    del made.experiments[0]
    made.save()
    shutil.rmtree(tmp_path / slug)
    report = made.verify()
    assert kinds(report) == ["facts-without-file"] * 2
    assert all(Path(each.path).is_file() for each in report.findings)


def test_waiting_and_incomplete_files_are_found(tmp_path: Path) -> None:
    """They are found beside the manifest, beside files, among the facts and among what waits."""
    made = repository(tmp_path)
    temporary = ".lsc-0123456789abcdef.tmp"
    (tmp_path / ".lazyscribe" / "staged").mkdir()
    places = [tmp_path, tmp_path / "x", tmp_path / ".lazyscribe" / "facts" / "x", tmp_path / ".lazyscribe" / "staged"]
    for place in places:
        (place / temporary).write_bytes(b"half")
    (tmp_path / ".lazyscribe" / "staged" / "00ff").write_bytes(b"whole")
    report = made.verify()
    assert kinds(report) == ["staged-file"] + ["temporary-file"] * 4
    assert {Path(each.path).parent for each in report.findings[1:]} == set(places)
    assert report.ok


def test_an_incomplete_file_of_an_experiment_that_never_joined_is_found(tmp_path: Path) -> None:
    """A save killed at its second file leaves facts of the first, which lead to the folder."""
    made = project(tmp_path)
    (slug,) = (each["slug"] for each in made)
    del made.experiments[0]
    made.save()
    (tmp_path / slug / ".lsc-0123456789abcdef.tmp").write_bytes(b"half")
    assert kinds(made.verify()) == ["temporary-file", "orphan", "orphan"]


@pytest.mark.parametrize("kind", ["facts", "packs"])
def test_incomplete_facts_lead_to_an_incomplete_file(tmp_path: Path, kind: str) -> None:
    """A save of a new name that was killed while it wrote facts leaves a folder that only these lead to."""
    made = repository(tmp_path)
    temporary = ".lsc-0123456789abcdef.tmp"
    for folder in (tmp_path / "new" / "name", tmp_path / ".lazyscribe" / kind / "new" / "name"):
        folder.mkdir(parents=True)
        (folder / temporary).write_bytes(b"half")
    (tmp_path / "new" / "name" / "notes.txt").write_text("mine")
    assert kinds(made.verify()) == ["temporary-file"] * 2


def test_an_incomplete_file_of_a_name_whose_versions_are_deleted_is_found(tmp_path: Path) -> None:
    """No record leads to its folder any more, and the facts of what was deleted do."""
    made = repository(tmp_path)
    made.delete("x", 0, "no")
    made.delete("x", 1, "no")
    made.save()
    (tmp_path / "x" / ".lsc-0123456789abcdef.tmp").write_bytes(b"half")
    assert kinds(made.verify()) == ["temporary-file"]


def test_names_that_look_like_temporary_files_but_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    """Only the exact form is ours, and hidden files are nobody's orphans."""
    made = repository(tmp_path)
    for name in (".lsc-1.tmp", ".lsc-0123456789abcdef.tmp.bak", ".DS_Store", ".gitignore"):
        (tmp_path / "x" / name).write_bytes(b"")
        (tmp_path / name).write_bytes(b"")
    assert made.verify().findings == ()


def test_the_users_own_files_are_no_orphans(tmp_path: Path) -> None:
    """Files beside the manifest and folders that no record names are not looked at."""
    made = repository(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "data.json").write_text('[{"created_at": "2025-01-20"}]')
    (tmp_path / "releases.json").write_text('[{"tag": "1", "artifacts": [["x", 1]], "created_at": "2025-01-20"}]')
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "rows.csv").write_text("1")
    assert made.verify().findings == ()


def test_a_version_without_a_folder_of_its_own_does_not_claim_the_whole_folder(tmp_path: Path) -> None:
    """With an empty name the files lie beside the manifest, as the user's do."""
    made = Repository(tmp_path / "repository.json")
    made.log_artifact("", 1, "json", fname="bare.json")
    made.save()
    (tmp_path / "notes.txt").write_text("mine")
    assert made.verify().findings == ()


def test_a_project_and_a_repository_in_one_folder_are_both_sound(tmp_path: Path) -> None:
    """Each leaves the other's files alone, facts and all, under any name of its manifest."""
    first, second = project(tmp_path), repository(tmp_path)
    third = Repository(tmp_path / "more.data")
    third.log_artifact("z", 1, "json")
    third.save()
    shutil.rmtree(tmp_path / ".lazyscribe" / "facts" / "z")  # as if 2.2 had written it
    (tmp_path / ".lazyscribe" / "more.data.lock").unlink(missing_ok=True)
    shutil.rmtree(tmp_path / ".lazyscribe" / "more.data.log")
    assert first.verify().findings == ()
    assert second.verify().findings == ()
    assert kinds(third.verify()) == ["unverified"]


def test_a_file_that_two_manifests_name_is_no_orphan_of_either(tmp_path: Path) -> None:
    """A version kept in a folder that another manifest uses too belongs to who names it."""
    made = repository(tmp_path)
    other = Repository(tmp_path / "other.json")
    other.log_artifact("x", "theirs", "json", fname="theirs.json")
    other.save()
    assert made.verify().findings == ()
    assert other.verify().findings == ()


def test_the_files_of_a_manifest_that_is_gone_are_no_orphans(tmp_path: Path) -> None:
    """Its history names them: whoever has lost it needs them still."""
    first = project(tmp_path)
    repository(tmp_path)
    (tmp_path / "repository.json").unlink()
    assert first.verify().findings == ()
    shutil.rmtree(tmp_path / ".lazyscribe" / "repository.json.log")
    (tmp_path / ".lazyscribe" / "repository.json.lock").unlink(missing_ok=True)
    assert kinds(first.verify()) == ["orphan"] * 2


@pytest.mark.parametrize("content", [b"", b"[{}]", b'[{"created_at": "2025', b'[{"slug": "x"}]'])
def test_beside_a_damaged_manifest_nothing_is_called_an_orphan(tmp_path: Path, content: bytes) -> None:
    """Whose files they are cannot be told, so a note says why they were not looked for."""
    project(tmp_path)
    made = repository(tmp_path)
    (tmp_path / "project.json").write_bytes(content)
    (tmp_path / "x" / "left.bin").write_bytes(b"?")
    report = made.verify()
    assert "project.json" in only(report, "orphans-unchecked").message
    assert report.ok


@pytest.mark.parametrize("with_facts", [True, False])
def test_a_manifest_inside_a_folder_of_a_record_keeps_its_files(tmp_path: Path, with_facts: bool) -> None:
    """A repository kept in ``models/`` is left alone by one that has an artifact called ``models``."""
    made = repository(tmp_path, name="models")
    repository(tmp_path / "models" / "inner")
    if not with_facts:
        shutil.rmtree(tmp_path / "models" / "inner" / ".lazyscribe")
    assert made.verify().findings == ()
    repository(tmp_path / "models")
    assert kinds(Repository(tmp_path / "models" / "repository.json").verify()) == []
    assert made.verify().findings == ()


def test_unknown_facts_are_a_note(tmp_path: Path) -> None:
    """Missing facts, facts of another write and facts that are nonsense are all unknown, never an error."""
    made = repository(tmp_path, versions=4)
    shutil.rmtree(tmp_path / ".lazyscribe" / "repository.json.log")
    folder = tmp_path / ".lazyscribe" / "facts" / "x"
    (folder / "0.json.json").unlink()
    other = json.loads((folder / "1.json.json").read_bytes())
    write(folder / "1.json.json", {**other, "created_at": "2001-01-01T00:00:00"})
    (folder / "2.json.json").write_bytes(b"\xff nonsense")
    report = made.verify()
    assert [(each.kind, each.severity, each.record) for each in report.findings] == [
        ("unverified", "note", 0),
        ("unverified", "note", 1),
        ("unverified", "note", 2),
    ]
    assert report.ok
    assert (report.counts["verified"], report.counts["unverified"]) == (1, 3)


def test_names_that_other_systems_cannot_hold_are_a_note(tmp_path: Path) -> None:
    """Characters that Windows refuses, and names that differ by case only."""
    made = Repository(tmp_path / "repository.json")
    with pytest.warns(UserWarning, match="Windows"):
        made.log_artifact("what?", 1, "json", fname="a.json")
    made.log_artifact("case", 1, "json", fname="a.json")
    made.log_artifact("CASE", 1, "json", fname="b.json")
    made.save()
    (tmp_path / "CASE" / "b.json").replace(tmp_path / "CASE" / "a.json")
    content = records(tmp_path / "repository.json")
    content[2]["fname"] = "a.json"
    write(tmp_path / "repository.json", content)
    notes = [each for each in made.verify().findings if each.kind == "name-unportable"]
    assert [(each.severity, each.name) for each in notes] == [("note", "what?"), ("note", "CASE")]


def test_leftovers_are_found_in_memory_too() -> None:
    """Everything goes through the store, so another file system shows the same."""
    folder = "memory:///lazyscribe-verify-leftovers"
    fs = fsspec.filesystem("memory")
    try:
        made = repository(folder)
        project(folder)
        assert made.verify().findings == ()
        fs.pipe_file(f"{folder}/x/left.bin", b"?")
        fs.pipe_file(f"{folder}/.lsc-0123456789abcdef.tmp", b"?")
        fs.pipe_file(f"{folder}/x/0.json", b"[8]")
        fs.rm_file(f"{folder}/x/1.json")
        report = made.verify()
        assert kinds(report) == ["file-missing", "digest-wrong", "temporary-file", "orphan"]
        assert report.findings[0].path == f"{folder}/x/1.json"
        assert kinds(Project(f"{folder}/project.json", "r").verify()) == ["temporary-file"]
    finally:
        fs.rm(folder, recursive=True)


def test_folders_that_cannot_be_listed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the records are checked all the same, their facts being asked for one by one."""
    made = repository(tmp_path)

    def refuse(self: LocalStore, key: str) -> Any:
        raise PermissionError(13, "Permission denied", key)

    monkeypatch.setattr(LocalStore, "keys", refuse)
    monkeypatch.setattr(LocalStore, "files_in", refuse)
    report = made.verify()
    assert kinds(report) == ["history-unreadable", "orphans-unchecked"]
    assert all("Permission denied" in each.message for each in report.findings)
    assert report.counts["verified"] == 2


def test_facts_that_tell_of_a_folder_name_an_orphan(tmp_path: Path) -> None:
    """What is there and is not ours to read is not called missing."""
    made = repository(tmp_path)
    facts = tmp_path / ".lazyscribe" / "facts" / "gone" / "f.json"
    facts.parent.mkdir()
    facts.write_bytes(b"{}")
    assert kinds(made.verify()) == ["facts-without-file"]
    (tmp_path / "gone" / "f").mkdir(parents=True)
    assert kinds(made.verify()) == ["orphan"]


def test_a_root_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    """A dangling link beside the manifest keeps nobody from looking."""
    made = repository(tmp_path)
    (tmp_path / "x" / "left").write_bytes(b"?")
    (tmp_path / "link.json").symlink_to(tmp_path / "nowhere")
    assert kinds(made.verify()) == ["orphan"]


@pytest.mark.parametrize("name", ["release.lock", "second.lock.toml"])
def test_locks_of_releases_hide_nothing(name: str, tmp_path: Path) -> None:
    """A release that is locked beside a repository keeps nobody from looking for orphans."""
    models = Repository(tmp_path / "repository.json")
    models.log_artifact("a", 1, "json")
    models.save()
    lock_release(models, Release("1", [("a", 0)]), tmp_path / name)
    assert models.verify().findings == ()
    (tmp_path / "a/left.json").write_text("1")
    assert [each.kind for each in models.verify().findings] == ["orphan"]


def _that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch, end: str, error: type[OSError]) -> None:
    whole = LocalStore.open

    def refuse(self: LocalStore, key: str) -> Any:
        if key.endswith(end):
            raise error(5, "cannot be opened today", key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "open", refuse)


@pytest.mark.parametrize("error", [OSError, PermissionError])
def test_beside_a_manifest_that_cannot_be_opened_nothing_is_called_an_orphan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """One of 2.2, under a name of its own and without lock or history, may name what lies there."""
    made, other = repository(tmp_path), Repository(tmp_path / "two.json")
    other.log_artifact("x", "theirs", "json", fname="theirs.json")
    other.save()
    shutil.rmtree(tmp_path / ".lazyscribe" / "two.json.log")
    (tmp_path / ".lazyscribe" / "two.json.lock").unlink(missing_ok=True)
    (tmp_path / ".lazyscribe" / "facts" / "x" / "theirs.json.json").unlink()
    assert made.verify().findings == ()
    _that_cannot_be_opened(monkeypatch, "two.json", error)
    note = only(made.verify(), "orphans-unchecked")
    assert "two.json" in note.message
    assert "cannot be opened today" in note.message


def test_what_lies_beside_a_file_that_cannot_be_opened_is_let_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the folder of a name, too, it may be a manifest, which others' files belong to."""
    made = repository(tmp_path)
    repository(tmp_path / "x" / "inner")
    shutil.rmtree(tmp_path / "x" / "inner" / ".lazyscribe")
    assert made.verify().findings == ()
    _that_cannot_be_opened(monkeypatch, "x/inner/repository.json", PermissionError)
    assert "inner" in only(made.verify(), "orphans-unchecked").message


def test_a_note_names_some_of_many_causes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stays a sentence, however many files cannot be opened."""
    made = repository(tmp_path)
    for number in range(9):
        (tmp_path / "x" / f"{number}.closed.json").write_bytes(b"")
    _that_cannot_be_opened(monkeypatch, ".closed.json", PermissionError)
    message = only(made.verify(), "orphans-unchecked").message
    assert message.count("cannot be read") == 5
    assert "; 4 more; mend that." in message


def _packed(folder: Path) -> Path:
    (pack,) = (folder / ".lazyscribe" / "packs").rglob("*.json")
    return pack


@pytest.mark.parametrize("length", [0, 50])
@pytest.mark.parametrize("seen", [False, True])
def test_a_pack_of_facts_that_is_damaged_is_named(tmp_path: Path, length: int, seen: bool) -> None:
    """Whether this process has read it before or not; what history knows of versions is compared instead."""
    made = repository(tmp_path, versions=3, together=True)
    if seen:
        assert made.verify().findings == ()
    pack = _packed(tmp_path)
    pack.write_bytes(pack.read_bytes()[:length])
    report = made.verify()
    finding = only(report, "facts-damaged")
    assert (finding.severity, finding.path, report.ok) == ("warning", str(pack), True)
    assert "restore it" in finding.message
    assert report.counts["verified"] == 3
    (tmp_path / "x" / "2.json").write_bytes(b"999")
    assert kinds(made.verify()) == ["digest-wrong", "facts-damaged"]


def test_a_damaged_pack_of_an_experiments_facts_is_named(tmp_path: Path) -> None:
    """Of what it knew alone nothing is known any more."""
    made = Project(tmp_path / "project.json", "w+")
    with made.log("One") as experiment:
        for number in range(2):
            experiment.log_artifact(f"a{number}", number, "json", fname=f"{number}.json")
    made.save()
    _packed(tmp_path).write_bytes(b"{")
    assert kinds(made.verify()) == ["facts-damaged", "unverified", "unverified"]


def _facts_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = LocalStore.read

    def refuse(self: LocalStore, key: str) -> Any:
        if key.startswith((".lazyscribe/facts/", ".lazyscribe/packs/")):
            raise OSError(5, "Input/output error", key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "read", refuse)


@pytest.mark.parametrize("workers", [1, 3])
def test_facts_that_cannot_be_read_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    """It names them, and the other files are looked at all the same."""
    made = repository(tmp_path)
    (tmp_path / "x" / "1.json").write_bytes(b"?")
    _facts_that_cannot_be_read(monkeypatch)
    report = made.verify(workers)
    assert kinds(report) == ["file-unreadable", "file-unreadable", "digest-wrong"]
    for number, finding in enumerate(report.findings[:2]):
        assert (finding.severity, finding.record, finding.name) == ("error", number, "x")
        assert finding.path == str(tmp_path / ".lazyscribe" / "facts" / "x" / f"{number}.json.json")
        assert "Input/output error" in finding.message
    assert (report.counts["verified"], report.counts["unverified"]) == (0, 0)


def test_facts_of_the_past_that_cannot_be_read_are_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They harm no record."""
    made = repository(tmp_path)
    made.delete("x", 0, "no")
    made.delete("x", 1, "no")
    made.save()
    _facts_that_cannot_be_read(monkeypatch)
    report = made.verify()
    assert kinds(report) == ["past-file-damaged"] * 2
    assert "Input/output error" in report.findings[0].message


def test_a_pack_of_facts_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told why, so that it can be read again."""
    made = repository(tmp_path, versions=3, together=True)
    _facts_that_cannot_be_read(monkeypatch)
    assert "Input/output error" in only(made.verify(), "facts-damaged").message
