"""Files of records merged as git hands them out: base, ours, theirs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe.exception import CorruptManifestError
from lazyscribe.three_way import merge_files, merge_releases


def _version(fname: str, number: int = 0, day: int = 1, **more: Any) -> dict[str, Any]:
    date = f"2025-01-{day:02d}T00:00:00"
    return {
        "name": "m", "fname": fname, "version": number, "handler": "json", "created_at": date, "expiry": None, **more,
    }  # fmt: skip


def _experiment(slug: str, **metrics: Any) -> dict[str, Any]:
    date = "2025-01-01T00:00:00"
    empty: dict[str, Any] = {"parameters": {}, "tags": [], "tests": [], "artifacts": [], "dependencies": []}
    names = {"name": slug, "slug": slug, "short_slug": slug, "author": "ada", "last_updated_by": "ada"}
    return {**names, "created_at": date, "last_updated": date, "metrics": metrics, **empty}


def _text(records: Any) -> bytes:
    return json.dumps(records, sort_keys=True, indent=4).encode()


def _merged(base: Any, ours: Any, theirs: Any) -> tuple[list[dict[str, Any]], Any]:
    found = merge_files(_text(base) if base is not None else b"", _text(ours), _text(theirs), "file")
    records: list[dict[str, Any]] = json.loads(found.data)
    assert found.data == _text(records)  # as 2.2 writes it
    return records, found


def test_a_number_that_both_gave_away_stays_with_the_version_that_is_older() -> None:
    base = [_version("0", 0)]
    late, early = _version("late", 1, day=3), _version("early", 1, day=2)
    for ours, theirs in (([*base, late], [*base, early]), ([*base, early], [*base, late])):
        records, found = _merged(base, ours, theirs)
        assert {each["fname"]: each["version"] for each in records} == {"0": 0, "early": 1, "late": 2}
        assert [tuple(each) for each in found.moved] == [("m", "late", 1, 2)]


def test_a_number_that_was_there_before_never_moves() -> None:
    base = [_version("0", 0, day=9)]
    records, found = _merged(base, [*base, _version("old", 0, day=1)], base)
    assert {each["fname"]: each["version"] for each in records} == {"0": 0, "old": 1}
    assert len(found.moved) == 1


def test_one_file_that_both_added_under_two_numbers_is_one_version() -> None:
    records, found = _merged([], [_version("x", 1)], [_version("y", 1, day=2), _version("x", 2)])
    assert {each["fname"]: each["version"] for each in records} == {"x": 1, "y": 2}
    assert found.conflicts == []


def test_what_one_side_deleted_is_gone_unless_the_other_changed_it() -> None:
    base = [_version("a", 0), _version("b", 1)]
    assert _merged(base, base[:1], base)[0] == base[:1]
    assert _merged(base, base, base[:1])[0] == base[:1]
    changed = [base[0], {**base[1], "expiry": "2030-01-01T00:00:00"}]
    records, found = _merged(base, changed, base[:1])
    assert (records, len(found.conflicts)) == (changed, 1)  # ours is kept
    records, found = _merged(base, base[:1], changed)
    assert (records, len(found.conflicts)) == (base[:1], 1)


def test_a_file_that_both_made_is_merged_as_from_nothing() -> None:
    records, found = _merged(None, [_experiment("a", x=1)], [_experiment("b", y=1), _experiment("a", x=1, z=2)])
    assert {each["slug"]: each["metrics"] for each in records} == {"a": {"x": 1, "z": 2}, "b": {"y": 1}}
    assert (found.kind, found.conflicts) == ("project", [])


@pytest.mark.parametrize("broken", [b"<<<<<<< ours", b"{}", b"[1]", b'[{"a": 1}]'])
def test_what_is_no_file_of_records_is_refused_by_its_side(broken: bytes) -> None:
    good = _text([_version("a")])
    with pytest.raises(CorruptManifestError, match=r"file \(theirs\)"):
        merge_files(good, good, broken, "file")
    with pytest.raises(CorruptManifestError, match=r"file \(ours\)"):
        merge_files(b"", broken, good, "file")


def test_releases_of_both_are_kept_and_one_tag_with_two_contents_is_a_conflict() -> None:
    one, two, other = (
        {"tag": tag, "artifacts": [["m", n]], "created_at": f"2025-01-0{n}"}
        for tag, n in (("1", 1), ("2", 2), ("2", 3))
    )
    data, conflicts = merge_releases(_text([one]), _text([one, two]), _text([one]), "file")
    assert (json.loads(data), conflicts) == ([one, two], [])
    data, conflicts = merge_releases(_text([one]), _text([one, two]), _text([one, other]), "file")
    assert (json.loads(data), len(conflicts)) == ([one, two], 1)
    assert json.loads(merge_releases(_text([one, two]), _text([one]), _text([one, two]), "file")[0]) == [one]
    with pytest.raises(CorruptManifestError):
        merge_releases(b"", b"[1]", b"[]", "file")


values = st.integers(0, 2)
metrics = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)
projects = st.dictionaries(st.sampled_from("abc"), metrics, max_size=3)


def _records(project: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    return [_experiment(slug, **found) for slug, found in sorted(project.items())]


@given(projects, projects, projects)
def test_merging_projects_is_what_brute_force_says(base: Any, ours: Any, theirs: Any) -> None:
    """Key by key: what one side changed is taken; two changes are a conflict, and ours stays."""
    records, found = _merged(_records(base), _records(ours), _records(theirs))
    result = {each["slug"]: each["metrics"] for each in records}
    conflicts = {(each.name, *each.path[1:]) for each in found.conflicts}
    for slug in "abc":
        sides = base.get(slug), ours.get(slug), theirs.get(slug)
        if sides[1] == sides[2] or sides[2] == sides[0]:
            assert result.get(slug) == sides[1]
        elif sides[1] == sides[0]:
            assert result.get(slug) == sides[2]
        elif None in sides[1:]:
            assert (result.get(slug), (slug,) in conflicts) == (sides[1], True)
        else:
            for key in "xyz":
                before, mine, other = ((each or {}).get(key) for each in sides)
                expected = mine if other == before else other if mine == before else mine
                assert result[slug].get(key) == expected
                assert ((slug, key) in conflicts) == (mine != other and before not in (mine, other))


versions = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=4)


@given(versions, versions, versions)
def test_no_version_is_lost_and_no_number_is_given_twice_whichever_side_is_ours(
    known: Any, mine: Any, others: Any
) -> None:
    base = [_version(f"k{place}", place, day) for place, (_, day) in enumerate(known)]
    ours, theirs = (
        base + [_version(f"{side}{place}", len(base) + place, day) for place, (_, day) in enumerate(new)]
        for side, new in (("o", mine), ("t", others))
    )
    found, mirrored = (
        {each["fname"]: each["version"] for each in _merged(base, *sides)[0]}
        for sides in ((ours, theirs), (theirs, ours))
    )
    assert found == mirrored
    assert set(found) == {each["fname"] for each in ours + theirs}
    assert sorted(found.values()) == list(range(len(found)))
    assert {name: found[name] for name in found if name.startswith("k")} == {
        each["fname"]: each["version"] for each in base
    }
