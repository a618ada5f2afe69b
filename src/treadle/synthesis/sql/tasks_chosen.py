"""Questions for groups that stand out: the one with the most, those above a bound, all with those that have none."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import said_number
from treadle.synthesis.sql.phrases import things
from treadle.synthesis.sql.pools import nice
from treadle.synthesis.sql.query import Query, col, literal
from treadle.synthesis.sql.tasks_groups import figure_of, grouped

__all__ = ["CHOSEN"]


def group_with_most(ask: Ask) -> Made | None:
    """The group with the most rows, the highest total or mean; or the first few of them."""
    found = grouped(ask)
    if found is None:
        return None
    table, group, phrase = found
    if group.one.startswith(("year", "month", "calendar")):
        group.one = group.one.split(" ")[0].replace("calendar", "month")
    figure = figure_of(ask, table, phrase.many, plain=True)
    most = ask.maybe(0.75)
    key = f"{figure.sql} DESC" if most else figure.sql
    count = 1 if ask.maybe(0.7) else ask.choose.choice((2, 3, 5))
    shown = ask.maybe(0.25)
    verb = group.links[0].belongs.verb if group.links and group.named else ""
    if figure.column is None:
        how = (
            ask.choose.choice(
                ("the most" if most else "the fewest", "the highest number of" if most else "the lowest number of")
            )
            + f" {phrase.many}"
        )
    else:
        word = ask.choose.choice(("highest", "largest", "greatest") if most else ("lowest", "smallest"))
        how = f"the {word} {figure.words.replace('sum of the', 'total')} of {phrase.many}"
    has = ask.choose.choice((f"{verb} {how}", f"has {how}")) if verb and figure.column is None else f"has {how}"
    have = has.replace("has ", "have ", 1)
    who = "Who" if group.named and group.table.thing.person and ask.maybe(0.4) else f"Which {group.one}"
    also = " and [what is it|how many]" if figure.column is None else " and [what is it|how much is it]"
    if count == 1:
        templates = [
            f"{who} {{has}}?",
            "[Find|Show|Name|Give me|Return] the {one} with {how}.",
            "What is the {one} with {how}?",
            "{one} with {how}",
        ]
        if shown:
            templates = [f"Which {{one}} {{has}},{also}?", "[Show|Give|Find] the {one} with {how}, and that number."]
        if figure.column is None and not group.named and most and not shown:
            templates += ["What is the most [common|frequent] {one} [of|among] [the |]{many}?"] * 2
    else:
        templates = [
            "Which {n} {ones} {have}?",
            "[Show|List|Find|Give me] the {n} {ones} with {how}.",
            "Top {n} {ones} by {f}" if most else "The {n} {ones} with {how}",
        ]
        if shown:
            templates = [
                "[Show|List|Give] the {n} {ones} with {how}, and that number.",
                "[Which|What] are the {n} {ones} with {how}? Show the number too.",
            ]
    question = ask.say(
        templates,
        has=has,
        have=have,
        one=group.one,
        ones=group.many,
        how=how,
        n=str(count),
        many=phrase.many,
        f=figure.words,
    )
    items = [*group.keys, *([figure.sql] if shown else [])]
    more = {"links": group.links, "group": group.keys, "limit": count}
    sql = ask.query(phrase, items, order=[key], **more).text()
    flipped = figure.sql if most else f"{figure.sql} DESC"
    return Made(question=question, sql=sql, wrong=(ask.query(phrase, items, order=[flipped], **more).text(),))


def groups_with_more(ask: Ask) -> Made | None:
    """Groups with more than so many rows, or a total above a bound."""
    found = grouped(ask)
    if found is None:
        return None
    table, group, phrase = found
    figure = figure_of(ask, table, phrase.many, plain=True)
    verb = group.links[0].belongs.verb if group.links and group.named else ""
    n: float
    if figure.column is None:
        n = ask.choose.choice((1, 2, 2, 3, 4, 5, 8, 10))
        operator, words = ask.choose.choice(
            (
                (">", "more than {}"),
                (">", "more than {}"),
                (">=", "at least {}"),
                ("<", "fewer than {}"),
                ("=", "exactly {}"),
            )
        )
        how = f"{words.format(n)} {phrase.many if n != 1 else phrase.one}"
    else:
        kind = figure.column.attribute.kind if figure.column.attribute else None
        values = sorted(figure.column.known)
        factor = 4.0 if figure.sql.startswith("SUM") else 1.0
        n = nice(values[int(len(values) * ask.choose.uniform(0.3, 0.7))] * factor, kind.places if kind else 1)
        operator, words = ask.choose.choice(((">", "above {}"), (">", "of more than {}"), ("<", "below {}")))
        how = f"a {figure.words} {words.format(said_number(n, figure.column, ask.choose))}"
    has = f"{verb} {how}" if verb and figure.column is None and ask.maybe(0.6) else f"have {how}"
    shown = ask.maybe(0.2)
    templates = [
        "Which {ones} {has}?",
        "[List|Show|Find|Give me|Return] [all |the |]{ones} [with|that have] {how}.",
        "[What are the|Name the|All] {ones} with {how}[?|.]",
        "{ones} with {how}",
    ]
    if shown:
        templates = [
            "Which {ones} {has}? [Show|Give|Include] the {f} too.",
            "[List|Show] the {ones} with {how}, together with the {f}.",
        ]
    question = ask.say(templates, ones=group.many, has=has, how=how, f=figure.words)
    items = [*group.keys, *([figure.sql] if shown else [])]
    having = [f"{figure.sql} {operator} {literal(n)}"]
    sql = ask.query(phrase, items, links=group.links, group=group.keys, having=having).text()
    return Made(question=question, sql=sql, wrong=(ask.query(phrase, items, links=group.links, group=group.keys).text(),))


def with_none(ask: Ask) -> Made | None:
    """Counts for each owner, those without any among them."""
    link = ask.link(lambda k: ask.is_named(k.owner))
    if link is None:
        return None
    one, ones = things(link.owner, ask.choose)
    many = things(link.table, ask.choose)[1]
    question = ask.say(
        (
            "How many {many} does each {one} have, including {ones} without any?",
            "[Show|List] all {ones} with their number of {many}, [even those with none|zero included].",
            "[Show|List] all {ones} with their number of {many}, including those without {many}.",
            "For every {one}, give the {label} and the number of {many}, including zero.",
            "Number of {many} per {one} (also {ones} with no {many})",
        ),
        one=one,
        ones=ones,
        many=many,
        label=link.owner.label[0].nouns[0],
    )
    keys = ask.label(link.owner)
    sql = Query(
        items=[*keys, f"COUNT({col(link.table, link.column)})"], base=link.owner, links=[link], left=True, group=keys
    ).text()
    return Made(
        question=question,
        sql=sql,
        wrong=(Query(items=[*keys, "COUNT(*)"], base=link.owner, links=[link], group=keys).text(),),
    )


CHOSEN: dict[str, tuple[Task, float]] = {
    "group with most": (group_with_most, 8),
    "groups with more": (groups_with_more, 5),
    "with none": (with_none, 1.5),
}
