"""The examples for a request: found by BM25, moved onto the user's file, and run there before a model sees them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treadle.coding.doubts import doubts
from treadle.coding.expectations import metrics_in
from treadle.data import summarise
from treadle.retrieval import Pack, Search
from treadle.retrieval.search import CORRECTIONS
from treadle.retrieval.similarity import relatedness
from treadle.retrieval.transplant import columns_used, transplant, with_numbers
from treadle.sandbox.base import Sandbox
from treadle.types import DataSummary, Example, LeftOut, Limits, Program, Run, Table

__all__ = ["Shots", "data_examples", "function_examples", "nearest_examples", "nearness", "sql_examples"]

POOL = 24
"""Examples tried on the user's file. Each costs one run (about 10 ms on two cores); more did not find better ones."""
POOL_OF_OPERATIONS = 12
"""Of these, examples found by what is computed alone."""
SHOT_LIMITS = Limits(cpu_seconds=5.0, wall_seconds=8.0)
MANY = 100
"""From here on examples are searched before they are compared one by one: 10,000 took 0.1 s a request."""
TRUSTED_SIMILARITY = 0.5
"""From here on a correction that is nearest to a request is shown whatever is doubted about it: the user has spoken."""
_first_tables: dict[tuple[Path, int, int], Table] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shots:
    """Examples for a request, best first; ``spare`` is the one that came next. ``left_out``: how others were lost."""

    examples: tuple[Example, ...] = ()
    spare: Example | None = None
    left_out: tuple[LeftOut, ...] = ()


def function_examples(search: Search, request: str, k: int) -> list[Example]:
    """The ``k`` function examples nearest to the request, best first."""
    found = [example for example, _ in search.search(request, "function", k)]
    return [_explained(e, value) for e, value in zip(found, relatedness(request, [e.request for e in found]), strict=True)]


def sql_examples(search: Search, request: str, k: int) -> list[Example]:
    """The ``k`` statements nearest to the question, best first; whether they run on the database is not looked at."""
    return nearest_examples(request, [example for example, _ in search.search(request, "sql", POOL)], k)


def data_examples(
    search: Search,
    packs: Sequence[Pack],
    request: str,
    data: DataSummary,
    preamble: str,
    sandbox: Sandbox,
    k: int,
) -> Shots:
    """The ``k`` examples nearest to the request that give a result on the user's own file, best first.

    Found twice: first among all examples as they are, then among those that could be moved onto the file, by their
    request as it reads with the file's columns.
    """
    by_name = {pack.name: pack for pack in packs}
    target = data.tables[0]
    moved: list[Example] = []
    pool = _pool(search, request, target)
    for example in pool:
        source = _source_table(by_name[example.pack], example, sandbox)
        if source is None:
            continue
        for candidate in transplant(example, source, target, preamble, request):
            moved.append(with_numbers(candidate, request))
            break
    runs = sandbox.run_many([Program(source=e.program) for e in moved], [Path(data.path)], SHOT_LIMITS)
    working = [(example, run) for example, run in zip(moved, runs, strict=True) if _gave_a_result(run)]
    # What would be doubted as an answer to this request is shown only where nothing else is left: small models copy.
    doubted = {e.id for e, run in working if doubts(e.body, run.stdout, request, data)}
    ranked = nearest_examples(request, [e for e, _ in working], len(working))
    trusted = {e.id for e in ranked[:1] if e.pack == CORRECTIONS and nearness(request, e) >= TRUSTED_SIMILARITY}
    fitting = [e for e in ranked if e.id not in doubted - trusted]
    shown = fitting or ranked
    lost = {
        "columns without a counterpart in the file": len(pool) - len(moved),
        "no result on the file": len(moved) - len(working),
        "doubtful as an answer to this request": len(ranked) - len(shown),
    }
    left_out = tuple(LeftOut(part="example", what=_counted(n), why=why) for why, n in lost.items() if n)
    return Shots(examples=tuple(shown[:k]), spare=next(iter(shown[k:]), None), left_out=left_out)


def _counted(n: int) -> str:
    return "one example" if n == 1 else f"{n} examples"


def _pool(search: Search, request: str, target: Table) -> list[Example]:
    """Examples to try: those near to the request, and those near to it without its columns.

    Columns are put in later, and a name that is also a word ('M', a mass) leads away from what is asked: 'the mean of M'.
    """
    names = sorted((c.name for c in target.columns), key=len, reverse=True)
    plain = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", " ", request) if names else request
    found = search.search(request, "data", POOL, prefer=_layout(target))
    if plain != request:
        found = [*found, *search.search(plain, "data", POOL_OF_OPERATIONS, prefer=_layout(target))]
    return list({example.id: example for example, _ in found}.values())


def nearest_examples(request: str, examples: Sequence[Example], k: int) -> list[Example]:
    """The ``k`` examples most similar to ``request``, best first, programs that are shown once already left out.

    BM25 rewards what is shared and hardly minds what is not: for 'the mean of M' it put 'the statistical error of the mean
    of M' first. Here the weight of the shared terms is divided by that of all terms of both. Similarities that are equal
    as they are shown, to two digits, leave corrections first, then the order given.
    """
    if len(examples) > MANY:
        search, kinds = Search(examples), sorted({e.kind for e in examples})
        examples = [e for kind in kinds for e, _ in search.search(request, kind, MANY)]
    values = [round(value, 2) for value in relatedness(request, [e.request for e in examples])]
    ranked = sorted(zip(examples, values, strict=True), key=lambda pair: (-pair[1], pair[0].pack != CORRECTIONS))
    chosen: dict[str, Example] = {}
    for example, value in ranked:
        chosen.setdefault(" ".join(example.body.split()), _explained(example, value))
    return list(chosen.values())[:k]


def _explained(example: Example, value: float) -> Example:
    """With the reason why it is shown."""
    thread = example.id.partition("/")[2].rpartition(".")[0]
    origin = f"correction of thread {thread}" if example.pack == CORRECTIONS else f"pack {example.pack}"
    return replace(example, why=f"{origin}, similarity {value:.2f}")


def nearness(request: str, example: Example) -> float:
    """How similar an example's request is, 0 to 1."""
    return relatedness(request, [example.request])[0]


def _layout(table: Table) -> tuple[str, ...]:
    return ("jagged",) if any(c.shape == "jagged" for c in table.columns) else ("flat",)


def _source_table(pack: Pack, example: Example, sandbox: Sandbox) -> Table | None:
    """The table that the example was made on: as the pack describes it, else from its data file."""
    described = pack.tables.get(example.id)
    if described:  # several examples share a description: the table meant is the one whose columns are named
        return max(described, key=lambda t: len(columns_used(example.body, frozenset(c.name for c in t.columns))))
    path = pack.data_path(example)
    return None if path is None else _first_table(path, sandbox)


def _first_table(path: Path, sandbox: Sandbox) -> Table:
    """Of a file of a pack, which may be anybody's. Read once, and again where it is written anew."""
    status = path.stat()
    key = (path, status.st_mtime_ns, status.st_size)
    if key not in _first_tables:
        _first_tables[key] = summarise(path, sandbox).tables[0]
    return _first_tables[key]


def _gave_a_result(run: Run) -> bool:
    metrics: Mapping[str, float] = metrics_in(run.stdout)
    return run.ok and (bool(run.artifacts) or (bool(metrics) and all(math.isfinite(v) for v in metrics.values())))
