"""The same evaluation on a Dask cluster of two worker processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from treadle.errors import EndpointError, UsageError
from treadle.evals.journal import read_results
from treadle.evals.record import Record
from treadle.evals.run import Plan, evaluate

distributed = pytest.importorskip("distributed")
Planning = Callable[..., Plan]
# Dask's own shutdown leaves warnings behind; they are not ours to judge.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs="CRITICAL"
    ) as started:
        yield started


def silent(records: Sequence[Record], total: int, new: Record | None) -> None:
    """Watches nothing."""


def timeless(records: Sequence[Record]) -> list[Record]:
    return [{key: value for key, value in record.items() if key not in ("seconds", "code")} for record in records]


def processes(address: str) -> dict[str, int]:
    """How many children each worker process has: a bench has at least a sandbox."""

    def children() -> int:
        import os
        from pathlib import Path

        return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    with distributed.Client(address, set_as_default=False) as client:
        found: dict[str, int] = client.run(children)
        return found


def test_a_cluster_changes_nothing(hep_plan: Planning, cluster: Any) -> None:
    alone = evaluate(hep_plan(), silent)
    there = evaluate(hep_plan(folder=hep_plan().folder / "dask", dask=cluster.scheduler_address), silent)
    assert timeless(there["per_task"]) == timeless(alone["per_task"])
    assert there["pass_at"] == alone["pass_at"]
    assert {len(read_results(folder)) for folder in (hep_plan().folder, hep_plan().folder / "dask")} == {4}


def test_an_evaluation_begun_alone_goes_on_there(hep_plan: Planning, cluster: Any) -> None:
    evaluate(hep_plan(limit=2), silent)
    assert evaluate(hep_plan(dask=cluster.scheduler_address), silent)["tasks"] == 4


def test_errors_of_workers_arrive(hep_plan: Planning, cluster: Any) -> None:
    (hep_plan().tasks.parent / "scripts" / "both.json").unlink()
    with pytest.raises(UsageError, match="no script for the task 'both'"):
        evaluate(hep_plan(dask=cluster.scheduler_address), silent)


def test_workers_close_what_they_opened(hep_plan: Planning, cluster: Any) -> None:
    before = processes(cluster.scheduler_address)
    evaluate(hep_plan(dask=cluster.scheduler_address), silent)
    assert processes(cluster.scheduler_address) == before


def test_no_scheduler_is_a_clear_error(hep_plan: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.evals import cluster as module

    monkeypatch.setattr(module, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(EndpointError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'.*start one with"):
        evaluate(hep_plan(dask="tcp://127.0.0.1:9"), silent)
