"""Rows for data files are what inference shows, and their programs pass."""

from __future__ import annotations

import ast
import re
import textwrap
from itertools import islice

import pytest

from treadle.coding.ask import Tools
from treadle.prompts import build
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.build import END, NEXT, Tally, hep_rows
from treadle.synthesis.rows import Row

pytest.importorskip("uproot")
pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def made(tools: Tools) -> tuple[list[Row], Tally]:
    tally = Tally()
    return list(hep_rows(30, 3, tools, tally)), tally


def test_all_that_is_written_passes(made: tuple[list[Row], Tally]) -> None:
    rows, tally = made
    assert 30 <= tally.pairs.total() == sum(len(row.segments) for row in rows) <= 33
    assert not [f for f in tally.failures if "no directory to write to" not in f]


def test_the_same_seed_gives_the_same_rows(made: tuple[list[Row], Tally], tools: Tools) -> None:
    assert list(islice(hep_rows(30, 3, tools, Tally()), 4)) == made[0][:4]


def test_the_prompt_is_made_of_the_templates(made: tuple[list[Row], Tally]) -> None:
    rules = build.render_template("data_rules").strip()
    for row in made[0]:
        assert [m.role for m in row.messages] == ["user"]
        assert row.messages[0].content.startswith(f"{rules}\nfile ")
        first = row.segments[0][0]
        assert first.startswith("```python\nimport awkward as ak\nimport numpy as np\n")
        assert first.endswith('"""')


def test_pieces_of_a_row_make_one_python_file(made: tuple[list[Row], Tally]) -> None:
    for row in made[0]:
        text = "".join(given + learnt for given, learnt in row.segments)
        ast.parse(text.removeprefix("```python\n").removesuffix("```"))
        numbers = [int(n) for n in re.findall(r"^def request_(\d+)\(events\):$", text, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_drafts_are_taught_to_end_where_inference_stops_them(made: tuple[list[Row], Tally]) -> None:
    for row in made[0]:
        *before, last = [learnt for _, learnt in row.segments]
        assert last.endswith(END)
        assert all(learnt.endswith(NEXT) for learnt in before)
        for learnt in (*before, last):
            body = learnt.removesuffix(END).removesuffix(NEXT)
            assert not any(stop in body for stop in build.DATA_STOPS)
            ast.parse(textwrap.dedent(body))


def test_what_is_held_out_is_left_out(made: tuple[list[Row], Tally], tools: Tools) -> None:
    request = re.findall(r'"""(.*?)"""', made[0][0].segments[0][0])[-1]
    tally = Tally()
    row = next(hep_rows(30, 3, tools, tally, held_out=HeldOut([request])))
    assert tally.dropped["held out"] >= 1
    assert request not in row.segments[0][0]
