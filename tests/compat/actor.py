"""Drives interpreters that hold some release of lazyscribe, so that one test lets several take turns on a folder."""

import inspect
import json
import os
import subprocess
import textwrap
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import pytest

WORKER = Path(__file__).with_name("worker.py")

#: What every program finds imported, in whichever release.
PRELUDE = """
import gc, importlib.metadata, json, os, pickle, re, sys, warnings
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, ClassVar
from attrs import define, field
import lazyscribe.artifacts
from lazyscribe import Experiment, Project, Repository, Test
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe import release as releases
from lazyscribe.registry import registry
"""


def attempt(action: Callable[..., Any], *args: Any, **keywords: Any) -> dict[str, Any]:
    """Tell what a call gives, as text, or the class names of what it raises."""
    try:
        return {"gives": repr(action(*args, **keywords))}
    except Exception as error:
        return {"raises": [kind.__name__ for kind in type(error).__mro__]}


class Tellings(dict[str, Any]):
    """What a program tells, each attempt under a label."""

    def __call__(self, label: str, action: Callable[..., Any], *args: Any, **keywords: Any) -> None:
        """Attempt a call and keep what it gave under ``label``."""
        assert label not in self, label
        self[label] = attempt(action, *args, **keywords)


PRELUDE += "from collections.abc import Callable\n" + inspect.getsource(attempt) + inspect.getsource(Tellings)


class Refused(Exception):
    """A program ended with an exception; ``kinds`` are the class names of its method resolution order."""

    def __init__(self, actor: str, kinds: list[str], text: str) -> None:
        super().__init__(f"in {actor}: {kinds[0]}: {text}")
        self.kinds = kinds
        self.text = text


class Actor:
    """One interpreter, started at the first call and kept until ``close``."""

    def __init__(self, name: str, python: str | Path, **environment: str) -> None:
        self.name = name
        self.python = Path(python)
        self.environment = environment
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def __call__(
        self,
        program: Callable[..., Any],
        folder: Path,
        *,
        helpers: Iterable[Callable[..., Any]] = (),
        timeout: float = 60,
        **keywords: Any,
    ) -> Any:
        """Run ``program`` inside ``folder``; its source is sent, and what it returns comes back through JSON.

        ``helpers`` are functions of the test's module that the program calls; the keywords go to the program.
        """
        answer = self.ask(program, folder, helpers=helpers, timeout=timeout, **keywords)
        if answer["error"]:
            raise Refused(self.name, answer["error"], answer["text"])
        return answer["value"]

    def ask(
        self,
        program: Callable[..., Any],
        folder: Path,
        *,
        helpers: Iterable[Callable[..., Any]] = (),
        timeout: float = 60,
        **keywords: Any,
    ) -> dict[str, Any]:
        """Run ``program`` and give all that is known: value, error, text, warnings, logs, printed."""
        order = {
            "prelude": PRELUDE,
            "source": "".join(textwrap.dedent(inspect.getsource(part)) for part in (*helpers, program)),
            "name": program.__name__,
            "folder": str(folder),
            "keywords": keywords,
        }
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        limit = threading.Timer(timeout, process.kill)
        limit.start()
        try:
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        finally:
            limit.cancel()
        if not line:
            self.close()
            raise AssertionError(f"{self.name} died or took more than {timeout} s in {program.__name__}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            # PYTHONPATH would show this checkout's package to an interpreter that holds another release.
            environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
            self._process = subprocess.Popen(
                [str(self.python), str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
                env=environment | self.environment | {"PYTHONIOENCODING": "utf-8"},
            )
        return self._process


def interpreter(variable: str) -> str:
    """Give the interpreter that an environment variable names; a missing one fails the test."""
    python = os.environ.get(variable)
    if not python or not Path(python).exists():
        pytest.fail(
            f"{variable} must name a Python interpreter, as `make test` sets it; it is {python!r}", pytrace=False
        )
    return python
