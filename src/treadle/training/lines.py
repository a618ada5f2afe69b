"""What all files to train on have in common: lines of JSON, messages in them, and what of them is held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from treadle.errors import DataError, UnknownNameError
from treadle.types import Message

__all__ = ["is_held_out", "messages_of", "parsed_lines"]

T = TypeVar("T")

_ROLES = ("system", "user", "assistant")


def parsed_lines(paths: Iterable[Path], kind: str, parse: Callable[[Any], T]) -> Iterator[T]:
    """What ``parse`` makes of each line of JSONL files, in order; blank lines are passed over. ``kind``: what a line is, for
    messages. ``parse`` raises ``ValueError``, ``TypeError`` or ``KeyError`` of a line that is none.

    Raises:
        DataError: a file cannot be read, or a line is none; names file and line.
    """
    for path in paths:
        try:
            with path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield _parsed(line, f"{path}, line {number}", kind, parse)
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read the {kind}s of {path}: {error}") from error


def _parsed(line: str, where: str, kind: str, parse: Callable[[Any], T]) -> T:
    try:
        return parse(json.loads(line))
    except UnknownNameError as error:
        raise DataError(f"{where}: {error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(f"{where} is no {kind}: {error}") from error


def messages_of(value: Any, name: str = "messages") -> tuple[Message, ...]:
    """Messages as they stand in JSON under ``name``.

    Raises:
        ValueError: they are none.
    """
    if not isinstance(value, list):
        raise ValueError(f"{name!r} should be a list")
    return tuple(_message(message) for message in value)


def _message(value: Any) -> Message:
    if not isinstance(value, Mapping) or set(value) != {"role", "content"} or value["role"] not in _ROLES:
        raise ValueError(f"a message is an object with 'role' (one of {', '.join(_ROLES)}) and 'content'")
    if not isinstance(value["content"], str):
        raise ValueError("the content of a message should be a text")
    return Message(role=value["role"], content=value["content"])


def is_held_out(name: str, share: float) -> bool:
    """Whether what has this name (a group of rows, a request, a text) is among the share that is held out: the same in every
    run, and whatever else there is."""
    digest = hashlib.sha256(name.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
