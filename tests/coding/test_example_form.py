"""Corrected programs brought into the form of an example: opened like all, about ``events``, with columns as strings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.example_form import forms, named_in, same_program
from treadle.coding.expectations import expectations_in
from treadle.prompts import preamble
from treadle.types import Column, DataSummary, Request, Table

ZMUMU = Path(__file__).parents[2] / "examples" / "data" / "zmumu.root"
DATA = summarise(ZMUMU)
OPENING = preamble(DATA, DATA.tables[0], wide=False)


def proposed(program: str, data: DataSummary | None = DATA) -> list[tuple[str, str]]:
    return list(forms(program, Request(text="What is the mean of M?", data=data)))


def test_the_usual_opening_is_cut_off() -> None:
    (whole, body), last = proposed(f"{OPENING}\n# why\nprint(np.mean(events['M']))\n")
    assert body == "# why\nprint(np.mean(events['M']))\n"
    assert whole == f"{OPENING}\n{body}"
    assert last[0] == last[1]


ONE_STEP = """
import uproot
import numpy as np
t = uproot.open("zmumu.root")["events"].arrays()
print(np.mean(t.M))
"""
THREE_STEPS = """
import uproot, numpy as np
f = uproot.open("zmumu.root")
t = f["events"]
a = t.arrays(["M"])
print(np.mean(a["M"]))
"""
WITH_DOCSTRING = """
'''Mean.'''
import numpy as np
import uproot
events = uproot.open("./zmumu.root:events").arrays()
print(np.mean(events.M))
"""
OTHER_LETTERS = """
import uproot
import numpy as np
ä = uproot.open(
    "zmumu.root"
)["events"].arrays()
print("ü", np.mean(ä.M))
"""


@pytest.mark.parametrize("program", [ONE_STEP, THREE_STEPS, WITH_DOCSTRING, OTHER_LETTERS])
def test_openings_of_other_kinds_become_the_usual_one(program: str) -> None:
    bodies = [body for whole, body in proposed(program)[:-1] if whole.startswith(OPENING)]
    assert any("np.mean(events[" in body and body.rstrip().endswith(")") for body in bodies), bodies
    for whole, _ in proposed(program):
        ast.parse(whole)


def test_imports_that_the_opening_lacks_stay() -> None:
    program = f"import math\n{OPENING}\nimport json\nprint(math.sqrt(4), json.dumps(1), events['M'][0])\n"
    body = proposed(program)[0][1]
    assert body.startswith("import math\nimport json\n")


@pytest.mark.parametrize(
    "program",
    [
        'import uproot\nprint(uproot.open("zmumu.root")["events"].arrays().M[0])\n',
        'import uproot\nwith uproot.open("zmumu.root") as f:\n    print(f["events"].arrays().M[0])\n',
        'import uproot\nx = uproot.open("other.root")["events"].arrays()\nprint(x.M)\n',
        'import uproot\nx = uproot.open("zmumu.root")["events"].arrays(); print(x.M)\n',
        'x = y = open("zmumu.root")\nprint(x)\n',
        "def (:\n",
        'x = "zmumu.root"\n',
        "",
    ],
)
def test_what_cannot_be_cut_stays_as_it_is(program: str) -> None:
    assert proposed(program) == [(program, program)]


def test_a_wide_file_is_opened_with_the_columns_named() -> None:
    columns = tuple(Column(name=f"c{i}", type="float") for i in range(100))
    wide = DataSummary(path="/x/wide.root", kind="root", sha256="", size_bytes=1, tables=(Table(name="t", columns=columns),))
    program = (
        'import uproot\nevents = uproot.open("wide.root")["t"].arrays(["c7", "c9"])\nprint(events["c7"] + events["c9"])\n'
    )
    whole = proposed(program, wide)[0][0]
    assert '.arrays(["c7", "c9"])' in whole


def test_functions_are_told_what_they_are_for() -> None:
    text = 'Write double(x): "twice" x. double(2) == 4, double(0) == 0'
    request = Request(text=text, expectations=tuple(expectations_in(text)))
    program = "import math\n\ndef helper(x):\n    return x\n\ndef double(x):\n    # twice\n    return helper(x) * 2\n"
    (whole, body), last = forms(program, request)
    assert whole == body
    assert 'def double(x):\n    # twice\n    """Write double(x): "twice" x."""\n    return' in whole
    assert last == (program, program)
    told = 'def double(x):\n    """Twice."""\n    return 2 * x\n'
    assert list(forms(told, request)) == [(told, told)]
    for short in ("def double(x): return 2 * x\n", "double = lambda x: 2 * x\n", "def (", ""):
        assert list(forms(short, request)) == [(short, short)]


def test_statements_stay_as_they_are() -> None:
    request = Request(text="How many?", data=DATA, language="sql")
    assert list(forms("SELECT 1", request)) == [("SELECT 1", "SELECT 1")]


@given(st.text(max_size=80), st.sampled_from([None, DATA]))
def test_any_text_has_a_form(program: str, data: DataSummary | None) -> None:
    found = proposed(program, data)
    assert found[-1] == (program, program)


# ----------------------------------------------------------------------------------------------------- comparing


def test_layout_and_comments_make_no_other_program() -> None:
    assert same_program("x = 1\n", "x = 1  # one\n\n", "python")
    assert same_program("x = (1)", "x = 1", "python")
    assert not same_program("x = 1", "x = 2", "python")
    assert same_program("def (", "def (  \n", "python")
    assert not same_program("def (", "def [", "python")
    assert same_program("SELECT a\nFROM t;", "SELECT a FROM t", "sql")
    assert not same_program("SELECT a FROM t", "SELECT b FROM t", "sql")


# ------------------------------------------------------------------------------------------------- what it needs


def test_only_the_tables_and_columns_that_are_named_are_kept() -> None:
    kept = named_in('print(events["pt1"], "M is not used")', DATA, "python")
    assert [c.name for c in kept.tables[0].columns] == ["pt1"]
    tables = tuple(
        Table(name=name, columns=tuple(Column(name=c, type="REAL") for c in columns))
        for name, columns in (("particle", ("name", "mass")), ("Decay", ("parent", "width")), ("other", ("mass",)))
    )
    data = DataSummary(path="p.sqlite", kind="sqlite", sha256="", size_bytes=1, tables=tables)
    kept = named_in("SELECT name FROM Particle AS p JOIN decay AS d ON d.parent = p.name", data, "sql")
    assert [(t.name, [c.name for c in t.columns]) for t in kept.tables] == [("particle", ["name"]), ("Decay", ["parent"])]
    assert [t.name for t in named_in("SELECT 1", data, "sql").tables] == ["particle"]
