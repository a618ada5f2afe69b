"""From a request to its prompt: what kind of request it is, what of the data it needs, which examples fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.coding.expectations import requested_signature
from treadle.coding.shots import data_examples, function_examples
from treadle.data import mentioned_columns, relevant_columns, render
from treadle.prompts import Ingredients, build_prompt, focused, preamble
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.retrieval import Search
from treadle.types import Column, DataSummary, Expectation, Prompt, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["Plan", "make_plan"]

SUMMARY_TOKENS = 300
FOCUS_COLUMNS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The prompt of the first round with what it was made of."""

    prompt: Prompt
    ingredients: Ingredients


def make_plan(request: Request, tools: Tools, options: Options) -> Plan:
    """Summarise, choose examples, build the prompt."""
    search = Search([e for pack in tools.packs for e in pack.examples])
    if request.data is not None and request.data.tables:
        ingredients = _for_data(request, request.data, search, tools, options)
    else:
        ingredients = _for_function(request, search, options)
    return Plan(prompt=build_prompt(tools.engine, ingredients, options.prompt_tokens), ingredients=ingredients)


def _for_data(request: Request, data: DataSummary, search: Search, tools: Tools, options: Options) -> Ingredients:
    wide = len(data.tables[0].columns) >= WIDE_COLUMNS
    near = focused(data, _needed(data, request.text)) if wide else data
    opening = preamble(near, near.tables[0], wide)
    examples = []
    if options.shots:
        examples = data_examples(search, tools.packs, request.text, near, opening, tools.sandbox, options.shots)
    return Ingredients(
        request=request.text,
        preamble=opening,
        summary=render(near if wide else data, request.text, SUMMARY_TOKENS, tools.engine.count_tokens),
        examples=tuple(examples),
    )


def _needed(data: DataSummary, request: str) -> list[Column]:
    named = set(mentioned_columns(data, request))
    ranked = relevant_columns(data, request, max(FOCUS_COLUMNS, len(named)))
    return [*(c for c in data.tables[0].columns if c.name in named and c not in ranked), *ranked]


def _for_function(request: Request, search: Search, options: Options) -> Ingredients:
    signature = requested_signature(request.text)
    calls = [e for e in request.expectations if e.kind == "call" and e.origin == "request"]
    return Ingredients(
        request=request.text,
        examples=tuple(function_examples(search, request.text, options.shots)) if options.shots else (),
        signature=None if signature is None else f"{signature[0]}({signature[1]})",
        calls=tuple((e.subject, _shown(e)) for e in calls),
    )


def _shown(expectation: Expectation) -> str:
    return expectation.expected_source or repr(expectation.expected)
