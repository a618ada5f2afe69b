"""The ran rung: one run of the program in the sandbox."""

from __future__ import annotations

import re

from treadle.coding.checks.base import Context, failed, passed
from treadle.coding.checks.imports import bound_names, module_aliases
from treadle.coding.checks.names import near, undefined_advice
from treadle.coding.extract import parse_source
from treadle.types import Draft, Run, Rung, Verdict

__all__ = ["RAN", "Ran", "explain_failure"]

RAN = "ran"
"""The name of the run in ``Context.runs``."""

_NAME_ERROR = re.compile(r"^(?:NameError|UnboundLocalError): .*?name '(\w+)' is not defined")
_MODULE_ATTRIBUTE = re.compile(r"^AttributeError: module '([\w.]+)' has no attribute '(\w+)'")
_FIELD = re.compile(
    r"(?:no field named|no field) '(\w+)'|has no attribute '(\w+)'|not found: '?([\w/.]+)'?|^KeyError: '([^']+)'"
)


class Ran:
    """The program comes to its end without an error and within its limits. Says nothing about the result."""

    name = "ran"
    rung = Rung.RAN

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        source = draft.program or ""
        run = context.run(RAN, source)
        if run.ok:
            reason = f"ran to its end in {run.wall_seconds:.2f} s ({run.tier})"
            return [passed(self, reason, wall_seconds=run.wall_seconds, peak_memory_bytes=run.peak_memory_bytes)]
        reason, advice = explain_failure(run, source, context)
        return [failed(self, reason, reason + advice, line=run.error_line, error=run.error, limit=run.limit_hit)]


def explain_failure(run: Run, source: str, context: Context) -> tuple[str, str]:
    """Why a run is not ok, and advice that may follow it."""
    if run.limit_hit:
        return run.limit_hit, "; the program must need less: use arrays instead of loops, or end its loops"
    if not run.error:
        ended = f"signal {run.signal}" if run.signal is not None else f"exit code {run.exit_code}"
        return f"the program ended with {ended}", ""
    reason = run.error.strip().split("\n")[0]
    lines = source.split("\n")
    if run.error_line is not None and 0 < run.error_line <= len(lines):
        reason = f"line {run.error_line}: {reason}: {lines[run.error_line - 1].strip()}"
    return reason, _advice(run.error, source, context)


def _advice(error: str, source: str, context: Context) -> str:
    name = _NAME_ERROR.match(error)
    if name is not None:
        tree = parse_source(source)
        known = {*bound_names(tree), *module_aliases(tree)} - {name.group(1)}
        return near(name.group(1), known) + undefined_advice(name.group(1), context)
    attribute = _MODULE_ATTRIBUTE.match(error)
    if attribute is not None:
        return near(attribute.group(2), context.modules.names_of(attribute.group(1)))
    field = _FIELD.search(error)
    data = context.request.data
    if field is None or data is None:
        return ""
    missing = next(group for group in field.groups() if group)
    return near(missing, data.column_names) if missing not in data.column_names else ""
