"""The plain types: frozen, keyword-only, and nothing but what their fields say."""

from __future__ import annotations

import dataclasses

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
    ("field", "value"), [("max_tokens", 0), ("temperature", -0.1), ("top_p", 0.0), ("top_p", 1.1)], ids=str
)
def test_samplings_that_make_no_sense(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{field} must .*{value}"):
        Sampling(**{field: value})


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
