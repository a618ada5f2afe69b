"""Which tables, columns and values of a database a question speaks of ("schema linking").

By words only: parts of names against words of the question, inflection and a few everyday synonyms aside ('expensive' is a
price), and parts of the question against the text values that the database really holds.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from treadle.coding.sql.base import Database, rows_of
from treadle.coding.sql.reading.abbreviations import alike, with_short_names, with_spoken_names
from treadle.coding.sql.reading.adjectives import CODES, forms
from treadle.coding.sql.reading.cues import MONTHS
from treadle.coding.sql.reading.inflection import singular, singulars, stem
from treadle.coding.sql.reading.periods import with_periods
from treadle.coding.sql.reading.schema import Field, Schema, quote_name
from treadle.types import Limits
from treadle.words import name_parts

__all__ = [
    "Links",
    "ValueLink",
    "find_values",
    "link",
    "normalised",
    "places_of",
    "value_query",
    "words_of",
]

_WORD = re.compile(r"\d+(?:-[A-Za-z]\w*)+|\d+[A-Za-z]\w*|[A-Za-zÀ-ÿ](?:[A-Za-zÀ-ÿ0-9_'-]*[A-Za-zÀ-ÿ0-9_])?|\d+(?:\.\d+)?")
_MAX_NGRAM = 6


@dataclass(frozen=True, slots=True)
class ValueLink:
    """A value of a column that the question names. ``start``, ``end``: which words of the question."""

    field: Field
    value: str
    start: int
    end: int

    @property
    def sql(self) -> str:
        return "'" + self.value.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Links:
    """What a question speaks of. Scores lie between 0 and 1.

    ``at``: the word at which something is named best; ``exact``: all words that name it by its own name.
    """

    words: tuple[str, ...]
    fields: dict[Field, float]
    tables: dict[str, float]
    values: tuple[ValueLink, ...]
    at: dict[object, int]
    exact: dict[object, tuple[int, ...]]

    def best(self, accept: Callable[[Field], bool]) -> list[Field]:
        """Linked fields that ``accept`` takes, best first."""
        found = [f for f, score in self.fields.items() if score > 0 and accept(f)]
        return sorted(found, key=lambda f: -self.fields[f])


_YEAR = r"((?:1[5-9]|20)\d\d)"


def _part_of_year(match: re.Match[str]) -> str:
    """'in the first quarter of 2024' as its first and last day."""
    months = 3 if match[2].lower() == "quarter" else 6
    number = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 12 // months}[match[1].lower()]
    last = months * number
    if last > 12:
        return match[0]
    days = calendar.monthrange(int(match[3]), last)[1]
    return f"between {match[3]}-{last - months + 1:02}-01 and {match[3]}-{last:02}-{days}"


_TENS = ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine")


def _decade(match: re.Match[str]) -> str:
    """'In the nineties' as years of the last century."""
    ten = _TENS.index(match[1].lower()) + 2
    return f"between 19{ten}0 and 19{ten}9"


_REWRITES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"\b(first|last) and (first|last) (name)s?\b", re.IGNORECASE), r"\1 name and \2 name"),
    (re.compile(rf"\b(\d{{1,2}})\s+({MONTHS})\s+{_YEAR}\b", re.IGNORECASE), lambda m: _iso(m[3], m[2], m[1])),
    (re.compile(rf"\b({MONTHS})\s+(\d{{1,2}}),?\s+{_YEAR}\b", re.IGNORECASE), lambda m: _iso(m[3], m[1], m[2])),
    (re.compile(r"\b(?:in )?the ((?:1[5-9]|20)\d)0s\b", re.IGNORECASE), r"between \g<1>0 and \g<1>9"),
    (re.compile(r"\b(?:in|during) the (twen|thir|for|fif|six|seven|eigh|nine)ties\b", re.IGNORECASE), _decade),
    (
        re.compile(r"\b(?:in|during) the (\d\d)(?:st|nd|rd|th) century(?: \(\d{4} ?[-–] ?\d{4}\))?", re.IGNORECASE),  # noqa: RUF001
        lambda m: f"between {int(m[1]) - 1}01 and {m[1]}00",
    ),
    (
        re.compile(rf"\b(?:in|during) the (first|second|third|fourth|last) (quarter|half) of {_YEAR}\b", re.IGNORECASE),
        _part_of_year,
    ),
    (re.compile(r"(?:^|(?<=[.?!] ))State(?=\s+(?:the|its|their|his|her|which|what|how)\b)"), "Give"),
    (re.compile(r"\bmost recent(?:ly)?\b", re.IGNORECASE), "latest"),
    (re.compile(r"\be-mails?\b", re.IGNORECASE), "email"),
    (re.compile(r"(?<![\d.,:/-])(\d{1,3}) (\d{3})(?= (?:euros?|dollars?|[A-Z]{3}|inhabitants|people)\b)"), r"\1\2"),
    (re.compile(r"\b(?:several|multiple)\s+(?=[a-z])", re.IGNORECASE), "more than one "),
    (re.compile(r"\b(?:only|just)\s+(?:one|a single)\s+(?=[a-z])", re.IGNORECASE), "exactly one "),
    (re.compile(r"\b(?:all )?together(?=\s*[?.!]?\s*$)", re.IGNORECASE), "in total"),
)


def _iso(year: str, month: str, day: str) -> str:
    return f"{year}-{MONTHS.split('|').index(month.lower()) + 1:02}-{int(day):02}"


def normalised(text: str) -> str:
    """The question with dates in ISO form, and a few phrases written out: 'first and last names', 'the 1990s'."""
    for pattern, written in _REWRITES:
        text = pattern.sub(written, text)
    return with_periods(text)


def words_of(text: str) -> list[str]:
    return _WORD.findall(text)


def places_of(text: str) -> list[int]:
    """The character at which each word begins."""
    return [m.start() for m in _WORD.finditer(text)]


_DOER = re.compile(r"(?:ers?|ors?|ees?)$")


def _happened(word: str, f: Field) -> bool:
    """Whether a word says that something happened: 'played', no 'player', and no 'visits' in a table of that name."""
    return word.endswith("ed") or not (_DOER.search(word) or stem(word) in [stem(w) for w in _table_words(f.table)])


def link(text: str, schema: Schema, values: Iterable[tuple[Field, str]] = ()) -> Links:
    """Links of question ``text`` into ``schema``. ``values``: what ``value_query`` found."""
    said = with_spoken_names(normalised(text), schema)
    found = _value_links(words_of(said), values, schema)
    words = words_of(with_short_names(said, schema))
    phrases = _column_phrases(words, schema)
    found = [v for v in found if not (phrases & set(range(v.start, v.end))) or v.end - v.start > 1]
    taken = {i for v in found for i in range(v.start, v.end)}
    whole = [stem(w) if i not in taken else "" for i, w in enumerate(words)]
    # 'the number of passengers' names no column called number
    counting = {i for i, (w, after) in enumerate(pairwise(words)) if (w.lower(), after.lower()) == ("number", "of")}
    stems = ["" if i in counting else s for i, s in enumerate(whole)]
    at: dict[object, int] = {}
    exact: dict[object, tuple[int, ...]] = {}
    tables = {t: _match(_table_words(t), stems, at, exact, t) for t in schema.tables}
    for t in schema.tables:
        if tables[t] > _LINK_APART and _links_others(t, schema) and not _side_by_side(_table_words(t), stems):
            tables[t] = _LINK_APART
    for named in (schema.named_in_part(said) for said in dict.fromkeys(stems) if said):
        if named is not None:
            tables[named] = max(tables[named], 0.99)
    fields: dict[Field, float] = {}
    for f in schema.fields:
        own, heard = f.words, stems
        if len(own) > 1 and own[-1] in ("at", "on"):  # ``played_on`` is said by 'played', not by 'player'
            own, heard = own[:-1], [s if _happened(w.lower(), f) else "" for s, w in zip(stems, words, strict=True)]
        score = _match(own, heard, at, exact, f)
        if score and len(own) > 1 and counting and heard is stems:
            score = max(score, _match(own, whole, at, exact, f))  # 'the number of citations': ``citation_num``
        if score and len(f.words) > 1 and (set(f.words[:-1]) <= set(_table_words(f.table)) or f == schema.label(f.table)):
            score = max(score, _match(f.words[-1:], stems, at, exact, f))  # player_name, full_name: 'name'
        if score and len(f.words) == 1 and f.words[0] in _table_words(f.table):
            score *= 0.6
        # Two columns with the same name: the one whose table is spoken of.
        fields[f] = score * (0.85 + 0.15 * tables[f.table]) if score else 0.0
    return Links(tuple(words), fields, tables, tuple(found), at, exact)


_LINK_APART = 0.45
"""What a table of links such as ``game_designer`` is named by where games and designers are, each for itself."""


def _links_others(table: str, schema: Schema) -> bool:
    """Whether every word of a table's name is the name of another table."""
    own = [stem(w) for w in _table_words(table)]
    others = {stem(words[0]) for t in schema.tables if t != table and len(words := _table_words(t)) == 1}
    return len(own) > 1 and all(w in others for w in own)


def _side_by_side(name: Sequence[str], stems: Sequence[str]) -> bool:
    own = [stem(w) for w in name]
    return any(list(stems[i : i + len(own)]) == own for i in range(len(stems) - len(own) + 1))


def _column_phrases(words: Sequence[str], schema: Schema) -> set[int]:
    """Places of columns named in full by two words or more: 'full name' names a column, and no value 'full'."""
    stems = [stem(w) for w in words]
    found: set[int] = set()
    for f in schema.fields:
        own = [stem(w) for w in f.words]
        if len(own) > 1 and f.words[0] not in ("is", "has"):  # 'is good' is said of anything
            for start in range(len(stems) - len(own) + 1):
                if stems[start : start + len(own)] == own:
                    found |= set(range(start, start + len(own)))
    return found


def _table_words(table: str) -> tuple[str, ...]:
    return tuple(singular(w.lower()) for w in name_parts(table))


def _match(
    name: Sequence[str], stems: Sequence[str], at: dict[object, int], exact: dict[object, tuple[int, ...]], key: object
) -> float:
    """How much of ``name`` the question says: 1 by its own words, 0.8 by a synonym, averaged over the parts of the name."""
    total, where = 0.0, -1
    for word in name:
        own = stem(word)
        best = 0.0
        for i, said in enumerate(stems):
            score = alike(own, said) if said else 0.0
            if score > best:
                best, where = score, i
        total += best
    if total and where >= 0:
        at[key] = where
        exact[key] = tuple(i for i, said in enumerate(stems) if said == stem(name[-1]))
    return total / max(len(name), 1)


# ------------------------------------------------------------------------------------------------------ values


def _ngrams(words: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Lower-case runs of words with their places, the longest first; last words also in the singular."""
    found: dict[str, tuple[int, int]] = {}
    for size in range(min(_MAX_NGRAM, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            run = [w.lower() for w in words[start : start + size]]
            for last in [run[-1]] if run[-1] in _COMMON else singulars(run[-1]):  # 'has' is no plural
                found.setdefault(" ".join([*run[:-1], last]), (start, start + size))
    return found


_COMMON_TEXT = """
a an the of in on at to for from by with and or is are was were be been do does did has have had not no all any each
every which what who whom whose how many much give list show find tell me there that than more less most least name
names number average mean total sum count first last top per as it its their them they he she we you between before
after above below over under only also both same other different year years day days time
"""
_COMMON = frozenset(_COMMON_TEXT.split())


def value_query(text: str, schema: Schema, limit: int = 200) -> str | None:
    """A statement that finds which text values of the database stand in the question; columns: table, column, value."""
    text = normalised(text)
    letters = {w.lower() for w in _single_letters(words_of(text), schema)} | _beside_columns(words_of(text), schema)
    said = [t for t in [*_ngrams(words_of(text)), *_quoted(text)] if (t not in _COMMON and len(t) > 1) or t in letters]
    said += [value for w in words_of(text) for value in (*forms(w), *sorted(CODES.get(w.lower(), ())))]
    wanted = ", ".join("'" + t.replace("'", "''") + "'" for t in dict.fromkeys(said))
    if not wanted:
        return None
    parts = []
    for f in schema.fields:
        if f.role in ("text", "label") or (f.role == "key" and f.values and f.values[0].startswith("'")):
            name, table = quote_name(f.name), quote_name(f.table)
            place = f"'{_escaped(f.table)}' AS t, '{_escaped(f.name)}' AS c"
            spoken = f"LOWER(CAST({name} AS TEXT)) IN ({wanted})"
            parts.append(f"SELECT DISTINCT {place}, {name} AS v FROM {table} WHERE {spoken}")  # noqa: S608
    return " UNION ALL ".join(parts[:60]) + f" LIMIT {limit}" if parts else None


def find_values(text: str, schema: Schema, database: Database, limits: Limits) -> list[tuple[Field, str]]:
    """Text values of the database that stand in ``text``; none where looking took too long."""
    statement = value_query(text, schema)
    found = None if statement is None else rows_of(database.execute(statement, limits))
    fields = {(f.table, f.name): f for f in schema.fields}
    return [] if found is None else [(fields[t, c], str(v)) for t, c, v in found.rows]


def _single_letters(words: Sequence[str], schema: Schema) -> dict[str, set[int]]:
    """Letters that may be values, with their places: beside the name of a column ('quality A', 'the r band'), or joined by
    'or' to what stands there ('blood group AB or B')."""
    names = {stem(w) for f in schema.fields if f.role in ("text", "label") for w in f.words[-1:]}
    named = [stem(w) in names for w in words]
    found: dict[str, set[int]] = {}
    for i, word in enumerate(words):
        joined = i >= 3 and words[i - 1].lower() in ("or", "and") and named[i - 3]
        if len(word) == 1 and word.isalpha() and (joined or (i and named[i - 1]) or named[i + 1 : i + 2] == [True]):
            found.setdefault(word, set()).add(i)
    return found


def _beside_columns(words: Sequence[str], schema: Schema) -> set[str]:
    """Everyday words right before the name of a column of texts: 'first class' may be a value of ``travel_class``."""
    names = {stem(f.words[-1]) for f in schema.fields if f.role == "text" and f.words}
    return {w.lower() for w, after in pairwise(words) if w.lower() in _COMMON and stem(after) in names}


def _escaped(text: str) -> str:
    return text.replace("'", "''")


def _quoted(text: str) -> list[str]:
    return [m.lower() for m in re.findall(r"[\"“]([^\"”]+)[\"”]|(?<!\w)'([^']+)'(?!\w)", text) for m in m if m]


def _value_links(words: Sequence[str], values: Iterable[tuple[Field, str]], schema: Schema) -> list[ValueLink]:
    """Values at their places; where places overlap the longest stays, and of equal ones all."""
    places, letters = _ngrams(words), _single_letters(words, schema)
    found = []
    for f, value in values:
        if f.words[-1:] in (("sex",), ("gender",)):
            said = [i for i, w in enumerate(words) if value.lower() in CODES.get(w.lower(), ())]
            found += [ValueLink(f, value, i, i + 1) for i in said]
            if said:
                continue
        if len(value) == 1:  # of a letter all places count where the name of its column stands near
            own = {i for i, w in enumerate(words) if stem(w) in {stem(x) for x in f.words[-1:]}}
            near = [i for i in letters.get(value, ()) if any(abs(i - k) <= 1 or 0 < i - k <= 3 for k in own)]
            found += [ValueLink(f, value, i, i + 1) for i in near]
            continue
        place = places.get(value.lower()) or _place_of(value, words)
        place = place or next(((i, i + 1) for i, w in enumerate(words) if value.lower() in forms(w)), None)
        if place is None or _is_a_name(value, schema) or not _of_day(words[place[0]], value, f):
            continue
        found.append(ValueLink(f, value, *place))
    found.sort(key=lambda v: -(v.end - v.start))
    kept: list[ValueLink] = []
    for v in found:
        clash = [k for k in kept if k.start < v.end and v.start < k.end]
        if all((k.start, k.end) == (v.start, v.end) for k in clash):
            kept.append(v)
    return kept


def _of_day(said: str, value: str, f: Field) -> bool:
    """Whether a value that is short for a day ('Sun' for 'Sunday') stands in a column of days."""
    shorter = value.lower() != said.lower() and value.lower() in forms(said) and said.lower().startswith(value.lower())
    return not shorter or any(w.endswith(("day", "dy", "days")) or w == "dow" for w in f.words)


def _place_of(value: str, words: Sequence[str]) -> tuple[int, int] | None:
    """Where a quoted value with punctuation stands."""
    parts = [w.lower() for w in words_of(value)]
    lowered = [w.lower() for w in words]
    for start in range(len(lowered) - len(parts) + 1):
        if parts and lowered[start : start + len(parts)] == parts:
            return start, start + len(parts)
    return None


def _is_a_name(value: str, schema: Schema) -> bool:
    """A value that is also the name of a table or of a column of texts ('player', 'service call') is rather that."""
    own = stem(value)
    if " " in value and [stem(w) for w in words_of(value)] in [[stem(w) for w in _table_words(t)] for t in schema.tables]:
        return True
    names = {stem(w) for t in schema.tables for w in _table_words(t)}
    names |= {stem(f.words[0]) for f in schema.fields if len(f.words) == 1 and f.role in ("text", "label")}
    return " " not in value and own in names
