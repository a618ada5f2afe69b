"""The plain types: frozen, keyword-only, and nothing but what their fields say."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest

from treadle import types
from treadle.types import Column, Completion, DataSummary, Message, Prompt, PromptPart, Run, Sampling, Table, Token

CLASSES = [getattr(types, name) for name in types.__all__ if dataclasses.is_dataclass(getattr(types, name))]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_type_is_frozen_and_keyword_only(kind: type) -> None:
    assert kind.__dataclass_params__.frozen
    assert all(f.kw_only for f in dataclasses.fields(kind))
    assert "__slots__" in vars(kind)
    assert kind.__doc__
    assert not kind.__doc__.startswith(f"{kind.__name__}(")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("max_tokens", [0, -1, 1.5, True]),
        ("temperature", [-0.1, math.nan, math.inf, -math.inf]),
        ("top_p", [0.0, 1.1, -1, math.nan, math.inf]),
        ("min_p", [-0.1, 1.0, 2, math.nan]),
        ("top_k", [-1, 2.0]),
        ("top_logprobs", [-1, 0.5]),
        ("seed", [2**64, -(2**63) - 1, 1.0]),
        ("stop", [("",), ("a", ""), "abc"]),
    ],
)
def test_samplings_that_make_no_sense(field: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"{field} must .*got {re.escape(repr(value))}"):
            Sampling(**{field: value})


@pytest.mark.parametrize(
    ("bias", "told"),
    [
        ({-1: 1.0}, "by its id, from 0 on, or by its text, got -1"),
        ({"": 1.0}, "or by its text, got ''"),
        ({3: math.nan}, "logit_bias of 3 must be a number, or -inf to forbid the token, got nan"),
        ({" a": math.inf}, "logit_bias of ' a' must .* got inf"),
    ],
)
def test_biases_that_make_no_sense(bias: dict[int | str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Sampling(logit_bias=bias)


def test_samplings_at_their_bounds() -> None:
    most = Sampling(temperature=0, top_p=1, min_p=0.99, top_k=0, seed=2**64 - 1, logit_bias={0: -math.inf, " a": -3})
    assert most == dataclasses.replace(most, seed=2**64 - 1)
    assert hash(most) == hash(dataclasses.replace(most))
    assert most != dataclasses.replace(most, logit_bias={})


def test_mean_log_probability() -> None:
    tokens = (Token(text="a", logprob=-1.0), Token(text="b", logprob=-2.0))
    assert Completion(text="ab", tokens=tokens).mean_logprob == -1.5
    assert Completion(text="ab").mean_logprob is None


def test_tokens_of_a_prompt() -> None:
    parts = tuple(PromptPart(name=n, source="x", text="", tokens=n_tokens) for n, n_tokens in [("a", 3), ("b", 4)])
    assert Prompt(messages=(Message(role="user", content="hi"),), parts=parts).tokens == 7


def test_column_names() -> None:
    tables = tuple(Table(name=t, columns=(Column(name=c, type="double"),)) for t, c in [("Events", "pt"), ("Runs", "lumi")])
    assert DataSummary(path="x.root", kind="root", sha256="", size_bytes=1, tables=tables).column_names == {"pt", "lumi"}


@pytest.mark.parametrize(
    "run",
    [
        Run(tier="t", exit_code=1),
        Run(tier="t", exit_code=None, signal=9),
        Run(tier="t", exit_code=0, error="ValueError: x"),
        Run(tier="t", exit_code=0, limit_hit="stopped: memory limit 2 GiB"),
    ],
    ids=["exit", "signal", "error", "limit"],
)
def test_a_run_that_is_not_ok(run: Run) -> None:
    assert not run.ok
    assert Run(tier="t", exit_code=0).ok
