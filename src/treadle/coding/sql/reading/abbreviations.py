"""A question in the names of the schema: of its words 'technicians' stands for the table ``tch``, 'altitude' for ``alt_m``.

A question is rewritten with the short names in the place of the words, so that everything after reads it as if its author
had used them. Common abbreviations come from a list; others stand for a word that begins with their first letter and has
their letters in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from treadle.coding.sql.reading.inflection import plural, singular, stem
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["alike", "stands_for", "with_short_names", "with_spoken_names"]

_COMMON_TEXT = """
addr address; amt amount; avg average; cat category; cd code; cnt count; cred credit; cust customer; del deleted
descr description; dev device; dob birth born; dt date day; dur duration; emp employee; eq equipment; est established founded
fname first; freq frequency; inst installed; inv invoice; loc location place; lname last; lvl level; min minute; mgr manager
mo month; nat nationality; nm name; no number; nr number; ord order; pos position; prod product; proj project; prov province
prc price; pub publication; qty quantity many; reg region; sal salary; seq sequence; sess session; sp species; spp species
stat status state; stk stock; temp temperature; elev elevation altitude; alt altitude; ht height; mag magnitude
conc concentration; pop population; dist distance; tot total; trk track song; trx transaction; ts timestamp when
typ type kind; usr user; val value; vol volume; wt weight; yr year
"""
_COMMON: dict[str, tuple[str, ...]] = {}
for _entry in re.split(r"[;\n]", _COMMON_TEXT.strip()):
    if _said := _entry.split():
        _COMMON[_said[0]] = tuple(stem(word) for word in _said[1:])

_PLAIN = frozenset(("temp", "elev", "mag", "conc", "pop", "dist"))
"""Those of columns that mean the same in every schema."""
_WORD = re.compile(r"[A-Za-z]{4,}")
_IDENTIFIER = re.compile(r"\b[A-Za-z]\w*_\w+\b")
_PERIODS = frozenset(("year", "month", "date"))
_EACH = re.compile(r"\b(?:per|each|every|by|a|which|what)\s+(?:calendar\s+)?$", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiou]")
_KEPT_TEXT = """
what which where when while with whose that this these those than then them they there their show list give tell name many
much more most less least each every from into over under above below between before after only also have been were does some
average total number count ratio share percent percentage highest lowest first last return order sorted
"""
_KEPT = frozenset(_KEPT_TEXT.split())
_ENGLISH_TEXT = "ad am an as at be by do ex go he id if in is it me my no of off oh ok on or out so to top up us we why"
_ENGLISH = frozenset(_ENGLISH_TEXT.split())
"""Short words that abbreviate nothing."""
_NO_NOUN = re.compile(r"(?:est|ing|ed|ly)$")
"""Words that name no table of two letters: 'starting' is no station."""
_FEW_VOWELS = 3
"""So many names without vowels make a schema one of abbreviations: only there is ``alt`` one as well."""


_LONGEST = 5
"""Letters of a name with vowels that may be the beginning of a word: ``spons``."""


def with_short_names(text: str, schema: Schema) -> str:
    """``text`` with the schema's own abbreviations for the words that they stand for; word by word, in quotes nothing."""
    tables, columns = _short_parts(schema)
    if not (tables or columns):
        return text
    known = {stem(w) for w in _all_parts(schema)}
    quoted = [m.span() for m in re.finditer(r"'[^']*'|\"[^\"]*\"", text)]

    def short(match: re.Match[str]) -> str:
        word = match[0].lower()
        if re.match(r"\s+\d", text[match.end() :]):
            return match[0]  # 'the year 2023' is no column
        if word in _PERIODS and _EACH.search(text[: match.start()]) and not re.match(r"\s+of\b", text[match.end() :]):
            return match[0]  # 'per year' is of any date
        inside = any(a <= match.start() < b for a, b in quoted)
        if inside or word in _KEPT or stem(word) in known or any(similar(k, stem(word)) for k in known):
            return match[0]
        return _written(word, tables, columns) or match[0]

    return _WORD.sub(short, text)


def with_spoken_names(text: str, schema: Schema) -> str:
    """``text`` with columns that are named as they are written, such as ``list_price``, in words: 'list price'."""
    names = {f.name.lower(): f.spoken for f in schema.fields if "_" in f.name}
    return _IDENTIFIER.sub(lambda m: names.get(m[0].lower(), m[0]), text)


def _written(word: str, tables: frozenset[str], columns: frozenset[str]) -> str:
    """The short name for one word; in the plural where the word is. Names of tables come first."""
    one = singular(word)
    found = [
        (fit, names is tables, name) for names in (tables, columns) for name in names if (fit := stands_for(name, one)) > 0
    ]
    if not found:
        return ""
    _, of_table, name = max(found)
    return plural(name) if one != word and of_table and not name.endswith("s") else name


def stands_for(name: str, word: str) -> float:
    """How well a short name stands for a word: 3 by the list, 2 by all consonants or as its beginning, from 1 by some."""
    if stem(word) in _COMMON.get(name, ()):
        return 3.0
    if name in _COMMON:
        return 0.9 if len(name) >= 3 and word.startswith(name) and name not in _PLAIN else 0.0
    if name == word or len(word) <= len(name) or name[0] != word[0]:
        return 0.0
    consonants = word[0] + _VOWELS.sub("", word[1:])
    if name == consonants or (len(name) >= 3 and word.startswith(name)):
        return 2.0
    if len(name) == 2:
        return 1.0 if word.startswith(name) and not _NO_NOUN.search(word) else 0.0
    return 1.0 + len(name) / len(word) if _in_order(name, word) and not _VOWELS.search(name[1:]) else 0.0


def alike(own: str, said: str) -> float:
    """How well the stem of a word of a name is said by another, its abbreviation written out: 'heaviest' of ``wt_g``."""
    return similar(own, said) or max((0.8 for word in _COMMON.get(own, ()) if similar(word, said)), default=0.0)


def _in_order(name: str, word: str) -> bool:
    letters = iter(word)
    return all(letter in letters for letter in name)


def _short_parts(schema: Schema) -> tuple[frozenset[str], frozenset[str]]:
    """Parts of names of tables and columns that are abbreviations."""
    key = tuple((t, tuple(f.words for f in fields if f.role != "key")) for t, fields in schema.tables.items())
    return _shortened(key)


@lru_cache(maxsize=64)
def _shortened(names: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]) -> tuple[frozenset[str], frozenset[str]]:
    tables = frozenset(p.lower() for table, _ in names for p in name_parts(table))
    columns = frozenset(word for _, fields in names for words in fields for word in words)
    bare = {p for p in tables | columns if _without_vowels(p)}
    many = len(bare) >= _FEW_VOWELS
    kept = [
        {p for p in parts if p in bare or (many and 2 < len(p) <= _LONGEST and p.isalpha())} for parts in (tables, columns)
    ]
    return frozenset(kept[0]), frozenset(kept[1] | (columns & _PLAIN))


def _without_vowels(part: str) -> bool:
    return len(part) >= 2 and part.isalpha() and not re.search(r"[aeiouy]", part[1:]) and part not in _ENGLISH


def _all_parts(schema: Schema) -> Iterator[str]:
    for table, fields in schema.tables.items():
        yield from (p.lower() for p in name_parts(table))
        for f in fields:
            yield from f.words
