"""Three-way merges of one record: a function of its three inputs."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lazyscribe.merge_fields import ABSENT, merge_records

KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.one_of(st.integers(0, 3), st.floats(allow_nan=True, width=16), st.booleans(), st.none())
ARTIFACTS = st.lists(
    st.builds(lambda n, f: {"name": n, "fname": f}, KEYS, KEYS), max_size=3, unique_by=lambda a: a["name"]
)
TESTS = st.lists(
    st.fixed_dictionaries(
        {"name": KEYS, "description": VALUES, "metrics": st.dictionaries(KEYS, VALUES), "artifacts": ARTIFACTS}
    ),
    max_size=3,
    unique_by=lambda test: test["name"],
)
RECORDS = st.fixed_dictionaries(
    {
        "name": st.just("x"),
        "author": st.sampled_from(["anna", "ben"]),
        "metrics": st.dictionaries(KEYS, VALUES),
        "parameters": st.dictionaries(KEYS, VALUES),
        "tags": st.lists(KEYS, max_size=3, unique=True),
        "dependencies": st.lists(KEYS, max_size=2, unique=True),
        "artifacts": ARTIFACTS,
        "tests": TESTS,
        "last_updated": st.sampled_from(["2025-01-01T00:00:00", "2025-01-02T00:00:00"]),
        "last_updated_by": st.sampled_from(["anna", "ben"]),
    }
)


def as_sets(value: Any) -> Any:
    """Return the value without the order of what has none, and NaN as something equal to itself."""
    if isinstance(value, dict):
        return {key: as_sets(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted(json.dumps(as_sets(item), sort_keys=True) for item in value)
    return repr(value)


@given(RECORDS, RECORDS)
def test_a_change_of_one_side_is_taken(base: dict[str, Any], changed: dict[str, Any]) -> None:
    """If only one side changed a record, the merge is that side's record, without a conflict."""
    changed = {**changed, "last_updated": "2025-01-03T00:00:00"}
    for theirs, mine in ((base, changed), (changed, base)):
        merged, conflicts = merge_records(base, theirs, mine, "raise")
        assert not conflicts
        assert as_sets(merged) == as_sets(changed)


@given(RECORDS, RECORDS)
def test_merging_is_idempotent(base: dict[str, Any], changed: dict[str, Any]) -> None:
    """The same change on both sides is that change, whatever the base was."""
    merged, conflicts = merge_records(base, changed, changed, "raise")
    assert not conflicts
    assert as_sets(merged) == as_sets(changed)


@given(RECORDS, RECORDS, RECORDS)
def test_merging_again_changes_nothing(base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]) -> None:
    """What was merged and is merged with theirs again stays as it is."""
    merged, _ = merge_records(base, theirs, mine, "ours")
    again, conflicts = merge_records(theirs, theirs, merged, "raise")
    assert not conflicts
    assert {key: value for key, value in as_sets(again).items() if "updated" not in key} == {
        key: value for key, value in as_sets(merged).items() if "updated" not in key
    }


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_conflicts_stand_exactly_where_both_changed_one_key(
    base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]
) -> None:
    """A key conflicts if and only if both sides changed it, to different values; both values are carried."""
    _, conflicts = merge_records({"metrics": base}, {"metrics": theirs}, {"metrics": mine}, "raise")
    expected = set()
    for key in {*base, *theirs, *mine}:
        texts = [repr(side[key]) if key in side else None for side in (base, theirs, mine)]
        if len(set(texts)) == 3 or (texts[1] != texts[0] != texts[2] and texts[1] != texts[2]):
            expected.add(key)
    assert {conflict.path[-1] for conflict in conflicts} == expected
    for conflict in conflicts:
        assert repr(conflict.theirs) == repr(theirs.get(conflict.path[-1], ABSENT))
        assert repr(conflict.mine) == repr(mine.get(conflict.path[-1], ABSENT))


@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES))
def test_preference_decides_conflicts_and_nothing_else(
    base: dict[str, Any], theirs: dict[str, Any], mine: dict[str, Any]
) -> None:
    """With a preference the conflicting keys hold that side's value, all others what they hold without."""
    sides = {"metrics": base}, {"metrics": theirs}, {"metrics": mine}
    (ours, conflicts), (others, _) = merge_records(*sides, "ours"), merge_records(*sides, "theirs")
    keys = {conflict.path[-1] for conflict in conflicts}
    for key in {*base, *theirs, *mine}:
        if key in keys:
            assert repr(ours["metrics"].get(key)) == repr(mine.get(key))
            assert repr(others["metrics"].get(key)) == repr(theirs.get(key))
        else:
            assert repr(ours["metrics"].get(key)) == repr(others["metrics"].get(key))


def test_tags_that_only_one_side_changed_are_taken_as_they_are() -> None:
    """A tag that stands there twice, and the order, stay where the other side changed no tag."""
    base: dict[str, Any] = {"name": "one", "tags": ["a", "b"], "metrics": {}}
    theirs, mine = {**base, "tags": ["b", "a", "a"]}, {**base, "metrics": {"x": 1}}
    assert merge_records(base, theirs, mine, "raise") == ({**theirs, "metrics": {"x": 1}}, [])
