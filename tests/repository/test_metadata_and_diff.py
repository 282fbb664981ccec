"""The record of a version, and the difference between two."""

import difflib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.exception import (
    ArtifactLoadError,
    CorruptArtifactError,
    InvalidArgumentError,
    LazyscribeError,
    VersionNotFoundError,
)
from tests.clock import START, Clock
from tests.repository.tools import opened, record, write

Records = Callable[[], list[dict[str, Any]]]

KEYS = {"created_at", "expiry", "fname", "handler", "name", "version"}


def test_metadata_is_the_record(file: Path, clock: Clock, records: Records) -> None:
    """Metadata is the record as in the file, environment included, and no key more."""
    repository = Repository(file)
    repository.log_artifact("x", 1, "json")
    repository.log_artifact("p", 1, "pickle")
    repository.set_artifact_expiry("p", expiry="2030-01-01T00:00:00")
    before = [repository.get_artifact_metadata(name) for name in "xp"]
    repository.save()
    assert records() == before == [repository.get_artifact_metadata(name) for name in "xp"]
    assert records() == [opened(file).get_artifact_metadata(name) for name in "xp"] == list(opened(file))
    assert set(before[0]) == KEYS
    assert set(before[1]) == KEYS | {"python_version"}
    assert before[0] == {
        "name": "x",
        "handler": "json",
        "version": 0,
        "created_at": "2025-01-20T13:23:30",
        "expiry": None,
        "fname": "x-20250120132330.json",
    }


def test_metadata_belongs_to_the_caller(three: Path) -> None:
    """What is changed in metadata, or in the dictionaries of an iteration, changes no version."""
    repository, before = opened(three, "w+"), three.read_bytes()
    repository.get_artifact_metadata("x")["name"] = "changed"
    for each in repository:
        each.clear()
    repository.save()
    assert three.read_bytes() == before


def test_metadata_with_keys_that_nobody_knows(file: Path) -> None:
    """Environment keys of a record that its handler does not know are shown, kept, and no obstacle."""
    written = record(weather="fine", depth={"a": [1, None]})
    write(file, [written])
    (file.parent / "x").mkdir()
    (file.parent / "x" / written["fname"]).write_text("[1]")
    repository = opened(file, "w+")
    assert repository.get_artifact_metadata("x") == written
    assert repository.load_artifact("x") == [1]
    repository.set_artifact_expiry("x", expiry="2030-01-01")
    repository.save()
    assert json.loads(file.read_bytes()) == [{**written, "expiry": "2030-01-01T00:00:00"}]


def test_the_file_is_that_of_2_2(three: Path) -> None:
    """The manifest is `json.dumps` with sorted keys and an indent of 4, no final newline, and nothing else."""
    text = three.read_text("ascii")
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=4)


def test_escapes(file: Path, clock: Clock) -> None:
    """Names outside of ASCII are escaped in the manifest, and come back."""
    repository = Repository(file)
    repository.log_artifact("Größe 🎲", 1, "json")
    repository.save()
    assert b'"name": "Gr\\u00f6\\u00dfe \\ud83c\\udfb2"' in file.read_bytes()
    assert opened(file).load_artifact("Größe 🎲") == 1


# Differences


@pytest.fixture
def texts(file: Path, clock: Clock) -> list[str]:
    """Three versions of `x`, each on several lines."""
    repository, texts = Repository(file), []
    for number in range(3):
        value = {"a": 1, "b": [number, number * 10], "c": "same"}
        repository.log_artifact("x", value, "json", indent=1)
        texts.append(json.dumps(value, indent=1))
        clock.tick()
    repository.save()
    return texts


def expected(older: str, newer: str) -> str:
    return "\n".join(difflib.unified_diff(older.splitlines(), newer.splitlines()))


@pytest.mark.parametrize(
    ("version", "match", "pair"),
    [
        (0, "exact", (0, 2)),
        (1, "exact", (1, 2)),
        ("2025-01-20T13:23:30", "exact", (0, 2)),
        (START, "exact", (0, 2)),
        ("2025-01-22", "asof", (1, 2)),
        ((0, 1), "exact", (0, 1)),
        ((1, 0), "exact", (0, 1)),
        ([2, 0], "exact", (0, 2)),
        ((None, 1), "exact", (1, 2)),
        ((1, None), "asof", None),
        (("2025-01-20T13:23:30", "2025-01-21T13:23:30"), "exact", (0, 1)),
        (("2025-01-22", "2025-01-21"), "asof", (0, 1)),
        ((datetime(2025, 1, 21, 13, 23, 30, tzinfo=UTC), 0), "exact", (0, 1)),
    ],
)
def test_difference(file: Path, texts: list[str], version: Any, match: Any, pair: tuple[int, int] | None) -> None:
    """One version is compared with the newest, of a pair the older comes first; it is a unified diff of lines."""
    if pair is None:
        with pytest.raises(ValueError, match="asof"):
            opened(file).get_version_diff("x", version, match)
        return
    difference = opened(file).get_version_diff("x", version, match)
    assert difference == expected(texts[pair[0]], texts[pair[1]])
    assert f"-  {pair[0]}," in difference
    assert f"+  {pair[1]}," in difference
    assert difference.startswith("--- \n\n+++ \n\n@@")


def test_equal_texts(file: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Two versions with the same text differ in nothing, and nothing is logged."""
    repository = Repository(file)
    for _ in range(2):
        repository.log_artifact("x", 1, "json")
        clock.tick()
    repository.save()
    assert repository.get_version_diff("x", 0) == ""
    assert caplog.records == []


@pytest.mark.parametrize("version", [2, None, (1, 1), (0, "2025-01-20T13:23:30"), (None, 2)])
def test_with_itself(file: Path, texts: list[str], version: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A version against itself gives no difference and exactly one logged WARNING."""
    with caplog.at_level(logging.DEBUG):
        assert opened(file).get_version_diff("x", version) == ""
    assert [(each.levelname, each.name.split(".")[0]) for each in caplog.records] == [("WARNING", "lazyscribe")]
    assert "'x'" in caplog.text


def test_newest_is_not_the_expired(file: Path, texts: list[str]) -> None:
    """A single version is compared with the newest that has not expired."""
    repository = opened(file, "w+")
    repository.set_artifact_expiry("x", version=2)
    assert repository.get_version_diff("x", 0) == expected(texts[0], texts[1])


def test_order_within_one_second(file: Path, clock: Clock) -> None:
    """Within one second the lower number is the older one, in the handle that logged it too."""
    repository, other = Repository(file), Repository(file)
    clock.now = START.replace(microsecond=900_000)
    repository.log_artifact("x", 0, "json")
    repository.save()
    other.log_artifact("x", 1, "json")
    other.save()
    repository.log_artifact("y", 0, "json")
    repository.save()
    assert [each.created_at.microsecond for each in repository.artifacts][:2] == [900_000, 0]
    for each in (repository, other, opened(file)):
        assert each.get_version_diff("x", (0, 1)) == each.get_version_diff("x", (1, 0)) == expected("0", "1")


def test_date_with_a_zone(file: Path, texts: list[str]) -> None:
    """A version made by hand with a zone in its date is compared as any other."""
    repository = opened(file, "w+")
    aware = datetime(2025, 2, 1, tzinfo=UTC)
    made = JSONArtifact.construct(name="x", value={"a": 2}, version=3, created_at=aware)
    assert made.created_at == datetime(2025, 2, 1)
    repository.artifacts.append(made)
    repository.save()
    assert repository.get_version_diff("x", (3, 0)) == expected(texts[0], '{"a": 2}')


def test_line_ends(file: Path, clock: Clock) -> None:
    """Lines are those of `splitlines`, whatever ends them."""
    repository = Repository(file)
    for number in range(2):
        repository.log_artifact("x", [1, {"b": number}], "json", indent="\r\n", separators=("\x0b", ":"))
        clock.tick()
    repository.save()
    raw = [(file.parent / "x" / each["fname"]).read_bytes().decode() for each in repository]
    assert "\r\n" in raw[0]
    assert repository.get_version_diff("x", 0) == expected(*raw)


def test_binary(file: Path, clock: Clock) -> None:
    """A binary artifact has no difference, with itself neither: `ValueError` of ours."""
    repository = Repository(file)
    for number in range(2):
        repository.log_artifact("p", number, "pickle")
        clock.tick()
    for _ in range(2):
        for version in (0, None, (0, 1)):
            with pytest.raises(ValueError, match="binary") as caught:
                repository.get_version_diff("p", version)
            assert isinstance(caught.value, LazyscribeError)
        repository.save()


@pytest.mark.parametrize("version", [0, 3, None, (0, 3), (3, 3), (3, 0)])
def test_not_saved(file: Path, texts: list[str], version: Any) -> None:
    """A version that is not saved is an `ArtifactLoadError` that tells to save."""
    repository = opened(file, "w+")
    repository.log_artifact("x", {}, "json")
    with pytest.raises(ArtifactLoadError, match="save"):
        repository.get_version_diff("x", version)
    assert repository.get_version_diff("x", (0, 1)) == expected(texts[0], texts[1])


def test_damaged(file: Path, texts: list[str]) -> None:
    """A damaged file is a `CorruptArtifactError`, not a difference."""
    (file.parent / "x" / "x-20250121132330.json").write_text("{}")
    with pytest.raises(CorruptArtifactError):
        opened(file).get_version_diff("x", 1)
    with pytest.raises(VersionNotFoundError):
        opened(file).get_version_diff("x", (0, 9))


@pytest.mark.parametrize("version", [(), (0,), (0, 1, 2)])
def test_a_diff_is_of_one_or_two_versions(three: Path, version: tuple[int, ...]) -> None:
    """Other numbers of versions are an error that shows them."""
    with pytest.raises(InvalidArgumentError, match="one version or of a pair"):
        opened(three).get_version_diff("x", version=version)  # type: ignore[arg-type]
