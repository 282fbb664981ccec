"""Classes whose objects are kept with their type."""

import dataclasses
import datetime
import enum

import attrs


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Split:
    """Fields of kinds that JSON has not."""

    seed: int
    when: datetime.datetime
    shares: tuple[float, ...] = (0.8, 0.2)
    colours: frozenset[Colour] = frozenset({Colour.RED})


@attrs.define
class Settings:
    """A class of attrs with another class in it."""

    rate: float
    split: Split
    layers: list[int] = attrs.field(factory=list)
