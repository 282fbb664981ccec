"""Requests to one bucket: each is made until it is answered, or until a time limit; lost answers are settled.

Reading may be repeated at will, so obstore does that. A conditional write may not: repeated blindly, the second one
would be refused by the first one's success. Those are made by a connection that never repeats, and whoever wrote looks
at what is there before writing again. So does who was refused: something on the way may have repeated the write.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, BinaryIO

from lazyscribe.store.objects.asking import Asking, Version, version_of
from lazyscribe.store.objects.settings import CLIENTS, Settings, environment
from lazyscribe.store.objects.trouble import Failed, Kind, Refused, Trouble

IDENTITY = "lazyscribeid"
"""The name of the metadata that tells which write made a file: all stores take letters, some nothing else."""

PART = 8 << 20
"""Bytes of a part of a large upload."""

PARALLEL = 8
"""Parts of one file that travel at the same time."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0


class Client(Asking):
    """One bucket that is written, too.

    Attributes
    ----------
    single
        Whether nobody else writes, so that conditions need not be heeded.
    checked
        The folders in which the bucket was seen to heed conditions.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._seconds, self._tries = settings.patience
        self.single = settings.single
        self.checked: set[str] = set()

    @cached_property
    def _once(self) -> Any:
        """A connection that repeats nothing; made when something is written."""
        self._made_in.add(environment())
        return self._settings.connect(repeat=False)

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

        def settled(_: bool) -> Version | None:
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
        identity = os.urandom(16).hex()

        def settled(lost: bool) -> Version | None:
            found = self.get(path)
            if found is None:
                if expected is None:
                    return None
                raise Refused(perhaps=lost)
            version, there = version_of(found.meta), self.content(found, path)
            if there == data and found.attributes.get(IDENTITY) == identity:
                return version
            if version == expected:
                return None
            raise Refused(perhaps=lost or _is_built_on(data, there), there=version)

        if self.single:
            now = self.get(path, head=True)
            if (None if now is None else version_of(now.meta)) != expected:
                raise Refused
        mode = "create" if expected is None else expected.condition()
        return self._put(path, data, mode, settled, {IDENTITY: identity})

    def _put(
        self,
        path: str,
        data: bytes,
        mode: Any,
        settled: Callable[[bool], Version | None],
        attributes: dict[str, str],
        first: Version | Trouble | None = None,
    ) -> Version:
        """Write under a condition.

        Parameters
        ----------
        settled
            Looks what is there, given whether an answer was lost: ours, nothing of ours (``None``), or `Refused`.
        """
        is_new = mode == "create"
        answer: Trouble | None = None
        lost: Trouble | None = None
        for number in pauses(self._seconds, self._tries):
            answered, first = first or self._put_once(path, data, mode, attributes), None
            if not isinstance(answered, Trouble):
                return answered
            answer = answered
            if answer.kind is Kind.FATAL:
                break
            lost = answer if answer.kind is Kind.LOST else lost
            refused = answer.kind is Kind.REFUSED or (answer.kind is Kind.MISSING and not is_new)
            if lost is None and not refused:
                continue
            try:
                found = settled(lost is not None)
                if found is None and is_new and number == 1 and lost is None:
                    self._refuse_folder(path)
            except OSError:  # that cannot be told now, nor whether a refused request was refused by its own success
                lost = lost or answer
                continue
            if found is not None:
                return found
            if refused and lost is None and not is_new:
                raise Refused
        assert answer is not None
        if lost is not None:
            raise Failed(lost, perhaps=True)
        raise Refused if answer.kind is Kind.REFUSED else Failed(answer)

    def _put_once(self, path: str, data: bytes, mode: Any, attributes: dict[str, str]) -> Version | Trouble:
        import obstore

        mode = "overwrite" if self.single else mode
        put = partial(obstore.put, self._once, path, data, attributes=attributes, mode=mode, use_multipart=False)
        return self._try(lambda: version_of(put()))

    def _refuse_folder(self, path: str) -> None:
        """See whether what was refused twice, and is not there, is a folder."""
        if next(self.walk(path), None) is not None:
            raise Refused(folder=True)

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

    def take_back(self, path: str, size: int, identity: str) -> None:
        """Remove a file if it is the one of that size and identity and this can be told now."""
        with suppress(Exception):
            found = self.get(path, head=True)
            if found is not None and (found.meta["size"], found.attributes.get(IDENTITY)) == (size, identity):
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

    def copy(self, source: str, target: str) -> bool:
        """Have the store copy a file over another; whether it has.

        Azure may answer before it begins, and obstore does not tell, so it is not asked. Others refuse what they cannot
        do at once, as Amazon does above 5 GiB.
        """
        import obstore

        if self._settings.kind == "AzureStore":
            return False
        return not isinstance(self._try(lambda: obstore.copy(self._patient, source, target)), Trouble)

    def overwrite(self, path: str, file: BinaryIO) -> None:
        """Write a file over what is there; until all of it has arrived that stays."""
        size, attributes = file.seek(0, os.SEEK_END), {IDENTITY: os.urandom(16).hex()}
        answer: Trouble | None = None
        for _ in pauses(self._seconds, self._tries):
            file.seek(0)
            if size <= PART:
                found = self._put_once(path, file.read(), "overwrite", attributes)
            else:
                found = self._put_parts(path, iter(partial(file.read, PART), b""), attributes[IDENTITY])
            if not isinstance(found, Trouble):
                return
            answer = found
            if answer.kind is Kind.FATAL:
                break
        assert answer is not None
        raise Failed(answer)

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


def _is_built_on(data: bytes, there: bytes) -> bool:
    """Whether a list in JSON has all of another, and more behind it, as one to which others have added."""
    start = data.rstrip().removesuffix(b"]").rstrip()
    return len(start) > 1 and len(there) > len(data) and there.startswith(start)


def pauses(seconds: float, tries: int) -> Iterator[int]:
    """Yield the numbers of tries, waiting longer and longer between them, at random, until there is no time left."""
    start = time.monotonic()
    for number in range(tries + 1):
        yield number
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number))  # noqa: S311 - no secret
        if time.monotonic() - start + pause > seconds:
            return
        time.sleep(pause)
