"""Questions whose answer is worked out for each row: days between dates, other units, texts in one, CASE, years."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import active, noun_of, said_number, year_of
from treadle.synthesis.sql.phrases import named, said
from treadle.synthesis.sql.pools import nice
from treadle.synthesis.sql.query import Query, col, literal
from treadle.synthesis.sql.world import Column

__all__ = ["WORKED"]


def days_between(ask: Ask) -> Made | None:
    if ask.dialect != "sqlite":
        return None
    table = ask.table(lambda t: len([c for c in t.by_role("date") if not _is_old(c)]) > 1)
    if table is None:
        return None
    dates = [c for c in table.by_role("date") if not _is_old(c)]
    start, end = sorted(ask.choose.sample(range(len(dates)), 2))
    first, last = dates[start], dates[end]
    a, b = (c.attribute.participle for c in (first, last) if c.attribute)
    days = f"julianday({col(table, last)}) - julianday({col(table, first)})"
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [first.name, last.name])
    how = ask.choose.randrange(3)
    between = f"between the {ask.noun(first)} and the {ask.noun(last)}"
    if how == 0 or not table.label:
        question = ask.say(
            (
                "What is the [average|mean] number of days {between} of [the |]{many}?",
                "How many days [pass|lie|are there] on average {between} of {many}?",
                "[Average|Mean] time in days {between} for {many}",
                "On average, how many days after [being {a}|the {na}] were {many} {b}?",
            ),
            between=between,
            many=phrase.many,
            a=a,
            b=b,
            na=ask.noun(first),
        )
        return Made(
            question=question, sql=ask.query(phrase, [f"AVG({days})"]).text(), wrong=ask.whole(phrase, [f"AVG({days})"])
        )
    if how == 1:
        question = ask.say(
            (
                "How many days [pass|passed|are] {between} of each {one}?",
                "For each {one}, [show|give|list] the {label} and the [number of |]days {between}.",
                "[List|Show] the {labels} of [all |the |]{many} and the days {between}.",
            ),
            between=between,
            one=phrase.one,
            many=phrase.many,
            label=table.label[0].nouns[0],
            labels=ask.which(table),
        )
        return Made(question=question, sql=ask.query(phrase, [*ask.label(table), days]).text())
    limit = ask.choose.choice((3, 7, 10, 14, 30, 60))
    question = ask.say(
        (
            "Which {many} had more than {n} days {between}?",
            "[List|Find|Show] [the |]{many} with more than {n} days {between}.",
        ),
        many=phrase.many,
        n=str(limit),
        between=between,
    )
    return Made(
        question=question,
        sql=ask.query(phrase, ask.label(table), where=[f"{days} > {limit}"]).text(),
        wrong=(ask.query(phrase, ask.label(table)).text(),),
    )


def _is_old(column: Column) -> bool:
    return column.attribute is not None and column.attribute.participle in ("born", "founded", "built", "died")


_SCALES = {
    "kg": ("grams", "* 1000"),
    "g": ("kilograms", "/ 1000.0"),
    "km": ("metres", "* 1000"),
    "m": ("centimetres", "* 100"),
    "mm": ("centimetres", "/ 10.0"),
    "min": ("hours", "/ 60.0"),
    "h": ("minutes", "* 60"),
    "s": ("minutes", "/ 60.0"),
    "eur": ("cents", "* 100"),
    "gev": ("MeV", "* 1000"),
    "tev": ("GeV", "* 1000"),
    "mev": ("GeV", "/ 1000.0"),
    "gb": ("MB", "* 1000"),
    "mb": ("GB", "/ 1000.0"),
    "kw": ("watts", "* 1000"),
    "t": ("kilograms", "* 1000"),
}


def in_other_unit(ask: Ask) -> Made | None:
    """Arithmetic with a unit, where the column's name tells its own."""
    table = ask.table(lambda t: ask.is_named(t) and any(_has_unit(c) for c in t.columns))
    if table is None:
        return None
    column = ask.choose.choice([c for c in table.columns if _has_unit(c)])
    unit, factor = _SCALES[column.unit]
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [column.name])
    scaled = f"{col(table, column)} {factor}"
    noun = column.nouns[0]
    if ask.maybe(0.5):
        question = ask.say(
            (
                "[Show|List|Give] the {labels} of [the |all |]{many} and their {noun} in {unit}.",
                "What is the {noun} in {unit} of each {one}? Give the {label} too.",
            ),
            labels=ask.which(table),
            label=table.label[0].nouns[0],
            many=phrase.many,
            one=phrase.one,
            noun=noun,
            unit=unit,
        )
        return Made(question=question, sql=ask.query(phrase, [*ask.label(table), scaled]).text())
    name, where = named(table, ask.choose.randrange(table.size))
    question = ask.say(
        (
            "What is the {noun} of {name} in {unit}?",
            "[Give|Show] me the {noun} of {name} in {unit}.",
            "{name}: {noun} in {unit}",
        ),
        name=said(name, ask.choose),
        noun=noun,
        unit=unit,
    )
    return Made(question=question, sql=Query(items=[scaled], base=table, where=where).text())


def _has_unit(column: Column) -> bool:
    return column.unit in _SCALES and column.name.lower().endswith(column.unit) and not column.unknown


def glued(ask: Ask) -> Made | None:
    """Texts in one column."""
    table = ask.table(lambda t: len(t.label) == 2)
    if table is not None:
        phrase = ask.phrase(table, ask.choose.choice((0, 1, 1)))
        first, last = ask.label(table)
        question = ask.say(
            (
                "[List|Show|Give me|What are] the full names of [all |the |]{many}[.|?]",
                "Full names of {many}",
                "[Show|Return] the full name of [each|every] {one}.",
            ),
            many=phrase.many,
            one=phrase.one,
        )
        return Made(question=question, sql=ask.query(phrase, [f"{first} || ' ' || {last}"]).text())
    table = ask.table(lambda t: len(t.label) == 1 and bool(t.by_role("place", "category")))
    column = table and ask.column(table, "place", "category")
    if table is None or not column:
        return None
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [column.name])
    question = ask.say(
        (
            "[Show|List|Give] [the |all |]{many} as '{label} ({noun})'.",
            "[Show|Return] {label} and {noun} of [the |all |]{many} in one column, like 'x (y)'.",
        ),
        many=phrase.many,
        label=table.label[0].nouns[0],
        noun=ask.noun(column),
    )
    return Made(
        question=question, sql=ask.query(phrase, [f"{ask.label(table)[0]} || ' (' || {col(table, column)} || ')'"]).text()
    )


def sorted_into(ask: Ask) -> Made | None:
    """CASE with two names for small and large."""
    table = ask.table(lambda t: ask.is_named(t) and bool(t.by_role("amount", "count")))
    column = table and ask.number(table, known=True)
    if table is None or not column or column.attribute is None:
        return None
    values = sorted(column.known)
    bound = nice(values[len(values) // 2], column.attribute.kind.places)
    high, low = ask.choose.choice((("high", "low"), ("large", "small"), ("big", "small"), ("above", "below")))
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [column.name])
    question = ask.say(
        (
            "[List|Show] the {labels} of [the |all |]{many}, and '{high}' if the {noun} is above {v}, otherwise '{low}'.",
            "[Label|Mark|Classify] each {one} as '{high}' if its {noun} is over {v}, else '{low}'; show the {label} too.",
            "For each {one}, give the {label} and whether its {noun} is '{high}' (more than {v}) or '{low}'.",
        ),
        labels=ask.which(table),
        label=table.label[0].nouns[0],
        many=phrase.many,
        one=phrase.one,
        noun=noun_of(column, ask.choose),
        high=high,
        low=low,
        v=said_number(bound, column, ask.choose),
    )
    case = f"CASE WHEN {col(table, column)} > {literal(bound)} THEN '{high}' ELSE '{low}' END"
    return Made(question=question, sql=ask.query(phrase, [*ask.label(table), case]).text())


def years_of(ask: Ask) -> Made | None:
    """In which years something happened."""
    table = ask.table(lambda t: bool(t.by_role("date")))
    column = table and ask.column(table, "date", known=True)
    if table is None or not column or column.attribute is None:
        return None
    done = column.attribute.participle
    phrase = ask.phrase(table, ask.choose.choice((0, 1)), [column.name])
    verb = "have" if active(done) else "were"
    question = ask.say(
        (
            "In which [different |]years {verb} [the |]{many} {done}?",
            "[List|Show|Give] the [different|distinct] years in which {many} {verb} {done}.",
        ),
        many=phrase.many,
        verb=verb,
        done=done,
    )
    return Made(question=question, sql=ask.query(phrase, [year_of(col(table, column), ask.dialect)], distinct=True).text())


WORKED: dict[str, tuple[Task, float]] = {
    "days between": (days_between, 3),
    "other unit": (in_other_unit, 1),
    "glued": (glued, 1.5),
    "case": (sorted_into, 1.5),
    "years": (years_of, 1),
}
