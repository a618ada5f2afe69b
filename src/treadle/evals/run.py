"""One evaluation from its options to its summary: load, ask task by task, keep every result as it comes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treadle import compose
from treadle.coding.ask import Options
from treadle.engines.models import CATALOGUE, model_path
from treadle.engines.registry import check_engine, split_adapters
from treadle.engines.shipped import with_adapter
from treadle.errors import UsageError
from treadle.evals.base import AnyTask
from treadle.evals.bench import Bench, Spec
from treadle.evals.infill import Filling
from treadle.evals.journal import Journal
from treadle.evals.kinds import find_kind
from treadle.evals.provenance import settings_of
from treadle.evals.record import Record
from treadle.evals.summary import Summary, summarise
from treadle.retrieval import Pack
from treadle.settings import load_settings

__all__ = ["Plan", "Watch", "evaluate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to evaluate and how. Neither ``workers`` nor ``dask`` changes a result, so both may differ when one goes on."""

    kind: str
    folder: Path
    tasks: Path | None = None
    data: Path | None = None
    limit: int | None = None
    engine: str | None = None
    options: Options | Filling
    packs: tuple[Path, ...] = ()
    corrections: Path | None = None
    workers: int = 1
    dask: str | None = None
    adapter: bool = True
    """Whether a model of the catalogue takes the adapter that is shipped for this kind of task."""

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise UsageError(f"--workers must be at least 1, got {self.workers}")
        if self.workers > 1 and self.dask is not None:
            raise UsageError("--workers are processes of this machine, --dask those of a cluster; give one of the two")
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit must be at least 1, got {self.limit}")


Watch = Callable[[Sequence[Record], int, Record | None], None]
"""Told of the records so far, how many there will be, and the one that is new (None at the start)."""


def evaluate(plan: Plan, watch: Watch) -> Summary:
    """Evaluate every task that the folder does not hold yet, and sum up all of them.

    Whatever ends the work early leaves every result that was reported by ``watch`` on disk; the same plan goes on there.

    Raises:
        TreadleError: the tasks, the engine, the sandbox or the folder failed.
    """
    kind = find_kind(plan.kind)
    engine = load_settings().engine if plan.engine is None else plan.engine
    engine = with_adapter(engine, kind.job if plan.adapter else "")
    check_engine(engine)
    if plan.dask is None:
        _fetch_model(engine)
    every = list(kind.load(plan.tasks, plan.data))
    tasks = every[: plan.limit]
    corrections = None if plan.corrections is None else _corrections(plan.corrections)
    spec = Spec(engine=engine, options=plan.options, packs=plan.packs, corrections=corrections)
    settings = settings_of(plan.kind, plan.tasks, every, spec)
    with contextlib.closing(Journal(plan.folder, settings)) as journal:
        wanted = [task.id for task in tasks]
        _tell(watch, journal, wanted, None)
        left = [task for task in tasks if task.id not in journal.done]
        with contextlib.closing(_records(left, spec, plan)) as records:
            for record in records:
                journal.add(record)
                _tell(watch, journal, wanted, record)
        return summarise([journal.done[name] for name in wanted], settings, seed=plan.options.seed)


def _fetch_model(engine: str) -> None:
    """Fetch a model of the catalogue before work begins: once for all workers, and with a bar."""
    backend, _, target = engine.partition(":")
    if backend not in ("llama", "torch"):
        return
    model, _ = split_adapters(target)
    if model in CATALOGUE and not model_path(CATALOGUE[model], load_settings().cache_dir).exists():
        compose.pull_model(model)


def _tell(watch: Watch, journal: Journal, wanted: Sequence[str], new: Record | None) -> None:
    watch([journal.done[name] for name in wanted if name in journal.done], len(wanted), new)


def _records(tasks: Sequence[AnyTask], spec: Spec, plan: Plan) -> Generator[Record]:
    if not tasks:
        return
    if plan.dask is not None:
        from treadle.evals.cluster import evaluated_on_dask

        yield from evaluated_on_dask(tasks, spec, plan.dask)
    elif plan.workers > 1:
        from treadle.evals.pool import evaluated_in_parallel

        yield from evaluated_in_parallel(tasks, replace(spec, threads=_threads_each(plan.workers)), plan.workers)
    else:
        with contextlib.closing(Bench(spec)) as bench:
            for task in tasks:
                yield bench.evaluate(task)


def _threads_each(workers: int) -> int:
    """The cores shared out, unless the user's settings say how many threads an engine takes."""
    return load_settings().threads or max(1, len(os.sched_getaffinity(0)) // workers)


def _corrections(store: Path) -> Pack | None:
    """The corrections of a store as a pack that needs the store no more; None where there are none."""
    from treadle.coding.corrections import corrections_pack
    from treadle.threads import open_store

    if not store.is_file():
        raise UsageError(f"no thread store {str(store)!r} to take corrections from; see the setting 'store'")
    with contextlib.closing(open_store(store)) as opened:
        pack = corrections_pack(opened)
        return replace(pack, tables=dict(pack.tables)) if pack.examples else None
