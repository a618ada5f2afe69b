"""Requests answered by a Python program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from treadle.coding.checks import Context, Introspector, Ladder
from treadle.coding.choose import Candidate
from treadle.coding.judge import Judge
from treadle.coding.plan import Plan, make_plan
from treadle.coding.settled import SettledFile
from treadle.types import Draft, Example, Prompt, PromptPart, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["PythonJob"]

EXAMPLE_VOTES = 1000
"""What the nearest example, moved onto the user's file, counts beside drafts of an embedded small model."""


class PythonJob(Judge):
    """A request for a Python program; a judge that also plans, and lets the nearest example stand as a draft.

    A program that was moved onto the columns and numbers of the user's file and run there is an answer written by rules. A
    small model that is shown it mostly copies it, and breaks it now and then.
    """

    def __init__(self, request: Request, tools: Tools, options: Options) -> None:
        self._settled = SettledFile(request.data, tools.sandbox.tier)  # keeps the copy, if it made one
        request = replace(request, data=self._settled.data)
        context = Context(
            request=request, sandbox=tools.sandbox, limits=options.limits, introspector=Introspector(tools.sandbox)
        )
        super().__init__(request, context, Ladder())
        self._work = request, tools, options
        self._nearest: Example | None = None

    def plan(self) -> Plan:
        made = make_plan(*self._work)
        examples = made.ingredients.examples
        self._nearest = examples[0] if examples and made.ingredients.kind == "data" and self._work[2].rules else None
        return made

    def by_rules(self) -> Prompt | None:
        """The nearest example on the user's data; functions are not moved, so none stands for a request for one."""
        if self._nearest is None:
            return None
        nearest = self._nearest
        part = PromptPart(
            name=f"reading {nearest.id}: {nearest.request}", source=nearest.why, text=nearest.program, tokens=0
        )
        return replace(Prompt(messages=()), parts=(part,))

    def judge(self, draft: Draft, origin: str) -> Candidate:
        candidate = super().judge(draft, origin)
        ours = self._nearest is not None and not draft.completion.tokens and draft.completion.text == self._nearest.program
        small = self._work[1].engine.capabilities.primer
        return replace(candidate, votes=EXAMPLE_VOTES) if ours and small else replace(candidate, votes=1)
