"""The error of read-only records, apart from the others because attrs is imported for it."""

from typing import Any

from attrs.exceptions import FrozenInstanceError

from lazyscribe.exception import ReadOnlyError


class FrozenRecordError(ReadOnlyError, FrozenInstanceError):
    """An attribute of a read-only experiment or test was assigned or logged to."""

    def __init__(self, message: str = "", **facts: Any) -> None:
        AttributeError.__init__(self, message)  # attrs' own takes no message
        self.args = (message,)
        self.message = message
        self.__dict__.update(facts)
