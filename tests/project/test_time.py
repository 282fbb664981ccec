"""Dates of experiments: naive UTC in memory, ISO 8601 to the second on disk."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe._utils import utcnow
from tests.clock import START, Clock
from tests.project.support import make, on, python, records, saved, write


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let time stand still."""
    return Clock(monkeypatch)


def test_utcnow_is_naive_utc_with_microseconds() -> None:
    """The clock gives naive UTC datetimes that differ in their microseconds."""
    before = datetime.now(UTC).replace(tzinfo=None)
    found = [utcnow() for _ in range(50)]
    assert before <= found[0] <= found[-1] <= datetime.now(UTC).replace(tzinfo=None)
    assert {date.tzinfo for date in found} == {None}
    assert any(date.microsecond for date in found)


def test_one_clock_gives_every_date(clock: Clock) -> None:
    """Who puts another clock in the place of `utcnow` finds its time in every date of a new experiment."""
    project = Project("project.json", mode="w")
    with project.log("one") as experiment:
        experiment.log_artifact("a", 1, handler="json")
        clock.tick(seconds=5)
        experiment.log_metric("m", 1)
    assert (experiment.created_at, experiment.last_updated) == (START, START + timedelta(seconds=5))
    assert experiment.slug == "one-20250120132330"
    assert experiment.artifacts[0].created_at == START


def test_the_local_time_zone_changes_no_date() -> None:
    """In a process whose zone is far from UTC the dates of a new experiment are UTC all the same."""
    program = (
        "import os, time; os.environ['TZ'] = 'Pacific/Kiritimati'; time.tzset()\n"
        "from lazyscribe import Project\n"
        "with Project('project.json').log('one') as e: pass\n"
        "print(e.created_at.isoformat())"
    )
    found = datetime.fromisoformat(python(program))
    assert abs(found - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=5)


def test_files_hold_dates_to_the_second() -> None:
    """Creation and update stand in the file as ISO 8601 text to the second, cut and not rounded."""
    date = datetime(2025, 1, 20, 13, 23, 30, 999_999)
    saved(make(created_at=date, last_updated=date + timedelta(seconds=1)))
    assert records()[0]["created_at"] == "2025-01-20T13:23:30"
    assert records()[0]["last_updated"] == "2025-01-20T13:23:31"


def test_opened_dates_are_naive_datetimes() -> None:
    """A project that is opened gives the dates of the file as naive datetimes."""
    saved(make(created_at=on(20, 30), last_updated=on(21)))
    found = Project("project.json", mode="r")["one"]
    assert (found.created_at, found.last_updated) == (on(20, 30), on(21))
    assert found.created_at.tzinfo is None


def test_an_aware_date_is_converted_to_utc() -> None:
    """A creation date with an offset is written, and stamped into the slug, as the moment in UTC."""
    zone = timezone(timedelta(hours=5, minutes=30))
    experiment = make(created_at=datetime(2025, 1, 20, 2, 0, 0, tzinfo=zone))
    saved(experiment)
    assert experiment.slug == "one-20250119203000"
    assert experiment.created_at == experiment.last_updated == datetime(2025, 1, 19, 20, 30)
    experiment.last_updated = datetime(2025, 1, 20, 2, 0, 0, tzinfo=zone)
    assert experiment.last_updated == datetime(2025, 1, 19, 20, 30)
    assert records()[0]["created_at"] == "2025-01-19T20:30:00"
    assert Project("project.json", mode="r")["one"].created_at == datetime(2025, 1, 19, 20, 30)


def test_aware_and_naive_dates_have_one_order() -> None:
    """Experiments with aware and with naive dates can be compared and stand in the order of the moments."""
    aware = make("aware", created_at=datetime(2025, 1, 20, 0, 0, tzinfo=timezone(timedelta(hours=-12))))
    naive = make("naive", created_at=datetime(2025, 1, 20, 11, 59))
    assert naive < aware
    project = Project("project.json")
    project.append(aware)
    project.append(naive)
    assert list(project.experiments) == [naive, aware]


def test_an_offset_in_the_file_is_converted() -> None:
    """A file that holds a date with an offset opens with the moment in UTC."""
    saved()
    record = records()[0]
    write("project.json", [{**record, "created_at": "2025-01-20T14:23:00+01:00", "last_updated": "2025-01-21"}])
    found = Project("project.json", mode="r")["one"]
    assert found.created_at == on(20)
    assert found.last_updated == datetime(2025, 1, 21)


def test_dates_in_metrics_and_parameters_become_text() -> None:
    """A date at any depth of metrics and parameters is written to the second, a tuple as a list."""
    aware = datetime(2025, 1, 20, 1, tzinfo=timezone(timedelta(hours=1)))
    experiment = make(metrics={"at": on(20, 5)}, parameters={"deep": {"list": [(1, aware)]}, "tuple": (1, (2,))})
    saved(experiment)
    record = records()[0]
    assert record["metrics"] == {"at": "2025-01-20T13:23:05"}
    assert record["parameters"] == {"deep": {"list": [[1, "2025-01-20T00:00:00"]]}, "tuple": [1, [2]]}
    assert experiment.metrics["at"] == on(20, 5)


def test_stamps_and_slugs() -> None:
    """Slugs are python-slugify's; that of an experiment ends with the digits of its creation date."""
    experiment = make("Größe: 1/2 & more", created_at=datetime(2025, 2, 3, 4, 5, 6))
    assert experiment.short_slug == "grosse-1-2-more"
    assert experiment.slug == "grosse-1-2-more-20250203040506"


def test_the_default_file_name_holds_the_stamp_of_the_artifact(folder: Path) -> None:
    """The file of an artifact is called by slug, stamp of its own creation and suffix."""
    project = Project("project.json")
    with project.log("one") as experiment:
        experiment.log_artifact("My Features", [1], "json")
    stamp = experiment.artifacts[0].created_at.strftime("%Y%m%d%H%M%S")
    project.save()
    assert (folder / experiment.slug / f"my-features-{stamp}.json").is_file()


def test_a_date_in_memory_that_is_none_cannot_be_saved() -> None:
    """An experiment whose date was replaced by something else is refused with an error that is ours."""
    from lazyscribe.exception import LazyscribeError

    project = saved()
    before = Path("project.json").read_bytes()
    project["one"].last_updated = "yesterday"  # type: ignore[assignment]
    with pytest.raises(LazyscribeError, match="one"):
        project.save()
    assert Path("project.json").read_bytes() == before
    project["one"].last_updated = on(22)
    project.save()
    assert records()[0]["last_updated"] == "2025-01-22T13:23:00"
