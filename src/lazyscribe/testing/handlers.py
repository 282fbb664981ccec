"""What every handler promises. A subclass names the handler and gives values; faults are tried on real files."""

import copy
import errno
import inspect
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts.base import FIELDS, Artifact
from lazyscribe.exception import LazyscribeError
from lazyscribe.testing.calls import CHANGING
from lazyscribe.testing.faults import KILLED, every_call, fail, kill
from lazyscribe.testing.writers import forked


class HandlerTests:
    """Subclasses set ``handler`` and ``values``; and `same`, where ``==`` does not tell whether two values are equal.

    The handler must be found by its alias: through the entry point of an installed package, or because its class was
    defined before.

    Attributes
    ----------
    handler
        The class under test.
    values
        Some values that it keeps, at least two, no two of them the same, which :func:`copy.deepcopy` can copy.
    writer_kwargs
        Keywords for its ``write``.
    """

    handler: ClassVar[type[Artifact]]
    values: ClassVar[list[Any]]
    writer_kwargs: ClassVar[dict[str, Any]] = {}

    def same(self, one: Any, other: Any) -> bool:
        """Whether what was loaded is what was logged."""
        return bool(one == other)

    @pytest.fixture(autouse=True)
    def _quiet(self) -> Iterator[None]:
        with warnings.catch_warnings():
            if self.handler.output_only:
                warnings.simplefilter("ignore", UserWarning)
            yield

    def _loads(self, loaded: Any, value: Any) -> None:
        assert self.handler.output_only or self.same(loaded, value), f"{loaded!r} is not {value!r}"

    def _repository(self, folder: Path, mode: Any = "w+") -> Repository:
        return Repository(folder / "repository.json", mode=mode)

    def _log(self, folder: Path) -> Repository:
        repository = self._repository(folder)
        for value in copy.deepcopy(self.values):  # a handler might change what it writes
            repository.log_artifact("value", value, handler=self.handler.alias, **self.writer_kwargs)
        return repository

    def _check(self, folder: Path) -> None:
        """Every value is there, under its number, and its file is what was written."""
        repository = self._repository(folder, "r")
        assert repository.verify().ok
        assert len(repository.artifacts) == len(self.values)
        for number, value in enumerate(self.values):
            self._loads(repository.load_artifact("value", version=number), value)

    def test_attributes(self) -> None:
        """The class says its alias, suffix and kind, and adds only fields that compare."""
        assert isinstance(self.handler.alias, str)
        assert self.handler.alias
        assert not self.handler.suffix.startswith(".")
        assert isinstance(self.handler.binary, bool)
        assert isinstance(self.handler.output_only, bool)
        added = [each for each in attrs.fields(self.handler) if each.name not in FIELDS]
        assert all(each.eq for each in added), "a field that does not compare cannot tell whether a file can be read"

    def test_repository(self, tmp_path: Path) -> None:
        """Values saved as versions come back from a new object."""
        self._log(tmp_path).save()
        self._check(tmp_path)

    def test_project_and_promotion(self, tmp_path: Path) -> None:
        """A value saved with an experiment comes back, and so does its promoted copy."""
        project = Project(tmp_path / "project.json", author="tests")
        with project.log("run") as run:
            run.log_artifact("value", self.values[0], handler=self.handler.alias, **self.writer_kwargs)
        project.save()
        found = Project(tmp_path / "project.json", mode="r")["run"]
        self._loads(found.load_artifact("value"), self.values[0])
        repository = self._repository(tmp_path)
        found.promote_artifact(repository, "value")
        self._loads(self._repository(tmp_path, "r").load_artifact("value"), self.values[0])

    def test_environment(self, tmp_path: Path) -> None:
        """What is recorded of the environment is plain JSON and, read back, is that of a new one of that kind."""
        repository = self._log(tmp_path)
        repository.save()
        record = self._repository(tmp_path, "r").get_artifact_metadata("value", version=0)
        extra = {key: value for key, value in record.items() if key not in {*FIELDS, "handler"}}
        named = inspect.signature(self.handler.construct).parameters
        fresh = self.handler.construct("value", **{key: value for key, value in extra.items() if key in named})
        assert self.handler.construct("value", **extra) == fresh

    @pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
    def test_a_write_that_fails(self, tmp_path: Path, code: int) -> None:
        """Whichever call of a save fails, the error is one of lazyscribe's, and the same save works afterwards."""
        for trial in every_call(tmp_path, self._log, Repository.save, lambda number: fail(number, code)):
            error = trial.run()
            assert error is None or isinstance(error, LazyscribeError), f"{trial.name}: {error!r}"
            trial.subject.save()
            self._check(tmp_path / "trial")

    def test_a_process_that_dies(self, tmp_path: Path) -> None:
        """Wherever a save is killed, there is all of it or nothing, and the next process can save."""

        def changing(numbers: list[int], names: list[str]) -> list[int]:
            return [number for number in numbers if names[number] in CHANGING]

        for trial in every_call(tmp_path, self._log, Repository.save, kill, changing):
            assert forked(trial.run) in (KILLED, 0)
            folder = tmp_path / "trial"
            if not self._repository(folder, "r").artifacts:
                self._log(folder).save()
            self._check(folder)
