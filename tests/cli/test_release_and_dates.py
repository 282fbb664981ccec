"""A version by its release, and dates: local with the zone, in UTC when asked for, as files hold them in JSON."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lazyscribe import Project, Repository
from tests.cli.support import answer, call, check, error, make

RELEASED = "2025-03-01T04:30:00"
"""UTC; in New York it is still February."""


@pytest.fixture
def there(here: Path) -> Path:
    """The folder with a release, known by its file, of the version before the newest, and aliases and deletions."""
    release = {"tag": "1.0", "artifacts": [["model", 0]], "created_at": RELEASED}
    (here / "releases.json").write_text(json.dumps([release, {**release, "tag": "0.9", "artifacts": []}]))
    repository = Repository(here / "repository.json")
    repository.set_alias("model", "production", 0)
    repository.set_artifact_expiry("model", 0, expiry="2035-01-01T00:00:00")
    repository.log_artifact("other", "x", "text")
    repository.save()
    repository.log_artifact("model", 2, "json")
    repository.save()
    repository.delete("model", 2, "wrong data")
    repository.save()
    return here


def test_a_version_can_be_named_by_a_release_that_holds_it(there: Path) -> None:
    held = call("get", "model@0", "--to", "-", cwd=there).stdout
    assert call("get", "model", "--release", "1.0", "--to", "-", cwd=there).stdout == held
    assert answer("get", "model", "--release", "1.0", "--to", "x", cwd=there)["record"]["version"] == 0
    assert answer("show", "model", "--release", "1.0", cwd=there)["record"]["version"] == 0
    assert answer("lineage", "model", "--release", "1.0", cwd=there)["lineage"]["version"] == 0
    first, second = answer("explain", "model", "--release", "1.0", cwd=there)["text"].split("\n")
    assert first == "The release '1.0' holds version 0 of 'model'."
    assert "version 0" in second.lower()


def test_a_release_made_by_the_command_is_found_by_it(here: Path) -> None:
    answer("release", "now", "--yes", cwd=here)
    Repository(here / "repository.json").log_artifact("model", 2, "json")
    assert answer("show", "model", "--release", "now", cwd=here)["record"]["version"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["model", "--release", "2.0"], 1, "repository.json knows no release '2.0'; it knows: '1.0', '0.9'."),
        (["other", "--release", "1.0"], 1, "The release '1.0' holds no version of 'other'; it holds: 'model'."),
        (["model", "--release", "0.9"], 1, "it holds: nothing."),
        (["model@0", "--release", "1.0"], 2, "leave it out"),
        (["model", "--release", "1.0", "--version", "1"], 2, "only one of"),
        (["model", "--release", "1.0", "--as-of", "2025-01-01"], 2, "only one of"),
        (["model", "--version", "1", "--as-of", "2025-01-01"], 2, "only one of"),
    ],
)
def test_what_a_release_does_not_hold_is_one_sentence(there: Path, arguments: list[str], code: int, says: str) -> None:
    assert says in error("get", *arguments, cwd=there, code=code)


@pytest.mark.parametrize("command", ["show", "explain", "lineage"])
def test_other_commands_say_the_same_of_releases(there: Path, command: str) -> None:
    assert "holds no version of 'other'" in error(command, "other", "--release", "1.0", cwd=there, code=1)


def test_a_release_of_a_version_that_was_deleted_says_so(there: Path) -> None:
    repository = Repository(there / "repository.json")
    repository.delete("model", 0, "no consent")
    repository.save()
    assert "no consent" in error("get", "model", "--release", "1.0", cwd=there, code=1)


ZONES = {"America/New_York": "-0[45]:00", "Asia/Kolkata": r"\+05:30"}

TELLING: list[tuple[str, ...]] = [
    ("ls",),
    ("ls", "--since", "2025-01-01"),
    ("tree",),
    ("show", "ridge"),
    ("show", "model@0"),
    ("compare", "ridge", "lasso", "--all"),
    ("release",),
    ("history",),
    ("at",),
    ("explain", "model"),
    ("explain", "model@production"),
    ("explain", "model", "--as-of", "2025-01-20T18:00"),
    ("explain", "model", "--version", "2001-01-01"),
    ("explain", "gone"),
    ("lineage", "model"),
    ("lineage", "notes"),
    ("verify",),
    ("diff", "model", "0", "1"),
    ("expire", "model@1", "--on", "2035-01-01T00:00", "--dry-run"),
    ("merge", "elsewhere/project.json", "--dry-run"),
    ("doctor",),
    ("get", "model@2"),
    ("get", "model", "--as-of", "2001-01-01"),
    ("alias", "model@2", "x", "--dry-run"),
    ("promote", "lasso", "notes", "--yes"),
    ("copy", "elsewhere/repository.json", "repository.json"),
]
"""Commands that say, or might say, dates; some of them fail, and say them in their errors."""

DATE = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


def _prepare(folder: Path) -> None:
    """Add another place, whose version 1 is another one, and a promotion."""
    other = folder / "elsewhere"
    other.mkdir()
    make(other)
    content = json.loads((other / "repository.json").read_text())
    content[1]["created_at"] = "2024-01-01T00:00:00"
    (other / "repository.json").write_text(json.dumps(content))
    repository = Repository(folder / "repository.json")
    Project(folder / "project.json", mode="r")["lasso"].promote_artifact(repository, "notes")


def _told(folder: Path, *options: str, **more: str) -> dict[tuple[str, ...], str]:
    """Return what each of these commands writes; they change nothing, so they run side by side."""

    def tell(arguments: tuple[str, ...]) -> str:
        done = call(*arguments, *options, cwd=folder, **more)
        assert done.returncode in (0, 1, 3), (arguments, done.stderr)
        assert b"Traceback" not in done.stderr
        return (done.stdout if "--json" in options else done.stdout + done.stderr).decode()

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(TELLING, pool.map(tell, TELLING), strict=True))


@pytest.mark.parametrize("zone", ZONES)
def test_every_date_that_is_said_is_local_and_has_its_zone(there: Path, zone: str) -> None:
    _prepare(there)
    told = _told(there, TZ=zone)
    dates = {arguments: DATE.findall(text) for arguments, text in told.items()}
    wrong = {
        arguments: [date for date in found if not re.search(rf"{ZONES[zone]}\W*$", date)]
        for arguments, found in dates.items()
    }
    assert {arguments: found for arguments, found in wrong.items() if found} == {}
    silent = {arguments[0] for arguments, found in dates.items() if not found and "gone" not in arguments}
    assert silent == {"compare", "verify", "diff", "merge", "doctor"}  # these hold no dates
    hour = "2025-01-20 07:00:00-05:00" if "York" in zone else "2025-01-20 17:30:00+05:30"
    for arguments in (("ls",), ("tree",), ("show", "ridge"), ("at",), ("explain", "model@production")):
        assert hour in told[arguments]


def test_with_utc_every_date_that_is_said_is_in_utc(there: Path) -> None:
    _prepare(there)
    for arguments, text in _told(there, "--utc", TZ="Asia/Kolkata").items():
        assert [date for date in DATE.findall(text) if "+00:00" not in date] == [], arguments


def test_dates_in_json_are_those_of_the_files_wherever_they_stand(there: Path) -> None:
    """Within texts, too: in UTC, to the second, without an offset, whatever the zone is here."""
    _prepare(there)
    for arguments, text in _told(there, "--json", TZ="Asia/Kolkata").items():
        content = json.loads(text)
        check(content)
        dates = [date for each in _texts(content) for date in DATE.findall(each)]
        assert [date for date in dates if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\W*", date)] == [], arguments
        assert dates or arguments[0] in ("compare", "verify", "diff", "merge", "doctor") or "gone" in arguments
        if arguments in (("tree",), ("explain", "model@production"), ("show", "ridge")):
            assert "2025-01-20T12:00:00" in " ".join(dates), arguments


def _texts(content: Any) -> list[str]:
    if isinstance(content, dict):
        return [text for key, each in content.items() if key != "notes" for text in _texts(each)]
    if isinstance(content, list):
        return [text for each in content for text in _texts(each)]
    return [content] if isinstance(content, str) else []
