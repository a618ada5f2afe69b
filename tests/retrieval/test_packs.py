"""Packs are read as they are written; mistakes are named with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import PackError
from treadle.retrieval import builtin_packs, load_pack
from treadle.retrieval import packs as packs_module
from treadle.retrieval.tables import tables_as_json
from treadle.types import Column, Table

PACK_TOML = 'name = "mine"\nversion = "1"\ndescription = "d"\nlicence = "CC0-1.0"\n'
DATA = (
    "# request: Count\n# kind: data\n# data: d.root\n# tags: a, b\n# expect: n = 3\n# expect: m = 2.5 +- 1%\n"
    "# ---\nx = 1\n# ---\ny = x\n"
)
FUNCTION = "# request: Write f(x): x.\n# kind: function\n# check: f(2) == [2]\n# ---\ndef f(x):\n    return [x]\n"


def pack(folder: Path, toml: str = PACK_TOML, **examples: str) -> Path:
    (folder / "examples").mkdir()
    (folder / "data").mkdir()
    (folder / "data" / "d.root").write_bytes(b"")
    (folder / "pack.toml").write_text(toml)
    for name, text in examples.items():
        (folder / "examples" / f"{name}.py").write_text(text)
    return folder


def test_load_pack(tmp_path: Path) -> None:
    loaded = load_pack(pack(tmp_path, one=DATA, two=FUNCTION))
    assert (loaded.name, loaded.version, loaded.licence, loaded.hints) == ("mine", "1", "CC0-1.0", "")
    one, two = loaded.examples
    assert (one.id, one.kind, one.data, one.tags, one.body) == ("mine/one", "data", "d.root", ("a", "b"), "y = x")
    assert one.program == "x = 1\n\ny = x\n"
    assert two.program == two.body + "\n" == "def f(x):\n    return [x]\n"
    count, mean = loaded.expectations["mine/one"]
    assert (count.subject, count.expected, count.relative) == ("n", 3.0, 0.0)
    assert (mean.expected, mean.relative, mean.absolute) == (2.5, 0.01, 0.0)
    (check,) = loaded.expectations["mine/two"]
    assert (check.subject, check.expected, check.kind) == ("f(2)", [2], "call")
    assert loaded.data_path(one) == tmp_path / "data" / "d.root"
    assert loaded.data_path(two) is None


SQL = (
    "-- request: Which is the largest n?\n-- kind: sql\n-- data: d.sqlite\n-- expect: rows = 1\n"
    "-- ---\nSELECT max(n)\nFROM t;\n"
)
TABLES = (
    '[{"name": "t", "entries": 3, "columns": [{"name": "n", "type": "INTEGER", "key": true},'
    ' {"name": "m", "type": "REAL", "shape": "flat", "references": "u.k"}]}]'
)


def sql_pack(folder: Path, text: str = SQL, tables: str | None = TABLES) -> Path:
    pack(folder)
    (folder / "examples" / "largest.sql").write_text(text)
    if tables is not None:
        (folder / "tables").mkdir()
        (folder / "tables" / "d.sqlite.json").write_text(tables)
    return folder


def test_statements(tmp_path: Path) -> None:
    (sql_pack(tmp_path, tables=None) / "data" / "d.sqlite").write_bytes(b"x")
    loaded = load_pack(tmp_path)
    (example,) = loaded.examples
    assert (example.id, example.kind, example.data) == ("mine/largest", "sql", "d.sqlite")
    assert (example.body, example.program) == ("SELECT max(n)\nFROM t;", "SELECT max(n)\nFROM t;\n")
    assert [(e.subject, e.expected) for e in loaded.expectations[example.id]] == [("rows", 1.0)]
    assert loaded.data_path(example) == tmp_path / "data" / "d.sqlite"


def test_what_a_statement_must_give(tmp_path: Path) -> None:
    text = SQL.replace("-- expect: rows = 1\n", "-- dialect: duckdb\n-- tags: top, max\n-- expect-rows: 2\n")
    cells = "-- expect: n = 3 +- 1%\n-- expect: who = Ada Lovelace\n-- expect: COUNT(*) = -4\n"
    cells += "-- expect: end = NULL\n-- expect: y = '2022'\n"
    (sql_pack(tmp_path, text.replace("-- ---", cells + "-- ---"), tables=None) / "data" / "d.sqlite").write_bytes(b"x")
    loaded = load_pack(tmp_path)
    (example,) = loaded.examples
    assert example.tags == ("duckdb", "top", "max")
    told = [(e.subject, e.expected, e.relative) for e in loaded.expectations[example.id]]
    assert told == [
        ("rows", 2.0, 0.0),
        ("n", 3.0, 0.01),
        ("who", "Ada Lovelace", 0.0),
        ("COUNT(*)", -4.0, 0.0),
        ("end", None, 0.0),
        ("y", "2022", 0.0),
    ]


def test_data_that_is_described_only(tmp_path: Path) -> None:
    loaded = load_pack(sql_pack(tmp_path))
    (example,) = loaded.examples
    (table,) = loaded.tables[example.id]
    assert (table.name, table.entries) == ("t", 3)
    assert [(c.name, c.type, c.shape, c.key, c.references) for c in table.columns] == [
        ("n", "INTEGER", "flat", True, ""),
        ("m", "REAL", "flat", False, "u.k"),
    ]
    assert loaded.data_path(example) is None
    (tmp_path / "data" / "d.sqlite").write_bytes(b"x")  # the file itself goes before its description
    assert load_pack(tmp_path).tables == {}


def test_a_description_of_tables_keeps_no_value_of_the_data() -> None:
    column = Column(name="n", type="TEXT", key=True, references="u.k", values=("'secret'",), note="e.g. 'secret'")
    text = tables_as_json([Table(name="t", columns=(column,), note="secret")])
    assert "secret" not in text
    assert '"references": "u.k"' in text


def test_two_examples_of_one_name(tmp_path: Path) -> None:
    (sql_pack(tmp_path) / "examples" / "largest.py").write_text(FUNCTION)
    with pytest.raises(PackError, match="another example is called 'largest' already"):
        load_pack(tmp_path)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("{", r"d\.sqlite\.json does not describe tables: "),
        ("[]", r"there is none in it"),
        ('{"name": "t"}', r"does not describe tables"),
        ('[{"name": "t"}]', r"the key 'columns' is missing"),
        ('[{"name": 3, "columns": []}]', r"3 is not a text"),
        ('[{"name": "t", "columns": [], "entries": "x"}]', r"'entries' is 'x', not a number"),
        ('[{"name": "t", "columns": [{"name": "n", "type": "x", "shape": "round"}]}]', r"the shape 'round' is none of"),
    ],
)
def test_malformed_descriptions(tmp_path: Path, tables: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(sql_pack(tmp_path, tables=tables))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SQL.replace("kind: sql", "kind: data"), r"largest.sql, line 2: unknown kind 'data'"),
        (SQL.replace("-- request", "# request"), r"line 1: expected '-- key: value' or '-- ---'"),
        (SQL.replace("-- data: d.sqlite\n", ""), r"the header lacks '-- data: ...'"),
        (SQL.replace("SELECT max(n)\nFROM t;", ""), r"the body is empty"),
        (SQL.replace("FROM", "-- ---\nFROM"), r"kind 'sql' has one program"),
        (SQL.replace("-- expect: rows = 1", "-- expect: rows"), r"line 4: write 'expect: column = value'"),
        (SQL.replace("rows = 1", "n = x +- 2"), r"line 4: a tolerance needs a number, got 'x'"),
        (SQL.replace("expect: rows = 1", "expect-rows: many"), r"line 4: 'expect-rows' is a whole number"),
        (SQL.replace("expect: rows = 1", "dialect: sqlit"), r"line 4: unknown dialect 'sqlit'. Did you mean 'sqlite'"),
        (SQL.replace("-- expect:", "-- artifact:"), r"line 4: unknown key 'artifact'"),
    ],
)
def test_malformed_statements(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(sql_pack(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DATA.replace("# kind", "# kidn"), r"bad.py, line 2: unknown key 'kidn'. Did you mean 'kind'"),
        (DATA.replace("kind: data", "kind: date"), r"line 2: unknown kind 'date'. Did you mean 'data'"),
        (DATA.replace("d.root", "e.root"), r"line 3: no file 'e.root' .* Did you mean 'd.root'"),
        (DATA.replace("n = 3", "n = three"), r"line 5: 'three' is not a number"),
        (DATA.replace("n = 3", "n: 3"), r"line 5: write 'expect: name = number"),
        (DATA.replace("# request: Count\n", ""), r"line 1: the header lacks '# request"),
        (DATA.replace("# request: Count", "# request: a\n# request: b"), r"line 2: 'request' is given twice"),
        (DATA.replace("# request", "-- request"), r"line 1: expected '# key: value'"),
        (DATA.replace("kind: data", "kind: sql"), r"line 2: unknown kind 'sql'"),
        (DATA.replace("# request: Count", "request"), r"line 1: expected '# key: value'"),
        (DATA.replace("x = 1\n# ---\n", ""), r"line 8: kind 'data' has a preamble"),
        (DATA.replace("# ---\n", ""), r"line 7: expected '# key: value'"),
        ("# request: x\n", r"line 1: the header has no end"),
        (DATA.replace("y = x", "y = ("), r"does not parse"),
        (DATA.replace("y = x", ""), r"line 8: the body is empty"),
        (FUNCTION.replace("== [2]", "> 1"), r"line 3: write 'check: f"),
        (FUNCTION.replace("[2]", "g()"), r"line 3: the right side of the check is not a plain value"),
        (FUNCTION.replace("f(2) ==", "f(2 =="), r"line 3: the check is not an expression"),
        (FUNCTION.replace("# check", "# data: d.root\n# check"), r"line 3: kind 'function' takes no data"),
    ],
)
def test_malformed_examples_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(pack(tmp_path, bad=text))


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        (PACK_TOML + 'license = "x"\n', r"pack.toml, line 5: unknown key 'license'. Did you mean 'licence'"),
        (PACK_TOML.replace('"1"', "1"), r"line 2: 'version' must be a text"),
        (PACK_TOML.replace('version = "1"\n', ""), r"the key 'version' is missing"),
        ("name = ", r"pack.toml: "),
    ],
)
def test_malformed_description(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        load_pack(pack(tmp_path, toml))


def test_folder_without_description(tmp_path: Path) -> None:
    with pytest.raises(PackError, match=r"is no pack: there is no file pack\.toml"):
        load_pack(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    folder = pack(tmp_path)
    (folder / "examples" / "x.py").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError, match="not UTF-8"):
        load_pack(folder)


def test_builtin_packs_in_a_checkout() -> None:
    assert [p.name for p in builtin_packs()] == ["python", "scikit-hep", "sqlite"]


def test_builtin_packs_in_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site" / "treadle" / "packs" / "mine").mkdir(parents=True)
    pack(tmp_path / "site" / "treadle" / "packs" / "mine", two=FUNCTION)
    monkeypatch.setattr(packs_module.resources, "files", lambda _: tmp_path / "site" / "treadle")
    assert [p.name for p in builtin_packs()] == ["mine"]
    monkeypatch.setattr(packs_module.resources, "files", lambda _: tmp_path / "other" / "treadle")
    with pytest.raises(PackError, match="missing"):
        builtin_packs()
