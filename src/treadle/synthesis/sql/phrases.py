"""What a question is about: 'crime books', 'orders of customers from Spain', with the conditions and joins that it takes."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from treadle.synthesis.sql.conditions import Condition, draw_condition
from treadle.synthesis.sql.query import col, literal
from treadle.synthesis.sql.world import Column, Link, Table, World

__all__ = ["Phrase", "draw_phrase", "label_noun", "label_of", "labels", "named", "said", "things"]


@dataclass(slots=True, kw_only=True)
class Phrase:
    """Rows of ``table``: ``one`` and ``many`` in words, ``where`` and ``links`` in SQL.

    ``plain`` is the plural without what stands behind it, ``predicate`` says that of a subject ('have more than 3 pages');
    it is empty where it cannot be said so.
    """

    table: Table
    one: str
    many: str
    plain: str = ""
    predicate: str = ""
    where: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)

    @property
    def narrow(self) -> bool:
        """Whether it leaves out any rows."""
        return bool(self.where)


def things(table: Table, choose: random.Random) -> tuple[str, str]:
    """Singular and plural for rows of ``table``; sometimes another word than the usual."""
    thing = table.thing
    if thing.others and choose.random() < 0.12:
        word = choose.choice(thing.others)
        last = word.split()[-1]
        return word, word if last.endswith("s") else _plural(word)
    return thing.singular, thing.plural


def _plural(word: str) -> str:
    from treadle.synthesis.sql.naming import plural

    return plural(word)


def labels(table: Table) -> tuple[Column, ...]:
    """What a row is called by; its key where it has no name."""
    return table.label or (table.key,)


def label_of(table: Table) -> list[str]:
    """The same as marked columns."""
    return [col(table, c) for c in labels(table)]


def label_noun(table: Table, choose: random.Random, many: bool) -> str:
    """'names', 'titles', 'ids'."""
    if not table.label:
        return choose.choice(("ids", "IDs", f"{table.thing.singular} ids") if many else ("id", f"{table.thing.singular} id"))
    if len(table.label) == 2:
        return "first and last names" if many else "first and last name"
    noun = table.label[0].nouns[0]
    return f"{noun}s" if many else noun


def named(table: Table, row: int) -> tuple[str, list[str]]:
    """A row of ``table`` by its name, as said and as conditions. People write capitals where a database has none."""
    columns = labels(table)
    values = [c.values[row] for c in columns]
    where = [f"{col(table, c)} = {literal(v)}" for c, v in zip(columns, values, strict=True)]
    return " ".join(c.spoken.get(v, str(v)) for c, v in zip(columns, values, strict=True)), where


def said(text: str, choose: random.Random) -> str:
    """A name as it is or in quotes."""
    return choose.choice((text, text, text, f"'{text}'", f'"{text}"'))


def draw_phrase(
    world: World,
    table: Table,
    choose: random.Random,
    *,
    count: int | None = None,
    without: Collection[str] = (),
    owners: bool = True,
    depth: int = 0,
) -> Phrase:
    """A phrase with ``count`` conditions (None: at random), none on the columns called ``without``.

    ``owners``: conditions may be on what the rows belong to, which takes joins.
    """
    one, many = things(table, choose)
    wanted = choose.choices((0, 1, 2), (35, 50, 15))[0] if count is None else count
    phrase = Phrase(table=table, one=one, many=many, plain=many)
    before, after, predicates = "", list[str](), list[str]()
    for _ in range(wanted * 2):
        if len(after) + bool(before) >= wanted:
            break
        if owners and table.links and depth < 2 and choose.random() < 0.4 and not phrase.links:
            told = _by_owner(world, phrase, choose, depth)
            after += [told] if told else []
            predicates += [f"are {told}" if told and not told.startswith("whose") else ""] if told else []
            continue
        condition = _own(world, table, choose, {*without, *phrase.columns})
        if condition is None or (condition.before and before):
            continue
        phrase.where.append(condition.sql)
        phrase.columns.add(condition.column.name)
        before = before or condition.before
        if condition.after:
            after.append(condition.after)
            predicates.append(condition.predicate)
    tail = _joined(after)
    if len(after) == 2 and len(phrase.where) == 2 and not before and not phrase.links and choose.random() < 0.25:
        # One of the two is enough.
        phrase.where = [f"({' OR '.join(phrase.where)})"]
        tail, predicates = " or ".join(after), [" or ".join(predicates)] if all(predicates) else [""]
    lead = f"{before} " if before else ""
    phrase.one, phrase.many = f"{lead}{one} {_singular(tail)}".strip(), f"{lead}{many} {tail}".strip()
    phrase.plain = f"{lead}{many}"
    phrase.predicate = " and ".join(predicates) if predicates and all(predicates) else ""
    return phrase


def _singular(tail: str) -> str:
    """What stands behind a plural, behind a singular."""
    for many, one in (
        ("have", "has"),
        ("are", "is"),
        ("were", "was"),
        ("do", "does"),
        ("live", "lives"),
        ("earn", "earns"),
        ("expire", "expires"),
    ):
        tail = re.sub(rf"\b(that|who) {many}\b", rf"\1 {one}", tail, count=1)
    return tail


def _joined(after: Sequence[str]) -> str:
    if len(after) < 2:
        return "".join(after)
    ordered = sorted(after, key=lambda t: t.startswith(("whose", "that", "who", "where")))
    same = ordered[0].split()[0] == ordered[1].split()[0] or ordered[0].startswith(("whose", "that", "who", "where"))
    return f"{ordered[0]} and {ordered[1]}" if same else " ".join(ordered)


def _own(world: World, table: Table, choose: random.Random, without: Collection[str]) -> Condition | None:
    weights = {"category": 5, "place": 5, "amount": 5, "count": 5, "date": 4, "year": 4, "flag": 4, "label": 2, "text": 1}
    fitting = [c for c in table.columns if c.role in weights and c.name not in without]
    if not fitting:
        return None
    column = choose.choices(fitting, [weights[c.role] for c in fitting])[0]
    return draw_condition(table, column, world.dialect, choose)


def _by_owner(world: World, phrase: Phrase, choose: random.Random, depth: int) -> str:
    """A condition on what the rows belong to: by its name, or by what is known of it; adds to ``phrase``."""
    link = choose.choice(phrase.table.links)
    owner, preposition = link.owner, link.belongs.preposition
    singular = things(owner, choose)[0]
    if owner.label and choose.random() < 0.5:
        used = [v for v in link.column.values if v is not None]
        row = owner.key.values.index(choose.choice(used))
        name, where = named(owner, row)
        name = said(name, choose)
        forms = [f"{preposition} {name}", f"{preposition} the {singular} {name}", f"whose {singular} is {name}"]
        told = choose.choice(forms)
        phrase.where += where
        phrase.links.append(link)
        return told
    inner = draw_phrase(world, owner, choose, count=1, depth=depth + 1, owners=choose.random() < 0.3)
    if not inner.narrow:
        return ""
    phrase.where += inner.where
    phrase.links += [link, *inner.links]
    return f"{preposition} {choose.choice((inner.many, inner.many, f'a {inner.one}'))}"
