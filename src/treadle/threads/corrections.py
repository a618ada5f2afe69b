"""Corrections in the store: examples, pairs, ratings, and the digests that training data is made of.

Each function works inside the caller's transaction.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

import sqlalchemy as sa

from treadle.errors import UnknownNameError, nearest
from treadle.threads import schema
from treadle.threads.base import Basis, Correction, Digest, DigestDraft, Pair, StoredExample
from treadle.threads.plain import decode_text
from treadle.threads.rows import pack, shown, unpack
from treadle.types import Outcome, Prompt, Request, Rung

__all__ = [
    "find_example",
    "insert_correction",
    "read_basis",
    "read_digest",
    "read_examples",
    "read_pairs",
    "read_ratings",
    "remove_example",
]

KNOWN_SHOWN = 10
"""How many examples an unknown id is answered with, beside the nearest ones."""


def insert_correction(connection: sa.Connection, thread: str, created: str, correction: Correction) -> str:
    """Store the example, its pair and the feedback; the active example of the thread becomes a replaced one."""
    table = schema.examples
    number = connection.execute(sa.select(sa.func.count()).select_from(table).filter_by(thread=thread)).scalar_one() + 1
    name = f"{thread}.{number}"
    connection.execute(table.update().where(table.c.thread == thread, table.c.state == "active").values(state="replaced"))
    example = _example(name, thread, created, correction)
    connection.execute(table.insert().values(_example_row(example, correction.basis)))
    pair = Pair(
        thread=thread,
        created=created,
        draft=correction.draft,
        rejected=correction.rejected,
        reason=correction.reason,
        chosen=correction.chosen,
        example=name,
        note=correction.note,
    )
    row = {"thread": thread, "created": created, "draft": pair.draft, "example": name, "reason": shown(pair.reason)}
    connection.execute(schema.pairs.insert().values(body=pack(pair), **row))
    said = {"kind": "correction", "value": shown(correction.chosen), "note": shown(correction.note)}
    connection.execute(schema.feedback.insert().values(thread=thread, created=created, **said))
    return name


def _example(name: str, thread: str, created: str, correction: Correction) -> StoredExample:
    data = correction.basis.data
    return StoredExample(
        id=name,
        thread=thread,
        created=created,
        request=correction.request,
        language=correction.language,
        kind=correction.kind,
        program=correction.program,
        body=correction.body,
        tags=correction.tags,
        dialect=correction.dialect,
        data=None if data is None else data.path.rpartition("/")[2],
        data_sha256=None if data is None else data.sha256,
        note=correction.note,
    )


def _example_row(example: StoredExample, basis: Basis) -> dict[str, Any]:
    return {
        "id": example.id,
        "thread": example.thread,
        "created": example.created,
        "state": example.state,
        "language": example.language,
        "kind": example.kind,
        "request": shown(example.request),
        "program": shown(example.program),
        "data": None if example.data is None else shown(example.data),
        "data_sha256": example.data_sha256,
        "dialect": example.dialect,
        "body": pack(example),
        "basis_body": pack(basis),
    }


# ------------------------------------------------------------------------------------------------------ examples


def read_examples(connection: sa.Connection, every: bool) -> list[StoredExample]:
    column = schema.examples.c
    query = sa.select(column.body, column.state).order_by(column.created.desc(), column.id.desc())
    if not every:
        query = query.where(column.state == "active")
    return [_unpacked(row) for row in connection.execute(query)]


def find_example(connection: sa.Connection, name: str, origin: str) -> StoredExample:
    """The example that is called ``name`` or begins so; of several of one thread the active one.

    Raises:
        UnknownNameError: none or several do.
    """
    column = schema.examples.c
    wanted = name.strip().lower()
    query = sa.select(column.id, column.thread, column.state, column.body).order_by(column.created)
    rows = connection.execute(query.where(column.id.startswith(wanted, autoescape=True)).limit(500)).all()
    exact = [row for row in rows if row.id == wanted]
    active = [row for row in rows if row.state == "active"]
    found = exact or (active if len({row.thread for row in rows}) == 1 and active else rows)
    if not wanted or not found:
        raise _unknown(connection, name, origin)
    if len(found) > 1:
        raise UnknownNameError(
            "example", name, [r.id for r in found], f"So begin {len(found)} examples: give more of the id."
        )
    return _unpacked(found[0])


def _unpacked(row: Any) -> StoredExample:
    return replace(unpack(StoredExample, row.body), state=row.state)


def _unknown(connection: sa.Connection, name: str, origin: str) -> UnknownNameError:
    column = schema.examples.c
    recent = list(connection.scalars(sa.select(column.id).order_by(column.created.desc()).limit(2000)))
    count = connection.execute(sa.select(sa.func.count()).select_from(schema.examples)).scalar_one()
    known = {*nearest(name, recent), *recent[:KNOWN_SHOWN]}
    advice = "`treadle correct` makes one." if not count else "See: treadle examples list"
    return UnknownNameError("example", name, known, f"The store {origin} holds {count} examples. {advice}")


def read_basis(connection: sa.Connection, example: str, origin: str) -> Basis:
    body = connection.execute(sa.select(schema.examples.c.basis_body).filter_by(id=example)).scalar()
    if body is None:
        raise _unknown(connection, example, origin)
    return unpack(Basis, body)


def remove_example(connection: sa.Connection, name: str, origin: str) -> StoredExample:
    found = find_example(connection, name, origin)
    table = schema.examples
    connection.execute(table.update().where(table.c.id == found.id).values(state="removed"))
    return found


# ------------------------------------------------------------------------------------------------------ training


def read_pairs(connection: sa.Connection, thread: str | None) -> list[Pair]:
    pair, example = schema.pairs.c, schema.examples.c
    query = sa.select(pair.body, example.state).join(schema.examples, example.id == pair.example).order_by(pair.id)
    if thread is not None:
        query = query.where(pair.thread == thread)
    return [replace(unpack(Pair, row.body), state=row.state) for row in connection.execute(query)]


def read_ratings(connection: sa.Connection, thread: str | None = None) -> dict[str, str]:
    column = schema.feedback.c
    query = sa.select(column.thread, column.value).where(column.kind == "rating").order_by(column.id)
    if thread is not None:
        query = query.where(column.thread == thread)
    return {row.thread: row.value for row in connection.execute(query)}


def read_digest(connection: sa.Connection, thread: str) -> Digest:
    """The thread with the full id ``thread``, which exists, without tokens, runs and artifacts."""
    head = connection.execute(sa.select(schema.threads).filter_by(id=thread)).one()
    prompt = schema.prompts.c
    prompts = connection.scalars(sa.select(prompt.body).filter_by(thread=thread).order_by(prompt.position))
    return Digest(
        id=thread,
        request=unpack(Request, head.request_body),
        prompts=tuple(unpack(Prompt, body) for body in prompts),
        drafts=tuple(_digest_drafts(connection, thread)),
        status=head.status,
        answer=connection.execute(sa.select(schema.answers.c.draft).filter_by(thread=thread)).scalar(),
        rating=_rating(read_ratings(connection, thread).get(thread)),
    )


def _rating(value: str | None) -> Literal["good", "bad"] | None:
    """Older threads may carry ratings in other words, which say nothing here."""
    if value == "good":
        return "good"
    return "bad" if value == "bad" else None


def _digest_drafts(connection: sa.Connection, thread: str) -> Iterable[DigestDraft]:
    verdict, draft = schema.verdicts.c, schema.drafts.c
    found: dict[str, set[tuple[str, str]]] = {}
    judged = sa.select(verdict.draft, verdict.rung, verdict.outcome).filter_by(thread=thread)
    for name, rung, outcome in connection.execute(judged):
        found.setdefault(name, set()).add((rung, outcome))
    columns = (draft.id, draft.prompt, draft.mean_logprob, draft.body)
    for row in connection.execute(sa.select(*columns).filter_by(thread=thread).order_by(draft.position)):
        verdicts = found.get(row.id, set())
        failed = any(outcome == Outcome.FAILED for _, outcome in verdicts)
        yield DigestDraft(
            id=row.id,
            prompt=row.prompt,
            program=_program(row.body),
            mean_logprob=row.mean_logprob,
            failed=failed,
            met=not failed and (Rung.EXPECTATIONS, Outcome.PASSED) in verdicts,
        )


def _program(body: bytes) -> str | None:
    """The program of a packed draft; unpacking its tokens as well would take five times as long."""
    program = json.loads(zlib.decompress(body)).get("program")
    return None if program is None else decode_text(program)
