"""Copying repositories and projects from any place to any other: the function ``lazyscribe.copy``.

Imported only when it is used. Files go through `stage`, records through `commit`, both through stores; no value is
deserialised.
"""

from lazyscribe.copying.run import Copied, copy

__all__ = ["Copied", "copy"]
