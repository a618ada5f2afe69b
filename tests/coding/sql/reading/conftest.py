"""The database that the ``SCRIPT`` of a test module makes: its file, its schema, and a connection that only reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readings import made
from treadle.coding.sql.reading.schema import Schema


@pytest.fixture(scope="module")
def sqlite_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(request.module.__name__.rpartition(".")[2]) / "made.sqlite"


@pytest.fixture(scope="module")
def schema(request: pytest.FixtureRequest, sqlite_file: Path) -> Schema:
    return made(sqlite_file, request.module.SCRIPT)


@pytest.fixture(scope="module")
def database(sqlite_file: Path, schema: Schema) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{sqlite_file}?mode=ro", uri=True)) as db:
        yield db
