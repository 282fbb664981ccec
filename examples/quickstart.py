"""From three models to a release: the whole of lazyscribe on real data, in one script.

Run it with ``make demo``, or ``python examples/quickstart.py [FOLDER]``. Everything is written to FOLDER, by default
``demo/`` beside this checkout's README. Run it again: the second run adds to the first.
"""

import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lazyscribe import Experiment, Project, Repository
from lazyscribe import release as releases

CANCER = load_breast_cancer()
CLASSES: list[str] = [str(name) for name in CANCER.target_names]
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(
    CANCER.data, CANCER.target, test_size=0.3, stratify=CANCER.target, random_state=7
)

# What is tried, and the parameters it begins with.
FIRST_TRY: dict[str, dict[str, Any]] = {
    "Logistic regression": {"C": 1.0, "max_iter": 500},
    "Random forest": {"max_depth": 4, "n_estimators": 60, "random_state": 7},
    "Gradient boosting": {"learning_rate": 0.1, "max_depth": 2, "n_estimators": 60, "random_state": 7},
}
# What is changed when one of them is trained again.
SECOND_TRY: dict[str, dict[str, Any]] = {
    "Logistic regression": {"C": 0.1},
    "Random forest": {"max_depth": 8, "n_estimators": 120},
    "Gradient boosting": {"learning_rate": 0.05, "n_estimators": 120},
}


def train(name: str, parameters: Mapping[str, Any]) -> ClassifierMixin:
    """Return the model called `name`, made with `parameters` and fitted to the training data."""
    if name == "Logistic regression":
        model = make_pipeline(StandardScaler(), LogisticRegression(**parameters))
    elif name == "Random forest":
        model = RandomForestClassifier(**parameters)
    else:
        model = GradientBoostingClassifier(**parameters)
    return model.fit(X_TRAIN, Y_TRAIN)


def log_training(exp: Experiment, name: str, parameters: Mapping[str, Any]) -> None:
    """Train one model and write down in `exp` what went in and what came out."""
    model = train(name, parameters)
    predicted = model.predict(X_TEST)

    for key, value in parameters.items():
        exp.log_parameter(key, value)
    exp.log_metric("accuracy", round(float(accuracy_score(Y_TEST, predicted)), 4))
    exp.log_metric("auc", round(float(roc_auc_score(Y_TEST, model.predict_proba(X_TEST)[:, 1])), 4))
    exp.tag("breast-cancer", "quickstart")

    for label, title in enumerate(CLASSES):  # a test holds the numbers of one part of the data
        with exp.log_test(title, description=f"the {title} cases of the test data") as test:
            test.log_metric("precision", round(float(precision_score(Y_TEST, predicted, pos_label=label)), 4))
            test.log_metric("recall", round(float(recall_score(Y_TEST, predicted, pos_label=label)), 4))

    exp.log_artifact("parameters", {"model": name, **parameters}, handler="json", indent=4, sort_keys=True)
    exp.log_artifact("model", model, handler="pickle")


def accuracy(model: ClassifierMixin) -> str:
    """Return how often `model` is right about the test data."""
    return f"accuracy {accuracy_score(Y_TEST, model.predict(X_TEST)):.4f}"


def wait_for_the_next_second() -> float:
    """Wait until the clock shows another second; return how long that took, at most one second."""
    start = time.time()
    time.sleep(1 - start % 1)
    while int(time.time()) == int(start):
        time.sleep(0.001)
    return time.time() - start


def show_files(folder: Path) -> None:
    """Print `folder` as a tree; the notes that lazyscribe keeps in `.lazyscribe` folders are only counted."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        indent = "   " + "  " * len(parts)
        if path.name == ".lazyscribe":
            notes = sum(note.is_file() for note in path.rglob("*"))
            print(f"{indent}.lazyscribe/  {notes} files: digest, size and author of every file, and a lock")
        elif ".lazyscribe" not in parts:
            size = "/" if path.is_dir() else f"  {path.stat().st_size:,} bytes"
            print(f"{indent}{path.name}{size}")


_steps = iter(range(1, 100))


def step(title: str) -> None:
    """Print the heading of the next step."""
    print(f"\n{next(_steps):2d}  {title}")


def main(folder: Path) -> None:
    """Run every step, in `folder`."""
    project_file = folder / "project" / "project.json"
    repository_file = folder / "repository" / "repository.json"
    releases_file = folder / "repository" / "releases.json"

    # ---------------------------------------------------------------------------------- log three experiments
    step("Train three models and log each as an experiment")
    project = Project(project_file, mode="a", author="quickstart")
    earlier = len(project.experiments)
    print(f"    {project_file.name} holds {earlier} experiments from earlier runs")
    logged = []
    for name, parameters in FIRST_TRY.items():
        with project.log(name) as exp:
            log_training(exp, name, parameters)
        logged.append(exp)
        print(f"    {name:<20} accuracy {exp.metrics['accuracy']:.4f}   auc {exp.metrics['auc']:.4f}")

    step("Save the project: until now nothing was written")
    project.save()
    print(f"    {len(project.experiments)} experiments are in {project_file.name}, {earlier} of them from before")

    # ---------------------------------------------------------------------------------- look at them, read-only
    step("Open it again, read-only, and look for the best of this run")
    project = Project(project_file, mode="r")
    best = max((project[exp.slug] for exp in logged), key=lambda exp: (exp.metrics["accuracy"], exp.metrics["auc"]))
    print(f"    {best.name} is best; it is known as {best.slug}")
    for test in best.tests:
        print(f"    {test.name:<10} precision {test.metrics['precision']:.4f}   recall {test.metrics['recall']:.4f}")

    # ---------------------------------------------------------------------------------- promote, retrain, promote
    step("Promote its model and its parameters to the repository")
    repository = Repository(repository_file, mode="w+")
    for artifact in ("model", "parameters"):
        best.promote_artifact(repository, artifact)  # copies the file and saves the repository
    first = repository.get_artifact_metadata("model")["version"]
    print(f"    model and parameters are version {first} in {repository_file.name}")

    between = datetime.now(UTC)
    waited = wait_for_the_next_second()
    print(f"    waited {waited:.1f} s for the next second to begin: dates are kept to the second, and a later step")
    print(f"    asks for what was newest at {between:%H:%M:%S} UTC")

    step("Train the best model again with other parameters, log, save and promote it")
    project = Project(project_file, mode="a", author="quickstart")
    with project.log(f"{best.name} again") as exp:
        log_training(exp, best.name, {**best.parameters, **SECOND_TRY[best.name]})
    project.save()
    for artifact in ("model", "parameters"):
        exp.promote_artifact(repository, artifact)
    second = repository.get_artifact_metadata("model")["version"]
    print(f"    model and parameters are version {second} in {repository_file.name}")

    # ---------------------------------------------------------------------------------- load what was promoted
    step("Load the model: the newest, number 0, and the one as of a moment between the two promotions")
    repository = Repository(repository_file, mode="r")
    found = repository.get_artifact_metadata("model", version=between, match="asof")["version"]
    print(f"    newest         version {second}   {accuracy(repository.load_artifact('model'))}")
    print(f"    number 0       version 0   {accuracy(repository.load_artifact('model', version=0))}")
    as_of = repository.load_artifact("model", version=between, match="asof")
    print(f"    as of {between:%H:%M:%S} version {found}   {accuracy(as_of)}")

    step(f"Compare the parameter files of versions {first} and {second}")
    for line in repository.get_version_diff("parameters", version=(first, second)).splitlines():
        if line.strip():
            print(f"    {line}")

    # ---------------------------------------------------------------------------------- release
    step("Create a release: the newest version of everything, under one tag")
    known = []
    if releases_file.exists():
        with releases_file.open(encoding="utf-8") as file:
            known = releases.load(file)
    known.append(releases.create_release(repository, tag=f"1.{len(known)}"))
    with releases_file.open("w", encoding="utf-8") as file:
        releases.dump(known, file, indent=4)
    newest = releases.find_release(known)
    print(f"    {newest.tag}: " + ", ".join(f"{name} {version}" for name, version in newest.artifacts))

    # ---------------------------------------------------------------------------------- on disk
    step(f"What lies on disk in {folder}")
    show_files(folder)
    print("\nEverything above is in plain files. Run this again and it adds to them; delete the folder and it is gone.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "demo")
