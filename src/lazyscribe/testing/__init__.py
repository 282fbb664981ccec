"""What lazyscribe is tested with, for those who write stores and handlers of their own.

Nothing here is imported by the rest of the package; `pytest` and `hypothesis` come with the extra ``testing``.

============================================  ==========================================================================
:mod:`lazyscribe.testing.stores`              ``StoreTests``: what every store promises, as a suite to subclass
:mod:`lazyscribe.testing.calls`               the file-system calls of local stores, watched, failing, or the last ones
:mod:`lazyscribe.testing.faults`              a call that fails, a process that dies, at every k; a ``FaultyStore``
:mod:`lazyscribe.testing.writers`             many threads and processes at once
============================================  ==========================================================================
"""
