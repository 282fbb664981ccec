"""A manifest cut into the texts of its records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from lazyscribe.codec.text import assemble, decode, encode, load, wrong_record

_OPEN, _CLOSE = b"[\n    {\n        ", b"\n    }\n]"
_BRACE = ord("{")
_BETWEEN = b"\n    },\n    {\n        "


class Texts:
    """The texts of a manifest's records; cut out when the first is asked for.

    Safe from many threads: any of them may come first, each would find the same.

    Attributes
    ----------
    count
        How many records the manifest was seen to hold, all of them objects; ``None``: nobody has looked yet.
    """

    __slots__ = ("_cut", "_ours", "_passed", "count", "data", "place")

    def __init__(self, data: bytes, place: str) -> None:
        self.data = data
        self.place = place
        self.count: int | None = None
        self._passed = 0  # records that were passed over to cut others out
        self._ours = False  # not known yet to be formatted as `assemble` gives it
        self._cut: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self._pieces())

    def raw(self, position: int) -> bytes:
        """Return a record as it stands there, in whatever format."""
        return bytes(self.piece(position))

    def piece(self, position: int) -> Any:
        """Return a buffer of a record as it stands there; nothing is copied if all are cut."""
        if self._cut is None and (piece := self._from_the_end(position)) is not None:
            return piece
        return self._pieces()[position]

    def _from_the_end(self, position: int) -> Any:
        """Cut out one record without all before it; ``None`` if that cannot be told, or costs about as much as all.

        What follows on a line between records, and makes an array of as many objects as there should be, is what the
        array of the manifest ends with: line ends stand between tokens only, and if that line stood deeper in, there
        would be more brackets to close behind it than that array has opened.
        """
        if self.count is None:
            return None
        behind, at = self.count - position, len(self.data)
        self._passed += behind
        if self._passed > self.count // 8:
            return None
        for _ in range(behind):
            if (at := self.data.rfind(_BETWEEN, 0, at)) < 0:
                return None
        import msgspec

        try:
            pieces = msgspec.json.decode(b"[" + self.data[at + _BETWEEN.index(b"{") :], type=list[msgspec.Raw])
        except (msgspec.MsgspecError, RecursionError):
            return None
        return pieces[0] if len(pieces) == behind else None

    def __getitem__(self, position: int) -> bytes:
        return bytes(self.formatted()[position])

    def formatted(self) -> Sequence[Any]:
        """Return all records as they stand in a manifest of ours, as buffers of bytes.

        Those of a file that is formatted otherwise are formatted anew, so that texts can be compared.

        Raises
        ------
        CorruptManifestError
            Not a JSON array of objects.
        """
        pieces = self._pieces()
        if not self._ours:
            if not _is_formatted(self.data, pieces):
                pieces = [encode(decode(bytes(piece), self.place, n)) for n, piece in enumerate(pieces)]
            self._cut, self._ours = pieces, True
        return pieces

    def _pieces(self) -> Sequence[Any]:
        if self._cut is None:
            self._cut = _cut(self.data, self.place, self.count is not None)
        return self._cut


Source: TypeAlias = "tuple[Texts | None, Any]"
"""Where the text of one record is to be had: some texts and its position in them, or ``None`` and the text."""


def piece_of(source: Source) -> bytes:
    """Return a buffer of a record as it stands there, in whatever format; nothing is copied."""
    texts, at = source
    found: bytes = at if texts is None else texts.piece(at)
    return found


def split(data: bytes, place: str) -> list[bytes]:
    """Return the texts of all records of a manifest, each as it stands in a manifest of ours; errors as `Texts`."""
    return [bytes(text) for text in Texts(data, place).formatted()]


def _cut(data: bytes, place: str, are_objects: bool) -> Sequence[Any]:
    """Return buffers that hold one record each, as it stands in `data` if that can be told."""
    import msgspec

    try:
        pieces = msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError):
        return _cut_at_lines(data) or _cut_by_json(data, place)
    if not are_objects and any(memoryview(piece)[0] != _BRACE for piece in pieces):
        return _cut_by_json(data, place)
    return pieces


def _cut_at_lines(data: bytes) -> list[bytes] | None:
    """Cut at the lines between records; ``None`` if that does not give a JSON object each.

    JSON strings hold no raw line ends, so if every piece is an object of its own, the file is the array of these.
    """
    if not (data.startswith(_OPEN) and data.endswith(_CLOSE)):
        return None
    from lazyscribe.codec.heads import is_object

    middle = data[len(_OPEN) : -len(_CLOSE)].split(_BETWEEN)
    pieces = [b"{\n        " + text + b"\n    }" for text in middle]
    return pieces if all(map(is_object, pieces)) else None


def _cut_by_json(data: bytes, place: str) -> list[bytes]:
    items = load(data, place)
    if not isinstance(items, list):
        raise wrong_record(place, None, items)
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            raise wrong_record(place, position, item)
    return [encode(item) for item in items]


def _is_formatted(data: bytes, pieces: Sequence[Any]) -> bool:
    import msgspec

    if not data.isascii():  # we would have written escapes
        return False
    try:
        return msgspec.json.format(data, indent=4) == data
    except (msgspec.MsgspecError, RecursionError):
        texts = [bytes(piece) for piece in pieces]
        return assemble(texts) == data and all(_is_text_of_ours(text) for text in texts)


def _is_text_of_ours(text: bytes) -> bool:
    import msgspec

    try:
        return msgspec.json.format(text, indent=4).replace(b"\n", b"\n    ") == text
    except (msgspec.MsgspecError, RecursionError):
        import json

        return json.dumps([json.loads(text)], indent=4).encode("ascii") == assemble([text])
