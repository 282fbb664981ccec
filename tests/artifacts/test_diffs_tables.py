"""Differences of tables, counted again by brute force."""

import datetime
import math
import re
from pathlib import Path
from typing import Any

import numpy
import pandas
import polars
import pyarrow
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lazyscribe.exception import InvalidArgumentError
from tests.artifacts.differing import diff
from tests.artifacts.samples import wine

ROWS = st.dictionaries(
    st.none() | st.integers(0, 5),
    st.tuples(
        st.sampled_from([None, 0.0, 1.5, math.nan]),
        st.sampled_from([None, "", "a"]),
        st.sampled_from([None, [], [1.0, None], [math.nan]]),
    ),
    max_size=6,
)
SCHEMA = pyarrow.schema(
    {"id": pyarrow.int64(), "x": pyarrow.float64(), "t": pyarrow.string(), "l": pyarrow.list_(pyarrow.float64())}
)


def table(rows: dict[Any, Any]) -> pyarrow.Table:
    return pyarrow.Table.from_pylist(
        [{"id": key, "x": x, "t": t, "l": each} for key, (x, t, each) in rows.items()], SCHEMA
    )


def counted(older: dict[Any, Any], newer: dict[Any, Any], columns: list[str]) -> dict[str, int]:
    """Count rows and cells that differ, each row looked up by its key; NaN is written as itself."""
    both = [key for key in older if key in newer]
    unlike = {
        name: sum(repr(older[key][each]) != repr(newer[key][each]) for key in both) for each, name in enumerate(columns)
    }
    return {
        "added": len(newer.keys() - older.keys()),
        "removed": len(older.keys() - newer.keys()),
        "changed": sum(repr(older[key]) != repr(newer[key]) for key in both),
        **{name: count for name, count in unlike.items() if count},
    }


def said(text: str, by: str) -> dict[str, int]:
    """Return the counts that a diff names."""
    if not text:
        return {"added": 0, "removed": 0, "changed": 0}
    first = re.search(rf"^rows by {by}: (\d+) added, (\d+) removed, (\d+) changed$", text, re.MULTILINE)
    assert first is not None
    cells = {name: int(count) for name, count in re.findall(r"^  (\w+): (\d+) changed$", text, re.MULTILINE)}
    return {**dict(zip(("added", "removed", "changed"), map(int, first.groups()), strict=True)), **cells}


@given(older=ROWS, newer=ROWS)
@example(older={None: (1.5, "a", [1.0])}, newer={None: (math.nan, None, None), 1: (0.0, "", [])})
@example(older={1: (math.nan, None, [math.nan])}, newer={1: (math.nan, None, [math.nan])})
def test_rows_by_key_are_counted_as_by_hand(older: dict[Any, Any], newer: dict[Any, Any]) -> None:
    """Added, removed, changed, and in which columns; rows may stand in any order, nulls and NaN are values."""
    text = diff(table(older), table(dict(reversed(newer.items()))), "arrow", key="id", examples=9)
    expected = counted(older, newer, ["x", "t", "l"])
    assert said(text, "id") == expected
    assert (text == "") == (sum(expected.values()) == 0)
    for sign, name in [("+", "added"), ("-", "removed"), ("~", "changed")]:
        assert len(re.findall(rf"^  {re.escape(sign)} id=", text, re.MULTILINE)) == expected[name]


@given(older=ROWS, newer=ROWS)
def test_rows_by_position_are_counted_as_by_hand(older: dict[Any, Any], newer: dict[Any, Any]) -> None:
    """Without a key the first is compared with the first; what one table has more is added or removed."""
    text = diff(table(older), table(newer), "parquet", examples=9)
    before, after = (dict(enumerate((key, *row) for key, row in rows.items())) for rows in (older, newer))
    assert said(text, "position") == counted(before, after, ["id", "x", "t", "l"])
    for sign, numbers in [("-", before.keys() - after.keys()), ("+", after.keys() - before.keys())]:
        rows = re.findall(rf"^  {re.escape(sign)} row (\d+): ", text, re.MULTILINE)
        assert [int(each) for each in rows] == sorted(numbers)


@pytest.mark.parametrize("alias", ["csv", "parquet", "arrow"])
@pytest.mark.parametrize("source", ["pandas", "polars", "pyarrow"])
def test_real_tables(alias: str, source: str) -> None:
    """Frames of each library in each format: what was changed in them is what is listed, and no more."""
    older = wine().reset_index()
    newer = older.drop(index=[3, 7]).iloc[::-1].reset_index(drop=True)
    newer.loc[newer["bottle"].isin(["bottle 10", "bottle 20", "bottle 30"]), "alcohol"] += 1
    newer.loc[newer["bottle"] == "bottle 10", "kind"] = "other"
    newer = pandas.concat([newer, newer.iloc[:1].assign(bottle="new")], ignore_index=True)
    newer = newer.drop(columns="ash").assign(price=1.5)
    convert = {"pandas": lambda each: each, "polars": polars.from_pandas, "pyarrow": pyarrow.Table.from_pandas}[source]
    text = diff(convert(older), convert(newer), alias, key="bottle")
    lines = text.split("\n")
    assert lines[:3] == ["columns: 1 added, 1 removed, 0 of another type", "  - ash: double", "  + price: double"]
    assert lines[3:7] == [
        "rows by bottle: 1 added, 2 removed, 3 changed",
        "  alcohol: 3 changed",
        "  kind: 1 changed",
        lines[6],
    ]
    assert lines[6].startswith('  - bottle="bottle 3": alcohol: 14.37; malic_acid: 1.95; ash: 2.5; ')
    assert lines[7].startswith('  - bottle="bottle 7": ')
    assert lines[8].startswith('  + bottle="new": alcohol: ')
    assert lines[9:] == [
        '  ~ bottle="bottle 10": alcohol: 14.1 -> 15.1; kind: "class_0" -> "other"',
        '  ~ bottle="bottle 20": alcohol: 14.06 -> 15.06',
        '  ~ bottle="bottle 30": alcohol: 13.73 -> 14.73',
    ]
    assert all(len(line) <= 200 for line in lines)


def test_several_columns_as_key_and_few_examples() -> None:
    """A key may be several columns; of more rows than were asked for it says how many are left out."""
    older = polars.DataFrame({"a": [1, 1, 2, 2], "b": ["x", "y", "x", "y"], "v": [1, 2, 3, 4]})
    newer = polars.DataFrame({"b": ["x", "z", "y", "u"], "a": [2, 2, 1, 9], "v": [30, 0, 20, 0]})
    assert diff(older, newer, "parquet", key=["a", "b"], examples=1).split("\n") == [
        "columns: in another order",
        "rows by a, b: 2 added, 2 removed, 2 changed",
        "  v: 2 changed",
        '  - a=1, b="x": v: 1',
        "  … and 1 more",
        '  + a=2, b="z": v: 0',
        "  … and 1 more",
        '  ~ a=1, b="y": v: 2 -> 20',
        "  … and 1 more",
    ]
    assert "~" not in diff(older, newer, "parquet", key=("a", "b"), examples=0)


@pytest.mark.parametrize(
    ("older", "newer", "types"),
    [
        (pyarrow.array([1, None, 3]), pyarrow.array([1.0, None, 3.0]), "int64 -> double"),
        (pyarrow.array(["a", "b", None]), pyarrow.array(["a", "b", None]).dictionary_encode(), "string -> dictionary"),
        (pyarrow.array(["a", "b", None]), pyarrow.array(["a", "b", None], "large_string"), "string -> large_string"),
        (
            pyarrow.array([0, None, 7], pyarrow.timestamp("us", "UTC")),
            pyarrow.array([0, None, 7000], pyarrow.timestamp("ns", "Europe/Berlin")),
            "timestamp[us, tz=UTC] -> timestamp[ns, tz=Europe/Berlin]",
        ),
        (pyarrow.array([0, 7], pyarrow.timestamp("s")), pyarrow.array([0, 7000], pyarrow.timestamp("ms")), "timestamp"),
        (pyarrow.nulls(1), pyarrow.nulls(1, "string"), "null -> string"),
        (pyarrow.array([0.5], "float16"), pyarrow.array([0.5], "float32"), "halffloat -> float"),
        (pyarrow.array([math.nan, None]), pyarrow.array([math.nan, None], "float32"), "double -> float"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_another_type_of_the_same_values(older: Any, newer: Any, types: str) -> None:
    """It is said of the column; its cells are the same, also as a key."""
    before, after = pyarrow.table({"c": older}), pyarrow.table({"c": newer})
    for keywords in ({}, {"key": "c"}):
        lines = diff(before, after, "arrow", **keywords).split("\n")
        assert lines[0] == "columns: 0 added, 0 removed, 1 of another type"
        assert lines[1].startswith(f"  ~ c: {types}")
        assert len(lines) == 2


@pytest.mark.parametrize(
    ("older", "newer", "line"),
    [
        (pyarrow.array([1]), pyarrow.array(["1"]), '1 -> "1"'),
        (pyarrow.array([0.1], "float32"), pyarrow.array([0.1]), "0.10000000149011612 -> 0.1"),
        (pyarrow.array([2**53 + 1]), pyarrow.array([2.0**53]), "9007199254740993 -> 9007199254740992.0"),
        (
            pyarrow.array([1], pyarrow.timestamp("ns")),
            pyarrow.array([2], pyarrow.timestamp("ns")),
            "1970-01-01 00:00:00.000000001 -> 1970-01-01 00:00:00.000000002",
        ),
        (
            pyarrow.array([0], pyarrow.timestamp("s", "Europe/Berlin")),
            pyarrow.array([0], pyarrow.timestamp("s")),
            "1970-01-01 00:00:00Z -> 1970-01-01 00:00:00",
        ),
        (
            pyarrow.array([0], pyarrow.timestamp("s")),
            pyarrow.array([2**40], pyarrow.timestamp("ms")),
            "1970-01-01 00:00:00 -> 2004-11-03 19:53:47.776",
        ),
        (
            pyarrow.array([10**12], pyarrow.timestamp("s")),
            pyarrow.array([1], pyarrow.timestamp("ms")),
            "<value out of range: 1000000000000> -> 1970-01-01 00:00:00.001",
        ),
        (pyarrow.array([1], pyarrow.duration("ns")), pyarrow.array([2], pyarrow.duration("ns")), "1 ns -> 2 ns"),
        (pyarrow.array([1], pyarrow.duration("s")), pyarrow.array([None], pyarrow.duration("s")), "1 s -> null"),
        (pyarrow.array([1], pyarrow.duration("s")), pyarrow.array([1]), "1 s -> 1"),
        (pyarrow.array([1], pyarrow.time32("s")), pyarrow.array([1], pyarrow.time64("ns")), "00:00:01 -> 00:00:00.0"),
        (pyarrow.array([datetime.date(2025, 1, 20)]), pyarrow.array([None], pyarrow.date32()), "2025-01-20 -> null"),
        (pyarrow.array([1.5]).cast(pyarrow.decimal128(4, 2)), pyarrow.array([None], "int8"), "1.50 -> null"),
        (pyarrow.array([{"a": [1]}]), pyarrow.array([{"a": [2]}]), '{"a": [1]} -> {"a": [2]}'),
        (pyarrow.array([{"a": 1}]), pyarrow.array([{"a": 1, "b": 2}]), '{"a": 1} -> {"a": 1, "b": 2}'),
        (pyarrow.array(["a\nb"]), pyarrow.array(["ü"]).dictionary_encode(), '"a\\nb" -> "ü"'),
        (pyarrow.array([numpy.float16(1)]), pyarrow.array([numpy.float16(2)]), "1.0 -> 2.0"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_cells_that_differ(older: Any, newer: Any, line: str) -> None:
    """A cell is shown as it is, on one line, whatever its type; dates with a zone in UTC."""
    text = diff(pyarrow.table({"c": older}), pyarrow.table({"c": newer}), "arrow")
    assert f"\n  ~ row 0: c: {line}" in f"\n{text}"
    assert said(text, "position") == {"added": 0, "removed": 0, "changed": 1, "c": 1}


def test_a_type_of_another_package_is_compared() -> None:
    """Such columns are those of pandas' periods, also as a key."""
    months = pandas.period_range("2025-01", periods=2, freq="M")
    frames = [pandas.DataFrame({"m": months, "v": [1, each]}) for each in (2, 3)]
    assert said(diff(*frames, "parquet", key="m"), "m") == {"added": 0, "removed": 0, "changed": 1, "v": 1}


def test_categories_and_structures_are_compared_by_what_they_hold() -> None:
    """NaN in them is the same as itself, and categories need not be the same."""
    older, newer = ([math.nan, None, 1.5], [math.nan, None, 2.5])
    inside = pyarrow.table({"c": [{"a": math.nan, "b": 1}]})
    assert diff(inside, inside, "arrow") == ""
    coded = [pyarrow.table({"c": pyarrow.array(each).dictionary_encode()}) for each in (older, older, newer)]
    assert diff(*coded[:2], "arrow") == ""
    assert diff(coded[0], coded[2], "arrow").split("\n")[-1] == "  ~ row 2: c: 1.5 -> 2.5"


def test_nan_is_one_key() -> None:
    """A row whose key is NaN is found again."""
    older = pyarrow.table({"k": [math.nan, 1.0], "v": [1, 2]})
    newer = pyarrow.table({"k": [1.0, math.nan], "v": [2, 3]})
    assert diff(older, newer, "arrow", key="k").split("\n") == [
        "rows by k: 0 added, 0 removed, 1 changed",
        "  v: 1 changed",
        "  ~ k=NaN: v: 1 -> 3",
    ]


TWICE = pyarrow.table([[1, 1], [[1], [2]]], ["k", "l"])


@pytest.mark.parametrize(
    ("value", "keywords", "text"),
    [
        (TWICE, {"key": "x"}, "key='x' names no columns of both tables; these have: 'k', 'l'"),
        (TWICE, {"key": ["k", 1]}, r"key=\['k', 1\] names no columns"),
        (TWICE, {"key": []}, r"key=\[\] names no columns"),
        (TWICE, {"key": 5}, "key=5 names no columns"),
        (TWICE, {"key": "k"}, r"two rows with the same k: \(1,\)"),
        (TWICE, {"key": "l"}, r"lists or structures are no key \(l\)"),
        (pyarrow.table([[1], [1]], ["a", "a"]), {}, "two columns named 'a'"),
    ],
)
def test_what_is_no_key(value: Any, keywords: dict[str, Any], text: str) -> None:
    """The key names columns of both tables and tells rows apart; a table with one name twice has no diff."""
    with pytest.raises(InvalidArgumentError, match=text):
        diff(value, value, "arrow", **keywords)


def test_a_key_that_one_table_has_is_none() -> None:
    """Both must have the column, whichever is the older; one that was added or removed alone is said."""
    one, both = pyarrow.table({"a": [1]}), pyarrow.table({"a": [1], "b": [1]})
    for tables in ((one, both), (both, one)):
        with pytest.raises(InvalidArgumentError, match="key='b' names no columns of both tables; these have: 'a'"):
            diff(*tables, "arrow", key="b")
    assert diff(one, both, "arrow") == "columns: 1 added, 0 removed, 0 of another type\n  + b: int64"
    assert diff(both, one, "arrow") == "columns: 0 added, 1 removed, 0 of another type\n  - b: int64"


def test_the_readme_shows_what_is_returned() -> None:
    """The table in the guide is not run there; it is here."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    older = pandas.DataFrame({"id": [1, 2, 3], "score": [0.9, 0.4, 0.1]})
    newer = pandas.DataFrame({"id": [2, 1], "score": [0.5, 0.9]})
    text = diff(older, newer, "parquet", key="id")
    shown = re.findall(r"^    # (.*)$", readme[readme.index('"predictions", 0, key="id"') :], re.MULTILINE)
    assert shown[:4] == text.split("\n")
