"""Bringing a store's schema up to date; the only module that loads Alembic, and only where there is something to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from treadle import __version__
from treadle.errors import StoreError, StoreVersionError
from treadle.threads.schema import HEAD, metadata, store_info

__all__ = ["is_current", "migrate", "script_head"]

SCRIPTS = Path(__file__).parent / "migrations"


def is_current(connection: sa.Connection, origin: str) -> bool:
    """Whether the schema is there and up to date. Changes nothing.

    Raises:
        StoreError: the database holds tables of something else.
        StoreVersionError: the store has a version that this treadle does not know.
    """
    version = _stored_version(connection, origin)
    if version in (None, HEAD):
        return version == HEAD
    if version not in {script.revision for script in _scripts().walk_revisions()}:
        raise _newer(connection, version, origin)
    return False


def migrate(connection: sa.Connection, origin: str) -> None:
    """Create or upgrade the schema inside the caller's transaction: all of it, or nothing."""
    if is_current(connection, origin):
        return  # another process was faster
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    scripts = _scripts()

    def steps(revision: Any, _context: Any) -> Any:
        return scripts._upgrade_revs("head", revision)

    with EnvironmentContext(Config(), scripts, fn=steps, destination_rev="head") as environment:
        environment.configure(connection=connection, target_metadata=metadata)
        environment.run_migrations()
    _note_writer(connection)


def script_head() -> str | None:
    """The newest migration among the scripts; ``schema.HEAD`` must equal it."""
    head: str | None = _scripts().get_current_head()
    return head


def _stored_version(connection: sa.Connection, origin: str) -> str | None:
    """The schema version, or None for an empty database."""
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "threads"} <= tables:
        raise StoreError(
            f"{origin} is a database of something else (it holds the tables {', '.join(sorted(tables)[:5])}), not a "
            "thread store. Nothing was changed; choose another file."
        )
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if version is None else str(version)


def _scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(SCRIPTS))


def _note_writer(connection: sa.Connection) -> None:
    """Remember which treadle made this schema: a later, older one can name it in its error."""
    connection.execute(store_info.delete().where(store_info.c.name == "treadle"))
    connection.execute(store_info.insert().values(name="treadle", value=__version__))


def _newer(connection: sa.Connection, version: str | None, origin: str) -> StoreVersionError:
    try:
        writer = connection.execute(sa.select(store_info.c.value).where(store_info.c.name == "treadle")).scalar()
    except sa.exc.DBAPIError:
        writer = None
    by = f"treadle {writer}" if writer else "a newer treadle"
    return StoreVersionError(
        f"the thread store {origin} was written by {by} (store version {version}); this is treadle {__version__}, which "
        f"knows store versions up to {HEAD}. Nothing was changed. Upgrade treadle (pip install --upgrade treadle), or "
        "choose another file with the setting 'store' (TREADLE_STORE)."
    )
