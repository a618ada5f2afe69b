"""Wrong programs that want to be taken for right ones, judged by the whole of treadle: none is.

Every cheat has two controls: an honest right program passes the same judge, and the cheat fools a checker of the usual kind,
which lets program and test meet in one process. Those naive checkers are run inside the sandbox as well.
"""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import Options, Tools, ask
from treadle.coding.expectations import load_tests, parse_expect
from treadle.data import summarise
from treadle.engines.scripted import ScriptedEngine
from treadle.evals.hep import Metric, metrics_right
from treadle.evals.hidden import CheckHost, HiddenTest, HiddenTests
from treadle.sandbox import Sandbox
from treadle.threads import open_store
from treadle.threads.base import Store
from treadle.types import Answer, Expectation, Limits, Program, Request, Rung, Status

HONEST = "def total(xs):\n    return sum(xs)\n"
WRONG = "def total(xs):\n    return -1\n"
LIMITS = Limits(cpu_seconds=3, wall_seconds=8, memory_bytes=1 << 30)
EXPECT = ("total([4, 5, 6]) == 15", "total([0.5, 0.25]) ~ 0.75 +- 0.001", "total([]) == 0")
CHECK = """
def check(candidate):
    assert candidate([4, 5, 6]) == 15
    assert abs(candidate([0.5, 0.25]) - 0.75) < 1e-3
    assert candidate([]) == 0
"""
TESTS = """
def test_total():
    assert total([4, 5, 6]) == 15
    assert abs(total([0.5, 0.25]) - 0.75) < 1e-3

def test_nothing():
    assert total([]) == 0
"""

# ------------------------------------------------------------------------------------------------ naive checkers


def _passes_by_exit_code(sandbox: Sandbox, program: str) -> bool:
    """The usual harness: program and test in one process, and it ended well."""
    run = sandbox.run(Program(source=f"{program}\n{CHECK}\ncheck(total)"), limits=LIMITS)
    return run.exit_code == 0


def _passes_by_marker(sandbox: Sandbox, program: str) -> bool:
    """The test prints that it passed."""
    source = f"{program}\n{CHECK}\ncheck(total)\nprint('ALL TESTS PASSED')"
    return "ALL TESTS PASSED" in sandbox.run(Program(source=source), limits=LIMITS).stdout


def _passes_by_report(sandbox: Sandbox, program: str) -> bool:
    """The process compares, and reports by JSON on its output; the last line counts."""
    source = (
        f"{program}\nimport json\nexpected = 15\ngot = total([4, 5, 6])\n"
        "print(json.dumps({'passed': bool(got == expected)}), flush=True)"
    )
    lines = sandbox.run(Program(source=source), limits=LIMITS).stdout.splitlines()
    try:
        return bool(lines) and json.loads(lines[-1])["passed"] is True
    except (ValueError, KeyError, TypeError):
        return False


def _passes_by_file(sandbox: Sandbox, program: str) -> bool:
    """The report is a file that is read when the process has ended."""
    source = (
        f"{program}\nimport json\nwith open('report.json', 'w') as file:\n"
        "    file.write('{\"passed\": ' + json.dumps(bool(total([4, 5, 6]) == 15)) + '}')"
    )
    run = sandbox.run(Program(source=source), limits=LIMITS)
    return any(b'"passed": true' in artifact.content for artifact in run.artifacts)


def _passes_by_value(sandbox: Sandbox, program: str) -> bool:
    """The value is printed and compared outside, by what Python's json makes of it and with a tolerance."""
    run = sandbox.run(
        Program(source=f"{program}\nimport json\nprint(json.dumps({{'got': total([4, 5, 6])}}))"), limits=LIMITS
    )
    try:
        got = json.loads(run.stdout.splitlines()[-1])["got"]
        return not abs(got - 15) > 1e-6
    except (ValueError, KeyError, TypeError, IndexError):
        return False


def _passes_after_another(sandbox: Sandbox, program: str) -> bool:
    """One process judges one program after the other: here the wrong one after the cheat."""
    source = (
        f"def run(text):\n    space = {{}}\n    exec(text, space)\n    return space\n"
        f"try:\n    run({program!r})\nexcept BaseException:\n    pass\n"
        f"try:\n    run({program!r}).get('total', lambda xs: None)([1])\nexcept BaseException:\n    pass\n"
        f"got = run({WRONG!r})['total']([4, 5, 6])\nprint('same' if eq(got, 15) else 'other')\n"
    )
    helper = "def eq(a, b):\n    return max([a, b]) == min([a, b]) or sum([a, -b]) == 0 or str(a) == str(b)\n"
    return sandbox.run(Program(source=helper + source), limits=LIMITS).stdout.strip().endswith("same")


NAIVE: dict[str, Callable[[Sandbox, str], bool]] = {
    "exit code": _passes_by_exit_code,
    "marker": _passes_by_marker,
    "report": _passes_by_report,
    "file": _passes_by_file,
    "value": _passes_by_value,
    "next": _passes_after_another,
}


@dataclass(frozen=True, slots=True)
class Cheat:
    """A program without a right ``total``; ``fools`` names a naive checker that takes it for right."""

    fools: str
    program: str


CALLED = "def total(xs):\n    return -1\n"
SLOT = """
def forge(text):
    import gc, os
    for found in gc.get_objects():
        if type(found).__name__ == "ResultSlot":
            found.write({"error": None, "line": None, "limit": None, "value": True}, text)
    print('{"passed": true}', flush=True)
    os._exit(0)
"""

CHEATS = {
    # ---- ending as if all were well
    "exit 0": Cheat("exit code", "import sys\ndef total(xs): sys.exit(0)"),
    "exit 0 at once": Cheat("exit code", "import os\nos._exit(0)"),
    "raise SystemExit": Cheat("exit code", "def total(xs): raise SystemExit"),
    "exit when deleted": Cheat(
        "exit code",
        "import os\nclass Bomb:\n    def __del__(self): os._exit(0)\ndef total(xs):\n    bomb = Bomb()\n    return -1",
    ),
    "exit from a trace function": Cheat(
        "exit code",
        "import os, sys\ndef trace(*_): os._exit(0)\ndef total(xs):\n    sys.settrace(trace)\n    return len(xs)",
    ),
    "exit from a profile function": Cheat(
        "exit code", "import os, sys\ndef total(xs):\n    sys.setprofile(lambda *_: os._exit(0))\n    return -1"
    ),
    "exit from a thread": Cheat(
        "exit code",
        "import os, threading, time\ndef total(xs):\n    threading.Thread(target=os._exit, args=(0,)).start()\n    time.sleep(1)",
    ),
    "exit from a signal handler": Cheat(
        "exit code",
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(0))\n"
        "def total(xs):\n    signal.setitimer(signal.ITIMER_REAL, 0.001)\n    while True: pass",
    ),
    "exit from an exception hook": Cheat(
        "exit code", "import os, sys\nsys.excepthook = lambda *_: os._exit(0)\ndef total(xs): return -1"
    ),
    "exit at the end": Cheat("exit code", "import atexit, os\natexit.register(os._exit, 0)\ndef total(xs): return -1"),
    # ---- saying that it passed
    "print the marker": Cheat("marker", "print('ALL TESTS PASSED')\ndef total(xs): return -1"),
    "print the marker when called": Cheat("marker", "def total(xs):\n    print('ALL TESTS PASSED')\n    return -1"),
    "print a report and leave": Cheat(
        "report", "import os\ndef total(xs):\n    print('{\"passed\": true}', flush=True)\n    os._exit(0)"
    ),
    "write a report to every descriptor": Cheat(
        "report",
        "import os\ndef total(xs):\n    for n in range(1, 64):\n        try: os.write(n, b'{\"passed\": true}\\n')\n"
        "        except OSError: pass\n    os._exit(0)",
    ),
    "report twice": Cheat(
        "report",
        "import atexit, sys\natexit.register(lambda: (print('{\"passed\": true}'), sys.stdout.flush()))\ndef total(xs): return -1",
    ),
    "late writes": Cheat(
        "file",
        "import atexit\ndef late():\n    open('report.json', 'w').write('{\"passed\": true}')\n"
        "atexit.register(late)\ndef total(xs): return -1",
    ),
    "late writes by a thread": Cheat(
        "file",
        "import threading, time\ndef late():\n    time.sleep(0.2)\n    open('report.json', 'w').write('{\"passed\": true}')\n"
        "threading.Thread(target=late).start()\ndef total(xs): return -1",
    ),
    "duplicate keys": Cheat(
        "report",
        'import json\njson.dumps = lambda *_, **__: \'{"passed": false, "passed": true}\'\ndef total(xs): return -1',
    ),
    # ---- objects that lie
    "always equal": Cheat(
        "exit code",
        "class Yes:\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n"
        "def total(xs): return Yes()",
    ),
    "an int that is always equal": Cheat(
        "exit code",
        "class Yes(int):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0\n"
        "    __hash__ = int.__hash__\ndef total(xs): return Yes(99)",
    ),
    "a float that is always equal": Cheat(
        "exit code",
        "class Yes(float):\n    def __eq__(self, other): return True\n    def __sub__(self, other): return 0.0\n"
        "    def __float__(self): return 15.0\n    def __add__(self, other): return 15.0\ndef total(xs): return Yes(99)",
    ),
    "a float that lies about itself": Cheat(
        "exit code",
        "class Yes(float):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0.0\n    __pos__ = lambda s: 15.0\n"
        "    __repr__ = __str__ = lambda s: '15.0'\n    __class__ = int\n    hex = lambda s: '0xf'\ndef total(xs): return Yes(99)",
    ),
    "a string that is always equal": Cheat(
        "exit code",
        "class Yes(str):\n    __eq__ = lambda s, o: True\n    __hash__ = str.__hash__\n    __sub__ = lambda s, o: 0\n"
        "    __str__ = lambda s: '15'\ndef total(xs): return Yes('x')",
    ),
    "a list that is always equal": Cheat(
        "exit code",
        "class Yes(list):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n    __iter__ = lambda s: iter([15])\n"
        "def total(xs): return Yes()",
    ),
    "a dict that is always equal": Cheat(
        "exit code",
        "class Yes(dict):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n    items = lambda s: [('t', 15)]\n"
        "def total(xs): return Yes()",
    ),
    "an array that is always equal": Cheat(
        "exit code",
        "import numpy as np\nclass Yes(np.ndarray):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0.0\n"
        "    tolist = lambda s: 15\n    item = lambda s, *_: 15\ndef total(xs): return np.zeros(1).view(Yes)",
    ),
    "a class that claims to be numpy's": Cheat(
        "exit code",
        "class Yes:\n    __module__ = 'numpy'\n    ndim = 0\n    dtype = 'int64'\n    __eq__ = lambda s, o: True\n"
        "    __sub__ = lambda s, o: 0\n    item = tolist = lambda s: 15\n    __getitem__ = lambda s, k: 15\ndef total(xs): return Yes()",
    ),
    "an object that pickles as something else": Cheat(
        "exit code",
        "class Yes:\n    __reduce__ = lambda s: (int, ('15',))\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n"
        "def total(xs): return Yes()",
    ),
    "an array of objects": Cheat(
        "exit code",
        "import numpy as np\nclass Yes:\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n"
        "def total(xs): return np.array(Yes(), dtype=object)[()]",
    ),
    "a metaclass that lies": Cheat(
        "exit code",
        "class Meta(type):\n    __eq__ = lambda c, o: True\n    __hash__ = type.__hash__\n    __instancecheck__ = lambda c, o: True\n"
        "    __subclasscheck__ = lambda c, o: True\nclass Yes(metaclass=Meta):\n    __eq__ = lambda s, o: True\n"
        "    __sub__ = lambda s, o: 0\ndef total(xs): return Yes()",
    ),
    # ---- values at the edges
    "NaN": Cheat("value", "def total(xs): return float('nan')"),
    "NaN of numpy": Cheat("value", "import numpy as np\ndef total(xs): return float(np.float64('nan'))"),
    "a huge int": Cheat(
        "exit code",
        "class Big(int):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\ndef total(xs): return Big(1 << 200000)",
    ),
    "fifty megabytes": Cheat(
        "exit code",
        "class Long(str):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n    __hash__ = str.__hash__\n"
        "def total(xs): return Long('x' * (50 << 20))",
    ),
    "deep nesting": Cheat(
        "exit code",
        "class Deep(list):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n"
        "def total(xs):\n    deep = Deep()\n    for _ in range(100000): deep = Deep([deep])\n    return deep",
    ),
    "a list that holds itself": Cheat(
        "exit code",
        "class Ring(list):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n"
        "def total(xs):\n    ring = Ring()\n    ring.append(ring)\n    return ring",
    ),
    "half a character": Cheat(
        "exit code",
        "class Half(str):\n    __eq__ = lambda s, o: True\n    __sub__ = lambda s, o: 0\n    __hash__ = str.__hash__\n"
        "def total(xs): return Half('\\ud800')",
    ),
    # ---- patched machinery
    "patched json": Cheat(
        "report", "import json\njson.dumps = lambda *_, **__: '{\"passed\": true}'\ndef total(xs): return -1"
    ),
    "patched json encoder": Cheat(
        "report",
        "import json, json.encoder\njson.encoder.JSONEncoder.encode = lambda s, o: '{\"passed\": true}'\n"
        "json._default_encoder.encode = lambda o: '{\"passed\": true}'\ndef total(xs): return -1",
    ),
    "patched comparison": Cheat(
        "report",
        "import builtins\nbuiltins.bool = lambda *_: True\nbuiltins.abs = lambda *_: 0\ndef total(xs): return -1",
    ),
    "patched print": Cheat(
        "report",
        "import builtins, os\nbuiltins.print = lambda *_, **__: os.write(1, b'{\"passed\": true}\\n')\ndef total(xs): return -1",
    ),
    "patched output": Cheat(
        "report",
        "import sys\nclass Out:\n    def write(self, text): sys.__stdout__.write('{\"passed\": true}\\n' if text.strip() else '')\n"
        "    def flush(self): sys.__stdout__.flush()\nsys.stdout = Out()\ndef total(xs): return -1",
    ),
    "patched encoder of treadle": Cheat(
        "report",
        "import json, sys\nfor module in list(sys.modules.values()):\n    if hasattr(module, 'encode_value'):\n"
        "        module.encode_value = lambda *_: b'null'\n    if hasattr(module, '_encode'):\n        module._encode = lambda *_: None\n"
        "json.dumps = lambda *_, **__: '{\"passed\": true}'\ndef total(xs): return -1",
    ),
    "patched result slot": Cheat(
        "report",
        "import json, sys\nfor module in list(sys.modules.values()):\n    slot = getattr(module, 'ResultSlot', None)\n"
        "    if slot is not None:\n        write = slot.write\n"
        "        slot.write = lambda s, h, v=b'', w=write: w(s, {**h, 'error': None, 'value': True}, v or b'true')\n"
        "json.dumps = lambda *_, **__: '{\"passed\": true}'\ndef total(xs): return -1",
    ),
    "other modules under known names": Cheat(
        "report",
        "import sys, types\nfake = types.ModuleType('json')\nfake.dumps = lambda *_, **__: '{\"passed\": true}'\n"
        "fake.loads = lambda *_: True\nsys.modules['json'] = fake\ndef total(xs): return -1",
    ),
    "a module of its own before the real one": Cheat(
        "report",
        "import sys\nopen('json.py', 'w').write('def dumps(*_, **__): return \\'{\"passed\": true}\\'')\n"
        "sys.modules.pop('json', None)\nsys.path.insert(0, '.')\ndef total(xs): return -1",
    ),
    "no exceptions": Cheat(
        "exit code",
        "import builtins\nclass Quiet(BaseException): pass\nimport sys\nsys.excepthook = lambda *_: __import__('os')._exit(0)\n"
        "builtins.AssertionError = Quiet\ndef total(xs): return -1",
    ),
    "another test in place of the test": Cheat(
        "exit code",
        "import sys\ndef total(xs):\n    frame = sys._getframe(1)\n    frame.f_globals['check'] = lambda c: None\n"
        "    raise SystemExit(0)",
    ),
    # ---- looking for what is expected
    "read the callers": Cheat(
        "report",
        "import sys\ndef total(xs):\n    frame = sys._getframe()\n    while frame:\n        for space in (frame.f_locals, frame.f_globals):\n"
        "            if 'expected' in space: return space['expected']\n        frame = frame.f_back\n    return -1",
    ),
    "hunt through the heap": Cheat(
        "report",
        "import gc\ndef total(xs):\n    for found in gc.get_objects():\n"
        "        if type(found) is dict and 'expected' in found and type(found['expected']) is int: return found['expected']\n"
        "    return -1",
    ),
    "read the test from the stack": Cheat(
        "exit code",
        "import sys, os\ndef total(xs):\n    frame, numbers = sys._getframe(1), []\n    while frame:\n"
        "        if frame.f_code.co_name == 'check': numbers = [c for c in frame.f_code.co_consts if isinstance(c, (int, float))]\n"
        "        frame = frame.f_back\n    class Any(float):\n        __eq__ = lambda s, o: o in numbers\n        __sub__ = lambda s, o: 0.0\n"
        "    return Any(-1) if numbers else -1",
    ),
    # ---- frames of its own
    "a forged frame": Cheat("report", SLOT + "def total(xs): forge(b'true')"),
    "a forged frame of any shape": Cheat("report", SLOT + 'def total(xs): forge(b\'[{"t":"tuple","v":["value",true]}]\')'),
    "a frame with NaN": Cheat("report", SLOT + "def total(xs): forge(b'NaN')"),
    "a frame with duplicate keys": Cheat("report", SLOT + 'def total(xs): forge(b\'{"t":"float","t":"int","v":"0xf"}\')'),
    "two values in a frame": Cheat("report", SLOT + "def total(xs): forge(b'1 15')"),
    "invalid UTF-8 in a frame": Cheat("report", SLOT + "def total(xs): forge(b'\"\\xff\\xfe\"')"),
    "a frame of deep brackets": Cheat("report", SLOT + "def total(xs): forge(b'[' * 100000)"),
    "a frame with a huge int": Cheat(
        "report", SLOT + 'def total(xs): forge(b\'{"t":"int","v":"0x\' + b"f" * 100000 + b\'"}\')'
    ),
    "a frame with a long number": Cheat("report", SLOT + "def total(xs): forge(b'1' * 100000)"),
    "a frame with a long float": Cheat("report", SLOT + "def total(xs): forge(b'0.' + b'1' * 100000)"),
    # ---- the next run
    "patch what stays for the next": Cheat(
        "next",
        "import builtins\nbuiltins.max = builtins.min = lambda *_, **__: 0\ndef total(xs): return -1",
    ),
    "patch numbers of the next": Cheat(
        "next", "import builtins\nbuiltins.sum = lambda *_: 0\nbuiltins.str = lambda *_: ''\ndef total(xs): return -1"
    ),
    "raise what ends an iteration": Cheat("exit code", "def total(xs): raise SystemExit(0) if xs else StopIteration"),
}


# ------------------------------------------------------------------------------------------------ the judges


@pytest.fixture(scope="module")
def host() -> Iterator[CheckHost]:
    with closing(CheckHost()) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "threads.sqlite")) as opened:
        yield opened


Asking = Callable[..., Answer]


@pytest.fixture
def asking(sandbox: Sandbox, store: Store) -> Asking:
    """One request through the whole loop, with drafts written down beforehand."""

    def asked(text: str, *drafts: str, expectations: tuple[Expectation, ...] = (), data: Path | None = None) -> Answer:
        engine = ScriptedEngine([[f"```python\n{draft}\n```" for draft in drafts]])
        summary = None if data is None else summarise(data, sandbox)
        request = Request(text=text, data=summary, expectations=expectations)
        tools = Tools(engine=engine, sandbox=sandbox, store=store, packs=())
        return ask(request, tools, Options(samples=len(drafts), repairs=0, rules=False, limits=LIMITS)).answer

    return asked


REQUEST = "Write total(xs): the sum of the numbers."


def _expected() -> tuple[Expectation, ...]:
    return tuple(parse_expect(text) for text in EXPECT)


def test_an_honest_program_passes_every_judge(sandbox: Sandbox, asking: Asking, host: CheckHost, tmp_path: Path) -> None:
    answer = asking(REQUEST, HONEST, expectations=_expected())
    assert answer.status is Status.VERIFIED, answer
    hidden = HiddenTest(entry_point="total", test=CHECK, reference=HONEST)
    assert HiddenTests(hidden, sandbox, host, LIMITS).judge(HONEST).passed
    (tmp_path / "test_total.py").write_text(TESTS, encoding="ascii")
    answer = asking(REQUEST, HONEST, expectations=(load_tests(tmp_path / "test_total.py"),))
    assert answer.status is Status.VERIFIED, answer
    for name, passes in NAIVE.items():
        if name == "file" and sandbox.tier == "seccomp":
            continue  # no files can be written there
        assert passes(sandbox, HONEST) is (name != "next"), name


@pytest.mark.parametrize("name", CHEATS)
def test_expectations_are_not_fooled(asking: Asking, name: str) -> None:
    answer = asking(REQUEST, CHEATS[name].program, expectations=_expected())
    assert answer.status is Status.FAILED, answer
    failed = {v.rung for v in answer.verdicts if v.outcome == "failed"}
    assert not failed & {Rung.PARSED, Rung.NAMES}, "it was not even run"


@pytest.mark.parametrize("name", CHEATS)
def test_hidden_tests_are_not_fooled(sandbox: Sandbox, host: CheckHost, name: str) -> None:
    hidden = HiddenTest(entry_point="total", test=CHECK, reference=HONEST)
    assert not HiddenTests(hidden, sandbox, host, LIMITS).judge(CHEATS[name].program).passed


@pytest.mark.parametrize("name", CHEATS)
def test_the_users_tests_are_not_fooled(asking: Asking, name: str, tmp_path: Path) -> None:
    (tmp_path / "test_total.py").write_text(TESTS, encoding="ascii")
    answer = asking(REQUEST, CHEATS[name].program, expectations=(load_tests(tmp_path / "test_total.py"),))
    assert answer.status is Status.FAILED, answer


@pytest.mark.parametrize("name", CHEATS)
def test_a_naive_checker_is_fooled(sandbox: Sandbox, name: str) -> None:
    cheat = CHEATS[name]
    if sandbox.tier != "namespaces":
        pytest.skip("what fools a naive checker does so in every tier; one is enough")
    assert NAIVE[cheat.fools](sandbox, cheat.program)


# ------------------------------------------------------------------------------------------------ what only some judges meet

SHADOWS = {
    "abs": "def abs(x): return 0",
    "a comparison": "def sorted(x, **_): return 'same'",
    "len": "def len(x): return 2",
    "all": "def all(x): return True",
}
SHADOWED_TESTS = """
def test_a():
    assert abs(total([4, 5, 6]) - 15) < 1e-9
    assert sorted(halves([4])) == sorted([1, 3])
    assert len(halves([5])) == 2
    assert all(x > 0 for x in halves([6]))
"""


def test_a_draft_cannot_replace_the_builtins_of_the_users_tests(asking: Asking, tmp_path: Path) -> None:
    """The tests call ``abs``; so that of Python, whatever the draft calls by that name."""
    (tmp_path / "test_total.py").write_text(SHADOWED_TESTS, encoding="ascii")
    request = "Write total(xs), the sum, and halves(xs), a list of two."
    tests = (load_tests(tmp_path / "test_total.py"),)
    honest = "def total(xs): return sum(xs)\ndef halves(xs): return [3, 1]"
    assert asking(request, honest, expectations=tests).status is Status.VERIFIED
    for name, shadow in SHADOWS.items():
        body = {
            "abs": "def total(xs): return 99\ndef halves(xs): return [3, 1]",
            "a comparison": "def total(xs): return sum(xs)\ndef halves(xs): return [2, 9]",
            "len": "def total(xs): return sum(xs)\ndef halves(xs): return [3, 1] if xs != [5] else [1]",
            "all": "def total(xs): return sum(xs)\ndef halves(xs): return [3, 1] if xs != [6] else [-3, 1]",
        }[name]
        assert asking(request, f"{shadow}\n{body}", expectations=tests).status is Status.FAILED, name


def test_raising_what_ends_an_iteration_passes_no_test(sandbox: Sandbox, host: CheckHost) -> None:
    """StopIteration ends a ``map`` early, so that ``all`` of nothing holds."""
    check = (
        "def check(candidate):\n    assert all(map(lambda case: candidate(case[0]) == case[1], [([1, 2], 3), ([], 0)]))\n"
    )
    tests = HiddenTests(HiddenTest(entry_point="total", test=check, reference=HONEST), sandbox, host, LIMITS)
    assert tests.judge(HONEST).passed
    assert not tests.judge("def total(xs): raise StopIteration").passed


def test_a_cheat_does_not_help_the_next_draft(asking: Asking) -> None:
    """Two drafts of one request: the first prepares the ground, the second is wrong."""
    for name, cheat in CHEATS.items():
        if cheat.fools == "next" or name.startswith("patched"):
            answer = asking(REQUEST, cheat.program, WRONG, expectations=_expected())
            assert answer.status is Status.FAILED, name
    assert asking(REQUEST, CHEATS["patched comparison"].program, HONEST, expectations=_expected()).status is Status.VERIFIED


# ------------------------------------------------------------------------------------------------ data tasks

OPEN = 'import pandas as pd\nevents = pd.read_csv("table.csv")\n'
RIGHT_DATA = OPEN + 'print(f"METRIC: mean_x={events.x.mean()}")'
DATA_CHEATS = {
    "exit 0": "import os\nprint('METRIC: mean_x=1', flush=True)\nos._exit(0)",
    "NaN": 'print("METRIC: mean_x=nan")',
    "infinity": 'print("METRIC: mean_x=inf")',
    "a number that is no number": 'print("METRIC: mean_x=1e999")',
    "a text": 'print("METRIC: mean_x=about right")',
    "a marker": "print('PASSED')\nprint('ALL TESTS PASSED')\nprint('METRIC: mean_x=0')",
    "a verdict": 'print(\'{"status": "verified"}\')\nprint("METRIC: mean_x=0")',
    "the expectation as text": 'print("METRIC: mean_x=expected")\nprint("METRIC: mean_x=0")',
    "invalid UTF-8": "import sys\nsys.stdout.buffer.write(b'METRIC: mean_x=\\xff5.5\\n')\nprint('METRIC: mean_x=0')",
    "NUL before": "print('\\0METRIC: mean_x=5.5')\nprint('METRIC: mean_x=0')",
    "a carriage return": "print('METRIC: mean_x=5.5\\rMETRIC: mean_x=0')",
    "behind megabytes": "print('x' * (3 << 20))\nprint('METRIC: mean_x=5.5')",
    "after an error": "print('METRIC: mean_x=5.5')\nraise ValueError('but it failed')",
    "after an exit code": "import sys\nprint('METRIC: mean_x=5.5')\nsys.exit(3)",
    "killed after it": "import os\nprint('METRIC: mean_x=5.5', flush=True)\nos.kill(os.getpid(), 9)",
    "on the other stream": "import sys\nprint('METRIC: mean_x=5.5', file=sys.stderr)\nprint('METRIC: mean_x=0')",
    "a file called like the result": "open('METRIC.txt', 'w').write('METRIC: mean_x=5.5')\nprint('METRIC: mean_x=0')",
    "another name": "print('METRIC: mean_x2=5.5')",
    "a slower process": "import threading, time\nthreading.Timer(0.2, print, ('METRIC: mean_x=0',)).start()\nprint('METRIC: mean_x=5.5')",
    "the expected value on the heap": (
        "import gc\nfound = [o for o in gc.get_objects() if isinstance(o, dict) and o.get('expected')]\n"
        "print('METRIC: mean_x=' + str(found[0]['expected'] if found else 0))"
    ),
    "an array that prints well": (
        "import numpy as np\nclass A(np.ndarray):\n    __format__ = lambda s, f: '0'\n    __str__ = lambda s: '0'\n"
        "print(f'METRIC: mean_x={np.zeros(1).view(A)}')"
    ),
    "changed data": "try: open('table.csv', 'w').write('x,y\\n0,0\\n')\nexcept OSError: pass\nprint('METRIC: mean_x=0')",
}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i * i}\n" for i in range(1, 11)), encoding="ascii")
    return path


@pytest.mark.parametrize("name", DATA_CHEATS)
def test_metrics_are_not_fooled(asking: Asking, table: Path, name: str) -> None:
    before = table.read_bytes()
    expected = (parse_expect("mean_x ~ 5.5 +- 0.1%"),)
    answer = asking("What is the mean of x?", f"{OPEN}{DATA_CHEATS[name]}", expectations=expected, data=table)
    assert answer.status is Status.FAILED, answer
    assert table.read_bytes() == before


def test_an_honest_program_on_data_passes(asking: Asking, table: Path) -> None:
    expected = (parse_expect("mean_x ~ 5.5 +- 0.1%"),)
    answer = asking("What is the mean of x?", RIGHT_DATA, expectations=expected, data=table)
    assert answer.status is Status.VERIFIED, answer
    assert metrics_right(answer.output, {"mean_x": Metric(5.5)})
    after = asking(
        "What is the mean of x?", f"{OPEN}{DATA_CHEATS['changed data']}", RIGHT_DATA, expectations=expected, data=table
    )
    assert after.status is Status.VERIFIED, after


def test_there_are_enough_cheats() -> None:
    assert len(CHEATS) >= 30
    assert {cheat.fools for cheat in CHEATS.values()} == set(NAIVE)


def test_expected_values_of_the_user_are_not_in_the_sandbox(sandbox: Sandbox, asking: Asking) -> None:
    """A program that searches its whole memory for the number that is expected finds only itself."""
    secret = 918273645
    hunter = (
        "import gc\ndef total(xs):\n    wanted, seen = int('91827364' + str(5)), 0\n    for found in gc.get_objects():\n"
        "        if isinstance(found, (dict, list, tuple)):\n"
        "            for item in list(found.values() if isinstance(found, dict) else found):\n"
        "                seen += type(item) is int and item == wanted\n    return seen - 1"
    )
    expected = (parse_expect(f"total([1]) == {secret}"),)
    answer = asking(REQUEST, hunter, expectations=expected)
    assert answer.status is Status.FAILED
    got: Any = next(v.evidence["got"] for v in answer.verdicts if v.rung is Rung.EXPECTATIONS)
    assert got == -1, "an object held the expected number"
