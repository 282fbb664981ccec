"""What differs between two versions of a folder."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Repository
from lazyscribe.artifacts.diffs.folders import differences

NAMES = st.sampled_from(["a", "b/c", "b/d", "e f.txt"])
CONTENTS = st.sampled_from([b"", b"1", b"2", b"22"])


def folder(root: Path, files: dict[str, bytes]) -> Path:
    """Make a folder of these files."""
    root.mkdir()
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_files_that_came_went_and_changed(tmp_path: Path) -> None:
    """Each file that only one version has, or that differs, stands in a line with its size, in the order of names."""
    older = folder(tmp_path / "older", {"same": b"1", "gone": b"12", "deep/longer": b"1", "deep/other": b"1"})
    newer = folder(tmp_path / "newer", {"same": b"1", "deep/longer": b"12345", "deep/other": b"2", "came/in": b""})
    repository = Repository(tmp_path / "repository.json")
    for each in (older, newer):
        repository.log_artifact("report", each, "folder")
        repository.save()
    assert repository.get_version_diff("report", (0, 1)).splitlines() == [
        "+ 'came': folder",
        "+ 'came/in': 0 bytes",
        "~ 'deep/longer': 1 bytes -> 5 bytes",
        "~ 'deep/other': 1 bytes, other content",
        "- 'gone': 2 bytes",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such permission")
def test_a_file_that_may_be_executed(tmp_path: Path) -> None:
    """That a file may be executed now is a difference, for it is kept."""
    older, newer = (folder(tmp_path / name, {"run": b"1"}) for name in ("older", "newer"))
    (newer / "run").chmod(0o755)
    assert differences(older, newer) == "~ 'run': 1 bytes -> 1 bytes, executable"


@given(st.dictionaries(NAMES, CONTENTS), st.dictionaries(NAMES, CONTENTS))
def test_nothing_is_told_only_of_equal_folders(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """The text is empty if and only if both hold the same files, and names each file that differs once."""

    with tempfile.TemporaryDirectory() as place:
        found = differences(folder(Path(place) / "older", before), folder(Path(place) / "newer", after))
    told = [line.partition(":")[0][2:].strip("'") for line in found.splitlines()]
    files = [name for name in told if name != "b"]
    assert sorted(files) == sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
