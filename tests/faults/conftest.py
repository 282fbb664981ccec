"""Where temporary files lie while faults are tried."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def another_disk(folder: Path) -> Path:
    """Return a writable folder that lies on another file system than `folder`; without one the test fails."""
    for place in ("/dev/shm", "/run", "/var/tmp", "/tmp", Path.home()):
        found = Path(place)
        if found.is_dir() and os.access(found, os.W_OK) and found.stat().st_dev != folder.stat().st_dev:
            return found
    pytest.fail(f"no writable folder was found on another file system than {folder}", pytrace=False)


@pytest.fixture(params=["same", "another"])
def temporary_folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let temporary files lie in a new folder on the same file system as `tmp_path`, or on another."""
    place = tmp_path if request.param == "same" else another_disk(tmp_path)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        assert (Path(folder).stat().st_dev == tmp_path.stat().st_dev) is (request.param == "same")
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
