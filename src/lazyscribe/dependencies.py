"""Which experiment a dependency means: ``"path|slug"`` or ``"name|slug"`` in a record, an object in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from lazyscribe.exception import DependencyFileMissingError, LazyscribeError, UnknownNameError

if TYPE_CHECKING:
    from lazyscribe.experiment import Experiment
    from lazyscribe.project import Project
    from lazyscribe.registry import Registry

Opened: TypeAlias = "dict[tuple[str, str], Project]"
"""Projects by protocol and path, as `Place.absolute` gives them."""

_thread = threading.local()


@contextmanager
def resolving(project: Project) -> Iterator[Opened]:
    """Yield the projects that this thread has open while it resolves dependencies, `project` among them.

    Each file is opened once, and one that depends on a file being opened gets that very project.
    """
    outermost = not hasattr(_thread, "opened")
    if outermost:
        _thread.opened = {}
    try:
        opened: Opened = _thread.opened
        opened.setdefault(project._location.absolute(project.fpath), project)
        yield opened
    finally:
        if outermost:
            del _thread.opened


def upstream(project: Project, reference: str, registry: Registry, opened: Opened) -> Experiment:
    """Return the experiment that `reference` names: by registry, by the path of a registered project, by its file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    KeyError
        It holds no such experiment.
    """
    path, _, slug = reference.rpartition("|")
    source = _find(project, path, registry, opened)
    if slug not in source:
        message = f"{project.fpath} depends on the experiment {slug!r}, which {source.fpath} does not hold."
        raise UnknownNameError(message, name=slug, path=str(source.fpath))
    return source[slug]


def link(
    project: Project,
    experiment: Experiment,
    texts: Sequence[str],
    registry: Registry,
    known: Mapping[str, Experiment] | None = None,
) -> None:
    """Give an experiment the upstream ones that `texts` name; with `known` ones, what leads nowhere is kept as text."""
    with resolving(project) as opened:
        for text in texts:
            try:
                found = (known or {}).get(text) or upstream(project, text, registry, opened)
            except LazyscribeError:
                if known is None:
                    raise
                experiment.unresolved.append(text)
            else:
                experiment.dependencies[found.short_slug] = found


def _find(project: Project, path: str, registry: Registry, opened: Opened) -> Project:
    if path in registry:
        return registry[path]
    if (name := registry.search(path)) is not None:
        return registry[name]
    key = project._location.absolute(path)
    if key not in opened:
        trust = project._location.trust
        options = project.storage_options if trust is None else {**project.storage_options, "trust": trust}
        found = opened[key] = type(project)(f"{project.protocol}://{path}", mode="r", **options)
        found._location.progress = project._location.progress
    if opened[key]._manifest.data is None:
        message = f"{project.fpath} depends on {path}, which is not there; restore it or register that project."
        raise DependencyFileMissingError(message, path=path)
    return opened[key]
