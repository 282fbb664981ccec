"""A program as a typed user would write it. `make check` runs mypy in strict mode on it, a test runs it.

Everything here comes from the documented modules; nothing is cast or ignored.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from attrs import define

import lazyscribe
from lazyscribe import Experiment, Project, Repository, Test
from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import ArtifactLoadError, LazyscribeError, ReadOnlyError, SaveError, VersionNotFoundError
from lazyscribe.experiment import ReadOnlyExperiment
from lazyscribe.registry import Registry, registry
from lazyscribe.release import (
    Release,
    create_release,
    dumps,
    find_release,
    loads,
    minimal_repository_from_release,
    release_from_toml,
)
from lazyscribe.test import ReadOnlyTest


@define
class LinesArtifact(Artifact):
    """Lines of text; written with the version of the format, which must be the same when read."""

    alias: ClassVar[str] = "typed-example-lines"
    suffix: ClassVar[str] = "txt"
    binary: ClassVar[bool] = False
    output_only: ClassVar[bool] = False

    format_version: str

    @classmethod
    def construct(
        cls,
        name: str,
        value: Any | None = None,
        fname: str | None = None,
        created_at: datetime | None = None,
        expiry: datetime | None = None,
        writer_kwargs: dict[str, Any] | None = None,
        version: int = 0,
        dirty: bool = True,
        **kwargs: Any,
    ) -> Artifact:
        """Make one, of the present format unless the record says otherwise."""
        kwargs.setdefault("format_version", "1")
        return super().construct(name, value, fname, created_at, expiry, writer_kwargs, version, dirty, **kwargs)

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> list[str]:
        """Return the lines."""
        text: str = buf.read()
        return text.splitlines()

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        """Write one line for each item."""
        end = str(kwargs.get("end", "\n"))
        buf.write("".join(f"{line}{end}" for line in obj))


def log(folder: Path) -> str:
    """Log two experiments, of which one depends on the other; return the slug of the second."""
    project: Project = Project(folder / "project.json", mode="w", author="ada")
    exp: Experiment
    test: Test
    with project.log("Features") as exp:
        exp.log_artifact("columns", ["age", "height"], handler="typed-example-lines", end="\n")
        upstream = exp
    with project.log("Model") as exp:
        exp.dependencies[upstream.short_slug] = upstream
        exp.log_parameter("alpha", 0.5)
        exp.log_metric("r2", 0.7)
        exp.tag("baseline", "typed")
        exp.log_artifact("weights", {"age": 0.2}, handler="json", indent=4)
        with exp.log_test("adults", description="everyone over 18") as test:
            test.log_metric("r2", 0.6)
            test.log_artifact("residuals", [0.1, -0.1], handler="pickle")
    try:
        project.save()
    except SaveError as error:
        raise SystemExit(str(error)) from error
    return exp.slug


def look(folder: Path, slug: str) -> list[str]:
    """Open the project read-only; return what was found."""
    project = Project(fpath=str(folder / "project.json"), mode="r")
    registry.add_project("typed-example", project)
    exp: Experiment = project[slug]
    assert isinstance(exp, ReadOnlyExperiment)
    assert isinstance(exp.tests[0], ReadOnlyTest)
    upstream: Experiment = exp.dependencies["features"]
    columns: Any = upstream.load_artifact("columns")
    names: list[str] = [each.name for each in project.filter(lambda each: "baseline" in each.tags)]
    try:
        project.experiments.append(exp)
        exp.log_metric("r2", 1.0)
    except ReadOnlyError as error:
        names.append(type(error).__name__)
    metrics: dict[str, Any] = exp.metrics
    created_at: datetime = exp.created_at
    assert created_at.tzinfo is None
    record: dict[str, Any] = exp.to_dict()
    own: Registry = Registry()
    own.add_project("mine", project)
    assert "mine" in own
    assert own.search(folder / "project.json") == "mine"
    return [*names, *columns, str(metrics["r2"]), str(record["slug"] == slug), str(slug in project)]


def promote(folder: Path, slug: str) -> Repository:
    """Promote what was logged, and log two more versions of something else."""
    project = Project(folder / "project.json", mode="r")
    repository = Repository(folder / "repository.json", mode="w+")
    project[slug].promote_artifact(repository, "weights")
    for limit in (0.5, 0.6):
        repository.log_artifact("limit", {"limit": limit}, handler="json", indent=4)
    repository.set_artifact_expiry("limit", version=0, expiry=datetime.now(UTC) + timedelta(days=1))
    repository.save()
    return repository


def look_up(repository: Repository) -> list[str]:
    """Find versions in every way there is."""
    tomorrow: datetime = datetime.now(UTC) + timedelta(days=1)
    metadata: dict[str, Any] = repository.get_artifact_metadata("limit", version=1)
    found: list[Any] = [
        repository.load_artifact("limit"),
        repository.load_artifact("limit", version=0),
        repository.load_artifact("limit", version=str(metadata["created_at"])),
        repository.load_artifact("limit", version=tomorrow, match="asof"),
    ]
    difference: str = repository.get_version_diff("limit", version=(0, 1))
    difference += repository.get_version_diff("limit", version=(0, 1), how="values")
    try:
        repository.load_artifact("limit", version=99)
    except VersionNotFoundError as error:
        found.append(type(error).__name__)
    try:
        repository.load_artifact("limit", version="2001-01-01", match="asof", validate=False)
    except LazyscribeError as error:
        found.append(isinstance(error, ArtifactLoadError))
    return [*(str(each) for each in found), difference.splitlines()[-2]]


def release(folder: Path) -> list[str]:
    """Release, and bring what was released to a folder of its own."""
    repository = Repository(folder / "repository.json", mode="r")
    one: Release = create_release(repository, tag="1.0")
    known: list[Release] = loads(dumps([one]))
    found: Release = find_release(known, version="1.0")
    minimal_repository_from_release(folder / "shipped", repository, one)
    shipped = Repository(folder / "shipped" / "repository.json", mode="r")
    frozen: Repository = repository.filter([("limit", 0)])
    release_from_toml(f'[tool.lazyscribe]\nrepositories = ["{(folder / "repository.json").as_posix()}"]\nversion = "1"')
    written: bool = (folder / "releases.json").exists()
    return [found.tag, str(shipped.load_artifact("limit")), str(frozen.load_artifact("limit")), str(written)]


def main(folder: Path) -> list[str]:
    """Run everything in `folder`; return what was found, line by line."""
    slug = log(folder)
    repository = promote(folder, slug)
    repository.reload()
    return [lazyscribe.__version__, *look(folder, slug), *look_up(repository), *release(folder)]


if __name__ == "__main__":
    print("\n".join(main(Path(sys.argv[1]))))
