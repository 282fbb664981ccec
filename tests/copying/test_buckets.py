"""Copies between buckets, and which two of them are one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository, copy
from lazyscribe.exception import UsageError
from lazyscribe.place import Place
from tests.store.bucket_server import Bucket, serving

URL = "s3://bucket/models/repository.json"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Bucket]:
    with serving() as found:
        yield found


def access(bucket: Bucket, **options: Any) -> dict[str, Any]:
    return {"endpoint_url": bucket.endpoint, "key": "AKIATESTS", "secret": "s", **options}


def begun(bucket: Bucket) -> Repository:
    """Return a repository with one version."""
    repository = Repository(URL, mode="w+", **access(bucket))
    repository.log_artifact("model", [0], handler="json", fname="f.json")
    repository.save()
    return repository


def test_two_stores_may_call_their_places_alike(bucket: Bucket, other: Bucket) -> None:
    """What has the same URL at another endpoint is another place, whose files get the names that they had."""
    target = Repository(URL, mode="a", **access(other))
    assert copy(begun(bucket), target).records == 1
    assert other.objects["models/model/f.json"].data == b"[0]"
    assert target.load_artifact("model") == [0]


@pytest.mark.parametrize("options", [{}, {"use_ssl": False}, {"client_kwargs": {"region_name": "eu-west-1"}}])
@pytest.mark.parametrize("protocol", ["s3", "s3a"])
def test_one_place_in_two_spellings(bucket: Bucket, protocol: str, options: dict[str, Any]) -> None:
    """A place is one with itself whatever its protocol is called, and whoever signs."""
    url = URL.replace("s3", protocol, 1)
    with pytest.raises(UsageError, match="cannot be copied to itself"):
        copy(begun(bucket), Repository(url, mode="a", **access(bucket, **options)))


def test_a_copy_in_the_same_folder_of_another_spelling(bucket: Bucket) -> None:
    """It has files of its own."""
    target = Repository("s3a://bucket/models/other.json", mode="a", **access(bucket))
    copy(begun(bucket), target)
    assert [each.fname for each in target.artifacts] == ["f-1.json"]


def test_experiments_of_another_store(bucket: Bucket, other: Bucket) -> None:
    """Experiments that are merged from a project of the same URL elsewhere bring their files."""
    url, projects = "s3://bucket/runs/project.json", []
    for number, each in enumerate((bucket, other)):
        project = Project(url, **access(each))
        with project.log(f"fit-{number}") as experiment:
            experiment.log_artifact("weights", [number], handler="json")
        project.save()
        projects.append(project)
    merged = projects[0].merge(projects[1])
    merged.save()
    found = Project(url, mode="r", **access(bucket))
    assert [each.load_artifact("weights") for each in found.experiments] == [[0], [1]]


AZURE = {"account_name": "acc", "anon": True}
CONNECTION = "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5;EndpointSuffix=core.windows.net"


@pytest.mark.parametrize(
    ("mine", "theirs", "same"),
    [
        (("s3://b/f", {}), ("s3a://b/f", {"endpoint_url": "https://s3.eu-west-1.amazonaws.com"}), True),
        (
            ("s3://b/f", {"endpoint_url": "https://x.example/"}),
            ("s3://b/f", {"endpoint_url": "https://x.example"}),
            True,
        ),
        (("s3://b/f", {"endpoint_url": "https://x.example"}), ("s3://b/f", {}), False),
        (("s3://b/f", {}), ("s3://c/f", {}), False),
        (("s3://b/f", {}), ("gs://b/f", {}), False),
        (("gs://b/f", {"anon": True}), ("gcs://b/f", {"token": "ya29"}), True),
        (("gs://b/f", {}), ("gs://b/f", {"endpoint_url": "http://127.0.0.1:1"}), False),
        (("az://b/f", AZURE), ("abfss://b@acc.dfs.core.windows.net/f", {"account_key": "a2V5"}), True),
        (("az://b/f", AZURE), ("az://b/f", {"connection_string": CONNECTION}), True),
        (("az://b/f", AZURE), ("az://b/f", {"endpoint": "https://acc.blob.core.windows.net", "anon": True}), True),
        (("az://b/f", AZURE), ("az://b/f", {**AZURE, "account_name": "others"}), False),
        (("az://b/f", AZURE), ("abfss://b@others.dfs.core.windows.net/f", {}), False),
        (("s3://b/f", {"endpoint_url": "https://x.example"}), ("s3://b/f", {"no_such": "option"}), False),
        (("memory://b/f", {}), ("memory://b/f", {}), True),
        (("file:///b/f", {"auto_mkdir": True}), ("local:///b/f", {}), True),
    ],
)
def test_which_places_are_one(mine: Any, theirs: Any, same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets are told apart by the kind of store, its endpoint, the account and their names, not by who asks how."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    places = [Place(url.partition("://")[0], Path(url.partition("://")[2]), options) for url, options in (mine, theirs)]
    assert places[0].same_as(places[1]) is same
    assert places[1].same_as(places[0]) is same


def test_places_of_file_systems(bucket: Bucket, other: Bucket) -> None:
    """A place on an fsspec file system is the one that its options reach."""
    repositories = [Repository(URL, mode="a", **access(each)) for each in (bucket, other)]
    first = repositories[0]._location
    assert [Place.of(each.fs, Path("bucket/models")).same_as(first) for each in repositories] == [True, False]
