"""Real data and models of statsmodels: its tables, and what fitting gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from lazyscribe import Project, Repository
from lazyscribe.exception import NoHandlerFitsError, UntrustedError

PICKLING = ["joblib", "cloudpickle", "pickle"]

DATA = ["longley", "stackloss", "scotland", "star98", "fair", "spector", "macrodata", "sunspots", "cpunish", "grunfeld"]


def data(name: str) -> Any:
    """Return a data set that comes with statsmodels."""
    return getattr(sm.datasets, name).load_pandas()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository.json")


@pytest.mark.parametrize("name", DATA)
def test_its_tables_come_back(repository: Repository, name: str) -> None:
    """Every table is Parquet by itself, and equal in values, types, columns and index; Arrow keeps it as well."""
    frame = data(name).data
    repository.log_artifact(name, frame)
    repository.log_artifact(name, frame, handler="arrow")
    repository.save()
    again = Repository(repository.fpath, mode="r")
    assert again.get_artifact_metadata(name, version=0)["handler"] == "parquet"
    for version in (0, 1):
        pd.testing.assert_frame_equal(again.load_artifact(name, version=version, as_="pandas"), frame)
    assert again.get_version_diff(name, (0, 1)) == ""


@pytest.mark.parametrize("name", DATA)
def test_its_tables_come_back_from_text(repository: Repository, name: str) -> None:
    """CSV keeps every number to the last bit, though not whether a whole one was a float; and no index."""
    frame = data(name).data.reset_index(drop=True)
    repository.log_artifact(name, frame, handler="csv")
    repository.save()
    found = Repository(repository.fpath, mode="r").load_artifact(name, as_="pandas")
    pd.testing.assert_frame_equal(found, frame, check_dtype=False, check_exact=True)


def test_a_table_with_dates_for_its_index_comes_back(repository: Repository) -> None:
    """Weekly measurements of CO2, with gaps."""
    frame = data("co2").data
    assert frame["co2"].isna().any()
    repository.log_artifact("co2", frame)
    repository.save()
    found = repository.load_artifact("co2", as_="pandas")
    pd.testing.assert_frame_equal(found, frame, check_freq=False)


def _ols() -> tuple[Any, Any]:
    found = data("longley")
    exog = sm.add_constant(found.exog)
    return sm.OLS(found.endog, exog).fit(), exog


def _glm() -> tuple[Any, Any]:
    found = data("star98")
    exog = sm.add_constant(found.exog)
    return sm.GLM(found.endog, exog, family=sm.families.Binomial()).fit(), exog


def _formula() -> tuple[Any, Any]:
    frame = data("fair").data
    return smf.ols("affairs ~ age + yrs_married + rate_marriage", frame).fit(), frame


def _robust() -> tuple[Any, Any]:
    found = data("stackloss")
    exog = sm.add_constant(found.exog)
    return sm.RLM(found.endog, exog, M=sm.robust.norms.HuberT()).fit(), exog


FITS = {"ols": _ols, "glm": _glm, "formula": _formula, "rlm": _robust}


@pytest.mark.parametrize("alias", PICKLING)
@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_a_fitted_model_predicts_the_same(
    repository: Repository, fit: Callable[[], tuple[Any, Any]], alias: str
) -> None:
    """Parameters, standard errors and predictions are equal to the last bit in whoever opens the file later."""
    fitted, exog = fit()
    repository.log_artifact("model", fitted, handler=alias)
    repository.save()
    loaded = Repository(repository.fpath, mode="r").load_artifact("model")
    pd.testing.assert_series_equal(loaded.params, fitted.params, check_exact=True)
    pd.testing.assert_series_equal(loaded.bse, fitted.bse, check_exact=True)
    assert np.array_equal(np.asarray(loaded.predict(exog)), np.asarray(fitted.predict(exog)))
    assert len(set(np.asarray(loaded.predict(exog)))) > 1


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS)
def test_no_handler_is_taken_for_a_fitted_model_by_itself(
    repository: Repository, fit: Callable[[], tuple[Any, Any]]
) -> None:
    """Only what runs code when it is loaded can keep it, so the error names these and nothing is logged."""
    fitted, _ = fit()
    for value in (fitted, fitted.model, fitted.params):
        with pytest.raises(NoHandlerFitsError) as caught:
            repository.log_artifact("model", value)
        assert caught.value.handlers == PICKLING
    assert len(repository.artifacts) == 0


@pytest.mark.parametrize("alias", PICKLING)
def test_a_fitted_model_is_loaded_only_where_it_is_trusted(tmp_path: Path, alias: str) -> None:
    """From where it was saved by ``recorded``, and never by ``none``; a promoted one as well."""
    project, repository = Project(tmp_path / "project.json"), Repository(tmp_path / "to" / "repository.json")
    with project.log("Longley") as experiment:
        experiment.log_artifact("model", _ols()[0], handler=alias)
        experiment.log_artifact("predictions", _ols()[0].predict())
    project.save()
    experiment.promote_artifact(repository, "model")
    recorded = Repository(tmp_path / "to" / "repository.json", mode="r", trust="recorded")
    assert recorded.load_artifact("model").predict().tolist() == experiment.load_artifact("predictions").tolist()
    with pytest.raises(UntrustedError):
        Project(tmp_path / "project.json", mode="r", trust="none").experiments[0].load_artifact("model")


def test_the_report_of_a_fit_is_text(repository: Repository) -> None:
    """Its summary, as text and as a web page."""
    summary = _ols()[0].summary2()
    repository.log_artifact("summary", summary.as_text())
    repository.log_artifact("page", summary.as_html(), handler="html")
    repository.save()
    assert "GNPDEFL" in repository.load_artifact("summary")
    assert repository.load_artifact("page").count("<table") >= 2
