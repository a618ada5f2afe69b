"""Questions for rows as they are: lists, single facts, counts."""

from __future__ import annotations

from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.conditions import active
from treadle.synthesis.sql.phrases import Phrase, named, said, things
from treadle.synthesis.sql.query import Query, col

__all__ = ["SIMPLE"]

_LIST = (
    "What are the {labels} of [the |all |all the |]{many}?",
    "[List|Give|Show|Show me|Give me|Find|Return|I want] the {labels} of [the |all |all the |]{many}.",
    "[List|Show|Find|Give me|Name] [all |the |]{many}.",
    "{labels} of [the |all |]{many}",
    "Which {many} are there?",
    "What are the {many} called?",
)


def list_rows(ask: Ask) -> Made | None:
    table = ask.table(ask.is_named)
    if table is None:
        return None
    phrase = ask.phrase(table, None if ask.maybe(0.2) else ask.choose.choice((1, 1, 2)))
    templates = list(_LIST)
    if phrase.predicate:
        templates += ["[Which|What] {plain} {predicate}?"] * 4
    else:
        templates += ["What are the {labels} of the {many}?"]
    question = ask.say(templates, **_words(ask, phrase))
    items = ask.label(table)
    order = items[:1] if "alphabetical" in question else []
    return Made(question=question, sql=ask.query(phrase, items, order=order).text(), wrong=ask.whole(phrase, items))


def _words(ask: Ask, phrase: Phrase) -> dict[str, str]:
    return {
        "labels": ask.which(phrase.table),
        "many": phrase.many,
        "plain": phrase.plain,
        "predicate": phrase.predicate,
    }


def list_columns(ask: Ask) -> Made | None:
    """Several columns at once, in the order they are asked for."""
    table = ask.table(ask.is_named)
    if table is None:
        return None
    wanted = [c for c in table.columns if c.role not in ("key", "link", "flag", "label")]
    if not wanted:
        return None
    chosen = ask.choose.sample(wanted, min(len(wanted), ask.choose.choice((1, 1, 2))))
    phrase = ask.phrase(table, without=[c.name for c in chosen])
    one = ask.say("first and last name") if len(table.label) == 2 else table.label[0].nouns[0]
    listed = _and([one, *(ask.noun(c) for c in chosen)])
    question = ask.say(
        (
            "[Show|List|Give|Give me|Return|Find|What are|I need] the {cols} of [each|every|all|the] {noun}.",
            "[For each|For every] {one}, [show|list|give|return] the {cols}.",
            "What are the {cols} of [the |all |]{many}?",
            "{cols} of [all |the |]{many}",
            "[List|Show] [all |the |]{many} with their {rest}.",
            "[List|Show|Find] [all |]{many}, [along with|together with|and] their {rest}.",
        ),
        cols=listed,
        rest=_and([ask.noun(c) for c in chosen]),
        one=phrase.one,
        many=phrase.many,
        noun=phrase.many,
    )
    question = question.replace("of each " + phrase.many, "of each " + phrase.one)
    question = question.replace("of every " + phrase.many, "of every " + phrase.one)
    items = [*ask.label(table), *(col(table, c) for c in chosen)]
    return Made(question=question, sql=ask.query(phrase, items).text(), wrong=ask.whole(phrase, items))


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" and {words[-1]}"


_BY_TIME: tuple[tuple[str, ...], ...] = (
    ("oldest first", "earliest first", "in chronological order"),
    ("newest first", "latest first", "most recent first"),
)
_BY_SIZE: tuple[tuple[str, ...], ...] = (
    (
        "from the lowest to the highest {n}",
        "by {n} in ascending order",
        "by {n}",
        "by increasing {n}",
        "lowest {n} first",
        "by {n}, smallest first",
    ),
    (
        "from the highest to the lowest {n}",
        "by {n} in descending order",
        "by descending {n}",
        "highest {n} first",
        "by {n}, largest first",
    ),
)


def list_sorted(ask: Ask) -> Made | None:
    table = ask.table(lambda t: ask.is_named(t) and bool(t.by_role("amount", "count", "date", "year")))
    column = table and ask.column(table, "amount", "count", "date", "year", "label", known=True)
    if table is None or not column:
        return None
    phrase = ask.phrase(table, ask.choose.choice((0, 0, 1)), [column.name])
    down = ask.maybe(0.5)
    label = column.role == "label"
    shown = ask.maybe(0.5) and not label
    orders = (_BY_TIME if column.role in ("date", "year") else _BY_SIZE)[down]
    n = ask.noun(column)
    how = ask.choose.choice(orders).format(n=n)
    if label:
        down, how = False, ask.choose.choice(("alphabetically", "in alphabetical order", f"by {n}"))
    items = [*ask.label(table), *([col(table, column)] if shown else [])]
    question = ask.say(
        (
            "[List|Show|Give me|Return|Find] [the {labels} of |]{all} {how}.",
            "[What are|Show] the {labels} of {all}, [sorted|ordered] {how}?",
            "[Sort|Order] {all} {how}[ and show the {labels}|].",
            "{labels} of {all}, [sorted|ordered] {how}",
        ),
        all=ask.choose.choice((f"the {phrase.many}", f"all {phrase.many}", phrase.many))
        + (f" with their {n}" if shown else ""),
        labels=ask.which(table),
        how=how
        if how.startswith(("by", "from", "in ", "alpha"))
        else f"with the {how}"
        if column.role not in ("date", "year")
        else f", {how}",
    )
    key = f"{col(table, column)}{' DESC' if down else ''}"
    return Made(question=question, sql=ask.query(phrase, items, order=[key]).text())


def count_rows(ask: Ask) -> Made | None:
    table = ask.table()
    assert table is not None
    phrase = ask.phrase(table, ask.choose.choices((0, 1, 2), (15, 60, 25))[0])
    templates = [
        "How many {many} are there[ in total| altogether| in the database|]?",
        "[What is|Find|Give me|Tell me|Return] the [number|total number|count] of {many}[?|.]",
        "Count [the |all |]{many}.",
        "Number of {many}",
        "How many {many} [do we have|exist]?",
    ]
    if phrase.predicate:
        templates += ["How many {plain} {predicate}?"] * 5
    question = ask.say(templates, **_words(ask, phrase))
    return Made(question=question, sql=ask.query(phrase, ["COUNT(*)"]).text(), wrong=ask.whole(phrase, ["COUNT(*)"]))


def count_different(ask: Ask) -> Made | None:
    table = ask.table(lambda t: bool(t.by_role("category", "place")))
    if table is None:
        return None
    column = ask.column(table, "category", "place")
    assert column is not None
    phrase = ask.phrase(table, ask.choose.choice((0, 1, 1)), [column.name])
    noun = ask.noun(column)
    plural = _plural(noun)
    items = [f"COUNT(DISTINCT {col(table, column)})"]
    question = ask.say(
        (
            "How many [different|distinct|unique] {nouns} [are there among [the |]{many}|do [the |]{many} have]?",
            "[What is|Give me|Find] the number of [different|distinct|unique] {nouns} of [the |all |]{many}[?|.]",
            "Count the [different|distinct] {nouns} of [the |]{many}.",
            "How many [different |]{nouns} do [the |]{many} [come from|have]?"
            if column.role == "place"
            else "How many [different |]{nouns} [occur|exist] among [the |]{many}?",
        ),
        nouns=plural,
        many=phrase.many,
    )
    wrong = ask.query(phrase, ["COUNT(*)"]).text()
    return Made(question=question, sql=ask.query(phrase, items).text(), wrong=(wrong,))


def _plural(noun: str) -> str:
    from treadle.synthesis.sql.naming import plural

    return noun if noun.endswith("s") and not noun.endswith("ss") and noun != "status" else plural(noun)


def different_values(ask: Ask) -> Made | None:
    table = ask.table(lambda t: bool(t.by_role("category", "place")))
    column = table and ask.column(table, "category", "place")
    if table is None or not column:
        return None
    phrase = ask.phrase(table, ask.choose.choice((0, 0, 1)), [column.name])
    question = ask.say(
        (
            "What [different|distinct|] {nouns} [are there among [the |]{many}|do [the |]{many} have]?",
            "[List|Show|Give me|Find] [the different|all different|the distinct|all unique] {nouns} of [the |]{many}.",
            "Which {nouns} [occur among [the |]{many}|do [the |]{many} have]?",
            "[All|The] [distinct|different] {nouns} of {many}",
        ),
        nouns=_plural(ask.noun(column)),
        many=phrase.many,
    )
    sql = ask.query(phrase, [col(table, column)], distinct=True)
    return Made(question=question, sql=sql.text())


def fact(ask: Ask) -> Made | None:
    """What is known of one thing that is named."""
    table = ask.table(ask.is_named)
    column = table and ask.column(table, "amount", "count", "category", "place", "date", "year", "text")
    if table is None or not column:
        return None
    known = [i for i, v in enumerate(column.values) if v is not None]
    if not known:
        return None
    name, where = named(table, ask.choose.choice(known))
    one = things(table, ask.choose)[0]
    done = column.attribute.participle if column.attribute else ""
    templates = [
        "What is the {noun} of [the {one} |]{name}?",
        "[Give me|Show|Tell me|Find|Return] the {noun} of [the {one} |]{name}.",
        "What {noun} does [the {one} |]{name} have?",
        "{noun} of [the {one} |]{name}",
        "[What is|What's] {name}'s {noun}?",
    ]
    if column.role == "date" and done:
        templates += ["When [did [the {one} |]{name} {base}|was [the {one} |]{name} {done}]?"] if False else []
        templates += ["When was [the {one} |]{name} {done}?"] * 4 if not active(done) else []
    if column.role == "place" and table.thing.person:
        templates += ["[Where|Which {noun}] is {name} from?", "[Where|In which {noun}] does {name} live?"]
    question = ask.say(templates, noun=ask.noun(column), one=one, name=said(name, ask.choose), done=done)
    sql = Query(items=[col(table, column)], base=table, where=where).text()
    return Made(question=question, sql=sql)


def fact_of_owner(ask: Ask) -> Made | None:
    """What a thing that is named belongs to, or what is known of that."""
    link = ask.link(lambda k: ask.is_named(k.table) and ask.is_named(k.owner))
    if link is None:
        return None
    known = [i for i, v in enumerate(link.column.values) if v is not None]
    name, where = named(link.table, ask.choose.choice(known))
    one, owner = things(link.table, ask.choose)[0], things(link.owner, ask.choose)[0]
    slots = {"one": one, "owner": owner, "name": said(name, ask.choose), "label": link.owner.label[0].nouns[0]}
    column = ask.column(link.owner, "amount", "count", "category", "place", "year")
    if column and ask.maybe(0.4):
        slots["noun"] = ask.noun(column)
        items = [col(link.owner, column)]
        templates = [
            "What is the {noun} of the {owner} of [the {one} |]{name}?",
            "[Give|Show|Find] the {noun} of the {owner} of [the {one} |]{name}.",
        ]
    else:
        items = ask.label(link.owner)
        templates = [
            "What is the {label} of the {owner} of [the {one} |]{name}?",
            "[Who|Which {owner}] is the {owner} of {name}?"
            if link.owner.thing.person
            else "Which {owner} does [the {one} |]{name} belong to?",
            "[Show|Give me|Find|Name] the {owner} of [the {one} |]{name}.",
            "{owner} of [the {one} |]{name}",
        ]
        verb = link.belongs.verb
        templates += (
            [f"[Who|Which {{owner}}] {verb} [the {{one}} |]{{name}}?"] * 3 if verb and link.owner.thing.person else []
        )
    sql = Query(items=items, base=link.table, links=[link], where=where).text()
    return Made(question=ask.say(templates, **slots), sql=sql)


SIMPLE: dict[str, tuple[Task, float]] = {
    "list": (list_rows, 8),
    "columns": (list_columns, 7),
    "sorted": (list_sorted, 4),
    "count": (count_rows, 9),
    "count different": (count_different, 3),
    "different values": (different_values, 2),
    "fact": (fact, 4),
    "fact of owner": (fact_of_owner, 3),
}
