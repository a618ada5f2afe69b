"""What a program does, as a key that can be compared: two drafts agree where their keys are equal.

Clustering drafts by behaviour instead of by text is AlphaCode's (Li et al. 2022, section 4.4); there a model writes new
inputs, here they are made from the example calls of the request or, without any, from common values.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Hashable, Sequence
from typing import Any

from treadle.coding.expectations import metrics_in
from treadle.types import Artifact, Expectation, Run

__all__ = ["behaviour_of_calls", "behaviour_of_run", "is_informative", "is_picture", "probe_calls"]

DIGITS = 6
"""Significant digits to which numbers are compared: float32 sums in another order differ from the seventh on."""
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_POOLS: tuple[tuple[str, ...], ...] = (
    ("'abca'", "''", "'Hello World'"),
    ("[3, 1, 2, 3]", "[]", "[1.5, -2.0]"),
    ("7", "0", "-3"),
)
MAX_CALLS = 6


def behaviour_of_run(run: Run) -> Hashable:
    """METRIC values in the order printed (names do not matter), else the text printed with its numbers rounded.

    Files count by their content. Of pictures that depends on labels and colours too: where numbers say what was drawn, that
    a picture is there is enough, and where nothing does, only equal pictures are the same.
    """
    metrics = metrics_in(run.stdout)
    shown: Hashable = tuple(_rounded(v) for v in metrics.values()) if metrics else _text(run.stdout)
    files = tuple(
        (a.media_type, "" if metrics and is_picture(a) else hashlib.sha256(a.content).hexdigest())
        for a in sorted(run.artifacts, key=lambda a: a.name)
    )
    return shown, files


def is_picture(artifact: Artifact) -> bool:
    """Whether a file is made to be looked at."""
    return artifact.media_type.startswith(("image/", "application/pdf"))


def _rounded(value: float) -> str:
    return "0" if abs(value) <= 1e-12 else f"{value:.{DIGITS}g}"  # in this order: nan is not 0


def _text(stdout: str) -> str:
    return " ".join(_NUMBER.sub(lambda m: _rounded(float(m.group())), stdout).split())


def behaviour_of_calls(runs: Sequence[Run]) -> Hashable:
    """What each call returned, or which kind of error it raised."""
    return tuple(_outcome(run) for run in runs)


def _outcome(run: Run) -> str:
    if run.value_given:
        return repr(_plain(run.value))
    return f"!{(run.error or run.limit_hit or 'stopped').split(':')[0]}"


def _plain(value: Any) -> Any:
    """``value`` as something whose ``repr`` is the same where the values are: whole floats are ints, tuples are lists.

    Whatever is not shown as itself becomes a marked tuple, which no plain list or text can be taken for.
    """
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 10**DIGITS
        return int(value) if whole else ("~", _rounded(value))
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return "dict", sorted((repr(_plain(k)), repr(_plain(v))) for k, v in value.items())
    if isinstance(value, set | frozenset):
        return "set", sorted(repr(_plain(v)) for v in value)
    return value


def is_informative(runs: Sequence[Run]) -> bool:
    """At least one call returned something other than None; calls that all fail compare nothing."""
    return any(run.value_given and run.value is not None for run in runs)


def probe_calls(name: str, parameters: str, expectations: Sequence[Expectation]) -> list[str]:
    """Up to six calls of ``name`` to compare drafts by: variations of the example calls, else common values."""
    examples = [e.subject for e in expectations if e.kind == "call" and e.subject.startswith(f"{name}(")]
    calls = [c for example in examples for c in _variations(example)]
    if not calls:
        count = _parameter_count(parameters)
        calls = [f"{name}({', '.join([value] * count)})" for pool in zip(*_POOLS, strict=True) for value in pool]
    return list(dict.fromkeys(c for c in calls if c not in examples))[:MAX_CALLS]


def _parameter_count(parameters: str) -> int:
    try:
        function = ast.parse(f"def f({parameters}): pass").body[0]
    except SyntaxError:
        return 1
    assert isinstance(function, ast.FunctionDef)
    signature = function.args
    return len(signature.posonlyargs) + len(signature.args) - len(signature.defaults)


def _variations(call: str) -> list[str]:
    """The call with one literal argument changed at a time."""
    try:
        tree = ast.parse(call, mode="eval").body
    except SyntaxError:
        return []
    if not isinstance(tree, ast.Call):
        return []
    found: list[str] = []
    for position, argument in enumerate(tree.args):
        try:
            value = ast.literal_eval(argument)
        except (ValueError, SyntaxError):
            continue
        for other in _neighbours(value):
            arguments = [ast.unparse(a) for a in tree.args]
            arguments[position] = repr(other)
            keywords = [f"{k.arg}={ast.unparse(k.value)}" for k in tree.keywords if k.arg]
            found.append(f"{ast.unparse(tree.func)}({', '.join([*arguments, *keywords])})")
    return found


def _neighbours(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value * 3]
    if isinstance(value, str):
        return [value + value[:1] * 2, value[::-1], (value + " xyz")[1:]]
    if isinstance(value, list | tuple) and value:
        kind, items = type(value), list(value)
        return [kind(items[::-1]), kind(items + items[:1]), kind(items[1:])]
    return []
