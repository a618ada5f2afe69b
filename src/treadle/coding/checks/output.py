"""The output rung: there is a result to look at, and it is one."""

from __future__ import annotations

import ast
import builtins
import math
import re

from treadle.coding.checks.base import Context, failed, passed, skipped
from treadle.coding.checks.names import near
from treadle.coding.checks.ran import RAN
from treadle.coding.examples import called_names
from treadle.coding.expectations import as_metric_name, function_names, metrics_in, unread_metrics
from treadle.coding.extract import parse_source
from treadle.types import Draft, Run, Rung, Verdict

__all__ = ["ProducedOutput", "defined_functions", "wanted_functions"]

_EMPTY = frozenset({"none", "nan", "inf", "-inf", "-nan", "nat", "masked", "--"})
_VALUE = re.compile(r"[^\s=:,()\[\]{}]+")


class ProducedOutput:
    """Something was printed or written, or the functions asked for exist. A lone NaN or None is no output."""

    name = "produced output"
    rung = Rung.OUTPUT

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        run = context.run_named(RAN)
        if run is None:
            return [skipped(self, "the program was not run")]
        source = draft.program or ""
        wanted = wanted_functions(context)
        if wanted:
            return [self._functions(wanted, source, context)]
        empty = _empty_result(run.stdout)
        if empty and not run.artifacts:
            return [failed(self, empty, f"{empty}; check the selection and what is printed")]
        unread = unread_metrics(run.stdout)
        if unread:
            return [
                failed(
                    self,
                    f"the line {unread[0]!r} is no METRIC: a name holds letters, digits and _ . / -, a value is one number",
                    f"print it as METRIC: {as_metric_name(unread[0])}=<value>",
                )
            ]
        if run.stdout.strip() or run.artifacts:
            return [passed(self, _told(run), metrics=metrics_in(run.stdout))]
        defined = defined_functions(source)
        if defined and re.search(r"\b(function|def|class|method|generator)\b", context.request.text):
            return [passed(self, f"defines {', '.join(defined)}")]
        hint = "print the result" + (f"; call {defined[-1]} and print what it returns" if defined else "")
        return [failed(self, "the program printed nothing and wrote no file", hint)]

    def _functions(self, wanted: list[str], source: str, context: Context) -> Verdict:
        runs = context.evaluate_many(source, {f"callable({name})": f"callable({name})" for name in wanted})
        absent = [name for name in wanted if runs[f"callable({name})"].value is not True]
        if not absent:
            return passed(self, f"defines {', '.join(wanted)}")
        defined = defined_functions(source)
        reason = f"the program defines no function {absent[0]!r}{near(absent[0], defined)}"
        has = f"it defines {', '.join(defined)}" if defined else "it defines none"
        return failed(self, f"{reason}; {has}", f"{reason}; define the function {absent[0]!r}")


def wanted_functions(context: Context) -> list[str]:
    """Names that the request, or an expectation about a call, demands; builtins are not among them."""
    called = [name for e in context.request.expectations if e.kind == "call" for name in called_names(e.subject)]
    names = [*function_names(context.request.text), *(name for name in called if not hasattr(builtins, name))]
    return list(dict.fromkeys(names))


def defined_functions(source: str) -> list[str]:
    """Functions and classes at the top level of a program."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    try:
        return [node.name for node in parse_source(source).body if isinstance(node, kinds)]
    except SyntaxError:
        return []


def _empty_result(stdout: str) -> str:
    """Why what was printed is no result, or nothing."""
    metrics = metrics_in(stdout)
    for name, value in metrics.items():
        if math.isnan(value):
            return f"the metric {name} is nan"
    values = [_last_value(line) for line in stdout.splitlines() if line.strip()]
    if values and all(value is not None and value.lower() in _EMPTY for value in values):
        return f"the only value printed is {values[0]}" if len(set(values)) == 1 else "all values printed are nan or None"
    return ""


def _last_value(line: str) -> str | None:
    """What a line such as 'mean = nan', 'x: nan', 'nan' tells; None where it tells more."""
    _, mark, value = line.rpartition("=") if "=" in line else line.rpartition(":")
    words = _VALUE.findall(value if mark else line)
    return words[0] if len(words) == 1 else None


def _told(run: Run) -> str:
    parts = []
    if run.stdout.strip():
        lines = len(run.stdout.strip().splitlines())
        parts.append(f"printed {lines} line{'s' if lines != 1 else ''}{' (cut off)' if run.stdout_truncated else ''}")
    if run.artifacts:
        parts.append("wrote " + ", ".join(artifact.name for artifact in run.artifacts))
    return " and ".join(parts)
