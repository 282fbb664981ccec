"""Every handler, built in or published by others, keeps its values in buckets of real servers."""

import warnings
from pathlib import Path

import pytest

from tests.artifacts.samples import SAMPLES
from tests.artifacts.test_built_in import come_back
from tests.cloud.servers import Server
from tests.compat.actor import Actor, interpreter
from tests.compat.test_plugins import HANDLERS, all_held, journey, same, value_of


@pytest.mark.parametrize("alias", sorted(SAMPLES))
def test_built_in_handlers(alias: str, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Experiments, tests, versions and promotions give back what was logged."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The artifact .* output-only", UserWarning)
        come_back(alias, server.new_folder())


@pytest.mark.compat
def test_published_plug_ins(server: Server, tmp_path: Path) -> None:
    """Each logs, saves, reopens, loads, validates and promotes there, as it does on a disk."""
    python = interpreter("LAZYSCRIBE_PLUGINS_PYTHON")
    with Actor("ours with plug-ins", python, **server.environment()) as plugged:
        for alias in HANDLERS:
            prefix = f"{server.new_folder()}/"
            all_held(alias, plugged(journey, tmp_path, helpers=(value_of, same), alias=alias, prefix=prefix))
