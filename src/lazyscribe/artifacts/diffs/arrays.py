"""NumPy arrays, one or several under names, compared in shape, type and elements."""

from __future__ import annotations

from typing import Any

from lazyscribe.artifacts.diffs import checked_examples, left_out, shortened
from lazyscribe.artifacts.libraries import library

NUMBERS = "biufc"
"""Kinds of elements that are compared with each other, whatever their size; others only with their own kind."""


def differences(older: Any, newer: Any, examples: int = 5) -> str:
    """Return how shape and type differ, how many elements do, by how much at most, and some of their positions.

    NaN and NaT are the same as themselves. Elements of arrays of different shapes are not compared.

    Raises
    ------
    ValueError
        `examples` is no number of them.
    """
    checked_examples(examples)
    if isinstance(older, dict) and isinstance(newer, dict):
        return "\n".join(_of_names(older, newer, examples))
    if isinstance(older, dict) or isinstance(newer, dict):
        kinds = ["several arrays" if isinstance(each, dict) else "one array" for each in (older, newer)]
        return f"{kinds[0]} -> {kinds[1]}"
    return "\n".join(_of_arrays(older, newer, examples))


def _of_names(older: dict[str, Any], newer: dict[str, Any], examples: int) -> list[str]:
    lines = []
    for name, array in older.items():
        if name not in newer:
            lines.append(f"- {name!r}: {_in_words(array)}")
        elif found := _of_arrays(array, newer[name], examples):
            lines += [f"~ {name!r}:", *(f"  {line}" for line in found)]
    return [*lines, *(f"+ {name!r}: {_in_words(array)}" for name, array in newer.items() if name not in older)]


def _in_words(array: Any) -> str:
    return f"shape {array.shape}, dtype {array.dtype}"


def _of_arrays(older: Any, newer: Any, examples: int) -> list[str]:
    lines = []
    if older.shape != newer.shape:
        lines.append(f"shape: {older.shape} -> {newer.shape}")
    if older.dtype != newer.dtype:
        lines.append(f"dtype: {older.dtype} -> {newer.dtype}")
    if older.shape == newer.shape:
        lines += _of_elements(older, newer, examples)
    return lines


def _of_elements(older: Any, newer: Any, examples: int) -> list[str]:
    numpy = library("numpy", "numpy")
    mask = _unequal(older, newer)
    if mask is None:
        return ["elements of these types are not compared"]
    count = int(numpy.count_nonzero(mask))
    if not count:
        return []
    most = _largest(older[mask], newer[mask])
    line = f"elements: {count} of {older.size} differ{most}"
    places = numpy.flatnonzero(mask)[:examples]
    shown = []
    for each in zip(*numpy.unravel_index(places, mask.shape), strict=True) if mask.ndim else [()] * len(places):
        position = ", ".join(str(int(index)) for index in each)
        shown.append(shortened(f"  [{position}]: {_element(older[each])} -> {_element(newer[each])}"))
    return [line, *shown, *left_out(len(shown), count)]


def _element(value: Any) -> str:
    return repr(value.item()) if value.dtype.kind in "biufcUS" else str(value)


def _unequal(older: Any, newer: Any) -> Any:
    """Return where two arrays of one shape differ; ``None`` if their elements cannot be compared."""
    numpy = library("numpy", "numpy")
    if older.dtype.names is not None and older.dtype == newer.dtype:
        mask = numpy.zeros(older.shape, bool)
        for name in older.dtype.names:
            field = _unequal(older[name], newer[name])
            mask |= field.reshape((*older.shape, -1)).any(-1) if field.ndim > mask.ndim else field
        return mask
    kinds = {older.dtype.kind, newer.dtype.kind}
    if not kinds <= set(NUMBERS) and (len(kinds) > 1 or (kinds == {"V"} and older.dtype != newer.dtype)):
        return None
    mask = numpy.asarray(older != newer)
    if kinds <= set("fc") or kinds <= set("mM"):
        void = numpy.isnat if kinds <= set("mM") else numpy.isnan
        mask &= ~(void(older) & void(newer))
    return mask


def _largest(older: Any, newer: Any) -> str:
    """Return how much two arrays of unequal elements differ at most, as the end of a line; of numbers only."""
    numpy = library("numpy", "numpy")
    kinds = older.dtype.kind + newer.dtype.kind
    if not set(kinds) <= set("iufc"):
        return ""
    if kinds in ("ii", "uu"):  # modulo 2**64, so that neither the difference nor a negative number overflows
        high, low = numpy.maximum(older, newer), numpy.minimum(older, newer)
        return f", by {int((high.astype('u8') - low.astype('u8')).max())} at most"
    kind = numpy.result_type(older, newer, "f8")
    with numpy.errstate(invalid="ignore", over="ignore"):
        gaps = numpy.abs(newer.astype(kind) - older.astype(kind))
    gaps = gaps[~numpy.isnan(gaps)]
    return f", by {gaps.max().item()!r} at most" if gaps.size else ""
