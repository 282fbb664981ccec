"""The suite for handlers, on every built-in one."""

from typing import Any

from lazyscribe.artifacts import _get_handler
from lazyscribe.testing.handlers import HandlerTests
from tests.artifacts.samples import SAMPLES, same


class _Sampled(HandlerTests):
    __test__ = False

    def same(self, one: Any, other: Any) -> bool:
        return same(one, other)


_ELSEWHERE = ("json", "pickle")  # in test_handlers.py
_AS_TEXT = ("markdown", "html")  # nothing but names of their own

for _alias, _sample in SAMPLES.items():
    if _alias not in _ELSEWHERE + _AS_TEXT:
        _attributes = {"__test__": True, "handler": _get_handler(_alias), **_sample._asdict()}
        globals()[f"Test{_alias.title()}"] = type(f"Test{_alias.title()}", (_Sampled,), _attributes)
