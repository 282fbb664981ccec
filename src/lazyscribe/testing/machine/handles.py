"""Two handles on one file, a clock that stands still, and faults: what the machines of both kinds of document share."""

import errno
import os
import shutil
import tempfile
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path as LocalPath
from typing import Any, ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lazyscribe.exception import CommitUnknownError, ConflictError, LazyscribeError, ReadOnlyError
from lazyscribe.testing.calls import OPENING, through
from lazyscribe.testing.faults import KILLED, Faults, Strike, fail, kill
from lazyscribe.testing.machine.model import Clock, Merge, State, merge
from lazyscribe.testing.writers import forked

LEFTOVERS = frozenset({"orphan", "facts-without-file", "staged-file", "temporary-file"})
"""What may lie around after kills and errors, as `verify` calls it."""

WHICH = st.sampled_from((0, 1))
PREFER = st.sampled_from(("raise", "ours", "theirs"))
DECIDED = st.sampled_from(("ours", "theirs"))
CALLS = st.integers(0, 45)
INDEX = st.integers(0, 7)
NAMES = st.sampled_from(("a", "a", "b ü", "c/d"))
FILES = st.none() | st.none() | st.sampled_from(("x.json", "sub/y.json"))
SCALARS = st.integers(0, 2) | st.sampled_from((0.5, "text", None))
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner))
VALUES = st.runner().flatmap(lambda machine: machine.values)


class Handle:
    """One open project or repository, and what the model knows of it.

    Attributes
    ----------
    base
        The file as this handle last saw it.
    mine
        What is in memory.
    fixed
        What may not be changed through this handle.
    objects
        What was made here, by its number in the model: it must stay the same object.
    replaces
        Whether the next save may replace files.
    """

    def __init__(self, document: Any, mode: str, disk: State) -> None:
        self.document, self.mode = document, mode
        self.base, self.mine = deepcopy(disk), deepcopy(disk)
        self.fixed = set(disk) if mode in {"r", "a"} else set()
        self.objects: dict[int, Any] = {}
        self.replaces = False


class TwoHandles(RuleBasedStateMachine):
    """What both machines do: save, reload, reopen, be killed and fail; see `lazyscribe.testing.machine`."""

    handler: ClassVar[str] = "json"
    values: ClassVar[st.SearchStrategy[Any]] = JSON
    kills: ClassVar[bool] = hasattr(os, "fork")
    runs: ClassVar[int] = 0

    file: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.faults = Clock(), Faults()
        self.folder = self.new_folder()
        self._around = ExitStack()
        self._around.callback(self.remove_folder)
        self._around.enter_context(self.clock.ruling())
        self._around.enter_context(self.using(self.faults))
        self._around.enter_context(quietly())
        self.disk: State = {}
        self.keys: dict[int, Any] = {}
        self.gone: set[int] = set()
        self.count = 0
        self.handles = [Handle(self.open("w+"), "w+", {}) for _ in range(2)]

    # What users may set

    def new_folder(self) -> str:
        """Return the path or URL of a folder that holds nothing yet."""
        return tempfile.mkdtemp(prefix="lazyscribe-machine-")

    def remove_folder(self) -> None:
        """Remove ``self.folder``."""
        shutil.rmtree(LocalPath(self.folder), ignore_errors=True)

    def using(self, faults: Faults) -> AbstractContextManager[None]:
        """Return what puts `faults` where the calls go; see `lazyscribe.testing.faults.every_call`."""
        return through(faults.calls)

    def equal(self, one: Any, other: Any) -> bool:
        """Whether two values are the same."""
        return bool(one == other)

    # What the two kinds of documents differ in

    @abstractmethod
    def open(self, mode: str) -> Any:
        """Open the file."""

    @abstractmethod
    def told(self, document: Any, state: State, handle: Handle | None = None) -> dict[int, Any]:
        """Assert that `document` shows `state`; return the number or slug of each thing."""

    @abstractmethod
    def snapshot(self, document: Any) -> Any:
        """Return what is in memory, unsaved work included, so that it can be compared."""

    @abstractmethod
    def clone(self, thing: int) -> int:
        """Enter a thing that is like `thing` in everything, and return its number."""

    def check_keys(self, handle: Handle, keys: dict[int, Any], provisional: bool = False) -> None:
        """Assert that new things got the numbers or slugs that are promised; `self.disk` is what was there before.

        Those that are `provisional` may change with the save.
        """

    # Rules

    @rule(seconds=st.sampled_from((0.4, 1, 1, 3600, 86400)))
    def tick(self, seconds: float) -> None:
        """Time goes on."""
        self.clock.tick(seconds)

    @rule(which=WHICH, mode=st.sampled_from(("w+", "w+", "a", "r")))
    def reopen(self, which: int, mode: str) -> None:
        """A handle is opened again: what it had not saved is gone."""
        self.handles[which] = Handle(self.open(mode), mode, self.disk)
        self.told(self.handles[which].document, self.disk, self.handles[which])
        self.look()

    @rule(which=WHICH, prefer=PREFER, then=DECIDED)
    def save(self, which: int, prefer: str, then: str) -> None:
        """A handle is saved; where that is a conflict, it is decided."""
        handle = self.handles[which]
        if handle.mode == "r":
            refused(ReadOnlyError, handle.document.save)
        elif self.asks(handle, prefer, lambda: handle.document.save(on_conflict=prefer)):
            self.save(which, then, then)
        else:
            self.saved(handle, self.merged(handle, prefer))

    @rule(which=WHICH, prefer=PREFER, then=DECIDED)
    def reload(self, which: int, prefer: str, then: str) -> None:
        """A handle takes in what is there; where that is a conflict, it is decided."""
        handle = self.handles[which]
        if self.asks(handle, prefer, lambda: handle.document.reload(on_conflict=prefer)):
            self.reload(which, then, then)
            return
        merged = self.merged(handle, prefer)
        handle.fixed |= {thing for thing in merged if thing not in handle.mine} if handle.mode in {"r", "a"} else set()
        handle.mine, handle.base = merged, deepcopy(self.disk)
        self.check_keys(handle, self.told(handle.document, handle.mine, handle), provisional=True)

    @rule(prefer=DECIDED)
    def both_reload(self, prefer: str) -> None:
        """Both handles take in what is there."""
        for which in range(2):
            self.reload(which, prefer, prefer)

    @rule(which=WHICH, call=CALLS, prefer=DECIDED)
    def killed(self, which: int, call: int, prefer: str) -> None:
        """A process that has the handle dies in a save: all of it is there afterwards, or nothing.

        Not where files are replaced: a kill right after the manifest leaves the old ones, which their digests tell.
        """
        handle = self.handles[which]
        if not self.kills or handle.mode == "r" or handle.replaces:
            return
        before = self.raw(handle.document)
        with self.armed(kill(call)):
            code = forked(lambda: handle.document.save(on_conflict=prefer))
        assert code in {0, KILLED}, code
        copies = {thing: thing if thing in self.keys else self.clone(thing) for thing in handle.mine}
        mine = {copies[thing]: facts for thing, facts in handle.mine.items()}
        after = merge(handle.base, self.disk, mine, prefer).state
        if code == 0 or self.raw(handle.document) != before:
            self.written(after, self.told(self.open("r"), after))
        self.look()

    @rule(which=WHICH, call=CALLS, prefer=DECIDED, when=st.sampled_from(("before", "before", "after")))
    def failing(self, which: int, call: int, prefer: str, when: str) -> None:
        """A call fails in a save: nothing is changed, in memory or on disk, and the same save succeeds later."""
        handle = self.handles[which]
        if handle.mode == "r":
            return
        before, after = self.snapshot(handle.document), self.merged(handle, prefer)
        error = None
        with self.armed(fail_once(call, when)):
            try:
                handle.document.save(on_conflict=prefer)
            except Exception as raised:
                error = raised
        note(f"failed: {self.faults.names[call : call + 1]}, {error!r}")
        if error is not None:
            reading = isinstance(error, OSError) and self.faults.names[call] == "open_read"
            assert isinstance(error, LazyscribeError) or reading, repr(error)
            assert self.snapshot(handle.document) == before, "memory changed"
            if not isinstance(error, CommitUnknownError):
                self.look()
            handle.document.save(on_conflict=prefer)
        self.saved(handle, after)

    # Steps of rules

    def number(self) -> int:
        """Return a new number for the model."""
        self.count += 1
        return self.count

    def merged(self, handle: Handle, prefer: str) -> State:
        """Return what a save or a reload of `handle` must lead to."""
        return merge(handle.base, self.disk, handle.mine, prefer).state

    def asks(self, handle: Handle, prefer: str, action: Callable[[], object]) -> bool:
        """Do it; whether it was a conflict: exactly where there must be one, and nothing is changed by it."""
        conflicts = self.conflicts(handle).conflicts
        if not conflicts or prefer != "raise":
            action()
            return False
        before = self.snapshot(handle.document)
        error = refused(ConflictError, action)
        assert sorted(each.path for each in error.conflicts) == sorted(conflicts)
        assert self.snapshot(handle.document) == before, "memory changed"
        self.look()
        return True

    def conflicts(self, handle: Handle) -> Merge:
        """Return what a save of `handle` must find."""
        return merge(handle.base, self.disk, handle.mine, "raise")

    def saved(self, handle: Handle, state: State) -> None:
        """Check what a save that returned must have led to, and take it for what is there."""
        keys = self.told(handle.document, state, handle)
        self.check_keys(handle, keys)
        if handle.mode == "a":
            handle.fixed |= {thing for thing in state if thing not in handle.mine}
        handle.replaces = False
        handle.base, handle.mine = deepcopy(state), deepcopy(state)
        self.written(state, keys)
        self.look()

    def written(self, state: State, keys: dict[int, Any]) -> None:
        """Take down what is on disk now; what was deleted has lost its number or slug."""
        self.gone = (self.gone | self.disk.keys()) - state.keys()
        self.keys |= keys
        self.disk = state

    def look(self) -> None:
        """Check what is on disk: it is what the model says, and nothing is damaged."""
        fresh = self.open("r")
        keys = self.told(fresh, self.disk)
        assert keys == {thing: self.keys[thing] for thing in self.disk}, "others see other numbers or slugs"
        report = fresh.verify(workers=1)
        allowed = LEFTOVERS if self.disk else LEFTOVERS | {"manifest-missing"}
        assert {each.kind for each in report.findings} <= allowed, str(report)

    def raw(self, document: Any) -> bytes | None:
        """Return the bytes of the file, None if there is none."""
        path = document.fpath.as_posix()
        return bytes(document.fs.cat_file(path)) if document.fs.exists(path) else None

    @contextmanager
    def armed(self, strike: Strike) -> Iterator[None]:
        """Let calls be struck for a while."""
        self.faults.names.clear()
        self.faults.strike, self.faults.armed = strike, True
        try:
            yield
        finally:
            self.faults.armed = False

    def chosen(self, handle: Handle, index: int) -> int | None:
        """Return one of the things in memory, None if there are none."""
        things = list(handle.mine)
        return things[index % len(things)] if things else None

    def teardown(self) -> None:
        """Clean up."""
        type(self).runs += 1
        self._around.close()


def refused(kinds: type[Any] | tuple[type[Any], ...], action: Callable[[], object]) -> Any:
    """Return the error of one of these kinds that `action` raises."""
    try:
        action()
    except kinds as error:
        return error
    raise AssertionError(f"none of {kinds} was raised")


def fail_once(number: int, when: str) -> Strike:
    """Let a call fail; only where nothing stays open may its answer be lost."""
    failing = fail(number, errno.EIO, when)

    def strike(moment: str, current: int, name: str) -> None:
        if moment == "before" or name not in OPENING:
            failing(moment, current, name)

    return strike


@contextmanager
def quietly() -> Iterator[None]:
    """Keep warnings of file names that are taken to themselves; that something was put back is an error."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(is taken|single writer is safe)", category=UserWarning)
        warnings.filterwarnings("ignore", message=".*fork", category=DeprecationWarning)
        warnings.filterwarnings("error", message=".*put back", category=UserWarning)
        yield
