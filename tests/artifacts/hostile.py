"""Files that would run code when they are loaded: each creates a file of its own that tells."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy


class Reduces:
    """Runs when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


class Evaluates(Reduces):
    """Runs a text of Python."""

    def __reduce__(self) -> Any:
        return eval, (f"open({str(self.trace)!r}, 'w').close()",)


class Slots(Reduces):
    """Hides in the state of an object of a harmless type."""

    def __reduce__(self) -> Any:
        return dict, (), None, iter([]), iter([("key", Evaluates(self.trace))])


def _function(trace: Path) -> Any:
    """Return an object whose class travels in the file, with what it does when it is set up again."""

    class Local:
        def __setstate__(self, state: Any) -> None:
            state["trace"].touch()

        def __getstate__(self) -> Any:
            return {"trace": trace}

    return Local()


def _joblib(value: Any, **keywords: Any) -> bytes:
    buf = io.BytesIO()
    joblib.dump(value, buf, **keywords)
    return buf.getvalue()


CORPUS: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "reduce": ("pickle", lambda trace: pickle.dumps(Reduces(trace))),
    "eval": ("pickle", lambda trace: pickle.dumps(Evaluates(trace))),
    "old protocol": ("pickle", lambda trace: pickle.dumps(Evaluates(trace), protocol=0)),
    "nested": ("pickle", lambda trace: pickle.dumps({"a": [({"b": Reduces(trace)},)]})),
    "in items": ("pickle", lambda trace: pickle.dumps(Slots(trace))),
    "in an array": ("pickle", lambda trace: pickle.dumps(numpy.array([Reduces(trace)], dtype=object))),
    "pickle in a pickle": ("pickle", lambda trace: pickle.dumps(_Inner(pickle.dumps(Reduces(trace))))),
    "joblib": ("joblib", lambda trace: _joblib(Evaluates(trace))),
    "compressed": ("joblib", lambda trace: _joblib([Reduces(trace)], compress=3)),
    "joblib array": ("joblib", lambda trace: _joblib({"a": numpy.array([Reduces(trace)], dtype=object)})),
    "cloudpickle": ("cloudpickle", lambda trace: cloudpickle.dumps(Reduces(trace))),
    "class by value": ("cloudpickle", lambda trace: cloudpickle.dumps(_function(trace))),
}
"""By name: the handler, and what makes the bytes; loading them creates the file that is given."""


class _Inner:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return pickle.loads, (self.data,)


def object_array(trace: Path) -> bytes:
    """Return the bytes of a ``.npy`` file with pickled objects."""
    buf = io.BytesIO()
    numpy.save(buf, numpy.array([Reduces(trace)], dtype=object), allow_pickle=True)
    return buf.getvalue()


def object_arrays(trace: Path) -> bytes:
    """Return the bytes of a ``.npz`` file with pickled objects."""
    buf = io.BytesIO()
    numpy.savez(buf, a=numpy.array([Reduces(trace)], dtype=object))
    return buf.getvalue()
