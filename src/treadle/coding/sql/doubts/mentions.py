"""Doubts: numbers, dates, texts, values, columns and tables that the question names and the statement does not use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, stem, stems
from treadle.coding.sql.doubts.facts import Facts, number_of, parts_of
from treadle.coding.sql.doubts.slips import ValuesOf
from treadle.coding.wording import NumberMention
from treadle.types import Column

__all__ = ["mention_doubts"]

# Words of names that questions use for other things.
_GENERIC_TEXT = """
id uid key name title label date day time year month week hour on at of in to from is has number nr no num n count type kind
value size code status state level order total sum index max min avg mean first last end start text note data info role group
user unit
"""
_GENERIC = frozenset(_GENERIC_TEXT.split())
_UNITS_TEXT = """
eur usd gbp chf keur kusd km m cm mm nm pc kpc mpc s ms us ns min h kg g mg t k c f kmh mps gev mev tev ev nb pb fb hz khz
mhz ghz v kv mv a ma w kw mw l ml mb gb tb kb arcsec deg percent pct kelvin celsius
"""
_UNITS = frozenset(_UNITS_TEXT.split())
_VERBS_TEXT = "cost rate score set run mark rank result play start finish charge share"
_VERBS = frozenset(_VERBS_TEXT.split())


def mention_doubts(facts: Facts, asked: Asked, values_of: ValuesOf | None) -> list[str]:
    return [
        *_numbers(facts, asked),
        *_dates(facts, asked),
        *_quotations(facts, asked),
        *(_values(facts, asked, values_of) if values_of is not None else ()),
        *_columns(facts, asked),
        *_tables(facts, asked),
    ]


def _doubt(what: str) -> str:
    return f"the question mentions {what}, the statement does not use it"


# ------------------------------------------------------------------------------------------------------ numbers


def _numbers(facts: Facts, asked: Asked) -> Iterator[str]:
    years = set(asked.years)
    for mention in asked.numbers:
        if mention.text in years:
            if not _has_year(facts, int(mention.text)):
                yield _doubt(mention.text)
        elif not _has_number(facts, mention, asked):
            yield _doubt(mention.text)


def _has_year(facts: Facts, year: int) -> bool:
    """The year itself or, for what ends with it or comes after it, its neighbours; '202' for a decade."""
    wanted = {str(y) for y in (year - 1, year, year + 1)}
    if any(w in text for text in facts.strings for w in wanted):
        return True
    return any(abs(number - year) <= 1 for number in facts.numbers)


_UNIT_FACTORS = (1000, 1e6, 60, 3600, 24, 1440, 86400, 100, 7, 365, 365.25, 30, 12)


def _has_number(facts: Facts, mention: NumberMention, asked: Asked) -> bool:
    value = abs(mention.value)
    wanted = {value}
    wanted |= {value * f for f in _UNIT_FACTORS} | {value / f for f in _UNIT_FACTORS}
    if mention.percent:
        wanted |= {1 - value / 100, 100 - value}
    have = [abs(n) for n in facts.numbers]
    if any(abs(n - w) <= 1e-9 * max(1.0, abs(w)) for n in have for w in wanted):
        return True
    if any(re.search(rf"(?<!\d)0*{re.escape(f'{value:g}')}(?!\d)", text) for text in facts.strings):
        return True
    if any(abs(n - value) == 1 for n in have) and value.is_integer() and _is_strict(facts, value):
        return True
    tables = len([r for r in facts.names.relations.values() if r.table])
    return (
        mention.word
        and value == 2
        and (tables > 1 or bool(asked.has(r"\bthe two\b|\bthese two\b|\btwo (?:teams|parts|sides)\b")))
    )


def _is_strict(facts: Facts, value: float) -> bool:
    """'> 4' for 'at least 5', LIMIT 1 OFFSET 4 for the fifth."""
    for comparison in facts.comparisons:
        number = number_of(comparison.right)
        if number == value - 1 and comparison.operator == ">":
            return True
        if number == value + 1 and comparison.operator == "<":
            return True
    return any(number_of(node.expression) == value - 1 for node in facts.tree.find_all(exp.Offset))


def _dates(facts: Facts, asked: Asked) -> Iterator[str]:
    for date in asked.dates:
        parts = date.split("-")
        found = any(date in text or (text in date and len(text) >= 7) for text in facts.strings)
        apart = set(facts.strings) | {f"{n:02.0f}" for n in facts.numbers} | {f"{n:.0f}" for n in facts.numbers}
        if not found and not all(any(p == a or p == a[:4] for a in apart) for p in parts):
            following = _next_month(parts) if len(parts) == 2 else ""
            if not following or not any(text.startswith(following) for text in facts.strings):
                yield _doubt(date)


def _next_month(parts: list[str]) -> str:
    year, month = int(parts[0]), int(parts[1])
    return f"{year + month // 12}-{month % 12 + 1:02}"


# --------------------------------------------------------------------------------------------- texts and values


def _quotations(facts: Facts, asked: Asked) -> Iterator[str]:
    have = [text.lower().strip("%") for text in facts.strings]
    names = {c.lower() for _, c in facts.columns} | {t.lower() for t in facts.tables}
    for text in asked.quoted:
        said = text.lower()
        if said in names or number_in(facts, said):
            continue
        if not any(said == h or said in h or (len(h) > 2 and h in said) for h in have):
            yield _doubt(f"'{text}'")


def number_in(facts: Facts, text: str) -> bool:
    try:
        return float(text) in facts.numbers
    except ValueError:
        return False


def _values(facts: Facts, asked: Asked, values_of: ValuesOf) -> Iterator[str]:
    """Values of text columns that stand in the question as words of their own."""
    have = [text.lower() for text in facts.strings]
    said = " ".join(stems(re.findall(r"[\w'-]+", asked.text)))
    names = _names_of_schema(facts)
    told: list[str] = []
    chosen = {known[0] for c in facts.comparisons if c.operator == "=" and (known := facts.column(c.left)) is not None}
    for table in facts.summary.tables:
        if table.name in chosen and _names_one(table.name, facts):
            continue  # 'the pycnometer Pyc-2': the name says it all
        for column in table.columns:
            for value in _words_of(table.name, column, values_of):
                if _is_mentioned(value, column, asked, said, names) and not any(_covers(h, value) for h in have):
                    told.append(_doubt(f"{value!r}, a value of {table.name}.{column.name}"))
    # The longest value stands for the shorter ones inside of it.
    return iter(sorted(told, key=len, reverse=True)[:1])


def _names_one(table: str, facts: Facts) -> bool:
    """A row of ``table`` is chosen by its key or by what it is called."""
    for comparison in facts.comparisons:
        known = facts.column(comparison.left)
        if known is None or known[0] != table or comparison.operator != "=":
            continue
        if known[1].key or set(parts_of(known[1].name)) & {"name", "title", "label", "login", "code"}:
            return True
    return False


def _words_of(table: str, column: Column, values_of: ValuesOf) -> list[str]:
    if column.key or not re.search(r"CHAR|TEXT|CLOB|STRING|ENUM", column.type, re.IGNORECASE):
        return []
    values = values_of(table, column.name) or ()
    return [v for v in values if isinstance(v, str) and re.search(r"[A-Za-z]", v) and len(v) <= 60]


def _is_mentioned(value: str, column: Column, asked: Asked, said: str, names: frozenset[str]) -> bool:
    words = re.findall(r"[\w'-]+", value)
    folded = " ".join(stems(words))
    if not words or folded in names or (len(words) == 1 and stem(words[0]) in _GENERIC):
        return False
    if len(value) <= 2:
        around = "|".join(re.escape(p) for p in parts_of(column.name) if len(p) > 1) or "$^"
        others = r"(?:\w+\s*(?:,|or|and)\s+)*"
        return asked.has(
            rf"\b(?:{around})s?\s+{others}(?-i:{re.escape(value)})\b|(?<=\s)(?-i:{re.escape(value)})\s+(?:{around})\b"
        )
    if value[:1].isupper() and len(words) == 1:
        return re.search(rf"(?<![\w-]){re.escape(value)}(?:'s)?(?![\w-])", asked.text) is not None
    return re.search(rf"(?<![\w-]){re.escape(folded)}(?![\w-])", said) is not None


def _covers(literal: str, value: str) -> bool:
    bare, value = literal.strip("%").lower(), value.lower()
    return value in bare or (len(bare) > 2 and (bare in value or stem(bare) == stem(value)))


def _names_of_schema(facts: Facts) -> frozenset[str]:
    names = [t.name for t in facts.summary.tables] + [c.name for t in facts.summary.tables for c in t.columns]
    whole = {" ".join(stems(parts_of(name))) for name in names}
    return frozenset(whole | {w for name in names for w in stems(parts_of(name))})


# --------------------------------------------------------------------------------------------- columns, tables


def _columns(facts: Facts, asked: Asked) -> Iterator[str]:
    """Columns whose whole name is said, where no column with that word is used."""
    said = f" {' '.join(stems(asked.words))} "
    used = _used_words(facts)
    tables = {w for t in facts.summary.tables for w in stems(parts_of(t.name))}
    told: dict[str, str] = {}
    for table in facts.summary.tables:
        for column in table.columns:
            words = [w for w in stems(parts_of(column.name)) if w not in _UNITS and not w.isdigit()]
            content = [w for w in words if w not in _GENERIC and w not in tables]
            if not content or column.references or column.key or words[-1] in ("on", "at"):
                continue
            phrase = f" {' '.join(words)} "
            mentioned = phrase in said or f" un{phrase.strip()} " in said
            if len(content) == 1 and not _is_meant(content[0], column, asked):
                continue
            if mentioned and not set(content) & used and not _is_verb(content, facts.tables, table.name, asked):
                told.setdefault(phrase.strip(), _doubt(f"the column {column.name} of {table.name}"))
    return iter(told.values())


def _is_meant(word: str, column: Column, asked: Asked) -> bool:
    """'in a ward' speaks of any of them; 'released' may be a verb, unless the column says yes or no."""
    if word.endswith("ed") and not (column.values and set(column.values) <= {"0", "1"}):
        return False
    return not asked.has(rf"\b(?:a|an|any|some|one)\s+{word}\b")


def _has_keys(table: str, facts: Facts) -> bool:
    return any(other == table for t in facts.summary.tables for _, other, _ in facts.references(t.name)) or bool(
        facts.references(table)
    )


def _is_verb(content: list[str], read: frozenset[str], table: str, asked: Asked) -> bool:
    """'What do they cost' speaks of no column of another table; 'the cost' does."""
    if table in read or len(content) > 1 or content[0] not in _VERBS:
        return False
    return not asked.has(rf"\b(?:the|a|their|its|of|total|mean|average|highest|lowest)\s+{content[0]}s?\b")


def _used_words(facts: Facts) -> set[str]:
    names = [*(c for _, c in facts.columns), *facts.tables]
    names += [node.alias for node in facts.tree.find_all(exp.Alias)]
    return {w for name in names for w in stems(parts_of(name))} | {
        stem(w) for text in facts.strings for w in re.findall(r"\w+", text.lower())
    }


def _tables(facts: Facts, asked: Asked) -> Iterator[str]:
    """Tables that are named and neither read nor pointed at by those that are."""
    said = f" {' '.join(stems(asked.words))} "
    used = _used_words(facts)
    for table in facts.summary.tables:
        words = stems(parts_of(table.name))
        if table.name in facts.tables or not words or set(words) <= _GENERIC:
            continue
        if not _has_keys(table.name, facts):
            continue  # without declared keys nothing tells which columns point at it
        if table.name not in facts.parents and f" {' '.join(words)} " in said and not set(words) <= used:
            yield _doubt(f"the table {table.name}")
