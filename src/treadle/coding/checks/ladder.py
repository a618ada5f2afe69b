"""The ladder: checks in their order, each judging only what the ones below it let through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from treadle.coding.checks.base import Check, Context, skipped
from treadle.coding.checks.met import MetExpectations
from treadle.coding.checks.names import ColumnsExist, ModulesExist, VariablesExist
from treadle.coding.checks.output import ProducedOutput
from treadle.coding.checks.parsed import Parsed
from treadle.coding.checks.ran import Ran
from treadle.types import Draft, Outcome, Run, Rung, Verdict

__all__ = ["Ladder", "default_checks"]

NOT_REACHED = "not reached"


def default_checks() -> tuple[Check, ...]:
    """The checks of this package, lowest first."""
    return (
        Parsed(),
        ModulesExist(),
        VariablesExist(),
        ColumnsExist(),
        Ran(),
        ProducedOutput(),
        MetExpectations(),
    )


class Ladder:
    """Climbs one draft after the other. Further checks join their rung, after those that are there."""

    def __init__(self, checks: Sequence[Check] | None = None) -> None:
        order = list(Rung)
        self.checks: tuple[Check, ...] = tuple(
            sorted(default_checks() if checks is None else checks, key=lambda check: order.index(check.rung))
        )

    def climb(self, draft: Draft, context: Context) -> tuple[list[Verdict], list[tuple[str, Run]]]:
        """The verdicts, lowest rung first, and the runs that were made, by name.

        All checks of a rung judge; where one failed, those above are skipped with the reason 'not reached'.
        """
        own = replace(context, introspector=context.modules, runs=[])
        verdicts: list[Verdict] = []
        stopped_at = None
        for check in self.checks:
            if stopped_at is not None and check.rung is not stopped_at:
                verdicts.append(skipped(check, NOT_REACHED))
                continue
            found = _judge(check, draft, own)
            verdicts += found
            if any(verdict.outcome is Outcome.FAILED for verdict in found):
                stopped_at = check.rung
        return verdicts, own.runs


def _judge(check: Check, draft: Draft, context: Context) -> list[Verdict]:
    """Small models repeat themselves: a sum of a thousand terms is valid Python and too deep for a reader of trees."""
    try:
        return list(check.judge(draft, context))
    except RecursionError:
        return [skipped(check, "the program is nested too deeply for this check")]
