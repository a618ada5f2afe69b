"""An SQLite file as it is now, for programs in the sandbox: they see single files, and cannot follow one that is written.

What a database program committed last may stand in a log beside its file (``x.db-wal``). A run is shown the file alone, so
it would compute with rows that are no longer, or not yet, there, and say nothing about it.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import replace
from pathlib import Path

from treadle.data.stable import StableFile
from treadle.errors import DataError
from treadle.types import DataSummary

__all__ = ["SettledFile"]

_VERSIONS, _WRITE_AHEAD, _NO_LOG = 18, b"\x02\x02", b"\x01\x01"
"""Where the header of a database says whether it keeps such a log, and how. SQLite need not open it to change that."""


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
            if path == original and (tier == "namespaces" or not _keeps_log(path)):
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
            with target.open("r+b") as file:
                file.seek(_VERSIONS)
                file.write(_NO_LOG)
        except OSError as error:
            raise DataError(f"the SQLite file {name!r} cannot be copied for the programs that read it: {error}") from None
        return target


def _keeps_log(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_VERSIONS + 2)[_VERSIONS:] == _WRITE_AHEAD
