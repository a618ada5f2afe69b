"""Expectations of kind 'tests': the user's own test file, run against the draft. See ``treadle.coding.testrun``."""

from __future__ import annotations

import ast
import importlib.util
from typing import Any

from treadle.coding.checks.base import Check, Context, failed, passed
from treadle.coding.checks.imports import top_level_names
from treadle.coding.checks.output import defined_functions, wanted_functions
from treadle.coding.extract import parse_source
from treadle.coding.testrun import CallFailed, Failure, TestReport, run_tests
from treadle.types import Expectation, Program, Verdict

__all__ = ["judge_tests"]

SECONDS = 60.0
_DRAFT_MODULES = ("solution", "draft", "answer", "candidate")


def judge_tests(check: Check, expectation: Expectation, source: str, context: Context) -> Verdict:
    """One verdict for the file. The hint names the failing test, never its text: that holds the expected value."""
    tests = expectation.expected_source or ""
    tree = parse_source(source)
    names = sorted(top_level_names(tree))
    report = run_tests(
        tests,
        names,
        lambda expression: _evaluate(expression, source, context),
        candidate=_candidate(source, context),
        aliases=_module_names(tests, names),
        seconds=SECONDS,
    )
    return _verdict(check, expectation, report)


def _verdict(check: Check, expectation: Expectation, report: TestReport) -> Verdict:
    total = report.passed + len(report.failures)
    evidence: dict[str, Any] = {"passed": report.passed, "total": total, "calls": report.calls, "skipped": report.skipped}
    if report.trouble:
        return failed(check, report.trouble, "the tests could not be run to their end", name=expectation.text, **evidence)
    skipped = f"; {report.skipped} skipped" if report.skipped else ""
    if not report.failures and total:
        reason = f"passed {total} of {total} tests{skipped}"
        return passed(check, reason, name=expectation.text, **evidence)
    if not total:
        return failed(check, f"no test was run{skipped}", name=expectation.text, **evidence)
    first = report.failures[0]
    reason = f"passed {report.passed} of {total} tests; first failure: {_told(first)}"
    hint = f"the test {first.test!r} fails" + (f": the program raised {first.draft_error}" if first.draft_error else "")
    evidence["failures"] = [_told(failure) for failure in report.failures[:20]]
    return failed(check, reason, hint, name=expectation.text, **evidence)


def _told(failure: Failure) -> str:
    where = f" at line {failure.line}: {failure.line_text}" if failure.line is not None else ""
    reason = "" if failure.reason == "AssertionError" else f" ({failure.reason})"
    return f"{failure.test}{where}{reason}"


def _evaluate(expression: str, source: str, context: Context) -> Any:
    run = context.sandbox.run(Program(source=source, evaluate=expression), context.files, context.limits)
    if run.value_given:
        return run.value
    raise CallFailed(f"TimeoutError: {run.limit_hit}" if run.limit_hit else run.error or "RuntimeError: no value came back")


def _candidate(source: str, context: Context) -> str | None:
    """The function for ``check(candidate)``: the one asked for, else the last one that the program defines."""
    wanted, defined = wanted_functions(context), defined_functions(source)
    return next((name for name in wanted if name in defined), defined[-1] if defined else None)


def _module_names(tests: str, names: list[str]) -> list[str]:
    """Modules that stand for the draft: usual names, and unknown ones of which a name of the draft is imported or used."""
    found = list(_DRAFT_MODULES)
    tree = parse_source(tests)
    used = {(n.value.id, n.attr) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and any(alias.name in names for alias in node.names):
            found.append(node.module)
        elif isinstance(node, ast.Import):
            found += [a.name for a in node.names if any((a.asname or a.name, name) in used for name in names)]
    return [name for name in dict.fromkeys(found) if name in _DRAFT_MODULES or ("." not in name and not _installed(name))]


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
