"""Threads: what was asked, drafted, checked, run and answered, kept on the user's own disk.

    with contextlib.closing(open_store("threads.sqlite")) as store:
        thread = store.begin(request, engine, options)

Importing this package loads neither SQLAlchemy nor Alembic; ``open_store`` loads what it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.threads.base import Store

__all__ = ["open_store"]


def open_store(path: Path | str) -> Store:
    """Open the thread store in the SQLite file ``path``; it is created (mode 0600) where it does not exist.

    A store of an older treadle is brought up to date first. Close the store when done.

    Raises:
        StoreVersionError: the store was written by a newer treadle.
        StoreError: ``path`` is no thread store, or cannot be read and written.
    """
    from treadle.threads.sqlite import open_sqlite
    from treadle.threads.store import SqlStore

    return SqlStore(*open_sqlite(path))
