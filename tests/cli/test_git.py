"""Two clones work at the same time, and git merges them by the driver; with real git."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe import release as releases
from tests.cli.support import answer, error, make, run
from tests.clock import Clock

PROGRAM = """
import json, sys
from lazyscribe import Project, Repository
project, repository = Project("project.json", mode="r"), Repository("repository.json", mode="r")
print(json.dumps([
    {each.slug: [each.metrics, each.parameters, each.tags] for each in project.experiments},
    [[each.name, each.version, repository.load_artifact(each.name, version=each.version)]
     for each in repository.artifacts],
]))
"""


def _git(folder: Path, *arguments: str, code: int = 0) -> str:
    names = {f"GIT_{who}_{what}": "ada@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    given = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def _commit(folder: Path, message: str = "work") -> None:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def clones(tmp_path: Path, clock: Clock) -> tuple[Path, Path]:
    """Two clones of a repository with a project, a repository and releases; both know the driver."""
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.mkdir()
    make(mine)
    _git(mine, "init", "-q", "-b", "main")
    run("git-install", cwd=mine)
    _release(mine, "1.0")
    _commit(mine)
    _git(tmp_path, "clone", "-q", "mine", "theirs")
    run("git-install", cwd=theirs)
    return mine, theirs


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(monkeypatch)
    clock.set("2025-02-01")
    return clock


def _release(folder: Path, tag: str) -> None:
    file = folder / "releases.json"
    known = releases.loads(file.read_text()) if file.exists() else []
    known.append(releases.create_release(Repository(folder / "repository.json", mode="r"), tag))
    file.write_text(releases.dumps(known, indent=4))


def _work(folder: Path, who: str, clock: Clock) -> None:
    """Log an experiment, change a known one, log a version, make a release, each in a way of one's own; commit."""
    clock.tick(hours=1)
    project = Project(folder / "project.json", mode="w+", author=who)
    with project.log(f"by {who}") as experiment:
        experiment.log_metric("r2", len(who))
        experiment.log_artifact("notes", who, "json")
    project["ridge"].log_metric(f"of {who}", 1)
    project["ridge"].tag(who)
    project.save()
    repository = Repository(folder / "repository.json")
    repository.log_artifact("model", who, "json")
    repository.log_artifact(f"of {who}", who, "json")
    repository.save()
    repository.set_alias("model", who)
    repository.save()
    _release(folder, who)
    _commit(folder)


def _as_read_by(python: str, folder: Path) -> Any:
    done = subprocess.run([python, "-c", PROGRAM], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_concurrent_work_of_two_clones_is_merged_and_opens_with_both_libraries(
    clones: tuple[Path, Path], clock: Clock
) -> None:
    mine, theirs = clones
    _work(mine, "ada", clock)
    _work(theirs, "bob", clock)
    said = _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main")
    assert "model: both sides logged a version 2" in said
    found = _as_read_by(sys.executable, mine)
    experiments, versions = found
    assert list(experiments)[:3] == ["ridge-20250120120000", "lasso-20250121120000", "forest-20250122120000"]
    assert len(experiments) == 5
    metrics, _, tags = experiments["ridge-20250120120000"]
    assert (metrics["of ada"], metrics["of bob"]) == (1, 1)
    assert set(tags) == {"baseline", "ada", "bob"}
    assert [each for each in versions if each[0] == "model"][2:] == [["model", 2, "ada"], ["model", 3, "bob"]]
    assert _as_read_by(os.environ["LAZYSCRIBE_22_PYTHON"], mine) == found
    run("verify", cwd=mine)
    repository = Repository(mine / "repository.json", mode="r")
    assert repository.load_artifact("model", version="@ada") == "ada"
    assert repository.load_artifact("model", version="@bob") == "bob"
    known = releases.loads((mine / "releases.json").read_text())
    assert [each.tag for each in known] == ["1.0", "ada", "bob"]
    assert _git(mine, "status", "--porcelain") == ""


def test_either_direction_gives_the_same_records(clones: tuple[Path, Path], clock: Clock) -> None:
    mine, theirs = clones
    _work(mine, "ada", clock)
    _work(theirs, "bob", clock)
    before = _git(mine, "rev-parse", "HEAD").strip()
    _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main")
    found = _as_read_by(sys.executable, mine)
    _git(mine, "reset", "-q", "--hard", before)
    _git(theirs, "pull", "-q", "--no-rebase", "--no-edit", str(mine), "main")
    other = _as_read_by(sys.executable, theirs)
    for each in (found, other):
        for _, _, tags in each[0].values():
            tags.sort()  # only their order may differ
    assert other == found


def _set(folder: Path, value: float, clock: Clock) -> None:
    clock.tick(hours=1)
    project = Project(folder / "project.json", mode="w+", author=folder.name)
    project["ridge"].metrics["r2"] = value
    project["ridge"].log_metric(f"extra {folder.name}", value)
    project.save()
    _commit(folder)


def test_a_conflict_is_told_in_words_and_can_be_decided(clones: tuple[Path, Path], clock: Clock) -> None:
    mine, theirs = clones
    _set(mine, 0.6, clock)
    _set(theirs, 0.7, clock)
    said = _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main", code=1)
    words = "CONFLICT in ridge-20250120120000 / metrics / r2: we have 0.6, they have 0.7, before it was 0.5"
    assert words in said
    assert "UU project.json" in _git(mine, "status", "--porcelain")
    note = mine / "project.json.conflicts.txt"
    assert words in note.read_text()
    assert "git add project.json" in note.read_text()
    assert "conflicts.txt" not in _git(mine, "status", "--porcelain")  # nobody adds it by accident
    project = Project(mine / "project.json", mode="w+")  # it opens, with ours and all that does not contradict
    assert project["ridge"].metrics == {"r2": 0.6, "loss": 3.0, "extra mine": 0.6, "extra theirs": 0.7}
    project["ridge"].metrics["r2"] = 0.65
    project.save()
    _commit(mine)
    assert _as_read_by(os.environ["LAZYSCRIBE_22_PYTHON"], mine)[0]["ridge-20250120120000"][0]["r2"] == 0.65
    _set(theirs, 0.9, clock)
    _git(mine, "pull", "-q", "--no-rebase", "--no-edit", "-X", "ours", str(theirs), "main", code=1)
    _git(mine, "merge", "--abort")


def test_what_one_side_deleted_goes_and_what_the_other_changed_meanwhile_is_a_conflict(
    clones: tuple[Path, Path], clock: Clock
) -> None:
    mine, theirs = clones
    project = Project(mine / "project.json", mode="w+")
    del project.experiments[:2]
    project.save()
    _commit(mine)
    _set(theirs, 0.7, clock)
    said = _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main", code=1)
    assert "ridge-20250120120000: we deleted it, they changed it" in said
    assert "lasso" not in said
    assert [each.name for each in Project(mine / "project.json", mode="r").experiments] == ["forest"]


def test_a_damaged_side_is_left_as_it_was(clones: tuple[Path, Path], clock: Clock) -> None:
    mine, theirs = clones
    _set(mine, 0.6, clock)
    (theirs / "project.json").write_text("<<<<<<< nonsense")
    _commit(theirs)
    before = (mine / "project.json").read_bytes()
    said = _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main", code=1)
    assert "project.json (theirs) is not valid JSON" in said
    assert (mine / "project.json").read_bytes() == before


def test_modules_in_the_work_tree_are_not_run(clones: tuple[Path, Path], clock: Clock) -> None:
    mine, theirs = clones
    for name in ("typer", "json", "lazyscribe"):
        (mine / f"{name}.py").write_text("open('boom', 'w')")
    _commit(mine)
    _set(theirs, 0.7, clock)
    _set(mine, 0.5, clock)
    _git(mine, "pull", "-q", "--no-rebase", "--no-edit", str(theirs), "main")
    assert Project(mine / "project.json", mode="r")["ridge"].metrics["r2"] == 0.7
    assert not (mine / "boom").exists()


def test_git_install_says_what_it_does_and_does_it_once(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    (tmp_path / ".gitattributes").write_text("*.png binary")
    told = answer("git-install", "a b.json", "models/repository.json", "--dry-run", cwd=tmp_path)
    assert (told["done"], len(told["steps"])) == (False, 6)
    assert (tmp_path / ".gitattributes").read_text() == "*.png binary"
    text = run("git-install", "a b.json", "models/repository.json", cwd=tmp_path)
    assert "add .gitattributes: models/repository.json merge=lazyscribe\n" in text
    lines = (tmp_path / ".gitattributes").read_text().splitlines()
    assert lines == ["*.png binary", '"a b.json" merge=lazyscribe', "models/repository.json merge=lazyscribe"]
    assert "lazyscribe" in _git(tmp_path, "check-attr", "merge", "a b.json")
    assert "git-merge-driver" in _git(tmp_path, "config", "merge.lazyscribe.driver")
    (tmp_path / "sub").mkdir()
    assert (
        run("git-install", "a b.json", "models/repository.json", cwd=tmp_path / "sub")
        == "all of it was there already\n"
    )
    assert "clone" in error("git-install", cwd=tmp_path.parent, code=1)


def test_the_driver_by_hand_tells_what_it_did(here: Path) -> None:
    for name in ("base", "ours", "theirs"):
        (here / name).write_bytes((here / "project.json").read_bytes())
    told = answer("git-merge-driver", "base", "ours", "theirs", cwd=here)
    assert (told["conflicts"], told["moved"]) == ([], [])
    assert (here / "ours").read_bytes() == (here / "project.json").read_bytes()
    (here / "base").write_bytes(b"")
    (here / "x.json.conflicts.txt").write_text("of a merge before this one")
    assert answer("git-merge-driver", "base", "ours", "theirs", "x.json", cwd=here)["path"] == "x.json"
    assert not (here / "x.json.conflicts.txt").exists()
    assert answer("git-merge-driver", "base", "ours", "theirs", cwd=here)["conflicts"] == []
