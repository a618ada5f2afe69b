"""A name or literal of a program, in any language: what it is, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Word"]


@dataclass(frozen=True, slots=True)
class Word:
    """``start`` and ``end`` are its characters in the program; ``text`` is a text's content, without quotes."""

    kind: str
    text: str
    start: int
    end: int
