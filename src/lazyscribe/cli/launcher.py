"""Begins the command, or says how to get what it needs."""

from __future__ import annotations

import gc
import sys

NEEDED = ("typer", "rich", "click")


def main() -> int:
    """Run the command that the process was called with; return the code it ends with."""
    sys.unraisablehook = _ended_again
    gc.set_threshold(100_000, 50, 100)  # what a command makes it keeps to its end, soon after
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401

        from lazyscribe.cli.app import main as begin

        return begin(sys.argv[1:])
    except ModuleNotFoundError as error:
        if error.name not in NEEDED:
            raise
        sys.stderr.write(f"The command needs {error.name}; install it with: python -m pip install 'lazyscribe[cli]'\n")
        return 1
    except KeyboardInterrupt:  # before there was a command
        sys.stderr.write("Interrupted.\n")
        return 130


def _ended_again(lost: sys.UnraisableHookArgs) -> None:
    """Send a signal again that came while something ran that nothing can be raised in, a finalizer perhaps."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import os
    import signal
    from threading import Timer

    from lazyscribe.cli.codes import Terminated

    number = signal.SIGTERM if isinstance(lost.exc_value, Terminated) else signal.SIGINT
    Timer(0.01, os.kill, (os.getpid(), number)).start()
