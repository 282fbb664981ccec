"""Other tools with the same bucket: what `benchmarks/cloud.py` runs in the environment of the other tools.

Which bucket, and how it is reached, stands in the environment, where all of them look: ``AWS_…``.

- *ours*: as in ``peers.py``, in the bucket.
- *mlflow*: as there, its artifacts in the bucket by boto3; runs and versions stay in SQLite on this machine.
- *pins*: as there, with the bucket as board by s3fs.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

import peers
import timing

VERSIONS, LOOK_UPS = (2, 2) if timing.QUICK else (40, 20)
WORKS = (f"log and save {VERSIONS} versions", "find the newest of them", f"save {peers.SIZE >> 20} MiB", "load it")
NEEDS = {"ours": "lazyscribe", "mlflow": "boto3", "pins": "s3fs"}


class Ours(peers.Ours):
    """lazyscribe."""

    def __init__(self, url: str, _: Path) -> None:
        from lazyscribe import Repository

        self.open = lambda: Repository(f"{url}/repository.json")
        self.repository = self.open()


class Mlflow(peers.Mlflow):
    """mlflow."""

    def __init__(self, url: str, folder: Path) -> None:
        import mlflow

        self.folder, self.mlflow = folder, mlflow
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        self.client = mlflow.MlflowClient()
        mlflow.set_experiment(experiment_id=self.client.create_experiment("bench", f"{url}/artifacts"))
        self.client.create_registered_model(peers.NAME)
        self.run = ""


class Pins(peers.Pins):
    """pins."""

    def __init__(self, url: str, folder: Path) -> None:
        import pins

        self.folder = folder
        self.board = pins.board_s3(url.removeprefix("s3://"), versioned=True, allow_pickle_read=True)


TOOLS: dict[str, type[Any]] = {"ours": Ours, "mlflow": Mlflow, "pins": Pins}


def main(tool: str, url: str, folder: str) -> None:
    """Do all works with one tool; print the seconds of each as the last line."""
    made = TOOLS[tool](url, Path(folder))
    made.save(0)
    found = {WORKS[0]: timing.seconds(lambda: [made.save(number) for number in range(1, VERSIONS + 1)])}
    assert made.newest() == VERSIONS
    found[WORKS[1]] = statistics.median(timing.seconds(made.newest) for _ in range(LOOK_UPS))
    value = peers.large()
    found[WORKS[2]] = timing.seconds(lambda: made.save_large(value))
    back: list[Any] = []
    found[WORKS[3]] = timing.seconds(lambda: back.append(made.load_large()))
    assert (back[0] == value).all()
    print("\n" + json.dumps(found), flush=True)
    os._exit(0)  # what a tool still has running in the background is not ours to wait for


if __name__ == "__main__":
    main(*sys.argv[1:4])
