"""Reads which column or table a noun phrase names: 'the title of its album', 'average salary', 'home games'."""

from __future__ import annotations

import re
from collections.abc import Callable

from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.reader import Reader
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["NameReader", "content"]

CLEAR = 0.75
"""From this share of its words on a phrase names a column."""
_DROPPED_TEXT = """
a an the its their his her each every all of respective corresponding own this that those these only just both in for to on
please also same given measured
"""
_DROPPED = frozenset(_DROPPED_TEXT.split())
_NAMES = frozenset(stem(w) for w in ("name", "title", "called", "named"))


_DATES = frozenset(stem(w) for w in ("date", "day", "time"))
_OF_UNITS_TEXT = """
s ms min h sec secs mins hr hrs second minute hour day: time duration length long lasting
eur usd gbp chf keur kusd musd busd: price cost amount money worth
kg g mg t lb: weight mass
m km cm mm: length distance height depth width diameter radius size
pct percent: percentage rate share
kb mb gb tb byte: size volume
c k f degc: temperature
"""
_OF_UNITS = {
    unit: frozenset(stem(w) for w in words.split())
    for units, _, words in (line.partition(":") for line in _OF_UNITS_TEXT.strip().split("\n"))
    for unit in units.split()
}
"""What a column with a unit may be called whatever its name is."""
_VAGUE = frozenset(("rate", "value", "level", "amount", "figure", "number", "size", "values", "rates"))


class NameReader(Reader):
    """Reads names of columns and tables, seen from the rows of a base table."""

    def field_named(
        self, phrase: str, base: str, accept: Callable[[Field], bool] = lambda _: True, least: float = CLEAR
    ) -> Field | None:
        """The column that a phrase names; of several that fit the one nearest to the base."""
        words, head = content(phrase)
        if not words:
            return None
        scored = [
            (score, f)
            for f in self.schema.fields
            if accept(f) and self.reaches(base, f) and (score := self._score(f, words, head, base, least)) > 0
        ]
        best = max(scored, key=lambda pair: pair[0], default=(0.0, None))[1]
        bare = phrase.split()
        if best is None and len(bare) > 1 and bare[-1].lower() in _VAGUE:
            return self.field_named(" ".join(bare[:-1]), base, accept, least)  # 'unemployment rate'
        return best

    def _score(self, f: Field, words: list[str], head: str, base: str, least: float) -> float:
        own = [stem(w) for w in f.words]
        table = [stem(w) for w in name_parts(f.table)]
        label = f == self.schema.label(f.table)
        if f.role == "key" and not (label or f == self.schema.key(f.table) or f.table == base):
            return 0.0
        said = [max((similar(w, s) for w in own), default=0.0) for s in words]
        dated, units = f.role == "date", _OF_UNITS.get(f.unit.lower(), frozenset())
        beside = {stem(w) for g in self.schema.tables[f.table] for w in g.words} if len(words) > 1 else set()
        said = [
            max(
                x,
                0.95 if s in table else 0.9 if s in units else 0.6 if s in beside else 0.0,
                1.0 if (label and s in _NAMES) or (dated and s in _DATES) else 0.0,
            )
            for x, s in zip(said, words, strict=True)
        ]
        first = max((similar(w, head) for w in own), default=0.0)
        first = max(first, 0.8 if head in units or (dated and head in _DATES) else 0.0) if len(words) > 1 else first
        first = max(first, (1.0 if head in _NAMES else 0.9 if head == table[-1] else 0.0) if label else 0.0)
        if f.role == "key" and not label:
            first = first if own[-1:] == [head] or self.schema.label(f.table) is None else 0.0
        cover = sum(said) / len(said)
        if first < CLEAR or cover < least:
            return 0.0
        free = {*table, *(_NAMES if label else ())}
        mine = [1.0 if w in free or label else max(similar(w, s) for s in words) for w in own] or [0.0]
        home = 0.3 if f.role == "key" and f == self.schema.key(f.table) and table[-1:] == words[:1] else 0.0  # 'ship id'
        if f.role == "key" and any(j.left == f.table and j.left_column == f.name for j in self.schema.joins):
            home -= 0.3  # where it is the key of its own table it says more
        return home + first + cover + 0.5 * sum(mine) / len(mine) - 0.12 * self.near(base, f.table)

    def table_named(self, phrase: str, base: str) -> str | None:
        """The table that a phrase names by its last word: 'enrolments', 'home games'."""
        words, head = content(phrase)
        fits = [t for t in self.schema.tables if stem(name_parts(t)[-1]) == head and self.schema.path(base, t) is not None]
        whole = [t for t in fits if all(any(similar(stem(w), s) for s in words) for w in name_parts(t))] or (
            fits if len(words) == 1 else []
        )
        return min(whole, key=lambda t: (-len(name_parts(t)), self.near(base, t)), default=None)


def content(phrase: str) -> tuple[list[str], str]:
    """The stems of a phrase that carry meaning, and its head: the last word before 'of'."""
    phrase = re.sub(r"['’]s?\b", "", phrase.lower())  # noqa: RUF001
    head = phrase.split(" of ")[0] if " of " in phrase.strip() else phrase
    heads = [stem(w) for w in re.findall(r"[a-zà-ÿ][\wà-ÿ]*", head) if w not in _DROPPED]
    words = [stem(w) for w in re.findall(r"[a-zà-ÿ][\wà-ÿ]*", phrase) if w not in _DROPPED]
    return words, heads[-1] if heads else ""
