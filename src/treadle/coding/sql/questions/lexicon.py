"""What words and phrases of a question may be by themselves: names of tables and columns, values, numbers, phrases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from treadle.coding.chart import Edge
from treadle.coding.phrases import phrase_edges, read_phrases
from treadle.coding.sql.questions.choosing import TIME_UNITS
from treadle.coding.sql.questions.tree import Agg, Mention, Num, Rows, TableName, Value
from treadle.coding.sql.questions.words import Word
from treadle.coding.sql.reading.abbreviations import alike, stands_for
from treadle.coding.sql.reading.cues import MONTHS, NUMBER_WORDS
from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.roles import role_verbs
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.coding.sql.reading.synonyms import similar
from treadle.coding.sql.reading.unread import SPOKEN_UNITS
from treadle.words import name_parts

__all__ = ["lexical", "names"]

_MOST_WORDS = 4
"""Of a name of a column or table, at most."""
_PARTLY = 0.8
"""What each word of a column's name costs that was not said."""
_SYNONYM = 0.5
_UNITS_TEXT = """
 euros euro eur dollars usd $ € kg g km m cm mm metres meters kilometers kilometres gb tb mb kb percent % pct
degrees mw kw w v gev tev mev pb fb litres liters tons tonnes ha ms points pages inhabitants people musd keur meur
mps hz grams kilograms kilos kilo
"""
_UNITS = frozenset(_UNITS_TEXT.split())
_SMALL_UNITS_TEXT = "kg g mg ug ng t km m cm mm l ml mol mmol s h min ha kwh"
_SMALL_UNITS = frozenset(_SMALL_UNITS_TEXT.split())
_SIGNS = {"(": "LP", ")": "RP"}
_MONTH = {name: f"{i + 1:02}" for i, name in enumerate(MONTHS.split("|"))}


_PHRASES = read_phrases("treadle.coding.sql.questions")


def lexical(
    words: Sequence[Word],
    schema: Schema,
    links: Links,
    starts: Sequence[int],
    defined: Mapping[tuple[str, ...], tuple[str, Any]] | None = None,
) -> Iterator[Edge]:
    """What every word and phrase may be.

    ``starts``: the characters at which the words of ``links`` begin. ``defined``: by their words what the question itself
    says that names mean, (symbol, meaning).
    """
    stems = [w.stem for w in words]
    for name, (symbol, meaning) in (defined or {}).items():
        for i in range(len(words) - len(name) + 1):
            if tuple(stems[i : i + len(name)]) == name:
                yield Edge(symbol, i, i + len(name), meaning, -0.5)
    for i, word in enumerate(words):
        yield Edge("QUOTED" if word.kind == "quoted" else _SIGNS.get(word.text, word.text), i, i + 1, word.text)
        told = i > 0 and words[i - 1].text == "word"  # 'the word seal'
        if word.kind == "word" and (told or len(word.text) == 1 or word.written[0].isupper()):
            yield Edge("W", i, i + 1, word.written, 0.4)
    yield from phrase_edges([w.text for w in words], _PHRASES)
    yield from _numbers(words)
    yield from names(words, schema)
    yield from _in_roles(words, schema)
    yield from _undone(words, schema)
    yield from _values(words, links, starts, schema)


def _numbers(words: Sequence[Word]) -> Iterator[Edge]:
    for i, word in enumerate(words):
        if word.kind == "date":
            yield Edge("D", i, i + 1, word.text)
        elif word.kind == "month":
            yield Edge("YM", i, i + 1, word.text)
        elif word.kind == "number":
            plain = word.text.replace(",", "")
            yield Edge("N", i, i + 1, Num(plain))
            if plain.isdigit():
                yield Edge("INT", i, i + 1, int(plain))
            if re.fullmatch(r"1[5-9]\d\d|20\d\d", plain):
                yield Edge("Y", i, i + 1, plain)
        elif word.text in NUMBER_WORDS:
            yield Edge("N", i, i + 1, Num(str(NUMBER_WORDS[word.text])), 0.1)
            yield Edge("INT", i, i + 1, NUMBER_WORDS[word.text], 0.1)
        elif word.text in ("zero", "once", "twice"):
            yield Edge("INT", i, i + 1, ("zero", "once", "twice").index(word.text), 0.1)
        elif word.text in _MONTH:
            yield Edge("MONTH", i, i + 1, _MONTH[word.text], 0.3 if word.text in ("may", "march") else 0.0)
        if word.text in _UNITS:
            yield Edge("UNITW", i, i + 1, word.text)
        if word.text == "/" and i and words[i + 1 : i + 2] and {words[i - 1].text, words[i + 1].text} <= _SMALL_UNITS:
            yield Edge("UNITW", i - 1, i + 2, f"{words[i - 1].text}/{words[i + 1].text}")
        if word.kind == "number" and words[i + 1 : i + 2] and words[i + 1].text in ("million", "thousand", "billion"):
            factor = {"thousand": 1e3, "million": 1e6, "billion": 1e9}[words[i + 1].text]
            yield Edge("N", i, i + 2, Num(f"{float(word.text.replace(',', '')) * factor:.0f}", "million"), -0.2)


# ----------------------------------------------------------------------------------------------------- names


def names(words: Sequence[Word], schema: Schema) -> Iterator[Edge]:
    """Columns and tables that the words from ``start`` to ``end`` may name."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
            said = words[start:end]
            if (
                any(w.kind not in ("word", "number") for w in said)
                or said[0].kind == "number"
                or _NO_NAME & {said[0].text, said[-1].text}
            ):
                continue
            stems = [w.stem for w in said]
            fields = [(f, cost) for f in schema.fields if (cost := _named(f, stems, schema)) is not None]
            if fields:
                # 0.1 less a word: a long name says more than its parts
                text, least = " ".join(w.text for w in said), min(cost for _, cost in fields)
                yield Edge("F", start, end, Mention(_priced(fields), text), least - 0.15 * (end - start - 1))
                yield from _named_total(said, start, end, fields)
            tables = [(t, cost) for t in schema.tables if (cost := _called(t, stems, schema)) is not None]
            if tables:
                least = min(cost for _, cost in tables)
                named = tuple(sorted(((t, cost - least) for t, cost in tables), key=lambda p: p[1]))
                doers = end == start + 1 and said[0].text.endswith("ed") and all(_does(t) for t, _ in tables)
                yield Edge("DOER" if doers else "T", start, end, TableName(named), least - 0.15 * (end - start - 1))


def _does(table: str) -> bool:
    """Whether a table is called after who does something: 'observed' are no observers."""
    return singular(name_parts(table)[-1].lower()).endswith(("er", "or"))


def _in_roles(words: Sequence[Word], schema: Schema) -> Iterator[Edge]:
    """'Who led ten shifts': the leaders that have them."""
    for i, role in role_verbs(schema, [w.text for w in words]).items():
        yield Edge("WITH", i, i + 1, None, 0.1)
        for k in range(max(i - 2, 0), i):
            if words[k].text == "who":
                yield Edge("T", k, k + 1, TableName(((role, 0.0),)), 0.1)


def _undone(words: Sequence[Word], schema: Schema) -> Iterator[Edge]:
    """'Unpaid' of a column ``paid_on``: what did not happen."""
    for i, word in enumerate(words):
        if re.fullmatch(r"un[a-z]{2,}(?:ed|id|en|wn|lt|nt)", word.text):
            done = stem(word.text[2:])
            fields = [(f, 0.0) for f in schema.fields if f.role == "date" and done in [stem(w) for w in f.words]]
            if fields:
                yield Edge("UNDONE", i, i + 1, Mention(tuple(fields), word.text))


_TOTALS = {"total": "SUM", "average": "AVG", "mean": "AVG"}


def _named_total(said: Sequence[Word], start: int, end: int, fields: list[tuple[Field, float]]) -> Iterator[Edge]:
    """'Total cost' of a column ``total_cost``: its sum, where a figure is asked for."""
    exact = tuple((f, 0.0) for f, cost in fields if cost == 0.0 and f.role == "number" and len(f.words) == len(said))
    if exact and len(said) > 1 and said[0].text in _TOTALS:
        yield Edge("FG", start, end, Agg(_TOTALS[said[0].text], Mention(exact), Rows(None)), -0.4)


_NO_NAME_TEXT = """
 of in for and per by with is has no number each who which what when where how many all it that on at to from over
under as or not than this their his her its any between before after during since until up out off down into
through about more most less least
"""
_NO_NAME = frozenset(_NO_NAME_TEXT.split())
"""Words that neither begin nor end a name."""


def _priced(found: list[tuple[Field, float]]) -> tuple[tuple[Field, float], ...]:
    """Those that are not much dearer than the cheapest, with what they cost beyond it."""
    least = min(cost for _, cost in found)
    return tuple(sorted(((f, cost - least) for f, cost in found if cost <= least + 1.0), key=lambda p: p[1]))


_PARTS = frozenset(stem(w) for w in ("year", "quarter", "month", "day", "hour", "weekday", "date"))
_DATES = frozenset(stem(w) for w in ("date", "day", "time"))
_VAGUE = frozenset(
    stem(w) for w in ("speed", "price", "value", "level", "amount", "figure", "rate", "size", "length", "score")
)
_KINDS = frozenset(stem(w) for w in ("type", "kind", "category", "class", "group", "name", "code"))
_NAMES = frozenset(stem(w) for w in ("name", "title", "called", "named"))


def _named(f: Field, said: list[str], schema: Schema) -> float | None:
    """What it costs that ``said`` names a column; None where it does not."""
    own = [stem(w) for w in f.words]
    table = [stem(singular(w.lower())) for w in name_parts(f.table)]
    label = schema.label(f.table) == f
    if not own:
        return None
    if said == own:
        return 0.0
    if own[0] in ("is", "has", "was") and said == own[1:]:
        return 0.0
    if label and len(said) == 1 and said[0] in _NAMES and own[-1] in _NAMES | {said[0]}:
        return 0.05
    if label and len(said) > 1 and said[-1] in _NAMES and _covers(table, said[:-1]):
        return 0.0
    if len(said) > 1 and len(said) > len(own) and said[-len(own) :] == own and _covers(table, said[: -len(own)]):
        return 0.0
    if len(said) > 1 and (said[-1] in _DATES if f.role == "date" else said[-1] in _VAGUE and f.role == "number"):
        bare = _named(f, said[:-1], schema)
        if bare is not None:
            return bare + 0.2  # 'opening date' of ``opened_on``, 'wind speed' of ``wind_kmh``
    if len(said) > 1 and said[-1] in _KINDS and f.role == "text" and said[:-1] == own:
        return 0.1  # 'particle type' of ``particle``
    if len(said) == 1 and f.role == "number" and f.unit and said[0] in _spoken_unit(f.unit.lower()):
        return _SYNONYM
    return _loosely(own, said, table)


def _spoken_unit(unit: str) -> frozenset[str]:
    """Words for a unit that name what is measured in it: 'how many kilos'. Times are too many things."""
    return frozenset(stem(w) for w in SPOKEN_UNITS.get(unit, "").split()) if unit not in TIME_UNITS else frozenset()


def _covers(table: list[str], said: list[str]) -> bool:
    """Whether words say the name of a table, all or its last word."""
    if said in (table, table[-1:], table[:1]):
        return True
    return len(said) == 1 and stands_for(table[-1], said[0]) > 0


def _loosely(own: list[str], said: list[str], table: list[str]) -> float | None:
    """Words of the name in another order, some of them left out, or said by synonyms."""
    if len(said) == 1 and said[0] in _PARTS:
        return None  # 'per year' is of a date, or of a column called so
    left, cost = list(own), 0.0
    for word in said:
        best = max(left, key=lambda w: alike(w, word), default="")
        how = alike(best, word) if best else 0.0
        if not how:
            if word in table and word is not said[-1]:
                cost += 0.05
                continue
            return None
        cost += 0.0 if how == 1.0 else _SYNONYM
        left.remove(best)
    if len(left) == len(own):
        return None
    free = [w for w in left if w in table or w in ("is", "has", "at", "on", "by", "to", "total", "nam")]
    return cost + 0.2 + _PARTLY * (len(left) - len(free))


def _called(table: str, said: list[str], schema: Schema) -> float | None:
    own = [stem(singular(w.lower())) for w in name_parts(table)]
    if said == own:
        return 0.0
    if len(own) > 1 and len(said) == 1 and said[0] in own:
        alone = schema.named_in_part(said[0]) == table
        return 0.5 if alone else 0.9 if said[0] == own[-1] else None
    if len(said) == len(own):
        how = [similar(o, s) for o, s in zip(own, said, strict=True)]
        if all(how):
            return 0.6
    return None


# ---------------------------------------------------------------------------------------------------- values


def _values(words: Sequence[Word], links: Links, starts: Sequence[int], schema: Schema) -> Iterator[Edge]:
    at = {w.start + k: i for i, w in enumerate(words) for k in range(len(w.written))}
    spans: dict[tuple[int, int], list[tuple[Field, str]]] = defaultdict(list)
    for v in links.values:
        first, last = starts[v.start], starts[v.end - 1]
        if first in at and last in at:
            spans[at[first], at[last] + 1].append((v.field, v.sql))
            in_roles = (schema.column(role, v.field.name) for role, (t, _) in schema.roles.items() if t == v.field.table)
            spans[at[first], at[last] + 1] += [(f, v.sql) for f in in_roles]
    for (start, end), found in spans.items():
        yield Edge("V", start, end, Value(tuple(dict.fromkeys(found))), -0.2 * (end - start - 1))
