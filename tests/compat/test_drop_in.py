"""The same little programs in 2.2 and in ours: what they tell must agree.

A program returns what it tried, each under a label. An error of ours agrees with one of 2.2 when code that catches
2.2's class catches ours too. Dates of the programs lie in 2025; those of the clock are taken out before comparing.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compat.actor import Actor, Tellings
from tests.compat.agree import agree
from tests.compat.programs import artifacts, mended, names, projects, repositories
from tests.compat.programs.helpers import HELPERS

PROGRAMS = [*projects.PROGRAMS, *artifacts.PROGRAMS, *repositories.PROGRAMS, *names.PROGRAMS]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_a_program_written_for_22_tells_the_same_with_ours(
    program: Callable[[], Tellings], old: Actor, new: Actor, tmp_path: Path
) -> None:
    """What each little program tells with 2.2 it tells with ours, errors caught by the same classes."""
    told = {}
    for actor in (old, new):
        folder = tmp_path / actor.name
        folder.mkdir()
        told[actor.name] = actor(program, folder, helpers=HELPERS)
    assert list(told["ours"]) == list(told["2.2"])
    differing = {
        label: {"ours": told["ours"][label], "2.2": theirs}
        for label, theirs in told["2.2"].items()
        if not agree(told["ours"][label], theirs)
    }
    assert not differing, json.dumps(differing, indent=2)


def test_what_ours_mends(new: Actor, tmp_path: Path) -> None:
    """Where 2.2 is at fault or refuses, ours does what the contract says."""
    told = new(mended.faults, tmp_path, helpers=HELPERS)
    differing = {
        label: told.get(label)
        for label, expected in mended.MENDED.items()
        if expected != told[label].get("gives") and expected not in told[label].get("raises", ())
    }
    assert not differing
    assert set(told) == set(mended.MENDED)
