"""Requests on event data read by rules: what to compute, of which quantity, of which events and objects.

A request is cleaned of what changes nothing (cleaning, units, missing) and cut into words (tokens). What the words may be
(lexicon, with phrases.txt) is joined by rules with meanings (objects, values, conditions, selected, pairs, answers, shares)
in a chart, to a tree, and the cheapest is written as a program (write, expressions). Where every word has its place the
reading is *whole*; where some were left over the program is a guess among others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from treadle.coding.chart import Grammar, parse
from treadle.coding.reading.answers import answer_rules
from treadle.coding.reading.apart import apart_rules
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.cleaning import cleaned, named_metrics, without_title
from treadle.coding.reading.conditions import condition_rules
from treadle.coding.reading.doubtful import two_ways
from treadle.coding.reading.formulas import brackets_of_formulas
from treadle.coding.reading.grouped import group_rules
from treadle.coding.reading.lexicon import lexical
from treadle.coding.reading.missing import leave_out, missing_values
from treadle.coding.reading.named import named_values
from treadle.coding.reading.objects import object_rules
from treadle.coding.reading.pairs import pair_rules
from treadle.coding.reading.pronouns import pronoun_rules
from treadle.coding.reading.remarks import idle_words
from treadle.coding.reading.selected import selection_rules
from treadle.coding.reading.several import several_rules
from treadle.coding.reading.shares import share_rules
from treadle.coding.reading.tokens import tokens
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import Answer
from treadle.coding.reading.units import Sizes, file_unit, told_units
from treadle.coding.reading.unusual import unusual_rules
from treadle.coding.reading.values import value_rules
from treadle.coding.reading.write import write
from treadle.types import Table

__all__ = ["ReadProgram", "read_program"]

LONGEST = 90
"""Words of a request beyond which nothing is read."""
SURE = 2.1
"""What the cheapest reading may cost to be called whole: dearer ones guessed (which column, 'two' for 'exactly two')."""


@dataclass(frozen=True, slots=True)
class ReadProgram:
    """A program by rules; ``unread`` are the words that it took no account of, ``sure`` says that no guess was needed."""

    body: str
    unread: tuple[str, ...]
    sure: bool

    @property
    def whole(self) -> bool:
        """Every word has its place."""
        return not self.unread and self.sure

    @property
    def nearly(self) -> bool:
        """All but two ordinary words have theirs; of such programs on requests looked at three in four were right."""
        return len(self.unread) <= 2 and not any(_WEIGHTY.search(word) for word in self.unread)


_WEIGHTY = re.compile(
    r"[\d_A-Z]|^[^\w]+$|^(?:not|no|only|without|than|and|or|with|both|first|last|per|each|ratio|difference|log|weighted|absolute)$"
)
"""Words that change an answer when they are passed over: numbers, names, signs, and what chooses."""


def _grammar_of(told: Told) -> Grammar:
    """All rules, those that depend on the columns of a file among them."""
    makers = (
        object_rules,
        condition_rules,
        selection_rules,
        pair_rules,
        apart_rules,
        pronoun_rules,
        group_rules,
        unusual_rules,
        answer_rules,
        share_rules,
    )
    return Grammar([*value_rules(told), *several_rules(told), *(one for make in makers for one in make(told.catalogue))])


def _answers(request: str, told: Told, grammar: Grammar) -> Iterator[tuple[Answer, tuple[str, ...], float]]:
    """What ``request`` may ask, cheapest first: (answer, words left over, cost)."""
    words = tokens(request, told.catalogue, told.names)
    if not words or len(words) > LONGEST:
        return
    known = list(lexical(words, told))
    free = idle_words(words, told.catalogue.endings, told.catalogue.by_column) - brackets_of_formulas(words, known)
    for edge in parse([w.text for w in words], known, grammar, "S", free):
        assert isinstance(edge.meaning, Answer)
        yield edge.meaning, tuple(words[i].text for i in sorted(edge.over)), edge.cost


def read_program(request: str, table: Table, sizes: Sizes | None = None) -> ReadProgram | None:
    """The program of the cheapest reading of ``request`` that can be written, or None.

    By ``sizes`` of the columns' numbers GeV and MeV are told apart where nothing else tells them.
    """
    catalogue = Catalogue(table)
    told = Told(catalogue)
    plain, told.metrics = named_metrics(request)
    plain = told_units(plain, told)
    told.energy_unit, told.assumed = file_unit(plain, told, sizes)
    plain, marks = missing_values(plain, catalogue)
    plain = cleaned(plain, told)
    grammar, sure = _grammar_of(told), not (told.assumed or two_ways(plain))
    plain = named_values(plain, told, grammar)

    def first(text: str, price: float) -> ReadProgram | None:
        for answer, unread, cost in _answers(text, told, grammar):
            try:
                body, guessed = write(leave_out(answer, marks), told, told.metrics)
            except LookupError:
                continue
            unused = tuple(sorted(c for c in told.sources if f'"{c}"' not in body))
            return ReadProgram(body, (*unread, *unused), sure and not guessed and cost + price <= SURE)
        return None

    best = first(plain, 0.0)
    for rest in without_title(plain, catalogue):
        if best is not None and best.whole:
            break
        found = first(rest, 0.3)
        if found is not None and (best is None or (found.whole, -len(found.unread)) > (best.whole, -len(best.unread))):
            best = found
    return best
