"""The half of a repository that takes artifacts of experiments over, and tells where versions come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from lazyscribe.lookup import Match, Version, VersionReader
from lazyscribe.rows import Note

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.draft import Source
    from lazyscribe.experiment import Experiment
    from lazyscribe.lineage import Lineage
    from lazyscribe.repository import Repository
    from lazyscribe.rows import Row


class Promoting(VersionReader):
    """Versions and where they come from."""

    _sources: dict[int, Source]

    @property
    def _promoted(self) -> list[tuple[Artifact, Experiment]]:
        """The new versions that come from experiments."""
        found: list[tuple[Artifact, Experiment]] = self.__dict__.setdefault("_promoted_", [])
        return found

    def _accept(self, artifact: Artifact, experiment: Experiment) -> None:
        """Take a version over from an experiment; see `Experiment.promote_artifact`."""
        from lazyscribe.promotion import promote, source_of

        home, folder = experiment._home()
        with self._lock:
            source = None if artifact.dirty else source_of(artifact, home.store, f"{folder}/{artifact.fname}")
            promote(cast("Repository", self), artifact, source, experiment)

    def _notes(self, rows: Iterable[Row[Artifact]]) -> Iterator[Note]:
        from lazyscribe.origins import origin_note

        comes_from = {id(artifact): experiment for artifact, experiment in self._promoted}
        for draft in (draft for row in rows if comes_from for draft in row.drafts):
            if (experiment := comes_from.get(id(draft.artifact))) is not None:
                yield Note(*origin_note(self._location, draft.record, draft.sha256, experiment), [draft])

    def _saved(self) -> None:
        """Tell the experiments that versions come from of what was saved."""
        from lazyscribe.origins import tell_experiment

        done = [(artifact, experiment) for artifact, experiment in self._promoted if not artifact.dirty]
        self._promoted[:] = [each for each in self._promoted if each[0].dirty and each[0] in self._records]
        for artifact, experiment in done:
            tell_experiment(self._location, self.fpath.name, artifact, experiment)

    def lineage(self, name: str, version: Version = None, match: Match = "exact") -> Lineage:
        """Return where a version comes from: the experiment, what it depends on, and what else came of those.

        Only what was promoted has an experiment; one that cannot be found now is told as it was then. Reads the files
        of the projects, and no artifacts. ``str()`` of the answer is a text; errors as `load_artifact`.
        """
        from lazyscribe.lineage import lineage_of

        return lineage_of(self._location, self.fpath.name, self._search_artifact_versions(name, version, match))
