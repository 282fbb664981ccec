"""Programs about repositories and releases."""

import json
import re
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lazyscribe import Repository
from lazyscribe import release as releases
from tests.compat.actor import Tellings
from tests.compat.programs.helpers import make_versions


def repository_modes() -> Tellings:
    """Each mode of a repository against what may be done in it."""
    tell = Tellings()
    made = Repository("made.json", mode="w")
    made.log_artifact("one", [1], "json")
    made.log_artifact("two", {"a": 1}, "json")
    made.save()
    for mode in ("r", "w", "w+", "x", ""):
        tell(f"open a missing file in {mode}", lambda: len(Repository("missing.json", mode=mode).artifacts))
        tell(f"open in {mode}", lambda: [a.name for a in Repository("made.json", mode=mode).artifacts])
    for mode in ("r", "w+"):
        repository = Repository("made.json", mode=mode)
        tell(f"log in {mode}", lambda: repository.log_artifact("one", [1, 2], "json", fname="new.json"))
        tell(f"load unsaved in {mode}", lambda: repository.load_artifact("one", version=1))
        tell(f"expiry in {mode}", lambda: repository.set_artifact_expiry("one", version=0, expiry=datetime(2025, 1, 1)))
        tell(f"unknown handler in {mode}", lambda: repository.log_artifact("one", [1, 2], "none-such"))
        tell(f"save in {mode}", repository.save)
        tell(f"versions in {mode}", lambda: [(a.name, a.version) for a in repository.artifacts])
        tell(f"in {mode}", lambda: ("one" in repository, "none" in repository))
        tell(f"first in {mode}", lambda: repository["one"].version)
        tell(f"missing in {mode}", lambda: repository["none"])
        tell(f"keys in {mode}", lambda: [list(item) for item in repository])
    return tell


def versions() -> Tellings:
    """Loading by number, date and as of a date; metadata; dates in ``version=``."""
    tell = Tellings()
    make_versions()
    repository = Repository("repository.json", mode="r")
    second = datetime(2025, 1, 2, 10)
    asked: list[Any] = [None, 0, 2, 3, -1, "2025-01-02T10:00:00", "2024-01-01T00:00:00", second, "x", "1", ""]
    asked += [second - timedelta(seconds=1), second + timedelta(days=9)]
    for version in asked:
        for match in ("exact", "asof"):
            if version is None and match == "asof":
                continue
            tell(f"load {version} {match}", lambda: repository.load_artifact("features", version=version, match=match))
            tell(
                f"metadata {version} {match}",
                lambda: repository.get_artifact_metadata("features", version=version, match=match),
            )
            tell(
                f"found {version} {match}",
                lambda: repository._search_artifact_versions("features", version=version, match=match),
            )
    tell("as of a date with a fraction", lambda: repository.load_artifact("features", second + timedelta(0, 0, 5)))
    tell("unknown name", lambda: repository.load_artifact("none"))
    tell("unknown match", lambda: repository.load_artifact("features", version=second, match="what"))
    tell("unknown name's metadata", lambda: repository.get_artifact_metadata("none"))
    tell("pickle's metadata", lambda: sorted(repository.get_artifact_metadata("model")))
    tell("metadata's order", lambda: list(repository.get_artifact_metadata("model")))
    tell("pickle", lambda: repository.load_artifact("model", validate=False))
    tell("reader", lambda: repository.load_artifact("features", parse_int=str))
    tell("iteration", lambda: list(repository)[:3])
    tell("other order of arguments", lambda: repository.load_artifact("features", True, 1, "exact"))
    return tell


def differences() -> Tellings:
    """Text of ``get_version_diff``."""
    tell = Tellings()
    make_versions()
    repository = Repository("repository.json", mode="r")
    first = "2025-01-01T10:00:00"
    asked: list[Any] = [
        0,
        1,
        2,
        9,
        (0, 1),
        (1, 0),
        (0, 2),
        (1, 1),
        (0, 9),
        (first, 2),
        first,
        "x",
        datetime(2025, 1, 2, 10),
    ]
    for version in asked:
        tell(f"{version}", lambda: repository.get_version_diff("features", version))
    tell("as of", lambda: repository.get_version_diff("features", "2025-01-02T23:00:00", match="asof"))
    tell("as of a pair", lambda: repository.get_version_diff("features", (first, "2025-01-02T23:00:00"), match="asof"))
    tell("binary", lambda: repository.get_version_diff("model", 0))
    tell("unknown", lambda: repository.get_version_diff("none", 0))
    editable = Repository("repository.json")
    editable.log_artifact("features", [5], "json")
    tell("unsaved", lambda: editable.get_version_diff("features", 0))
    return tell


def expiries() -> Tellings:
    """An expiry is set by date or text, hides a version from then on, and is written."""
    tell = Tellings()
    repository = make_versions()
    tell("bad text", lambda: repository.set_artifact_expiry("features", version=0, expiry="x"))
    tell("a number", lambda: repository.set_artifact_expiry("features", version=0, expiry=5))
    tell("unknown version", lambda: repository.set_artifact_expiry("features", version=9, expiry=datetime(2025, 1, 1)))
    tell("unknown name", lambda: repository.set_artifact_expiry("none"))
    tell("text", lambda: repository.set_artifact_expiry("features", version=0, expiry="2025-01-01T12:00:00"))
    tell("a date", lambda: repository.set_artifact_expiry("features", version=2, expiry=datetime(2025, 1, 3, 11)))
    tell(
        "as of a date",
        lambda: repository.set_artifact_expiry("model", "2025-01-09T00:00:00", "asof", "2025-02-01T00:00:00"),
    )
    tell("newest", lambda: repository.load_artifact("features"))
    tell("by number", lambda: repository.load_artifact("features", version=0))
    tell("by date", lambda: repository.load_artifact("features", version=datetime(2025, 1, 3, 10)))
    for hour in (9, 11, 13):
        when = datetime(2025, 1, 1, hour)
        tell(f"as of {hour}", lambda: repository.load_artifact("features", version=when, match="asof"))
    tell(
        "as of the third day",
        lambda: repository.load_artifact("features", version=datetime(2025, 1, 3, 12), match="asof"),
    )
    tell("all expired", lambda: repository.load_artifact("model"))
    repository.save()
    stored = json.loads(Path("repository.json").read_text())
    tell("stored", lambda: [(item["name"], item["version"], item["expiry"]) for item in stored])
    repository.set_artifact_expiry("features", version=1)
    tell("now", lambda: (repository.artifacts[1].expiry - datetime.utcnow()).total_seconds() > -60)
    tell("all expired now", lambda: repository.load_artifact("features"))
    return tell


def repository_filter() -> Tellings:
    """``filter`` by date and by pairs gives a read-only repository."""
    tell = Tellings()
    make_versions()
    repository = Repository("repository.json", mode="r")
    asked: list[Any] = [
        datetime(2025, 1, 2, 12),
        "2025-01-02T12:00:00",
        datetime(2025, 1, 1, 12),
        datetime(2024, 1, 1),
        "x",
    ]
    asked += [[("model", 0), ("features", 1)], [("features", 0), ("features", 2)], [("features", 9)], [("none", 0)], []]
    asked += [[("features", "2025-01-01T10:00:00")], [("features", None)]]
    for version in asked:
        tell(f"{version}", lambda: sorted((a.name, a.version) for a in repository.filter(version).artifacts))
    tell("order", lambda: [a.name for a in repository.filter([("model", 0), ("features", 1)]).artifacts])
    tell(
        "mode", lambda: (repository.filter([]).mode, type(repository.filter([])).__name__, repository.filter([]).fpath)
    )
    tell("load", lambda: repository.filter([("features", 1)]).load_artifact("features"))
    tell("editable", lambda: Repository("repository.json").filter([("features", 1)]))
    return tell


def release_functions() -> Tellings:
    """Making, finding, writing and reading releases."""
    tell = Tellings()
    make_versions()
    repository = Repository("repository.json", mode="r")
    tell("create", lambda: releases.create_release(repository, "v1").artifacts)
    tell("create's tag", lambda: releases.create_release(repository, "v1").tag)
    tell("editable", lambda: releases.create_release(Repository("repository.json"), "v1"))
    one = releases.Release(tag="v1", artifacts=[("features", 0)], created_at=datetime(2025, 1, 1, 12))
    two = releases.Release(tag="v2", artifacts=[("features", 2), ("model", 0)], created_at=datetime(2025, 1, 3, 12))
    tell("repr", lambda: one)
    tell("to_dict", one.to_dict)
    tell("from_dict", lambda: releases.Release.from_dict(one.to_dict()))
    tell("equal", lambda: (releases.Release.from_dict(one.to_dict()) == one, one == two))
    both = [one, two]
    for version in (None, "v1", "v2", "v3", datetime(2025, 1, 1, 12), datetime(2025, 1, 2), datetime(2024, 1, 1)):
        for match in ("exact", "asof"):
            tell(f"find {version} {match}", lambda: releases.find_release(both, version, match).tag)
    tell("another match", lambda: releases.find_release(both, datetime(2025, 1, 2), "what"))
    tell("dumps", lambda: releases.dumps(both))
    tell("dumps indented", lambda: releases.dumps(both, indent=2, sort_keys=True))
    tell("loads", lambda: releases.loads(releases.dumps(both)))
    with open("r.json", "w") as buffer:
        releases.dump(both, buffer)
    with open("r.json") as buffer:
        tell("load", lambda: [release.to_dict() for release in releases.load(buffer)])
    tell("filter by a release", lambda: sorted(a.name for a in repository.filter(two.artifacts).artifacts))
    tell("minimal", lambda: releases.minimal_repository_from_release(Path("out"), repository, two))
    tell("files", lambda: sorted(str(path) for path in Path("out").rglob("*") if ".lazyscribe" not in path.parts))
    tell("minimal manifest", lambda: re.sub('"3[.0-9]+"', "", Path("out/repository.json").read_text()))
    tell("opens", lambda: Repository("out/repository.json", mode="r").load_artifact("features"))
    return tell


def release_from_toml() -> Tellings:
    """Releases that a ``pyproject.toml`` describes are added beside each repository."""
    tell = Tellings()
    for folder in ("a", "b"):
        Path(folder).mkdir()
        repository = Repository(f"{folder}/repository.json", mode="w")
        repository.log_artifact("features", [1], "json", fname="f.json")
        repository.save()

    def written() -> Any:
        texts = [Path(folder, "releases.json") for folder in ("a", "b")]
        return [re.sub('"20[^"]*"', '"DATE"', text.read_text()) if text.exists() else None for text in texts]

    both = 'repositories = ["a/repository.json", "b/repository.json"]'
    documents = {
        "project's version": f'[project]\nversion = "1.0"\n[tool.lazyscribe]\n{both}\n',
        "again": f'[project]\nversion = "1.0"\n[tool.lazyscribe]\n{both}\n',
        "own version": f'[tool.lazyscribe]\nversion = "2.0"\n{both}\n',
        "both versions": f'[project]\nversion = "3.0"\n[tool.lazyscribe]\nversion = "3.1"\n{both}\n',
        "format": f'[project]\nversion = "4.0"\n[tool.lazyscribe]\nformat = "v{{version}}!"\n{both}\n',
        "no version": f"[tool.lazyscribe]\n{both}\n",
        "no repositories": '[project]\nversion = "5.0"\n',
        "no table": '[project]\nversion = "5.0"\n[tool.other]\nx = 1\n',
        "not TOML": "[[[",
        "missing repository": '[project]\nversion = "6.0"\n[tool.lazyscribe]\nrepositories = ["a/none.json"]\n',
    }

    def refused(document: str) -> bool:
        try:
            releases.release_from_toml(document)
        except Exception:  # the contract names no class for a document that says too little
            return True
        return False

    for label, document in documents.items():
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            tell(label, refused, document)
        tell(f"{label}: warned", lambda: [item.category.__name__ for item in warned if "Resource" not in str(item)])
        tell(f"{label}: written", written)
    tell("tags", lambda: [item["tag"] for item in json.loads(Path("a/releases.json").read_text())])
    return tell


PROGRAMS: list[Callable[[], Tellings]] = [
    repository_modes,
    versions,
    differences,
    expiries,
    repository_filter,
    release_functions,
    release_from_toml,
]
