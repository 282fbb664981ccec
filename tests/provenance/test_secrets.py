"""What stands on a command line and looks like a secret is not kept."""

import sys
from pathlib import Path

import pytest

from lazyscribe import Project
from lazyscribe.redaction import redacted
from tests.provenance.conftest import forget

HIDDEN = [
    (["--token=abc"], ["--token=***"]),
    (["--token", "abc", "x"], ["--token", "***", "x"]),
    (["--api-key", "abc"], ["--api-key", "***"]),
    (["--DB_PASSWORD=abc"], ["--DB_PASSWORD=***"]),
    (["db.password=abc"], ["db.password=***"]),
    (["+trainer.wandb_api_key=abc"], ["+trainer.wandb_api_key=***"]),
    (["-password", "abc"], ["-password", "***"]),
    (["--secret", "-abc"], ["--secret", "***"]),
    (["--client-secret=a=b"], ["--client-secret=***"]),
    (["postgresql://user:pass@host/db"], ["postgresql://***@host/db"]),
    (["--db=postgresql://user:pass@host/db"], ["--db=postgresql://***@host/db"]),
    (["https://x/y?a=1&sig=abc&b=2"], ["https://x/y?a=1&sig=***&b=2"]),
    (["-H", "Authorization: Bearer abc"], ["-H", "Authorization: ***"]),
    (["ghp_" + "a" * 30], ["***"]),
    (["x=hf_" + "a" * 30], ["x=***"]),
    (["AKIA" + "A" * 16], ["***"]),
]

SHOWN = [
    ["train.py", "--epochs", "3", "--lr=0.1"],
    ["--tokens-per-batch=4096"],
    ["--keyboard=us", "--monkey", "abc"],
    ["--tokenizer=bert"],
    ["--author", "me", "--path=/data/x"],
    ["s3://bucket/key"],
    ["https://x/y?a=1&b=2"],
]


@pytest.mark.parametrize(("given", "kept"), HIDDEN, ids=lambda each: each[0])
def test_hidden(given: list[str], kept: list[str]) -> None:
    """Values of options with such a name, in URLs, or of a well-known shape are hidden; the rest stays."""
    assert list(redacted(given)) == kept


@pytest.mark.parametrize("given", SHOWN, ids=lambda each: each[0])
def test_shown(given: list[str]) -> None:
    """What only sounds like it stays."""
    assert list(redacted(given)) == given


def test_values_of_variables(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The value of a variable that is named like a secret is found wherever it stands; no other variable is kept."""
    monkeypatch.setenv("SERVICE_TOKEN", "hunter2-hunter2")
    monkeypatch.setenv("HARMLESS", "a value that nobody needs")
    monkeypatch.setattr(sys, "argv", ["train.py", "--with", "x:hunter2-hunter2/y", "--password", "1234"])
    forget()
    project = Project("project.json")
    with project.log("run") as run:
        run.log_artifact("a", 1, "json")
    project.save()
    assert Project("project.json", mode="r")["run"].provenance.command == (
        *("train.py", "--with", "x:***/y", "--password", "***"),
    )
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"hunter2" not in everything
    assert b"a value that nobody needs" not in everything
