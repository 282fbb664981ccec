"""Releases: found by tag and date, kept beside the repository, copied into a repository of their own."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe import Repository, _utils
from lazyscribe.exception import (
    CorruptArtifactError,
    CorruptManifestError,
    InvalidArgumentError,
    InvalidVersionError,
    LazyscribeError,
    SaveError,
    UnknownArtifactError,
    UsageError,
    VersionNotFoundError,
)
from lazyscribe.release import (
    Release,
    create_release,
    dump,
    dumps,
    find_release,
    load,
    loads,
    minimal_repository_from_release,
    release_from_toml,
)

DAY = datetime(2025, 1, 20, 13, 23, 30)


def made(tag: str, seconds: float = 0) -> Release:
    return Release(tag, [("a", 0)], DAY + timedelta(seconds=seconds))


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below, those that keep writers apart left out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Set the time that lazyscribe sees."""
    return lambda now: monkeypatch.setattr(_utils, "utcnow", lambda: now)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Callable[[datetime], None]) -> Path:
    """A working directory with ``repository.json``: two versions of ``b``, one of ``a``, all of ``gone`` expired."""
    monkeypatch.chdir(tmp_path)
    repository = Repository("repository.json", mode="w+")
    for second, (name, value) in enumerate([("b", 1), ("a", 2), ("b", [3]), ("gone", 4)]):
        clock(DAY + timedelta(seconds=second))
        repository.log_artifact(name, value, handler="json")
    repository.set_artifact_expiry("gone", expiry=DAY + timedelta(seconds=5))
    repository.save()
    clock(DAY + timedelta(seconds=10, microseconds=7))
    return tmp_path


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder of its own on the in-memory file system."""
    folder = f"/{uuid4().hex}"
    fs = fsspec.filesystem("memory")
    fs.makedirs(folder)
    yield f"memory:/{folder}"
    fs.rm(folder, recursive=True)


# -- the class --------------------------------------------------------------------------------------------------------


def test_equality_is_by_fields() -> None:
    """Two releases are equal when all their fields are."""
    assert made("v1") == made("v1")
    assert made("v1") != made("v2")
    assert made("v1") != made("v1", 1)
    assert made("v1") != Release("v1", [("a", 1)], DAY)


def test_created_at_defaults_to_now(clock: Callable[[datetime], None]) -> None:
    """A release made without a date is of now, microseconds included."""
    clock(DAY.replace(microsecond=5))
    assert Release("v1", []).created_at == DAY.replace(microsecond=5)


def test_aware_date_becomes_utc() -> None:
    """An aware date is kept as naive UTC."""
    east = timezone(timedelta(hours=2))
    assert Release("v1", [], DAY.replace(tzinfo=UTC).astimezone(east)) == Release("v1", [], DAY)


def test_to_dict() -> None:
    """A release as a dictionary has three keys in the order of the file and its date as text to the second."""
    info = Release("v1", [("a", 0)], DAY.replace(microsecond=9)).to_dict()
    assert info == {"tag": "v1", "artifacts": [("a", 0)], "created_at": "2025-01-20T13:23:30"}
    assert list(info) == ["tag", "artifacts", "created_at"]


def test_from_dict() -> None:
    """A release comes back from its dictionary, pairs as they are and further keys ignored."""
    assert Release.from_dict(made("v1").to_dict()) == made("v1")
    pairs: list[Any] = Release.from_dict({**made("v1").to_dict(), "artifacts": [["a", 0]], "more": 1}).artifacts
    assert pairs == [["a", 0]]


WRONG = [
    1,
    [],
    None,
    {},
    {"tag": "v1"},
    {"tag": 1, "artifacts": [], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": "a", "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": ["ab"], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": [["a"]], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": [["a", "0"]], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": [["a", True]], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": [[0, 0]], "created_at": "2025-01-20"},
    {"tag": "v1", "artifacts": []},
    {"tag": "v1", "artifacts": [], "created_at": "soon"},
    {"tag": "v1", "artifacts": [], "created_at": None},
    {"tag": "v1", "artifacts": [], "created_at": 5},
    {"tag": "v1", "artifacts": [], "created_at": "0001-01-01T00:00:00+01:00"},
]


@pytest.mark.parametrize("info", WRONG, ids=repr)
def test_wrong_shapes_are_refused(info: Any) -> None:
    """What is no release is refused with one sentence, alone and as an element of a list, whose place is told."""
    with pytest.raises(CorruptManifestError, match="no release"):
        Release.from_dict(info)
    with pytest.raises(CorruptManifestError, match="Record 1 ") as caught:
        loads(json.dumps([made("v0").to_dict(), info]))
    assert caught.value.record == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["", "nope", "{}", "3", "null", '{"tag": "v1"}', "[" * 100_000, b"\xff"])
def test_text_without_releases_is_refused(text: Any) -> None:
    """A text that is no JSON list is an error of ours that is a ValueError."""
    with pytest.raises(ValueError, match="cannot be read") as caught:
        loads(text)
    assert isinstance(caught.value, CorruptManifestError)


def test_dump_and_load(tmp_path: Path) -> None:
    """Releases written to a file come back equal but for pairs, which are lists; keywords go to json."""
    releases = [made("v1"), Release("é", [], DAY)]
    path = tmp_path / "releases.json"
    with path.open("w") as fp:
        dump(releases, fp, indent=4)
    assert path.read_text() == dumps(releases, indent=4)
    with path.open() as fp:
        assert load(fp) == [Release("v1", [["a", 0]], DAY), Release("é", [], DAY)]  # type: ignore[list-item]
    assert loads(dumps([])) == load(io.StringIO("[]")) == []


def test_dumps_is_byte_for_byte_what_2_2_writes() -> None:
    """The text indented by 4 is that of 2.2: unsorted keys, pairs over several lines, escapes, no final newline."""
    text = (
        '[\n    {\n        "tag": "v\\u00e9",\n        "artifacts": [\n            [\n                "a",\n'
        '                0\n            ]\n        ],\n        "created_at": "2025-01-20T13:23:30"\n    }\n]'
    )
    assert dumps([made("vé")], indent=4) == text
    assert dumps([made("v")]) == '[{"tag": "v", "artifacts": [["a", 0]], "created_at": "2025-01-20T13:23:30"}]'


def test_keywords_of_loads_go_to_json() -> None:
    """Keywords of reading reach json."""
    assert loads(dumps([made("v1")]), object_pairs_hook=lambda pairs: {**dict(pairs), "tag": "v2"})[0].tag == "v2"


@given(st.lists(st.builds(Release, st.text(), st.lists(st.tuples(st.text(), st.integers())), st.datetimes())))
def test_round_trip(releases: list[Release]) -> None:
    """Any list of releases comes back from its text, dates cut to the second."""
    back = loads(dumps(releases))
    assert dumps(back) == dumps(releases)
    assert [(each.tag, each.created_at) for each in back] == [
        (each.tag, each.created_at.replace(microsecond=0)) for each in releases
    ]


# -- finding ----------------------------------------------------------------------------------------------------------


def test_newest() -> None:
    """Without a version the release of the greatest date is found, of several the last given."""
    assert find_release([made("new", 9), made("old")]).tag == "new"
    assert find_release([made("x", 9), made("y", 9), made("z")]).tag == "y"
    assert find_release([made("x"), made("y", 1)], match="asof").tag == "y"


def test_by_tag() -> None:
    """A text is a tag, also when it looks like a date or begins with @."""
    releases = [made("2025-01-20"), made("@v1", 1), made("v1", 2)]
    for release in releases:
        assert find_release(releases, release.tag) == release
    with pytest.raises(VersionNotFoundError, match="'2025-01-21'"):
        find_release(releases, "2025-01-21")


def test_by_date() -> None:
    """A datetime means the release of that second, aware ones in UTC."""
    releases = [made("v1", 0.7), made("v2", 5)]
    assert find_release(releases, DAY.replace(microsecond=2)).tag == "v1"
    assert find_release(releases, DAY.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=-3)))).tag == "v1"
    with pytest.raises(VersionNotFoundError):
        find_release(releases, DAY + timedelta(seconds=1))


def test_as_of() -> None:
    """As of a datetime means the newest release of that second or before it."""
    releases = [made("v3", 9), made("v1", 0.7), made("v2", 5)]
    for seconds, tag in [(0, "v1"), (4, "v1"), (5, "v2"), (8.9, "v2"), (9, "v3"), (99, "v3")]:
        assert find_release(releases, DAY + timedelta(seconds=seconds), "asof").tag == tag
    with pytest.raises(VersionNotFoundError):
        find_release(releases, DAY - timedelta(seconds=1), "asof")


@given(st.lists(st.integers(0, 5)), st.integers(-1, 6), st.sampled_from(["exact", "asof"]))
def test_finding_equals_brute_force(seconds: list[int], asked: int, match: Any) -> None:
    """Finding by date gives the greatest date that answers, of several the last given."""
    releases = [made(str(position), second) for position, second in enumerate(seconds)]
    fits = [(s, p) for p, s in enumerate(seconds) if s == asked or (match == "asof" and s < asked)]
    try:
        found = find_release(releases, DAY + timedelta(seconds=asked), match)
    except VersionNotFoundError:
        assert not fits
    else:
        assert found is releases[max(fits)[1]]


@pytest.mark.parametrize("releases", [[], [made("v1")]], ids=["none", "one"])
@pytest.mark.parametrize(
    ("version", "match", "error"),
    [
        ("v1", "asof", InvalidArgumentError),
        ("v1", "latest", InvalidArgumentError),
        (None, "latest", InvalidArgumentError),
        (DAY, "", InvalidArgumentError),
        (0, "exact", InvalidVersionError),
        (True, "exact", InvalidVersionError),
        (DAY.date(), "asof", InvalidVersionError),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "asof", InvalidVersionError),
    ],
)
def test_bad_questions(releases: list[Release], version: Any, match: Any, error: type[ValueError]) -> None:
    """A question that no release can answer is a ValueError, also when there is none."""
    with pytest.raises(error) as caught:
        find_release(releases, version, match)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("version", [None, "v1", DAY])
def test_none_to_find(version: Any) -> None:
    """An empty list answers nothing."""
    with pytest.raises(VersionNotFoundError):
        find_release([], version)


# -- creating ---------------------------------------------------------------------------------------------------------


def test_create(home: Path, clock: Callable[[datetime], None]) -> None:
    """A release holds the newest unexpired version of each name, sorted by name, and is of now."""
    release = create_release(Repository("repository.json", mode="r"), "v1")
    assert release == Release("v1", [("a", 0), ("b", 1)], DAY + timedelta(seconds=10, microseconds=7))
    assert all(type(pair) is tuple for pair in release.artifacts)
    clock(DAY + timedelta(seconds=4))
    assert ("gone", 0) in create_release(Repository("repository.json", mode="r"), "v1").artifacts


def test_create_writes_nothing(home: Path) -> None:
    """Creating a release leaves every file as it was."""
    before = files_in(home)
    create_release(Repository("repository.json", mode="r"), "v1")
    assert files_in(home) == before


def test_create_from_an_empty_repository(tmp_path: Path) -> None:
    """A release of a repository without versions is empty."""
    assert create_release(Repository(tmp_path / "repository.json", mode="r"), "v1").artifacts == []


@pytest.mark.parametrize("mode", ["a", "w", "w+"])
def test_mode_r_is_needed(home: Path, mode: Any) -> None:
    """A repository that may change is not released nor copied: a RuntimeError that names the mode."""
    repository = Repository("repository.json", mode=mode)
    with pytest.raises(RuntimeError, match=f"'{mode.replace('+', '[+]')}'") as caught:
        create_release(repository, "v1")
    assert isinstance(caught.value, UsageError)
    with pytest.raises(UsageError):
        minimal_repository_from_release(home / "min", repository, made("v1"))
    assert not (home / "min").exists()


# -- by configuration -------------------------------------------------------------------------------------------------

PLAIN = '[project]\nversion = "1.0"\n[tool.lazyscribe]\nrepositories = ["repository.json"]\n'


def released(folder: Path) -> list[str]:
    return [release.tag for release in loads((folder / "releases.json").read_text())]


def test_first_release(home: Path) -> None:
    """The first release makes the file beside the repository, byte for byte as 2.2 does."""
    release_from_toml(PLAIN)
    release = Release("1.0", [("a", 0), ("b", 1)], DAY + timedelta(seconds=10))
    assert (home / "releases.json").read_text() == dumps([release], indent=4)


def test_next_release(home: Path, clock: Callable[[datetime], None]) -> None:
    """A further release is added at the end, and what stood there stays as it was, unknown keys too."""
    release_from_toml(PLAIN)
    items = json.loads((home / "releases.json").read_text())
    items[0]["note"] = "kept"
    (home / "releases.json").write_text(json.dumps(items))
    clock(DAY + timedelta(days=1))
    release_from_toml(PLAIN.replace("1.0", "1.1"))
    last = {"tag": "1.1", "artifacts": [["a", 0], ["b", 1]], "created_at": "2025-01-21T13:23:30"}
    assert (home / "releases.json").read_text() == json.dumps([*items, last], indent=4)


def test_tag_that_exists(home: Path, caplog: pytest.LogCaptureFixture, clock: Callable[[datetime], None]) -> None:
    """A tag that exists is skipped with one WARNING, and the file is not touched."""
    release_from_toml(PLAIN)
    before = ((home / "releases.json").read_bytes(), (home / "releases.json").stat().st_mtime_ns)
    clock(DAY + timedelta(days=1))
    with caplog.at_level(logging.WARNING):
        release_from_toml(PLAIN)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "'1.0'" in caplog.text
    assert ((home / "releases.json").read_bytes(), (home / "releases.json").stat().st_mtime_ns) == before


def test_many_repositories(home: Path, memory: str) -> None:
    """Every repository named is released beside itself, on its own file system, by relative path or URL."""
    paths = ["repository.json", "sub/repository.json", f"{memory}/repository.json", str(home / "abs" / "r.json")]
    for path in paths[1:]:
        if "://" not in path:
            Path(path).parent.mkdir()
        other = Repository(path)
        other.log_artifact("x", 1, handler="json")
        other.save()
    release_from_toml(f"[tool.lazyscribe]\nversion = '2'\nrepositories = {json.dumps(paths)}\n")
    for folder in (home, home / "sub", home / "abs"):
        assert released(folder) == ["2"]
    with fsspec.open(f"{memory}/releases.json", "r") as fp:
        assert [each.to_dict()["artifacts"] for each in load(fp)] == [[["x", 0]]]


@pytest.mark.parametrize(
    ("project", "tool", "tag"), [("1.0", None, "1.0"), ("1.0", "2.0", "1.0"), (None, "2.0", "2.0")]
)
def test_where_the_tag_comes_from(home: Path, project: str | None, tool: str | None, tag: str) -> None:
    """The version of the project is the tag, else that of the tool's table."""
    text = "[project]\n" + (f'version = "{project}"\n' if project else 'dynamic = ["version"]\n')
    text += '[tool.lazyscribe]\nrepositories = ["repository.json"]\n' + (f'version = "{tool}"\n' if tool else "")
    release_from_toml(text)
    assert released(home) == [tag]


def test_deprecated_format(home: Path) -> None:
    """The format still makes the tag, with a DeprecationWarning that names the caller's line."""
    with pytest.warns(DeprecationWarning, match="format") as caught:
        release_from_toml(PLAIN + 'format = "v{version}-{year}.{month:02d}.{day}"\n')
    assert released(home) == ["v1.0-2025.01.20"]
    assert caught[0].filename == __file__


@pytest.mark.parametrize("form", ["{hour}", "{0}", "{", "{year:q}", "{year.x}", "{version[x]}"])
def test_format_that_cannot_be_filled(home: Path, form: str) -> None:
    """A format with another field or a mistake is an error that shows it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(InvalidArgumentError, match="year, month and day") as caught:
            release_from_toml(PLAIN + f'format = "{form}"\n')
    assert repr(form) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "TOML"),
        ("", r"\[tool\]"),
        ("tool = 1", r"\[tool\]"),
        ('[project]\nversion = "1"', r"\[tool\]"),
        ("[tool.other]\n", r"\[tool.lazyscribe\]"),
        ("[tool]\nlazyscribe = []\n", r"\[tool.lazyscribe\]"),
        ('[tool.lazyscribe]\nversion = "1"', "repositories"),
        ('[tool.lazyscribe]\nversion = "1"\nrepositories = "repository.json"', "repositories"),
        ('[tool.lazyscribe]\nversion = "1"\nrepositories = [1]', "repositories"),
        ('[tool.lazyscribe]\nversion = "1"\nrepositories = [""]', "repositories"),
        ('[tool.lazyscribe]\nrepositories = ["repository.json"]', "version"),
        ('[tool.lazyscribe]\nversion = 1.0\nrepositories = ["repository.json"]', "version"),
        ('[tool.lazyscribe]\nversion = ""\nrepositories = ["repository.json"]', "version"),
        ('project = 1\n[tool.lazyscribe]\nversion = "1"\nrepositories = ["repository.json"]', r"\[project\]"),
        (PLAIN.replace('"1.0"', "1"), "version"),
        (PLAIN + "format = 1\n", "format"),
    ],
)
def test_bad_configuration(home: Path, text: str, message: str) -> None:
    """A configuration that lacks something or has a wrong type is an error that names it; nothing is written."""
    before = files_in(home)
    with pytest.raises(InvalidArgumentError, match=message):
        release_from_toml(text)
    assert files_in(home) == before


def test_folder_that_is_not_there(home: Path) -> None:
    """A repository in a folder that does not exist is an error, before the others are released."""
    before = files_in(home)
    with pytest.raises(UsageError, match="nowhere"):
        release_from_toml(PLAIN.replace('"repository.json"', '"repository.json", "nowhere/repository.json"'))
    assert files_in(home) == before
    assert not (home / "nowhere").exists()


def test_repository_without_versions(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A repository that holds nothing yet is released empty, with one WARNING."""
    (home / "sub").mkdir()
    with caplog.at_level(logging.WARNING):
        release_from_toml(PLAIN.replace("repository.json", "sub/repository.json"))
    assert [(record.levelname, record.args) for record in caplog.records] == [
        ("WARNING", ("sub/repository.json", "1.0"))
    ]
    assert loads((home / "sub" / "releases.json").read_text())[0].artifacts == []


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '[{"tag": "1.0"}]', "[{"])
def test_damaged_releases(home: Path, damage: str) -> None:
    """A damaged file of releases is an error that names it, and stays as it was."""
    (home / "releases.json").write_text(damage)
    before = files_in(home)
    with pytest.raises(CorruptManifestError, match=r"releases\.json"):
        release_from_toml(PLAIN)
    assert files_in(home) == before


def test_releasing_from_many_threads(home: Path) -> None:
    """Releases made at once are all kept."""
    from concurrent.futures import ThreadPoolExecutor

    tags = [f"v{number}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda tag: release_from_toml(PLAIN.replace("1.0", tag)), tags))
    assert sorted(released(home)) == sorted(tags)


# -- the repository of one release ------------------------------------------------------------------------------------


def copied(home: Path, release: Release, location: Any = "min") -> Repository:
    minimal_repository_from_release(location, Repository("repository.json", mode="r"), release)
    return Repository(home / "min" / "repository.json", mode="r")


def test_minimal_repository(home: Path) -> None:
    """The copy holds the manifest and the files of the release, numbers and bytes kept, and nothing else."""
    source = Repository("repository.json", mode="r")
    before = files_in(home)
    release = create_release(source, "v1")
    copy = copied(home, release, home / "min")
    records = [source.get_artifact_metadata(name, version=version) for name, version in release.artifacts]
    expected = {f"{each['name']}/{each['fname']}" for each in records}
    assert set(files_in(home / "min")) == {"repository.json", *expected}
    assert {path.name for path in (home / "min").iterdir()} == {"repository.json", "a", "b"}
    for path in expected:
        assert (home / "min" / path).read_bytes() == before[path]
    assert (home / "min" / "repository.json").read_text() == json.dumps(records, indent=4, sort_keys=True)
    assert copy.load_artifact("b", version=1) == [3]
    assert create_release(copy, "v1").artifacts == release.artifacts
    assert {path: data for path, data in files_in(home).items() if not path.startswith("min/")} == before


@pytest.mark.parametrize("artifacts", [[["b", 0], ["gone", 0]], [("b", 0), ("gone", 0), ("b", 0)]])
def test_minimal_repository_of_any_versions(home: Path, artifacts: Any) -> None:
    """Loaded releases, older versions, expired ones and a pair given twice are copied, each version once."""
    copy = copied(home, Release("v1", artifacts, DAY))
    assert [(each.name, each.version) for each in copy.artifacts] == [("b", 0), ("gone", 0)]
    assert copy.load_artifact("gone", version=0) == 4


def test_minimal_repository_of_nothing(home: Path) -> None:
    """An empty release gives a repository without versions."""
    assert len(copied(home, Release("v1", [])).artifacts) == 0
    assert files_in(home / "min") == {"repository.json": b"[]"}


def test_minimal_repository_elsewhere(home: Path, memory: str) -> None:
    """A URL names another file system, and a plain path one on the file system of the repository."""
    release = Release("v1", [("b", 1)])
    copied(home, release, f"{memory}/first")
    first = Repository(f"{memory}/first/repository.json", mode="r")
    assert first.load_artifact("b") == [3]
    minimal_repository_from_release(Path(memory.removeprefix("memory:/")) / "second", first, release)
    assert Repository(f"{memory}/second/repository.json", mode="r").load_artifact("b") == [3]


def test_the_working_directory_may_change(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that was opened by a relative path is copied from where it was opened."""
    monkeypatch.chdir(home)
    repository = Repository("repository.json", mode="r")
    (home / "elsewhere").mkdir()
    monkeypatch.chdir(home / "elsewhere")
    minimal_repository_from_release("min", repository, Release("v1", [("b", 1)]))
    assert Repository("min/repository.json", mode="r").load_artifact("b") == [3]


def test_location_that_is_taken(home: Path) -> None:
    """A location that holds a repository, the source itself too, is refused and left as it was."""
    copied(home, Release("v1", [("b", 1)]))
    before = files_in(home)
    for location in ("min", ".", home):
        with pytest.raises(FileExistsError, match="another location") as caught:
            copied(home, Release("v1", [("b", 0)]), location)
        assert isinstance(caught.value, LazyscribeError)
    assert files_in(home) == before


@pytest.mark.parametrize(
    ("artifacts", "error"),
    [
        ([("nope", 0)], UnknownArtifactError),
        ([("b", 0), ("b", 7)], VersionNotFoundError),
        ([("b",)], InvalidArgumentError),
        (["b0"], InvalidArgumentError),
    ],
)
def test_release_of_another_repository(home: Path, artifacts: Any, error: type[LazyscribeError]) -> None:
    """A release that names what the repository does not hold is refused, and nothing is written."""
    with pytest.raises(error):
        copied(home, Release("v1", artifacts))
    assert not (home / "min").exists()


def test_damaged_or_missing_files_are_not_copied(home: Path) -> None:
    """A version whose file is damaged or gone is not copied, and of the others no file stays."""
    paths = [home / path for path in files_in(home) if path.startswith("b/")]
    paths[1].write_bytes(b"[4]")
    with pytest.raises((SaveError, CorruptArtifactError), match="b"):
        copied(home, Release("v1", [("a", 0), ("b", 0), ("b", 1)]))
    paths[1].unlink()
    with pytest.raises(SaveError, match="b"):
        copied(home, Release("v1", [("a", 0), ("b", 0), ("b", 1)]))
    assert not files_in(home / "min")
