"""The base class of artifact handlers."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal

import attrs
from attrs import define, field

from lazyscribe import _utils
from lazyscribe._dates import stamp, to_utc
from lazyscribe._slugs import slugify
from lazyscribe.artifacts import subclasses
from lazyscribe.exception import InvalidArgumentError

__all__ = ["Artifact"]

_INDEXED = _utils.EDITS.on_setattr


@define
class Artifact(ABC):
    """One artifact: what is known of it and, until it is saved, its value.

    Subclasses set the class attributes, implement `read` and `write`, and may add fields of their own. Such fields
    are the *environment*: they are written into the record and decide whether a stored artifact fits this
    interpreter. They take part in equality, none of the eight fields here does.

    Attributes
    ----------
    alias
        The name by which ``log_artifact(handler=...)`` finds the class.
    suffix
        Ending of the default file name, without the dot.
    binary
        Whether `read` and `write` get a binary buffer; otherwise text, UTF-8.
    output_only
        Whether what is written cannot be read back as it was; logging, saving and loading then warn.
    runs_code
        Whether `read` may run code that the file brings along or names; not set, it counts as true. It speaks for
        the `read` of its own class and of subclasses that keep it.
    differ
        ``"module:function"`` of what compares two values that `read` returned: ``function(older, newer, **keywords)``
        returns a text, empty if they are the same. Handlers that name the same one can be compared with each other.
        One whose `read` may run code is never asked.
    requires
        Top-level modules without which a value cannot be logged.
    extra
        The extra of lazyscribe's that installs them.
    """

    alias: ClassVar[str]
    suffix: ClassVar[str]
    binary: ClassVar[bool]
    output_only: ClassVar[bool]
    _keeps_records: ClassVar[bool] = False
    """Whether this very class constructs from a sound record what has the same record; no subclass inherits that."""
    _reads: ClassVar[Literal["all", "much", "little"]] = "much"
    """How much of a file `read` asks for at a time: all of it, so it may as well be held in memory first; a little."""
    runs_code: ClassVar[bool]
    differ: ClassVar[str] = ""
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    name: str = field(eq=False, on_setattr=_INDEXED)
    fname: str = field(eq=False, on_setattr=_INDEXED)
    value: Any = field(eq=False)
    writer_kwargs: dict[str, Any] = field(eq=False)
    created_at: datetime = field(eq=False, on_setattr=_INDEXED)
    expiry: datetime | None = field(eq=False, on_setattr=_INDEXED)
    version: int = field(eq=False, on_setattr=_INDEXED)
    dirty: bool = field(eq=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        subclasses.count += 1
        for name in ("__getstate__", "__setstate__"):  # attrs gives its own to every class with slots
            if getattr(cls.__dict__.get(name), "__module__", "").partition(".")[0] in ("attr", "attrs"):
                delattr(cls, name)

    @classmethod
    def construct(
        cls,
        name: str,
        value: Any | None = None,
        fname: str | None = None,
        created_at: datetime | None = None,
        expiry: datetime | None = None,
        writer_kwargs: dict[str, Any] | None = None,
        version: int = 0,
        dirty: bool = True,
        **kwargs: Any,
    ) -> Artifact:
        """Make an artifact, filling in what is not given.

        Parameters
        ----------
        fname
            Default: ``{slug of the name}-{creation date}.{suffix}``.
        created_at
            Default: now. Dates become naive UTC.
        **kwargs
            Values for the environment fields of the class, which otherwise take their defaults; others are ignored.
        """
        created_at = to_utc(created_at) if created_at else _utils.utcnow()
        environment = {key: kwargs[key] for key in environment_fields(cls) if key in kwargs}
        return cls(
            name=name,
            fname=fname or default_fname(cls, name, created_at, value),
            value=value,
            writer_kwargs=writer_kwargs or {},
            created_at=created_at,
            expiry=to_utc(expiry) if expiry else None,
            version=version,
            dirty=dirty,
            **environment,
        )

    @classmethod
    @abstractmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        """Return the value that the open file `buf` holds."""

    @classmethod
    @abstractmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write `obj` to the open file `buf`."""

    @classmethod
    def _ending(cls, source: Any) -> str:  # noqa: ARG003 - most handlers have but one
        """Return the ending, with its dot, of the file for a value; also of a file that has the name `source`."""
        return f".{cls.suffix}"

    def _handler_alias(self) -> str:
        """Return the alias that stands in the record."""
        return self.alias

    def _refuse_if_missing(self) -> None:  # noqa: B027 - most handlers are not missing
        """Raise what is to be said if there is no handler for this artifact here."""

    def _as_found(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return `record`, made of the fields, as it is to be written."""
        return record

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields, the value as the handler writes it, so that what pickles is what could be saved."""
        state = {each.name: getattr(self, each.name) for each in attrs.fields(type(self))}
        if self.value is not None:
            state["value"] = self._written()
        return state

    def _written(self) -> str | bytes:
        raw = _utils.OpenBytes()
        if self.binary:
            self.write(self.value, raw, **self.writer_kwargs)
            return raw.getvalue()
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        self.write(self.value, text, **self.writer_kwargs)
        if not text.closed:
            text.flush()
        return raw.getvalue().decode("utf-8")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the fields, the value through the handler's `read`."""
        value = state["value"]
        if value is not None:
            buf: Any = io.BytesIO(value) if self.binary else io.StringIO(value, newline="")
            value = self.read(buf)
        for key, item in {**state, "value": value}.items():
            object.__setattr__(self, key, item)


def refuse_keywords(cls: type[Artifact], keywords: dict[str, Any]) -> None:
    """Refuse keywords that neither the handler nor its library knows.

    Raises
    ------
    ValueError
        There is one.
    """
    if keywords:
        names = ", ".join(map(repr, keywords))
        raise InvalidArgumentError(f"The handler {cls.alias!r} knows no keyword {names}; leave it out.", names=names)


FIELDS = frozenset(each.name for each in attrs.fields(Artifact))
"""The eight fields that every handler has; all others are environment."""


@lru_cache(256)
def environment_fields(cls: type[Artifact]) -> tuple[str, ...]:
    """Return the names of the fields that `cls` adds to the eight."""
    return tuple(each.name for each in attrs.fields(cls) if each.name not in FIELDS)


def environment(artifact: Artifact) -> dict[str, Any]:
    """Return the environment of `artifact` as a dictionary."""
    return {key: getattr(artifact, key) for key in environment_fields(type(artifact))}


def has_default_fname(artifact: Artifact) -> bool:
    """Whether the file name is the default, with or without the number that a taken one gets."""
    return unnumbered(artifact)[0] == _default_of(artifact)


def unnumbered(artifact: Artifact) -> tuple[str, int]:
    """Return a default file name without the number that it got, and that number; another one as it is, and 0."""
    default = _default_of(artifact)
    ending = artifact._ending(artifact.fname)
    stem = f"{default.removesuffix(ending)}-"
    number = artifact.fname.removesuffix(ending).removeprefix(stem)
    if artifact.fname.startswith(stem) and number.isascii() and number.isdecimal():
        return default, int(number)
    return artifact.fname, 0


def _default_of(artifact: Artifact) -> str:
    return default_fname(type(artifact), artifact.name, artifact.created_at, artifact.fname)


def default_fname(cls: type[Artifact], name: str, created_at: datetime, source: Any) -> str:
    """Return ``{slug}-{stamp}.{suffix}``, the slug as python-slugify makes it; for `source` see ``_ending``."""
    return f"{slugify(name)}-{stamp(created_at)}{cls._ending(source)}"
