"""The store in SQL: every method is one transaction, committed before it returns."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from treadle.errors import StoreError, TreadleError, UnknownNameError, UsageError, nearest
from treadle.threads import corrections, rows, schema
from treadle.threads.base import (
    Basis,
    Correction,
    Digest,
    Feedback,
    Pair,
    StoredExample,
    ThreadInfo,
    ThreadRecord,
)
from treadle.threads.export import to_document
from treadle.threads.ids import new_id
from treadle.threads.reading import read_feedback, read_info, read_thread
from treadle.threads.sqlite import explain
from treadle.types import Answer, Artifact, Draft, EngineIdentity, Prompt, Request, Run, Verdict

__all__ = ["SqlStore"]

NEWEST_SHOWN = 10
"""How many threads an unknown id is answered with, beside the nearest ones."""


class SqlStore:
    """A ``Store`` on an engine of SQLAlchemy. It may be used by several threads of a process at once."""

    def __init__(self, engine: sa.Engine, origin: str) -> None:
        self._engine, self._origin, self._closed, self._process = engine, origin, False, os.getpid()

    # ------------------------------------------------------------------------------------------------- writing

    def begin(self, request: Request, engine: EngineIdentity, options: Mapping[str, Any]) -> str:
        with self._write("the request was not stored") as connection:
            row = rows.thread_row(request, engine, options)
            now = datetime.now(UTC)
            thread = new_id(now)
            while _exists(connection, thread):
                thread = new_id(now)
            connection.execute(schema.threads.insert().values(id=thread, created=_iso(now), **row))
            return thread

    def add_prompt(self, thread: str, prompt: Prompt) -> int:
        with self._write(f"thread {thread}: a prompt was not stored", thread) as connection:
            position = _count(connection, schema.prompts, thread)
            values = {"thread": thread, "position": position, "created": _now(), **rows.prompt_row(prompt)}
            connection.execute(schema.prompts.insert().values(values))
            return position

    def add_drafts(self, thread: str, prompt_index: int, drafts: Sequence[Draft]) -> None:
        ids = ", ".join(d.id for d in drafts)
        with self._write(f"thread {thread}: the drafts {ids} were not stored", thread) as connection:
            prompts = _count(connection, schema.prompts, thread)
            if not 0 <= prompt_index < prompts:
                raise StoreError(f"there is no prompt {prompt_index} (it has {prompts}, counted from 0)")
            first = _count(connection, schema.drafts, thread)
            common = {"thread": thread, "prompt": prompt_index, "created": _now()}
            values = [{**common, "position": first + i, **rows.draft_row(d)} for i, d in enumerate(drafts)]
            if values:
                connection.execute(schema.drafts.insert(), values)

    def add_verdicts(self, thread: str, draft: str, verdicts: Sequence[Verdict]) -> None:
        with self._write(f"thread {thread}: the verdicts on draft {draft} were not stored", thread) as connection:
            _require_draft(connection, thread, draft)
            common = {"thread": thread, "draft": draft, "created": _now()}
            values = [{**common, **rows.verdict_row(v)} for v in verdicts]
            if values:
                connection.execute(schema.verdicts.insert(), values)

    def add_run(self, thread: str, draft: str, purpose: str, run: Run) -> None:
        with self._write(f"thread {thread}: the run of draft {draft} ({purpose}) was not stored", thread) as connection:
            _require_draft(connection, thread, draft)
            values = {"thread": thread, "draft": draft, "created": _now(), "purpose": purpose, **rows.run_row(run)}
            key = connection.execute(schema.runs.insert().values(values)).inserted_primary_key
            assert key is not None
            _add_artifacts(connection, thread, key[0], run.artifacts)

    def finish(self, thread: str, answer: Answer) -> None:
        with self._write(f"thread {thread}: the answer was not stored", thread) as connection:
            if answer.draft_id is not None:
                _require_draft(connection, thread, answer.draft_id)
            values = {"thread": thread, "created": _now(), **rows.answer_row(answer)}
            connection.execute(schema.answers.insert().values(values))
            _add_artifacts(connection, thread, None, answer.artifacts)
            _update(connection, thread, state="answered", status=answer.status.value)

    def interrupt(self, thread: str, reason: str) -> None:
        with self._write(f"thread {thread}: its interruption was not stored", thread) as connection:
            answered = connection.execute(sa.select(schema.answers.c.thread).filter_by(thread=thread)).first()
            if answered is None:
                _update(connection, thread, state="interrupted", interruption=rows.shown(reason))

    def add_feedback(self, thread: str, kind: Literal["rating", "correction"], value: str, note: str = "") -> None:
        if kind not in ("rating", "correction"):
            raise UnknownNameError("kind of feedback", kind, ("rating", "correction"))
        with self._write(f"thread {thread}: the {kind} was not stored") as connection:
            found = self._resolve(connection, thread)
            values = {"thread": found, "created": _now(), "kind": kind, "value": value, "note": note}
            connection.execute(schema.feedback.insert().values(values))

    def add_correction(self, thread: str, correction: Correction) -> str:
        with self._write(f"thread {thread}: the correction was not stored", thread) as connection:
            _require_draft(connection, thread, correction.draft)
            return corrections.insert_correction(connection, thread, _now(), correction)

    def remove_example(self, name: str) -> StoredExample:
        with self._write(f"example {name} was not removed") as connection:
            return corrections.remove_example(connection, name, self._origin)

    # ------------------------------------------------------------------------------------------------- reading

    def examples(self, every: bool = False) -> list[StoredExample]:
        with self._read("the examples cannot be read") as connection, _damage_told():
            return corrections.read_examples(connection, every)

    def example(self, name: str) -> StoredExample:
        with self._read(f"example {name} cannot be read") as connection, _damage_told():
            return corrections.find_example(connection, name, self._origin)

    def basis(self, example: str) -> Basis:
        with self._read(f"example {example} cannot be read") as connection, _damage_told():
            return corrections.read_basis(connection, example, self._origin)

    def pairs(self, thread: str | None = None) -> list[Pair]:
        with self._read("the pairs cannot be read") as connection, _damage_told():
            return corrections.read_pairs(connection, None if thread is None else self._resolve(connection, thread))

    def ratings(self) -> dict[str, str]:
        with self._read("the ratings cannot be read") as connection:
            return corrections.read_ratings(connection)

    def digest(self, thread: str) -> Digest:
        with self._read(f"thread {thread} cannot be read") as connection, _damage_told():
            if not _exists(connection, thread):
                raise self._unknown(connection, thread)
            return corrections.read_digest(connection, thread)

    def listing(self, limit: int = 20) -> list[ThreadInfo]:
        if limit < 1:
            raise UsageError(f"the limit of a listing must be at least 1, got {limit}")
        with self._read("the threads cannot be listed") as connection:
            return read_info(connection, limit)

    def feedback(self, thread: str) -> list[Feedback]:
        with self._read(f"thread {thread}: its feedback cannot be read") as connection:
            return read_feedback(connection, self._resolve(connection, thread))

    def load(self, thread: str) -> ThreadRecord:
        with self._read(f"thread {thread} cannot be read") as connection:
            found = self._resolve(connection, thread)
            with _damage_told():
                return read_thread(connection, found)

    def export(self, thread: str) -> dict[str, Any]:
        return to_document(self.load(thread))

    def close(self) -> None:
        self._closed = True
        self._engine.dispose()

    # -------------------------------------------------------------------------------------------- transactions

    @contextmanager
    def _write(self, lost: str, thread: str | None = None) -> Iterator[sa.Connection]:
        """A transaction that writes; ``lost`` says what is not stored should it fail. ``thread`` must exist."""
        with self._transaction(lost, reads_only=False) as connection:
            if thread is not None and not _exists(connection, thread):
                raise self._unknown(connection, thread)
            yield connection

    @contextmanager
    def _read(self, lost: str) -> Iterator[sa.Connection]:
        with self._transaction(lost, reads_only=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, lost: str, reads_only: bool) -> Iterator[sa.Connection]:
        if self._closed:
            raise StoreError(f"{lost}: the store {self._origin} is closed")
        self._leave_connections_of_parent()
        stays = "" if reads_only else " What was stored before stays."
        try:
            with self._engine.connect() as connection:
                connection.execution_options(reads_only=reads_only)
                with connection.begin():
                    yield connection
        except sa.exc.IntegrityError as error:
            raise StoreError(f"{lost}: it is there already ({error.orig}). The store is {self._origin}.{stays}") from None
        except sa.exc.DBAPIError as error:
            raise StoreError(f"{lost}: {explain(error.orig)}. The store is {self._origin}.{stays}") from None
        except UnknownNameError:
            raise
        except (StoreError, UsageError, UnicodeEncodeError, RecursionError) as error:
            raise StoreError(f"{lost}: {error}.{stays}") from error

    def _leave_connections_of_parent(self) -> None:
        """SQLite connections do not survive a fork: the child opens its own and does not close the parent's."""
        if self._process != os.getpid():
            self._engine.dispose(close=False)
            self._process = os.getpid()

    # --------------------------------------------------------------------------------------------------- names

    def _resolve(self, connection: sa.Connection, thread: str) -> str:
        """The full id of the only thread that is called ``thread`` or begins so."""
        ids = schema.threads.c.id
        name = thread.strip().lower()
        if _exists(connection, name):
            return name
        query = sa.select(ids).where(ids.startswith(name, autoescape=True)).limit(21)
        matching: list[str] = list(connection.scalars(query))
        if not name or not matching:
            raise self._unknown(connection, thread)
        if len(matching) > 1:
            many = f"{len(matching)} threads" if len(matching) < 21 else "over 20 threads"
            raise UnknownNameError("thread", thread, matching, f"So begin {many}: give more of the id.")
        return matching[0]

    def _unknown(self, connection: sa.Connection, thread: str) -> UnknownNameError:
        """Names the nearest of the last 2,000 threads and the newest ones; comparing with all would take seconds."""
        column = schema.threads.c
        recent = list(connection.scalars(sa.select(column.id).order_by(column.created.desc()).limit(2000)))
        known = {*nearest(thread, recent), *recent[:NEWEST_SHOWN]}
        held = _count_all(connection)
        return UnknownNameError("thread", thread, known, f"The store {self._origin} holds {held} threads.")


# ------------------------------------------------------------------------------------------------------- helpers


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _now() -> str:
    return _iso(datetime.now(UTC))


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except (TreadleError, ValueError, zlib.error) as error:
        if isinstance(error, UnknownNameError) and error.kind in ("thread", "example"):
            raise  # the user's name, not one in a form
        raise StoreError(f"what is stored is damaged ({error})") from error


def _exists(connection: sa.Connection, thread: str) -> bool:
    return connection.execute(sa.select(schema.threads.c.id).filter_by(id=thread)).first() is not None


def _count(connection: sa.Connection, table: sa.Table, thread: str) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table).filter_by(thread=thread)).scalar_one()


def _count_all(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(schema.threads)).scalar_one()


def _update(connection: sa.Connection, thread: str, **values: Any) -> None:
    connection.execute(schema.threads.update().where(schema.threads.c.id == thread).values(**values))


def _require_draft(connection: sa.Connection, thread: str, draft: str) -> None:
    known = list(connection.scalars(sa.select(schema.drafts.c.id).filter_by(thread=thread)))
    if draft not in known:
        raise UnknownNameError(f"draft of thread {thread}", draft, known)


def _add_artifacts(connection: sa.Connection, thread: str, run: int | None, artifacts: Sequence[Artifact]) -> None:
    blobs = schema.blobs
    for blob, named in rows.blob_rows(artifacts):
        if connection.execute(sa.select(blobs.c.sha256).filter_by(sha256=blob["sha256"])).first() is None:
            connection.execute(blobs.insert().values(blob))
        connection.execute(schema.artifacts.insert().values(thread=thread, run=run, **named))
