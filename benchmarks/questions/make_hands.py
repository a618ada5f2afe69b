"""Builds the fifteen SQLite databases of ``hands/``: python benchmarks/questions/make_hands.py DIR"""

from __future__ import annotations

import gzip
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

HANDS = Path(__file__).with_name("hands")


def make(folder: Path) -> list[Path]:
    """The databases, made anew in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for dump in sorted(HANDS.glob("*.sql.gz")):
        path = folder / f"{dump.name.removesuffix('.sql.gz')}.sqlite"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(gzip.decompress(dump.read_bytes()).decode())
        made.append(path)
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    for path in make(Path(sys.argv[1])):
        print(path)
