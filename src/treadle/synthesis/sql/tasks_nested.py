"""Questions with a statement within: above the mean, more than a named one, the largest of each; values of two tables."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.phrases import named, said, things
from treadle.synthesis.sql.query import Query, col, outer
from treadle.synthesis.sql.world import Column, Table

__all__ = ["NESTED"]


def _numbered(ask: Ask) -> tuple[Table, Column] | None:
    table = ask.table(lambda t: ask.is_named(t) and bool(t.by_role("amount", "count")))
    column = table and ask.number(table)
    return (table, column) if table and column else None


def above_mean(ask: Ask) -> Made | None:
    found = _numbered(ask)
    if found is None:
        return None
    table, column = found
    up = ask.maybe(0.65)
    phrase = ask.phrase(table, ask.choose.choices((0, 1), (70, 30))[0], [column.name])
    words = () if column.attribute is None else column.attribute.kind.more if up else column.attribute.kind.less
    short = [
        w
        for w in words
        if w.endswith("than")
        and " " in w
        and not w.startswith(("that", "who", "earning", "costing", "weighing", "of", "lasting", "living"))
    ]
    noun = ask.noun(column)
    side = "above" if up else "below"
    templates = [
        "Which {many} have a {noun} {side} [the |]average?",
        "[List|Show|Find|Give me] [the {labels} of |all |]{many} with a {noun} {side} the average.",
        "{many} with {side}-average {noun}",
        "What are the {labels} of [the |]{many} whose {noun} is {word} than the average {noun}?",
    ]
    templates += [f"Which {{many}} are {short[0]} [average|the average]?"] * 2 if short else []
    counted = ask.maybe(0.2)
    if counted:
        templates = [
            "How many {many} have a {noun} {side} [the |]average?",
            "[Count|Number of] {many} whose {noun} is {side} the average",
        ]
    question = ask.say(
        templates, many=phrase.many, noun=noun, side=side, labels=ask.which(table), word="higher" if up else "lower"
    )
    inner = Query(items=[f"AVG({col(table, column)})"], base=table).text()
    items = ["COUNT(*)"] if counted else ask.label(table)
    where = [f"{col(table, column)} {'>' if up else '<'} ({inner})"]
    return Made(
        question=question, sql=ask.query(phrase, items, where=where).text(), wrong=(ask.query(phrase, items).text(),)
    )


def more_than_named(ask: Ask) -> Made | None:
    """Those with more of something than one that is named."""
    found = _numbered(ask)
    if found is None:
        return None
    table, column = found
    values = sorted(range(table.size), key=lambda i: (column.values[i] is not None, column.values[i] or 0))
    row = values[min(len(values) - 1, max(0, len(values) // 2 + ask.choose.randint(-2, 2)))]
    if column.values[row] is None:
        return None
    name, where = named(table, row)
    up = ask.maybe(0.65)
    words = () if column.attribute is None else column.attribute.kind.more if up else column.attribute.kind.less
    many = things(table, ask.choose)[1]
    short = [w for w in words if w.endswith("er than") or w.startswith(("more ", "less "))]
    templates = [
        "Which {many} have a {word} {noun} than {name}?",
        "[List|Show|Find] [all |the {labels} of |]{many} with a {word} {noun} than {name}.",
        "{many} with {word} {noun} than {name}",
    ]
    templates += (
        [f"[Which {{many}} are {short[0]} {{name}}?|[List|Find] [all |]{{many}} {short[0]} {{name}}.]"] * 3 if short else []
    )
    counted = "" if column.attribute is None else column.attribute.kind.things
    if counted:
        templates = [t.replace(" a {word} {noun}", " {word} {noun}") for t in templates]
    question = ask.say(
        templates,
        many=many,
        word=("more" if up else "fewer") if counted else "higher" if up else "lower",
        noun=counted or ask.noun(column),
        name=said(name, ask.choose),
        labels=ask.which(table),
    )
    inner = Query(items=[col(table, column)], base=table, where=where).text()
    sql = Query(items=ask.label(table), base=table, where=[f"{col(table, column)} {'>' if up else '<'} ({inner})"]).text()
    return Made(question=question, sql=sql)


def same_as_named(ask: Ask) -> Made | None:
    """Those that share a category with one that is named."""
    table = ask.table(lambda t: ask.is_named(t) and len(t.label) == 1 and bool(t.by_role("category", "place")))
    column = table and ask.column(table, "category", "place", known=True)
    if table is None or not column:
        return None
    name, where = named(table, ask.choose.randrange(table.size))
    many = things(table, ask.choose)[1]
    question = ask.say(
        (
            "Which [other |]{many} have the same {noun} as {name}?",
            "[List|Show|Find] [the |all |]other {many} with the same {noun} as {name}.",
            "{many} that share the {noun} of {name}, without {name} itself",
        ),
        many=many,
        noun=ask.noun(column),
        name=said(name, ask.choose),
    )
    inner = Query(items=[col(table, column)], base=table, where=where).text()
    conditions = [f"{col(table, column)} = ({inner})", where[0].replace(" = ", " <> ", 1)]
    return Made(question=question, sql=Query(items=ask.label(table), base=table, where=conditions).text())


def largest_of_each(ask: Ask) -> Made | None:
    """The row with the most in each group: as large as the largest of its own group."""
    table = ask.table(
        lambda t: ask.is_named(t) and bool(t.by_role("category", "place")) and bool(t.by_role("amount", "count"))
    )
    column, group = (
        (None, None)
        if table is None
        else (ask.number(table, known=True), ask.column(table, "category", "place", known=True))
    )
    if table is None or column is None or group is None:
        return None
    most = ask.maybe(0.7)
    attribute = column.attribute
    words = () if attribute is None else attribute.kind.most if most else attribute.kind.least
    one, many = things(table, ask.choose)
    noun, by = ask.noun(column), ask.noun(group)
    mean = ask.maybe(0.3)
    alias = "T2"
    grouped = f"{alias}.{group.sql} = {outer(table, group)}"
    if mean:
        question = ask.say(
            (
                "Which {many} have a {noun} above the average of their {by}?",
                "[List|Find|Show] [the |]{many} whose {noun} is higher than the average {noun} of [their|the same] {by}.",
            ),
            many=many,
            noun=noun,
            by=by,
        )
        where = f"{col(table, column)} > (SELECT AVG({alias}.{column.sql}) FROM {table.sql} AS {alias} WHERE {grouped})"  # noqa: S608
        return Made(question=question, sql=Query(items=ask.label(table), base=table, where=[where]).text())
    tail = f"with the {'highest' if most else 'lowest'} {noun}"
    lead = f"{ask.choose.choice(words)} {one}" if words and ask.maybe(0.7) else ""
    question = ask.say(
        (
            "[What is|Find|Show|List] the {x} [of|for|in] each {by}[?|.]",
            "[For each|For every] {by}, [show|find|what is] the {x}.",
            "Which is the {x} in each {by}?",
        ),
        x=lead or f"{one} {tail}",
        by=by,
    )
    name = "MAX" if most else "MIN"
    where = f"{col(table, column)} = (SELECT {name}({alias}.{column.sql}) FROM {table.sql} AS {alias} WHERE {grouped})"  # noqa: S608
    return Made(question=question, sql=Query(items=[col(table, group), *ask.label(table)], base=table, where=[where]).text())


def in_both(ask: Ask) -> Made | None:
    """Values that two tables share, or that only one has."""
    pairs = [
        (a, c, b, d)
        for a in ask.world.tables
        for b in ask.world.tables
        for c in a.by_role("place")
        for d in b.by_role("place")
        if a is not b and c.nouns == d.nouns
    ]
    if not pairs:
        return None
    one, column, two, other = ask.choose.choice(pairs)
    a, b = things(one, ask.choose)[1], things(two, ask.choose)[1]
    nouns = {"country": "countries", "city": "cities"}.get(column.nouns[0], f"{column.nouns[0]}s")
    word, templates = ask.choose.choice(
        (
            (
                "INTERSECT",
                (
                    "Which {nouns} have both {a} and {b}?",
                    "[List|Show|Find] [the |]{nouns} [where there are|with] {a} as well as {b}.",
                    "{nouns} with {a} and also {b}",
                ),
            ),
            ("EXCEPT", ("Which {nouns} have {a} but no {b}?", "[List|Show|Find] [the |]{nouns} with {a} but without {b}.")),
            ("UNION", ("[List|Show] all {nouns} [of|with] {a} or {b}.", "Which {nouns} have {a}, {b} or both?")),
        )
    )
    question = ask.say(templates, nouns=nouns, a=a, b=b)
    sql = f"{Query(items=[col(one, column)], base=one).text()} {word} {Query(items=[col(two, other)], base=two).text()}"
    return Made(question=question, sql=sql)


NESTED: dict[str, tuple[Task, float]] = {
    "above mean": (above_mean, 4),
    "more than named": (more_than_named, 2),
    "same as named": (same_as_named, 1),
    "largest of each": (largest_of_each, 2.5),
    "in both": (in_both, 2),
}
