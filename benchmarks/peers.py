"""Beside other tools: many versions of one small artifact, the newest of many, one large value.

Run by ``make bench``; ``--quick`` for small sizes. Each tool works in processes of its own, from the environment that
``LAZYSCRIBE_PEERS_PYTHON`` names, with files and databases on this machine, no server, and nothing sent anywhere. The
tools take turns; what is not installed is said. They promise different things: ours puts every file on the disk before
a save returns (but for *relaxed*), checks the digest at each load, and merges what others saved.

- *ours*: ``log_artifact(..., handler="json")`` and ``save()`` for each version; ``get_artifact_metadata(name)`` of a
  repository opened for it; an array by the handler ``pickle``, ``load_artifact``.
- *mlflow* (SQLite, artifacts in a folder): for each version a run with ``mlflow.log_dict``, and
  ``MlflowClient.create_model_version`` of it; ``search_model_versions`` ordered by number, one result. Of an array it
  takes a file: pickled, ``mlflow.log_artifact``, ``mlflow.artifacts.download_artifacts``, unpickled.
- *pins* (a folder as board): ``pin_write(type="json")``, a second apart, since its versions are named by the second;
  ``pin_meta(name)``; an array by ``pin_write(type="joblib")`` and ``pin_read``. The ten thousand are folders copied
  under other dates: writing each looks at all before it.
- *trackio* (SQLite and a folder of contents): it takes files: a file of JSON for each version,
  ``trackio.log_artifact``; ``trackio.use_artifact(name)``, which also notes the use; an array pickled into a file,
  ``log_artifact``, ``use_artifact`` and ``download``, unpickled.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import timing
from timing import QUICK, amount

VERSIONS, FOUND, SIZE = (5, 20, 1 << 20) if QUICK else (1_000, 10_000, 512 << 20)
TURNS = 1 if QUICK else 3
LOOK_UPS = 2 if QUICK else 20
NAME = "model"
START = datetime(2025, 1, 1)

WORKS = (
    f"log and save {VERSIONS:,} versions",
    f"find the newest of {FOUND:,}",
    f"save {SIZE >> 20} MiB",
    f"load {SIZE >> 20} MiB",
)

QUIET = {
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""What the tools document for not sending or asking anything."""


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """Let no tool reach for the network, to be sure."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise ConnectionRefusedError(f"no network while measuring: {event} {arguments[1:]!r:.80}")


def small(number: int) -> dict[str, Any]:
    """Return the value of a version."""
    return {"number": number, "weights": [each / 7 for each in range(20)]}


def large() -> Any:
    """Return an array."""
    import numpy as np

    return np.random.default_rng(0).random(SIZE // 8)


def dump(value: Any, path: Path) -> Path:
    """Write a pickle, as one does for tools that take files."""
    with path.open("wb") as file:
        pickle.dump(value, file, protocol=5)
    return path


def load(path: Path) -> Any:
    """Read a pickle."""
    with path.open("rb") as file:
        return pickle.load(file)  # noqa: S301 - what was written here


class Ours:
    """lazyscribe."""

    def __init__(self, folder: Path) -> None:
        from lazyscribe import Repository

        self.open: Callable[[], Repository] = lambda: Repository(folder / "repository.json")
        self.repository = self.open()

    def save(self, number: int) -> None:
        """Log and save one version."""
        self.repository.log_artifact(NAME, small(number), "json")
        self.repository.save()

    def fill(self) -> None:
        """Have many versions."""
        for number in range(FOUND):
            self.repository.log_artifact(NAME, small(number), "json")
        self.repository.save()

    def newest(self) -> object:
        """Find the newest."""
        return self.open().get_artifact_metadata(NAME)["version"]

    def save_large(self, value: Any) -> None:
        """Save an array."""
        self.repository.log_artifact("large", value, "pickle")
        self.repository.save()

    def load_large(self) -> Any:
        """Load it."""
        return self.repository.load_artifact("large")


class Mlflow:
    """mlflow."""

    def __init__(self, folder: Path) -> None:
        import mlflow

        self.folder, self.mlflow = folder, mlflow
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        self.client = mlflow.MlflowClient()
        mlflow.set_experiment(experiment_id=self.client.create_experiment("bench", str(folder / "artifacts")))
        self.client.create_registered_model(NAME)
        self.run = ""

    def save(self, number: int) -> None:
        """Log one run with its artifact, and register it."""
        with self.mlflow.start_run() as run:
            self.mlflow.log_dict(small(number), "model.json")
        self.run = run.info.run_id
        self.client.create_model_version(NAME, f"{run.info.artifact_uri}/model.json", self.run)

    def fill(self) -> None:
        """Register many versions of one run."""
        self.save(0)
        source = f"{self.client.get_run(self.run).info.artifact_uri}/model.json"
        for _ in range(FOUND - 1):
            self.client.create_model_version(NAME, source, self.run)

    def newest(self) -> object:
        """Find the newest."""
        found = self.client.search_model_versions(f"name='{NAME}'", 1, ["version_number DESC"])
        return int(found[0].version) - 1

    def save_large(self, value: Any) -> None:
        """Log the file of an array."""
        with self.mlflow.start_run() as run:
            self.mlflow.log_artifact(str(dump(value, self.folder / "large.pkl")))
        self.run = run.info.run_id

    def load_large(self) -> Any:
        """Fetch the file and read it."""
        return load(Path(self.mlflow.artifacts.download_artifacts(run_id=self.run, artifact_path="large.pkl")))


class Pins:
    """pins."""

    def __init__(self, folder: Path) -> None:
        import pins

        self.folder = folder
        self.board = pins.board_folder(str(folder), versioned=True, allow_pickle_read=True)

    def save(self, number: int) -> None:
        """Pin one version."""
        self.board.pin_write(small(number), NAME, type="json", created=START + timedelta(seconds=number))

    def fill(self) -> None:
        """Have many versions: the folder of the first, under other dates."""
        self.save(0)
        first = next((self.folder / NAME).iterdir())
        for number in range(1, FOUND):
            date = START + timedelta(seconds=number)
            shutil.copytree(first, first.with_name(f"{date:%Y%m%dT%H%M%SZ}-{first.name.rpartition('-')[2]}"))

    def newest(self) -> object:
        """Find the newest."""
        return (self.board.pin_meta(NAME).version.created - START).seconds

    def save_large(self, value: Any) -> None:
        """Pin an array."""
        self.board.pin_write(value, "large", type="joblib")

    def load_large(self) -> Any:
        """Read it."""
        return self.board.pin_read("large")


class Trackio:
    """trackio."""

    def __init__(self, folder: Path) -> None:
        os.environ["TRACKIO_DIR"] = str(folder / "trackio")
        import trackio

        self.folder, self.trackio = folder, trackio
        trackio.init("bench", auto_log_cpu=False, auto_log_gpu=False, embed=False)

    def save(self, number: int) -> None:
        """Log the file of one version."""
        path = self.folder / "model.json"
        path.write_text(json.dumps(small(number)), "utf-8")
        self.trackio.log_artifact(path, name=NAME, type="model")

    def fill(self) -> None:
        """Log many."""
        for number in range(FOUND):
            self.save(number)

    def newest(self) -> object:
        """Find the newest."""
        return int(str(self.trackio.use_artifact(NAME).version).removeprefix("v"))

    def save_large(self, value: Any) -> None:
        """Log the file of an array."""
        self.trackio.log_artifact(dump(value, self.folder / "large.pkl"), name="large", type="array")

    def load_large(self) -> Any:
        """Fetch the file and read it."""
        return load(Path(self.trackio.use_artifact("large").download(str(self.folder / "back"))) / "large.pkl")


TOOLS: dict[str, type[Any]] = {
    "ours": Ours,
    "ours, relaxed": Ours,
    "mlflow": Mlflow,
    "pins": Pins,
    "trackio": Trackio,
}
PACKAGES = {"mlflow": "mlflow", "pins": "pins", "trackio": "trackio"}


def child(tool: str, what: str, folder: str) -> None:
    """Be the process in which one tool does one kind of work; print the seconds as the last line."""
    sys.addaudithook(refuse)
    made = TOOLS[tool](Path(folder))
    work = {"many": many, "newest": newest, "large": one_large}[what]
    found = work(made)
    print("\n" + json.dumps(found), flush=True)
    os._exit(0)  # what a tool still has running in the background is not ours to wait for


def many(made: Any) -> dict[str, float]:
    """Save versions one after the other; the first, which makes files and databases, comes before."""
    made.save(0)
    start = time.perf_counter()
    for number in range(1, VERSIONS + 1):
        made.save(number)
    return {WORKS[0]: time.perf_counter() - start}


def newest(made: Any) -> dict[str, float]:
    """Find the newest several times, and see that it is the newest."""
    made.fill()
    assert made.newest() == FOUND - 1
    return {WORKS[1]: statistics.median(timing.seconds(made.newest) for _ in range(LOOK_UPS))}


def one_large(made: Any) -> dict[str, float]:
    """Save an array and load it, and see that it came back."""
    made.save(0)
    value = large()
    took = {WORKS[2]: timing.seconds(lambda: made.save_large(value))}
    back: list[Any] = []
    took[WORKS[3]] = timing.seconds(lambda: back.append(made.load_large()))
    assert (back[0] == value).all()
    return took


def interpreter(tool: str) -> str | None:
    """Return the interpreter for a tool, if the tool is there."""
    if tool not in PACKAGES:
        return sys.executable
    python = os.environ.get("LAZYSCRIBE_PEERS_PYTHON")
    if not python or not Path(python).exists():
        return None
    command = [python, "-c", f"import importlib.metadata as m; print(m.version('{PACKAGES[tool]}'))"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        return None
    print(f"{tool} is {answer.stdout.strip()}.")
    return python


def run(tool: str, python: str, what: str) -> dict[str, float]:
    """Let a process do one kind of work."""
    environment = {**os.environ, **QUIET, "LAZYSCRIBE_DURABILITY": "relaxed" if "relaxed" in tool else "durable"}
    size = ["--quick"] if QUICK else []
    with tempfile.TemporaryDirectory(prefix="lazyscribe-bench-") as folder:
        command = [python, __file__, *size, "--work", tool, what, folder]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{tool} failed at {what}:\n{done.stdout}{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(pythons: dict[str, str]) -> dict[str, dict[str, list[float]]]:
    """Return the seconds of each turn, by work and tool."""
    found: dict[str, dict[str, list[float]]] = {work: {} for work in WORKS}
    for what, turns in (("many", TURNS), ("newest", 1), ("large", TURNS)):
        for _ in range(turns):
            for tool, python in pythons.items():
                for work, seconds in run(tool, python, what).items():
                    found[work].setdefault(tool, []).append(seconds)
    return found


def cell(times: list[float] | None, ours: list[float]) -> str:
    """Return the median of a tool with its spread, and what it is of ours."""
    if times is None:
        return "not installed"
    spread = f" ({amount(min(times))}–{amount(max(times))})" if len(times) > 1 else ""
    told = f"{amount(statistics.median(times))}{spread}"
    return told if times is ours else f"{told}, {statistics.median(times) / statistics.median(ours):.2f} × ours"


def main() -> None:
    """Run all."""
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if "--work" in sys.argv:
        child(*sys.argv[sys.argv.index("--work") + 1 :])
    print(f"\n### Beside other tools ({timing.machine()}), no target\n")
    found = measure({tool: python for tool in TOOLS if (python := interpreter(tool))})
    print(f"\n| work: median (least–most) | {' | '.join(TOOLS)} |\n|---|{'---|' * len(TOOLS)}")
    for work, times in found.items():
        print(f"| {work} | {' | '.join(cell(times.get(tool), times['ours']) for tool in TOOLS)} |")


if __name__ == "__main__":
    main()
