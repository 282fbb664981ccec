"""The files of versions, as they are: nothing is made of what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from lazyscribe.exception import ArtifactFileMissingError

if TYPE_CHECKING:
    from lazyscribe.place import Place


class Opening:
    """What has versions, each with a file."""

    _location: Place
    _search_artifact_versions: Any

    @contextmanager
    def open_artifact(
        self, name: str, version: Any = None, match: Literal["exact", "asof"] = "exact"
    ) -> Iterator[BinaryIO]:
        """Yield the file of a version, open for reading, its digest checked.

        No handler is asked, so nothing in the file is run, whatever the level of trust. Parameters as `load_artifact`.

        Raises
        ------
        CorruptArtifactError
            The digest is not the one that was saved; of a file that is too large to be held in memory and is written
            to meanwhile on leaving the block.
        FileNotFoundError
            The file is not there, or not saved yet. Others as `load_artifact`.
        """
        from lazyscribe.reading import checked_file
        from lazyscribe.store.keys import join

        artifact = self._search_artifact_versions(name, version, match)
        if artifact.dirty:
            message = f"The artifact {name!r} is not saved yet, so it has no file; call save() before opening it."
            raise ArtifactFileMissingError(message, name=name)
        with checked_file(self._location.store, join(artifact.name, artifact.fname), artifact) as buf:
            yield buf
