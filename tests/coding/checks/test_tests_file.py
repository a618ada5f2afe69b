"""The user's own test files: run outside of the sandbox, with the draft inside."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.coding.testhost import unpack, written
from treadle.coding.testrun import CallFailed, pack, run_tests
from treadle.types import Expectation, Outcome, Verdict

Climb = Callable[..., list[Verdict]]
DOUBLE = "FACTOR = 2\nimport numpy as np\ndef f(x):\n    i = 0\n    return x * FACTOR\n"


def given_tests(source: str) -> Expectation:
    return Expectation(kind="tests", subject="t.py", text="tests in t.py", origin="--tests", expected_source=source)


def judge(climb: Climb, source: str, program: str = DOUBLE, text: str = "Write f(x)") -> Verdict:
    return climb(text, program, None, [given_tests(source)])[-1]


@pytest.mark.parametrize(
    ("source", "total"),
    [
        ("assert f(2) == 4\nassert f('a') == 'aa'", 2),
        ("from solution import f\ndef test_a():\n    assert f(2) == 4", 1),
        ("import solution\ndef test_a():\n    assert solution.f(2) == 2 * solution.FACTOR", 1),
        ("from double import f as g\nassert g(2) == 4", 1),
        ("def check(candidate):\n    assert candidate(2) == 4", 1),
        ("def check(candidate):\n    assert candidate(2) == 4\n\nassert check(f) is None", 1),
        ("import pytest\n@pytest.mark.parametrize('x, y', [(1, 2), (2, 4)])\ndef test_a(x, y):\n    assert f(x) == y", 2),
        (
            "import pytest\n@pytest.mark.parametrize('x', [1, pytest.param([1])])\ndef test_a(x):\n    assert f(x) == x * 2",
            2,
        ),
        ("import pytest\ndef test_a():\n    with pytest.raises(TypeError, match='NoneType'):\n        f(None)", 1),
        ("import pytest\ndef test_a():\n    assert f(0.1) == pytest.approx(0.2)", 1),
        ("import numpy as np\ndef test_a():\n    assert np.allclose(f(np.array([1.0, 2.0])), [2, 4])", 1),
        ("class TestF:\n    def test_a(self):\n        assert f(2) == 4", 1),
        (
            "import unittest\nclass TestF(unittest.TestCase):\n    def setUp(self):\n        self.x = 2\n"
            "    def test_a(self):\n        self.assertEqual(f(self.x), 4)",
            1,
        ),
        ("for i in range(3):\n    assert f(i) == 2 * i\nassert FACTOR == 2", 1),
        ("def test_a():\n    assert f((1, float('inf'))) == (1, float('inf'), 1, float('inf'))\n    assert f(x=1) == 2", 1),
        ("print('noise')\nassert f(b'a') == b'aa'", 1),
    ],
)
def test_good_drafts_pass(climb: Climb, source: str, total: int) -> None:
    verdict = judge(climb, source)
    assert (verdict.outcome, verdict.reason) == (Outcome.PASSED, f"passed {total} of {total} tests")


OTHER_WAYS_TO_TEST = {
    "a module that is not installed": (1, "import double as d\nassert d.f(2) == 4"),
    "a class and one that inherits": (
        2,
        """
        class TestA:
            y = 4
            def test_a(self):
                assert f(self.y / 2) == self.y
        class TestB(TestA):
            y = 6
        """,
    ),
    "set-up functions": (
        3,
        """
        def setup_module():
            global X
            X = 2
        def setup_function(function):
            global NAME
            NAME = function.__name__
        class TestF:
            @classmethod
            def setup_class(cls):
                cls.y = 4
            def setup_method(self, method):
                self.x = 2 if method.__name__ == "test_a" else None
            def test_a(self):
                assert f(self.x) == self.y == f(X)
        import unittest
        class TestU(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.x = 2
            def test_a(self):
                self.assertEqual(f(self.x), 4)
        def test_a():
            assert NAME == "test_a"
        """,
    ),
    "parameters of a class": (
        2,
        """
        import pytest
        @pytest.mark.parametrize("x", [1, 2])
        class TestF:
            def test_a(self, x):
                assert f(x) == 2 * x
        """,
    ),
    "arrays": (
        1,
        """
        import numpy as np
        def test_a():
            assert (f(np.array([1, 2])) == np.array([2, 4])).all()
            assert f(np.ones(2)).sum() == 4
            assert f(np.ones((2, 2), dtype="float32")).dtype == np.float32
        """,
    ),
    "hypothesis": (
        1,
        """
        from hypothesis import given, settings, strategies as st
        @settings(max_examples=3, database=None, deadline=None)
        @given(st.integers())
        def test_a(x):
            assert f(x) == 2 * x
        """,
    ),
}


@pytest.mark.parametrize(("total", "source"), OTHER_WAYS_TO_TEST.values(), ids=OTHER_WAYS_TO_TEST)
def test_other_ways_to_test(climb: Climb, total: int, source: str) -> None:
    verdict = judge(climb, textwrap.dedent(source))
    assert (verdict.outcome, verdict.reason) == (Outcome.PASSED, f"passed {total} of {total} tests")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("async def test_a():\n    assert f(2) == 5", "an asynchronous test is not run"),
        ("def test_a():\n    yield\n    assert f(2) == 5", "a test that yields is not run"),
        ("async def test_a():\n    yield f(2)", "a test that yields is not run"),
        ("def test_a():\n    return f(2) == 5", "the test returned False and so asserts nothing"),
        ("def check(candidate):\n    return candidate(2) == 5", "the test returned False and so asserts nothing"),
        (
            "import unittest\nclass TestF(unittest.TestCase):\n    async def test_a(self):\n        self.fail()",
            "asynchronous",
        ),
    ],
)
def test_what_asserts_nothing_does_not_pass(climb: Climb, source: str, told: str) -> None:
    verdict = judge(climb, source)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.evidence["passed"] == 0
    assert told in verdict.reason


@pytest.mark.parametrize(
    "mark",
    ["skip", "skip(reason='x')", "skipif(True, reason='x')", "skipif('sys.version_info > (3,)', reason='x')", "xfail"],
)
def test_marks_that_leave_a_test_out(climb: Climb, mark: str) -> None:
    source = f"import pytest\n@pytest.mark.{mark}\ndef test_a():\n    assert f(2) == 5\n"
    assert judge(climb, source).reason == "no test was run; 1 skipped"
    verdict = judge(climb, source + "def test_b():\n    assert f(2) == 4\n")
    assert (verdict.outcome, verdict.reason) == (Outcome.PASSED, "passed 1 of 1 tests; 1 skipped")


def test_a_mark_whose_condition_does_not_hold(climb: Climb) -> None:
    source = "import pytest\n@pytest.mark.skipif(False, reason='x')\ndef test_a():\n    assert f(2) == 5\n"
    assert judge(climb, source).reason.startswith("passed 0 of 1 tests")


def test_methods_that_are_inherited_are_run(climb: Climb) -> None:
    source = "class Base:\n    def test_a(self):\n        assert f(2) == 5\nclass TestF(Base):\n    pass"
    assert judge(climb, source).reason.startswith("passed 0 of 1 tests; first failure: TestF.test_a at line 3")


def test_a_file_that_skips_itself(climb: Climb) -> None:
    verdict = judge(climb, "import pytest\npytest.importorskip('absent_module')\nassert f(2) == 4")
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith("the test file skips itself: could not import 'absent_module'")


def test_failures_are_told_to_the_user_but_not_to_the_model(climb: Climb) -> None:
    verdict = judge(climb, "def test_a():\n    assert f(2) == 4\n\ndef test_b():\n    assert f(3) == 777\n")
    assert verdict.reason == "passed 1 of 2 tests; first failure: test_b at line 5: assert f(3) == 777"
    assert verdict.hint == "the test 'test_b' fails"


def test_errors_of_the_draft_are_told(climb: Climb) -> None:
    verdict = judge(climb, "assert f(2) == 4", "def f(x):\n    return {}['k']")
    assert verdict.outcome is Outcome.FAILED
    assert "KeyError: 'k'" in verdict.reason
    assert verdict.hint.endswith("the program raised KeyError: 'k'")


def test_own_exceptions_of_the_draft(climb: Climb) -> None:
    program = "class Bad(Exception): pass\ndef f(x):\n    raise Bad('no')"
    assert "Bad: no" in judge(climb, "assert f(2) == 4", program).reason
    assert (
        judge(climb, "import pytest\ndef test_a():\n    with pytest.raises(Exception):\n        f(1)", program).outcome
        is Outcome.PASSED
    )


def test_arguments_that_are_no_plain_data(climb: Climb) -> None:
    assert "only plain data can" in judge(climb, "assert f(lambda x: x) == 4").reason
    assert "only plain data can" in judge(climb, "class L(list): pass\nassert f(L()) == 4").reason


CHEATS = [
    "class E:\n    def __eq__(self, o): return True\ndef f(x): return E()",
    "class E(int):\n    def __eq__(self, o): return True\n    __hash__ = None\ndef f(x): return E(9)",
    "import sys\ndef f(x): sys.exit(0)",
    "import os\ndef f(x): os._exit(0)",
    "def f(x): raise SystemExit(0)",
    "import builtins, unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
    "builtins.AssertionError = Exception\ndef f(x): return 9",
    "def f(x): raise KeyboardInterrupt",
    "def f(x): raise StopIteration",
    'def f(x):\n    print(\'{"report": {"passed": 9, "failures": [], "trouble": ""}}\')\n    return 9',
    "def f(x): return float('nan')",
]


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_do_not_pass(climb: Climb, cheat: str) -> None:
    source = "import unittest\nclass TestF(unittest.TestCase):\n    def test_a(self):\n"
    source += "        self.assertEqual(f(2), 4)\nassert f(3) == 6"
    verdict = judge(climb, source, cheat)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.evidence["passed"] == 0


def test_files_that_break(climb: Climb) -> None:
    assert "the file itself at line 1" in judge(climb, "import absent_module\ndef test_a(): pass").reason
    assert "the tests ended the process" in judge(climb, "import os\nos._exit(0)\nassert True").reason
    assert judge(climb, "def test_a():\n    import sys\n    sys.exit(0)").outcome is Outcome.FAILED
    assert "tmp_path" in judge(climb, "def test_a(tmp_path):\n    assert True").reason


def test_time_limit() -> None:
    report = run_tests("while True: pass", [], lambda expression: None, seconds=0.5)
    assert report.trouble == "stopped: time limit 0.5 s"


def test_without_a_sandbox_the_host_only_asks() -> None:
    asked = []

    def evaluate(expression: str) -> object:
        asked.append(expression)
        if expression == "f(0)":
            raise CallFailed("ValueError: zero")
        return True if expression.startswith("callable") else 3

    report = run_tests("assert f([1, 'a'], k=None) == 3\nassert f(0)", ["f"], evaluate)
    assert asked == ["callable(f)", "f([1, 'a'], k=None)", "f(0)"]
    assert report.passed == 1
    assert report.failures[0].draft_error == "ValueError: zero"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN | st.frozensets(st.integers()) | st.sets(st.text(max_size=3)) | st.complex_numbers(allow_nan=False))
def test_plain_data_travels_both_ways(value: object) -> None:
    assert repr(unpack(pack(value))) == repr(value) or unpack(pack(value)) == value
    assert eval(written(value)) == value


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of Linux")
def test_tests_that_never_end_die_with_whoever_runs_them(tmp_path: Path) -> None:
    """Killed by SIGKILL the runner can stop nothing itself."""
    told = tmp_path / "pid"
    tests = f"import os\ndef test_a():\n    open({str(told)!r}, 'w').write(str(os.getpid()))\n    while True: pass\n"
    code = f"from treadle.coding.testrun import run_tests\nrun_tests({tests!r}, [], lambda text: 1)"
    runner = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 30
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    child = int(told.read_text())
    assert Path(f"/proc/{child}").exists()
    runner.kill()
    runner.wait()
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
