"""Pillow's images, compared in size, mode and pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from lazyscribe.artifacts.diffs import checked_examples, left_out
from lazyscribe.artifacts.libraries import library

DEEP = "I;16"
"""The one mode of PNG with more than 8 bits in a band."""

PLAIN = {"1": "L", "P": "RGBA"}
"""As which mode the pixels of images of another are compared; of two modes both as RGBA."""


def differences(older: Any, newer: Any, examples: int = 5) -> str:
    """Return how size and mode differ, how many pixels do, by how much at most in a band, and some positions.

    Pixels of images of different sizes are not compared, nor those with 16 bits with those with 8.

    Raises
    ------
    ValueError
        `examples` is no number of them.
    """
    checked_examples(examples)
    lines = []
    if older.size != newer.size:
        lines.append(f"size: {older.width} x {older.height} -> {newer.width} x {newer.height}")
    if older.mode != newer.mode:
        lines.append(f"mode: {older.mode} -> {newer.mode}")
    if older.size == newer.size and (older.mode == newer.mode or DEEP not in (older.mode, newer.mode)):
        mode = PLAIN.get(older.mode, older.mode) if older.mode == newer.mode else "RGBA"
        before, after = (each if each.mode == mode else each.convert(mode) for each in (older, newer))
        lines += _of_pixels(before, after, examples)
    return "\n".join(lines)


def _of_pixels(older: Any, newer: Any, examples: int) -> list[str]:
    gaps = _gaps(older, newer)
    count = len(gaps) - gaps.count(0)
    if not count:
        return []
    lines = [f"pixels: {count} of {len(gaps)} differ, by {max(gaps)} at most"]
    for place in islice((number for number, gap in enumerate(gaps) if gap), examples):
        at = place % older.width, place // older.width
        lines.append(f"  {at}: {older.getpixel(at)} -> {newer.getpixel(at)}")
    return lines + left_out(len(lines) - 1, count)


def _gaps(older: Any, newer: Any) -> Sequence[int]:
    """Return for each pixel the largest difference in a band."""
    if older.mode == DEEP:
        values = (memoryview(each.tobytes("raw", "I;16N")).cast("H") for each in (older, newer))
        return [abs(old - new) for old, new in zip(*values, strict=True)]
    chops = library("PIL.ImageChops", "pillow")
    bands = [chops.difference(old, new) for old, new in zip(older.split(), newer.split(), strict=True)]
    largest = bands[0]
    for band in bands[1:]:
        largest = chops.lighter(largest, band)
    data: bytes = largest.tobytes()
    return data
