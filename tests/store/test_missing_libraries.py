"""URLs whose library is not installed: one sentence says what to install, wherever the URL is given."""

import subprocess
import sys

import pytest

BLOCKED = ("obstore", "s3fs", "gcsfs", "adlfs", "requests", "aiohttp", "paramiko", "huggingface_hub")

SHOWN = """
try:
    {code}
except LazyscribeError as error:
    print(type(error).__name__, isinstance(error, ImportError), error, sep="\\n")
"""


def run(program: str) -> "subprocess.CompletedProcess[str]":
    """Run a program in which no library of file systems can be imported."""
    blocked = f"import sys\nsys.modules.update(dict.fromkeys({BLOCKED}))\n"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", blocked + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(code: str) -> str:
    """Run code that is refused for want of a library; return the sentence."""
    program = "import lazyscribe\nfrom lazyscribe import Project, Repository\n"
    program += "from lazyscribe.exception import LazyscribeError\n" + SHOWN.format(code=code)
    done = run(program)
    assert (done.returncode, done.stderr) == (0, "")
    name, is_import_error, sentence = done.stdout.splitlines()
    assert (name, is_import_error) == ("StoreImportError", "True")
    return sentence


@pytest.mark.parametrize("protocol", ["s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "adl", "http", "https"])
def test_a_bucket_without_the_extra_names_it(protocol: str) -> None:
    """Opening a URL of a bucket or a web server without its library says which extra of ours brings it."""
    url = f"{protocol}://b/folder/repository.json"
    options = ", endpoint_url='http://127.0.0.1:9', key='k', secret='s'" if protocol == "s3" else ""
    assert refusal(f"Repository({url!r}{options})") == (
        f"{protocol}:// URLs need obstore, which is not installed; run: pip install 'lazyscribe[cloud]'."
    )


@pytest.mark.parametrize(
    "code",
    [
        "Project('s3://b/project.json', mode='w').save()",
        "lazyscribe.copy('s3://b/repository.json', 'here/repository.json')",
        "Repository('memory://r.json').save(); lazyscribe.copy('memory://r.json', 'gs://b/r.json')",
    ],
)
def test_projects_and_copies_name_the_extra(code: str) -> None:
    """Projects, and copies from and to a bucket, say the same."""
    assert "pip install 'lazyscribe[cloud]'" in refusal(code)


@pytest.mark.parametrize(
    ("url", "library"), [("sftp://host/r.json", "paramiko"), ("hf://datasets/a/r.json", "hugging")]
)
def test_other_file_systems_name_their_library(url: str, library: str) -> None:
    """Opening a URL of another file system names the library that fsspec asks for, and not our extra."""
    sentence = refusal(f"Repository({url!r})")
    assert library in sentence
    assert sentence.startswith(f"{url.partition(':')[0]}:// URLs need a library that cannot be imported (")
    assert "cloud" not in sentence


@pytest.mark.parametrize(
    "module", ["lazyscribe.verify", "lazyscribe"], ids=["python -m lazyscribe.verify", "lazyscribe verify"]
)
def test_commands_name_the_extra_in_one_line(module: str) -> None:
    """Both commands that check a URL end with 1, and with that one sentence."""
    arguments = ["verify", "s3://b/repository.json"][module == "lazyscribe.verify" :]
    done = run(f"import runpy\nsys.argv[1:] = {arguments}\nrunpy.run_module({module!r}, run_name='__main__')\n")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "s3:// URLs need obstore, which is not installed; run: pip install 'lazyscribe[cloud]'.\n"


def test_an_unknown_protocol_names_those_that_may_be_meant() -> None:
    """A protocol that nothing knows is refused in one sentence, which names what is nearest; it is a `ValueError`."""
    program = "from lazyscribe import Repository\ntry: Repository({!r})\nexcept ValueError as error: print(error)"
    answers = [run(program.format(f"{name}://b/r.json")).stdout for name in ("s4", "xyzzyx", "htp")]
    begun = "No library is known here that serves "
    end = "install one that fsspec knows of.\n"
    assert answers[0].startswith(f"{begun}s4:// URLs; write s3:// ")
    assert answers[0].endswith(f" if that is meant, or {end}")
    assert answers[1] == f"{begun}xyzzyx:// URLs; {end}"
    assert answers[2].startswith(f"{begun}htp:// URLs; write http:// or ")
