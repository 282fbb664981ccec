"""Models of scikit-learn, as skops, joblib and cloudpickle keep them."""

from pathlib import Path
from typing import Any

import pytest
import sklearn.datasets
import sklearn.ensemble
import sklearn.tree

from lazyscribe import Repository
from lazyscribe.exception import ArtifactLoadError
from tests.artifacts.samples import estimators, same


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository.json")


@pytest.mark.parametrize("alias", ["skops", "joblib", "cloudpickle", "pickle"])
def test_predictions_are_the_same(repository: Repository, alias: str) -> None:
    """Estimators that were fitted on real data predict the same after loading, to the last bit."""
    for value in estimators():
        repository.log_artifact("model", value, alias)
    repository.save()
    again = Repository(repository.fpath, mode="r")
    loaded = [again.load_artifact("model", version=number) for number in range(3)]
    assert [same(*pair) for pair in zip(loaded, estimators(), strict=True)] == [True] * 3


def test_a_type_that_skops_does_not_trust_must_be_named(repository: Repository) -> None:
    """The nodes of a tree are loaded only if the caller says so; the error says how."""
    flowers, kinds = sklearn.datasets.load_iris(return_X_y=True)
    forest = sklearn.ensemble.RandomForestClassifier(5, random_state=0).fit(flowers, kinds)
    repository.log_artifact("forest", forest)
    repository.save()
    with pytest.raises(ArtifactLoadError, match=r"trusted=\['sklearn.tree._tree.Tree'\]") as caught:
        repository.load_artifact("forest")
    loaded = repository.load_artifact("forest", trusted=caught.value.types)
    assert (loaded.predict_proba(flowers) == forest.predict_proba(flowers)).all()


def test_functions_of_a_script_travel_by_cloudpickle(repository: Repository) -> None:
    """A function that no module holds comes back, which a pickle cannot do."""
    factor = 3

    def scaled(value: Any) -> Any:
        return value * factor

    repository.log_artifact("function", scaled, "cloudpickle")
    repository.log_artifact("lambda", lambda value: value + factor, "cloudpickle")
    repository.save()
    again = Repository(repository.fpath, mode="r")
    assert (again.load_artifact("function")(2), again.load_artifact("lambda")(2)) == (6, 5)
