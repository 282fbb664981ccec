"""A clock that tests set."""

from datetime import datetime, timedelta

import pytest

START = datetime(2025, 1, 20, 13, 23, 30)


class Clock:
    """Stands still until it is told to go on; `utcnow` of the library reads it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = START
        monkeypatch.setattr("lazyscribe._utils.utcnow", lambda: self.now)

    def tick(self, **delta: float) -> datetime:
        """Go on: by a day unless told otherwise; return the new time."""
        self.now += timedelta(**(delta or {"days": 1}))
        return self.now

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text)
