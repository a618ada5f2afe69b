"""Asks the installed modules, inside the sandbox, which names they hold.

The ground truth of 'does this name exist' is the version that will run the program, so no table of names is shipped.
A fixed probe program runs in the sandbox without any draft; whatever it cannot tell counts as existing, because a
false alarm would throw away a good draft while a missed name is found one rung later, when the program runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.sandbox.base import Sandbox
from treadle.types import Limits, Program

__all__ = ["Introspector", "Lookup", "Query"]

Query = tuple[Any, ...]
"""('import', module) | ('from', module, name) | ('chain', module, start, attributes, imported) | ('names', module, class)
| ('key', file, key) | ('branch', file, tree, branch)"""

_LIMITS = Limits(cpu_seconds=30.0, wall_seconds=40.0)


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer to a query. ``missing`` only where the probe is certain; ``names`` then exist in its place.

    ``index`` says which part of a dotted name is missing.
    """

    missing: bool
    index: int = 0
    names: tuple[str, ...] = ()


_EXISTS = Lookup(False)


class Introspector:
    """Remembers what it found out, for as long as it lives; queries about a data file are keyed by the file's name."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._known: dict[tuple[Query, tuple[Path, ...]], Lookup] = {}
        self._source = Path(__file__).with_name("probe_program.py").read_text(encoding="utf-8")

    def look_up(self, queries: Sequence[Query], files: Sequence[Path] = ()) -> list[Lookup]:
        """The answers, in the order of the queries; one sandbox run for all that are not known yet."""
        place = tuple(files)
        new = [q for q in dict.fromkeys(queries) if (q, place) not in self._known]
        if new:
            self._ask(new, place)
        return [self._known[query, place] for query in queries]

    def names_of(self, module: str, member: str = "") -> frozenset[str]:
        """The attributes of a class or module; empty where they cannot be told."""
        return frozenset(self.look_up([("names", module, member)])[0].names)

    def _ask(self, queries: list[Query], place: tuple[Path, ...]) -> None:
        run = self._sandbox.run(Program(source=self._source, evaluate=f"answer({queries!r})"), place, _LIMITS)
        answers = run.value if run.ok and run.value_given else None
        if isinstance(answers, list) and len(answers) == len(queries):
            for query, answer in zip(queries, answers, strict=True):
                self._known[query, place] = _read(answer)
        elif len(queries) > 1:  # one module may have taken the process down
            for query in queries:
                self._ask([query], place)
        else:
            self._known[queries[0], place] = _EXISTS


def _read(answer: Any) -> Lookup:
    if not isinstance(answer, list) or len(answer) != 3 or answer[0] != "missing" or not isinstance(answer[1], int):
        return _EXISTS
    return Lookup(True, answer[1], tuple(str(name) for name in answer[2]))
