"""The demo runs on real data, tells what it does, and runs again on what it left."""

import subprocess
import sys
from pathlib import Path

import pytest

from lazyscribe import Project, Repository
from lazyscribe import release as releases

SCRIPT = Path(__file__).parents[2] / "examples" / "quickstart.py"
PROMOTED_PER_RUN = 2
LOGGED_PER_RUN = 4


def _run(folder: Path, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(folder)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
def test_the_quickstart_runs_twice_and_the_second_run_appends(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "demo", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for runs in (1, 2):
        output = _run(folder, elsewhere)
        assert f"{LOGGED_PER_RUN * (runs - 1)} experiments from earlier runs" in output
        assert f"model and parameters are version {PROMOTED_PER_RUN * runs - 1}" in output

        project = Project(folder / "project" / "project.json", mode="r")
        assert len(project.experiments) == LOGGED_PER_RUN * runs
        for experiment in project.experiments:
            assert experiment.load_artifact("parameters")["model"] in experiment.name
            assert {test.name for test in experiment.tests} == {"malignant", "benign"}

        repository = Repository(folder / "repository" / "repository.json", mode="r")
        numbers = sorted((artifact.name, artifact.version) for artifact in repository.artifacts)
        every = range(PROMOTED_PER_RUN * runs)
        assert numbers == [(name, number) for name in ("model", "parameters") for number in every]
        assert repository.load_artifact("model").n_features_in_ > 0

        with (folder / "repository" / "releases.json").open() as file:
            known = releases.load(file)
        assert [release.tag for release in known] == [f"1.{run}" for run in range(runs)]

    assert list(elsewhere.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "elsewhere"]


@pytest.mark.slow
def test_the_quickstart_shows_the_version_of_the_moment_between_and_the_difference(tmp_path: Path) -> None:
    lines = _run(tmp_path / "demo", tmp_path).splitlines()
    as_of = next(line for line in lines if line.strip().startswith("as of"))
    assert " version 0 " in as_of
    changed = {line.strip()[0] for line in lines if line.strip()[:1] in "+-" and '"' in line}
    assert changed == {"+", "-"}
    assert output_is_plain("".join(lines))


def output_is_plain(text: str) -> bool:
    """Whether the text is ASCII without control sequences."""
    return text.isascii() and "\x1b" not in text
