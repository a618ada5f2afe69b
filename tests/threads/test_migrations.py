"""The schema ships with the package, equals the tables in code, and is made silently."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from treadle.threads import open_store
from treadle.threads.migrate import script_head
from treadle.threads.schema import HEAD, metadata


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_constant_is_the_head_of_the_scripts() -> None:
    assert script_head() == HEAD


def test_the_migrations_make_the_tables_of_the_code(path: Path) -> None:
    open_store(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            keys = {tuple(key["constrained_columns"]) for key in inspector.get_foreign_keys(table.name)}
            assert keys == {tuple(key.column_keys) for key in table.foreign_key_constraints}
            assert inspector.get_pk_constraint(table.name)["name"] == table.primary_key.name == f"pk_{table.name}"
    engine.dispose()


def test_the_tables_can_be_written_for_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_opening_is_silent_and_loads_alembic_only_to_migrate(path: Path) -> None:
    script = (
        "import logging, sys; logging.basicConfig(level=logging.WARNING); from treadle.threads import open_store;"
        "open_store(sys.argv[1]).close(); sys.exit(40 + ('alembic' in sys.modules))"
    )
    first, second = run(script, path), run(script, path)
    assert (first.returncode, second.returncode) == (41, 40)
    assert first.stdout + first.stderr + second.stdout + second.stderr == ""


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'alembic', 'pydantic'} & set(sys.modules)"
    done = run(
        f"import sys, treadle.threads, treadle.threads.base, treadle.threads.forms, treadle.threads.card; print({heavy})"
    )
    assert done.stdout == "set()\n", done.stderr


def test_a_migration_that_fails_leaves_nothing(path: Path) -> None:
    """All of it is one transaction: a store is never half made."""
    script = (
        "import sys; from alembic import op; from treadle.threads import open_store\n"
        "op.create_index = lambda *a: 1 / 0\n"
        "open_store(sys.argv[1])"
    )
    assert "ZeroDivisionError" in run(script, path).stderr
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_store(path).close()
