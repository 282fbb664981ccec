"""Which versions can be compared, in which way, and what that may touch."""

from pathlib import Path
from typing import Any, ClassVar

import pytest

from lazyscribe import Repository
from lazyscribe.exception import (
    ArtifactFileMissingError,
    ArtifactLoadError,
    CorruptArtifactError,
    InvalidArgumentError,
)
from tests.artifacts.differing import diff, saved
from tests.artifacts.handlers import PlainBinary
from tests.artifacts.samples import SAMPLES
from tests.clock import Clock

VALUES = ["arrow", "csv", "folder", "image", "npy", "npz", "parquet"]
BOTH = ["json", "toml", "yaml"]
LINES = ["attrs", "dataclass", "html", "markdown", "plotly", "pydantic", "svg", "text"]
NONE = ["bytes", "cloudpickle", "file", "joblib", "onnx", "pickle", "png", "skops"]


def lengths(older: bytes, newer: bytes, unit: str = "bytes") -> str:
    """Compare two values of `Measured`."""
    return f"{len(older)} -> {len(newer)} {unit}" if older != newer else ""


def told(older: bytes, newer: bytes, **keywords: Any) -> str:
    """Say what it was asked."""
    return f"{older!r} {newer!r} {keywords}"


class Measured(PlainBinary):
    """A handler of another package that names what compares its values."""

    alias: ClassVar[str] = "tests-measured"
    runs_code: ClassVar[bool] = False
    differ: ClassVar[str] = f"{__name__}:lengths"


class Untold(PlainBinary):
    """One that names it, but does not say that its `read` runs no code."""

    alias: ClassVar[str] = "tests-untold"
    differ: ClassVar[str] = f"{__name__}:lengths"


class Rereading(Measured):
    """One with a `read` of its own, for which what its parent said does not hold."""

    alias: ClassVar[str] = "tests-rereading"

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        raise AssertionError("was read")


class Open(Measured):
    """One whose comparison takes any keyword."""

    alias: ClassVar[str] = "tests-open"
    differ: ClassVar[str] = f"{__name__}:told"


class Silent(PlainBinary):
    """One that names nothing."""

    alias: ClassVar[str] = "tests-silent"
    runs_code: ClassVar[bool] = False


def test_every_built_in_handler_is_in_one_of_the_lists() -> None:
    assert sorted(VALUES + BOTH + LINES + NONE) == sorted(SAMPLES)


@pytest.mark.filterwarnings("ignore:.*output-only:UserWarning")
@pytest.mark.parametrize("alias", SAMPLES)
def test_ways_of_each_handler(alias: str, tmp_path: Path) -> None:
    """Text has lines, whatever its value; tables, arrays and images have values, JSON and its like both."""
    repository = saved(tmp_path, *SAMPLES[alias].values[:2], (alias, alias))
    working = {"lines": alias in BOTH + LINES, "values": alias in BOTH + VALUES, None: alias not in NONE}
    texts, kind = {}, "text" if alias in BOTH + LINES else "binary"
    for how, works in working.items():
        if works:
            texts[how] = repository.get_version_diff("x", (0, 1), how=how)
            assert texts[how], f"{alias} by {how}"
        else:
            text = "'x' is binary" if how == "lines" else f"{kind} artifact 'x', whose handler is '{alias}'"
            with pytest.raises(ValueError, match=text):
                repository.get_version_diff("x", (0, 1), how=how)
    if alias not in NONE:
        assert texts[None] == texts["values" if alias in VALUES else "lines"]


@pytest.mark.parametrize("alias", VALUES + BOTH)
def test_equal_values_do_not_differ(alias: str, caplog: pytest.LogCaptureFixture) -> None:
    """Two versions of one value differ in nothing, and nothing is logged."""
    for value in SAMPLES[alias].values:
        assert diff(value, value, alias, how="values") == ""
    assert caplog.records == []


@pytest.mark.parametrize("alias", VALUES + BOTH)
def test_a_version_with_itself(alias: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It gives no difference and one logged WARNING, as for lines."""
    repository = saved(tmp_path, *SAMPLES[alias].values[:2], (alias, alias))
    assert repository.get_version_diff("x", 1, how="values") == ""
    assert [(each.levelname, each.name) for each in caplog.records] == [("WARNING", "lazyscribe")]


def test_whatever_compares_is_not_asked_about_a_version_and_itself(tmp_path: Path) -> None:
    """That is no difference, even if the function of another package says one."""
    assert saved(tmp_path, b"a", b"b", ("tests-open", "tests-open")).get_version_diff("x", 1) == ""


@pytest.mark.parametrize("alias", VALUES + BOTH)
def test_a_version_that_is_not_saved(alias: str, tmp_path: Path) -> None:
    repository = saved(tmp_path, *SAMPLES[alias].values[:2], (alias, alias))
    repository.log_artifact("x", SAMPLES[alias].values[0], alias)
    with pytest.raises(ArtifactLoadError, match="Version 2 of 'x' is not saved yet"):
        repository.get_version_diff("x", 0, how="values")


def test_the_older_comes_first_in_a_pair_and_as_of_a_date(tmp_path: Path, clock: Clock) -> None:
    """Versions are found as for lines: by number, by date, as of a date, one against the newest."""
    repository = Repository(tmp_path / "repository.json")
    for number in range(3):
        repository.log_artifact("x", number, "json")
        clock.tick()
    repository.save()
    for version, match, text in [
        ((2, 0), "exact", "0 -> 2"),
        ((0, 1), "exact", "0 -> 1"),
        ("2025-01-21T13:23:30", "exact", "1 -> 2"),
        ("2025-01-21T00:00:00", "asof", "0 -> 2"),
    ]:
        assert repository.get_version_diff("x", version, match, how="values") == f"~ $: {text}"  # type: ignore[arg-type]


def test_a_handler_of_another_package_names_what_compares() -> None:
    """Its function gets both values and the keywords that it takes; others are an error that lists them."""
    assert diff(b"a", b"abc", "tests-measured") == "1 -> 3 bytes"
    assert diff(b"a", b"abc", "tests-measured", unit="B", how="values") == "1 -> 3 B"
    assert diff(b"a", b"b", "tests-open", anything=1) == "b'a' b'b' {'anything': 1}"
    with pytest.raises(InvalidArgumentError, match="no keyword 'key'; it knows: unit"):
        diff(b"a", b"abc", "tests-measured", key="id")


@pytest.mark.parametrize("alias", ["tests-untold", "tests-rereading", "tests-silent"])
def test_a_handler_that_could_run_code_or_names_nothing_has_no_diff(alias: str) -> None:
    """Unless a class says of its own `read` that it runs no code, that is not called to make a diff."""
    with pytest.raises(ValueError, match=f"binary artifact 'x', whose handler is '{alias}'"):
        diff(b"a", b"abc", alias)


def test_what_runs_code_is_not_read_at_any_level_of_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither values of a pickle nor of a typed object are made for a diff, but text of the latter is compared."""
    monkeypatch.setattr("pickle.load", lambda *_, **__: pytest.fail("was read"))
    for number, (alias, values) in enumerate({"pickle": [1, 2], "attrs": SAMPLES["attrs"].values}.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        saved(folder, *values, (alias, alias))
        monkeypatch.setattr("lazyscribe.artifacts.attrs.AttrsArtifact.read", lambda *_, **__: pytest.fail("was read"))
        for trust in ("all", "recorded", "none"):
            repository = Repository(folder / "repository.json", "r", trust=trust)  # type: ignore[arg-type]
            with pytest.raises(InvalidArgumentError, match=alias):
                repository.get_version_diff("x", 0, how="values")
    assert "---" in repository.get_version_diff("x", 0)


def test_versions_of_two_handlers() -> None:
    """Tables compare whatever their format; values of two kinds, or of text and binary, do not."""
    table = SAMPLES["parquet"].values[1]
    assert diff(table, table, "parquet", to="arrow") == ""
    with pytest.raises(InvalidArgumentError, match="handlers 'npy' and 'image'"):
        diff([1], SAMPLES["image"].values[0], "npy", to="image")
    with pytest.raises(InvalidArgumentError, match="binary"):
        diff("[1]", [1], "text", to="npy")
    with pytest.raises(InvalidArgumentError, match="handlers 'json' and 'npy'"):
        diff([1], [1], "json", to="npy", how="values")


@pytest.mark.parametrize(
    ("alias", "keywords", "text"),
    [
        ("json", {"how": "path"}, "'path' is no way to compare; how is 'lines' or 'values'"),
        ("json", {"how": ["values"]}, "is no way to compare"),
        ("json", {"key": "id"}, "no keyword 'key'; it knows: none"),
        ("json", {"key": "id", "how": "values"}, "no keyword 'key'; it knows: none"),
        ("csv", {"by": "id", "columns": 1}, "no keyword 'by', 'columns'; it knows: key, examples"),
        ("npy", {"key": "id"}, "no keyword 'key'; it knows: examples"),
        ("npy", {"examples": -1}, "examples is a number from 0, not -1"),
        ("csv", {"examples": "3"}, "examples is a number from 0, not '3'"),
        ("image", {"examples": True}, "examples is a number from 0, not True"),
    ],
)
def test_unknown_ways_and_keywords(alias: str, keywords: dict[str, Any], text: str) -> None:
    """One error says what is known."""
    with pytest.raises(InvalidArgumentError, match=text):
        diff(*SAMPLES[alias].values[:2], alias, **keywords)


def test_keywords_are_refused_before_a_file_is_opened(tmp_path: Path) -> None:
    """What cannot be compared is said even if the files are gone."""
    repository = saved(tmp_path, *SAMPLES["npy"].values[:2], ("npy", "npy"))
    for file in (tmp_path / "x").glob("*.npy"):
        file.unlink()
    with pytest.raises(InvalidArgumentError, match="no keyword"):
        repository.get_version_diff("x", 0, wrong=1)
    with pytest.raises(InvalidArgumentError, match="no keyword 'older'; it knows: examples"):
        repository.get_version_diff("x", 0, older=1, examples=2)
    with pytest.raises(ArtifactFileMissingError):
        repository.get_version_diff("x", 0)


@pytest.mark.parametrize("alias", VALUES + BOTH)
def test_a_damaged_file_is_not_compared(alias: str, tmp_path: Path) -> None:
    """The digest is checked before the library sees the file."""
    repository = saved(tmp_path, *SAMPLES[alias].values[:2], (alias, alias))
    file = tmp_path / "x" / repository.get_artifact_metadata("x", version=1)["fname"]
    data = file.read_bytes()
    file.write_bytes(data[:-1] if data else b"x")
    with pytest.raises(CorruptArtifactError):
        repository.get_version_diff("x", 0, how="values")
