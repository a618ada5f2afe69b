"""SQLite files with a write-ahead log: a program sees what was committed, in both tiers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from summaries import summarise
from treadle.coding.ask import Options, Tools, ask
from treadle.coding.settled import SettledFile
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import DataError, SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.threads.base import Store
from treadle.types import DataSummary, Request

COUNT = "```python\nimport sqlite3\nprint(sqlite3.connect('events.db').execute('SELECT count(*) FROM t').fetchone()[0])\n```"


@pytest.fixture(params=["namespaces", "landlock"])
def tier(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(request.param, preload=())
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """Ten rows in the file, five more in the log of a program that still has it open."""
    path = tmp_path / "data" / "events.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t(x INT)")
        database.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(10)])
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(5)])
        database.commit()
        yield path


def counted(path: Path, sandbox: Sandbox, store: Store) -> tuple[str, DataSummary]:
    summary = summarise(path)
    tools = Tools(engine=ScriptedEngine([[COUNT]]), sandbox=sandbox, store=store, packs=())
    answered = ask(Request(text="How many rows are in t?", data=summary), tools, Options(samples=1, repairs=0, rules=False))
    return answered.answer.output.strip(), summary


def test_rows_in_the_log_are_seen(log: Path, tier: Sandbox, store: Store) -> None:
    beside = sorted(p.name for p in log.parent.iterdir())
    output, summary = counted(log, tier, store)
    assert (output, summary.tables[0].entries) == ("15", 15)
    assert sorted(p.name for p in log.parent.iterdir()) == beside


def test_a_file_that_keeps_a_log_but_has_none_now(tmp_path: Path, log: Path, tier: Sandbox, store: Store) -> None:
    alone = tmp_path / "other"
    alone.mkdir()
    shutil.copyfile(log, alone / "events.db")
    assert counted(alone / "events.db", tier, store)[0] == "10"


def test_a_copy_is_made_only_where_it_is_needed(tmp_path: Path, log: Path) -> None:
    plain = tmp_path / "plain.db"
    with closing(sqlite3.connect(plain)) as database:
        database.execute("CREATE TABLE t(x INT)")
        database.commit()
    for tier in ("namespaces", "landlock"):
        summary = summarise(plain)
        assert SettledFile(summary, tier).data is summary
        settled = SettledFile(summarise(log), tier)
        assert settled.data is not None
        copy = Path(settled.data.path)
        assert copy.name == "events.db"
        assert copy != log
        assert copy.is_file()
        del settled
        assert not copy.exists()
    assert SettledFile(None, "namespaces").data is None


def test_the_thread_names_the_user_s_file(log: Path, tier: Sandbox, store: Store) -> None:
    counted(log, tier, store)
    request = store.load(store.listing(1)[0].id).request
    assert request.data is not None
    assert request.data.path == str(log)


def test_a_full_disk(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    summary = summarise(log)
    monkeypatch.setattr("treadle.coding.settled.shutil.copyfile", full)
    with pytest.raises(DataError, match="No space left"):
        SettledFile(summary, "namespaces")
