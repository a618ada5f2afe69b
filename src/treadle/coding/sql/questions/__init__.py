"""Questions parsed by a grammar: what each phrase means, joined to what the whole question asks.

A question is cut into words (words), and what it defines itself is set apart (defined). What words and phrases may be
(lexicon, with phrases.txt) is joined by rules with meanings (rows, figures, parts, best, asks) in a chart, to an ``Ask``
(tree) in which names still stand for all that they may name. Which columns and tables are meant is chosen last (resolve,
items, ordering, where, choosing), and gives a sketch. Where every word has its place, but for those that choose nothing
(idle), and no choice was a guess, the reading is *whole*.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from treadle.coding.chart import LEFT_OVER, Edge, Grammar, parse
from treadle.coding.sql.questions.asks import ask_rules
from treadle.coding.sql.questions.choosing import DOUBT
from treadle.coding.sql.questions.defined import Definitions, definitions
from treadle.coding.sql.questions.idle import idle, verbs
from treadle.coding.sql.questions.lexicon import lexical, names
from treadle.coding.sql.questions.resolve import resolved
from treadle.coding.sql.questions.rows import row_rules
from treadle.coding.sql.questions.tree import Ask, Mention, TableName
from treadle.coding.sql.questions.words import Word, cut
from treadle.coding.sql.reading.abbreviations import with_short_names, with_spoken_names
from treadle.coding.sql.reading.clauses import AS_ZERO, FORM, NONE_TOO
from treadle.coding.sql.reading.cues import blanked
from treadle.coding.sql.reading.linking import Links, normalised, places_of
from treadle.coding.sql.reading.roles import role_verbs
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sketch import Sketch
from treadle.coding.sql.reading.statement import to_sql

__all__ = ["ReadQuestion", "read_question"]

LONGEST = 70
"""Words of a question beyond which nothing is read."""
LEFT = 2
"""Words that may be left over."""
SURE = 1.8
"""What a reading may cost to be called whole."""


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """The sketch of a question; ``unread`` are the words that it took no account of.

    ``doubtful``: a plainer reading of the same words leaves open which column is meant.
    """

    sketch: Sketch
    unread: tuple[str, ...]
    cost: float
    doubtful: bool = False

    @property
    def whole(self) -> bool:
        return not self.unread and self.cost <= SURE and not self.doubtful


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    return Grammar([*row_rules(), *ask_rules()])


def read_question(text: str, schema: Schema, links: Links) -> ReadQuestion | None:
    """The cheapest reading of a question that can be written, or None."""
    said = with_short_names(with_spoken_names(normalised(text), schema), schema)
    plain, clauses = _cut_out(said)
    words = cut(plain)
    if not words or len(words) > LONGEST:
        return None
    starts = places_of(said)

    def edges(part: Sequence[Word], known: Definitions, goal: str) -> list[Edge]:
        found = list(lexical(part, schema, links, starts, known))
        named = frozenset(i for e in found if e.symbol in ("F", "T", "DOER") for i in range(e.start, e.end))
        texts = [w.text for w in part]
        return parse(texts, found, _grammar(), goal, idle(part, named) | role_verbs(schema, texts).keys(), LEFT)

    def computes(part: Sequence[Word], known: Definitions) -> tuple[str, Any] | None:
        found = [e for e in edges(part, known, "DEF") if not e.over] if part else []
        return cast(tuple[str, Any], found[0].meaning) if found else None

    words, known = definitions(words, computes)
    told = _named_verbs(words, schema)
    best: ReadQuestion | None = None
    doubted: list[tuple[float, Sketch]] = []
    form = 0.0
    for edge in edges(words, known, "S"):
        assert isinstance(edge.meaning, Ask)
        try:
            sketch, cost = resolved(replace(edge.meaning, **clauses), schema)
            unused = _unused(told, sketch, schema)
        except LookupError:
            continue
        over = sorted(edge.over | unused)
        found = ReadQuestion(
            sketch, tuple(words[i].text for i in over), edge.cost + cost + LEFT_OVER * len(unused - edge.over)
        )
        if not edge.over and cost >= DOUBT:
            doubted.append((edge.cost, sketch))
        if best is None or found.cost < best.cost:
            best, form = found, edge.cost
    if best is None:
        return None
    return replace(best, doubtful=any(cost < form and sketch != best.sketch for cost, sketch in doubted))


def _named_verbs(words: Sequence[Word], schema: Schema) -> dict[int, list[frozenset[str]]]:
    """Of verbs that are a name in the schema, by their place: the words of each table or column that they may name."""
    found: dict[int, list[frozenset[str]]] = defaultdict(list)
    for e in names(words, schema):
        if e.end == e.start + 1 and isinstance(e.meaning, TableName):
            found[e.start] += [_words_of(table) for table, _ in e.meaning.tables]
        elif e.end == e.start + 1 and isinstance(e.meaning, Mention):
            found[e.start] += [_words_of(f.name) for f, _ in e.meaning.fields]
    roles = role_verbs(schema, [w.text for w in words])
    for i, name in roles.items():
        found[i] = [_words_of(name), _words_of(schema.roles[name][1].left_column)]
    return {i: found[i] for i in verbs(words, frozenset(found)) | roles.keys()}


def _words_of(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))


def _unused(told: Mapping[int, list[frozenset[str]]], sketch: Sketch, schema: Schema) -> frozenset[int]:
    """Verbs that name something in the schema which the statement does not use: 'orders that were shipped'."""
    used = _words_of(to_sql(sketch, schema, "sqlite"))
    return frozenset(i for i, meant in told.items() if not any(name <= used for name in meant))


_ANY_CASE = re.compile(
    r"[,;(]?\s*(?:\b(?:and|but|match|matching|compare)\s+)*\b(?:case[-\s]insensitive(?:ly)?"
    r"|ignor(?:e|ing)\s+(?:the\s+)?(?:upper\s*(?:and|or|/)\s*lower\s*)?case(?:\s+when\s+matching)?"
    r"|(?:in\s+)?upper\s*(?:and|or|/)\s*lower\s*case|(?:without\s+regard\s+to|regardless\s+of|no\s+matter\s+the)\s+case"
    r"|case\s+does\s+not\s+matter)\b\)?",
    re.IGNORECASE,
)
_REMARKS = re.compile(r"\(\s*0\s*=\s*Sunday[^)]*\)|\(\s*(?:LIKE|use LIKE)[^)]*\)", re.IGNORECASE)


def _cut_out(text: str) -> tuple[str, dict[str, Any]]:
    """A question with blanks for clauses that are said in set phrases, and what these say."""
    found: dict[str, Any] = {}
    for pattern, name in ((AS_ZERO, "filled"), (_ANY_CASE, ""), (_REMARKS, ""), (NONE_TOO, "zeros"), (FORM, "")):
        for match in reversed(list(pattern.finditer(text))):
            text = blanked(text, match.span())
            if name:
                found[name] = True
    return text, found
