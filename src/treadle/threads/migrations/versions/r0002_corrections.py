"""Corrections: examples made of corrected programs, and the pairs of a failing draft with the program that replaced it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "examples",
        sa.Column("id", sa.String(48), primary_key=True),
        sa.Column("thread", sa.String(32), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("program", sa.Text, nullable=False),
        sa.Column("data", sa.Text),
        sa.Column("data_sha256", sa.String(64)),
        sa.Column("dialect", sa.String(32)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("basis_body", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_examples_thread", "examples", ["thread"])
    op.create_index("ix_examples_state", "examples", ["state"])
    op.create_table(
        "pairs",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("thread", sa.String(32), sa.ForeignKey("threads.id"), nullable=False),
        sa.Column("created", sa.String(40), nullable=False),
        sa.Column("draft", sa.String(64), nullable=False),
        sa.Column("example", sa.String(48), sa.ForeignKey("examples.id"), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["thread", "draft"], ["drafts.thread", "drafts.id"]),
    )
    op.create_index("ix_pairs_thread", "pairs", ["thread"])


def downgrade() -> None:
    raise NotImplementedError("a thread store is not downgraded: keep a copy of the file instead")
