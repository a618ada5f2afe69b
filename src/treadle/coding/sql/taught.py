"""Corrections for a question: the nearest ones, with the values and numbers of the question, that give rows here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from treadle.coding.shots import nearest_examples, nearness
from treadle.coding.sql.base import Database, rows_of
from treadle.coding.sql.reading.linking import Links, ValueLink, find_values, link
from treadle.coding.sql.reading.schema import Schema
from treadle.retrieval.transplant import with_numbers
from treadle.types import Example, Limits

__all__ = ["ANSWERS", "TEACHES", "taught"]

ANSWERS = 0.8
"""From this similarity on a correction, with the values of the question, is an answer to it: what was corrected stays so."""
TEACHES = 0.5
"""From here on it says more about the question than rules do."""
_TRIED = 6


def taught(
    question: str, corrections: Sequence[Example], schema: Schema, links: Links, database: Database, limits: Limits
) -> list[tuple[Example, float]]:
    """Corrections that give rows on this database with how similar they are, nearest first."""
    found = []
    for example in nearest_examples(question, corrections, _TRIED):
        moved = _with_values(with_numbers(example, question), schema, links, database, limits)
        rows = rows_of(database.execute(moved.program, limits))
        if rows is not None and rows.rows:
            found.append((moved, nearness(question, moved)))
    return sorted(found, key=lambda pair: -pair[1])


def _with_values(example: Example, schema: Schema, links: Links, database: Database, limits: Limits) -> Example:
    """``example`` with the text values of the question in the place of its own, column by column, first by first."""
    if not links.values or "'" not in example.body:
        return example
    own = link(example.request, schema, find_values(example.request, schema, database, limits)).values
    body, text = example.body, example.request
    for old, new in _pairs(own, links.values):
        if f"'{old.value}'" in body and old.value != new.value:
            body = body.replace(f"'{old.value}'", new.sql)
            text = re.sub(rf"\b{re.escape(old.value)}\b", new.value.replace("\\", r"\\"), text, flags=re.IGNORECASE)
    return example if body == example.body else replace(example, request=text, body=body, program=body)


def _pairs(old: Sequence[ValueLink], new: Sequence[ValueLink]) -> list[tuple[ValueLink, ValueLink]]:
    pairs = []
    for field in dict.fromkeys(v.field for v in old):
        ours, theirs = [v for v in old if v.field == field], [v for v in new if v.field == field]
        if len(ours) == len(theirs):
            pairs += list(zip(ours, theirs, strict=True))
    return pairs
