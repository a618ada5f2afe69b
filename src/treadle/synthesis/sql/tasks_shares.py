"""Questions for parts of a whole: percentages, ratios, one number for another, counts side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import noun_of
from treadle.synthesis.sql.naming import plural
from treadle.synthesis.sql.phrases import Phrase, draw_phrase, things
from treadle.synthesis.sql.query import Query, col, literal
from treadle.synthesis.sql.tasks_groups import NOT_SUMMED, group_of
from treadle.synthesis.sql.world import Table

__all__ = ["SHARES"]


def _narrow(ask: Ask, table: Table, *, without: Sequence[str] = ()) -> Phrase:
    return draw_phrase(ask.world, table, ask.choose, count=1, without=without, owners=False)


def share(ask: Ask) -> Made | None:
    """Which part of the rows fulfils a condition, as a fraction or in percent."""
    table = ask.table()
    assert table is not None
    part = _narrow(ask, table)
    if not part.narrow:
        return None
    base = ask.phrase(table, ask.choose.choices((0, 1), (70, 30))[0], list(part.columns), owners=True)
    percent = ask.maybe(0.6)
    word = ask.choose.choice(
        ("percentage", "percent", "share in percent") if percent else ("fraction", "proportion", "share", "ratio")
    )
    predicate = part.predicate or ""
    of = ask.choose.choice((f"the {base.many}", base.many, f"all {base.many}"))
    extra = part.many.replace(part.plain, "", 1).strip()
    adjective = part.plain.replace(things_of(part), "").strip()
    if predicate:
        templates = [
            "What {word} of {of} {predicate}?",
            "[Compute|Find|Give me|Calculate] the {word} of {of} [that|which] {predicate}.",
            "{word} of {of} that {predicate}",
        ]
    elif adjective:
        templates = [
            "What {word} of {of} [is|are] {adjective}?",
            "[Compute|Find|Give me] the {word} of {adjective} {many} among {of}.",
            "What is the {word} of {adjective} {many}?" if not base.narrow else "What {word} of {of} are {adjective}?",
        ]
    else:
        templates = ["What is the {word} of {many} {extra} among {of}?", "[Compute|Give me] the {word} of {of} {extra}."]
    if word == "percent":
        templates = [
            t.replace("the {word}", "the percentage").replace("{word} of {of} that", "percentage of {of} that")
            for t in templates
        ]
    question = ask.say(
        templates,
        word=word,
        of=of,
        predicate=predicate.replace("were", "were"),
        adjective=adjective,
        many=base.plain,
        extra=extra,
    )
    group = ask.column(table, "category", "place", without=[*part.columns, *base.columns])
    lead = "100.0" if percent else "1.0"
    item = f"{lead} * SUM(CASE WHEN {' AND '.join(part.where)} THEN 1 ELSE 0 END) / COUNT(*)"
    if group and ask.maybe(0.3):
        noun = ask.noun(group)
        question = ask.choose.choice(
            (f"For each {noun}, {question[:1].lower()}{question[1:]}", question.rstrip("?.") + f" per {noun}?")
        )
        keys = [col(table, group)]
        return Made(question=question, sql=ask.query(base, [*keys, item], group=keys).text())
    return Made(question=question, sql=ask.query(base, [item]).text())


def share_of_sum(ask: Ask) -> Made | None:
    """Which part of a total comes from rows that fulfil a condition."""
    table = ask.table(lambda t: bool(t.by_role("amount", "count")))
    column = table and ask.number(table)
    if table is None or not column or column.nouns[0] in NOT_SUMMED or min(column.known, default=-1) < 0:
        return None
    part = _narrow(ask, table, without=[column.name])
    if not part.narrow:
        return None
    percent = ask.maybe(0.65)
    question = ask.say(
        (
            "What {word} of the total {noun} of [all |]{plural} [comes from|is due to|do] {many}[ make up|]?",
            "[Compute|Find|Give me] the {word} of the total {noun} that {many} account for.",
            "[How large is|What is] the {word} of {many} in the total {noun} of all {plural}?",
        ),
        word="percentage" if percent else ask.choose.choice(("fraction", "share", "proportion")),
        noun=ask.noun(column),
        plural=table.thing.plural,
        many=part.many,
    )
    question = re.sub(r"(comes from|is due to)( .*) make up\?", r"\1\2?", question)
    question = re.sub(r" do ((?:(?! make up).)*)\?$", r" comes from \1?", question)
    mark = col(table, column)
    item = (
        f"{'100.0' if percent else '1.0'} * SUM(CASE WHEN {' AND '.join(part.where)} THEN {mark} ELSE 0 END) / SUM({mark})"
    )
    return Made(question=question, sql=Query(items=[item], base=table).text())


def difference(ask: Ask) -> Made | None:
    """Largest less smallest, or the means of two groups."""
    table = ask.table(lambda t: bool(t.by_role("amount", "count")))
    column = table and ask.number(table)
    if table is None or not column:
        return None
    mark, noun = col(table, column), ask.noun(column)
    group = ask.column(table, "category", known=True)
    if group is None or ask.maybe(0.5):
        phrase = ask.phrase(table, ask.choose.choice((0, 0, 1)), [column.name])
        question = ask.say(
            (
                "What is the difference between the highest and the lowest {noun} of [the |all |]{many}?",
                "[By how much do|How much do] the largest and the smallest {noun} of {many} differ?",
                "[Compute|Give me] the range of the {noun} of {many} (maximum minus minimum).",
            ),
            noun=noun,
            many=phrase.many,
        )
        return Made(question=question, sql=ask.query(phrase, [f"MAX({mark}) - MIN({mark})"]).text())
    values = list(dict.fromkeys(group.known))
    if len(values) < 2:
        return None
    a, b = ask.choose.sample(values, 2)
    question = ask.say(
        (
            "What is the difference in average {noun} between {a} and {b} {many}?",
            "By how much does the average {noun} of {many} with {by} {a} exceed that of {many} with {by} {b}?",
        ),
        noun=noun,
        a=group.spoken.get(a, str(a)),
        b=group.spoken.get(b, str(b)),
        by=ask.noun(group),
        many=table.thing.plural,
    )
    one, two = (f"AVG(CASE WHEN {col(table, group)} = {literal(v)} THEN {mark} END)" for v in (a, b))
    return Made(question=question, sql=Query(items=[f"{one} - {two}"], base=table).text())


def things_of(phrase: Phrase) -> str:
    """The bare plural of a phrase: its last words."""
    thing = phrase.table.thing
    return next(
        (
            w
            for w in sorted((thing.plural, *(plural(o) for o in thing.others), *thing.others), key=len, reverse=True)
            if phrase.plain.endswith(w)
        ),
        thing.plural,
    )


def ratio(ask: Ask) -> Made | None:
    """Rows with one value to rows with another."""
    table = ask.table(lambda t: bool(t.by_role("category", "place", "flag")))
    column = table and ask.column(table, "category", "place")
    if table is None or not column:
        return None
    values = list(dict.fromkeys(column.known))
    if len(values) < 2:
        return None
    a, b = ask.choose.sample(values, 2)
    phrase = ask.phrase(table, ask.choose.choices((0, 1), (70, 30))[0], [column.name])
    mark = col(table, column)
    one, two = (f"SUM(CASE WHEN {mark} = {literal(v)} THEN 1 ELSE 0 END)" for v in (a, b))
    sa, sb = (column.spoken.get(v, str(v)) for v in (a, b))
    question = ask.say(
        (
            "What is the ratio of {a} to {b} {many}?",
            "[Compute|Find|Give me] the ratio of {many} with {noun} {a} to those with {noun} {b}.",
            "Ratio of {a} {many} to {b} {many}",
            "What is the ratio of {many} whose {noun} is {a} to {many} whose {noun} is {b}?",
        ),
        a=sa,
        b=sb,
        many=phrase.many,
        noun=ask.noun(column),
    )
    item = f"1.0 * {one} / NULLIF({two}, 0)"
    if ask.maybe(0.25) and table.links:
        link = ask.choose.choice(table.links)
        if ask.is_named(link.owner) and link not in phrase.links and not phrase.links:
            keys = ask.label(link.owner)
            question = question.rstrip("?.") + ask.choose.choice(
                (f" for each {link.owner.thing.singular}?", f" per {link.owner.thing.singular}?")
            )
            return Made(question=question, sql=ask.query(phrase, [*keys, item], links=[link], group=keys).text())
    return Made(question=question, sql=ask.query(phrase, [item]).text())


def per_unit(ask: Ask) -> Made | None:
    """One number divided by another: in total, for each row, or the row where it is largest."""
    table = ask.table(lambda t: len(t.by_role("amount", "count")) > 1 and ask.is_named(t))
    if table is None:
        return None
    top_, bottom = ask.choose.sample(table.by_role("amount", "count"), 2)
    if top_.unknown or bottom.unknown or (bottom.attribute and bottom.attribute.kind.low <= 0):
        return None
    a, b = noun_of(top_, ask.choose), noun_of(bottom, ask.choose)
    phrase = ask.phrase(table, ask.choose.choices((0, 1), (60, 40))[0], [top_.name, bottom.name])
    upper, lower = col(table, top_), col(table, bottom)
    draw = ask.choose.random()
    if draw < 0.35:
        question = ask.say(
            (
                "What is the ratio of [the |]total {a} to total {b} of [the |all |]{many}?",
                "[Compute|Give me] the total {a} divided by the total {b} of {many}.",
            ),
            a=a,
            b=b,
            many=phrase.many,
        )
        return Made(question=question, sql=ask.query(phrase, [f"1.0 * SUM({upper}) / NULLIF(SUM({lower}), 0)"]).text())
    each = f"1.0 * {upper} / NULLIF({lower}, 0)"
    if draw < 0.65:
        question = ask.say(
            (
                "[Show|List|Give] the {labels} of [the |all |]{many} with their ratio of {a} to {b}.",
                "For each {one}, [show|give] the {label} and the {a} divided by the {b}.",
                "What is the {a}-to-{b} ratio of each {one}?",
            ),
            labels=ask.which(table),
            label=table.label[0].nouns[0],
            many=phrase.many,
            one=phrase.one,
            a=a,
            b=b,
        )
        return Made(question=question, sql=ask.query(phrase, [*ask.label(table), each]).text())
    most = ask.maybe(0.6)
    question = ask.say(
        (
            "Which {one} has the {word} ratio of {a} to {b}?",
            "[Find|Show] the {one} with the {word} {a}-to-{b} ratio.",
            "Which {one} has the {word} {a} relative to its {b}?",
        ),
        one=phrase.one,
        a=a,
        b=b,
        word="highest" if most else "lowest",
    )
    key = f"{each} DESC" if most else each
    return Made(question=question, sql=ask.query(phrase, ask.label(table), order=[key], limit=1).text())


def mean_count(ask: Ask) -> Made | None:
    """How many there are for each owner on average."""
    link = ask.link(lambda k: not k.column.unknown)
    if link is None:
        return None
    phrase = draw_phrase(ask.world, link.table, ask.choose, owners=False)
    one = things(link.owner, ask.choose)[0]
    question = ask.say(
        (
            "What is the average number of {many} per {one}?",
            "How many {many} [are there|does a {one} have] on average[ per {one}|]?",
            "On average, how many {many} [belong to|are there for] one {one}?",
            "[Mean|Average] number of {many} per {one}",
        ),
        many=phrase.many,
        one=one,
    )
    if "per" not in question and "one" not in question and f"a {one}" not in question and f"an {one}" not in question:
        question = question.rstrip("?") + f" per {one}?"
    item = f"1.0 * COUNT(*) / COUNT(DISTINCT {col(link.table, link.column)})"
    return Made(question=question, sql=ask.query(phrase, [item]).text())


def counts_side_by_side(ask: Ask) -> Made | None:
    """Two conditional counts for each group."""
    table = ask.table(lambda t: bool(t.by_role("category")) and bool(t.links or len(t.by_role("category", "place")) > 1))
    column = table and ask.column(table, "category")
    if table is None or not column:
        return None
    values = list(dict.fromkeys(column.known))
    group = group_of(ask, table)
    if len(values) < 2 or group is None or group.column is column:
        return None
    a, b = ask.choose.sample(values, 2)
    mark = col(table, column)
    many = things(table, ask.choose)[1]
    items = [f"SUM(CASE WHEN {mark} = {literal(v)} THEN 1 ELSE 0 END)" for v in (a, b)]
    sa, sb = (column.spoken.get(v, str(v)) for v in (a, b))
    question = ask.say(
        (
            "[For each|Per] {one}, how many {a} and how many {b} {many} are there?",
            "[Show|List] the number of {a} {many} and of {b} {many} [for each|per] {one}.",
            "Count the {many} with {noun} {a} and with {noun} {b} for each {one}.",
        ),
        one=group.one,
        a=sa,
        b=sb,
        many=many,
        noun=ask.noun(column),
    )
    return Made(
        question=question, sql=Query(items=[*group.keys, *items], base=table, links=group.links, group=group.keys).text()
    )


SHARES: dict[str, tuple[Task, float]] = {
    "share": (share, 6),
    "share of sum": (share_of_sum, 2),
    "difference": (difference, 1.5),
    "ratio": (ratio, 3.5),
    "per unit": (per_unit, 3),
    "mean count": (mean_count, 2),
    "side by side": (counts_side_by_side, 1.5),
}
