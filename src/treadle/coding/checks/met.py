"""The top rung: what the user said must hold, holds. Compared here, outside of the sandbox.

Expected values never enter a process that runs a draft; an expected side that must be computed is, in a process of its own.
They are in the *reasons* and the evidence, which the user reads; the *hints*, which may go back to the model, hold them only
where the model has read them already, in the examples of the request.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from treadle.coding.checks.base import Context, failed, passed, skipped
from treadle.coding.checks.names import near
from treadle.coding.checks.ran import RAN, explain_failure
from treadle.coding.checks.schema import judge_schema
from treadle.coding.checks.tests_file import judge_tests
from treadle.coding.checks.values import shown, value_equal
from treadle.coding.expectations import metrics_in, repeated_metrics
from treadle.coding.extract import parse_source
from treadle.coding.wording import KNOWN_MODULES
from treadle.types import Draft, Expectation, Program, Run, Rung, Verdict

__all__ = ["MetExpectations"]


class MetExpectations:
    """One verdict an expectation. Shows that the expectations hold, not that anything else is right."""

    name = "met expectations"
    rung = Rung.EXPECTATIONS

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        expectations = context.request.expectations
        if not expectations:
            return [skipped(self, "no expectation was given")]
        source = draft.program or ""
        calls = [e for e in expectations if e.kind == "call"]
        called = context.evaluate_many(_with_modules(source, calls), {e.subject: e.subject for e in calls}) if calls else {}
        return [self._judge(expectation, source, called, context) for expectation in expectations]

    def _judge(self, expectation: Expectation, source: str, called: Mapping[str, Run], context: Context) -> Verdict:
        match expectation.kind:
            case "call":
                return self._call(expectation, called[expectation.subject], source, context)
            case "metric":
                return self._metric(expectation, context.run_named(RAN))
            case "schema":
                return judge_schema(self, expectation, context.run_named(RAN))
            case "tests":
                return judge_tests(self, expectation, source, context)

    def _call(self, expectation: Expectation, run: Run, source: str, context: Context) -> Verdict:
        if not run.value_given:
            reason, advice = explain_failure(run, source, context)
            reason = f"{expectation.subject}: {reason}"
            return failed(self, reason, reason + advice, name=expectation.text, error=run.error)
        known, expected, trouble = _expected_value(expectation, context)
        if not known:
            return skipped(self, trouble, name=expectation.text)
        equal, why = value_equal(expected, run.value, expectation.relative, expectation.absolute)
        evidence = {
            "expected": expected,
            "got": run.value,
            "relative": expectation.relative,
            "absolute": expectation.absolute,
        }
        if equal:
            return passed(self, f"{expectation.subject} gave {shown(run.value)}", name=expectation.text, **evidence)
        hint = f"{expectation.subject} gave {shown(run.value)}, which is wrong"
        if expectation.origin == "request":
            hint = f"{expectation.subject}: {why}"
        return failed(self, f"{expectation.subject}: {why}", hint, name=expectation.text, **evidence)

    def _metric(self, expectation: Expectation, run: Run | None) -> Verdict:
        name = expectation.subject
        metrics = metrics_in(run.stdout) if run is not None else {}
        if name not in metrics:
            return self._absent(expectation, metrics, cut=run is not None and run.stdout_truncated)
        got, expected = metrics[name], expectation.expected
        equal, _ = value_equal(expected, got, expectation.relative, expectation.absolute)
        note = " (printed more than once, the last one counts)" if run and name in repeated_metrics(run.stdout) else ""
        evidence = {"expected": expected, "got": got} | _tolerances(expectation)
        told = f"{name} = {_number(got)}{note}, expected {_number(expected)}{_tolerance(expectation)}"
        if equal:
            return passed(self, told, name=expectation.text, **evidence)
        hint = f"the printed {name} = {_number(got)} is not right; check the selection, the columns and the formula"
        return failed(self, told, hint, name=expectation.text, **evidence)

    def _absent(self, expectation: Expectation, metrics: Mapping[str, float], *, cut: bool) -> Verdict:
        name = expectation.subject
        printed = f"printed: {', '.join(metrics)}" if metrics else "no metric was printed"
        reason = f"the metric {name} was not printed; {printed}{near(name, metrics)}"
        reason += "; the output was cut off" if cut else ""
        hint = f"print the result on a line of its own as: METRIC: {name}=<value>"
        return failed(self, reason, hint, name=expectation.text)


def _with_modules(source: str, calls: list[Expectation]) -> str:
    """The program, followed by the imports that examples take for granted and the program lacks.

    They come last, so that line numbers stay, and bind no name that the program binds.
    """
    used = {n.id for e in calls for n in ast.walk(parse_source(e.subject)) if isinstance(n, ast.Name)}
    bound = {n.id for n in ast.walk(parse_source(source)) if isinstance(n, ast.Name)}
    bound |= {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(parse_source(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    needed = [name for name in KNOWN_MODULES if name in used - bound]
    return source + "".join(f"\nimport {KNOWN_MODULES[name]} as {name}" for name in needed)


def _expected_value(expectation: Expectation, context: Context) -> tuple[bool, Any, str]:
    """(known, value, why not). An expression is evaluated in a process of its own, without the draft."""
    if expectation.expected_source is None:
        return True, expectation.expected, ""
    names = {n.id for n in ast.walk(parse_source(expectation.expected_source)) if isinstance(n, ast.Name)}
    imports = "\n".join(f"import {module} as {name}" for name, module in KNOWN_MODULES.items() if name in names)
    run = context.sandbox.run(Program(source=imports, evaluate=expectation.expected_source), (), context.limits)
    if run.value_given:
        return True, run.value, ""
    why = run.limit_hit or run.error or "it gave no value"
    return False, None, f"the expected side {expectation.expected_source!r} cannot be evaluated without the draft: {why}"


def _number(value: float) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _tolerances(expectation: Expectation) -> dict[str, Any]:
    return {"relative": expectation.relative, "absolute": expectation.absolute}


def _tolerance(expectation: Expectation) -> str:
    if expectation.absolute > 1e-9:
        return f" ± {expectation.absolute:g}"
    return f" ± {100 * expectation.relative:g} %" if expectation.relative > 1e-6 else ""
