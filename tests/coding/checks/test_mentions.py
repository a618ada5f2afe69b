"""'Uses what was asked': requests with programs that do and that do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.checks.mentions import unused_mentions
from treadle.types import Column, DataSummary, Table

COLUMNS = (
    "Run",
    "Event",
    "pt1",
    "eta1",
    "phi1",
    "Q1",
    "pt2",
    "eta2",
    "phi2",
    "Q2",
    "M",
    "Muon_pt",
    "Muon_eta",
    "MET_pt",
    "mass",
    "time",
    "event",
)
DATA = DataSummary(
    path="z.root",
    kind="root",
    sha256="",
    size_bytes=1,
    tables=(Table(name="events", columns=tuple(Column(name=name, type="double") for name in COLUMNS)),),
)

USES = [
    ("What is the mean of pt1?", "print(ak.mean(events.pt1))"),
    ("What is the mean of pt1?", "print(ak.mean(events['pt1']))"),
    ("Mean of pt1 for events with pt2 > 40 GeV", "sel = events[events.pt2 > 40.0]\nprint(ak.mean(sel.pt1))"),
    ("Mean of pt1 for events with pt2 above 40", "print(df.query('pt2 > 40').pt1.mean())"),
    ("Mean of pt1 for events with pt2 above 40", "print(tree.arrays(['pt1'], cut='pt2 > 40')['pt1'])"),
    ("How many events have opposite charge (Q1 * Q2 < 0)?", "print(np.sum(events.Q1 * events.Q2 < 0))"),
    ("Select events with exactly two muons", "print(ak.sum(ak.num(events.Muon_pt) == 2))"),
    ("Select events with at least two muons", "print(ak.sum(ak.num(events.Muon_pt) > 1))"),
    ("Invariant mass of the two muons", "m = f(events.pt1, events.pt2)\nprint(m)"),
    ("What is the mean invariant mass of the two muons?", "print(ak.mean(events.M))"),
    ("Invariant mass of the two leading muons", "a, b = mu[:, 0], mu[:, 1]\nprint((a + b).mass)"),
    ("Histogram of M with 50 bins from 60 to 120", "h = np.histogram(events.M, bins=50, range=(60, 120))\nprint(h)"),
    ("Histogram of M with 50 bins between 60 and 120 GeV", "h = np.histogram(events.M, np.linspace(60, 120, 51))\nprint(h)"),
    ("Histogram of M, 50 bins, 60-120 GeV", "h = hist.Hist.new.Reg(50, 60, 120).Double()\nh.fill(events.M)"),
    ("Count events with |eta1| < 2.4", "print(np.sum(abs(events.eta1) < 2.4))"),
    ("Count events with eta1 > -2.4", "print(np.sum(events.eta1 > -2.4))"),
    ("Fraction of events in the top 10 % of pt1", "print(np.quantile(events.pt1, 0.9))"),
    ("Mean of Muon_pt in MeV for muons over 20 GeV", "p = events.Muon.pt * 1000\nprint(p[p > 20000].mean())"),
    (
        "Delta R of the muons below 0.4",
        "dr2 = (events.eta1 - events.eta2)**2 + (events.phi1 - events.phi2)**2\nprint(dr2 < 0.16)",
    ),
    ("Mean of pt1 and pt2", "for i in (1, 2):\n    print(ak.mean(events[f'pt{i}']))"),
    ("Mean of pt1 and pt2", "for i in '12':\n    print(ak.mean(events['pt' + i]))"),
    ("Mean of pt1 and pt2", "for c in events.fields:\n    print(c, ak.mean(events[c]))"),
    ("Write moving_average(v, n): with a window of 3 by default", "def moving_average(v, n=3):\n    return sum(v[:n]) / n"),
    ("Write longest_run(s). longest_run('aab') == 2, longest_run('') == 0", "def longest_run(s):\n    return len(s)"),
    ("Write add(a, b): the sum of two numbers", "def add(a, b):\n    return a + b"),
    ("Write mean(v), rounded to 3 decimals", "def mean(v):\n    return sum(v) / len(v)"),
    ("Write is_even(n) for numbers up to 1000, e.g. 12", "def is_even(n):\n    assert n <= 1000\n    return n % 2 == 0"),
    ("1. Open the file\n2. Print the mean of pt1", "print(ak.mean(events.pt1))"),
    ("In CMS 2015 data at 13 TeV, what is the mean of pt1?", "print(ak.mean(events.pt1))"),
    ("The file has columns pt1, pt2 and M. What is the mean of pt1?", "print(ak.mean(events.pt1))"),
    ("What is the mean of pt1?" + " word" * 100_000, "print(ak.mean(events.pt1))"),  # hours where time grows by the square
    ("How much time does muon 1 need? Print pt1.", "print(events.pt1)"),
    (
        "Build a four-vector from pt1, eta1, phi1",
        "v = vector.zip({'pt': events.pt1, 'eta': events.eta1, 'phi': events.phi1})\nprint(v)",
    ),
    ("The angle in phi1 is below 90 degrees", "print(np.sum(events.phi1 < np.pi / 2))"),
    ("Seconds in 2 hours", "print(7200)"),
    ("Count rows where pt1 is above 1,000", "SELECT count(*) FROM events WHERE pt1 > 1000"),
    ("The mass of events that have Run", "print(events.M, events.mass, events.Run)"),
    ("Print the three highest values of pt1", "print(sorted(events.pt1)[-3:])"),
    ("Write power_of_two(n): whether n is a power of 2", "def power_of_two(n):\n    return n & (n - 1) == 0"),
    ("Write ranges(t) that expands a text like '1-3,7' to a list", "def ranges(t):\n    return t.split(',')"),
    ("The mean number of muons by event", "print(ak.mean(ak.num(events.Muon_pt)))"),
    ("Write log(x) in base 10", "def log(x):\n    return math.log10(x)"),
]

IGNORES = [
    ("What is the mean of pt1?", "print(ak.mean(events.pt2))", ["the column pt1"]),
    ("Mean of pt1 for events with pt2 > 40 GeV", "print(ak.mean(events.pt1))", ["the column pt2", "40"]),
    ("Mean of pt1 for events with pt2 > 40 GeV", "print('pt2 > 40:', ak.mean(events.pt1))", ["the column pt2", "40"]),
    (
        "Mean of pt1 for events with pt2 > 40 GeV",
        "# pt2 > 40\nprint(f'pt2 over 40: {ak.mean(events.pt1):.40f}')",
        ["the column pt2", "40"],
    ),
    ("Mean of pt1 where pt1 > 40", "print(ak.mean(events.pt1[events.pt1 > 30]))", ["40"]),
    ("Select events with exactly two muons", "print(len(events.Muon_pt))", ["two"]),
    ("Select events with exactly two muons", "print(events.Muon_pt[:, 0] + events.Muon_pt[:, 1])", ["two"]),
    ("Events with at least 3 muons", "print(ak.sum(ak.num(events.Muon_pt) == 2))", ["3"]),
    ("Histogram of M with 50 bins from 60 to 120", "print(np.histogram(events.M, bins=100))", ["50", "60", "120"]),
    ("Count events with |eta1| < 2.4", "print(np.sum(abs(events.eta1) < 2.5))", ["2.4"]),
    ("The 90 % quantile of pt1", "print(np.median(events.pt1))", ["90 %"]),
    ("Mean of `mass`", "print(ak.mean(events.pt1))", ["the column mass"]),
    ("Histogram of mass", "print(ak.mean(events.pt1))", ["the column mass"]),
    ("Opposite charge: Q1 * Q2 < 0, count them", "print(len(events.pt1))", ["the column Q1", "the column Q2"]),
    ("Mean of MET_pt by Run", "print(ak.mean(events.MET_pt))", []),
    ("Write smooth(v) with a window of five", "def smooth(v):\n    return v", ["five"]),
    ("Write chunks(v): lists of length 4", "def chunks(v):\n    return [v]", ["4"]),
    ("Count rows where pt1 is above 1,000", "SELECT count(*) FROM events", ["the column pt1", "1,000"]),
    ("Print the top three values of pt1", "print(max(events.pt1))", ["three"]),
    ("Seconds in 2 hours", "print(60)", ["2"]),
]


@pytest.mark.parametrize(("request_text", "program"), USES)
def test_programs_that_use_what_was_asked(request_text: str, program: str) -> None:
    assert unused_mentions(program, request_text, DATA) == []


@pytest.mark.parametrize(("request_text", "program", "ignored"), IGNORES)
def test_programs_that_ignore_a_part(request_text: str, program: str, ignored: list[str]) -> None:
    doubts = unused_mentions(program, request_text, DATA)
    assert sorted(doubts) == sorted(f"the request mentions {what}, the program does not use it" for what in ignored)


def test_a_degenerate_program() -> None:
    assert unused_mentions("print(" + " + ".join(["40"] * 900) + ")", "events with pt1 above 40", None) == []


def test_without_data_no_column_is_missed() -> None:
    assert unused_mentions("print(1)", "Mean of pt1", None) == []


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 10_000))
def test_a_number_that_is_used_raises_no_doubt(number: int) -> None:
    request = f"Count the events with pt1 above {number} GeV"
    assert unused_mentions(f"print(sum(events.pt1 > {number}))", request, DATA) == []
    assert len(unused_mentions("print(sum(events.pt1))", request, DATA)) == 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100), st.text(max_size=100))
def test_never_raises(program: str, request: str) -> None:
    unused_mentions(program, request, DATA)
