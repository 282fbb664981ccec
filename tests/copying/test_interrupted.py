"""Copies that are interrupted and repeated: what is there is not copied again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lazyscribe
from lazyscribe import Repository
from lazyscribe.exception import LazyscribeError
from lazyscribe.testing.faults import Faults, stores_through
from lazyscribe.testing.writers import quiet
from tests.copying.scenes import SCENES, OfRepository
from tests.copying.sources import version
from tests.repository.tools import tree


class Enough(Exception):
    """What a callback raises."""


@pytest.mark.parametrize("kind", SCENES)
@pytest.mark.parametrize("error", [Enough, KeyboardInterrupt])
def test_an_interrupt_at_every_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, error: type[BaseException]
) -> None:
    """The copy ends with it; files that are there already are not written again by the next one."""
    from lazyscribe.stage import Stage

    create = Stage._create
    for at in range(1, 8):
        scene = kind(tmp_path / str(at))
        made: list[str] = []

        def counting(self: Any, key: str, steps: Any, made: list[str] = made, at: int = at) -> Any:
            if len(made) == at:
                raise error
            made.append(key)
            return create(self, key, steps)

        monkeypatch.setattr(Stage, "_create", counting)
        try:
            scene.work()
        except (error, LazyscribeError):  # an error of a store comes as one of ours
            first = list(made)
            made.clear()
            monkeypatch.setattr(Stage, "_create", lambda self, key, steps: made.append(key) or create(self, key, steps))
            assert scene.damaged() == []
            scene.work()
            assert set(first).isdisjoint(made)
        monkeypatch.setattr(Stage, "_create", create)
        scene.check()
        shutil.rmtree(tmp_path / str(at))


@pytest.mark.parametrize("unknown", [False, True], ids=["with facts", "without"])
def test_files_that_a_killed_copy_left_are_taken_for_its_own(tmp_path: Path, unknown: bool) -> None:
    """By their bytes; they get their facts, if there are any."""
    scene = OfRepository(tmp_path / "one")
    if unknown:
        shutil.rmtree(scene.source.parent / ".lazyscribe")
        scene.before = tree(scene.source.parent)
    whole = scene.source.parent / "named" / "sub" / "given name.json"
    left = scene.target.parent / "named" / "sub" / "given name.json"
    left.parent.mkdir(parents=True)
    shutil.copy(whole, left)
    was = left.stat()
    scene.work()
    assert (left.stat().st_ino, left.stat().st_mtime_ns) == (was.st_ino, was.st_mtime_ns)
    assert scene.opened()["named"].fname == "sub/given name.json"
    assert any("given name" in name for name in tree(scene.target.parent / ".lazyscribe")) is not unknown


def test_a_callback_that_raises_stops_all_threads(tmp_path: Path) -> None:
    """What was copied by then stays, and the next copy finishes it; no thread goes on."""
    import threading

    made = Repository(tmp_path / "from" / "repository.json")
    for number in range(20):
        made.log_artifact(f"x{number}", bytes([number]) * (4 << 20))
    made.save()
    before = threading.active_count()

    def tell(done: int, total: int) -> None:
        if done:
            raise Enough

    with pytest.raises(Enough):
        lazyscribe.copy(made, tmp_path / "to" / "repository.json", workers=4, progress=tell)
    assert threading.active_count() == before
    assert lazyscribe.copy(made, tmp_path / "to" / "repository.json").records == 20
    assert Repository(tmp_path / "to" / "repository.json").verify().ok


VERSIONS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.booleans(), st.text(max_size=3)), max_size=8
)


@given(first=VERSIONS, second=VERSIONS, names=st.one_of(st.none(), st.sets(st.sampled_from("abc"))))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_round_trips(tmp_path_factory: pytest.TempPathFactory, first: Any, second: Any, names: Any) -> None:
    """Through memory and back, in two parts with more saved between them: the same versions, values and dates."""
    folder = tmp_path_factory.mktemp("trip")
    made = Repository(folder / "from" / "repository.json")
    between, back = f"memory://{folder}/between/repository.json", folder / "back" / "repository.json"
    with quiet():
        for part in (first, second):
            for name, days, expires, value in part:
                made.artifacts.append(version(name, days, [value]))
                made.artifacts[-1].version = len([each for each in made.artifacts if each.name == name]) - 1
                if expires:
                    made.artifacts[-1].expiry = made.artifacts[-1].created_at
            made.save()
            here = {each.name for each in made.artifacts}
            chosen = None if names is None else names & here
            lazyscribe.copy(made, between, names=chosen)
            lazyscribe.copy(between, back) if Repository(between)._manifest.data is not None else None
        wanted = [each for each in made if names is None or each["name"] in names]
        found = Repository(back, mode="r")
        key: Callable[[Any], Any] = lambda each: (each["name"], each["version"])  # noqa: E731
        assert sorted(found, key=key) == sorted(wanted, key=key)
        for each in wanted:
            name, number = key(each)
            assert found.load_artifact(name, version=number) == made.load_artifact(name, version=number)
        if wanted:
            assert found.verify().ok


def test_faults_are_counted_in_threads(tmp_path: Path) -> None:
    """The harness sees the calls of a copy, whatever thread makes them."""
    faults = Faults()
    with stores_through(faults):
        scene = OfRepository(tmp_path)
        faults.armed = True
        scene.work()
    assert {"create", "publish", "open", "swap", "files_in", "guard"} <= set(faults.names)
