"""Making a file of rows, with a report of what is in it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from treadle.coding.sql.base import Database
from treadle.coding.sql.databases.open import PRELOAD
from treadle.grounding.accept import accepts
from treadle.grounding.sql import SqlGuide
from treadle.sandbox import open_sandbox
from treadle.synthesis.rows import Row, write_rows
from treadle.synthesis.sql.generate import Pair, Report, generate
from treadle.synthesis.sql.world import World
from treadle.synthesis.writer import PromptWriter

__all__ = ["make_rows", "told"]

HELD_SHARE = 20
"""One database in so many has its statements followed by the guide: 60 ms a statement, more than all else together."""


def make_rows(
    pairs: int, seed: int, out: Path, model: Path | None = None, on_pairs: Callable[[int], None] | None = None
) -> tuple[Report, list[int]]:
    """Write rows with ``pairs`` questions to ``out``.

    Args:
        model: the GGUF file of the model that is to be trained, by whose tokens summaries are cut and rows are counted;
            None: tokens are estimated.

    Returns:
        What was made, and the tokens of each row without the chat template.

    Raises:
        UsageError: the file cannot be written.
        SandboxError: the sandbox failed, or refused.
    """
    report, tokens = Report(), list[int]()
    writer = PromptWriter(None) if model is None else PromptWriter.of_model(model)
    sandbox = open_sandbox(preload=PRELOAD)

    def counted() -> Iterator[Row]:
        for row in generate(pairs, seed, sandbox, writer, report, on_pairs, _Held(report)):
            tokens.append(_tokens_of(row, writer))
            yield row

    try:
        write_rows(counted(), out)
    finally:
        sandbox.close()
    return report, tokens


def _tokens_of(row: Row, writer: PromptWriter) -> int:
    return sum(
        writer.count_tokens(text) for text in (*(m.content for m in row.messages), *(t for s in row.segments for t in s))
    )


class _Held:
    """Counts, in some databases, the statements that the guide of small models would not let them write."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._last: tuple[World, SqlGuide] | None = None
        self._number = -1

    def __call__(self, world: World, database: Database, pair: Pair) -> None:
        if self._last is None or self._last[0] is not world:
            self._number += 1
            self._last = (world, SqlGuide(database.summary.tables, world.dialect))
        if self._number % HELD_SHARE:
            return
        held = accepts(self._last[1], f"{pair.sql.removeprefix('SELECT')};") is None
        (self._report.held if held else self._report.unheld)[pair.task] += 1


def told(report: Report, tokens: list[int]) -> str:
    """The report in words, several lines."""
    pairs, rows = report.tasks.total(), len(tokens)
    lines = [
        f"{pairs} questions in {rows} rows about {report.databases} databases of {len(report.domains)} domains",
        f"tokens a row: median {statistics.median(tokens):.0f}, mean {statistics.mean(tokens):.0f}, largest {max(tokens)}; "
        f"in all {sum(tokens)}",
        f"questions a row: mean {pairs / rows:.2f}; dialects: {_listed(report.dialects)}",
        f"tasks: {_listed(report.tasks)}",
        f"left out: {_listed(report.dropped)}",
    ]
    looked_at = report.held.total() + report.unheld.total()
    if looked_at:
        beyond = _listed(report.unheld) or "none"
        lines.append(f"held by the guide: {report.held.total()} of {looked_at} looked at; beyond it: {beyond}")
    return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: -pair[1]))
