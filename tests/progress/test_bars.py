"""A bar shows what takes more than two seconds, where somebody sees it, and nowhere else."""

import subprocess
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository, progress
from tests.progress.slow import SlowArtifact

pexpect = pytest.importorskip("pexpect") if sys.platform == "win32" else __import__("pexpect")

PROGRAM = [sys.executable, "-W", "error", str(Path(__file__).with_name("slow.py"))]
DONE = "saved 20971520 with "


def in_terminal(*arguments: str) -> str:
    """Return what the program writes into a terminal."""
    child = pexpect.spawn(PROGRAM[0], [*PROGRAM[1:], *arguments], encoding="utf-8", timeout=60, dimensions=(24, 100))
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    return str(child.before)


def test_a_slow_save_shows_a_bar_in_a_terminal(tmp_path: Path) -> None:
    """It names what is being saved, moves, knows the size, counts from the beginning, and is gone in the end."""
    shown = in_terminal(str(tmp_path), "3.2", "default")
    frames = [each for each in shown.split("\r") if "saving" in each]
    assert len(frames) >= 4
    assert all("saving repository.json: " in each for each in frames)
    assert "/20.0M [00:02<" in frames[0]
    assert " 0%" not in frames[0]
    shares = [int(each.partition("%")[0].split()[-1]) for each in frames if "%" in each]
    assert shares == sorted(set(shares))
    rest = shown.replace("\r\n", "\n").split("\r")[-2:]
    assert (rest[0].strip(), rest[1]) == ("", DONE + "['tqdm']\n")


def test_a_quick_save_shows_none_and_imports_nothing(tmp_path: Path) -> None:
    assert in_terminal(str(tmp_path), "0.2", "default").strip() == DONE + "[]"


def test_without_tqdm_there_is_no_bar(tmp_path: Path) -> None:
    assert in_terminal(str(tmp_path), "2.6", "default", "tqdm").strip() == DONE + "[]"


@pytest.mark.parametrize("wanted", ["off", "own"])
def test_there_is_no_bar_where_it_is_off_or_a_callback_is_told(tmp_path: Path, wanted: str) -> None:
    assert in_terminal(str(tmp_path), "2.6", wanted).strip() == DONE + "[]"


def test_what_is_piped_stays_clean(tmp_path: Path) -> None:
    """Where standard error is no terminal nothing is written to it, and tqdm is not imported."""
    command = [*PROGRAM, str(tmp_path), "2.6", "default"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == (DONE + "[]\n", "")


# In this process, with a terminal that is none


class Terminal:
    """What takes a bar and keeps it."""

    encoding = "utf-8"

    def __init__(self, breaks: bool = False) -> None:
        self.written: list[str] = []
        self._breaks = breaks

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._breaks:
            raise OSError("the terminal is gone")
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        pass


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show bars after a hundredth of a second."""
    monkeypatch.setattr(progress, "DELAY", 0.01)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.setattr(SlowArtifact, "pause", 0.003)


def save_and_load(folder: Path) -> Any:
    """Save slowly, and load."""
    repository = Repository(folder / "repository.json")
    repository.log_artifact("weights", b"x" * 2000, handler="slow")
    repository.save()
    return repository.load_artifact("weights")


@pytest.mark.usefixtures("soon")
def test_a_terminal_that_breaks_ends_no_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal(breaks=True))
    assert save_and_load(tmp_path) == b"x" * 2000


@pytest.mark.usefixtures("soon")
def test_a_bar_leaves_no_thread_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What forks afterwards would be warned of it."""
    import threading

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    before = set(threading.enumerate())
    save_and_load(tmp_path)
    assert "saving" in "".join(terminal.written)
    assert set(threading.enumerate()) == before


@pytest.mark.usefixtures("soon")
def test_tqdms_own_switch_is_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``TQDM_DISABLE`` in the environment takes all bars of tqdm away; tqdm reads it as it is imported."""
    import tqdm.std

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    made: list[bool] = []

    class Disabled(tqdm.std.tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            made.append(self.disable)

    monkeypatch.setattr(tqdm.std, "tqdm", Disabled)
    assert save_and_load(tmp_path) == b"x" * 2000
    assert set(made) == {True}
    assert terminal.written == []


@pytest.mark.usefixtures("soon")
def test_nothing_is_shown_where_there_is_no_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program without a console has no standard error; another may have closed it."""
    import io

    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        assert save_and_load(tmp_path) == b"x" * 2000


def notebook(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]) -> None:
    """Let it look as if this process were run by IPython with this configuration."""
    module = types.ModuleType("IPython")
    shell = types.SimpleNamespace(config=config)
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", module)


@pytest.mark.usefixtures("soon")
def test_a_notebook_without_widgets_has_a_line_of_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kernel's standard error is no terminal, and shows a bar all the same; a plain IPython's is as of any other."""
    notebook(monkeypatch, {})
    save_and_load(tmp_path / "plain")
    assert capsys.readouterr().err == ""
    notebook(monkeypatch, {"IPKernelApp": {}})
    save_and_load(tmp_path / "kernel")
    assert "saving" in capsys.readouterr().err


@pytest.mark.usefixtures("soon")
def test_a_notebook_with_widgets_has_tqdms_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar for notebooks is asked for, told where it stands, and closed."""
    import tqdm.std

    made: list[Any] = []

    class Widget(tqdm.std.tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, file=Terminal(), **kwargs)
            made.append(self)

    module = types.ModuleType("tqdm.notebook")
    module.tqdm = Widget  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.notebook", module)
    widgets = types.ModuleType("ipywidgets")
    widgets.__spec__ = ModuleSpec("ipywidgets", None)
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    notebook(monkeypatch, {"IPKernelApp": {}})
    save_and_load(tmp_path)
    assert len(made) >= 1
    assert (made[0].n, made[0].total) == (2000, 2000)
    assert made[0].disable  # as tqdm marks what is closed


@pytest.mark.usefixtures("soon")
def test_a_total_that_grows_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar whose end moves keeps its place and its beginning; where none is known it shows what is done."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = progress._Bar("copying")
    bar(100, 100)
    assert "100B" in terminal.written[-1]
    assert "%" not in terminal.written[-1]
    bar(100, 1000)
    bar(500, 2000)
    assert " 25%" in "".join(terminal.written[-3:])
    bar.close()
