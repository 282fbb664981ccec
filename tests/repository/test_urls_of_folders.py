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
