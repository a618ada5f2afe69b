"""The words of a corpus and how often each occurs, in a file, so that reading goes on where it was stopped.

Counts, the place in each file, the held-out passages and what was left out are written in one transaction: after a crash the
file says exactly what was read, and that it was read once. Only the words since the last transaction are in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from treadle.errors import DataError, UsageError
from treadle.tokens.trained.corpus import CorpusFile, files_of, passages

__all__ = ["HELD_OUT_SHARE", "LONGEST_WORD_BYTES", "WordCounts", "count_words", "stored_words"]

HELD_OUT_SHARE = 0.05
_MOST_HELD_OUT_BYTES = 4_000_000
LONGEST_WORD_BYTES = 256
"""Longer pieces (a picture in base64, a line of one letter) teach nothing, and training takes memory for all their pairs."""
_MOST_IN_MEMORY, _SECONDS_IN_MEMORY = 500_000, 20.0
"""Different words, and time, after which counts are written; the time is what a killed run may read again."""

_TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, done INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE words (word BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE held_out (text TEXT NOT NULL);
CREATE TABLE left_out (path TEXT, reason TEXT, n INTEGER NOT NULL, PRIMARY KEY (path, reason));
"""

_BY_COUNT = "SELECT word, n FROM words ORDER BY n DESC, word LIMIT ?"


class WordCounts:
    """Counts in the file ``path``, which is made if it is not there. ``about`` says how words are made: counts
    made in another way are refused.

    Raises:
        UsageError: the file holds counts of another way, or another run is writing it.
        DataError: it is no file of counts, or cannot be written.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self._new: Counter[str] = Counter()
        self._held_out: list[str] = []
        self._left_out: Counter[tuple[str, str]] = Counter()
        self._places: dict[str, tuple[int, int, int, bool]] = {}
        self._written_at = time.monotonic()
        with self._told():
            self._db = sqlite3.connect(path, timeout=0.2, isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("BEGIN EXCLUSIVE")
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._db.execute(statement)
                self._db.executemany("INSERT INTO about VALUES (?, ?)", about.items())
            self._db.execute("COMMIT")
            self._held_out_bytes = self._number("SELECT sum(length(CAST(text AS BLOB))) FROM held_out")
            before = dict(self._db.execute("SELECT key, value FROM about"))
        if before != dict(about):
            self._db.close()
            raise UsageError(f"{path} holds counts of a run with other options ({_differing(before, about)}); {self._anew}")

    def __enter__(self) -> WordCounts:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    @property
    def _anew(self) -> str:
        return f"give the same corpus and options to go on, or remove {self.path} to read all anew"

    def check(self, files: Sequence[CorpusFile]) -> None:
        """Refuse a corpus from which files that were counted are gone, or in which they changed.

        Raises:
            UsageError: so it is; names a file.
        """
        now = {str(f.path): (f.size_bytes, f.mtime_ns) for f in files}
        for path, size, mtime in self._rows("SELECT path, size, mtime FROM files"):
            if path not in now:
                raise UsageError(f"{path} was counted, but is not in the corpus now; {self._anew}")
            if now[path] != (size, mtime):
                raise UsageError(f"{path} was changed since it was counted; {self._anew}")

    def place(self, file: CorpusFile) -> int | None:
        """The byte from which the file is still to be read; None when it was read to its end."""
        for done, ended in self._rows("SELECT done, ended FROM files WHERE path = ?", str(file.path)):
            return None if ended else int(done)
        return 0

    def add(self, file: CorpusFile, end: int, text: str, words: Sequence[str]) -> None:
        """Count the words of a passage that ends at byte ``end``, or hold it out; which, its text decides."""
        raw = text.encode("utf-8")
        drawn = int.from_bytes(hashlib.sha256(raw).digest()[:8], "big") < HELD_OUT_SHARE * 2**64
        if drawn and self._held_out_bytes + len(raw) <= _MOST_HELD_OUT_BYTES:
            self._held_out.append(text)
            self._held_out_bytes += len(raw)
        else:
            self._new.update(words)
        self._places[str(file.path)] = (file.size_bytes, file.mtime_ns, end, False)
        if len(self._new) >= _MOST_IN_MEMORY or time.monotonic() - self._written_at > _SECONDS_IN_MEMORY:
            self.write()

    def end(self, file: CorpusFile) -> None:
        """The file was read to its end, or to where it is no text any more."""
        self._places[str(file.path)] = (file.size_bytes, file.mtime_ns, file.size_bytes, True)

    def leave_out(self, path: Path, reason: str) -> None:
        """Remember what was left out, and why."""
        self._left_out[str(path), reason] += 1

    def write(self) -> None:
        """Write what is in memory, all of it or nothing; raises ``DataError``."""
        words = sorted((word.encode("utf-8"), n) for word, n in self._new.items())
        kept = [(word, n) for word, n in words if len(word) <= LONGEST_WORD_BYTES]
        with self._told():
            run = self._db.executemany
            self._db.execute("BEGIN")
            run("INSERT INTO words VALUES (?, ?) ON CONFLICT (word) DO UPDATE SET n = n + excluded.n", kept)
            run("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", [(p, *place) for p, place in self._places.items()])
            run("INSERT INTO held_out VALUES (?)", [(text,) for text in self._held_out])
            told = [(path, reason, n) for (path, reason), n in self._left_out.items()]
            run("INSERT INTO left_out VALUES (?, ?, ?) ON CONFLICT (path, reason) DO UPDATE SET n = n + excluded.n", told)
            self._db.execute("COMMIT")
        self._new.clear()
        self._held_out.clear()
        self._left_out.clear()
        self._places.clear()
        self._written_at = time.monotonic()

    def take_back(self, cut: Callable[[str], list[str]]) -> None:
        """Count the held-out passages after all; raises ``DataError``. For a corpus so small that nothing else is there."""
        for text in self.held_out():
            self._new.update(cut(text))
        with self._told():
            self._db.execute("DELETE FROM held_out")
        self.write()

    def text(self, most: int) -> str:
        """The ``most`` frequent words, each once."""
        return b"".join(word for word, _ in self._rows(_BY_COUNT, most)).decode("utf-8")

    def held_out(self) -> list[str]:
        """The passages that are held out."""
        return [str(text) for (text,) in self._rows("SELECT text FROM held_out")]

    def left_out(self) -> list[tuple[str, str, int]]:
        """Path, reason and number of what was left out."""
        return list(self._rows("SELECT path, reason, n FROM left_out ORDER BY reason, path"))

    def totals(self) -> tuple[int, int]:
        """How many different words there are, and how often they occur together."""
        return self._number("SELECT count(*) FROM words"), self._number("SELECT sum(n) FROM words")

    def _number(self, query: str) -> int:
        return int(self._db.execute(query).fetchone()[0] or 0)

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        with self._told():
            yield from self._db.execute(query, values)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise UsageError(
                    f"another run is counting words in {self.path}; wait for it, or give another --out"
                ) from error
            raise DataError(f"cannot write the word counts {self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.path} is no file of word counts ({error}); remove it to read all anew") from error


def stored_words(path: Path, most: int) -> Iterator[tuple[bytes, int]]:
    """The ``most`` frequent words in a file of counts; of equally frequent ones those that sort first."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        yield from db.execute(_BY_COUNT, (most,))


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    changed = [k for k in {**before, **now} if before.get(k) != now.get(k)]
    return (
        ", ".join(f"{k}: {json.dumps(before.get(k))} then, {json.dumps(now.get(k))} now" for k in changed if k != "pattern")
        or "pattern"
    )


def count_words(
    paths: Sequence[Path],
    counts: WordCounts,
    cut: Callable[[str], list[str]],
    field: str,
    on_bytes: Callable[[int, int], None],
) -> tuple[int, int]:
    """Count what of the corpus was not counted before. ``cut`` makes words of a text; ``on_bytes`` takes bytes done and
    bytes in all. Returns the number of files and their bytes.

    Raises:
        DataError: a path does not exist, or the counts cannot be written.
        UsageError: the corpus is not the one that was counted before.
    """
    refused: list[tuple[Path, str]] = []
    files = files_of(paths, lambda path, reason: refused.append((path, reason)))
    counts.check(files)
    total, before = sum(f.size_bytes for f in files), 0
    for file in files:
        start = counts.place(file)
        if start is not None:
            for passage in passages(file, start, field, counts.leave_out):
                counts.add(file, passage.end, passage.text, cut(passage.text))
                on_bytes(before + passage.end, total)
            counts.end(file)
        before += file.size_bytes
        on_bytes(before, total)
    known = {(path, reason) for path, reason, _ in counts.left_out()}
    for path, reason in refused:
        if (str(path), reason) not in known:
            counts.leave_out(path, reason)
    counts.write()
    if not counts.totals()[0]:
        counts.take_back(cut)
    return len(files), total
