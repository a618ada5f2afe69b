"""What every task draws upon: a world, a stream of chance, and short ways to tables, columns and words."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from treadle.synthesis.paraphrase import expand
from treadle.synthesis.sql.conditions import noun_of
from treadle.synthesis.sql.phrases import Phrase, draw_phrase, label_noun, label_of, labels
from treadle.synthesis.sql.query import Query, col
from treadle.synthesis.sql.world import Column, Dialect, Link, Table, World

__all__ = ["Ask", "Made", "Task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A question with its statement; ``wrong``: statements that must give other rows, or the question asks nothing."""

    question: str
    sql: str
    wrong: tuple[str, ...] = ()


class Ask:
    """One question in the making."""

    def __init__(self, world: World, choose: random.Random) -> None:
        self.world, self.choose = world, choose

    @property
    def dialect(self) -> Dialect:
        return self.world.dialect

    def say(self, templates: str | Sequence[str], **slots: str | Sequence[str]) -> str:
        """One of ``templates``, expanded."""
        template = templates if isinstance(templates, str) else self.choose.choice(templates)
        return expand(template, self.choose, **slots)

    def maybe(self, share: float) -> bool:
        return self.choose.random() < share

    # ------------------------------------------------------------------------------------------------ tables

    def table(self, fits: Callable[[Table], bool] = lambda _: True) -> Table | None:
        """A table that ``fits``; None where there is none."""
        found = [t for t in self.world.tables if not t.silent and fits(t)]
        return self.choose.choice(found) if found else None

    def link(self, fits: Callable[[Link], bool] = lambda _: True) -> Link | None:
        """A link that ``fits``."""
        found = [k for k in self.world.links if not k.table.silent and fits(k)]
        return self.choose.choice(found) if found else None

    def between(self) -> tuple[Table, Link, Link] | None:
        """A table with links to two others that have names, each as often first."""
        found = [t for t in self.world.tables if len({id(k.owner) for k in t.links if k.owner.label}) > 1]
        if not found:
            return None
        table = self.choose.choice(found)
        here, there = self.choose.sample([k for k in table.links if k.owner.label], 2)
        return None if here.owner is there.owner else (table, here, there)

    def column(self, table: Table, *roles: str, without: Collection[str] = (), known: bool = False) -> Column | None:
        """A column of ``table`` of one of ``roles``; ``known``: one that is never NULL."""
        found = [c for c in table.by_role(*roles) if c.name not in without and not (known and c.unknown)]
        return self.choose.choice(found) if found else None

    def number(self, table: Table, without: Collection[str] = (), *, known: bool = False) -> Column | None:
        """An amount or a count."""
        return self.column(table, "amount", "count", without=without, known=known)

    def phrase(
        self, table: Table, count: int | None = None, without: Collection[str] = (), *, owners: bool = True
    ) -> Phrase:
        return draw_phrase(self.world, table, self.choose, count=count, without=without, owners=owners)

    # ------------------------------------------------------------------------------------------------- words

    def noun(self, column: Column) -> str:
        return noun_of(column, self.choose)

    def which(self, table: Table) -> str:
        """The label in words: 'names of the'."""
        return label_noun(table, self.choose, many=True)

    # --------------------------------------------------------------------------------------------------- SQL

    def query(self, phrase: Phrase, items: Sequence[str], **more: object) -> Query:
        """Items over the rows of ``phrase``."""
        links = [*phrase.links, *more.pop("links", ())]  # type: ignore[misc]
        where = [*phrase.where, *more.pop("where", ())]  # type: ignore[misc]
        return Query(items=items, base=phrase.table, links=links, where=where, **more)  # type: ignore[arg-type]

    @staticmethod
    def label(table: Table) -> list[str]:
        return label_of(table)

    @staticmethod
    def marked(table: Table, column: Column) -> str:
        return col(table, column)

    @staticmethod
    def is_named(table: Table) -> bool:
        return bool(table.label)

    def whole(self, phrase: Phrase, items: Sequence[str], **more: object) -> tuple[str, ...]:
        """The same without the phrase's conditions, which must not give the same; none where it has none."""
        if not phrase.where:
            return ()
        bare = Phrase(table=phrase.table, one="", many="")
        return (self.query(bare, items, **more).text(),)

    @staticmethod
    def columns(table: Table) -> tuple[Column, ...]:
        return labels(table)


Task = Callable[[Ask], Made | None]
