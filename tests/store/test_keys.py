"""The rules of names."""

import pytest

from lazyscribe.exception import InvalidNameError
from lazyscribe.store.keys import candidates, check_key, fold, join, parent, portability_warning, temporary


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (("a", "b"), "a/b"),
        (("a/", "/b/./c//"), "a/b/c"),
        ((".", "x"), "x"),
        (("", ""), ""),
        ((), ""),
        (("a.", " "), "a./ "),
    ],
)
def test_join(parts: tuple[str, ...], joined: str) -> None:
    """Joining drops empty and dot segments and nothing else."""
    assert join(*parts) == joined


@pytest.mark.parametrize(
    "key", ["a", "a/b.json", "...", "a..b", "..a/b..", "é" * 127, "a" * 255, "con", "a:b\\c", ".x"]
)
def test_accepted(key: str) -> None:
    """What some file system holds within its folder is accepted unchanged."""
    assert check_key(key) == key


def test_accepted_is_normalised() -> None:
    """An accepted key comes back normalised."""
    assert check_key("a//./b/") == "a/b"


@pytest.mark.parametrize(
    "key", ["", ".", "./", "..", "../a", "a/..", "a/../b", "/a", "//a", "a\0", "é" * 128, "x/" + "a" * 256, "\udcff"]
)
def test_refused(key: str) -> None:
    """What leaves its folder or exists nowhere is refused in one sentence that names it."""
    with pytest.raises(InvalidNameError) as caught:
        check_key(key)
    assert repr(key) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A/b", "a/B"),
        ("caf\u00e9", "cafe\u0301"),
        ("STRASSE", "straße"),
        ("a//b", "a/b"),
        ("É", "e\u0301"),
        ("a\\b", "A/b"),
    ],
)
def test_fold(one: str, other: str) -> None:
    """Names that some file system takes for one fold to one."""
    assert fold(one) == fold(other)


def test_fold_keeps_apart() -> None:
    """Names that no file system confuses stay two."""
    assert len({fold(name) for name in ("a", "b", "á", "a.", "a b")}) == 5


@pytest.mark.parametrize(
    "name",
    [
        "a:b",
        "a?",
        "x/a*",
        "<",
        ">",
        '"',
        "|",
        "a\\b",
        "a\n",
        "a\x7f",
        "a.",
        "a ",
        "x./y",
        "con",
        "NUL.txt",
        "a/Com1.x",
        "lpt³",
    ],
)
def test_unportable(name: str) -> None:
    """A name that some system cannot hold is warned of in one sentence."""
    warning = portability_warning(name)
    assert warning is not None
    assert repr(name) in warning


@pytest.mark.parametrize("name", ["a", "a b/c.d", "console", "com", "com10", "naïve", ".hidden", "x.con"])
def test_portable(name: str) -> None:
    """A name that all systems hold is not."""
    assert portability_warning(name) is None


@pytest.mark.parametrize(
    ("fname", "next_one"),
    [("a.json", "a-1.json"), ("b/a.tar.gz", "b/a.tar-1.gz"), (".x", ".x-1"), ("a", "a-1"), ("b/a/", "b/a-1")],
)
def test_candidates(fname: str, next_one: str) -> None:
    """The name itself comes first, then numbered ones in the same folder, never one below the file of that name."""
    names = candidates(fname)
    assert [next(names), next(names)] == [fname, next_one]


def test_parent_and_temporary() -> None:
    """A parent is what stands before the last slash; temporary names differ."""
    assert [parent("a/b/c"), parent("a"), parent("/a")] == ["a/b", "", ""]
    assert temporary() != temporary()
    assert len(temporary()) == len(".lsc-0123456789abcdef.tmp")
