"""Requests answered by a Python program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from treadle.coding.checks import Context, Introspector, Ladder
from treadle.coding.judge import Judge
from treadle.coding.plan import Plan, make_plan
from treadle.types import Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["PythonJob"]


class PythonJob(Judge):
    """A request for a Python program; a judge that also plans."""

    def __init__(self, request: Request, tools: Tools, options: Options) -> None:
        context = Context(
            request=request, sandbox=tools.sandbox, limits=options.limits, introspector=Introspector(tools.sandbox)
        )
        super().__init__(request, context, Ladder())
        self._work = request, tools, options

    def plan(self) -> Plan:
        return make_plan(*self._work)

    def by_rules(self) -> None:
        """Nothing: programs are written by the engine alone."""
