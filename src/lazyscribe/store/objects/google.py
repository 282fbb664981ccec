"""Options for Google Cloud Storage, in the spelling of gcsfs and of obstore."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import Options, accept_endpoint

_NATIVE = ["service_account", "service_account_path", "service_account_key", "base_url", "bearer_token"]
_NATIVE += ["application_credentials", "skip_signature"]
_LIKE_A_PATH = re.compile(r"[/.~\\]|[A-Za-z]:[/\\]|.*\.json$")
_NO_MATTER = ("project", "access", "consistency", "cache_timeout", "check_connection", "default_location", "location")
"""Options of gcsfs that concern making buckets, or what it remembers."""


def understand(options: Options) -> None:
    """Take the options for Google Cloud Storage."""
    options.take_all(_NATIVE, "google_")
    for name in _NO_MATTER:
        options.take(name)
    if options.flag("requester_pays"):
        message = "Buckets whose requester pays are not supported on gs://; leave out 'requester_pays'."
        raise InvalidArgumentError(message, name="requester_pays")
    if (timeout := options.take("requests_timeout", "timeout")) is not None:
        options.settings.client_options["timeout"] = f"{timeout}s"
    token = options.take("token")
    if options.flag("anon") or token == "anon":  # noqa: S105 - this is the word for none
        options.put(skip_signature=True)
    elif token is not None:
        _take_token(options, token)
    options.put(base_url=options.take("endpoint_url"))
    if "base_url" not in options.settings.config and (emulator := os.environ.get("STORAGE_EMULATOR_HOST")):
        options.put(base_url=emulator if "://" in emulator else f"http://{emulator}")
    if "base_url" not in options.settings.config and (named := os.environ.get("GOOGLE_BASE_URL")) is not None:
        options.put(base_url=named or "https://storage.googleapis.com")
    accept_endpoint(options.settings, options.settings.config.get("base_url"))


def _take_token(options: Options, token: Any) -> None:
    """Take what gcsfs calls a token: where credentials come from, a file of them, or themselves."""
    if token in ("google_default", "cloud"):
        return
    if isinstance(token, dict):
        options.put(service_account_key=json.dumps(token))
    elif isinstance(token, (str, os.PathLike)) and _is_file(token):
        options.put(**{_kind_of(Path(token)): os.fspath(token)})
    elif isinstance(token, os.PathLike) or (isinstance(token, str) and _LIKE_A_PATH.match(token)):
        message = f"There is no file {os.fspath(token)!r}; mend 'token', or give an access token itself."
        raise InvalidArgumentError(message, name="token")
    elif isinstance(token, str) and token not in ("cache", "browser"):
        options.put(bearer_token=token)
    else:
        message = (
            "The option 'token' must be 'google_default', 'cloud', 'anon', a file of credentials, what such a file "
            f"holds, or an access token; for a {type(token).__name__} like this, give a credential_provider."
        )
        raise InvalidArgumentError(message, name="token")


def _is_file(token: str | os.PathLike[str]) -> bool:
    try:
        return Path(token).is_file()
    except (OSError, ValueError):
        return False


def _kind_of(path: Path) -> str:
    try:
        kind = json.loads(path.read_bytes()).get("type", "")
    except (ValueError, AttributeError, OSError):
        kind = ""
    return "service_account" if kind == "service_account" else "application_credentials"
