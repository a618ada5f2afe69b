"""Conditions on one column, as SQL and as people say them: before the noun ('crime books') or behind it ('from Italy')."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from treadle.synthesis.sql.pools import nice
from treadle.synthesis.sql.query import col, literal
from treadle.synthesis.sql.world import Column, Dialect, Table

__all__ = ["Condition", "active", "day_words", "draw_condition", "in_month", "in_year", "noun_of", "said_number", "year_of"]

_ACTIVE_TEXT = "joined left died started ended finished expires departed arrived graduated opened closed"
ACTIVE = frozenset(_ACTIVE_TEXT.split())
_UNIT_WORDS: dict[str, tuple[str, ...]] = {
    "eur": ("{} euros", "{} EUR", "€{}"),
    "usd": ("{} dollars", "${}", "{} USD"),
    "chf": ("{} francs", "{} CHF"),
    "km": ("{} km", "{} kilometres"),
    "m": ("{} m", "{} metres", "{} meters"),
    "kg": ("{} kg", "{} kilograms"),
    "g": ("{} g", "{} grams"),
    "t": ("{} tonnes", "{} t"),
    "kmh": ("{} km/h",),
    "ms": ("{} m/s",),
    "c": ("{} degrees", "{} °C"),
    "k": ("{} K", "{} kelvin"),
    "min": ("{} minutes", "{} min"),
    "h": ("{} hours",),
    "s": ("{} seconds", "{} s"),
    "gev": ("{} GeV",),
    "tev": ("{} TeV",),
    "mev": ("{} MeV",),
    "pct": ("{} %", "{} percent"),
    "m2": ("{} square metres", "{} m2"),
    "km2": ("{} square kilometres", "{} km2"),
    "ha": ("{} hectares",),
    "l": ("{} litres",),
    "mm": ("{} mm",),
    "cm": ("{} cm",),
    "kw": ("{} kW",),
    "mw": ("{} MW",),
    "kwh": ("{} kWh",),
    "gb": ("{} GB",),
    "mb": ("{} MB",),
    "kb": ("{} kB",),
    "hz": ("{} Hz",),
    "years": ("{}", "{} years"),
}
_OWNED_TEXT = """
sea view,loyalty card,lift available,newsletter,night shift,allergies,record,success,penalty,solo,lead,salt water
"""
_OWNED = frozenset(_OWNED_TEXT.strip().split(","))
"""Flags that are said with 'with', not with 'that are'."""
_MONTH_TEXT = "January February March April May June July August September October November December"
_MONTHS = _MONTH_TEXT.split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """``sql`` with the column marked; words ``before`` the noun, or ``after`` it."""

    sql: str
    column: Column
    before: str = ""
    after: str = ""
    kind: str = ""

    @property
    def predicate(self) -> str:
        """The same as what is said of the subject: 'have more than 3 pages'; empty where it cannot be said so."""
        text = self.after
        for start, told in (("with ", "have "), ("without ", "do not have "), ("that ", ""), ("who ", "")):
            if text.startswith(start):
                return told + text.removeprefix(start)
        if text.startswith(("whose ", "where ")) or not text or self.kind == "bare year":
            return ""
        return f"were {text}" if self.kind == "date" else f"are {text}"


def noun_of(column: Column, choose: random.Random) -> str:
    """A word for the column: its noun, or its name split into words."""
    if column.role in ("key", "link") or choose.random() < 0.8:
        return choose.choice(column.nouns)
    return _split(column.name) or choose.choice(column.nouns)


def _split(name: str) -> str:
    words: list[str] = []
    for part in name.replace(" ", "_").split("_"):
        start = 0
        for i in range(1, len(part)):
            if part[i].isupper() and part[i - 1].islower():
                words.append(part[start:i])
                start = i
        words.append(part[start:])
    return " ".join(w.lower() for w in words if w)


def said_number(value: float, column: Column, choose: random.Random) -> str:
    """A number with its unit as people write it."""
    text = f"{value:g}" if value != int(value) else str(int(value))
    if value >= 10000 and value == int(value) and choose.random() < 0.6:
        text = choose.choice((f"{int(value):,}", f"{value / 1000:g}k" if value % 1000 == 0 else text))
        text = f"{value / 1e6:g} million" if value >= 1e6 and value % 100000 == 0 else text
    if not column.unit or choose.random() < 0.35:
        return text
    return choose.choice(_UNIT_WORDS.get(column.unit, ("{}",))).format(text)


def year_of(marked: str, dialect: Dialect) -> str:
    """The year of a date, as text in SQLite and as a number in DuckDB."""
    return f"strftime('%Y', {marked})" if dialect == "sqlite" else f"DATE_PART('year', {marked})"


def in_year(marked: str, operator: str, year: int, dialect: Dialect) -> str:
    """A comparison of the year of a date."""
    return f"{year_of(marked, dialect)} {operator} " + (f"'{year}'" if dialect == "sqlite" else str(year))


def in_month(marked: str, moment: str, dialect: Dialect) -> str:
    """A date lies in the month of ``moment`` ('2021-03-...')."""
    if dialect == "sqlite":
        return f"strftime('%Y-%m', {marked}) = '{moment[:7]}'"
    return f"DATE_PART('year', {marked}) = {int(moment[:4])} AND DATE_PART('month', {marked}) = {int(moment[5:7])}"


def day_words(moment: str, choose: random.Random) -> str:
    """A day as people write it."""
    day = dt.date.fromisoformat(moment[:10])
    month = _MONTHS[day.month - 1]
    forms = (
        moment[:10],
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]} {day.day} {day.year}",
    )
    return choose.choices(forms, (4, 3, 3, 1))[0]


def active(participle: str) -> bool:
    """Whether what happens on the date is said of the thing itself: 'that ended', not 'that were ended'."""
    return participle in ACTIVE


def draw_condition(
    table: Table, column: Column, dialect: Dialect, choose: random.Random, *, kind: str = ""
) -> Condition | None:
    """A condition on ``column``, of ``kind`` where that is given; None where none fits its values."""
    made = _MAKERS.get(column.role)
    if made is None or not column.known:
        return None
    if column.unknown and choose.random() < 0.4 and column.role not in ("label", "flag") and not kind:
        return _null(table, column, choose)
    return made(table, column, dialect, choose)


def _who(table: Table) -> str:
    return "who" if table.thing.person else "that"


def _null(table: Table, column: Column, choose: random.Random) -> Condition:
    missing = choose.random() < 0.6
    mark = col(table, column)
    sql = f"{mark} IS NULL" if missing else f"{mark} IS NOT NULL"
    if column.role == "date" and column.attribute is not None:
        done = column.attribute.participle
        verb, who = done, _who(table)
        if missing:
            forms = [f"not yet {verb}", f"{who} have not {verb} yet", f"without {_a(column.nouns[0])}"]
            forms[1] = forms[1] if active(done) else f"{who} have not been {verb} yet"
            forms += [f"{who} were never {verb}"] if not active(done) else [f"{who} have not {verb}"]
        else:
            forms = [f"{who} have {verb}"] if active(done) else [f"already {verb}", f"{who} have been {verb}"]
            forms += [f"with {_a(column.nouns[0])}"]
        return Condition(sql=sql, column=column, after=choose.choice(forms), kind="null")
    noun = noun_of(column, choose)
    forms = (
        [
            f"without {_a(noun)}",
            f"with no {noun}",
            f"whose {noun} is missing",
            f"whose {noun} is not known",
            f"with no known {noun}",
        ]
        if missing
        else [f"with {_a(noun)}", f"with a known {noun}", f"whose {noun} is known", f"{_who(table)} have {_a(noun)}"]
    )
    return Condition(sql=sql, column=column, after=choose.choice(forms), kind="null")


def _a(noun: str) -> str:
    return noun if noun.endswith("s") and not noun.endswith("ss") else f"a {noun}"


def _quoted(value: object, choose: random.Random, share: float = 0.12) -> str:
    text = str(value)
    return choose.choice((f"'{text}'", f'"{text}"')) if choose.random() < share else text


def _spoken(value: object, column: Column, choose: random.Random) -> str:
    """The value as stored, or, where the database writes it with other letters, as people do."""
    said = column.spoken.get(value, str(value)) if choose.random() < 0.5 else str(value)
    return _quoted(said, choose)


def _category(table: Table, column: Column, _: Dialect, choose: random.Random) -> Condition | None:
    values = list(dict.fromkeys(column.known))
    if len(values) < 2:
        return None
    noun, mark, who = noun_of(column, choose), col(table, column), _who(table)
    value = choose.choice(values)
    said = _spoken(value, column, choose)
    place = column.role == "place"
    draw = choose.random()
    if draw < 0.72 or len(values) < 4:
        sql = f"{mark} = {literal(value)}"
        attribute = column.attribute
        if not place and attribute is not None and attribute.before and choose.random() < 0.5 and len(said.split()) < 3:
            return Condition(sql=sql, column=column, before=said, kind="equal")
        forms = [f"whose {noun} is {said}", f"with {noun} {said}", f"with the {noun} {said}", f"{who} have {noun} {said}"]
        if place and attribute is not None and attribute.kind.prepositions:
            preposition = choose.choice(attribute.kind.prepositions)
            forms = [f"{preposition} {said}"] * 5 + [forms[0]]
            forms += [f"who live in {said}", f"living in {said}"] if table.thing.person else [f"located in {said}"]
        elif place:
            forms = [f"of {noun} {said}", f"whose {noun} is {said}"]
        elif choose.random() < 0.3:
            forms = [f"of {noun} {said}", f"in the {noun} {said}"]
        return Condition(sql=sql, column=column, after=choose.choice(forms), kind="equal")
    if draw < 0.86:
        two = choose.sample(values, 2)
        a, b = (_spoken(v, column, choose) for v in two)
        sql = f"{mark} IN ({', '.join(literal(v) for v in two)})"
        forms = [f"whose {noun} is {a} or {b}", f"with {noun} {a} or {b}", f"whose {noun} is either {a} or {b}"]
        forms += [f"in {a} or {b}", f"from {a} or {b}"] if place else []
        return Condition(sql=sql, column=column, after=choose.choice(forms), kind="in")
    sql = f"{mark} <> {literal(value)}"
    forms = [f"whose {noun} is not {said}", f"with a {noun} other than {said}", f"{who} do not have {noun} {said}"]
    forms += [f"not in {said}", f"outside {said}"] if place else []
    return Condition(sql=sql, column=column, after=choose.choice(forms), kind="not")


def _number(table: Table, column: Column, _: Dialect, choose: random.Random) -> Condition | None:
    values = sorted(column.known)
    attribute = column.attribute
    if len(set(values)) < 4 or attribute is None:
        return None
    kind = attribute.kind
    low, high = (
        nice(values[int(len(values) * q)], kind.places) for q in (choose.uniform(0.1, 0.45), choose.uniform(0.55, 0.9))
    )
    noun, mark, who = noun_of(column, choose), col(table, column), _who(table)
    draw = choose.random()
    if draw < 0.15 and high > low:
        a, b = f"{low:g}", said_number(high, column, choose)
        sql = f"{mark} BETWEEN {literal(low)} AND {literal(high)}"
        forms = [
            f"with a {noun} between {a} and {b}",
            f"whose {noun} is between {a} and {b}",
            f"with {noun} from {a} to {b}",
        ]
        forms += [f"with {a} to {b} {kind.things}", f"with between {a} and {b} {kind.things}"] if kind.things else []
        return Condition(sql=sql, column=column, after=choose.choice(forms), kind="between")
    if kind.role == "count" and draw < 0.25 and high < 50:
        value = choose.choice(values)
        v = f"{value:g}"
        forms = (
            [f"with exactly {v} {kind.things}", f"with {v} {kind.things}"]
            if kind.things
            else [f"with a {noun} of {v}", f"whose {noun} is {v}"]
        )
        return Condition(sql=f"{mark} = {literal(value)}", column=column, after=choose.choice(forms), kind="exact")
    up = choose.random() < 0.6
    value = high if up and choose.random() < 0.5 else low if not up and choose.random() < 0.5 else choose.choice((low, high))
    equal = choose.random() < 0.22
    v = said_number(value, column, choose)
    operator = (">" if up else "<") + ("=" if equal else "")
    after = choose.choice(_compared(noun, v, up, equal, who, kind.things, kind.more if up else kind.less))
    return Condition(sql=f"{mark} {operator} {literal(value)}", column=column, after=after, kind="compared")


def _compared(noun: str, v: str, up: bool, equal: bool, who: str, things: str, short: Sequence[str]) -> list[str]:
    if equal:
        word = "at least" if up else "at most"
        forms = [
            f"with a {noun} of {word} {v}",
            f"whose {noun} is {word} {v}",
            f"{who} have a {noun} of {v} or {'more' if up else 'less'}",
        ]
        return [f"with {word} {v} {things}", f"{who} have {word} {v} {things}"] if things else forms
    if things:
        first, second = ("more than", "over") if up else ("fewer than", "less than")
        return [f"with {first} {v} {things}", f"{who} have {first} {v} {things}", f"with {second} {v} {things}"]
    words = (
        ("above", "over", "of more than", "greater than", "higher than", "exceeding")
        if up
        else ("below", "under", "of less than", "smaller than", "lower than")
    )
    forms = [f"with a {noun} {w} {v}" for w in words] + [
        f"whose {noun} is {w} {v}" for w in words if not w.startswith(("of", "exc"))
    ]
    return forms + [f"{s} {v}" for s in short] * 4


def _year(table: Table, column: Column, _: Dialect, choose: random.Random) -> Condition | None:
    return _when(table, column, choose, lambda op, year: f"{col(table, column)} {op} {year}", [int(v) for v in column.known])


def _date(table: Table, column: Column, dialect: Dialect, choose: random.Random) -> Condition | None:
    mark = col(table, column)
    draw = choose.random()
    if draw < 0.55:
        years = [int(v[:4]) for v in column.known]
        return _when(table, column, choose, lambda op, year: in_year(mark, op, year, dialect), years)
    moment = choose.choice(column.known)
    done, who = column.attribute.participle if column.attribute else "", _who(table)
    verb = f"{who} {done}" if active(done) else done
    if draw < 0.72:
        month = f"{_MONTHS[int(moment[5:7]) - 1]} {moment[:4]}"
        return Condition(sql=in_month(mark, moment, dialect), column=column, after=f"{verb} in {month}", kind="date")
    day = day_words(moment, choose)
    operator, said = choose.choice(
        ((">", ("after", "later than")), ("<", ("before", "earlier than")), (">=", ("on or after", "since")))
    )
    return Condition(
        sql=f"{mark} {operator} '{moment[:10]}'", column=column, after=f"{verb} {choose.choice(said)} {day}", kind="date"
    )


def _when(
    table: Table, column: Column, choose: random.Random, compared: Callable[[str, int], str], years: Sequence[int]
) -> Condition | None:
    ordered = sorted(years)
    if len(set(ordered)) < 3:
        return None
    done, who = column.attribute.participle if column.attribute else "", _who(table)
    verb = f"{who} {done}" if active(done) else done
    kind = "date" if done else "bare year"
    draw = choose.random()
    if draw < 0.5:
        year = choose.choice(ordered)
        forms = (
            [f"{verb} in {year}"] * 3 + [f"{verb} in the year {year}"]
            if done
            else [f"from {year}", f"in {year}", f"of {year}"]
        )
        return Condition(sql=compared("=", year), column=column, after=choose.choice(forms), kind=kind)
    year = ordered[len(ordered) // 2] + choose.choice((-1, 0, 1))
    if draw < 0.66:
        first, last = sorted(choose.sample(sorted(set(ordered)), 2))
        sql = compared("BETWEEN", first)
        tail = sql.rpartition("BETWEEN ")[2].replace(str(first), str(last))
        span = choose.choice((f"between {first} and {last}", f"from {first} to {last}"))
        return Condition(sql=f"{sql} AND {tail}", column=column, after=f"{verb} {span}".strip(), kind=kind)
    operator, words = choose.choice(((">", "after"), ("<", "before"), (">=", "since"), ("<=", "up to")))
    return Condition(sql=compared(operator, year), column=column, after=f"{verb} {words} {year}".strip(), kind=kind)


def _flag(table: Table, column: Column, _: Dialect, choose: random.Random) -> Condition | None:
    yes = choose.random() < 0.6
    value = next((v for v, said in column.spoken.items() if (said == "yes") is yes), None)
    if value not in column.values:
        return None
    word, who = column.nouns[0], _who(table)
    sql = f"{col(table, column)} = {literal(value)}"
    if word in _OWNED:
        return Condition(sql=sql, column=column, after=f"{'with' if yes else 'without'} {word}", kind="equal")
    if yes and choose.random() < 0.6:
        return Condition(sql=sql, column=column, before=word, kind="equal")
    if yes:
        return Condition(sql=sql, column=column, after=f"{who} are {word}", kind="equal")
    return Condition(sql=sql, column=column, after=f"{who} are not {word}", kind="equal")


def _like(table: Table, column: Column, _: Dialect, choose: random.Random) -> Condition | None:
    value = str(choose.choice(column.known))
    noun, mark = noun_of(column, choose), col(table, column)
    words = [w for w in value.replace("-", " ").split() if len(w) > 2]
    draw = choose.random()
    if draw < 0.4:
        start = value[: choose.choice((1, 1, 2, 3))].strip()
        forms = [
            f"whose {noun} starts with {start}",
            f"with a {noun} beginning with '{start}'",
            f"whose {noun} begins with the letter {start}" if len(start) == 1 else f"with a {noun} starting with '{start}'",
        ]
        return Condition(sql=f"{mark} LIKE {literal(start + '%')}", column=column, after=choose.choice(forms), kind="like")
    if draw < 0.55:
        end = value[-2:].strip()
        forms = [f"whose {noun} ends in '{end}'", f"with a {noun} ending with '{end}'", f"whose {noun} ends with {end}"]
        return Condition(sql=f"{mark} LIKE {literal('%' + end)}", column=column, after=choose.choice(forms), kind="like")
    if not words:
        return None
    part = choose.choice(words)
    part = part if choose.random() < 0.7 else part[: max(3, len(part) // 2)]
    forms = [
        f"whose {noun} contains '{part}'",
        f"with '{part}' in the {noun}",
        f"with {part} in their {noun}",
        f"whose {noun} includes the word {part}",
    ]
    return Condition(sql=f"{mark} LIKE {literal('%' + part + '%')}", column=column, after=choose.choice(forms), kind="like")


_Maker = Callable[[Table, Column, Dialect, random.Random], Condition | None]
_MAKERS: dict[str, _Maker] = {
    "category": _category,
    "place": _category,
    "amount": _number,
    "count": _number,
    "year": _year,
    "date": _date,
    "flag": _flag,
    "label": _like,
    "text": _like,
}
