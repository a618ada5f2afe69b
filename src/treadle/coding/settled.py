"""An SQLite file as it is now, for programs in the sandbox: they see single files, and cannot follow one that is written.

What a database program committed last may stand in a log beside its file (``x.db-wal``). A run is shown the file alone, so
it would compute with rows that are no longer, or not yet, there, and say nothing about it.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import weakref
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from treadle.data.stable import StableFile
from treadle.errors import DataError
from treadle.types import DataSummary

__all__ = ["SettledFile"]

_WRITE_AHEAD = b"\x02\x02"  # bytes 18 and 19 of the header of a database that keeps such a log


class SettledFile:
    """Stands for the data file of a request. The copy, where one is needed, is kept as long as this object."""

    def __init__(self, data: DataSummary | None, tier: str) -> None:
        self.data = data
        if data is not None and data.kind == "sqlite":
            self._settle(data, tier)

    def _settle(self, data: DataSummary, tier: str) -> None:
        """Copy where the file alone is not all, and where the tier keeps SQLite from making the log that it insists on.

        Raises:
            DataError: a copy is needed and cannot be made.
        """
        original = Path(data.path).resolve()

        def copied(path: Path) -> Path | None:
            if path == original and (tier != "landlock" or not _keeps_log(path)):
                return None
            return self._copy(path, Path(data.path).name)

        with StableFile(original) as file:
            copy = file.read(copied)
        if copy is not None:
            self.data = replace(data, path=str(copy))

    def _copy(self, path: Path, name: str) -> Path:
        """A file of the same name, which needs no other file beside it."""
        folder = tempfile.mkdtemp(prefix="treadle-sqlite-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        target = Path(folder) / name
        try:
            shutil.copyfile(path, target)
            with closing(sqlite3.connect(target)) as database:
                database.execute("PRAGMA journal_mode=DELETE").fetchall()
        except (OSError, sqlite3.Error) as error:
            raise DataError(f"the SQLite file {name!r} cannot be copied for the programs that read it: {error}") from None
        return target


def _keeps_log(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == _WRITE_AHEAD
