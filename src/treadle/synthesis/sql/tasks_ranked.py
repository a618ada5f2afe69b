"""Questions for the largest, the first few, the runner-up."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import active
from treadle.synthesis.sql.phrases import Phrase, things
from treadle.synthesis.sql.query import Query, col
from treadle.synthesis.sql.world import Column, Table

__all__ = ["RANKED"]


def superlative(column: Column, ask: Ask) -> tuple[str, bool]:
    """('heaviest', largest first) where the kind has such a word, else ('', ...)."""
    attribute = column.attribute
    most = ask.maybe(0.6)
    if column.role in ("date", "year") and attribute is not None:
        done = attribute.participle
        pairs = {"born": ("youngest", "oldest"), "founded": ("youngest", "oldest"), "built": ("newest", "oldest")}
        latest, earliest = pairs.get(done, (f"most recently {done}", f"first {done}"))
        return (latest if most else earliest) if done and not active(done) else "", most
    words = () if attribute is None else attribute.kind.most if most else attribute.kind.least
    return (ask.choose.choice(words) if words else ""), most


def most_words(column: Column, most: bool, ask: Ask) -> str:
    """'with the highest price'."""
    noun = ask.noun(column)
    things_ = column.attribute.kind.things if column.attribute else ""
    if things_:
        word = ask.choose.choice(("most", "largest number of") if most else ("fewest", "smallest number of"))
        return f"with the {word} {things_}"
    if column.role in ("date", "year"):
        return f"with the {ask.choose.choice(('latest', 'most recent') if most else ('earliest', 'earliest'))} {noun}"
    words = ("highest", "largest", "greatest", "highest") if most else ("lowest", "smallest", "lowest")
    return f"with the {ask.choose.choice(words)} {noun}"


def _ranked(ask: Ask) -> tuple[Table, Column, Phrase, str, str, bool] | None:
    table = ask.table(lambda t: ask.is_named(t) and bool(t.by_role("amount", "count", "date", "year")))
    column = table and ask.column(table, "amount", "count", "amount", "count", "date", "year", known=True)
    if table is None or not column:
        return None
    phrase = ask.phrase(table, ask.choose.choices((0, 1, 2), (50, 42, 8))[0], [column.name])
    word, most = superlative(column, ask)
    if word and ask.maybe(0.65):
        return table, column, phrase, word, "", most
    return table, column, phrase, "", most_words(column, most, ask), most


def largest(ask: Ask) -> Made | None:
    """The one with the most of something; its value too where that is asked."""
    found = _ranked(ask)
    if found is None:
        return None
    table, column, phrase, word, tail, most = found
    templates = [
        "[Which|What] {one} [is the {word}|has {has}]?",
        "What is the {label} of the {word} {one} {tail}?",
        "[Find|Show|Name|Give me|Return] the {word} {one} {tail}.",
        "[Who|Which] is the {word} {one} {tail}?",
        "{word} {one} {tail}",
        "The {label} of the {word} {one} {tail}",
    ]
    value = ask.maybe(0.3)
    if value:
        templates = [
            "Which {one} [is the {word}|has {has}], and what is its {noun}?",
            "[Find|Show|Give me] the {word} {one} {tail} and its {noun}.",
            "What are the {label} and {noun} of the {word} {one} {tail}?",
            "[Show|Give|Return] the {label} and {noun} of the {word} {one} {tail}.",
        ]
    options = [t.replace("[is the {word}|has {has}]", "is the {word}" if word else "has {has}") for t in templates]
    question = ask.say(
        options,
        one=phrase.one,
        word=word,
        tail=tail,
        has=tail.removeprefix("with "),
        label="first and last name" if len(table.label) == 2 else table.label[0].nouns[0],
        noun=ask.noun(column),
    )
    items = [*ask.label(table), *([col(table, column)] if value else [])]
    key = col(table, column)
    sql = ask.query(phrase, items, order=[f"{key} DESC" if most else key], limit=1).text()
    wrong = ask.query(phrase, items, order=[key if most else f"{key} DESC"], limit=1).text()
    return Made(question=question, sql=sql, wrong=(wrong,))


def top(ask: Ask) -> Made | None:
    found = _ranked(ask)
    if found is None:
        return None
    table, column, phrase, word, tail, most = found
    number = ask.choose.choice((2, 3, 3, 4, 5, 5, 10))
    if number >= table.size:
        return None
    shown = ask.maybe(0.35)
    count = str(number) if ask.maybe(0.5) else {2: "two", 3: "three", 4: "four", 5: "five", 10: "ten"}[number]
    question = ask.say(
        (
            "[What are|Which are|Show|List] the [{labels} of the |]{count} {word} {many} {tail}{shown}[?|.]",
            "[Find|Give me|Return] the [{labels} of the |]{count} {word} {many} {tail}{shown}.",
            "[Top|The] {count} {word} {many} {tail}{shown}",
            "[Which|What] {count} {many} {has}?",
        )
        if not (word and shown)
        else ("[Show|List|Find|Give me] the {count} {word} {many}{shown}.", "The {count} {word} {many}{shown}"),
        labels=ask.which(table),
        count=count,
        word=word,
        many=phrase.many,
        tail=tail,
        has=f"are the {word}" if word else tail.replace("with ", "have ", 1),
        shown=f" and their {ask.noun(column)}" if shown else "",
    )
    items = [*ask.label(table), *([col(table, column)] if shown and "and their" in question else [])]
    key = col(table, column)
    sql = ask.query(phrase, items, order=[f"{key} DESC" if most else key], limit=number).text()
    return Made(question=question, sql=sql, wrong=(ask.query(phrase, items, limit=number).text(),))


def runner_up(ask: Ask) -> Made | None:
    found = _ranked(ask)
    if found is None or found[0].size < 5:
        return None
    table, column, phrase, word, tail, most = found
    rank = ask.choose.choice((2, 2, 2, 3))
    which = {2: "second", 3: "third"}[rank]
    end = f"with the {which} {tail.removeprefix('with the ')}" if tail else ""
    question = ask.say(
        (
            "Which {one} {ends}?",
            "What is the {label} of the {word} {one} {tail}?",
            "[Find|Show|Name|Give me] the {word} {one} {tail}.",
        ),
        one=phrase.one,
        word=f"{which} {word}" if word else "",
        tail=end,
        ends=f"is the {which} {word}" if word else end.replace("with", "has", 1),
        label=table.label[0].nouns[0],
    )
    items, key = ask.label(table), col(table, column)
    order = [f"{key} DESC" if most else key]
    sql = ask.query(phrase, items, order=order, limit=1, offset=rank - 1).text()
    return Made(question=question, sql=sql, wrong=(ask.query(phrase, items, order=order, limit=1).text(),))


def all_largest(ask: Ask) -> Made | None:
    """All that share the largest value."""
    table = ask.table(lambda t: ask.is_named(t) and bool(t.by_role("count", "year", "amount")))
    column = table and ask.column(table, "count", "year", "amount")
    if table is None or not column:
        return None
    most = ask.maybe(0.6)
    one, many = things(table, ask.choose)
    tail = most_words(column, most, ask)
    question = ask.say(
        (
            "[List|Show|Find|Give me] all {many} {tail}[, if several tie list them all|, including ties|].",
            "Which {many} share the {best}?",
            "What are the {labels} of all {many} {tail}, including ties?",
            "[List|Show] every {one} {tail}[, ties included|].",
        ),
        many=many,
        one=one,
        tail=tail,
        best=tail.removeprefix("with the "),
        labels=ask.which(table),
    )
    inner = Query(items=[f"{'MAX' if most else 'MIN'}({col(table, column)})"], base=table).text()
    sql = Query(items=ask.label(table), base=table, where=[f"{col(table, column)} = ({inner})"]).text()
    return Made(question=question, sql=sql)


RANKED: dict[str, tuple[Task, float]] = {
    "largest": (largest, 7),
    "top": (top, 5),
    "runner-up": (runner_up, 1),
    "all largest": (all_largest, 1.5),
}
