"""Prints one table: how fast treadle is on this machine and how much memory it takes.

    python -m benchmarks.run [--quick] [--no-model] [--json OUT]

``make bench`` runs it. Figures are only worth keeping from an idle machine: otherwise it says so, in the title and at the
end. Solved rates are measured by ``treadle eval``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if not __package__:  # run as a file: python benchmarks/run.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks.shown import show_table, titled, write_rows
from benchmarks.speed import QUICK, Counts, Machine, Row, machine, measures

__all__ = ["main"]


def collect(counts: Counts, with_model: bool) -> list[Row]:
    """All rows, with a line of progress on standard error."""
    rows: list[Row] = []
    with Console(stderr=True).status("measuring") as status:
        for name, measure in measures(with_model):
            status.update(f"measuring: {name}")
            rows += measure(counts)
    return rows


def show(rows: list[Row], where: Machine, quick: bool) -> None:
    """The table on standard output."""
    table = Table("what", "measured", "goal", "met", "note", title=titled("speed of treadle", where, quick))
    for row in rows:
        met = "" if row.good is None else ("yes" if row.good else "NO")
        table.add_row(row.what, row.value, row.goal, met, row.note)
    show_table(table, where)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few measurements: shows that the benchmark works")
    parser.add_argument("--no-model", action="store_true", help="leave out what needs the embedded model")
    parser.add_argument("--json", type=Path, default=None, help="write the rows there, too")
    arguments = parser.parse_args(argv)
    where = machine()
    if not where.idle:
        print(f"warning: the machine is not idle (load {where.load:.2f})", file=sys.stderr)
    rows = collect(QUICK if arguments.quick else Counts(), not arguments.no_model)
    show(rows, where, arguments.quick)
    if arguments.json:
        write_rows(arguments.json, where, rows)


if __name__ == "__main__":
    main()
