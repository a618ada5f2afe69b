"""A summary made in the sandbox is the one that the reader would make here, and its word is not taken for granted."""

from __future__ import annotations

import json
import runpy
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from summaries import shared_sandbox, summarise
from treadle.data import look_at
from treadle.data.inspect import _source, inspect
from treadle.data.reading import describe
from treadle.errors import DataError
from treadle.types import Column, Layout, Limits, Program, Run, Table

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(
    path
    for folder in (ROOT / "examples" / "data", *ROOT.glob("packs/*/data"))
    for path in folder.iterdir()
    if path.suffix in (".root", ".parquet", ".csv", ".json", ".sqlite")
)


class Changed:
    """The shared sandbox, for programs that are changed on the way."""

    def __init__(self, before: str = "", after: str = "") -> None:
        self._before, self._after = before, after

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        source = f"{self._before}\n{program.source}\n{self._after}"
        return shared_sandbox().run(Program(source=source, evaluate=program.evaluate), files, limits)


def read_here(path: Path) -> tuple[Table, ...]:
    """By the same reader in this process."""
    from treadle.data import csvfile, jsonfile, rootfile, sqlitefile, tablefile

    readers = {
        "root": rootfile.root_tables,
        "parquet": tablefile.parquet_tables,
        "csv": csvfile.csv_tables,
        "json": jsonfile.json_tables,
        "sqlite": sqlitefile.sqlite_tables,
    }
    return readers[look_at(path)](path)


# ------------------------------------------------------------------------------------- the same as here


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_files_that_are_shipped(path: Path) -> None:
    assert inspect(path, look_at(path), shared_sandbox()) == read_here(path)


def test_files_of_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("awkward", "pandas", "uproot"):
        pytest.importorskip(package)
    monkeypatch.setattr("sys.argv", ["make_files.py", str(tmp_path)])
    runpy.run_path(str(ROOT / "benchmarks" / "requests" / "make_files.py"), run_name="__main__")
    files = [path for path in sorted(tmp_path.iterdir()) if path.is_file()]
    assert len(files) >= 5
    for path in files:
        assert inspect(path, look_at(path), shared_sandbox()) == read_here(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", b"pt,q\n1.5,1\n"),
        ("semicolon.csv", b"# made by hand\n# pt; q\n1,5;1\n2,5;\n"),
        ("twice.csv", b"a,a,a.1,a\n1,2,3,4\n"),
        ("marks.csv", "größe,ok\n1,true\n".encode("utf-16")),
        ("trailing.txt", b"a,b\n1,2,\n3,4,\n"),
        ("quotes.csv", b'a,b\n"x\ny",1\n'),
        ("records.json", b'[{"pt": 1.5, "hits": [1, 2]}, {"pt": null, "name": "\\u00e4"}]'),
        ("half.json", b'[{"a\\ud800": 1}]'),
        ("lines.jsonl", b'\xef\xbb\xbf{"a": 1}\n{"a": 2.5}\n'),
        ("keys.json", b'{"runs": [{"id": 1}], "events": [{"e": 1}, {"e": 2}]}'),
        ('it\'s a "name" {x} \xc3\xa4 %s.json'.encode("latin-1").decode("utf-8"), b'{"a": [1, 2]}'),
    ],
)
def test_texts(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    found, wanted = inspect(path, look_at(path), shared_sandbox()), read_here(path)
    if name == "half.json":  # half a character leaves neither the sandbox nor this process
        assert found[0].columns[0].name == "a?"
    else:
        assert found == wanted


def test_a_database_of_all_sorts(tmp_path: Path) -> None:
    path = tmp_path / "all.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT, half GENERATED ALWAYS AS (id / 2.0));"
            "CREATE TABLE hits (run REFERENCES runs, raw BLOB, word TEXT, PRIMARY KEY (run, word)) WITHOUT ROWID;"
            "CREATE VIEW named AS SELECT name FROM runs;"
            "CREATE VIEW gone AS SELECT * FROM nowhere;"
            "CREATE VIRTUAL TABLE notes USING fts5(body);"
            "INSERT INTO runs (id, name) VALUES (1, 'it''s'), (2, NULL);"
            "INSERT INTO hits VALUES (1, x'0001', 'a'), (2, NULL, char(27) || '[31m');"
        )
    found = inspect(path, "sqlite", shared_sandbox())
    assert found == read_here(path)
    assert {t.name for t in found} == {"runs", "hits", "named", "notes"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.root", (ROOT / "examples" / "data" / "zmumu.root").read_bytes()[:3000]),
        ("junk.root", b"root\x00" + bytes(range(256)) * 4),
        ("junk.parquet", b"PAR1" + bytes(100) + b"PAR1"),
        ("junk.sqlite", b"SQLite format 3\x00" + bytes(500)),
        ("junk.json", b'{"a": '),
        ("none.json", b"[]"),
    ],
)
def test_errors_are_those_of_the_reader(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    reason = describe(look_at(path), str(path))["unreadable"]
    titles = {"root": "ROOT", "parquet": "Parquet", "sqlite": "SQLite", "json": "JSON"}
    with pytest.raises(DataError) as caught:
        summarise(path)
    assert str(caught.value) == f"the {titles[look_at(path)]} file {str(path)!r} {reason}"


def test_readers_need_nothing_of_treadle_but_what_they_are_sent() -> None:
    """As where treadle lies in a folder, or an archive, that the sandbox does not show."""
    forget = "import sys\nfor name in [n for n in sys.modules if n.split('.')[0] == 'treadle']:\n    del sys.modules[name]\n"
    hide = "sys.modules['treadle'] = type(sys)('treadle')\n"
    for path in SAMPLES:
        kind = look_at(path)
        assert inspect(path, kind, Changed(before=forget + hide)) == inspect(path, kind, shared_sandbox())


# ----------------------------------------------------------------------------------------- what comes back


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("x,y\n1,2\n")
    return path


GOOD = ["t", [["x", "int", "flat", "", False, "", []]], 1, "", [",", "utf-8", "first line", "table", 0, ".", False]]


def forged(place: str, value: Any) -> list[Any]:
    made = json.loads(json.dumps(GOOD))
    target = made
    *way, last = [int(step) for step in place.split()]
    for step in way:
        target = target[step]
    target[last] = value
    return made


def test_what_a_reader_may_say(table: Path) -> None:
    (found,) = inspect(table, "csv", Changed(after=f"result = {{'tables': [{GOOD!r}]}}"))
    assert found == Table(name="t", columns=(Column(name="x", type="int"),), entries=1, layout=Layout())


@pytest.mark.parametrize(
    "result",
    [
        None,
        [],
        {},
        {"tables": "x"},
        {"tables": [1]},
        {"tables": [[]]},
        {"tables": [GOOD], "more": 1, "unreadable": 3} | {"tables": {}},
        {"unreadable": ["x"]},
        {"missing": "csv"},
        *(
            {"tables": [forged(place, value)]}
            for place, value in (
                ("0", 1),
                ("0", None),
                ("1", "x"),
                ("1 0", []),
                ("1 0 0", b"x"),
                ("1 0 2", "odd"),
                ("1 0 2", ["flat"]),
                ("1 0 4", 1),
                ("1 0 6", [1]),
                ("1 0 6", "values"),
                ("2", -1),
                ("2", True),
                ("2", 1.0),
                ("3", 0),
                ("4", []),
                ("4 0", 1),
                ("4 2", "fourth line"),
                ("4 4", False),
                ("4 4", "0"),
                ("4 5", ";"),
                ("4 6", 1),
            )
        ),
    ],
)
def test_what_no_reader_says(table: Path, result: Any) -> None:
    with pytest.raises(DataError, match=r"the CSV file '.*table.csv' cannot be read"):
        inspect(table, "csv", Changed(after=f"result = {result!r}"))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            "while True:\n    pass",
            r"reading it was stopped: (CPU limit 1|wall time limit 2) s\. It is too large to be summarised, damaged",
        ),
        ("kept = [bytearray(1 << 20) for _ in range(5000)]", r"reading it was stopped: memory limit 1 GiB\. It is"),
        ("result = {'tables': 'x' * (9 << 20)}", r"reading it was stopped: value limit 8 MiB\. It is"),
        ("import ctypes\nctypes.string_at(0)", r"it seems damaged: reading it crashed \(signal 11\)\. Copy it again"),
        ("import os\nos._exit(0)", r"it seems damaged \(ValueError: no value: the program ended before it was computed\)"),
        ("raise KeyError('\\x1b[2J')", r"it seems damaged \(KeyError: '\\x1b\[2J'\)"),
        ("result = {'unreadable': '\\x1b]0;you\\x07 and \\u202e me'}", r"table.csv' \\x1b\]0;you\\x07 and \\u202e me$"),
    ],
)
def test_readers_that_are_stopped_or_crash(table: Path, monkeypatch: pytest.MonkeyPatch, after: str, told: str) -> None:
    if "while" in after:
        monkeypatch.setattr("treadle.data.inspect._SECONDS", 1)
    with pytest.raises(DataError, match=told):
        inspect(table, "csv", Changed(after=after))


def test_nothing_but_the_readers_opens_a_file_by_its_library() -> None:
    """Heavy parsers are named in the modules that are sent into the sandbox, and nowhere else where files are at hand."""
    inside = {"rootfile", "tablefile", "sqlitefile", "jsonfile", "csvfile"}
    for path in sorted((ROOT / "src" / "treadle" / "data").glob("*.py")):
        if path.stem not in inside:
            text = _source(f"treadle.data.{path.stem}")
            for parser in ("uproot", "pyarrow", "pandas", "json.load", "pickle"):
                assert f"import {parser}" not in text
                assert f"{parser}(" not in text
