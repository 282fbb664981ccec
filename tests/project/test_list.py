"""project.experiments is a list of the same objects each time."""

import pytest

from lazyscribe import Project
from lazyscribe.exception import LazyscribeError
from tests.project.support import make, names, on, records, saved


@pytest.fixture
def project() -> Project:
    """Return a project of mode w+ with four saved experiments, none of them built yet."""
    saved(*(make(name, day) for day, name in enumerate("abcd", 20)))
    return Project("project.json", mode="w+")


def test_length_and_order(project: Project) -> None:
    """The list has a length and is in the order of the file."""
    assert len(project.experiments) == 4
    assert names(project) == list("abcd")


def test_an_index_gives_the_same_object_each_time(project: Project) -> None:
    """The same index, slug, slice, iteration and filter give the very same object."""
    first = project.experiments[0]
    assert project.experiments[0] is first
    assert project.experiments[-4] is first
    assert project["a"] is first
    assert project[first.slug] is first
    assert project.experiments[:1][0] is first
    assert next(iter(project.experiments)) is first
    assert next(project.filter(lambda each: each.name == "a")) is first
    project.save()
    assert project.experiments[0] is first


def test_indices_out_of_range(project: Project) -> None:
    """An index that is out of range is an IndexError, for reading, assigning, deleting and pop."""
    for call in (
        lambda: project.experiments[4],
        lambda: project.experiments[-5],
        lambda: project.experiments.pop(4),
        lambda: project.experiments.__setitem__(4, make()),
        lambda: project.experiments.__delitem__(-5),
    ):
        with pytest.raises(IndexError):
            call()
    assert names(project) == list("abcd")


@pytest.mark.parametrize("index", ["a", None, 1.0])
def test_indices_of_another_type(project: Project, index: object) -> None:
    """An index that is neither a number nor a slice is a TypeError, as with a list."""
    with pytest.raises(TypeError):
        project.experiments[index]  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "part",
    [slice(None), slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(-2, None), slice(3, 1), slice(9, 12)],
)
def test_slices_are_lists(project: Project, part: slice) -> None:
    """Slices are plain lists of what a list of all would give."""
    found = project.experiments[part]
    assert type(found) is list
    assert [each.name for each in found] == list("abcd")[part]


def test_equality_with_lists(project: Project) -> None:
    """The list equals a list of equal experiments in the same order, and nothing else."""
    everything = [make(name, day) for day, name in enumerate("abcd", 20)]
    assert project.experiments == everything
    assert everything == project.experiments
    assert project.experiments == Project("project.json", mode="w+").experiments
    assert project.experiments != everything[::-1]
    assert project.experiments != everything[:3]
    assert project.experiments != [*everything, make()]
    assert project.experiments != tuple(everything)
    assert Project("missing.json").experiments == []


def test_read_only_experiments_are_never_equal_to_editable_ones(project: Project) -> None:
    """The same file opened read-only gives a list that is not equal to the editable one."""
    frozen = Project("project.json", mode="r")
    assert frozen.experiments != project.experiments
    assert frozen.experiments[0] != project.experiments[0]
    assert frozen.experiments == Project("project.json", mode="a").experiments


def test_index_takes_the_very_object(project: Project) -> None:
    """index() finds an object by identity; an equal one is a ValueError of ours."""
    third = project.experiments[2]
    assert project.experiments.index(third) == 2
    assert project.experiments.index(third, 1, 3) == 2
    twin = make("c", 22)
    assert twin == third
    with pytest.raises(ValueError, match="not in this list") as caught:
        project.experiments.index(twin)
    assert isinstance(caught.value, LazyscribeError)
    with pytest.raises(ValueError, match="not in this list"):
        project.experiments.index(third, 0, 2)


def test_remove_takes_the_very_object(project: Project) -> None:
    """remove() takes out that object and not one that is equal and stands before it."""
    twins = [make("twin", 25), make("twin", 25)]
    project.append(twins[0])
    project.append(twins[1])
    project.experiments.remove(twins[1])
    assert project.experiments[-1] is twins[0]
    with pytest.raises(ValueError, match="not in this list"):
        project.experiments.remove(twins[1])


def test_in_takes_equals(project: Project) -> None:
    """``in`` on the list works for the object and for an equal one."""
    assert project.experiments[1] in project.experiments
    assert make("b", 21) in project.experiments
    assert make("e", 21) not in project.experiments
    assert "b" not in project.experiments


def test_insert_puts_at_the_index(project: Project) -> None:
    """insert() puts the experiment before that index, counted as a list counts, and saving keeps that order."""
    plain = list("abcd")
    for number, index in enumerate((0, 2, -1, 99, -99)):
        project.experiments.insert(index, make(f"n{number}", 20, created_at=on(1, number)))
        plain.insert(index, f"n{number}")
        assert names(project) == plain
    project.save()
    assert [record["name"] for record in records()] == plain


def test_pop_returns_what_it_removes(project: Project) -> None:
    """pop() gives the last experiment, or that of an index, and removes it."""
    last, first = project.experiments[-1], project.experiments[0]
    assert project.experiments.pop() is last
    assert project.experiments.pop(0) is first
    assert names(project) == ["b", "c"]


def test_assigning_an_object_that_is_there(project: Project) -> None:
    """Reordering by assignment keeps objects, identity and what is on disk of them."""
    before = list(project.experiments)
    project.experiments[:] = before[::-1]
    assert all(mine is theirs for mine, theirs in zip(project.experiments, before[::-1], strict=True))
    project.save()
    assert [record["name"] for record in records()] == list("dcba")
    assert records()[0]["slug"] == before[3].slug


def test_slices_of_unequal_length(project: Project) -> None:
    """A slice may be replaced by more or fewer; a stepped one only by as many."""
    project.experiments[1:3] = [make("x", 21), make("y", 21), make("z", 21)]
    assert names(project) == list("axyzd")
    project.experiments[1:4] = []
    assert names(project) == list("ad")
    with pytest.raises(ValueError, match="size"):
        project.experiments[::2] = [make("x"), make("y")]
    assert names(project) == list("ad")


def test_a_refused_assignment_changes_nothing(project: Project) -> None:
    """If one of several values is no experiment, none of them joins."""
    with pytest.raises(LazyscribeError):
        project.experiments[1:3] = [make("x"), "y"]  # type: ignore[list-item]
    assert names(project) == list("abcd")


def test_iteration_is_over_the_state_at_its_start(project: Project) -> None:
    """Experiments may be removed and added while iterating; the loop sees those of its start."""
    seen = []
    for experiment in project.experiments:
        seen.append(experiment.name)
        project.experiments.remove(experiment)
        project.append(make(experiment.name * 2, 25))
    assert seen == list("abcd")
    assert names(project) == ["aa", "bb", "cc", "dd"]


def test_list_methods_that_only_read(project: Project) -> None:
    """reversed, count, copy, + and repr are those of a list."""
    assert [each.name for each in reversed(project.experiments)] == list("dcba")
    assert project.experiments.count(project.experiments[1]) == 1
    assert project.experiments.copy() == list(project.experiments)
    more = [make("x")]
    assert (project.experiments + more)[4] is more[0]
    assert repr(project.experiments).count("Experiment(") == 4


def test_reverse_and_sort(project: Project) -> None:
    """reverse() and sort() reorder in place and keep the objects."""
    first = project.experiments[0]
    project.experiments.reverse()
    assert names(project) == list("dcba")
    assert project.experiments[3] is first
    project.experiments.sort()
    assert names(project) == list("abcd")
    project.experiments.sort(key=lambda each: each.name, reverse=True)
    assert names(project) == list("dcba")
    assert project.experiments[3] is first


def test_removing_and_adding_again(project: Project) -> None:
    """An experiment that was removed, and saved so, may join again and is saved with its artifacts."""
    with project.log("keeper") as keeper:
        keeper.log_artifact("f", [1], "json", fname="f.json")
    project.save()
    project.experiments.remove(keeper)
    project.save()
    assert "keeper" not in Project("project.json", mode="r")
    project.append(keeper)
    project.save()
    assert Project("project.json", mode="r")["keeper"].load_artifact("f") == [1]


def test_experiments_are_not_hashable_lists(project: Project) -> None:
    """Like a list, the list of experiments has no hash."""
    with pytest.raises(TypeError):
        hash(project.experiments)
