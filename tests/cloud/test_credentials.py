"""Keys of a real server, beside which the environment and the profiles say other things."""

from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from tests.cloud.servers import Server

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def profiles(seaweedfs: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys in a profile, and an endpoint in its services."""
    options = seaweedfs.options()
    (tmp_path / "credentials").write_text(
        f"[team]\naws_access_key_id = {options['key']}\naws_secret_access_key = {options['secret']}\n"
    )
    (tmp_path / "config").write_text(
        f"[profile team]\nregion = us-east-1\nservices = here\nendpoint_url = {NOWHERE}\n"
        f"[services here]\ns3 =\n    addressing_style = path\n    endpoint_url = {options['endpoint_url']}\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    return tmp_path


def saved(server: Server, **options: Any) -> Repository:
    """Save a version, and one more on top of it, through a second repository."""
    url = f"{server.new_folder()}/repository.json"
    for number in range(2):
        repository = Repository(url, **options)
        repository.log_artifact("a", number, "json")
        repository.save()
    assert [repository.load_artifact("a", version=number) for number in range(2)] == [0, 1]
    return repository


def test_a_foreign_token(seaweedfs: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are given work, and so does the file system, whatever keys and token the environment holds."""
    for name, value in {"ACCESS_KEY_ID": "AKIAOTHER", "SECRET_ACCESS_KEY": "s", "SESSION_TOKEN": "foreign"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    repository = saved(seaweedfs, **seaweedfs.options())
    assert repository.fs.exists(str(repository.fpath))


@pytest.mark.parametrize("keys", ["option", "variable", "given"])
def test_profiles(seaweedfs: Server, profiles: Path, monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    """The endpoint in the services of a profile is used, by its own keys and by those that are given."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "foreign")
    if keys == "option":
        saved(seaweedfs, profile="team")
        return
    monkeypatch.setenv("AWS_PROFILE", "team")
    options = seaweedfs.options()
    saved(seaweedfs, **({name: options[name] for name in ("key", "secret")} if keys == "given" else {}))


def test_variables_that_are_empty(seaweedfs: Server, profiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are as none."""
    for name in ("ENDPOINT_URL", "ENDPOINT_URL_S3", "SESSION_TOKEN", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION"):
        monkeypatch.setenv(f"AWS_{name}", "")
    monkeypatch.setenv("AWS_PROFILE", "team")
    saved(seaweedfs)
