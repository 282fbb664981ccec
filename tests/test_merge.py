"""Three-way merges of manifests: nothing is lost, and only what both changed differently is a conflict."""

from typing import TypeAlias

from hypothesis import assume, example, given
from hypothesis import strategies as st

from lazyscribe.merge import merge

Texts: TypeAlias = dict[str, bytes]

KEYS = st.sampled_from("abcdefgh")
TEXTS = st.sampled_from([b"1", b"2", b"3", b"4"])


@st.composite
def shuffled(draw: st.DrawFn) -> Texts:
    return dict(draw(st.permutations(list(draw(st.dictionaries(KEYS, TEXTS)).items()))))


@st.composite
def changes(draw: st.DrawFn, base: Texts, keys: str, deleting: bool = True) -> Texts:
    """What somebody makes of `base` who touches only `keys`; what is new comes last."""
    touched: dict[str, bytes | None] = draw(
        st.dictionaries(st.sampled_from(keys), TEXTS | st.none() if deleting else TEXTS)
    )
    made = {key: touched.get(key, text) for key, text in base.items()}
    made |= {key: text for key, text in touched.items() if key not in base}
    return {key: text for key, text in made.items() if text is not None}


@given(shuffled(), shuffled(), shuffled())
@example({}, {"a": b"1"}, {"a": b"2"})
@example({"a": b"1"}, {"a": b"2"}, {})
@example({"a": b"1"}, {}, {"a": b"2"})
@example({"a": b"1", "b": b"1"}, {"b": b"1", "a": b"1"}, {"a": b"2", "b": b"1"})
def test_every_key(base: Texts, theirs: Texts, mine: Texts) -> None:
    """For each record the one that changed it is heard; both, to different texts, is the only conflict."""
    before = [dict(base), dict(theirs), dict(mine)]
    found = merge(base, theirs, mine)
    assert [base, theirs, mine] == before, "what was given is not changed"
    for key in base | theirs | mine:
        was, other, own = base.get(key), theirs.get(key), mine.get(key)
        both = other is not None and own != was and other not in (was, own)
        assert (key in found.conflicts) == both, key
        if other is None:
            assert (key in found.restored) == (own is not None and was is not None)
            assert found.texts.get(key) == own, "what we have and they lack stays"
        elif both or own == was:
            assert found.texts[key] == other
        else:
            assert found.texts.get(key) == own
    assert set(found.texts) <= base.keys() | theirs.keys() | mine.keys()


@given(shuffled(), shuffled(), shuffled())
def test_nothing_added_is_lost(base: Texts, theirs: Texts, mine: Texts) -> None:
    """What either added is there afterwards, in the words of one of them."""
    found = merge(base, theirs, mine)
    for added, by in (({*theirs} - {*base}, theirs), ({*mine} - {*base}, mine)):
        for key in added:
            assert found.texts[key] == by[key] or key in found.conflicts or theirs.get(key) == mine.get(key)
            assert found.texts[key] in (theirs.get(key), mine.get(key))


@given(shuffled(), shuffled(), shuffled())
def test_idempotent(base: Texts, theirs: Texts, mine: Texts) -> None:
    """Merging the result again, from any side, changes nothing; neither does merging what is the same."""
    found = merge(base, theirs, mine)
    assert merge(base, mine, mine).texts == mine
    assert list(merge(theirs, theirs, mine).texts.items()) == list(mine.items())
    assert list(merge(theirs, found.texts, found.texts).texts.items()) == list(found.texts.items())
    again = merge(base, found.texts, mine)
    assert again.texts == found.texts
    assert sorted(again.conflicts) == sorted(found.conflicts)


@given(st.data(), shuffled())
def test_disjoint_changes(data: st.DataObject, base: Texts) -> None:
    """Two that change different records come to the same records whoever saves first, without conflict."""
    one = data.draw(changes(base, "aceg", deleting=False))
    other = data.draw(changes(base, "bdfh", deleting=False))
    first, second = merge(base, one, other), merge(base, other, one)
    assert first.texts == second.texts == {**one, **other, **{k: one[k] for k in "aceg" if k in one}}
    assert first.conflicts == second.conflicts == first.restored == second.restored == []


@given(st.data(), shuffled())
def test_deletions(data: st.DataObject, base: Texts) -> None:
    """What we delete goes if they left it alone; what they dropped comes back."""
    theirs, mine = data.draw(changes(base, "abcd")), data.draw(changes(base, "efgh"))
    assume(theirs != base)
    found = merge(base, theirs, mine)
    assert found.conflicts == []
    assert {*base} - {*found.texts} == {*base} - {*mine}
    assert set(found.restored) == {*base} - {*theirs}


@given(shuffled(), shuffled(), shuffled())
def test_order(base: Texts, theirs: Texts, mine: Texts) -> None:
    """Their order stays, and what only we have follows in ours."""
    assume(list(theirs.items()) != list(base.items()))
    order = list(merge(base, theirs, mine).texts)
    assert [key for key in order if key in theirs] == [key for key in theirs if key in order]
    assert order[len([key for key in theirs if key in order]) :] == [key for key in mine if key not in theirs]


@given(st.dictionaries(st.text(max_size=3), TEXTS), st.dictionaries(st.text(max_size=3), TEXTS), st.data())
def test_sorted_manifests(theirs: Texts, mine: Texts, data: st.DataObject) -> None:
    """Where manifests are sorted, records that only we have go to their place, after equal ones; none goes missing."""
    theirs, mine = ({key: key.encode() for key in sorted(each, key=len)} for each in (theirs, mine))
    found = merge({}, theirs, mine, rank=lambda text: "x" * len(text.decode()))
    assert set(found.texts) == {*theirs, *mine}
    assert list(map(len, found.texts)) == sorted(map(len, found.texts))
    assert [key for key in found.texts if key in theirs] == list(theirs)


@given(shuffled(), shuffled(), shuffled(), st.sampled_from([b"0", None]))
def test_resolving(base: Texts, theirs: Texts, mine: Texts, answer: bytes | None) -> None:
    """Whoever resolves is asked once for each conflict, told all three texts, and the answer is what stays."""
    asked = []

    def resolve(before: bytes, other: bytes, own: bytes | None) -> bytes | None:
        asked.append((before, other, own))
        return answer

    without, found = merge(base, theirs, mine), merge(base, theirs, mine, resolve=resolve)
    assert found.conflicts == []
    assert asked == [(base.get(key, b""), theirs[key], mine.get(key)) for key in without.conflicts]
    for key in without.conflicts:
        assert found.texts.get(key) == answer
    assert {k: t for k, t in found.texts.items() if k not in without.conflicts} == {
        k: t for k, t in without.texts.items() if k not in without.conflicts
    }


def test_records_that_others_put_in_another_order_stay_in_theirs() -> None:
    """An order that somebody else saved is kept, also if that is all they changed."""
    base = {"a": b"1", "b": b"2"}
    merged = merge(base, {"b": b"2", "a": b"1"}, {**base, "c": b"3"})
    assert list(merged.texts) == ["b", "a", "c"]
