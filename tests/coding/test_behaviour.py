"""Keys of behaviour: equal where two programs do the same, whatever they call it and however they print it."""

from __future__ import annotations

import ast
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.behaviour import MAX_CALLS, behaviour_of_calls, behaviour_of_run, is_informative, probe_calls
from treadle.coding.expectations import expectations_in
from treadle.types import Artifact, Run


def printed(text: str, *artifacts: Artifact) -> Run:
    return Run(tier="t", exit_code=0, stdout=text, artifacts=artifacts)


def gave(value: Any) -> Run:
    return Run(tier="t", exit_code=0, value=value, value_given=True)


def raised(error: str | None, limit: str | None = None) -> Run:
    return Run(tier="t", exit_code=1, error=error, limit_hit=limit)


# ------------------------------------------------------------------------------------------------------ outputs


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("METRIC: mean=5.5\n", "METRIC: mean_x=5.5\n"),
        ("METRIC: mean=5.5\n", "the mean\nMETRIC: mean=5.5000001\n"),
        ("METRIC: a=0\n", "METRIC: a=0.0\n"),
        ("METRIC: a=1e-15\n", "METRIC: a=-0.0\n"),
        ("METRIC: a=1200000\n", "METRIC: a=1.2e6\n"),
        ("5.5 GeV\n", "5.50  GeV"),
        ("mean: 1.23456789\n", "mean: 1.23456788\n"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert behaviour_of_run(printed(one)) == behaviour_of_run(printed(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("METRIC: a=0\nMETRIC: b=1\n", "METRIC: a=nan\nMETRIC: b=1\n"),
        ("METRIC: a=5.5\n", "METRIC: a=5.6\n"),
        ("METRIC: a=1\nMETRIC: b=2\n", "METRIC: a=2\nMETRIC: b=1\n"),
        ("METRIC: a=1\n", "METRIC: a=1\nMETRIC: b=1\n"),
        ("METRIC: a=1.23456\n", "METRIC: a=1.23457\n"),
        ("5 GeV", "5 MeV"),
        ("-5", "5"),
        ("x1", "x2"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert behaviour_of_run(printed(one)) != behaviour_of_run(printed(other))


def test_files_count_by_content() -> None:
    def file(content: bytes, kind: str, name: str = "out", stdout: str = "") -> Run:
        return printed(stdout, Artifact(name=name, media_type=kind, content=content))

    assert behaviour_of_run(file(b"a", "text/csv")) != behaviour_of_run(file(b"b", "text/csv"))
    assert behaviour_of_run(file(b"a", "text/csv")) != behaviour_of_run(printed(""))
    assert behaviour_of_run(file(b"a", "text/csv")) != behaviour_of_run(file(b"a", "application/json"))
    for kind in ("image/png", "image/svg+xml", "application/pdf"):
        one, other = file(b"a", kind), file(b"b", kind, "other")
        assert behaviour_of_run(one) == behaviour_of_run(file(b"a", kind, "other"))
        assert behaviour_of_run(one) != behaviour_of_run(other), "nothing says that they show the same"
        saved = [replace(run, stdout="saved\n") for run in (one, other)]
        assert behaviour_of_run(saved[0]) != behaviour_of_run(saved[1])
        counted = [replace(run, stdout="METRIC: n=5\n") for run in (one, other)]
        assert behaviour_of_run(counted[0]) == behaviour_of_run(counted[1])
        assert behaviour_of_run(counted[0]) != behaviour_of_run(printed("METRIC: n=5\n"))


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e-9, 1e-9))
def test_a_change_in_the_tenth_digit_rarely_matters_and_a_sign_always_does(value: float, change: float) -> None:
    near = value * (1 + change)
    if math.isinf(near) or math.isinf(value * 1.1):
        return
    keys = [behaviour_of_run(printed(f"METRIC: a={v!r}\n")) for v in (value, near)]
    # The two lie on both sides of a rounding edge, or of the size below which everything counts as zero.
    edge = f"{value:.6g}" != f"{near:.6g}" or (abs(value) > 1e-12) != (abs(near) > 1e-12)
    assert keys[0] == keys[1] or edge
    if abs(value) > 1e-9:
        assert keys[0] != behaviour_of_run(printed(f"METRIC: a={-value!r}\n"))


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4), st.permutations(["a", "b", "c", "d"]))
def test_names_of_metrics_do_not_matter(values: list[float], names: list[str]) -> None:
    texts = ["".join(f"METRIC: {n}={v!r}\n" for n, v in zip(order, values, strict=False)) for order in (names, "wxyz")]
    assert behaviour_of_run(printed(texts[0])) == behaviour_of_run(printed(texts[1]))


@settings(deadline=None)
@given(st.text())
def test_any_output_has_a_key(text: str) -> None:
    assert behaviour_of_run(printed(text)) == behaviour_of_run(printed(text))
    hash(behaviour_of_run(printed(text)))


# -------------------------------------------------------------------------------------------------------- calls

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


def holding(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    return lists | lists.map(tuple) | st.dictionaries(st.text() | st.integers(), inner, max_size=3)


plain = leaves | st.frozensets(st.integers() | st.text(), max_size=3) | holding(leaves | holding(leaves))


@settings(deadline=None)
@given(st.lists(plain, max_size=4))
def test_values_have_keys_that_can_be_compared(values: list[Any]) -> None:
    key = behaviour_of_calls([gave(v) for v in values])
    assert hash(key) == hash(behaviour_of_calls([gave(v) for v in values]))


def test_what_is_the_same_value() -> None:
    def key(value: Any) -> Any:
        return behaviour_of_calls([gave(value)])

    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})
    assert key({3, 1, 2}) == key({2, 3, 1})
    assert key([1, 2]) == key((1, 2))
    assert key(0.1 + 0.2) == key(0.3)
    assert key(2) == key(2.0)
    assert key(2.0) != key("2")
    assert key(0.5) != key("0.5")
    assert key(math.nan) != key(0)
    assert key(math.nan) == key(math.nan)
    assert key(math.inf) != key(-math.inf)
    assert key({}) != key([])
    assert key({1}) != key(["1"])
    assert key(True) != key(1)
    assert key("1") != key(1)
    assert key([]) != key(None)
    assert key("a") != key(b"a")


def test_errors_count_by_their_kind() -> None:
    assert behaviour_of_calls([raised("ValueError: a")]) == behaviour_of_calls([raised("ValueError: b")])
    assert behaviour_of_calls([raised("ValueError: a")]) != behaviour_of_calls([raised("KeyError: 'a'")])
    assert behaviour_of_calls([raised(None, "stopped: time")]) != behaviour_of_calls([gave(None)])
    assert behaviour_of_calls([raised("ValueError: a")]) != behaviour_of_calls([gave("!ValueError")])


def test_calls_that_all_fail_compare_nothing() -> None:
    assert not is_informative([])
    assert not is_informative([raised("ValueError: a"), gave(None)])
    assert is_informative([raised("ValueError: a"), gave(0)])
    assert is_informative([gave(False)])


# ------------------------------------------------------------------------------------------------------- probes


def test_probes_vary_the_examples_and_never_repeat_them() -> None:
    examples = expectations_in("longest_run('aab') == 2, longest_run('') == 0")
    calls = probe_calls("longest_run", "s", examples)
    assert len(calls) >= 3
    assert not {"longest_run('aab')", "longest_run('')"} & set(calls)
    assert len(set(calls)) == len(calls) <= MAX_CALLS


def test_probes_without_examples_are_common_values() -> None:
    calls = probe_calls("f", "a, b", [])
    assert len(calls) == MAX_CALLS
    assert all(len(ast.parse(c, mode="eval").body.args) == 2 for c in calls)  # type: ignore[attr-defined]
    assert {"f(7, 7)", "f('abca', 'abca')", "f([3, 1, 2, 3], [3, 1, 2, 3])"} <= set(calls)


@pytest.mark.parametrize(
    "parameters", ["a, b=1", "a, *rest", "a, /", "a: int", "a: 'list[int]' = ()", "a, *, key=None", "a, /, b=2, *c", ""]
)
def test_probes_fill_what_must_be_given(parameters: str) -> None:
    """Every call must bind: a probe that raises TypeError in each draft makes all drafts agree on nothing."""
    space: dict[str, Any] = {}
    exec(f"def f({parameters}): return True", space)
    for call in probe_calls("f", parameters, []):
        assert eval(call, space) is True


@settings(deadline=None)
@given(st.lists(st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3), min_size=1, max_size=3))
def test_probes_are_expressions(arguments: list[Any]) -> None:
    text = f"f({', '.join(map(repr, arguments))}) == 1"
    calls = probe_calls("f", "x", expectations_in(text))
    assert len(calls) <= MAX_CALLS
    for call in calls:
        tree = ast.parse(call, mode="eval").body
        assert isinstance(tree, ast.Call)
        assert call not in text


def test_other_functions_examples_are_not_used() -> None:
    assert probe_calls("g", "x", expectations_in("f(3) == 3")) == probe_calls("g", "x", [])
