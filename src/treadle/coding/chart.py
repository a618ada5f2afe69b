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

__all__ = ["GUESS", "LEFT_OVER", "Costly", "Edge", "Grammar", "Rule", "Rules", "parse", "rule"]

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

    Words in small letters stand for themselves; ``[a|b]`` may be left out; of ``(a|b)`` either is there. A part with a name
    gives its meaning to ``join`` under it; ``LP`` and ``RP`` are brackets in the request.
    """
    choices = []
    for part in re.findall(r"\[[^\]]*\]|\((?:[^()]*)\)|\S+", form):
        if part.startswith("["):
            choices.append(["", *part[1:-1].split("|")])
        elif part.startswith("("):
            choices.append(part[1:-1].split("|"))
        else:
            choices.append([part])
    rules = []
    for chosen in itertools.product(*choices):
        named = [p.partition("=")[::2] for p in " ".join(chosen).split()]
        told = [name for _, name in named if name]
        if len(set(told)) < len(told):
            raise ValueError(f"two parts of {form!r} have one name")
        rules.append(Rule(symbol, tuple(p for p, _ in named), tuple(n for _, n in named), join, cost))
    return rules


@dataclass(frozen=True, slots=True)
class Costly:
    """What a rule joins to, at a price of its own."""

    meaning: Any
    cost: float


Rules = list[list[Rule]]


class Grammar:
    """Rules as a tree of their parts, so that rules which begin alike are begun once."""

    def __init__(self, rules: Iterable[Sequence[Rule]]) -> None:
        self.root = _Node()
        self._begins: dict[str, set[str]] = defaultdict(set)
        for one in itertools.chain.from_iterable(rules):
            node = self.root
            for part in one.parts:
                node = node.next.setdefault(part, _Node())
            node.rules.append(one)
            self._begins[one.parts[0]].add(one.symbol)

    def begun_by(self, symbols: Iterable[str]) -> frozenset[str]:
        """All symbols whose first word may be one of ``symbols``."""
        found, further = set(symbols), list(symbols)
        while further:
            new = self._begins.get(further.pop(), set()) - found
            found |= new
            further += new
        return frozenset(found)


class _Node:
    """What may follow the parts that lead here, and the rules that these parts complete."""

    __slots__ = ("next", "rules")

    def __init__(self) -> None:
        self.next: dict[str, _Node] = {}
        self.rules: list[Rule] = []


@dataclass(frozen=True, slots=True)
class _Begun:
    """The first parts of rules, found from ``start`` on."""

    node: _Node
    start: int
    meanings: tuple[Any, ...]
    cost: float
    over: frozenset[int]


def parse(
    words: Sequence[str],
    lexical: Iterable[Edge],
    grammar: Grammar,
    goal: str,
    free: frozenset[int],
    most_left_over: int = MOST_LEFT_OVER,
) -> list[Edge]:
    """The edges of ``goal`` over all ``words``, cheapest first.

    ``free`` are the positions of words that may be swallowed without being left over.
    """
    return _Chart(words, lexical, grammar, free, most_left_over).fill(goal)


class _Chart:
    def __init__(
        self, words: Sequence[str], lexical: Iterable[Edge], grammar: Grammar, free: frozenset[int], most_left_over: int
    ) -> None:
        self.length, self.grammar, self.free, self.most_left_over = len(words), grammar, free, most_left_over
        self.edges = 0
        self.waiting: dict[tuple[int, str], list[_Begun]] = defaultdict(list)
        self.may_begin: dict[int, frozenset[str]] = {}
        self.kept: dict[tuple[str, int, int], list[Edge]] = defaultdict(list)
        self.starts: dict[int, list[Edge]] = defaultdict(list)
        first: dict[int, set[str]] = defaultdict(set)
        for edge in lexical:
            self.starts[edge.end].append(edge)
            first[edge.start].add(edge.symbol)
        for place, symbols in first.items():
            self.may_begin[place] = grammar.begun_by(symbols)

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
        return sorted((e for e in whole if len(e.over) <= self.most_left_over), key=lambda e: e.cost)

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
                    if len(e.over | over) > self.most_left_over:
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
        node = self.grammar.root.next.get(edge.symbol)
        if node is not None:
            yield from self._go_on(node, edge.start, (), 0.0, frozenset(), edge)
        for begun in self.waiting.get((edge.start, edge.symbol), ()):
            further = begun.node.next[edge.symbol]
            yield from self._go_on(further, begun.start, begun.meanings, begun.cost, begun.over, edge)

    def _go_on(
        self, node: _Node, start: int, before: tuple[Any, ...], paid: float, passed: frozenset[int], edge: Edge
    ) -> Iterable[Edge]:
        over = passed | edge.over
        if len(over) > self.most_left_over:
            return
        meanings, cost = (*before, edge.meaning), paid + edge.cost
        able = self.may_begin.get(edge.end)
        if able is not None and node.next:
            further = _Begun(node, start, meanings, cost, over)
            for symbol in node.next:
                if symbol in able:
                    self.waiting[edge.end, symbol].append(further)
        for one in node.rules:
            meaning, price = one.joined(meanings), cost
            if isinstance(meaning, Costly):
                meaning, price = meaning.meaning, price + meaning.cost
            if meaning is not None:
                yield Edge(one.symbol, start, edge.end, meaning, price + one.cost, over)
