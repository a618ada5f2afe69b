"""Where the window goes: parts add up, what was left out is said with its reason, and one more example has its price."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from treadle.engines.llama import LlamaEngine
from treadle.engines.scripted import ScriptedEngine
from treadle.prompts import Ingredients, build_prompt, build_repair
from treadle.prompts.context import budget_line, context_data, context_of, counted_line, next_line
from treadle.threads.forms import from_plain, to_plain
from treadle.types import Capabilities, Completion, Draft, Example, LeftOut, Prompt

OPENING = 'import numpy as np\nimport uproot\n\nevents = uproot.open("t.root")["events"].arrays()\n'


class Windowed(ScriptedEngine):
    """Counts words exactly, in a window of 300."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, exact_token_counts=True, context_tokens=300)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def example(name: str, words: int = 1) -> Example:
    body = f"{name} = 1  # {'word ' * words}\n"
    return Example(id=f"p/{name}", request=f"What is {name}?", program=OPENING + body, body=body, pack="p", kind="data")


FOUR = tuple(example(name) for name in "abcd")
DATA = Ingredients(request="What is the mean?", preamble=OPENING, summary="t.root, 10 entries", examples=FOUR)


def built(ingredients: Ingredients, budget: int = 1000) -> Prompt:
    return build_prompt(Windowed([]), ingredients, budget)


def test_four_examples_all_in_order_within_the_window() -> None:
    found = context_of(built(DATA), DATA.request, "e", 50)
    assert [p.name for p in found.places if p.kind == "example"] == [
        "example p/d",
        "example p/c",
        "example p/b",
        "example p/a",
    ]
    assert found.prompt_tokens + found.draft_tokens + (found.free_tokens or 0) == 300
    assert sum(p.tokens for p in found.places) == 300
    assert sum(p.share for p in found.places) == pytest.approx(1)
    assert {p.kind for p in found.places} == {
        "system", "data summary", "primer", "example", "conversation", "template", "draft", "free",
    }  # fmt: skip
    assert not found.left_out
    assert next_line(found) == "One more example: there is none"


def test_an_example_costs_what_it_adds() -> None:
    engine = Windowed([])
    without = build_prompt(engine, replace(DATA, examples=FOUR[:3]), 1000)
    whole = built(DATA)
    cost = next(p.tokens for p in whole.parts if p.name == "example p/d")
    assert cost == engine.count_tokens(engine.render(whole)) - engine.count_tokens(engine.render(without))


def test_the_next_example_that_would_fit_is_priced() -> None:
    spare = example("spare", 30)
    found = context_of(built(replace(DATA, spare=spare)), DATA.request, "e", 50)
    larger = built(replace(DATA, examples=(*FOUR, spare)))
    assert found.next_example is not None
    assert found.next_example.tokens == larger.tokens - found.prompt_tokens
    assert found.next_example.fits is True
    assert "at most 4 examples are shown" in next_line(found)
    assert "it would fit" in next_line(found)


def test_an_example_over_the_budget_is_named_with_those_behind_it() -> None:
    budget = built(replace(DATA, examples=FOUR[:2])).tokens
    found = context_of(built(DATA, budget), DATA.request, "e", 50)
    assert found.next_example is not None
    assert found.next_example.what == "example p/c"
    assert found.next_example.fits is False
    assert f"its budget is {budget}" in found.next_example.why
    assert [one.what for one in found.left_out] == ["one more example"]


def test_a_spare_example_over_the_budget_would_not_fit() -> None:
    tight = built(DATA).tokens
    found = context_of(built(replace(DATA, spare=example("spare", 5)), tight), DATA.request, "e", 50)
    assert found.next_example is not None
    assert found.next_example.fits is False


def test_a_prompt_that_does_not_fit_says_by_how_much() -> None:
    found = context_of(built(replace(DATA, request="word " * 400)), "word", "e", 50)
    assert found.free_tokens is not None
    assert found.free_tokens < 0
    assert f"{-found.free_tokens:,} tokens too long for a window of 300" in budget_line(found)
    assert not [p for p in found.places if p.kind == "free"]
    assert sum(p.share for p in found.places) == pytest.approx(1)


def test_what_was_left_out_before_is_kept_and_stored() -> None:
    lost = LeftOut(part="data summary", what="3 of 9 columns", why="the summary has a budget")
    prompt = built(replace(DATA, left_out=(lost,), spare=example("spare")))
    assert from_plain(Prompt, to_plain(prompt)) == prompt
    assert context_of(prompt, "r", "e", 50).left_out == (lost,)
    old = {k: v for k, v in to_plain(prompt).items() if k != "window"}
    assert from_plain(Prompt, old).window is None, "threads of before can be read"
    found = context_of(from_plain(Prompt, old), "r", "e", 50)
    assert (found.window_tokens, found.budget_tokens, found.exact) == (None, None, False)
    assert "does not say how long its window is" in budget_line(found)


def test_a_repair_counts_the_failed_draft_as_conversation() -> None:
    engine = Windowed([])
    prompt = built(DATA)
    draft = Draft(id="0.3", completion=Completion(text="x"), program=f"{OPENING}broken = events.nothing\n")
    repair = build_repair(engine, prompt, DATA, draft, "there is no column nothing")
    found = context_of(repair, DATA.request, "e", 50)
    said = {p.name: p.source for p in found.places if p.kind == "conversation"}
    assert said == {"request": "the user", "failed draft": "draft 0.3", "repair": "verdicts on the failed draft"}
    assert repair.window == prompt.window
    assert found.prompt_tokens == engine.count_tokens(engine.render(repair))


def test_estimates_are_said_to_be_estimates() -> None:
    prompt = build_prompt(ScriptedEngine([]), DATA, 1000)
    assert counted_line(context_of(prompt, "r", "scripted:x", 50)).startswith("Estimated")
    assert counted_line(context_of(built(DATA), "r", "e", 50)).startswith("Counted by the vocabulary of e")


def test_forms() -> None:
    found = context_of(built(replace(DATA, request="<b>mean</b>")), "<b>mean</b>", "e", 50)
    data = context_data(found)
    assert sum(place["tokens"] for place in data["places"]) == data["window_tokens"] == 300
    html = found._repr_html_()
    assert "&lt;b&gt;mean&lt;/b&gt;" in html
    assert html.count("<div title=") == sum(1 for p in found.places if p.tokens)
    assert "window of e: 300 tokens" in html
    swatches = re.findall(r'<td [^>]*><span style="[^"]*background:([^"]+)"></span>([^<]+)', html)
    assert [kind for _, kind in swatches] == [p.kind for p in found.places], "every row is a key to the bar"
    assert all(f"background:{colour};border-right" in html for colour, kind in swatches)


@pytest.mark.model
def test_counts_are_those_of_the_model(llama: LlamaEngine) -> None:
    prompt = build_prompt(llama, DATA, 1400)
    found = context_of(prompt, DATA.request, llama.identity.name, 256)
    assert found.exact
    assert found.window_tokens == llama.capabilities.context_tokens
    assert found.prompt_tokens == llama.count_tokens(llama.render(prompt)) == sum(p.tokens for p in prompt.parts)
    assert all(p.tokens >= 0 for p in prompt.parts)
