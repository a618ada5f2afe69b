"""Questions for sums and means, over all rows or for each group."""

from __future__ import annotations

from dataclasses import dataclass

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import active, in_year, year_of
from treadle.synthesis.sql.naming import plural
from treadle.synthesis.sql.phrases import Phrase, things
from treadle.synthesis.sql.query import col
from treadle.synthesis.sql.world import Column, Link, Table

__all__ = ["GROUPS", "NOT_SUMMED", "Figure", "Group", "figure_of", "group_of", "grouped"]

_WORDS = {
    "AVG": ("average", "mean", "average"),
    "SUM": ("total", "sum of the", "combined", "total"),
    "MAX": ("maximum", "highest", "largest", "max"),
    "MIN": ("minimum", "lowest", "smallest", "min"),
}

NOT_SUMMED = frozenset(
    [
        "latitude",
        "longitude",
        "grade",
        "rating",
        "rank",
        "level",
        "magnitude",
        "redshift",
        "height",
        "width",
        "depth",
        "altitude",
        "temperature",
        "speed",
        "pressure",
        "humidity",
        "age",
        "efficiency",
        "rate",
        "wavelength",
        "frequency",
        "voltage",
        "spin",
        "charge",
        "uncertainty",
        "concentration",
        "momentum",
        "thickness",
        "capacity",
        "length",
        "score",
        "year",
        "dose",
        "energy",
        "population",
    ]
) | {"pH value", "wind speed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number for a set of rows: in SQL, in words ('average price'), and whether it is a bare count."""

    sql: str
    words: str
    column: Column | None = None


def figure_of(ask: Ask, table: Table, many: str, *, plain: bool = False) -> Figure:
    """COUNT(*), or an aggregate of a number of ``table``."""
    column = ask.number(table)
    if column is None or ask.maybe(0.45):
        return Figure(sql="COUNT(*)", words=f"number of {many}")
    kinds = ["AVG", "AVG", "SUM", "SUM", *([] if plain else ["MAX", "MIN"])]
    role = column.attribute.kind if column.attribute else None
    if role is not None and role.nouns and role.nouns[0] in NOT_SUMMED:
        kinds = [k for k in kinds if k != "SUM"]
    name = ask.choose.choice(kinds)
    noun = role.things if role is not None and role.things and name == "SUM" and ask.maybe(0.5) else ask.noun(column)
    words = (
        "total number of"
        if noun == (role.things if role else None) and role and role.things
        else ask.choose.choice(_WORDS[name])
    )
    mark = col(table, column)
    digits = 0 if plain or name != "AVG" or not ask.maybe(0.1) else ask.choose.choice((1, 2))
    sql = f"{name}({mark})"
    if digits:
        return Figure(
            sql=f"ROUND({sql}, {digits})",
            words=f"{words} {noun} (rounded to {digits} decimal{'s' if digits > 1 else ''})",
            column=column,
        )
    return Figure(sql=sql, words=f"{words} {noun}", column=column)


# ----------------------------------------------------------------------------------------------- all rows


def aggregate(ask: Ask) -> Made | None:
    table = ask.table(lambda t: bool(t.by_role("amount", "count")))
    if table is None:
        return None
    figure = figure_of(ask, table, "")
    if figure.column is None:
        return None
    phrase = ask.phrase(table, ask.choose.choices((0, 1, 2), (30, 55, 15))[0], [figure.column.name])
    templates = [
        "What is the {figure} of [the |all |all the |]{many}?",
        "[Give me|Find|Show|Calculate|Compute|Return|Tell me] the {figure} [of|for] [the |all |]{many}.",
        "{figure} of [the |all |]{many}",
        "[What|How much] is the {figure} for {many}?",
    ]
    if figure.sql.startswith("SUM"):
        noun = ask.noun(figure.column)
        templates += (
            [f"How much {noun} do {{many}} have in total?", f"What do the {noun}s of {{many}} [add up|sum up] to?"]
            if not noun.endswith("s")
            else [f"How many {noun} do {{many}} have in total?"]
        )
    question = ask.say(templates, figure=figure.words, many=phrase.many).replace("How much is", "What is")
    return Made(question=question, sql=ask.query(phrase, [figure.sql]).text(), wrong=ask.whole(phrase, [figure.sql]))


def several_aggregates(ask: Ask) -> Made | None:
    table = ask.table(lambda t: bool(t.by_role("amount", "count")))
    column = table and ask.number(table)
    if table is None or not column:
        return None
    names = ask.choose.choice(
        (("MIN", "MAX"), ("MAX", "MIN"), ("AVG", "MAX"), ("MIN", "AVG", "MAX"), ("AVG", "MIN", "MAX"), ("SUM", "AVG"))
    )
    words = [{"AVG": "average", "SUM": "total", "MAX": "maximum", "MIN": "minimum"}[n] for n in names]
    if ask.maybe(0.4):
        words = [{"maximum": "highest", "minimum": "lowest"}.get(w, w) for w in words]
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [column.name])
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}"
    question = ask.say(
        (
            "What are the {words} {noun} of [the |all |]{many}?",
            "[Show|Give me|Find|Return] the {words} {noun} [of|for] [the |all |]{many}.",
            "{words} {noun} of {many}",
        ),
        words=listed,
        noun=ask.noun(column),
        many=phrase.many,
    )
    items = [f"{n}({col(table, column)})" for n in names]
    return Made(question=question, sql=ask.query(phrase, items).text(), wrong=ask.whole(phrase, items))


def product_sum(ask: Ask) -> Made | None:
    """The sum of quantity times price."""
    table = ask.table(lambda t: _pair(t) is not None)
    if table is None:
        return None
    pair = _pair(table)
    assert pair is not None
    quantity, price = pair
    phrase = ask.phrase(table, ask.choose.choice((0, 1, 1)), [quantity.name, price.name])
    item = f"SUM({col(table, quantity)} * {col(table, price)})"
    n, p = quantity.nouns[0], price.nouns[0]
    question = ask.say(
        (
            f"What is the total value ({n} times {p}) of [the |all |]{{many}}?",
            f"[Compute|Calculate|Give me] the sum of {n} times {p} [for|over] [the |all |]{{many}}.",
            f"How much are [the |all |]{{many}} worth in total, counting {n} times {p}?",
        ),
        many=phrase.many,
    )
    return Made(question=question, sql=ask.query(phrase, [item]).text(), wrong=ask.whole(phrase, [item]))


def _pair(table: Table) -> tuple[Column, Column] | None:
    quantities = [
        c for c in table.by_role("count") if c.nouns[0] in ("quantity", "stock", "number of nights", "hours", "nights")
    ]
    prices = [c for c in table.by_role("amount") if c.nouns[0] in ("price", "fee", "rate")]
    return (quantities[0], prices[0]) if quantities and prices else None


# ----------------------------------------------------------------------------------------------------- groups


@dataclass(slots=True, kw_only=True)
class Group:
    """What rows are sorted by: columns in SQL, 'genre' in words, joins; ``table`` they stand in."""

    keys: list[str]
    one: str
    many: str
    links: list[Link]
    table: Table
    named: bool
    column: Column | None = None


def group_of(ask: Ask, table: Table) -> Group | None:
    """By a category or year of the rows, by what they belong to, or by a category of that."""
    draw = ask.choose.random()
    if table.links and draw < 0.5:
        link = ask.choose.choice(table.links)
        owner = link.owner
        column = ask.column(owner, "category", "place")
        if column and ask.maybe(0.35):
            noun = ask.noun(column)
            one = ask.choose.choice(
                (
                    f"{noun} of the {owner.thing.singular}",
                    f"{owner.thing.singular} {noun}",
                    f"{owner.thing.singular}'s {noun}",
                )
            )
            return Group(
                keys=[col(owner, column)],
                one=one,
                many=f"{owner.thing.singular} {_plural(noun)}",
                links=[link],
                table=owner,
                named=False,
                column=column,
            )
        one, many = things(owner, ask.choose)
        return Group(keys=ask.label(owner), one=one, many=many, links=[link], table=owner, named=True)
    if draw < 0.85:
        column = ask.column(table, "category", "place", "year")
        if column:
            noun = ask.noun(column)
            return Group(
                keys=[col(table, column)], one=noun, many=_plural(noun), links=[], table=table, named=False, column=column
            )
    column = ask.column(table, "date", known=True)
    if not column or column.attribute is None:
        return None
    done = column.attribute.participle
    one = ask.choose.choice(
        ("year", f"year in which they {'' if active(done) else 'were '}{done}", f"{column.nouns[0]} year")
    )
    key = year_of(col(table, column), ask.dialect)
    if ask.dialect == "sqlite" and ask.maybe(0.35):
        one, key = (
            ask.choose.choice(("month", "calendar month", f"month of the {column.nouns[0]}")),
            f"strftime('%Y-%m', {col(table, column)})",
        )
    return Group(
        keys=[key], one=one, many="months" if "month" in one else "years", links=[], table=table, named=False, column=column
    )


def _plural(noun: str) -> str:
    return noun if noun.endswith("s") and not noun.endswith(("ss", "status")) else plural(noun)


def grouped(ask: Ask) -> tuple[Table, Group, Phrase] | None:
    table = ask.table(lambda t: bool(t.links or t.by_role("category", "place", "date", "year")))
    group = table and group_of(ask, table)
    if table is None or not group:
        return None
    without = [group.column.name] if group.column and group.table is table else []
    phrase = ask.phrase(table, ask.choose.choices((0, 1), (60, 40))[0], without, owners=not group.links)
    return table, group, phrase


def _within_year(ask: Ask, group: Group, phrase: Phrase) -> None:
    """Months of one year only."""
    column = group.column
    if column is None or column.attribute is None:
        return
    year, done = ask.choose.choice(column.known)[:4], column.attribute.participle
    phrase.where.append(in_year(col(group.table, column), "=", int(year), ask.dialect))
    phrase.many += f" that {done} in {year}" if active(done) else f" {done} in {year}"


def first_or_last_day(ask: Ask) -> Made | None:
    """The earliest or latest date of something."""
    table = ask.table(lambda t: bool(t.by_role("date")))
    column = table and ask.column(table, "date")
    if table is None or not column or column.attribute is None:
        return None
    done, first = column.attribute.participle, ask.maybe(0.5)
    phrase = ask.phrase(table, ask.choose.choice((0, 1, 1)), [column.name])
    word = ask.choose.choice(("first", "earliest")) if first else ask.choose.choice(("last", "latest", "most recent"))
    templates = [
        "What is the {word} {noun} of [the |all |]{many}?",
        "[Give me|Find|Show] the {word} {noun} of {many}.",
        "{word} {noun} of {many}",
    ]
    templates += (
        [] if active(done) else ["When was the {side} of the {many} {done}?", "When was the {side} {one} {done}?"] * 2
    )
    question = ask.say(
        templates,
        word=word,
        noun=ask.noun(column),
        many=phrase.many,
        one=phrase.one,
        done=done,
        side="first" if first else "last",
    )
    items = [f"{'MIN' if first else 'MAX'}({col(table, column)})"]
    return Made(question=question, sql=ask.query(phrase, items).text(), wrong=ask.whole(phrase, items))


def per_group(ask: Ask) -> Made | None:
    found = grouped(ask)
    if found is None:
        return None
    table, group, phrase = found
    if "month" in group.one and ask.maybe(0.4):
        _within_year(ask, group, phrase)
    figure = figure_of(ask, table, phrase.many)
    count = figure.column is None
    order, tail = "", ""
    if ask.maybe(0.3):
        down = ask.maybe(0.65)
        order = f"{figure.sql} DESC" if down else figure.sql
        tail = ask.choose.choice(
            (", sorted from highest to lowest", ", largest first", " in descending order")
            if down
            else (", sorted from lowest to highest", ", smallest first", " in ascending order")
        )
        if ask.maybe(0.2):
            order, tail = group.keys[0], f", ordered by {group.one.split(' ')[0] if not group.named else 'name'}"
    templates = (
        [
            "How many {many} [are there|do we have] [per|for each|in each|by] {one}{tail}?",
            "[Count|Count the number of] {many} [per|by|for each] {one}{tail}.",
            "[Show|List|Give|Return] the number of {many} [for each|per|for every|by] {one}{tail}.",
            "What is the number of {many} [per|for each|by] {one}{tail}?",
            "[For each|For every] {one}, how many {many} are there{tail}?",
            "Number of {many} [per|by] {one}{tail}",
            "[List|Show] each {one} [and|with|together with] its number of {many}{tail}.",
        ]
        if count
        else [
            "What is the {figure} of [the |]{many} [per|for each|in each|by] {one}{tail}?",
            "[Show|List|Give|Compute|Return|Find] the {figure} of {many} [for each|per|by] {one}{tail}.",
            "[For each|For every] {one}, [what is|give|show] the {figure} of [its |the |]{many}{tail}.",
            "{figure} of {many} [per|by] {one}{tail}",
            "[List|Show] each {one} with the {figure} of its {many}{tail}.",
        ]
    )
    question = ask.say(templates, many=phrase.many, one=group.one, figure=figure.words, tail=tail)
    if group.named and ask.maybe(0.3):
        end = "?" if question.endswith("?") else "."
        question = f"{question.rstrip('?. ')}{end} [Give|Show|Include] the {{label}} of the {group.table.thing.singular}."
        question = ask.say(
            question,
            label="first and last name"
            if len(group.table.label) == 2
            else group.table.label[0].nouns[0]
            if group.table.label
            else "id",
        )
    items = [*group.keys, figure.sql]
    sql = ask.query(phrase, items, links=group.links, group=group.keys, order=[order] if order else [])
    return Made(question=question, sql=sql.text(), wrong=ask.whole(phrase, items, links=group.links, group=group.keys))


def two_figures(ask: Ask) -> Made | None:
    """Two numbers for each group, or groups by two columns."""
    found = grouped(ask)
    if found is None:
        return None
    table, group, phrase = found
    if ask.maybe(0.5):
        column = ask.number(table)
        if column is None:
            return None
        name = ask.choose.choice(("AVG", "SUM", "MAX"))
        word = _WORDS[name][0]
        question = ask.say(
            (
                "[For each|Per] {one}, [show|give] the number of {many} and their {word} {noun}.",
                "[Show|List|What are] the number of {many} and the {word} {noun} [per|by|for each] {one}[?|.]",
                "How many {many} are there per {one}, and what is their {word} {noun}?",
            ),
            one=group.one,
            many=phrase.many,
            word=word,
            noun=ask.noun(column),
        )
        items = [*group.keys, "COUNT(*)", f"{name}({col(table, column)})"]
        return Made(question=question, sql=ask.query(phrase, items, links=group.links, group=group.keys).text())
    second = ask.column(table, "category", "place", "flag", without=[group.column.name] if group.column else ())
    if second is None or (second.role == "flag" and not second.nouns):
        return None
    keys = [*group.keys, col(table, second)]
    question = ask.say(
        (
            "How many {many} are there [per|for each|by] {one} and {noun}?",
            "[Show|Give|List] the number of {many} [for each|per|by] {one} and {noun}.",
            "[For each|Per] combination of {one} and {noun}, count the {many}.",
        ),
        one=group.one,
        noun=ask.noun(second),
        many=phrase.many,
    )
    return Made(question=question, sql=ask.query(phrase, [*keys, "COUNT(*)"], links=group.links, group=keys).text())


GROUPS: dict[str, tuple[Task, float]] = {
    "aggregate": (aggregate, 7),
    "first or last day": (first_or_last_day, 2.5),
    "several aggregates": (several_aggregates, 2.5),
    "product sum": (product_sum, 2),
    "per group": (per_group, 10),
    "two figures": (two_figures, 3.5),
}
