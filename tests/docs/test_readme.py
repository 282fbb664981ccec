"""The README is run: every block, in order, in an empty folder."""

import re
import textwrap
from pathlib import Path

import pytest

from tests.docs.runner import blocks, pages, run

ROOT = Path(__file__).parents[2]


def test_every_block_of_the_readme_runs_and_shows_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    checked = run(text, str(readme), {"__name__": "readme"})
    assert checked == text.count("  # -> ") >= 15


def test_no_python_block_of_the_readme_escapes_the_runner() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    fences = re.findall(r"^ *(?:```|~~~) *(\S+)", text, re.MULTILINE)
    assert set(fences) == {"python"}
    assert len(blocks(text)) == len(fences)


def test_links_between_the_pages_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages(ROOT)
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


class TestRunner:
    """What checks the README must itself be able to fail."""

    def test_a_wrong_value_is_noticed_with_its_line(self) -> None:
        page = textwrap.dedent(
            """\
            # Title

            ```python
            x = 1
            x + 1  # -> 3
            ```
            """
        )
        with pytest.raises(AssertionError, match=r"page, line 5: shown is 3, found was 2"):
            run(page, "page", {})

    def test_a_value_shown_beside_a_statement_is_refused(self) -> None:
        with pytest.raises(AssertionError, match="only a lone expression"):
            run("```python\nx = 1  # -> 1\n```\n", "page", {})

    def test_blocks_share_one_namespace(self) -> None:
        assert run("```python\nx = [1]\n```\ntext\n```python\nx.append(2)\nx  # -> [1, 2]\n```\n", "page", {}) == 1
