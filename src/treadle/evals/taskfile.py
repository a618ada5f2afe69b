"""Task files: a list of records as YAML, JSON or JSON lines. Whatever is wrong with one is said with its place.

The form is told by the file's ending (.yaml, .yml, .json, .jsonl, each also as .gz). YAML and JSON hold a list of
records, or a mapping whose only key ``tasks`` holds one.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from treadle.errors import DataError, UsageError, nearest

__all__ = ["Record", "install_hint", "number", "read_records", "unique"]

ENDINGS = (".yaml", ".yml", ".json", ".jsonl", ".ndjson")
T = TypeVar("T")


def install_hint(package: str, error: ImportError) -> UsageError:
    """The error for a package that the extra ``eval`` brings and that is not there."""
    return UsageError(f"{package} is needed here and cannot be imported ({error}); pip install 'treadle[eval]'")


@dataclass(frozen=True, slots=True)
class Record:
    """One record with the words that say where it stands: 'tasks.jsonl, line 3'."""

    values: dict[str, Any]
    where: str

    def check_keys(self, required: Collection[str], optional: Collection[str]) -> None:
        """Raise DataError for a key that is missing or not known; names the nearest."""
        known = {*required, *optional}
        unknown = [key for key in self.values if key not in known]
        missing = [key for key in required if key not in self.values]
        if unknown:
            close = nearest(str(unknown[0]), missing or known) or nearest(str(unknown[0]), known)
            advice = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(sorted(known))}."
            raise DataError(f"{self.where}: unknown key {unknown[0]!r}. {advice}")
        if missing:
            has = ", ".join(map(str, self.values)) or "nothing"
            raise DataError(f"{self.where}: the key {missing[0]!r} is missing; the record has {has}.")

    def text(self, key: str, default: str | None = None) -> str:
        """A text; where it is absent, ``default``. A number is taken as its digits (ids), an empty text is an error."""
        value = self.values.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.wrong(key, "a text that is not empty", value)
        return value

    def wrong(self, key: str, wanted: str, got: Any) -> DataError:
        """The error for a value of another kind than wanted."""
        shown = repr(got)
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        return DataError(f"{self.where}: {key!r} must be {wanted}, got {shown}.")


def number(record: Record, key: str, value: Any) -> float:
    """A finite number; says what YAML reads as a text though it looks like a number."""
    if isinstance(value, str) and _looks_like_number(value):
        raise DataError(f"{record.where}: {key!r} is the text {value!r}; write a number (in YAML 1.0e-3, not 1e-3).")
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise record.wrong(key, "a finite number", value)
    return float(value)


def _looks_like_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_records(path: Path) -> list[Record]:
    """All records of a task file, in its order.

    Raises:
        DataError: the file is missing, of no known form, damaged, or holds no records; names line or record.
    """
    text = _read(path)
    ending = _ending(path)
    readers: dict[str, Callable[[Path, str], Iterator[Record]]]
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json}
    records = list(readers.get(ending, _yaml)(path, text))
    if not records:
        raise DataError(f"{path} holds no tasks.")
    return records


def unique(tasks: list[T], name: Callable[[T], str], records: list[Record]) -> list[T]:
    """``tasks`` as they are; raises DataError where two have the same id."""
    seen: dict[str, str] = {}
    for task, record in zip(tasks, records, strict=True):
        if name(task) in seen:
            raise DataError(f"{record.where}: the id {name(task)!r} was used before ({seen[name(task)]}).")
        seen[name(task)] = record.where
    return tasks


def _ending(path: Path) -> str:
    suffixes = [s.lower() for s in path.suffixes if s.lower() != ".gz"]
    ending = suffixes[-1] if suffixes else ""
    if ending not in ENDINGS:
        raise DataError(f"{path}: task files end in {', '.join(ENDINGS)} (also with .gz); rename it to what it holds.")
    return ending


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.suffix.lower() == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        folder = path.parent if path.parent.is_dir() else Path()
        close = nearest(path.name, [p.name for p in folder.iterdir() if p.is_file()])
        advice = f" Did you mean {close[0]!r}?" if close else ""
        raise DataError(f"no task file {str(path)!r}.{advice}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, byte {error.start}: not UTF-8 text.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"cannot read the task file {path}: {error}.") from None


def _record(values: Any, where: str) -> Record:
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise DataError(f"{where}: a task must be a mapping of names to values, got {type(values).__name__}.")
    return Record(values, where)


def _json_lines(path: Path, text: str) -> Iterator[Record]:
    for line_number, line in enumerate(text.split("\n"), start=1):  # JSON strings may hold other line ends
        if line.strip():
            where = f"{path.name}, line {line_number}"
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(f"{where}: not JSON: {error}.") from None
            yield _record(values, where)


def _json(path: Path, text: str) -> Iterator[Record]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name}, line {error.lineno}: not JSON: {error.msg}.") from None
    except RecursionError:
        raise DataError(f"{path.name}: nested too deeply.") from None
    for index, values in enumerate(_listed(path, document), start=1):
        yield _record(values, f"{path.name}, record {index}")


def _yaml(path: Path, text: str) -> Iterator[Record]:
    try:
        import yaml
    except ImportError as error:
        raise install_hint("PyYAML", error) from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise DataError(f"{path.name}{line}: not YAML: {getattr(error, 'problem', error)}.") from None
    except RecursionError:
        raise DataError(f"{path.name}: nested too deeply.") from None
    nodes = root.value if isinstance(root, yaml.SequenceNode) else []
    if isinstance(root, yaml.MappingNode) and root.value and isinstance(root.value[0][1], yaml.SequenceNode):
        nodes = root.value[0][1].value
    for index, values in enumerate(_listed(path, document)):
        yield _record(values, f"{path.name}, line {nodes[index].start_mark.line + 1}")


def _listed(path: Path, document: Any) -> list[Any]:
    if isinstance(document, dict) and set(document) == {"tasks"}:
        document = document["tasks"]
    if not isinstance(document, list):
        raise DataError(f"{path.name}: a list of tasks is wanted (or 'tasks:' with one), got {type(document).__name__}.")
    return document
