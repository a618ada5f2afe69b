"""Questions over several tables: owners of something, of nothing, of both; what is on the other side of a link."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.phrases import Phrase, draw_phrase, named, said, things
from treadle.synthesis.sql.query import Query, col
from treadle.synthesis.sql.tasks_groups import NOT_SUMMED
from treadle.synthesis.sql.world import Link

__all__ = ["OWNERS"]


def _inner(ask: Ask, link: Link, count: int = 1) -> Phrase:
    """A phrase on what belongs to an owner, without conditions on the owner itself."""
    phrase = draw_phrase(ask.world, link.table, ask.choose, count=count, owners=False)
    if ask.maybe(0.3) and len(link.table.links) > 1:
        other = ask.choose.choice([k for k in link.table.links if k is not link])
        if other.owner is not link.owner and other.owner.label:
            used = [v for v in other.column.values if v is not None]
            name, where = named(other.owner, other.owner.key.values.index(ask.choose.choice(used)))
            one, many = things(link.table, ask.choose)
            which = ask.choose.choice(("", f"the {other.owner.thing.singular} "))
            tail = f"{other.belongs.preposition} {which}{said(name, ask.choose)}"
            return Phrase(
                table=link.table, one=f"{one} {tail}", many=f"{many} {tail}", plain=many, where=where, links=[other]
            )
    return phrase


def _has(ask: Ask, link: Link) -> str:
    return link.belongs.verb or ("have" if ask.maybe(0.7) else "own" if link.owner.thing.person else "have")


def owners_with(ask: Ask) -> Made | None:
    """Owners of at least one such thing."""
    link = ask.link(lambda k: ask.is_named(k.owner))
    if link is None:
        return None
    inner = _inner(ask, link)
    if not inner.narrow:
        return None
    own = draw_phrase(ask.world, link.owner, ask.choose, count=ask.choose.choices((0, 1), (75, 25))[0], owners=False)
    who = "who" if link.owner.thing.person else "that"
    question = ask.say(
        (
            "Which {ones} {has} {many}?",
            "[List|Show|Find|Give me] the {labels} of [the |all |]{ones} {who} {has} {many}.",
            "[Find|List|Show] [all |the |]{ones} [with|{who} {has}] {many}.",
            "What are the {labels} of {ones} with {many}?",
            "{ones} with at least one {one}",
            "Which {ones} {has} [at least one|a] {one}?",
        ),
        ones=own.many,
        has=_has(ask, link),
        many=inner.many,
        one=inner.one,
        labels=ask.which(link.owner),
        who=who,
    )
    query = Query(
        items=ask.label(link.owner),
        base=link.owner,
        links=[link, *inner.links],
        where=[*own.where, *inner.where],
        distinct=True,
    )
    wrong = Query(items=ask.label(link.owner), base=link.owner, links=[link], distinct=True)
    return Made(question=question, sql=query.text(), wrong=(wrong.text(),))


def owners_without(ask: Ask) -> Made | None:
    """Owners of nothing, or of nothing such."""
    link = ask.link(lambda k: ask.is_named(k.owner) and not k.column.unknown)
    if link is None:
        return None
    inner = draw_phrase(ask.world, link.table, ask.choose, count=ask.choose.choices((0, 1), (65, 35))[0], owners=False)
    own = draw_phrase(ask.world, link.owner, ask.choose, count=ask.choose.choices((0, 1), (75, 25))[0], owners=False)
    who = "who" if link.owner.thing.person else "that"
    verb = link.belongs.verb
    templates = [
        "Which {ones} [have no|do not have any|have never had] {many}?",
        "[List|Show|Find|Give me] [the {labels} of |all |]{ones} without [any |]{many}.",
        "{ones} [with no|without] {many}",
        "[Find|Show] the {ones} {who} have no {many}.",
        "What are the {labels} of [the |]{ones} {who} do not have any {many}?",
    ]
    if verb:
        templates += [
            "Which {ones} never {verb} [any |]{many}?",
            "[List|Name] [the |all |]{ones} {who} never {verb} [a {one}|any {many}].",
        ]
    counted = ask.maybe(0.2)
    if counted:
        templates = [
            "How many {ones} [have no|do not have any] {many}?",
            "[Count|What is the number of] {ones} without [any |]{many}[?|.]",
        ]
    question = ask.say(
        templates, ones=own.many, one=inner.one, many=inner.many, labels=ask.which(link.owner), who=who, verb=verb
    )
    sub = Query(items=[col(link.table, link.column)], base=link.table, where=inner.where, links=inner.links).text()
    items = ["COUNT(*)"] if counted else ask.label(link.owner)
    query = Query(
        items=items, base=link.owner, where=[*own.where, f"{col(link.owner, link.key)} NOT IN ({sub})"], links=own.links
    )
    return Made(question=question, sql=query.text(), wrong=(query.text().replace("NOT IN", "IN"),))


def owners_with_both(ask: Ask) -> Made | None:
    """Owners of one and of another, or of one but not of another."""
    link = ask.link(lambda k: ask.is_named(k.owner) and bool(k.table.by_role("category")))
    column = link and ask.column(link.table, "category")
    if link is None or not column:
        return None
    values = list(dict.fromkeys(column.known))
    if len(values) < 2:
        return None
    a, b = ask.choose.sample(values, 2)
    sa, sb = (column.spoken.get(v, str(v)) for v in (a, b))
    ones, many = things(link.owner, ask.choose)[1], things(link.table, ask.choose)[1]
    both = ask.maybe(0.6)
    has = _has(ask, link)
    before = column.attribute is not None and column.attribute.before
    x, y = (
        (f"{sa} {many}", f"{sb} {many}")
        if before
        else (f"{many} with {ask.noun(column)} {sa}", f"{many} with {ask.noun(column)} {sb}")
    )
    templates = [
        "Which {ones} {has} both {x} and {y}?",
        "[Find|List|Show] [the |all |]{ones} {who} {has} {x} as well as {y}.",
        "{ones} with both {x} and {y}",
    ]
    if not both:
        templates = [
            "Which {ones} {has} {x} but no {y}?",
            "[Find|List|Show] [the |all |]{ones} {who} {has} {x} but not {y}.",
            "{ones} with {x} and without {y}",
        ]
    question = ask.say(templates, ones=ones, has=has, x=x, y=y, who="who" if link.owner.thing.person else "that")
    subs = [
        Query(items=[col(link.table, link.column)], base=link.table, where=[f"{col(link.table, column)} = '{v}'"]).text()
        for v in (a, b)
    ]
    key = col(link.owner, link.key)
    where = [f"{key} IN ({subs[0]})", f"{key} {'IN' if both else 'NOT IN'} ({subs[1]})"]
    return Made(
        question=question,
        sql=Query(items=ask.label(link.owner), base=link.owner, where=where).text(),
        wrong=(Query(items=ask.label(link.owner), base=link.owner, where=where[:1]).text(),),
    )


def different_owners(ask: Ask) -> Made | None:
    """How many different owners the rows have."""
    link = ask.link()
    if link is None:
        return None
    phrase = draw_phrase(ask.world, link.table, ask.choose, count=1, owners=False)
    if not phrase.narrow:
        return None
    ones = things(link.owner, ask.choose)[1]
    verb = link.belongs.verb
    templates = [
        "How many [different|distinct|unique] {ones} have {many}?",
        "[Count|Find] the number of [different|distinct] {ones} with {many}.",
        "How many [different |]{ones} are there with {many}?",
    ]
    templates += ["How many [different |]{ones} {verb} {many}?"] * 3 if verb else []
    question = ask.say(templates, ones=ones, many=phrase.many, verb=verb)
    items = [f"COUNT(DISTINCT {col(link.table, link.column)})"]
    return Made(question=question, sql=ask.query(phrase, items).text(), wrong=(ask.query(phrase, ["COUNT(*)"]).text(),))


def through_link(ask: Ask) -> Made | None:
    """Things on the other side of a table between two: 'the courses of a student'."""
    found = ask.between()
    if found is None:
        return None
    table, here, there = found
    many, other = things(here.owner, ask.choose)[1], things(there.owner, ask.choose)[0]
    middle, prep = things(table, ask.choose)[1], there.belongs.preposition
    links = [here, there]
    if ask.maybe(0.5):
        used = [v for v in there.column.values if v is not None]
        name, where = named(there.owner, there.owner.key.values.index(ask.choose.choice(used)))
        end = f"[the {other} |]{said(name, ask.choose)}"
    else:
        inner = draw_phrase(ask.world, there.owner, ask.choose, count=1, owners=False)
        if not inner.narrow:
            return None
        where, end = inner.where, inner.many
    templates = [
        "Which {many} [belong to|are linked to|go with|have to do with] {end}?",
        "[List|Show|Find|Give me] the {labels} of [all |the |]{many} of {end}.",
        "[List|Show|Find] [all |the |]{many} of {end}.",
    ]
    if not table.silent:
        templates += [
            "Which {many} have {middle} {prep} {end}?",
            "[List|Show|Find] the {labels} of [the |]{many} with {middle} {prep} {end}.",
        ]
        templates += ["Which {many} {verb} {middle} {prep} {end}?"] * 2 if here.belongs.verb else []
    templates = [t.replace("{end}", end) for t in templates]
    counted = ask.maybe(0.2)
    if counted:
        templates = [
            f"How many [different |]{{many}} [belong to|go with|are linked to] {end}?",
            f"[Count|What is the number of] {{many}} of {end}[?|.]",
        ]
    question = ask.say(templates, many=many, labels=ask.which(here.owner), middle=middle, prep=prep, verb=here.belongs.verb)
    if counted:
        query = Query(items=[f"COUNT(DISTINCT {col(table, here.column)})"], base=table, links=[there], where=where)
    else:
        query = Query(items=ask.label(here.owner), base=here.owner, links=links, where=where, distinct=True)
    return Made(question=question, sql=query.text())


def linked_counts(ask: Ask) -> Made | None:
    """How many things each has on the other side of a table between two; which has the most, which more than so many."""
    found = ask.between()
    if found is None:
        return None
    table, here, there = found
    one, ones = things(here.owner, ask.choose)
    inner = draw_phrase(ask.world, there.owner, ask.choose, count=ask.choose.choices((0, 1), (70, 30))[0], owners=False)
    links = [here, there] if inner.narrow else [here]
    keys, figure = ask.label(here.owner), f"COUNT(DISTINCT {col(table, there.column)})"
    draw = ask.choose.random()
    more: dict[str, object] = {}
    items = keys
    if draw < 0.4:
        templates = [
            "How many [different |]{many} does each {one} have?",
            "[Show|List|Give] the number of [different |]{many} [for each|per|of each] {one}.",
            "[For each|For every] {one}, [count the|how many] {many}.",
            "Number of {many} [per|by] {one}",
        ]
        items = [*keys, figure]
    elif draw < 0.75:
        most = ask.maybe(0.75)
        templates = [
            "Which {one} has the {word} {many}?",
            "[Find|Show|Name] the {one} with the {word} [different |]{many}.",
            "{one} with the {word} {many}",
        ]
        templates = [t.replace("{word}", "most" if most else "fewest") for t in templates]
        more = {"order": [f"{figure} DESC" if most else figure], "limit": 1}
    else:
        number = ask.choose.choice((1, 2, 3, 4, 5))
        templates = [
            f"Which {{ones}} have more than {number} [different |]{{many}}?",
            f"[List|Find|Show] [all |the |]{{ones}} with more than {number} {{many}}.",
        ]
        more = {"having": [f"{figure} > {number}"]}
    question = ask.say(templates, one=one, ones=ones, many=inner.many)
    query = Query(items=items, base=here.owner, links=links, where=inner.where, group=keys, **more)  # type: ignore[arg-type]
    return Made(question=question, sql=query.text())


def far_group(ask: Ask) -> Made | None:
    """A figure of the rows for each owner of their owner."""
    link = ask.link(lambda k: any(ask.is_named(o.owner) for o in k.owner.links))
    if link is None:
        return None
    far = ask.choose.choice([o for o in link.owner.links if ask.is_named(o.owner)])
    if far.owner is link.table or any(k.owner is far.owner for k in link.table.links):
        return None
    phrase = draw_phrase(ask.world, link.table, ask.choose, count=ask.choose.choices((0, 1), (70, 30))[0], owners=False)
    one = things(far.owner, ask.choose)[0]
    column = ask.number(link.table)
    figure, words = "COUNT(*)", f"number of {phrase.many}"
    if column and ask.maybe(0.5):
        summed = column.nouns[0] not in NOT_SUMMED and ask.maybe(0.5)
        name, word = ("SUM", "total") if summed else ("AVG", "average")
        figure, words = f"{name}({col(link.table, column)})", f"{word} {ask.noun(column)} of {phrase.many}"
    keys = ask.label(far.owner)
    if ask.maybe(0.5):
        question = ask.say(
            (
                "What is the {words} [per|for each] {one}?",
                "[Show|List|Give] the {words} [for each|per|by] {one}.",
                "[For each|For every] {one}, [show|give|what is] the {words}.",
            ),
            words=words,
            one=one,
        )
        return Made(question=question, sql=ask.query(phrase, [*keys, figure], links=[link, far], group=keys).text())
    question = ask.say(
        (
            "Which {one} has the highest {words}?",
            "[Find|Show|Name] the {one} with the largest {words}.",
            "{one} with the highest {words}",
        ),
        words=words,
        one=one,
    )
    sql = ask.query(phrase, keys, links=[link, far], group=keys, order=[f"{figure} DESC"], limit=1).text()
    return Made(question=question, sql=sql)


def owner_columns(ask: Ask) -> Made | None:
    """Rows with the names of what they belong to."""
    link = ask.link(lambda k: ask.is_named(k.owner))
    if link is None:
        return None
    phrase = draw_phrase(ask.world, link.table, ask.choose, count=ask.choose.choice((0, 1, 1)), owners=False)
    second = [o for o in link.table.links if o is not link and ask.is_named(o.owner) and o.owner is not link.owner]
    owner = things(link.owner, ask.choose)[0]
    own = ask.label(link.table)
    column = None if link.table.label else ask.column(link.table, "amount", "count", "date", "category")
    first = link.table.label[0].nouns[0] if link.table.label else ask.noun(column) if column else "id"
    items = own if link.table.label or column is None else [col(link.table, column)]
    links, owners = [link], [owner]
    items = [*items, *ask.label(link.owner)]
    if second and ask.maybe(0.35):
        far = ask.choose.choice(second)
        links.append(far)
        owners.append(things(far.owner, ask.choose)[0])
        items += ask.label(far.owner)
    who = " and ".join(f"the {o} {'' if ask.maybe(0.5) else 'name'}".strip() for o in owners)
    question = ask.say(
        (
            "[List|Show|Give] [the |all |]{many} with their {first} and {who}.",
            "For [each|every] {one}, [show|list|give] the {first} and {who}.",
            "What are the {first} and {who} of [the |all |]{many}?",
            "[Show|Return] {first} and {who} of [all |]{many}.",
        ),
        many=phrase.many,
        one=phrase.one,
        first=first,
        who=who,
    )
    return Made(question=question, sql=ask.query(phrase, items, links=links).text())


OWNERS: dict[str, tuple[Task, float]] = {
    "owners with": (owners_with, 6),
    "owners without": (owners_without, 5),
    "owners with both": (owners_with_both, 1.5),
    "different owners": (different_owners, 3),
    "through link": (through_link, 5),
    "linked counts": (linked_counts, 4),
    "far group": (far_group, 3.5),
    "owner columns": (owner_columns, 4),
}
