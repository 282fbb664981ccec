"""A bucket on this machine that answers as Amazon and Google document, and, when told to, as they do on bad days.

It heeds ``If-Match`` and ``If-None-Match`` as S3 does, and ``x-goog-if-generation-match`` as Google Cloud Storage does
(XML API). There is no emulator of Google's store that heeds it. Signatures are not checked.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


class Object(NamedTuple):
    """What is kept under a key."""

    data: bytes
    generation: int
    metadata: dict[str, str]

    @property
    def e_tag(self) -> str:
        return f'"{md5(self.data, usedforsecurity=False).hexdigest()}"'


class Fault(NamedTuple):
    """What happens to a request of a method whose path ends so: before it is done, or after, instead of the answer.

    Attributes
    ----------
    status
        0: the connection breaks.
    """

    method: str
    path: str
    status: int
    code: str = ""
    done: bool = False


class Bucket:
    """The objects of one bucket, what was asked, and the faults that are still to come.

    Attributes
    ----------
    sent
        The headers of the last request, in small letters, and its ``query``, ``path`` and ``host``.
    seconds
        How long each answer takes.
    meanwhile
        Called after a request was done whose answer is lost: what others do before it is asked again.
    lenient
        Whether it takes a weak ETag for the strong one.
    spell
        Returns how an ETag is written in the answer to a method.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.objects: dict[str, Object] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent: dict[str, str] = {}
        self.answers: list[int] = []
        self.faults: list[Fault] = []
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.heeds = self.tells_lengths = True
        self.lenient = False
        self.generation = 0
        self.endpoint = ""
        self.seconds = 0.0
        self.meanwhile: Callable[[], object] = lambda: None
        self.spell: Callable[[str, str], str] = lambda method, e_tag: e_tag

    def put(self, key: str, data: bytes, metadata: dict[str, str] | None = None) -> Object:
        with self.lock:
            self.generation += 1
            self.objects[key] = Object(data, self.generation, metadata or {})
            return self.objects[key]

    def fault(self, method: str, key: str) -> Fault | None:
        with self.lock:
            found = next((each for each in self.faults if each.method == method and key.endswith(each.path)), None)
            if found is not None:
                self.faults.remove(found)
            return found

    def count(self, method: str = "") -> int:
        """How many requests there were since the last call."""
        asked, self.asked = self.asked, []
        return sum(each[0].startswith(method) for each in asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one packet, which nobody waits for
    bucket: Bucket

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _handle(self) -> None:
        url = urlsplit(self.path)
        _, _, key = unquote(url.path).lstrip("/").partition("/")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.bucket.asked.append((self.command, key))
        time.sleep(self.bucket.seconds)
        self.bucket.sent = {name.lower(): value for name, value in self.headers.items()}
        self.bucket.sent |= {"query": url.query, "path": url.path}
        whole = self.command == "POST" and "uploadId" in url.query
        copies = "x-amz-copy-source" in self.bucket.sent
        fault = self.bucket.fault(self.command, key + "?complete" * whole + "?copy" * copies)
        if fault is not None and not fault.done:
            self._fail(fault)
            return
        with self.bucket.lock:
            answer = self._answer(key, parse_qs(url.query, keep_blank_values=True), body)
        if fault is not None:
            self.bucket.meanwhile()
            self._fail(fault)
            return
        self._send(*answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815

    def _fail(self, fault: Fault) -> None:
        if fault.status:
            self._send(fault.status, _error(fault.code) if fault.code else b"", {})
        else:
            self.close_connection = True
            self.connection.close()

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.bucket.answers.append(status)
        self.send_response(status)
        length = {"Content-Length": headers.pop("Content-Length", str(len(body)))}
        if not self.bucket.tells_lengths:
            length, body = {"Transfer-Encoding": "chunked"}, b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        for name, value in {**headers, **length}.items():
            self.send_header(name, self.bucket.spell(self.command, value) if name == "ETag" else value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def _answer(self, key: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if not key:
            return (200, self._deleted(body), {}) if "delete" in query else (200, self._listing(query), {})
        found = self.bucket.objects.get(key)
        if "uploads" in query or "uploadId" in query:
            return self._part(key, query, body)
        if self.command == "PUT":
            return self._put(key, found, body)
        if self.command == "DELETE":
            self.bucket.objects.pop(key, None)
            return 204, b"", {}
        if found is None:
            return 404, _error("NoSuchKey"), {}
        headers = _headers(found) | {f"{self._prefix()}{name}": value for name, value in found.metadata.items()}
        if self.headers.get("If-None-Match") == found.e_tag:
            return 304, b"", headers
        if span := self.headers.get("Range"):
            start, end = (int(each) for each in span.removeprefix("bytes=").split("-"))
            headers["Content-Range"] = f"bytes {start}-{end}/{len(found.data)}"
            return 206, found.data[start : end + 1], headers
        return 200, found.data, {**headers, "Content-Length": str(len(found.data))}

    def _prefix(self) -> str:
        return "x-goog-meta-" if "x-goog-request-params" in self.headers or not self._is_s3() else "x-amz-meta-"

    def _is_s3(self) -> bool:
        return "x-amz-date" in self.headers

    def _put(self, key: str, found: Object | None, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if self.bucket.heeds and not self._may_put(found):
            return 412, _error("PreconditionFailed"), {}
        if source := self.headers.get("x-amz-copy-source") or self.headers.get("x-goog-copy-source"):
            old = self.bucket.objects.get(unquote(source).lstrip("/").partition("/")[2])
            if old is None:
                return 404, _error("NoSuchKey"), {}
            body = old.data
        start = self._prefix()
        metadata = {name[len(start) :]: value for name, value in self.headers.items() if name.startswith(start)}
        made = self.bucket.put(key, body, metadata)
        return 200, f"<CopyObjectResult><ETag>{made.e_tag}</ETag></CopyObjectResult>".encode(), _headers(made)

    def _part(self, key: str, query: dict[str, list[str]], body: bytes) -> tuple[int, bytes, dict[str, str]]:
        uploads, number = self.bucket.uploads, query.get("uploadId", [""])[0]
        if "uploads" in query:
            number = f"upload-{len(self.bucket.asked)}"
            uploads[number] = {}
            told = f"<UploadId>{number}</UploadId><Bucket>b</Bucket><Key>{escape(key)}</Key>"
            return 200, f"<InitiateMultipartUploadResult>{told}</InitiateMultipartUploadResult>".encode(), {}
        if self.command == "DELETE":
            uploads.pop(number, None)
            return 204, b"", {}
        if number not in uploads:
            return 404, _error("NoSuchUpload"), {}
        if self.command == "PUT":
            uploads[number][int(query["partNumber"][0])] = body
            return 200, b"", {"ETag": f'"{len(body)}"'}
        made = self.bucket.put(key, b"".join(data for _, data in sorted(uploads.pop(number).items())))
        done = f"<ETag>{made.e_tag}</ETag><Location>l</Location><Bucket>b</Bucket><Key>k</Key>"
        told = f"<CompleteMultipartUploadResult>{done}</CompleteMultipartUploadResult>"
        return 200, told.encode(), {"x-goog-generation": str(made.generation)}

    def _may_put(self, found: Object | None) -> bool:
        generation = self.headers.get("x-goog-if-generation-match")
        if generation is not None:
            return int(generation) == (found.generation if found is not None else 0)
        if self.headers.get("If-None-Match") == "*":
            return found is None
        wanted = self.headers.get("If-Match", "").removeprefix("W/" * self.bucket.lenient) or None
        return wanted is None or (found is not None and wanted == found.e_tag)

    def _deleted(self, body: bytes) -> bytes:
        keys = [part.partition("</Key>")[0] for part in body.decode().split("<Key>")[1:]]
        for key in keys:
            self.bucket.objects.pop(unescape(key), None)
        done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return f"<DeleteResult>{done}</DeleteResult>".encode()

    def _listing(self, query: dict[str, list[str]]) -> bytes:
        prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        keys = sorted(key for key in self.bucket.objects if key.startswith(prefix))
        if delimiter:
            keys = [key for key in keys if delimiter not in key[len(prefix) :]]
        each = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>{self.bucket.objects[key].e_tag}</ETag><Size>{len(self.bucket.objects[key].data)}</Size></Contents>"
            for key in keys
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{each}</ListBucketResult>".encode()


def _headers(found: Object) -> dict[str, str]:
    return {"ETag": found.e_tag, "x-goog-generation": str(found.generation), "Last-Modified": DATE}


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode()


@contextmanager
def serving() -> Iterator[Bucket]:
    """Run the server; the bucket has any name."""
    bucket = Bucket()
    handler = cast("type[BaseHTTPRequestHandler]", type("Handler", (_Handler,), {"bucket": bucket}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    bucket.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
