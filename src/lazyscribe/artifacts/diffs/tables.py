"""Arrow tables, compared by column and by row: rows with one key, or at one position."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from lazyscribe.artifacts.diffs import checked_examples, left_out, shortened
from lazyscribe.artifacts.diffs.columns import cell, cells, comparable, is_nan, unequal
from lazyscribe.artifacts.libraries import library
from lazyscribe.artifacts.tables import EXTRA
from lazyscribe.exception import InvalidArgumentError


class _Rows(NamedTuple):
    """Positions of rows: pairs that belong together, and those that one table alone has."""

    older: Sequence[int]
    newer: Sequence[int]
    removed: Sequence[int]
    added: Sequence[int]


def differences(older: Any, newer: Any, key: str | Sequence[str] | None = None, examples: int = 5) -> str:
    """Return which columns and rows were added, removed or changed, with counts and some of the rows.

    Null and NaN are the same as themselves, and a number is the same in every type that holds it.

    Parameters
    ----------
    key
        Columns that tell rows apart; their order then does not matter. ``None``: the position of a row.

    Raises
    ------
    ValueError
        `key` names no columns of both tables, or two rows have the same; two columns have one name; `examples` is no
        number of them.
    """
    checked_examples(examples)
    for table in (older, newer):
        _refuse_twins("columns named", table.column_names)
    keys = _checked_key(key, older, newer)
    rows = _by_key(older, newer, keys) if keys else _by_position(older.num_rows, newer.num_rows)
    return "\n".join([*_columns(older, newer), *_rows(older, newer, keys, rows, examples)])


def _refuse_twins(what: str, names: Sequence[Any]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise InvalidArgumentError(f"A table has two {what} {name!r:.80}, so it cannot be compared; load both.")
        seen.add(name)


def _checked_key(key: Any, older: Any, newer: Any) -> list[str]:
    if key is None:
        return []
    keys = [key] if isinstance(key, str) else list(key) if isinstance(key, (tuple, list)) else []
    both = [name for name in older.column_names if name in newer.column_names]
    if not keys or any(name not in both for name in keys):
        message = f"key={key!r:.80} names no columns of both tables; these have: {', '.join(map(repr, both))}."
        raise InvalidArgumentError(message, key=key)
    return keys


def _by_position(older: int, newer: int) -> _Rows:
    both = range(min(older, newer))
    return _Rows(both, both, range(len(both), older), range(len(both), newer))


def _by_key(older: Any, newer: Any, keys: list[str]) -> _Rows:
    columns = [comparable(older[name], newer[name]) for name in keys]
    before, after = (_places([pair[side] for pair in columns], keys) for side in (0, 1))
    both = [each for each in before if each in after]
    return _Rows(
        [before[each] for each in both],
        [after[each] for each in both],
        [place for each, place in before.items() if each not in after],
        [place for each, place in after.items() if each not in before],
    )


def _places(columns: list[Any], keys: list[str]) -> dict[Any, int]:
    """Return the row of each key; NaN is one key."""
    found = [tuple("NaN" if is_nan(each) else each for each in row) for row in zip(*map(cells, columns), strict=True)]
    try:
        _refuse_twins(f"rows with the same {', '.join(keys)}:", found)
    except TypeError as error:
        message = f"Columns of lists or structures are no key ({', '.join(keys)}); name others."
        raise InvalidArgumentError(message, key=keys) from error
    return {each: number for number, each in enumerate(found)}


def _columns(older: Any, newer: Any) -> list[str]:
    before, after = ({field.name: field.type for field in table.schema} for table in (older, newer))
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    retyped = [name for name in before if name in after and before[name] != after[name]]
    lines = []
    if added or removed or retyped:
        lines.append(f"columns: {len(added)} added, {len(removed)} removed, {len(retyped)} of another type")
    lines += [f"  - {name}: {before[name]}" for name in removed]
    lines += [f"  + {name}: {after[name]}" for name in added]
    lines += [f"  ~ {name}: {before[name]} -> {after[name]}" for name in retyped]
    if [name for name in before if name in after] != [name for name in after if name in before]:
        lines.append("columns: in another order")
    return lines


def _rows(older: Any, newer: Any, keys: list[str], rows: _Rows, examples: int) -> list[str]:
    arrow = library("pyarrow.compute", EXTRA)
    changed: dict[str, Any] = {}
    anywhere = None
    for name in older.column_names:
        if name in newer.column_names:
            before, after = comparable(older[name], newer[name])
            mask = unequal(_pick(before, rows.older), _pick(after, rows.newer))
            if arrow.any(mask).as_py():
                changed[name] = mask
                anywhere = mask if anywhere is None else arrow.or_(anywhere, mask)
    places: Any = [] if anywhere is None else arrow.indices_nonzero(anywhere)
    if not (len(places) or rows.added or rows.removed):
        return []
    by = ", ".join(keys) or "position"
    lines = [f"rows by {by}: {len(rows.added)} added, {len(rows.removed)} removed, {len(places)} changed"]
    lines += [f"  {name}: {arrow.sum(mask).as_py()} changed" for name, mask in changed.items()]
    for sign, table, found in (("-", older, rows.removed), ("+", newer, rows.added)):
        lines += [f"  {sign} {_label(table, each, keys)}: {_row(table, each, keys)}" for each in found[:examples]]
        lines += left_out(min(examples, len(found)), len(found))
    for each in places[:examples].to_pylist() if len(places) else []:
        before, after = rows.older[each], rows.newer[each]
        names = [name for name, mask in changed.items() if mask[each].as_py()]
        row = "; ".join(f"{name}: {cell(older[name], before)} -> {cell(newer[name], after)}" for name in names)
        lines.append(f"  ~ {_label(older, before, keys)}: {row}")
    return [shortened(line) for line in [*lines, *left_out(min(examples, len(places)), len(places))]]


def _pick(column: Any, places: Sequence[int]) -> Any:
    if isinstance(places, range):
        return column.slice(places.start, len(places))
    return column.take(library("pyarrow", EXTRA).array(places, "int64"))


def _label(table: Any, place: int, keys: list[str]) -> str:
    return ", ".join(f"{name}={cell(table[name], place)}" for name in keys) or f"row {place}"


def _row(table: Any, place: int, keys: list[str]) -> str:
    return "; ".join(f"{name}: {cell(table[name], place)}" for name in table.column_names if name not in keys)
