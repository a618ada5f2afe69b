"""Where one task after the other is evaluated: everything that answering takes, opened once and kept.

A bench belongs to one process. ``Spec`` is plain data, so that other processes and machines open the same bench.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from treadle.coding.ask import Options, Tools, ask
from treadle.coding.choose import Candidate
from treadle.coding.sql.base import Database
from treadle.engines.base import Engine
from treadle.engines.registry import open_engine
from treadle.errors import ContextLengthError, UsageError
from treadle.evals.base import AnyTask, Scorer, Task
from treadle.evals.infill import Filling, InfillTask
from treadle.evals.record import Record, failed_record, record_of
from treadle.retrieval import Pack, builtin_packs, load_pack
from treadle.sandbox import Sandbox, open_sandbox
from treadle.settings import load_settings
from treadle.threads import open_store

if TYPE_CHECKING:
    from treadle.evals.filling import Filler

__all__ = ["Bench", "Spec", "close_here", "evaluate_here", "script_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """How tasks are worked on; the same spec, task and engine give the same record.

    ``corrections`` are those of a store, as a pack. ``threads`` is how many the embedded engine may use, 0 leaves it to the
    settings.
    """

    engine: str
    options: Options | Filling
    packs: tuple[Path, ...] = ()
    corrections: Pack | None = None
    threads: int = 0


class Bench:
    """Engine, sandbox, a store of its own that is thrown away, packs, and the databases that tasks ask for."""

    def __init__(self, spec: Spec, folder: str | None = None) -> None:
        """``folder`` is where what is thrown away may lie; without it a new one, which goes with the bench."""
        self._spec, self._folder = spec, folder
        self._stack = contextlib.ExitStack()
        self._databases: dict[str, Database] = {}
        self._filler: Filler | None = None
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise

    def _open(self) -> None:
        settings = load_settings()
        self._settings = replace(settings, threads=self._spec.threads or settings.threads)
        corrections = [] if self._spec.corrections is None else [self._spec.corrections]
        self._packs = [*corrections, *(load_pack(folder) for folder in self._spec.packs), *builtin_packs()]
        temporary = tempfile.TemporaryDirectory(prefix="treadle-eval-", ignore_cleanup_errors=True, dir=self._folder)
        folder = self._stack.enter_context(temporary)
        self._store = self._stack.enter_context(contextlib.closing(open_store(Path(folder) / "threads.sqlite")))
        self._sandbox: Sandbox = self._stack.enter_context(contextlib.closing(open_sandbox()))
        if isinstance(self._spec.options, Filling):
            from treadle.evals.filling import Filler

            filler = Filler(self._spec.options, self._spec.engine, self._sandbox)
            self._filler = self._stack.enter_context(contextlib.closing(filler))
        self._engine = None if _is_scripted(self._spec.engine) else self._opened_engine(self._spec.engine)

    def _opened_engine(self, name: str) -> Engine:
        return self._stack.enter_context(contextlib.closing(open_engine(name, self._settings)))

    def evaluate(self, task: AnyTask) -> Record:
        """Ask for one task, or fill its hole, and say of every draft whether it is right.

        A request that does not fit into the model's context counts as not solved; every other error is raised.

        Raises:
            DataError: the task is faulty.
            EngineError, SandboxError, StoreError: they failed; nothing is known about the task.
        """
        if isinstance(task, InfillTask):
            assert self._filler is not None
            return self._filler.work_on(task, self._engine_of(task))
        return self._ask(cast("Task", task))

    def _ask(self, task: Task) -> Record:
        assert isinstance(self._spec.options, Options)
        tools = self._tools(task)
        started = time.monotonic()
        with contextlib.closing(task.scorer(tools)) as scorer:
            request = task.to_request(tools)
            started = time.monotonic()
            try:
                answered = ask(request, tools, self._spec.options)
            except ContextLengthError as error:
                seconds = time.monotonic() - started
                return failed_record(task, tools.engine, self._spec.engine, tools.sandbox.tier, str(error), seconds)
            seconds = time.monotonic() - started
            rights = _rights(scorer, answered.candidates)
        prompts = self._store.digest(answered.thread).prompts
        prompt_tokens = sum(prompt.tokens for prompt in prompts if prompt.messages)
        return record_of(task, answered, rights, tools.engine, self._spec.engine, prompt_tokens, seconds)

    def _tools(self, task: Task) -> Tools:
        engine = self._engine_of(task)
        database = None if task.database is None else self._database(task.database)
        return Tools(engine=engine, sandbox=self._sandbox, store=self._store, packs=self._packs, database=database)

    def _engine_of(self, task: AnyTask) -> Engine:
        return self._engine or open_engine(script_of(self._spec.engine, task.id), self._settings)

    def _database(self, name: str) -> Database:
        if name not in self._databases:
            from treadle.coding.sql.databases.open import open_database

            self._databases[name] = self._stack.enter_context(contextlib.closing(open_database([name], self._sandbox)))
        return self._databases[name]

    def close(self) -> None:
        """Close everything, last opened first. Closing twice is allowed."""
        self._stack.close()


def _rights(scorer: Scorer, candidates: Sequence[Candidate]) -> dict[str, bool]:
    """Whether each draft is right; drafts with the same program are judged once."""
    known: dict[str | None, bool] = {None: False}
    rights = {}
    for candidate in candidates:
        program = candidate.draft.program
        if program not in known:
            known[program] = scorer.right(candidate)
        rights[candidate.draft.id] = known[program]
    return rights


def _is_scripted(engine: str) -> bool:
    return engine.partition(":")[0] == "scripted"


def script_of(engine: str, task: str) -> str:
    """The scripted engine of one task.

    ``scripted:FILE`` is read anew for every task; of ``scripted:FOLDER`` each task has a file of its own, ``<id>.json``
    with every slash of the id as an underscore: an exported thread, for instance.
    """
    target = Path(engine.partition(":")[2]).expanduser()
    if not target.is_dir():
        return engine
    script = target / f"{task.replace('/', '_')}.json"
    if not script.is_file():
        raise UsageError(f"the folder {target} has no script for the task {task!r}; it would be {script.name}")
    return f"scripted:{script}"


# ------------------------------------------------------------------------------------------------ a bench a process

_OPEN: dict[str, Bench] = {}
_ENDED: set[str] = set()
_LOCK = threading.Lock()


def evaluate_here(key: str, spec: Spec, task: AnyTask) -> Record:
    """Evaluate on this process's bench for the evaluation ``key``, one task at a time whatever the number of threads.

    Raises:
        UsageError: the evaluation was ended meanwhile.
    """
    with _LOCK:
        try:
            if key in _ENDED:
                raise UsageError("the evaluation was stopped before this task was begun")
            if key not in _OPEN:
                _OPEN[key] = Bench(spec)
            return _OPEN[key].evaluate(task)
        finally:
            _close_ended()


def close_here(key: str) -> None:
    """End the evaluation ``key`` on this process: its bench is closed, now or when the task at work is done. Never waits."""
    _ENDED.add(key)
    if _LOCK.acquire(blocking=False):
        try:
            _close_ended()
        finally:
            _LOCK.release()


def _close_ended() -> None:
    for key in _ENDED & _OPEN.keys():
        _OPEN.pop(key).close()
