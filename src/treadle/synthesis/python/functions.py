"""Rows for small functions: a request with a signature and perhaps examples, and a body that was run on more examples."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.coding.ask import Options, Tools
from treadle.coding.expectations import expectations_in
from treadle.coding.plan import make_plan
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.build import END, LICENCE, Tally
from treadle.synthesis.python.kinds import KINDS, FunctionKind
from treadle.synthesis.rows import Row
from treadle.types import Limits, Program, Request

__all__ = ["FunctionTask", "function_rows", "function_task"]

_BATCH = 40
_SHOWN_SHARE = 0.2
_LIMITS = Limits(cpu_seconds=20.0, wall_seconds=40.0)
_CALLS = 6
_WORDS = (
    "muon",
    "beam",
    "run",
    "magnet",
    "level",
    "noon",
    "detector",
    "Trigger",
    "cell",
    "gas",
    "Layer",
    "photon",
    "data",
    "gamma",
    "Field",
    "sensor",
    "aa",
    "abab",
    "coil",
    "target",
)
_TYPES = {
    "ints": "list[int]",
    "positive": "list[float]",
    "grid": "list[list[int]]",
    "square": "list[list[int]]",
    "words": "list[str]",
    "nonempty": "list[str]",
    "scores": "dict[str, int]",
    "text": "str",
    "word": "str",
    "fields": "str",
    "real": "float",
}
_OTHER_NAMES = {
    "xs": ("xs", "numbers", "values", "nums", "data", "measurements", "items"),
    "text": ("text", "s", "line", "sentence", "string"),
    "n": ("n", "number", "k", "count"),
    "scores": ("scores", "points", "table", "marks", "entries"),
    "rows": ("rows", "matrix", "table", "grid"),
    "limit": ("limit", "threshold", "bound", "cut"),
    "value": ("value", "target", "wanted"),
}
_HARNESS = """
found = []
for source, name, calls in {programs!r}:
    names = {{}}
    try:
        exec(source, names)
        found.append([names[name](*call) for call in calls])
    except Exception as error:
        found.append(f"{{type(error).__name__}}: {{error}}")
"""


@dataclass(frozen=True, slots=True)
class FunctionTask:
    """``source``: the whole function; ``calls`` with the ``values`` that a plain computation gives."""

    kind: str
    request: str
    name: str
    source: str
    body: str
    calls: tuple[tuple[Any, ...], ...]
    values: tuple[Any, ...]


def function_task(rng: random.Random) -> FunctionTask:
    """A function of some kind, with names, a constant and examples drawn."""
    kind = rng.choice(KINDS)
    constant = rng.choice(kind.constants) if kind.constants else None
    name = rng.choice(kind.names.split()).replace("{k}", str(constant))
    parameters = [p.split(":") for p in kind.parameters.split()]
    renamed = {old: _renamed(old, [p for p, _ in parameters], kind, rng) for old, _ in parameters}
    body = _with_names(kind.body.replace("{k}", str(constant)), renamed)
    said = _said(kind, constant, renamed, rng)
    calls = tuple(tuple(_argument(sort, rng) for _, sort in parameters) for _ in range(_CALLS))
    extra = () if constant is None else (constant,)
    values = tuple(kind.plain(*call, *extra) for call in calls)
    typed = rng.random() < 0.6
    arguments = ", ".join(f"{renamed[p]}: {_TYPES.get(sort, 'int')}" if typed else renamed[p] for p, sort in parameters)
    returns = f" -> {kind.returns}" if typed else ""
    request = _request(name, arguments, returns, said, list(zip(calls, values, strict=True)), rng)
    source = f"def {name}({', '.join(renamed.values())}):\n" + "\n".join(f"    {line}" for line in body.split("\n"))
    return FunctionTask(kind.names.split()[0], request, name, source, body, calls, values)


def _renamed(old: str, taken: Sequence[str], kind: FunctionKind, rng: random.Random) -> str:
    bound = set(re.findall(r"[a-z_]\w*", kind.body)) | set(taken)
    free = [n for n in _OTHER_NAMES.get(old, (old,)) if n == old or n not in bound]
    return rng.choice(free)


def _with_names(body: str, renamed: dict[str, str]) -> str:
    return re.sub(r"\b[a-z_]\w*\b", lambda m: renamed.get(m[0], m[0]), body)


def _said(kind: FunctionKind, constant: Any, renamed: dict[str, str], rng: random.Random) -> str:
    text = rng.choice(kind.says).replace("{k}", str(constant))
    for old, new in renamed.items():
        text = text.replace("{" + old + "}", new)
    return (
        text.replace("2. element", "second element")
        .replace("3. element", "third element")
        .replace("4. element", "fourth element")
    )


def _request(
    name: str, arguments: str, returns: str, said: str, examples: list[tuple[tuple[Any, ...], Any]], rng: random.Random
) -> str:
    start = rng.choice(
        (f"Write {name}({arguments}){returns}: {said}",) * 3 + (f"Write a function {name}({arguments}){returns}. {said}",)
    )
    shown = [(_call(name, c), v) for c, v in examples if len(repr(c)) < 60 and len(repr(v)) < 60][
        : rng.choice((0, 1, 2, 2, 3))
    ]
    if not shown:
        return start
    if rng.random() < 0.65:
        return start + "".join(f"\n>>> {call}\n{value!r}" for call, value in shown)
    return f"{start} Example: " + ", ".join(f"{call} == {value!r}" for call, value in shown[:2])


def _call(name: str, arguments: Sequence[Any]) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


def _argument(sort: str, rng: random.Random) -> Any:
    match sort:
        case "ints":
            return [rng.randint(-5, 12) for _ in range(rng.choice((0, 2, 4, 5, 6, 8)))]
        case "positive":
            return [rng.randint(1, 40) / 4 for _ in range(rng.choice((1, 3, 4, 6)))]
        case "grid":
            width = rng.randint(1, 4)
            return [[rng.randint(-3, 9) for _ in range(width)] for _ in range(rng.randint(0, 3))]
        case "square":
            size = rng.randint(1, 3)
            return [[rng.randint(0, 9) for _ in range(size)] for _ in range(size)]
        case "words":
            return [rng.choice((*_WORDS[:6], "")) for _ in range(rng.randint(0, 5))]
        case "nonempty":
            return [rng.choice(_WORDS) for _ in range(rng.randint(0, 5))]
        case "scores":
            return {rng.choice(_WORDS[:8]): rng.randint(-2, 12) for _ in range(rng.randint(0, 4))}
        case "text":
            return " ".join(rng.choice((*_WORDS, "of", "a", "the", "3")) for _ in range(rng.randint(0, 6)))
        case "word":
            return rng.choice(_WORDS)
        case "fields":
            return ";".join(f"{rng.choice('abcd')}={rng.randint(0, 9)}" for _ in range(rng.randint(0, 3)))
        case "real":
            return rng.randint(-40, 40) / 4
    low, high = {
        "small": (0, 5),
        "big": (4, 10),
        "natural": (0, 400),
        "natural1": (1, 60),
        "tiny": (0, 9),
        "hundred": (10, 99),
    }[sort]
    return rng.randint(low, high)


def function_rows(rows: int, seed: int, tools: Tools, tally: Tally, held_out: HeldOut | None = None) -> Iterator[Row]:
    """``rows`` rows of one function each, the same for the same ``seed``. What ``held_out`` knows is left out.

    Raises:
        SandboxError: the sandbox failed.
    """
    rng = random.Random(seed)  # noqa: S311
    made, seen = 0, set[str]()
    while made < rows:
        tasks = [function_task(rng) for _ in range(min(_BATCH, 2 * (rows - made) + 4))]
        for task, right in zip(tasks, _run(tasks, tools), strict=True):
            reason = "" if right else "does not pass"
            if right and held_out is not None and (held_out.text_leaks(task.request) or held_out.text_leaks(task.source)):
                reason = "held out"
            if reason or task.request in seen:
                tally.dropped[reason or "more of the same"] += 1
                tally.failures += [] if right else [f"{task.kind}\n{task.source}\n{task.calls}"]
                continue
            seen.add(task.request)
            row = _row(task, tools, rng)
            if row is None:
                tally.dropped["its signature was not read"] += 1
                continue
            tally.pairs[task.kind] += 1
            tally.segments[1] += 1
            made += 1
            yield row
            if made == rows:
                return


def _run(tasks: Sequence[FunctionTask], tools: Tools) -> list[bool]:
    """Whether each function gives the values of the plain computation, all run in one process of the sandbox."""
    programs = [(t.source, t.name, [list(c) for c in t.calls]) for t in tasks]
    run = tools.sandbox.run(Program(source=_HARNESS.format(programs=programs), evaluate="found"), (), _LIMITS)
    if not run.ok or not isinstance(run.value, list):
        return [False] * len(tasks)
    return [
        isinstance(found, list) and all(_same(a, b) for a, b in zip(found, task.values, strict=True))
        for found, task in zip(run.value, tasks, strict=True)
    ]


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float | int):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(expected, list | tuple):
        return isinstance(found, list | tuple) and len(found) == len(expected) and all(map(_same, found, expected))
    return type(found) is type(expected) and bool(found == expected)


def _row(task: FunctionTask, tools: Tools, rng: random.Random) -> Row | None:
    shots = rng.choice((1, 2)) if rng.random() < _SHOWN_SHARE else 0
    request = Request(text=task.request, expectations=tuple(expectations_in(task.request)))
    prompt = make_plan(request, tools, Options(shots=shots)).prompt
    if not prompt.primer.rstrip().endswith('"""'):
        return None
    body = "\n".join(f"    {line}" for line in task.body.split("\n"))
    return Row(
        messages=prompt.messages,
        segments=((prompt.primer, f"\n{body}{END}"),),
        source=f"python/functions/{'shown' if shots else 'bare'}",
        licence=LICENCE,
        group=f"function-{task.kind}",
    )
