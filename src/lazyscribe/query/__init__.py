"""Questions about records: which ones, in what order, the best of them.

The language is described in :mod:`lazyscribe.query.parsing`, what a condition means in :mod:`lazyscribe.query.meaning`.
Projects and repositories have the methods `where`, `sort` and `top`; `select` gives plain dictionaries the same.
"""

from lazyscribe.query.meaning import Condition, condition
from lazyscribe.query.selection import Selection, select

__all__ = ["Condition", "condition", "Selection", "select"]
