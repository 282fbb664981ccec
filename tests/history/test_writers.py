"""Many writers: nothing is lost, there is one order, and everybody sees the same past."""

from pathlib import Path

from lazyscribe import Repository
from lazyscribe.testing.writers import in_processes
from tests.history.support import numbers, saved

WRITERS, TURNS = 8, 12


def test_eight_writers_of_versions_and_aliases(file: Path) -> None:
    """Each saves versions and moves aliases: every commit is an entry, in one line, and `at` agrees everywhere."""
    saved(file, [0])

    def work(writer: int) -> None:
        repository = Repository(file)
        for turn in range(TURNS):
            if turn % 2:
                repository.set_alias("model", f"own-{writer}")
            else:
                repository.log_artifact("model", [writer, turn], "json")
                repository.set_alias("model", "shared")
            repository.save(message=f"{writer} {turn}")

    assert in_processes(WRITERS, work) == [0] * WRITERS
    repository = Repository(file)
    history = repository.history()
    assert sorted(each.message or "" for each in history[1:]) == sorted(
        f"{writer} {turn}" for writer in range(WRITERS) for turn in range(TURNS)
    )
    assert [each.number for each in history] == list(range(1, WRITERS * TURNS + 2))
    assert sorted(numbers(repository)) == list(range(1 + WRITERS * TURNS // 2))
    for writer in range(WRITERS):
        turns = [int((each.message or "").split()[1]) for each in history[1:] if each.message.startswith(f"{writer} ")]  # type: ignore[union-attr]
        assert turns == list(range(TURNS))
    aliases: dict[str, int | None] = {}
    for commit in history:
        aliases |= {move.alias: move.version for move in commit.aliased}
    assert repository.aliases("model") == aliases

    def look(number: int) -> int:
        """Return a checksum of what was known at some entry, as another process sees it."""
        then = Repository(file, mode="r").at(known=number)
        return hash((tuple(numbers(then)), tuple(then.aliases("model").items()))) % 200

    def same(_: int) -> None:
        assert [look(number) for number in (1, 20, 60, 97)] == expected

    expected = [look(number) for number in (1, 20, 60, 97)]
    assert in_processes(2, same) == [0, 0]


def test_writers_of_aliases_only(file: Path) -> None:
    """Moves of eight writers at once are all kept; the last of them counts for everybody."""
    saved(file, [0], [1])

    def work(writer: int) -> None:
        repository = Repository(file)
        for turn in range(TURNS):
            repository.set_alias("model", f"a{turn % 3}", (writer + turn) % 2)
            repository.set_alias("model", f"own-{writer}", turn % 2)
            repository.save()

    assert in_processes(WRITERS, work) == [0] * WRITERS
    repository = Repository(file)
    moves = [move for commit in repository.history() for move in commit.aliased]
    for writer in range(WRITERS):
        assert [move.version for move in moves if move.alias == f"own-{writer}"] == [0, 1] * (TURNS // 2)
    assert repository.aliases("model") == dict(sorted({move.alias: move.version for move in moves}.items()))
