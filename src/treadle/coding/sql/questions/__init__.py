"""Questions parsed by a grammar: what each phrase means, joined to what the whole question asks.

A question is cut into words (words). What words and phrases may be (lexicon, with phrases.txt) is joined by rules with
meanings (rows, asks) in a chart, to an ``Ask`` (tree) in which names still stand for all that they may name. Which columns and
tables are meant is chosen last (resolve, where, choosing), and gives a sketch. Where every word has its place and no choice was
a guess the reading is *whole*.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from treadle.coding.reading.chart import Grammar, parse
from treadle.coding.sql.questions.asks import ask_rules
from treadle.coding.sql.questions.lexicon import idle, lexical
from treadle.coding.sql.questions.resolve import resolved
from treadle.coding.sql.questions.rows import row_rules
from treadle.coding.sql.questions.tree import Ask
from treadle.coding.sql.questions.words import cut
from treadle.coding.sql.reading.abbreviations import with_short_names, with_spoken_names
from treadle.coding.sql.reading.linking import Links, normalised, places_of
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sketch import Sketch

__all__ = ["ReadQuestion", "read_question"]

LONGEST = 70
"""Words of a question beyond which nothing is read."""
LEFT = 2
"""Words that may be left over."""
SURE = 3.0
"""What a reading may cost to be called whole."""


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """The sketch of a question; ``unread`` are the words that it took no account of."""

    sketch: Sketch
    unread: tuple[str, ...]
    cost: float

    @property
    def whole(self) -> bool:
        return not self.unread and self.cost <= SURE


@lru_cache(maxsize=1)
def _grammar() -> Grammar:
    return Grammar([*row_rules(), *ask_rules()])


def read_question(text: str, schema: Schema, links: Links) -> ReadQuestion | None:
    """The cheapest reading of a question that can be written, or None."""
    said = with_short_names(with_spoken_names(normalised(text), schema), schema)
    words = cut(said)
    if not words or len(words) > LONGEST:
        return None
    edges = lexical(words, schema, links, places_of(said))
    best: ReadQuestion | None = None
    for edge in parse([w.text for w in words], edges, _grammar(), "S", idle(words), LEFT):
        assert isinstance(edge.meaning, Ask)
        try:
            sketch, cost = resolved(edge.meaning, schema)
        except LookupError:
            continue
        found = ReadQuestion(sketch, tuple(words[i].text for i in sorted(edge.over)), edge.cost + cost)
        if best is None or found.cost < best.cost:
            best = found
    return best
