"""Tables: what is taken, what is kept, and in which shape it comes back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
import sklearn.datasets

from lazyscribe import Repository
from lazyscribe.artifacts import tables
from lazyscribe.exception import InvalidArgumentError, SaveError
from tests.artifacts.samples import wine
from tests.repository.tools import tree

HANDLERS = ["csv", "parquet", "arrow"]
FRAME = polars.DataFrame({"x": [1, 2, 3], "größe": ["a", "ü", None], "y": [0.5, None, 1.5]})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository.json")


def keep(repository: Repository, value: Any, alias: str, **keywords: Any) -> None:
    repository.log_artifact("table", value, alias, **keywords)
    repository.save()


@pytest.mark.parametrize("alias", HANDLERS)
@pytest.mark.parametrize("source", ["pyarrow", "pandas", "polars"])
def test_any_frame_comes_back_in_any_shape(repository: Repository, alias: str, source: str) -> None:
    """A frame of each library is read back as that of each library, with the same values; Arrow if none is named."""
    value = {"pyarrow": FRAME.to_arrow(), "pandas": FRAME.to_pandas(), "polars": FRAME}[source]
    keep(repository, value, alias)
    expected = FRAME.fill_null("") if alias == "csv" else FRAME
    if alias == "csv":  # an empty text is what a missing one becomes
        expected = FRAME.with_columns(polars.col("größe").fill_null(""))
    back = repository.load_artifact("table", as_="polars")
    assert back.equals(expected)
    assert repository.load_artifact("table", as_="pandas").equals(expected.to_pandas())
    assert isinstance(repository.load_artifact("table"), pyarrow.Table)
    assert repository.load_artifact("table").equals(repository.load_artifact("table", as_="pyarrow"))


@pytest.mark.parametrize("alias", ["parquet", "arrow"])
@pytest.mark.parametrize("load", [sklearn.datasets.load_wine, sklearn.datasets.load_breast_cancer])
def test_real_frames_are_equal_with_their_index(repository: Repository, alias: str, load: Any) -> None:
    """Frames that come with scikit-learn, one with an index of texts, are equal to what was logged."""
    frame = wine() if load is sklearn.datasets.load_wine else load(as_frame=True).frame
    keep(repository, frame, alias)
    pandas.testing.assert_frame_equal(repository.load_artifact("table", as_="pandas"), frame)


def test_only_some_columns_are_read(repository: Repository) -> None:
    """Keywords reach the library's reader and writer."""
    keep(repository, wine(), "parquet", compression="zstd", row_group_size=50)
    assert repository.load_artifact("table", columns=["alcohol", "kind"]).column_names == ["alcohol", "kind"]
    file = repository.dir / "table" / repository["table"].fname
    assert pyarrow.parquet.ParquetFile(file).metadata.num_row_groups == 4


class Rows:
    """A stream of batches of a thousand rows, made when they are asked for; notes how much memory Arrow holds then."""

    def __init__(self, batches: int) -> None:
        self.batches, self.held = batches, [pyarrow.total_allocated_bytes()]

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        reader = pyarrow.RecordBatchReader.from_batches(pyarrow.schema({"x": pyarrow.int64()}), self._made())
        return reader.__arrow_c_stream__(requested_schema)

    def _made(self) -> Iterator[pyarrow.RecordBatch]:
        for number in range(self.batches):
            self.held.append(pyarrow.total_allocated_bytes())
            yield pyarrow.record_batch({"x": [number] * 1000})


@pytest.mark.parametrize("alias", HANDLERS)
def test_a_stream_is_written_piece_by_piece(
    repository: Repository, alias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What only has Arrow's interface is never whole in memory; its small batches are put together."""
    monkeypatch.setattr(tables, "ROWS", 10_000)
    rows = Rows(1000)
    keep(repository, rows, alias)
    assert max(rows.held) - rows.held[0] < 1000 * 1000 * 8 / 4
    table = repository.load_artifact("table")
    assert (table.num_rows, table["x"][-1].as_py()) == (1_000_000, 999)
    if alias == "parquet":
        file = repository.dir / "table" / repository.artifacts[-1].fname
        assert pyarrow.parquet.ParquetFile(file).metadata.num_row_groups == 100


@pytest.mark.parametrize("alias", HANDLERS)
@pytest.mark.parametrize(
    ("value", "told"),
    [
        (pyarrow.table({}), "without columns"),
        (pandas.DataFrame(), "without columns"),
        (polars.DataFrame(), "without columns"),
        ([{"x": 1}], "no table"),
        (polars.Series([1]), "no table"),
    ],
    ids=["arrow", "pandas", "polars", "list", "series"],
)
def test_what_is_no_table_is_refused(repository: Repository, alias: str, value: Any, told: str) -> None:
    """A table without columns, and what is no table, is a clear error, and nothing is left behind."""
    repository.log_artifact("table", value, alias)
    with pytest.raises(SaveError, match=told):
        repository.save()
    assert tree(repository.dir) == {}


@pytest.mark.parametrize("alias", HANDLERS)
def test_texts_in_another_layout(repository: Repository, alias: str) -> None:
    """Texts and bytes as views, the layout of newer libraries, are kept by all three."""
    texts = pyarrow.array(["a", "ü"], pyarrow.string_view())
    keep(repository, pyarrow.table({"x": texts, "y": pyarrow.array([b"1", b"2"], pyarrow.binary_view())}), alias)
    assert repository.load_artifact("table")["x"].to_pylist() == ["a", "ü"]


@pytest.mark.parametrize("alias", HANDLERS)
def test_a_table_without_rows_keeps_its_columns(repository: Repository, alias: str) -> None:
    """A table without rows comes back with its columns."""
    keep(repository, FRAME.clear(), alias)
    table = repository.load_artifact("table")
    assert (table.num_rows, table.column_names) == (0, ["x", "größe", "y"])


@pytest.mark.parametrize("alias", HANDLERS)
def test_an_unknown_shape_is_refused(repository: Repository, alias: str) -> None:
    """Another word than the three for the shape is an error that names them."""
    keep(repository, FRAME, alias)
    with pytest.raises(InvalidArgumentError, match="'pyarrow', 'pandas' or 'polars'"):
        repository.load_artifact("table", as_="numpy")
