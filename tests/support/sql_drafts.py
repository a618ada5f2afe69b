"""A small database, and drafts of statements about it that are followed, or drawn at random, under the guide for SQL."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Sequence
from functools import cache

from treadle.grounding.accept import Follower, Vocabulary
from treadle.grounding.sql import SqlGuide
from treadle.types import Column, Table

VOCABULARY = Vocabulary()


def table(name: str, *columns: tuple[str, str, str]) -> Table:
    """A table of (name, type, 'key' or what it references)."""
    made = [Column(name=n, type=t, key=r == "key", references=r if r != "key" else "") for n, t, r in columns]
    return Table(name=name, columns=tuple(made))


TABLES = (
    table("singer", ("singer_id", "INTEGER", "key"), ("name", "TEXT", ""), ("age", "INTEGER", ""), ("country", "TEXT", "")),
    table(
        "stadium",
        ("stadium_id", "INTEGER", "key"),
        ("name", "TEXT", ""),
        ("capacity", "INTEGER", ""),
        ("Average Visitors", "REAL", ""),
    ),
    table(
        "concert",
        ("concert_id", "INTEGER", "key"),
        ("title", "TEXT", ""),
        ("year", "TEXT", ""),
        ("stadium_id", "INTEGER", "stadium.stadium_id"),
    ),
    table(
        "singer_in_concert",
        ("singer_id", "INTEGER", "singer.singer_id"),
        ("concert_id", "INTEGER", "concert.concert_id"),
        ("order", "INTEGER", ""),
    ),
    table(
        "employee",
        ("id", "INTEGER", "key"),
        ("name", "TEXT", ""),
        ("boss", "INTEGER", "employee.id"),
        ("salary", "REAL", ""),
        ("hired", "DATE", ""),
    ),
    table("note", ("text", "TEXT", ""), ("day", "DATE", "")),
)


def opened(tables: Sequence[Table] = TABLES) -> sqlite3.Connection:
    """A database of ``tables`` with some rows."""
    database = sqlite3.connect(":memory:")
    for one in tables:
        columns = ", ".join(f'"{c.name}" {c.type}' for c in one.columns)
        database.execute(f'CREATE TABLE "{one.name}" ({columns})')
        for row in range(5):
            values = [row if c.type in ("INTEGER", "REAL") else f"2014-0{row + 1}-01" for c in one.columns]
            database.execute(f'INSERT INTO "{one.name}" VALUES ({", ".join("?" * len(values))})', values)
    return database


LETTERS, NAMING, ENDING = (
    frozenset(range(97, 123)),
    frozenset(b"abcdefghijklmnopqrstuvwxyz_0123456789("),
    frozenset(b";),FLGO"),
)
WORDS = [word.strip('"') for one in TABLES for word in (one.name, *(c.name for c in one.columns))]
WALKED = Vocabulary([word.encode() for word in [*WORDS, *(f"{w}." for w in WORDS), "total", "avg_n", "_n", "T1.", "xx"]])
"""Whole names besides the bytes, so that drafts drawn at random do not consist of new names."""


@cache
def guide() -> SqlGuide:
    return SqlGuide(TABLES, "sqlite")


def left_at(statement: str, under: SqlGuide | None = None) -> str | None:
    """None where ``statement`` (after SELECT) is allowed, else what of it was."""
    follower = Follower(under or guide(), VOCABULARY)
    for token in VOCABULARY.encode(statement):
        if not follower.take(token):
            return follower.written.decode()
    return None if follower.may_end() else follower.written.decode()


def wander(under: SqlGuide, choice: random.Random, times: list[float], most: int = 700, start: str = "") -> str | None:
    """A random draft; None where it did not come to an end within ``most`` bytes."""
    follower = Follower(under, WALKED)
    assert all(follower.take(token) for token in WALKED.encode(start)), follower.written.decode()
    while not follower.over:
        started = time.perf_counter()
        allowed = follower.allowed()
        times.append(time.perf_counter() - started)
        assert allowed, f"nothing may follow {follower.written.decode()!r}"
        if len(follower.written) > most:
            return None
        assert follower.take(chosen(allowed, choice, len(follower.written)))
    return follower.written.decode()


def chosen(allowed: list[int], choice: random.Random, length: int) -> int:
    """A token, more often one that ends a string, a bracket or the statement, and seldom one that opens a bracket."""
    if len(allowed) > 60 and ord("'") in allowed and ord("%") in allowed and choice.random() < 0.6:
        return ord("'")
    words = [t for t in allowed if t > 255]
    if len(LETTERS & set(allowed)) > 20 and ord("%") not in allowed:  # a new name may come, of any letters
        ends = [t for t in allowed if t < 127 and t not in NAMING]
        return choice.choice(words if words and choice.random() < 0.7 else ends or words or allowed)
    ends = [t for t in allowed if t in ENDING]
    if ends and choice.random() < (0.2 if length < 150 else 0.7):
        return choice.choice(ends)
    usual = [t for t in allowed if t < 127 and t != ord("(")]
    return choice.choice(usual if usual and choice.random() < 0.8 else [t for t in allowed if t < 127] or allowed)
