"""What words and phrases of a question may be by themselves: names of tables and columns, values, numbers, dates, phrases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.resources import files

from treadle.coding.reading.chart import Edge
from treadle.coding.sql.questions.tree import Mention, Num, TableName, Value
from treadle.coding.sql.questions.words import Word
from treadle.coding.sql.reading.cues import MONTHS, NUMBER_WORDS
from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.schema import Field, Schema, singular, stem
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["idle", "lexical"]

_MOST_WORDS = 4
"""Of a name of a column or table, at most."""
_PARTLY = 0.8
"""What each word of a column's name costs that was not said."""
_SYNONYM = 0.5
_SIGNS = {"(": "LP", ")": "RP"}
_MONTH = {name: f"{i + 1:02}" for i, name in enumerate(MONTHS.split("|"))}


def _read_phrases() -> dict[str, list[tuple[tuple[str, ...], str, str]]]:
    """Of each first word: (words, symbol, meaning) of the phrases that begin with it."""
    text = files("treadle.coding.sql.questions").joinpath("phrases.txt").read_text(encoding="utf-8")
    table: dict[str, list[tuple[tuple[str, ...], str, str]]] = defaultdict(list)
    for line in re.sub(r"\n +", " ", text).splitlines():
        head, _, said = line.partition(": ")
        if not said or line.startswith("#"):
            continue
        symbol, _, meaning = head.partition(" ")
        for phrase in said.split(" | "):
            words = tuple(phrase.strip().lower().split())
            table[words[0]].append((words, symbol, meaning or symbol))
    return table


_PHRASES = _read_phrases()


def lexical(words: Sequence[Word], schema: Schema, links: Links, starts: Sequence[int]) -> Iterator[Edge]:
    """What every word and phrase may be. ``starts``: the characters at which the words of ``links`` begin."""
    for i, word in enumerate(words):
        yield Edge("QUOTED" if word.kind == "quoted" else _SIGNS.get(word.text, word.text), i, i + 1, word.text)
        if word.kind == "word" and (len(word.text) == 1 or word.written[0].isupper()):
            yield Edge("W", i, i + 1, word.written, 0.4)
    yield from _phrases([w.text for w in words])
    yield from _numbers(words)
    yield from _names(words, schema)
    yield from _values(words, links, starts)


def _phrases(texts: list[str]) -> Iterator[Edge]:
    for i, first in enumerate(texts):
        for words, symbol, meaning in _PHRASES.get(first, ()):
            if tuple(texts[i : i + len(words)]) == words:
                yield Edge(symbol, i, i + len(words), meaning, -0.2 * (len(words) - 1))


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
        if word.kind == "number" and words[i + 1 : i + 2] and words[i + 1].text in ("million", "thousand", "billion"):
            factor = {"thousand": 1e3, "million": 1e6, "billion": 1e9}[words[i + 1].text]
            yield Edge("N", i, i + 2, Num(f"{float(word.text.replace(',', '')) * factor:.0f}", "million"), -0.2)


# ----------------------------------------------------------------------------------------------------- names


def _names(words: Sequence[Word], schema: Schema) -> Iterator[Edge]:
    """Columns and tables that the words from ``start`` to ``end`` may name."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1):
            said = words[start:end]
            if any(w.kind not in ("word", "number") for w in said) or said[0].kind == "number" or said[-1].text in _NO_NAME:
                continue
            stems = [w.stem for w in said]
            fields = [(f, cost) for f in schema.fields if (cost := _named(f, stems, schema)) is not None]
            if fields:
                # 0.1 less a word: a long name says more than its parts
                text, least = " ".join(w.text for w in said), min(cost for _, cost in fields)
                yield Edge("F", start, end, Mention(_priced(fields), text), least - 0.15 * (end - start - 1))
            tables = [(t, cost) for t in schema.tables if (cost := _called(t, stems, schema)) is not None]
            if tables:
                least = min(cost for _, cost in tables)
                named = tuple(sorted(((t, cost - least) for t, cost in tables), key=lambda p: p[1]))
                yield Edge("T", start, end, TableName(named), least - 0.15 * (end - start - 1))


_NO_NAME = frozenset({"of", "in", "for", "and", "per", "by", "with", "is", "has", "no", "number", "each", "who", "which", "what", "when", "where", "how", "many", "all", "it", "that"})


def _priced(found: list[tuple[Field, float]]) -> tuple[tuple[Field, float], ...]:
    """Those that are not much dearer than the cheapest, with what they cost beyond it."""
    least = min(cost for _, cost in found)
    return tuple(sorted(((f, cost - least) for f, cost in found if cost <= least + 1.0), key=lambda p: p[1]))


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
    return _loosely(own, said, table)


def _covers(table: list[str], said: list[str]) -> bool:
    """Whether words say the name of a table, all or its last word."""
    return said in (table, table[-1:], table[:1])


def _loosely(own: list[str], said: list[str], table: list[str]) -> float | None:
    """Words of the name in another order, some of them left out, or said by synonyms."""
    left, cost = list(own), 0.0
    for word in said:
        best = max(left, key=lambda w: similar(w, word), default="")
        how = similar(best, word) if best else 0.0
        if not how:
            if word in table and word is not said[-1]:
                cost += 0.05
                continue
            return None
        cost += 0.0 if how == 1.0 else _SYNONYM
        left.remove(best)
    if len(left) == len(own):
        return None
    free = [w for w in left if w in table or w in ("is", "has", "at", "on", "total", "nam")]
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


def _values(words: Sequence[Word], links: Links, starts: Sequence[int]) -> Iterator[Edge]:
    at = {w.start + k: i for i, w in enumerate(words) for k in range(len(w.written))}
    spans: dict[tuple[int, int], list[tuple[Field, str]]] = defaultdict(list)
    for v in links.values:
        first, last = starts[v.start], starts[v.end - 1]
        if first in at and last in at:
            spans[at[first], at[last] + 1].append((v.field, v.sql))
    for (start, end), found in spans.items():
        yield Edge("V", start, end, Value(tuple(dict.fromkeys(found))), -0.2 * (end - start - 1))


# ------------------------------------------------------------------------------------------------ idle words

_IDLE_TEXT = """
please there their its his her they it them i you we us me do does did can could would should be been is are was were has have had
also any our your my this these those that exactly actually currently really
so just simply then now as hi hello thanks thank need want see database table tables data records list know find
belong belongs belonging come comes came contain contains exist exists live lives lived make makes made take takes took taken place
happen happened hold holds held get gets got receive receives received given go goes went work works worked offer offers offered
use used uses own owns owned located situated represented entered became worth seen visited involve involved appear appears
appeared occur occurs occurred registered recorded lie lies keeps kept said called related associated having respective
employ employs employed raised handled handle handles submit led leads lead manage manages managed attended attend teaches teach taught
supplied supply supplies hosted host hosts issued logged filed posted measured participated participate run sell sells buy buys play plays write
writes wrote visit visits lay worked treat treated care driven drive drives drove carried carry carries shipped ship received receive
sold ran runs stored submitted played serve serves served stop stops made performed visited bought paid placed written
corresponding each's full stored available different various particular particularly single certain kind
""".replace("different", "").replace("single", "")
_IDLE = frozenset(_IDLE_TEXT.split()) | frozenset(".?!:;,\"'“”’`")  # noqa: RUF001


_IDLE_PHRASES = tuple(
    tuple(p.split()) for p in (
        "at all|on record|so far|on file|at some point|at any time|as well|at least once|for me|if any|in question"
        "|at hand|in database|in data|in table|in list|in dataset|in system|in records|up to now|to date|on average each"
        "|ended up|of course|if possible|at once|and nothing else|nothing else|in short|to me|from database"
        "|give number between 0 and 1|as number between 0 and 1|as value between 0 and 1|i want value between 0 and 1|answer with number between 0 and 1"
        "|as decimal number|as decimal|as fraction|return ratio as decimal number|as decimal fraction|as ratio|in decimal form|between 0 and 1|are enough"
        "|is enough|as number|give answer|as plain number|would do|will do|is fine|return ratio as decimal|yyyy - mm|as yyyy - mm|month as yyyy - mm|in form yyyy - mm|in format yyyy - mm|formatted as yyyy - mm|in whole data set|in full|i e|e g|by far|too|yet|ever|whole data set|over all time"
    ).split("|")
)


def idle(words: Sequence[Word]) -> frozenset[int]:
    """The places of words that may be passed over without being left over: they choose nothing."""
    texts = [w.text for w in words]
    found = {i for i, w in enumerate(words) if w.text in _IDLE and w.kind != "quoted"}
    for phrase in _IDLE_PHRASES:
        for i in range(len(texts) - len(phrase) + 1):
            if tuple(texts[i : i + len(phrase)]) == phrase:
                found |= set(range(i, i + len(phrase)))
    return frozenset(found)
