"""What an evaluation shows in a terminal: a bar while it works, tables at its end. Without a terminal, a line a task."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from treadle.escaping import escaped
from treadle.evals.figures import headline_rows, mixed_code, percent, settings_line, status_rows, told_rules, told_seconds
from treadle.evals.record import Record

__all__ = ["Bar", "show_comparison", "show_summary"]


class Bar:
    """Progress on standard error."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, highlight=False)
        self._drawn = self._console.is_terminal
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=self._console, transient=True, disable=not self._drawn)
        self._task: Any = None
        self.done, self.total = 0, 0

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def __call__(self, records: Sequence[Record], total: int, new: Record | None) -> None:
        """Told by ``evaluate`` of every record."""
        self.done, self.total = len(records), total
        solved, greedy = sum(r["right"] for r in records), sum(r["greedy_right"] for r in records)
        told = f"solved {solved}, first drafts {greedy}"
        if self._task is None:
            self._task = self._bar.add_task("evaluating", total=total, completed=len(records))
        self._bar.update(self._task, completed=len(records), description=told)
        if not self._drawn and new is not None:
            word = "right" if new["right"] else "wrong"
            seconds = new["seconds"]["total"]
            line = f"[{self.done}/{total}] {new['id']}: {new['status']}, {word} ({seconds:.1f} s); {told}"
            print(escaped(line), file=sys.stderr)  # noqa: T201
        elif not self._drawn and records:
            print(f"{self.done} of {total} tasks are here already", file=sys.stderr)  # noqa: T201


def show_summary(summary: Mapping[str, Any]) -> None:
    """The figures of an evaluation on standard output."""
    console = Console(highlight=False)
    console.print(escaped(settings_line(summary)), markup=False)
    if mixed_code(summary):
        console.print(mixed_code(summary), style="bold")
    table = Table("", "tasks", "share", "95 % interval")
    for row in headline_rows(summary):
        table.add_row(*row)
    console.print(table)
    if rows := status_rows(summary):
        table = Table("status", "tasks", "in fact right", "wrong (share, 95 % interval)")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    if told_rules(summary):
        console.print(told_rules(summary))
    if summary["pass_at"]:
        curve = ", ".join(f"@{k} {percent(v)}" for k, v in summary["pass_at"].items())
        console.print(f"pass@k from {summary['pass_at_drafts']} sampled drafts a task: {curve}")
    coverage = ", ".join(f"{name} {percent(share)}" for name, share in summary["coverage"].items())
    console.print(f"of {summary['drafts']} drafts of the first round: {coverage}")
    console.print(told_seconds(summary))


def show_comparison(comparison: Mapping[str, Any]) -> None:
    """Two runs side by side on standard output."""
    console = Console(highlight=False)
    left = f"; {comparison['left_out']} that only one has are left out" if comparison["left_out"] else ""
    told = f"first: {comparison['first']}\nsecond: {comparison['second']}\n{comparison['tasks']} tasks{left}"
    console.print(escaped(told), markup=False)
    for name, (one, other) in comparison["settings"].items():
        console.print(escaped(f"differs: {name}: {one} and {other}"), markup=False, soft_wrap=True)
    table = Table("", "1st", "2nd", "only 1st", "only 2nd", "points (95 %)", "p", box=SIMPLE)
    for row in comparison["measures"].values():
        low, high = row["interval"]
        difference = f"{100 * row['difference']:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"
        counts = (str(row[key]) for key in ("first", "second", "only_first", "only_second"))
        table.add_row(row["told"], *counts, difference, f"{row['p_value']:.3f}")
    console.print(table)
    console.print(
        "claimed: verified or agreed. points: second minus first, in % of the tasks. p: how often a difference as large "
        "comes up between runs that are equally good (McNemar's exact test)."
    )
