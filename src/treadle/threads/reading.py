"""Reading threads back; each function reads inside the caller's transaction, so it sees one moment of the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from treadle.threads import schema
from treadle.threads.base import Feedback, ThreadInfo, ThreadRecord
from treadle.threads.rows import unpack, unpack_mapping, with_contents
from treadle.types import Answer, Draft, EngineIdentity, Prompt, Request, Run, Verdict

__all__ = ["read_feedback", "read_info", "read_thread"]

T = TypeVar("T")


def read_info(connection: sa.Connection, limit: int) -> list[ThreadInfo]:
    """The newest threads first."""
    column = schema.threads.c
    chosen = (column.id, column.created, column.request, column.state, column.status, column.engine)
    query = sa.select(*chosen).order_by(column.created.desc(), column.id.desc()).limit(limit)
    return [ThreadInfo(**row) for row in connection.execute(query).mappings()]


def read_feedback(connection: sa.Connection, thread: str) -> list[Feedback]:
    column = schema.feedback.c
    query = sa.select(column.kind, column.value, column.note, column.created).filter_by(thread=thread)
    return [Feedback(**row) for row in connection.execute(query.order_by(column.id)).mappings()]


def read_thread(connection: sa.Connection, thread: str) -> ThreadRecord:
    """The whole thread with the full id ``thread``, which exists."""
    head = connection.execute(sa.select(schema.threads).filter_by(id=thread)).one()
    request, engine = unpack(Request, head.request_body), unpack(EngineIdentity, head.engine_body)
    drafts = _rows(connection, schema.drafts, thread, schema.drafts.c.position)
    contents = _contents(connection, thread)
    return ThreadRecord(
        info=ThreadInfo(
            id=head.id,
            created=head.created,
            request=request.text,
            state=head.state,
            status=head.status,
            engine=engine.name,
        ),
        request=request,
        engine=engine,
        options=unpack_mapping(head.options_body),
        prompts=tuple(unpack(Prompt, r.body) for r in _rows(connection, schema.prompts, thread, schema.prompts.c.position)),
        drafts=tuple(unpack(Draft, r.body) for r in drafts),
        verdicts=_grouped((r.draft, unpack(Verdict, r.body)) for r in _by_id(connection, schema.verdicts, thread)),
        runs=_grouped((r.draft, _read_run(r, contents)) for r in _by_id(connection, schema.runs, thread)),
        answer=_read_answer(connection, thread, contents[None]),
        prompt_of={r.id: r.prompt for r in drafts},
        interruption=head.interruption,
        feedback=tuple(read_feedback(connection, thread)),
    )


def _read_run(row: Any, contents: dict[int | None, list[bytes]]) -> tuple[str, Run]:
    return row.purpose, with_contents(unpack(Run, row.body), contents[row.id])


def _read_answer(connection: sa.Connection, thread: str, contents: list[bytes]) -> Answer | None:
    row = connection.execute(sa.select(schema.answers.c.body).filter_by(thread=thread)).first()
    return None if row is None else with_contents(unpack(Answer, row.body), contents)


def _contents(connection: sa.Connection, thread: str) -> dict[int | None, list[bytes]]:
    """The contents of all artifacts of a thread by run (None: of the answer), in their order."""
    artifact, blob = schema.artifacts.c, schema.blobs.c
    query = (
        sa.select(artifact.run, blob.content)
        .join(schema.blobs, blob.sha256 == artifact.sha256)
        .where(artifact.thread == thread)
        .order_by(artifact.id)
    )
    found: dict[int | None, list[bytes]] = defaultdict(list)
    for run, content in connection.execute(query):
        found[run].append(content)
    return found


def _rows(connection: sa.Connection, table: sa.Table, thread: str, order: sa.Column[Any]) -> Sequence[sa.Row[Any]]:
    return connection.execute(sa.select(table).filter_by(thread=thread).order_by(order)).all()


def _by_id(connection: sa.Connection, table: sa.Table, thread: str) -> Sequence[sa.Row[Any]]:
    return _rows(connection, table, thread, table.c.id)


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, tuple[T, ...]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return {key: tuple(values) for key, values in groups.items()}
