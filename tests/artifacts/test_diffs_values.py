"""Differences of values by path."""

import copy
import datetime
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lazyscribe.exception import InvalidArgumentError
from tests.artifacts.differing import diff

KEYS = st.sampled_from(["a", "b", "größe", "odd key", "0", "a: b", "$", 'quote"]', "", "x -> y", "line\u2028"])
LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.floats() | st.sampled_from(["", "a -> b", "\n\u2028", "ü"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
DECODER = json.JSONDecoder()


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def parsed(line: str) -> tuple[str, list[Any], list[Any]]:
    """Return sign, path and values of a line."""
    sign, rest, path, values = line[0], line.removeprefix(f"{line[0]} $"), [], []
    assert rest != line
    while rest[0] != ":":
        if rest[0] == ".":
            end = min(rest.index(each, 1) for each in ".[:" if each in rest[1:])
            path.append(rest[1:end])
        else:
            key, end = DECODER.raw_decode(rest, 1)
            path.append(key)
            assert rest[end] == "]"
            end += 1
        rest = rest[end:]
    rest = rest.removeprefix(": ")
    while rest:
        value, end = DECODER.raw_decode(rest)
        values.append(value)
        rest = rest[end:].removeprefix(" -> ")
    return sign, path, values


def applied(value: Any, text: str) -> Any:
    """Make the changes that are listed, checking that what they say of the older value is true."""
    holder = [copy.deepcopy(value)]
    changes = [parsed(line) for line in text.split("\n")] if text else []
    for sign, path, values in [each for each in changes if each[0] != "-"] + [
        each for each in reversed(changes) if each[0] == "-"
    ]:
        place: Any = holder
        *steps, last = [0, *path]
        for step in steps:
            place = place[step]
        if sign == "+" and isinstance(place, list):
            assert last == len(place)
            place.append(values[0])
        elif sign == "+":
            assert last not in place
            place[last] = values[0]
        else:
            assert canonical(place[last]) == canonical(values[0])
            if sign == "-":
                del place[last]
            else:
                assert canonical(values[0]) != canonical(values[1])
                place[last] = values[1]
    return holder[0]


@given(older=VALUES, newer=VALUES)
@example(older=[1, 2, 3], newer=[1])
@example(older={"a": {"b": [1]}}, newer={"a": {"b": [1, {}], "c": None}})
@example(older=1, newer=1.0)
@example(older="\u2028", newer="")
@example(older=[1, 0.0], newer=[True, -0.0])
@example(older={"a": 1, "b": {}}, newer={"b": [], "a": 1})
def test_what_is_listed_leads_from_the_older_value_to_the_newer(older: Any, newer: Any) -> None:
    """Nothing is listed if both are the same; else the changes, made to the older value, give the newer."""
    text = diff(older, newer, "json", how="values")
    assert (text == "") == (canonical(older) == canonical(newer))
    assert canonical(applied(older, text)) == canonical(newer)
    assert text.splitlines() == (text.split("\n") if text else [])


@given(value=VALUES)
def test_a_value_written_anew_in_another_order_does_not_differ(value: Any) -> None:
    """The order of keys is no difference, and NaN is the same as itself."""
    assert diff(value, json.loads(canonical(value)), "json", how="values") == ""


def test_the_lines_say_what_and_where() -> None:
    """One line for each path, in the order of the older value, then what is new; lists by index."""
    older = {"threshold": 0.5, "rules": [{"if": "a"}, 2], "old one": [1], "same": {"a": [1, None]}}
    newer = {"new": {"b": 1, "a": "ü"}, "threshold": 0.6, "rules": [{"if": "b"}, 2, "x"], "same": {"a": [1, None]}}
    assert diff(older, newer, "json", how="values").split("\n") == [
        "~ $.threshold: 0.5 -> 0.6",
        '~ $.rules[0].if: "a" -> "b"',
        '+ $.rules[2]: "x"',
        '- $["old one"]: [1]',
        '+ $.new: {"a": "ü", "b": 1}',
    ]


def test_yaml_and_toml_and_between_them() -> None:
    """Values that JSON has not are written readably; versions of JSON, YAML and TOML compare with each other."""
    day = datetime.date(2025, 1, 20)
    older = {1: {"b", "a"}, None: b"x", "day": day, "at": datetime.datetime(2025, 1, 20, 1, 2), "n": float("nan")}
    newer = {1: {"c", "a", "b"}, "1": 0, "day": "2025-01-20", "at": datetime.datetime(2025, 1, 20), "n": float("nan")}
    assert diff(older, newer, "yaml", how="values").split("\n") == [
        '~ $[1]: {"a", "b"} -> {"a", "b", "c"}',
        "- $[null]: b'x'",
        '~ $.day: 2025-01-20 -> "2025-01-20"',
        "~ $.at: 2025-01-20T01:02:00 -> 2025-01-20T00:00:00",
        '+ $["1"]: 0',
    ]
    assert diff({"t": datetime.time(1, 2)}, {"t": datetime.time(1, 3)}, "toml", how="values") == (
        "~ $.t: 01:02:00 -> 01:03:00"
    )
    assert diff({"a": 1}, {"a": 2}, "json", to="yaml", how="values") == "~ $.a: 1 -> 2"
    assert diff({"a": [1]}, {"a": [1]}, "toml", to="json", how="values") == ""


def test_a_value_that_holds_itself_is_refused() -> None:
    """YAML can say such a thing; the error says what else there is."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(InvalidArgumentError, match=r"holds itself.*how='lines'"):
        diff(value, copy.deepcopy(value), "yaml", how="values")
    assert diff(value, [], "yaml", how="lines")
