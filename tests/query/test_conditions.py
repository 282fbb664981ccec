"""What conditions mean: against brute force, and case by case where it has to be decided."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe.exception import LazyscribeError, QueryError
from lazyscribe.query import condition

RECORD: dict[str, Any] = {
    "name": "Ridge regression",
    "created_at": "2025-01-20T13:23:30",
    "metrics": {"auc": 0.9, "val auc": 0.5, "a.b": 1, "val-loss": 2, "nan": float("nan"), "none": None},
    "parameters": {"model": "svm", "lambda": 0.1, "in": 3, "flag": True, "layers": [8, 4], "created_at": "never"},
    "tags": ["baseline", "new"],
    "tests": [
        {"name": "adults", "metrics": {"r2": 0.1}},
        {"name": "over 18", "metrics": {"r2": 0.7}},
        {"name": "adults", "metrics": {"r2": 0.6}},
    ],
    "artifacts": [{"name": "model", "handler": "pickle", "created_at": "2025-01-21T00:00:00"}],
}

HOLDS = [
    "metrics.auc > 0.8",
    "metrics.auc >= .9 and metrics.auc <= 9e-1",
    "0.8 < metrics.auc < 1",
    "0.9 == metrics.auc",
    'metrics["val auc"] == 0.5',
    "metrics['a.b'] == 1",
    "metrics.val-loss == 2",
    "metrics.val-loss > metrics.auc",
    "metrics.auc > -inf and metrics.auc < inf",
    "parameters.lambda == 0.1 AND parameters.in == 3",
    'parameters.model == "svm" or metrics.nothing > 3',
    "not metrics.auc > 1",
    "NOT (metrics.auc > 1 OR metrics.auc < 0)",
    "metrics.auc > 1 and metrics.auc > 1 or metrics.auc == 0.9",  # 'and' binds closer
    "not metrics.auc > 1 and metrics.auc == 0.9",  # 'not' binds closest
    '"baseline" in tags',
    '"Ridge" in name',
    '"auc" in metrics',
    '"old" not in tags',
    'parameters.model in ["svm", "rf"]',
    "parameters.layers[0] == 8 and parameters.layers == [8, 4]",
    "parameters.layers[2] is missing",
    "tests.adults.metrics.r2 == 0.6",  # of several tests of a name the last
    'tests["over 18"].metrics.r2 > 0.6',
    "tests[0].metrics.r2 == 0.1",
    'artifacts.model.handler == "pickle"',
    'artifacts.model.created_at > "2025-01-20"',
    "metrics.nothing is missing and metrics.none is missing",
    "metrics.none == null and metrics.auc != null and metrics.auc is not missing",
    "null != false and null == null",
    "parameters.flag == true and parameters.flag != false",
    "parameters.flag != 1",  # true is no number
    'parameters.model != 3 and metrics.auc != "0.9"',  # other types are different
    "metrics.nan != metrics.nan",
    "created_at >= '2025-01-20' and created_at == '2025-01-20T14:23:30+01:00'",
    "'2025-01-21' > created_at",
    "created_at in ['2025-01-20T13:23:30Z']",
    "'2025-01' in created_at",
    "parameters.created_at == 'never'",  # in parameters it is any value
    r'name != "say \"a\" \u0041\n"',
]

HOLDS_NOT = [
    "metrics.nothing > 0",
    "metrics.nothing != 0",
    "metrics.nothing not in [1]",
    "metrics.none < 1 or metrics.none >= 1 or metrics.none != 1",
    "metrics.auc == null",
    "metrics.auc < null",
    "parameters.flag == 1 or parameters.flag > 0",
    'metrics.auc > "0" or parameters.model > 0',
    "metrics.nan == metrics.nan or metrics.nan < 1 or metrics.nan >= 1",
    "1 in [true]",
    "parameters.layers == [8, true]",
    "name.length > 3",
    "name[0] == 'R'",
    "metrics.auc.deeper is not missing",
]


@pytest.mark.parametrize("text", HOLDS)
def test_holds(text: str) -> None:
    assert condition(text)(RECORD) is True


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_does_not_hold(text: str) -> None:
    """What is missing, of another type or NaN makes a comparison false, whichever it is."""
    assert condition(text)(RECORD) is False


def test_dates_that_are_objects_are_compared_to_the_second() -> None:
    holds = condition("created_at == '2025-01-20T13:23:30'")
    assert holds({"created_at": datetime(2025, 1, 20, 13, 23, 30, 999)})


WRONG = {
    "": 0,
    "metrics.auc": 11,
    "metrics.auc >": 13,
    "metrics.auc = 1": 12,
    "metrics.auc => 1": 12,
    "metrics.auc > 1 && name == 'x'": 16,
    "metrics.auc > 1 metrics.auc < 2": 16,
    "(metrics.auc > 1": 16,
    "metrics.auc > 1)": 15,
    "name == 'open": 8,
    "metrics.auc > 2nd": 14,
    "metrics.2nd > 1": 8,
    "metrics. > 1": 9,
    "metrics[auc] > 1": 8,
    "metrics['auc' > 1": 14,
    "name in 3": 8,
    "name in [1, [2]]": 12,
    "name in [1": 10,
    "name in [tags]": 9,
    "name is 3": 8,
    "not": 3,
    "name ~ 'x'": 5,
    "name == 'a' or and": 15,
    "created_at > 'yesterday'": 13,
    "created_at in ['yesterday']": 14,
    "metrics.auc * 2 > 1": 12,
    "__import__('os').system('true') == 0": 10,
    "name == \x00": 8,
    "(" * 60 + "name == 'x'" + ")" * 60: 50,
}


@pytest.mark.parametrize("text", WRONG)
def test_an_error_points_at_its_place_and_says_what_to_do(text: str) -> None:
    with pytest.raises(QueryError) as caught:
        condition(text)
    assert (caught.value.text, caught.value.position) == (text, WRONG[text])  # type: ignore[attr-defined]
    assert f"column {WRONG[text] + 1}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, (LazyscribeError, ValueError))


def test_a_field_that_there_is_not_is_an_error_where_the_fields_are_known() -> None:
    with pytest.raises(QueryError, match="did you mean 'metrics'"):
        condition("metric.auc > 1", {"metrics", "parameters"})
    assert not condition("metric.auc > 1")(RECORD)


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
    | st.text("()[]<>=!.,'\"andornotism 0123-\\", max_size=40)
)
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Nothing else than a `QueryError` comes out, whatever goes in."""
    try:
        holds = condition(text)
    except QueryError:
        return
    assert holds(RECORD) in (True, False)


# Brute force: conditions are made as trees, written as text, and answered here in another way.

KEYS = ["a", "b", "a b", "lambda"]
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.5, 1.0, -1.5])
    | st.sampled_from(["", "a", "ab", "1"])
)
values = scalars | st.lists(scalars, max_size=3)
records = st.dictionaries(
    st.sampled_from(KEYS), values | st.dictionaries(st.sampled_from(KEYS), values, max_size=3), max_size=4
)
fields = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2).map(lambda steps: ("field", steps))
literals = values.filter(lambda each: not (isinstance(each, list) and None in each)).map(lambda each: ("value", each))
operands = fields | literals
RELATIONS = ["==", "!=", "<", "<=", ">", ">="]
atoms = (
    st.tuples(st.just("compare"), st.sampled_from(RELATIONS), operands, operands)
    | st.tuples(st.just("missing"), st.booleans(), operands)
    | st.tuples(
        st.just("in"), st.booleans(), operands, fields | literals.filter(lambda each: isinstance(each[1], (list, str)))
    )
)
trees: Any = st.recursive(
    atoms,
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    max_leaves=6,
)


def _written(tree: Any) -> str:
    match tree:
        case ("field", steps):
            first = (
                f"x[{json.dumps(steps[0])}]" if not steps[0].isidentifier() or steps[0] == "lambda" else f"x.{steps[0]}"
            )
            return first + "".join(f"[{json.dumps(step)}]" for step in steps[1:])
        case ("value", value):
            return json.dumps(value)
        case ("compare", relation, left, right):
            return f"{_written(left)} {relation} {_written(right)}"
        case ("missing", negated, operand):
            return f"{_written(operand)} is {'not ' * negated}missing"
        case ("in", negated, left, right):
            return f"{_written(left)} {'not ' * negated}in {_written(right)}"
        case ("not", inner):
            return f"not ({_written(inner)})"
        case (word, left, right):
            return f"({_written(left)}) {word} ({_written(right)})"
    raise AssertionError(tree)


def _type(value: Any) -> str:
    names = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "dict", type(None): "none"}
    return names[type(value)]


def _equal(one: Any, other: Any) -> bool:
    if _type(one) != _type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, dict):
        return set(one) == set(other) and all(_equal(one[key], other[key]) for key in one)
    return bool(one == other)


def _found(operand: Any, record: Any) -> Any:
    if operand[0] == "value":
        return operand[1]
    for step in operand[1]:
        record = record.get(step) if isinstance(record, dict) else None
    return record


def _answer(tree: Any, record: Any) -> bool:
    match tree:
        case ("not", inner):
            return not _answer(inner, record)
        case ("and", left, right):
            return _answer(left, record) and _answer(right, record)
        case ("or", left, right):
            return _answer(left, record) or _answer(right, record)
        case ("missing", negated, operand):
            return (_found(operand, record) is None) != negated
        case ("in", negated, left, right):
            one, other = _found(left, record), _found(right, record)
            if one is None or other is None:
                return False
            if isinstance(other, list):
                return any(_equal(one, each) for each in other) != negated
            inside = isinstance(one, str) and isinstance(other, (str, dict)) and one in other
            return inside != negated
        case ("compare", relation, left, right):
            return _compared(relation, (left, right), (_found(left, record), _found(right, record)))
    raise AssertionError(tree)


def _compared(relation: str, sides: Any, found: Any) -> bool:
    one, other = found
    if ("value", None) in sides and relation in ("==", "!="):  # asks whether the other one is missing
        rest = one if sides[1] == ("value", None) else other
        return (rest is None) == (relation == "==")
    if one is None or other is None:
        return False
    if relation in ("==", "!="):
        return _equal(one, other) == (relation == "==")
    if _type(one) != _type(other) or _type(one) not in ("number", "text"):
        return False
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[relation]


@given(trees, records)
def test_conditions_say_what_brute_force_says(tree: Any, record: Any) -> None:
    assert condition(_written(tree))({"x": record}) == _answer(tree, record)
