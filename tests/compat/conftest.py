"""Fixtures of the compatibility tests: the interpreters that take part."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.actor import Actor, interpreter

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("compat")


@pytest.fixture(scope="session")
def old() -> Iterator[Actor]:
    """Release 2.2 in its own environment, a black box."""
    with Actor("2.2", interpreter("LAZYSCRIBE_22_PYTHON")) as actor:
        yield actor


@pytest.fixture(scope="session")
def new() -> Iterator[Actor]:
    """This checkout, in a process of its own; it does not wait for the disk, which changes nothing that is compared."""
    with Actor("ours", sys.executable, LAZYSCRIBE_DURABILITY="relaxed") as actor:
        yield actor


@pytest.fixture(params=["2.2 first", "ours first"])
def turns(request: pytest.FixtureRequest, old: Actor, new: Actor) -> tuple[Actor, Actor]:
    """Both releases, in either order."""
    return (old, new) if request.param == "2.2 first" else (new, old)
