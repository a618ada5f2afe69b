"""A row of questions to one schema: each is asked as inference would ask it, those before it stand as examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from treadle.coding.sql.base import Dialect
from treadle.prompts import Ingredients, build_prompt
from treadle.synthesis.rows import Row, segments_of
from treadle.synthesis.writer import PromptWriter
from treadle.types import Example

__all__ = ["Turn", "is_shown", "sql_row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and its statement, from SELECT on, without a semicolon. ``examples`` stand before it, the nearest first."""

    question: str
    sql: str
    examples: tuple[Example, ...] = ()


def sql_row(
    turns: Sequence[Turn], summary: str, dialect: Dialect, writer: PromptWriter, *, source: str, licence: str, group: str
) -> Row:
    """The turns over one ``summary`` of a schema, which is read once for all of them."""
    ingredients = Ingredients(request=turns[0].question, dialect=dialect, summary=summary)
    prompts, before = [], list[Example]()
    for number, turn in enumerate(turns):
        before += reversed(turn.examples)
        asked = replace(ingredients, request=turn.question, examples=tuple(reversed(before)))
        prompts.append(build_prompt(writer, asked, writer.most_tokens))
        before.append(_example(number, turn))
    learnt = [f"{turn.sql.removeprefix('SELECT')};" for turn in turns]
    segments = segments_of([p.primer for p in prompts], learnt)
    return Row(messages=prompts[0].messages, segments=segments, source=source, licence=licence, group=group)


def is_shown(tables: frozenset[str], summary: str) -> bool:
    """Whether ``summary`` holds all these tables: others go beyond its budget."""
    return all(f"CREATE TABLE {name} (" in summary for name in tables)


def _example(number: int, turn: Turn) -> Example:
    return Example(id=f"e{number}", request=turn.question, program=turn.sql, body=turn.sql, pack="synthesis", kind="sql")
