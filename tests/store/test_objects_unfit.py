"""Endpoints, keys and tokens that cannot be meant: each is one error before it is sent, and no secret is shown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.exception import InvalidArgumentError, UnreachableError, UnreadableError
from tests.store.asked import ENVIRONMENT, KEYS, S3, alone, sent, setenv
from tests.store.bucket_server import Bucket, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Bucket]:
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(served: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bucket:
    """A bucket, and an environment that says nothing of any."""
    return alone(served, monkeypatch, tmp_path)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1 :9",
        "foo bar",
        "http://",
        "ftp://x",
        "http://a:99999",
        "http://[::1",
        "http://a\tb",
        "http://é.x",
    ],
)
@pytest.mark.parametrize(
    ("url", "option", "options"),
    [
        (S3, "endpoint_url", KEYS),
        (S3, "AWS_ENDPOINT_URL", KEYS),
        ("gs://bucket/repository.json", "endpoint_url", {"token": "ya29"}),
        ("az://bucket/repository.json", "endpoint", {"account_name": "acc", "anon": True}),
        ("gs://bucket/repository.json", "GOOGLE_BASE_URL", {"token": "ya29"}),
        ("az://bucket/repository.json", "AZURE_STORAGE_ENDPOINT", {"account_name": "acc", "anon": True}),
    ],
)
def test_an_endpoint_that_is_no_url(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, endpoint: str, url: str, option: str, options: dict[str, Any]
) -> None:
    """It is refused by one sentence that shows it."""
    if option.isupper():
        monkeypatch.setenv(option, endpoint)
    else:
        options = {**options, option: endpoint}
    with pytest.raises(InvalidArgumentError, match="is no URL; write it as https://host or http://host:port"):
        sent(bucket, url, **options)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://[::1]:9"])
def test_virtual_addressing_with_a_number(bucket: Bucket, endpoint: str) -> None:
    """No name of a bucket can stand before an address in numbers: that is said."""
    for options in ({"virtual_hosted_style_request": True}, {"config_kwargs": {"s3": {"addressing_style": "virtual"}}}):
        with pytest.raises(InvalidArgumentError, match="addressing style 'path'"):
            sent(bucket, endpoint_url=endpoint, **KEYS, **options)
    assert sent(bucket, endpoint_url=bucket.endpoint, virtual_hosted_style_request="false", **KEYS)["host"]


# What cannot be sent


@pytest.mark.parametrize(
    ("options", "variables", "told"),
    [
        ({"key": "SeCrEt\n", "secret": "s"}, {}, "'key' "),
        ({"key": "Se CrEt", "secret": "s"}, {}, "'key' "),
        ({"key": "k", "secret": "SeCrEt\n"}, {}, "'secret' "),
        ({"key": "k", "secret": " SeCrEt"}, {}, "'secret' "),
        ({**KEYS, "token": "SeCrEt\n"}, {}, "'token' "),
        ({}, {**ENVIRONMENT, "AWS_ACCESS_KEY_ID": "SeCrEt\n"}, "AWS_ACCESS_KEY_ID in the environment "),
        ({}, {**ENVIRONMENT, "AWS_SECRET_ACCESS_KEY": "SeCrEt\r"}, "AWS_SECRET_ACCESS_KEY in the environment "),
        ({}, {**ENVIRONMENT, "AWS_SESSION_TOKEN": "Se\tCrEt"}, "AWS_SESSION_TOKEN in the environment "),
        ({"profile": "bad"}, {}, "aws_access_key_id in the profile 'bad' "),
        ({**KEYS, "region": "SeCrEt\n"}, {}, "'region' "),
        (KEYS, {"AWS_REGION": "SeCrEt\n"}, "'region' "),
    ],
)
def test_keys_with_blanks(
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    options: dict[str, str],
    variables: dict[str, str],
    told: str,
) -> None:
    """A key, a token or a region with a blank or the end of a line is refused by name, and not shown."""
    (tmp_path / "credentials").write_text("[bad]\naws_access_key_id = Se CrEt\naws_secret_access_key = s\n")
    setenv(monkeypatch, AWS_ENDPOINT_URL=bucket.endpoint, **variables)
    with pytest.raises(InvalidArgumentError, match=rf"{told}has a .*; copy it once more") as caught:
        sent(bucket, **options)
    assert "CrEt" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("gs://bucket/repository.json", {"token": "SeCrEt\n"}),
        ("az://box/repository.json", {"account_name": "acc", "token": "SeCrEt\n"}),
        ("az://box/repository.json", {"account_name": "SeCrEt\n", "account_key": "YQ=="}),
        ("az://box/repository.json", {"account_name": "acc", "sas_token": "sv=1&sig=SeCrEt\n"}),
    ],
)
def test_control_characters_elsewhere(bucket: Bucket, url: str, options: dict[str, str]) -> None:
    """So it is for Google's tokens and Azure's."""
    with pytest.raises(InvalidArgumentError, match=r"has a control character.*; copy it once more") as caught:
        sent(bucket, url, **options)
    assert "SeCrEt" not in str(caught.value)


def test_a_panic(bucket: Bucket) -> None:
    """Whatever panics where requests are made is one error that says what to look at, and quotes nothing."""

    def provider() -> dict[str, Any]:
        return {"access_key_id": "SeCrEt\n", "secret_access_key": "s", "token": None, "expires_at": None}

    with pytest.raises(UnreadableError, match="see whether bucket, endpoint, region and keys are right") as caught:
        sent(bucket, endpoint_url=bucket.endpoint, credential_provider=provider)
    assert "unwrap" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


# Azure and Google


@pytest.mark.parametrize(
    ("url", "variable", "options", "asked"),
    [
        ("az", "AZURE_ENDPOINT", {"account_name": "acc", "anon": True}, "acc.blob.core.windows.net"),
        ("az", "AZURE_STORAGE_ENDPOINT", {"account_name": "acc", "anon": True}, "acc.blob.core.windows.net"),
        ("gs", "GOOGLE_BASE_URL", {"token": "ya29"}, "storage.googleapis.com"),
    ],
)
def test_an_endpoint_of_the_environment_that_is_empty(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, url: str, variable: str, options: dict[str, Any], asked: str
) -> None:
    """It is as none: the maker of the store is asked."""
    monkeypatch.setenv(variable, "")
    with pytest.raises(UnreachableError, match=f"the endpoint https://{re.escape(asked)} is right"):
        sent(bucket, f"{url}://bucket/repository.json", client_options={"proxy_url": "http://127.0.0.1:1"}, **options)


ACCOUNT = "AccountName=acc;BlobEndpoint=http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{ACCOUNT};AccuntKey=SeCrEt", r"'AccuntKey' \(did you mean 'AccountKey'\?\)"),
        (f"{ACCOUNT};AccountKey=YQ==;SharedAccesSignature=SeCrEt", "'SharedAccesSignature'"),
        (f"{ACCOUNT};AccountKey;SeCrEtSeCrEtSeCrEt==", "has a part that is none of its own"),
        (f"{ACCOUNT};AccountKey=SeCrEt!", "account key is not in base64.*copy it once more"),
    ],
)
def test_connection_strings_with_faults(bucket: Bucket, text: str, told: str) -> None:
    """A part that is not known is told by its name if that is near one, and never by what may be a value."""
    with pytest.raises(InvalidArgumentError, match=told) as caught:
        sent(bucket, "az://box/repository.json", connection_string=text)
    assert "SeCrEt" not in str(caught.value)


@pytest.mark.parametrize(
    "options", [{"account_key": "SeCrEt!"}, {"credential": "SeCrEt!"}, {"account_key": "YQ"}], ids=str
)
def test_account_keys_that_are_none(bucket: Bucket, options: dict[str, str]) -> None:
    """A key that is not in base64 is called so."""
    with pytest.raises(InvalidArgumentError, match=r"account key is not in base64.*copy it once more") as caught:
        sent(bucket, "az://box/repository.json", account_name="acc", **options)
    assert "SeCrEt" not in str(caught.value)


@pytest.mark.parametrize("token", ["/no/such.json", "no-such.json", "~/no-such", "./no-such", Path("no-such")], ids=str)
def test_a_file_of_credentials_that_is_not_there(bucket: Bucket, token: str | Path) -> None:
    """The error says that the file is not there."""
    with pytest.raises(InvalidArgumentError, match=r"There is no file '.*no.*such.*'; mend 'token'"):
        sent(bucket, "gs://bucket/repository.json", token=token)
