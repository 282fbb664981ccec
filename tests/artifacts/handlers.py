"""Handlers as third parties write them."""

from datetime import datetime
from typing import Any, ClassVar

from attrs import define

from lazyscribe.artifacts.base import Artifact

LIBRARY = {"version": "1.0"}
"""What `Versioned` takes for the library that is installed."""


class Plain(Artifact):
    """Text, without @define."""

    alias: ClassVar[str] = "tests-plain"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read(**kwargs)

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(obj, **kwargs)


class PlainBinary(Plain):
    """Bytes, without @define, two levels deep."""

    alias: ClassVar[str] = "tests-plain-binary"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True


@define
class Defined(Artifact):
    """Text, with @define and no fields of its own; every construct call is noted."""

    alias: ClassVar[str] = "tests-defined"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False
    calls: ClassVar[list[tuple[tuple[Any, ...], dict[str, Any]]]] = []

    @classmethod
    def construct(cls, *args: Any, **kwargs: Any) -> Artifact:
        cls.calls.append((args, kwargs))
        return super().construct(*args, **kwargs)

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(obj)


@define
class Versioned(Artifact):
    """Bytes, with two mandatory fields: `construct` names one of them, and computes the other afresh."""

    alias: ClassVar[str] = "tests-versioned"
    suffix: ClassVar[str] = "v"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    calls: ClassVar[list[dict[str, Any]]] = []

    flavour: str
    library_version: str

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
        flavour: str | None = None,
        **kwargs: Any,
    ) -> Artifact:
        given = {key: each for key, each in locals().items() if key not in ("cls", "kwargs", "__class__")}
        cls.calls.append({**given, **kwargs})
        return cls(
            name=name,
            value=value,
            fname=fname or f"{name}.{cls.suffix}",
            created_at=created_at or datetime(2025, 1, 20, 13, 23, 30),
            expiry=expiry,
            writer_kwargs=writer_kwargs or {},
            version=version,
            dirty=dirty,
            flavour=flavour or type(value).__name__,
            library_version=kwargs.get("library_version", LIBRARY["version"]),
        )

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        buf.write(obj)


@define
class Seeking(Artifact):
    """Bytes; writes a header after its body, as archives do, and reads it back."""

    alias: ClassVar[str] = "tests-seeking"
    suffix: ClassVar[str] = "s"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        buf.seek(-4, 2)
        tail = buf.read()
        buf.seek(0)
        size = int.from_bytes(buf.read(8), "big")
        body = buf.read(size)
        assert tail == b"tail"
        return body

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        assert buf.seekable()
        buf.write(bytes(8))
        buf.write(memoryview(obj))
        end = buf.tell()
        buf.seek(0)
        buf.write((end - 8).to_bytes(8, "big"))
        buf.seek(8)
        assert buf.read(4) == bytes(obj)[:4]
        buf.seek(0, 2)
        buf.write(bytearray(b"tail and more"))
        buf.seek(-9, 1)
        buf.truncate()


@define
class Closing(Artifact):
    """Bytes; closes the buffer when it is done."""

    alias: ClassVar[str] = "tests-closing"
    suffix: ClassVar[str] = "c"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        with buf:
            return buf.read()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        with buf:
            buf.write(obj)


@define
class ClosingText(Closing):
    """Text; closes the buffer when it is done."""

    alias: ClassVar[str] = "tests-closing-text"
    binary: ClassVar[bool] = False


@define
class Output(Plain):
    """Text that cannot be read back as it was."""

    alias: ClassVar[str] = "tests-output"
    output_only: ClassVar[bool] = True

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> Any:
        return f"read: {buf.read()}"
