"""What many writers say they have saved, and whether it is there.

Each writer, a thread or a process, keeps a log of its own: what it begins to save, and what it was told when its save
returned. Whoever is killed leaves a log that ends somewhere. Afterwards the folder is held against all the logs::

    def work(writer: int) -> None:
        with Log(logs / f"{writer}.jsonl") as log:
            repository = Repository(place)
            for turn in range(25):
                log.save_version(repository, "model", [writer, turn])

    in_processes(8, work)
    assert check(Repository(place, mode="r"), logs) == ""

Values are what JSON can hold, and no two of them are the same.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self

from lazyscribe import Experiment, Project, Repository

Key = tuple[str, str]
"""A name, and a value as JSON text."""


class Log:
    """The log of one writer: a line of JSON for each event, on the disk before the writer goes on.

    A file that is there is gone on with; two writers at once must not use the same one.

    Attributes
    ----------
    begun, acknowledged
        How many values the log has for that by now, those of earlier writers among them.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        events = list(_events_in(Path(path), []))
        self.begun = sum(event.place is None for event in events)
        self.acknowledged = len(events) - self.begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)

    def _note(self, **event: Any) -> None:
        os.write(self._file, b"\n" + json.dumps(event).encode("ascii") + b"\n")
        os.fsync(self._file)

    def begin(self, name: str, value: Any) -> None:
        """Note that `value` is about to be saved under `name`. From now on it may be there, or not."""
        self._note(event="begin", name=name, value=value)
        self.begun += 1

    def acknowledge(self, name: str, place: int | str, value: Any) -> None:
        """Note that a save returned, and what it said where the value is: a version's number, an experiment's slug."""
        self._note(event="acknowledged", name=name, place=place, value=value)
        self.acknowledged += 1

    def save_version(self, repository: Repository, name: str, value: Any, handler: str = "json") -> int:
        """Log `value` and save it; return its number. Other threads may do so with the same repository."""
        self.begin(name, value)
        repository.log_artifact(name, value, handler)
        artifact = next(each for each in reversed(repository.artifacts) if each.name == name and each.value == value)
        repository.save()
        self.acknowledge(name, artifact.version, value)
        return artifact.version

    def save_experiment(self, project: Project, name: str, value: Any, handler: str = "json") -> str:
        """Log an experiment with `log_experiment` and save it; return its slug. Other threads may use the project."""
        self.begin(name, value)
        experiment = log_experiment(project, name, value, handler)
        project.save()
        self.acknowledge(name, experiment.slug, value)
        return experiment.slug


def log_experiment(project: Project, name: str, value: Any, handler: str = "json") -> Experiment:
    """Log an experiment that holds `value` in each of its parts, as `check` expects it; saves nothing."""
    with project.log(name) as experiment:
        experiment.log_parameter("value", value)
        experiment.log_metric("value", value)
        experiment.log_artifact("value", value, handler)
        with experiment.log_test("test") as test:
            test.log_artifact("value", value, handler)
    return experiment


class Event(NamedTuple):
    """A line of a log; `place` is ``None`` where something begins."""

    writer: str
    key: Key
    place: int | str | None


class Found(NamedTuple):
    """A value that was read back, and where it is."""

    key: Key
    place: int | str


def check(document: Repository | Project, logs: str | os.PathLike[str]) -> str:
    """Hold what is in a repository or a project, just opened, against the logs in a folder (``*.jsonl``).

    Every acknowledged value must be there exactly once, where it was acknowledged; one that was only begun, at most
    once. Nothing else is there. The numbers of a name run from 0 without gap or double, and the values of each writer
    come in the order in which it began them.

    Returns
    -------
    str
        What is wrong, a line for each thing; empty if nothing is.
    """
    wrong: list[str] = []
    events = [event for path in sorted(Path(logs).glob("*.jsonl")) for event in _events_in(path, wrong)]
    if isinstance(document, Repository):
        found = list(_versions(document, wrong))
    else:
        found = list(_experiments(document, wrong))
    _compare(events, found, wrong)
    _check_order(events, found, wrong)
    return "\n".join(wrong)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _events_in(path: Path, wrong: list[str]) -> Iterator[Event]:
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            event = json.loads(line)
            yield Event(path.name, (event["name"], _text(event["value"])), event.get("place"))
        except (ValueError, KeyError, TypeError):
            # Each event begins with a line end: only what a kill has cut off is followed by another one at once.
            if number < len(lines) and not lines[number]:
                wrong.append(f"line {number} of {path.name} is no event: {line[:60]!r}")


def _versions(repository: Repository, wrong: list[str]) -> Iterator[Found]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for artifact in repository.artifacts:
        numbers[artifact.name].append(artifact.version)
    for name, given in numbers.items():
        for number, times in Counter(given).items():
            if times > 1:
                wrong.append(f"{name!r} has {times} versions {number}")
        if missing := sorted(set(range(max(given))) - set(given)):
            wrong.append(f"{name!r} has no version {', '.join(map(str, missing))}, and has {max(given)}")
        for number in sorted(set(given)):
            try:
                yield Found((name, _text(repository.load_artifact(name, version=number))), number)
            except Exception as error:  # whatever damage makes of it
                wrong.append(f"version {number} of {name!r} cannot be loaded: {error}")


def _experiments(project: Project, wrong: list[str]) -> Iterator[Found]:
    experiments = list(project.experiments)
    for slug, times in Counter(each.slug for each in experiments).items():
        if times > 1:
            wrong.append(f"{times} experiments have the slug {slug!r}")
    for experiment in experiments:
        try:
            values = {_text(value) for value in _values_of(experiment)}
        except Exception as error:  # whatever damage makes of it
            wrong.append(f"{experiment.slug!r} cannot be read: {error!r}")
            continue
        if len(values) > 1:
            wrong.append(f"{experiment.slug!r} mixes the values {', '.join(sorted(values))}")
        for value in values:
            yield Found((experiment.name, value), experiment.slug)


def _values_of(experiment: Experiment) -> Iterator[Any]:
    yield experiment.parameters["value"]
    yield experiment.metrics["value"]
    yield experiment.load_artifact("value")
    (test,) = experiment.tests
    yield test.load_artifact("value")


def _compare(events: list[Event], found: list[Found], wrong: list[str]) -> None:
    places: dict[Key, list[int | str]] = defaultdict(list)
    for key, place in found:
        places[key].append(place)
    for event in events:
        if event.place is None:
            continue
        (name, value), there = event.key, places.get(event.key, [])
        if not there:
            wrong.append(f"{value} of {name!r} is lost: it was acknowledged as {event.place!r}")
        elif event.place not in there:
            wrong.append(f"{value} of {name!r} was acknowledged as {event.place!r} and is {_listed(there)} now")
    begun = {event.key for event in events}
    for (name, value), there in places.items():
        if (name, value) not in begun:
            wrong.append(f"{value} of {name!r}, which is {_listed(there)}, was written by nobody")
        if len(there) > 1:
            wrong.append(f"{value} of {name!r} is there {len(there)} times: {_listed(there)}")


def _check_order(events: list[Event], found: list[Found], wrong: list[str]) -> None:
    """Look whether each writer's values of one name stand in the order in which they were begun."""
    position = {each.key: number for number, each in enumerate(found)}
    begun: dict[tuple[str, str], dict[Key, None]] = defaultdict(dict)
    for event in events:
        if event.key in position:
            begun[event.writer, event.key[0]][event.key] = None
    for (writer, name), keys in begun.items():
        for before, after in pairwise(keys):
            if position[before] > position[after]:
                wrong.append(f"{writer} has begun {before[1]} of {name!r} before {after[1]}, and it comes after it")


def _listed(places: Iterable[int | str]) -> str:
    return ", ".join(map(repr, places))
