"""Python's garbage collector rests while many objects are made, and is left as it was."""

import gc
from collections.abc import Iterator

import pytest

from lazyscribe._utils import MANY, without_collections


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Leave the collector awake and nothing frozen."""
    yield
    gc.unfreeze()
    gc.enable()


@pytest.mark.parametrize("awake", [True, False])
def test_it_is_woken_only_if_it_was_awake(awake: bool) -> None:
    """Within the block it rests; afterwards it is awake or not as before, also if the block fails."""
    if not awake:
        gc.disable()
    with pytest.raises(KeyError), without_collections():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled() is awake


def test_very_many_objects_are_not_gone_through_at_once() -> None:
    """After very many objects were made, the collector does not begin with all of them; nothing stays frozen."""
    with without_collections():
        kept = [[] for _ in range(2 * MANY)]  # type: ignore[var-annotated]
    assert gc.get_count()[0] < MANY
    assert (gc.get_freeze_count(), len(kept)) == (0, 2 * MANY)


def test_what_a_program_has_frozen_stays_frozen() -> None:
    """Objects that the program has put out of the collector's sight are not brought back."""
    gc.freeze()
    frozen = gc.get_freeze_count()
    with without_collections():
        kept = [[] for _ in range(2 * MANY)]  # type: ignore[var-annotated]
    assert gc.get_freeze_count() >= frozen > 0
    assert len(kept) == 2 * MANY
