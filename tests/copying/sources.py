"""What is copied in these tests."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lazyscribe import Project, Repository
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact

START = datetime(2025, 1, 20, 13, 23, 30)


def day(number: int) -> datetime:
    """Return a date."""
    return START + timedelta(days=number)


def version(name: str, number: int, value: Any = None, kind: Any = JSONArtifact, **more: Any) -> Any:
    """Return a version made on that day."""
    value = {"name": name, "number": number} if value is None else value
    return kind.construct(name=name, value=value, created_at=day(number), version=number, **more)


def repository(file: Path | str, numbers: int = 3) -> Repository:
    """Save a repository of several names, one version of which expires, one with a name of its own for its file."""
    made = Repository(file)
    for number in range(numbers):
        made.artifacts.append(version("model", number))
        made.artifacts.append(version("deep/er", number, kind=PickleArtifact))
    made.artifacts.append(version("named", 0, fname="sub/given name.json"))
    made.set_artifact_expiry("model", version=0, expiry=day(30))
    made.save()
    return made


def project(file: Path | str, author: str = "ada") -> Project:
    """Save a project of three experiments, with artifacts, tests and a dependency among them."""
    made = Project(file, mode="w+", author=author)
    upstream = None
    for number, name in enumerate(("Features", "Ridge", "Forest")):
        with made.log(name) as experiment:
            experiment.log_parameter("alpha", number)
            experiment.log_metric("r2", number / 7)
            experiment.tag("baseline")
            experiment.artifacts.append(version("weights", number, kind=PickleArtifact))
            with experiment.log_test("adults") as test:
                test.log_metric("r2", number / 9)
                test.artifacts.append(version("confusion", number))
            if upstream is not None:
                experiment.dependencies[upstream.short_slug] = upstream
            upstream = experiment if number == 0 else None
        experiment.created_at = experiment.last_updated = day(number)
        experiment.slug = f"{experiment.short_slug}-2025012{number}132330"
    made.save()
    return made
