"""Differences of arrays and images."""

from typing import Any

import numpy
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.artifacts.differing import diff

NAN, NAT = float("nan"), numpy.datetime64("NaT")
FLAT = arrays.arrays("f8", 6, elements=st.sampled_from([0.0, 1.0, -2.5, NAN, float("inf")]))


@given(older=FLAT, newer=FLAT, shape=st.sampled_from([(6,), (2, 3), (3, 1, 2)]))
def test_elements_are_counted_as_by_hand(older: Any, newer: Any, shape: Any) -> None:
    """How many differ, the largest difference, and where; NaN is the same as itself."""
    text = diff(older.reshape(shape), newer.reshape(shape), "npy", examples=9)
    unlike = [each for each in range(6) if repr(float(older[each])) != repr(float(newer[each]))]
    if not unlike:
        assert text == ""
        return
    gaps = [abs(float(newer[each]) - float(older[each])) for each in unlike]
    gaps = [gap for gap in gaps if gap == gap]
    most = f", by {max(gaps)} at most" if gaps else ""
    lines = [f"elements: {len(unlike)} of 6 differ{most}"]
    for each in unlike:
        position = ", ".join(str(int(index)) for index in numpy.unravel_index(each, shape))
        lines.append(f"  [{position}]: {float(older[each])} -> {float(newer[each])}")
    assert text.split("\n") == lines


STRUCTURE = [("a", "f4"), ("b", "U3", 2)]


@pytest.mark.parametrize(
    ("older", "newer", "lines"),
    [
        (numpy.zeros((2, 3)), numpy.ones((3, 2)), ["shape: (2, 3) -> (3, 2)"]),
        (numpy.zeros(3, "i4"), numpy.zeros(3, "f8"), ["dtype: int32 -> float64"]),
        (
            numpy.zeros(2, "i4"),
            numpy.array([0, 0.5]),
            ["dtype: int32 -> float64", "elements: 1 of 2 differ, by 0.5 at most", "  [1]: 0 -> 0.5"],
        ),
        (numpy.zeros(2), numpy.zeros(3, "f4"), ["shape: (2,) -> (3,)", "dtype: float64 -> float32"]),
        (numpy.array([3], "u1"), numpy.array([5], "u1"), ["elements: 1 of 1 differ, by 2 at most", "  [0]: 3 -> 5"]),
        (numpy.array([5], "u1"), numpy.array([3], "u1"), ["elements: 1 of 1 differ, by 2 at most", "  [0]: 5 -> 3"]),
        (
            numpy.array([-(2**63)]),
            numpy.array([2**63 - 1]),
            [f"elements: 1 of 1 differ, by {2**64 - 1} at most", f"  [0]: {-(2**63)} -> {2**63 - 1}"],
        ),
        (
            numpy.array([-1], "i1"),
            numpy.array([1], "i8"),
            ["dtype: int8 -> int64", "elements: 1 of 1 differ, by 2 at most", "  [0]: -1 -> 1"],
        ),
        (
            numpy.array([6e4], "f2"),
            numpy.array([-6e4], "f2"),
            ["elements: 1 of 1 differ, by 120000.0 at most", "  [0]: 60000.0 -> -60000.0"],
        ),
        (
            numpy.array([1e308]),
            numpy.array([-1e308]),
            ["elements: 1 of 1 differ, by inf at most", "  [0]: 1e+308 -> -1e+308"],
        ),
        (
            numpy.array([NAN, 1]),
            numpy.array([0, NAN]),
            ["elements: 2 of 2 differ", "  [0]: nan -> 0.0", "  [1]: 1.0 -> nan"],
        ),
        (
            numpy.array([1 + 1j, NAN]),
            numpy.array([4 + 5j, NAN]),
            ["elements: 1 of 2 differ, by 5.0 at most", "  [0]: (1+1j) -> (4+5j)"],
        ),
        (
            numpy.array([complex("inf+1j")]),
            numpy.array([complex("inf+2j")]),
            ["elements: 1 of 1 differ", "  [0]: (inf+1j) -> (inf+2j)"],
        ),
        (numpy.array([True, False]), numpy.array([True, True]), ["elements: 1 of 2 differ", "  [1]: False -> True"]),
        (numpy.array(1), numpy.array(3), ["elements: 1 of 1 differ, by 2 at most", "  []: 1 -> 3"]),
        (
            numpy.array(["a", "ü"]),
            numpy.array(["a", "abc"]),
            ["dtype: <U1 -> <U3", "elements: 1 of 2 differ", "  [1]: 'ü' -> 'abc'"],
        ),
        (numpy.array(["a"]), numpy.array([1]), ["dtype: <U1 -> int64", "elements of these types are not compared"]),
        (
            numpy.array([NAT, 1], "M8[s]"),
            numpy.array([NAT, 2], "M8[s]"),
            ["elements: 1 of 2 differ", "  [1]: 1970-01-01T00:00:01 -> 1970-01-01T00:00:02"],
        ),
        (numpy.array([1], "m8[s]"), numpy.array([1000], "m8[ms]"), ["dtype: timedelta64[s] -> timedelta64[ms]"]),
        (
            numpy.array([(NAN, ["a", "b"]), (1, ["a", "b"])], STRUCTURE),
            numpy.array([(NAN, ["a", "b"]), (1, ["a", "c"])], STRUCTURE),
            ["elements: 1 of 2 differ", "  [1]: (1.0, ['a', 'b']) -> (1.0, ['a', 'c'])"],
        ),
        (
            numpy.array([(1,)], [("a", "i4")]),
            numpy.array([(1,)], [("b", "i4")]),
            ["dtype: [('a', '<i4')] -> [('b', '<i4')]", "elements of these types are not compared"],
        ),
        (numpy.array(["a" * 300]), numpy.array(["b" * 300]), ["elements: 1 of 1 differ", f"  [0]: '{'a' * 191}…"]),
    ],
)
def test_arrays(older: Any, newer: Any, lines: list[str]) -> None:
    """Shape, type and elements; no difference overflows."""
    assert diff(older, newer, "npy").split("\n") == lines


def test_few_examples() -> None:
    older, newer = numpy.zeros((100, 100)), numpy.zeros((100, 100))
    newer[5, 7:] = 2
    lines = diff(older, newer, "npy", examples=2).split("\n")
    assert lines == [
        "elements: 93 of 10000 differ, by 2.0 at most",
        "  [5, 7]: 0.0 -> 2.0",
        "  [5, 8]: 0.0 -> 2.0",
        "  … and 91 more",
    ]


def test_arrays_under_names() -> None:
    """Arrays that were added or removed, and what differs in those of one name."""
    older = {"w": numpy.zeros(2), "gone": numpy.zeros((2, 0), "i1"), "same": numpy.eye(2)}
    newer = {"same": numpy.eye(2), "w": numpy.array([0, 0.5]), "new": numpy.array(1.5)}
    lines = diff(older, newer, "npz").split("\n")
    assert lines == [
        "~ 'w':",
        "  elements: 1 of 2 differ, by 0.5 at most",
        "    [1]: 0.0 -> 0.5",
        "- 'gone': shape (2, 0), dtype int8",
        "+ 'new': shape (), dtype float64",
    ]
    assert diff(numpy.eye(2), older, "npy", to="npz") == "one array -> several arrays"
    assert diff(older, numpy.eye(2), "npz", to="npy") == "several arrays -> one array"


def image(mode: str, *pixels: Any, size: tuple[int, int] = (3, 2)) -> PIL.Image.Image:
    """Return an image that is empty but for some pixels, given as x, y and value."""
    made = PIL.Image.new(mode, size)
    for x, y, value in pixels:
        made.putpixel((x, y), value)
    return made


def palette(index: int, *colours: int) -> PIL.Image.Image:
    made = PIL.Image.new("P", (3, 2), index)
    made.putpalette(colours)
    return made


@pytest.mark.parametrize(
    ("older", "newer", "lines"),
    [
        (image("RGB", (0, 0, (1, 1, 1))), image("RGB", size=(4, 2)), ["size: 3 x 2 -> 4 x 2"]),
        (
            image("RGB", (1, 1, (9, 9, 9))),
            image("RGB", (2, 0, (1, 2, 3)), (1, 1, (9, 4, 9))),
            [
                "pixels: 2 of 6 differ, by 5 at most",
                "  (2, 0): (0, 0, 0) -> (1, 2, 3)",
                "  (1, 1): (9, 9, 9) -> (9, 4, 9)",
            ],
        ),
        (image("L"), image("L", (0, 1, 200)), ["pixels: 1 of 6 differ, by 200 at most", "  (0, 1): 0 -> 200"]),
        (
            image("LA"),
            image("LA", (0, 1, (0, 3))),
            ["pixels: 1 of 6 differ, by 3 at most", "  (0, 1): (0, 0) -> (0, 3)"],
        ),
        (
            image("RGBA"),
            image("RGBA", (0, 0, (0, 0, 0, 7))),
            ["pixels: 1 of 6 differ, by 7 at most", "  (0, 0): (0, 0, 0, 0) -> (0, 0, 0, 7)"],
        ),
        (image("1"), image("1", (2, 1, 1)), ["pixels: 1 of 6 differ, by 255 at most", "  (2, 1): 0 -> 255"]),
        (image("I;16"), image("I;16", (2, 1, 300)), ["pixels: 1 of 6 differ, by 300 at most", "  (2, 1): 0 -> 300"]),
        (
            image("I;16", (1, 0, 256)),
            image("I;16", (1, 0, 255)),
            ["pixels: 1 of 6 differ, by 1 at most", "  (1, 0): 256 -> 255"],
        ),
        (image("L"), image("I;16"), ["mode: L -> I;16"]),
        (image("L", (0, 0, 200)), image("I;16", (1, 0, 300)), ["mode: L -> I;16"]),
        (image("I;16", (1, 0, 300)), image("RGB", (0, 0, (1, 2, 3))), ["mode: I;16 -> RGB"]),
        (image("L"), image("RGB"), ["mode: L -> RGB"]),
        (
            image("L"),
            image("RGB", (0, 0, (0, 1, 0))),
            ["mode: L -> RGB", "pixels: 1 of 6 differ, by 1 at most", "  (0, 0): (0, 0, 0, 255) -> (0, 1, 0, 255)"],
        ),
        (palette(0, 1, 2, 3, 4, 5, 6), palette(1, 4, 5, 6, 1, 2, 3), [""]),
        (
            palette(0, 1, 2, 3),
            palette(0, 1, 2, 4),
            ["pixels: 6 of 6 differ, by 1 at most", "  (0, 0): (1, 2, 3, 255) -> (1, 2, 4, 255)"],
        ),
    ],
)
def test_images(older: Any, newer: Any, lines: list[str]) -> None:
    """Size, mode, and pixels as they are seen: of a palette the colours, in two modes the same colours are the same."""
    found = diff(older, newer, "image", examples=2 if len(lines) != 2 else 1).split("\n")
    assert [line for line in found if "more" not in line] == lines


def test_few_pixels_of_many() -> None:
    older, newer = PIL.Image.linear_gradient("L"), PIL.Image.linear_gradient("L").rotate(180)
    lines = diff(older, newer, "image", examples=1).split("\n")
    assert lines == ["pixels: 65536 of 65536 differ, by 255 at most", "  (0, 0): 0 -> 255", "  … and 65535 more"]
