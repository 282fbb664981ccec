"""Requests to one bucket: each is made until it is answered, or until a time limit; lost answers are settled.

Reading may be repeated at will, so obstore does that. A conditional write may not: repeated blindly, the second one
would be refused by the first one's success. Those are made by a connection that never repeats, and whoever wrote looks
at what is there before writing again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar

from lazyscribe.exception import LazyscribeError
from lazyscribe.store.objects.settings import CLIENTS, Settings, environment
from lazyscribe.store.objects.trouble import Failed, Kind, Refused, Trouble, trouble_of

T = TypeVar("T")

IDENTITY = "lazyscribeid"
"""The name of the metadata that tells who created a file: all stores take letters, some nothing else."""

PART = 8 << 20
"""Bytes of a part of a large upload."""

PARALLEL = 8
"""Parts of one file that travel at the same time."""

PIECE = 256 << 10
"""Bytes of a large file that are taken over at once while it comes: so many for each part are in memory twice."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


class Version(NamedTuple):
    """Which content a key has: what the store calls its ETag and its version or generation."""

    e_tag: str | None
    number: str | None

    def condition(self) -> dict[str, str]:
        """Return the mode of a put that replaces this one only."""
        found = {"e_tag": self.e_tag, "version": self.number}
        return {name: value for name, value in found.items() if value is not None}


class Client:
    """One bucket. Any number of threads may use it; forked children may not.

    Attributes
    ----------
    single
        Whether nobody else writes, so that conditions need not be heeded.
    checked
        The folders in which the bucket was seen to heed conditions.
    """

    def __init__(self, settings: Settings) -> None:
        self._patient = settings.connect(repeat=True)
        self._settings = settings
        self._seconds, self._tries = settings.patience
        self.single = settings.single
        self._denied = False
        self._made_in = {environment()}
        self._by_generation = settings.kind == "GCSStore"  # there equal bytes have equal ETags, and are another version
        self._shown = settings.shown
        self.checked: set[str] = set()

    @cached_property
    def _once(self) -> Any:
        """A connection that repeats nothing; made when something is written."""
        self._made_in.add(environment())
        return self._settings.connect(repeat=False)

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

    # Reading

    def get(self, path: str, known: Version | None = None, **options: Any) -> Any:
        """Return obstore's result; ``None``: there is no such file, `Kind.UNCHANGED`: it still is `known`."""
        import obstore

        if known is not None and known.e_tag is not None and not self._by_generation:
            options["if_none_match"] = known.e_tag
        found = self._try(lambda: obstore.get(self._patient, path, options=options or None))  # type: ignore[arg-type]
        if not isinstance(found, Trouble):
            return found
        if found.kind in (Kind.MISSING, Kind.UNCHANGED):
            return None if found.kind is Kind.MISSING else Kind.UNCHANGED
        raise found.error(self.url(path))

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

    # Writing

    def ask_for_all(self, files: Sequence[tuple[str, bytes, str]]) -> list[Version | Trouble]:
        """Ask once for many new files (path, content, identity) at the same time; `create` takes each answer."""
        import asyncio

        import obstore

        CLIENTS.check(self._shown)
        put = partial(obstore.put_async, self._once, mode="create", use_multipart=False)

        async def put_all() -> list[Any]:
            begun = [put(path, data, attributes={IDENTITY: identity}) for path, data, identity in files]
            return await asyncio.gather(*begun, return_exceptions=True)

        # the errors are forgotten: see `_try`
        found = asyncio.run(put_all())
        return [self._trouble(each) if isinstance(each, Exception) else version_of(each) for each in found]

    def create(self, path: str, data: bytes, identity: str, answer: Version | Trouble | None = None) -> Version:
        """Write a new file; goes on from `answer` if that was asked for already.

        Raises
        ------
        Refused
            There is one.
        Failed
            It is not there, or perhaps it is.
        """

        def settled() -> Version | None:
            found = self.get(path, head=True)
            if found is None:
                return None
            if found.attributes.get(IDENTITY) != identity:
                raise Refused
            return version_of(found.meta)

        if self.single and self.get(path, head=True) is not None:
            raise Refused
        return self._put(path, data, "create", settled, {IDENTITY: identity}, answer)

    def swap(self, path: str, data: bytes, expected: Version | None) -> Version:
        """Replace a file if it still is what was expected; errors as in `create`."""

        def settled() -> Version | None:
            found = self.get(path)
            if found is None:
                if expected is None:
                    return None
                raise Refused(perhaps=True)
            version = version_of(found.meta)
            if found.meta["size"] == len(data) and self.content(found, path) == data:
                return version
            if version == expected:
                return None
            raise Refused(perhaps=True)

        if self.single:
            now = self.get(path, head=True)
            if (None if now is None else version_of(now.meta)) != expected:
                raise Refused
        return self._put(path, data, "create" if expected is None else expected.condition(), settled)

    def _put(
        self,
        path: str,
        data: bytes,
        mode: Any,
        settled: Callable[[], Version | None],
        attributes: dict[str, str] | None = None,
        first: Version | Trouble | None = None,
    ) -> Version:
        """Write under a condition. `settled` looks what is there: ours, nothing of ours (``None``), or `Refused`."""
        import obstore

        if self.single:
            mode = "overwrite"
        lost: Trouble | None = None
        answer: Trouble | None = None
        for number in pauses(self._seconds, self._tries):
            answered = (
                first
                if first is not None
                else self._try(
                    lambda: version_of(
                        obstore.put(self._once, path, data, mode=mode, attributes=attributes, use_multipart=False)
                    )
                )
            )
            first = None
            if not isinstance(answered, Trouble):
                return answered
            answer = answered
            lost = answer if answer.kind is Kind.LOST else lost
            if answer.kind in (Kind.REFUSED, Kind.MISSING) and lost is None and mode != "create":
                raise Refused
            if answer.kind is Kind.FATAL:
                break
            if lost is not None or answer.kind is Kind.REFUSED:  # of what is to be new it is seen whether it is there
                found = self._look(settled, path if number == 1 and lost is None else "")
                if isinstance(found, Version):
                    return found
        assert answer is not None
        if lost is not None:
            raise Failed(lost, perhaps=True)
        if answer.kind is Kind.REFUSED:
            raise Refused
        raise Failed(answer)

    def _look(self, settled: Callable[[], Version | None], suspect: str) -> Version | None:
        """Settle a lost answer; ``None`` too when that cannot be told now.

        Parameters
        ----------
        suspect
            What may turn out to be a folder, since it was refused twice and nothing is there; or ``""``.
        """
        try:
            found = settled()
            if found is None and suspect and next(self.walk(suspect), None) is not None:
                raise Refused(folder=True)
            return found
        except OSError:
            return None

    def upload(
        self, path: str, parts: Callable[[], Iterator[bytes | memoryview]], size: int, claim: tuple[Version, str]
    ) -> Version:
        """Write a large file in parts, over what claims its name; several at once, and no more of it in memory.

        Parameters
        ----------
        parts
            Gives them, from the first one on, each time it is called.
        claim
            The version of what claims it, and the identity of both.
        """
        answer: Trouble | None = None
        for _ in pauses(self._seconds, self._tries):
            found = self._put_parts(path, parts(), claim[1])
            if not isinstance(found, Trouble):
                return found
            answer = found
            if (there := self.replaced(path, size, claim[0])) is not None:
                return there
            if answer.kind not in (Kind.BUSY, Kind.AWAY, Kind.LOST):
                break
        assert answer is not None
        raise Failed(answer)

    def send(self, path: str, parts: Iterator[bytes | memoryview], identity: str) -> Version | None:
        """Write a large file of parts that are still being made; ``None`` if that did not go well, or not all came."""
        found = self._put_parts(path, parts, identity)
        return None if isinstance(found, Trouble) else found

    def _put_parts(self, path: str, parts: Iterator[bytes | memoryview], identity: str) -> Version | Trouble:
        """Write a large file, each part as it is and where it lies."""
        import obstore

        return self._try(
            lambda: version_of(
                obstore.put(
                    self._patient,
                    path,
                    parts,
                    attributes={IDENTITY: identity},
                    use_multipart=True,
                    chunk_size=PART,
                    max_concurrency=PARALLEL,
                )
            )
        )

    def take_back(self, path: str, identity: str) -> None:
        """Remove a file if it is the one of that identity and this can be told now."""
        with suppress(Exception):
            found = self.get(path, head=True)
            if found is not None and found.attributes.get(IDENTITY) == identity:
                self.delete(path)

    def replaced(self, path: str, size: int, claim: Version) -> Version | None:
        """Return the version of a file if all of it has come over what claimed its name; ``None`` too if none tells."""
        try:
            found = self.get(path, head=True)
        except OSError:
            return None
        if found is None or found.meta["size"] != size or version_of(found.meta) == claim:
            return None
        return version_of(found.meta)

    def copy(self, source: str, target: str) -> None:
        """Copy a file over another, within the store."""
        import obstore

        self._done(lambda: obstore.copy(self._patient, source, target), source)

    def delete(self, path: str) -> None:
        """Remove a file; that there is none is no error."""
        import obstore

        found = self._try(lambda: obstore.delete(self._patient, path))
        if isinstance(found, Trouble) and found.kind is not Kind.MISSING:
            raise found.error(self.url(path), "Deleting")

    def discard(self, paths: list[str]) -> None:
        """Remove files together, as far as that is possible."""
        import obstore

        if paths:
            self._try(lambda: obstore.delete(self._patient, paths))


def version_of(meta: Any) -> Version:
    """Return the version that an answer names."""
    return Version(meta["e_tag"], meta["version"])


def pauses(seconds: float, tries: int) -> Iterator[int]:
    """Yield the numbers of tries, waiting longer and longer between them, at random, until there is no time left."""
    start = time.monotonic()
    for number in range(tries + 1):
        yield number
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number))  # noqa: S311 - no secret
        if time.monotonic() - start + pause > seconds:
            return
        time.sleep(pause)
