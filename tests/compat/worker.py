"""A process that runs small programs against whichever lazyscribe its interpreter holds, one JSON line in, one out.

It imports nothing but that package and the standard library, so the interpreter of another release can run it.
"""

import contextlib
import gc
import io
import json
import logging
import os
import sys
import warnings
from typing import Any

sys.tracebacklimit = 0


class Collect(logging.Handler):
    """Keeps the level of each message that reaches the root logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.levels: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.levels.append(record.levelname)


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run one program: the source of a function, called with keywords inside a folder."""
    os.chdir(order["folder"])
    logged, printed = Collect(), io.StringIO()
    logging.getLogger().addHandler(logged)
    answer: dict[str, Any] = {"value": None, "error": None}
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            names: dict[str, Any] = {"__name__": "program"}
            exec(order["prelude"], names)
            exec(order["source"], names)
            gc.collect()
            answer["value"] = names[order["name"]](**order["keywords"])
        except Exception as error:
            answer["error"] = [kind.__name__ for kind in type(error).__mro__]
            answer["text"] = str(error)
    logging.getLogger().removeHandler(logged)
    answer["warnings"] = [item.category.__name__ for item in warned]
    answer["logs"] = logged.levels
    answer["printed"] = printed.getvalue()
    return answer


def main() -> None:
    """Answer orders until the input ends."""
    orders = os.fdopen(os.dup(0), encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)
    for line in orders:
        answers.write(json.dumps(run(json.loads(line)), default=repr) + "\n")
        answers.flush()
        from lazyscribe import registry  # after the answer, so that the first import counts as the program's own

        getattr(registry, "registry", registry).projects.clear()
        os.chdir("/")


if __name__ == "__main__":
    main()
