"""Programs about projects and experiments."""

import json
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from lazyscribe import Experiment, Project, Repository, Test
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.registry import registry
from tests.compat.actor import Tellings
from tests.compat.programs.helpers import fields, make_versions


def project_modes() -> Tellings:
    """Each mode against what may be done in it."""
    tell = Tellings()
    made = Project("made.json", mode="w", author="ann")
    made.append(Experiment(name="one", project=Path("made.json"), dir=Path(), author="ann"))
    made.append(Experiment(name="two", project=Path("made.json"), dir=Path(), author="ann"))
    made.save()
    for mode in ("r", "a", "w", "w+", "x", "rb", ""):
        tell(f"open a missing file in {mode}", lambda: len(Project("missing.json", mode=mode).experiments))
        tell(f"open in {mode}", lambda: [e.name for e in Project("made.json", mode=mode).experiments])
    for mode in ("r", "a", "w+"):
        project = Project("made.json", mode=mode)

        def log() -> None:
            with project.log("three") as experiment:
                experiment.log_metric("x", 1)

        tell(f"class in {mode}", lambda: type(project["one"]).__name__)
        tell(f"log in {mode}", log)
        tell(f"call log only in {mode}", lambda: project.log("four") and None)
        tell(f"edit in {mode}", lambda: project["one"].log_metric("x", 1))
        tell(f"parameter in {mode}", lambda: project["one"].log_parameter("x", 1))
        tell(f"tag in {mode}", lambda: project["one"].tag("x"))
        tell(f"artifact in {mode}", lambda: project["one"].log_artifact("x", 1, "json"))
        tell(f"assign in {mode}", lambda: setattr(project["one"], "name", "uno"))
        tell(f"append in {mode}", lambda: project.append(Experiment(name="five", project=Path("made.json"))))
        tell(f"save in {mode}", project.save)
        tell(f"mode {mode}", lambda: project.mode)
    tell("at the end", lambda: sorted((e["short_slug"], e["last_updated_by"]) for e in Project("made.json", mode="r")))
    return tell


def project_attributes() -> Tellings:
    """What a project shows."""
    tell = Tellings()
    project = Project("sub/project.json", mode="a", author="ann", auto_mkdir=True)
    for name in ("fpath", "protocol", "storage_options", "mode", "author", "experiments"):
        tell(name, lambda: getattr(project, name))
    tell("fs", lambda: type(project.fs).__name__)
    tell("length", lambda: len(project))
    tell("truth", lambda: bool(project))
    tell("default path", lambda: Project().fpath)
    tell("default mode", lambda: Project().mode)
    tell("author by default", lambda: bool(Project().author))
    tell("memory", lambda: Project("memory://m/p.json").protocol)
    tell("memory path", lambda: Project("memory://m/p.json").fpath)
    tell("file URL", lambda: Project("file:///some/where/p.json").fpath)
    tell("path", lambda: Project(Path("q.json")).fpath)
    tell("repository", lambda: (Repository("a/r.json").fpath, Repository("a/r.json").dir, Repository().mode))
    tell(
        "repository in memory", lambda: (Repository("memory://m/r.json").dir, Repository("memory://m/r.json").protocol)
    )
    tell("text", lambda: str(project).split(" at ")[0])
    tell("text of a repository", lambda: str(Repository("a/r.json")).split(" at ")[0])
    return tell


def experiment_text_and_dict() -> Tellings:
    """``str``, ``to_dict`` and attributes of an experiment and a test made by hand."""
    tell = Tellings()
    when = datetime(2025, 1, 20, 13, 23, 30, 987654)
    experiment = Experiment(
        name="My Experiment: é/ü",
        project=Path("project.json"),
        author="ann",
        created_at=when,
        last_updated=when,
        metrics={"a": 1.5, "n": float("nan"), "t": (1, (2, 3)), "d": when},
        parameters={"p": {"x": when, "y": [when, {"z": (1,)}]}, "q": None},
        tests=[Test(name="T 1", description="d", metrics={"m": when}, parameters={"n": [(1, 2)]})],
        artifacts=[JSONArtifact.construct("features", value=[1], created_at=when)],
        tags=["b", "a"],
    )
    for name in ("name", "project", "dir", "author", "last_updated_by", "metrics", "parameters", "created_at"):
        tell(name, lambda: getattr(experiment, name))
    for name in ("last_updated", "dependencies", "short_slug", "slug", "tags", "dirty", "path"):
        tell(name, lambda: getattr(experiment, name))
    tell("to_dict", experiment.to_dict)
    tell("to_dict's order", lambda: list(experiment.to_dict()))
    tell("test's to_dict", lambda: experiment.tests[0].to_dict())
    tell("str", lambda: str(experiment).split(" at ")[0])
    tell("str of a test", lambda: str(experiment.tests[0]).split(" at ")[0])
    tell("repr of an artifact", lambda: experiment.artifacts[0])
    tell("only a name", lambda: Experiment(name="x"))
    tell("only a project", lambda: Experiment(project=Path("project.json")))
    tell("positional", lambda: Experiment("x", Path("a/project.json")).project)
    tell("defaults", lambda: Experiment(name="x", project=Path("a/project.json")).dir)
    tell("hash", lambda: hash(experiment))
    tell("test's defaults", lambda: (Test("x").description, Test("x").metrics, Test("x").path, Test("x").artifacts))
    tell("artifact by default", lambda: JSONArtifact.construct("Feat ures", created_at=when))
    tell("artifact without a handler's keyword", lambda: JSONArtifact(name="x"))
    tell("unknown keys", lambda: JSONArtifact.construct("x", created_at=when, expiry=when, what=1))
    tell("environment", lambda: PickleArtifact.construct("x", created_at=when).python_version.count("."))
    tell("equal artifacts", lambda: JSONArtifact.construct("x") == JSONArtifact.construct("y", value=2, version=4))
    tell("other handlers", lambda: JSONArtifact.construct("x") == PickleArtifact.construct("x"))
    return tell


def order_and_equality() -> Tellings:
    """Comparisons of experiments and tests."""
    tell = Tellings()
    early, late = datetime(2025, 1, 1), datetime(2025, 2, 1)

    def make(name: str, created: datetime, updated: datetime, **fields: Any) -> Experiment:
        return Experiment(
            name=name, project=Path("p.json"), author="ann", created_at=created, last_updated=updated, **fields
        )

    one, again, other = make("one", early, early), make("one", early, late), make("other", late, late)
    tell("same slug", lambda: (one < again, one > again, one <= again, one >= again, one == again))
    tell("other slug", lambda: (one < other, one > other, one <= other, one >= other, one != other))
    tell("same date", lambda: make("a", early, late) < make("b", early, early))
    tell("with itself", lambda: (one < one, one <= one, one == one))
    tell("not compared", lambda: one == make("one", early, early, dir=Path("elsewhere"), dirty=False))
    tell("compared", lambda: one == make("one", early, early, tags=["x"]))
    tell("another project", lambda: one == Experiment(**{**fields(one), "project": Path("q.json")}))
    tell("sorted", lambda: [e.name for e in sorted([other, again, one])])
    tell("with a number", lambda: one == 1)
    tell("tests", lambda: Test("x", path=Path("a")) == Test("x", path=Path("b")))
    tell("other tests", lambda: Test("x") == Test("x", description="d"))
    project = Project("p.json", mode="w", author="ann")
    for experiment in (other, one):
        project.append(experiment)
    tell("kept in order", lambda: [e.name for e in project.experiments])
    tell("same object", lambda: project["one"] is project.experiments[0] is project[one.slug])
    project.save()
    back = Project("p.json", mode="r")
    tell("read-only is never equal", lambda: (back["one"] == one, one == back["one"], back["one"] != one))
    tell("same object after opening", lambda: back["one"] is back.experiments[0])
    tell("same order after opening", lambda: [e.name for e in back.experiments])
    tell("editable is equal", lambda: Project("p.json", mode="w+").experiments == [one, other])
    return tell


def look_up_and_filter() -> Tellings:
    """Index, ``in``, iteration and filter of a project."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")
    for day, name in ((3, "Alpha One"), (1, "alpha one"), (2, "beta"), (4, "gamma")):
        when = datetime(2025, 1, day)
        project.append(
            Experiment(
                name=name,
                project=Path("p.json"),
                author="ann",
                created_at=when,
                last_updated=when,
                metrics={"day": day},
            )
        )
    for key in ("alpha-one", "Alpha One", "alpha-one-20250101000000", "beta", "", "none", 0, None):
        tell(f"[{key!r}]", lambda: project[key].metrics)
        tell(f"{key!r} in", lambda: key in project)
    tell("iteration", lambda: [sorted(item) for item in project][:1])
    tell("names", lambda: [item["name"] for item in project])
    tell("created", lambda: [item["created_at"] for item in project])
    tell("filter", lambda: [e.name for e in project.filter(lambda e: e.metrics["day"] % 2)])
    tell("filter's class", lambda: type(next(iter(project.filter(lambda e: True)))).__name__)
    tell("filter to nothing", lambda: list(project.filter(lambda e: False)))
    tell("filter by what is not there", lambda: list(project.filter(lambda e: e.metrics["none"])))
    tell("index", lambda: project.experiments[1].name)
    tell("slice", lambda: [e.name for e in project.experiments[1:3]])
    tell("reversed", lambda: [e.name for e in reversed(project.experiments)])
    tell("length", lambda: len(project.experiments))
    tell("index of", lambda: project.experiments.index(project["beta"]))
    tell("out of range", lambda: project.experiments[9])
    tell("remove", lambda: project.experiments.remove(project["beta"]))
    tell("after remove", lambda: ("beta" in project, len(project.experiments)))
    tell("delete", lambda: project.experiments.__delitem__(0))
    tell("pop", lambda: project.experiments.pop().name)
    tell("left", lambda: [e.name for e in project.experiments])
    tell("save", project.save)
    tell("opened", lambda: [e.name for e in Project("p.json", mode="r").experiments])
    return tell


def lists_of_a_project() -> Tellings:
    """``experiments`` and ``artifacts`` used as the lists they were."""
    tell = Tellings()

    def make(name: str, day: int) -> Experiment:
        when = datetime(2025, 1, day)
        return Experiment(name=name, project=Path("p.json"), author="ann", created_at=when, last_updated=when)

    project = Project("p.json", mode="w", author="ann")
    names: Callable[[], list[str]] = lambda: [e.name for e in project.experiments]  # noqa: E731
    tell(
        "equal to an empty list",
        lambda: (project.experiments == [], project.experiments != [], not project.experiments),
    )
    one, two, three = make("one", 1), make("two", 2), make("three", 3)
    project.append(two)
    tell("append out of order", lambda: project.append(one))
    tell("sorted", names)
    tell("contains", lambda: (two in project.experiments, three in project.experiments))
    tell("insert", lambda: project.experiments.insert(1, three))
    tell("inserted", names)
    tell("index", lambda: [project.experiments.index(item) for item in (one, three, two)])
    tell("index of what is not there", lambda: project.experiments.index(make("none", 9)))
    tell("remove what is not there", lambda: project.experiments.remove(make("none", 9)))
    tell("assign", lambda: project.experiments.__setitem__(1, make("four", 4)))
    tell("assigned", names)
    tell("negative", lambda: project.experiments[-1].name)
    tell("slices", lambda: [[e.name for e in project.experiments[part]] for part in (slice(1), slice(None, None, -1))])
    tell("delete a slice", lambda: project.experiments.__delitem__(slice(0, 1)))
    tell("left", names)
    tell("equal", lambda: project.experiments == [project.experiments[0], project.experiments[1]])
    tell("extend", lambda: project.experiments.extend([make("five", 5), make("six", 6)]))
    tell("extended", names)
    tell("count", lambda: project.experiments.count(project.experiments[0]))
    tell(
        "while deleting", lambda: [project.experiments.remove(e) for e in list(project.experiments) if e.name == "five"]
    )
    tell("save", project.save)
    tell("file", lambda: sorted(e.name for e in Project("p.json", mode="r").experiments))
    tell("clear", lambda: project.experiments.clear())
    tell("save nothing", project.save)
    tell("empty file", lambda: Path("p.json").read_text())
    repository = make_versions()
    tell("artifacts", lambda: [(a.name, a.version) for a in repository.artifacts])
    tell("artifacts' slice", lambda: [a.version for a in repository.artifacts[:2]])
    tell("delete an artifact", lambda: repository.artifacts.__delitem__(0))
    tell("the rest", lambda: [a.version for a in repository.artifacts])
    repository.save()
    tell("stored", lambda: [(a.name, a.version) for a in Repository("repository.json", mode="r").artifacts])
    return tell


def merging() -> Tellings:
    """``merge`` of two and of three projects."""
    tell = Tellings()

    def make(fpath: str, author: str, **updated: int) -> Project:
        project = Project(fpath, mode="w", author=author)
        for name, day in updated.items():
            project.append(
                Experiment(
                    name=name,
                    project=Path(fpath),
                    author=author,
                    created_at=datetime(2025, 1, ord(name) - ord("a") + 1),
                    last_updated=datetime(2025, 2, day),
                )
            )
        return project

    one, two, three = make("1.json", "ann", a=1, b=5), make("2.json", "bob", a=3, b=4, c=2), make("3.json", "cy", a=9)
    shown: Callable[[Project], Any] = lambda project: [(e.name, e.author) for e in project.experiments]  # noqa: E731
    tell("two", lambda: shown(one.merge(two)))
    tell("two the other way", lambda: shown(two.merge(one)))
    tell("three", lambda: shown(one.merge(two, three)))
    tell("none", lambda: shown(one.merge()))
    tell("identity", lambda: (one.merge(two).fpath, one.merge(two).author, one.merge(two).mode))
    tell("a new project", lambda: one.merge(two) is one)
    tell("the sources", lambda: (shown(one), shown(two)))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        tell("by keyword", lambda: shown(one.merge(other=two)))
    tell("warned", lambda: [item.category.__name__ for item in warned])
    return tell


def tags() -> Tellings:
    """Tags are added once or replaced."""
    tell = Tellings()
    experiment = Experiment(name="x", project=Path("p.json"))
    tell("none", lambda: experiment.tags)
    experiment.tag("b", "a")
    tell("two", lambda: sorted(experiment.tags))
    experiment.tag("c", "a")
    tell("added", lambda: sorted(experiment.tags))
    experiment.tag("z", overwrite=True)
    tell("replaced", lambda: experiment.tags)
    experiment.tag(overwrite=True)
    tell("emptied", lambda: experiment.tags)
    return tell


def failing_blocks() -> Tellings:
    """An experiment or a test whose block raises does not join."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")

    def broken_log() -> None:
        with project.log("bad") as experiment:
            experiment.log_metric("x", 1)
            raise ZeroDivisionError

    def broken_test() -> None:
        with project.log("good") as experiment:
            experiment.log_metric("x", 1)
            try:
                with experiment.log_test("bad"):
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
            with experiment.log_test("good") as test:
                test.log_metric("m", 2)

    tell("experiment", broken_log)
    tell("none joined", lambda: project.experiments)
    tell("test", broken_test)
    tell("one joined", lambda: [(e.name, [t.name for t in e.tests]) for e in project.experiments])
    tell("written before saving", lambda: Path("p.json").exists())
    return tell


def who_updates() -> Tellings:
    """``last_updated_by`` is the author of the project that saves a changed experiment."""
    tell = Tellings()
    project = Project("p.json", mode="w", author="ann")
    for name in ("one", "two"):
        with project.log(name) as experiment:
            experiment.log_metric("x", 1)
    project.save()
    project = Project("p.json", mode="w+", author="bob")
    project["one"].log_metric("y", 2)
    tell("changed since", lambda: [e.dirty for e in project.experiments])
    project.save()
    tell("saved", lambda: [e.dirty for e in project.experiments])
    stored = Project("p.json", mode="r")
    tell("by", lambda: sorted((e.name, e.author, e.last_updated_by) for e in stored.experiments))
    project = Project("p.json", mode="a", author="cy")
    with project.log("three"):
        pass
    project.save()
    stored = Project("p.json", mode="r")
    tell("appended", lambda: sorted((e.name, e.author, e.last_updated_by) for e in stored.experiments))
    return tell


def edits_without_a_flag() -> Tellings:
    """What is changed in the dictionaries and lists of an editable experiment is saved."""
    tell = Tellings()
    when = datetime(2025, 1, 1)
    project = Project("p.json", mode="w", author="ann")
    project.append(Experiment(name="exp", project=Path("p.json"), author="ann", created_at=when, last_updated=when))
    project.append(
        Experiment(name="base", project=Path("p.json"), author="ann", created_at=when, last_updated=when, tags=["x"])
    )
    project.save()
    project = Project("p.json", mode="w+", author="bob")
    experiment = project["exp"]
    experiment.metrics["x"] = 1
    experiment.parameters.update(y=[1])
    experiment.tags.append("tag")
    experiment.tests.append(Test(name="by hand", metrics={"m": 1}))
    project["base"].name = "Base"
    project["base"].author = "cy"
    tell("dirty", lambda: [e.dirty for e in project.experiments])
    project.save()
    tell("file", lambda: json.loads(Path("p.json").read_text()))
    back = Project("p.json", mode="r")
    tell("opened", lambda: [(e.name, e.author, e.last_updated_by, e.last_updated) for e in back.experiments])
    return tell


def dependencies() -> Tellings:
    """Dependencies are kept as path and slug, or by the name of a registered project."""
    tell = Tellings()
    when = datetime(2025, 1, 1)
    Path("up").mkdir()
    upstream = Project("up/project.json", mode="w", author="ann")
    upstream.append(Experiment(name="base", project=Path("up/project.json"), created_at=when, metrics={"m": 1}))
    upstream.save()
    project = Project("p.json", mode="w", author="ann")
    with project.log("exp") as experiment:
        experiment.dependencies["base"] = upstream["base"]
    tell("to_dict", lambda: experiment.to_dict()["dependencies"])
    tell("save", project.save)
    back = Project("p.json", mode="r")
    tell("opened", lambda: {k: (v.name, v.metrics, type(v).__name__) for k, v in back["exp"].dependencies.items()})
    tell("iterated", lambda: next(iter(back))["dependencies"])
    tell("registry", lambda: (registry.search(Path("up/project.json")), "up" in registry, list(registry.projects)))
    tell("registry's missing key", lambda: registry["up"])
    registry.add_project("up", Project("up/project.json", mode="r"))
    tell("registered", lambda: (registry["up"].fpath, "up" in registry, list(registry.projects)))
    tell("not found", lambda: registry.search(Path("elsewhere.json")))
    Path("p.json").write_text(Path("p.json").read_text().replace("up/project.json|", "up|"))
    tell("by name", lambda: [e.name for e in Project("p.json", mode="r")["exp"].dependencies.values()])
    Path("q.json").write_text(Path("p.json").read_text().replace("up|base", "up|none"))
    tell("missing slug", lambda: Project("q.json", mode="r"))
    Path("q.json").write_text(Path("p.json").read_text().replace("up|", "gone.json|"))
    tell("missing file", lambda: Project("q.json", mode="r")["exp"].dependencies)
    return tell


def copies() -> Tellings:
    """Copies of experiments, tests and projects."""
    import copy

    import attrs

    tell = Tellings()
    when = datetime(2025, 1, 1)
    experiment = Experiment(
        name="exp", project=Path("p.json"), author="ann", created_at=when, last_updated=when, metrics={"x": 1}
    )
    with experiment.log_test("test") as test:
        test.log_metric("m", 1)
    deep = copy.deepcopy(experiment)
    tell("deep copy is equal", lambda: deep == experiment)
    deep.log_metric("x", 2)
    tell("deep copy is another", lambda: (experiment.metrics, deep.metrics))
    tell("shallow copy", lambda: copy.copy(test) == test)
    tell("fields", lambda: sorted(field.name for field in attrs.fields(Experiment) if field.name != "mutex_"))
    tell("test's fields", lambda: sorted(field.name for field in attrs.fields(Test)))
    tell("handler's fields", lambda: sorted(field.name for field in attrs.fields(PickleArtifact)))
    tell("as a dictionary", lambda: sorted(attrs.asdict(JSONArtifact.construct("x", value=1)))[:3])
    tell("evolved test", lambda: attrs.evolve(test, name="other").name)
    return tell


PROGRAMS: list[Callable[[], Tellings]] = [
    project_modes,
    project_attributes,
    experiment_text_and_dict,
    order_and_equality,
    look_up_and_filter,
    lists_of_a_project,
    merging,
    tags,
    failing_blocks,
    who_updates,
    edits_without_a_flag,
    dependencies,
    copies,
]
