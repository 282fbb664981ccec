"""Dates as lazyscribe keeps them: naive, in UTC, compared to the second.

Every date that comes from outside passes through here, so that the rest of the package never meets an aware one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from lazyscribe.exception import InvalidArgumentError


def to_utc(date: datetime) -> datetime:
    """Return the date as naive UTC, microseconds kept; a naive one is taken to be UTC already.

    Subclasses (a pandas ``Timestamp``) become plain datetimes; what they hold below a microsecond is dropped.

    Raises
    ------
    ValueError
        The date holds no moment (``NaT``) or leaves the years 1 to 9999 when converted.
    """
    try:
        if date.tzinfo is not None:
            date = date.astimezone(UTC) if date.utcoffset() is not None else date
            date = date.replace(tzinfo=None)
        if type(date) is not datetime:
            date = datetime(date.year, date.month, date.day, date.hour, date.minute, date.second, date.microsecond)
    except (OverflowError, TypeError) as error:
        raise InvalidArgumentError(f"{date!r} cannot be written as a date in UTC; give another one.") from error
    return date


def as_utc(date: Any) -> Any:
    """Return a date as `to_utc` does; what is no date stays as it is and is refused when it is saved."""
    if type(date) is datetime and date.tzinfo is None:
        return date
    return to_utc(date) if isinstance(date, datetime) else date


def to_second(date: datetime) -> datetime:
    """Return the date as naive UTC, cut (not rounded) to the second.

    Raises
    ------
    ValueError
        As `to_utc`.
    """
    if date.tzinfo is not None or type(date) is not datetime:
        date = to_utc(date)
    return date.replace(microsecond=0) if date.microsecond else date


def parse_date(date: str | datetime) -> datetime:
    """Read an ISO 8601 date or date-time, in any form that `datetime.fromisoformat` knows, as naive UTC.

    A date without a time is its midnight; microseconds are kept.

    Raises
    ------
    ValueError
        The text is no date, or `to_utc` refuses what it says.
    """
    return to_utc(datetime.fromisoformat(date) if isinstance(date, str) else date)


def to_text(date: datetime) -> str:
    """Return the text that files hold: ISO 8601 in UTC, to the second, without an offset."""
    if date.tzinfo is not None or type(date) is not datetime:
        date = to_utc(date)
    return date.isoformat()[:19]  # without the microseconds


def rewritten(text: str) -> str:
    """Return the text that files hold for a date that `text` says in one of the forms that `parse_date` knows."""
    return text if len(text) == 19 and text[4::3] == "--T::" else to_text(parse_date(text))


_READER: ContextVar[Callable[[datetime], str]] = ContextVar("lazyscribe_reader", default=to_text)


def shown(date: str | datetime) -> str:
    """Return a date for a sentence that people read: as files hold it, unless within `showing`."""
    return _READER.get()(parse_date(date))


@contextmanager
def showing(how: Callable[[datetime], str]) -> Iterator[None]:
    """Let every sentence that this context composes within the block, errors among them, hold dates as `how` says.

    For whoever knows the reader, and the zone that the reader lives in. Other threads are not touched.
    """
    token = _READER.set(how)
    try:
        yield
    finally:
        _READER.reset(token)


def stamp(date: datetime) -> str:
    """Return the stamp that file names hold: ``%Y%m%d%H%M%S`` in UTC, always 14 digits.

    `datetime.strftime` does not pad years below 1000 on Linux, so it is not used here.
    """
    return to_text(date).replace("-", "").replace("T", "").replace(":", "")


def parse_expiry(expiry: Any) -> datetime:
    """Return the date that a user gives: a datetime or an ISO 8601 text; else an `InvalidArgumentError`."""
    try:
        if not isinstance(expiry, (str, datetime)):
            raise TypeError(type(expiry).__name__)
        return parse_date(expiry)
    except (ValueError, TypeError) as error:
        message = f"{expiry!r} is no date and time; give an expiry as a datetime or an ISO 8601 text."
        raise InvalidArgumentError(message, expiry=expiry) from error
