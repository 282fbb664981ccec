"""Wrong use, missing, empty and damaged files, hostile names, artifacts that run code, interruptions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import COMMAND, answer, call, check, environment, error, make, run

HOSTILE = "a\nb\x1b[31m[red]\t\u202e[/red]\x07"
"""A line end, a colour, what rich takes for markup, a tab, a change of direction, a bell."""


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense"], 2, "No such command 'nonsense'; see: lazyscribe --help"),
        (["explian", "model"], 2, "did you mean 'explain'?"),
        (["ls", "--nonsense"], 2, "lazyscribe ls --help"),
        (["ls", "--top", "many"], 2, "lazyscribe ls --help"),
        (["show"], 2, "lazyscribe show --help"),
        (["ls", "--where"], 2, "lazyscribe ls --help"),
        (["ls", "--where", "metrics.r2 >"], 2, "column 13"),
        (["ls", "--sort", "metric.r2"], 2, "did you mean 'metrics'"),
        (["ls", "--since", "yesterday"], 2, "no"),
        (["ls", "--by", "metrics.r2"], 2, "--top"),
        (["ls", "-o", "nonsense"], 2, "KEY=VALUE"),
        (["show", "model", "--value", "-o", "trust=all"], 2, "'trust' is no option of a file system"),
        (["copy", ".", "x", "--to-option", "mode=w"], 2, "'mode' is no option of a file system"),
        (["ls", "nosuch://place"], 2, "nosuch"),
        (["compare"], 2, "--where"),
        (["compare", "ridge", "--best", "r2"], 2, "auc:max"),
        (["get", "model@0", "--version", "1"], 2, "leave it out"),
        (["rm", "model", "--reason", "x", "--yes"], 2, "model@3"),
        (["completion", "csh"], 2, "bash"),
        (["copy", ".", "x.json"], 2, "give a folder"),
        (["merge", "."], 2, "the one that is to be merged"),
        (["get", "model", "--as-of", "yesterday"], 2, "'yesterday' is no date"),
        (["expire", "model@0", "--on", "tomorrow", "--yes"], 2, "'tomorrow' is no date"),
        (["copy", ".", "x", "--since", "tomorrow"], 2, "'tomorrow' is no date"),
        (["at", "--known", "never"], 2, "'never' is no date"),
        (["rm", "rigde", "--reason", "x", "--yes"], 1, "slug 'rigde'"),
        (["rm", "modle", "--reason", "x", "--yes"], 1, "no artifact 'modle'; it has: 'model'"),
        (["show", "rigde"], 1, "it has: 'ridge', 'lasso', 'forest'. repository.json has no artifact 'rigde'"),
        (["git-merge-driver", "a", "b", "c"], 1, "a cannot be used (No such file or directory)"),
        (["ls", "nowhere"], 1, "no project or repository"),
        (["show", "nothing"], 1, "nothing"),
        (["get", "nothing"], 1, "model"),
        (["get", "model@7"], 1, "numbered 7"),
        (["get", "model@nowhere"], 1, "@nowhere"),
        (["put", "nothing.txt"], 1, "no file"),
        (["compare", "nothing", "ridge"], 1, "slug"),
        (["git-install"], 1, "clone"),
        (["get", "model", "--to", "s3://bucket/model"], 2, "s3://bucket/model is a URL, and --to takes a path"),
        (["copy", ".", "s3:/bucket/"], 2, "give the URL as text: 's3://bucket/"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(here: Path, arguments: list[str], code: int, says: str) -> None:
    assert says in error(*arguments, cwd=here, code=code)


@pytest.mark.parametrize("command", ["show", "get", "explain"])
def test_a_place_that_is_given_as_a_name_is_known_for_one(here: Path, tmp_path: Path, command: str) -> None:
    """Where there is nothing to look in, a URL or a path in the place of a name is told to go behind --in."""
    (tmp_path / "empty").mkdir()
    for name in ("s3://bucket/repository.json", "../here", "../here/repository.json"):
        said = error(command, name, cwd=tmp_path / "empty", code=1)
        assert said.startswith("There is no project or repository to be read at .; if "), said
        assert f"if {name} is one" in said
        assert "--in" in said
    for name in ("model", "model@3"):
        assert "--in" not in error(command, name, cwd=tmp_path / "empty", code=1)


@pytest.mark.parametrize("path", ["s3://bucket/folder", "s3://bucket/folder/", "s3://bucket/repository.json"])
@pytest.mark.parametrize("command", [["ls"], ["verify"], ["doctor"], ["copy", "x/"], ["show", "model"]])
def test_what_is_wrong_with_the_way_to_a_place_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], path: str
) -> None:
    """Options that cannot be used are told as they are, by all commands, and not as a place where nothing is."""
    arguments = [*command, "--in", path] if command[0] == "show" else [command[0], path, *command[1:]]
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    done = call(*arguments, cwd=tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    line = done.stderr.decode()
    assert (done.returncode, line.count("\n")) == (2, 1), line
    assert line.startswith("The options for s3://bucket cannot be used (there is a key without its secret); "), line


def test_errors_are_json_too(here: Path) -> None:
    told = answer("get", "model@7", cwd=here, code=1)
    assert (told["command"], told["error"]["code"], told["error"]["kind"]) == ("get", 1, "version-not-found")
    told = answer("ls", "--nonsense", cwd=here, code=2)
    assert (told["command"], told["error"]["kind"]) == ("ls", "wrong-use")


def test_a_traceback_comes_only_with_debug(here: Path) -> None:
    done = call("get", "model@7", "--debug", cwd=here)
    assert done.returncode == 1
    assert b"Traceback" in done.stderr


@pytest.mark.parametrize("content", ["", "[", '[{"a": 1}]'])
def test_a_damaged_file_ends_with_4_and_says_which(tmp_path: Path, content: str) -> None:
    (tmp_path / "repository.json").write_text(content)
    assert "repository.json" in error("ls", cwd=tmp_path, code=4)
    run("verify", cwd=tmp_path, code=4)


def test_every_reader_tells_of_damage(tmp_path: Path) -> None:
    (tmp_path / "repository.json").write_text("nonsense")
    (tmp_path / "project.json").write_text("[]")
    for arguments in (["tree"], ["show", "model"], ["get", "model"], ["history"]):
        assert "repository.json" in error(*arguments, cwd=tmp_path, code=4)
    assert "not there" in error_of_missing_file(tmp_path)


def error_of_missing_file(folder: Path) -> str:
    """Return what is said of a version whose file is gone."""
    make(folder)
    for file in (folder / "model").iterdir():
        file.unlink()
    return error("get", "model", "--to", "x", cwd=folder, code=4)


def test_an_empty_project_and_repository_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "project.json").write_text("[]")
    (tmp_path / "repository.json").write_text("[]")
    assert run("ls", cwd=tmp_path).count("\n") == 5
    assert answer("ls", cwd=tmp_path)["documents"][0]["experiments"] == []
    assert run("tree", cwd=tmp_path) == "project.json\nrepository.json\n"
    assert run("ls", "--where", "metrics.auc > 1", "project.json", cwd=tmp_path).count("\n") == 1
    assert run("history", cwd=tmp_path) == "no history\n"


def test_history_of_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    make(tmp_path)
    assert "'repository.json'" in error("history", "repository.json", cwd=tmp_path, code=1)
    assert run("history", "model", cwd=tmp_path)


def _printable(text: str) -> bool:
    return all(each.isprintable() or each in "\n\t" for each in text)


def test_a_hostile_name_is_shown_harmlessly_everywhere(tmp_path: Path) -> None:
    make(tmp_path)
    for file, keys in (("repository.json", ["name"]), ("project.json", ["name", "author"])):
        content = json.loads((tmp_path / file).read_text())
        content[0] |= dict.fromkeys(keys, HOSTILE)
        if file == "project.json":
            content[0]["metrics"] = {HOSTILE: 1}
            content[0]["tags"] = [HOSTILE]
            content[0]["tests"][0]["name"] = HOSTILE
        (tmp_path / file).write_text(json.dumps(content))
    for arguments in (["ls"], ["tree"], ["show", "ridge"], ["show", f"{HOSTILE}@0"], ["compare", "ridge", "lasso"]):
        text = run(*arguments, cwd=tmp_path)
        assert _printable(text)
        assert r"a\nb\x1b[31m[red]\t\u202e[/red]\x07" in text
    assert _printable(error("get", HOSTILE + "x", cwd=tmp_path, code=1))
    told = answer("ls", cwd=tmp_path)
    assert told["documents"][0]["experiments"][0]["name"] == HOSTILE


def test_an_interrupted_command_says_so_and_leaves_things_as_they_were(here: Path) -> None:
    """A pipe that nobody writes to stands for a slow disk: `put` waits for it until it is interrupted."""
    before = sorted(path.relative_to(here) for path in here.rglob("*"))
    program = (
        "import os, signal, sys, threading\n"
        "from lazyscribe.repository import Repository\n"
        "def save(self, *a, **k):\n"
        "    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "    threading.Event().wait(20)\n"
        "Repository.save = save\n"
        "from lazyscribe.cli.launcher import main\n"
        "sys.argv[1:] = ['put', 'project.json', '--json']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, timeout=60, check=False, env=environment()
    )
    assert done.returncode == 130
    assert done.stderr.count(b"\n") == 1
    check(json.loads(done.stdout))
    assert sorted(path.relative_to(here) for path in here.rglob("*")) == before


def test_who_reads_no_further_is_no_error(here: Path) -> None:
    make_many = json.loads((here / "project.json").read_text())[:1] * 3000
    for number, each in enumerate(make_many):
        make_many[number] = {**each, "slug": f"{each['slug']}-{number}"}
    (here / "project.json").write_text(json.dumps(make_many))
    with subprocess.Popen(
        [*COMMAND, "ls", "project.json"], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"slug\t")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_extra_one_line_says_how_to_get_it(library: str) -> None:
    program = (
        f"import sys\nsys.modules[{library!r}] = None\nfrom lazyscribe.cli.launcher import main\nsys.exit(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "lazyscribe[cli]" in done.stderr


def test_a_warning_is_one_harmless_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = call("put", "file", "--name", "a\nb\x1b[31m", cwd=tmp_path, command=[sys.executable, "-m", "lazyscribe"])
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("Warning: The name 'a\\nb\\x1b[31m' cannot exist on every system")
    assert done.returncode == 0


def test_a_conflict_ends_with_3(here: Path) -> None:
    program = (
        "import sys\n"
        "from lazyscribe import Repository\n"
        "whole = Repository.save\n"
        "def save(self, *a, **k):\n"
        "    other = Repository('repository.json')\n"
        "    other.set_artifact_expiry('model', 0, expiry='2031-01-01')\n"
        "    whole(other)\n"
        "    return whole(self, *a, **k)\n"
        "Repository.save = save\n"
        "from lazyscribe.cli.launcher import main\n"
        "sys.argv[1:] = ['expire', 'model@0', '--on', '2030-01-01', '--yes']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, timeout=60, check=False, env=environment()
    )
    assert (done.returncode, done.stdout) == (3, b""), done.stderr
    assert b"Traceback" not in done.stderr
