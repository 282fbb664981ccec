"""Writers of one repository or project in a bucket, each with a log of what it was told.

``python -m tests.cloud.writer`` is a process of them; it reads what to do from its standard input, as `Writers` puts
it, since forked children cannot use a bucket that their parent has used.
"""

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lazyscribe import Project, Repository
from lazyscribe.exception import SaveError, UnreadableError, UnsafeStoreError
from lazyscribe.testing.history import Log, check, log_experiment
from lazyscribe.testing.writers import in_threads

T = TypeVar("T")

ROOT = Path(__file__).parents[2]

KINDS = ("versions", "experiments")
SECONDS = 120
"""How long a writer goes on with one save."""


@dataclass
class Folder:
    """Where writers of one kind of document save, and where their logs are.

    Attributes
    ----------
    url
        Of a folder in a bucket.
    """

    url: str
    options: dict[str, Any] = field(repr=False)
    kind: str
    logs: str

    def open(self, mode: Any = "w+", **options: Any) -> Any:
        """Open the document, by another endpoint if one is given."""
        options = {**self.options, **options}
        if self.kind == "versions":
            return Repository(f"{self.url}/repository.json", mode=mode, **options)
        return Project(f"{self.url}/project.json", mode=mode, author="root", **options)

    def log(self, writer: object) -> Log:
        """Open the log of a writer."""
        return Log(Path(self.logs) / f"{writer}.jsonl")

    def save(self, log: Log, document: Any, value: int) -> None:
        """Log a value and save until the save returns; what fails for good is raised."""
        name = "a" if self.kind == "versions" else "run"
        log.begin(name, value)
        if self.kind == "versions":
            document.log_artifact(name, value, "json")
            made = document.artifacts[-1]
        else:
            made = log_experiment(document, name, value)
        save(document)
        log.acknowledge(name, made.version if self.kind == "versions" else made.slug, value)

    def check(self, writers: Iterable[object] = ()) -> int:
        """Return how many saves were acknowledged, each of which is there once, as it was told."""
        fresh = self.open("r")
        wrong = check(fresh, self.logs)
        assert not wrong, wrong  # told in full: this module's assertions are not rewritten
        report = fresh.verify()
        assert report.ok, str(report)
        counts = []
        for writer in writers:
            with self.log(writer) as log:
                counts.append(log.acknowledged)
        return sum(counts)


def save(document: Any) -> None:
    """Save until the save returns."""
    again(document.save, SaveError)


def again(action: Callable[[], T], error: type[Exception]) -> T:
    """Do something until it does not raise this error."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            return action()
        except error as raised:
            if isinstance(raised, UnsafeStoreError) or time.monotonic() > until:
                raise
            time.sleep(0.02)


class Writers:
    """Processes with some writers each.

    Parameters
    ----------
    writers
        The names of those of each process; each writer is a thread.
    each
        How many values each has saved when it ends, those of an earlier writer of that name included.
    """

    def __init__(self, folder: Folder, writers: Sequence[Sequence[int]], each: int) -> None:
        self.processes = [
            subprocess.Popen([sys.executable, "-m", "tests.cloud.writer"], cwd=ROOT, stdin=subprocess.PIPE, text=True)
            for _ in writers
        ]
        for process, names in zip(self.processes, writers, strict=True):
            assert process.stdin is not None
            process.stdin.write(json.dumps({"folder": asdict(folder), "writers": names, "each": each}))
            process.stdin.close()

    @property
    def running(self) -> bool:
        """Whether one of them has not ended yet."""
        return any(process.poll() is None for process in self.processes)

    def wait(self) -> list[int]:
        """Return how each process ended."""
        return [process.wait(300) for process in self.processes]

    def kill(self) -> None:
        """End all of them at once (SIGKILL)."""
        for process in self.processes:
            process.kill()


def main() -> None:
    """Be a process of writers."""
    task = json.load(sys.stdin)
    folder, names, each = Folder(**task["folder"]), task["writers"], task["each"]
    warnings.simplefilter("error")

    def work(number: int) -> None:
        document = again(folder.open, UnreadableError)
        with folder.log(names[number]) as log:
            while log.acknowledged < each:
                folder.save(log, document, 1000 * names[number] + log.begun)

    errors = [each for each in in_threads(len(names), work) if each is not None]
    for error in errors:
        print(repr(error), file=sys.stderr)
    sys.exit(bool(errors))


if __name__ == "__main__":
    main()
