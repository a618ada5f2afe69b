"""A store of the first version, written by the treadle of then, is upgraded with every row as it was."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import StoreError
from treadle.threads import open_store
from treadle.threads.base import Basis, Correction
from treadle.threads.export import read_export, to_document
from treadle.types import Status

OLD = Path(__file__).with_name("store_0001.sql").read_text(encoding="utf-8")
TABLES = ("threads", "prompts", "drafts", "verdicts", "runs", "answers", "blobs", "artifacts", "feedback")


@pytest.fixture
def old(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD)
    return path


def contents(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall() for name in TABLES}


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_every_row_stays(old: Path) -> None:
    before = contents(old)
    assert all(before.values())
    assert version(old) == "0001"
    open_store(old).close()
    assert version(old) == "0002"
    assert contents(old) == before


def test_what_was_stored_can_be_read_rated_and_corrected(old: Path) -> None:
    with closing(open_store(old)) as store:
        stopped, answered = (info.id for info in store.listing())
        record = store.load(answered)
        assert record.answer is not None
        assert record.answer.status is Status.VERIFIED
        assert [(f.kind, f.value) for f in record.feedback] == [("rating", "good"), ("correction", "print(1)")]
        assert store.load(stopped).interruption == "stopped by the user"
        assert store.examples(every=True) == store.pairs() == []
        assert store.ratings() == {answered: "good"}
        correction = Correction(
            draft="0.1",
            rejected="x",
            reason="wrong",
            chosen="y",
            request="z",
            language="python",
            kind="function",
            program="y",
            body="y",
            basis=Basis(),
        )
        assert store.add_correction(answered, correction) == f"{answered}.1"
        assert [e.request for e in store.examples()] == ["z"]


def test_its_export_has_the_same_form_as_before(old: Path) -> None:
    """Feedback is kept on the way out and back in."""
    with closing(open_store(old)) as store:
        thread = store.listing()[1].id
        document, record = store.export(thread), store.load(thread)
    assert document["version"] == 1
    assert [f["value"] for f in document["feedback"]] == ["good", "print(1)"]
    assert read_export(document) == record
    assert to_document(read_export(document)) == document


def test_processes_that_upgrade_at_the_same_time(old: Path) -> None:
    script = (
        "import sys; from treadle.threads import open_store; s = open_store(sys.argv[1]); print(len(s.listing())); s.close()"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(old)]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    openers = [subprocess.Popen(command, **pipes) for _ in range(4)]
    assert [opener.communicate(timeout=60) for opener in openers] == [("2\n", "")] * 4


def test_an_upgrade_that_fails_leaves_the_old_store(old: Path) -> None:
    """The second table cannot be made: nothing of the first stays either."""
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE TABLE pairs (x)")
    before = contents(old)
    with pytest.raises(StoreError, match=r"cannot open the thread store .*pairs"):
        open_store(old)
    assert version(old) == "0001"
    assert contents(old) == before
    with closing(sqlite3.connect(old)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'examples'").fetchall()
