"""Columns of Arrow tables: where two differ, and how a cell is written."""

from __future__ import annotations

from decimal import Decimal
from math import isnan
from typing import Any

from lazyscribe.artifacts.diffs.values import written
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.tables import EXTRA


def _pyarrow() -> Any:
    return library("pyarrow", EXTRA)


def comparable(older: Any, newer: Any) -> tuple[Any, Any]:
    """Return two columns without categories, and with dates in one unit."""
    older, newer = _plain(older), _plain(newer)
    types = (older.type, newer.type)
    if all(map(_pyarrow().types.is_timestamp, types)):
        zones = [each.tz is not None for each in types]
        if zones[0] == zones[1]:
            wanted = _pyarrow().timestamp("ns")
            try:
                return older.cast(wanted), newer.cast(wanted)
            except _pyarrow().ArrowInvalid:  # a date far from ours
                pass
    return older, newer


def _plain(column: Any) -> Any:
    return column.cast(column.type.value_type) if _pyarrow().types.is_dictionary(column.type) else column


def unequal(older: Any, newer: Any) -> Any:
    """Return where two columns of one length differ, as an Arrow array without nulls."""
    arrow = library("pyarrow.compute", EXTRA)
    if older.type == newer.type:
        try:
            mask = arrow.not_equal(older, newer)
        except _pyarrow().ArrowNotImplementedError:
            pass  # lists and structures
        else:
            mask = arrow.fill_null(mask, False)
            if _pyarrow().types.is_floating(older.type):
                void = arrow.and_(arrow.is_nan(older), arrow.is_nan(newer))
                mask = arrow.and_not(mask, arrow.fill_null(void, False))
            return arrow.or_(mask, arrow.xor(older.is_null(), newer.is_null()))
    pairs = zip(cells(older), cells(newer), strict=True)
    return _pyarrow().chunked_array([_pyarrow().array([not _same(*each) for each in pairs], _pyarrow().bool_())])


def _same(older: Any, newer: Any) -> bool:
    if isinstance(older, (list, tuple)) and isinstance(newer, (list, tuple)):
        return len(older) == len(newer) and all(map(_same, older, newer))
    if isinstance(older, dict) and isinstance(newer, dict):
        return older.keys() == newer.keys() and all(_same(each, newer[name]) for name, each in older.items())
    return bool(older == newer or (is_nan(older) and is_nan(newer)))


def is_nan(value: Any) -> bool:
    """Whether `value` is a number that is none."""
    return isinstance(value, float) and isnan(value)


def cells(column: Any) -> list[Any]:
    """Return the cells as Python has them; those whose nanoseconds it has not, as their type and a number."""
    if not _is_clock(column.type):
        found: list[Any] = column.to_pylist()
        return found
    kind = str(column.type)
    return [None if each is None else (kind, each) for each in _numbers(column).to_pylist()]


def _is_clock(kind: Any) -> bool:
    types = _pyarrow().types
    return bool(types.is_timestamp(kind) or types.is_duration(kind) or types.is_time(kind))


def _numbers(column: Any) -> Any:
    pyarrow = _pyarrow()
    return column.cast(pyarrow.int32() if pyarrow.types.is_time32(column.type) else pyarrow.int64())


def cell(column: Any, place: int) -> str:
    """Return a cell as a line shows it; dates with a zone in UTC."""
    found = column[place]
    if not found.is_valid:
        return "null"
    if not _is_clock(found.type):
        value = found.as_py()
        return str(value) if isinstance(value, Decimal) else written(value)
    pyarrow = _pyarrow()
    if pyarrow.types.is_duration(found.type):
        return f"{found.cast(pyarrow.int64()).as_py()} {found.type.unit}"
    zone = "Z" if getattr(found.type, "tz", None) is not None else ""
    plain = found.cast(pyarrow.timestamp(found.type.unit)) if zone else found
    return f"{plain.cast(pyarrow.string()).as_py()}{zone}"
