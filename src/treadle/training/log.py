"""The log of a run: one JSON object a line, in the order of the steps."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from treadle.errors import DataError

__all__ = ["Log", "read_log"]


class Log:
    """Lines are appended as they come. ``keep_to``: what an earlier run wrote after that step is taken away first, since it
    will be written again; None begins anew. A ``silent`` one writes nothing: of many processes, one keeps the log."""

    def __init__(self, path: Path, keep_to: int | None = None, *, silent: bool = False) -> None:
        self._file: IO[str] | None = None
        if silent:
            return
        kept = [] if keep_to is None else [line for line in read_log(path) if line.get("step", 0) <= keep_to]
        beside = path.with_name(f".{path.name}.part")
        beside.write_text("".join(_line(line) for line in kept), encoding="utf-8")
        beside.replace(path)
        self._file = path.open("a", encoding="utf-8")

    def write(self, figures: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._file.write(_line(figures))
            self._file.flush()

    def sync(self) -> None:
        """Have the lines on the disk before a checkpoint that counts on them."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def __enter__(self) -> Log:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


def _line(figures: Mapping[str, Any]) -> str:
    return json.dumps(dict(figures)) + "\n"


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; one that was cut off at the end is left out.

    Raises:
        DataError: there is no such file, or it is no log.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the log {path}: {error}") from error
    found = []
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            if number == len(lines):
                break
            raise DataError(f"line {number} of {path} is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise DataError(f"line {number} of {path} is no object")
        found.append(value)
    return found
