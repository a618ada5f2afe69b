"""Opening a SQLite file as a thread store: files, journal, locks, and errors in words.

Durability: synchronous=FULL makes every commit wait for the disk (0.3 ms on an SSD). With less, a killed process still
loses nothing but a power cut loses acknowledged writes. Where the journal is a file that is deleted to commit (network
file systems), EXTRA also waits for the deletion to be on disk.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from treadle.errors import StoreError
from treadle.threads.filesystems import JournalMode, file_system_magic, journal_mode
from treadle.threads.migrate import is_current, migrate

__all__ = ["BUSY_SECONDS", "explain", "open_sqlite"]

BUSY_SECONDS = 30.0
"""How long a write waits for other processes before it gives up."""

SYNCHRONOUS: dict[JournalMode, str] = {"WAL": "FULL", "DELETE": "EXTRA"}


def open_sqlite(path: Path | str) -> tuple[sa.Engine, str]:
    """An engine on the store in ``path`` with its schema up to date, and the name of the store for error messages.

    Raises:
        StoreError, StoreVersionError: see ``treadle.threads.open_store``.
    """
    file = _prepare_file(path)
    mode = journal_mode(file_system_magic(file))
    engine = _engine(file, mode)
    try:
        _bring_up_to_date(engine, file, mode)
    except BaseException as error:
        engine.dispose()
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(cause, sqlite3.Error):
            raise StoreError(f"cannot open the thread store {file}: {explain(cause)}") from None
        raise
    return engine, str(file)


def _bring_up_to_date(engine: sa.Engine, file: Path, mode: JournalMode) -> None:
    """Look first, without a lock: nothing of a file that is no store, or a newer one, may change, and a store that is up
    to date can be opened while another process writes for long."""
    with engine.connect() as connection:
        connection.execution_options(reads_only=True)
        with connection.begin():
            current = is_current(connection, str(file))
    engine.dispose()  # the journal's mode cannot change while a connection is open
    _set_journal(file, mode)
    if not current:
        with engine.begin() as connection:
            migrate(connection, str(file))


# --------------------------------------------------------------------------------------------------------- files


def _prepare_file(path: Path | str) -> Path:
    """The absolute path of a file that exists and can be written; it and its folders are private where they are new."""
    if isinstance(path, str) and "://" in path:
        scheme = path.partition("://")[0]
        raise StoreError(f"a thread store is a SQLite file: give its path, not an address of the kind {scheme}://")
    file = Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links in messages
    if file.is_dir():
        raise StoreError(f"the thread store {file} is a directory; give the path of a file, e.g. {file / 'threads.sqlite'}")
    try:
        _make_folder(file.parent)
        _make_file(file)
    except OSError as error:
        raise StoreError(f"cannot create the thread store {file}: {error.strerror}") from None
    for needed in (file, file.parent):
        if not os.access(needed, os.R_OK | os.W_OK):
            raise StoreError(
                f"the thread store {file} cannot be written: no permission to write {needed}. Change the permission, or "
                "choose another file with the setting 'store' (TREADLE_STORE)."
            )
    return file


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _make_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    """Put a new name on disk: SQLite does so for its journals, not for the file itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------------------------------- connections


def _set_journal(file: Path, mode: JournalMode) -> None:
    """Set the journal once, before any pool exists. A change of mode ignores the busy timeout, hence the loop."""
    deadline = time.monotonic() + BUSY_SECONDS
    with closing(sqlite3.connect(file, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        while True:
            try:
                reached = connection.execute(f"PRAGMA journal_mode={mode}").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
    if reached.upper() != mode:
        raise StoreError(f"the thread store {file} cannot use SQLite's journal mode {mode} (it stays at {reached})")


def _engine(file: Path, mode: JournalMode) -> sa.Engine:
    url = sa.URL.create("sqlite+pysqlite", database=str(file))
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver would not before DDL and SELECT
        for pragma in ("foreign_keys=ON", f"synchronous={SYNCHRONOUS[mode]}", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        """A write takes the lock at once: one that began as a reader could not wait for another writer."""
        reads = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


# -------------------------------------------------------------------------------------------------------- errors

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk refused to read or write (full, over quota, or failing)",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_BUSY: f"another process held it locked for over {BUSY_SECONDS:.0f} s",
    sqlite3.SQLITE_LOCKED: f"another process held it locked for over {BUSY_SECONDS:.0f} s",
    sqlite3.SQLITE_CANTOPEN: "the file, or its journal beside it, cannot be opened",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database; choose another file, nothing was changed",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; `sqlite3 FILE .recover` may save what is readable",
    sqlite3.SQLITE_TOOBIG: "a value is larger than SQLite can hold (1 GB)",
}


def explain(error: BaseException | None) -> str:
    """What a SQLite error means for the user, with SQLite's own words where they add something."""
    reason = _REASONS.get(_code(error))
    return reason if reason else str(error)


def _code(error: BaseException | None) -> int:
    """The primary result code; SQLite's extended codes keep it in the low byte."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
