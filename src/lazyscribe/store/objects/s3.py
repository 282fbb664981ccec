"""Options for S3, in the spelling of s3fs and of obstore, and the profiles of ``~/.aws``."""

from __future__ import annotations

import os
from configparser import ConfigParser
from configparser import Error as ConfigError
from functools import partial
from pathlib import Path
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import Options, accept_endpoint, flag_of, unfit, words

_NATIVE = words(
    "access_key_id secret_access_key session_token region default_region endpoint skip_signature "
    "checksum_algorithm container_credentials_relative_uri container_credentials_full_uri "
    "container_authorization_token_file copy_if_not_exists disable_tagging disable_bulk_delete imdsv1_fallback "
    "metadata_endpoint request_payer role_arn role_session_name s3_express server_side_encryption "
    "sse_bucket_key_enabled sse_customer_key_base64 sse_kms_key_id sts_endpoint unsigned_payload "
    "virtual_hosted_style_request web_identity_token_file"
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def understand(options: Options) -> None:
    """Take the options for S3.

    What is given goes before a profile that is given, that before the environment, that before other profiles.
    """
    options.take_all(_NATIVE, "aws_")
    key, secret = options.take("key", "username"), options.take("secret", "password")
    options.put(access_key_id=key, secret_access_key=secret, session_token=options.take("token"))
    options.put(endpoint=options.take("endpoint_url"), request_payer=options.take("requester_pays"))
    _take_inner(options)
    anonymous = options.flag("anon")
    if anonymous or flag_of("skip_signature", options.settings.config.get("skip_signature", False)):
        options.put(skip_signature=True)
    else:
        _take_profile(options)
    if not {"root_certificate", "allow_invalid_certificates"} & set(options.settings.client_options):
        options.verify(os.environ.get("AWS_CA_BUNDLE") or None)
    _take_encryption(options, options.flag("use_ssl"))


def _take_inner(options: Options) -> None:
    """Take those that s3fs hands on to botocore."""
    config = options.settings.config
    put, client = options.put, options.settings.client_options
    options.inside(
        "client_kwargs",
        {
            "endpoint_url": lambda value: put(endpoint=value),
            "region_name": lambda value: put(region=value),
            "aws_access_key_id": lambda value: put(access_key_id=value),
            "aws_secret_access_key": lambda value: put(secret_access_key=value),
            "aws_session_token": lambda value: put(session_token=value),
            "verify": options.verify,
            "use_ssl": lambda value: options.settings.config.setdefault("use_ssl", flag_of("use_ssl", value)),
        },
    )
    options.inside(
        "config_kwargs",
        {
            "connect_timeout": lambda value: client.update(connect_timeout=f"{value}s"),
            "read_timeout": lambda value: client.update(read_timeout=f"{value}s"),
            "region_name": lambda value: put(region=value),
            "s3": lambda value: options.each("s3", value, {"addressing_style": partial(_take_style, config)}),
            "signature_version": partial(_take_signature, options),
        },
    )
    options.inside(
        "s3_additional_kwargs",
        {
            "ServerSideEncryption": lambda value: put(server_side_encryption=value),
            "SSEKMSKeyId": lambda value: put(sse_kms_key_id=value),
        },
    )


def _take_style(config: dict[str, Any], value: Any) -> None:
    if value not in ("auto", "path", "virtual"):
        raise unfit("addressing_style", "'auto', 'path' or 'virtual'", value)
    config["virtual_hosted_style_request"] = value == "virtual"


def _take_signature(options: Options, value: Any) -> None:
    """Take how requests are signed: in the one way that there is, or, as botocore's ``UNSIGNED`` says, not at all."""
    kind = value if isinstance(value, type) else type(value)
    if value == "unsigned" or (kind.__name__ == "UNSIGNED" and kind.__module__.partition(".")[0] == "botocore"):
        options.put(skip_signature=True)
    elif value not in ("s3v4", "v4"):
        raise unfit("signature_version", "'s3v4' or 'unsigned'", value)


def _take_encryption(options: Options, use_ssl: Any) -> None:
    """See to it that the endpoint has a scheme, and that one without encryption is allowed if the user wants it."""
    config = options.settings.config
    inner = config.pop("use_ssl", None)
    use_ssl = inner if use_ssl is None else use_ssl
    from_environment = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None)
    endpoint = config.get("endpoint") or from_environment
    if endpoint is None and use_ssl is False:
        region = config.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        endpoint = f"s3.{region or 'us-east-1'}.amazonaws.com"
    if endpoint is not None:
        if "://" not in endpoint:
            endpoint = f"{'http' if use_ssl is False else 'https'}://{endpoint}"
        config["endpoint"] = endpoint
        if config.get("virtual_hosted_style_request"):
            scheme, _, host = endpoint.partition("://")
            bucket = options.settings.bucket
            config["endpoint"] = endpoint if host.startswith(bucket + ".") else f"{scheme}://{bucket}.{host}"
    accept_endpoint(options.settings, endpoint)


def _take_profile(options: Options) -> None:
    """Fill in what only a profile of ``~/.aws`` says."""
    given = options.take("profile")
    config = options.settings.config
    if "access_key_id" in config or options.settings.provider is not None:
        return
    named = given or os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE")
    if given is None and os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    found = _profile(named or "default")
    if named is not None and not found:
        message = (
            f"There is no profile {named!r} in {_file('credentials')} or {_file('config')}; add it, or name another."
        )
        raise InvalidArgumentError(message, profile=named)
    if "aws_access_key_id" in found:
        options.put(
            access_key_id=found["aws_access_key_id"],
            secret_access_key=found.get("aws_secret_access_key"),
            session_token=found.get("aws_session_token"),
        )
    elif given is not None:
        message = (
            f"The profile {named!r} holds no aws_access_key_id, and other ways to credentials than that are not read; "
            "give a credential_provider (obstore.auth.boto3 has one for boto3 sessions)."
        )
        raise InvalidArgumentError(message, profile=named)
    for ours, theirs, variables in (
        ("region", "region", ("AWS_REGION", "AWS_DEFAULT_REGION")),
        ("endpoint", "endpoint_url", _ENDPOINTS),
    ):
        if theirs in found and ours not in config and (given or not any(map(os.environ.get, variables))):
            config[ours] = found[theirs]


def _file(name: str) -> Path:
    variable = {"credentials": "AWS_SHARED_CREDENTIALS_FILE", "config": "AWS_CONFIG_FILE"}[name]
    return Path(os.environ.get(variable) or f"~/.aws/{name}").expanduser()


def _profile(name: str) -> dict[str, str]:
    """Return what both files say of a profile; the one for credentials goes first."""
    found: dict[str, str] = {}
    for kind, section in (("credentials", name), ("config", name if name == "default" else f"profile {name}")):
        parser = ConfigParser(interpolation=None)
        unreadable = False
        try:
            parser.read(_file(kind), encoding="utf-8")
        except (ConfigError, UnicodeDecodeError, OSError):  # whose texts quote the lines, secrets and all
            unreadable = True
        if unreadable:
            message = f"{_file(kind)} cannot be read as an ini file; mend it, or give key and secret as options."
            raise InvalidArgumentError(message, path=str(_file(kind)))
        if parser.has_section(section):
            found = {**parser[section], **found}
    return found
