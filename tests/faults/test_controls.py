"""The same faults below lazyscribe 2.2 and below ours: they harm the one, or they would prove nothing of the other.

What fails lies below Python's calls of the system (`tests.faults.interpose`), so both releases run unchanged, and
damage is told without either of them (`tests.faults.plain`).
"""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lazyscribe.testing.disk import Folder, cuts
from lazyscribe.testing.power import Event, event
from tests.compat.actor import Actor, interpreter
from tests.faults.plain import SCENES
from tests.faults.tally import COMPLETE, Chosen, Tally

pytestmark = pytest.mark.compat

SAMPLE = 2
"""Calls of each scene that `make test` strikes, beside those that are known to tell."""

COMBINATIONS = 64 if COMPLETE else 4
"""Of what a power cut may lose, tried after each event."""

TELLING = frozenset({"rename", "chmod"})
"""Calls of 2.2 in the folder of `First`: whatever happens to them, at one or the other something is lost."""

Made = list[tuple[str, bool]]
"""The name of each call, and whether it is one of those."""


def runs(what: str, **keywords: Any) -> Any:
    """Run a function of `tests.faults.runner`."""
    import runner

    return getattr(runner, what)(**keywords)


@pytest.fixture(scope="module", params=["ours", "2.2"])
def player(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Actor]:
    """Either release, in a process of its own that forks for each run."""
    python = sys.executable if request.param == "ours" else interpreter("LAZYSCRIBE_22_PYTHON")
    here = str(Path(__file__).parent)
    with Actor(request.param, python, PYTHONPATH=here, LAZYSCRIBE_DURABILITY="full") as actor:
        folder = tmp_path_factory.mktemp("warm")
        actor(runs, folder, what="warm", where=str(folder))
        yield actor


@pytest.fixture
def trial(player: Actor, tmp_path: Path, temporary_folder: Path) -> Callable[..., dict[str, Any]]:
    """Return what plays a scene in an empty folder, which is gone when the next one starts."""
    where = tmp_path / "trial"

    def play(scene: str, **strike: Any) -> dict[str, Any]:
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        answer = player(
            runs, tmp_path, what="trial", name=scene, where=str(where), temporary=str(temporary_folder), **strike
        )
        for left in temporary_folder.iterdir():
            left.unlink()
        assert isinstance(answer, dict)
        return answer

    return play


@pytest.fixture(scope="module")
def known() -> dict[tuple[str, ...], Made]:
    """Hold what calls a scene makes, by release, scene and place of temporary files."""
    return {}


@pytest.fixture
def struck(
    player: Actor,
    trial: Callable[..., dict[str, Any]],
    chosen: Chosen,
    known: dict[tuple[str, ...], Made],
    request: pytest.FixtureRequest,
) -> Callable[..., Iterator[tuple[str, dict[str, Any]]]]:
    """Return what plays every scene once for each of its calls that is chosen, and yields what was told of it."""

    def calls_of(scene: str) -> Made:
        whole = trial(scene)
        assert (whole["error"], whole["damage"]) == (None, []), f"{player}: {scene} works as long as nothing fails"
        telling = player.name == "2.2" and scene == "First"
        return [(name, telling and name in TELLING and "/trial/" in path) for name, path in whole["made"]]

    def play(then: str, stays: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
        place = request.node.callspec.params["temporary_folder"]
        for scene in SCENES:
            if (player.name, scene, place) not in known:
                known[player.name, scene, place] = calls_of(scene)
            made = known[player.name, scene, place]
            numbers = {*chosen(range(len(made)), SAMPLE), *(at for at, (_, tells) in enumerate(made) if tells)}
            for at in sorted(numbers):
                told = trial(scene, at=at, then=then, stays=stays)
                context = f"{player}, {scene}, call {at} of {len(made)}, {made[at][0]}"
                yield f"{context}: {told['damage']}", told

    return play


def judge(player: Actor, tally: Tally, promise: str, damaged: dict[str, bool]) -> None:
    """Take down what was found; ours has no damage, the control has."""
    harmed = [context for context, harm in damaged.items() if harm]
    tally(promise, player.name, len(damaged), len(harmed))
    if player.name == "ours":
        assert harmed == []
    else:
        assert harmed != [], "the test finds no damage where there is some"


def test_kill(player: Actor, struck: Any, tally: Tally) -> None:
    """A process that ends at a call leaves whole manifests, every file that they name, and all that was saved."""
    damaged = {}
    for context, told in struck("kill"):
        assert told["killed"], context
        damaged[context] = bool(told["damage"])
    judge(player, tally, "killed at the k-th call (interposed)", damaged)


FAILURES = [
    ("EIO", False, "EIO at the k-th call"),
    ("ENOSPC", False, "ENOSPC at the k-th call"),
    ("EACCES", False, "EACCES at the k-th call"),
    ("ENOSPC", True, "ENOSPC from the k-th call on"),
]


@pytest.mark.parametrize(("code", "stays", "what"), FAILURES, ids=[what for *_, what in FAILURES])
def test_error(player: Actor, struck: Any, tally: Tally, code: str, stays: bool, what: str) -> None:
    """A call that fails leaves what was saved, the error says so, and the same again saves every value."""
    damaged = {}
    for context, told in struck(code, stays):
        damaged[context] = bool(told["damage"])
        if player.name == "ours":
            assert told["again"] is None, context
            assert told["error"] is None or {"LazyscribeError", "OSError"} & set(told["error"]), context
    judge(player, tally, f"{what} (interposed), then the same again", damaged)


def recorded(told: dict[str, Any]) -> tuple[Folder, list[Event]]:
    """Return what a scene's folder held before its work, and what happened then."""
    before = told["before"]
    contents = {inode: data.encode("latin-1") for inode, data in before["contents"]}
    folder = Folder(before["root"], tuple(before["folders"]), before["files"], contents)
    return folder, [event(each) for each in (*told["events"], ["mark", "returned"])]


def content_of(root: Path) -> dict[str, bytes | None]:
    """Return every path below a folder with its content, as `lazyscribe.testing.disk.Cut` has it."""
    return {path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes() for path in root.rglob("*")}


@pytest.mark.parametrize("scene", SCENES)
def test_power_cut(player: Actor, trial: Any, chosen: Chosen, tally: Tally, tmp_path: Path, scene: str) -> None:
    """A power cut leaves what is whole, and all of it once a save has returned; of 2.2's it may leave nothing."""
    told = trial(scene, recorded=True)
    assert told["error"] is None
    every = list(cuts(*recorded(told), chosen.random, COMBINATIONS))
    there = content_of(Path(told["before"]["root"]))
    assert there in [cut.tree for cut in every if cut.after], "the events say all that happened"
    tried, damaged = chosen(range(len(every)), 10 * SAMPLE), {}
    for number, cut in enumerate(every):
        if cut.after or number in tried:
            shutil.rmtree(tmp_path / "left", ignore_errors=True)
            cut.restore(tmp_path / "left")
            damage = SCENES[scene](tmp_path / "left").damage(done=bool(cut.after))
            context = f"{number}: {player}, {scene}, after {cut.number} events, {cut.loss}: {damage}"
            damaged[context] = bool(damage)
            if player.name == "2.2" and cut.after and cut.loss == "lost":
                assert damage, context
    judge(player, tally, "power cut (interposed)", damaged)


CROWDS = {
    "8 processes × 25 versions, one object each": ("processes", {"writers": 8, "versions": 25}),
    "8 threads × 20 versions, one object each": ("threads", {"writers": 8, "versions": 20, "shared": False}),
    "8 threads × 20 versions, one object": ("threads", {"writers": 8, "versions": 20, "shared": True}),
    "two handles on one file, saved in turns": ("in_turns", {"versions": 10}),
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_many_writers(player: Actor, tmp_path: Path, crowd: str, tally: Tally) -> None:
    """Every version whose save returned is there, whole and alone under its number."""
    what, keywords = CROWDS[crowd]
    told = player(runs, tmp_path, what=what, where=str(tmp_path), **keywords)
    assert told["saved"] > 0
    harmed = told["lost"]
    note = "only saves that returned are counted; many of 2.2's raise" if what == "threads" else ""
    tally(crowd, player.name, told["saved"], len(harmed), note)
    if player.name == "ours":
        assert (told["saved"], harmed) == (keywords.get("writers", 1) * keywords["versions"], [])
    else:
        assert harmed != []
