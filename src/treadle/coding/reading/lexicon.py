"""What each word and phrase of a request may be by itself: numbers, names of columns and objects, phrases of the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from treadle.coding.chart import GUESS, Edge
from treadle.coding.phrases import phrase_edges, read_phrases
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.concepts import idea, ideas_of_name, ideas_of_word
from treadle.coding.reading.formulas import formulas
from treadle.coding.reading.tokens import NUMBER, Token
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import KINDS, Column, Number, Objects, Of
from treadle.coding.reading.units import unit_named

__all__ = ["lexical"]

_BRACKETS = {"(": "LP", ")": "RP"}


def lexical(words: list[Token], told: Told) -> Iterator[Edge]:
    """What every word and phrase may be by itself."""
    catalogue = told.catalogue
    texts = [w.text for w in words]
    texty = any(kind == "str" or kind.startswith(("object", "string")) for kind in catalogue.types.values())
    for i, word in enumerate(words):
        yield Edge(_BRACKETS.get(word.text, word.text) if not word.column else "COLUMN", i, i + 1, word.text)
        if word.column:
            yield from _column(word.column, i, catalogue)
        elif word.written in told.names:
            yield Edge("V", i, i + 1, told.names[word.written])
        elif texty and re.match(r"\w", word.text):
            yield Edge("STR", i, i + 1, word.written)
        elif re.fullmatch(r"[a-z]{3,}s", word.text):
            yield Edge("PLURALS", i, i + 1, word.text)
    yield from phrase_edges([t.lower() for t in texts], _PHRASES)
    yield from _numbers(texts)
    yield from _things(texts, catalogue)
    yield from _kinds(texts, catalogue)
    yield from _suffixes(words, catalogue)
    yield from _described(words, catalogue)
    yield from _rows(texts, catalogue)
    yield from formulas(words, catalogue, told.names)


_NOT_A_NAME_TEXT = """
all any of many the one two no for with most such each in best
"""
_NOT_A_NAME = frozenset(_NOT_A_NAME_TEXT.split())
ROWS = frozenset(["candidate", "interaction", "shower", "decay", "collision", "readout", "measurement", "point"])
"""What else an entry of a tree may be called, where the file has no objects of that name."""


def _rows(texts: list[str], catalogue: Catalogue) -> Iterator[Edge]:
    named = {idea(w) for w in re.findall(r"[a-z]+", catalogue.table.name.lower())}
    taken = {t.whose for t in catalogue.collections}
    pairs = len({t.whose for t in catalogue.particles}) == 1 and len(catalogue.particles) == 2
    for i, text in enumerate(texts):
        meant = idea(text)
        if meant in taken:
            continue
        for start in (i, i - 1):
            noun = "".join([*texts[start:i], meant])
            counter = catalogue.counter(meant if start == i else noun) if start >= 0 else None
            if counter is not None:
                yield Edge("K", start, i + 1, counter)
        single = re.sub(r"s$", "", text)
        named_row = i > 0 and len(texts[i - 1]) <= 4 and re.search(r"[a-z]", texts[i - 1]) and single == "candidate"
        if named_row and texts[i - 1] not in _NOT_A_NAME:
            yield Edge("EVT", i - 1, i + 1, "EVT", 0.2)
        if single in ROWS or (meant in named and meant not in ("event", "data")) or (pairs and single == "pair"):
            yield Edge("EVT", i, i + 1, "EVT", 0.1)


_CUT = re.compile(r"\|\||&&|[<>=!]=|=[<>]|no\.|[\w.#%]+'?\w*|[^\w\s]")
_PHRASES = read_phrases("treadle.coding.reading", _CUT.findall)
_PHRASES["|"].append((("|",), "BAR", "BAR"))


_COUNTED_TEXT = "zero one two three four five six seven eight nine ten eleven twelve"
_COUNTED = {word: i for i, word in enumerate(_COUNTED_TEXT.split())}


def _numbers(texts: list[str]) -> Iterator[Edge]:
    for i, text in enumerate(texts):
        unit = unit_named(texts[i + 1]) if i + 1 < len(texts) else ""
        value: float | None = None
        if re.fullmatch(NUMBER, text):
            value = float(text.replace(",", ""))
        elif text.lower() in _COUNTED:
            value = float(_COUNTED[text.lower()])
        elif text in ("st", "nd", "rd", "th"):
            yield Edge("ORDINAL", i, i + 1, text)
        if named := unit_named(text):
            yield Edge("UNIT", i, i + 1, named)
        if value is None:
            continue
        negative = i > 0 and texts[i - 1] == "-"
        for sign, start in ((1, i), *(((-1, i - 1),) if negative else ())):
            yield Edge("N", start, i + 1, Number(sign * value), 0.0 if sign > 0 else -0.1)
            if unit:
                yield Edge("N", start, i + 2, Number(sign * value, unit), -0.2)
        if i > 0 and texts[i - 1] == "+":
            yield Edge("N", i - 1, i + 1, Number(value))
        if re.fullmatch(r"\d+", text):
            yield Edge("INT", i, i + 1, int(text))
        elif text.lower() in _COUNTED:
            yield Edge("INT", i, i + 1, int(value))


def _column(name: str, i: int, catalogue: Catalogue) -> Iterable[Edge]:
    q = catalogue.by_column[name]
    thing = catalogue.thing_of(q) if q.jagged else None
    if q.jagged and thing is not None:
        yield Edge("V", i, i + 1, Of(Objects(thing), thing.key(name)))
        if [t for t in catalogue.things if t.has(thing.key(name))] == [thing]:
            yield Edge("Q", i, i + 1, thing.key(name), 0.1)
    elif not q.jagged:
        yield Edge("V", i, i + 1, Column(name, q.unit))
    if catalogue.flag(name):
        yield Edge("FLAG", i, i + 1, name)


def _things(texts: list[str], catalogue: Catalogue) -> Iterator[Edge]:
    """Names of collections and particles: 'fat jets', 'electron', 'K'."""
    things = list(catalogue.things)
    unnamed = len([t for t in things if t.index and not t.whose]) == 2 and not catalogue.collections
    for i in range(len(texts)):
        if unnamed and re.fullmatch(r"(?:muon|electron|lepton|particle|track|photon|jet|tau)s?", texts[i]):
            yield Edge("NUMBERED", i, i + 1, "")
            if texts[i].endswith("s"):
                yield Edge("PLURAL", i, i + 1, "")
        if unnamed and re.fullmatch(r"di(?:muon|electron|lepton|photon|jet|tau)s?", texts[i]):
            yield Edge("DI", i, i + 1, "")
            yield Edge("EVT", i, i + 1, "EVT", 0.9)
        for length in (1, 2, 3):
            said = texts[i : i + length]
            if len(said) < length:
                continue
            ideas = " ".join(idea(w) for w in said)
            joined = "".join(w.lower() for w in said)
            for thing in things:
                whose = thing.whose
                if not whose:
                    continue
                short = length == 1 and thing.prefix == said[0]
                if ideas == whose or short or joined in (whose.replace(" ", ""), whose.replace(" ", "") + "s"):
                    if thing.index:
                        yield Edge("NUMBERED", i, i + length, whose)
                        if said[-1].endswith("s"):
                            yield Edge("PLURAL", i, i + length, whose)
                    else:
                        yield Edge("O", i, i + length, Objects(thing))
            if length == 1 and (pair := re.fullmatch(r"di(\w+?)s?", said[0].lower())):
                for thing in things:
                    if thing.whose == idea(pair[1]):
                        yield Edge("DI", i, i + 1, thing.whose)
            if length == 1 and (match := re.fullmatch(r"([A-Za-z]+)([1-4])", said[0])):
                for thing in things:
                    if thing.index == match[2] and thing.whose in (*ideas_of_name(match[1]), match[1].lower()):
                        yield Edge("O", i, i + 1, Objects(thing))


def _kinds(texts: list[str], catalogue: Catalogue) -> Iterator[Edge]:
    """'electrons' of a list of leptons of all kinds: the request has to tell the value that they have."""
    found = catalogue.of_kinds()
    named = {t.whose for t in catalogue.things}
    for i, text in enumerate(texts):
        kind = idea(text)
        if found is not None and kind in KINDS and kind not in named:
            yield Edge("O", i, i + 1, Objects(found[0], adjective=f"kind {kind}"), 0.2)


def _suffixes(words: list[Token], catalogue: Catalogue) -> Iterator[Edge]:
    """What follows the name of a collection in its columns, written alone: 'tightId', 'btagDeepFlavB'."""
    for i, word in enumerate(words):
        if word.column or len(word.text) < 4 or word.text in _COUNTED_IDEAS:
            continue
        having = [
            (thing, what, column)
            for thing in catalogue.collections
            for what, column in thing.columns.items()
            if column.lower().endswith(f"_{word.text}")
        ]
        for thing, what, column in having:
            yield Edge("Q", i, i + 1, what)
            if catalogue.flag(column):
                yield Edge("QF", i, i + 1, what)
            if len(having) == 1:
                yield Edge("V", i, i + 1, Of(Objects(thing), what), 0.2)


def _described(words: list[Token], catalogue: Catalogue) -> Iterator[Edge]:
    """Columns that a phrase of up to five words describes: 'drift time', 'reconstructed energy'."""
    things = {t.whose for t in catalogue.things} - {q.column.lower() for q in catalogue.quantities}
    for start in range(len(words)):
        for end in range(start + 1, min(start + 5, len(words)) + 1):
            said = words[start:end]
            if not _may_describe(said[-1]) or said[0].text in _JOINING:
                break
            plain = [w for w in said if w.text not in _JOINING]
            ideas = frozenset(i for w in plain for i in ideas_of_word(w.written)) - {""}
            nothing = ideas <= _COUNTED_IDEAS or " ".join(idea(w.text) for w in plain) in things
            if said[-1].text in _JOINING or any(w.text in _NO_NAMES for w in plain) or nothing:
                continue
            named = {w.column for w in said if w.column} - _ORDINARY
            for meant, more in _meanings(ideas):
                for edge in _matched(meant, start, end, catalogue, more):
                    if not named or named >= _names_of(edge, catalogue) > set():
                        yield edge


_ORDINARY_TEXT = """
energy time charge mass weight size length width height depth distance angle temperature pressure voltage current momentum
position azimuth zenith type status channel layer station sector run event phase amplitude area
"""
_ORDINARY = frozenset(_ORDINARY_TEXT.split())
"""Names of columns that are words of the language: inside a longer phrase they need not be meant."""
_JOINING = frozenset({"of", "in", "for", "on"})
_LIGHT = ("event", "energy", "reco", "time", "angle", "position", "parameter")
"""Ideas that a phrase may have beyond those of the column that it describes."""


def _may_describe(word: Token) -> bool:
    """Whether a word may belong to a description: no sign, no number, no name but one that is a word itself."""
    named = word.column and not re.fullmatch(r"[a-z]{3,}", word.column)
    return not named and bool(re.match(r"[^\W\d]", word.text))


def _meanings(ideas: frozenset[str]) -> Iterator[tuple[frozenset[str], float]]:
    """What a phrase of these ideas may mean, with what that costs."""
    yield ideas, 0.0
    for said, meant in _SAME:
        if said <= ideas:
            yield ideas - said | {meant}, 0.0
    for light in _LIGHT:
        if light in ideas and len(ideas) > 1:
            yield ideas - {light}, 0.4


def _names_of(edge: Edge, catalogue: Catalogue) -> set[str]:
    """The column that an edge of a description means."""
    if isinstance(edge.meaning, Column):
        return {edge.meaning.name}
    if isinstance(edge.meaning, Of):
        return {edge.meaning.objects.thing.columns[edge.meaning.what]}
    return {edge.meaning} if isinstance(edge.meaning, str) and edge.meaning in catalogue.by_column else set()


_SAME = (
    (frozenset({"decay", "time"}), "tau"),
    (frozenset({"decay", "time"}), "lifetime"),
    (frozenset({"proper", "time"}), "tau"),
    (frozenset({"data", "quality"}), "dq"),
    (frozenset({"channel"}), "chamber"),
    (frozenset({"impact", "parameter"}), "d0"),
    (frozenset({"impact", "parameter"}), "dxy"),
    (frozenset({"impact", "parameter"}), "ip"),
)
"""Phrases and the one idea that a column may have for them."""
_COUNTED_IDEAS = frozenset({"event", "number", "candidate", "entry", "row"})
_NO_NAMES = frozenset(["and", "or", "with", "is", "are", "to", "than", "not", "no", "have", "has", "how", "many"])


def _matched(ideas: frozenset[str], start: int, end: int, catalogue: Catalogue, more: float = 0.0) -> Iterator[Edge]:
    found = catalogue.matching(ideas)
    best = found[0][0] if found else 0.0
    near = [(price, q) for price, q in found if price <= best + 0.05]
    rivals = any("true" in q.ideas for _, q in found[1:]) and best > 0 and "true" not in ideas
    unsure = GUESS if len(near) > 1 or rivals else 0.0
    family = tuple(q.column for price, q in near if not q.jagged)
    if 2 <= len(family) <= 4 and len({catalogue.types[c] for c in family}) == 1:
        yield Edge("FAM", start, end, family, best)
    for price, q in near[:3]:
        cost = price + more + unsure - 0.3 * (len(ideas) - 1)
        thing = catalogue.thing_of(q) if q.jagged else None
        if thing is not None:
            yield Edge("V", start, end, Of(Objects(thing), thing.key(q.column)), cost + 0.3)
        elif not q.jagged:
            yield Edge("V", start, end, Column(q.column, q.unit), cost)
        if catalogue.flag(q.column):
            yield Edge("FLAG", start, end, q.column, cost)
    for thing in catalogue.things:
        for what, column in thing.columns.items():
            if ideas == frozenset(what.split()) and what not in ("pt", "eta", "phi", "mass", "charge", "energy", "momentum"):
                yield Edge("Q", start, end, what, 0.0)
                if catalogue.flag(column):
                    yield Edge("QF", start, end, what, 0.0)
