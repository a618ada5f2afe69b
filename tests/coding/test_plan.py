"""From a request to its prompt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from summaries import summarise
from treadle.coding.ask import Options, Tools
from treadle.coding.expectations import expectations_in
from treadle.coding.plan import Plan, make_plan
from treadle.engines.scripted import ScriptedEngine
from treadle.prompts import request_examples
from treadle.retrieval import builtin_packs
from treadle.sandbox import Sandbox
from treadle.threads.base import Store
from treadle.types import Program, Request

ZMUMU = Path(__file__).parents[2] / "examples" / "data" / "zmumu.root"


@pytest.fixture
def plan(sandbox: Sandbox, store: Store) -> Callable[..., Plan]:
    def make(text: str, data: Path | None = None, **options: Any) -> Plan:
        summary = None if data is None else summarise(data)
        request = Request(text=text, data=summary, expectations=tuple(expectations_in(text)))
        tools = Tools(engine=ScriptedEngine([]), sandbox=sandbox, store=store, packs=builtin_packs())
        return make_plan(request, tools, Options(**options))

    return make


def test_a_function_request(plan: Callable[..., Plan]) -> None:
    made = plan("Write longest_run(s, k=1): the longest run. longest_run('aab') == 2")
    assert made.ingredients.kind == "function"
    assert made.ingredients.signature == "longest_run(s, k=1)"
    assert made.ingredients.calls == (("longest_run('aab')", "2"),)
    assert made.prompt.program_prefix == "def longest_run(s, k=1):"
    assert 1 <= len(request_examples(made.prompt.parts)) <= 4


def test_a_function_request_without_a_signature(plan: Callable[..., Plan]) -> None:
    made = plan("I need something that finds the longest run of equal characters in a text.")
    assert made.ingredients.signature is None
    assert made.prompt.program_prefix == "def"


def test_expected_values_of_options_are_not_shown(plan: Callable[..., Plan], sandbox: Sandbox, store: Store) -> None:
    from treadle.coding.expectations import parse_expect

    hidden = parse_expect("f(3) == 918273")
    request = Request(text="Write f(x): something.", expectations=(hidden,))
    tools = Tools(engine=ScriptedEngine([]), sandbox=sandbox, store=store, packs=())
    made = make_plan(request, tools, Options())
    assert "918273" not in tools.engine.render(made.prompt)


@pytest.mark.parametrize("text", ["What is the mean of M?", "What is the correlation of pt1 and pt2?", "How many events?"])
def test_a_data_request(plan: Callable[..., Plan], sandbox: Sandbox, text: str) -> None:
    """Every example shown was run on the user's file; run it again as it stands in the prompt."""
    made = plan(text, ZMUMU)
    assert made.ingredients.kind == "data"
    assert made.prompt.body_indent == 4
    assert made.ingredients.examples
    for example in made.ingredients.examples:
        assert example.program == made.ingredients.preamble + example.body
        run = sandbox.run(Program(source=example.program), [ZMUMU])
        assert run.ok, (example.program, run.error)
        assert "METRIC: " in run.stdout or run.artifacts
    assert made.prompt.tokens <= Options().prompt_tokens


def test_no_examples(plan: Callable[..., Plan]) -> None:
    assert request_examples(plan("What is the mean of M?", ZMUMU, shots=0).prompt.parts) == []
    assert request_examples(plan("Write f(x): x.", shots=0).prompt.parts) == []


def test_a_small_budget(plan: Callable[..., Plan]) -> None:
    made = plan("What is the mean of M?", ZMUMU, prompt_tokens=10)
    assert request_examples(made.prompt.parts) == []
    assert "What is the mean of M?" in made.prompt.primer


def test_of_a_wide_file_the_columns_that_are_asked_for(plan: Callable[..., Plan], tmp_path: Path) -> None:
    path = tmp_path / "wide.root"
    names = [f"c{i}" for i in range(500)]
    with uproot.recreate(path) as file:
        file.mktree("t", dict.fromkeys(names, np.dtype("f4")))
        file["t"].extend({n: np.zeros(3, "f4") for n in names})
    made = plan("What is the mean of c321 and c7?", path)
    assert '"c321"' in made.ingredients.preamble
    assert '"c7"' in made.ingredients.preamble
    assert made.ingredients.preamble.count('"c') < 30
    assert made.prompt.tokens <= Options().prompt_tokens
