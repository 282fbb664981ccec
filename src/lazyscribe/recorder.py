"""Logging and loading, once for experiments, tests and repositories."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from lazyscribe import _utils
from lazyscribe.artifacts import _get_handler
from lazyscribe.artifacts.inference import infer
from lazyscribe.artifacts.libraries import refuse_if_missing
from lazyscribe.exception import ArtifactLoadError, ArtifactLogError
from lazyscribe.names import check_file, check_text, warn_of_names
from lazyscribe.place import Place
from lazyscribe.reading import read_artifact, warn_output_only
from lazyscribe.store.keys import join

if TYPE_CHECKING:
    from lazyscribe.artifacts.base import Artifact


def new_artifact(
    name: str, value: Any, handler: str | None, fname: str | None, writer_kwargs: dict[str, Any], **more: Any
) -> Artifact:
    """Construct the artifact that a ``log_artifact`` call describes; nothing is imported but the handler.

    No I/O, but that a path is asked what lies there.

    Raises
    ------
    ValueError, ImportError, TypeError
        As :func:`lazyscribe.artifacts._get_handler`; as `NoHandlerFitsError` if none is named and none taken by
        itself; `ImportError`, too, if a library that the handler needs is not installed.
    """
    check_text(name)
    handler_class = _get_handler(infer(value) if handler is None else handler)
    refuse_if_missing(getattr(handler_class, "requires", ()), getattr(handler_class, "extra", ""))
    artifact = handler_class.construct(
        name=name, value=value, fname=fname, created_at=_utils.utcnow(), writer_kwargs=writer_kwargs, **more
    )
    warn_output_only(artifact, name)
    return artifact


class Recorder:
    """What experiments and tests share: metrics, parameters, artifacts.

    Subclasses have the attributes ``name``, ``metrics``, ``parameters`` and ``artifacts``.
    """

    name: str
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    artifacts: list[Artifact]

    @property
    def overwritten(self) -> set[str]:
        """The names of files that the next save may replace."""
        found: set[str] = self.__dict__.setdefault("_overwritten", set())
        return found

    def _home(self) -> tuple[Place, str]:
        """Return the place of the manifest and the key of this recorder's folder in it."""
        raise AssertionError("subclasses say where they live")  # pragma: no cover

    def _change(self) -> None:
        """Note that something is about to change; read-only ones refuse."""

    def _lock(self) -> Any:
        """Return the lock that changes hold, so that a save takes in what others saved without losing them."""
        return self.__dict__.setdefault("_mutex", threading.RLock())

    def log_metric(self, name: str, value: float) -> None:
        """Keep a metric; a later value of the same name replaces it. Written at the next save."""
        with self._lock():
            self._change()
            self.metrics[name] = value

    def log_parameter(self, name: str, value: Any) -> None:
        """Keep a parameter, anything that JSON can hold; a later value of the same name replaces it."""
        with self._lock():
            self._change()
            self.parameters[name] = value

    def log_artifact(
        self,
        name: str,
        value: Any,
        handler: str | None = None,
        fname: str | None = None,
        overwrite: bool = False,
        **writer_kwargs: Any,
    ) -> None:
        """Keep an artifact; its file is written at the next save, and what a path leads to is read then.

        Parameters
        ----------
        handler
            The alias of a handler, such as ``"json"`` or ``"pickle"``; default: the one for the type of `value`, never
            one that pickles.
        fname
            Name of the file in this folder; default: slug of the name, date, and the handler's suffix.
        overwrite
            Replace the artifact of the same name.
        **writer_kwargs
            Passed to the handler's ``write``.

        Raises
        ------
        ArtifactLogError
            There is one of that name, and `overwrite` is false; or the file name cannot be used.
        ValueError
            No handler has that alias, or none is taken by itself for such a value.
        """
        self._change()
        artifact = new_artifact(name, value, handler, fname, writer_kwargs)
        check_file(self._home()[1], artifact.fname)
        warn_of_names(artifact.fname)
        with self._lock():
            self._put(artifact, overwrite)

    def _put(self, artifact: Artifact, overwrite: bool) -> None:
        for position, present in enumerate(self.artifacts):
            if present.name == artifact.name:
                if not overwrite:
                    message = (
                        f"{self.name!r} has an artifact {artifact.name!r} already; "
                        "log it with overwrite=True to replace it."
                    )
                    raise ArtifactLogError(message, name=artifact.name)
                self.artifacts[position] = artifact
                self.overwritten.add(artifact.fname)
                return
        self.artifacts.append(artifact)

    def _find_artifact(self, name: str) -> Artifact:
        for artifact in self.artifacts:
            if artifact.name == name:
                return artifact
        known = ", ".join(repr(artifact.name) for artifact in self.artifacts) or "none"
        raise ArtifactLoadError(f"{self.name!r} has no artifact {name!r}; it has: {known}.", name=name)

    def load_artifact(self, name: str, validate: bool = True, **reader_kwargs: Any) -> Any:
        """Return the value of a saved artifact, its digest checked.

        Parameters
        ----------
        validate
            Whether the environment that the handler recorded must be that of this interpreter.
        **reader_kwargs
            Passed to the handler's ``read``.

        Raises
        ------
        ArtifactLoadError
            Unknown name, or another environment; as `CorruptArtifactError` a damaged file, as `UntrustedError` one
            that could run code.
        FileNotFoundError
            The file is not there, or not saved yet.
        """
        artifact = self._find_artifact(name)
        place, folder = self._home()
        return read_artifact(place, join(folder, artifact.fname), artifact, validate, reader_kwargs)
