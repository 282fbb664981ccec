"""The index answers as a plain search over the rows would, and `parse_version` is total."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe._dates import parse_date, stamp, to_second, to_text, to_utc
from lazyscribe.exception import InvalidArgumentError, InvalidVersionError
from lazyscribe.index import Alias, AsOf, Latest, Number, On, Row, Selector, VersionIndex, parse_version

START = datetime(2025, 1, 20, 13, 23, 30)

# Few seconds, so that ties, equal rows and expiries at the very moment are common.
dates = st.builds(
    lambda second, micro: START + timedelta(seconds=second, microseconds=micro),
    st.integers(0, 8),
    st.sampled_from([0, 0, 1, 999_999]),
)
rows = st.tuples(dates, st.integers(0, 5), st.none() | dates)
selectors: st.SearchStrategy[Selector] = st.one_of(
    st.just(Latest()), st.builds(Number, st.integers(-1, 6)), st.builds(On, dates), st.builds(AsOf, dates)
)


def search(held: list[Row], selector: Selector, now: datetime) -> int | None:
    """Answer as the index must, by looking at every row."""

    def cut(date: datetime) -> datetime:
        return date.replace(microsecond=0)

    def fits(row: Row) -> bool:
        created_at, version, expiry = row
        match selector:
            case Latest():
                return expiry is None or cut(expiry) > cut(now)
            case Number(number):
                return version == number
            case On(date):
                return cut(created_at) == cut(date)
            case AsOf(date):
                return cut(created_at) <= cut(date) and (expiry is None or cut(expiry) > cut(date))
        raise AssertionError(selector)

    found = [(cut(row[0]), row[1], position) for position, row in enumerate(held) if fits(row)]
    return max(found)[2] if found else None


@given(st.lists(rows, max_size=40), st.lists(st.tuples(selectors, dates), min_size=1))
def test_find_equals_brute_force(held: list[Row], asked: list[tuple[Selector, datetime]]) -> None:
    """Any selector finds what a search over all rows finds, ties and expired rows included."""
    index = VersionIndex(held)
    for selector, now in asked:
        assert index.find(selector, now) == search(held, selector, now)


@given(
    st.lists(rows, max_size=20),
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), rows),
            st.tuples(st.just("find"), st.tuples(selectors, dates)),
            st.tuples(st.just("expire"), st.tuples(st.integers(0, 99), st.none() | dates)),
            st.tuples(st.just("cut"), st.integers(0, 5)),
        ),
        max_size=60,
    ),
)
def test_changes_between_finds(held: list[Row], steps: list[Any]) -> None:
    """Rows added, the last ones cut off, and expiries set between look-ups, in any order, count at the next look-up."""
    held = list(held)
    index = VersionIndex(held)
    for step, what in steps:
        if step == "add":
            held.append(what)
            index.add(*what)
        elif step == "find":
            assert index.find(*what) == search(held, *what)
        elif step == "cut":
            del held[max(len(held) - what, 0) :]
            index.cut(len(held))
            assert index.next_number() == max((row[1] for row in held), default=-1) + 1
        elif held:
            position = what[0] % len(held)
            held[position] = (*held[position][:2], what[1])
            index.set_expiry(position, what[1])
    assert len(index) == len(held)
    assert index.next_number() == max((row[1] for row in held), default=-1) + 1
    final: list[Selector] = [Latest(), *(AsOf(START + timedelta(seconds=second)) for second in range(9))]
    for selector in final:
        assert index.find(selector, START) == search(held, selector, START)


@pytest.mark.parametrize("seed", range(20))
def test_changes_where_most_have_expired(seed: int) -> None:
    """Rows that join at any age, leave or expire between look-ups count, where the newest ones have all expired."""
    draw = random.Random(seed)

    def row() -> Row:
        born = START + timedelta(seconds=4 * len(held) + draw.randrange(draw.choice([3, 3, 60])))
        return born, draw.randrange(9), None if draw.random() < 0.1 else born + timedelta(seconds=draw.randrange(30))

    held: list[Row] = []
    for _ in range(draw.randrange(40)):
        held.append(row())
    index = VersionIndex(held)
    for _ in range(90):
        match draw.randrange(4):
            case 0:
                held.append(row())
                index.add(*held[-1])
            case 1 if held:
                del held[draw.randrange(max(len(held) - 9, 0), len(held)) :]
                index.cut(len(held))
            case 2 if held:
                position = draw.randrange(len(held))
                held[position] = (*held[position][:2], draw.choice([START, None]))
                index.set_expiry(position, held[position][2])
        for _ in range(draw.choice([0, 0, 6])):
            date = START + timedelta(seconds=draw.randrange(240))
            for selector in (AsOf(date), Latest()):
                assert index.find(selector, date) == search(held, selector, date)


@given(st.lists(rows, max_size=30), st.integers(0, 30))
def test_numbers_and_duplicates(held: list[Row], split: int) -> None:
    """Numbers held by several rows are listed with their positions, also those added after a look-up."""
    index = VersionIndex(held[:split])
    index.duplicates()
    for row in held[split:]:
        index.add(*row)
    by_number: dict[int, list[int]] = {}
    for position, row in enumerate(held):
        by_number.setdefault(row[1], []).append(position)
    assert index.duplicates() == {number: held for number, held in by_number.items() if len(held) > 1}
    assert index.next_number() == max(by_number, default=-1) + 1


@given(st.integers(0, 70))
def test_all_expired(count: int) -> None:
    """When every version has expired nothing is found by age, and each is still found by number and by date."""
    index = VersionIndex([(START + timedelta(seconds=n), n, START + timedelta(seconds=n)) for n in range(count)])
    assert index.find(Latest(), START + timedelta(days=1)) is None
    assert index.find(AsOf(START + timedelta(days=1)), START) is None
    for n in range(count):
        assert index.find(Number(n), START) == index.find(On(START + timedelta(seconds=n)), START) == n


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 64, 65, 1000])
def test_one_left_alive(count: int) -> None:
    """A single version that has not expired is found wherever it stands among expired ones."""
    for alive in {0, 1, count // 2, count - 1} & set(range(count)):
        index = VersionIndex([(START, n, None if n == alive else START) for n in range(count)])
        assert index.find(Latest(), START) == alive
        assert index.find(AsOf(START), START) == alive


def test_empty_index() -> None:
    """An index without rows finds nothing and numbers from 0."""
    index = VersionIndex()
    assert [index.find(selector, START) for selector in (Latest(), Number(0), On(START), AsOf(START))] == [None] * 4
    assert (index.next_number(), index.duplicates()) == (0, {})


def test_extreme_dates() -> None:
    """A version without an expiry lives on in the last second there is."""
    index = VersionIndex([(datetime.min, 0, None), (datetime.min, 1, datetime.max)])
    assert index.find(Latest(), datetime.max) == 0
    assert index.find(AsOf(datetime.max), datetime.max) == 0
    assert index.find(AsOf(datetime.min), datetime.min) == 1


def test_aware_rows_and_dates_are_utc() -> None:
    """Aware dates, in rows and in questions, are compared in UTC."""
    east = timezone(timedelta(hours=2))
    aware = START.replace(tzinfo=UTC).astimezone(east)
    index = VersionIndex([(aware, 0, aware + timedelta(seconds=5))])
    assert index.find(On(aware), aware) == index.find(On(START), START) == 0
    assert index.find(Latest(), START + timedelta(seconds=4)) == 0
    assert index.find(Latest(), START + timedelta(seconds=5)) is None


def test_alias_is_refused() -> None:
    """An index cannot answer an alias and says so."""
    with pytest.raises(InvalidVersionError, match="@prod"):
        VersionIndex().find(Alias("prod"), START)


def test_selectors_of_different_kinds_differ() -> None:
    """Two selectors are equal only when they ask the same question."""
    kinds: list[Selector] = [Latest(), Number(0), Number(1), On(START), AsOf(START), Alias("x"), Alias("")]
    for position, selector in enumerate(kinds):
        assert [other == selector for other in kinds].index(True) == position
        assert len({*kinds, selector}) == len(kinds)


# -- parse_version ----------------------------------------------------------------------------------------------------

offsets = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(
    lambda delta: timedelta(minutes=delta // timedelta(minutes=1))
)
inner = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29))


@given(inner, offsets, st.sampled_from(["T", " "]))
def test_text_with_an_offset_is_converted(moment: datetime, offset: timedelta, separator: str) -> None:
    """A date-time with an offset means its UTC moment, cut to the second, as text and as datetime."""
    local = moment.replace(tzinfo=UTC).astimezone(timezone(offset))
    expected = moment.replace(microsecond=0)
    for version in (local, local.isoformat(separator), moment, moment.isoformat(separator)):
        assert parse_version(version) == On(expected)
        assert parse_version(version, "asof") == AsOf(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-20", datetime(2025, 1, 20)),
        ("20250120", datetime(2025, 1, 20)),
        ("2025-W04-1", datetime(2025, 1, 20)),
        ("2025-01-20T13:23", datetime(2025, 1, 20, 13, 23)),
        ("2025-01-20T13:23:30", START),
        ("2025-01-20T13:23:30.999999", START),
        ("2025-01-20T13:23:30,5", START),
        ("20250120T132330Z", START),
        ("2025-01-20T15:23:30+02:00", START),
        ("2025-01-20T13:23:30Z", START),
    ],
)
def test_iso_forms(text: str, expected: datetime) -> None:
    """Every ISO 8601 form that Python reads is read."""
    assert parse_version(text) == On(expected)


@pytest.mark.parametrize("match", ["exact", "asof"])
def test_none_is_the_newest(match: str) -> None:
    """No version means the newest one, for either match."""
    assert parse_version(None, match) == Latest()


@pytest.mark.parametrize("match", ["exact", "asof"])
@pytest.mark.parametrize("name", ["prod", "2025-01-20", "@x", ""])
def test_at_sign_is_an_alias(name: str, match: str) -> None:
    """A text that begins with @ is an alias, whatever follows and for either match."""
    assert parse_version("@" + name, match) == Alias(name)


@given(st.integers())
def test_numbers(number: int) -> None:
    """A number means the version of that number, and has no as-of."""
    assert parse_version(number) == Number(number)
    with pytest.raises(InvalidArgumentError):
        parse_version(number, "asof")


@pytest.mark.parametrize("match", ["latest", "", "Exact", None, 0, ["exact"]])
@pytest.mark.parametrize("version", [None, 0, START, "2025-01-20", "@prod", True, "nonsense"])
def test_unknown_match(version: Any, match: Any) -> None:
    """Another match is a ValueError that names both allowed values, whatever the version is."""
    with pytest.raises(ValueError, match=r'"exact".*"asof"') as caught:
        parse_version(version, match)
    assert isinstance(caught.value, InvalidArgumentError)


@pytest.mark.parametrize("version", [True, False, 1.0, b"2025-01-20", START.date(), [], (0, 1), object()])
def test_other_types(version: Any) -> None:
    """A value of another type is an InvalidVersionError that names the type."""
    with pytest.raises(InvalidVersionError, match=type(version).__name__):
        parse_version(version)


@pytest.mark.parametrize("text", ["", "latest", "1", "2025-13-01", "2025-01-20T25:00:00", " 2025-01-20", "\ud800"])
def test_text_that_is_no_date(text: str) -> None:
    """A text that is no date is an InvalidVersionError that shows the text and the forms allowed."""
    with pytest.raises(InvalidVersionError, match="ISO 8601") as caught:
        parse_version(text)
    assert repr(text) in str(caught.value)
    assert caught.value.version == text  # type: ignore[attr-defined]


@given(st.text() | st.from_regex(r"\d{4}-?\d\d-?\d\d.[\d:.,+Z-]{0,20}"), st.sampled_from(["exact", "asof"]))
def test_any_text_is_parsed_or_refused(text: str, match: str) -> None:
    """Whatever the text, the answer is a selector with a date of whole seconds or an error of ours."""
    try:
        selector = parse_version(text, match)
    except InvalidVersionError:
        return
    assert isinstance(selector, (On, AsOf, Alias))
    if not isinstance(selector, Alias):
        assert selector.date.tzinfo is None
        assert selector.date.microsecond == 0


@pytest.mark.parametrize(
    "version",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
    ],
)
def test_dates_that_leave_the_calendar(version: Any) -> None:
    """A date whose UTC moment lies outside the years 1 to 9999 is refused, as a ValueError below."""
    with pytest.raises(InvalidVersionError):
        parse_version(version)
    with pytest.raises(ValueError):
        parse_date(version)


# -- dates ------------------------------------------------------------------------------------------------------------


class Stamped(datetime):
    """A subclass, as pandas has one."""


def test_subclasses_become_plain() -> None:
    """A date of a subclass comes out as a plain datetime of the same moment, microseconds kept."""
    plain = to_utc(Stamped(2025, 1, 20, 13, 23, 30, 5, tzinfo=timezone(timedelta(hours=1))))
    assert type(plain) is datetime
    assert plain == datetime(2025, 1, 20, 12, 23, 30, 5)
    assert type(to_second(Stamped(2025, 1, 20))) is datetime


@given(inner, offsets)
def test_texts_and_stamps(moment: datetime, offset: timedelta) -> None:
    """Texts are read back to the second, and stamps are 14 digits of the same moment, in every zone and year."""
    local = moment.replace(tzinfo=UTC).astimezone(timezone(offset))
    assert parse_date(to_text(local)) == to_second(moment) == to_second(local)
    assert stamp(local) == stamp(moment)
    assert len(stamp(moment)) == 14
    assert datetime.strptime(stamp(moment), "%Y%m%d%H%M%S") == to_second(moment)
    assert parse_date(local.isoformat()) == moment


def test_years_below_1000_are_padded() -> None:
    """The first year is written with four digits in texts and stamps."""
    assert stamp(datetime(1, 2, 3, 4, 5, 6)) == "00010203040506"
    assert to_text(datetime(1, 2, 3, 4, 5, 6, 7)) == "0001-02-03T04:05:06"
