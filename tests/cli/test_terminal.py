"""On a terminal: colours, folded tables, questions, pages."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from lazyscribe import Repository
from tests.cli.support import COMMAND, call, environment, make
from tests.cli.test_bad_input import HOSTILE


@contextmanager
def _terminal(
    *arguments: str, cwd: Path, size: tuple[int, int] = (50, 100), command: Sequence[str] = COMMAND, **more: str
) -> Iterator[Any]:  # fmt: skip
    given = environment(**{"TERM": "xterm", **more})
    child = pexpect.spawn(
        command[0], [*command[1:], *arguments], cwd=str(cwd), env=given, dimensions=size, timeout=60, encoding="utf-8"
    )
    try:
        yield child
    finally:
        child.close(force=True)


def _shown(*arguments: str, cwd: Path, **more: Any) -> str:
    with _terminal(*arguments, cwd=cwd, **more) as child:
        child.expect(pexpect.EOF)
        found: str = child.before
    return found


def _bare(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")


def test_a_table_is_coloured_and_as_wide_as_the_terminal(here: Path) -> None:
    text = _shown("ls", "project.json", cwd=here)
    assert "\x1b[1m" in text
    assert "age" in text
    assert max(map(len, _bare(text).splitlines())) <= 100
    assert "\t" not in text
    for width in (20, 40, 80):
        narrow = _bare(_shown("ls", "project.json", cwd=here, size=(200, width)))
        assert max(map(len, narrow.splitlines())) <= width


def test_where_columns_would_be_too_narrow_to_be_read_each_row_is_a_block(here: Path) -> None:
    blocks = _bare(_shown("ls", "project.json", cwd=here, size=(200, 40))).strip().split("\n\n")
    assert len(blocks) == 3
    assert blocks[0].split("\n")[:3] == [
        "slug       ridge-20250120120000",
        "name       ridge",
        blocks[0].split("\n")[2],
    ]
    assert re.fullmatch(r"created    2025-01-20 14:00:00\+02:00", blocks[0].split("\n")[2])
    wide = _bare(_shown("ls", "project.json", cwd=here, size=(200, 100)))
    assert len(re.findall(r"^slug +name +created", wide, re.M)) == 1


@pytest.mark.parametrize("arguments", [("tree",), ("show", "model@0"), ("show", "ridge")])
def test_who_watches_sees_ages(here: Path, arguments: tuple[str, ...]) -> None:
    assert re.search(r"2025-01-20 14:00:00\+02:00 \(\d+ (y|mo)\)", _bare(_shown(*arguments, cwd=here)))


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_switched_off(here: Path, more: dict[str, str]) -> None:
    assert "\x1b[" not in _shown("ls", cwd=here, **more)


def test_a_diff_is_coloured_by_its_signs(here: Path) -> None:
    text = _shown("diff", "model", "0", "1", cwd=here)
    assert '\x1b[31m-    "value": 0,\x1b[0m' in text
    assert '\x1b[32m+    "value": 1,\x1b[0m' in text


@pytest.mark.parametrize(("reply", "code", "expired"), [("y", 0, True), ("n", 1, False), ("", 1, False)])
def test_a_change_is_shown_and_asked_about(here: Path, reply: str, code: int, expired: bool) -> None:
    with _terminal("expire", "model@0", cwd=here) as child:
        child.expect("version 0 of model: expiry none -> ")
        child.expect_exact("[y/N] ")
        child.sendline(reply)
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code
    assert (Repository(here / "repository.json", mode="r").artifacts[0].expiry is not None) is expired


def test_a_question_that_is_interrupted_changes_nothing(here: Path) -> None:
    with _terminal("expire", "model@0", cwd=here) as child:
        child.expect_exact("[y/N] ")
        child.sendintr()
        child.expect("Interrupted")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 130
    assert Repository(here / "repository.json", mode="r").artifacts[0].expiry is None


def test_long_output_goes_through_the_pager_and_short_does_not(here: Path) -> None:
    assert "PAGED" not in _shown("ls", cwd=here, PAGER="sed s/^/PAGED/")
    text = _shown("ls", cwd=here, size=(5, 100), PAGER="sed s/^/PAGED/")
    assert text.count("PAGED") > 5
    assert "forest" in _shown("ls", cwd=here, size=(5, 100), PAGER="no-such-pager")


def test_a_hostile_name_moves_no_cursor_and_is_no_markup(here: Path) -> None:
    content = json.loads((here / "project.json").read_text())
    content[0]["name"] = HOSTILE
    (here / "project.json").write_text(json.dumps(content))
    text = _shown("ls", "project.json", cwd=here, size=(50, 300))
    assert r"a\nb\x1b[31m[red]\t\u202e[/red]\x07" in text
    assert "\x1b[31m" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


PATIENT = [
    COMMAND[0],
    "-c",
    "import sys, lazyscribe.cli.console as console\n"
    "console.DELAY = -1\n"
    "from lazyscribe.cli.launcher import main\n"
    "sys.exit(main())",
]
"""The command, for which all work is long enough for a bar."""

LONG = [("verify", "."), ("copy", ".", "copy/"), ("merge", "other/project.json", "--yes")]


@pytest.fixture
def other(here: Path) -> Path:
    """The folder with something to be merged into it, and a name that moves the cursor."""
    (here / "other").mkdir()
    make(here / "other")
    content = json.loads((here / "project.json").read_text())
    (here / "project.json").write_text(json.dumps(content[:1], indent=4, sort_keys=True))
    return here


@pytest.mark.parametrize("arguments", LONG)
def test_long_work_shows_a_bar_that_goes_away(other: Path, arguments: tuple[str, ...]) -> None:
    text = _shown(*arguments, cwd=other, command=PATIENT, TERM="dumb", size=(50, 60))
    verb = "checking" if arguments[0] == "verify" else "copying"
    assert re.search(rf"\r{verb} \S+ \[#+\.*\] +\d+ % of [\d.]+ [KMGi]*B", text)
    assert "\x1b" not in text
    lines = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    assert [line for line in lines if "[#" in line] == []  # each was wiped out by what came after it
    assert max(len(part.rstrip()) for part in re.findall(r"\r([^\r\n]*\[#[^\r\n]*)", text)) < 60


@pytest.mark.parametrize("arguments", LONG)
def test_no_bar_where_nobody_watches_or_with_json_on_a_terminal(other: Path, arguments: tuple[str, ...]) -> None:
    done = call(*arguments, cwd=other, command=PATIENT)
    assert done.returncode == 0
    assert b"%" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr
    assert " % of " not in _shown(*arguments, "--json", cwd=other, command=PATIENT)


@pytest.mark.parametrize("width", [8, 20, 40, 200])
def test_a_bar_fits_into_its_terminal(width: int) -> None:
    from lazyscribe.cli.console import drawn

    for name in ("copying a", "copying " + "b" * 300):
        lines = [drawn(name, done, 1 << 30, width) for done in (0, 1 << 29, 1 << 30)]
        assert max(map(len, lines)) <= width
        assert width < 40 or [line.count("#") > 0 for line in lines] == [False, True, True]
        assert width < 40 or "100 % of 1.0 GiB" in lines[-1]
    assert "100 %" in drawn("nothing", 0, 0, 80)
