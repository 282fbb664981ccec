"""Opening: paths, URLs, modes, attributes, defaults."""

import getpass
from pathlib import Path, PurePosixPath

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from lazyscribe import Project, Repository
from lazyscribe.exception import ConflictError, CorruptManifestError, InvalidArgumentError, LazyscribeError, SaveError
from tests.project.support import make, names, python, records, saved, tree

MODES = ("r", "a", "w", "w+")


def test_the_defaults() -> None:
    """Without arguments a project is project.json here, in mode a, by whoever is logged in."""
    project = Project()
    assert (project.fpath, project.mode, project.author) == (Path("project.json"), "a", getpass.getuser())
    assert (project.protocol, project.storage_options) == ("file", {})
    assert isinstance(project.fs, LocalFileSystem)


@pytest.mark.parametrize("mode", MODES)
def test_a_missing_file_opens_empty(mode: str, folder: Path) -> None:
    """A file that is not there is an empty project in every mode, and opening creates nothing."""
    project = Project("sub/project.json", mode=mode)
    assert project.experiments == []
    assert project.mode == mode
    assert bool(project) is True
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", ["x", "rw", "", "W", None, "r+", ["r"]])
def test_another_mode(mode: str) -> None:
    """A mode that is none of the four is a ValueError of ours that names it."""
    with pytest.raises(ValueError, match="mode") as caught:
        Project("project.json", mode=mode)
    assert isinstance(caught.value, LazyscribeError)
    assert repr(mode) in str(caught.value)


@pytest.mark.parametrize("mode", MODES)
def test_no_length_and_always_true(mode: str) -> None:
    """A project has no length and is true, empty or not."""
    saved()
    project = Project("project.json", mode=mode)
    assert project
    with pytest.raises(TypeError):
        len(project)


@pytest.mark.parametrize("fpath", ["sub/my.json", Path("sub/my.json"), "file://sub/my.json"])
def test_paths_have_the_protocol_file(fpath: str | Path) -> None:
    """A path, as text or as an object, and a file URL are kept as a Path without a scheme."""
    project = Project(fpath, mode="w")
    assert (project.fpath, project.protocol, project.dir) == (Path("sub/my.json"), "file", Path("sub"))


class _File:
    def __fspath__(self) -> str:
        return "x/file.json"


def test_a_pathlike_object_is_a_path() -> None:
    """Anything with __fspath__ can be given for a path."""
    project = Project(_File(), mode="w")  # type: ignore[arg-type]
    project.save()
    assert project.fpath == Path("x/file.json")
    assert Path("x/file.json").read_bytes() == b"[]"


def test_a_file_url_saves_and_opens(folder: Path) -> None:
    """An absolute file URL is written and read where it says."""
    project = Project(f"file://{folder}/sub/project.json", mode="w", author="ada")
    project.append(make())
    project.save()
    assert project.fpath == folder / "sub" / "project.json"
    assert names(Project(folder / "sub" / "project.json", mode="r")) == ["one"]
    assert names(Project(f"file://{folder}/sub/project.json", mode="r")) == ["one"]


def test_a_memory_url() -> None:
    """A project behind memory:// has that protocol, a path without it, and its bytes in that file system."""
    project = Project("memory://deep/er/project.json", mode="w")
    with project.log("one") as experiment:
        experiment.log_artifact("features", [1, 2], "json", fname="f.json")
        with experiment.log_test("t") as test:
            test.log_artifact("inner", {"a": 1}, "pickle", fname="i.pkl")
    project.save()
    assert (project.protocol, project.fpath, project.dir) == (
        "memory",
        Path("deep/er/project.json"),
        Path("deep/er"),
    )
    memory = fsspec.filesystem("memory")
    assert memory.cat(f"/deep/er/{experiment.slug}/f.json") == b"[1, 2]"
    assert memory.exists(f"/deep/er/{experiment.slug}/t/i.pkl")
    found = Project("memory://deep/er/project.json", mode="r")["one"]
    assert found.load_artifact("features") == [1, 2]
    assert found.tests[0].load_artifact("inner") == {"a": 1}
    assert isinstance(found.fs, type(memory))


def test_storage_options_go_to_the_file_system(folder: Path) -> None:
    """Keywords are kept as storage options and configure the file system."""
    project = Project("file://x/project.json", mode="w", auto_mkdir=True)
    assert project.storage_options == {"auto_mkdir": True}
    assert project.fs.auto_mkdir is True
    project.save()
    assert (folder / "x" / "project.json").read_bytes() == b"[]"


def test_storage_options_reach_a_chained_file_system(folder: Path) -> None:
    """A dir:// file system that is rooted by its options keeps the project below that root."""
    options = {"path": str(folder / "root"), "target_protocol": "file"}
    (folder / "root").mkdir()
    with pytest.warns(UserWarning, match="single writer|one writer|only one"):
        project = Project("dir://sub/project.json", mode="w", author="ada", **options)
        project.append(make())
        project.save()
    assert records(folder / "root" / "sub" / "project.json")[0]["name"] == "one"
    assert names(Project("dir://sub/project.json", mode="r", **options)) == ["one"]


def test_the_file_system_of_an_experiment_is_the_projects() -> None:
    """Experiments that are logged and ones that are loaded have dir and fs of their project."""
    project = Project("sub/project.json", mode="w")
    with project.log("one") as experiment:
        pass
    project.save()
    for found in (experiment, Project("sub/project.json", mode="r")["one"]):
        assert (found.project, found.dir, found.path) == (
            Path("sub/project.json"),
            Path("sub"),
            Path("sub") / experiment.slug,
        )
        assert isinstance(found.fs, LocalFileSystem)


def test_an_author_is_kept_even_if_empty() -> None:
    """The author that was given signs experiments, an empty one too."""
    for author in ("grace", ""):
        with Project("project.json", author=author).log("one") as experiment:
            pass
        assert (experiment.author, experiment.last_updated_by) == (author, author)


def test_author_defaults_to_the_login_name() -> None:
    """Without an author the login name of the environment signs."""
    program = "import os; os.environ['LOGNAME'] = 'hopper'; import lazyscribe; print(lazyscribe.Project().author)"
    assert python(program) == "hopper"


@pytest.mark.parametrize("fpath", ["", ".", "/", "memory://"])
def test_a_path_without_a_file_name(fpath: str) -> None:
    """A path that names no file is refused when opening with a ValueError of ours."""
    with pytest.raises(ValueError, match="file") as caught:
        Project(fpath, mode="w")
    assert isinstance(caught.value, LazyscribeError)


def test_a_folder_in_the_place_of_the_file(folder: Path) -> None:
    """A folder where the file should be is an OSError on opening, and is left alone."""
    (folder / "project.json").mkdir()
    with pytest.raises(OSError, match=r"project\.json"):
        Project("project.json")
    assert (folder / "project.json").is_dir()


def test_load_reads_again_and_forgets_what_was_not_saved() -> None:
    """load() gives what the file holds now; what was not saved is gone."""
    project = Project("project.json", mode="a")
    project.append(make("mine"))
    saved(make("theirs"))
    project.load()
    assert names(project) == ["theirs"]


def test_w_does_not_load() -> None:
    """Mode w does not show what is there."""
    saved()
    assert Project("project.json", mode="w").experiments == []


def test_w_replaces_at_the_first_save() -> None:
    """The first save in mode w replaces the records; those after it keep what it wrote and edit it."""
    saved(make("old"))
    project = Project("project.json", mode="w", author="grace")
    project.append(make("new"))
    assert [record["name"] for record in records()] == ["old"]
    project.save()
    project.append(make("newer", 21))
    project["new"].log_metric("m", 1)
    project.save()
    assert [(record["name"], record["metrics"]) for record in records()] == [("new", {"m": 1}), ("newer", {})]
    assert records()[0]["last_updated_by"] == "grace"


@pytest.mark.parametrize("content", [b"", b"[", b'{"a": 1}', b"\x80\x00", b'[{"name": 1}]'])
def test_w_replaces_a_damaged_file(content: bytes) -> None:
    """Mode w opens a damaged file as empty, and the first save replaces it."""
    Path("project.json").write_bytes(content)
    project = Project("project.json", mode="w", author="ada")
    project.append(make())
    project.save()
    assert [record["name"] for record in records()] == ["one"]


def test_w_that_lost_a_race_keeps_the_others_file() -> None:
    """If someone saved since the file was opened in mode w, saving is a ConflictError and changes nothing."""
    saved(make("old"))
    project = Project("project.json", mode="w")
    project.append(make("new"))
    saved(make("others"))
    before = tree()
    with pytest.raises(ConflictError) as caught:
        project.save()
    assert isinstance(caught.value, SaveError)
    assert tree() == before
    assert names(project) == ["new"]


def test_w_that_lost_a_race_on_a_missing_file() -> None:
    """If someone created the file since it was opened in mode w, saving is a ConflictError too."""
    project = Project("project.json", mode="w")
    saved(make("others"))
    with pytest.raises(ConflictError):
        project.save()
    assert [record["name"] for record in records()] == ["others"]


def test_w_again_merges_with_others() -> None:
    """After its first save a project of mode w keeps what others add, as w+ does."""
    project = saved(make("mine"))
    other = Project("project.json", mode="a")
    other.append(make("theirs", 21))
    other.save()
    project.append(make("more", 22))
    project.save()
    assert [record["name"] for record in records()] == ["mine", "theirs", "more"]


@pytest.mark.parametrize("mode", ["a", "w", "w+"])
def test_an_empty_project_is_saved(mode: str) -> None:
    """Saving an empty project writes an empty array."""
    Project("project.json", mode=mode).save()
    assert Path("project.json").read_bytes() == b"[]"


def test_a_program_in_an_empty_folder(folder: Path) -> None:
    """A one-line program whose project lies in folders that do not exist yet saves and makes them."""
    (folder / "empty").mkdir()
    program = (
        "from lazyscribe import Project\n"
        "p = Project('no/such/folder/project.json', mode='w')\n"
        "with p.log('one') as e:\n"
        "    e.log_metric('auroc', 0.5)\n"
        "    e.log_artifact('f', [1], 'json')\n"
        "p.save()\n"
        "print(e.path)"
    )
    path = python(program, folder / "empty")
    assert records(folder / "empty" / "no/such/folder/project.json")[0]["metrics"] == {"auroc": 0.5}
    assert PurePosixPath(path).parent.as_posix() == "no/such/folder"
    assert len(list((folder / "empty" / path).iterdir())) == 1


def test_the_working_directory_may_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project keeps to the folder it was opened in when the working directory changes afterwards."""
    project = Project("project.json", mode="w", author="ada")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    with project.log("one") as experiment:
        experiment.log_artifact("f", [1], "json")
    project.save()
    assert (folder / "project.json").is_file()
    assert list((folder / "elsewhere").iterdir()) == []
    assert experiment.load_artifact("f") == [1]


def test_a_home_directory_is_expanded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that begins with ~ lies in the home directory, as fsspec's own local paths do."""
    monkeypatch.setenv("HOME", str(folder / "home"))
    project = Project("~/project.json", mode="w", author="ada")
    project.append(make())
    project.save()
    assert records(folder / "home" / "project.json")[0]["name"] == "one"


def test_a_damaged_file_does_not_open() -> None:
    """In the three modes that load, a damaged file is a CorruptManifestError."""
    Path("project.json").write_bytes(b"[")
    for mode in ("r", "a", "w+"):
        with pytest.raises(CorruptManifestError):
            Project("project.json", mode=mode)


@pytest.mark.parametrize(("wrong", "meant"), [("moed", "mode"), ("autor", "author"), ("Mode", "mode")])
def test_a_misspelt_keyword_is_refused(tmp_path: Path, wrong: str, meant: str) -> None:
    """A keyword that is nearly one of ours is an error that names it, not an option of the file system."""
    with pytest.raises(InvalidArgumentError, match=f"{wrong}.*{meant}"):
        Project(tmp_path / "project.json", **{wrong: "r"})


def test_a_file_of_the_other_kind_is_named_as_that(tmp_path: Path) -> None:
    """A repository opened as a project, and the other way round, is told apart from a damaged file."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("a", 1, handler="json")
    repository.save()
    project = Project(tmp_path / "project.json")
    with project.log("a"):
        pass
    project.save()
    with pytest.raises(CorruptManifestError, match="open it with Repository"):
        Project(tmp_path / "repository.json")
    with pytest.raises(CorruptManifestError, match="open it with Project"):
        Repository(tmp_path / "project.json")


def test_tags_of_any_json_come_back(tmp_path: Path) -> None:
    """Tags that are no text, which 2.2 saves and opens, are saved, opened and merged."""
    fpath = tmp_path / "project.json"
    project = Project(fpath)
    with project.log("a") as experiment:
        experiment.tag(3, ["x"])
    project.save()
    one, two = Project(fpath, mode="w+"), Project(fpath, mode="w+")
    one["a"].tag("one")
    two["a"].tag(["y"])
    one.save()
    two.save()
    assert Project(fpath, mode="r")["a"].tags == [3, ["x"], "one", ["y"]]
