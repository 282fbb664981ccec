"""The methods of projects and repositories that pick and order what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from lazyscribe.query import Selection

T = TypeVar("T")


class Selecting(Generic[T]):
    """What has a list of records.

    Its methods look at everything in memory, unsaved work too. What they give does not change with what is logged or
    saved later.
    """

    _kind: ClassVar[str]
    _records: Any
    _dicts: Any

    def where(self, text: str) -> Selection[T]:
        """Return those for which a condition holds, such as ``'metrics.auc > 0.9 and "baseline" in tags'``.

        The language is described in `lazyscribe.query.parsing`, what a condition means in `lazyscribe.query.meaning`.

        Raises
        ------
        ValueError
            As `QueryError`: it is no condition, or speaks of a field that there is not.
        """
        return self.select().where(text)

    def sort(self, *keys: str) -> Selection[T]:
        """Return all of them ordered by fields; see `Selection.sort`."""
        return self.select().sort(*keys)

    def top(self, number: int, by: str | None = None) -> Selection[T]:
        """Return the best `number` of them; see `Selection.top`."""
        return self.select().top(number, by)

    def select(self) -> Selection[T]:
        """Return all of them, to be narrowed down and ordered."""
        from lazyscribe.query import Selection
        from lazyscribe.selection_origins import ORIGINS

        return Selection(ORIGINS[self._kind](self._records, self._dicts), self._records.snapshot())
