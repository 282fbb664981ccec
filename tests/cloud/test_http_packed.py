"""Files that a web server packs on their way."""

import gzip
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import lazyscribe
from lazyscribe import Repository
from lazyscribe.exception import SaveError, UnreadableError
from tests.cloud.test_http import Unlisted, served


class Packed(Unlisted):
    """One that sends some files packed, though nobody asks for that."""

    ends: tuple[str, ...] = (".bin",)
    encoding = "gzip"

    def send_head(self) -> Any:
        if not self.path.endswith(self.ends):
            return super().send_head()
        content = gzip.compress(Path(self.translate_path(self.path)).read_bytes())
        self.send_response(200)
        self.send_header("Content-Encoding", self.encoding)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return BytesIO(content)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A repository of two versions that were saved together."""
    repository = Repository(tmp_path / "from" / "repository.json")
    for number in range(2):
        repository.log_artifact("m", b"hello%d" % number, "bytes", fname=f"{number}.bin")
    repository.save()
    return tmp_path / "from"


@pytest.mark.parametrize("encoding", ["gzip", "X-GZIP", "br", "identity, zstd", "deflate"])
def test_a_file_that_comes_packed(packed: Path, encoding: str) -> None:
    """It is neither loaded nor copied: the one sentence says what the server does and what is to be done."""
    handler = type("Handler", (Packed,), {"encoding": encoding})
    with served(packed, handler) as url:
        there = Repository(f"{url}/repository.json", mode="r")
        with pytest.raises(UnreadableError, match=r"^http://.*/m/1\.bin .*Content-Encoding.*; have its server"):
            there.load_artifact("m", version=1)
        with pytest.raises(SaveError, match=r"http://.*/m/.\.bin .*Content-Encoding"):
            lazyscribe.copy(f"{url}/repository.json", packed.parent / "to" / "repository.json")


def test_a_manifest_that_comes_packed(packed: Path) -> None:
    """It is not read."""
    handler = type("Handler", (Packed,), {"ends": ("/repository.json",)})
    with (
        served(packed, handler) as url,
        pytest.raises(UnreadableError, match=r"^http://.*/repository\.json .*Content-Encoding"),
    ):
        Repository(f"{url}/repository.json", mode="r")


@pytest.mark.parametrize("encoding", ["identity", "aws-chunked", "utf-8"])
def test_an_encoding_that_packs_nothing(packed: Path, encoding: str) -> None:
    """What only bears the name of an encoding is loaded."""

    class Naming(Unlisted):
        def end_headers(self) -> None:
            self.send_header("Content-Encoding", encoding)
            super().end_headers()

    with served(packed, Naming) as url:
        assert Repository(f"{url}/repository.json", mode="r").load_artifact("m", version=1) == b"hello1"


def test_a_file_that_is_packed_by_itself(tmp_path: Path) -> None:
    """A file whose name says that it is packed is loaded as it is, though the server says so too."""

    class Saying(Unlisted):
        def end_headers(self) -> None:
            if self.path.endswith(".gz"):
                self.send_header("Content-Encoding", "x-gzip")
            super().end_headers()

    content = gzip.compress(b"hello")
    repository = Repository(tmp_path / "repository.json")
    repository.log_artifact("m", content, "bytes", fname="m.csv.gz")
    repository.save()
    with served(tmp_path, Saying) as url:
        assert Repository(f"{url}/repository.json", mode="r").load_artifact("m") == content
