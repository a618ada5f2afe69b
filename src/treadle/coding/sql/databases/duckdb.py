"""DuckDB files, and Parquet, CSV and JSON files as views: executed in the sandbox, by DuckDB held to reading."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.databases.sandboxed import MAX_ROWS, call, heap_bytes, linked, run_statement
from treadle.data.files import detect_kind, read_start, require_file, sha256_of
from treadle.data.literals import typical
from treadle.errors import DataError, SandboxError, UsageError
from treadle.sandbox import Sandbox
from treadle.sandbox.client import usable_cores
from treadle.sandbox.staging import public_directory
from treadle.types import Column, DataSummary, Limits, Run, Table

__all__ = ["DuckdbDatabase"]

_HARNESS = "harness_duckdb.py"
_READERS = {"parquet": "read_parquet", "csv": "read_csv", "json": "read_json"}
_SAMPLE_ROWS, _SAMPLE_CELLS = 100, 20_000
_MAX_THREADS = 4
_MAX_TYPE_CHARACTERS = 60
_INSIDE = "database.duckdb"
_RESERVED = ("main", "temp", "system", "memory")


class DuckdbDatabase:
    """A DuckDB file (``path``), or data files as views in an empty database (``files``: name of the view -> file).

    ``max_rows`` is how many rows of a result come back. Threads may share it.

    Raises:
        UsageError: duckdb is not installed.
        DataError: a file is missing, unreadable or of a kind that DuckDB does not read.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        path: Path | None = None,
        files: Mapping[str, Path] | None = None,
        *,
        max_rows: int = MAX_ROWS,
    ) -> None:
        if find_spec("duckdb") is None:
            raise UsageError("questions to DuckDB, Parquet, CSV and JSON files need duckdb: pip install 'treadle[sql]'.")
        self._sandbox, self._path, self._files, self._max_rows = sandbox, path, dict(files or {}), max_rows
        self._views = [self._view(name, file) for name, file in self._files.items()]
        for given in self._given:
            require_file(given)
        self._lock = threading.Lock()
        self._copies: dict[object, tempfile.TemporaryDirectory[str]] = {}
        self._links = tempfile.TemporaryDirectory(prefix="treadle-sql-", ignore_cleanup_errors=True)

    @property
    def dialect(self) -> Dialect:
        return "duckdb"

    @property
    def functions(self) -> frozenset[str]:
        return frozenset()

    @cached_property
    def summary(self) -> DataSummary:
        """Tables, views, keys and a few values, read once.

        Raises:
            DataError: the file cannot be opened, or has no tables.
        """
        limits = Limits()
        arguments = self._arguments(limits) | {"sample_rows": _SAMPLE_ROWS, "sample_cells": _SAMPLE_CELLS}
        arguments["heap_bytes"] = heap_bytes(limits)
        run = call(self._sandbox, _HARNESS, "describe", arguments, self._linked(), limits)
        self._check_open(run)
        match run.value:
            case {"tables": list(tables)}:
                pass
            case _:
                raise SandboxError(f"the tables of {self._shown} could not be read: {run.limit_hit or run.error}")
        if not tables:
            raise DataError(f"the DuckDB file {self._shown} has no tables; give a file with at least one.")
        found = sorted(map(_table, tables), key=lambda t: (-(t.entries or 0) * len(t.columns), t.name))
        return DataSummary(
            path=self._common_path,
            kind="duckdb",
            sha256=self._sha256(),
            size_bytes=sum(file.stat().st_size for file in self._given),
            tables=tuple(found),
        )

    def execute(self, sql: str, limits: Limits | None = None) -> Run:
        """Execute one SELECT; see ``Database.execute``. Raises DataError where a file is gone or cannot be opened."""
        for given in self._given:
            require_file(given)
        limits = limits or Limits()
        return run_statement(
            self._sandbox, _HARNESS, sql, self._linked(), limits, self._max_rows, self._arguments(limits), self._check_open
        )

    def close(self) -> None:
        self._links.cleanup()
        for copy in self._copies.values():
            copy.cleanup()
        self._copies.clear()

    # -------------------------------------------------------------------------------------------- files

    @property
    def _given(self) -> Sequence[Path]:
        return [self._path] if self._path is not None else list(self._files.values())

    @property
    def _shown(self) -> str:
        return ", ".join(repr(str(path)) for path in self._given[:3]) + (", ..." if len(self._given) > 3 else "")

    @property
    def _common_path(self) -> str:
        """The file, or the folder that holds all files."""
        if len(self._given) == 1:
            return str(self._given[0])
        return os.path.commonpath([str(path.absolute().parent) for path in self._given])

    @property
    def _name(self) -> str:
        """What the database is called in statements: after its file, as DuckDB does it."""
        if self._path is None:
            return ""
        stem = re.sub(r"\W", "_", self._path.stem)
        return "database" if stem.lower() in _RESERVED else stem

    def _view(self, name: str, file: Path) -> tuple[str, str, str]:
        require_file(file)
        kind = detect_kind(file, read_start(file))
        if kind not in _READERS:
            raise DataError(f"{str(file)!r} is a {kind} file; DuckDB reads Parquet, CSV and JSON files.")
        return name, _READERS[kind], f"{name}.{kind}"

    def _linked(self) -> list[Path]:
        """Links to the files under the names that they have inside."""
        wanted = {inside: self._files[view] for view, _, inside in self._views}
        if self._path is not None:
            found = self._settled(self._path)
            wanted = {_INSIDE: found, f"{_INSIDE}.wal": _log_of(found)} if found != self._path else {_INSIDE: found}
        return [linked(Path(self._links.name), name, target) for name, target in wanted.items()]

    def _settled(self, path: Path) -> Path:
        """The file; where a killed program left its log, a copy of both side by side, which DuckDB reads together."""
        log = _log_of(path)
        if not log.is_file() or not log.stat().st_size:
            return path
        state = tuple((status.st_ino, status.st_size, status.st_mtime_ns) for status in (path.stat(), log.stat()))
        with self._lock:
            if state not in self._copies:
                self._copies[state] = self._copy(path, log)
            return Path(self._copies[state].name) / _INSIDE

    def _copy(self, path: Path, log: Path) -> tempfile.TemporaryDirectory[str]:
        """Made while nobody may write, and readable for the user of the sandbox; nobody else can list the folder."""
        folder = tempfile.TemporaryDirectory(prefix="treadle-duckdb-", dir=public_directory(), ignore_cleanup_errors=True)
        Path(folder.name).chmod(0o711)
        copy = Path(folder.name) / _INSIDE
        try:
            with path.open("rb") as locked:
                fcntl.lockf(locked, fcntl.LOCK_SH | fcntl.LOCK_NB)
                for source, target in ((path, copy), (log, _log_of(copy))):
                    shutil.copyfile(source, target)
                    target.chmod(0o444)
        except OSError as error:
            folder.cleanup()
            raise DataError(
                f"{str(path)!r} cannot be read together with its log {log.name}: {error.strerror}."
                " Close the program that has it open, and try again."
            ) from None
        return folder

    def _sha256(self) -> str:
        if len(self._given) == 1:
            return sha256_of(self._given[0])
        lines = [f"{view} {sha256_of(file)}\n" for view, file in self._files.items()]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def _arguments(self, limits: Limits) -> dict[str, Any]:
        threads = max(1, min(usable_cores(), _MAX_THREADS, limits.threads // 4))
        return {
            "file": _INSIDE if self._path is not None else "",
            "name": self._name,
            "views": self._views,
            "threads": threads,
        }

    def _check_open(self, run: Run) -> None:
        match run.value:
            case {"closed": str(reason)}:
                for view, _, inside in self._views:
                    reason = reason.replace(inside, self._files[view].name)
                advice = "Close the program that has it open" if "lock" in reason else "Copy it again, or convert it"
                raise DataError(f"{self._shown} cannot be opened by DuckDB: {reason.rstrip('.')}. {advice}.")


def _log_of(path: Path) -> Path:
    return Path(f"{path}.wal")


def _shape(kind: str) -> Literal["flat", "jagged", "nested"]:
    if kind.startswith(("STRUCT", "MAP", "UNION", "JSON")) or kind.endswith(("][]", ")[]", "JSON[]")):
        return "nested"
    return "jagged" if kind.endswith("]") else "flat"


def _table(found: Mapping[str, Any]) -> Table:
    """A table as the harness described it. Tables outside the main schema carry its name."""
    columns = []
    sample = list(zip(*found["sample"], strict=True)) or [()] * len(found["columns"])
    for (name, kind), values in zip(found["columns"], sample, strict=True):
        literals = typical(values)
        reference = found["references"].get(name, "")
        notes = ["primary key"] if name in found["keys"] else []
        notes += ["references {}({})".format(*reference.rsplit(".", 1))] if reference else []
        notes += [f"e.g. {', '.join(literals)}"] if literals else []
        columns.append(
            Column(
                name=name,
                type=kind if len(kind) <= _MAX_TYPE_CHARACTERS else kind[: _MAX_TYPE_CHARACTERS - 3] + "...",
                shape=_shape(kind),
                note="; ".join(notes),
                key=name in found["keys"],
                references=reference,
                values=literals,
            )
        )
    name = found["name"] if found["schema"] == "main" else f"{found['schema']}.{found['name']}"
    return Table(name=name, columns=tuple(columns), entries=found["entries"], note="view" if found["view"] else "")
