"""Real object stores for the tests, on this machine alone: SeaweedFS, Azurite, and `rclone serve s3`.

Each listens on loopback, on free ports, and has a folder of its own. It ends with the block that started it, and also
with the process that did, however that ends: the kernel sees to it. So start them in a thread that lives on.
"""

import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import uuid
from abc import abstractmethod
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from tests.cloud.signing import EMPTY, sign_azure, sign_s3

ADMIN = ("AKIALAZYSCRIBETESTS1", "a-Secret/of+Tests.1")
READER = ("AKIALAZYSCRIBETESTS2", "a-Secret/of+Tests.2")
ACCOUNT = (
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
)
"""The account that every Azurite has, published in its manual."""

AZURITE = "LAZYSCRIBE_AZURITE"
"""The variable that holds the path of Azurite's program for blobs."""

SECONDS = 60
"""How long a server may take until it answers; on a busy machine it may be long."""

DIES_WITH_US = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""A program that becomes another one, which ends when its parent does (``PR_SET_PDEATHSIG``)."""


class ServerMissing(Exception):
    """A server is not installed, or does not start."""


def free_ports(count: int) -> list[int]:
    """Return ports on which nothing listens, from below those that systems give to clients, so that they stay free."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] * (port not in found)
    return found


def program(name: str) -> str:
    """Return the path of a program that was installed beside this Python."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        raise ServerMissing(f"the program {name!r} is not installed; run the tests by 'make test'.")
    return found


class Server:
    """A server and its one bucket, from entering the block on.

    Attributes
    ----------
    endpoint
        The URL that clients are told.
    """

    bucket: ClassVar[str] = "lazyscribe-tests"
    scheme: ClassVar[str] = "s3"

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, 0
        self._inner: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def endpoint(self) -> str:
        """Where clients turn to."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Return the command that starts it on this port."""

    @abstractmethod
    def make_bucket(self) -> bool:
        """Make the bucket, unless it is there; whether the server could do so by now."""

    @abstractmethod
    def options(self, endpoint: str | None = None) -> dict[str, Any]:
        """Return what `Repository` is given to reach it, there or at another endpoint, as users spell it."""

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """Return the variables that say the same as the options."""

    @abstractmethod
    def raw(self, prefix: str = "", endpoint: str | None = None, **options: Any) -> Any:
        """Return an `obstore` store of a folder in the bucket, with nothing of ours between."""

    def new_folder(self, name: str = "t") -> str:
        """Return the URL of a folder in which nothing is yet."""
        return f"{self.scheme}://{self.bucket}/{name}-{uuid.uuid4().hex[:12]}"

    def start(self) -> None:
        """Start it, on the port that it had before if it had one, and wait until it answers."""
        for _ in range(1 if self._port else 5):
            port = self._port or free_ports(1)[0]
            command = [sys.executable, "-c", DIES_WITH_US, str(os.getpid()), *self.command(port)]
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self._port = port
            if self._wait():
                return
            self.kill()
            self._port = 0
        told = (self._folder / "log").read_text("utf-8", "replace")[-2000:]
        raise ServerMissing(f"{type(self).__name__} did not start; its last words are:\n{told}")

    def _wait(self) -> bool:
        assert self._process is not None
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with suppress(OSError, http.client.HTTPException):
                if self.make_bucket():
                    return True
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()


def status_of(method: str, url: str, headers: dict[str, str]) -> int:
    """Send a request without a body; return the status of the answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def text_of(url: str) -> bytes:
    """Return what is there."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().read()
    finally:
        connection.close()


class S3Server(Server):
    """What speaks S3."""

    key: ClassVar[tuple[str, str]] = ADMIN

    def options(self, endpoint: str | None = None, key: tuple[str, str] | None = None) -> dict[str, Any]:
        name, secret = key or self.key
        return {"endpoint_url": endpoint or self.endpoint, "key": name, "secret": secret}

    def environment(self) -> dict[str, str]:
        name, secret = self.key
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": secret}

    def raw(self, prefix: str = "", endpoint: str | None = None, **options: Any) -> Any:
        from obstore.store import S3Store

        return S3Store(
            self.bucket,
            prefix=prefix or None,
            endpoint=endpoint or self.endpoint,
            access_key_id=self.key[0],
            secret_access_key=self.key[1],
            region="us-east-1",
            virtual_hosted_style_request=False,
            client_options={"allow_http": True},
            **options,
        )

    def make_bucket(self) -> bool:
        return self._put(self.bucket) in (200, 409)

    def _put(self, key: str) -> int:
        url = f"{self.endpoint}/{key}"
        headers = sign_s3("PUT", url, {"x-amz-content-sha256": EMPTY}, self.key, datetime.now(UTC))
        return status_of("PUT", url, headers)


class SeaweedFS(S3Server):
    """SeaweedFS, all of it in one process; honours conditions. `READER` may read and list, no more."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        may = {ADMIN: ["Admin", "Read", "Write", "List"], READER: ["Read", "List"]}
        identities = [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": secret}], "actions": actions}
            for (name, secret), actions in may.items()
        ]
        (folder / "s3.json").write_text(json.dumps({"identities": identities}), "utf-8")
        (folder / "data").mkdir()

    def make_bucket(self) -> bool:
        """Make it, and wait until objects have a place: after a start their volumes are not known at once."""
        return super().make_bucket() and self._put(f"{self.bucket}/ready") == 200 and self._volumes_known()

    def _volumes_known(self) -> bool:
        found = json.loads(text_of(f"http://127.0.0.1:{self._inner[0]}/vol/status"))["Volumes"]["DataCenters"]
        known = [each for racks in found.values() for nodes in racks.values() for each in nodes.values()]
        return sum(len(volumes or ()) for volumes in known) >= len(list((self._folder / "data").glob("*.dat")))

    def command(self, port: int) -> list[str]:
        self._inner = free_ports(7)  # new ones each time: a master that comes back to its port waits for an election
        master, master_rpc, volume, volume_rpc, filer, filer_rpc, s3_rpc = self._inner
        flags = {
            "dir": self._folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": master,
            "master.port.grpc": master_rpc,
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 256,
            "volume.port": volume,
            "volume.port.grpc": volume_rpc,
            "volume.max": 60,
            "volume.minFreeSpace": "64MiB",  # by itself it takes nothing more once 1 % of the disk is left
            "filer": "true",
            "filer.port": filer,
            "filer.port.grpc": filer_rpc,
            "filer.localSocket": self._folder / "filer.sock",
            "s3": "true",
            "s3.port": port,
            "s3.port.grpc": s3_rpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": self._folder / "s3.json",
            "s3.iam": "false",
            "s3.autoCreateBucket": "false",
            "s3.localSocket": self._folder / "s3.sock",
        }
        return [program("weed"), "-logtostderr=true", "server", *(f"-{name}={value}" for name, value in flags.items())]


class Rclone(S3Server):
    """``rclone serve s3`` of a local folder: takes conditions, and ignores them."""

    def command(self, port: int) -> list[str]:
        root = self._folder / "root"
        (root / self.bucket).mkdir(parents=True, exist_ok=True)
        key = ",".join(self.key)
        return [program("rclone"), "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", key, str(root)]


class Azurite(Server):
    """Azurite, Microsoft's own emulator of Azure's blobs, run by node."""

    scheme = "az"

    @property
    def endpoint(self) -> str:
        return f"{super().endpoint}/{ACCOUNT[0]}"

    def command(self, port: int) -> list[str]:
        node, main = shutil.which("node"), os.environ.get(AZURITE, "")
        if node is None:
            raise ServerMissing("Azurite needs node, which is not installed.")
        if not Path(main).is_file():
            raise ServerMissing(f"{AZURITE} does not name Azurite's program; run the tests by 'make test'.")
        where = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(self._folder)]
        return [node, main, *where, "--silent", "--disableTelemetry", "--skipApiVersionCheck"]

    def make_bucket(self) -> bool:
        url = f"{self.endpoint}/{self.bucket}?restype=container"
        return status_of("PUT", url, sign_azure("PUT", url, ACCOUNT)) in (201, 409)

    def options(self, endpoint: str | None = None) -> dict[str, Any]:
        name, key = ACCOUNT
        address = endpoint or self.endpoint
        scheme = urlsplit(address).scheme
        told = f"DefaultEndpointsProtocol={scheme};AccountName={name};AccountKey={key};BlobEndpoint={address};"
        return {"connection_string": told}

    def environment(self) -> dict[str, str]:
        return {"AZURE_STORAGE_CONNECTION_STRING": self.options()["connection_string"]}

    def raw(self, prefix: str = "", endpoint: str | None = None, **options: Any) -> Any:
        from obstore.store import AzureStore

        return AzureStore(
            self.bucket,
            prefix=prefix or None,
            endpoint=endpoint or self.endpoint,
            account_name=ACCOUNT[0],
            account_key=ACCOUNT[1],
            client_options={"allow_http": True},
            **options,
        )
