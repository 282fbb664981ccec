"""What can be told of an experiment from its record alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lazyscribe._dates import rewritten
from lazyscribe.codec.artifacts import keep_artifacts, written_again
from lazyscribe.codec.text import EXPERIMENT_FIELDS, Record, decode_all
from lazyscribe.store.keys import join


def listed(texts: Sequence[bytes], place: str) -> list[Record]:
    """Return what `Experiment.to_dict` gives of experiments that depend on nothing, made of these texts."""
    return [_listed(record) for record in decode_all(texts, place)]


def _listed(record: Record) -> Record:
    return {
        "name": record["name"],
        "author": record["author"],
        "last_updated_by": record.get("last_updated_by") or record["author"],
        "metrics": record["metrics"],
        "parameters": record["parameters"],
        "created_at": rewritten(record["created_at"]),
        "last_updated": rewritten(record["last_updated"]),
        "dependencies": [],
        "short_slug": record["short_slug"],
        "slug": record["slug"],
        "tests": [_listed_test(test) for test in record.get("tests", ())],
        "artifacts": [written_again(artifact) for artifact in record.get("artifacts", ())],
        "tags": record.get("tags") or [],
    }


def _listed_test(record: Record) -> Record:
    return {
        "name": record["name"],
        "description": record.get("description"),
        "metrics": record["metrics"],
        "parameters": record["parameters"],
        "artifacts": [written_again(artifact) for artifact in record.get("artifacts", ())],
    }


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


def test_folder(slug: str, test: str) -> str:
    """Return the folder of the artifacts of a test, by the slug of its experiment and its own name."""
    from slugify import slugify

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
