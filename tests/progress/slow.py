"""A program that saves and loads slowly: for tests of bars."""

import sys
import time
from pathlib import Path
from typing import Any, ClassVar

from lazyscribe import Repository
from lazyscribe.artifacts.base import Artifact


class SlowArtifact(Artifact):
    """Bytes that take their time."""

    alias: ClassVar[str] = "slow"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> bytes:
        return bytes(buf.read())

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        for start in range(0, len(obj), len(obj) // 20):
            buf.write(obj[start : start + len(obj) // 20])
            time.sleep(cls.pause)

    pause: ClassVar[float] = 0.0


def main(folder: str, seconds: str, progress: str, *missing: str) -> None:
    """Save for so many seconds, and say on the other stream what was imported."""
    for name in missing:
        sys.modules[name] = None  # type: ignore[assignment]
    SlowArtifact.pause = float(seconds) / 20
    wanted: Any = {"default": None, "off": False, "own": lambda done, total: None}[progress]
    repository = Repository(Path(folder, "repository.json"), progress=wanted)
    repository.log_artifact("weights", b"x" * (20 << 20), handler="slow")
    repository.save()
    found = repository.load_artifact("weights")
    imported = sorted(name for name in ("tqdm", "IPython") if sys.modules.get(name))
    print(f"saved {len(found)} with {imported}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
