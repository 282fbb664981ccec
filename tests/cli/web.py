"""A web server that hands out a folder, and may keep whoever asks for an artifact waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class _Handler(SimpleHTTPRequestHandler):
    asked: threading.Event
    answered: threading.Event
    listing: bool

    def do_GET(self) -> None:
        if "/model/" in self.path and ".lazyscribe" not in self.path:
            self.asked.set()
            self.answered.wait(60)
        super().do_GET()

    def list_directory(self, path: Any) -> Any:
        """Show a folder as a page of links, or say that there is none."""
        if self.listing:
            return super().list_directory(path)
        self.send_error(404)
        return None

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Web:
    """Attributes
    ----------
    url
        Of the folder.
    asked
        Is set once somebody has asked for a file of ``model``.
    answered
        Until it is set, those wait.
    """

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked, self.answered = threading.Event(), threading.Event()


@contextmanager
def served(folder: Path, waiting: bool = False, listing: bool = True) -> Iterator[Web]:
    """Hand out the folder within the block."""
    handler = type("Handler", (_Handler,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder)) as server:
        web = Web(server.server_address[1])
        handler.asked, handler.answered, handler.listing = web.asked, web.answered, listing
        if not waiting:
            web.answered.set()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield web
        finally:
            web.answered.set()
            server.shutdown()
