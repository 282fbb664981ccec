"""Options for S3, in the spelling of s3fs, of boto3 and of obstore."""

from __future__ import annotations

import os
import re
from functools import partial
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import Options, accept_endpoint, flag_of, unfit, words
from lazyscribe.store.objects.profiles import Profile
from lazyscribe.store.objects.signing import take_keys

_NATIVE = words(
    "access_key_id secret_access_key session_token region default_region endpoint skip_signature "
    "checksum_algorithm container_credentials_relative_uri container_credentials_full_uri "
    "container_authorization_token_file copy_if_not_exists disable_tagging disable_bulk_delete imdsv1_fallback "
    "metadata_endpoint request_payer role_arn role_session_name s3_express server_side_encryption "
    "sse_bucket_key_enabled sse_customer_key_base64 sse_kms_key_id sts_endpoint unsigned_payload "
    "virtual_hosted_style_request web_identity_token_file"
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
_NUMBERS = re.compile(r"\[|[\d.]+(?::|/|$)")
"""How a host begins that is an address, not a name."""


def understand(options: Options) -> None:
    """Take the options for S3: what they leave open is found where botocore finds it, and in its order."""
    options.take_all(_NATIVE, "aws_")
    key, secret = options.take("key", "username"), options.take("secret", "password")
    options.put(access_key_id=key, secret_access_key=secret, session_token=options.take("token"))
    options.put(endpoint=options.take("endpoint_url"), request_payer=options.take("requester_pays"))
    options.put(region=options.take("region_name"))
    _take_inner(options)
    anonymous, config, given = options.flag("anon"), options.settings.config, options.take("profile") or None
    profile = Profile(given)
    if anonymous or flag_of("skip_signature", config.get("skip_signature", False)):
        options.put(skip_signature=True)
    elif options.settings.provider is None:
        take_keys(options, profile, given is not None)
    regions = (config.get("region"), config.get("default_region"), *map(os.environ.get, _REGIONS), profile.region)
    options.put(region=next(filter(None, regions), "us-east-1"))
    if not {"root_certificate", "allow_invalid_certificates"} & set(options.settings.client_options):
        options.verify(os.environ.get("AWS_CA_BUNDLE") or None)
    _take_endpoint(options, profile, options.flag("use_ssl"))


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


def _take_endpoint(options: Options, profile: Profile, use_ssl: bool | None) -> None:
    """See to it that there is an endpoint wherever obstore would find another one, and that it has a scheme."""
    config = options.settings.config
    inner = config.pop("use_ssl", None)
    use_ssl = inner if use_ssl is None else use_ssl
    endpoint = config.get("endpoint") or _configured(profile)
    if endpoint is None and (use_ssl is False or any(name in os.environ for name in _ENDPOINTS)):
        endpoint = f"s3.{config['region']}.amazonaws.com"
    if endpoint is None:
        return
    endpoint = str(endpoint)
    if "://" not in endpoint:
        endpoint = f"{'http' if use_ssl is False else 'https'}://{endpoint}"
    accept_endpoint(options.settings, endpoint)
    if flag_of("virtual_hosted_style_request", config.get("virtual_hosted_style_request", False)):
        endpoint = _virtual(endpoint, options.settings.bucket)
    config["endpoint"] = endpoint


def _configured(profile: Profile) -> str | None:
    """Return the endpoint that the environment or else a profile names."""
    if profile.ignores_endpoints:
        return None
    return next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), None) or profile.endpoint


def _virtual(endpoint: str, bucket: str) -> str:
    """Return an endpoint with the bucket before its host."""
    scheme, _, host = endpoint.partition("://")
    if _NUMBERS.match(host):
        message = (
            f"The bucket's name cannot stand before the host of {endpoint}, which is a number; "
            "use the addressing style 'path', or an endpoint with a name."
        )
        raise InvalidArgumentError(message)
    return endpoint if host.startswith(bucket + ".") else f"{scheme}://{bucket}.{host}"
