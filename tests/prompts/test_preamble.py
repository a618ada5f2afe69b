"""The first lines of a program really open the file: each kind, awkward names, wide tables. Run in the real sandbox."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pandas as pd
import pytest
import uproot

from summaries import summarise
from treadle.errors import SandboxRefusedError
from treadle.prompts import focused, preamble
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import DataSummary, Program

ROWS = 5
FIELDS = "\nprint(len(events), list(events.fields if hasattr(events, 'fields') else events.columns))\n"
FLAT = {"pt 1": np.arange(1.0, 6.0), "n": np.arange(5)}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened


def root(path: Path) -> None:
    write_root(path, {"pt": np.arange(5.0), "n": np.arange(5)})


def write_root(path: Path, columns: dict[str, Any], tree: str = "events") -> None:
    # uproot takes a colon in a name for the path of an object: write beside, then move
    plain = path.with_name("plain.root")
    with uproot.recreate(plain) as file:
        file.mktree(tree, {name: np.asarray(values).dtype for name, values in columns.items()})
        file[tree].extend(columns)
    plain.rename(path)


def csv(path: Path) -> None:
    pd.DataFrame(FLAT).to_csv(path, index=False)


def parquet(path: Path) -> None:
    pd.DataFrame(FLAT).to_parquet(path)


def jagged(path: Path) -> None:
    ak.to_parquet(ak.Array({"jet pt": [[1.0, 2.0], [], [3.0], [], [4.0]], "met": [1.0, 2.0, 3.0, 4.0, 5.0]}), str(path))


def json_rows(path: Path) -> None:
    path.write_text(json.dumps([{"a b": i, "c": "x"} for i in range(ROWS)]), encoding="utf-8")


def json_lines(path: Path) -> None:
    path.write_text("".join(json.dumps({"a b": i, "c": "x"}) + "\n" for i in range(ROWS)), encoding="utf-8")


def sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE "muon ""hits""" ("pt 1" REAL, n INTEGER)')
        database.executemany('INSERT INTO "muon ""hits""" VALUES (?, ?)', [(float(i), i) for i in range(ROWS)])


def opened(sandbox: Sandbox, summary: DataSummary, source: str) -> tuple[int, list[str]]:
    run = sandbox.run(Program(source=source + FIELDS), [Path(summary.path)])
    assert run.ok, (source, run.error, run.stderr)
    count, _, fields = run.stdout.partition(" ")
    return int(count), ast.literal_eval(fields)


WRITERS: list[tuple[str, Callable[[Path], None]]] = [
    (".root", root),
    (".csv", csv),
    (".parquet", parquet),
    ("_jagged.parquet", jagged),
    (".json", json_rows),
    (".jsonl", json_lines),
    (".ndjson", json_lines),
    (".sqlite", sqlite),
    (".db", sqlite),
]


@pytest.mark.parametrize("stem", ["table", 'it\'s a "table" 1', "\\n {braces} $HOME é", "#1"])
@pytest.mark.parametrize(("ending", "write"), WRITERS, ids=[e for e, _ in WRITERS])
def test_the_file_is_opened(sandbox: Sandbox, tmp_path: Path, ending: str, write: Callable[[Path], None], stem: str) -> None:
    path = tmp_path / (stem + ending)
    write(path)
    summary = summarise(path)
    count, fields = opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False))
    assert count == ROWS
    assert fields == [c.name for c in summary.tables[0].columns]


@pytest.mark.parametrize("name", ["run:3.root", "a*b.root", "x[1].root"])
def test_root_files_with_names_that_mean_something(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    root(tmp_path / name)
    summary = summarise(tmp_path / name)
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False))[0] == ROWS


@pytest.mark.parametrize("name", ["a*b.parquet", "x[1].parquet", "x?.parquet"])
def test_jagged_files_with_names_that_mean_something(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    jagged(tmp_path / "plain.parquet")
    (tmp_path / "plain.parquet").rename(tmp_path / name)
    summary = summarise(tmp_path / name)
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False))[0] == ROWS


@pytest.mark.parametrize("tree", ["dir/sub/events", "my events", "it's"])
def test_trees_in_folders_and_with_odd_names(sandbox: Sandbox, tmp_path: Path, tree: str) -> None:
    write_root(tmp_path / "t.root", {"x": np.arange(5.0)}, tree)
    summary = summarise(tmp_path / "t.root")
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False)) == (ROWS, ["x"])


def test_of_a_wide_table_only_what_is_needed_is_read(sandbox: Sandbox, tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(WIDE_COLUMNS)]
    write_root(tmp_path / "wide.root", {n: np.arange(5.0) for n in names})
    summary = summarise(tmp_path / "wide.root")
    wanted = [c for c in summary.tables[0].columns if c.name in ("c3", "c40")]
    near = focused(summary, wanted)
    source = preamble(near, near.tables[0], wide=True)
    assert '.arrays(["c3", "c40"])' in source
    assert opened(sandbox, near, source) == (ROWS, ["c3", "c40"])
    narrow = focused(near, [])
    assert narrow == near, "a narrow table is left as it is"


def test_the_tree_that_was_chosen_is_opened(sandbox: Sandbox, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "two.root") as file:
        for name, count in (("many", 9), ("few", 3)):
            file.mktree(name, {"x": np.dtype(float)})
            file[name].extend({"x": np.arange(float(count))})
    summary = summarise(tmp_path / "two.root", "few")
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False))[0] == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("semicolon.csv", "pt 1;n\n" + "1.5;2\n" * ROWS),
        ("tab.tsv", "pt 1\tn\n" + "1.5\t2\n" * ROWS),
        ("bar.csv", "pt 1|n\n" + "1.5|2\n" * ROWS),
        ("no_header.csv", "1.5,2\n" * ROWS),
        ("no_header_tabs.csv", "1.5\t2\n" * ROWS),
        ("blanks.csv", "pt 1, n,\n" + "1.5,2,3\n" * ROWS),
        ("marked.csv", "\ufeffpt 1,n\n" + "1.5,2\n" * ROWS),
        ("twice.csv", "a,a,b\n" + "1,2,3\n" * ROWS),
        ("twice_and_blank.csv", "a, ,a,a.1\n" + "1,2,3,4\n" * ROWS),
        ("comments.csv", "# made today\n# by me, with a comma\na,b\n" + "1,2\n" * ROWS),
        ("comments_and_blanks.csv", "# made today\n\n# by me\n\na;b\n" + "1;2\n" * ROWS),
        ("comments_in_quotes.csv", '# "made" today\na,b\n' + '1,"2"\n' * ROWS),
        ("names_in_a_comment.csv", "# run 3\n# pt 1, n\n" + "1.5,2\n" * ROWS),
        ("trailing.csv", "a,b\n" + "1,2,\n" * ROWS),
        ("trailing_semicolons.txt", "a; b\n" + "1;2;\n" * ROWS),
        ("labelled.csv", "a,b\n" + "x,1,2\n" * ROWS),
        ("quoted.csv", 'name,"n"\n' + '"two\nlines, and ""more""",2\n' * ROWS),
        ("decimal_comma.csv", "a;b\n" + "1,5;2\n" * ROWS),
        ("wide.csv", ",".join(f"column_{i}" for i in range(9000)) + "\n" + ("1," * 8999 + "1\n") * ROWS),
        ("marked.json", '\ufeff[{"a": 1}' + ', {"a": 1}' * (ROWS - 1) + "]"),
        ("marked_lines.json", "\ufeff" + '{"a": 1, "b": 2}\n' * ROWS),
        ("record.json", '{"a": 1, "b": [2, 3]}'),
        ("list.json", str([1.5] * ROWS)),
        ("lines.json", '{"a": 1, "b": 2}\n' * ROWS),
        ("under_a_key.json", json.dumps({"events": [{"a": 1, "b": 2}] * ROWS, "runs": [{"c": 1}]})),
    ],
)
def test_layouts_that_the_summary_understands(sandbox: Sandbox, tmp_path: Path, name: str, text: str) -> None:
    """What the summary calls a column, the program must find under that name."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    summary = summarise(path)
    count, fields = opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False))
    assert count == summary.tables[0].entries
    assert fields == [c.name for c in summary.tables[0].columns]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b\n1,2,\n3,4,\n", {"a": [1, 3], "b": [2, 4]}),
        ("a;b\n1,5;2\n2,5;4\n", {"a": [1.5, 2.5], "b": [2, 4]}),
        ("# x\n#a,b\n1,2\n3,4\n", {"a": [1, 3], "b": [2, 4]}),
        ("a,b\nx,1,2\ny,3,4\n", {"a": [1, 3], "b": [2, 4]}),
    ],
)
def test_the_values_stand_in_their_columns(
    sandbox: Sandbox, tmp_path: Path, text: str, values: dict[str, list[float]]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    summary = summarise(path)
    assert {c.name: c.type for c in summary.tables[0].columns} == {
        name: "int" if all(isinstance(v, int) for v in column) else "float" for name, column in values.items()
    }
    source = preamble(summary, summary.tables[0], wide=False)
    run = sandbox.run(Program(source=source, evaluate='events.to_dict("list")'), [path])
    assert run.value == values


def test_a_table_in_utf_16(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("pt 1;n\n" + "1.5;2\n" * ROWS, encoding="utf-16")
    summary = summarise(path)
    assert summary.tables[0].entries == ROWS
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False)) == (ROWS, ["pt 1", "n"])


def test_a_dictionary_of_columns(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "columns.json"
    path.write_text(json.dumps({"a": [1] * ROWS, "b": [2] * ROWS}), encoding="utf-8")
    summary = summarise(path)
    assert opened(sandbox, summary, preamble(summary, summary.tables[0], wide=False)) == (ROWS, ["a", "b"])
