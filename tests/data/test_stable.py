"""Files that are read while somebody writes to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from summaries import summarise
from treadle.data import stable
from treadle.data.stable import StableFile
from treadle.errors import DataError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a b#?.db"
    with closing(sqlite3.connect(found)) as db:
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (1)")
        db.commit()
    return found


def total(path: Path) -> int:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        return int(db.execute("SELECT sum(x) FROM t").fetchone()[0])


def add(path: Path, value: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO t VALUES (?)", (value,))
        db.commit()


def test_a_file_at_rest_is_read_in_place(path: Path) -> None:
    with StableFile(path) as file:
        assert file.read(lambda found: found) == path
        assert file.read(total) == 1
        add(path, 2)
        assert file.read(total) == 3
    assert list(path.parent.iterdir()) == [path]


def test_a_change_during_the_look_is_seen_or_not_seen_as_a_whole(path: Path) -> None:
    seen: list[Path] = []

    def look(found: Path) -> int:
        seen.append(found)
        if len(seen) == 1:
            add(path, 2)
            raise sqlite3.DatabaseError("what a torn page looks like")
        return total(found)

    with StableFile(path) as file:
        assert file.read(look) == 3
        assert seen[0] == path
        assert seen[1] != path
    assert not seen[1].exists()


def test_an_error_without_a_change_is_the_callers(path: Path) -> None:
    def look(_: Path) -> int:
        raise sqlite3.OperationalError("no such table")

    with StableFile(path) as file, pytest.raises(sqlite3.OperationalError, match="no such table"):
        file.read(look)


def test_a_copy_is_made_once_for_each_state(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, StableFile(path) as file:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("INSERT INTO t VALUES (2)")
        first = file.read(lambda found: found)
        assert first != path
        assert file.read(lambda found: found) == first
        assert file.read(total) == 3
        writer.execute("INSERT INTO t VALUES (4)")
        assert file.read(total) == 7


def test_a_writer_without_a_pause_is_read_by_sqlites_own_copying(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(1000))
    monkeypatch.setattr(StableFile, "_state", lambda self: ((next(numbers), 1, 1), (1, 1, 1), None))
    monkeypatch.setattr(stable, "_LOCK_SECONDS", 0.1)
    with StableFile(path) as file:
        assert file.read(total) == 1
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN EXCLUSIVE")
            with pytest.raises(DataError, match=r"is being written by another program.*locked"):
                file.read(total)


def test_a_summary_leaves_nothing_beside_a_file_with_a_log(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert list(path.parent.iterdir()) == [path]
    assert summarise(path).tables[0].entries == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", ["WAL", "PERSIST"])
def test_a_copy_is_made_without_a_look_at_the_schema(path: Path, mode: str) -> None:
    """So a schema made to harm whoever parses it does none outside the sandbox."""
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("PRAGMA writable_schema = ON")
        writer.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE t (x'")
        files = {p.name: p.read_bytes() for p in path.parent.iterdir()}
    for name, content in files.items():
        (path.parent / name).write_bytes(content)
    if mode == "PERSIST":  # as after a crash: a journal to roll back
        journal = Path(f"{path}-journal")
        journal.write_bytes(b"\x01" + journal.read_bytes()[1:])
    with StableFile(path) as file:
        copy = file.read(lambda found: found)
        assert copy != path
        assert not Path(f"{copy}-wal").exists()
        with pytest.raises(sqlite3.DatabaseError, match="malformed database schema"):
            total(copy)
