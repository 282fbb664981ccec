"""Which handler takes a value that came without one: told by the names of its types, so that nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from lazyscribe.exception import NoHandlerFitsError

_TABLES = ("parquet", "csv", "arrow")
_NAMED: dict[tuple[str, str], tuple[str, ...]] = {
    ("pandas", "DataFrame"): _TABLES,
    ("polars", "DataFrame"): _TABLES,
    ("sklearn", "BaseEstimator"): ("skops",),
    ("matplotlib", "Figure"): ("png", "svg"),
    ("plotly", "BaseFigure"): ("plotly",),
    ("PIL", "Image"): ("image",),
    ("pydantic", "BaseModel"): ("pydantic",),
    ("onnx", "ModelProto"): ("onnx",),
}
"""Handlers by the package and the name of a type; the first one is taken. Subclasses fit as well."""

_LEAVES = (str, int, float, bool, type(None))
_NOT_TABLES = (("pandas", "Series"), ("polars", "Series"), ("pyarrow", "ChunkedArray"))
"""What has Arrow's stream interface and is one column."""


def is_a(value: Any, package: str, name: str) -> bool:
    """Whether `value` is an instance of that class or of one made from it; `package`: where its module stands."""
    return (package, name) in _names(value)


def infer(value: Any) -> str:
    """Return the alias of the handler that is taken for `value` if none is named.

    Each gives back what was logged, or the same data (a table, a figure's picture); none runs code on loading that
    the file brings along.

    Raises
    ------
    NoHandlerFitsError
        None does: says which could be named.
    """
    if fitting := _fitting(value):
        return fitting[0]
    able = _able(value)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    message = (
        f"No handler is taken by itself for a value of the type {kind!r}; name one with handler=, for example one of "
        f"these: {', '.join(map(repr, able))} (files of joblib, cloudpickle and pickle run code when they are loaded)."
    )
    raise NoHandlerFitsError(message, type=kind, handlers=able)


def _names(value: Any) -> list[tuple[str, str]]:
    """Return the package and the name of each type of `value`, its own first."""
    return [(str(each.__module__).partition(".")[0], each.__qualname__) for each in type(value).__mro__]


def _fitting(value: Any) -> tuple[str, ...]:
    for find in _FINDERS:
        if found := find(value):
            return found
    return ()


def _of_builtins(value: Any) -> tuple[str, ...]:
    if type(value) is str:
        return "text", "markdown", "html", "json"
    if type(value) in (bytes, bytearray, memoryview):
        return ("bytes",)
    try:
        return ("json", "yaml") if _is_plain(value) else ()
    except RecursionError:
        return ()


def _is_plain(value: Any) -> bool:
    """Whether JSON gives back exactly this: no tuples, no keys but texts, no subclasses."""
    if type(value) is dict:
        return all(type(key) is str and _is_plain(each) for key, each in value.items())
    if type(value) is list:
        return all(map(_is_plain, value))
    return type(value) in _LEAVES


def _of_arrays(value: Any) -> tuple[str, ...]:
    if _is_array(value):
        return ("npy",)
    if type(value) is dict and value and all(type(key) is str and key for key in value):
        return ("npz",) if all(map(_is_array, value.values())) else ()
    return ()


def _is_array(value: Any) -> bool:
    """Whether it is an array, not of a subclass that would come back as another, whose elements are no objects."""
    return _names(value)[0] in (("numpy", "ndarray"), ("numpy", "memmap")) and not value.dtype.hasobject


def _of_named(value: Any) -> tuple[str, ...]:
    return next((_NAMED[name] for name in _names(value) if name in _NAMED), ())


def _of_paths(value: Any) -> tuple[str, ...]:
    """Tell files from folders by looking there; of a path to neither, the handler of files says so."""
    if _names(value)[0][0] != "pathlib" or not is_a(value, "pathlib", "Path"):
        return ()
    try:
        return ("folder",) if value.is_dir() else ("file",)
    except OSError:
        return ("file",)


def _of_classes(value: Any) -> tuple[str, ...]:
    own = vars(type(value))
    if "__attrs_attrs__" in own:
        return ("attrs",)
    return ("dataclass",) if "__dataclass_fields__" in own else ()


def _of_streams(value: Any) -> tuple[str, ...]:
    has_it = any("__arrow_c_stream__" in vars(each) for each in type(value).__mro__)
    return _TABLES if has_it and not set(_NOT_TABLES).intersection(_names(value)) else ()


_FINDERS: tuple[Callable[[Any], tuple[str, ...]], ...] = (
    _of_builtins,
    _of_arrays,
    _of_named,
    _of_paths,
    _of_classes,
    _of_streams,
)


def _able(value: Any) -> list[str]:
    """Return the handlers that take at least most values of this kind, though they may give back another type."""
    found = ["joblib", "cloudpickle", "pickle"]
    if is_a(value, "pathlib", "Path"):
        found = ["file", "folder", *found]
    if type(value) in (dict, list, tuple, set, date, datetime):
        found = ["yaml", *found]
    if isinstance(value, (dict, list, tuple, str, int, float)):
        found = ["json", *found]
    if isinstance(value, dict):
        found = ["toml", *found]
    if isinstance(value, (list, tuple)) or _is_numeric(value):
        found = ["npy", *found]
    return found


def _is_numeric(value: Any) -> bool:
    """Whether it is an array or a number of NumPy's, of elements that are no objects."""
    names = _names(value)
    if ("numpy", "MaskedArray") in names or all(package != "numpy" for package, _ in names):
        return False
    dtype = getattr(value, "dtype", None)
    return dtype is not None and not dtype.hasobject
