"""Arrays, tables and folders: saving and loading them by their handlers, beside their libraries and other tools.

Run by ``make bench``; ``--quick`` for small sizes. Each piece of work is done by a new process, which makes its value
first and then takes the time, the processor time, and how much its memory grew beyond what it held, at the most. The
ways take turns. What is there for loading was saved by the same tool, and the page cache holds it.

- *ours*: ``log_artifact(name, value)``, which finds the handlers ``npy``, ``parquet`` and ``folder``, and ``save()``;
  ``load_artifact(name)``, of the folder to a new place.
- *by hand*, what the library itself takes and the digest: ``numpy.save``, ``pyarrow.parquet.write_table``, or a
  ``zipfile.ZipFile`` that stores; the file is read for its SHA-256, and synced, and its folder. For loading it is read
  for its SHA-256, then by ``numpy.load``, ``pyarrow.parquet.read_table``, ``ZipFile.extractall``.
- *joblib*: ``dump`` and ``load``; no folders.
- *mlflow* (SQLite, artifacts in a folder): the file that the library writes, ``log_artifact``, or ``log_artifacts`` of
  the folder; ``download_artifacts``, and the library reads it. It gives files where they lie; the folder is copied.
- *pins* (a folder as board): ``pin_write`` of an array as ``joblib``, of a pandas frame as ``parquet``;
  ``pin_upload`` of the files. ``pin_read``; ``pin_download``, which gives the files where they lie.

None of the others syncs what it writes, and of them only mlflow's and pins' records outlive the process; only ours
checks what it reads.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import timing
from peers import QUIET, interpreter, refuse
from timing import QUICK, amount, peak, tell

BLOCK = 1 << 20
SIZE = 4 * BLOCK if QUICK else 1024 * BLOCK
FILES, FILE = (20, 4096) if QUICK else (1_000, 1 << 18)
TURNS = 1 if QUICK else 5
TURNS_OF_OTHERS = 1 if QUICK else 3

KINDS = {
    "array": f"an array of {SIZE >> 20:,} MiB",
    "table": f"a table of {SIZE >> 20:,} MiB",
    "folder": f"a folder of {FILES:,} files",
}
NAMES = {"array": "array.npy", "table": "table.parquet", "folder": "folder.zip"}

Work = Callable[[], object]


def value_of(kind: str, folder: Path) -> Any:
    """Make an array, a table of eight columns, or a folder of files; nothing of it compresses."""
    import numpy as np

    random = np.random.default_rng(0)
    if kind == "array":
        return random.random(SIZE // 8)
    if kind == "table":
        import pyarrow as pa

        return pa.table({f"column {number}": random.random(SIZE // 64) for number in range(8)})
    root = folder / "given"
    if not root.exists():
        root.mkdir()
        for number in range(FILES):
            (root / f"{number:04}.bin").write_bytes(random.bytes(FILE))
    return root


def size_of(kind: str) -> int:
    """Return the bytes of a value."""
    return FILES * FILE if kind == "folder" else SIZE


def same(kind: str, found: Any, value: Any) -> bool:
    """Whether what was loaded is what was saved, by samples."""
    if kind == "array":
        return bool((found[:1000] == value[:1000]).all() and found.shape == value.shape)
    if kind == "table":
        if len(found) != len(value):
            return False
        last: list[float] = value.column(7)[-1000:].to_pylist()
        return (
            list(found["column 7"][-1000:].to_pylist() if hasattr(found, "schema") else found["column 7"][-1000:])
            == last
        )
    files = found if isinstance(found, list) else sorted(Path(found).iterdir())
    whole = {Path(path).name: Path(path).read_bytes() for path in files if Path(path).suffix == ".bin"}
    return whole == {path.name: path.read_bytes() for path in value.iterdir()}


# The library itself


def write(kind: str, value: Any, path: Path) -> None:
    """Let the library write."""
    if kind == "array":
        import numpy as np

        np.save(path, value)
    elif kind == "table":
        import pyarrow.parquet as pq

        pq.write_table(value, path)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for each in sorted(value.iterdir()):
                archive.write(each, each.name)


def read(kind: str, path: Path, to: Path) -> Any:
    """Let the library read."""
    if kind == "array":
        import numpy as np

        return np.load(path)
    if kind == "table":
        import pyarrow.parquet as pq

        return pq.read_table(path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(to)
    return to


def digest(path: Path) -> str:
    """Read a file for its digest."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path, flags: int = os.O_RDONLY) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, flags)
    os.fsync(descriptor)
    os.close(descriptor)


# Each tool: what saves a value, and what loads it from the folder where it was saved


class Ours:
    """lazyscribe."""

    def __init__(self, folder: Path, _: str) -> None:
        from lazyscribe import Repository

        self.folder = folder
        self.repository = Repository(folder / "repository.json")
        if not self.repository.artifacts:  # so that what is imported once is there
            self.repository.log_artifact("small", b"1")
            self.repository.save()
        self.repository.load_artifact("small")

    def save(self, value: Any) -> None:
        """Log and save."""
        self.repository.log_artifact("value", value)
        self.repository.save()

    def load(self, to: Path) -> Any:
        """Load, of a folder a copy."""
        is_folder = self.repository.get_artifact_metadata("value")["handler"] == "folder"
        return self.repository.load_artifact("value", to=to) if is_folder else self.repository.load_artifact("value")


class Hand:
    """The library, and the digest."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind, self.path = kind, folder / NAMES[kind]

    def save(self, value: Any) -> None:
        """Write, sync, hash."""
        write(self.kind, value, self.path)
        sync(self.path)
        self.path.with_suffix(".sha256").write_text(digest(self.path), "ascii")
        sync(self.path.parent)

    def load(self, to: Path) -> Any:
        """Hash, read."""
        assert digest(self.path) == self.path.with_suffix(".sha256").read_text("ascii")
        return read(self.kind, self.path, to)


class Joblib:
    """joblib."""

    def __init__(self, folder: Path, _: str) -> None:
        import joblib

        self.joblib, self.path = joblib, folder / "value.joblib"

    def save(self, value: Any) -> None:
        """Dump."""
        self.joblib.dump(value, self.path)

    def load(self, _: Path) -> Any:
        """Load."""
        return self.joblib.load(self.path)


class Mlflow:
    """mlflow."""

    def __init__(self, folder: Path, kind: str) -> None:
        import mlflow

        self.mlflow, self.kind, self.folder = mlflow, kind, folder
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        client, told = mlflow.MlflowClient(), folder / "run"
        if not told.exists():
            mlflow.set_experiment(experiment_id=client.create_experiment("bench", str(folder / "artifacts")))
            with mlflow.start_run() as run:
                mlflow.log_dict({"small": 1}, "small.json")
            told.write_text(run.info.run_id, "ascii")
        self.run = told.read_text("ascii")

    def save(self, value: Any) -> None:
        """Log a file, or the folder, in a run that is there."""
        with self.mlflow.start_run(self.run):
            if self.kind == "folder":
                self.mlflow.log_artifacts(str(value), "folder")
                return
            path = self.folder / NAMES[self.kind]
            write(self.kind, value, path)
            self.mlflow.log_artifact(str(path))

    def load(self, to: Path) -> Any:
        """Fetch it, and read."""
        fetch = self.mlflow.artifacts.download_artifacts
        if self.kind == "folder":
            to.mkdir()
            return fetch(run_id=self.run, artifact_path="folder", dst_path=str(to))
        return read(self.kind, Path(fetch(run_id=self.run, artifact_path=NAMES[self.kind])), to)


class Pins:
    """pins."""

    def __init__(self, folder: Path, kind: str) -> None:
        import pins

        self.kind = kind
        self.board = pins.board_folder(str(folder / "board"), versioned=True, allow_pickle_read=True)

    def save(self, value: Any) -> None:
        """Pin it."""
        if self.kind == "folder":
            self.board.pin_upload([str(path) for path in sorted(value.iterdir())], "value")
        else:
            self.board.pin_write(value, "value", type={"array": "joblib", "table": "parquet"}[self.kind])

    def load(self, _: Path) -> Any:
        """Read it."""
        return self.board.pin_download("value") if self.kind == "folder" else self.board.pin_read("value")


TOOLS: dict[str, type[Any]] = {"ours": Ours, "by hand": Hand, "joblib": Joblib, "mlflow": Mlflow, "pins": Pins}
OTHERS = ("joblib", "mlflow", "pins")


def child(tool: str, what: str, kind: str, folder: str, value_folder: str) -> None:
    """Be the process that works once; print what it took as the last line."""
    sys.addaudithook(refuse)
    place = Path(folder)
    value = value_of(kind, Path(value_folder)) if what == "save" or kind == "folder" else None
    if tool == "pins" and kind == "table" and value is not None:
        value = value.to_pandas()
    made = TOOLS[tool](place, kind)
    if value is None:  # what is imported comes before, as with a value that is made
        import_module({"array": "numpy", "table": "pyarrow.parquet"}[kind])
    work: Work = (lambda: made.save(value)) if what == "save" else (lambda: made.load(place / f"back-{os.getpid()}"))
    before, start, processor = peak(), time.perf_counter(), time.process_time()
    result = work()
    passed, worked, grown = time.perf_counter() - start, time.process_time() - processor, peak() - before
    if what == "load" and not same(kind, result, value if value is not None else value_of(kind, place)):
        sys.exit(f"{tool} did not give back {KINDS[kind]}.")
    print("\n" + json.dumps([passed, worked, grown]), flush=True)
    os._exit(0)  # what a tool still has running in the background is not ours to wait for


def run(tool: tuple[str, str], what: str, kind: str, folder: Path, value: Path) -> tuple[float, float, float]:
    """Return seconds, processor seconds, and bytes of memory that one process took; `tool`: its name, its Python."""
    size, warnings = ["--quick"] if QUICK else [], "error" if tool[0] in ("ours", "by hand") else "ignore"
    command = [tool[1], "-W", warnings, __file__, *size, "--work", tool[0], what, kind, str(folder), str(value)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **QUIET}, check=False)
    if done.returncode:
        sys.exit(f"{tool[0]} failed at {what} {kind}:\n{done.stdout}{done.stderr}")
    seconds, processor, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, processor, memory


Found = dict[str, list[tuple[float, float, float]]]


def measure(kind: str, tools: dict[str, str]) -> dict[str, Found]:
    """Let the tools take turns at saving and at loading what they saved; return what each took."""
    found: dict[str, Found] = {what: {tool: [] for tool in tools} for what in ("save", "load")}
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as place:
        if kind == "folder":
            value_of(kind, Path(place))
        for turn in range(TURNS):
            for tool in list(tools.items())[:: 1 if turn % 2 == 0 else -1]:
                if tool[0] in OTHERS and turn >= TURNS_OF_OTHERS:
                    continue
                with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as folder:
                    for what, took in found.items():
                        took[tool[0]].append(run(tool, what, kind, Path(folder), Path(place)))
    return found


def show(kind: str, what: str, found: Found) -> None:
    """Print ours beside the library itself, then the others."""
    two = {name: found[name] for name in ("ours", "by hand")}
    for number, (suffix, target) in enumerate((("", "≤ 1.25 (0.8 × the speed)"), (", processor time", ""))):
        tell(
            f"{what} {KINDS[kind]}{suffix}", {way: [each[number] for each in all_] for way, all_ in two.items()}, target
        )
    ours, hand = (statistics.median(each[2] for each in all_) / size_of(kind) for all_ in two.values())
    print(
        f"| its memory, beyond what was there | ours {ours:.1%}, by hand {hand:.1%} | target by hand + 5 % |",
        flush=True,
    )


def cell(took: list[tuple[float, float, float]] | None, ours: float, kind: str) -> str:
    """Return the median of another tool, what it is of ours, and its memory."""
    if took is None:
        return "not installed"
    if not took:
        return "does not"
    seconds, memory = (statistics.median(each[number] for each in took) for number in (0, 2))
    return f"{amount(seconds)}, {seconds / ours:.2f} × ours, {memory / size_of(kind):.0%}"


def main() -> None:
    """Run all."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if "--work" in sys.argv:
        child(*sys.argv[sys.argv.index("--work") + 1 :])
    there = {tool: python for tool in TOOLS if (python := interpreter(tool))}
    timing.heading(f"Handlers ({timing.machine()}, {datetime.now().date()})")
    rows: list[str] = []
    for kind, told in KINDS.items():
        tools = {tool: python for tool, python in there.items() if (tool, kind) != ("joblib", "folder")}
        found = measure(kind, tools)
        for what, took in found.items():
            show(kind, what, took)
            ours = statistics.median(each[0] for each in took["ours"])
            cells = [cell(took.get(tool, [] if tool in there else None), ours, kind) for tool in OTHERS]
            rows.append(f"| {what} {told} | {amount(ours)} | {' | '.join(cells)} |")
    print(
        f"\n| time, and memory beyond what was there | ours | {' | '.join(OTHERS)} |\n|---|---|{'---|' * len(OTHERS)}"
    )
    print("\n".join(rows), flush=True)


if __name__ == "__main__":
    main()
