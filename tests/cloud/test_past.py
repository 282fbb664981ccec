"""What a check finds in a bucket of files that only history knows."""

from lazyscribe import Repository
from tests.cloud.servers import Server


def test_files_of_deleted_versions_are_looked_at(server: Server) -> None:
    """They are no leftovers; one that changed and one that is gone are told, and the records are sound."""
    folder = server.new_folder("past")
    made = Repository(f"{folder}/repository.json", **server.options())
    for number in range(3):
        made.log_artifact("x", number, "json", fname=f"{number}.json")
        made.save()
    made.delete("x", 0, "no")
    made.delete("x", 1, "no")
    made.save()
    assert made.verify().findings == ()
    store = made._manifest.store
    store.delete("x/0.json")
    store.swap("x/1.json", b"7", store.read("x/1.json")[1])
    report = made.verify()
    assert report.ok
    assert [each.kind for each in report.findings] == ["past-file-missing", "past-file-damaged"]
