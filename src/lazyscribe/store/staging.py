"""Where content waits, on this machine, until it is complete. Imported only when something is written."""

import tempfile
from typing import Any

IN_MEMORY = 8 << 20
"""Bytes above which staged content goes to a temporary file."""


class Staging(tempfile.SpooledTemporaryFile[bytes]):
    """A temporary file that the writer may close without losing it; in memory up to 8 MiB."""

    def __init__(self) -> None:
        super().__init__(max_size=IN_MEMORY, mode="w+b")

    def close(self) -> None:
        """Do nothing; `dispose` closes."""

    def __exit__(self, *error: Any) -> None:
        """Do nothing; `dispose` closes."""

    def dispose(self) -> None:
        """Close, and so remove, the temporary file."""
        super().close()
