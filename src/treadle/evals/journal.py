"""What an evaluation leaves on disk: its settings, and a line a task, there before the next task counts as done.

FOLDER/settings.json    what was evaluated and how; an evaluation goes on in its folder only with the same
FOLDER/results.jsonl    a record a task, in the order in which they were done
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from treadle.errors import DataError, UsageError
from treadle.evals.record import Record

__all__ = ["Journal", "read_results", "read_settings"]

SETTINGS, RESULTS = "settings.json", "results.jsonl"


class Journal:
    """The open folder of one evaluation. No other process may write to it meanwhile.

    Raises:
        UsageError: the folder cannot be used, another evaluation writes to it, or it holds results made with other settings.
        DataError: its files are damaged.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = dict(settings)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(folder)
            try:
                self._begin()
                self._stream = (folder / RESULTS).open("ab")
                _sync_folder(folder)
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise UsageError(
                f"cannot keep results in {folder}: {error.strerror or error}; name another folder with --out"
            ) from None

    def _begin(self) -> None:
        path = self.folder / SETTINGS
        if path.exists():
            _require_same(read_settings(self.folder), self.settings, self.folder)
        elif (self.folder / RESULTS).exists():
            raise DataError(f"{self.folder} holds {RESULTS} without {SETTINGS}; name another folder with --out")
        else:
            _write_whole(path, json.dumps(self.settings, indent=1) + "\n")
        _drop_torn_line(self.folder / RESULTS)
        self.done: dict[str, Record] = {record["id"]: record for record in read_results(self.folder)}

    def add(self, record: Record) -> None:
        """Keep a record; it is on disk when this returns.

        Raises:
            UsageError: it cannot be written, or comes from another model than those before.
        """
        earlier = next(iter(self.done.values()), None)
        if earlier is not None and earlier["model"] != record["model"]:
            raise UsageError(
                f"{self.folder} holds results of {_model(earlier)}, this one is of {_model(record)}; "
                "name another folder with --out"
            )
        try:
            self._stream.write(json.dumps(record, allow_nan=False).encode("ascii") + b"\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise UsageError(
                f"cannot write to {self.folder / RESULTS}: {error.strerror}; what was done before is kept"
            ) from None
        self.done[record["id"]] = record

    def close(self) -> None:
        """Close the files. Closing twice is allowed."""
        with contextlib.suppress(OSError):
            self._stream.close()
        self._lock.close()


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings of an evaluation.

    Raises:
        UsageError: the folder holds none.
        DataError: they are damaged.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise UsageError(f"{folder} is no folder of an evaluation: it has no {SETTINGS}; treadle eval writes one with --out")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}") from None
    if not isinstance(document, dict):
        raise DataError(f"{path} holds no settings")
    return document


def read_results(folder: Path) -> list[Record]:
    """All whole records, in the order in which they were done.

    Raises:
        DataError: a line is no record; names it.
    """
    path = folder / RESULTS
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(
        path.read_bytes().split(b"\n")[:-1], start=1
    ):  # after the last line end: nothing, or a torn line
        try:
            record = json.loads(line)
            record["id"], record["right"], record["model"]
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path}, line {number}: no record of an evaluation ({error}); the file is damaged") from None
        records.append(record)
    return records


def _locked(folder: Path) -> BinaryIO:
    lock = (folder / ".lock").open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise UsageError(
            f"another evaluation writes to {folder} at this moment; wait for it, or name another with --out"
        ) from None
    return lock


def _drop_torn_line(path: Path) -> None:
    """A process that was killed in the middle of a line leaves its beginning."""
    if not path.exists():
        return
    with path.open("r+b") as stream:
        content = stream.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            stream.truncate(whole)
            stream.flush()
            os.fsync(stream.fileno())


def _write_whole(path: Path, text: str) -> None:
    """Either the whole file is there or none of it, whatever happens."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)


def _model(record: Record) -> str:
    model = record["model"]
    return f"{model['engine']} ({model['file']}, SHA-256 {str(model['sha256'])[:12]})"


def _require_same(there: Mapping[str, Any], now: Mapping[str, Any], folder: Path) -> None:
    old, new = dict(_flat(there)), dict(_flat(json.loads(json.dumps(now))))
    differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    if differing:
        told = "; ".join(f"{key} was {_shown(old.get(key))} and is {_shown(new.get(key))}" for key in differing[:4])
        raise UsageError(f"{folder} holds results made with other settings: {told}. Name another folder with --out")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _flat(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, Mapping):
        for key, value in document.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, document
