"""From a request to its prompt: what kind of request it is, what of the data it needs, which examples fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from treadle.coding.expectations import requested_signature
from treadle.coding.shots import Shots, data_examples, function_examples
from treadle.data import Rendered, mentioned_columns, relevant_columns, rendered
from treadle.prompts import Ingredients, build_prompt, focused, preamble
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.retrieval import Search
from treadle.types import Column, DataSummary, Expectation, LeftOut, Prompt, Request

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
    shots = Shots()
    if options.shots:
        shots = data_examples(search, tools.packs, request.text, near, opening, tools.sandbox, options.shots)
    told = rendered(near if wide else data, request.text, SUMMARY_TOKENS, tools.engine.count_tokens)
    return Ingredients(
        request=request.text,
        preamble=opening,
        summary=told.text,
        examples=shots.examples,
        spare=shots.spare,
        left_out=(*_columns_left(data, near, told), *shots.left_out),
    )


def _columns_left(data: DataSummary, near: DataSummary, told: Rendered) -> list[LeftOut]:
    """What the summary does not say of the file."""
    found, whole, kept = [], len(data.tables[0].columns), len(near.tables[0].columns)
    if kept < whole:
        why = f"of tables with {WIDE_COLUMNS} columns or more only those are read that the request may need"
        found.append(LeftOut(part="data summary", what=f"{whole - kept:,} of {whole:,} columns", why=why))
    why = f"the summary has a budget of {SUMMARY_TOKENS} tokens; columns that the request names or speaks of come first"
    if told.shown < told.total:
        what = f"{told.total - told.shown:,} of {told.total:,} columns"
        found.append(LeftOut(part="data summary", what=what, why=why))
    if not told.rich and (len(data.tables) > 1 or any(c.note for c in near.tables[0].columns)):
        found.append(LeftOut(part="data summary", what="other tables, and notes on columns", why=why))
    return found


def _needed(data: DataSummary, request: str) -> list[Column]:
    named = set(mentioned_columns(data, request))
    ranked = relevant_columns(data, request, max(FOCUS_COLUMNS, len(named)))
    return [*(c for c in data.tables[0].columns if c.name in named and c not in ranked), *ranked]


def _for_function(request: Request, search: Search, options: Options) -> Ingredients:
    signature = requested_signature(request.text)
    calls = [e for e in request.expectations if e.kind == "call" and e.origin == "request"]
    near = function_examples(search, request.text, options.shots + 1) if options.shots else []
    return Ingredients(
        request=request.text,
        examples=tuple(near[: options.shots]),
        spare=next(iter(near[options.shots :]), None),
        signature=None if signature is None else f"{signature[0]}({signature[1]})",
        calls=tuple((e.subject, _shown(e)) for e in calls),
    )


def _shown(expectation: Expectation) -> str:
    return expectation.expected_source or repr(expectation.expected)
