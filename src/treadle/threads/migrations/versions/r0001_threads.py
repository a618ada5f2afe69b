"""The first schema: threads with their prompts, drafts, verdicts, runs, answers, artifacts and feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _threads()
    _prompts_and_drafts()
    _judgements()
    _artifacts()
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _thread(),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_index("ix_feedback_thread", "feedback", ["thread"])


def downgrade() -> None:
    raise NotImplementedError("a thread store is not downgraded: keep a copy of the file instead")


def _thread(primary_key: bool = False) -> sa.Column[str]:
    return sa.Column("thread", sa.String(32), sa.ForeignKey("threads.id"), nullable=False, primary_key=primary_key)


def _draft_key() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["thread", "draft"], ["drafts.thread", "drafts.id"])


def _threads() -> None:
    op.create_table(
        "store_info",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "threads",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16)),
        sa.Column("interruption", sa.Text),
        sa.Column("engine", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64)),
        sa.Column("treadle", sa.String(64), nullable=False),
        sa.Column("request_body", sa.LargeBinary, nullable=False),
        sa.Column("engine_body", sa.LargeBinary, nullable=False),
        sa.Column("options_body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_threads_created", "threads", ["created"])


def _prompts_and_drafts() -> None:
    op.create_table(
        "prompts",
        _thread(primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "drafts",
        _thread(primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("prompt", sa.Integer, nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("repairs", sa.String(64)),
        sa.Column("has_program", sa.Boolean, nullable=False),
        sa.Column("finish_reason", sa.String(16), nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("mean_logprob", sa.Double),
        sa.Column("seed", sa.BigInteger),
        sa.Column("temperature", sa.Double),
        sa.Column("seconds", sa.Double),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["thread", "prompt"], ["prompts.thread", "prompts.position"]),
        sa.UniqueConstraint("thread", "position"),
    )


def _judgements() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _thread(),
        sa.Column("draft", sa.String(64), nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("rung", sa.String(32), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _draft_key(),
    )
    op.create_index("ix_verdicts_thread_draft", "verdicts", ["thread", "draft"])
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _thread(),
        sa.Column("draft", sa.String(64), nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("tier", sa.String(32), nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("exit_code", sa.BigInteger),
        sa.Column("limit_hit", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("wall_seconds", sa.Double),
        sa.Column("cpu_seconds", sa.Double),
        sa.Column("peak_memory_bytes", sa.BigInteger),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _draft_key(),
    )
    op.create_index("ix_runs_thread_draft", "runs", ["thread", "draft"])
    op.create_table(
        "answers",
        _thread(primary_key=True),
        sa.Column("draft", sa.String(64)),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        _draft_key(),
    )


def _artifacts() -> None:
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "artifacts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        _thread(),
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.id")),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
    )
    op.create_index("ix_artifacts_run", "artifacts", ["run"])
    op.create_index("ix_artifacts_thread", "artifacts", ["thread"])
