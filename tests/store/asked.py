"""What is asked of a bucket by a repository that opens in an environment of which nothing else is known."""

import os
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from tests.store.bucket_server import Bucket

S3 = "s3://bucket/repository.json"
ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"}
KEYS = {"key": "AKIAOPTION", "secret": "s"}


def alone(served: Bucket, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Bucket:
    """Return the bucket, in an environment that says nothing of any, whose files of profiles are to lie in a folder."""
    for name in [each for each in os.environ if each.startswith(("AWS_", "AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    served.sent = {}
    return served


def sent(bucket: Bucket, url: str = S3, **options: Any) -> dict[str, str]:
    """Open a repository that is not there; return what was asked for it."""
    bucket.sent = {}
    assert list(Repository(url, mode="r", retry_config={"max_retries": 0}, **options).artifacts) == []
    return bucket.sent


def key(found: dict[str, str]) -> str:
    """Return the key that signed."""
    return found["authorization"].partition("Credential=")[2].partition("/")[0]


def setenv(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
