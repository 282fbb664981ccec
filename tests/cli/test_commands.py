"""Each command as a process: what it does, what it writes when nobody watches, and its JSON against the schema."""

import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from lazyscribe.cli.app import COMMANDS
from tests.cli.support import answer, call, environment, error, run, schema


def _rows(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def test_ls_writes_one_line_for_each_with_tabs_and_says_what_they_are(here: Path) -> None:
    first, second = run("ls", cwd=here).split("\n\n")
    title, head, *rows = _rows(first)
    assert title == ["project.json"]
    assert head == ["slug", "name", "created", "author", "tags", "tests", "artifacts", "metrics"]
    assert rows[0] == [
        "ridge-20250120120000", "ridge", "2025-01-20 14:00:00+02:00", "ada", "baseline", "1", "1", "loss=3, r2=0.5",
    ]  # fmt: skip
    title, head, *rows = _rows(second)
    assert (title, head) == (
        ["repository.json"],
        ["name", "version", "created", "handler", "size", "expiry", "aliases"],
    )
    assert rows[1][:5] == ["model", "1", "2025-01-21 14:00:00+02:00", "json", "33"]
    assert run("ls", "project.json", "--utc", cwd=here).count("2025-01-20 12:00:00+00:00") == 1


def test_ls_filters_sorts_and_takes_the_best(here: Path) -> None:
    def names(*options: str) -> list[str]:
        (document,) = answer("ls", "project.json", *options, cwd=here)["documents"]
        return [each["name"] for each in document["experiments"]]

    assert names("--where", "metrics.r2 > 0.6 and parameters.alpha == 1") == ["lasso"]
    assert names("--sort", "-metrics.r2", "--top", "2", "--name", "*o*", "--tag", "new") == ["lasso", "forest"]
    assert names("--top", "2", "--by=-metrics.loss", "--since", "2025-01-20T15:00") == ["lasso", "forest"]
    (document,) = answer("ls", "repository.json", "--where", "version > 0", cwd=here)["documents"]
    assert [(each["version"], each["size"], each["aliases"]) for each in document["versions"]] == [(1, 33, [])]
    assert answer("ls", "--since", "1h", cwd=here)["documents"][1]["versions"] == []


def test_tree_shows_what_belongs_to_what(here: Path) -> None:
    lines = run("tree", cwd=here).splitlines()
    assert lines[0] == "project.json"
    assert lines[1].startswith("├─ ridge-20250120120000  ridge")
    assert lines[2:4] == ["│  ├─ artifact notes  json", "│  └─ test adults  r2=0.25"]
    assert lines[-3:-1] == ["└─ model", "   ├─ 0  2025-01-20 14:00:00+02:00  json  33 B"]
    run("alias", "model@1", "production", "--yes", cwd=here)
    assert run("tree", cwd=here).splitlines()[-1].endswith("json  33 B  @production")
    assert [line for line in run("tree", "--where", "metrics.r2 > 0.7", cwd=here).splitlines() if "202501" in line] == [
        "└─ lasso-20250121120000  lasso  2025-01-21 14:00:00+02:00  loss=1.5, r2=0.75"
    ]
    nodes = answer("tree", "repository.json", "--where", "version == 1", cwd=here)["documents"][0]["nodes"]
    assert [len(each["nodes"]) for each in nodes] == [1]
    assert answer("tree", cwd=here)["documents"][1]["nodes"][0]["text"] == "model"


def test_show_tells_all_of_an_experiment_or_a_version(here: Path) -> None:
    text = run("show", "lasso", cwd=here)
    assert "slug: lasso-20250121120000\n" in text
    assert "\n  loss: 1.5\n" in text
    assert answer("show", "lasso", cwd=here)["record"]["parameters"] == {"alpha": 1, "fixed": True}
    told = answer("show", "model@0", "--value", cwd=here)
    assert (told["record"]["version"], told["value"], told["versions"]) == (0, {"same": 1, "value": 0}, 2)
    assert answer("show", "model", "--as-of", "2025-01-20T14:00", cwd=here)["record"]["version"] == 0


def test_compare_shows_differences_and_marks_the_best_by_its_direction(here: Path) -> None:
    head, *rows = _rows(run("compare", "ridge", "lasso", "--best", "alpha:max", cwd=here))
    assert head[2:] == ["ridge-20250120120000", "lasso-20250121120000"]
    assert ["metrics", "r2", "0.5", "0.75 *"] in rows
    assert ["metrics", "loss", "3", "1.5 *"] in rows
    assert ["test metrics", "adults / r2", "0.25", "0.375 *"] in rows
    assert not [row for row in rows if row[1] == "fixed"]
    told = answer("compare", "--where", "metrics.r2 > 0", "--sort", "name", "--all", "--best", "r2:min", cwd=here)
    assert told["experiments"] == ["forest-20250122120000", "lasso-20250121120000", "ridge-20250120120000"]
    by_name = {(row["what"], row["name"]): row for row in told["rows"]}
    assert by_name["metrics", "r2"] == {
        "what": "metrics", "name": "r2", "values": [0.625, 0.75, 0.5], "direction": "min", "best": [2],
    }  # fmt: skip
    assert by_name["parameters", "fixed"]["best"] == []
    assert run("compare", "ridge", "ridge", cwd=here) == "no differences\n"


def test_put_and_get_give_back_the_very_bytes(here: Path, tmp_path: Path) -> None:
    contents = {"a.txt": b"a\r\nb\n", "b.bin": b"\0\xff" * 5, "c.md": b"# c"}
    for file, content in contents.items():
        (here / file).write_bytes(content)
    told = [answer("put", file, cwd=here) for file in contents]
    assert [(each["name"], each["handler"]) for each in told] == [("a", "text"), ("b", "file"), ("c", "markdown")]
    assert [call("get", name, "--to", "-", cwd=here).stdout for name in "abc"] == list(contents.values())
    assert answer("get", "b", "--to", tmp_path / "copy", cwd=here)["size"] == 10
    assert (tmp_path / "copy").read_bytes() == contents["b.bin"]
    assert "is there already" in error("get", "b", "--to", tmp_path / "copy", cwd=here, code=1)
    assert not list(tmp_path.glob(".*"))
    run("get", "model@0", cwd=here)
    assert json.loads(next(here.glob("model-*.json")).read_text()) == {"same": 1, "value": 0}


def test_put_makes_the_repository_and_takes_a_folder_and_only_looks_if_told(tmp_path: Path) -> None:
    (tmp_path / "out" / "inner").mkdir(parents=True)
    (tmp_path / "out" / "inner" / "x").write_text("x")
    told = answer("put", "out", "--dry-run", "--in", "new/repository.json", cwd=tmp_path)
    assert (told["done"], told["version"]) == (False, 0)
    assert not (tmp_path / "new").exists()
    assert run("put", "out", "--in", "new", cwd=tmp_path) == "out is version 0 of out (folder)\n"
    Repository(tmp_path / "new" / "repository.json", mode="r").load_artifact("out", to=tmp_path / "copy")
    assert (tmp_path / "copy" / "inner" / "x").read_text() == "x"
    assert "json" in error("put", "out/inner/x", "--handler", "json", cwd=tmp_path, code=2)


def test_what_is_put_is_not_taken_for_the_folder_of_its_versions(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("x")
    (tmp_path / "Makefile").write_text("all:")
    for name in ("out", "Makefile"):
        assert "give another name by --name" in error("put", name, cwd=tmp_path, code=2)
        assert "give another name by --name" in error("put", name, "--dry-run", cwd=tmp_path, code=2)
        assert answer("put", name, "--name", "other", cwd=tmp_path)["done"] is True
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["x"]


def test_diff_is_that_of_the_library(here: Path) -> None:
    repository = Repository(here / "repository.json", mode="r")
    assert run("diff", "model", "0", cwd=here) == repository.get_version_diff("model", (0, 1)) + "\n"
    told = answer("diff", "model", "1", "0", "--how", "values", cwd=here)
    assert (told["versions"], told["equal"], told["diff"]) == ([0, 1], False, "~ $.value: 0 -> 1")
    assert "are equal" in run("diff", "model", "1", "1", cwd=here)


def test_changes_are_shown_asked_about_and_saved(here: Path) -> None:
    before = (here / "repository.json").read_bytes()
    assert "--yes" in error_with_text("expire", "model@0", cwd=here)
    told = answer("expire", "model@0", "--on", "2030-01-01T02:00", "--dry-run", cwd=here)
    assert (told["done"], told["change"]["after"]) == (False, "2030-01-01T00:00:00")
    assert (here / "repository.json").read_bytes() == before
    assert answer("expire", "model", "--version", "0", "--yes", cwd=here)["done"] is True
    assert Repository(here / "repository.json", mode="r").artifacts[0].expiry is not None


def error_with_text(*arguments: Any, cwd: Path) -> str:
    """Return what a command wrote that wanted to ask and had nobody to ask."""
    done = call(*arguments, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, b"")
    return done.stderr.decode()


def test_aliases_deletions_and_the_time_machine(here: Path) -> None:
    assert answer("alias", "model@0", "production", "-m", "first", "--yes", cwd=here)["change"]["after"] == 0
    assert (
        call("get", "model@production", "--to", "-", cwd=here).stdout
        == call("get", "model", "--version", "0", "--to", "-", cwd=here).stdout
    )
    assert _rows(run("ls", "repository.json", cwd=here))[1][-1] == "production"
    told = answer("rm", "model@1", "--reason", "bad data", "--yes", cwd=here)
    assert told["change"]["before"]["version"] == 1
    assert "bad data" in error("get", "model@1", cwd=here, code=1)
    commits = answer("history", "model", "--last", "2", cwd=here)["documents"][1]["commits"]
    assert [each["aliased"][0]["version"] for each in commits if each["aliased"]] == [0]
    assert commits[-1]["deleted"][0]["reason"] == "bad data"
    lines = run("history", cwd=here).splitlines()
    assert "    first" in lines
    assert lines[-1] == "    deleted 'model' 1 (bad data)"
    numbers = [each["version"] for each in answer("at", "--known", commits[0]["number"], cwd=here)["versions"]]
    assert numbers == [0, 1]
    assert "bad data" in answer("explain", "model", cwd=here)["text"]
    assert (
        run("alias", "model", "production", "--remove", "--yes", cwd=here) == "alias @production of model: 0 -> none\n"
    )
    assert run("rm", "ridge", "--reason", "old", "--yes", cwd=here).startswith("experiment ridge-20250120120000")
    assert "ridge" not in Project(here / "project.json", mode="r")


def test_copy_and_merge_bring_records_with_their_files(here: Path, tmp_path: Path) -> None:
    told = answer("copy", here, tmp_path / "copy", cwd=tmp_path)["copies"]
    assert [(each["kind"], each["records"], each["files"]) for each in told] == [
        ("project", 3, 3),
        ("repository", 2, 2),
    ]
    run("verify", "copy", cwd=tmp_path)
    with (mine := Project(tmp_path / "copy" / "project.json", mode="w+")).log("new") as experiment:
        experiment.log_artifact("notes", 1, "json")
    mine["ridge"].log_metric("auc", 1)
    mine.save()
    before = (here / "project.json").read_bytes()
    other = ["merge", tmp_path / "copy" / "project.json"]
    told = answer(*other, "--dry-run", cwd=here)
    assert (told["added"], told["updated"]) == ([experiment.slug], ["ridge-20250120120000"])
    assert "--yes" in error_with_text(*other, cwd=here)
    assert (here / "project.json").read_bytes() == before
    assert answer(*other, "--yes", cwd=here)["copied"]["records"] == 2
    merged = Project(here / "project.json", mode="r")
    assert (merged["new"].load_artifact("notes"), merged["ridge"].metrics["auc"]) == (1, 1)
    content = json.loads((tmp_path / "copy" / "repository.json").read_text())
    content[1]["created_at"] = "2024-01-01T00:00:00"  # another version of that number
    (tmp_path / "copy" / "repository.json").write_text(json.dumps(content))
    told = answer("merge", tmp_path / "copy" / "repository.json", "--yes", cwd=here, code=3)
    assert "model@1" in told["error"]["message"]


def test_promote_makes_an_artifact_a_version_and_lineage_tells_where_it_comes_from(here: Path) -> None:
    assert answer("promote", "lasso", "notes", "--dry-run", cwd=here)["version"] is None
    assert answer("promote", "lasso", "notes", "--yes", cwd=here)["version"] == 0
    assert call("get", "notes", "--to", "-", cwd=here).stdout == b'["lasso"]'
    told = answer("lineage", "notes", cwd=here)["lineage"]
    assert told["experiment"]["slug"] == "lasso-20250121120000"
    assert "experiment lasso-20250121120000" in run("lineage", "notes@0", cwd=here)
    assert "'notes'" in error("promote", "lasso", "nothing", cwd=here, code=1)
    assert "newer" in error("promote", "lasso", "notes", "--yes", cwd=here, code=1)


def test_promote_goes_beside_the_project_that_is_named_and_says_where(here: Path, tmp_path: Path) -> None:
    """Without --to the repository lies beside the project of --in; the sentence names its full path."""
    (tmp_path / "other").mkdir()
    there = ["--in", "../here/project.json"]
    said = run("promote", "lasso", "notes", *there, "--yes", cwd=tmp_path / "other")
    assert said == f"notes of lasso-20250121120000 becomes version 0 of notes in {here / 'repository.json'}\n"
    assert [each["name"] for each in Repository(here / "repository.json", mode="r")][-1] == "notes"
    told = answer("promote", "ridge", "notes", *there, "--to", "mine", "--yes", cwd=tmp_path / "other")
    assert (told["to"], told["version"]) == ("mine/repository.json", 0)
    assert str(tmp_path / "other" / "mine" / "repository.json") in told["text"]
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine"]


def test_releases_are_promoted_and_taken_back_as_a_whole(here: Path) -> None:
    assert answer("release", "1.0", "--dry-run", cwd=here)["done"] is False
    assert answer("release", cwd=here)["releases"] == []
    told = answer("release", "1.0", "--lock", "release.lock", "--yes", cwd=here)["releases"]
    assert told[0]["artifacts"] == [{"name": "model", "version": 1}]
    assert "model" in (here / "release.lock").read_text()
    assert "another tag" in error("release", "1.0", "--yes", cwd=here, code=1)
    assert _rows(run("release", cwd=here))[1][0] == "1.0"
    run("alias", "model@0", "production", "--yes", cwd=here)
    promote = ["promote", "--release", "1.0", "--alias", "production"]
    moves = [{"name": "model", "before": 0, "after": 1}]
    assert answer(*promote, "--dry-run", cwd=here)["moves"] == moves
    assert answer(*promote, "--yes", cwd=here)["done"] is True
    assert Repository(here / "repository.json", mode="r").aliases("model") == {"production": 1}
    assert answer("rollback", "production", "--dry-run", cwd=here)["moves"] == [
        {"name": "model", "before": 1, "after": 0}
    ]
    assert run("rollback", "@production", "--yes", cwd=here) == "alias @production of model: 1 -> 0\n"
    assert Repository(here / "repository.json", mode="r").aliases("model") == {"production": 0}
    assert "production" in error("rollback", "production", "--yes", cwd=here, code=1)
    assert "2.0" in error("promote", "--release", "2.0", "--alias", "x", "--yes", cwd=here, code=1)
    assert "--alias" in error("promote", "--release", "1.0", cwd=here, code=2)


def test_verify_tells_what_is_damaged_and_ends_with_4(here: Path) -> None:
    assert answer("verify", cwd=here)["ok"] is True
    next((here / "model").glob("*.json")).write_text("other")
    assert "digest-wrong" in run("verify", cwd=here, code=4)
    assert answer("verify", "repository.json", cwd=here, code=4)["ok"] is False


def test_completion_and_doctor_tell_of_this_installation(here: Path) -> None:
    assert "_LAZYSCRIBE_COMPLETE" in run("completion", "bash", cwd=here)
    assert answer("completion", "zsh", cwd=here)["shell"] == "zsh"
    told = answer("doctor", cwd=here)
    assert [each["kind"] for each in told["places"]] == ["project", "repository"]
    assert told["places"][0]["exclusive"] is True
    assert told["extras"]["cli"]["missing"] == []
    assert {"json", "pickle"} <= {each["handler"] for each in told["handlers"] if each["there"]}
    assert "\nextra\tinstalled\tmissing\n" in run("doctor", cwd=here)
    (nothing,) = answer("doctor", "memory://new", cwd=here)["places"]
    assert (nothing["kind"], nothing["store"], "no project" in nothing["why"]) == (None, "MemoryStore", True)


def test_the_shell_completes_commands(here: Path) -> None:
    done = call(cwd=here, _LAZYSCRIBE_COMPLETE="complete_bash", COMP_WORDS="lazyscribe ver", COMP_CWORD="1")
    assert done.stdout.decode().split() == ["verify"]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_says_what_it_does_and_has_an_example(name: str, tmp_path: Path) -> None:
    text = run(name, "--help", cwd=tmp_path)
    assert f"Usage: lazyscribe {name}" in text
    assert f"Example: lazyscribe {name}" in text
    assert "--json" in text
    assert name in schema()["$defs"]


def test_the_help_of_all_lists_each_command_and_the_codes(tmp_path: Path) -> None:
    text = run("--help", cwd=tmp_path)
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []
    assert "4: damaged" in text
    assert run("--version", cwd=tmp_path).startswith("lazyscribe 3.")


def test_urls_and_other_names_are_found(here: Path) -> None:
    assert run("ls", f"file://{here}", cwd=here.parent).count("\n") > 5
    (here / "repository.json").rename(here / "other")
    assert _rows(run("ls", "other", cwd=here))[1][0] == "model"
    assert answer("show", "model@1", "--in", here / "other", cwd=here.parent)["kind"] == "version"
    assert "no project" in error("ls", "memory://nothing", "-o", "x=1", cwd=here, code=1)


@pytest.mark.parametrize("what", [["rm", "--reason", "wrong"], ["expire"], ["alias", "c"]])
def test_versions_of_one_number_are_told_apart(tmp_path: Path, what: list[str]) -> None:
    """Of two versions that racing writers of 2.2 gave one number, that changes which was meant."""
    file = tmp_path / "repository.json"
    repository = Repository(file)
    for name in "ab":
        repository.log_artifact("model", name, "json", fname=f"{name}.json")
        repository.set_alias("model", name)
    repository.save()
    file.write_text(file.read_text().replace('"version": 1', '"version": 0'))
    command = [sys.executable, "-m", "lazyscribe", what[0], "model@b", *what[1:], "--yes"]
    subprocess.run(command, cwd=tmp_path, env=environment(), check=True, capture_output=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        repository = Repository(file)
    if what[0] == "alias":
        assert repository.load_artifact("model", version="@c") == "b"
    else:
        assert [each.fname for each in repository.artifacts if each.expiry is None] == ["a.json"]
