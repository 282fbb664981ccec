"""Folders that earlier releases wrote, checked in under ``golden``, open with ours and survive a save."""

import json
import shutil
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Experiment, Project, Repository
from lazyscribe import release as releases
from tests.compat.actor import Actor

GOLDEN = Path(__file__).with_name("golden")
FOLDERS = sorted(path.name for path in GOLDEN.iterdir() if path.is_dir())
MODES = ("r", "a", "w+")


@pytest.fixture
def golden(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the golden folder that the test names and work inside it."""
    folder = tmp_path / "copy"
    shutil.copytree(GOLDEN / request.param, folder)
    monkeypatch.chdir(folder)
    return folder


def in_folder(*names: str) -> Any:
    """Run a test in a copy of each of these golden folders."""
    return pytest.mark.parametrize("golden", names, indirect=True)


def plain(text: str) -> Any:
    """Read JSON so that NaN equals NaN."""
    return json.loads(text, parse_constant=str)


@in_folder("written-by-2.2", "formatting")
@pytest.mark.parametrize("mode", MODES)
def test_a_project_of_22_opens_whole(golden: Path, mode: str) -> None:
    """Every field of a project that 2.2 wrote, in whatever JSON spelling, comes back, dependency and artifacts too."""
    first, second = Project("project.json", mode=mode).experiments
    assert (first.name, first.slug) == ("My experiment", "my-experiment-20250120132330")
    assert first.short_slug == "my-experiment"
    assert repr(first.metrics["nan"]) == "nan"
    first.metrics["nan"] = 0
    assert first.metrics == {"auc": 0.1 + 0.2, "nan": 0, "inf": float("inf"), "big": 10**25, "small": 1e-7}
    assert first.parameters == {
        "features": ["a", "b"],
        "when": "2025-01-20T13:23:30",
        "text": "größe 😀 \u2028",
        "nested": {"x": [1, None, True, {"y": -0.0}]},
    }
    assert (first.author, first.last_updated_by, first.tags) == ("ann", "ann", ["best", "größe"])
    assert first.created_at == first.last_updated == datetime(2025, 1, 20, 13, 23, 30)
    assert first.dependencies["base"].metrics == {"auc": 0.5}
    assert first.load_artifact("Feat ures") == [1, "ü"]
    assert first.load_artifact("model", validate=False) == {"w": (1, 2)}
    (test,) = first.tests
    assert (test.name, test.description, test.metrics, test.parameters) == (
        "Sub population",
        "who: ü",
        {"auc": 0.25},
        {"n": 3},
    )
    assert test.load_artifact("rows") == [[1]]
    assert (second.author, second.last_updated) == ("bob", datetime(2025, 1, 22, 13, 23, 30))


@in_folder("written-by-2.2", "formatting")
@pytest.mark.parametrize("mode", MODES)
def test_a_repository_of_22_opens_whole(golden: Path, mode: str) -> None:
    """Each version that 2.2 wrote is found by number, by date and as of a date; what expired is passed over."""
    repository = Repository("repository.json", mode=mode)
    assert [repository.load_artifact("features", version=number) for number in range(3)] == [[0], [0, 1], [0, 1, 2]]
    assert repository.load_artifact("features") == [0, 1, 2]
    assert repository.load_artifact("features", version="2025-01-21T13:23:30") == [0, 1]
    assert repository.load_artifact("features", version="2025-01-21T14:00:00", match="asof") == [0, 1]
    assert repository.load_artifact("features", version="2025-01-21T18:00:00", match="asof") == [0]
    assert repository.load_artifact("model ü", validate=False) == (1, 2)
    assert repository.get_artifact_metadata("features", version=1)["expiry"] == "2025-01-21T14:23:30"
    assert "+    1" in repository.get_version_diff("features", (0, 1))


@in_folder("written-by-2.2")
def test_releases_of_22_open(golden: Path) -> None:
    """A ``releases.json`` that 2.2 wrote is read, searched, and used to filter."""
    with open("releases.json") as buffer:
        found = releases.load(buffer)
    assert releases.find_release(found).tag == "2.0"
    assert releases.find_release(found, datetime(2025, 1, 21), match="asof").tag == "1.0"
    chosen = Repository("repository.json", mode="r").filter([tuple(pair) for pair in found[0].artifacts])
    assert chosen.load_artifact("features") == [0]


@in_folder("before-expiry")
@pytest.mark.parametrize("mode", MODES)
def test_records_without_the_newer_keys_open(golden: Path, mode: str) -> None:
    """Without ``expiry``, ``last_updated_by``, ``tags`` and a test's ``artifacts`` the defaults stand in."""
    (experiment,) = Project("project.json", mode=mode).experiments
    assert (experiment.tags, experiment.last_updated_by, experiment.tests[0].artifacts) == ([], "ann", [])
    assert (experiment.metrics, experiment.parameters) == ({"auc": 0.75}, {"features": ["a", "b"]})
    assert experiment.artifacts[0].expiry is None
    assert experiment.load_artifact("features") == {"a": [1, 2]}
    repository = Repository("repository.json", mode=mode)
    assert [repository.load_artifact("features", version=number) for number in (0, 1, None)] == [[0], [0, 1], [0, 1]]
    assert repository.load_artifact("features", version="2020-03-01T18:00:00", match="asof") == [0]


@in_folder("more-keys")
@pytest.mark.parametrize("mode", MODES)
def test_unknown_environment_keys_do_not_stop_a_load(golden: Path, mode: str) -> None:
    """Keys that a handler does not know are passed by: the artifact opens and loads, validated."""
    assert Project("project.json", mode=mode)["exp"].load_artifact("features") == [1]
    assert Repository("repository.json", mode=mode).load_artifact("features") == [1]


def add_experiment() -> None:
    """Append an experiment with an artifact and save."""
    project = Project("project.json", mode="a", author="new")
    with project.log("added") as experiment:
        experiment.log_metric("x", 1)
        experiment.log_artifact("features", "added", "json")
    project.save()


def add_version() -> None:
    """Log a new version and save."""
    repository = Repository("repository.json", mode="w+")
    repository.log_artifact("features", "added", "json")
    repository.save()


def kept(before: Any, after: Any) -> bool:
    """Whether all that was there is there still; keys that newer releases know may have joined."""
    if isinstance(before, dict):
        return isinstance(after, dict) and all(key in after and kept(before[key], after[key]) for key in before)
    if isinstance(before, list):
        return isinstance(after, list) and len(before) == len(after) and all(map(kept, before, after))
    return bool(before == after and type(before) is type(after))


@in_folder(*FOLDERS)
def test_one_more_record_leaves_the_others_intact(golden: Path, old: Actor) -> None:
    """After one more record is saved by ours the earlier ones hold all they held, and 2.2 opens the file."""
    before = [plain((golden / name).read_text()) for name in ("project.json", "repository.json")]
    add_experiment()
    add_version()
    after = [plain((golden / name).read_text()) for name in ("project.json", "repository.json")]
    for was, now in zip(before, after, strict=True):
        assert len(now) == len(was) + 1
        assert kept(was, now[:-1])
    assert old(load_all, golden) == load_all()
    assert load_all()[-1] == "'added'"


def load_all() -> list[str]:
    """Load every artifact of the project, of its tests and of the repository, by number."""
    told = []
    for experiment in Project("project.json", mode="r").experiments:
        told += [repr(experiment.load_artifact(a.name, validate=False)) for a in experiment.artifacts]
        told += [repr(test.load_artifact(a.name)) for test in experiment.tests for a in test.artifacts]
    repository = Repository("repository.json", mode="r")
    for artifact in repository.artifacts:
        told.append(repr(repository.load_artifact(artifact.name, validate=False, version=artifact.version)))
    return told


@in_folder("written-by-2.2")
def test_an_append_to_a_file_of_22_shows_as_a_small_difference(golden: Path) -> None:
    """In a file that 2.2 wrote, saving one more record only adds lines before the end."""
    before = [(golden / name).read_text() for name in ("project.json", "repository.json")]
    add_experiment()
    add_version()
    for was, name in zip(before, ("project.json", "repository.json"), strict=True):
        now = (golden / name).read_text()
        assert now.startswith(was.removesuffix("\n]") + ",\n    {\n")
        assert now.endswith("}\n]")


@in_folder(*FOLDERS)
def test_reading_leaves_a_folder_as_it_was(golden: Path) -> None:
    """Opening and loading everything creates, changes and removes no file."""
    before = snapshot(golden)
    load_all()
    for mode in ("r", "a", "w", "w+"):
        Project("project.json", mode=mode)
        Repository("repository.json", mode=mode)
    assert snapshot(golden) == before


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Give the bytes of every file, ``None`` for folders."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


NAMES = ["a/b", "a:b", "dots...", "dots", " space ", "Ünï 😀", "per%20cent", "con", "a\\b", "-", "semi;colon", "a/b/c"]


def lay_out(folder: Path) -> None:
    """Write a repository and a project of an older release whose names other systems cannot hold."""
    record = {"created_at": "2020-03-01T12:00:00", "handler": "json", "version": 0}
    records = []
    for number, name in enumerate(NAMES):
        records.append(record | {"name": name, "fname": f"{number}.json"})
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / f"{number}.json").write_text(json.dumps([number]))
    (folder / "repository.json").write_text(json.dumps(records, indent=4))
    experiment = {
        "name": "runs/1: first...",
        "author": "ann",
        "metrics": {},
        "parameters": {},
        "created_at": "2020-03-01T12:00:00",
        "last_updated": "2020-03-01T12:00:00",
        "dependencies": [],
        "short_slug": "runs/1: first...",
        "slug": "runs/1: first...-20200301120000",
        "tests": [],
        "artifacts": [record | {"name": "a/b: c...", "fname": "a: b....json"}],
    }
    (folder / experiment["slug"]).mkdir(parents=True)
    (folder / experiment["slug"] / "a: b....json").write_text('"loaded"')
    (folder / "project.json").write_text(json.dumps([experiment], indent=4))


@pytest.mark.parametrize("mode", MODES)
def test_names_of_older_files_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Names with slashes, colons, trailing dots and the like open and load in every mode."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    repository = Repository("repository.json", mode=mode)
    assert [repository.load_artifact(name) for name in NAMES] == [[number] for number in range(len(NAMES))]
    project = Project("project.json", mode=mode)
    assert project["runs/1: first..."].load_artifact("a/b: c...") == "loaded"
    assert project["runs/1: first...-20200301120000"].slug == "runs/1: first...-20200301120000"


def test_a_save_leaves_odd_names_intact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: Actor) -> None:
    """Beside odd names a new record is saved, and both releases still load all of them."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    add_experiment()
    add_version()
    told = load_all()
    assert told == ["'loaded'", "'added'", *(f"[{number}]" for number in range(len(NAMES))), "'added'"]
    assert old(load_all, tmp_path) == told


@pytest.mark.parametrize("name", NAMES)
def test_an_odd_name_gets_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, old: Actor
) -> None:
    """A second version is logged under an odd name by ours, and both releases load both."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    repository = Repository("repository.json", mode="w+")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that other systems cannot hold the name
        repository.log_artifact(name, "second", "json", fname="second.json")
    repository.save()
    assert repository.load_artifact(name, version=1) == "second"
    assert load_all() == old(load_all, tmp_path)


def test_an_experiment_of_an_older_file_can_be_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editing an older record in ``w+`` writes it with today's keys and keeps its artifact's file."""
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    project = Project("project.json", mode="w+", author="bob")
    experiment = project.experiments[0]
    assert isinstance(experiment, Experiment)
    experiment.log_metric("x", 1)
    project.save()
    (stored,) = json.loads(Path("project.json").read_text())
    assert (stored["metrics"], stored["tags"]) == ({"x": 1}, [])
    assert (stored["author"], stored["last_updated_by"]) == ("ann", "bob")
    assert Project("project.json", mode="r").experiments[0].load_artifact("a/b: c...") == "loaded"
