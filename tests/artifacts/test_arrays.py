"""Arrays of NumPy, alone and by name."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import sklearn.datasets

from lazyscribe import Repository
from lazyscribe.artifacts.npy import NpyArtifact
from lazyscribe.artifacts.npz import NpzArtifact
from lazyscribe.exception import SaveError
from tests.artifacts.samples import same
from tests.repository.tools import tree

ARRAYS = {
    "digits": sklearn.datasets.load_digits().images,
    "order": numpy.asfortranarray(numpy.arange(12).reshape(3, 4)),
    "strided": numpy.arange(100)[::-3],
    "scalar": numpy.array(1.5),
    "empty": numpy.zeros((3, 0), "f4"),
    "dates": numpy.array(["2025-01-20", "NaT"], "M8[D]"),
    "texts": numpy.array(["größe", ""]),
    "records": numpy.array([(1, 2.5, b"x")], [("a", ">i4"), ("b", "f8"), ("c", "S3")]),
    "complex": numpy.array([1j, numpy.nan]),
    "nothing known": numpy.array([True, False]),
}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository.json")


def alike(one: Any, other: Any) -> bool:
    """Whether two arrays have the same elements to the bit."""
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_to_the_bit(repository: Repository, name: str) -> None:
    """Elements, their type, byte order and shape are what was logged; NumPy itself reads the file."""
    repository.log_artifact("x", ARRAYS[name])
    repository.save()
    assert alike(repository.load_artifact("x"), ARRAYS[name])
    assert alike(numpy.load(repository.dir / "x" / repository["x"].fname), ARRAYS[name])


@pytest.mark.parametrize("compressed", [False, True])
def test_many_arrays_come_back_under_their_names(repository: Repository, compressed: bool) -> None:
    """Names are kept whatever they are, those of NumPy's own keywords too; NumPy itself reads the file."""
    arrays = {**ARRAYS, "file": numpy.arange(2), "allow_pickle": numpy.arange(3), "x.npy": numpy.arange(4)}
    repository.log_artifact("x", arrays, "npz", compressed=compressed)
    repository.save()
    loaded = repository.load_artifact("x")
    assert list(loaded) == list(arrays)
    assert all(alike(loaded[name], arrays[name]) for name in arrays)
    path = repository.dir / "x" / repository["x"].fname
    with numpy.load(path) as file:
        assert sorted(file.files) == sorted(arrays)
    assert (path.stat().st_size < 100_000) is compressed


def test_the_same_arrays_are_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes do not depend on the time."""
    written = []
    for now in (1e9, 1.5e9):
        monkeypatch.setattr("time.time", lambda now=now: now)
        buf = io.BytesIO()
        NpzArtifact.write({"a": numpy.arange(3)}, buf)
        written.append(buf.getvalue())
    assert written[0] == written[1]


@pytest.mark.parametrize("alias", ["npy", "npz"])
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (numpy.array([object()]), "objects"),
        (numpy.array([(1, "x")], [("a", int), ("b", object)]), "objects"),
        ([[1], [2, object()]], "inhomogeneous"),
        (numpy.ma.array([1, 2], mask=[True, False]), "mask"),
    ],
    ids=["objects", "a field of objects", "ragged", "masked"],
)
def test_what_only_a_pickle_could_hold_is_refused(repository: Repository, alias: str, value: Any, told: str) -> None:
    """Arrays of objects, and those that would lose something, are a clear error, and nothing is left behind."""
    repository.log_artifact("x", {"first": numpy.arange(3), "odd": value} if alias == "npz" else value, alias)
    with pytest.raises(SaveError, match=told) as caught:
        repository.save()
    assert alias == "npy" or told == "inhomogeneous" or "'odd'" in str(caught.value)
    assert tree(repository.dir) == {}


def test_a_mapped_array_is_logged_like_another(repository: Repository, tmp_path: Path) -> None:
    """An array that lies in a file is taken by itself, and comes back as a plain one."""
    numpy.save(tmp_path / "mapped.npy", numpy.arange(1000))
    repository.log_artifact("x", numpy.load(tmp_path / "mapped.npy", mmap_mode="r"))
    repository.save()
    assert same(repository.load_artifact("x"), numpy.arange(1000))


def _shapes() -> Iterator[numpy.ndarray[Any, Any]]:
    """Yield arrays of every kind of element and of every way to lie in memory."""
    numbers = numpy.arange(24)
    for dtype in ("u1", "<i4", ">i4", "<f8", ">f8", "<c16", "?", "<U3", "S4", "<M8[ns]", "<m8[s]", "f2"):
        yield numbers.astype("i8" if "8[" in dtype else "f8").astype(dtype)
    whole = numbers.reshape(2, 3, 4)
    yield from (whole, whole.T, numpy.asfortranarray(whole), whole[:, ::2], whole[..., 0], whole.transpose(1, 0, 2))
    yield from (
        numpy.array(3.5),
        numpy.zeros((0, 3)),
        numpy.zeros((2, 0)),
        numpy.zeros(3, "V0"),
        numpy.ones((1, 1)),
        numbers[::-1],
    )
    yield numpy.zeros(2, [("a", "<i4"), ("b", "<f8", (2,))])
    yield numpy.zeros(2, [("ä" * 3, "<i4")]).view(numpy.recarray)
    yield numpy.zeros(2, [(f"column {number}" * 4, "<i4") for number in range(2000)])
    yield numpy.lib.stride_tricks.as_strided(numbers, (5,), (0,))
    read_only = numbers.copy()
    read_only.flags.writeable = False
    yield read_only


@pytest.mark.filterwarnings("ignore:Stored array in format:UserWarning")
@pytest.mark.parametrize(
    "array", list(_shapes()), ids=lambda array: f"{array.dtype.str[:6]}{array.shape}{array.strides}"
)
def test_files_are_those_of_numpy(array: numpy.ndarray[Any, Any]) -> None:
    """Byte for byte what ``numpy.save`` writes, whatever the elements and however they lie."""
    mine, theirs = io.BytesIO(), io.BytesIO()
    NpyArtifact.write(array, mine)
    numpy.save(theirs, array)
    assert mine.getvalue() == theirs.getvalue()


def test_an_array_is_written_as_it_lies(tmp_path: Path) -> None:
    """What lies in one piece is handed over in one piece, without a copy."""
    pieces: list[Any] = []

    class Sink(io.BytesIO):
        def write(self, data: Any, /) -> int:
            pieces.append(data)
            return super().write(data)

    for array in (numpy.arange(1000.0), numpy.asfortranarray(numpy.ones((30, 40))), numpy.arange(9).astype("M8[s]")):
        pieces.clear()
        NpyArtifact.write(array, Sink())
        assert numpy.shares_memory(numpy.asarray(pieces[-1]), array)
        assert len(memoryview(pieces[-1])) == array.nbytes
