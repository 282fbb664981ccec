"""The text of a condition, understood. Pure; nothing in it is ever run.

The language, in the order of what binds least::

    condition   metrics.auc > 0.9 or parameters.model == "svm"
                metrics.auc > 0.9 and not "broken" in tags
                ( ... )
    comparison  == != < <= > >=, also in a row: 0.1 < parameters.alpha <= 1
                "baseline" in tags        parameters.model not in ["svm", "rf"]
                metrics.auc is missing    metrics.auc is not missing
    field       metrics.auc, parameters.learning-rate, tests.adults.metrics.r2, artifacts.model.handler
                metrics["val auc"], parameters["a.b"], parameters.layers[0]
    value       0.9, -1e-3, inf, "text", 'text', true, false, null, [1, 2]

Keywords are understood in whatever case; behind a dot they are names (``parameters.lambda``, ``parameters.in``). There
is no arithmetic, so a dash within a name belongs to it. A step into a list is the ``name`` of one of its members, or
its place counted from 0.
"""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, NoReturn

from lazyscribe._dates import parse_date, to_text
from lazyscribe.query.nodes import All, Compare, Either, In, Missing, Node, Not, Operand, Path, Value
from lazyscribe.query.words import Word, words, wrong

KEYWORDS = ("and", "or", "not", "in", "is", "missing", "true", "false", "null", "none", "inf")
DEPTH = 50
"""Parentheses, and nots, within each other."""
_VALUES = {"true": True, "false": False, "null": None, "none": None, "inf": float("inf")}
_RELATIONS = ("==", "!=", "<", "<=", ">", ">=")


def parse(text: str, fields: Collection[str] | None = None) -> Node:
    """Return what a condition says.

    Parameters
    ----------
    fields
        The names that a path may begin with; default: any.

    Raises
    ------
    QueryError
        It is no condition; the error says where, and what to write.
    """
    parser = _Parser(text, fields)
    node = parser.any()
    parser.expect_end()
    return node


def parse_path(text: str, fields: Collection[str] | None = None) -> Path:
    """Return the path that `text` says, and nothing else; errors as `parse`."""
    parser = _Parser(text, fields)
    path = parser.path(parser.next())
    parser.expect_end()
    return path


class _Parser:
    def __init__(self, text: str, fields: Collection[str] | None) -> None:
        if not isinstance(text, str):
            wrong(str(text), 0, "a condition is a text")
        self.text = text
        self.fields = fields
        self.words = words(text)
        self.position = 0
        self.depth = 0

    @property
    def word(self) -> Word:
        return self.words[self.position]

    def next(self) -> Word:
        word = self.word
        self.position += word.kind != "end"
        return word

    def accept(self, *keywords: str) -> bool:
        found = self.word.says(*keywords)
        self.position += found
        return found

    def wrong(self, word: Word, what: str) -> NoReturn:
        wrong(self.text, word.at, what)

    def expect_end(self) -> None:
        if self.word.kind != "end":
            self.wrong(self.word, "write 'and' or 'or' before it, or leave it out")

    def any(self) -> Node:
        found = [self.all()]
        while self.accept("or"):
            found.append(self.all())
        return found[0] if len(found) == 1 else Either(tuple(found))

    def all(self) -> Node:
        found = [self.one()]
        while self.accept("and"):
            found.append(self.one())
        return found[0] if len(found) == 1 else All(tuple(found))

    def one(self) -> Node:
        word = self.word
        self.depth += 1
        if self.depth > DEPTH:
            self.wrong(word, f"more than {DEPTH} parentheses within each other; write it in parts")
        if self.accept("not"):
            node: Node = Not(self.one())
        elif word.is_sign("("):
            self.next()
            node = self.any()
            if not self.next().is_sign(")"):
                self.wrong(
                    self.words[self.position - (self.word.kind != "end")],
                    f"the parenthesis at column {word.at + 1} is not closed; write ')'",
                )
        else:
            node = self.comparison()
        self.depth -= 1
        return node

    def comparison(self) -> Node:
        first = self.word
        left = self.operand()
        word = self.next()
        if word.says("is"):
            negated = self.accept("not")
            if not self.accept("missing"):
                self.wrong(self.word, "behind 'is' stands 'missing' or 'not missing'; write '==' to compare")
            return Missing(left, negated)
        if word.says("in") or (word.says("not") and self.word.says("in")):
            negated = word.says("not") and self.accept("in")
            return self.membership(left, negated)
        if not word.is_sign(*_RELATIONS):
            name = self.text[first.at : word.at].strip()
            self.wrong(word, f"compare {name} with something, as in {name} == true, or write {name} is not missing")
        return self.relations(left, word)

    def membership(self, left: Operand, negated: bool) -> Node:
        word = self.word
        right = self.operand()
        if isinstance(right, Value) and not isinstance(right.value, (list, str)):
            self.wrong(word, "behind 'in' stands a list, a text or a field")
        if isinstance(right, Value) and isinstance(right.value, list):
            right = Value([self.dated(Value(each), left, word)[0] for each in right.value])
        return In(left, right, negated)

    def relations(self, left: Operand, word: Word) -> Node:
        found: list[Node] = []
        while True:
            at = self.word
            right = self.operand()
            operator: Any = word.text
            found.append(Compare(operator, self.dated(left, right, word), self.dated(right, left, at)))
            if not self.word.is_sign(*_RELATIONS):
                return found[0] if len(found) == 1 else All(tuple(found))
            left, word = right, self.next()

    def dated(self, operand: Operand, other: Operand, word: Word) -> Operand:
        """Return the text of a date, if `other` leads to dates, as records have it."""
        if not (isinstance(other, Path) and other.is_date and isinstance(operand, Value)):
            return operand
        try:
            return Value(to_text(parse_date(operand.value))) if isinstance(operand.value, str) else operand
        except ValueError:
            self.wrong(
                word, f"{operand.value!r} is no date; write it as in '2025-01-31' or '2025-01-31T12:00:00+01:00'"
            )

    def operand(self) -> Operand:
        word = self.next()
        if word.kind in ("number", "text"):
            return Value(word.value)
        if word.says(*_VALUES):
            return Value(_VALUES[word.text.lower()])
        if word.is_sign("["):
            return Value(self.list())
        return self.path(word)

    def list(self) -> list[Any]:
        found: list[Any] = []
        while not self.word.is_sign("]"):
            word = self.word
            operand = self.operand() if word.kind != "end" else None
            if not isinstance(operand, Value) or isinstance(operand.value, list):
                self.wrong(word, "a list holds numbers, texts in quotes, true and false, and ends with ']'")
            found.append(operand.value)
            if not self.word.is_sign("]", ","):
                self.wrong(self.word, "write ',' between the members of a list and ']' at its end")
            if self.word.is_sign(","):
                self.next()
        self.next()
        return found

    def path(self, word: Word) -> Path:
        if word.kind != "name" or word.says(*KEYWORDS):
            fault = "here must stand a field, as in metrics.auc, or a value: a number, a text in quotes, true, false"
            self.wrong(word, fault)
        if self.fields is not None and word.text not in self.fields:
            close = get_close_matches(word.text, self.fields, n=1)
            meant = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(self.fields))}."
            self.wrong(word, f"{word.text!r} is no field; {meant} Put texts in quotes")
        steps: list[str | int] = [word.text]
        while self.word.is_sign(".", "["):
            if self.next().is_sign("."):
                step = self.next()
                if step.kind != "name":
                    self.wrong(
                        step, "behind '.' stands a name; write others in brackets and quotes, as in metrics[\"2nd\"]"
                    )
                steps.append(step.text)
            else:
                steps.append(self.bracket())
        return Path(tuple(steps))

    def bracket(self) -> str | int:
        step = self.next()
        is_place = step.kind == "number" and isinstance(step.value, int) and step.value >= 0
        if not (step.kind == "text" or is_place):
            self.wrong(step, "in brackets stands a name in quotes or a place counted from 0")
        if not self.next().is_sign("]"):
            self.wrong(self.words[self.position - 1], "write ']' behind it")
        found: str | int = step.value
        return found
