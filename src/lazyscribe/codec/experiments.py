"""What can be told of an experiment from its record alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lazyscribe.codec.artifacts import keep_artifacts
from lazyscribe.codec.text import EXPERIMENT_FIELDS, Record, decode
from lazyscribe.codec.texts import Texts
from lazyscribe.store.keys import join


def unknown_keys(record: Record) -> Record:
    """Return what stands in a record of an experiment under keys that this version does not know."""
    return {key: value for key, value in record.items() if key not in EXPERIMENT_FIELDS}


def artifact_files(record: Record) -> list[tuple[str, dict[str, Any]]]:
    """Return folder and record of every artifact of an experiment, those of its tests after its own."""
    files = [(record["slug"], artifact) for artifact in record.get("artifacts", ())]
    for test in record.get("tests", ()):
        if artifacts := test.get("artifacts"):
            folder = test_folder(record["slug"], test["name"])
            files += [(folder, artifact) for artifact in artifacts]
    return files


def files_named(data: bytes, place: str, check: Callable[[Record, str, int], object] | None = None) -> set[str]:
    """Return the keys of the files that a manifest names, of versions or of experiments.

    Parameters
    ----------
    check
        Called as ``check(record, place, position)``; raises if a record is not what it should be.
    """
    texts, found = Texts(data, place), set[str]()
    for position in range(len(texts)):
        record = decode(texts.raw(position), place, position)
        if check is not None:
            check(record, place, position)
        if "fname" in record:
            found.add(join(record["name"], record["fname"]))
        elif "slug" in record:
            found.update(join(folder, artifact["fname"]) for folder, artifact in artifact_files(record))
    return found


def test_folder(slug: str, test: str) -> str:
    """Return the folder of the artifacts of a test, by the slug of its experiment and its own name."""
    from lazyscribe._slugs import slugify

    return join(slug, slugify(test))


def keep_tests(present: Any, fresh: Any) -> None:
    """Put the tests of `present`, brought up to date, into `fresh` in the places of those of their names.

    Of tests of one name each keeps its place among them.
    """
    known: dict[str, list[Any]] = {}
    for test in present.tests:
        known.setdefault(test.name, []).append(test)
    for position, test in enumerate(fresh.tests):
        if held := known.get(test.name):
            mine = held.pop(0)
            keep_artifacts(mine, test)
            mine.__dict__.update({name: test.__dict__[name] for name in _TEST_FIELDS})
            fresh.tests[position] = mine


_TEST_FIELDS = ("description", "metrics", "parameters", "artifacts")
