"""The command on a bucket of a real server, and on what a web server hands out."""

import json
from pathlib import Path

import pytest

from tests.cli.support import answer, call, error, run
from tests.cli.web import served
from tests.cloud.conftest import seaweedfs  # noqa: F401 - a fixture
from tests.cloud.servers import SeaweedFS, free_ports


def _options(server: SeaweedFS, flag: str = "-o") -> list[str]:
    return [part for key, value in server.options().items() for part in (flag, f"{key}={value}")]


def test_copies_go_to_a_bucket_and_come_back(seaweedfs: SeaweedFS, here: Path, tmp_path: Path) -> None:  # noqa: F811
    folder, options = seaweedfs.new_folder("shell"), _options(seaweedfs)
    told = answer("copy", here, folder, *_options(seaweedfs, "--to-option"), cwd=tmp_path)["copies"]
    assert [(each["kind"], each["records"], each["files"]) for each in told] == [
        ("project", 3, 3),
        ("repository", 2, 2),
    ]
    back = answer("copy", f"{folder}/repository.json", "back/", *options, cwd=tmp_path)["copies"]
    assert (tmp_path / "back" / "repository.json").read_bytes() == (here / "repository.json").read_bytes()
    assert back[0]["files"] == 2
    run("verify", "back", cwd=tmp_path)


def test_a_bucket_is_listed_read_checked_and_written_to(
    seaweedfs: SeaweedFS,  # noqa: F811
    here: Path,
    tmp_path: Path,
) -> None:
    folder, options = seaweedfs.new_folder("shell"), _options(seaweedfs)
    run("copy", here, f"{folder}/", *_options(seaweedfs, "--to-option"), cwd=tmp_path)
    listed = answer("ls", folder, *options, cwd=tmp_path)["documents"]
    assert [len(each.get("experiments", each.get("versions"))) for each in listed] == [3, 2]
    assert answer("verify", folder, *options, cwd=tmp_path)["ok"] is True
    places = answer("doctor", folder, *options, cwd=tmp_path)["places"]
    assert [each["kind"] for each in places] == ["project", "repository"]
    assert all(each["exclusive"] and each["writable"] for each in places)
    there = ["--in", folder, *options]
    (tmp_path / "note.txt").write_text("hello")
    assert answer("put", "note.txt", *there, cwd=tmp_path)["version"] == 0
    assert call("get", "note", "--to", "-", *there, cwd=tmp_path).stdout == b"hello"
    assert answer("expire", "model@0", "--yes", *there, cwd=tmp_path)["done"] is True
    assert "model" in run("history", *there, cwd=tmp_path)


def test_what_cannot_be_asked_is_told_in_its_own_words(seaweedfs: SeaweedFS, tmp_path: Path) -> None:  # noqa: F811
    """Wrong credentials and unknown buckets are told as they are; that nothing is there only where that is so."""
    folder, options = seaweedfs.new_folder("shell"), _options(seaweedfs)
    secret = seaweedfs.options()["secret"]
    wrong = [each.replace(secret, "wrong") for each in options]
    for path, asked in ((folder, f"{folder}/project.json"), *[(f"{folder}/repository.json",) * 2]):
        said = error("ls", path, *wrong, cwd=tmp_path, code=1)
        assert said.startswith(f"Reading {asked} is refused (the credentials are wrong: "), said
        assert "give the path" not in said
    (place,) = answer("doctor", folder, *wrong, cwd=tmp_path)["places"]
    assert "credentials are wrong" in place["why"]
    for path in ("s3://no-such-bucket", "s3://no-such-bucket/a/b"):
        said = error("ls", path, *options, cwd=tmp_path, code=1)
        assert said.startswith(f"{path}/project.json cannot be reached (there is no such bucket"), said
    for path in (folder, f"{folder}/", f"{folder}/repository.json"):
        said = error("ls", path, *options, cwd=tmp_path, code=1)
        assert said == (
            f"There is no project or repository to be read at {path}; "
            "give the path of its file, or of a folder that holds one.\n"
        )


@pytest.mark.parametrize("command", [["ls"], ["show", "ridge", "--in"]])
@pytest.mark.parametrize("path", ["", "/folder", "/folder/", "/project.json"])
def test_an_endpoint_that_is_not_there_is_told_in_its_own_words(tmp_path: Path, command: list[str], path: str) -> None:
    """A web server that does not answer cannot be reached, which is all that is said."""
    web = f"http://127.0.0.1:{free_ports(1)[0]}"
    said = error(*command, f"{web}{path}", cwd=tmp_path, code=1)
    assert said.startswith(web), said
    assert f" cannot be reached (no connection); see whether the endpoint {web} is right" in said
    assert "give the path" not in said


def test_promote_stays_in_the_bucket_of_the_project(
    seaweedfs: SeaweedFS,  # noqa: F811
    here: Path,
    tmp_path: Path,
) -> None:
    """Without --to the repository lies beside the project of --in, in its bucket, reached by the same options."""
    folder, options = seaweedfs.new_folder("shell"), _options(seaweedfs)
    run("copy", here / "project.json", f"{folder}/", *_options(seaweedfs, "--to-option"), cwd=tmp_path)
    (tmp_path / "empty").mkdir()
    said = run("promote", "ridge", "notes", "--yes", "--in", folder, *options, cwd=tmp_path / "empty")
    assert said == f"notes of ridge-20250120120000 becomes version 0 of notes in {folder}/repository.json\n"
    assert list((tmp_path / "empty").iterdir()) == []
    assert call("get", "notes", "--to", "-", "--in", folder, *options, cwd=tmp_path).stdout == b'["ridge"]'
    local = ["--to", "mine/"]
    run("promote", "ridge", "notes", "--yes", "--in", folder, *options, *local, cwd=tmp_path / "empty")
    assert (tmp_path / "empty" / "mine" / "repository.json").is_file()


def test_the_environment_says_how_to_reach_a_bucket(
    seaweedfs: SeaweedFS,  # noqa: F811
    here: Path,
    tmp_path: Path,
) -> None:
    folder, more = seaweedfs.new_folder("shell"), seaweedfs.environment()
    run("copy", here, folder, cwd=tmp_path, **more)
    assert run("tree", folder, cwd=tmp_path, **more).count("\n") > 5
    told = json.loads(run("doctor", folder, "--json", cwd=tmp_path, **more))
    assert seaweedfs.environment()["AWS_SECRET_ACCESS_KEY"] not in json.dumps(told)


@pytest.mark.parametrize("listing", [True, False])
def test_what_a_web_server_hands_out_is_read(here: Path, tmp_path: Path, listing: bool) -> None:
    run("alias", "model@0", "production", "--yes", cwd=here)
    with served(here, listing=listing) as server:
        web = server.url
        versions = answer("ls", web, cwd=tmp_path)["documents"][1]["versions"]
        assert [each["aliases"] for each in versions] == [["production"] if listing else [], []]
        assert answer("verify", web, cwd=tmp_path)["ok"] is True
        places = answer("doctor", web, cwd=tmp_path)["places"]
        assert [(each["kind"], each["writable"]) for each in places] == [("project", False), ("repository", False)]
        assert run("doctor", web, cwd=tmp_path).count("\tnone, it can only be read\t") == 2
        held = call("get", "model@0", "--to", "-", "--in", here, cwd=tmp_path).stdout
        assert call("get", "model@0", "--to", "-", "--in", web, cwd=tmp_path).stdout == held != b""
        done = call("show", "model@0", "--in", web, cwd=tmp_path)
        assert (done.returncode, done.stderr.count(b"aliases are not known")) == (0, 0 if listing else 1)
        assert answer("copy", f"{web}/project.json", "back/", cwd=tmp_path)["copies"][0]["files"] == 3
        assert "write" in error("expire", "model@0", "--yes", "--in", web, cwd=tmp_path, code=1)
        said = error("promote", "ridge", "notes", "--yes", "--in", web, cwd=tmp_path, code=1)
        assert said == f"{web}/repository.json can only be read; say by --to which repository gets the artifact.\n"
        assert not (tmp_path / "repository.json").exists()
        assert "no project" in error("ls", f"{web}/nowhere", cwd=tmp_path, code=1)
