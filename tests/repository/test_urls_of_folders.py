"""URLs that name a folder, a bucket or a server where a file is wanted."""

from pathlib import Path

import pytest

import lazyscribe
from lazyscribe import Project, Repository
from lazyscribe.exception import InvalidArgumentError

NAMED = [
    ("s3://bucket/folder/", "a folder", "s3://bucket/folder/repository.json"),
    ("s3://bucket", "a bucket", "s3://bucket/repository.json"),
    ("gs://bucket/", "a bucket", "gs://bucket/repository.json"),
    ("az://container/a/b//", "a folder", "az://container/a/b/repository.json"),
    ("abfs://c@account.dfs.core.windows.net", "a bucket", "abfs://c@account.dfs.core.windows.net/repository.json"),
    ("http://127.0.0.1:9/", "a server", "http://127.0.0.1:9/repository.json"),
    ("https://example.org", "a server", "https://example.org/repository.json"),
    ("sftp://host/folder/", "a folder", "sftp://host/folder/repository.json"),
]


@pytest.mark.parametrize("mode", ["r", "a", "w"])
@pytest.mark.parametrize(("url", "what", "example"), NAMED)
def test_a_url_of_a_folder_is_refused_with_that_of_a_file(url: str, what: str, example: str, mode: str) -> None:
    """Opening a repository at the URL of a folder, a bucket or a server says so and shows what a file's looks like."""
    with pytest.raises(InvalidArgumentError) as caught:
        Repository(url, mode)  # type: ignore[arg-type]
    assert str(caught.value) == f"{url} names {what}; give the path of the file, such as {example}."


def test_projects_and_both_ends_of_a_copy_refuse_it(tmp_path: Path) -> None:
    """A project, the source and the target of a copy refuse such a URL in the same words."""
    with pytest.raises(InvalidArgumentError, match=r"^s3://b names a bucket; .* such as s3://b/project\.json\.$"):
        Project("s3://b", mode="w")
    with pytest.raises(InvalidArgumentError, match=r"^s3://b/f/ names a folder; "):
        lazyscribe.copy("s3://b/f/", tmp_path / "repository.json")
    Repository(tmp_path / "repository.json").save()
    with pytest.raises(InvalidArgumentError, match=r"^s3://b/f/ names a folder; "):
        lazyscribe.copy(tmp_path / "repository.json", "s3://b/f/")


def test_other_paths_stay_what_they_were(tmp_path: Path) -> None:
    """On local disks and in memory a slash at the end says nothing, and one name is enough."""
    for path in (f"{tmp_path}/r.json/", f"file://{tmp_path}/s.json/", "memory://one.json", "memory://folder/one/"):
        Repository(path).save()
        assert len(Repository(path, mode="r").artifacts) == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"r.json", "s.json"}


@pytest.mark.parametrize("kind", [Project, Repository])
@pytest.mark.parametrize("path", [Path("s3://b/x/r.json"), "s3:/b/x/r.json", Path("gs://b/r.json"), "Memory:/r.json"])
def test_a_url_that_went_through_a_path_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Project | Repository], path: str | Path
) -> None:
    """A ``Path`` loses a slash of a URL; what is left is no folder here, and the answer shows the URL as text."""
    monkeypatch.chdir(tmp_path)
    given = str(path)
    with pytest.raises(InvalidArgumentError) as caught:
        kind(path, "a")
    url = given.replace(":/", "://")
    assert str(caught.value) == f"{given!r} is what a Path leaves of a URL; give the URL as text: {url!r}."
    assert list(tmp_path.iterdir()) == []


def test_a_secret_in_such_a_path_is_not_shown() -> None:
    """A URL with a secret that went through a ``Path`` is refused without it."""
    with pytest.raises(InvalidArgumentError, match="leave them out") as caught:
        Repository(Path("s3://KEY:hidden@b/r.json"))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("path", ["./s3:/r.json", "x/s3:/r.json", "zzz:/r.json", "C:/r.json"])
def test_what_only_looks_like_a_url_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A folder that is called like a protocol can be written to by a path that does not begin with it."""
    monkeypatch.chdir(tmp_path)
    Repository(path).save()
    assert (tmp_path / path).is_file()


def test_the_protocol_of_a_url_may_be_in_capitals() -> None:
    """``S3://`` is ``s3://``, also where that names a bucket."""
    opened = Repository("MEMORY://capitals/repository.json")
    opened.log_artifact("x", 1)
    opened.save()
    assert opened.protocol == "memory"
    assert Repository("memory://capitals/repository.json", "r").load_artifact("x") == 1
    with pytest.raises(InvalidArgumentError, match=r"^S3://bucket names a bucket; "):
        Repository("S3://bucket")
