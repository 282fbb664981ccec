"""Programs for 2.2 and ours, each run with its interpreter; each prints the processor seconds that its work took."""

import resource
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

sys.tracebacklimit = 0
warnings.simplefilter("ignore")

from lazyscribe import Project, Repository  # noqa: E402 - after the warnings are off


def processor() -> float:
    """Return the processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def versions(folder: Path, count: str) -> Callable[[], object]:
    """Log versions of a hundred names and save once."""

    def work() -> None:
        repository = Repository(folder / "repository.json", mode="w")
        for number in range(int(count)):
            name = f"name-{number % 100}"
            repository.log_artifact(name, number, handler="json", fname=f"f{number}.json")
        repository.save()

    return work


def experiments(folder: Path, count: str) -> Callable[[], object]:
    """Log experiments and save once."""

    def work() -> None:
        project = Project(folder / "project.json", mode="w")
        for number in range(int(count)):
            with project.log(f"experiment {number}") as experiment:
                experiment.log_metric("auc", number / 7)
                experiment.log_parameter("depth", number)
        project.save()

    return work


def merge(folder: Path, count: str) -> Callable[[], object]:
    """Merge two projects of as many experiments each."""
    projects = []
    for part in ("one", "other"):
        experiments_of(folder / f"{part}.json", part, int(count))
        projects.append(Project(folder / f"{part}.json", mode="w+"))
    return lambda: projects[0].merge(projects[1])


def experiments_of(path: Path, part: str, count: int) -> None:
    """Save a project with experiments of this part."""
    project = Project(path, mode="w")
    for number in range(count):
        with project.log(f"{part} {number}") as experiment:
            experiment.log_metric("auc", number / 7)
    project.save()


def main() -> None:
    """Run the program that the first argument names; who called clears the folder for temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="lazyscribe-bench-"))
    for place in ("warm", "timed"):
        (folder / place).mkdir()
    program = globals()[sys.argv[1]]
    program(folder / "warm", "1")()  # what is imported late is imported now
    work = program(folder / "timed", *sys.argv[2:])
    start = processor()
    work()
    print(processor() - start)


if __name__ == "__main__":
    main()
