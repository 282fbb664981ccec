"""Settings for all tests."""

import os
import signal
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.faults import tally as tallies

# Examples are random on purpose: each run looks elsewhere. A failure prints what is needed to see it again, and stays
# in .hypothesis. Under CI they are the same each time. No deadline: two processes share the machine.
# HYPOTHESIS_PROFILE=thorough looks longer.
hypothesis.settings.register_profile("default", derandomize="CI" in os.environ, deadline=None, print_blob=True)
hypothesis.settings.register_profile("thorough", hypothesis.settings.get_profile("default"), max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure() -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell begins what it runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    tallies.set_seed()


def pytest_report_header() -> str:
    return tallies.header()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests of faults found; into a file as well if one is named."""
    passed = terminalreporter.stats.get("passed", [])
    rows = [value for report in passed for name, value in report.user_properties if name == "faults"]
    if not rows:
        return
    lines = tallies.table(rows)
    terminalreporter.section(tallies.header())
    for line in lines:
        terminalreporter.write_line(line)
    if page := os.environ.get("LAZYSCRIBE_FAULTS_PAGE"):
        tallies.put_into(Path(page), lines)


@pytest.fixture
def tally(record_property: Any) -> tallies.Tally:
    """Return what takes down how many runs were made, for the table of faults."""
    return tallies.Tally(record_property)


@pytest.fixture
def chosen(request: pytest.FixtureRequest) -> tallies.Chosen:
    """Return what chooses among runs: all of them, or a sample with a seed that is printed."""
    return tallies.Chosen(request.node.nodeid)
