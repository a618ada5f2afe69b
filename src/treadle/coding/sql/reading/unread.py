"""Which words of a question a statement takes no account of.

A reading by rules can be the only witness for what a small model wrote, because the model copies it. Such a witness must
have heard the whole question: of undoubted readings of benchmarks/questions/more.jsonl 104 of 136 were right where it had,
24 of 69 where it had not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.reading.cues import MONTHS, RANKS
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["SPOKEN_UNITS", "unread_words"]

_GRAMMAR_TEXT = """
a about across after against all also among an and any are around as at be because been before being below between both
but by can could do does did during each either every few for from had has have having he her his how i if in into is it
its just last least less like many me more most much my need neither never no nobody none nor not nothing of off on one
only or other others our out over own per please she should since so some such than that the their them then there these they
this those through to together too under until up us using via want was we were what when where whether which while who
whom whose will with within without would yet you your whatever let's what's who's there's i'd i'm
"""
_ASKED_TEXT = """
give list show find tell return display report print provide output select name names title column columns row rows
table value values answer result results number numbers count order ordered sort sorted rank ranked arrange arranged
group grouped average mean total sum overall altogether combined different distinct unique duplicate duplicates
repetition once single same first top bottom highest lowest largest smallest biggest greatest longest shortest oldest
youngest newest latest earliest cheapest dearest best worst maximum minimum exactly greater fewer larger smaller higher
lower bigger longer shorter older younger later earlier above ascending descending alphabetical alphabetically
chronological percent percentage fraction proportion share ratio rate decimal difference minus compute calculate know
see include including exclude excluding consider considering skip leave left along calendar date dates day days month
months year years time times long ago recent recently thousand million billion half hundred entry entries record records
database two three four five six seven eight nine ten eleven twelve twenty
"""
_RELATION_TEXT = """
come comes came belong belongs contain contains exist exists live lives lived make makes made take takes took taken
place happen happened hold holds held get gets got receive receives received give given go goes went work works worked
offer offers offered use used uses own owns owned locate located situate situated represent represented enter entered
become became worth see seen visit visited have involve involved appear appears appeared occur occurs occurred register
registered record recorded lie lies stand stands keep keeps kept mark marked end ended start started begin began found
say says said call called deal
"""
_ANY = frozenset(stem(w) for w in f"{_GRAMMAR_TEXT} {_ASKED_TEXT} {_RELATION_TEXT} {MONTHS.replace('|', ' ')}".split())
SPOKEN_UNITS = {
    "eur": "euro",
    "usd": "dollar",
    "gbp": "pound",
    "chf": "franc",
    "s": "second",
    "sec": "second",
    "secs": "second",
    "min": "minute",
    "mins": "minute",
    "h": "hour",
    "hr": "hour",
    "hrs": "hour",
    "km": "kilometer kilometre",
    "m": "meter metre",
    "cm": "centimeter centimetre",
    "mm": "millimeter millimetre",
    "kg": "kilogram kilo kilos",
    "g": "gram",
    "gb": "gigabyte",
    "mb": "megabyte",
    "kb": "kilobyte",
    "tb": "terabyte",
    "pc": "parsec",
    "c": "celsius degree",
    "k": "kelvin",
    "pct": "percent",
    "l": "liter litre",
    "kmh": "kilometer kilometre hour",
    "w": "watt",
    "kw": "kilowatt",
    "v": "volt",
    "a": "ampere",
}
"""What units are called in questions."""
_UNITS_TEXT = "kb mb gb tb kg t km m kpc mpc hour minute day kilogram kilometer terabyte gigabyte"
_UNITS = frozenset(stem(w) for w in _UNITS_TEXT.split())
"""Units that a figure may be converted to."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:st|nd|rd|th|s)?")


def unread_words(statement: str, schema: Schema, links: Links) -> list[str]:
    """The words of the question behind ``links`` that stand neither for a table, column or value that ``statement`` uses
    nor for something that every question may say. Numbers and what such words ask for are the business of doubts."""
    used = set(re.findall(r"\w+", statement))
    spoken = set(_spoken_by(used, schema))
    spoken |= {stem(unit) for unit, factor in (("hours", "* 24"), ("minutes", "* 1440")) if factor in statement}
    spoken |= _UNITS if re.search(r"/ (?:10+|24|60|3600|86400)\.0", statement) else set()
    ranks = frozenset(RANKS) if " OFFSET " in statement else frozenset()
    within = {i for v in links.values if v.sql in statement for i in range(v.start, v.end)}
    return [
        word
        for i, word in enumerate(links.words)
        if i not in within and word.lower() not in ranks and not _is_read(word, spoken)
    ]


def _spoken_by(used: set[str], schema: Schema) -> Iterator[str]:
    """Stems of the names that a statement uses."""
    for table, fields in schema.tables.items():
        if not set(re.findall(r"\w+", table)) <= used:
            continue
        yield from (stem(w) for w in name_parts(table))
        for f in fields:
            if set(re.findall(r"\w+", f.name)) <= used:
                yield from (stem(w) for w in (*f.words, f.unit, *SPOKEN_UNITS.get(f.unit.lower(), "").split()))


def _is_read(word: str, spoken: set[str]) -> bool:
    plain = re.sub(r"['’]s?$", "", word.lower())  # noqa: RUF001
    if len(plain) < 2 or _NUMBER.fullmatch(plain):
        return True
    parts = [p for p in re.split(r"[-_]", plain) if p]
    return all(
        stem(p) in _ANY or any(similar(own, s) for own in spoken for s in (stem(p), stem(_affirmed(p)))) for p in parts
    )


def _affirmed(word: str) -> str:
    """'paid' of 'unpaid'."""
    return re.sub(r"^(?:un|in|non)(?=\w{4})", "", word)
