"""The steps that users of 1.x learnt still work: the same calls, without a pause between saves."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lazyscribe import Project, Repository
from lazyscribe.exception import ArtifactLogError


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _save_first_version() -> Repository:
    repository = Repository("repository.json", mode="w")
    repository.log_artifact(name="features", value=[0, 1, 2], handler="json", indent=4)
    repository.save()
    return repository


def _append_second_version() -> Repository:
    repository = Repository("repository.json", mode="a")
    repository.log_artifact(name="features", value=[0, 1, 2, 3], handler="json", indent=4)
    repository.save()
    return repository


def test_an_artifact_is_a_file_only_after_the_repository_is_saved() -> None:
    repository = Repository("repository.json", mode="w")
    repository.log_artifact(name="features", value=[0, 1, 2], handler="json", indent=4)
    assert not Path("repository.json").exists()
    assert not list(Path().rglob("*.json"))

    repository.save()
    (written,) = Path("features").glob("features-*.json")
    assert written.read_text("utf-8") == "[\n    0,\n    1,\n    2\n]"


def test_what_was_logged_is_loaded_read_only() -> None:
    _save_first_version()
    repository = Repository("repository.json", mode="r")
    assert repository.load_artifact(name="features") == [0, 1, 2]


def test_a_version_is_found_as_newest_by_number_by_date_and_as_of_a_date() -> None:
    _save_first_version()
    _append_second_version()
    repository = Repository("repository.json", mode="r")
    date = repository.get_artifact_metadata("features", version=1)["created_at"]
    assert datetime.fromisoformat(date).isoformat() == date

    assert repository.load_artifact("features") == [0, 1, 2, 3]
    assert repository.load_artifact("features", version=0) == [0, 1, 2]
    assert repository.load_artifact("features", version=date) == [0, 1, 2, 3]
    assert repository.load_artifact("features", version=date, match="asof") == [0, 1, 2, 3]


def test_as_of_an_earlier_date_gives_the_earlier_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Appending took no pause above; here the second version is two hours younger, as in real use."""
    first = _save_first_version().get_artifact_metadata("features")["created_at"]
    later = datetime.fromisoformat(first) + timedelta(hours=2)
    monkeypatch.setattr("lazyscribe._utils.utcnow", lambda: later)
    _append_second_version()

    repository = Repository("repository.json", mode="r")
    between = (datetime.fromisoformat(first) + timedelta(hours=1)).isoformat()
    assert repository.load_artifact("features", version=between, match="asof") == [0, 1, 2]
    assert repository.load_artifact("features", version=first) == [0, 1, 2]
    assert repository.load_artifact("features", version=later.isoformat()) == [0, 1, 2, 3]
    assert repository.load_artifact("features", version=later) == [0, 1, 2, 3]


def _save_experiment() -> Project:
    project = Project("project.json")
    with project.log("my-experiment") as exp:
        exp.log_artifact(name="features", value=[0, 1, 2], handler="json", indent=4)
    project.save()
    return project


def test_a_saved_artifact_is_copied_and_the_repository_saved_when_it_is_promoted() -> None:
    _save_experiment()
    project = Project("project.json", mode="r")
    repository = Repository("repository.json")
    project["my-experiment"].promote_artifact(repository, "features")

    reopened = Repository("repository.json", mode="r")
    assert reopened.load_artifact("features") == [0, 1, 2]
    (copied,) = Path("features").glob("*.json")
    (source,) = Path(project["my-experiment"].slug).glob("*.json")
    assert copied.read_bytes() == source.read_bytes()
    assert copied.name == source.name


def test_an_unsaved_artifact_joins_and_the_user_saves() -> None:
    project = Project("project.json")
    repository = Repository("repository.json")
    with project.log("my-experiment") as exp:
        exp.log_artifact(name="features", value=[0, 1, 2], handler="json", indent=4)
    exp.promote_artifact(repository, "features")
    assert not Path("repository.json").exists()

    repository.save()
    assert Repository("repository.json", mode="r").load_artifact("features") == [0, 1, 2]
    assert not Path("project.json").exists()


def test_the_same_file_is_not_promoted_twice() -> None:
    _save_experiment()
    experiment = Project("project.json", mode="r")["my-experiment"]
    experiment.promote_artifact(Repository("repository.json"), "features")
    with pytest.raises(ArtifactLogError):
        experiment.promote_artifact(Repository("repository.json"), "features")
    assert len(Repository("repository.json", mode="r").artifacts) == 1
