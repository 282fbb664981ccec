"""What tells one bucket from another, whatever it is called and whoever asks for it."""

from __future__ import annotations

import os
import re

from lazyscribe.store.objects.settings import Settings

_OPTION = {"S3Store": "endpoint", "GCSStore": "base_url", "AzureStore": "endpoint"}
_OF_THE_MAKER = re.compile(r"(?:.*\.)?amazonaws\.com|storage\.googleapis\.com")
"""Hosts that are asked if no endpoint is given; there a name belongs to one bucket of the world."""
_OF_AN_ACCOUNT = re.compile(r"([^./]+)\.(?:blob|dfs)\.core\.windows\.net")


def address_of(settings: Settings) -> tuple[str, str, str, str]:
    """Return the kind of store, its host if that is not its maker's, the account there, and the bucket."""
    endpoint, account = str(settings.config.get(_OPTION.get(settings.kind, ""), "")), ""
    if settings.kind == "AzureStore":
        account = settings.config.get("account_name") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME") or ""
        endpoint = endpoint or os.environ.get("AZURE_STORAGE_ENDPOINT") or os.environ.get("AZURE_ENDPOINT") or ""
        if settings.config.get("use_emulator"):
            account, endpoint = account or "devstoreaccount1", endpoint or "http://127.0.0.1:10000/devstoreaccount1"
    host = (endpoint.partition("://")[2] or endpoint).rstrip("/").lower()
    if named := _OF_AN_ACCOUNT.fullmatch(host):
        account, host = named.group(1), ""
    if _OF_THE_MAKER.fullmatch(host):
        host = ""
    return settings.kind, host.removeprefix(f"{settings.bucket}."), account, settings.bucket
