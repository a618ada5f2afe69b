"""A training row: a prompt as inference shows it, and the pieces of answer that are learnt from it.

The text of a row is the chat template over ``messages`` with all segments behind it. Of each segment the first part is
given, the second is learnt. Several segments share one prompt (a schema, a file), which is then read once for all of them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from treadle.coding.training import write_lines
from treadle.types import Message

__all__ = ["Row", "segments_of", "write_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``segments``: (text without loss, text with loss). ``group``: the schema or file it speaks of, for splits by group."""

    messages: tuple[Message, ...]
    segments: tuple[tuple[str, str], ...]
    source: str
    licence: str
    group: str

    def __post_init__(self) -> None:
        assert self.messages, "a row has a prompt"
        assert self.segments, "a row teaches something"
        assert all(learnt for _, learnt in self.segments), "a segment without a learnt part teaches nothing"

    def as_json(self) -> str:
        """One line of JSON, without a newline."""
        document = {
            "messages": [{"role": m.role, "content": m.content} for m in self.messages],
            "segments": [list(segment) for segment in self.segments],
            "source": self.source,
            "licence": self.licence,
            "group": self.group,
        }
        return json.dumps(document, ensure_ascii=False)


def segments_of(primers: Sequence[str], learnt: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Segments from the beginnings of answers that inference would show, each with those before it as examples.

    Raises:
        ValueError: a beginning does not go on from the one before and what is learnt there, so a row could not hold both.
    """
    found = []
    before = ""
    for primer, answer in zip(primers, learnt, strict=True):
        if not primer.startswith(before):
            raise ValueError(f"{primer[-80:]!r} does not go on from {before[-80:]!r}")
        found.append((primer[len(before) :], answer))
        before = primer + answer
    return tuple(found)


def write_rows(rows: Iterable[Row], out: Path) -> Counter[str]:
    """Write JSONL in UTF-8 to ``out``, all of it or nothing, and count the rows by source.

    Raises:
        UsageError: the file cannot be written.
    """
    return write_lines(((row.source, row.as_json()) for row in rows), out, empty=True)
