"""Programs about public names, errors, and the private names that people's tests patch."""

import importlib.metadata
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import lazyscribe.artifacts
from lazyscribe import Experiment, Project
from lazyscribe import release as releases
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.registry import registry
from tests.compat.actor import Tellings


def names_and_errors() -> Tellings:
    """The public names, what they are, and what catches each error."""
    import importlib

    tell = Tellings()
    modules = {
        "lazyscribe": ["Project", "Experiment", "Test", "Repository"],
        "lazyscribe.project": ["Project"],
        "lazyscribe.experiment": ["Experiment", "ReadOnlyExperiment"],
        "lazyscribe.test": ["Test", "ReadOnlyTest"],
        "lazyscribe.repository": ["Repository"],
        "lazyscribe.registry": ["Registry", "registry"],
        "lazyscribe.release": ["Release"],
        "lazyscribe.artifacts.base": ["Artifact"],
        "lazyscribe.artifacts.json": ["JSONArtifact"],
        "lazyscribe.artifacts.pickle": ["PickleArtifact"],
    }
    for module, names in modules.items():
        for name in names:
            found = getattr(importlib.import_module(module), name)
            kind = found if isinstance(found, type) else type(found)
            tell(f"{module}.{name}", lambda: (kind.__module__, kind.__qualname__))
    for name in ("create_release", "find_release", "dump", "dumps", "load", "loads", "release_from_toml"):
        tell(f"release.{name}", lambda: callable(getattr(releases, name)))
    tell("minimal", lambda: callable(releases.minimal_repository_from_release))
    tell("version", lambda: isinstance(lazyscribe.__version__, str))
    errors = importlib.import_module("lazyscribe.exception")
    names = ["LazyscribeError", "ReadOnlyError", "SaveError", "ArtifactError", "ArtifactLogError", "ArtifactLoadError"]
    for name in [*names, "VersionNotFoundError", "InvalidVersionError"]:
        error = getattr(errors, name)
        caught = [base for base in names if issubclass(error, getattr(errors, base))]
        tell(name, lambda: (error.__module__, caught, str(error("text"))))
    for handler in (JSONArtifact, PickleArtifact):
        tell(handler.__name__, lambda: (handler.alias, handler.suffix, handler.binary, handler.output_only))
        tell(f"{handler.__name__} by alias", lambda: lazyscribe.artifacts._get_handler(handler.alias) is handler)
    tell("utcnow", lambda: importlib.import_module("lazyscribe._utils").utcnow().tzinfo)
    return tell


def patched_names() -> Tellings:
    """Names that people's tests patch: entry points, the interpreter's version, the registry."""
    from unittest.mock import patch

    tell = Tellings()

    class Point:
        name = "compat-entry"
        value = "some.where:Handler"
        group = "lazyscribe.artifact_type"

        def __init__(self, given: Any) -> None:
            self.given = given

        def load(self) -> Any:
            if isinstance(self.given, Exception):
                raise self.given
            return self.given

    def found(given: Any) -> Any:
        points = importlib.metadata.EntryPoints([Point(given)])

        def entry_points(**chosen: Any) -> Any:
            keep = [point for point in points if all(getattr(point, key) == chosen[key] for key in chosen)]
            return importlib.metadata.EntryPoints(keep)

        with patch("lazyscribe.artifacts.entry_points", entry_points):
            return lazyscribe.artifacts._get_handler("compat-entry").__name__

    tell("none", lambda: lazyscribe.artifacts._get_handler("compat-entry"))
    tell("cannot be imported", lambda: found(ImportError("no")))
    tell("no such module", lambda: found(ModuleNotFoundError("no")))
    tell("no class", lambda: found("text"))
    tell("found", lambda: found(JSONArtifact))
    project = Project("p.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("model", [1], "pickle")
    project.save()
    for version in ((3, 11), (2, 7, 18), (9, 9, 9)):

        class Fake:
            version_info = version

        with patch("lazyscribe.artifacts.pickle.sys", Fake):
            tell(f"environment in {version}", lambda: PickleArtifact.construct("x").python_version)
            if version != (3, 11):
                tell(f"load in {version}", lambda: Project("p.json", mode="r")["exp"].load_artifact("model"))
    upstream = Project("up.json", mode="w")
    upstream.append(Experiment(name="base", project=Path("up.json"), created_at=datetime(2025, 1, 1)))
    upstream.save()
    with project.log("after") as experiment:
        experiment.dependencies["base"] = upstream["base"]
    project.save()
    Path("q.json").write_text(Path("p.json").read_text().replace("up.json|", "elsewhere|"))
    mine = type(registry)()
    mine.add_project("elsewhere", upstream)
    with patch("lazyscribe.project.registry", mine):
        tell("patched registry", lambda: list(Project("q.json", mode="r")["after"].dependencies))
    tell("unpatched registry", lambda: list(Project("q.json", mode="r")["after"].dependencies))
    return tell


PROGRAMS: list[Callable[[], Tellings]] = [
    names_and_errors,
    patched_names,
]
