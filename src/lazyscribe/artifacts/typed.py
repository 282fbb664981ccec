"""What the handlers of typed objects share: JSON with the name of the type, read back as that type."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact, refuse_keywords
from lazyscribe.exception import ArtifactLoadError, ArtifactLogError


@define
class TypedArtifact(Artifact):
    """A document ``{"type": "module:Class", "value": {…}}``.

    Reading imports that module and makes an object of that class, so a file decides which of the installed code runs;
    ``as_=Class`` names the class instead, and nothing is imported.
    """

    suffix: ClassVar[str] = "json"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    runs_code: ClassVar[bool] = True
    takes: ClassVar[str]
    """How an error calls what the handler takes."""

    @classmethod
    @abstractmethod
    def fits(cls, kind: Any) -> bool:
        """Whether `kind` is a class of those that the handler takes."""

    @classmethod
    @abstractmethod
    def encode(cls, obj: Any) -> bytes:
        """Return the fields of `obj` as JSON."""

    @classmethod
    @abstractmethod
    def decode(cls, data: bytes, kind: Any) -> Any:
        """Return the object of the class `kind` that `encode` had."""

    @classmethod
    def read(cls, buf: Any, as_: Any = None, **kwargs: Any) -> Any:
        """Return the object, as the type that wrote it or as the class `as_`.

        Raises
        ------
        ArtifactLoadError
            There is no such type here, or none that the handler takes.
        """
        refuse_keywords(cls, kwargs)
        import msgspec

        document = msgspec.json.decode(buf.read(), type=dict[str, msgspec.Raw])
        name = msgspec.json.decode(document["type"], type=str)
        kind = _find(name) if as_ is None else as_
        if not cls.fits(kind):
            message = f"The file holds {cls.takes} {name!r}, which is none here; load it with as_= such a class."
            raise ArtifactLoadError(message, type=name)
        return cls.decode(bytes(document["value"]), kind)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write the object; refuse one that would not come back equal.

        Raises
        ------
        ArtifactLogError
            It is of another kind, its class cannot be found by its name, or JSON does not hold it.
        """
        refuse_keywords(cls, kwargs)
        import msgspec

        kind, name = type(obj), f"{type(obj).__module__}:{type(obj).__qualname__}"
        if not cls.fits(kind):
            raise ArtifactLogError(f"The handler {cls.alias!r} takes {cls.takes}, not {name!r}; name another handler.")
        if _find(name) is not kind:
            message = f"The class {name!r} cannot be found by its name; define it at the top of a module."
            raise ArtifactLogError(message)
        data = cls.encode(obj)
        if not cls._comes_back(obj, data):
            message = f"A {name!r} with these values does not come back from JSON; annotate its fields, or pickle it."
            raise ArtifactLogError(message)
        document = msgspec.json.encode({"type": name, "value": msgspec.Raw(data)})
        buf.write(msgspec.json.format(document, indent=4).decode("utf-8"))

    @classmethod
    def _comes_back(cls, obj: Any, data: bytes) -> bool:
        try:
            back = cls.decode(data, type(obj))
            compares = "__eq__" in {name for each in type(obj).__mro__[:-1] for name in vars(each)}
            return bool(back == obj) if compares else cls.encode(back) == data
        except Exception:  # whatever the class and its fields do
            return False


def _find(name: str) -> Any:
    """Return the class that ``"module:Class"`` names, ``None`` if it is not there; its module is imported."""
    from importlib import import_module

    module, _, path = name.partition(":")
    try:
        found = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError):
        return None
    return found
