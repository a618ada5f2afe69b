"""A bottom-up chart parser whose rules carry meanings: from the words of a request to the things that they may say.

An edge is a symbol over a span of tokens with its meaning and what it costs; a rule joins adjacent edges where its function
gives a meaning for them. A word that no rule takes is *left over*: an edge may swallow it at a price, and remembers it. This
is the floating parser of Pasupat and Liang 2015 ('Compositional Semantic Parsing on Semi-Structured Tables', section 4) kept
to the order of the words.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["GUESS", "Costly", "Edge", "Grammar", "Rule", "Rules", "parse", "rule"]

KEPT = 5
"""Meanings that are kept of one symbol over one span: the cheapest."""
LEFT_OVER = 10.0
"""What it costs to swallow a word that no rule takes."""
GUESS = 4.0
"""What a join costs that may be meant or not: more than a whole reading may cost."""
MOST_LEFT_OVER = 5
"""Words left over beyond which there is no reading."""
MOST_EDGES = 8_000
"""Edges of a chart beyond which it is given up, after about two seconds."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A symbol over the tokens ``start`` to ``end``; ``over`` are the positions of words left over inside."""

    symbol: str
    start: int
    end: int
    meaning: Hashable
    cost: float = 0.0
    over: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """``symbol`` from the symbols ``parts``; ``join`` takes the meanings of those that have a name, by that name.

    None from it, or a ``LookupError``, refuses.
    """

    symbol: str
    parts: tuple[str, ...]
    names: tuple[str, ...]
    join: Callable[..., Any]
    cost: float = 0.0

    def joined(self, meanings: Sequence[Any]) -> Any:
        try:
            return self.join(**{name: m for name, m in zip(self.names, meanings, strict=True) if name})
        except LookupError:
            return None


def rule(symbol: str, form: str, join: Callable[..., Any], cost: float = 0.0) -> list[Rule]:
    """The rules of a form such as ``AGG=agg [OF] V=v (IN|WITH) E=e``.

    Words in small letters stand for themselves; ``[...]`` may be left out; of ``(a|b)`` either is there. A part with a name
    gives its meaning to ``join`` under it; ``LP`` and ``RP`` are brackets in the request.
    """
    choices = []
    for part in re.findall(r"\[[^\]]*\]|\((?:[^()]*)\)|\S+", form):
        if part.startswith("["):
            choices.append(["", part[1:-1]])
        elif part.startswith("("):
            choices.append(part[1:-1].split("|"))
        else:
            choices.append([part])
    rules = []
    for chosen in itertools.product(*choices):
        named = [p.partition("=")[::2] for p in " ".join(chosen).split()]
        rules.append(Rule(symbol, tuple(p for p, _ in named), tuple(n for _, n in named), join, cost))
    return rules


@dataclass(frozen=True, slots=True)
class Costly:
    """What a rule joins to, at a price of its own."""

    meaning: Any
    cost: float


Rules = list[list[Rule]]


class Grammar:
    """Rules, by their first part where they may be of use."""

    def __init__(self, rules: Iterable[Sequence[Rule]]) -> None:
        self.rules = list(itertools.chain.from_iterable(rules))

    def useful(self, symbols: Iterable[str]) -> dict[str, list[Rule]]:
        """The rules all of whose parts can be there, where words are these symbols."""
        known = set(symbols)
        while made := {one.symbol for one in self.rules if one.symbol not in known and known.issuperset(one.parts)}:
            known |= made
        by_first: dict[str, list[Rule]] = defaultdict(list)
        for one in self.rules:
            if known.issuperset(one.parts):
                by_first[one.parts[0]].append(one)
        return by_first


@dataclass(frozen=True, slots=True)
class _Begun:
    """A rule of which the first ``len(meanings)`` parts were found, from ``start`` on."""

    rule: Rule
    start: int
    meanings: tuple[Any, ...]
    cost: float
    over: frozenset[int]


def parse(words: Sequence[str], lexical: Iterable[Edge], grammar: Grammar, goal: str, free: frozenset[int]) -> list[Edge]:
    """The edges of ``goal`` over all ``words``, cheapest first.

    ``free`` are the positions of words that may be swallowed without being left over.
    """
    return _Chart(words, lexical, grammar, free).fill(goal)


class _Chart:
    def __init__(self, words: Sequence[str], lexical: Iterable[Edge], grammar: Grammar, free: frozenset[int]) -> None:
        self.length, self.free = len(words), free
        lexical = list(lexical)
        self.by_first = grammar.useful(e.symbol for e in lexical)
        self.made = {one.symbol for rules in self.by_first.values() for one in rules}
        self.begin = {(e.start, e.symbol) for e in lexical}
        self.edges = 0
        self.waiting: dict[tuple[int, str], list[_Begun]] = defaultdict(list)
        self.kept: dict[tuple[str, int, int], list[Edge]] = defaultdict(list)
        self.starts: dict[int, list[Edge]] = defaultdict(list)
        for edge in lexical:
            self.starts[edge.end].append(edge)

    def fill(self, goal: str) -> list[Edge]:
        for end in range(1, self.length + 1):
            self._end(end)
            if self.edges > MOST_EDGES:
                return []
        whole = [
            self._from_the_start(e)
            for (symbol, _, end), edges in self.kept.items()
            if symbol == goal and end == self.length
            for e in edges
        ]
        return sorted((e for e in whole if len(e.over) <= MOST_LEFT_OVER), key=lambda e: e.cost)

    def _from_the_start(self, edge: Edge) -> Edge:
        """An edge with the words before it, which it swallows."""
        before = [i for i in range(edge.start) if i not in self.free]
        cost = edge.cost + LEFT_OVER * len(before) + 0.02 * (edge.start - len(before))
        return Edge(edge.symbol, 0, edge.end, edge.meaning, cost, edge.over | frozenset(before))

    def _end(self, end: int) -> None:
        """All edges that end at ``end``: those of later start first, so that what a longer one needs is there."""
        agenda: list[tuple[int, float, int, Edge]] = []
        count = 0

        def put(edge: Edge) -> None:
            nonlocal count
            count += 1
            heapq.heappush(agenda, (-edge.start, edge.cost, count, edge))

        for edge in self.starts[end]:
            put(edge)
        for edge in self._grown(end):
            put(edge)
        while agenda:
            edge = heapq.heappop(agenda)[-1]
            if self._keep(edge):
                for made in self._from(edge):
                    put(made)

    def _grown(self, end: int) -> Iterable[Edge]:
        """Edges that swallow the word before ``end``."""
        place = end - 1
        price, over = (0.02, frozenset[int]()) if place in self.free else (LEFT_OVER, frozenset({place}))
        for (symbol, start, stop), edges in list(self.kept.items()):
            if stop == place and (symbol.isupper() or not over):
                for e in edges:
                    if len(e.over | over) > MOST_LEFT_OVER:
                        continue
                    yield Edge(symbol, start, end, e.meaning, e.cost + price, e.over | over)

    def _keep(self, edge: Edge) -> bool:
        kept = self.kept[edge.symbol, edge.start, edge.end]
        if len(kept) >= KEPT or any(k.meaning == edge.meaning for k in kept):
            return False
        kept.append(edge)
        self.edges += 1
        return True

    def _from(self, edge: Edge) -> Iterable[Edge]:
        """The edges that ``edge`` completes: by the rules that it begins, and by those that waited for it."""
        for begins in self.by_first.get(edge.symbol, ()):
            yield from self._go_on(_Begun(begins, edge.start, (), 0.0, frozenset()), edge)
        for begun in self.waiting.get((edge.start, edge.symbol), ()):
            yield from self._go_on(begun, edge)

    def _go_on(self, begun: _Begun, edge: Edge) -> Iterable[Edge]:
        meanings = (*begun.meanings, edge.meaning)
        cost, over = begun.cost + edge.cost, begun.over | edge.over
        if len(over) > MOST_LEFT_OVER:
            return
        if len(meanings) < len(begun.rule.parts):
            wants = begun.rule.parts[len(meanings)]
            if wants in self.made or (edge.end, wants) in self.begin:  # else nothing will come that it waits for
                self.waiting[edge.end, wants].append(_Begun(begun.rule, begun.start, meanings, cost, over))
            return
        meaning = begun.rule.joined(meanings)
        if isinstance(meaning, Costly):
            meaning, cost = meaning.meaning, cost + meaning.cost
        if meaning is not None:
            yield Edge(begun.rule.symbol, begun.start, edge.end, meaning, cost + begun.rule.cost, over)
