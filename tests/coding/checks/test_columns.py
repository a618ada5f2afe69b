"""Names of columns, trees and files, from the program's text alone."""

from __future__ import annotations

import ast
from dataclasses import replace

import awkward as ak
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.checks.columns import ColumnReader
from treadle.coding.checks.sources import Dataset
from treadle.types import Column, DataSummary, Layout

HEAD = "import uproot\nimport awkward as ak\nimport numpy as np\nimport pandas as pd\n"
OPEN = HEAD + "events = uproot.open('z.root')['events'].arrays()\n"
TREE = HEAD + "tree = uproot.open('z.root')['events']\n"


def found(source: str, data: DataSummary) -> list[tuple[str, str]]:
    """What remains when the attributes of the libraries are known, as the check knows them."""
    findings = ColumnReader(ast.parse(source), Dataset(data)).findings
    library = {*dir(ak.Array), *dir(pd.DataFrame)}
    return [(f.kind, f.name) for f in findings if f.kind != "attribute" or f.name not in library]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (OPEN + "print(events['pt3'])", [("column", "pt3")]),
        (OPEN + "print(events.pt3)", [("attribute", "pt3")]),
        (OPEN + "print(events.Muon.pt)", [("attribute", "Muon")]),
        (OPEN + "sel = events[events.pt1 > 3]\nprint(sel['pt3'])", [("column", "pt3")]),
        (OPEN + "m = (events.pt1 > 3) & (events.pt2 > 3)\nsel = events[m]\nprint(sel['pt3'])", [("column", "pt3")]),
        (OPEN + "print(events[['pt1', 'pt3']])", [("column", "pt3")]),
        (OPEN + "two = events[['pt1', 'pt2']]\nprint(two['M'])", [("column", "M")]),
        (OPEN + "for e in events:\n    print(e['pt3'])", [("column", "pt3")]),
        (OPEN + "print([e.pt3 for e in events])", [("attribute", "pt3")]),
        (OPEN + "def f():\n    return events['pt3']\nf()", [("column", "pt3")]),
        (
            HEAD + "def main():\n    with uproot.open('z.root') as f:\n        t = f['events']\n"
            "        print(t['pt3'].array())\nmain()",
            [("column", "pt3")],
        ),
        (TREE + "print(tree['pt3'].array())", [("column", "pt3")]),
        (TREE + "a = tree.arrays(['pt1', 'pt3'])", [("column", "pt3")]),
        (TREE + "a = tree.arrays(['pt1'])\nprint(a['pt2'])", [("column", "pt2")]),
        (TREE + "for a in tree.iterate(['pt1']):\n    print(a['pt2'])", [("column", "pt2")]),
        (TREE + "a = tree.arrays(library='np')\nprint(a['pt3'])", [("column", "pt3")]),
        (TREE + "df = tree.arrays(library='pd')\nprint(df['pt3'], df.pt4)", [("column", "pt3"), ("attribute", "pt4")]),
        (HEAD + "a = uproot.open('z.root:events').arrays()\na['pt3']", [("column", "pt3")]),
        (HEAD + "a = uproot.concatenate('z.root:events', ['pt3'])", [("column", "pt3")]),
        (HEAD + "name = 'z.root'\na = uproot.open(name)['tree']", [("tree", "tree")]),
        (HEAD + "a = uproot.open('data.root')['events']", [("file", "data.root")]),
        (HEAD + "a = uproot.open('/data/z.root')['events']", [("file", "/data/z.root")]),
        (
            HEAD + "if 3 > 2:\n    f = uproot.open('z.root')\nelse:\n    f = uproot.open('z.root')\nprint(f['evts'])",
            [("tree", "evts")],
        ),
    ],
)
def test_missing(source: str, expected: list[tuple[str, str]], summary: DataSummary) -> None:
    assert found(source, summary) == expected


@pytest.mark.parametrize(
    "source",
    [
        OPEN + "print(events['pt1'], events.pt2, events[events.M > 60].Muon_pt, events[0]['pt1'])",
        OPEN + "events['new'] = events.pt1\nprint(events['new'], events.new)",
        OPEN + "events = ak.with_field(events, 1, 'new')\nprint(events['new'])",
        OPEN + "for c in ['a', 'b']:\n    events[c] = 1\nprint(events['a'])",
        OPEN + "print(events[name]['x'] if (name := 'pt1') else 0)",
        OPEN + "if 'pt3' in events.fields:\n    print(events['pt3'])",
        OPEN + "try:\n    print(events['pt3'])\nexcept KeyError:\n    pass",
        OPEN + "def add(e):\n    e['y'] = 1\nadd(events)\nprint(events['y'], events['z'])",
        OPEN + "events = ak.zip({'a': events.pt1})\nprint(events['a'], events.b)",
        OPEN + "mu = ak.zip({'pt': events.Muon_pt})\nprint(mu.pt, mu['x'])",
        OPEN + "def f(events):\n    return events['pt3']",
        OPEN + "f = lambda events: events['pt3']",
        OPEN + "print([events['k'] for events in [{'k': 1}]])",
        OPEN + "if input():\n    events = {'a': 1}\nprint(events['a'])",
        OPEN + "while True:\n    events = {'a': 1}\n    print(events['a'])",
        OPEN + "best = {}\nbest['x'] = 1\nprint(best['x'], best['y'])",
        OPEN + "idx = choose(events.fields)\nprint(events[idx]['zzz'])",
        TREE + "a = tree.arrays(['pt1 * 2', 'x'], aliases={'x': 'pt1'})\nprint(a['x'])",
        TREE + "a = tree.arrays(['pt1*2'])\nprint(a['pt1*2'])",
        TREE + "a = tree.arrays(filter_name='/pt.*/')\nprint(a['pt1'], a['x'])",
        TREE + "a = tree.arrays(how='zip')\nprint(a['jagged0'])",
        TREE + "names = tree.keys()\na = tree.arrays(names)\nprint(a['x'])",
        TREE + "df = tree.arrays(library='pd')\ndf['y'] = df.pt1\nprint(df.y)",
        TREE + "df = tree.arrays(library='pd').rename(columns={'pt1': 'p'})\nprint(df.p, df['q'])",
        HEAD + "f = uproot.recreate('out.root')\nf['t'] = {'x': [1]}",
        HEAD + "df = pd.DataFrame({'x': [1]})\nprint(df['x'], df.y)",
        HEAD + "f = uproot.open('z.root')\nfor k in f.keys():\n    print(f[k])",
        HEAD + "import sys\nf = uproot.open(sys.argv[1])\nprint(f['tree'])",
    ],
)
def test_no_false_alarm(source: str, summary: DataSummary) -> None:
    assert found(source, summary) == []


def test_frames(summary: DataSummary) -> None:
    csv = replace(summary, path="d/t.csv", kind="csv")
    assert found(HEAD + "df = pd.read_csv('t.csv')\nprint(df['pt3'])", csv) == [("column", "pt3")]
    assert found(HEAD + "df = pd.read_csv('t.csv')\nprint(df.head()['pt3'])", csv) == [("column", "pt3")]
    assert found(HEAD + "df = pd.read_csv('t.csv', names=['pt3'])\nprint(df['pt3'])", csv) == []
    named = HEAD + "df = pd.read_csv('t.csv', sep=';', header=0, names=%r)\nprint(df['pt3'])"
    assert found(named % sorted(c.name for c in csv.tables[0].columns), csv) == []
    assert found(named % [c.name for c in csv.tables[0].columns], csv) == [("column", "pt3")]
    assert found(HEAD + "df = pd.read_csv('t.csv')\ng = df.groupby('M')['pt1'].mean()\nprint(g['a'])", csv) == []
    assert found(HEAD + "df = pd.read_csv('t.csv')\ndf.insert(0, 'y', 1)\nprint(df['y'])", csv) == []
    assert found(HEAD + "df = pd.read_csv('x.csv')", csv) == [("file", "x.csv")]


def test_frames_of_files_as_they_are_laid_out(summary: DataSummary) -> None:
    laid_out = replace(summary.tables[0], layout=Layout(skip=2, decimal=",", trailing_delimiter=True))
    csv = replace(summary, path="d/t.csv", kind="csv", tables=(laid_out,))
    told = HEAD + "df = pd.read_csv('t.csv', skiprows={}, decimal=',', index_col={})\nprint(df['pt3'])"
    assert found(told.format(2, False), csv) == [("column", "pt3")]
    assert found(told.format(1, False), csv) == [], "the names may stand in another line"
    assert found(told.format(2, 0), csv) == []


def test_json(summary: DataSummary) -> None:
    json = replace(summary, path="d/t.json", kind="json")
    program = HEAD + "df = pd.read_json('t.json')\nprint(df['pt1'], df['pt3'])"
    assert found(program, json) == [("column", "pt3")]
    record = replace(json, tables=(replace(json.tables[0], layout=Layout(form="record")),))
    assert found(program, record) == []


def test_tables_of_sqlite(summary: DataSummary) -> None:
    other = replace(summary.tables[0], name='odd "name"', columns=(Column(name="x", type="INT"),))
    data = replace(summary, path="d/t.db", kind="sqlite", tables=(summary.tables[0], other))
    read = HEAD + "import sqlite3\ndf = pd.{}({!r}, sqlite3.connect('t.db'))\nprint(df['pt3'])"
    assert found(read.format("read_sql_query", 'SELECT * FROM "events"'), data) == [("column", "pt3")]
    assert found(read.format("read_sql", "select * from EVENTS;"), data) == [("column", "pt3")]
    assert found(read.format("read_sql", 'SELECT * FROM "odd ""name"""').replace("pt3", "x"), data) == []
    assert found(read.format("read_sql", "SELECT pt1 AS pt3 FROM events"), data) == []
    assert found(read.format("read_sql", "SELECT * FROM events e JOIN other o"), data) == []
    assert found(read.format("read_sql", "SELECT * FROM evnts"), data) == [("tree", "evnts")]


LINES = st.sampled_from(
    [
        "events = events[events.pt1 > 3]",
        "x = events['pt1']",
        "events['y'] = events.pt1",
        "for e in events: pass",
        "a, b = events.pt1, events['pt2']",
        "with open('f') as events: pass",
        "try:\n    events = 3\nexcept KeyError as events:\n    raise",
        "if x: events = tree.arrays()",
        "events = ak.zip({'a': events.M})",
        "del events",
        "match events:\n    case [x]: pass",
        "y = [e for e in events if e['M'] > 3]",
        "class A:\n    z = events.M",
        "lambda *a, **k: events",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=8))
def test_programs_that_name_only_existing_columns_pass(lines: list[str]) -> None:
    from treadle.types import Table

    table = Table(name="events", columns=tuple(Column(name=n, type="double") for n in ("pt1", "pt2", "M")))
    data = DataSummary(path="z.root", kind="root", sha256="", size_bytes=1, tables=(table,))
    assert found(OPEN + "\n".join(lines), data) == []
