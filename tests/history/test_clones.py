"""A folder in git, worked on in two clones, merged."""

import json
import subprocess
from pathlib import Path

import pytest

from lazyscribe import Repository
from lazyscribe.three_way import merge_files
from tests.history.support import entries_of, numbers


def git(folder: Path, *arguments: str, fails: bool = False) -> None:
    command = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", *arguments]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "work")


@pytest.fixture
def clones(tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of a folder in which two versions were saved."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    git(one, "init", "-q", "-b", "main")
    repository = Repository(one / "repository.json")
    for value in ("first", "second"):
        repository.log_artifact("model", value, "json")
        repository.set_alias("model", "production")
        repository.save(message=value)
    (one / ".gitignore").write_text("*.lock\n")
    commit(one)
    git(tmp_path, "clone", "-q", str(one), str(two))
    return one, two


def union(folder: Path, *states: str) -> None:
    """Let the file of records hold what each of these states of it holds."""
    records: list[object] = []
    for state in states:
        shown = subprocess.run(["git", "show", f"{state}:repository.json"], check=True, cwd=folder, capture_output=True)
        records += [each for each in json.loads(shown.stdout) if each not in records]
    (folder / "repository.json").write_text(json.dumps(records, indent=4, sort_keys=True))


def test_clones_that_only_moved_aliases(clones: tuple[Path, Path]) -> None:
    """Git merges them by itself; both sides' moves are there, and of one alias the later one counts."""
    for folder, alias, version in ((clones[0], "one", 0), (clones[1], "two", 1)):
        repository = Repository(folder / "repository.json")
        repository.set_alias("model", alias, version)
        repository.set_alias("model", "both", version)
        repository.save(message=alias)
        commit(folder)
    git(clones[1], "pull", "-q", "--no-rebase", "--no-edit", "origin", "main")
    merged = Repository(clones[1] / "repository.json")
    assert merged.aliases("model") == {"both": 1, "one": 0, "production": 1, "two": 1}
    assert [each.message for each in merged.history()] == ["first", "second", "one", "two"]
    merged.set_alias("model", "after", 1)
    merged.save()
    joined = json.loads(entries_of(merged.fpath)[-1].read_bytes())
    assert len(joined["follows"]) == 2
    assert Repository(clones[1] / "repository.json").aliases("model")["after"] == 1


@pytest.mark.parametrize("saves", [1, 70])
def test_clones_that_both_saved(clones: tuple[Path, Path], saves: int) -> None:
    """With the records of both, everything of both sides is there; a number that both gave away is told."""
    for number, folder in enumerate(clones):
        repository = Repository(folder / "repository.json")
        for turn in range(saves):
            repository.log_artifact("model", [number, turn], "json", fname=f"{number}-{turn}.json")
            repository.set_alias("model", f"mine-{number}")
            repository.save(message=f"{number} {turn}")
        commit(folder)
    git(clones[1], "pull", "-q", "--no-rebase", "--no-edit", "origin", "main", fails=True)
    union(clones[1], "HEAD", "MERGE_HEAD")
    commit(clones[1])
    with pytest.warns(UserWarning, match="more than one version of the same number .*load those by their dates"):
        merged = Repository(clones[1] / "repository.json")
    assert sorted(numbers(merged)) == sorted([0, 1, *range(2, 2 + saves), *range(2, 2 + saves)])
    for number in range(2):
        assert merged.load_artifact("model", version=f"@mine-{number}") == [number, saves - 1]
    told = [each.message for each in merged.history()]
    assert len(told) == 2 + 2 * saves
    for number in range(2):
        assert [each for each in told if each.startswith(f"{number} ")] == [f"{number} {turn}" for turn in range(saves)]
    assert {each.kind for each in merged.verify().findings if each.severity == "error"} == {"number-duplicate"}
    merged.log_artifact("model", "after", "json")
    merged.save()
    last = merged.history()[-1]
    assert (last.logged[0].version, last.observed, last.missing) == (2 + saves, (), ())
    for folder in (clones[1], clones[0]):
        if folder is clones[0]:
            commit(clones[1])
            git(folder, "pull", "-q", "--no-rebase", "--no-edit", str(clones[1]), "main")
        with pytest.warns(UserWarning, match="same number"):
            again = Repository(folder / "repository.json")
        assert again.history() == merged.history()
        assert again.aliases("model") == merged.aliases("model")
        assert again.load_artifact("model") == "after"


def test_an_alias_of_a_version_that_git_gave_another_number(clones: tuple[Path, Path]) -> None:
    """It is told by the number that it has since the merge, not by one that another version has now."""
    for number, folder in enumerate(clones):
        repository = Repository(folder / "repository.json")
        repository.log_artifact("model", number, "json", fname=f"{number}.json")
        repository.set_alias("model", f"mine-{number}")
        repository.save()
        commit(folder)
    git(clones[1], "pull", "-q", "--no-rebase", "--no-edit", "origin", "main", fails=True)
    sides = [
        subprocess.run(["git", "show", f"{state}:repository.json"], check=True, cwd=clones[1], capture_output=True)
        for state in ("HEAD^", "HEAD", "MERGE_HEAD")
    ]
    file = clones[1] / "repository.json"
    merged = merge_files(*(each.stdout for each in sides), str(file))
    file.write_bytes(merged.data)
    assert [(each.before, each.after) for each in merged.moved] == [(2, 3)]
    repository = Repository(file)
    aliases = repository.aliases("model")
    assert sorted(aliases.values()) == [1, 2, 3]
    for number in range(2):
        assert repository.load_artifact("model", version=aliases[f"mine-{number}"]) == number
