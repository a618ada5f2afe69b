"""The reader copes with every kind of file, by content, and explains what it cannot read."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from summaries import shared_sandbox, summarise
from treadle import data
from treadle.data.rootfile import tidy_type
from treadle.errors import DataError, UnknownNameError
from treadle.types import Column, Limits, Program, Run

ROOT = Path(__file__).parents[2]
MINI = ROOT / "packs" / "scikit-hep" / "data"
SHARED = ROOT.parent / "shared" / "data" / "hep"


def shapes(columns: tuple[Column, ...]) -> dict[str, tuple[str, str]]:
    return {c.name: (c.type, c.shape) for c in columns}


# ----------------------------------------------------------------------------------------------------- ROOT


def test_root_tree() -> None:
    pytest.importorskip("uproot")
    path = MINI / "nano_mini.root"
    summary = summarise(path)
    assert (summary.kind, summary.size_bytes) == ("root", path.stat().st_size)
    assert summary.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    (table,) = summary.tables
    assert (table.name, table.entries) == ("Events", 320)
    found = shapes(table.columns)
    assert found["Muon_pt"] == ("float", "jagged")
    assert found["Muon_charge"] == ("int32", "jagged")
    assert found["MET_pt"] == ("float", "flat")
    assert found["HLT_IsoMu24"] == ("bool", "flat")


def test_root_order_cycles_folders_and_ntuples(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    np = pytest.importorskip("numpy")
    path = tmp_path / "odd_name.bin"  # the content decides, not the name
    with uproot.recreate(path) as file:
        file.mktree("small", {"a": np.arange(3)})
        file.mktree("dir/big", {"a": np.arange(50), "b": np.arange(50.0)})
        file.mktree("small", {"a": np.arange(4), "b": np.arange(4.0)})
        file.mkrntuple("ntuple", {"x": np.arange(5.0, dtype=np.float32), "n": np.arange(5, dtype=np.int32)})
        file["histogram"] = np.histogram(np.arange(5))
    summary = summarise(path)
    assert summary.kind == "root"
    assert [(t.name, t.entries) for t in summary.tables] == [("dir/big", 50), ("ntuple", 5), ("small", 4)]
    ntuple = next(t for t in summary.tables if t.name == "ntuple")
    assert shapes(ntuple.columns) == {"x": ("float", "flat"), "n": ("int32", "flat")}
    for asked, first in (("small", "small"), ("small;1", "small"), ("dir/big", "dir/big"), ("big", "dir/big")):
        assert summarise(path, asked).tables[0].name == first
    with pytest.raises(UnknownNameError, match=r"unknown tree 'smal'. Did you mean 'small'"):
        summarise(path, "smal")


def test_root_without_trees(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot")
    np = pytest.importorskip("numpy")
    with uproot.recreate(tmp_path / "h.root") as file:
        file["mass"] = np.histogram(np.arange(5))
    with pytest.raises(DataError, match=r"has no trees: it holds mass \(TH1D\)"):
        summarise(tmp_path / "h.root")
    with uproot.recreate(tmp_path / "empty.root"):
        pass
    with pytest.raises(DataError, match="has no trees: it holds no objects"):
        summarise(tmp_path / "empty.root")


@pytest.mark.parametrize("size", [5, 40, 100, 400, 3000, 20_000, 40_000])
def test_truncated_root(tmp_path: Path, size: int) -> None:
    pytest.importorskip("uproot")
    path = tmp_path / "cut.root"
    path.write_bytes((MINI / "zmumu_mini.root").read_bytes()[:size])
    with pytest.raises(DataError, match=r"cannot be read, it seems truncated or damaged|no trees"):
        summarise(path)


@pytest.mark.parametrize(
    ("typename", "wanted"),
    [
        ("float[]", ("float", "jagged")),
        ("int32_t", ("int32", "flat")),
        ("char*", ("str", "flat")),
        ("std::string", ("str", "flat")),
        ("std::vector<float>", ("float", "jagged")),
        ("std::vector<std::vector<int32_t>>", ("int32", "nested")),
        ("std::vector<std::int32_t>", ("int32", "jagged")),
        ("std::vector<std::string>", ("str", "jagged")),
        ("double[3]", ("double", "jagged")),
        ("float[2][2]", ("float", "nested")),
        ("TLorentzVector", ("TLorentzVector", "nested")),
        ("std::bitset<8>", ("std::bitset<8>", "nested")),
    ],
)
def test_tidy_types(typename: str, wanted: tuple[str, str]) -> None:
    assert tidy_type(typename) == wanted


@pytest.mark.parametrize(
    "name", ["uproot-Zmumu", "uproot-HZZ", "nano_dy", "nano_dimuon", "nanoAOD_2015_CMS_Open_Data_ttbar"]
)
def test_files_of_experiments(name: str) -> None:
    pytest.importorskip("uproot")
    path = SHARED / f"{name}.root"
    if not path.is_file():
        pytest.skip(f"needs {name}.root in ../shared/data/hep")
    table = summarise(path).tables[0]
    assert table.name in ("events", "Events")
    assert len(table.columns) >= 20
    assert {c.shape for c in table.columns} <= {"flat", "jagged"}


# ----------------------------------------------------------------------------------- tables without ROOT


def test_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table(
        {"pt": [1.5, 2.0], "jets": [[1.0], []], "deep": [[[1]], []], "name": ["a", "b"], "rec": [{"x": 1}, {"x": 2}]}
    )
    pq.write_table(table, tmp_path / "x.parquet")
    (found,) = summarise(tmp_path / "x.parquet").tables
    assert found.entries == 2
    assert shapes(found.columns) == {
        "pt": ("double", "flat"),
        "jets": ("double", "jagged"),
        "deep": ("int64", "nested"),
        "name": ("str", "flat"),
        "rec": ("record", "nested"),
    }
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:200])
    with pytest.raises(DataError, match="truncated or damaged"):
        summarise(tmp_path / "cut.parquet")


@pytest.mark.parametrize(
    ("index", "note", "left"),
    [
        (["event"], "index event", ["run", "pt"]),
        (["pt"], "index pt", ["run", "event"]),
        (["run", "event"], "index run, event", ["pt"]),
        ([], "", ["run", "event", "pt"]),
    ],
)
def test_the_index_of_a_frame_is_no_column(tmp_path: Path, index: list[str], note: str, left: list[str]) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame({"run": [1, 1], "event": [7, 5], "pt": [1.5, 2.5]})
    (frame.set_index(index) if index else frame).to_parquet(path)
    (found,) = summarise(path).tables
    assert ([c.name for c in found.columns], found.note, found.entries) == (left, note, 2)
    assert list(pd.read_parquet(path).columns) == left


def test_an_index_without_a_name(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    path = tmp_path / "x.parquet"
    pd.DataFrame({"pt": [1.5, 2.5]}, index=[4, 2]).to_parquet(path)
    (found,) = summarise(path).tables
    assert ([c.name for c in found.columns], found.note) == (["pt"], "index without a name")


@pytest.mark.parametrize(
    "said", ["{", "[]", "{}", '{"index_columns": 3}', '{"index_columns": [["pt"], null, 1]}', "[" * 9999]
)
def test_what_pandas_would_not_say_of_an_index(tmp_path: Path, said: str) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"pt": [1.5]}).replace_schema_metadata({"pandas": said}), tmp_path / "x.parquet")
    (found,) = summarise(tmp_path / "x.parquet").tables
    assert ([c.name for c in found.columns], found.note) == (["pt"], "")


@pytest.mark.parametrize(
    ("text", "wanted", "entries"),
    [
        ("pt,q,name,ok\n1.5,1,a,true\n2,-1,b,false\n", {"pt": "float", "q": "int", "name": "str", "ok": "bool"}, 2),
        ("pt;q\n1.5;\n2;3\n", {"pt": "float", "q": "int"}, 2),
        ("1,2\n3,4\n", {"column_0": "int", "column_1": "int"}, 2),
        ('"a b","c,d"\n1,x\n', {"a b": "int", "c,d": "str"}, 1),
        ("\ufeffpt,q\n1,2\n", {"pt": "int", "q": "int"}, 1),
        ("a\tb\n", {"a": "str", "b": "str"}, 0),
    ],
)
def test_csv(tmp_path: Path, text: str, wanted: dict[str, str], entries: int) -> None:
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    summary = summarise(path)
    assert summary.kind == "csv"
    (table,) = summary.tables
    assert {c.name: c.type for c in table.columns} == wanted
    assert table.entries == entries


def test_long_csv_is_counted_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n" + "1,0.25\n" * 50_000)
    (table,) = summarise(path).tables
    assert table.entries == 50_000


@pytest.mark.parametrize(
    ("document", "wanted", "entries"),
    [
        ([{"pt": 1.5, "q": 1}, {"pt": 2, "extra": "x"}], {"pt": "float", "q": "int", "extra": "str"}, 2),
        ({"pt": [1.5, 2.5], "n": [1, 2]}, {"pt": "float", "n": "int"}, 2),
        ({"info": "x", "events": [{"a": True}]}, {"a": "bool"}, 1),
        ({"version": 3, "name": "x"}, {"version": "int", "name": "str"}, 1),
        ([1, 2, 3], {"value": "int"}, 3),
    ],
)
def test_json(tmp_path: Path, document: object, wanted: dict[str, str], entries: int) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document))
    summary = summarise(path)
    assert summary.kind == "json"
    assert {c.name: c.type for c in summary.tables[0].columns} == wanted
    assert summary.tables[0].entries == entries


def test_json_shapes_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"pt": [1.5, 2], "rec": {"x": 1}}\n{"pt": [], "rec": null}\n')
    (table,) = summarise(path).tables
    assert shapes(table.columns) == {"pt": ("float", "jagged"), "rec": ("record", "nested")}
    assert (table.entries, table.note) == (2, "a record a line")
    path.write_text('{"pt": ')
    with pytest.raises(DataError, match="cannot be read"):
        summarise(path)
    path.write_text("[]")
    with pytest.raises(DataError, match="holds no values"):
        summarise(path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "runs.dat"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, detector TEXT);"
            "CREATE TABLE hits (run INTEGER REFERENCES runs(id), charge REAL, raw BLOB);"
            "CREATE VIEW loud AS SELECT * FROM hits WHERE charge > 1;"
            "INSERT INTO runs VALUES (1, 'ecal'), (2, 'hcal');"
            "INSERT INTO hits VALUES (1, 0.5, x'00'), (1, 1.5, NULL), (2, 2.5, NULL);"
        )
    return path


def test_sqlite(database: Path) -> None:
    before = database.read_bytes()
    summary = summarise(database)
    assert summary.kind == "sqlite"
    assert [(t.name, t.entries, t.note) for t in summary.tables] == [("hits", 3, ""), ("loud", 2, "view"), ("runs", 2, "")]
    notes = {c.name: c.note for t in (summary.tables[0], summary.tables[2]) for c in t.columns}
    assert notes["id"] == "primary key; e.g. 1, 2"
    assert notes["detector"] == "e.g. 'ecal', 'hcal'"
    assert notes["run"] == "references runs(id); e.g. 1, 2"
    assert notes["raw"] == "e.g. <1 bytes>"
    assert summarise(database, "runs").tables[0].name == "runs"
    with pytest.raises(UnknownNameError, match="unknown table 'run'"):
        summarise(database, "run")
    assert database.read_bytes() == before


def test_damaged_and_empty_sqlite(tmp_path: Path, database: Path) -> None:
    (tmp_path / "cut.db").write_bytes(database.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"SQLite file .* cannot be read"):
        summarise(tmp_path / "cut.db")
    with closing(sqlite3.connect(tmp_path / "none.db")) as db:
        db.executescript("CREATE TABLE t (a); DROP TABLE t;")
    with pytest.raises(DataError, match="has no tables"):
        summarise(tmp_path / "none.db")


def test_unknown_table_of_a_csv(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UnknownNameError, match="unknown tree 'y'"):
        summarise(tmp_path / "x.csv", "y")


# --------------------------------------------------------------------------------------------------- errors


def test_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "zmumu.root").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no data file .*zmuu\.root'\. Did you mean 'zmumu\.root'"):
        summarise(tmp_path / "zmuu.root")
    with pytest.raises(DataError, match=r"Data files in .*: zmumu\.root"):
        summarise(tmp_path / "quite-another-thing")
    with pytest.raises(DataError, match="There is no folder"):
        summarise(tmp_path / "no" / "such" / "file.root")


def test_folder_empty_file_and_unknown_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, not a data file"):
        summarise(tmp_path)
    (tmp_path / "empty.root").touch()
    with pytest.raises(DataError, match=r"is empty \(0 bytes\)"):
        summarise(tmp_path / "empty.root")
    (tmp_path / "notes.txt").write_text("Dear diary\ntoday nothing\n")
    with pytest.raises(DataError, match="is of no known kind: it holds text that starts with 'Dear diary"):
        summarise(tmp_path / "notes.txt")
    (tmp_path / "blob.root").write_bytes(bytes(range(256)))
    with pytest.raises(DataError, match="is of no known kind: it holds binary data"):
        summarise(tmp_path / "blob.root")
    with pytest.raises(DataError, match=r"no data file|cannot be opened"):
        summarise("a\0b")


@pytest.mark.parametrize("depth", [300, 400, 500, 5000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_json_that_is_nested_too_deeply(tmp_path: Path, depth: int, brackets: str) -> None:
    path = tmp_path / "deep.json"
    start, end = ("[" * depth, "]" * depth) if brackets == "[]" else ('{"a":' * depth + "1", "}" * depth)
    path.write_text(f"[{start}{end}]", encoding="utf-8")
    try:
        assert summarise(path).tables
    except DataError as error:
        assert str(error) == f"the JSON file {str(path)!r} is nested too deeply."  # noqa: PT017 (either is right)


def test_json_with_a_number_that_python_does_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    path.write_text(f"[{'9' * 5000}]", encoding="utf-8")
    with pytest.raises(DataError, match=r"cannot be read: .*digits"):
        summarise(path)


def test_text_of_an_old_encoding(tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_bytes("größe,x\n1,2\n".encode("latin-1"))
    with pytest.raises(
        DataError, match=r"holds text in another encoding than UTF-8 \(it has the byte 0xf6\); save it as UTF-8"
    ):
        summarise(path)


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "x\udcff.csv"
    path.write_text("x\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match="is not UTF-8, so no program can name it; rename it") as caught:
        summarise(path)
    str(caught.value).encode()


def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(DataError, match="may not be read"):
        summarise(path)


def test_unreadable_file_as_told_by_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match="may not be read"):
        summarise(path)


@pytest.mark.parametrize(("module", "extra"), [("uproot", "hep"), ("pyarrow", "data")])
def test_missing_package_gives_the_install_line(tmp_path: Path, module: str, extra: str) -> None:
    start = b"PAR1" if module == "pyarrow" else (MINI / "testbeam_mini.root").read_bytes()
    (tmp_path / "x").write_bytes(start)

    class Without:
        """The sandbox, with the package hidden from programs."""

        def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
            hidden = f"import sys\nsys.modules[{module!r}] = None\n"
            return shared_sandbox().run(replace(program, source=hidden + program.source), files, limits)

    with pytest.raises(DataError, match=rf"needs {module}: pip install 'treadle\[{extra}\]'\.$"):
        data.summarise(tmp_path / "x", Without())


def test_importing_the_room_loads_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys, treadle.data, treadle.retrieval;"
        "print([m for m in ('uproot', 'awkward', 'pyarrow', 'pandas', 'tantivy', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
