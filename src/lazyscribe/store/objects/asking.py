"""Asking a bucket for what is there: obstore repeats a question by itself until it is answered, or for a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from lazyscribe.exception import LazyscribeError, UnreadableError
from lazyscribe.store.objects.settings import CLIENTS, Settings, environment, is_panic
from lazyscribe.store.objects.trouble import Kind, Trouble, trouble_of

T = TypeVar("T")

PIECE = 256 << 10
"""Bytes of a large file that are taken over at once while it comes: so many for each part are in memory twice."""


_PACKINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"})
"""The encodings by which a server sends other bytes than those of the file."""
_PACKED = (".gz", ".tgz", ".svgz", ".z", ".br", ".zst")
"""How the names of files end that are packed by themselves, of which servers say by an encoding what they are."""


class Version(NamedTuple):
    """Which content a key has: what the store calls its ETag and its version or generation."""

    e_tag: str | None
    number: str | None

    def condition(self) -> dict[str, str]:
        """Return the mode of a put that replaces this one only."""
        found = {"e_tag": self.e_tag, "version": self.number}
        return {name: value for name, value in found.items() if value is not None}


def version_of(meta: Any) -> Version:
    """Return the version that an answer names."""
    return Version(meta["e_tag"], meta["version"])


class Asking:
    """One bucket that is read. Any number of threads may use it; forked children may not."""

    def __init__(self, settings: Settings) -> None:
        self._patient = settings.connect(repeat=True)
        self._settings = settings
        self._denied = False
        self._made_in = {environment()}
        self._by_generation = settings.kind == "GCSStore"  # there equal bytes have equal ETags, and are another version
        self._packs = settings.kind == "HTTPStore"  # what lies in a bucket is sent as it was put there
        self._shown = settings.shown

    @property
    def is_stale(self) -> bool:
        """Whether it was denied something, and not all of it was made in the environment that there is now."""
        return self._denied and self._made_in != {environment()}

    def _try(self, action: Callable[[], T]) -> T | Trouble:
        """Do something; the exception itself is forgotten, since it may quote what must not be shown."""
        CLIENTS.check(self._shown)
        try:
            return action()
        except LazyscribeError:
            raise
        except Exception as error:
            return self._trouble(error)
        except BaseException as error:
            if not is_panic(error):
                raise
        return Trouble(
            Kind.FATAL, "such a request cannot be made", "see whether bucket, endpoint, region and keys are right"
        )

    def _trouble(self, error: Exception) -> Trouble:
        found = trouble_of(error)
        self._denied |= found.denied
        return found

    def _done(self, action: Callable[[], T], path: str) -> T:
        """Do something that obstore repeats by itself; what stays wrong is raised."""
        found = self._try(action)
        if isinstance(found, Trouble):
            if found.kind is Kind.MISSING:
                raise FileNotFoundError(f"There is no file {self.url(path)}.")
            raise found.error(self.url(path))
        return found

    def url(self, path: str) -> str:
        """Return a path as a user would write it."""
        return f"{self._shown}/{path}"

    def get(self, path: str, known: Version | None = None, **options: Any) -> Any:
        """Return obstore's result; ``None``: there is no such file, `Kind.UNCHANGED`: it still is `known`.

        Raises
        ------
        UnreadableError
            A web server sends it packed, so that its bytes are others than those of the file.
        """
        import obstore

        if known is not None and known.e_tag is not None and not self._by_generation:
            options["if_none_match"] = known.e_tag
        found = self._try(lambda: obstore.get(self._patient, path, options=options or None))  # type: ignore[arg-type]
        if not isinstance(found, Trouble):
            self._refuse_packed(path, found.attributes.get("Content-Encoding", ""))
            return found
        if found.kind is Kind.MISSING:
            return None
        if found.kind is Kind.UNCHANGED and "if_none_match" in options:
            return found.kind
        raise found.error(self.url(path))

    def _refuse_packed(self, path: str, encoding: str) -> None:
        names = {name.strip().lower() for name in encoding.split(",")}
        if self._packs and (packing := ", ".join(sorted(names & _PACKINGS))) and not path.lower().endswith(_PACKED):
            place = self.url(path)
            message = (
                f"{place} comes packed (Content-Encoding: {packing}), though that was not asked for; have its server "
                "send files as they are, or use the folder or the bucket that is shown there."
            )
            raise UnreadableError(message, path=place)

    def content(self, result: Any, path: str) -> bytes:
        """Return the bytes of a result, all of them."""
        return self._done(lambda: bytes(result.bytes()), path)

    def pieces(self, result: Any, path: str) -> Iterator[bytes]:
        """Yield the bytes of a result as they come."""
        stream = iter(result.stream(PIECE))
        while piece := self._done(lambda: next(stream, b""), path):
            yield piece

    def part(self, path: str, version: Version, start: int, end: int) -> Iterator[bytes]:
        """Yield some bytes of that very version as they come."""
        import obstore

        options: Any = {"range": (start, end)}
        if version.e_tag is not None:
            options["if_match"] = version.e_tag
        return self.pieces(self._done(lambda: obstore.get(self._patient, path, options=options), path), path)

    def walk(self, prefix: str) -> Iterator[str]:
        """Yield every path below a folder."""
        import obstore

        stream = iter(obstore.list(self._patient, prefix or None, chunk_size=1000))
        end: list[Any] = []
        while chunk := self._done(lambda: next(stream, end), prefix):
            for meta in chunk:
                yield meta["path"]

    def folder(self, prefix: str) -> list[str]:
        """Return the paths of the files of one folder."""
        import obstore

        found = self._done(lambda: obstore.list_with_delimiter(self._patient, prefix or None), prefix)
        return [meta["path"] for meta in found["objects"]]
