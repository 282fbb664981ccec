"""On a terminal: colours, folded tables, questions, pages."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

from lazyscribe import Repository
from tests.cli.support import COMMAND, environment
from tests.cli.test_bad_input import HOSTILE


@contextmanager
def _terminal(*arguments: str, cwd: Path, size: tuple[int, int] = (50, 100), **more: str) -> Iterator[Any]:
    given = environment(**{"TERM": "xterm", **more})
    child = pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], *arguments], cwd=str(cwd), env=given, dimensions=size, timeout=60, encoding="utf-8"
    )
    try:
        yield child
    finally:
        child.close(force=True)


def _shown(*arguments: str, cwd: Path, size: tuple[int, int] = (50, 100), **more: str) -> str:
    with _terminal(*arguments, cwd=cwd, size=size, **more) as child:
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
    narrow = _bare(_shown("ls", "project.json", cwd=here, size=(200, 40)))
    assert max(map(len, narrow.splitlines())) <= 40


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
