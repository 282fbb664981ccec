"""Each kind of damage, made for real on disk, is found, told and leaves `ok` false."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts.base import Artifact
from tests.verification.support import kinds, only, project, records, repository, write


def test_a_flipped_byte_is_a_wrong_digest(tmp_path: Path) -> None:
    """One byte that changed in place is found, and the finding says where and what to do."""
    made = repository(tmp_path)
    file = tmp_path / "x" / "1.json"
    file.write_bytes(b"[7]")
    report = made.verify()
    finding = only(report, "digest-wrong")
    assert not report.ok
    assert (finding.severity, finding.record, finding.name, finding.path) == ("error", 1, "x", str(file))
    assert "restore" in finding.message
    assert report.counts["verified"] == 1


def test_a_file_cut_short_or_grown_is_a_wrong_digest(tmp_path: Path) -> None:
    """Neither a file that lost its end nor one that got more passes."""
    made = repository(tmp_path)
    (tmp_path / "x" / "0.json").write_bytes(b"")
    (tmp_path / "x" / "1.json").write_bytes(b"[1]" * 500_000)
    assert kinds(made.verify()) == ["digest-wrong"] * 2


def test_damage_in_a_project_is_found_down_to_its_tests(tmp_path: Path) -> None:
    """The artifacts of experiments and those of their tests are checked alike."""
    made = project(tmp_path)
    (slug,) = (each["slug"] for each in made)
    (tmp_path / slug / "model.pkl").unlink()
    (tmp_path / slug / "adults" / "rows.json").write_bytes(b"[]")
    report = made.verify()
    assert [(each.kind, each.name, each.record) for each in report.findings] == [
        ("file-missing", "model", 0),
        ("digest-wrong", "rows", 0),
    ]


def test_a_missing_file_is_found(tmp_path: Path) -> None:
    """A record without its file is an error, its folder being there or not."""
    made = repository(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    assert only(made.verify(), "file-missing").record == 0
    (tmp_path / "x" / "1.json").unlink()
    (tmp_path / "x").rmdir()
    (tmp_path / "x").write_bytes(b"a file where the folder was")
    report = made.verify()
    assert kinds(report) == ["file-missing"] * 2
    assert report.counts["files"] == 2


def test_a_folder_in_the_place_of_a_file_cannot_be_read(tmp_path: Path) -> None:
    """What is there and is no file is told apart from what is missing."""
    made = repository(tmp_path)
    (tmp_path / "x" / "0.json").unlink()
    (tmp_path / "x" / "0.json").mkdir()
    assert only(made.verify(), "file-unreadable").record == 0


def test_an_interrupted_replacement_names_the_file_that_repairs_it(tmp_path: Path) -> None:
    """A kill between the swap and the move leaves the right bytes waiting, and the finding says where."""
    made = repository(tmp_path)
    staged = tmp_path / ".lazyscribe" / "staged" / "0123456789abcdef"
    staged.parent.mkdir()
    staged.write_bytes((tmp_path / "x" / "1.json").read_bytes())
    (tmp_path / "x" / "1.json").write_bytes(b"[old]")
    report = made.verify()
    assert kinds(report) == ["digest-wrong", "staged-file"]
    assert str(staged) in report.findings[0].message
    staged.replace(tmp_path / "x" / "1.json")
    assert made.verify().findings == ()


def test_two_records_of_one_file_are_found(tmp_path: Path) -> None:
    """As 2.2 leaves it when it logs two versions in one second; history still knows the other file."""
    made = repository(tmp_path)
    content = records(tmp_path / "repository.json")
    content[1] |= {"fname": "0.json", "created_at": content[0]["created_at"]}
    write(tmp_path / "repository.json", content)
    report = made.verify()
    assert kinds(report) == ["file-shared"]
    assert report.findings[0].record == 1
    assert "record 0" in report.findings[0].message
    assert not report.ok


def test_duplicate_numbers_of_a_name_are_found(tmp_path: Path) -> None:
    """Two versions of one number are an error, the same number of two names is none."""
    made = repository(tmp_path, versions=3)
    made.log_artifact("y", 0, "json")
    made.save()
    assert made.verify().ok
    content = records(tmp_path / "repository.json")
    content[2]["version"] = 0
    write(tmp_path / "repository.json", content)
    assert only(made.verify(), "number-duplicate").record == 2


def test_duplicate_slugs_are_a_warning(tmp_path: Path) -> None:
    """Two experiments of one slug are told, and nothing is called damaged for it."""
    made = Project(tmp_path / "project.json", mode="w+")
    for _ in range(2):
        with made.log("twin"):
            pass
    made.save()
    content = records(tmp_path / "project.json")
    content[1]["slug"] = content[0]["slug"]
    write(tmp_path / "project.json", content)
    report = made.verify()
    assert only(report, "slug-duplicate").record == 1
    assert report.ok


@pytest.mark.parametrize(
    "change",
    [
        {"fname": ...},
        {"created_at": "yesterday"},
        {"version": "1"},
        {"handler": None},
        {"fname": "../../etc/passwd"},
        {"name": "/etc"},
        {"fname": "a\0b"},
        {"fname": "\udc80"},
        {"name": ".lazyscribe"},
    ],
)
def test_a_record_that_is_not_well_formed_is_found(tmp_path: Path, change: dict[str, Any]) -> None:
    """Each wrong record is one finding, the others are still checked, and their files are no orphans."""
    made = repository(tmp_path, versions=3)
    content = records(tmp_path / "repository.json")
    content[1] = {key: value for key, value in {**content[1], **change}.items() if value is not ...}
    write(tmp_path / "repository.json", content)
    (tmp_path / "x" / "2.json").write_bytes(b"other")
    report = made.verify()
    assert [(each.kind, each.record) for each in report.findings] == [
        ("record-damaged", 1),
        ("digest-wrong", 2),
        ("orphans-unchecked", None),
    ]
    assert str(report).isprintable() or str(report).replace("\n", "").isprintable()


def test_a_damaged_experiment_is_found(tmp_path: Path) -> None:
    """A test without metrics, an artifact that is no object, a slug that escapes."""
    made = project(tmp_path)
    whole = records(tmp_path / "project.json")[0]
    write(
        tmp_path / "project.json",
        [{**whole, "tests": [{"name": "t"}]}, {**whole, "artifacts": [1]}, {**whole, "slug": "../up"}],
    )
    report = made.verify()
    assert [(each.kind, each.record) for each in report.findings[:3]] == [("record-damaged", n) for n in range(3)]


@pytest.mark.parametrize("content", [b"", b"[", b"\xff\xfe", b"{}", b"[1, 2]", b"null", b"[" * 100_000])
def test_a_damaged_manifest_is_a_finding_and_no_exception(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the place of the list, a report comes back, and the files are no orphans."""
    made = repository(tmp_path)
    (tmp_path / "repository.json").write_bytes(content)
    report = made.verify()
    assert kinds(report) == ["manifest-damaged", "orphans-unchecked"]
    assert not report.ok


def test_a_folder_in_the_place_of_the_manifest_is_a_finding(tmp_path: Path) -> None:
    """A manifest that cannot be read is told apart from a damaged one."""
    made = repository(tmp_path)
    (tmp_path / "repository.json").unlink()
    (tmp_path / "repository.json").mkdir()
    assert kinds(made.verify())[0] == "manifest-unreadable"


def test_a_manifest_that_is_gone_is_an_error_and_one_that_never_was_is_none(tmp_path: Path) -> None:
    """Only what was there can be lost."""
    unsaved = Repository(tmp_path / "repository.json")
    unsaved.log_artifact("x", 1, "json")
    report = unsaved.verify()
    assert only(report, "manifest-missing").severity == "note"
    assert report.ok
    unsaved.save()
    (tmp_path / "repository.json").unlink()
    report = unsaved.verify()
    assert report.findings[0].kind == "manifest-missing"
    assert not report.ok


def test_a_handler_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    """The bytes are checked all the same, and nothing on disk is called damaged."""
    made = repository(tmp_path)
    content = records(tmp_path / "repository.json")
    content[0]["handler"] = "no-such-handler"
    write(tmp_path / "repository.json", content)
    report = made.verify()
    assert kinds(report) == ["handler-missing", "unverified"]
    assert "no-such-handler" in report.findings[0].message
    assert report.ok


def test_a_handler_that_refuses_a_record_is_told(tmp_path: Path) -> None:
    """A handler that is installed but cannot construct what the record says is not available either."""

    class Picky(Artifact):
        alias, suffix, binary, output_only = "picky-verify", "txt", False, False

        @classmethod
        def construct(cls, name: str, needed: str = "", **more: Any) -> "Picky":
            if "forbidden" in more:
                raise RuntimeError("not with this")
            return super().construct(name, **more)

        @classmethod
        def read(cls, buf: Any, **kwargs: Any) -> Any:
            return buf.read()

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            buf.write(obj)

    made = Repository(tmp_path / "repository.json")
    made.log_artifact("x", "text", "picky-verify")
    made.log_artifact("x", "text", "picky-verify")
    made.save()
    assert made.verify().findings == ()
    content = records(tmp_path / "repository.json")
    content[1]["forbidden"] = True
    write(tmp_path / "repository.json", content)
    finding = only(made.verify(), "handler-missing")
    assert finding.record == 1
    assert "not with this" in finding.message
