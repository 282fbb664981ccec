"""The command: what it finds by itself, and the codes it ends with."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.store.local import LocalStore
from lazyscribe.verify import main
from tests.verification.support import project, records, repository, write


def _run(*arguments: Any, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "lazyscribe.verify", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A folder with a project and a repository, both sound."""
    project(tmp_path)
    repository(tmp_path)
    return tmp_path


def test_a_folder_has_both_checked(both: Path) -> None:
    """The project comes first, and two sound ones end with 0."""
    done = _run(".", cwd=both)
    assert (done.returncode, done.stderr) == (0, "")
    heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [head.partition(" ")[0] for head in heads] == ["project", "repository"]
    assert all(head.endswith(": sound") for head in heads)


def test_damage_ends_with_4(both: Path) -> None:
    """One damaged file is enough, in the folder or by the file's own name; the other one stays sound."""
    (both / "x" / "0.json").write_bytes(b"other")
    assert _run(both).returncode == 4
    done = _run(both / "repository.json", "--workers", 2)
    assert done.returncode == 4
    assert "digest-wrong" in done.stdout
    assert _run(both / "project.json").returncode == 0


def test_the_json_is_as_documented(both: Path) -> None:
    """One object with a version, a verdict and the reports."""
    (both / "x" / "0.json").unlink()
    done = _run(both, "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 4
    assert list(data) == ["schema", "ok", "reports"]
    assert (data["schema"], data["ok"]) == (1, False)
    assert [(each["kind"], each["ok"]) for each in data["reports"]] == [("project", True), ("repository", False)]
    assert [each["kind"] for each in data["reports"][1]["findings"]] == ["file-missing"]
    assert json.loads(_run(both / "project.json", "--json").stdout)["ok"] is True


def test_warnings_and_notes_do_not_change_the_code(both: Path) -> None:
    """An orphan is told, and all is sound."""
    (both / "x" / "left").write_bytes(b"")
    done = _run(both)
    assert done.returncode == 0
    assert "orphan" in done.stdout


@pytest.mark.parametrize("path", ["nothing.json", "no/such/folder", "empty"])
def test_what_is_not_there_ends_with_1(tmp_path: Path, path: str) -> None:
    """Neither a missing file nor a folder without either file is sound or damaged."""
    (tmp_path / "empty").mkdir()
    done = _run(tmp_path / path)
    assert (done.returncode, done.stdout) == (1, "")
    assert path in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [(), ("a", "b"), (".", "--workers", "0"), (".", "--workers", "many"), (".", "--what"), ("",), ("nosuch://x",)],
)
def test_wrong_use_ends_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The reason is told on the error stream, and nothing else."""
    done = _run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ['{"a": 1}', "[1, 2]", '[{"tag": "1.0", "artifacts": []}]', "import this", ""])
def test_a_file_of_another_kind_is_wrong_use(tmp_path: Path, content: str) -> None:
    """What never was a project or a repository is not called a damaged one."""
    (tmp_path / "other.json").write_text(content)
    assert _run(tmp_path / "other.json").returncode == 2


@pytest.mark.parametrize("made", [project, repository])
def test_the_kind_is_found_out_whatever_the_name(tmp_path: Path, made: Any) -> None:
    """The records tell, and what is left of them where the file was cut short."""
    kind = made.__name__
    made(tmp_path)
    file = tmp_path / f"{kind}.json"
    for name in ("data.bin", "pröject.txt"):
        file = file.rename(tmp_path / name)
        done = _run(file, "--json")
        assert (done.returncode, json.loads(done.stdout)["reports"][0]["kind"]) == (0, kind)
    file.write_bytes(file.read_bytes()[:-20])
    done = _run(file, "--json")
    assert (done.returncode, json.loads(done.stdout)["reports"][0]["kind"]) == (4, kind)


@pytest.mark.parametrize("name", ["project.json", "repository.json"])
@pytest.mark.parametrize("content", ["", "nonsense", "[1]", "{}"])
def test_nonsense_under_our_names_is_damage(tmp_path: Path, name: str, content: str) -> None:
    """A file that is named like ours is taken for one."""
    (tmp_path / name).write_text(content)
    done = _run(tmp_path)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_urls_are_checked(both: Path) -> None:
    """A path with a protocol works for a file and for a folder."""
    assert _run(f"file://{both}/project.json").returncode == 0
    assert _run(f"file://{both}").returncode == 0
    assert _run("memory://nothing").returncode == 1


def test_hostile_names_are_shown_harmlessly(both: Path) -> None:
    """Line ends, terminal codes and halves of characters come out as escapes."""
    content = records(both / "repository.json")
    content[0] |= {"name": "a\nrepository evil: sound\x1b[2J\udc80"}
    content[1] |= {"name": "x\u202e", "version": 0}
    write(both / "repository.json", content)
    done = _run(both / "repository.json")
    assert done.returncode == 4
    assert not [each for each in done.stdout if not each.isprintable() and each != "\n"]
    assert not [line for line in done.stdout.splitlines() if line.startswith("repository evil")]
    json.loads(_run(both / "repository.json", "--json").stdout)


def test_a_name_that_is_not_unicode_is_shown(both: Path) -> None:
    """A file whose name is no UTF-8 is an orphan like any other."""
    try:
        (both / "x" / os.fsdecode(b"\xff.json")).write_bytes(b"?")
    except OSError:
        return  # this file system cannot hold it
    done = _run(both / "repository.json")
    assert done.returncode == 0
    assert "orphan" in done.stdout
    assert _run(both / "repository.json", "--json").returncode == 0


def test_importing_lazyscribe_does_not_import_the_check() -> None:
    """Whoever does not check pays nothing for it."""
    program = "import sys; from lazyscribe import Project, Repository; print([n for n in sys.modules if 'verif' in n])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_can_be_called(both: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the process does, `main` does, with the codes as its answers."""
    (both / "truncated").write_bytes((both / "repository.json").read_bytes()[:-9])
    (both / "empty.txt").write_bytes(b"[]")
    (both / "slugs").write_text('[{"slug": "x"}]')
    answers = {
        str(both): 0,
        f"{both}/": 0,
        str(both / "project.json"): 0,
        str(both / "empty.txt"): 0,
        str(both / "truncated"): 4,
        str(both / "slugs"): 4,
        str(both / "x" / "0.json"): 2,
        str(both / "x"): 1,
        str(both / "x" / ".."): 0,
        "": 2,
        "nosuch://x": 2,
    }
    assert {path: main([path, "--workers", "1"]) for path in answers} == answers
    capsys.readouterr()
    assert main([str(both), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_file_that_cannot_be_read_ends_with_1(
    both: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is neither sound nor damaged as far as anybody knows, and the reason is told."""
    whole = LocalStore.read

    def refuse(self: LocalStore, key: str) -> Any:
        if key == "repository.json":
            raise PermissionError(13, "Permission denied", key)
        return whole(self, key)

    monkeypatch.setattr(LocalStore, "read", refuse)
    assert main([str(both)]) == main([str(both / "repository.json")]) == 1
    assert capsys.readouterr().err.count("Permission denied") == 2
