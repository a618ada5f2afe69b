"""Requests answered by one SQL statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.coding.choose import Candidate
from treadle.coding.plan import Plan
from treadle.types import Completion, Draft, Prompt, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["SqlJob"]


class SqlJob:
    """Work in progress: see the issue of text-to-SQL."""

    def __init__(self, request: Request, tools: Tools, options: Options) -> None:
        raise NotImplementedError

    def plan(self) -> Plan:
        raise NotImplementedError

    def draft(self, id_: str, completion: Completion, prompt: Prompt, round_: int, repairs: str | None) -> Draft:
        raise NotImplementedError

    def judge(self, draft: Draft, origin: str) -> Candidate:
        raise NotImplementedError
