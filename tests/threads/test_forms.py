"""Every plain type survives its JSON form, and a wrong form is an error that says where."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import treadle.types
from treadle.errors import UnknownNameError, UsageError
from treadle.threads.forms import from_plain, to_plain
from treadle.types import Answer, Completion, Draft, Prompt, PromptPart, Request, Run, Sampling, Verdict

TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=8)
FLOATS = st.floats(width=64)
HASHABLE = st.recursive(
    st.none() | st.booleans() | st.integers() | FLOATS | TEXT | st.binary(max_size=8) | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
PLAIN = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(HASHABLE, max_size=3)
        | st.dictionaries(HASHABLE | st.sampled_from(["$set", "$map", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(),
    float: FLOATS,
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    Any: PLAIN,
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value that a type annotation allows."""
    if kind in LEAVES:
        return LEAVES[kind]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{f.name: values_of(hints[f.name]) for f in dataclasses.fields(kind)})
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is types.UnionType:
        return st.one_of([st.none() if a is types.NoneType else values_of(a) for a in arguments])
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is frozenset:
        return st.frozensets(st.text(max_size=5), max_size=3)
    assert issubclass(origin, Mapping)
    keys = TEXT if arguments[1] is Any else st.text(max_size=5)
    return st.dictionaries(keys, values_of(arguments[1]), max_size=3)


def same(a: Any, b: Any) -> bool:
    """Equal in type and value all the way down, NaN to NaN and -0.0 to -0.0 included."""
    if type(a) is not type(b):
        return False
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (set, frozenset)):
        return same(sorted(a, key=canonical), sorted(b, key=canonical))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return bool(a == b) if isinstance(a, int) else repr(a) == repr(b)


def canonical(value: Any) -> str:
    """A text for sorting that does not depend on the order of a set."""
    if isinstance(value, (frozenset, tuple)):
        parts = [canonical(v) for v in value]
        return f"{type(value).__name__}{sorted(parts) if isinstance(value, frozenset) else parts}"
    return f"{type(value).__name__}{value!r}"


@pytest.mark.parametrize("kind", [Draft, Run, Verdict, Answer, Prompt, Request], ids=lambda kind: kind.__name__)
def test_forms_round_trip(kind: type) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(values_of(kind))
    def check(value: Any) -> None:
        text = json.dumps(to_plain(value), allow_nan=False)
        text.encode()  # strict: no lone surrogate either
        assert same(from_plain(kind, json.loads(text)), value)

    check()


@settings(max_examples=300, deadline=None)
@given(PLAIN)
def test_any_plain_value_round_trips(value: Any) -> None:
    run = Run(tier="t", exit_code=0, value=value)
    assert same(from_plain(Run, json.loads(json.dumps(to_plain(run), allow_nan=False))), run)


@pytest.mark.parametrize("kind", [n for n in treadle.types.__all__ if dataclasses.is_dataclass(getattr(treadle.types, n))])
def test_every_plain_type_has_a_form(kind: str) -> None:
    with pytest.raises(UsageError, match="expected an object with the fields of"):
        from_plain(getattr(treadle.types, kind), None)


@pytest.mark.parametrize(
    "value",
    [10**5000, -(10**5000), -0.0, "\ud83d\ude00", {"$x": 1}, {1: {2: 3}}, {"a": {"$b": ()}}],
    ids=lambda v: type(v).__name__,
)
def test_awkward_values(value: Any) -> None:
    run = Run(tier="t", exit_code=0, value=value)
    assert same(from_plain(Run, json.loads(json.dumps(to_plain(run)))).value, value)


def test_two_equal_sets_have_one_form() -> None:
    forms = {json.dumps(to_plain(Run(tier="t", exit_code=0, value=set(names)))) for names in ("abcdef", "fedcba")}
    assert len(forms) == 1


def test_mappings_stay_mappings() -> None:
    frozen = types.MappingProxyType({"a": 1})
    verdict = from_plain(Verdict, {"check": "c", "rung": "ran", "outcome": "passed", "reason": "", "evidence": {"a": 1}})
    assert verdict.evidence == frozen
    assert to_plain(dataclasses.replace(verdict, evidence=frozen))["evidence"] == {"a": 1}


def test_the_form_is_plain_to_read() -> None:
    part = PromptPart(name="rules", source="rules.md", text="Be brief.", tokens=4)
    assert to_plain(part) == {"name": "rules", "source": "rules.md", "text": "Be brief.", "tokens": 4}


def test_an_unknown_field_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown field of Request 'txet'\. Did you mean 'text'"):
        from_plain(Request, {"txet": "x"})


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Request, {}, "the field 'text' of Request is missing"),
        (Request, {"text": 1}, "text: expected text, got an integer"),
        (Request, {"text": "x", "expectations": [{}]}, r"expectations\[0\]: the field 'kind' of Expectation is missing"),
        (
            Completion,
            {"text": "x", "finish_reason": "stopped"},
            "finish_reason: expected one of 'stop', 'length', 'repeats', 'error'",
        ),
        (Completion, {"text": "x", "seed": 1.5}, "seed: expected an integer, got float"),
        (Completion, {"text": "x", "seed": True}, "seed: expected an integer, got bool"),
        (Completion, {"text": "x", "tokens": [{"text": "x", "logprob": "1"}]}, r"tokens\[0\].logprob: expected a number"),
        (Run, {"tier": "t", "exit_code": 0, "value": {"$what": 1}}, r"value: '\$what' is no form; known are"),
        (Run, {"tier": "t", "exit_code": 0, "value": [{"$set": [[1]]}]}, r"value\[0\]: \$set holds something else"),
        (Run, {"tier": "t", "exit_code": 0, "value": {"$set": 1}}, "expected a list, got an integer"),
        (Run, {"tier": "t", "exit_code": 0, "value": {"$bytes": "?"}}, "not valid base64"),
        (Run, {"tier": "t", "exit_code": 0, "value": {"$text": "/w=="}}, "is not UTF-8"),
        (Run, {"tier": "t", "exit_code": 0, "artifacts": 1}, "artifacts: expected a list, got int"),
        (Sampling, {"max_tokens": 0}, "max_tokens must be at least 1"),
        (Verdict, [], "expected an object with the fields of Verdict, got list"),
    ],
)
def test_a_wrong_form_says_where(kind: type, value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_plain(kind, value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Completion(text=b"x"), "text: expected text, got bytes"),  # type: ignore[arg-type]
        (Completion(text="x", seed="1"), "seed: expected an integer, got str"),  # type: ignore[arg-type]
        (Completion(text="x", tokens=(1,)), r"tokens\[0\]: expected a Token, got int"),  # type: ignore[arg-type]
        (Run(tier="t", exit_code=0, value={"a": object()}), r"value\['a'\]: a builtins.object is not plain data"),
    ],
)
def test_what_has_no_form_is_refused_when_written(value: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        to_plain(value)
