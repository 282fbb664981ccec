"""A look-up in a file that was just opened makes what it finds and no more; but for the time, nobody can tell."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import VersionNotFoundError
from tests.repository.tools import opened, record, write

START = datetime(2025, 1, 20, 13, 23, 30)
COUNT = 40


def date(number: int) -> str:
    return (START + timedelta(hours=number)).isoformat()


@pytest.fixture
def many(file: Path) -> Path:
    """A file of forty versions of `a` and `b` in turns, each an hour later, with a key that handlers do not know."""
    names = ["a", "b"]
    write(
        file,
        [
            record(name=names[n % 2], fname=f"{n}.json", version=n // 2, created_at=date(n), note={"of": [n]})
            for n in range(COUNT)
        ],
    )
    return file


QUESTIONS: list[tuple[dict[str, Any], int]] = [
    ({}, 38),
    *(({"version": number}, 2 * number) for number in (0, 7, 19)),
    *(({"version": date(number), "match": match}, number) for number in (0, 14, 38) for match in ("exact", "asof")),
    ({"version": "2100-01-01", "match": "asof"}, 38),
]


@pytest.mark.parametrize(("question", "place"), QUESTIONS, ids=str)
@pytest.mark.parametrize("indent", [4, 2, None])
def test_the_first_answer_is_what_the_file_says(
    many: Path, question: dict[str, Any], place: int, indent: int | None
) -> None:
    """Wherever the record stands and however the file is formatted, the first look-up gives it, no key lost."""
    records = json.loads(many.read_bytes())
    many.write_text(json.dumps(records, indent=indent), "utf-8")
    assert opened(many).get_artifact_metadata("a", **question) == records[place]


def test_what_was_found_first_stands_in_the_list(many: Path) -> None:
    """The object that a look-up gave before anybody asked for the list is the one in the list, at its place."""
    repository = opened(many, "w+")
    found = {n: repository._search_artifact_versions("ab"[n % 2], n // 2) for n in (39, 0, 17)}
    again = repository._search_artifact_versions("b", 19)
    assert again is found[39]
    assert len(repository.artifacts) == COUNT
    for place, artifact in found.items():
        assert repository.artifacts[place] is artifact
    assert [each.fname for each in repository.artifacts] == [f"{n}.json" for n in range(COUNT)]


def test_what_was_changed_before_the_list_was_made_counts(many: Path) -> None:
    """Editing what a first look-up gave moves it for the next look-ups, in the list, and in the file once saved."""
    repository = opened(many, "w+")
    repository._search_artifact_versions("a").expiry = START
    assert repository.get_artifact_metadata("a")["version"] == 18
    repository._search_artifact_versions("b", 3).name = "c"
    assert repository.get_artifact_metadata("c")["version"] == 3
    with pytest.raises(VersionNotFoundError):
        repository.get_artifact_metadata("b", 3)
    repository.set_artifact_expiry("a", 18, expiry=START)
    assert repository.get_artifact_metadata("a")["version"] == 17
    assert repository.artifacts[7].name == "c"
    assert [each["expiry"] for each in repository if each["name"] == "a"][-3:] == [None, date(0), date(0)]


def test_logging_after_a_first_look_up(many: Path, clock: Any) -> None:
    """A version logged after a look-up gets the next number, and is found by it, with those that were there."""
    repository = opened(many, "w+")
    assert repository.get_artifact_metadata("a")["version"] == 19
    repository.log_artifact("a", 1, "json")
    assert repository.get_artifact_metadata("a", 20)["version"] == 20
    del repository.artifacts[-1]
    assert repository.get_artifact_metadata("a", "2100-01-01", "asof")["version"] == 19
    repository.log_artifact("a", 1, "json")
    repository.save()
    assert [each["version"] for each in opened(many) if each["name"] == "a"] == list(range(21))


@pytest.mark.parametrize("turn", range(5))
def test_many_threads_look_up_at_once(many: Path, turn: int) -> None:
    """Threads that ask a repository just opened at once, by look-ups and of the list, get the same objects."""
    repository = opened(many)
    start = threading.Barrier(8)
    asked: list[Callable[[], dict[int, Any]]] = [
        lambda: {n: repository._search_artifact_versions("ab"[n % 2], n // 2) for n in range(COUNT)},
        lambda: {n: repository._search_artifact_versions("ab"[n % 2], n // 2) for n in reversed(range(COUNT))},
        lambda: {n: repository._search_artifact_versions("ab"[n % 2], date(n)) for n in range(turn, COUNT)},
        lambda: dict(enumerate(repository.artifacts)),
    ]

    def ask(which: Callable[[], dict[int, Any]]) -> dict[int, Any]:
        start.wait()
        return which()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, 2 * asked))
    for each in found:
        for place, artifact in each.items():
            assert artifact is repository.artifacts[place]
            assert artifact.fname == f"{place}.json"


def test_duplicates_are_told_of_on_opening(file: Path) -> None:
    """Two versions of one number are warned of when the file is opened, by name and number."""
    write(file, [record(fname=f"{n}", version=version) for n, version in enumerate([0, 1, 3, 1, 3, 2])])
    with pytest.warns(UserWarning, match=r"'x': 1, 3\)"):
        Repository(file)
