"""Fixtures of the compatibility tests: the interpreters that take part."""

import sys
from collections.abc import Iterator

import pytest

from tests.compat.actor import Actor, interpreter


@pytest.fixture(scope="session")
def old() -> Iterator[Actor]:
    """Release 2.2 in its own environment, a black box."""
    with Actor("2.2", interpreter("LAZYSCRIBE_22_PYTHON")) as actor:
        yield actor


@pytest.fixture(scope="session")
def new() -> Iterator[Actor]:
    """This checkout, in a process of its own."""
    with Actor("ours", sys.executable) as actor:
        yield actor


@pytest.fixture(params=["2.2 first", "ours first"])
def turns(request: pytest.FixtureRequest, old: Actor, new: Actor) -> tuple[Actor, Actor]:
    """Both releases, in either order."""
    return (old, new) if request.param == "2.2 first" else (new, old)
