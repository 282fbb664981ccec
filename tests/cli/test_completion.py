"""What a shell completes, once ``completion --install`` has told it how; in a home of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import answer, environment, error, run

FILES = {
    "bash": [".bash_completions/lazyscribe.sh", ".bashrc"],
    "zsh": [".zfunc/_lazyscribe", ".zshrc"],
    "fish": [".config/fish/completions/lazyscribe.fish"],
}

BASH = """
set -u
source "$HOME/.bashrc"
COMP_WORDS=({words}) COMP_CWORD={place}
complete -p lazyscribe > /dev/null
$(complete -p lazyscribe | sed 's/.*-F \\([^ ]*\\).*/\\1/') lazyscribe
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a line of its owner in each file that a shell reads."""
    home = tmp_path / "home"
    home.mkdir()
    for name in (".bashrc", ".zshrc"):
        (home / name).write_text("mine=1\n")
    return home


def _in(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where `lazyscribe` is
    return {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "ZDOTDIR": str(home), "PATH": path}


@pytest.mark.parametrize("shell", FILES)
def test_installing_it_twice_changes_nothing_more_and_keeps_what_was_there(home: Path, shell: str) -> None:
    run("completion", shell, "--install", cwd=home, **_in(home))
    once = {path.relative_to(home): path.read_text() for path in home.rglob("*") if path.is_file()}
    assert set(FILES[shell]) <= {str(path) for path in once}
    assert "_LAZYSCRIBE_COMPLETE" in once[Path(FILES[shell][0])]
    told = run("completion", shell, "--install", cwd=home, **_in(home))
    assert f"{home / FILES[shell][0]} completes lazyscribe" in told
    assert {path.relative_to(home): path.read_text() for path in home.rglob("*") if path.is_file()} == once
    for name in (".bashrc", ".zshrc"):
        assert (home / name).read_text().startswith("mine=1\n")


def _completed(home: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words."""
    quoted = " ".join(f"'{word}'" for word in ("lazyscribe", *words))
    script = BASH.format(words=quoted, place=len(words))
    done = subprocess.run(
        [str(shutil.which("bash")), "--norc", "-c", script],
        cwd=home,
        env=environment(**_in(home)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_bash_really_completes_commands_and_options(home: Path) -> None:
    run("completion", "bash", "--install", cwd=home, **_in(home))
    assert _completed(home, "ver") == ["verify"]
    assert _completed(home, "re") == ["release"]
    assert _completed(home, "ls", "--wh") == ["--where"]
    assert "--trust" in _completed(home, "show", "--")
    assert len(_completed(home, "")) == 24


def test_the_scripts_of_other_shells_ask_the_command_as_they_do(home: Path) -> None:
    """Their shells are not here: what zsh's and fish's scripts call is called instead."""
    for shell, ask, offered in (
        ("zsh", {"_TYPER_COMPLETE_ARGS": "lazyscribe ver"}, "verify"),
        ("fish", {"_TYPER_COMPLETE_ARGS": "lazyscribe ver", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "verify"),
    ):
        script = answer("completion", shell, cwd=home)["script"]
        assert all(variable in script for variable in ask)
        assert f"complete_{shell}" in script
        assert offered in run(cwd=home, _LAZYSCRIBE_COMPLETE=f"complete_{shell}", **ask)


def test_a_home_that_cannot_be_written_to_is_one_line(home: Path) -> None:
    (home / ".bash_completions").write_text("a file, where a folder is wanted")
    from tests.cli.support import call

    done = call("completion", "bash", "--install", cwd=home, **_in(home))
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), done.stderr


def test_a_shell_that_is_not_known_is_refused(home: Path) -> None:
    assert "zsh" in error("completion", "tcsh", "--install", cwd=home, code=2)
