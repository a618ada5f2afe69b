"""Formulas over columns, with the precedence of arithmetic: '(reco_E - true_E) / true_E', 'sqrt(px^2 + py^2)'."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from treadle.coding.chart import Edge
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.looking import level
from treadle.coding.reading.tokens import NUMBER, Token
from treadle.coding.reading.tree import Apply, Arithmetic, Column, Number, Objects, Of, Value
from treadle.coding.reading.units import unit_named

__all__ = ["brackets_of_formulas", "formulas"]

_FUNCTIONS = {
    **{name: name for name in ("sqrt", "abs", "log10", "exp", "cos", "sin", "tan", "cosh", "sinh", "tanh")},
    "ln": "log",
}
"""'log' is none of them: of base 10 or natural, nobody knows."""
_ANGLES = frozenset({"phi", "theta", "dphi", "deta", "eta"})
"""Ideas of columns that are in radians where no unit is told."""
_TWO = frozenset({"min", "max"})


class _NoFormulaError(Exception):
    """The words from here on are none."""


def formulas(words: Sequence[Token], catalogue: Catalogue, names: Mapping[str, Value]) -> Iterator[Edge]:
    """Edges of V for the longest formula at each place, and of N for numbers as 1/3; ``names`` are the request's own."""
    for start in range(len(words)):
        reader = _Reader(words, catalogue, names, start)
        try:
            value = reader.sum()
            level(value)
        except (_NoFormulaError, LookupError):
            continue
        if reader.worked and reader.named:
            yield Edge("V", start, reader.place, value, -0.1 * reader.worked)
        elif reader.worked and not reader.summed and (number := _number_of(value)) is not None:
            unit = unit_named(words[reader.place].text) if reader.place < len(words) else ""
            yield Edge("N", start, reader.place + bool(unit), Number(number, unit), -0.3)


def brackets_of_formulas(words: Sequence[Token], edges: Sequence[Edge]) -> frozenset[int]:
    """The places of brackets inside formulas: without them these are others."""
    spans = [e for e in edges if e.symbol == "V" and e.end - e.start > 2]
    inside = {i for e in spans for i in range(e.start, e.end) if words[i].text in ("(", ")")}
    return frozenset(inside)


def _number_of(value: Value) -> float | None:
    """What a formula of numbers is: '1/3', '20^2'."""
    if isinstance(value, Number):
        return value.value
    if not isinstance(value, Arithmetic):
        return None
    left, right = _number_of(value.left), _number_of(value.right)
    if left is None or right is None:
        return None
    if value.operator == "/":
        return left / right if right else None
    return left * right if value.operator == "*" else left**right if value.operator == "**" and abs(right) < 5 else None


class _Reader:
    """Reads one formula from ``place`` on. ``worked`` counts its operations, ``named`` its columns."""

    def __init__(self, words: Sequence[Token], catalogue: Catalogue, names: Mapping[str, Value], place: int) -> None:
        self.words, self.catalogue, self.names, self.place = words, catalogue, names, place
        self.worked = self.named = 0
        self.summed = False

    def _next(self, *signs: str) -> str:
        """The sign at this place, taken, where it is one of ``signs``."""
        if self.place < len(self.words) and not self.words[self.place].column and self.words[self.place].text in signs:
            self.place += 1
            return self.words[self.place - 1].text
        return ""

    def _expect(self, sign: str) -> None:
        if not self._next(sign):
            raise _NoFormulaError

    def sum(self) -> Value:
        value, joined = self._chain(self._product, "+", "-")
        self.summed |= joined
        return value

    def _product(self) -> Value:
        return self._chain(self._power, "*", "/")[0]

    def _chain(self, operand: Callable[[], Value], *signs: Literal["+", "-", "*", "/"]) -> tuple[Value, bool]:
        """Operands with signs between, from the left, as far as they go; and whether there were several."""
        value, joined = operand(), False
        while True:
            before = self.place, self.worked, self.named
            sign = next((s for s in signs if self._next(s)), None)
            try:
                other = operand() if sign else None
            except _NoFormulaError:
                other = None
            if other is None or sign is None:
                self.place, self.worked, self.named = before
                return value, joined
            self.worked += 1
            value, joined = Arithmetic(sign, value, other), True

    def _power(self) -> Value:
        value = self._atom()
        power = self._next("^")
        if not power and [w.text for w in self.words[self.place : self.place + 2]] == ["*", "*"]:
            self.place += 2
            power = "^"
        if not power:
            return value
        exponent = self._atom()
        self.worked += 1
        if exponent == Number(2) and not isinstance(value, Number):
            return Apply("square", value, closed=True)
        return Arithmetic("**", value, exponent, closed=True)

    def _atom(self) -> Value:
        if self.place >= len(self.words):
            raise _NoFormulaError
        word = self.words[self.place]
        if word.column or word.written in self.names:
            self.place += 1
            self.named += 1
            return self._column(word.column) if word.column else self.names[word.written]
        if (value := self._suffix(word.text)) is not None:
            self.place += 1
            self.named += 1
            return value
        if re.fullmatch(NUMBER, word.text):
            self.place += 1
            if self.place < len(self.words) and unit_named(self.words[self.place].text) and self.worked + self.named:
                raise _NoFormulaError  # an amount with a unit is compared or converted, not counted with
            return Number(float(word.text.replace(",", "")))
        if self._next("("):
            value = self.sum()
            self._expect(")")
            if isinstance(value, Arithmetic):
                return Arithmetic(value.operator, value.left, value.right, closed=True)
            return value
        if self._next("|"):
            value = self.sum()
            self._expect("|")
            self.worked += 1
            return Apply("abs", value, closed=True)
        return self._function(word.text)

    def _function(self, name: str) -> Value:
        if name not in _FUNCTIONS and name not in _TWO:
            raise _NoFormulaError
        self.place += 1
        self._expect("(")
        value = self.sum()
        if name in _TWO:
            self._expect(",")
            made: Value = Arithmetic("min" if name == "min" else "max", value, self.sum(), closed=True)
        else:
            made = Apply(_FUNCTIONS[name], value, closed=True)
        self._expect(")")
        self.worked += 1
        if name in ("cos", "sin", "tan") and not self._radians(value):
            raise _NoFormulaError
        return made

    def _radians(self, value: Value) -> bool:
        if isinstance(value, Arithmetic):
            return self._radians(value.left) and self._radians(value.right)
        if isinstance(value, Column):
            return bool(self.catalogue.by_column[value.name].ideas & _ANGLES) and value.unit in ("", "rad")
        return isinstance(value, Number) or (isinstance(value, Of) and value.what in _ANGLES)

    def _suffix(self, text: str) -> Value | None:
        """'tau2' of the one collection that has a column ``FatJet_tau2``."""
        if len(text) < 4 or text in _FUNCTIONS:
            return None
        having = [(t, w) for t in self.catalogue.collections for w, c in t.columns.items() if c.lower().endswith(f"_{text}")]
        return Of(Objects(having[0][0]), having[0][1]) if len(having) == 1 else None

    def _column(self, name: str) -> Value:
        q = self.catalogue.by_column[name]
        if not q.jagged:
            return Column(name, q.unit)
        thing = self.catalogue.thing_of(q)
        if thing is None:
            raise _NoFormulaError
        return Of(Objects(thing), thing.key(name))
