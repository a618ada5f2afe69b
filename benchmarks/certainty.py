"""Does a low probability say that a draft fails, or that a name does not exist? Over the drafts of thread stores.

    python -m benchmarks.certainty STORE.sqlite...

Nothing is drawn: what `ask`, `sql` or `eval` stored is read. The area under the ROC curve is the chance that a failed draft
has a lower value than one that passed; 0.5 is no information. Equal programs of a request count once: drafts of a small
model are often alike, and would be counted as evidence many times.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: python benchmarks/certainty.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from treadle.coding.certainty import FREE, certainty_of
from treadle.threads import open_store
from treadle.types import Outcome

__all__ = ["Judged", "area", "judged", "main"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A draft: its least certain name or literal, its mean nats a token, and whether a check failed.

    ``names``: the probability of each name that a check knows of, and whether it is there.
    """

    failed: bool
    least: float | None
    mean: float | None
    names: tuple[tuple[float, bool], ...]


def judged(stores: Sequence[Path]) -> Iterator[Judged]:
    """Drafts that were judged and have tokens, each program of a request once."""
    seen: set[tuple[str, str | None]] = set()
    for path in stores:
        with closing(open_store(path)) as store:
            for info in store.listing(100_000):
                record = store.load(info.id)
                for draft in record.drafts:
                    verdicts, key = record.verdicts.get(draft.id, ()), (record.request.text, draft.program)
                    if not verdicts or not draft.completion.tokens or key in seen:
                        continue
                    seen.add(key)
                    names = certainty_of(draft, record.request, verdicts)
                    held = [name.probability for name in names if name.kind not in FREE]
                    yield Judged(
                        failed=any(v.outcome is Outcome.FAILED for v in verdicts),
                        least=min(held, default=None),
                        mean=draft.completion.mean_logprob,
                        names=tuple((name.probability, name.exists) for name in names if name.exists is not None),
                    )


def area(bad: Sequence[float], good: Sequence[float]) -> float | None:
    """The chance that one of ``bad`` is below one of ``good``, ties half; None where there is none of a kind."""
    if not bad or not good:
        return None
    return sum((b < g) + 0.5 * (b == g) for b in bad for g in good) / (len(bad) * len(good))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "stores", nargs="+", type=Path, metavar="STORE", help="SQLite files with threads; they are only read"
    )
    found = list(judged(parser.parse_args().stores))
    table = Table("tells", "by", "bad", "good", "area under the curve", box=None)
    for by, value in (("least certain name or literal", "least"), ("mean log-probability a token", "mean")):
        pairs = [(d.failed, v) for d in found if (v := getattr(d, value)) is not None]
        _row(table, "drafts that fail", by, [v for failed, v in pairs if failed], [v for failed, v in pairs if not failed])
    names = [pair for draft in found for pair in draft.names]
    absent, there = [p for p, exists in names if not exists], [p for p, exists in names if exists]
    _row(table, "names that are not there", "their probability", absent, there)
    Console().print(table)


def _row(table: Table, tells: str, by: str, bad: Sequence[float], good: Sequence[float]) -> None:
    found = area(bad, good)
    table.add_row(tells, by, str(len(bad)), str(len(good)), "none of a kind" if found is None else f"{found:.2f}")


if __name__ == "__main__":
    main()
