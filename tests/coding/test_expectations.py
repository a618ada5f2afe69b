"""Reading what a user says must hold."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.expectations import (
    expectations_in,
    function_names,
    load_schema,
    load_tests,
    metrics_in,
    numbers_in,
    parse_expect,
    read_examples,
    repeated_metrics,
    requested_signature,
)
from treadle.errors import ExpectationError


def pairs(text: str) -> list[tuple[str, Any]]:
    return [(e.subject, e.expected) for e in expectations_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Write f(x). f(2) == 3", [("f(2)", 3)]),
        ("f(2)==3, f(3) == 4; f(4) == 5 and f(5) == 6\nf(6) == 7.", [(f"f({n})", n + 1) for n in range(2, 7)]),
        ("f('a, b and c') == 'd, e and f'", [("f('a, b and c')", "d, e and f")]),
        ("f([1, [2, 3]], k={'a': 1}) == {'x': [1, (2, None)]}", [("f([1, [2, 3]], k={'a': 1})", {"x": [1, (2, None)]})]),
        ("f(-1.5) == -2e3", [("f(-1.5)", -2e3)]),
        ("Write f(x). f(2) is True", [("f(2)", True)]),
        ("Write f(x). f(2) = 3", [("f(2)", 3)]),
        ("f(2) -> [1, 2]", [("f(2)", [1, 2])]),
        ("f(2) returns None", [("f(2)", None)]),
        ("f(2) should return 'it'", [("f(2)", "it")]),
        ("`f(2) == 3` and `f(3)` == 4", [("f(2)", 3), ("f(3)", 4)]),
        ("assert f(2) == 3", [("f(2)", 3)]),
        ("(so f(2) == 3)", [("f(2)", 3)]),
        ("Stack().push(1).size() == 1", [("Stack().push(1).size()", 1)]),
        ("f(2)[0] == 3", [("f(2)[0]", 3)]),
        ("f(np.array([1, 2])) == 3", [("f(np.array([1, 2]))", 3)]),
        ("f(2) == 3, f(2) == 3", [("f(2)", 3)]),
        ("Write f(n):\n>>> f(2)\n3\n>>> x = [1]\n>>> f(x)\n[2]\n", [("f(2)", 3), ("f([1])", [2])]),
        (">>> print(f(2))\nthree", [("str(f(2))", "three")]),
        ("Write f(a), g(a): g(f(1)) == 2", [("g(f(1))", 2)]),
        ("Write f(a, b). f(10, 9) -> 19 - 5 = 14", []),
        ("Write f(a, b). f(10, 9) == 19 - 5 = 14, f(1, 2) == 3", [("f(1, 2)", 3)]),
        ("Write f(a, b). f(10, 9) == 19 - 5", [("f(10, 9)", None)]),  # its source is kept, see expected_source
        ("f(10, 9) == 19 - the sum of both", [("f(10, 9)", 19)]),
        ("f(10, 9) -> 19 \u2013 both added", [("f(10, 9)", 19)]),
    ],
)
def test_examples_are_read(text: str, expected: list[tuple[str, Any]]) -> None:
    assert pairs(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "events with Q1 * Q2 < 0",
        "n = 3",
        "M == 91",
        "pt(1) > 30",
        "events with pt(1) = 30",
        "Write f(x) -> int",
        "Write f(x: int) -> list[int]: x + 1",
        "Write f(n), f(n) returns n",
        "f(x) == f(-x)",
        "charge(mu1) == charge(mu2)",
        "len('abc') == 3",
        "f(2 == 3",
        "f('a) == 3",
        "Write is_pal(s) that returns True if s is a palindrome",
        "np.sum([1]) == 1",
    ],
)
def test_prose_is_no_example(text: str) -> None:
    assert pairs(text) == []


def test_what_is_no_literal_is_kept_as_source() -> None:
    (example,) = expectations_in("f(2) == sorted([2, 1])")
    assert (example.expected, example.expected_source) == (None, "sorted([2, 1])")


@pytest.mark.parametrize(
    ("text", "relative", "absolute"),
    [
        ("f(2) == 3", 0.0, 0.0),
        ("f(2) == 0.1", 1e-9, 1e-12),
        ("f(2) ~ 1.5", 0.01, 1e-12),
        ("f(2) ≈ 1.5 ± 0.1", 0.0, 0.1),
        ("f(2) ~ 1.5 +- 2%", 0.02, 0.0),
        ("f(2) == [1, 2.5]", 1e-9, 1e-12),
    ],
)
def test_tolerances_of_examples(text: str, relative: float, absolute: float) -> None:
    (example,) = expectations_in(text)
    assert (example.relative, example.absolute) == (relative, absolute)


def test_doctests_that_cannot_be_used_are_noted() -> None:
    found, notes = read_examples(">>> f(2)\narray([1, 2])\n>>> g(3)\n>>> for x in y: pass\n")
    assert found == []
    assert len(notes) == 3


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_every_literal_survives(value: Any) -> None:
    (example,) = expectations_in(f"Write g(x). First, g({value!r}) == {value!r}, and so on")
    assert example.expected == value


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("f(2)= ~'\"[]{}.,\n>>>abc\\`"), max_size=60))
def test_reading_never_raises(text: str) -> None:
    read_examples(text)
    function_names(text)
    requested_signature(text)
    numbers_in(text)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("f(2) == 3, f(3) == 4", "has 'f' on its right side, which only the program could know"),
        ("f(2) == g(3)", "has 'g' on its right side"),
        ("f(2) == x", "has 'x' on its right side"),
        ("x == 1e400", "holds a number that is too large"),
        ("x ~ 1 +- 1e400", "holds a number that is too large"),
        ("x == " + "9" * 5000, "holds a number that is too large"),
        ("f(2) == " + "9" * 5000, "cannot read the expectation"),
    ],
)
def test_options_that_could_never_be_met(option: str, told: str) -> None:
    with pytest.raises(ExpectationError, match=told):
        parse_expect(option)


@pytest.mark.parametrize(
    "option", ["f(2) == [x * 2 for x in range(3)]", "f(2) == np.sqrt(2)", "f(2) == (lambda a: a)(1)", "f(x) == 3"]
)
def test_options_that_are_computed(option: str) -> None:
    assert parse_expect(option).kind == "call"


def test_a_request_with_a_number_of_many_digits() -> None:
    assert read_examples(f"Write f(x). f(2) == {'9' * 5000} +- 1")[0][0].expected == float("inf")


@pytest.mark.parametrize(
    ("option", "kind", "subject", "expected", "relative", "absolute"),
    [
        ("mean_pt ~ 37.05 +- 1%", "metric", "mean_pt", 37.05, 0.01, 0.0),
        ("mean_pt ~ 37.05 ± 1 %", "metric", "mean_pt", 37.05, 0.01, 0.0),
        ("n == 1042", "metric", "n", 1042, 0.0, 0.0),
        ("n = 1042", "metric", "n", 1042, 0.0, 0.0),
        ("mass ~ 91.2 +- 0.5", "metric", "mass", 91.2, 0.0, 0.5),
        ("x ~ -3", "metric", "x", -3, 0.01, 1e-12),
        ("f(2) == 3", "call", "f(2)", 3, 0.0, 0.0),
        ("f(2) ~ 3.5 +- 0.1", "call", "f(2)", 3.5, 0.0, 0.1),
        ("f(data)[0] == [1]", "call", "f(data)[0]", [1], 0.0, 0.0),
    ],
)
def test_options(option: str, kind: str, subject: str, expected: Any, relative: float, absolute: float) -> None:
    e = parse_expect(option)
    assert (e.kind, e.subject, e.expected, e.relative, e.absolute, e.origin) == (
        kind, subject, expected, relative, absolute, "--expect",
    )  # fmt: skip


@pytest.mark.parametrize("option", ["", "n", "n > 3", "f(2)", "n == abc", "x ~ 3 +- y", "== 3", "f(2 == 3"])
def test_options_that_cannot_be_read(option: str) -> None:
    with pytest.raises(ExpectationError, match="accepted forms") as error:
        parse_expect(option)
    assert repr(option) in str(error.value)


@pytest.mark.parametrize(
    ("text", "names", "signature"),
    [
        ("Write longest_run(s): the length", ["longest_run"], ("longest_run", "s")),
        ("Write a function called foo that reverses a string", ["foo"], None),
        ("a function named `foo`", ["foo"], None),
        (
            "Implement the function add_all(a: int, *rest, k=(1, 2)) -> int",
            ["add_all"],
            ("add_all", "a: int, *rest, k=(1, 2)"),
        ),
        ("def f(x, y=2):", ["f"], ("f", "x, y=2")),
        ("`f(x)` doubles x", ["f"], ("f", "x")),
        ("Reverse a string. g('ab') == 'ba'", ["g"], None),
        ("Write f(x) and g(y). f(1) == 2, g(1) == 3", ["f", "g"], ("f", "x")),
        ("What is the mean of pt1?", [], None),
        ("Write a function that doubles", [], None),
        ("Plot events with sqrt(x) > 3 using `sum(x)`", [], None),
        ("Use the function `np.mean(x)`", [], None),
    ],
)
def test_functions_of_a_request(text: str, names: list[str], signature: tuple[str, str] | None) -> None:
    assert function_names(text) == names
    assert requested_signature(text) == signature


def test_metrics() -> None:
    stdout = "METRIC: a=1\nx METRIC: b=2\nMETRIC: c = -1.5e3 \nMETRIC: d=inf\nMETRIC: e=abc\nMETRIC: f=nan\nMETRIC: a=2\n"
    stdout += "METRIC: g=1e999\n"
    metrics = metrics_in(stdout)
    assert {name: value for name, value in metrics.items() if name != "f"} == {"a": 2.0, "c": -1500.0}
    assert math.isnan(metrics["f"])
    assert repeated_metrics(stdout) == ["a"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_a_metric(value: float) -> None:
    assert metrics_in(f"METRIC: x={value}\n") == {"x": value}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("pt1 > 40 GeV and |eta| < 2.4", [40, 2.4]),
        ("exactly two muons, 40GeV", [2, 40]),
        ("from -5 to 1,000", [-5, 1000]),
        ("60-120", [60, 120]),
        ("H2O x_3 3rd v1.2.3", []),
        ("10 %", [10]),
        ("1e-3 and .5", [0.001, 0.5]),
    ],
)
def test_numbers(text: str, values: list[float]) -> None:
    assert [mention.value for mention in numbers_in(text)] == values


def test_test_files(tmp_path: Path) -> None:
    good = tmp_path / "t.py"
    good.write_text("def test_a():\n    assert f(2) == 3\n")
    assert load_tests(good).expected_source == good.read_text()
    for text, message in (("x = 1", "holds no test"), ("def", "not Python"), (b"\xff", "cannot read")):
        bad = tmp_path / "bad.py"
        bad.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(ExpectationError, match=message):
            load_tests(bad)
    with pytest.raises(ExpectationError, match="no file"):
        load_tests(tmp_path / "absent.py")


def test_schemas(tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"type": "object"}))
    assert load_schema(str(file)).expected == {"type": "object"}
    for text, message in (
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('{"type": "thing"}', "not a valid JSON schema"),
        ('{"$ref": "#/$defs/absent"}', "cannot be applied: it refers to '#/\\$defs/absent', which is not in it"),
        ('{"properties": {"a": {"$ref": "http://127.0.0.1:1/a"}}}', "it refers to 'http://127.0.0.1:1/a'"),
        ('{"$ref": "#"}', "refers to itself without end"),
    ):
        file.write_text(text)
        with pytest.raises(ExpectationError, match=message):
            load_schema(file)
    for text in (
        '{"$ref": "#/$defs/a", "$defs": {"a": {"type": "integer"}}}',
        '{"type": "object", "properties": {"next": {"$ref": "#"}}}',
        '{"$schema": "http://nowhere/at/all", "const": {"$ref": "#/absent"}}',
        '{"$defs": {"a": {"$id": "http://x/y", "$ref": "#/$defs/b", "$defs": {"b": {}}}}, "$ref": "#/$defs/a"}',
    ):
        file.write_text(text)
        assert load_schema(file).expected == json.loads(text)
    with pytest.raises(ExpectationError, match="no file"):
        load_schema(tmp_path / "absent.json")


@pytest.mark.parametrize("levels", [400, 3000])
def test_a_schema_that_is_nested_too_deeply(tmp_path: Path, levels: int) -> None:
    """Python reads 400 levels, but the check of a schema takes several of its calls for each."""
    path = tmp_path / "deep.json"
    path.write_text('{"items":' * levels + "{}" + "}" * levels, encoding="utf-8")
    with pytest.raises(ExpectationError, match=r"deep\.json' is (not JSON: maximum recursion|nested too deeply)"):
        load_schema(path)
