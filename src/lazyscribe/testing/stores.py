"""What every store promises. A subclass per store says how to make one and how to look at its files behind its back."""

import io
import pickle
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from lazyscribe.exception import Exists, InvalidNameError, LockTimeoutError, Stale
from lazyscribe.store.base import Store
from lazyscribe.testing.writers import in_threads, quiet


class StoreTests:
    """Subclasses define the fixture ``store`` and the four methods below."""

    exclusive: ClassVar[bool] = True

    def again(self, store: Any) -> Store:
        """Another store of the same root."""
        raise NotImplementedError

    def put(self, store: Any, key: str, data: bytes) -> None:
        """Write a file behind the back of the store."""
        raise NotImplementedError

    def get(self, store: Any, key: str) -> bytes | None:
        """Return the content of a file, looked at behind the back of the store; ``None``: there is none."""
        raise NotImplementedError

    def names(self, store: Any) -> set[str]:
        """Every file under the root but those of locks."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _quiet(self) -> Iterator[None]:
        with quiet():
            yield

    # read and open

    def test_read_gives_bytes(self, store: Store) -> None:
        """What is there is read byte for byte."""
        self.put(store, "a/b.json", b"\x00\r\n\xff")
        found = store.read("a/b.json")
        assert found is not None
        assert found[0] == b"\x00\r\n\xff"

    def test_read_of_nothing(self, store: Store) -> None:
        """A missing file, or one in a missing folder, reads as None and leaves nothing behind."""
        assert store.read("no.json") is None
        assert store.read("no/such/folder.json") is None
        assert self.names(store) == set()

    def test_open_reads_and_seeks(self, store: Store) -> None:
        """An opened file can be read from any position."""
        self.put(store, "x.bin", b"0123456789")
        with store.open("x.bin") as file:
            assert file.seekable()
            assert file.read(3) == b"012"
            file.seek(-2, io.SEEK_END)
            assert file.read() == b"89"

    def test_open_of_nothing(self, store: Store) -> None:
        """Opening a missing file is FileNotFoundError."""
        with pytest.raises(FileNotFoundError):
            store.open("no.bin")

    def test_two_readers(self, store: Store) -> None:
        """Two open files of one key do not move each other."""
        self.put(store, "x.bin", b"0123456789")
        with store.open("x.bin") as one, store.open("x.bin") as two:
            assert one.read(5) == b"01234"
            assert two.read(5) == b"01234"
            assert one.read(5) == b"56789"

    def test_read_sees_foreign_changes(self, store: Store) -> None:
        """What somebody else writes after a first look is seen at the next."""
        assert store.read("x.json") is None
        self.put(store, "x.json", b"1")
        assert (store.read("x.json") or [None])[0] == b"1"
        self.put(store, "x.json", b"22")
        assert (store.read("x.json") or [None])[0] == b"22"

    # create

    def test_create(self, store: Store) -> None:
        """A created file holds what was written, in whatever order, and nothing else appears."""
        with store.create("deep/er/x.bin") as file:
            file.write(b"0123456789")
            file.seek(2)
            assert file.read(3) == b"234"
            file.seek(0)
            file.write(b"AB")
            assert file.seekable()
        assert self.get(store, "deep/er/x.bin") == b"AB23456789"
        assert self.names(store) == {"deep/er/x.bin"}

    def test_create_text(self, store: Store) -> None:
        """A text layer over the created file works, closed or not."""
        with store.create("one.txt") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
            text.write("schön\n")
        with store.create("two.txt") as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            text.write("schön\n")
            text.detach()
        assert self.get(store, "one.txt") == self.get(store, "two.txt") == "schön\n".encode()

    def test_create_closed_by_block(self, store: Store) -> None:
        """A block that closes the file has written it all the same."""
        with store.create("x.bin") as file, file:
            file.write(b"done")
        assert self.get(store, "x.bin") == b"done"

    def test_create_empty_and_large(self, store: Store) -> None:
        """Nothing at all and more than any buffer are both contents."""
        with store.create("empty"):
            pass
        data = bytes(range(256)) * (9 << 12)
        with store.create("large") as file:
            file.write(data)
        assert self.get(store, "empty") == b""
        assert self.get(store, "large") == data

    def test_create_is_invisible_before_its_end(self, store: Store) -> None:
        """While the block runs there is no such file."""
        with store.create("x.bin") as file:
            file.write(b"x" * 1_000_000)
            assert store.read("x.bin") is None
            assert self.get(store, "x.bin") is None

    def test_create_taken(self, store: Store) -> None:
        """Creating what exists raises Exists and leaves what is there."""
        self.put(store, "x.bin", b"old")
        with pytest.raises(Exists), store.create("x.bin") as file:
            file.write(b"new")
        assert self.get(store, "x.bin") == b"old"
        assert self.names(store) == {"x.bin"}

    def test_create_taken_meanwhile(self, store: Store) -> None:
        """A file that appears while the block runs wins."""
        with pytest.raises(Exists), store.create("x.bin") as file:
            file.write(b"late")
            self.put(store, "x.bin", b"early")
        assert self.get(store, "x.bin") == b"early"
        assert self.names(store) == {"x.bin"}

    @pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt, SystemExit, StopIteration])
    def test_create_failing_block(self, store: Store, error: type[BaseException]) -> None:
        """Whatever the block raises comes out, and no file stays."""
        raised = error("boom")
        with pytest.raises(error) as caught, store.create("a/x.bin") as file:
            file.write(b"half")
            raise raised
        assert caught.value is raised
        assert self.names(store) == set()
        with store.create("a/x.bin") as file:
            file.write(b"whole")
        assert self.get(store, "a/x.bin") == b"whole"

    def test_create_nested(self, store: Store) -> None:
        """Two files may be created at once, in one folder."""
        with store.create("a/x") as one, store.create("a/y") as two:
            one.write(b"1")
            two.write(b"2")
        assert self.get(store, "a/x") == b"1"
        assert self.get(store, "a/y") == b"2"

    def test_racing_creators(self, store: Store) -> None:
        """Of many that create one key, one wins and its content stays; the others get Exists."""
        stores = [self.again(store) for _ in range(8)]
        for round_ in range(5):

            def work(number: int, key: str = f"race-{round_}.bin") -> int:
                with stores[number].create(key) as file:
                    file.write(b"%d" % number * 1000)
                return number

            answers = in_threads(8, work)
            (winner,) = [answer for answer in answers if isinstance(answer, int)]
            assert all(isinstance(answer, Exists) for answer in answers if answer != winner)
            assert self.get(store, f"race-{round_}.bin") == b"%d" % winner * 1000
        assert len(self.names(store)) == 5

    @pytest.mark.parametrize(
        "name", ["[v1] x.bin", "a*b?.bin", "naïve – 模型.bin", "trailing.", "per%20cent#1.bin", " x "]
    )
    def test_odd_names(self, store: Store, name: str) -> None:
        """Names with patterns, spaces, dots and foreign letters are literal everywhere."""
        key = f"{name}/{name}"
        with store.create(key) as file:
            file.write(b"1")
        found = store.read(key)
        assert found is not None
        store.swap(key, b"2", found[1])
        assert list(store.keys(name)) == [key]
        store.replace(key, name + "2")
        with store.open(name + "2") as opened:
            assert opened.read() == b"2"
        store.delete(name + "2")
        assert self.names(store) == set()

    @pytest.mark.parametrize("key", ["", ".", "..", "a/../b", "/etc/x", "a\0b", "a" * 256, "\ud800"])
    def test_refused_keys(self, store: Store, key: str) -> None:
        """A key that would leave the root or exists nowhere is refused by every method, before anything happens."""
        for call in (
            lambda: store.read(key),
            lambda: store.open(key),
            lambda: store.create(key).__enter__(),
            lambda: store.swap(key, b"", None),
            lambda: store.replace("x", key),
            lambda: store.replace(key, "x"),
            lambda: store.delete(key),
            lambda: store.guard(key).__enter__(),
        ):
            with pytest.raises(InvalidNameError):
                call()
        assert self.names(store) == set()

    # swap

    def test_swap_from_nothing(self, store: Store) -> None:
        """With None, swap makes the file, in a new folder if need be; then the token leads on."""
        token = store.swap("a/m.json", b"1", None)
        token = store.swap("a/m.json", b"2", token)
        assert self.get(store, "a/m.json") == b"2"
        found = store.read("a/m.json")
        assert found == (b"2", token)
        assert self.names(store) == {"a/m.json"}

    def test_swap_stale(self, store: Store) -> None:
        """After another write, after a removal and after an appearance, swap raises Stale and writes nothing."""
        with pytest.raises(Stale):
            self.put(store, "m.json", b"theirs")
            store.swap("m.json", b"mine", None)
        token = (store.read("m.json") or (b"", None))[1]
        self.put(store, "m.json", b"theirs, again")
        with pytest.raises(Stale):
            store.swap("m.json", b"mine", token)
        assert self.get(store, "m.json") == b"theirs, again"
        token = (store.read("m.json") or (b"", None))[1]
        store.delete("m.json")
        with pytest.raises(Stale):
            store.swap("m.json", b"mine", token)
        assert self.names(store) == set()

    def test_swap_to_the_same(self, store: Store) -> None:
        """Swapping in the same bytes is a swap."""
        token = store.swap("m.json", b"1", None)
        store.swap("m.json", b"1", token)
        assert self.get(store, "m.json") == b"1"

    def test_racing_swappers(self, store: Store) -> None:
        """Of many that swap from one token one wins; a counter that all raise loses no step."""
        stores = [self.again(store) for _ in range(6)]
        self.put(store, "n", b"0")

        def work(number: int) -> int:
            won = 0
            while won < 10:
                found = stores[number].read("n")
                assert found is not None
                try:
                    stores[number].swap("n", b"%d" % (int(found[0]) + 1), found[1])
                except Stale:
                    continue
                won += 1
            return won

        assert in_threads(6, work) == [10] * 6
        assert self.get(store, "n") == b"60"
        assert self.names(store) == {"n"}

    # replace, delete, keys

    def test_replace(self, store: Store) -> None:
        """Replace moves a file over another, or to where nothing was, and the source is gone."""
        self.put(store, "a/new", b"new")
        self.put(store, "b/old", b"old")
        store.replace("a/new", "b/old")
        assert self.get(store, "b/old") == b"new"
        store.replace("b/old", "c/d/e")
        assert self.get(store, "c/d/e") == b"new"
        assert self.names(store) == {"c/d/e"}

    def test_replace_without_source(self, store: Store) -> None:
        """Without a source, replace is FileNotFoundError and the target stays."""
        self.put(store, "x", b"old")
        with pytest.raises(FileNotFoundError):
            store.replace("no", "x")
        assert self.get(store, "x") == b"old"

    def test_delete(self, store: Store) -> None:
        """Delete removes one file; a missing one is no error, nor a missing folder."""
        self.put(store, "a/x", b"1")
        self.put(store, "a/y", b"2")
        store.delete("a/x")
        store.delete("a/x")
        store.delete("no/such/x")
        assert self.names(store) == {"a/y"}

    def test_keys(self, store: Store) -> None:
        """Keys are listed by folder, recursively; a prefix that is no whole segment or a file matches nothing."""
        every = {"m.json", "a/x", "a/b/y", "ab/z", ".lazyscribe/facts/a/x.json", "a/.lsc-0123456789abcdef.tmp"}
        assert list(store.keys("")) == []
        for key in every:
            self.put(store, key, b"")
        assert set(store.keys("")) == every
        assert set(store.keys("a")) == {"a/x", "a/b/y", "a/.lsc-0123456789abcdef.tmp"}
        assert set(store.keys("a/b/")) == {"a/b/y"}
        assert list(store.keys("no")) == list(store.keys("m.json")) == []

    def test_files_in(self, store: Store) -> None:
        """The files of one folder are listed without those below it; what is no folder has none."""
        for key in ("m.json", ".lsc-0123456789abcdef.tmp", "a/x", "a/b/y", "ab/z"):
            self.put(store, key, b"")
        assert set(store.files_in("")) == {"m.json", ".lsc-0123456789abcdef.tmp"}
        assert set(store.files_in("a")) == set(store.files_in("a/")) == {"a/x"}
        assert list(store.files_in("no")) == list(store.files_in("m.json")) == []

    # guard

    def test_guard_excludes_threads(self, store: Store) -> None:
        """Under the guard a counter kept by read and swap needs no second try, from many stores of one root."""
        stores = [self.again(store) for _ in range(6)]
        self.put(store, "n", b"0")

        def work(number: int) -> None:
            for _ in range(10):
                with stores[number].guard("n"):
                    found = stores[number].read("n")
                    assert found is not None
                    stores[number].swap("n", b"%d" % (int(found[0]) + 1), found[1])

        assert in_threads(6, work) == [None] * 6
        assert self.get(store, "n") == b"60"

    def test_guard_is_reentrant(self, store: Store) -> None:
        """One thread may enter again, through another store of the same root too, and leaves it free."""
        other = self.again(store)
        with store.guard("m.json"), store.guard("m.json"), other.guard("m.json"):
            token = other.swap("m.json", b"1", None)
        (token,) = in_threads(1, lambda _: other.swap("m.json", b"2", token))
        assert store.read("m.json") == (b"2", token)

    def test_guard_times_out(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """A guard held by another thread ends in LockTimeoutError that names the file; afterwards it is free."""
        monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.05")
        other = self.again(store)
        with store.guard("m.json"):
            (error,) = in_threads(1, lambda _: other.guard("m.json").__enter__())
        assert isinstance(error, LockTimeoutError)
        assert isinstance(error, TimeoutError)
        assert "m.json" in str(error)
        with other.guard("m.json"):
            pass

    def test_guard_is_by_key(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another key's guard is free."""
        monkeypatch.setenv("LAZYSCRIBE_LOCK_TIMEOUT", "0.05")

        def work(_: int) -> str:
            with store.guard("b.json"):
                return "in"

        with store.guard("a.json"):
            assert in_threads(1, work) == ["in"]

    def test_guard_after_an_error(self, store: Store) -> None:
        """An error in the block comes out as it is and leaves the guard free."""
        with pytest.raises(ZeroDivisionError), store.guard("m.json"):
            _ = 1 // 0
        (token,) = in_threads(1, lambda _: store.swap("m.json", b"1", None))
        assert store.read("m.json") == (b"1", token)

    # the rest

    def test_exclusive(self, store: Store) -> None:
        """The store says whether it excludes other writers."""
        store.swap("m.json", b"1", None)
        assert store.exclusive is self.exclusive

    def test_describe(self, store: Store) -> None:
        """A key is described by its path."""
        assert store.describe("a/m.json").endswith("a/m.json")

    def test_pickles(self, store: Store) -> None:
        """A pickled store works as the first did."""
        token = store.swap("m.json", b"1", None)
        copy = pickle.loads(pickle.dumps(store))
        assert copy.describe("m.json") == store.describe("m.json")
        assert copy.exclusive is store.exclusive
        with copy.guard("m.json"):
            copy.swap("m.json", b"2", token)
