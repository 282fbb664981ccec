"""Long output, a screen at a time."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess


def page(text: str) -> bool:
    """Show a text by the pager that ``PAGER`` names, or by less; False if there is none."""
    command = shlex.split(os.environ.get("PAGER") or "less")
    if not command or (program := shutil.which(command[0])) is None:
        return False
    environment = {"LESS": "-FRX", **os.environ}
    with subprocess.Popen([program, *command[1:]], stdin=subprocess.PIPE, env=environment) as process:
        try:
            process.communicate(text.encode("utf-8", "backslashreplace") + b"\n")
        except KeyboardInterrupt:  # is for the pager
            process.wait()
    return True
