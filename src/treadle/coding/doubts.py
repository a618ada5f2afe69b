"""Doubts about a draft that ran: what the request asked for and the program does not do."""

from __future__ import annotations

from treadle.coding.checks.mentions import unused_mentions
from treadle.types import DataSummary

__all__ = ["doubts"]


def doubts(program: str, output: str, request: str, data: DataSummary | None) -> list[str]:
    """Short sentences; none where there is no doubt."""
    return unused_mentions(program, request, data)
