"""Files of a bucket: created by put-if-absent, swapped by their ETag or generation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, BinaryIO, cast

from lazyscribe.exception import Stale
from lazyscribe.progress import apart
from lazyscribe.store import guards, keys
from lazyscribe.store.base import Token
from lazyscribe.store.objects.asking import Version
from lazyscribe.store.objects.batch import Batch
from lazyscribe.store.objects.fetching import Spans, Target, in_parts
from lazyscribe.store.objects.outgoing import CLAIM, Outgoing
from lazyscribe.store.objects.probe import check_conditions
from lazyscribe.store.objects.reading import ReadingStore
from lazyscribe.store.objects.settings import Settings
from lazyscribe.store.objects.trouble import FOLDER, Failed, Refused, Trouble


class BucketStore(ReadingStore):
    """Files in a bucket that any number of threads, processes and machines may write at once.

    ``create`` stages on this machine and puts the file under the condition that there is none. A large file's name is
    claimed so by a small one, over which its parts are put: until they have all arrived, who reads the name finds the
    small one. ``swap`` puts under the condition that the version is the expected one. An answer that was lost is
    settled by looking: a file carries, as metadata, who created it. ``guard`` holds a lock of this process only, so
    that its threads need not race each other; the conditions exclude all others.

    Before the first write the store is asked whether it heeds conditions, once a process and folder.
    """

    optimistic = True

    def __init__(self, settings: Settings, folder: str) -> None:
        super().__init__(settings, folder)
        self.exclusive = not settings.single

    # Reading

    def _fetch(self, found: Any, path: str, target: Target) -> Spans:
        return in_parts(self._client, found, path, target)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield what the store lists now."""
        start = self._listed(prefix)
        return self._below(start, self._client.walk(start))

    def files_in(self, folder: str) -> Iterator[str]:
        """Yield as `keys` does, asking for one folder only."""
        start = self._listed(folder)
        return self._below(start, self._client.folder(start))

    def _listed(self, prefix: str) -> str:
        return self._path(prefix) if keys.join(prefix) else self._folder

    def _below(self, start: str, paths: Any) -> Iterator[str]:
        cut = len(self._folder) + 1 if self._folder else 0
        return (path[cut:] for path in paths if not start or path.startswith(start + "/"))

    def is_claimed(self, key: str) -> bool:
        """Ask how large it is, and read it only if a claim is as large."""
        path, client = self._path(key), self._client
        if (found := client.get(path, head=True)) is None or found.meta["size"] != len(CLAIM):
            return False
        return (found := client.get(path)) is not None and client.content(found, path) == CLAIM

    # Writing

    def _new_path(self, key: str) -> str:
        """Return the path of a new file; what lies under `.lazyscribe` is called after others, which come first."""
        if not key.startswith(".lazyscribe/"):
            keys.check_sent(key, new=True)
        return self._path(key)

    def _ready(self) -> None:
        check_conditions(self._client, self._settings, self._folder)

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Yield a local temporary file (in memory up to 8 MiB); the block may close it."""
        staged = self._stage(key)
        try:
            yield cast(BinaryIO, staged)
            self._put_new(key, staged)
        finally:
            staged.dispose()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Put many files at the same time; see `Batch`."""
        with Batch(self._stage, self._put_new, self._ask_for_all) as batch:
            yield batch

    def _ask_for_all(self, staged: Mapping[str, Outgoing]) -> dict[str, Version | Trouble]:
        """Ask once for those of the files that go in one piece; return the answers."""
        found = {key: each.small(self._path(key)) for key, each in staged.items() if not self._client.single}
        small = {key: each for key, each in found.items() if each is not None}
        return dict(zip(small, self._client.ask_for_all(list(small.values())), strict=True)) if small else {}

    def _stage(self, key: str) -> Outgoing:
        path = self._new_path(key)
        self._ready()
        return Outgoing(self._client, path)

    def _put_new(self, key: str, staged: Outgoing, answer: Version | Trouble | None = None) -> None:
        """Create a file of what was staged; whatever goes wrong, nothing of it stays if that can be helped.

        Parameters
        ----------
        answer
            What was said when it was asked for with others.
        """
        failed: Failed | None = None
        try:
            staged.deliver(self._path(key), answer)
            return
        except Refused:
            pass
        except Failed as error:
            failed = error
        if failed is not None:
            raise failed.error(self.describe(key))
        raise self._exists(key)

    def swap(self, key: str, data: bytes, expected: Token | None) -> Token:
        """Put under the condition; see `Stale.perhaps` for what a lost answer leaves open."""
        path = self._path(key)
        self._ready()
        failed: Failed | None = None
        perhaps = False
        try:
            return self._client.swap(path, data, cast("Version | None", expected))
        except Refused as error:
            perhaps = error.perhaps
            failed = Failed(FOLDER) if error.folder else None
        except Failed as error:
            failed = error
        if failed is not None:
            if failed.perhaps:
                raise self._unsure(key) from failed.error(self.describe(key))
            raise failed.error(self.describe(key))
        stale: Stale = self._stale(key)
        stale.perhaps = perhaps
        raise stale

    def replace(self, source: str, target: str) -> None:
        """Copy within the store, or by this machine if it does not do that; then remove the source."""
        old, new = self._path(source), self._new_path(target)
        self._ready()
        if old == new:
            if self._client.get(old, head=True) is None:
                raise FileNotFoundError(f"There is no file {self.describe(source)}.")
            return
        if not self._client.copy(old, new):
            self._send_over(source, target)
        self._client.delete(old)

    def _send_over(self, source: str, target: str) -> None:
        """Fetch a file and put it over another; of this, callbacks that follow a save are told nothing."""
        failed: Failed | None = None
        with apart(), self.open(source) as file:
            try:
                self._client.overwrite(self._path(target), file)
            except Failed as error:
                failed = error
        if failed is not None:
            raise failed.error(self.describe(target))

    def delete(self, key: str) -> None:
        """Remove the file."""
        self._client.delete(self._path(key))

    def discard(self, keys: Iterable[str]) -> None:
        """Remove files with as few requests as the store allows, as far as that is possible."""
        self._client.discard([self._path(key) for key in keys])

    def guard(self, key: str) -> AbstractContextManager[None]:
        """Hold a lock of this process."""
        path = self._path(key)
        return guards.hold(f"{self._settings.shown}/{path}", self.describe(key))
