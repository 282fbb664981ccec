"""A callback is told how far saves, loads and promotions have come, and can end them."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lazyscribe import Project, Repository, copy
from lazyscribe.artifacts.base import Artifact
from lazyscribe.exception import InvalidArgumentError
from lazyscribe.progress import current
from tests.store.objects import ObjectFileSystem

MIB = 1 << 20


class TricklingArtifact(Artifact):
    """Bytes, written and read a little at a time by a library that hides errors."""

    alias: ClassVar[str] = "trickling"
    suffix: ClassVar[str] = "bin"
    binary: ClassVar[bool] = True
    output_only: ClassVar[bool] = False
    hides: ClassVar[bool] = False

    @classmethod
    def read(cls, buf: Any, **kwargs: Any) -> bytes:
        return bytes(buf.read())

    @classmethod
    def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
        for start in range(0, len(obj), 1000):
            try:
                buf.write(obj[start : start + 1000])
            except BaseException:
                if not cls.hides:
                    raise


class Told:
    """A callback that remembers what it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.calls.append((done, total))

    def check(self, size: int) -> None:
        """See that it was told of so many bytes, in order, and of the end."""
        dones = [done for done, _ in self.calls]
        assert dones == sorted(dones)
        assert all(done <= total for done, total in self.calls)
        assert self.calls[-1] == (size, size)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell at each step."""
    monkeypatch.setattr("lazyscribe.progress.INTERVAL", 0.0)


def files(folder: Path) -> set[str]:
    """Return what lies there, locks aside."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path.relative_to(folder).as_posix() for path in found}


def test_a_save_tells_its_bytes(tmp_path: Path) -> None:
    """The size of bytes, arrays and files is known before they are written, and told from the first call on."""
    (tmp_path / "file.txt").write_bytes(b"x" * 5000)
    told = Told()
    repository = Repository(tmp_path / "repository.json", progress=told)
    repository.log_artifact("bytes", b"x" * 3000, handler="trickling")
    repository.log_artifact("array", np.zeros(1000))
    repository.log_artifact("file", tmp_path / "file.txt")
    repository.save()
    told.check(3000 + 8128 + 5000)
    assert told.calls[0] == (1000, 3000 + 8000 + 5000)
    assert len(told.calls) > 5


def test_what_is_not_known_beforehand_counts_as_it_is_written(tmp_path: Path) -> None:
    told = Told()
    project = Project(tmp_path / "project.json", progress=told)
    with project.log("one") as experiment:
        experiment.log_artifact("values", ["x" * 100] * 100, handler="json")
    project.save()
    told.check((tmp_path / experiment.slug / experiment.artifacts[0].fname).stat().st_size)


def test_a_folder_is_expected_with_all_that_is_in_it(tmp_path: Path) -> None:
    for name in ("a/one", "b/two"):
        (tmp_path / "report" / name).parent.mkdir(parents=True)
        (tmp_path / "report" / name).write_bytes(b"x" * 10_000)
    told = Told()
    repository = Repository(tmp_path / "repository.json", progress=told)
    repository.log_artifact("folder", tmp_path / "report")
    repository.save()
    assert told.calls[0][1] == 20_000
    told.check((tmp_path / "folder" / repository["folder"].fname).stat().st_size)


def test_a_large_piece_is_told_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library writes at once is written, and hashed, in several steps, to the same bytes."""
    monkeypatch.setattr("lazyscribe.digest.STEP", 9 * MIB)
    told, value = Told(), np.random.default_rng(0).bytes(30 * MIB + 1)
    repository = Repository(tmp_path / "repository.json", progress=told)
    repository.log_artifact("bytes", value)
    repository.save()
    told.check(len(value))
    assert len(told.calls) >= 4
    assert repository.load_artifact("bytes") == value
    assert repository.verify().ok


@pytest.mark.parametrize("whole", [True, False], ids=["held", "twice"])
def test_a_load_tells_the_bytes_it_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    """A file that is held in memory, and one that is too large for that."""
    value = np.arange(2 * MIB, dtype="u1")
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("array", value)
    repository.save()
    monkeypatch.setattr("lazyscribe.reading.PIECE", MIB)
    monkeypatch.setattr("lazyscribe.reading.IN_MEMORY", 4 * MIB if whole else 10)
    told = Told()
    found = Repository(tmp_path / "repository.json", mode="r", progress=told).load_artifact("array")
    assert (found == value).all()
    told.check(2 * MIB + 128)
    assert len(told.calls) >= 3
    assert told.calls[0][1] == 2 * MIB + 128


def test_a_file_that_shrinks_while_it_is_read_is_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file without facts, which nobody can check, no byte is made up."""
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("bytes", b"x" * 1000, fname="b.bin")
    repository.save()
    for facts in (tmp_path / ".lazyscribe").rglob("*.json"):
        facts.unlink()
    monkeypatch.setattr("lazyscribe.reading.PIECE", 100)

    def cut(done: int, total: int) -> None:
        (tmp_path / "bytes" / "b.bin").write_bytes(b"x" * 10)

    opened = Repository(tmp_path / "repository.json", mode="r", progress=cut)
    monkeypatch.setattr("lazyscribe.store.oscalls.OsCalls.open_read", lambda self, path: open(path, "rb", 0))  # noqa: SIM115
    assert opened.load_artifact("bytes") == b"x" * 100


def test_a_promotion_tells_the_bytes_it_copies(tmp_path: Path) -> None:
    """The repository's callback is told, and knows the size beforehand."""
    told = Told()
    project = Project(tmp_path / "project.json")
    with project.log("one") as experiment:
        experiment.log_artifact("bytes", b"x" * (2 * MIB + 5))
    project.save()
    experiment.promote_artifact(Repository(tmp_path / "to" / "repository.json", progress=told), "bytes")
    told.check(2 * MIB + 5)
    assert told.calls[0] == (MIB, 2 * MIB + 5)


def test_experiments_and_tests_load_with_the_callback_of_their_project(tmp_path: Path) -> None:
    project = Project(tmp_path / "project.json")
    with project.log("one") as experiment:
        with experiment.log_test("test") as test:
            test.log_artifact("bytes", b"xyz")
        experiment.log_artifact("bytes", b"12345")
    project.save()
    told = Told()
    opened = Project(tmp_path / "project.json", mode="r", progress=told)
    opened.experiments[0].load_artifact("bytes")
    opened.experiments[0].tests[0].load_artifact("bytes")
    assert told.calls == [(5, 5), (3, 3)]


def test_an_upload_is_told_after_the_writing(tmp_path: Path) -> None:
    """On a file system that is written to by uploads the bytes count twice: written here, and sent there."""
    import fsspec

    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)
    told = Told()
    repository = Repository(f"objects://bucket/{tmp_path.name}/repository.json", progress=told)
    repository.log_artifact("bytes", b"x" * 100)
    with pytest.warns(UserWarning, match="only a single writer"):
        repository.save()
    assert told.calls[:2] == [(100, 100), (200, 200)]
    told.check(told.calls[-1][0])  # facts go up, too


def test_a_check_tells_what_the_repository_was_opened_with(tmp_path: Path) -> None:
    told, other = Told(), Told()
    repository = Repository(tmp_path / "repository.json", progress=told)
    repository.log_artifact("bytes", b"x" * 100)
    repository.save()
    told.calls.clear()
    repository.verify()
    told.check(100)
    told.calls.clear()
    repository.verify(progress=other)
    other.check(100)
    assert told.calls == []


class Enough(Exception):
    """What a callback raises."""


def raising(error: BaseException, at: int = 1) -> Callable[[int, int], None]:
    """Return a callback that raises at a call."""
    calls = []

    def tell(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == at:
            raise error

    return tell


@pytest.mark.parametrize("hides", [False, True], ids=["", "hidden"])
@pytest.mark.parametrize("error", [Enough("no more"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
@pytest.mark.parametrize("at", [1, 2, 5], ids=str)
def test_what_a_callback_raises_ends_a_save_that_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, at: int, hides: bool
) -> None:
    """It comes out as it is, even if a library swallowed it; files and memory are as before, and saving works."""
    monkeypatch.setattr(TricklingArtifact, "hides", hides)
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("first", b"1")
    repository.save()
    before = files(tmp_path)
    opened = Repository(tmp_path / "repository.json", progress=raising(error, at))
    opened.log_artifact("bytes", b"x" * 5500, handler="trickling")
    opened.log_artifact("bytes", b"y" * 5500, handler="trickling")
    with pytest.raises(type(error)) as caught:
        opened.save()
    assert caught.value is error
    assert files(tmp_path) == before
    assert [artifact.dirty for artifact in opened.artifacts] == [False, True, True]
    assert current() is None
    opened.save()
    assert opened.load_artifact("bytes", version=0) == b"x" * 5500
    assert opened.verify().ok


def test_what_a_callback_raises_ends_a_load(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("bytes", b"x" * 100)
    repository.save()
    opened = Repository(tmp_path / "repository.json", progress=raising(Enough()))
    with pytest.raises(Enough):
        opened.load_artifact("bytes")
    assert opened.load_artifact("bytes") == b"x" * 100


def test_what_a_callback_raises_ends_a_promotion_that_leaves_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "project.json")
    with project.log("one") as experiment:
        experiment.log_artifact("bytes", b"x" * (MIB + 5))
    project.save()
    target = Repository(tmp_path / "to" / "repository.json", progress=raising(Enough(), 2))
    with pytest.raises(Enough):
        experiment.promote_artifact(target, "bytes")
    assert files(tmp_path / "to") == set()
    assert len(target.artifacts) == 0
    experiment.promote_artifact(target, "bytes")
    assert target.load_artifact("bytes") == b"x" * (MIB + 5)


def test_what_could_not_be_taken_back_is_noted_on_the_callbacks_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path / "repository.json", progress=raising(Enough(), 3))
    repository.log_artifact("a", b"x" * 1500, handler="trickling")
    repository.log_artifact("b", b"x" * 1500, handler="trickling")
    monkeypatch.setattr("lazyscribe.store.local.LocalStore.delete", lambda self, key: 1 / 0)
    with pytest.raises(Enough) as caught:
        repository.save()
    assert "could not be taken back" in "".join(caught.value.__notes__)


def test_nobody_is_told_where_progress_is_off(tmp_path: Path) -> None:
    """With ``False`` there is no meter, so nothing is counted either."""
    found: list[object] = []

    class Looking(TricklingArtifact):
        alias: ClassVar[str] = "looking"

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            found.append(current())

    for progress in (False, None):  # without a terminal nobody sees a bar
        repository = Repository(tmp_path / "repository.json", progress=progress)  # type: ignore[arg-type]
        repository.log_artifact("x", b"1", handler="looking")
        repository.save()
    assert found == [None, None]


@pytest.mark.parametrize("wrong", [True, 1, "yes"])
def test_anything_else_is_refused(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="progress must be a function"):
        Repository(tmp_path / "repository.json", progress=wrong)


def test_a_misspelt_progress_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="did you mean 'progress'"):
        Project(tmp_path / "project.json", progres=False)


def test_a_callback_does_not_pickle_and_off_does(tmp_path: Path) -> None:
    """Projects pickle, whatever their callback; who reads it elsewhere has a default."""
    project = Project(tmp_path / "project.json", progress=lambda done, total: None)
    assert pickle.loads(pickle.dumps(project))._location.progress is None
    project = Project(tmp_path / "project.json", progress=False)
    assert pickle.loads(pickle.dumps(project))._location.progress is False


def test_what_a_callback_does_is_no_part_of_the_work(tmp_path: Path) -> None:
    """It may save and load; of that it is not told."""
    told = Told()

    def tell(done: int, total: int) -> None:
        told(done, total)
        other.log_artifact("log", b"x" * 50)
        other.save()

    other = Repository(tmp_path / "other.json")
    repository = Repository(tmp_path / "repository.json", progress=tell)
    repository.log_artifact("bytes", b"x" * 2500, handler="trickling")
    repository.save()
    assert told.calls == [(1000, 2500), (2000, 2500), (2500, 2500)]
    assert len(Repository(tmp_path / "other.json", mode="r").artifacts) == 3


def test_many_threads_are_told_of_their_own_saves(tmp_path: Path) -> None:
    """A save counts what its thread writes, and nothing else."""
    from concurrent.futures import ThreadPoolExecutor

    def save(number: int) -> list[tuple[int, int]]:
        told = Told()
        repository = Repository(tmp_path / str(number) / "repository.json", progress=told)
        repository.log_artifact("bytes", b"x" * (1000 * number), handler="trickling")
        repository.save()
        return told.calls

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(save, range(1, 9)))
    assert [calls[-1] for calls in found] == [(1000 * number, 1000 * number) for number in range(1, 9)]


def test_a_handler_may_write_from_another_thread(tmp_path: Path) -> None:
    """It counts, and the callback is called in the thread that saves."""
    import threading

    class Threaded(TricklingArtifact):
        alias: ClassVar[str] = "threaded"

        @classmethod
        def write(cls, obj: Any, buf: Any, **kwargs: Any) -> None:
            thread = threading.Thread(target=TricklingArtifact.write, args=(obj, buf))
            thread.start()
            thread.join()

    seen: list[tuple[int, int, int]] = []
    repository = Repository(
        tmp_path / "repository.json", progress=lambda done, total: seen.append((threading.get_ident(), done, total))
    )
    repository.log_artifact("bytes", b"x" * 3000, handler="threaded")
    repository.save()
    assert seen == [(threading.get_ident(), 3000, 3000)]


def test_io_is_as_before_without_anybody_to_tell() -> None:
    """A hashing file outside of any work has no meter."""
    from lazyscribe.digest import HashingFile

    sink = HashingFile(io.BytesIO())
    assert sink.write(b"abc") == 3
    assert sink.result()[1] == 3


class Stop(Exception):
    """What a callback raises."""


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and all that it was raised from or while handling, each once."""
    found: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        each = rest.pop()
        if each is not None and each not in found:
            found.append(each)
            rest += [each.__cause__, each.__context__]
    return found


def _save(folder: Path, progress: Any) -> None:
    repository = Repository(folder / "new.json", progress=progress)
    repository.log_artifact("bytes", b"x" * 3000)
    repository.save()


def _load(folder: Path, progress: Any) -> None:
    Repository(folder / "repository.json", mode="r", progress=progress).load_artifact("bytes")


def _verify(folder: Path, progress: Any) -> None:
    Repository(folder / "repository.json", mode="r").verify(progress=progress)


def _copy(folder: Path, progress: Any) -> None:
    copy(folder / "repository.json", folder / "copy" / "repository.json", progress=progress)


@pytest.mark.parametrize("work", [_save, _load, _verify, _copy])
@pytest.mark.parametrize("kind", [Stop, KeyboardInterrupt])
def test_what_the_callback_raises_comes_as_it_was_raised(
    tmp_path: Path, work: Callable[[Path, Any], None], kind: type[BaseException]
) -> None:
    """It has the cause and the context that it was raised with, and none of ours; its traceback tells where."""
    repository = Repository(tmp_path / "repository.json", progress=False)
    repository.log_artifact("bytes", b"x" * 3000)
    repository.save()
    raised: list[BaseException] = []

    def stop(done: int, total: int) -> None:
        try:
            raise OSError("full")
        except OSError as error:
            raised.append(error)
            try:
                raise kind("enough") from error
            except BaseException as error:
                raised.append(error)
                raise

    with pytest.raises(kind) as found:
        work(tmp_path, stop)
    assert found.value is raised[1]
    assert _chain(found.value) == [raised[1], raised[0]]
    assert found.traceback[-1].name == "stop"

    def stop_plainly(done: int, total: int) -> None:
        raise kind("enough")

    with pytest.raises(kind) as found:
        work(tmp_path, stop_plainly)
    assert _chain(found.value) == [found.value]
