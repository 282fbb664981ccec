"""Functions that several programs call; they are sent along with each."""

import re
from datetime import datetime
from typing import Any

from lazyscribe import Experiment, Repository
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact


def fields(experiment: Experiment) -> dict[str, Any]:
    """Give the fields of an experiment that are given when it is made."""
    names = ("name", "author", "created_at", "last_updated", "metrics", "parameters", "tags")
    return {name: getattr(experiment, name) for name in names}


def make_versions() -> Repository:
    """Save a repository of three versions of a text artifact and one binary artifact, a day apart."""
    repository = Repository("repository.json", mode="w")
    for number in range(3):
        repository.artifacts.append(
            JSONArtifact.construct(
                "features",
                value=list(range(number + 1)),
                created_at=datetime(2025, 1, number + 1, 10),
                version=number,
                writer_kwargs={"indent": 1},
            )
        )
    repository.artifacts.append(
        PickleArtifact.construct("model", value=(1, 2), created_at=datetime(2025, 1, 2, 9), version=0)
    )
    repository.save()
    return repository


def normal_path(path: Any) -> str:
    """Take the clock out of a path."""
    return re.sub("-20[0-9]{12}", "", str(path))


HELPERS = (fields, make_versions, normal_path)
