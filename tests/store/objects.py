"""A file system like a bucket: no rename, no folders, nothing exclusive, listings remembered until told to forget."""

import io
from typing import Any, ClassVar

from fsspec import AbstractFileSystem


class ObjectFileSystem(AbstractFileSystem):
    """Objects in a dictionary. ``info`` and ``ls`` answer from what they saw first, until ``invalidate_cache``."""

    protocol = "objects"
    objects: ClassVar[dict[str, bytes]] = {}
    fail: ClassVar[dict[str, Exception]] = {}
    cachable = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._seen: dict[str, Any] = {}

    @classmethod
    def _raise(cls, call: str) -> None:
        if call in cls.fail:
            raise cls.fail[call]

    def invalidate_cache(self, path: str | None = None) -> None:
        if path is None:
            self._seen.clear()
        self._seen.pop(str(path), None)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        self._raise("info")
        path = self._strip_protocol(path)
        if path not in self._seen:
            folder = any(name.startswith(path + "/") for name in list(self.objects))
            kind = "file" if path in self.objects else "directory" if folder else ""
            self._seen[path] = {"name": path, "type": kind, "size": len(self.objects.get(path, b""))}
        if not self._seen[path]["type"]:
            raise FileNotFoundError(path)
        return self._seen[path]

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        path = self._strip_protocol(path)
        start = path + "/" if path else ""
        names = {start + name[len(start) :].split("/")[0] for name in list(self.objects) if name.startswith(start)}
        if not names:
            return [self.info(path)] if detail else [self.info(path)["name"]]
        return [self.info(name) for name in names] if detail else sorted(names)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if mode == "rb":
            self.info(path)
            return io.BytesIO(self.objects[path])
        self._raise("put")
        return _Upload(path)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        self._raise("copy")
        self.objects[path2] = self.objects[path1]
        self._raise("copied")

    def _rm(self, path: str) -> None:
        self._raise("rm")
        if path not in self.objects:
            raise FileNotFoundError(path)
        del self.objects[path]


class _Upload(io.RawIOBase):
    """Cannot seek; appears as a whole when closed."""

    def __init__(self, path: str) -> None:
        self._path, self._parts = path, [b""]

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            ObjectFileSystem.objects[self._path] = b"".join(self._parts)
        super().close()
