"""Two handles on one file, whatever they do in whatever order, against a model in plain dictionaries.

`RepositoryMachine` and `ProjectMachine` are state machines of `hypothesis`. They log, save, reload, reopen, change,
delete, promote, release and look up, with two objects on one file; a save is killed at any of its calls, or one of its
calls fails. After each step that reads or writes, what is on disk and in memory is compared with what is promised: no
version and no experiment is lost, numbers and slugs are unique and stay once their save has returned, every value can
be loaded, contradictions are told and no others, and `verify` finds no damage.

A subclass says where and with what, and is run by pytest through its ``TestCase``::

    class OnMyStore(RepositoryMachine):
        handler = "rows"  # any handler, that of a plug-in too
        values = st.lists(st.lists(st.text(), min_size=1))  # what it can hold
        kills = False  # whether what a killed process wrote can be read by another one

        def new_folder(self):
            return f"mystore://bucket/{uuid.uuid4()}"

        def remove_folder(self):
            fsspec.filesystem("mystore").rm(self.folder, recursive=True)

        def using(self, faults):  # where calls fail that are not those of local disks
            return stores_through(faults)

    TestMyStore = OnMyStore.TestCase
    TestMyStore.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)

Without these lines it runs in temporary folders of the local disk, with JSON. ``equal`` may be replaced where ``==``
does not compare two values. ``runs`` counts the examples. Time stands still but for the rule ``tick``, so that many
versions are of one second; sync calls of local disks are left out.
"""

try:
    import hypothesis  # noqa: F401 - what follows needs it
except ImportError as error:
    message = (
        "lazyscribe.testing.machine needs hypothesis; install the extra, as by: pip install 'lazyscribe[testing]'."
    )
    raise ImportError(message) from error

from lazyscribe.testing.machine.experiments import ProjectMachine
from lazyscribe.testing.machine.versions import RepositoryMachine

__all__ = ["ProjectMachine", "RepositoryMachine"]
