"""What every built-in handler keeps, wherever its files lie, and what it does where something is wrong or missing."""

import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import fsspec
import PIL.Image
import pytest

from lazyscribe import Project, Repository
from lazyscribe.artifacts import GROUP, _get_handler
from lazyscribe.artifacts.base import environment_fields
from lazyscribe.exception import (
    ArtifactLogError,
    CorruptArtifactError,
    InvalidArgumentError,
    SaveError,
)
from tests.artifacts.samples import SAMPLES, same
from tests.repository.tools import tree
from tests.store.objects import ObjectFileSystem

OURS = {entry.name: entry for entry in entry_points(group=GROUP) if entry.value.startswith("lazyscribe.artifacts.")}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Figures warn that they cannot be read back, buckets that they take one writer."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The artifact .* output-only", UserWarning)
        warnings.filterwarnings("ignore", ".*only a single writer", UserWarning)
        yield


@pytest.fixture(params=["local", "memory", "objects"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder on a disk, in memory, or in a bucket that can neither rename nor seek."""
    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)
    ObjectFileSystem.objects.clear()
    yield str(tmp_path) if request.param == "local" else f"{request.param}://{tmp_path.name}"
    ObjectFileSystem.objects.clear()


@pytest.fixture(params=sorted(SAMPLES))
def alias(request: pytest.FixtureRequest) -> str:
    """Each of the built-in handlers in turn."""
    return str(request.param)


def logged(folder: Path | str, alias: str) -> Repository:
    """Return an unsaved repository with the first sample of a handler."""
    sample = SAMPLES[alias]
    repository = Repository(f"{folder}/repository.json")
    repository.log_artifact("value", sample.values[0], alias, **sample.writer_kwargs)
    return repository


def saved(folder: Path, alias: str) -> Path:
    """Save the first sample of a handler; return its file."""
    repository = logged(folder, alias)
    repository.save()
    return folder / "value" / repository.artifacts[0].fname


def test_every_handler_has_a_sample() -> None:
    """No built-in handler is left out of these tests, and each is found by the alias that its class has."""
    assert OURS.keys() == SAMPLES.keys()
    assert {name: entry.load().alias for name, entry in OURS.items()} == {name: name for name in OURS}


def test_values_come_back_from_every_place(alias: str, url: str) -> None:
    """Experiments, tests, versions and promotions give back what was logged, on a disk, in memory, through fsspec."""
    come_back(alias, url)


def come_back(alias: str, url: str) -> None:
    """Log the samples of a handler in all the ways there are; each must be loaded as it was."""
    sample = SAMPLES[alias]
    project = Project(f"{url}/project.json", author="tests")
    with project.log("run") as run:
        run.log_artifact("value", sample.values[0], alias, **sample.writer_kwargs)
        with run.log_test("part") as part:
            part.log_artifact("value", sample.values[1], alias, **sample.writer_kwargs)
    project.save()
    found = Project(f"{url}/project.json", mode="r")["run"]
    repository = Repository(f"{url}/repository.json")
    found.promote_artifact(repository, "value")
    repository.log_artifact("value", sample.values[1], alias, **sample.writer_kwargs)
    repository.save()
    again = Repository(f"{url}/repository.json", mode="r")
    loaded = [found.load_artifact("value"), found.tests[0].load_artifact("value")]
    loaded += [again.load_artifact("value", version=number) for number in (0, 1)]
    if _get_handler(alias).output_only:
        assert all(loaded)
    else:
        assert [same(*pair) for pair in zip(loaded, sample.values[:2] * 2, strict=True)] == [True] * 4


@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_file_is_refused_before_the_library_sees_it(
    alias: str, harm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file cut short, or with one bit of it flipped, is a `CorruptArtifactError`; nobody reads it."""
    file = saved(tmp_path, alias)
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:-1] if harm == "cut" else whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    read: list[Any] = []
    monkeypatch.setattr(_get_handler(alias), "read", classmethod(lambda cls, buf, **_: read.append(buf)))
    repository = Repository(tmp_path / "repository.json", mode="r")
    with pytest.raises(CorruptArtifactError):
        repository.load_artifact("value")
    file.write_bytes(whole)
    assert read == []
    repository.load_artifact("value")
    assert len(read) == 1


def test_what_is_recorded(alias: str, tmp_path: Path) -> None:
    """Only what decides whether a file can be read again is recorded; JSON and pickle have what 2.2 has."""
    expected = {
        "pickle": {"python_version"},
        "joblib": {"package", "package_version", "joblib_version"},
        "cloudpickle": {"python_version", "cloudpickle_version"},
        "skops": {"skops_version", "sklearn_version"},
    }
    saved(tmp_path, alias)
    record = json.loads((tmp_path / "repository.json").read_text())[0]
    fixed = {"name", "fname", "created_at", "expiry", "version", "handler"}
    assert record.keys() - fixed == expected.get(alias, set())
    assert set(environment_fields(_get_handler(alias))) == expected.get(alias, set())


class Unfit:
    """No handler can write this one, not even those that pickle."""

    def __reduce__(self) -> Any:
        raise TypeError("this cannot be pickled")


def test_a_value_that_does_not_fit_leaves_nothing_behind(alias: str, tmp_path: Path) -> None:
    """A value that the named handler cannot take is a `SaveError` that names the artifact, and no file is left."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("misfit", Unfit(), alias)
    with pytest.raises(SaveError, match="misfit"):
        repository.save()
    assert tree(tmp_path) == {}


def test_an_unknown_keyword_is_refused(alias: str, tmp_path: Path) -> None:
    """A keyword that neither the reader nor the library knows is an error that names it, on saving and on loading."""
    saved(tmp_path, alias)
    repository = Repository(tmp_path / "repository.json")
    with pytest.raises((InvalidArgumentError, TypeError), match="sideways"):
        repository.load_artifact("value", sideways=True)
    before = tree(tmp_path)
    repository.log_artifact("value", SAMPLES[alias].values[1], alias, sideways=True)
    if alias == "image":  # Pillow takes any keyword, silently
        return
    with pytest.raises(SaveError, match="sideways"):
        repository.save()
    assert tree(tmp_path) == before


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pixels_come_back(mode: str, tmp_path: Path) -> None:
    """An image of each mode that PNG has comes back with its mode and every pixel."""
    gradient = PIL.Image.linear_gradient("L").resize((40, 30))
    image = gradient.convert("I").point(lambda pixel: pixel * 257).convert("I;16") if mode == "I;16" else gradient
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("x", image.convert(mode))
    repository.save()
    assert same(repository.load_artifact("x"), image.convert(mode))


@pytest.mark.parametrize("mode", ["CMYK", "F", "I", "YCbCr", "HSV"])
def test_an_image_that_would_change_is_refused(mode: str, tmp_path: Path) -> None:
    """An image of a mode that PNG has not, or only with fewer bits, is refused with the modes to convert it to."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("x", PIL.Image.new(mode, (2, 2)))
    with pytest.raises(SaveError, match=rf"{mode}.*RGBA"):
        repository.save()
    assert tree(tmp_path) == {}


def test_handler_objects_pickle_with_their_values(alias: str) -> None:
    """A handler object travels with its value, which its own format carries."""
    sample = SAMPLES[alias]
    artifact = _get_handler(alias).construct("x", sample.values[0], writer_kwargs=dict(sample.writer_kwargs))
    copy = pickle.loads(pickle.dumps(artifact))
    assert copy == artifact
    assert (copy.name, copy.fname, copy.writer_kwargs) == ("x", artifact.fname, sample.writer_kwargs)
    assert type(copy).output_only or same(copy.value, artifact.value)


HEAVY = ["pyarrow", "pandas", "polars", "numpy", "joblib", "cloudpickle", "skops", "sklearn", "onnx"]
HEAVY += ["matplotlib", "PIL", "plotly", "pydantic", "yaml", "tomli_w", "packaging"]

OPEN = """
import json, sys
from lazyscribe import Repository
repository = Repository(sys.argv[1], mode="r")
names = [each["name"] for each in repository]
[repository.get_artifact_metadata(name) for name in names]
missing = [each.name for each in repository.artifacts if type(each).__name__ == "MissingArtifact"]
print(json.dumps([len(names), missing, [name for name in json.loads(sys.argv[2]) if name in sys.modules]]))
"""


def run(program: str, *args: str) -> Any:
    """Run a program in a fresh process; return what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:lazyscribe", "-c", program, *args],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a version of every built-in handler, named after it."""
    file = tmp_path_factory.mktemp("everything") / "repository.json"
    repository = Repository(file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for alias, sample in SAMPLES.items():
            repository.log_artifact(alias, sample.values[0], alias, **sample.writer_kwargs)
        repository.save()
    return file


def test_opening_imports_no_library(everything: Path) -> None:
    """A file with records of every handler is opened and its objects made without importing one of their libraries."""
    assert run(OPEN, str(everything), json.dumps(HEAVY)) == [len(SAMPLES), [], []]


WITHOUT = """
import json, sys, warnings
warnings.simplefilter("ignore")
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == sys.argv[2]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
from lazyscribe import Repository
from lazyscribe.exception import LazyscribeError
repository = Repository(sys.argv[1], mode="w+")
loaded, refused, logged = [], {}, {}
for name in [each["name"] for each in repository]:
    try:
        repository.load_artifact(name, validate=False)
        loaded.append(name)
    except ImportError as error:
        refused[name] = [isinstance(error, LazyscribeError), str(error)]
    except Exception as error:
        refused[name] = [False, repr(error)]
    try:
        repository.log_artifact("new", object(), name)
    except ImportError as error:
        logged[name] = [isinstance(error, LazyscribeError), str(error)]
print(json.dumps([loaded, refused, logged]))
"""


@pytest.mark.parametrize(
    ("module", "lacking", "extra"),
    [
        ("pyarrow", {"csv", "parquet", "arrow"}, "arrow"),
        ("joblib", {"joblib", "skops"}, "joblib|skops"),
        ("cloudpickle", {"cloudpickle", "joblib", "skops"}, "cloudpickle|joblib|skops"),  # joblib needs it
        ("skops", {"skops"}, "skops"),
        ("onnx", {"onnx"}, "onnx"),
        ("plotly", {"plotly"}, "plotly"),
        ("PIL", {"image"}, "pillow"),
        ("pydantic", {"pydantic"}, "pydantic"),
        ("yaml", {"yaml"}, "yaml"),
        ("tomli_w", set(), "toml"),
        ("matplotlib", set(), "matplotlib"),
    ],
)
def test_without_a_library_the_others_work(everything: Path, module: str, lacking: set[str], extra: str) -> None:
    """Where a library is missing, its handlers' errors name the extra to install, and all else in the file loads."""
    loaded, refused, logged = run(WITHOUT, str(everything), module)
    cannot_write = {name for name in SAMPLES if module in _get_handler(name).requires}
    assert set(loaded) == SAMPLES.keys() - lacking
    assert refused.keys() == lacking
    assert logged.keys() == cannot_write
    told = {**refused, **logged}
    assert told
    for ours, message in told.values():
        assert ours, message
        assert any(f"pip install 'lazyscribe[{each}]'" in message for each in extra.split("|")), message


def test_bad_values_are_told_by_their_handlers(tmp_path: Path) -> None:
    """Handlers say what they take where their library would say something else, or nothing."""
    for alias, value in [("text", 1), ("bytes", "text"), ("npz", [1]), ("csv", 1), ("png", 1), ("dataclass", 1)]:
        with pytest.raises(ArtifactLogError, match=alias if alias != "csv" else "no table"):
            _get_handler(alias).write(value, None)
