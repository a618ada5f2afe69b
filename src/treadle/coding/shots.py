"""The examples for a request: found by BM25, moved onto the user's file, and run there before a model sees them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from treadle.coding.doubts import doubts
from treadle.coding.expectations import metrics_in
from treadle.data import summarise
from treadle.retrieval import Pack, Search
from treadle.retrieval.transplant import transplant, with_numbers
from treadle.sandbox.base import Sandbox
from treadle.types import DataSummary, Example, Limits, Program, Run, Table
from treadle.words import OPERATIONS, split_terms

__all__ = ["data_examples", "function_examples"]

POOL = 24
"""Examples tried on the user's file. Each costs one run (about 10 ms on two cores); more did not find better ones."""
SHOT_LIMITS = Limits(cpu_seconds=5.0, wall_seconds=8.0)


def function_examples(search: Search, request: str, k: int) -> list[Example]:
    """The ``k`` function examples nearest to the request, best first."""
    return [example for example, _ in search.search(request, "function", k)]


def data_examples(
    search: Search,
    packs: Sequence[Pack],
    request: str,
    data: DataSummary,
    preamble: str,
    sandbox: Sandbox,
    k: int,
) -> list[Example]:
    """The ``k`` examples nearest to the request that give a result on the user's own file, best first.

    Found twice: first among all examples as they are, then among those that could be moved onto the file, by their
    request as it reads with the file's columns.
    """
    by_name = {pack.name: pack for pack in packs}
    target = data.tables[0]
    moved: list[Example] = []
    for example, _ in search.search(request, "data", POOL, prefer=_layout(target)):
        source = _source_table(by_name[example.pack].data_path(example))
        if source is None:
            continue
        for candidate in transplant(example, source, target, preamble, request):
            moved.append(with_numbers(candidate, request))
            break
    runs = sandbox.run_many([Program(source=e.program) for e in moved], [Path(data.path)], SHOT_LIMITS)
    working = [(example, run) for example, run in zip(moved, runs, strict=True) if _gave_a_result(run)]
    # What would be doubted as an answer to this request is shown only where nothing else is left: small models copy.
    doubted = {e.id for e, run in working if doubts(e.program, run.stdout, request, data)}
    ranked = nearest_examples(request, [e for e, _ in working], len(working))
    fitting = [e for e in ranked if e.id not in doubted]
    return (fitting or ranked)[:k]


def nearest_examples(request: str, examples: Sequence[Example], k: int) -> list[Example]:
    """The ``k`` examples most similar to ``request``, best first, programs that are shown once already left out.

    BM25 rewards what is shared and hardly minds what is not: for 'the mean of M' it put 'the statistical error of the mean
    of M' first. Here the weight of the shared terms is divided by that of all terms of both.
    """
    ranked = sorted(examples, key=lambda e: similarity(request, e.request), reverse=True)  # stable: BM25 decides ties
    chosen: dict[str, Example] = {}
    for example in ranked:
        chosen.setdefault(" ".join(example.body.split()), example)
    return list(chosen.values())[:k]


def similarity(one: str, other: str) -> float:
    """Weighted Jaccard similarity of the terms of two requests: operations count 2, other words and names 1."""
    weights = [_weights(text) for text in (one, other)]
    union = {**weights[0], **weights[1]}
    shared = weights[0].keys() & weights[1].keys()
    return sum(union[t] for t in shared) / max(sum(union.values()), 1e-9)


def _weights(text: str) -> dict[str, float]:
    spoken, names = split_terms(text)
    return {**dict.fromkeys(names, 1.0), **{t: 2.0 if t in OPERATIONS else 1.0 for t in spoken}}


def _layout(table: Table) -> tuple[str, ...]:
    return ("jagged",) if any(c.shape == "jagged" for c in table.columns) else ("flat",)


@lru_cache(maxsize=64)
def _source_table(path: Path | None) -> Table | None:
    return None if path is None else summarise(path).tables[0]


def _gave_a_result(run: Run) -> bool:
    metrics: Mapping[str, float] = metrics_in(run.stdout)
    return run.ok and (bool(run.artifacts) or (bool(metrics) and all(math.isfinite(v) for v in metrics.values())))
