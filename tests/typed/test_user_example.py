"""The program that mypy checks also runs."""

from pathlib import Path

import pytest

import lazyscribe
from tests.typed import user_example


def test_the_typed_program_finds_what_it_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lazyscribe.registry.registry.projects", {})
    assert user_example.main(tmp_path) == [
        lazyscribe.__version__,
        *["Model", "ReadOnlyError", "age", "height", "0.7", "True", "True"],
        *["{'limit': 0.6}", "{'limit': 0.5}", "{'limit': 0.6}", "{'limit': 0.6}"],
        *["VersionNotFoundError", "False", '+    "limit": 0.6'],
        *["1.0", "{'limit': 0.6}", "{'limit': 0.5}", "True"],
    ]


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(lazyscribe.__file__).parent / "py.typed").exists()
