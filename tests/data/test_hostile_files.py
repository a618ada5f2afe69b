"""Files made to harm whoever reads them: a summary or a clear error, within the limits, and nothing else happens.

The controls let the same reader loose on the same file outside the sandbox, in a process of its own with bounds that keep
the machine safe, to show that the file does do harm.
"""

from __future__ import annotations

import gzip
import json
import pickle
import random
import sqlite3
import struct
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from summaries import shared_sandbox, summarise
from treadle.data.inspect import inspect
from treadle.errors import DataError
from treadle.types import Limits, Program, Run

ROOT = Path(__file__).parents[2]
ZMUMU = ROOT / "examples" / "data" / "zmumu.root"
PARTICLES = ROOT / "examples" / "data" / "particles.sqlite"
CONTROL = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]), int(sys.argv[2])))
from treadle.data.reading import describe
kind = sys.argv[3]
for path in sys.stdin.read().splitlines():
    try:
        told = describe(kind, path)
    except Exception as error:
        told = {"raised": type(error).__name__}
    print(json.dumps(told), flush=True)
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
"""


def read_outside(
    kind: str, *paths: Path, memory_bytes: int = 3 << 30, cpu_seconds: int = 60
) -> tuple[list[dict[str, Any]], int | None]:
    """What the reader says of each file outside the sandbox, and its peak memory; None where it died on the way."""
    done = subprocess.run(
        [sys.executable, "-c", CONTROL, str(memory_bytes), str(cpu_seconds), kind],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    return (told[:-1], told[-1]) if done.returncode == 0 else (told, None)


class Watching:
    """The shared sandbox; keeps what the runs took."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        self.runs.append(shared_sandbox().run(program, files, limits))
        return self.runs[-1]


@pytest.fixture
def watching() -> Watching:
    return Watching()


def error_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        summarise(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


# --------------------------------------------------------------------------------------------- taken over

TAKEN_OVER = """
import os, socket, subprocess
took = []
def attempt(name, act):
    try:
        act()
    except BaseException:
        return
    took.append(name)
attempt("reads", lambda: open({secret!r}).read())
attempt("writes", lambda: open({canary!r}, "w").write("x"))
attempt("changes the data", lambda: open({name!r}, "r+b").write(b"x"))
attempt("connects", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
attempt("runs", lambda: subprocess.run(["/bin/sh", "-c", "true"], check=True))
attempt("forks", os.fork)
attempt("kills", lambda: os.kill({pid}, 0))
result = {{"unreadable": "took " + ", ".join(took)}}
"""


def test_whoever_takes_a_reader_over_is_in_the_sandbox(tmp_path: Path) -> None:
    """Stands for every fault of every parser: code of the attacker's choice runs where the reader runs."""
    import os
    import socket

    secret, canary, path = tmp_path / "secret.txt", tmp_path / "canary", tmp_path / "table.csv"
    secret.write_text("canary string")
    path.write_text("x,y\n1,2\n")
    before = path.read_bytes()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        attack = TAKEN_OVER.format(
            secret=str(secret), canary=str(canary), name=path.name, port=server.getsockname()[1], pid=os.getpid()
        )

        class TakenOver:
            def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
                return shared_sandbox().run(Program(source=program.source + attack, evaluate="result"), files, limits)

        with pytest.raises(DataError, match=r"table.csv' took $"):
            inspect(path, "csv", TakenOver())
        assert not canary.exists()
        assert path.read_bytes() == before
        outside = attack.replace('attempt("kills"', "# ").replace("result =", "print(took) #")
        control = subprocess.run(
            [sys.executable, "-c", outside], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )
    for took in ("reads", "writes", "changes the data", "connects", "runs", "forks"):
        assert took in control.stdout
    assert canary.exists()


# ------------------------------------------------------------------------------------------------ parquet


class _Payload:
    """Pickled, it stands for code that is executed when somebody unpickles it."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.write_text, (self._canary, "pickle")


def test_a_pickle_as_the_type_of_a_column(tmp_path: Path) -> None:
    """pyarrow before 14 executed such a pickle when it read the schema."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    canary, path = tmp_path / "canary", tmp_path / "x.parquet"
    payload = pickle.dumps(_Payload(canary))
    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": payload}
    field = pa.field("pt", pa.int64(), metadata=metadata)
    pq.write_table(pa.table([pa.array([1, 2])], schema=pa.schema([field])), path)
    assert payload in pq.ParquetFile(path).schema_arrow.field("pt").metadata.get(b"ARROW:extension:metadata", b"")
    (table,) = summarise(path).tables
    assert ([(c.name, c.type) for c in table.columns], table.entries) == ([("pt", "int64")], 2)
    assert not canary.exists()
    pickle.loads(payload)
    assert canary.read_text() == "pickle"


# --------------------------------------------------------------------------------------------------- bombs


@pytest.fixture(scope="module")
def small_tree(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ROOT file of which most is metadata, uncompressed: nearly every byte of it is read."""
    uproot = pytest.importorskip("uproot")
    np = pytest.importorskip("numpy")
    path = tmp_path_factory.mktemp("small") / "small.root"
    with uproot.recreate(path, compression=None) as file:
        file.mktree("events", {"n": np.arange(3), "pt": np.arange(3.0)})
        file.mktree("folder/more", {"x": np.arange(5, dtype=np.float32)})
    return path.read_bytes()


def root_bomb(whole: bytes, tree: bytes, unpacked_bytes: int) -> bytes:
    """The file with another content for ``tree``: zeros, packed a thousandfold."""
    block = zlib.compress(bytes((1 << 24) - 1), 9)
    header = b"ZL\x08" + len(block).to_bytes(3, "little") + ((1 << 24) - 1).to_bytes(3, "little")
    n_blocks = -(-unpacked_bytes // ((1 << 24) - 1))
    packed = (header + block) * n_blocks
    made, named = bytearray(whole), 0
    while (named := whole.find(b"\x05TTree" + bytes([len(tree)]) + tree, named + 1)) > 0:  # the key and its copy in the list
        wide = struct.unpack_from(">H", whole, named - 30)[0] == 1004  # seek positions of eight bytes
        key, place = (named - 34, ">q") if wide else (named - 26, ">i")
        n_key = struct.unpack_from(">H", whole, key + 14)[0]
        struct.pack_into(">i", made, key, n_key + len(packed))
        struct.pack_into(">i", made, key + 6, n_blocks * ((1 << 24) - 1))
        struct.pack_into(place, made, key + 18, len(whole))
    made += bytes(n_key) + packed
    struct.pack_into(">i", made, 12, len(made))
    return bytes(made)


def test_a_tree_that_unpacks_to_gigabytes(tmp_path: Path, small_tree: bytes) -> None:
    path = tmp_path / "bomb.root"
    path.write_bytes(root_bomb(small_tree, b"events", 1500 << 20))
    assert path.stat().st_size < 2 << 20
    assert "was stopped: memory limit 1 GiB. It is too large to be summarised, damaged, or made" in error_of(path)
    (told,), peak = read_outside("root", path)
    assert "unreadable" in told
    assert peak is not None
    assert peak > 1200 << 20


def test_brackets_that_take_many_times_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.json"
    path.write_text(f"[{'[],' * 4_000_000}[]]")
    monkeypatch.setattr("treadle.data.inspect._MEMORY_BYTES", 64 << 20)
    assert "was stopped: memory limit 155.6 MiB" in error_of(path)
    _, peak = read_outside("json", path)
    assert peak is not None
    assert peak > 20 * path.stat().st_size


def test_a_packed_text_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(gzip.compress(b"[" + b"0," * 5_000_000 + b"0]"))
    assert "is of no known kind: it holds binary data" in error_of(path)


@pytest.mark.parametrize("depth", [100_000, 3_000_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_deep_document(tmp_path: Path, depth: int, opening: str) -> None:
    path = tmp_path / "deep.json"
    path.write_text(opening * depth)
    assert error_of(path).endswith("is nested too deeply.")


def test_a_header_of_many_equal_names(tmp_path: Path) -> None:
    """Each is told from all others by a number: that took the cube of their number."""
    path = tmp_path / "names.csv"
    path.write_text("a," * 30_000 + "a\n" + "1," * 30_000 + "1\n")
    started = time.monotonic()
    (table,) = summarise(path).tables
    assert len({c.name for c in table.columns}) == 30_001
    assert table.columns[30_000].name == "a.30000"
    assert time.monotonic() - started < 30


# ------------------------------------------------------------------------------------------------- SQLite

VIEWS = {
    "endless": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
    "huge": "SELECT zeroblob(500000000) AS x FROM t",
    "too_big": "SELECT zeroblob(4000000000) AS x FROM t",
    "loads": "SELECT load_extension('/tmp/evil') AS x FROM t",
    "reads": "SELECT readfile('/etc/passwd') AS x FROM t",
    "itself": "SELECT * FROM itself",
    "tokens": "SELECT fts3_tokenizer('simple', x'00') AS x",
}


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    path = tmp_path / "traps.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2), (3);"
            "CREATE TRIGGER always BEFORE INSERT ON t BEGIN DELETE FROM t; END;"
            "CREATE TABLE computed (a, b GENERATED ALWAYS AS (zeroblob(a)) VIRTUAL);"
            "INSERT INTO computed VALUES (900000000);"
        )
        for name, sql in VIEWS.items():
            db.execute(f"CREATE VIEW {name} AS {sql}")
    return path


def test_a_database_full_of_traps(traps: Path, watching: Watching) -> None:
    before = traps.read_bytes()
    tables = {t.name: t for t in inspect(traps, "sqlite", watching)}
    assert (tables["t"].entries, tables["t"].columns[0].values) == (3, ("1", "2", "3"))
    assert tables["endless"].entries is None
    assert all(not c.values for t in tables.values() if t.note == "view" and t.name != "endless" for c in t.columns)
    assert watching.runs[0].wall_seconds < 20
    assert watching.runs[0].peak_memory_bytes < 2 << 30
    assert traps.read_bytes() == before


@pytest.mark.slow
def test_what_those_traps_did_to_the_reader_here(traps: Path) -> None:
    _, peak = read_outside("sqlite", traps, memory_bytes=6 << 30)
    assert peak is None or peak > 1 << 30


def test_a_schema_that_is_no_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE good (a)")
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE good (' || char(27) || '[2J'")
        db.commit()
    told = error_of(path)
    assert "malformed database schema" in told
    assert told.isprintable()


# ---------------------------------------------------------------------------------------------------- fuzz


def damaged(whole: bytes, number: int, regions: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """Bit flips, overwritten bytes and cuts at places drawn with a fixed seed, most of them in ``regions``."""
    draw = random.Random(7)
    for index in range(number):
        made = bytearray(whole)
        start, end = draw.choice(regions) if index % 4 else (0, len(whole))
        for _ in range(draw.choice((1, 1, 2, 8))):
            place = draw.randrange(start, min(end, len(made)))
            made[place] = draw.choice((made[place] ^ (1 << draw.randrange(8)), 0, 255, draw.randrange(256)))
        if index % 10 == 9:
            del made[draw.randrange(16, len(made)) :]
        yield bytes(made)


def _sort_of(told: str, start: str) -> list[str]:
    assert told.startswith(start)
    assert told.isprintable()
    return ["error", *(word for word in ("stopped", "crashed") if word in told)]


def _comparable(told: dict[str, Any]) -> dict[str, Any]:
    """Python words it in several ways that the stack is used up."""
    reason = str(told.get("unreadable", ""))
    return {"unreadable": "too deep"} if "RecursionError" in reason else json.loads(json.dumps(told))


def fuzz(kind: str, folder: Path, whole: bytes, number: int, regions: Sequence[tuple[int, int]]) -> Counter[str]:
    """Each damaged file inside and outside: the same tables or reason wherever the outside lived to tell."""
    title = {"root": "ROOT", "parquet": "Parquet", "sqlite": "SQLite"}[kind]
    watching, outcomes, paths, told = Watching(), Counter[str](), [], []
    for index, content in enumerate(damaged(whole, number, regions)):
        path = folder / f"{index}.{kind}"
        path.write_bytes(content)
        paths.append(path)
        try:
            inspect(path, kind, watching)  # type: ignore[arg-type]
            outcomes["summary"] += 1
        except DataError as error:
            outcomes.update(_sort_of(str(error), f"the {title} file {str(path)!r} "))
        told.append(watching.runs[-1].value)
    assert max(run.wall_seconds for run in watching.runs) < 61
    assert max(run.peak_memory_bytes for run in watching.runs) < 2 << 30
    here: list[dict[str, Any] | None] = []
    while len(here) < len(paths):
        found, _ = read_outside(kind, *paths[len(here) :])
        here += found[: len(paths) - len(here)]
        here += [None] if len(here) < len(paths) else []  # it died of the next one
    for inside, outside in zip(told, here, strict=True):
        if inside is not None and outside is not None and "raised" not in outside:
            assert _comparable(inside) == _comparable(outside)
    return outcomes


@pytest.mark.parametrize("number", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_damaged_root_file(tmp_path: Path, number: int) -> None:
    pytest.importorskip("uproot")
    whole = ZMUMU.read_bytes()
    found = fuzz("root", tmp_path, whole, number, [(0, 400), (len(whole) - 8000, len(whole))])
    assert found["summary"] >= number // 10
    assert found["error"] >= number // 10


@pytest.mark.parametrize("number", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_damaged_root_file_that_is_all_metadata(tmp_path: Path, small_tree: bytes, number: int) -> None:
    found = fuzz("root", tmp_path, small_tree, number, [(0, len(small_tree))])
    assert found["summary"] >= number // 10
    assert found["error"] >= number // 10


@pytest.mark.parametrize("number", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_a_damaged_parquet_file(tmp_path: Path, number: int) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"pt": [1.5], "jets": [[1.0]], "rec": [{"x": 1}], "name": pa.array(["a"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    found = fuzz("parquet", tmp_path, whole, number, [(len(whole) - 1500, len(whole))])
    assert found["error"] >= number // 10


@pytest.mark.parametrize("number", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_a_damaged_database(tmp_path: Path, number: int) -> None:
    whole = PARTICLES.read_bytes()
    found = fuzz("sqlite", tmp_path, whole, number, [(16, 4096), (0, 20_000)])
    assert found["summary"] >= number // 10
