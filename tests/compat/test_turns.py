"""2.2 and ours take turns on one folder: each opens what the other wrote, adds to it, and nothing is lost.

Every test runs both ways round. Programs give dates of their own, so that no test has to wait for the next second.
"""

import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import lazyscribe
from lazyscribe import Experiment, Project, Repository
from lazyscribe import release as releases
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from lazyscribe.registry import registry
from tests.compat.actor import Actor

Turns = tuple[Actor, Actor]


def add_experiment(name: str, day: int, author: str) -> None:
    """Append an experiment that holds one of everything."""
    project = Project("project.json", mode="a", author=author)
    when = datetime(2025, 1, day, 10, 20, 30)
    experiment = Experiment(
        name=name,
        project=Path("project.json"),
        author=author,
        created_at=when,
        last_updated=when,
        metrics={"score": 0.1 + 0.2, "count": 10**20, "nan": float("nan"), "inf": float("inf"), "low": float("-inf")},
        parameters={"tuple": (1, (2, "zwei")), "when": when, "nested": {"when": [when], "ü😀": None, "yes": True}},
        tags=["best", "größe"],
    )
    experiment.artifacts.append(
        JSONArtifact.construct("features", value=["a", {"b": 1}], created_at=when, writer_kwargs={"indent": 2})
    )
    experiment.artifacts.append(PickleArtifact.construct("model", value={("x", 1): {2}}, created_at=when))
    experiment.artifacts.append(JSONArtifact.construct("named", value=name, created_at=when, fname="named file.json"))
    experiment.artifacts.append(
        JSONArtifact.construct("deep", value=[name, day], created_at=when, fname="deep/er/named file.json")
    )
    with experiment.log_test("Test: über/alles", description="all of it") as test:
        test.metrics["m"] = when
        test.parameters["p"] = (1, 2)
        test.artifacts.append(PickleArtifact.construct("inner", value=(day, name), created_at=when, fname="in.pkl"))
    with experiment.log_test("bare"):
        pass
    experiment.last_updated = when
    project.append(experiment)
    project.save()


def read_project(mode: str) -> dict[str, str]:
    """Tell all that a project holds, artifacts loaded, as text by name."""
    return {
        experiment.name: repr(
            [
                experiment.metrics,
                experiment.parameters,
                experiment.tags,
                experiment.author,
                experiment.last_updated_by,
                experiment.created_at,
                experiment.last_updated,
                experiment.slug,
                sorted(experiment.dependencies),
                {a.name: (a.fname, a.created_at, experiment.load_artifact(a.name)) for a in experiment.artifacts},
                [
                    [test.name, test.description, test.metrics, test.parameters]
                    + [(a.name, a.fname, test.load_artifact(a.name)) for a in test.artifacts]
                    for test in experiment.tests
                ],
            ]
        )
        for experiment in Project("project.json", mode=mode).experiments
    }


def edit_experiment(slug: str) -> None:
    """Change an experiment that the other release wrote: its metrics, tags, tests and artifacts."""
    project = Project("project.json", mode="w+", author="editor")
    experiment = project[slug]
    experiment.log_metric("edited", 1)
    experiment.log_parameter("score", {"a": [1.5]})
    experiment.tag("edited")
    experiment.log_artifact("features", "replaced", "json", overwrite=True)
    experiment.log_artifact("extra", {"x": (1,)}, "pickle", fname="extra.bin")
    with experiment.log_test("later") as test:
        test.log_artifact("inner", [1], "json")
    experiment.last_updated = datetime(2025, 3, 1)
    project.save()


def test_projects_take_turns(turns: Turns, tmp_path: Path) -> None:
    """Each release reads every experiment of the other with all of its values, appends, and is read in turn."""
    first, second = turns
    first(add_experiment, tmp_path, name="One: é/ü 日本", day=1, author="ann")
    seen = first(read_project, tmp_path, mode="r")
    for mode in ("r", "a", "w+"):
        assert second(read_project, tmp_path, mode=mode) == seen
    second(add_experiment, tmp_path, name="Two 😀", day=2, author="bob")
    both = second(read_project, tmp_path, mode="r")
    assert list(both) == ["One: é/ü 日本", "Two 😀"]
    assert both["One: é/ü 日本"] == seen["One: é/ü 日本"]
    for mode in ("r", "a", "w+"):
        assert first(read_project, tmp_path, mode=mode) == both
    first(add_experiment, tmp_path, name="three", day=3, author="ann")
    assert second(read_project, tmp_path, mode="r") == first(read_project, tmp_path, mode="r")


def test_each_edits_what_the_other_wrote(turns: Turns, tmp_path: Path) -> None:
    """An experiment edited by the other release in ``w+`` holds the edit for both, and its neighbours are untouched."""
    first, second = turns
    first(add_experiment, tmp_path, name="mine", day=1, author="ann")
    first(add_experiment, tmp_path, name="untouched", day=2, author="ann")
    before = first(read_project, tmp_path, mode="r")
    second(edit_experiment, tmp_path, slug="mine")
    edited = second(read_project, tmp_path, mode="r")
    assert first(read_project, tmp_path, mode="r") == edited
    assert edited["untouched"] == before["untouched"]
    for part in ("'edited': 1", "'editor'", "'replaced'", "{'x': (1,)}", "'later'", "'deep/er/named file.json'"):
        assert part in edited["mine"]
    first(edit_experiment, tmp_path, slug="untouched")
    assert second(read_project, tmp_path, mode="r") == first(read_project, tmp_path, mode="r")


def log_as_people_do(name: str) -> None:
    """Log through the context managers, with the clock."""
    project = Project("project.json", author=name)
    with project.log(name) as experiment:
        experiment.log_metric("score", 0.5)
        experiment.log_parameter("features", ("a", "b"))
        experiment.tag("x")
        experiment.log_artifact("features", [name], "json", indent=4)
        with experiment.log_test("slice") as test:
            test.log_metric("score", float("nan"))
            test.log_artifact("rows", {1, 2}, "pickle")
    project.save()


def delete_experiment(name: str) -> None:
    """Remove an experiment in ``w+``."""
    project = Project("project.json", mode="w+")
    project.experiments.remove(project[name])
    project.save()


def test_many_turns_with_the_clock(turns: Turns, tmp_path: Path) -> None:
    """Six appends in turn, within a second or so, and a deletion by each leave four experiments that both read."""
    for number in range(6):
        turns[number % 2](log_as_people_do, tmp_path, name=f"exp-{number}")
    for number in (0, 5):
        turns[number % 2](delete_experiment, tmp_path, name=f"exp-{number}")
    told = [actor(read_project, tmp_path, mode="r") for actor in turns]
    assert told[0] == told[1]
    assert sorted(told[0]) == ["exp-1", "exp-2", "exp-3", "exp-4"]


def make_upstream() -> None:
    """Write the project that others depend on."""
    Path("up stream").mkdir()
    project = Project("up stream/project.json", mode="w", author="ann")
    when = datetime(2025, 1, 1)
    project.append(
        Experiment(name="Base", project=Path("up stream/project.json"), created_at=when, metrics={"m": float("inf")})
    )
    project.save()


def depend(name: str, day: int) -> None:
    """Append an experiment that depends on the upstream one and on each one before it."""
    project = Project("project.json", mode="a", author="ann")
    when = datetime(2025, 1, day)
    experiment = Experiment(name=name, project=Path("project.json"), author="ann", created_at=when, last_updated=when)
    experiment.dependencies["base"] = Project("up stream/project.json", mode="r")["base"]
    project.append(experiment)
    project.save()


def read_dependencies() -> dict[str, Any]:
    """Tell each experiment's dependencies."""
    return {
        experiment.name: {
            key: [upstream.slug, repr(upstream.metrics), type(upstream).__name__]
            for key, upstream in experiment.dependencies.items()
        }
        for experiment in Project("project.json", mode="r").experiments
    }


def test_dependencies_take_turns(turns: Turns, tmp_path: Path) -> None:
    """A dependency on another project's file, written by either release, is resolved by both and kept by a save."""
    first, second = turns
    first(make_upstream, tmp_path)
    second(depend, tmp_path, name="two", day=2)
    first(depend, tmp_path, name="three", day=3)
    base = {"base": ["base-20250101000000", "{'m': inf}", "ReadOnlyExperiment"]}
    for actor in turns:
        assert actor(read_dependencies, tmp_path) == {"two": base, "three": base}
    stored = json.loads((tmp_path / "project.json").read_text())
    assert [item["dependencies"] for item in stored] == [["up stream/project.json|base-20250101000000"]] * 2


def depend_by_name(name: str, day: int) -> None:
    """Append an experiment whose upstream project is registered under a name."""
    upstream = Project("up stream/project.json", mode="r")
    registry.add_project("up", upstream)
    project = Project("project.json", mode="a", author="ann")
    when = datetime(2025, 1, day)
    experiment = Experiment(name=name, project=Path("project.json"), author="ann", created_at=when, last_updated=when)
    experiment.dependencies["base"] = upstream["base"]
    project.append(experiment)
    project.save()


def read_by_name() -> dict[str, Any]:
    """Tell each experiment's dependencies while the upstream project is registered."""
    registry.add_project("up", Project("up stream/project.json", mode="r"))
    return {e.name: sorted(e.dependencies) for e in Project("project.json", mode="r").experiments}


def test_registered_projects_take_turns(turns: Turns, tmp_path: Path) -> None:
    """Dependencies on a registered project, by its name or by its path, open in both releases."""
    first, second = turns
    first(make_upstream, tmp_path)
    second(depend_by_name, tmp_path, name="two", day=2)
    first(depend_by_name, tmp_path, name="three", day=3)
    for actor in turns:
        assert actor(read_by_name, tmp_path) == {"two": ["base"], "three": ["base"]}


def save_empty() -> None:
    """Save a project and a repository that hold nothing."""
    Project("project.json", mode="w").save()
    Repository("repository.json", mode="w").save()


def count() -> list[int]:
    """Count what both hold."""
    return [len(Project("project.json").experiments), len(Repository("repository.json").artifacts)]


def test_empty_files_take_turns(turns: Turns, tmp_path: Path) -> None:
    """An empty project and repository are the same two characters and open in both releases."""
    first, second = turns
    for actor in (first, second, first):
        actor(save_empty, tmp_path)
        assert (tmp_path / "project.json").read_bytes() == (tmp_path / "repository.json").read_bytes() == b"[]"
        assert [other(count, tmp_path) for other in turns] == [[0, 0], [0, 0]]
    second(add_experiment, tmp_path, name="one", day=1, author="ann")
    second(add_versions, tmp_path, day=1)
    assert [other(count, tmp_path) for other in turns] == [[1, 4], [1, 4]]


def add_versions(day: int) -> None:
    """Log a version of each of four artifacts."""
    repository = Repository("repository.json", mode="w+")
    for name, handler, value, fname in (
        ("Features", "json", [day, float("nan")], None),
        ("modèle 😀", "pickle", (day, {"x": {1}}), f"m{day}.pkl"),
        ("sub folder", "json", {"day": day}, f"deep/{day}.json"),
        ("text", "json", "line\n" * day, None),
    ):
        repository.log_artifact(name, value, handler, fname=fname)
        artifact = repository.artifacts[-1]
        artifact.created_at = datetime(2025, 1, day, 12)
        if fname is None:
            artifact.fname = f"{name.lower()}-{day}.json"
    repository.save()


def read_versions() -> dict[str, str]:
    """Tell every version of a repository, by number, by its date and as of a moment later."""
    repository = Repository("repository.json", mode="r")
    return {
        f"{a.name}|{a.version}": repr(
            [
                repository.get_artifact_metadata(a.name, version=a.version),
                repository.load_artifact(a.name, version=a.version),
                repository.load_artifact(a.name, version=a.created_at),
                repository.load_artifact(a.name, version=a.created_at + timedelta(hours=1), match="asof"),
            ]
        )
        for a in repository.artifacts
    }


def newest() -> list[str]:
    """Tell the newest of each."""
    repository = Repository("repository.json", mode="r")
    return [repr(repository.load_artifact(name)) for name in ("Features", "modèle 😀", "sub folder", "text")]


def difference() -> str:
    """Tell how the first version differs from the newest."""
    return Repository("repository.json", mode="r").get_version_diff("sub folder", 0)


def test_repositories_take_turns(turns: Turns, tmp_path: Path) -> None:
    """Versions logged in turn are numbered on, and both load each of them by number, by date and as of a date."""
    for day in range(1, 5):
        turns[day % 2](add_versions, tmp_path, day=day)
        told = [actor(read_versions, tmp_path) for actor in turns]
        assert told[0] == told[1]
        assert sorted(int(key[-1]) for key in told[0] if key.startswith("text|")) == list(range(day))
        assert len(told[0]) == 4 * day
    assert turns[0](newest, tmp_path) == turns[1](newest, tmp_path)
    assert turns[0](difference, tmp_path) == turns[1](difference, tmp_path)


def expire(version: int, expiry: str) -> None:
    """Let a version end at a moment."""
    repository = Repository("repository.json", mode="w+")
    repository.set_artifact_expiry("Features", version=version, expiry=datetime.fromisoformat(expiry))
    repository.save()


def expiries() -> list[Any]:
    """Tell the stored expiry of each version, by number, which 2.2 can do after one is set."""
    repository = Repository("repository.json", mode="r")
    versions = [a.version for a in repository.artifacts if a.name == "Features"]
    return [repository.get_artifact_metadata("Features", version=version)["expiry"] for version in versions]


def live() -> list[Any]:
    """Tell the newest version, and those as of two moments around an expiry."""
    repository = Repository("repository.json", mode="r")
    moments = [datetime(2025, 1, 2, 13), datetime(2025, 1, 2, 18)]
    return [repository.load_artifact("Features")[0]] + [
        repository.load_artifact("Features", version=moment, match="asof")[0] for moment in moments
    ]


def test_expiries_take_turns(turns: Turns, tmp_path: Path) -> None:
    """An expiry set by either release is kept by the other, and ours then finds what had not expired."""
    first, second = turns
    for day in (1, 2, 3):
        first(add_versions, tmp_path, day=day)
    second(expire, tmp_path, version=1, expiry="2025-01-02T15:00:00")
    first(expire, tmp_path, version=2, expiry="2025-01-03T15:00:00.75")
    expected = [None, "2025-01-02T15:00:00", "2025-01-03T15:00:00"]
    for actor in turns:
        assert actor(expiries, tmp_path) == expected
    second(add_other, tmp_path)
    for actor in turns:
        assert actor(expiries, tmp_path) == expected
    ours = next(actor for actor in turns if actor.name == "ours")
    assert ours(live, tmp_path) == [1, 2, 1]


def add_other() -> None:
    """Log a version of another artifact, which rewrites the manifest."""
    repository = Repository("repository.json", mode="w+")
    repository.log_artifact("other", 1, "json", fname="o.json")
    repository.save()


def promote(slug: str, name: str) -> None:
    """Promote a saved artifact."""
    Project("project.json", mode="r")[slug].promote_artifact(Repository("repository.json"), name)


def promoted() -> list[Any]:
    """Tell what was promoted."""
    repository = Repository("repository.json", mode="r")
    return [
        [a.name, a.version, a.fname, repr(a.created_at), repr(repository.load_artifact(a.name, version=a.version))]
        for a in repository.artifacts
    ]


def test_promotions_take_turns(turns: Turns, tmp_path: Path) -> None:
    """An artifact that one release saved in an experiment is promoted by the other and loaded by both."""
    first, second = turns
    first(add_experiment, tmp_path, name="one", day=1, author="ann")
    second(promote, tmp_path, slug="one", name="model")
    second(add_experiment, tmp_path, name="two", day=2, author="bob")
    first(promote, tmp_path, slug="two", name="model")
    second(promote, tmp_path, slug="two", name="named")
    first(add_experiment, tmp_path, name="three", day=3, author="bob")
    first(promote, tmp_path, slug="three", name="features")
    told = [actor(promoted, tmp_path) for actor in turns]
    assert told[0] == told[1]
    assert [row[:2] for row in told[0]] == [["model", 0], ["model", 1], ["named", 0], ["features", 0]]
    assert told[0][2][2] == "named file.json"
    assert told[0][2][4] == "'two'"
    assert all(actor(read_project, tmp_path, mode="r") == turns[0](read_project, tmp_path, mode="r") for actor in turns)


def release(version: str) -> None:
    """Add a release as a ``pyproject.toml`` says."""
    releases.release_from_toml(
        f'[project]\nversion = "{version}"\n[tool.lazyscribe]\nrepositories = ["repository.json"]\n'
    )


def released(version: str) -> list[Any]:
    """Tell the releases, and what the repository of one of them holds."""
    with open("releases.json") as buffer:
        found = releases.load(buffer)
    repository = Repository("repository.json", mode="r")
    chosen = repository.filter(releases.find_release(found, version).artifacts)
    return [[item.tag, item.artifacts] for item in found] + [
        [a.name, a.version, repr(chosen.load_artifact(a.name))] for a in chosen.artifacts
    ]


def test_releases_take_turns(turns: Turns, tmp_path: Path) -> None:
    """Releases written in turn to one ``releases.json`` are all found by both, and name the same versions."""
    for day, version in enumerate(("1.0", "1.1", "2.0"), start=1):
        turns[day % 2](add_versions, tmp_path, day=day)
        turns[(day + 1) % 2](release, tmp_path, version=version)
    for version in ("1.0", "1.1", "2.0"):
        told = [actor(released, tmp_path, version=version) for actor in turns]
        assert told[0] == told[1]
    text = (tmp_path / "releases.json").read_text()
    assert [item["tag"] for item in json.loads(text)] == ["1.0", "1.1", "2.0"]
    assert text == json.dumps(json.loads(text), indent=4)


def minimal() -> None:
    """Copy out what a release names."""
    repository = Repository("repository.json", mode="r")
    releases.minimal_repository_from_release(Path("out"), repository, releases.create_release(repository, "1"))


def test_a_minimal_repository_of_one_opens_in_the_other(turns: Turns, tmp_path: Path) -> None:
    """``minimal_repository_from_release`` of either release gives a repository that both open and extend."""
    first, second = turns
    first(add_flat, tmp_path, day=1)
    second(add_flat, tmp_path, day=2)
    first(minimal, tmp_path)
    told = [actor(promoted, tmp_path / "out") for actor in turns]
    assert told[0] == told[1]
    assert [row[:3] for row in told[0]] == [["flat", 1, "f2.json"]]
    second(add_flat, tmp_path / "out", day=3)
    assert [row[1] for row in first(promoted, tmp_path / "out")] == [1, 2]


def add_flat(day: int) -> None:
    """Log one version in a file without sub-folders."""
    repository = Repository("repository.json", mode="w+")
    repository.artifacts.append(
        JSONArtifact.construct(
            "flat",
            value=day,
            created_at=datetime(2025, 1, day),
            fname=f"f{day}.json",
            version=max([a.version for a in repository.artifacts], default=-1) + 1,
        )
    )
    repository.save()


def rewrite_artifact() -> None:
    """Replace an artifact's value under the same file name."""
    project = Project("project.json", mode="w+", author="rewriter")
    project["one"].log_artifact("named", {"re": "written"}, "json", overwrite=True, fname="named file.json")
    project.save()


def named() -> Any:
    """Tell the artifact that was rewritten."""
    return Project("project.json", mode="r")["one"].load_artifact("named")


def test_a_file_that_22_rewrote_loads_with_ours(old: Actor, new: Actor, tmp_path: Path) -> None:
    """After 2.2 replaced the file of an artifact that ours saved, ours loads the new value: its own facts are past."""
    new(add_experiment, tmp_path, name="one", day=1, author="ann")
    assert new(named, tmp_path) == "one"
    old(rewrite_artifact, tmp_path)
    assert new(named, tmp_path) == old(named, tmp_path) == {"re": "written"}
    new(promote, tmp_path, slug="one", name="named")
    assert [actor(promoted, tmp_path)[0][4] for actor in (old, new)] == ["{'re': 'written'}"] * 2
    new(rewrite_artifact, tmp_path)
    assert old(named, tmp_path) == {"re": "written"}


def start_again(day: int) -> None:
    """Replace the repository by one that holds one version, in a file name used before."""
    repository = Repository("repository.json", mode="w")
    repository.artifacts.append(
        JSONArtifact.construct("flat", value=f"new {day}", created_at=datetime(2025, 2, day), fname="f1.json")
    )
    repository.save()


def test_a_manifest_that_22_replaced_opens_with_ours(old: Actor, new: Actor, tmp_path: Path) -> None:
    """After 2.2 replaced a whole repository in mode ``w``, ours opens, loads and extends what is there now."""
    for day in (1, 2, 3):
        new(add_flat, tmp_path, day=day)
    old(start_again, tmp_path, day=1)
    assert new(promoted, tmp_path) == old(promoted, tmp_path)
    assert [row[4] for row in new(promoted, tmp_path)] == ["'new 1'"]
    new(add_versions, tmp_path, day=5)
    assert old(promoted, tmp_path) == new(promoted, tmp_path)
    assert len(new(promoted, tmp_path)) == 5


def test_a_version_that_22_dropped_from_the_manifest_is_gone(old: Actor, new: Actor, tmp_path: Path) -> None:
    """A record that 2.2 deleted does not come back when ours opens and saves the file anew."""
    for day in (1, 2):
        new(add_flat, tmp_path, day=day)
    old(drop_first, tmp_path)
    assert [row[1] for row in new(promoted, tmp_path)] == [1]
    new(add_flat, tmp_path, day=3)
    assert [row[1] for row in old(promoted, tmp_path)] == [1, 2]


def drop_first() -> None:
    """Take the first version out of the list."""
    repository = Repository("repository.json", mode="w+")
    del repository.artifacts[0]
    repository.save()


def everything() -> None:
    """Write a bit of all: projects, tests, artifacts, versions, promotions and releases."""
    Path("sub").mkdir()
    project = Project("sub/project.json", mode="w", author="ann")
    when = datetime(2025, 1, 1)
    experiment = Experiment(name="Ex Pe", project=Path("sub/project.json"), created_at=when, last_updated=when)
    experiment.dir = Path("sub")
    experiment.artifacts.append(JSONArtifact.construct("Feat ures", value=1, created_at=when))
    experiment.artifacts.append(PickleArtifact.construct("m", created_at=when, value=1, writer_kwargs={"protocol": 4}))
    experiment.artifacts.append(JSONArtifact.construct("n", value=1, created_at=when, fname="a/b.json"))
    with experiment.log_test("T x") as test:
        test.artifacts.append(JSONArtifact.construct("ü", value=1, created_at=when))
    experiment.last_updated = when  # the test brought it to now
    project.append(experiment)
    project.save()
    repository = Repository("sub/repository.json", mode="w")
    for number in range(2):
        repository.artifacts.append(
            JSONArtifact.construct("Re Po", value=1, created_at=when + timedelta(number), version=number)
        )
    repository.save()
    Project("sub/project.json", mode="r")["ex-pe"].promote_artifact(repository, "m")
    releases.release_from_toml('[tool.lazyscribe]\nversion = "1"\nrepositories = ["sub/repository.json"]\n')


def test_the_same_files_lie_in_the_folder(old: Actor, new: Actor, tmp_path: Path) -> None:
    """One program leaves the same files under the same names with both releases, ``.lazyscribe`` aside."""
    trees = []
    for actor in (old, new):
        folder = tmp_path / actor.name
        folder.mkdir()
        actor(everything, folder)
        trees.append(
            {
                str(path.relative_to(folder)): None if path.name == "releases.json" else path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if path.is_file() and ".lazyscribe" not in path.parts
            }
        )
    assert trees[0] == trees[1]
    assert len(trees[0]) == 10


def test_what_lies_beside_never_disturbs_22(old: Actor, new: Actor, tmp_path: Path) -> None:
    """2.2 tells the same of a folder that ours wrote whether ``.lazyscribe`` is there or was deleted; so does ours."""
    new(add_experiment, tmp_path, name="one", day=1, author="ann")
    for day in (1, 2):
        new(add_versions, tmp_path, day=day)
    told: Callable[[], list[Any]] = lambda: [  # noqa: E731
        [actor(read_project, tmp_path, mode="r"), actor(read_versions, tmp_path)] for actor in (old, new)
    ]
    with_it = told()
    assert list(tmp_path.glob("**/.lazyscribe")), "ours keeps its own knowledge there"
    for beside in list(tmp_path.glob("**/.lazyscribe")):
        shutil.rmtree(beside)
    assert told() == with_it
    new(add_versions, tmp_path, day=3)
    old(add_versions, tmp_path, day=4)
    assert old(read_versions, tmp_path) == new(read_versions, tmp_path)
    assert len(new(read_versions, tmp_path)) == 16


def test_the_black_box_is_22(old: Actor, new: Actor, tmp_path: Path) -> None:
    """The interpreter named by the environment holds 2.2, and the other one this checkout."""
    assert old(version, tmp_path).startswith("2.2.")
    assert not new(version, tmp_path).startswith("2.")


def version() -> str:
    """Tell the release."""
    return lazyscribe.__version__
