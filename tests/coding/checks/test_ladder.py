"""The whole ladder on the real sandbox, cheats included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from treadle.coding.checks import Context, Introspector, Ladder
from treadle.coding.expectations import parse_expect
from treadle.sandbox import Sandbox
from treadle.types import Completion, DataSummary, Draft, Expectation, Outcome, Request, Rung, Verdict

Climb = Callable[..., list[Verdict]]

RUNS = (
    "Write longest_run(s): the length of the longest run of equal characters. longest_run('aab') == 2, longest_run('') == 0"
)
GOOD = """def longest_run(s):
    best = n = 0
    before = None
    for c in s:
        n = n + 1 if c == before else 1
        before = c
        best = max(best, n)
    return best
"""
OPEN = "import uproot\nimport awkward as ak\nevents = uproot.open('muons.root')['events'].arrays()\n"


def first_failure(verdicts: list[Verdict]) -> Verdict:
    return next(verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED)


def test_a_right_answer_climbs_to_the_top(climb: Climb) -> None:
    verdicts = climb(RUNS, GOOD)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.PASSED}
    assert [verdict.check for verdict in verdicts[-2:]] == ["longest_run('aab') == 2", "longest_run('') == 0"]
    assert [rung for rung in Rung if any(v.rung is rung for v in verdicts)] == list(Rung)


@pytest.mark.parametrize(
    ("program", "rung", "reason"),
    [
        (None, Rung.PARSED, "the completion holds no code"),
        ("", Rung.PARSED, "the completion holds no code"),
        ("def f(:\n", Rung.PARSED, "line 1: invalid syntax: def f(:"),
        ("x = 1\nreturn x", Rung.PARSED, "line 2: 'return' outside function: return x"),
        ("x = '\0'", Rung.PARSED, "line 1: source code string cannot contain null bytes"),
        ("import numpi", Rung.NAMES, "line 1: there is no module 'numpi'; nearest: numpy"),
        ("print(foo)", Rung.NAMES, "line 1: the name 'foo' is never defined"),
        ("x = 1\ny = x / 0", Rung.RAN, "line 2: ZeroDivisionError: division by zero: y = x / 0"),
        ("while True:\n    pass", Rung.RAN, "stopped: CPU limit 1 s"),
        ("raise SystemExit(3)", Rung.RAN, "SystemExit: 3"),
        (
            "def longest_ran(s):\n    return 1",
            Rung.OUTPUT,
            "the program defines no function 'longest_run'; nearest: longest_ran",
        ),
        ("longest_run = 3", Rung.OUTPUT, "the program defines no function 'longest_run'"),
        ("def longest_run(s):\n    return 2", Rung.EXPECTATIONS, "longest_run(''): expected 0, got 2"),
    ],
)
def test_where_wrong_answers_stop(climb: Climb, program: str | None, rung: Rung, reason: str) -> None:
    verdicts = climb(RUNS, program)
    failure = first_failure(verdicts)
    assert failure.rung is rung
    assert failure.reason.startswith(reason)
    above = [verdict for verdict in verdicts if list(Rung).index(verdict.rung) > list(Rung).index(rung)]
    assert all((verdict.outcome, verdict.reason) == (Outcome.SKIPPED, "not reached") for verdict in above)


ALWAYS_EQUAL = "class E(int):\n    def __eq__(self, other): return True\n    def __hash__(self): return 0\n"


@pytest.mark.parametrize(
    "cheat",
    [
        "import sys\ndef longest_run(s): sys.exit(0)",
        "import os\ndef longest_run(s): os._exit(0)",
        "import os, sys\ndef longest_run(s):\n    print('passed'); sys.stdout.flush(); os._exit(0)",
        ALWAYS_EQUAL + "def longest_run(s): return E(7)",
        "class A:\n    def __eq__(self, other): return True\ndef longest_run(s): return A()",
        "import json\njson.dumps = lambda *a, **k: '2'\ndef longest_run(s): return 7",
        "import builtins\nbuiltins.isinstance = lambda *a: True\ndef longest_run(s): return 7",
        "def longest_run(s):\n    import sys\n"
        "    return next((v for f in sys._current_frames().values() for v in f.f_locals.values() if v == 2), 7)",
        "class M(type):\n    def __eq__(cls, other): return True\nclass A(metaclass=M): pass\ndef longest_run(s): return A",
        "def longest_run(s): return True + 7 if s else False",
        "def longest_run(s): raise SystemExit(0)",
        "import atexit, os\natexit.register(os._exit, 0)\ndef longest_run(s): return 7",
    ],
)
def test_cheats_do_not_pass(climb: Climb, cheat: str) -> None:
    verdicts = climb(RUNS, cheat)
    assert any(verdict.outcome is Outcome.FAILED for verdict in verdicts)


def test_data_questions(climb: Climb, data: DataSummary) -> None:
    expect = [parse_expect("mean ~ 5.5 +- 1%")]

    def last(program: str) -> Verdict:
        return next(
            v for v in reversed(climb("What is the mean of pt1?", OPEN + program, data, expect)) if v.reason != "not reached"
        )

    assert last("print(f'METRIC: mean={ak.mean(events.pt1)}')").reason == "mean = 5.5, expected 5.5 ± 1 %"
    wrong = last("print(f'METRIC: mean={ak.mean(events.pt2)}')")
    assert wrong.outcome is Outcome.FAILED
    assert wrong.reason == "mean = 11, expected 5.5 ± 1 %"
    assert "5.5" not in wrong.hint
    assert last("print(f'METRIC: average={ak.mean(events.pt2)}')").reason.startswith(
        "the metric mean was not printed; printed: average"
    )
    assert last("print(f'METRIC: mean={ak.mean(events.pt1[events.pt1 > 99])}')").reason == "the metric mean is nan"
    assert last("print(None)").reason == "the only value printed is None"
    assert last("x = 1").reason == "the program printed nothing and wrote no file"
    assert last("print(events.extra)").reason.startswith("the metric mean was not printed; no metric was printed")
    assert last("print(events.pt3)").reason == "line 4: the data has no column 'pt3'; nearest: pt2, pt1"
    assert last("print(events.Muon.pt)").reason == "line 4: the data has no column 'Muon'; nearest: Muon_pt"
    misspelt = first_failure(climb("", OPEN + "print(evts.M)", data))
    assert misspelt.reason == "line 4: the name 'evts' is never defined; nearest: events"


def test_trees_and_files(climb: Climb, data: DataSummary) -> None:
    def judged(program: str) -> Verdict:
        return first_failure(climb("", "import uproot\n" + program, data))

    assert judged("uproot.open('muons.root')['event']").reason == "line 2: muons.root has no tree 'event'; nearest: events"
    assert judged("uproot.open('muons.root:event')").reason.startswith("line 2: muons.root has no tree 'event'")
    assert judged("uproot.open('mu.root')").reason == "line 2: the data file is 'muons.root', not 'mu.root'"
    assert judged("t = uproot.open('muons.root')['events']\nt['pt9'].array()").reason.startswith(
        "line 3: the data has no column 'pt9'"
    )
    fine = climb(
        "",
        "import uproot\nf = uproot.open('muons.root')\nprint(f['h'].values(), f['events']['extra'].array())",
        data,
    )
    assert not [verdict for verdict in fine if verdict.outcome is Outcome.FAILED]


def test_no_expectation_is_told(climb: Climb) -> None:
    assert climb("", "print(1)")[-1].reason == "no expectation was given"


def test_expected_sources_run_without_the_draft(climb: Climb) -> None:
    good = climb("Write f(x). f(2) == sorted([2, 1])", "def f(x):\n    return [1, 2]")
    assert good[-1].outcome is Outcome.PASSED
    # a draft that patches sorted changes its own value only
    cheat = climb(
        "Write f(x). f(2) == sorted([2, 1])", "import builtins\nbuiltins.sorted = lambda x: 7\ndef f(x):\n    return 7"
    )
    assert cheat[-1].outcome is Outcome.FAILED
    unknown = climb("Write f(x), g(x). f(2) == g(3)", "def f(x):\n    return 1\ndef g(x):\n    return 1")
    assert unknown[-1].outcome is Outcome.SKIPPED
    assert "without the draft" in unknown[-1].reason


def test_examples_may_take_numpy_for_granted(climb: Climb) -> None:
    verdicts = climb("Write f(x). f(np.array([1, 2])) == [2, 4]", "def f(x):\n    return x * 2")
    assert verdicts[-1].outcome is Outcome.PASSED


def test_hints_about_options_hold_no_expected_value(climb: Climb) -> None:
    verdicts = climb("Write f(x)", "def f(x):\n    return 1", None, [parse_expect("f(2) == 123456")])
    assert "123456" in verdicts[-1].reason
    assert "123456" not in verdicts[-1].hint


def schema(document: dict[str, object]) -> Expectation:
    return Expectation(kind="schema", subject="s", text="schema s", origin="--schema", expected=document)


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("print('{\"a\": 1}')", Outcome.PASSED),
        ("print('working')\nprint('{\"a\": 1}')", Outcome.PASSED),
        ("open('result.json', 'w').write('{\"a\": 1}')\nprint('done')", Outcome.PASSED),
        ('print(\'{"a": "x"}\')', Outcome.FAILED),
        ("print('{\"a\": NaN}')", Outcome.FAILED),
        ('print(\'{"a": 1, "a": 1}\')', Outcome.FAILED),
        ("print({'a': 1})", Outcome.FAILED),
        ("print('[' * 5000 + ']' * 5000)", Outcome.FAILED),
    ],
)
def test_schemas(climb: Climb, program: str, outcome: Outcome) -> None:
    wanted = schema({"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]})
    verdicts = climb("print JSON", program, None, [wanted])
    assert any(v.outcome is Outcome.FAILED for v in verdicts) == (outcome is Outcome.FAILED)
    assert outcome is Outcome.FAILED or verdicts[-1].outcome is outcome


def test_a_schema_never_fetches(climb: Climb) -> None:
    verdict = climb("print JSON", "print(1)", None, [schema({"$ref": "http://localhost:9/x.json"})])[-1]
    assert verdict.reason.startswith("the schema cannot be applied")


def test_runs_are_recorded_and_contexts_stay_clean(sandbox: Sandbox, introspector: Introspector) -> None:
    expectations = (parse_expect("longest_run('a') == 1"),)
    request = Request(text="Write longest_run(s)", expectations=expectations)
    context = Context(request=request, sandbox=sandbox, introspector=introspector)
    draft = Draft(id="d", completion=Completion(text=""), program=GOOD)
    _, runs = Ladder().climb(draft, context)
    assert [name for name, _ in runs] == ["ran", "callable(longest_run)", "longest_run('a')"]
    assert context.runs == []
    assert Ladder().climb(replace(draft, program="x ="), context)[1] == []


def test_a_degenerate_program_is_still_judged(climb: Climb) -> None:
    verdicts = climb("", "x = 1\nprint(" + " + ".join(["x"] * 900) + ")")
    assert not [verdict for verdict in verdicts if verdict.outcome is Outcome.FAILED]
    assert any(verdict.rung is Rung.RAN and verdict.outcome is Outcome.PASSED for verdict in verdicts)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("correlation coefficient=0.5", "correlation_coefficient"),
        ("mean pt (GeV)=30.1", "mean_pt_GeV"),
        ("n=12 events", "n"),
    ],
)
def test_a_metric_that_cannot_be_read_is_no_output(sandbox: Sandbox, line: str, name: str) -> None:
    context = Context(request=Request(text="What is it?"), sandbox=sandbox)
    program = f"print('METRIC: {line}')\n"
    draft = Draft(id="0", completion=Completion(text=program), program=program)
    verdicts, _ = Ladder().climb(draft, context)
    told = next(v for v in verdicts if v.rung is Rung.OUTPUT)
    assert told.outcome is Outcome.FAILED
    assert line in told.reason
    assert f"METRIC: {name}=" in told.hint
