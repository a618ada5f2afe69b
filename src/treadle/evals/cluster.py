"""Tasks evaluated on a Dask cluster: what runs on one machine in parallel runs there unchanged."""

from __future__ import annotations

import contextlib
import importlib
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from treadle.errors import EndpointError, UsageError
from treadle.evals.base import AnyTask
from treadle.evals.bench import Spec, close_here, evaluate_here
from treadle.evals.code import code_sha256
from treadle.evals.pool import raise_told, told
from treadle.evals.record import Record

__all__ = ["evaluated_on_dask"]

_CONNECT_SECONDS = 20.0


def evaluated_on_dask(tasks: Sequence[AnyTask], spec: Spec, address: str) -> Iterator[Record]:
    """The records of all tasks as they come, from the workers of the scheduler at ``address``.

    Every worker process opens a bench of its own and works on one task at a time; treadle, packs and data files must be
    found there under the same paths as here.

    Raises:
        UsageError: Dask is not installed.
        EndpointError: the scheduler cannot be reached, or the workers were lost.
        TreadleError: what a worker met; the tasks that were not begun are cancelled.
    """
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError(f"--dask needs Dask ({error}); pip install 'treadle[dask]'") from None
    with contextlib.closing(_connected(distributed, address)) as client:
        key = uuid.uuid4().hex
        shared = client.scatter(spec, broadcast=True, hash=False)
        futures = [client.submit(_evaluate, key, shared, task, code_sha256(), pure=False) for task in tasks]
        try:
            for future in distributed.as_completed(futures, loop=client.loop):
                yield _record(future)
        finally:
            client.cancel(futures)
            with contextlib.suppress(Exception):  # a worker that is gone closed its bench by that
                client.run(close_here, key)


def _connected(distributed: Any, address: str) -> Any:
    try:
        return distributed.Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise EndpointError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}: {error}); start one with `dask scheduler` "
            "and `dask worker`, and give its address, e.g. --dask tcp://127.0.0.1:8786"
        ) from None


def _evaluate(key: str, spec: Spec, task: AnyTask, code: str) -> tuple[str, Any]:
    """On a worker. Errors travel as plain data: some of our classes cannot be pickled."""
    try:
        if code_sha256() != code:
            raise UsageError(
                "a worker of the cluster has another treadle installed than this process; install the same there"
            )
        return "record", evaluate_here(key, spec, task)
    except Exception as error:
        return "error", told(error)


def _record(future: Any) -> Record:
    try:
        kind, content = future.result()
    except Exception as error:
        raise EndpointError(
            f"a task was lost on the cluster ({type(error).__name__}: {error}); what was done is kept"
        ) from None
    if kind != "record":
        raise_told(content)
    record: Record = content
    return record
