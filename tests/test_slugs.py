"""Slugs are python-slugify's, whichever way they are made."""

import slugify as python_slugify
from hypothesis import example, given
from hypothesis import strategies as st

from lazyscribe._slugs import both, slugify


@given(st.text(st.characters(codec="ascii")) | st.text() | st.text("aB9 _-./:,'&#;x", max_size=12))
@example("1,000 it's &amp; &#65; _a_--b..c/D:e")
@example("1,000")
@example("")
@example("--")
def test_slugs_are_those_of_python_slugify(text: str) -> None:
    """Every text has the slug that python-slugify gives it with its defaults."""
    assert slugify(text) == python_slugify.slugify(text)


@given(st.text() | st.text("aB9 _-./:,'", max_size=12), st.integers(0, 10**14 - 1))
@example("", 1)
@example("--", 20250120132330)
def test_both_slugs_of_an_experiment(name: str, number: int) -> None:
    """An experiment's slugs, made together, are those of its name and of its name with the date."""
    stamp = f"{number:014d}"
    assert both(name, stamp) == (python_slugify.slugify(name), python_slugify.slugify(f"{name}-{stamp}"))


@given(st.text("aZ09 _-./:", max_size=12))
def test_usual_names_have_the_same_slugs(text: str) -> None:
    """Names of the usual characters, which take the short way, have the same slugs."""
    assert slugify(text) == python_slugify.slugify(text)
