"""Which keys, tokens and endpoints are used where several are to be had."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Repository
from lazyscribe.exception import InvalidArgumentError, UnreachableError
from tests.store.asked import ENVIRONMENT, KEYS, S3, alone, key, sent, setenv
from tests.store.bucket_server import Bucket, serving

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def served() -> Iterator[Bucket]:
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(served: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """A bucket, and an environment that says nothing of any."""
    return alone(served, monkeypatch, tmp_path)


# One source for key, secret and token


def test_a_token_goes_with_its_keys_only(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token of the environment is sent with the keys of the environment, not with those of options or a profile."""
    (tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = s\n"
        "[tmp]\naws_access_key_id = AKIATMP\naws_secret_access_key = s\naws_session_token = own\n"
    )
    setenv(monkeypatch, AWS_SESSION_TOKEN="foreign", AWS_ENDPOINT_URL=bucket.endpoint, **ENVIRONMENT)
    found = sent(bucket)
    assert (key(found), found["x-amz-security-token"]) == ("AKIAENV", "foreign")
    found = sent(bucket, profile="tmp")
    assert (key(found), found["x-amz-security-token"]) == ("AKIATMP", "own")
    for options, name in (
        (KEYS, "AKIAOPTION"),
        ({**KEYS, "token": ""}, "AKIAOPTION"),
        ({"profile": "team"}, "AKIATEAM"),
    ):
        found = sent(bucket, **options)
        assert key(found) == name
        assert "x-amz-security-token" not in found
    file_system = Repository("s3://bucket/models/repository.json", mode="r", **KEYS).fs
    bucket.put("models/x.txt", b"1")
    assert file_system.cat_file("bucket/models/x.txt") == b"1"
    assert "x-amz-security-token" not in bucket.sent


def test_a_token_of_the_environment_that_is_empty(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as none, with the keys of the environment too."""
    setenv(monkeypatch, AWS_SESSION_TOKEN="", AWS_ENDPOINT_URL=bucket.endpoint, **ENVIRONMENT)
    found = sent(bucket)
    assert key(found) == "AKIAENV"
    assert "x-amz-security-token" not in found


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"key": "AKIAOPTION"}, "a key without its secret.*give 'secret'"),
        ({"secret": "SeCrEt"}, "a secret without its key.*give 'key'"),
        ({"token": "SeCrEt"}, "a token without its key.*give 'key'"),
        ({"profile": "half"}, "a key without its secret.*give aws_secret_access_key in the profile 'half'"),
    ],
)
def test_half_a_key(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: dict[str, str], told: str
) -> None:
    """What one source lacks is not filled in from another one."""
    (tmp_path / "credentials").write_text("[half]\naws_access_key_id = AKIAHALF\n")
    setenv(monkeypatch, AWS_SESSION_TOKEN="foreign", AWS_ENDPOINT_URL=bucket.endpoint, **ENVIRONMENT)
    with pytest.raises(InvalidArgumentError, match=told) as caught:
        sent(bucket, **options)
    assert "SeCrEt" not in str(caught.value)


def test_a_profile_that_is_not_there(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that an option names is refused, keys or not; one of the environment if anything is to come from it."""
    for options in ({}, KEYS, {"anon": True}, {**KEYS, "endpoint_url": bucket.endpoint}):
        with pytest.raises(InvalidArgumentError, match="There is no profile 'typo'"):
            sent(bucket, profile="typo", **options)
    monkeypatch.setenv("AWS_PROFILE", "typo")
    assert key(sent(bucket, **KEYS, endpoint_url=bucket.endpoint)) == "AKIAOPTION"
    with pytest.raises(InvalidArgumentError, match="There is no profile 'typo'"):
        sent(bucket, **KEYS)


def test_region_name(bucket: Bucket) -> None:
    """The spelling of boto3 is understood."""
    options = {"aws_access_key_id": "AKIABOTO", "aws_secret_access_key": "s", "aws_session_token": "t"}
    found = sent(bucket, endpoint_url=bucket.endpoint, region_name="eu-west-3", **options)
    assert (key(found), found["x-amz-security-token"]) == ("AKIABOTO", "t")
    assert "/eu-west-3/s3/" in found["authorization"]


# Endpoints


@pytest.mark.parametrize("who", ["options", "environment", "anonymous", "provider"])
@pytest.mark.parametrize("profile", ["default", "variable", "option"])
def test_endpoint_and_region_of_a_profile(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, who: str, profile: str
) -> None:
    """They are used wherever the keys come from, if nothing else gives them."""
    section = "default" if profile == "default" else "profile team"
    (tmp_path / "config").write_text(f"[{section}]\nregion = eu-north-1\nendpoint_url = {bucket.endpoint}\n")
    options: dict[str, Any] = {
        "options": KEYS,
        "environment": {},
        "anonymous": {"anon": True},
        "provider": {
            "credential_provider": lambda: {"access_key_id": "AKIAP", "secret_access_key": "s", "expires_at": None}
        },
    }[who]
    if who == "environment":
        setenv(monkeypatch, **ENVIRONMENT)
    if profile == "variable":
        monkeypatch.setenv("AWS_PROFILE", "team")
    elif profile == "option":
        options = {**options, "profile": "team"}
        if who == "environment":
            options |= KEYS
    found = sent(bucket, **options)
    assert found["path"] == "/bucket/repository.json"
    assert ("authorization" not in found) if who == "anonymous" else ("/eu-north-1/s3/" in found["authorization"])


def test_order_of_endpoints(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An option goes before the variable for S3, that before the one for all, services of a profile, and itself."""
    config = tmp_path / "config"
    services = f"[services mine]\nec2 =\n  endpoint_url = {NOWHERE}\ns3 =\n  endpoint_url = {bucket.endpoint}\n"
    config.write_text(f"[default]\nendpoint_url = {NOWHERE}\nservices = mine\n{services}")
    assert sent(bucket, **KEYS)["host"]
    config.write_text(f"[default]\nendpoint_url = {bucket.endpoint}\nservices = mine\n[services mine]\n")
    assert sent(bucket, **KEYS)["host"]
    config.write_text(
        f"[default]\nendpoint_url = {NOWHERE}\nservices = mine\n{services.replace(bucket.endpoint, NOWHERE)}"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    assert sent(bucket, **KEYS)["host"]
    setenv(monkeypatch, AWS_ENDPOINT_URL=NOWHERE, AWS_ENDPOINT_URL_S3=bucket.endpoint)
    assert sent(bucket, **KEYS)["host"]
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", NOWHERE)
    assert sent(bucket, **KEYS, endpoint_url=bucket.endpoint)["host"]
    assert sent(bucket, **KEYS, client_kwargs={"endpoint_url": bucket.endpoint})["host"]


def test_the_file_system_of_another_endpoint(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system of fsspec that would ask another endpoint than its repository is refused."""
    repository = Repository(S3, mode="r", **KEYS, endpoint_url=bucket.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", NOWHERE)
    with pytest.raises(InvalidArgumentError, match=rf"at AWS_ENDPOINT_URL_S3, not at {bucket.endpoint}; unset"):
        _ = repository.fs


@pytest.mark.parametrize("where", ["environment", "profile"])
def test_endpoints_that_are_ignored(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """Whoever says so has none used but that of an option."""
    ignores = "ignore_configured_endpoint_urls = true\n" if where == "profile" else ""
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {NOWHERE}\n{ignores}")
    if where == "environment":
        setenv(monkeypatch, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true", AWS_ENDPOINT_URL=NOWHERE)
    assert sent(bucket, **KEYS, endpoint_url=bucket.endpoint)["host"]
    with pytest.raises(UnreachableError, match=r"the endpoint https://s3\.tests-1\.amazonaws\.com is right"):
        sent(bucket, **KEYS, region="tests-1", client_options={"proxy_url": NOWHERE})


def test_services_that_are_not_there(bucket: Bucket, tmp_path: Path) -> None:
    """A profile that names a section of services which its file lacks is refused."""
    (tmp_path / "config").write_text("[default]\nservices = mine\n")
    with pytest.raises(InvalidArgumentError, match=r"services 'mine', but .* has no section \[services mine\]"):
        sent(bucket, **KEYS)


def test_a_profile_that_changes(bucket: Bucket, tmp_path: Path) -> None:
    """The file is read again once it is another one."""
    config = tmp_path / "config"
    for region in ("eu-west-1", "eu-west-2"):
        config.write_text(f"[default]\nregion = {region}\nendpoint_url = {bucket.endpoint}\n")
        assert f"/{region}/s3/" in sent(bucket, **KEYS)["authorization"]


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"])
def test_an_endpoint_that_is_empty(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """It is as none, as an option and in the environment: the next one is used, at last that of Amazon."""
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {bucket.endpoint}\n")
    monkeypatch.setenv(variable, "")
    for options in ({}, {"endpoint_url": ""}, {"endpoint": ""}, {"client_kwargs": {"endpoint_url": ""}}):
        assert sent(bucket, **KEYS, **options)["host"]
    (tmp_path / "config").unlink()
    assert sent(bucket, **KEYS, endpoint=bucket.endpoint, endpoint_url="")["host"]
    with pytest.raises(UnreachableError, match=r"the endpoint https://s3\.tests-1\.amazonaws\.com is right"):
        sent(bucket, **KEYS, region="tests-1", client_options={"proxy_url": NOWHERE})
