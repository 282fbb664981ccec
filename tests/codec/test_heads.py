"""Records that are about to be written: a quick look must not let through what a close one refuses."""

import contextlib
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazyscribe.codec.heads import EXPERIMENTS
from lazyscribe.codec.text import check_experiment, decode, encode
from lazyscribe.exception import CorruptManifestError

ARTIFACT = {"name": "a", "fname": "a", "handler": "json", "created_at": "2025-01-20T13:23:30", "version": 0}
TEST = {"name": "a", "metrics": {}, "parameters": {}, "description": None, "artifacts": [ARTIFACT]}
RECORD: dict[str, Any] = {
    "artifacts": [{**ARTIFACT, "expiry": None}],
    "author": "ada",
    "created_at": "2025-01-20T13:23:30",
    "dependencies": ["project.json|a"],
    "last_updated": "2025-01-20T13:23:30",
    "last_updated_by": None,
    "metrics": {"m": np.float64(1)},
    "name": "a",
    "parameters": {"p": datetime(2025, 1, 1)},
    "short_slug": "a",
    "slug": "a",
    "tags": ["t", 1],
    "tests": [TEST],
}
ODD = [
    None,
    True,
    0,
    1.5,
    np.int64(3),
    "",
    "2025",
    "2025-01-20",
    [],
    ["a"],
    [1],
    (),
    {},
    {"a": 1},
    datetime(2025, 1, 1),
]


def test_a_sound_record_fits() -> None:
    """A record as experiments give it needs no closer look, whatever its metrics and parameters hold."""
    assert EXPERIMENTS.fits({**RECORD, "metrics": {"m": object()}})


@given(st.data())
def test_what_fits_is_sound(data: st.DataObject) -> None:
    """What is said to fit gives a record that has every key, and under each what a file may hold."""
    record = {**RECORD, "artifacts": [{**RECORD["artifacts"][0]}], "tests": [{**TEST, "artifacts": [{**ARTIFACT}]}]}
    parts = [record, record["artifacts"][0], record["tests"][0], record["tests"][0]["artifacts"][0]]
    part = data.draw(st.sampled_from(parts))
    key = data.draw(st.sampled_from(sorted(part)))
    part[key] = data.draw(st.sampled_from(ODD))
    if data.draw(st.booleans()):
        del part[key]
    sound = False
    with contextlib.suppress(CorruptManifestError):
        check_experiment(decode(encode(record), "m"), "m", 0)
        sound = True
    assert sound or not EXPERIMENTS.fits(record)


def test_the_close_look_refuses_something() -> None:
    """The measure of the test above is one."""
    with pytest.raises(CorruptManifestError, match="slug"):
        check_experiment({**RECORD, "slug": 1}, "m", 0)
