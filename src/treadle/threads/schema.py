"""The tables of the store, in types that SQLite and PostgreSQL share.

In every table ``body`` is the whole object (zlib-compressed JSON, see ``treadle.threads.forms``): it is what ``load``
reads. The other columns are copies of what people query, e.g. ``SELECT check_name, count(*) FROM verdicts WHERE outcome
= 'failed' GROUP BY 1``. Time stamps are UTC in ISO 8601, which sorts as text.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

__all__ = [
    "HEAD",
    "answers",
    "artifacts",
    "blobs",
    "drafts",
    "examples",
    "feedback",
    "metadata",
    "pairs",
    "prompts",
    "runs",
    "store_info",
    "threads",
    "verdicts",
]

HEAD = "0002"
"""The newest migration. A store at this version is opened without loading Alembic (0.3 s); a test compares the two."""

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
"""Names of constraints, so that a later migration can speak of them in every database."""

metadata = sa.MetaData(naming_convention=NAMES)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _text(name: str, length: int | None = None, nullable: bool = False, **options: Any) -> sa.Column[str]:
    return sa.Column(name, sa.String(length) if length else sa.Text, nullable=nullable, **options)


def _thread(**options: Any) -> sa.Column[str]:
    return sa.Column("thread", sa.String(32), sa.ForeignKey("threads.id"), nullable=False, **options)


def _position() -> sa.Column[int]:
    return sa.Column("position", sa.Integer, nullable=False)


def _draft_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["thread", "draft"], ["drafts.thread", "drafts.id"])


def _body(name: str = "body") -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


store_info = sa.Table("store_info", metadata, _text("name", 64, primary_key=True), _text("value"))

threads = sa.Table(
    "threads",
    metadata,
    _text("id", 32, primary_key=True),
    _text("created", 40, index=True),
    _text("request"),
    _text("state", 16),
    _text("status", 16, nullable=True),
    _text("interruption", nullable=True),
    _text("engine"),
    _text("model"),
    _text("model_sha256", 64, nullable=True),
    _text("treadle", 64),
    _body("request_body"),
    _body("engine_body"),
    _body("options_body"),
)

prompts = sa.Table(
    "prompts",
    metadata,
    _thread(primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    _text("created", 40),
    sa.Column("tokens", sa.Integer, nullable=False),
    _body(),
)

drafts = sa.Table(
    "drafts",
    metadata,
    _thread(primary_key=True),
    _text("id", 64, primary_key=True),
    _position(),
    sa.Column("prompt", sa.Integer, nullable=False),
    _text("created", 40),
    sa.Column("round", sa.Integer, nullable=False),
    _text("repairs", 64, nullable=True),
    sa.Column("has_program", sa.Boolean, nullable=False),
    _text("finish_reason", 16),
    sa.Column("tokens", sa.Integer, nullable=False),
    sa.Column("mean_logprob", sa.Double),
    sa.Column("seed", sa.BigInteger),
    sa.Column("temperature", sa.Double),
    sa.Column("seconds", sa.Double),
    _body(),
    sa.ForeignKeyConstraint(["thread", "prompt"], ["prompts.thread", "prompts.position"]),
    sa.UniqueConstraint("thread", "position"),
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    _id(),
    _thread(),
    _text("draft", 64),
    _text("created", 40),
    _text("check_name"),
    _text("rung", 32),
    _text("outcome", 16),
    _text("reason"),
    _body(),
    _draft_key(),
    sa.Index("ix_verdicts_thread_draft", "thread", "draft"),
)

runs = sa.Table(
    "runs",
    metadata,
    _id(),
    _thread(),
    _text("draft", 64),
    _text("created", 40),
    _text("purpose"),
    _text("tier", 32),
    sa.Column("ok", sa.Boolean, nullable=False),
    sa.Column("exit_code", sa.BigInteger),
    _text("limit_hit", nullable=True),
    _text("error", nullable=True),
    sa.Column("wall_seconds", sa.Double),
    sa.Column("cpu_seconds", sa.Double),
    sa.Column("peak_memory_bytes", sa.BigInteger),
    _body(),
    _draft_key(),
    sa.Index("ix_runs_thread_draft", "thread", "draft"),
)

answers = sa.Table(
    "answers",
    metadata,
    _thread(primary_key=True),
    _text("draft", 64, nullable=True),
    _text("created", 40),
    _text("status", 16),
    _text("reason"),
    _body(),
    _draft_key(),
)

blobs = sa.Table(
    "blobs",
    metadata,
    _text("sha256", 64, primary_key=True),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    _body("content"),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    _id(),
    _thread(),
    sa.Column("run", sa.Integer, sa.ForeignKey("runs.id"), nullable=True, index=True),
    _position(),
    _text("name"),
    _text("media_type"),
    _text("sha256", 64),
    sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"]),
    sa.Index("ix_artifacts_thread", "thread"),
)
"""Files left behind by a run, or, where ``run`` is null, those of the answer."""

feedback = sa.Table(
    "feedback",
    metadata,
    _id(),
    _thread(index=True),
    _text("created", 40),
    _text("kind", 16),
    _text("value"),
    _text("note"),
)

examples = sa.Table(
    "examples",
    metadata,
    _text("id", 48, primary_key=True),
    _thread(index=True),
    _text("created", 40),
    _text("state", 16, index=True),
    _text("language", 16),
    _text("kind", 16),
    _text("request"),
    _text("program"),
    _text("data", nullable=True),
    _text("data_sha256", 64, nullable=True),
    _text("dialect", 32, nullable=True),
    _body(),
    _body("basis_body"),
)
"""Corrections that passed. ``basis_body`` is read only for the few examples that are moved or exported."""

pairs = sa.Table(
    "pairs",
    metadata,
    _id(),
    _thread(index=True),
    _text("created", 40),
    _text("draft", 64),
    sa.Column("example", sa.String(48), sa.ForeignKey("examples.id"), nullable=False),
    _text("reason"),
    _body(),
    _draft_key(),
)
"""A failing draft with the program that replaced it; kept when the example is replaced or removed."""
