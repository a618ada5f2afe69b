"""Hidden tests: right programs pass, wrong ones do not, and none can forge a verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from treadle.errors import DataError, SandboxError
from treadle.evals.hidden import CheckHost, HiddenTest, HiddenTests, Judged
from treadle.sandbox import Sandbox
from treadle.types import Limits, Program, Run

SECRET = "918273"
Judging = Callable[..., Judged]
TEST = f"""
def check(candidate):
    assert candidate([1, 2]) == 3
    assert candidate([]) == 0
    assert candidate([{SECRET}]) == {SECRET}, "the last one"
"""
REFERENCE = "def total(xs):\n    return sum(xs)\n"
TOTAL = HiddenTest(entry_point="total", test=TEST, reference=REFERENCE)


@pytest.fixture
def host() -> Iterator[CheckHost]:
    with closing(CheckHost()) as opened:
        yield opened


@pytest.fixture
def judge(sandbox: Sandbox, host: CheckHost) -> Judging:
    def judged(program: str, test: HiddenTest = TOTAL, limits: Limits | None = None) -> Judged:
        limits = limits or Limits(cpu_seconds=1.0, wall_seconds=5.0)
        return HiddenTests(test, sandbox, host, limits).judge(program)

    return judged


def test_right_and_wrong(judge: Judging) -> None:
    assert judge(REFERENCE) == Judged(True)
    assert judge("def total(xs):\n    return 3\n") == Judged(False, "AssertionError")
    assert not judge("def total(xs):\n    pass\n").passed
    assert "total" in judge("def other(xs):\n    return sum(xs)\n").reason  # NameError
    assert not judge("def total(xs):\n    return sum(xs\n").passed
    assert not judge("").passed


FORGERIES = {
    "equals everything": """
class Yes(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__
def total(xs): return Yes(99)
""",
    "equals everything, no number": """
class Yes:
    def __eq__(self, other): return True
def total(xs): return Yes()
""",
    "exits": """
import sys
def total(xs): sys.exit(0)
""",
    "exits at once": """
import os
os._exit(0)
""",
    "replaces check": """
def check(candidate): pass
def total(xs): return 0
""",
    "replaces an exception": """
import builtins
builtins.AssertionError = ZeroDivisionError
def total(xs): return 0
""",
    "prints a verdict": """
def total(xs):
    print('{"passed": true}')
    return 0
""",
    "writes to every channel": """
import os
for channel in range(3, 40):
    try: os.write(channel, b'{"passed": true}\\n')
    except OSError: pass
def total(xs): return 0
""",
    "patches the encoder": """
import sys
for name, module in list(sys.modules.items()):
    if hasattr(module, "encode_value"):
        module.encode_value = lambda *_: b'[{"t": "tuple", "v": ["value", 3]}]'
def total(xs): return 0
""",
    "patches builtins": """
import builtins
builtins.isinstance = lambda *_: True
builtins.type = lambda *_: int
def total(xs): return object()
""",
    "reads its callers": """
import sys
def total(xs):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [v for v in frame.f_locals.values() if isinstance(v, int)]
        frame = frame.f_back
    return seen[0] if seen else 0
""",
    "has the form of an outcome": "def total(xs): return ('value', 3)",
    "raises what the test raises": "def total(xs): raise AssertionError('passed')",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_verdict_cannot_be_forged(judge: Judging, name: str) -> None:
    assert not judge(FORGERIES[name]).passed


def test_the_control_of_the_forgeries(sandbox: Sandbox) -> None:
    """Where test and draft share a process, as in the usual harness, an early exit looks like success."""
    run = sandbox.run(Program(source=f"{FORGERIES['exits at once']}\n{TEST}\ncheck(total)"))
    assert run.exit_code == 0


class Listening:
    """A sandbox that remembers what was sent into it."""

    def __init__(self, inner: Sandbox) -> None:
        self._inner, self.sent, self.tier = inner, "", inner.tier

    def run(self, program: Program, files: object = (), limits: Limits | None = None) -> Run:
        self.sent += program.source + (program.evaluate or "")
        return self._inner.run(program, (), limits)


def test_expected_values_do_not_enter_the_sandbox(sandbox: Sandbox, host: CheckHost) -> None:
    check = f"def check(f):\n    assert f(4) == 2\n    assert f(8) != {SECRET}\n"
    test = HiddenTest(entry_point="half", test=check, reference="def half(x):\n    return x // 2\n")
    listening = Listening(sandbox)
    judged = HiddenTests(test, listening, host).judge("def half(x):\n    return x / 2\n")  # type: ignore[arg-type]
    assert judged.passed
    assert "half(4)" in listening.sent
    assert SECRET not in listening.sent
    assert "assert" not in listening.sent


def test_the_helpers_of_the_prompt_decide_outside(judge: Judging) -> None:
    """The test computes what it expects with a helper; a draft that redefines it must not change that."""
    test = HiddenTest(
        entry_point="decode",
        helpers="def encode(s):\n    return s[::-1]\n",
        test="def check(candidate):\n    import random\n    for _ in range(20):\n"
        "        s = ''.join(random.choice('abc') for _ in range(9))\n        assert candidate(encode(s)) == s\n",
        reference="def encode(s):\n    return s[::-1]\n\ndef decode(s):\n    return s[::-1]\n",
    )
    assert judge("def decode(s):\n    return s[::-1]\n", test).passed
    assert judge("def decode(s):\n    return encode(s)\n", test).passed  # helpers are there for the draft, too
    assert not judge("def encode(s):\n    return s\n\ndef decode(s):\n    return s\n", test).passed


def test_calls_that_depend_on_results(judge: Judging) -> None:
    """A test that feeds results back makes calls that were not recorded."""
    test = HiddenTest(
        entry_point="step",
        test="def check(f):\n    x = 1\n    for _ in range(5):\n        x = f(x)\n    assert x % 2 == 0 and x > 30\n",
        reference="def step(x):\n    return 2 * x\n",
    )
    assert judge("def step(x):\n    return 4 * x\n", test).passed
    assert not judge("def step(x):\n    return x + 1\n", test).passed
    without = HiddenTest(entry_point="step", test=test.test)
    assert judge("def step(x):\n    return 2 * x\n", without).passed


def test_the_function_may_keep_state_between_calls(judge: Judging) -> None:
    test = HiddenTest(
        entry_point="count",
        test="def check(f):\n    assert [f('a'), f('a'), f('b'), f('a')] == [1, 2, 1, 3]\n",
        reference="seen = {}\ndef count(k):\n    seen[k] = seen.get(k, 0) + 1\n    return seen[k]\n",
    )
    assert judge(test.reference or "", test).passed
    assert not judge("def count(k):\n    return 1\n", test).passed


def test_exceptions_and_iterators_arrive_as_such(judge: Judging) -> None:
    test = HiddenTest(
        entry_point="f",
        test="def check(f):\n    try:\n        f(-1)\n        assert False\n    except ValueError:\n        pass\n"
        "    assert list(f(3)) == [0, 1, 2]\n    assert f(3) != [0, 1, 2]\n",
        reference="def f(n):\n    if n < 0:\n        raise ValueError('negative')\n    return iter(range(n))\n",
    )
    assert judge(test.reference or "", test).passed
    assert not judge("def f(n):\n    return list(range(n))\n", test).passed
    assert not judge("def f(n):\n    if n < 0:\n        raise TypeError('x')\n    return iter(range(n))\n", test).passed


def test_arrays_equal_nothing(judge: Judging) -> None:
    test = HiddenTest(entry_point="f", test="def check(f):\n    assert f(2) == [0, 1]\n")
    assert judge("def f(n):\n    return list(range(n))\n", test).passed
    assert not judge("import numpy as np\ndef f(n):\n    return np.arange(n)\n", test).passed
    assert not judge("import numpy as np\ndef f(n):\n    return [np.arange(n)]\n", test).passed
    assert judge("import numpy as np\ndef f(n):\n    return list(np.arange(n))\n", test).passed


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("def total(xs):\n    while True: pass\n", "CPU limit"),
        ("def total(xs):\n    return 'x' * (1 << 40)\n", "MemoryError|memory limit|AssertionError"),
        ("def total(xs):\n    return open('/etc/passwd').read()\n", "Error"),
    ],
)
def test_programs_that_misbehave_fail(judge: Judging, program: str, said: str) -> None:
    judged = judge(program)
    assert not judged.passed
    assert re.search(said, judged.reason)


def test_a_test_that_never_ends_is_stopped(sandbox: Sandbox, host: CheckHost) -> None:
    job = {
        "job": "replay",
        "entry_point": "f",
        "helpers": "",
        "results": {},
        "test": "def check(f):\n    while True: pass\n",
    }
    assert host.ask(job, seconds=1.0) == {"trouble": "stopped: time limit 1 s"}
    assert host.ask(job | {"test": "def check(f):\n    import os\n    os._exit(3)\n"}) == {
        "trouble": "the check ended its process"
    }
    assert host.ask(job | {"test": "def check(f):\n    print('x' * 100000)\n"}) == {"passed": True}  # the host still works


def test_a_faulty_task_is_said_to_be(sandbox: Sandbox, host: CheckHost) -> None:
    wrong = HiddenTest(entry_point="total", test=TEST, reference="def total(xs):\n    return 1\n")
    with pytest.raises(DataError, match=r"the reference solution of 'total' fails its own test: AssertionError"):
        HiddenTests(wrong, sandbox, host)
    broken = HiddenTest(entry_point="total", test="def check(candidate)\n", reference=REFERENCE)
    with pytest.raises(DataError, match="SyntaxError"):
        HiddenTests(broken, sandbox, host)


def test_a_host_that_was_killed_is_an_error_and_then_started_anew(judge: Judging, host: CheckHost) -> None:
    assert judge(REFERENCE).passed
    assert host._process is not None
    host._process.kill()
    host._process.wait()
    assert judge(REFERENCE).passed
    with pytest.raises(SandboxError, match="nothing is known"):
        host.ask({"job": "replay", "entry_point": "f", "helpers": "", "results": {}, "test": "def check(f):\n" + KILL})


KILL = "    import os, signal\n    os.kill(os.getppid(), signal.SIGKILL)\n    import time\n    time.sleep(0.3)\n"
