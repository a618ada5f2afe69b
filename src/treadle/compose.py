"""Composition for the entry points: from options to a request, an engine, a sandbox, a store; one place for all of them."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from treadle.coding.ask import Answered, Options, Tools, ask
from treadle.coding.corrections import corrections_pack
from treadle.coding.expectations import expectations_in, load_schema, load_tests, parse_expect
from treadle.coding.job import open_job
from treadle.coding.progress import Progress
from treadle.coding.sql.expect import parse_sql_expect
from treadle.data import look_at, summarise, table_meant
from treadle.data.stable import StableFile
from treadle.engines import models
from treadle.engines.base import Engine
from treadle.engines.measured import LLAMA, TORCH, Speeds, conditions, default_engine, measure, remember
from treadle.engines.models import find_model, pull
from treadle.engines.registry import check_engine, open_engine
from treadle.engines.shipped import with_adapter
from treadle.errors import EngineError, UsageError
from treadle.retrieval import builtin_packs, load_pack
from treadle.sandbox import open_sandbox
from treadle.settings import load_settings, names_engine
from treadle.terminal import ByteBar, TerminalProgress
from treadle.threads import open_store
from treadle.threads.base import Store
from treadle.threads.card import render_card
from treadle.types import Prompt, Request

__all__ = [
    "answer",
    "engine",
    "measure_engines",
    "model_file",
    "prompt",
    "pull_model",
    "question",
    "request",
    "tools",
    "with_data",
    "write_answer",
]


def request(
    text: str, data: Path | None, tree: str | None, expect: Sequence[str], tests: Path | None, schema: Path | None
) -> Request:
    """The request with its expectations read; ``with_data`` adds what is in the file ``data``, which is only looked at here.

    Raises:
        UsageError: the request is empty, or an option does not fit.
        DataError, ExpectationError: what an option names is missing, or cannot be read.
    """
    if not text.strip():
        raise UsageError(
            'the request is empty; say what you want, e.g. treadle ask "What is the mean of pt1?" --data zmumu.root'
        )
    if tree is not None and data is None:
        raise UsageError("--tree names a tree of a data file; give the file with --data")
    expectations = [*expectations_in(text), *(parse_expect(e) for e in expect)]
    expectations += [load_tests(tests)] if tests else []
    expectations += [load_schema(schema)] if schema else []
    if data is not None:
        look_at(data)
    return Request(text=text.strip(), expectations=tuple(expectations), tree=tree)


def with_data(asked: Request, data: Path | None, with_tools: Tools) -> Request:
    """The request with what is in the file ``data``, which is opened in the sandbox of ``with_tools``.

    The first table is the one that the request names with --tree, else the one that its words are about, else the largest.

    Raises:
        DataError, UnknownNameError: the file cannot be read, or has no table of the name asked for.
    """
    if data is None:
        return asked
    summary = summarise(data, with_tools.sandbox, asked.tree)
    return replace(asked, data=summary if asked.tree else table_meant(summary, asked.text))


def question(text: str, with_tools: Tools, expect: Sequence[str]) -> Request:
    """The request of a question answered in SQL from the database that ``with_tools`` has open.

    Raises:
        UsageError: the question is empty.
        ExpectationError: an expectation cannot be read.
    """
    if not text.strip():
        raise UsageError('the question is empty; say what you want to know, e.g. "How many runs are there?"')
    assert with_tools.database is not None
    expectations = tuple(parse_sql_expect(e) for e in expect)
    return Request(text=text.strip(), data=with_tools.database.summary, expectations=expectations, language="sql")


@contextlib.contextmanager
def tools(
    engine: str | None,
    store: Path | None,
    tier: str | None,
    packs: Sequence[Path],
    quiet: bool = False,
    database: Sequence[str] = (),
    keeps: bool = True,
    drafts: int = 1,
    job: str = "",
) -> Iterator[tuple[Tools, Progress]]:
    """Open everything that answering takes, the ``database`` too where one is named; closes it again, last opened first.

    ``keeps``: the request will be stored. Else the store is only read, and may be absent or read-only. Where nobody named
    an engine, the number of ``drafts`` may choose it (``engines/measured.py``). A model of the catalogue gets the adapter
    that is shipped for the ``job`` ("sql", "data"), unless the engine's name has one.
    """
    settings = load_settings()
    if engine is None:
        engine = settings.engine if names_engine() else default_engine(settings, drafts)
    engine = with_adapter(engine, job)
    check_engine(engine)  # before the seconds that the sandbox and the model take to open
    with contextlib.ExitStack() as stack:
        own = [load_pack(folder) for folder in packs]
        opened_store = stack.enter_context(_store(store or settings.store, keeps))
        # The sandbox imports numpy and others in the background while the model is loaded.
        opened_database = None
        if not database:
            sandbox = stack.enter_context(contextlib.closing(open_sandbox(tier)))
        else:
            from treadle.coding.sql.databases.open import PRELOAD, open_database

            sandbox = stack.enter_context(contextlib.closing(open_sandbox(tier, preload=PRELOAD)))
            opened_database = stack.enter_context(contextlib.closing(open_database(database, sandbox)))
        bar = stack.enter_context(ByteBar(quiet))
        opened = stack.enter_context(contextlib.closing(open_engine(engine, settings, bar)))
        bar.close()
        progress = stack.enter_context(TerminalProgress(quiet))
        packs_in_order = [corrections_pack(opened_store), *own, *builtin_packs()]
        yield (
            Tools(engine=opened, sandbox=sandbox, store=opened_store, packs=packs_in_order, database=opened_database),
            progress,
        )


@contextlib.contextmanager
def engine(name: str | None, quiet: bool = False) -> Iterator[tuple[Engine, Progress]]:
    """Open an engine alone, for commands that run and store nothing; that of the settings where none is named."""
    settings = load_settings()
    if name is None:
        name = settings.engine if names_engine() else default_engine(settings, 1)
    check_engine(name)
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(ByteBar(quiet))
        opened = stack.enter_context(contextlib.closing(open_engine(name, settings, bar)))
        bar.close()
        yield opened, stack.enter_context(TerminalProgress(quiet))


@contextlib.contextmanager
def _store(path: Path, keeps: bool) -> Iterator[Store]:
    """The thread store. Where nothing is kept: a copy of one that cannot be written, an empty one where there is none."""
    with contextlib.ExitStack() as stack:
        path = path.expanduser()
        if not keeps and not (path.exists() and all(os.access(p, os.W_OK) for p in (path, path.parent))):
            folder = tempfile.TemporaryDirectory(prefix="treadle-store-", ignore_cleanup_errors=True)
            copy = Path(stack.enter_context(folder)) / "threads.sqlite"
            if path.exists():
                with StableFile(path) as file:
                    file.read(lambda whole: shutil.copyfile(whole, copy))
            path = copy
        yield stack.enter_context(contextlib.closing(open_store(path)))


def answer(asked: Request, with_tools: Tools, options: Options, progress: Progress) -> Answered:
    """Answer a request."""
    return ask(asked, with_tools, options, progress)


def prompt(asked: Request, with_tools: Tools, options: Options) -> Prompt:
    """The prompt of the first round, nothing sent."""
    return open_job(asked, with_tools, options).plan().prompt


def model_file(name: str) -> Path:
    """The file that a model's name or path means, fetched with a progress bar where it is not here yet."""
    with ByteBar(quiet=False) as bar:
        return models.model_file(name, load_settings().cache_dir, bar)


def pull_model(name: str) -> Path:
    """Fetch a model with a progress bar."""
    with ByteBar(quiet=False) as bar:
        return pull(find_model(name), load_settings().cache_dir, bar)


def measure_engines(repeats: int, anyway: bool) -> tuple[Speeds, Path | None, list[str]]:
    """Measure the embedded engines on this machine, with progress; what was found, the file that keeps it, and remarks.

    On a busy machine nothing is kept, unless ``anyway``: the figures would choose engines long after it is idle again.
    """
    settings = load_settings()
    remarks, cpus = [], len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    busy = load > 0.3 * cpus
    with contextlib.ExitStack() as stack:
        bar, engines = stack.enter_context(ByteBar(quiet=False)), {}
        for name in (LLAMA, TORCH):
            try:
                engines[name] = stack.enter_context(contextlib.closing(open_engine(name, settings, bar)))
            except EngineError as error:
                remarks.append(f"{name} was not measured: {error}")
        bar.close()
        if not engines:
            raise EngineError(" ".join(remarks))
        progress = stack.enter_context(TerminalProgress())
        speeds = measure(engines, conditions(settings), repeats, progress.phase)
    if busy:
        kept = "kept all the same" if anyway else "not kept; measure again when it is idle, or with --anyway"
        remarks.append(f"the machine was busy (load {load:.1f} on {cpus} CPUs): these figures may mislead and are {kept}")
    return speeds, remember(speeds, settings.cache_dir) if anyway or not busy else None, remarks


def write_answer(answered: Answered, folder: Path) -> list[Path]:
    """Write the program, its provenance card and its artifacts into ``folder``; returns the files.

    An artifact whose name is taken gets a number: ``x.csv``, ``x-2.csv``.
    """
    files: dict[str, bytes] = {}
    if answered.answer.program is not None:
        files["statement.sql" if answered.language == "sql" else "program.py"] = answered.answer.program.encode(
            "utf-8", "backslashreplace"
        )
    files["CARD.md"] = render_card(answered.answer.card).encode()
    for artifact in answered.answer.artifacts:
        files[_free_name(artifact.name, files)] = artifact.content
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise UsageError(
            f"cannot write the answer to {folder}: {error.strerror}; it is stored as thread {answered.thread}"
        ) from None
    return [folder / name for name in files]


def _free_name(wanted: str, taken: Container[str]) -> str:
    """The last part of ``wanted``, with a number where that is taken."""
    path = PurePath(PurePath(wanted).name or "artifact")
    names = (f"{path.stem}-{n}{path.suffix}" if n > 1 else path.name for n in itertools.count(1))
    return next(name for name in names if name not in taken)
