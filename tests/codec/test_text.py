"""Manifests as text: what goes in comes out, byte for byte as the standard library writes it."""

import json
import math
import struct
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lazyscribe.codec.text import (
    assemble,
    check_experiment,
    check_version,
    decode,
    encode,
    encode_all,
    to_plain,
    with_dates_as_text,
)
from lazyscribe.codec.texts import split
from lazyscribe.exception import CorruptManifestError


def one_pair_one_character(text: str) -> str:
    """JSON writes a character beyond the BMP as two surrogates, so two that stand together are that character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=())).map(one_pair_one_character)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.integers(10**300, 10**301)
    | st.floats()
    | ANY_TEXT
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(ANY_TEXT, inner, max_size=5), max_leaves=20
)
RECORDS = st.dictionaries(ANY_TEXT, JSON, max_size=6)


def standard(records: list[Any]) -> bytes:
    """The text of a manifest as the standard library gives it."""
    return json.dumps(records, sort_keys=True, indent=4).encode("ascii")


def bits(value: Any) -> Any:
    """A form of plain objects that is equal only if they are, to the type and the bit; every NaN is one."""
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, list):
        return [bits(item) for item in value]
    if isinstance(value, float):
        return "float", "nan" if math.isnan(value) else struct.pack(">d", value)
    return type(value).__name__, value


@given(RECORDS)
@example({"float": 1e16, "small": 1e-7, "large": 1.7976931348623157e308, "zero": -0.0, "tiny": 5e-324})
@example({"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "in text": "NaN, Infinity"})
@example({"big": 2**64, "small": -(2**63) - 1, "huge": 10**4000, "edge": 2**63})
@example({"\ud800": "\udfff", "\udc80x": ["\ud83d", "\ude00"], "real": "😀"})
@example({"ctrl": "\x00\x1f\x7f\x80\u2028\u2029\ufeff", "quote": '"\\/', "lines": "a\n    },\n    {\n        b"})
@example({"": {"": [{}, [], [[]], [{}]]}, "é": "ß", "z": {"b": 1, "a": 2}})
@example({"name": [float(2**53), 1e22, 1e21, 123456789012345678.0, 0.1]})
def test_one_record(record: dict[str, Any]) -> None:
    """A record decodes to itself, to the bit, and its text is the standard library's."""
    text = encode(record)
    assert assemble([text]) == standard([record])
    assert bits(decode(text, "m")) == bits(record)
    assert encode(decode(text, "m")) == text


@given(st.lists(RECORDS, max_size=5))
@example([])
@example([{}])
@example([{}, {}, {"a": {}}])
@example([{"a": math.nan}, {"b": 1.5}, {"c": "\ud800"}])
@example([{"a": "},\n    {"}, {"a": {"b": {}}}, {"a": [{"b": 1}, {"c": 2}]}])
def test_a_manifest(records: list[dict[str, Any]]) -> None:
    """Cutting a manifest gives the texts it was put together from; it is the standard library's text."""
    texts = [encode(record) for record in records]
    data = assemble(texts)
    assert data == standard(records)
    assert split(data, "m") == texts


def formats(records: list[Any]) -> list[bytes]:
    """The same records as other programs and editors format them."""
    plain = standard(records)
    compact = json.dumps(records, separators=(",", ":")).encode("ascii")
    unicode = json.dumps([json.loads(json.dumps(each)) for each in records], ensure_ascii=False, indent=2)
    found = [
        plain.replace(b"\n", b"\r\n"),
        plain + b"\n",
        b" \n\t" + plain + b"\r\n",
        compact,
        json.dumps(records, indent="\t", sort_keys=True).encode("ascii"),
        json.dumps(records).encode("ascii"),
    ]
    try:
        found.append(unicode.encode("utf-8"))
    except UnicodeEncodeError:  # lone surrogates have no UTF-8
        found.append(compact)
    return found


@given(st.lists(RECORDS, max_size=4))
@example([])
@example([{}, {}])
def test_other_formatting(records: list[dict[str, Any]]) -> None:
    """A manifest that is formatted otherwise, CRLF included, gives the texts of ours."""
    texts = [encode(record) for record in records]
    for data in formats(records):
        assert split(data, "m") == texts, data


@given(RECORDS)
def test_unsorted_keys(record: dict[str, Any]) -> None:
    """A file that is indented like ours but has other keys first gives the same records."""
    backwards = dict(sorted(record.items(), reverse=True))
    data = json.dumps([backwards, backwards], indent=4).encode("ascii")
    found = [decode(text, "m") for text in split(data, "m")]
    assert bits(found) == bits([record, record])


@pytest.mark.parametrize("space", [b"", b" ", b"\n    ", b"\r\n"])
def test_a_key_twice(space: bytes) -> None:
    """Of a key that stands twice in a record the last counts, however the file is formatted."""
    data = b'[{"a": 1,' + space + b'"b": 2,' + space + b'"a": 3}]'
    assert [decode(text, "m") for text in split(data, "m")] == [{"a": 3, "b": 2}]
    ours = b'[\n    {\n        "a": 1,\n        "a": 3\n    }\n]'
    assert [decode(text, "m") for text in split(ours, "m")] == [{"a": 3}]


def read_all(data: bytes) -> list[dict[str, Any]] | None:
    """What a manifest holds; ``None`` if it is corrupt. Any other error is the test's."""
    try:
        records = [decode(text, "place.json", n) for n, text in enumerate(split(data, "place.json"))]
    except CorruptManifestError as error:
        found = error
    else:
        found = None
    if found is not None:
        assert found.path == "place.json"
        assert "place.json" in str(found)
        return None
    for check in (check_version, check_experiment):
        for number, record in enumerate(records):
            with suppress(CorruptManifestError):
                check(record, "place.json", number)
    return records


GOOD = standard([{"a": [1, "é", None], "b": {"c": 1.5}}, {"d": "x"}])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"null",
        b"{}",
        b'{"a": 1}',
        b"[1]",
        b"[[]]",
        b'["x"]',
        b"[null]",
        b"[{}, 1]",
        b"[{},]",
        b"[{}] []",
        b"\xef\xbb\xbf" + GOOD,
        b"\xff\xfe" + GOOD.decode().encode("utf-16-le"),
        GOOD.decode().encode("utf-32"),
        GOOD[:-1],
        GOOD[:-20],
        GOOD + b"\0",
        b"\0" * 100,
        GOOD.replace(b"x", b"\xff"),
        GOOD.replace(b'"x"', b'"\t"'),
        GOOD.replace(b'"x"', b"x"),
        GOOD.replace(b'"x"', b'"\\x"'),
        GOOD.replace(b'"x"', b"01"),
        GOOD.replace(b'"x"', b"1."),
        GOOD.replace(b'"x"', b"nan"),
        GOOD.replace(b'"x"', b"9" * 5000),
        GOOD.replace(b'"x"', b"'x'"),
        GOOD.replace(b'"d":', b""),
        GOOD.replace(b'"d"', b"5"),
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'[{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        b'[\n    {\n        "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"\n    }\n]",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'[{"a": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001 + b"]",
    ],
    ids=lambda data: f"{len(data)} {data[:12]!r}",
)
def test_corrupt(data: bytes) -> None:
    """What is no array of objects in JSON is corrupt, and that is the only error."""
    assert read_all(data) is None


@given(st.binary(max_size=200))
def test_garbage(data: bytes) -> None:
    """No bytes at all raise anything but CorruptManifestError."""
    read_all(data)


@given(st.data())
def test_damage(data: st.DataObject) -> None:
    """No manifest with some bytes changed, dropped or put in raises anything but CorruptManifestError."""
    text = bytearray(standard(data.draw(st.lists(RECORDS, min_size=1, max_size=2))))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text[start:end] = data.draw(st.binary(max_size=6) | st.sampled_from([b'"', b"{", b"}", b"\\u", b",", b"NaN"]))
    read_all(bytes(text))


@given(JSON)
def test_wrong_shapes(value: Any) -> None:
    """A record of any shape is good or corrupt: checking it raises nothing else."""
    read_all(standard([{"name": value, "tests": value, "artifacts": value, "created_at": value, "slug": value}]))


@pytest.mark.parametrize("depth", [10, 100, 900, 2000])
def test_nesting(depth: int) -> None:
    """Nesting is kept as deep as the interpreter goes; deeper is an error, never a crash and never other content."""
    value: Any = "end"
    for _ in range(depth):
        value = [value]
    try:
        text = encode({"a": value})
    except RecursionError:
        assert depth > 500
        return
    try:
        found = split(assemble([text]), "m")
    except CorruptManifestError:
        assert depth > 500
        return
    assert found == [text]
    assert encode(decode(text, "m")) == text


NUMPY = [
    (np.float64(0.1), 0.1),
    (np.float32(0.5), 0.5),
    (np.float16(2), 2.0),
    (np.int64(-3), -3),
    (np.uint64(2**64 - 1), 2**64 - 1),
    (np.int8(7), 7),
    (np.bool_(True), True),
    (np.str_("x"), "x"),
    (np.array(5), 5),
    (np.float64("nan"), math.nan),
    (np.float32("inf"), math.inf),
]


@pytest.mark.parametrize(("scalar", "plain"), NUMPY, ids=lambda value: repr(value))
def test_numpy_scalars(scalar: Any, plain: Any) -> None:
    """NumPy scalars are written as the numbers they are, at any depth."""
    text = encode({"metrics": {"a": scalar, "b": [scalar, {"c": scalar}]}})
    assert text == encode({"metrics": {"a": plain, "b": [plain, {"c": plain}]}})


@pytest.mark.parametrize("value", [np.array([1, 2]), np.array([1]), np.complex64(1j), object(), {1}, b"x", 1j])
def test_what_json_has_nothing_for(value: Any) -> None:
    """Anything else is a TypeError, wherever it stands."""
    for record in ({"a": value}, {"a": [{"b": value}]}):
        with pytest.raises(TypeError):
            encode(record)


@given(st.datetimes(), st.lists(st.datetimes(), max_size=3))
def test_dates_inside(date: datetime, more: list[datetime]) -> None:
    """Dates in metrics become text to the second, at any depth, and what was given is not changed."""
    value = {"a": date, "b": [{"c": date}, (date, 1)], "d": more}
    seconds = date.replace(microsecond=0).isoformat()
    found = with_dates_as_text(value)
    plain = {
        "a": seconds,
        "b": [{"c": seconds}, (seconds, 1)],
        "d": [each.replace(microsecond=0).isoformat() for each in more],
    }
    assert found == plain
    assert value["a"] is date
    assert encode(value) == encode(found)
    assert to_plain(date) == seconds


@given(st.lists(RECORDS, max_size=3))
def test_what_msgspec_says(records: list[dict[str, Any]]) -> None:
    """Where msgspec reads a record, it reads what the standard library reads."""
    for text in split(standard(records), "m"):
        try:
            found = msgspec.json.decode(text)
        except (msgspec.MsgspecError, UnicodeError):
            continue
        assert bits(found) == bits(json.loads(text))


@given(st.lists(RECORDS, max_size=4))
def test_records_at_once(records: list[dict[str, Any]]) -> None:
    """Encoded at once, records give what they give one by one; what is refused then may still be sound by itself."""
    try:
        together = encode_all(records)
    except Exception:
        return
    assert together == assemble([encode(record) for record in records])


def test_which_are_encoded_at_once() -> None:
    """Usual records are, whatever characters and numbers they hold; NaN is not."""
    usual = [{"b": [1.5, 10**30, None, True], "a": {"é\n": "\x07/😀"}}, {}]
    assert encode_all(usual) == json.dumps(usual, sort_keys=True, indent=4).encode()
    with pytest.raises(msgspec.MsgspecError):
        encode_all([{"a": math.nan}])
