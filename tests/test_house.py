"""The rules of the house that no tool checks."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import lazyscribe

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PINS = sorted(ROOT.glob("constraints*.txt"))
NOTES = sorted((ROOT / "docs" / "design").glob("*.md"))

FILE_LINES = 400
FUNCTION_LINES = 40


def _functions(path: Path) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))


def _length(function: ast.FunctionDef) -> int:
    """Lines of a function's body, from the first statement that is not its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_source_file_has_400_lines() -> None:
    assert {
        path.name: lines for path in SOURCES if (lines := len(path.read_text("utf-8").splitlines())) >= FILE_LINES
    } == {}


def test_no_function_has_40_lines() -> None:
    assert {
        f"{path.name}:{function.name}": _length(function)
        for path in SOURCES
        for function in _functions(path)
        if _length(function) >= FUNCTION_LINES
    } == {}


def test_the_library_needs_five_packages_and_no_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[<>=!~ ]", requirement)[0] for requirement in project["dependencies"]}
    assert names == {"attrs", "fsspec", "python-slugify", "msgspec", "filelock"}


def test_the_version_is_the_one_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == lazyscribe.__version__
    assert f"## [{lazyscribe.__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_are_names_and_numbers_without_an_index_address_or_a_path(path: Path) -> None:
    comment, *pins = path.read_text("utf-8").splitlines()
    assert comment.startswith("#")
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin)] == []


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.name)
def test_every_design_note_has_a_number_and_the_five_headings(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.name[:4]} ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Problem", "Design", "Alternatives", "Caveats", "Tests"]


def test_design_notes_are_numbered_without_gaps() -> None:
    assert [path.name[:4] for path in NOTES] == [f"{number:04d}" for number in range(1, len(NOTES) + 1)]


def test_every_rule_that_is_switched_off_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    ruff = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.mccabe]")]
    off = re.findall(r'^    "[A-Z]+[0-9]*".*$', ruff[ruff.index("ignore = [") :], re.MULTILINE)
    assert len(off) > 10
    assert [line for line in off if "#" not in line] == []
