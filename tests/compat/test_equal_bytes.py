"""Where 2.2 and ours write the same record, they write the same bytes.

Values travel to both interpreters as one pickle, and all dates are given, so that only the writers can differ.
"""

import pickle
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lazyscribe import Experiment, Project, Repository
from lazyscribe import release as releases
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.artifacts.pickle import PickleArtifact
from tests.compat.actor import Actor

MANY = settings(
    max_examples=100,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

#: Any text that UTF-8 can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
keys = texts | st.sampled_from(["", "a", "A", "b", "é", "😀", "\u2028", "\x00", '"', "\\", "/", "\x7f"])
dates = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 1, 1))
numbers = st.integers() | st.integers(min_value=-(10**40), max_value=10**40) | st.floats() | st.booleans()
scalars = st.none() | numbers | texts | st.sampled_from([0.1, 1e16, 1e-7, 1e22, -0.0, 5e-324, 2**53 + 0.0, 10**20])


def nested(leaves: st.SearchStrategy[Any], tuples: bool = False) -> st.SearchStrategy[Any]:
    """Lists and dictionaries of leaves, and tuples."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(keys, inner, max_size=4)
            | st.dictionaries(st.integers(-20, 20), inner, max_size=3)
            | st.dictionaries(st.floats(allow_nan=False) | st.booleans(), inner, max_size=3)
            | (st.lists(inner, max_size=3).map(tuple) if tuples else st.nothing())
        ),
        max_leaves=8,
    )


metrics = st.dictionaries(keys, numbers | dates, max_size=5)
parameters = st.dictionaries(keys, nested(scalars | dates, tuples=True), max_size=5)


def write_project(pickled: str) -> str:
    """Write experiments given by their fields, each with a test of the same values, and give the file's text."""
    project = Project("project.json", mode="w", author="Ann Ü")
    for number, fields in enumerate(pickle.loads(bytes.fromhex(pickled))):
        when = datetime(2025, 1, 1 + number)
        experiment = Experiment(
            name=f"exp {number}",
            project=Path("project.json"),
            author="Ann Ü",
            last_updated_by="Ann Ü",
            created_at=when,
            last_updated=when,
            metrics=fields["metrics"],
            parameters=fields["parameters"],
            tags=fields.get("tags", []),
        )
        with experiment.log_test(fields.get("test", "test"), fields.get("description")) as test:
            test.metrics.update(fields["metrics"])
            test.parameters.update(fields["parameters"])
        experiment.last_updated = when
        project.append(experiment)
    project.save()
    return Path("project.json").read_bytes().decode("ascii")


def both_write(old: Actor, new: Actor, folder: Path, fields: list[dict[str, Any]]) -> list[str]:
    """Let both releases write one project, each in a folder of its own."""
    given_to_both = pickle.dumps(fields).hex()
    written = []
    for actor in (old, new):
        (folder / actor.name).mkdir(exist_ok=True)
        written.append(actor(write_project, folder / actor.name, pickled=given_to_both))
    return written


@MANY
@given(st.lists(st.fixed_dictionaries({"metrics": metrics, "parameters": parameters}), max_size=2))
def test_any_metrics_and_parameters_are_written_alike(
    old: Actor, new: Actor, tmp_path: Path, fields: list[dict[str, Any]]
) -> None:
    """Floats, big integers, nested lists, dictionaries and tuples, dates and any text come out as the same bytes."""
    theirs, ours = both_write(old, new, tmp_path, fields)
    assert ours == theirs


@settings(MANY, max_examples=50)
@given(tags=st.lists(texts, max_size=4), description=st.none() | texts, name=texts.filter(str.strip))
def test_any_tags_and_descriptions_are_written_alike(
    old: Actor, new: Actor, tmp_path: Path, tags: list[str], description: str | None, name: str
) -> None:
    """Tags, in their order, and the names and descriptions of tests come out as the same bytes."""
    theirs, ours = both_write(
        old,
        new,
        tmp_path,
        [{"metrics": {}, "parameters": {}, "tags": tags, "description": description, "test": name}],
    )
    assert ours == theirs


SPELLED: list[Any] = [
    float("nan"),
    float("inf"),
    float("-inf"),
    -0.0,
    1e16,
    123456789012345680.0,
    1e-5,
    0.0001,
    1.0,
    2.5e-310,
    10**30,
    -(2**63) - 1,
    2**64,
    True,
    None,
    "",
    "\x00\x1f\x7f\x80\u2028\u2029\ufeff\uffff",
    'quote " backslash \\ slash / tab \t newline \n',
    "\U0001d4b3\U0001f600 é 日本",
    "</script>",
    [],
    {},
    (),
    [[]],
    [{}],
    {"a": []},
    {"": {"": ""}},
    {2: "b", 10: "a", -1: "c"},
    {1.5: "a", 1e30: "b"},
    {True: 1, False: 2},
    {None: 1},
    {-0.0: "a", -1.0: "b"},
    {"x": float("inf"), "y": {-0.0: "a", -1.0: "b", 2.0: "c", 10.0: "d"}},
    {"x": float("nan"), "y": {2: "b", 10: "a", -1: "c"}, "z": {True: 1, False: 2}},
    {"x": float("nan"), "y": (datetime(2025, 1, 1), (1, 2)), "z": {None: "größe 😀"}},
    {"x": 10**400, "y": {2: "b", 10: "a"}},
    {"a": (1, (2, [3, (4,)]))},
    datetime(2025, 1, 1, 1, 1, 1, 999999),
    {"at": [datetime(1, 1, 1), {"x": datetime(9999, 12, 31, 23, 59, 59, 999999)}]},
    (datetime(2025, 1, 1), (datetime(2025, 1, 2),)),
    {"Z": 1, "a": 2, "_": 3, "é": 4, "😀": 5, "\ufffd": 6},
    [1, 1.0, "1", True, None, float("nan")],
    "x" * 10000,
    list(range(300)),
]


@pytest.mark.parametrize("value", SPELLED, ids=lambda value: ascii(value)[:40])
def test_values_with_a_spelling_of_their_own(old: Actor, new: Actor, tmp_path: Path, value: Any) -> None:
    """Values whose JSON could be spelled in two ways are spelled as 2.2 does, as metrics and as parameters."""
    fields = [{"metrics": {"v": value}, "parameters": {"v": value, "in": {"v": [value]}}}]
    theirs, ours = both_write(old, new, tmp_path, fields)
    assert ours == theirs


def write_subclasses() -> str:
    """Write numbers and texts of derived classes."""
    import enum

    class Float(float):
        def __repr__(self) -> str:
            return "Float!"

    class Text(str):
        def __str__(self) -> str:
            return "Text!"

    class Number(enum.IntEnum):
        ONE = 1

    class Word(str, enum.Enum):  # noqa: UP042 (people use both ways)
        YES = "yes"

    class Items(list[Any]):
        pass

    class Mapping(dict[str, Any]):
        pass

    project = Project("project.json", mode="w", author="ann")
    when = datetime(2025, 1, 1)
    parameters = {
        "f": Float(1.5),
        "t": Text("x"),
        "n": Number.ONE,
        "w": Word.YES,
        "l": Items([Float(2)]),
        "d": Mapping(a=Text("y")),
        Text("key"): 1,
    }
    project.append(
        Experiment(
            name="x",
            project=Path("project.json"),
            author="ann",
            created_at=when,
            last_updated=when,
            parameters=parameters,
            metrics={"n": Number.ONE, "f": Float("nan")},
        )
    )
    project.save()
    return Path("project.json").read_text()


def test_derived_numbers_and_texts_are_written_alike(old: Actor, new: Actor, tmp_path: Path) -> None:
    """Subclasses of float, str, list and dict, and enumerations, are written as the values they are."""
    (tmp_path / "a").mkdir()
    assert new(write_subclasses, tmp_path) == old(write_subclasses, tmp_path / "a")


def write_again(rounds: int) -> list[str]:
    """Open, change and save a project several times, and give its text after each."""
    texts = []
    for number in range(rounds):
        project = Project("project.json", mode=("w+", "a")[number % 2], author=f"author {number}")
        when = datetime(2025, 2, 1 + number)
        if number % 2 == 0 and project.experiments:
            experiment = project.experiments[0]
            experiment.log_metric(f"m{number}", float("nan"))
            experiment.log_parameter("p", {"x": (1, number)})
            experiment.tag(f"tag {number}")
            with experiment.log_test(f"test {number}") as test:
                test.log_metric("x", number)
            experiment.log_artifact(f"artifact {number}", number, "json", fname=f"{number}.json")
            experiment.artifacts[-1].created_at = when
            experiment.last_updated = when
        project.append(
            Experiment(
                name=f"new {number}",
                project=Path("project.json"),
                author=project.author,
                created_at=when,
                last_updated=when,
                metrics={"x": number / 3},
                artifacts=[
                    JSONArtifact.construct("j", value=number, created_at=when),
                    PickleArtifact.construct("p ü", value=number, created_at=when),
                ],
            )
        )
        if number == 4:
            del project.experiments[1]
        project.save()
        texts.append(Path("project.json").read_text())
    return texts


def test_a_project_saved_again_and_again_is_written_alike(old: Actor, new: Actor, tmp_path: Path) -> None:
    """Opening, editing, appending, deleting and saving gives the same bytes each time, and so do turns on one file."""
    written = []
    for actor in (old, new):
        (tmp_path / actor.name).mkdir()
        written.append(actor(write_again, tmp_path / actor.name, rounds=6))
    assert written[1] == written[0]


def write_repository(versions: str) -> list[str]:
    """Write versions given by their fields in two saves, set an expiry, and give the text after each save."""
    records = pickle.loads(bytes.fromhex(versions))
    texts, numbers = [], {}
    for part in (records[: len(records) // 2], records[len(records) // 2 :]):
        repository = Repository("repository.json", mode="w+" if texts else "w")
        for index, (name, value, when, expiry, binary) in enumerate(part):
            number = numbers[name] = numbers.get(name, -1) + 1
            handler = PickleArtifact if binary else JSONArtifact
            repository.artifacts.append(
                handler.construct(
                    name,
                    value=value,
                    created_at=when,
                    expiry=expiry,
                    version=number,
                    fname=f"{len(texts)}-{index}.x",
                    writer_kwargs={"protocol": 4} if binary else None,
                )
            )
        repository.save()
        texts.append(Path("repository.json").read_text())
    if records:
        repository = Repository("repository.json", mode="w+")
        repository.set_artifact_expiry(records[0][0], version=0, expiry=datetime(2025, 5, 5, 5, 5, 5, 555))
        repository.save()
        texts.append(Path("repository.json").read_text())
    return texts


names = st.sampled_from(["features", "Feat ures", "größe", "日本 😀", "a.b", "x-y_z"])


@settings(MANY, max_examples=40)
@given(st.lists(st.tuples(names, nested(scalars), dates, st.none() | dates, st.booleans()), max_size=5))
def test_any_versions_are_written_alike(
    old: Actor, new: Actor, tmp_path: Path, versions: list[tuple[Any, ...]]
) -> None:
    """Records of versions, with any dates, expiries and names, and the files of their values are the same bytes."""
    written, files = [], []
    for actor in (old, new):
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        written.append(actor(write_repository, folder, versions=pickle.dumps(versions).hex()))
        files.append(
            {
                str(path.relative_to(folder)): path.read_bytes()
                for name in {version[0] for version in versions}
                for path in (folder / name).iterdir()
            }
        )
    assert written[1] == written[0]
    assert files[1] == files[0]


def write_value(pickled: str, keywords: dict[str, Any]) -> str:
    """Write one value with the JSON handler and give the file's text."""
    repository = Repository("repository.json", mode="w")
    repository.log_artifact("value", pickle.loads(bytes.fromhex(pickled)), "json", fname="v.json", **keywords)
    repository.save()
    return Path("value/v.json").read_bytes().decode("utf-8", "surrogateescape")


@settings(MANY, max_examples=60)
@given(
    nested(scalars, tuples=True),
    st.sampled_from([{}, {"indent": 4}, {"sort_keys": True}, {"ensure_ascii": False}, {"separators": [",", ":"]}]),
)
def test_any_json_artifact_is_written_alike(
    old: Actor, new: Actor, tmp_path: Path, value: Any, keywords: dict[str, Any]
) -> None:
    """The file of a JSON artifact is the same bytes, whatever keywords the writer is given."""
    try:
        sorted(value) if isinstance(value, dict) and "sort_keys" in keywords else None
    except TypeError:
        return
    pickled, written = pickle.dumps(value).hex(), []
    for actor in (old, new):
        (tmp_path / actor.name).mkdir(exist_ok=True)
        answer = actor.ask(write_value, tmp_path / actor.name, pickled=pickled, keywords=keywords)
        written.append((answer["value"], bool(answer["error"])))
    assert written[1] == written[0]


def write_releases(pickled: str) -> list[str]:
    """Give releases as texts."""
    made = [releases.Release(tag, artifacts, when) for tag, artifacts, when in pickle.loads(bytes.fromhex(pickled))]
    return [releases.dumps(made), releases.dumps(made, indent=4), releases.dumps(made, sort_keys=True)]


@settings(MANY, max_examples=40)
@given(st.lists(st.tuples(texts, st.lists(st.tuples(texts, st.integers(0, 99)), max_size=3), dates), max_size=3))
def test_any_releases_are_written_alike(old: Actor, new: Actor, tmp_path: Path, made: list[Any]) -> None:
    """``dumps`` of releases gives the same text."""
    pickled = pickle.dumps(made).hex()
    assert new(write_releases, tmp_path, pickled=pickled) == old(write_releases, tmp_path, pickled=pickled)
