"""A model of pydantic."""

import pydantic


class Limits(pydantic.BaseModel):
    """One field of each kind: needed, optional, and what JSON has not."""

    low: float
    high: float | None = None
    names: set[str] = set()
