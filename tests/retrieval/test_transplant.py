"""Examples moved onto another file: still Python, only with its columns, in their shapes; numbers of the request put in."""

from __future__ import annotations

import ast
import time
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from treadle.retrieval.transplant import columns_used, transplant, with_numbers
from treadle.types import Column, Example, Table

PREAMBLE = "events = None\n"


def table(*columns: str, name: str = "t") -> Table:
    """``Jet_pt*`` is a jagged column."""
    made = tuple(Column(name=c.rstrip("*"), type="double", shape="jagged" if c.endswith("*") else "flat") for c in columns)
    return Table(name=name, columns=made, entries=10)


def example(request: str, body: str) -> Example:
    return Example(id="p/e", request=request, program=PREAMBLE + body, body=body, pack="p", kind="data")


MEAN = example(
    "What is the mean of mu1_pt?", 'mean_mu1_pt = np.mean(events["mu1_pt"])\nprint(f"METRIC: mean_mu1_pt={mean_mu1_pt}")\n'
)
SOURCE = table("mu1_pt", "mu1_eta", "mu2_pt", "mu2_eta", "Jet_pt*", "Jet_eta*")
ZMUMU = table("pt1", "eta1", "phi1", "Q1", "pt2", "eta2", "phi2", "Q2", "M")
NANO = table("nMuon", "Muon_pt*", "Muon_eta*", "Jet_pt*", "Jet_eta*", "MET_pt")


def moved(one: Example, target: Table, request: str, source: Table = SOURCE) -> list[Example]:
    return list(transplant(one, source, target, PREAMBLE, request))


# ---------------------------------------------------------------------------------------------------- by example


@pytest.mark.parametrize(
    ("request_", "column"),
    [("What is the mean of pt1?", "pt1"), ("What is the mean of pt2?", "pt2"), ("What is the mean of M?", "M")],
)
def test_the_column_that_is_named(request_: str, column: str) -> None:
    best = moved(MEAN, ZMUMU, request_)[0]
    assert columns_used(best.body, frozenset(c.name for c in ZMUMU.columns)) == [column]
    assert best.program == PREAMBLE + best.body
    assert column in best.request
    assert "mu1_pt" not in best.body + best.request


def test_two_columns_keep_their_order() -> None:
    both = example(
        "What is the correlation of mu1_pt and mu2_pt?", 'print(np.corrcoef(events["mu1_pt"], events["mu2_pt"])[0, 1])\n'
    )
    best = moved(both, ZMUMU, "What is the correlation of pt1 and pt2?")[0]
    assert best.body == 'print(np.corrcoef(events["pt1"], events["pt2"])[0, 1])\n'
    assert best.request == "What is the correlation of pt1 and pt2?"


def test_a_jagged_column_never_takes_the_place_of_a_flat_one() -> None:
    for request in ("What is the mean of Muon_pt?", "What is the mean muon pt?", "What is the mean of Jet_pt?"):
        for one in moved(MEAN, NANO, request):
            assert set(columns_used(one.body, frozenset(c.name for c in NANO.columns))) <= {"MET_pt", "nMuon"}


def test_objects_are_named_anew() -> None:
    jets = example(
        "How many jets have Jet_pt above 30?", 'n_jets = ak.sum(events["Jet_pt"] > 30)\nprint(f"METRIC: n_jets={n_jets}")\n'
    )
    best = moved(jets, NANO, "How many muons have Muon_pt above 30?")[0]
    assert 'events["Muon_pt"]' in best.body
    assert best.request == "How many muons have Muon_pt above 30?"
    assert "n_muons" in best.body


def test_an_example_without_a_counterpart_is_left_out() -> None:
    assert moved(MEAN, table("time_ns", "name"), "What is the mean of charge?") == []


def test_an_example_without_columns_fits_every_file() -> None:
    count = example("How many events are in the file?", 'print(f"METRIC: n={len(events)}")\n')
    assert [e.body for e in moved(count, table("x"), "How many rows?")] == [count.body]


def test_nothing_changes_on_its_own_file() -> None:
    assert moved(MEAN, SOURCE, MEAN.request)[0] == MEAN


def test_columns_used_are_string_constants_only() -> None:
    body = 'pt = events["eta"]\nx = events.phi\nprint("pt", f"{pt}", "M")\n'
    assert columns_used(body, frozenset({"pt", "eta", "phi", "M"})) == ["eta", "pt", "M"]


# ---------------------------------------------------------------------------------------------------- properties

QUANTITIES = ("pt", "eta", "phi", "mass", "charge")
names = st.builds(
    lambda object_, quantity, index, jagged: f"{object_}{index}_{quantity}{'*' if jagged else ''}",
    st.sampled_from(["mu", "Jet", "Electron", "el", "trk", "x"]),
    st.sampled_from(QUANTITIES),
    st.sampled_from(["", "1", "2"]),
    st.booleans(),
)
tables = st.lists(names, min_size=1, max_size=8, unique_by=lambda n: n.rstrip("*")).map(lambda cs: table(*cs))


def program(columns: Sequence[str]) -> str:
    lines = [f'v{i}_{c} = events["{c}"]\nprint(f"METRIC: {c}={{np.mean(v{i}_{c})}}")' for i, c in enumerate(columns)]
    return "\n".join(lines) + "\n"


@settings(deadline=None, max_examples=80)
@given(tables, tables, st.data())
def test_what_moves_is_python_with_columns_of_the_target_in_their_shapes(
    source: Table, target: Table, data: st.DataObject
) -> None:
    columns = data.draw(st.lists(st.sampled_from([c.name for c in source.columns]), min_size=1, max_size=3, unique=True))
    said = data.draw(st.lists(st.sampled_from([c.name for c in target.columns]), max_size=3, unique=True))
    one = example(f"What is the mean of {' and '.join(columns)}?", program(columns))
    shapes = {c.name: c.shape for c in source.columns}, {c.name: c.shape for c in target.columns}
    for found in moved(one, target, f"What is the mean of {' and '.join(said)}?", source):
        ast.parse(found.body)
        constants = [n.value for n in ast.walk(ast.parse(found.body)) if isinstance(n, ast.Subscript)]
        assert len(constants) == len(columns)
        used = [
            n.slice.value
            for n in ast.walk(ast.parse(found.body))
            if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant)
        ]
        assert set(used) <= set(shapes[1]), "a column of the example's own file is left"
        assert sorted(shapes[1][u] for u in used) == sorted(shapes[0][c] for c in columns)
        assert found.program == PREAMBLE + found.body
        assert (found.id, found.pack, found.kind) == (one.id, one.pack, one.kind)


@settings(deadline=None, max_examples=60)
@given(tables, st.data())
def test_identity_on_the_same_table(source: Table, data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from([c.name for c in source.columns]), min_size=1, max_size=3, unique=True))
    one = example(f"What is the mean of {' and '.join(columns)}?", program(columns))
    assert moved(one, source, one.request, source)[0] == one


@settings(deadline=None, max_examples=60)
@given(tables, tables, st.text(max_size=40))
def test_any_request_does(source: Table, target: Table, request: str) -> None:
    one = example("x", program([source.columns[0].name]))
    for found in moved(one, target, request, source):
        ast.parse(found.body)


# ------------------------------------------------------------------------------------------------------- numbers

CUT = example(
    "How many events have M between 80 and 100?",
    'mask = (events["M"] > 80) & (events["M"] < 100)\nprint(f"METRIC: n={np.sum(mask)}")\n',
)


def test_numbers_take_each_others_place() -> None:
    found = with_numbers(CUT, "Count the events with M from 40.5 to 60.")
    assert found.request == "How many events have M between 40.5 and 60?"
    assert found.body == CUT.body.replace("80", "40.5").replace("100", "60")
    assert found.program == PREAMBLE + found.body


def test_swapped_numbers() -> None:
    found = with_numbers(CUT, "How many events have M between 100 and 80?")
    assert found.body == CUT.body.replace("100", "?").replace("80", "100").replace("?", "80")


@pytest.mark.parametrize(
    "request_",
    ["How many events have M above 80?", "How many?", "between 1 and 2 and 3", "M between 80 and 100", "pt1 and pt2"],
)
def test_numbers_are_left_alone_where_they_do_not_pair(request_: str) -> None:
    assert with_numbers(CUT, request_) == CUT


def test_number_words() -> None:
    least = example("How many events have at least two jets?", 'print(f"METRIC: n={np.sum(events["n"] >= 2)}")\n')
    assert with_numbers(least, "Which events have at least three muons?").body == least.body.replace(">= 2", ">= 3")
    assert with_numbers(least, "at least 4 muons").request == "How many events have at least 4 jets?"


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        ("What is the 90 % quantile?", "np.quantile(x, 0.9)\n"),
        ("the first 3 events", "x[:4]\n"),
        ("bins of 20", "np.histogram(x, 21)\n"),
        ("the leading 2", "events['pt'][2]\n"),
    ],
)
def test_a_number_that_is_not_said_in_the_program_stays(request_: str, body: str) -> None:
    one = example(request_, body)
    assert with_numbers(one, request_.replace("90", "75").replace("20", "10").replace("3", "5").replace("2", "7")) == one


def test_numbers_within_names_stay() -> None:
    one = example("pt1 above 20", 'x = events["pt1"] > 20\ny1 = 1\n')
    assert with_numbers(one, "pt1 above 35").body == 'x = events["pt1"] > 35\ny1 = 1\n'


@settings(deadline=None, max_examples=80)
@given(st.lists(st.integers(0, 999), min_size=1, max_size=4), st.lists(st.integers(0, 999), min_size=1, max_size=4))
def test_numbers_are_positional(old: list[int], new: list[int]) -> None:
    assume(len(set(old)) == len(old))
    one = example(" and ".join(f"above {v}" for v in old), "x = (" + " , ".join(f"a > {v}" for v in old) + ")\n")
    found = with_numbers(one, " or ".join(f"over {v}" for v in new))
    if len(old) != len(new):
        assert found == one
    else:
        assert found.body == "x = (" + " , ".join(f"a > {v}" for v in new) + ")\n"
        assert found.request == " and ".join(f"above {v}" for v in new)


# --------------------------------------------------------------------------------------------------------- time


@pytest.mark.parametrize(
    "request_",
    ["a" * 20_000, "pt1 " * 5_000, "1 " * 5_000, "1." * 10_000, "-" * 20_000, "mu1_" * 5_000, "two" * 7_000, "\n" * 20_000],
)
def test_long_requests_take_no_long_time(request_: str) -> None:
    wide = table(*(f"c{i}_pt" for i in range(300)), "pt1", "M")
    started = time.process_time()  # of this process: other tests run beside it
    list(transplant(MEAN, SOURCE, wide, PREAMBLE, request_))
    with_numbers(CUT, request_)
    assert time.process_time() - started < 3
