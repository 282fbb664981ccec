"""Requests signed by hand, for what no client of ours does: making buckets, and being an hour late."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, quote, unquote, urlsplit

EMPTY = hashlib.sha256(b"").hexdigest()
"""The digest of no body."""


def sign_s3(method: str, url: str, headers: Mapping[str, str], key: tuple[str, str], when: datetime) -> dict[str, str]:
    """Return the headers with a signature of S3 (AWS Signature Version 4) of that moment, in the region us-east-1.

    Parameters
    ----------
    headers
        Of these ``host`` and those that begin with ``x-amz-`` are signed; ``x-amz-content-sha256`` must be there.
    key
        The access key and its secret.
    """
    parts, stamp = urlsplit(url), f"{when:%Y%m%dT%H%M%SZ}"
    told = {name.lower(): value for name, value in headers.items()} | {"host": parts.netloc, "x-amz-date": stamp}
    told.pop("authorization", None)
    signed = sorted(name for name in told if name == "host" or name.startswith("x-amz-"))
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    request = "\n".join(
        [
            method,
            quote(unquote(parts.path), safe="/-_.~"),
            query,
            *(f"{name}:{told[name].strip()}" for name in signed),
            "",
            ";".join(signed),
            told["x-amz-content-sha256"],
        ]
    )
    scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    secret = f"AWS4{key[1]}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    told["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key[0]}/{scope}, SignedHeaders={';'.join(signed)}, Signature={signature}"
    )
    return told


def sign_azure(method: str, url: str, account: tuple[str, str]) -> dict[str, str]:
    """Return headers with a signature of Azure (Shared Key) of this moment, for a request without a body.

    Parameters
    ----------
    account
        Its name, which is also the first segment of the path, and its key in base64.
    """
    parts = urlsplit(url)
    told = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": "2021-12-02"}
    lines = [method, *[""] * 11, *(f"{name}:{value}" for name, value in sorted(told.items()))]
    lines.append(f"/{account[0]}{parts.path}")
    lines += [f"{name}:{value}" for name, value in sorted(parse_qsl(parts.query))]
    signature = hmac.digest(base64.b64decode(account[1]), "\n".join(lines).encode(), "sha256")
    return {
        **told,
        "authorization": f"SharedKey {account[0]}:{base64.b64encode(signature).decode()}",
        "content-length": "0",
    }
