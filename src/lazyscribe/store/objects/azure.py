"""Options for Azure Blob Storage, in the spelling of adlfs and of obstore."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from lazyscribe.exception import InvalidArgumentError
from lazyscribe.store.objects.options import Options, accept_endpoint, words

_NATIVE = words(
    "account_name account_key access_key client_id client_secret tenant_id authority_host sas_key token "
    "use_emulator use_fabric_endpoint encryption_key endpoint msi_endpoint object_id msi_resource_id "
    "federated_token_file use_azure_cli skip_signature disable_tagging credential_type "
    "fabric_token_service_url fabric_workload_host fabric_session_token fabric_cluster_identifier"
)
_NO_MATTER = ("request_session", "socket_timeout", "location_mode", "assume_container_exists")
_PARTS = words(
    "AccountName AccountKey SharedAccessSignature BlobEndpoint EndpointSuffix DefaultEndpointsProtocol "
    "UseDevelopmentStorage DevelopmentStorageProxyUri QueueEndpoint TableEndpoint FileEndpoint DfsEndpoint WebEndpoint "
    "BlobSecondaryEndpoint QueueSecondaryEndpoint TableSecondaryEndpoint FileSecondaryEndpoint"
)
_ENDPOINTS = ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")
_SCOPE = "https://storage.azure.com/.default"


def understand(options: Options) -> None:
    """Take the options for Azure."""
    options.take_all(_NATIVE, "azure_storage_")
    for name in _NO_MATTER:
        options.take(name)
    connection = options.take("connection_string") or (
        os.environ.get("AZURE_STORAGE_CONNECTION_STRING") if not options.settings.config else None
    )
    if connection is not None:
        _take_connection(options, str(connection))
    if (sas := options.take("sas_token")) is not None:
        options.put(sas_key=str(sas).removeprefix("?"))
    if (credential := options.take("credential")) is not None:
        _take_credential(options, credential)
    if (host := options.take("account_host")) is not None:
        options.put(endpoint=f"https://{host}")
    if options.flag("anon"):
        options.put(skip_signature=True)
    if options.settings.config.get("use_emulator"):
        options.settings.client_options.setdefault("allow_http", True)
    else:
        options.put(endpoint=_endpoint(options.settings.config))
    accept_endpoint(options.settings, options.settings.config.get("endpoint"))


def _endpoint(config: dict[str, Any]) -> str | None:
    """Return the endpoint, if an option or the environment names one; a name without a value is as none."""
    found = config.get("endpoint") or next(filter(None, map(os.environ.get, _ENDPOINTS)), None)
    account = config.get("account_name") or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME")
    if found is None and account and any(name in os.environ for name in _ENDPOINTS):
        return f"https://{account}.blob.core.windows.net"
    return found


def account_of(host: str) -> tuple[str, str]:
    """Return container and account of ``container@account.dfs.core.windows.net``; a plain name has no account."""
    container, _, account = host.partition("@")
    return container, account.partition(".")[0]


def _take_connection(options: Options, text: str) -> None:
    """Take the parts of a connection string, as the portal shows it."""
    parts = dict(part.partition("=")[::2] for part in text.split(";") if part.strip())
    named = {name.strip().lower(): value.strip() for name, value in parts.items()}
    if named.get("usedevelopmentstorage", "").lower() == "true":
        options.put(use_emulator=True, account_name="devstoreaccount1")
        return
    if not {"accountname", "blobendpoint"} & set(named):
        message = "The connection string names neither AccountName nor BlobEndpoint; copy it from the portal once more."
        raise InvalidArgumentError(message, name="connection_string")
    _refuse_others(list(parts))
    options.put(account_name=named.get("accountname"), account_key=named.get("accountkey"))
    if signature := named.get("sharedaccesssignature"):
        options.put(sas_key=signature.removeprefix("?"))
    endpoint = named.get("blobendpoint")
    if endpoint is None and (suffix := named.get("endpointsuffix")):
        scheme = named.get("defaultendpointsprotocol", "https")
        endpoint = f"{scheme}://{named['accountname']}.blob.{suffix}"
    options.put(endpoint=endpoint.rstrip("/") if endpoint else None)


def _refuse_others(names: list[str]) -> None:
    """Refuse what is no part of a connection string; it is shown if it is near one, since else it may be a value."""
    from difflib import get_close_matches

    known = {part.lower(): part for part in _PARTS}
    for name in (each.strip() for each in names):
        if name.lower() in known:
            continue
        close = get_close_matches(name.lower(), known, n=1, cutoff=0.8)
        what = f"{name!r} (did you mean {known[close[0]]!r}?)" if close else "a part that is none of its own"
        message = f"The connection string has {what}; copy it from the portal once more."
        raise InvalidArgumentError(message, name="connection_string")


def _take_credential(options: Options, credential: Any) -> None:
    """Take a key, a signature, or an object of azure-identity."""
    if isinstance(credential, str):
        is_signature = "sig=" in credential
        options.put(**{"sas_key" if is_signature else "account_key": credential.removeprefix("?")})
    elif hasattr(credential, "get_token"):
        options.settings.provider = _Tokens(credential)
    else:
        message = (
            f"The option 'credential' is a {type(credential).__name__}; give a key, a signature, or an object that has "
            "'get_token' and is not asynchronous."
        )
        raise InvalidArgumentError(message, name="credential")


class _Tokens:
    """Gives obstore the tokens of an object of azure-identity."""

    def __init__(self, credential: Any) -> None:
        self._credential = credential

    def __call__(self) -> dict[str, Any]:
        token = self._credential.get_token(_SCOPE)
        return {"token": token.token, "expires_at": datetime.fromtimestamp(token.expires_on, UTC)}
