"""Where a version comes from: the experiment, those that it depends on, and the versions that came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from lazyscribe._dates import shown, to_text
from lazyscribe.codec.heads import EXPERIMENTS
from lazyscribe.codec.texts import Texts
from lazyscribe.exception import LazyscribeError
from lazyscribe.facts import read_facts
from lazyscribe.manifest import Manifest
from lazyscribe.origins import Promotion, origin_of, promotions_at
from lazyscribe.place import Place
from lazyscribe.provenance import Provenance, of_run
from lazyscribe.registry import registry
from lazyscribe.runs import read_run
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact
    from lazyscribe.codec.heads import ExperimentHead


class Ancestor(NamedTuple):
    """An experiment that something comes from.

    Attributes
    ----------
    project
        The project's file, as a user would write it.
    name, author, created_at
        ``None`` where the experiment is not there.
    provenance
        How it ran; ``None`` where that is not known.
    promotions
        The versions that its artifacts have become.
    depends_on
        The experiments that it depends on.
    missing
        What keeps it from being looked at; ``None`` if it is there.
    seen
        Whether it stands elsewhere in the same lineage already, with all that is said of it.
    """

    project: str
    slug: str
    name: str | None = None
    author: str | None = None
    created_at: str | None = None
    provenance: Provenance | None = None
    promotions: tuple[Promotion, ...] = ()
    depends_on: tuple[Ancestor, ...] = ()
    missing: str | None = None
    seen: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain objects."""
        told = self._asdict()
        told["provenance"] = self.provenance._asdict() if self.provenance is not None else None
        told["promotions"] = [each._asdict() for each in self.promotions]
        told["depends_on"] = [each.to_dict() for each in self.depends_on]
        return told

    def lines(self) -> Iterator[str]:
        """Yield what is to be read, line by line."""
        if self.missing is not None:
            yield f"experiment {self.slug} of {self.project}, which is not there: {self.missing}"
            return
        yield f"experiment {self.slug} of {self.project}" + (" (see above)" if self.seen else "")
        if self.seen:
            return
        if self.created_at is not None:
            yield f"  logged by {self.author} at {shown(self.created_at)}"
        if self.provenance is not None:
            yield f"  {self.provenance}"
        for each in self.promotions:
            yield f"  artifact {each.artifact!r} became version {each.version} of {each.name!r} in {each.repository}"
        for upstream in self.depends_on:
            first, *others = upstream.lines()
            yield f"  depends on {first}"
            yield from (f"  {line}" for line in others)


class Lineage(NamedTuple):
    """Where a version comes from; `str()` gives a text.

    Attributes
    ----------
    sha256
        ``None`` where the digest is not known.
    artifact
        What it was in the experiment.
    experiment
        ``None``: it was logged to the repository, or it is not known that it was promoted.
    """

    repository: str
    name: str
    version: int
    created_at: str
    sha256: str | None
    artifact: str | None
    experiment: Ancestor | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain objects."""
        return {**self._asdict(), "experiment": self.experiment.to_dict() if self.experiment is not None else None}

    def __str__(self) -> str:
        lines = [f"version {self.version} of {self.name!r} in {self.repository}, created at {shown(self.created_at)}"]
        lines += [f"  SHA-256 {self.sha256}"] if self.sha256 is not None else []
        if self.experiment is None:
            lines.append("  logged there; no experiment is known")
        else:
            first, *others = self.experiment.lines()
            lines.append(f"  was artifact {self.artifact!r} of {first}")
            lines += [f"  {line}" for line in others]
        return "\n".join(lines)


def lineage_of(place: Place, manifest: str, artifact: Artifact) -> Lineage:
    """Return the lineage of a version in the repository `manifest` at `place`."""
    store, created_at = place.store, to_text(artifact.created_at)
    key = join(artifact.name, artifact.fname)
    facts = read_facts(store, key, created_at, artifact._handler_alias())
    origin = origin_of(store, artifact)
    experiment = None
    if origin is not None:
        home, name = place.resolve(origin.project)
        experiment = _Search().ancestor(home, name, origin.slug)
    return Lineage(
        store.describe(manifest),
        artifact.name,
        artifact.version,
        created_at,
        facts.sha256 if facts is not None else None,
        origin.artifact if origin is not None else None,
        experiment,
    )


class _Search:
    """Looks experiments up; reads each project once."""

    def __init__(self) -> None:
        self._projects: dict[str, dict[str, ExperimentHead] | LazyscribeError] = {}
        self._seen: set[tuple[str, str]] = set()

    def ancestor(self, place: Place, manifest: str, slug: str) -> Ancestor:
        store = place.store
        project = store.describe(manifest)
        heads = self._heads(place, manifest)
        if isinstance(heads, LazyscribeError):
            return Ancestor(project, slug, missing=str(heads))
        if (head := heads.get(slug)) is None:
            return Ancestor(project, slug, missing="the file holds no such experiment")
        if (project, slug) in self._seen:
            return Ancestor(project, slug, head.name, seen=True)
        self._seen.add((project, slug))
        created_at = to_text(head.created_at)
        run = read_run(store, manifest, slug, created_at)
        return Ancestor(
            project,
            slug,
            head.name,
            head.author,
            created_at,
            of_run(run) if run is not None else None,
            tuple(promotions_at(store, manifest, slug)),
            tuple(self._upstream(place, reference) for reference in head.dependencies),
        )

    def _upstream(self, place: Place, reference: str) -> Ancestor:
        """Return the experiment of a dependency, found as one that is resolved on opening."""
        path, _, slug = reference.rpartition("|")
        name = path if path in registry else registry.search(path)
        if name is not None:
            project = registry[name]
            return self.ancestor(project._location, project.fpath.name, slug)
        return self.ancestor(*place.at(path), slug)

    def _heads(self, place: Place, manifest: str) -> dict[str, ExperimentHead] | LazyscribeError:
        project = place.store.describe(manifest)
        if project not in self._projects:
            try:
                data = Manifest(place.store, manifest).peek()[0]
                self._projects[project] = _by_slug(data, project)
            except LazyscribeError as error:
                self._projects[project] = error
        return self._projects[project]


def _by_slug(data: bytes | None, project: str) -> dict[str, ExperimentHead]:
    if data is None:
        raise LazyscribeError(f"there is no file {project}")
    heads = EXPERIMENTS.all(data)
    if heads is None:
        texts = Texts(data, project)
        heads = [EXPERIMENTS.one(texts.raw(position), project, position) for position in range(len(texts))]
    return {head.slug: head for head in heads}
