"""What is known of a request's world becomes what its drafts may say: names of modules, columns of the file, the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from treadle.coding.grounded import facts_of, known_facts, python_guide, sql_guide
from treadle.coding.names_index import Index
from treadle.grounding.base import Guide
from treadle.sandbox.base import Sandbox
from treadle.types import Column, DataSummary, Prompt, Status, Table

pytest.importorskip("llguidance")

from treadle.grounding.accept import accepts

TREE = Table(name="events", columns=tuple(Column(name=n, type="float") for n in ("Muon_pt", "Muon_eta", "MET_pt")))
ROOT = DataSummary(path="x.root", kind="root", sha256="0" * 64, size_bytes=1, tables=(TREE,))
PREAMBLE = 'import awkward as ak\nimport numpy as np\nimport uproot\n\nevents = uproot.open("x.root")["events"].arrays()\n'
HEADER = '\n\ndef request_1(events):\n    """Count."""'
STOPS = ("```", "\ndef ", "\n#")


def guided(primer: str, preamble: str, sandbox: Sandbox) -> Guide:
    prompt = Prompt(messages=(), primer=primer, program_prefix=preamble, body_indent=4, stop=STOPS)
    guide = python_guide(prompt, preamble, known_facts(preamble, ROOT, sandbox))
    assert guide is not None
    return guide


@pytest.fixture(scope="module")
def guide(sandbox: Sandbox) -> Guide:
    return guided(f"```python\n{PREAMBLE}{HEADER}", PREAMBLE, sandbox)


@pytest.mark.parametrize(
    "body",
    [
        '\n    n = ak.sum(ak.num(events["Muon_pt"]) >= 2)\n    print(f"METRIC: n={n}")\n',
        "\n    pt = events.Muon_pt[events.MET_pt > 20]\n    print(np.linalg.norm(ak.to_numpy(pt[0])))\n",
        '\n    total = 0\n    for x in events["MET_pt"]:\n        total += x\n    print(total)\n',
        '\n    rows = [e for e in events["Muon_eta"] if len(e)]\n    print(len(rows))\n',
    ],
)
def test_what_exists_may_be_written(guide: Guide, body: str) -> None:
    assert accepts(guide, body) is None


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ('\n    n = np.count(events["Muon_pt"])\n', "np.count"),
        ("\n    x = np.linalg.nrm(1)\n", "np.linalg.n"),
        ('\n    x = ak.sum(events["Muon_ptx"])\n', 'events["Muon_pt'),
        ("\n    print(undefined_name)\n", "print("),
        ("\n    print((1])\n", "print((1"),
        ("\n    return 1\n", "\n    "),
    ],
)
def test_what_does_not_exist_may_not(guide: Guide, body: str, last: str) -> None:
    end = accepts(guide, body)
    assert end is not None
    assert body.index(last) <= end < len(body.rstrip("\n"))


def test_lines_that_a_repair_keeps_say_nothing_of_the_columns(sandbox: Sandbox) -> None:
    kept = '\n    both = events[["Muon_pt", "Muon_eta"]]'
    guide = guided(f"```python\n{PREAMBLE}{HEADER}{kept}", PREAMBLE, sandbox)
    assert accepts(guide, '\n    print(ak.mean(events["MET_pt"]), both)\n') is None


def test_of_a_wide_tree_only_the_columns_that_were_read_exist() -> None:
    listed = PREAMBLE.replace("arrays()", 'arrays(["Muon_pt", "MET_pt"])')
    assert facts_of(listed, ROOT, Index({})).columns == {"events": ["Muon_pt", "MET_pt"]}
    assert facts_of(PREAMBLE, ROOT, Index({})).columns == {"events": ["Muon_pt", "Muon_eta", "MET_pt"]}


def test_without_a_begun_answer_there_is_no_guide() -> None:
    facts = facts_of("", None, Index({}))
    assert python_guide(Prompt(messages=()), "", facts) is None
    assert python_guide(Prompt(messages=(), primer="```python\ndef"), "", facts) is None


def test_a_function_is_held_to_its_parameters(sandbox: Sandbox) -> None:
    prompt = Prompt(
        messages=(), primer='```python\n\ndef f(xs, k):\n    """Do."""', program_prefix="def f(xs, k):", stop=STOPS
    )
    guide = python_guide(prompt, "", known_facts("", None, sandbox))
    assert guide is not None
    assert accepts(guide, "\n    return [x * k for x in sorted(xs)]\n") is None
    assert accepts(guide, "\n    return ys\n") is not None


def test_statements_are_held_to_the_schema() -> None:
    guide = sql_guide(replace(ROOT, kind="sqlite"), "sqlite")
    assert guide is not None
    assert accepts(guide, " AVG(MET_pt) FROM events;") is None
    assert accepts(guide, " AVG(MET_px) FROM events;") is not None


def test_levels_of_statements_and_their_room() -> None:
    summary = replace(ROOT, kind="sqlite")
    assert sql_guide(summary, "sqlite", level="none") is None
    by_grammar, by_names = sql_guide(summary, "sqlite", level="grammar"), sql_guide(summary, "sqlite", level="names")
    assert by_grammar is not None
    assert by_names is not None
    assert accepts(by_grammar, " AVG(MET_px) FROM nowhere;") is None
    assert accepts(by_names, " AVG(MET_px) FROM events;") is not None
    at_its_end = sql_guide(summary, "sqlite", lambda written: 20 - len(written))
    assert at_its_end is not None
    assert accepts(at_its_end, " MET_pt FROM events;") is None
    assert accepts(at_its_end, " MET_pt FROM events WHERE MET_pt > 3;") is not None


def test_postgresql_tables_of_another_schema_are_not_held() -> None:
    table = replace(TREE, name="cms.events")
    assert sql_guide(replace(ROOT, kind="postgresql", tables=(table,)), "postgres") is None


def test_agreement_of_a_small_model_on_a_function_is_not_called_agreed(asking: Any) -> None:
    from treadle.engines.scripted import ScriptedEngine

    def answer(parameters: int | None) -> Status:
        engine = ScriptedEngine([["\n    return len(s)\n", "\n    return len(s) + 0\n"]])
        engine._identity = replace(engine.identity, parameters=parameters)
        text = "Write longest_run(s): the length of the longest run of equal characters."
        status: Status = asking(text, engine=engine, samples=2, repairs=0).answer.status
        return status

    assert answer(None) is Status.AGREED
    assert answer(135_000_000) is Status.RAN


def test_what_a_draft_makes_is_held_to_its_attributes(guide: Guide) -> None:
    assert accepts(guide, '\n    a = np.zeros(3)\n    a[0] = events["MET_pt"][0]\n    print(a.mean())\n') is None
    assert accepts(guide, "\n    a = np.zeros(3)\n    a.append(1)\n") is not None
    assert accepts(guide, "\n    a = []\n    a.append(1)\n    a = np.array(a)\n    print(a.mean())\n") is None
