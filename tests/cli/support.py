"""The command as a process, and places for it to work on."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from lazyscribe import Project, Repository

COMMAND = [sys.executable, "-W", "error", "-m", "lazyscribe"]


def environment(**more: str) -> dict[str, str]:
    """Return the environment of this process without what would decide how output looks."""
    looks = ("NO_COLOR", "PAGER", "LESS", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if name not in looks}
    return {**kept, "PYTHONUTF8": "1", "TZ": "Etc/GMT-2", "LAZYSCRIBE_DURABILITY": "relaxed", **more}


def call(
    *arguments: Any, cwd: Path, give: bytes | None = None, command: Sequence[str] = COMMAND, **more: str
) -> "subprocess.CompletedProcess[bytes]":  # fmt: skip
    """Run the command; its output as bytes."""
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=cwd,
        input=give,
        stdin=subprocess.DEVNULL if give is None else None,
        capture_output=True,
        timeout=120,
        check=False,
        env=environment(**more),
    )


def run(*arguments: Any, cwd: Path, code: int = 0, **more: str) -> str:
    """Run the command, see that it ends with `code`, and return what it wrote; an error is one line."""
    done = call(*arguments, cwd=cwd, **more)
    errors = done.stderr.decode()
    assert done.returncode == code, (done.stdout, errors)
    assert "Traceback" not in errors
    return done.stdout.decode()


def error(*arguments: Any, cwd: Path, code: int) -> str:
    """Run the command, see that it ends with `code` and a single line, and return that line."""
    done = call(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (code, b""), done
    line = done.stderr.decode()
    assert line.count("\n") == 1, line
    return line


def answer(*arguments: Any, cwd: Path, code: int = 0) -> dict[str, Any]:
    """Run the command with --json, see that what it writes is as the schema says, and return it."""
    content: dict[str, Any] = json.loads(run(*arguments, "--json", cwd=cwd, code=code))
    check(content)
    return content


@cache
def schema() -> dict[str, Any]:
    """Return the schema of all answers."""
    found: dict[str, Any] = json.loads(files("lazyscribe.cli").joinpath("schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(found)
    return found


def check(content: Mapping[str, Any]) -> None:
    """See that an answer is as the schema says."""
    whole = schema()
    name = "error" if "error" in content else content["command"]
    Draft202012Validator({**whole, "$ref": f"#/$defs/{name}", "oneOf": [{}]}).validate(content)


def make(folder: Path, name: str = "model") -> None:
    """Save a project of three experiments and a repository of two versions."""
    project = Project(folder / "project.json", mode="w", author="ada")
    for number, (kind, r2, loss) in enumerate((("ridge", 0.5, 3.0), ("lasso", 0.75, 1.5), ("forest", 0.625, 2.0))):
        with project.log(kind) as experiment:
            experiment.metrics.update(r2=r2, loss=loss)
            experiment.parameters.update(alpha=number, fixed=True)
            experiment.tag("new" if number else "baseline")
            experiment.created_at = experiment.last_updated = datetime(2025, 1, 20 + number, 12)
            experiment.slug = f"{kind}-2025012{number}120000"
            with experiment.log_test("adults") as test:
                test.log_metric("r2", r2 / 2)
            experiment.log_artifact("notes", [kind], "json")
    project.save()
    repository = Repository(folder / "repository.json", mode="w")
    for number in range(2):
        repository.log_artifact(name, {"value": number, "same": 1}, "json", indent=4)
        repository.artifacts[-1].created_at = datetime(2025, 1, 20 + number, 12)
    repository.save()
