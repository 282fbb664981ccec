"""Programs about artifacts: logging, loading, overwriting, promoting, pickling, handlers of one's own."""

import gc
import json
import pickle
import re
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from attrs import define

from lazyscribe import Experiment, Project, Repository
from lazyscribe.artifacts.base import Artifact
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from tests.compat.actor import Tellings
from tests.compat.programs.helpers import make_versions, normal_path


def experiment_artifacts() -> Tellings:
    """Logging and loading artifacts of experiments, and what goes wrong."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        tell("log", lambda: experiment.log_artifact("features", [1, 2], "json", indent=2))
        tell("a second of that name", lambda: experiment.log_artifact("features", [9], "json"))
        tell("overwrite", lambda: experiment.log_artifact("features", [3], "json", overwrite=True, fname="f.json"))
        tell("number", lambda: len(experiment.artifacts))
        tell("unknown handler", lambda: experiment.log_artifact("x", 1, "none-such"))
        tell("pickle", lambda: experiment.log_artifact("model", {"a": (1, 2)}, "pickle"))
        tell("load before saving", lambda: experiment.load_artifact("features"))
        tell("load unknown before saving", lambda: experiment.load_artifact("none"))
        with experiment.log_test("My test", "about") as test:
            tell("log in a test", lambda: test.log_artifact("inner", "text", "json", fname="sub/inner.json"))
            tell("second in a test", lambda: test.log_artifact("inner", "text", "json"))
            tell("test's path", lambda: re.sub("-20[0-9]+", "", str(test.path)))
    tell("save", project.save)
    for opened in (project, Project("p.json", mode="r"), Project("p.json", mode="w+"), Project("p.json")):
        experiment = opened["exp"]
        key = f" in {type(experiment).__name__} {opened.mode}"
        tell("features" + key, lambda: experiment.load_artifact("features"))
        tell("model" + key, lambda: experiment.load_artifact("model"))
        tell("inner" + key, lambda: experiment.tests[0].load_artifact("inner"))
        tell("unknown" + key, lambda: experiment.load_artifact("none"))
        tell("reader" + key, lambda: experiment.load_artifact("features", parse_int=str))
        tell("unknown reader keyword" + key, lambda: experiment.load_artifact("features", validate=False, what=1))
        tell("value" + key, lambda: [a.dirty for a in experiment.artifacts])
    os_path = Path(experiment.path) / "f.json"
    tell("file", lambda: os_path.read_text())
    os_path.unlink()
    tell("file is gone", lambda: Project("p.json", mode="r")["exp"].load_artifact("features"))
    text = Path("p.json").read_text()
    Path("p.json").write_text(re.sub('"python_version": "[0-9.]+"', '"python_version": "2.7"', text))
    tell("another python", lambda: Project("p.json", mode="r")["exp"].load_artifact("model"))
    tell("not validated", lambda: Project("p.json", mode="r")["exp"].load_artifact("model", validate=False))
    return tell


def overwriting() -> Tellings:
    """Which files lie there after artifacts were overwritten."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("a", 1, "json", fname="a.json")
        experiment.log_artifact("b", 1, "json", fname="b.json")
    project.save()
    experiment.log_artifact("a", 2, "json", fname="a.json", overwrite=True)
    experiment.log_artifact("b", 2, "json", fname="c.json", overwrite=True)
    project.save()
    back = Project("p.json", mode="r")["exp"]
    tell("values", lambda: [back.load_artifact(name) for name in ("a", "b")])
    tell("order", lambda: [(a.name, a.fname) for a in back.artifacts])
    tell("records", lambda: len(back.artifacts))
    tell("version", lambda: [a.version for a in back.artifacts])
    tell("files that are needed", lambda: {"a.json", "c.json"} <= {path.name for path in Path(back.path).iterdir()})
    return tell


def promotion() -> Tellings:
    """Promotion of unsaved and saved artifacts."""
    tell = Tellings()
    when = datetime(2025, 1, 1, 10)
    project = Project("p.json", mode="w", author="ann")
    experiment = Experiment(name="exp", project=Path("p.json"), created_at=when, last_updated=when)
    experiment.artifacts.append(JSONArtifact.construct("features", value=[1], created_at=when, fname="f.json"))
    experiment.artifacts.append(JSONArtifact.construct("features 2", value=[2], created_at=when))
    project.append(experiment)
    repository = Repository("repository.json", mode="w+")
    tell("unsaved", lambda: experiment.promote_artifact(repository, "features 2"))
    tell("joined", lambda: [(a.name, a.version) for a in repository.artifacts])
    tell("nothing written", lambda: Path("repository.json").exists())
    tell("unknown", lambda: experiment.promote_artifact(repository, "none"))
    project.save()
    stored = Project("p.json", mode="r")["exp"]
    repository = Repository("repository.json", mode="w+")
    tell("saved", lambda: stored.promote_artifact(repository, "features"))
    tell("records", lambda: list(repository))
    tell("manifest", lambda: Path("repository.json").read_text())
    tell("file", lambda: Path("features/f.json").read_text())
    tell("loaded", lambda: Repository("repository.json", mode="r").load_artifact("features"))
    tell("not newer", lambda: stored.promote_artifact(repository, "features"))
    tell("read-only", lambda: stored.promote_artifact(Repository("repository.json", mode="r"), "features 2"))
    tell("unknown in a stored one", lambda: stored.promote_artifact(repository, "none"))
    tell("the experiment keeps it", lambda: stored.load_artifact("features"))
    return tell


def on_memory() -> Tellings:
    """The main journey on another filesystem."""
    import fsspec

    tell = Tellings()
    fs = fsspec.filesystem("memory")
    if fs.exists("compat"):
        fs.rm("compat", recursive=True)
    project = Project("memory://compat/project.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("features", [1], "json", fname="f.json")
        experiment.log_artifact("model", (1, 2), "pickle", fname="m.pkl")
        with experiment.log_test("test") as test:
            test.log_artifact("rows", [2], "json", fname="r.json")
    tell("path", lambda: normal_path(experiment.path))
    project.save()
    back = Project("memory://compat/project.json", mode="r")
    tell("identity", lambda: (back.fpath, back.protocol, back.storage_options, type(back.fs).__name__))
    tell("experiment", lambda: [back["exp"].load_artifact(name) for name in ("features", "model")])
    tell("test", lambda: back["exp"].tests[0].load_artifact("rows"))
    repository = Repository("memory://compat/repository.json", mode="w")
    repository.log_artifact("features", [0], "json", fname="old.json")
    repository.artifacts[0].created_at = datetime(2025, 1, 1)
    repository.save()
    tell("promote", lambda: back["exp"].promote_artifact(repository, "features"))
    opened = Repository("memory://compat/repository.json", mode="r")
    tell("versions", lambda: [(a.name, a.version, a.fname) for a in opened.artifacts])
    tell("newest", lambda: opened.load_artifact("features"))
    tell("first", lambda: opened.load_artifact("features", version=0))
    tell("missing", lambda: Project("memory://compat/none.json", mode="r").experiments)
    tell(
        "files",
        lambda: sorted(normal_path(name) for name in fs.find("compat") if ".lazyscribe" not in name),
    )
    return tell


def threads() -> Tellings:
    """Many threads log experiments, tests and artifacts at once."""
    from concurrent.futures import ThreadPoolExecutor

    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")

    def log(number: int) -> None:
        with project.log(f"exp {number}") as experiment:
            experiment.log_metric("x", number)
            with experiment.log_test("test") as test:
                test.log_metric("m", number)
            experiment.log_artifact("a", number, "json")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log, range(24)))
    tell("logged", lambda: sorted(e.metrics["x"] for e in project.experiments) == list(range(24)))
    tell("in order", lambda: list(project.experiments) == sorted(project.experiments))
    project.save()
    back = Project("p.json", mode="r")
    tell("loaded", lambda: sorted(e.load_artifact("a") for e in back.experiments) == list(range(24)))
    with project.log("one") as experiment, ThreadPoolExecutor(8) as pool:

        def test(number: int) -> None:
            with experiment.log_test(f"test {number}") as made:
                made.log_metric("m", number)

        list(pool.map(test, range(24)))
    tell("tests", lambda: sorted(test.metrics["m"] for test in experiment.tests) == list(range(24)))
    return tell


def pickling() -> Tellings:
    """Projects, experiments, tests, repositories and handlers travel through pickle."""
    tell = Tellings()
    when = datetime(2025, 1, 1)
    project = Project("p.json", mode="w", author="ann")
    experiment = Experiment(name="exp", project=Path("p.json"), author="ann", created_at=when, last_updated=when)
    experiment.log_metric("x", 1)
    with experiment.log_test("test") as test:
        test.log_metric("m", 2)
    experiment.log_artifact("features", [1], "json")
    project.append(experiment)
    copy = pickle.loads(pickle.dumps(project))
    tell("project", lambda: (copy.fpath, copy.mode, copy.author, copy.experiments == project.experiments))
    tell("experiment", lambda: pickle.loads(pickle.dumps(experiment)) == experiment)
    tell("usable", lambda: pickle.loads(pickle.dumps(experiment)).log_metric("y", 1))
    tell("test", lambda: pickle.loads(pickle.dumps(test)) == test)
    tell("state", lambda: sorted(experiment.__getstate__()))
    tell("test's state", lambda: sorted(test.__getstate__()))
    tell("handler", lambda: pickle.loads(pickle.dumps(experiment.artifacts[0])).value)
    tell("handler's state", lambda: JSONArtifact.construct("x", value=[1], created_at=when).__getstate__())
    binary = PickleArtifact.construct("x", value=(1, 2), created_at=when)
    tell("binary handler", lambda: (pickle.loads(pickle.dumps(binary)).value, type(binary.__getstate__()["value"])))
    tell("empty handler", lambda: pickle.loads(pickle.dumps(JSONArtifact.construct("x", created_at=when))).value)
    copy = pickle.loads(pickle.dumps(make_versions()))
    tell("repository", lambda: [(a.name, a.version) for a in copy.artifacts])
    tell("repository loads", lambda: copy.load_artifact("features"))
    return tell


def own_handlers() -> Tellings:
    """Handlers that a user defines: environment, validation, output only, and mistakes."""
    tell = Tellings()

    @define
    class Upper(Artifact):
        alias: ClassVar[str] = "compat-upper"
        suffix: ClassVar[str] = "txt"
        binary: ClassVar[bool] = False
        output_only: ClassVar[bool] = False
        level: str

        @classmethod
        def construct(
            cls, name: str, value: Any = None, fname: str | None = None, level: str = "1", **rest: Any
        ) -> Any:
            rest = {key: rest.get(key) for key in ("created_at", "expiry")} | {
                "writer_kwargs": rest.get("writer_kwargs") or {},
                "version": rest.get("version", 0),
                "dirty": rest.get("dirty", True),
            }
            return cls(name=name, value=value, fname=fname or f"{name}.txt", level=level, **rest)

        @classmethod
        def read(cls, buf: Any, **kwargs: Any) -> Any:
            return buf.read() + kwargs.get("suffix", "")

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            buf.write(obj.upper() + kwargs.get("end", ""))

    @define
    class Report(Artifact):
        alias: ClassVar[str] = "compat-report"
        suffix: ClassVar[str] = "txt"
        binary: ClassVar[bool] = False
        output_only: ClassVar[bool] = True

        @classmethod
        def construct(cls, name: str, **rest: Any) -> Any:
            rest = {key: rest.get(key) for key in ("value", "created_at", "expiry")} | {
                "fname": rest.get("fname") or f"{name}.txt",
                "writer_kwargs": rest.get("writer_kwargs") or {},
                "version": rest.get("version", 0),
                "dirty": rest.get("dirty", True),
            }
            return cls(name=name, **rest)

        @classmethod
        def read(cls, buf: Any, **kwargs: Any) -> Any:
            return buf.read()

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            buf.write(str(obj))

    gc.collect()
    project = Project("p.json", mode="w", author="ann")

    def warned(action: Callable[[], Any]) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            given = action()
        return given, [item.category.__name__ for item in caught if item.category is not ResourceWarning]

    with project.log("exp") as experiment:
        tell("log", lambda: experiment.log_artifact("up", "text", "compat-upper", end="!"))
        tell("output only", lambda: warned(lambda: experiment.log_artifact("rep", {"a": 1}, "compat-report")))
    tell("save", lambda: warned(project.save))
    back = Project("p.json", mode="r")["exp"]
    tell("load", lambda: back.load_artifact("up", suffix="?"))
    tell("load output only", lambda: warned(lambda: back.load_artifact("rep")))
    stored = json.loads(Path("p.json").read_text())[0]["artifacts"]
    tell("stored", lambda: [sorted(item) for item in stored])
    repository = Repository("repository.json", mode="w")
    tell("to a repository", lambda: back.promote_artifact(repository, "up"))
    tell("from a repository", lambda: repository.load_artifact("up"))
    tell("in the repository", lambda: next(iter(repository))["level"])
    tell("diff", lambda: repository.get_version_diff("up", 0))
    return tell


def broken_values() -> Tellings:
    """A value that cannot be written makes ``save`` fail with ``SaveError``."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_artifact("bad", object(), "json")
    tell("artifact", project.save)
    project = Project("q.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.log_metric("bad", object())
    tell("metric", project.save)
    repository = Repository("repository.json", mode="w")
    repository.log_artifact("bad", object(), "json")
    tell("repository", repository.save)
    repository = Repository("no/such/folder/repository.json", mode="w")
    repository.log_artifact("x", 1, "json")
    Path("no").write_text("a file")
    tell("a file for a folder", repository.save)
    return tell


PROGRAMS: list[Callable[[], Tellings]] = [
    experiment_artifacts,
    overwriting,
    promotion,
    on_memory,
    threads,
    pickling,
    own_handlers,
    broken_values,
]
