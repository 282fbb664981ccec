"""Aliases: names of versions that can be moved."""

from pathlib import Path

import pytest

from lazyscribe import Repository
from lazyscribe.exception import (
    ConflictError,
    InvalidArgumentError,
    ReadOnlyError,
    SaveError,
    UnknownArtifactError,
    VersionDeletedError,
    VersionNotFoundError,
)
from tests.clock import Clock
from tests.history.support import entries_of, numbers, saved


def test_an_alias_means_a_version_wherever_one_is_asked_for(file: Path) -> None:
    """`@production` is understood by everything that takes a version, in this and in a new object."""
    repository = saved(file, [0], [1], [2])
    repository.set_alias("model", "production", 1)
    repository.save()
    for each in (repository, Repository(file, mode="r")):
        assert each.aliases("model") == {"production": 1}
        assert each.load_artifact("model", version="@production") == [1]
        assert each.get_artifact_metadata("model", version="@production")["version"] == 1
        assert each.get_version_diff("model", "@production", how="lines").startswith("---")
    assert numbers(Repository(file, mode="r").filter([("model", "@production")])) == [1]
    repository.set_artifact_expiry("model", "@production")
    assert repository["model"].expiry is None
    assert repository.artifacts[1].expiry is not None


def test_nothing_is_written_before_save(file: Path) -> None:
    """A move shows in memory at once, and on disk and to others after the save."""
    repository = saved(file, [0], [1])
    before = entries_of(file)
    repository.set_alias("model", "production", 0)
    assert repository.load_artifact("model", version="@production") == [0]
    assert repository.aliases("model") == {"production": 0}
    assert entries_of(file) == before
    assert Repository(file).aliases("model") == {}
    repository.load()
    assert repository.aliases("model") == {}


def test_moving_an_alias_leaves_the_manifest_and_writes_one_file(file: Path) -> None:
    """The manifest stays byte for byte what it was; the journal gets one entry."""
    repository = saved(file, [0], [1])
    data, before = file.read_bytes(), {path for path in file.parent.rglob("*") if path.is_file()}
    repository.set_alias("model", "production", 0)
    repository.save()
    assert file.read_bytes() == data
    assert len({path for path in file.parent.rglob("*") if path.is_file()} - before) == 1


def test_an_alias_of_a_version_that_is_not_saved_yet(file: Path) -> None:
    """It means the number that the version gets, whatever others saved meanwhile."""
    repository = saved(file, [0])
    repository.log_artifact("model", "mine", "json")
    repository.set_alias("model", "staging")
    saved(file, "theirs")
    repository.save()
    for each in (repository, Repository(file)):
        assert each.aliases("model") == {"staging": 2}
        assert each.load_artifact("model", version="@staging") == "mine"


def test_the_last_of_several_moves_counts(file: Path) -> None:
    """Moves of one alias before a save are one move; one that changes nothing leaves no entry."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 0)
    repository.set_alias("model", "production", 1)
    repository.save()
    assert repository.aliases("model") == {"production": 1}
    before = entries_of(file)
    repository.set_alias("model", "production", 1)
    repository.save()
    assert entries_of(file) == before


def test_an_alias_is_removed(file: Path) -> None:
    """Afterwards it means nothing, here and elsewhere, and cannot be removed again."""
    repository = saved(file, [0])
    repository.set_alias("model", "a")
    repository.set_alias("model", "b")
    repository.save()
    repository.remove_alias("model", "a")
    assert repository.aliases("model") == {"b": 0}
    with pytest.raises(VersionNotFoundError, match="'@a'"):
        repository.load_artifact("model", version="@a")
    repository.save()
    assert Repository(file).aliases("model") == {"b": 0}
    with pytest.raises(VersionNotFoundError, match="has no alias '@a' of 'model'; it has: '@b'"):
        repository.remove_alias("model", "a")


@pytest.mark.parametrize("alias", ["", " ", "@production", "a\nb", 3, None])
def test_what_cannot_be_an_alias(file: Path, alias: object) -> None:
    """It is refused with a `ValueError` when it is set."""
    repository = saved(file, [0])
    with pytest.raises(InvalidArgumentError, match="cannot be an alias"):
        repository.set_alias("model", alias)  # type: ignore[arg-type]
    repository.save()
    assert repository.aliases("model") == {}


def test_what_is_not_there(file: Path) -> None:
    """An alias of an unknown name, version or mode is refused as everything else is."""
    repository = saved(file, [0])
    with pytest.raises(UnknownArtifactError):
        repository.set_alias("nothing", "production")
    with pytest.raises(VersionNotFoundError):
        repository.set_alias("model", "production", 7)
    with pytest.raises(VersionNotFoundError, match="it has: none"):
        repository.load_artifact("model", version="@production")
    for change in (
        lambda: Repository(file, mode="r").set_alias("model", "a"),
        lambda: Repository(file, mode="r").remove_alias("model", "a"),
    ):
        with pytest.raises(ReadOnlyError):
            change()
    appending = Repository(file, mode="a")
    appending.set_alias("model", "production")
    appending.save()
    assert Repository(file).aliases("model") == {"production": 0}


def test_an_alias_of_a_deleted_version(file: Path, clock: Clock) -> None:
    """The error says which version it was, and when, by whom and why it was deleted."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 0)
    repository.save()
    repository.delete("model", "@production", "trained on test data")
    repository.save()
    for each in (repository, Repository(file)):
        with pytest.raises(VersionDeletedError, match=r"means version 0.*deleted on 2025-01-20.*trained on test"):
            each.load_artifact("model", version="@production")


def test_a_version_that_went_away_cannot_be_pointed_to(file: Path) -> None:
    """If it was taken out here, or by others, before the save, the save says so and writes nothing."""
    repository, other = saved(file, [0], [1]), Repository(file)
    repository.set_alias("model", "production", 0)
    other.delete("model", 0, "wrong")
    other.save()
    data, before = file.read_bytes(), entries_of(file)
    with pytest.raises(ConflictError, match="'@production'"):
        repository.save()
    repository.load()
    repository.set_alias("model", "production", 1)
    del repository.artifacts[0]
    with pytest.raises(SaveError, match="'@production'"):
        repository.save()
    assert (file.read_bytes(), entries_of(file)) == (data, before)


def test_an_alias_is_pointed_elsewhere_after_its_version_went_away(file: Path) -> None:
    """Only where it points to in the end has to be there."""
    repository, other = saved(file, [0], [1]), Repository(file)
    repository.set_alias("model", "production", 1)
    other.delete("model", 1, "wrong")
    other.save()
    repository.reload()
    repository.set_alias("model", "production", 0)
    repository.save()
    assert Repository(file).aliases("model") == {"production": 0}


def test_an_object_shows_aliases_as_of_what_it_has_read(file: Path) -> None:
    """One that was opened before others saved a version and moved to it shows where the alias pointed to then."""
    repository = saved(file, [0])
    repository.set_alias("model", "production", 0)
    repository.save()
    early = Repository(file)
    repository.log_artifact("model", [1], "json")
    repository.set_alias("model", "production")
    repository.save()
    repository.set_alias("model", "other", 0)
    repository.save()
    assert early.aliases("model") == {"production": 0}
    assert early.load_artifact("model", version="@production") == [0]
    early.reload()
    assert early.aliases("model") == {"other": 0, "production": 1}


def test_an_object_opened_long_ago(file: Path) -> None:
    """That holds however many entries have been written since."""
    repository = saved(file, [0])
    repository.set_alias("model", "production", 0)
    repository.save()
    early = Repository(file)
    for value in range(150):
        repository.log_artifact("model", value, "json")
        repository.set_alias("model", "production")
        repository.save()
    assert early.load_artifact("model", version="@production") == [0]
    assert Repository(file).load_artifact("model", version="@production") == 149


def test_aliases_of_a_repository_that_is_replaced(file: Path, clock: Clock) -> None:
    """Mode `w` leaves none of them, so that none means what has the name and number of its version by then."""
    repository = Repository(file)
    repository.log_artifact("model", "old", "json", fname="model.json")
    repository.set_alias("model", "production")
    repository.set_alias("model", "staging")
    repository.save()
    clock.tick()
    before = clock.now
    clock.tick()
    repository = Repository(file, mode="w")
    assert repository.aliases("model") == {}
    repository.log_artifact("model", "new", "json", fname="model.json")
    repository.set_alias("model", "staging")
    repository.save()
    for each in (repository, Repository(file), Repository(file).at(known=clock.now)):
        assert each.aliases("model") == {"staging": 0}
        with pytest.raises(VersionNotFoundError):
            each.load_artifact("model", version="@production")
    assert Repository(file).at(known=before).aliases("model") == {"production": 0, "staging": 0}


def test_who_moves_an_alias_last(file: Path) -> None:
    """Two handles that move one alias do not stand in each other's way: the later save counts."""
    one = saved(file, [0], [1])
    two = Repository(file)
    one.set_alias("model", "production", 0)
    two.set_alias("model", "production", 1)
    two.save()
    one.save()
    two.reload()
    assert one.aliases("model") == two.aliases("model") == Repository(file).aliases("model") == {"production": 0}
    moved = [each.aliased[0].version for each in one.history() if each.aliased]
    assert moved == [1, 0]


def test_an_alias_of_a_version_that_others_keep_a_number_of(file: Path) -> None:
    """Where two versions of one number were merged by hand, an alias means the one that it was given."""
    repository = saved(file, [0], [1])
    repository.set_alias("model", "production", 1)
    repository.save()
    file.write_bytes(file.read_bytes().replace(b'"version": 0', b'"version": 1'))
    with pytest.warns(UserWarning, match="more than one version of the same number"):
        fresh = Repository(file)
    assert fresh.load_artifact("model", version="@production") == [1]
