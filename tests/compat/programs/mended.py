"""What ours mends or adds where 2.2 is at fault or refuses."""

import gc
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lazyscribe import Experiment, Project, Repository, Test
from lazyscribe import release as releases
from lazyscribe.artifacts.json import JSONArtifact
from lazyscribe.registry import registry
from tests.compat.actor import Tellings
from tests.compat.programs.helpers import make_versions


def faults() -> Tellings:
    """What the contract mends or adds: 2.2 refuses, fails or answers otherwise."""
    tell = Tellings()
    make_versions()
    tell("repository in a", lambda: len(Repository("repository.json", mode="a").artifacts))
    tell("expiry in a", lambda: Repository("repository.json", mode="a").set_artifact_expiry("model"))
    repository = Repository("repository.json", mode="r")
    zoned = datetime(2025, 1, 2, 12, tzinfo=timezone(timedelta(hours=2)))
    for version in ("2025-01-02 10:00:00", "2025-01-02T12:00:00+02:00", "2025-01-02T10:00:00Z", zoned):
        tell(f"version {version}", lambda: repository.load_artifact("features", version=version))
    fraction = datetime(2025, 1, 2, 10, 0, 0, 5)
    tell("version with a fraction", lambda: repository.load_artifact("features", version=fraction))
    tell("as of a day", lambda: repository.load_artifact("features", version="2025-01-03", match="asof"))
    tell("unknown match without a version", lambda: repository.load_artifact("features", match="what"))
    tell("unknown match of a number", lambda: repository.load_artifact("features", version=1, match="what"))
    tell("order of filter", lambda: [a.name for a in repository.filter(datetime(2025, 1, 9)).artifacts])
    editable = Repository("repository.json")
    editable.set_artifact_expiry("features", version=2, expiry=datetime(2025, 1, 3, 12))
    editable.save()
    opened = Repository("repository.json", mode="r")
    tell("expiry after opening", lambda: opened.artifacts[2].expiry)
    tell("newest after an expiry", lambda: opened.load_artifact("features"))
    tell("as of after an expiry", lambda: opened.load_artifact("features", datetime(2025, 1, 4), match="asof"))
    second = Repository("second.json", mode="w")
    for number in range(3):
        second.log_artifact("x", number, "json")
        second.artifacts[-1].created_at = datetime(2025, 1, 1)
    second.save()
    second = Repository("second.json", mode="r")
    tell("three in one second", lambda: [second.load_artifact("x", version=number) for number in range(3)])
    tell("exact in one second", lambda: second.load_artifact("x", version="2025-01-01T00:00:00"))
    tell("newest in one second", lambda: second.load_artifact("x"))
    upstream = Project("up.json", mode="w")
    upstream.append(Experiment(name="base", project=Path("up.json"), created_at=datetime(2025, 1, 1)))
    tell("no release", lambda: releases.find_release([]))
    tell("as of a tag in an empty list", lambda: releases.find_release([], "v1", match="asof"))
    registry.add_project("up", upstream)
    tell("registry by path", lambda: (registry.search(Path("up.json")), registry.search("up.json")))
    one, two = Project("1.json", mode="w", author="ann"), Project("2.json", mode="w", author="bob")
    when = datetime(2025, 1, 1)
    for project in (one, two):
        project.append(
            Experiment(name="x", project=project.fpath, author=project.author, created_at=when, last_updated=when)
        )
    tell("merge tie", lambda: [e.author for e in one.merge(two).experiments])
    mapped = Test("made by hand", artifacts=[JSONArtifact.construct("inner", value=1, created_at=when)])
    one.experiments[0].tests.append(mapped)
    one.save()
    tell("test by hand", lambda: Project("1.json", mode="r")["x"].tests[0].load_artifact("inner"))
    reader = Project("1.json", mode="r")
    copy = pickle.loads(pickle.dumps(reader))
    tell("read-only pickles", lambda: [type(e).__name__ for e in copy.experiments])

    class Deep(JSONArtifact):
        alias = "compat-deep"

    gc.collect()
    tell("deep subclass", lambda: one["x"].log_artifact("deep", 1, "compat-deep"))
    return tell


#: What ours gives, or one of the classes it raises, where 2.2 is at fault or refuses.
MENDED = {
    "repository in a": "4",
    "expiry in a": "ReadOnlyError",
    "version 2025-01-02 10:00:00": "[0, 1]",
    "version 2025-01-02T12:00:00+02:00": "[0, 1]",
    "version 2025-01-02T10:00:00Z": "[0, 1]",
    "version 2025-01-02 12:00:00+02:00": "[0, 1]",
    "version with a fraction": "[0, 1]",
    "as of a day": "[0, 1]",
    "unknown match without a version": "ValueError",
    "unknown match of a number": "ValueError",
    "order of filter": "['features', 'model']",
    "expiry after opening": "datetime.datetime(2025, 1, 3, 12, 0)",
    "newest after an expiry": "[0, 1]",
    "as of after an expiry": "[0, 1]",
    "three in one second": "[0, 1, 2]",
    "exact in one second": "2",
    "newest in one second": "2",
    "no release": "VersionNotFoundError",
    "as of a tag in an empty list": "ValueError",
    "registry by path": "('up', 'up')",
    "merge tie": "['ann']",
    "test by hand": "1",
    "read-only pickles": "['ReadOnlyExperiment']",
    "deep subclass": "None",
}
