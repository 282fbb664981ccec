"""What lazyscribe is tested with, for those who write stores and handlers of their own.

Nothing here is imported by the rest of the package; `pytest` and `hypothesis` come with the extra ``testing``.

============================================  ==========================================================================
:mod:`lazyscribe.testing.stores`              ``StoreTests``: what every store promises, as a suite to subclass
:mod:`lazyscribe.testing.handlers`            ``HandlerTests``: the same for handlers, on files whose writing fails
:mod:`lazyscribe.testing.calls`               the file-system calls of local stores, watched, failing, or the last ones
:mod:`lazyscribe.testing.faults`              a call that fails, a process that dies, at every k; a ``FaultyStore``
:mod:`lazyscribe.testing.power`               the calls of local stores, recorded, and what a power cut may leave
:mod:`lazyscribe.testing.power_events`        the format of what is recorded
:mod:`lazyscribe.testing.disk`                the simulated disk that loses what was not synced
:mod:`lazyscribe.testing.writers`             many threads and processes at once, some of them killed
:mod:`lazyscribe.testing.history`             what each of them was told is saved, and whether it is there
:mod:`lazyscribe.testing.machine`             two handles on one file against a model, by hypothesis
============================================  ==========================================================================
"""
