"""A proxy between a client and an object store, which can do to a request whatever a network or a busy server does.

``python -m tests.cloud.proxy HOST:PORT SECONDS`` runs one in a process of its own that delays every request; it prints
its address, and ends with its standard input.
"""

import asyncio
import contextlib
import random
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

CODES = {
    **{202: "Accepted", 409: "ConditionalRequestConflict", 412: "PreconditionFailed"},
    **{500: "InternalError", 503: "SlowDown"},
}
"""What S3 calls the answers that are given in the place of the server's."""

CERTIFICATE = Path(__file__).with_name("self-signed.pem")
"""A certificate for 127.0.0.1 with its key, which nobody vouches for; valid until 2126."""


@dataclass
class Request:
    """A request as it came.

    Attributes
    ----------
    number
        From 0 on, since the plan was made.
    status
        Of the answer that the client was sent; 0: none was.
    acted
        Whether the server was asked.
    """

    number: int
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    status: int = 0
    acted: bool = False

    @property
    def key(self) -> str:
        """The path, unquoted."""
        return unquote(urlsplit(self.target).path).lstrip("/")

    @property
    def query(self) -> str:
        """What stands behind the path."""
        return urlsplit(self.target).query

    @property
    def writes(self) -> bool:
        """Whether it is to change something."""
        return self.method in ("PUT", "POST", "DELETE")

    def header(self, name: str) -> str:
        """Return a header, empty if there is none."""
        return next((value for each, value in self.headers if each.lower() == name.lower()), "")


@dataclass(frozen=True)
class Fault:
    """What is done to one request.

    Attributes
    ----------
    seconds
        How long it waits before anything else.
    acted
        Whether the server is asked before the rest.
    status
        Answered in the place of the server.
    cut
        Nothing is answered; the connection ends.
    half
        Half of the answer's body is sent; the connection ends.
    then
        Called at that moment, in a thread of its own.
    change
        May change the request before it is passed on.
    """

    seconds: float = 0
    acted: bool = False
    status: int = 0
    cut: bool = False
    half: bool = False
    then: Callable[[], object] | None = None
    change: Callable[[Request], object] | None = None


Plan = Callable[[Request], Fault | None]
"""Says what is done to a request; ``None``: nothing. Called in the proxy's thread, one request at a time."""

FAULTS = {
    "cut before": Fault(cut=True),
    "cut after": Fault(cut=True, acted=True),
    "half an answer": Fault(half=True, acted=True),
    "409": Fault(status=409),
    "412": Fault(status=412),
    "500": Fault(status=500),
    "503": Fault(status=503),
    "500 after": Fault(status=500, acted=True),
    "503 after": Fault(status=503, acted=True),
    "late": Fault(seconds=0.3),
}
"""The faults that a request may meet by themselves, by name."""


def at(number: int, fault: Fault) -> Plan:
    """Let one request meet a fault."""
    return lambda request: fault if request.number == number else None


def by_chance(chance: random.Random, share: float) -> Plan:
    """Let a share of all requests meet faults, of all kinds; that something is in the way, only writers are told."""
    coming: list[Fault] = []

    def plan(request: Request) -> Fault | None:
        if chance.random() >= share:
            return None
        coming[:] = coming or chance.sample(list(FAULTS.values()), len(FAULTS))
        fault = coming.pop()
        return None if fault.status in (409, 412) and not request.writes else fault

    return plan


class Proxy:
    """Passes requests on to a server, from entering the block on; a thread of its own does so.

    Attributes
    ----------
    log
        Every request since the plan was made, in the order in which they came.
    """

    def __init__(self, upstream: str, plan: Plan = lambda request: None, tls: bool = False) -> None:
        parts = urlsplit(upstream)
        self._upstream, self._path = parts.netloc, parts.path
        self._plan, self._tls = plan, tls
        self.log: list[Request] = []
        self._loop = asyncio.new_event_loop()
        self._port = 0

    @property
    def endpoint(self) -> str:
        """Where clients turn to."""
        return f"http{'s' * self._tls}://127.0.0.1:{self._port}{self._path}"

    @contextlib.contextmanager
    def faults(self, plan: Plan) -> Iterator[list[Request]]:
        """Follow a plan for a while; yield the log, which begins anew."""
        self.log = []
        self._plan = plan
        try:
            yield self.log
        finally:
            self._plan = lambda request: None

    @contextlib.contextmanager
    def counting(self) -> Iterator[list[Request]]:
        """Yield the log of what is requested meanwhile."""
        with self.faults(lambda request: None) as log:
            yield log

    def __enter__(self) -> Self:
        up = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(up,), daemon=True)
        self._thread.start()
        assert up.wait(10)
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _serve(self, up: threading.Event) -> None:
        async def run() -> None:
            self._stop = asyncio.Event()
            context = None
            if self._tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATE)
            server = await asyncio.start_server(self._client, "127.0.0.1", 0, ssl=context, limit=1 << 20)
            self._port = server.sockets[0].getsockname()[1]
            up.set()
            await self._stop.wait()
            server.close()
            await self._loop.shutdown_default_executor()
            while others := [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]:
                for task in others:
                    task.cancel()
                await asyncio.gather(*others, return_exceptions=True)
                await asyncio.sleep(0)  # a connection that was just accepted becomes a task

        self._loop.run_until_complete(run())
        self._loop.close()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = _Upstream(self._upstream)
        try:
            while (request := await self._read(reader)) is not None:
                if not await self._answer(request, server, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client or the server is gone
        finally:
            server.close()
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        head = await _head(reader)
        if head is None:
            return None
        method, target, _ = head[0].split(" ", 2)
        request = Request(len(self.log), method, target, head[1], b"")
        request.body = await _body(reader, request.header, False)
        self.log.append(request)
        request.number = len(self.log) - 1
        return request

    async def _answer(self, request: Request, server: "_Upstream", writer: asyncio.StreamWriter) -> bool:
        """Answer a request, or do what the plan says; whether the connection goes on."""
        fault = self._plan(request) or Fault()
        if fault.change is not None:
            fault.change(request)
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        told = None
        if fault.acted or not (fault.cut or fault.status or fault.then):
            request.acted = True
            told = await server.ask(request)
        if fault.then is not None:
            await asyncio.get_running_loop().run_in_executor(None, fault.then)
        if fault.cut or (told is None and not fault.status):
            return False
        if fault.status:
            told = _error(fault.status, request.method)
        assert told is not None
        head, body = told
        request.status = int(head.split(b" ", 2)[1])
        writer.write(head + (body[: len(body) // 2] if fault.half else body))
        await writer.drain()
        return not fault.half


class _Upstream:
    """A connection to the server, made when needed."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: Request) -> tuple[bytes, bytes] | None:
        """Return head and body of the server's answer; ``None``: it gave none."""
        for _ in range(2):
            kept = self._writer is not None
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                if self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
                self._send(request)
                await self._writer.drain()
                if (head := await _head(self._reader)) is not None:
                    return await self._told(head, request.method)
            self.close()
            if not kept:  # a connection that the server had closed meanwhile says nothing
                return None
        return None

    def _send(self, request: Request) -> None:
        assert self._writer is not None
        skipped = ("transfer-encoding", "content-length", "expect")
        lines = [f"{request.method} {request.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in request.headers if name.lower() not in skipped]
        if request.body or request.method in ("PUT", "POST"):
            lines.append(f"Content-Length: {len(request.body)}")
        self._writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + request.body)

    async def _told(self, head: tuple[str, list[tuple[str, str]]], method: str) -> tuple[bytes, bytes]:
        first, headers = head

        def header(name: str) -> str:
            return next((value for each, value in headers if each.lower() == name), "")

        status = int(first.split(" ", 2)[1])
        body = b""
        if method != "HEAD" and status not in (204, 304):
            body = await _body(self._reader, header, True)
            headers = [each for each in headers if each[0].lower() not in ("transfer-encoding", "content-length")]
            headers.append(("Content-Length", str(len(body))))
        if header("connection").lower() == "close":
            self.close()
        lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
        return "\r\n".join(lines).encode("latin-1"), body

    def close(self) -> None:
        """Leave the server."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


async def _head(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]]] | None:
    """Return the first line and the headers; ``None``: the other side has ended the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1")[:-4].split("\r\n")
    return first, [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]


async def _body(reader: asyncio.StreamReader, header: Callable[[str], str], to_the_end: bool) -> bytes:
    if header("transfer-encoding").lower() == "chunked":
        parts = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            parts.append((await reader.readexactly(size + 2))[:-2])
        await reader.readuntil(b"\r\n")
        return b"".join(parts)
    if length := header("content-length"):
        return await reader.readexactly(int(length))
    return await reader.read() if to_the_end else b""


def _error(status: int, method: str) -> tuple[bytes, bytes]:
    """Return an answer as S3 and Azure give it."""
    code = CODES[status]
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>by the proxy</Message></Error>'
    body = b"" if method == "HEAD" else text.encode()
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nx-ms-error-code: {code}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode(), body


def main() -> None:
    """Delay every request, until nobody writes to us any more."""
    upstream, seconds = sys.argv[1], float(sys.argv[2])
    with Proxy(f"http://{upstream}", lambda request: Fault(seconds=seconds)) as proxy:
        print(proxy.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
