"""Doubts about a statement that ran: why it may answer another question than the one asked.

Each rule compares the statement, its rows, the words of the question and the schema. None proves anything: no doubt does not
mean right, a doubt does not mean wrong. The rules are tuned to stay silent unless a case is clear; tests hold them against
right and wrong statements over databases of their own (tests/coding/sql/doubts_*.txt).
"""

from __future__ import annotations

from treadle.coding.sql.base import Dialect, Rows
from treadle.coding.sql.doubts.asked import Asked
from treadle.coding.sql.doubts.bounds import bound_doubts
from treadle.coding.sql.doubts.extremes import extreme_doubts
from treadle.coding.sql.doubts.facts import facts_of
from treadle.coding.sql.doubts.groups import group_doubts
from treadle.coding.sql.doubts.joins import join_doubts
from treadle.coding.sql.doubts.mentions import mention_doubts
from treadle.coding.sql.doubts.rows import row_doubts
from treadle.coding.sql.doubts.slips import ValuesOf, slip_doubts, value_doubts
from treadle.coding.sql.doubts.wording import wording_doubts
from treadle.types import DataSummary

__all__ = ["ValuesOf", "sql_doubts"]


def sql_doubts(
    sql: str, rows: Rows, request: str, summary: DataSummary, dialect: Dialect, values_of: ValuesOf | None = None
) -> list[str]:
    """Why ``sql`` may be the wrong answer to ``request``, one short sentence a doubt; empty where there is none.

    ``rows`` is what it gave. ``values_of(table, column)`` gives the distinct values of a text column, or None where there
    are too many; without it, texts are not compared with what the columns hold.
    """
    facts, asked = facts_of(sql, dialect, summary), Asked(request)
    found = row_doubts(rows, facts, asked)
    if facts is not None:
        found += slip_doubts(facts, asked)
        found += join_doubts(facts, asked)
        found += wording_doubts(facts, asked)
        found += extreme_doubts(facts, asked)
        found += group_doubts(facts, asked)
        found += bound_doubts(facts, asked)
        found += mention_doubts(facts, asked, values_of)
        found += value_doubts(facts, values_of) if values_of is not None else []
    return list(dict.fromkeys(found))
