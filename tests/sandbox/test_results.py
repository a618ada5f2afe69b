"""What comes back: values, errors with their lines, exits, signals, forged frames, artifacts, data files."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from treadle.errors import DataError
from treadle.sandbox import Sandbox
from treadle.types import Program, Run


def test_value_and_output(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="x = {'a': (1, 2.5), 'b': float('nan')}\nprint('höchst')", evaluate="x"))
    assert run.ok
    assert run.value["a"] == (1, 2.5)
    assert math.isnan(run.value["b"])
    assert (run.stdout, run.stderr, run.tier) == ("höchst\n", "", sandbox.tier)


def test_nothing_asked_nothing_given(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="x = 1"))
    assert (run.ok, run.value, run.value_given) == (True, None, False)
    assert sandbox.run(Program(source="", evaluate="None")).value_given


def test_it_looks_like_a_script(sandbox: Sandbox) -> None:
    source = "import sys, os\nfacts = (__name__, sys.argv, sys.stdin.read(), os.getcwd() in sys.path)"
    run = sandbox.run(Program(source=source, evaluate="facts", argv=("-n", "3")))
    assert run.value == ("__main__", ["program.py", "-n", "3"], "", True)


def test_its_own_names_can_be_pickled_and_imported(writable: Sandbox) -> None:
    source = (
        "import pickle\nclass A:\n    x = 3\nopen('helper.py', 'w').write('y = 4')\nimport helper\n"
        "r = pickle.loads(pickle.dumps(A())).x + helper.y"
    )
    assert writable.run(Program(source=source, evaluate="r")).value == 7


@pytest.mark.parametrize(
    ("source", "error", "line"),
    [
        ("a = 1\nb = x\n", "NameError: name 'x' is not defined", 2),
        ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError: division by zero", 2),
        (
            "import json\n\njson.loads('{')\n",
            "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes",
            3,
        ),
        ("a = 1\nb = = 2\n", "SyntaxError: invalid syntax", 2),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'", 1),
        ("class E(Exception): pass\nraise E('two\\nlines')", "E", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 1),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded", 1),
    ],
)
def test_errors_name_their_line(sandbox: Sandbox, source: str, error: str, line: int) -> None:
    run = sandbox.run(Program(source=source, evaluate="1"))
    assert run.exit_code == 1
    assert run.error is not None
    assert run.error.removeprefix("__main__.").startswith(error) or "lines" in run.error
    assert run.error_line == line
    assert not run.value_given
    assert f'File "<program>", line {line}' in run.stderr
    assert "treadle" not in run.stderr
    text = source.splitlines()[line - 1].strip()
    assert text in run.stderr


def test_error_of_the_expression(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="x = 1\ndef f():\n    return y", evaluate="f()"))
    assert (run.error, run.error_line, run.exit_code) == ("NameError: name 'y' is not defined", 3, 1)
    assert sandbox.run(Program(source="", evaluate="1 +")).error == "SyntaxError: invalid syntax"


def test_a_value_that_is_not_plain(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="class A: pass", evaluate="A()"))
    assert not run.value_given
    assert run.error == "ValueError: the value cannot be returned as plain data (type __main__.A)"


def test_always_equal_objects_do_not_leave(sandbox: Sandbox) -> None:
    source = "class Any(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__"
    run = sandbox.run(Program(source=source, evaluate="Any(3)"))
    assert (type(run.value), run.value == 4) == (int, False)


@pytest.mark.parametrize(
    ("source", "exit_code"),
    [
        ("import sys; sys.exit(0)", 0),
        ("import sys; sys.exit()", 0),
        ("import os; os._exit(0)", 0),
        ("import sys; sys.exit(3)", 3),
        ("raise SystemExit('bad')", 1),
        ("import os; os._exit(77)", 77),
    ],
)
def test_leaving_early_gives_no_value(sandbox: Sandbox, source: str, exit_code: int) -> None:
    run = sandbox.run(Program(source=source, evaluate="1"))
    assert (run.exit_code, run.value_given, run.ok) == (exit_code, False, False)
    assert run.error is not None
    if exit_code == 0:
        assert sandbox.run(Program(source=source)).ok


@pytest.mark.parametrize(
    ("source", "number"),
    [
        ("import os; os.abort()", 6),
        ("import ctypes; ctypes.string_at(0)", 11),
        ("import os; os.kill(os.getpid(), 15)", 15),
        ("import os; os.kill(os.getpid(), 9)", 9),
    ],
)
def test_death_by_signal(sandbox: Sandbox, source: str, number: int) -> None:
    run = sandbox.run(Program(source=f"print('before', flush=True)\n{source}", evaluate="1"))
    assert (run.signal, run.exit_code, run.value_given, run.stdout) == (number, None, False, "before\n")
    assert sandbox.run(Program(source="", evaluate="1")).value == 1


FIND_SLOT = (
    "import gc, os\nslot = next(o for o in gc.get_objects() if type(o).__name__ == 'ResultSlot')\nm = slot._memory\n"
    'header = b\'{"error": null, "line": null, "limit": null, "value": true}\'\n'
)


def forged(sandbox: Sandbox, body: str) -> Run:
    return sandbox.run(Program(source=FIND_SLOT + body + "\nos._exit(0)", evaluate="1"))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("m[:32] = b'x' * 32", "forged"),
        ("m[:32] = slot._FRAME.pack(slot._nonce, 1 << 60, 5)", "impossible length"),
        ("m[:32] = slot._FRAME.pack(slot._nonce, 10, 1 << 60)", "impossible length"),
        ("m[32:34] = b'{}'; m[:32] = slot._FRAME.pack(slot._nonce, 2, 0)", "not valid"),
        ("slot._FRAME.pack; m[32:37] = b'\\xff\\xfe\\x00ab'; m[:32] = slot._FRAME.pack(slot._nonce, 5, 0)", "not valid"),
        ("slot.write({'error': 1, 'line': None, 'limit': None, 'value': True}, b'1')", "wrong type"),
        ("slot.write({'error': 'x', 'line': -1, 'limit': None, 'value': True}, b'1')", "no number of a line"),
        ("slot.write({'error': 'x', 'line': 1 << 4000, 'limit': None, 'value': True}, b'1')", "no number of a line"),
        ("slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'NaN')", "NaN"),
        ("slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'1 2')", "Extra data"),
        ("slot.write({'error': None, 'line': None, 'limit': None, 'value': True}, b'[' * 200000)", "nested too deeply"),
        ("m[32:40] = b'[' * 8; m[40:60000] = b'[' * 59960; m[:32] = slot._FRAME.pack(slot._nonce, 59000, 0)", "not valid"),
    ],
)
def test_invalid_frames_are_refused_with_the_reason(sandbox: Sandbox, body: str, why: str) -> None:
    run = forged(sandbox, body)
    assert (run.exit_code, run.value_given, run.value) == (0, False, None)
    assert run.error is not None
    assert why in run.error


def test_a_well_forged_frame_is_only_the_programs_word(sandbox: Sandbox) -> None:
    """It cannot be told from an honest one; but exit code, signal and limits come from outside."""
    word = "slot.write({'error': None, 'line': None, 'limit': 'cpu', 'value': True}, b'42'); os._exit(7)"
    run = forged(sandbox, word)
    assert (run.value, run.exit_code, run.ok) == (42, 7, False)


def test_a_frame_cut_short_by_death(sandbox: Sandbox) -> None:
    run = forged(sandbox, "m[32:40] = b'12345678'; os.kill(os.getpid(), 9)")
    assert (run.signal, run.value_given) == (9, False)


def test_output_that_is_no_text(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="import os; os.write(1, b'a\\xff\\x00b'); os.write(2, b'\\xc3')"))
    assert (run.stdout, run.stderr) == ("a\ufffd\x00b", "\ufffd")


def test_threads_are_awaited_and_exit_functions_run(sandbox: Sandbox) -> None:
    source = (
        "import atexit, threading, time\natexit.register(print, 'exit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('main')"
    )
    assert sandbox.run(Program(source=source)).stdout == "main\nthread\nexit\n"


def test_runs_draw_different_random_numbers_unless_seeded(sandbox: Sandbox) -> None:
    program = Program(source="import random, numpy as np", evaluate="(random.random(), float(np.random.rand()), hash('a'))")
    first, second = (run.value for run in sandbox.run_many([program, program]))
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert first[2] == second[2]


def test_artifacts(writable: Sandbox) -> None:
    source = (
        "import json, os, numpy as np\njson.dump({'a': 1}, open('b.json', 'w'))\nnp.save('a.npy', np.arange(3))\n"
        "open('notes.TXT', 'w').write('x')\nopen('other.bin', 'w').write('x')\nos.mkdir('dir.png')\n"
        "open('dir.png/inner.png', 'w').write('x')\nopen('.tmp/t.txt', 'w').write('x')"
    )
    run = writable.run(Program(source=source))
    assert run.ok, run
    assert [(a.name, a.media_type) for a in run.artifacts] == [
        ("a.npy", "application/x-npy"),
        ("b.json", "application/json"),
        ("notes.TXT", "text/plain"),
    ]
    assert run.artifacts[1].content == b'{"a": 1}'


def test_artifacts_cannot_be_used_to_read_or_to_stall(writable: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary", encoding="ascii")
    source = (
        f"import os\nos.symlink({str(secret)!r}, 'link.txt')\nos.symlink('/dev/zero', 'zero.txt')\n"
        "os.symlink('/proc/self/environ', 'e.txt')\n"
        "try: os.mkfifo('pipe.txt')\nexcept OSError: pass\n"
        "open('sparse.txt', 'w').truncate(60 << 20)\nopen('good.txt', 'w').write('good')\n"
        "open('new\\nline.txt', 'w').close()"
    )
    run = writable.run(Program(source=source))
    assert [(a.name, a.content) for a in run.artifacts] == [("good.txt", b"good")]


def test_artifacts_are_limited_in_number(writable: Sandbox) -> None:
    run = writable.run(Program(source="for n in range(100): open(f'{n:03}.txt', 'w').write('x')"))
    assert len(run.artifacts) == 64


def test_deep_directories_are_cleaned_up(writable: Sandbox) -> None:
    run = writable.run(Program(source="import os\nfor _ in range(1500):\n    os.mkdir('d'); os.chdir('d')"))
    assert run.ok, run
    locked = "import os\nos.makedirs('a/b/c')\nopen('a/b/f', 'w').close()\nos.umask(0o777)\nos.mkdir('a/x')\nos.mkdir('y')"
    assert writable.run(Program(source=locked)).ok


def test_data_files_are_there_and_read_only(sandbox: Sandbox, tmp_path: Path) -> None:
    data = tmp_path / "numbers.npy"
    np.save(data, np.arange(5))
    data.chmod(0o600)
    before = data.read_bytes()
    read = Program(
        source="import numpy as np, os\nx = np.load('numbers.npy')", evaluate="(x, os.path.exists('numbers.npy'))"
    )
    run = sandbox.run(read, files=[data])
    assert run.value == ([0, 1, 2, 3, 4], True), run
    assert run.artifacts == ()
    for change in (
        "open('numbers.npy', 'r+b').write(b'x')",
        "import os; os.truncate('numbers.npy', 0)",
        "open('numbers.npy', 'wb')",
    ):
        assert not sandbox.run(Program(source=change), files=[data]).ok
    for removal in ("import os; os.remove('numbers.npy')", "import os; os.rename('numbers.npy', 'x.npy')"):
        sandbox.run(Program(source=removal), files=[data])
    assert data.read_bytes() == before


def test_a_changed_data_file_is_seen_anew(sandbox: Sandbox, tmp_path: Path) -> None:
    data = tmp_path / "data.txt"
    for text in ("one", "three"):
        data.write_text(text, encoding="ascii")
        assert sandbox.run(Program(source="", evaluate="open('data.txt').read()"), files=[data]).value == text


def test_data_files_that_cannot_be_given(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("x.txt", "a/x.txt"):
        (tmp_path / name).write_text("x", encoding="ascii")
    with pytest.raises(DataError, match="No such file"):
        sandbox.run(Program(source=""), files=[tmp_path / "absent"])
    with pytest.raises(DataError, match="not a readable regular file"):
        sandbox.run(Program(source=""), files=[tmp_path / "a"])
    with pytest.raises(DataError, match="two data files"):
        sandbox.run(Program(source=""), files=[tmp_path / "x.txt", tmp_path / "a/x.txt"])
    (tmp_path / ".tmp").write_text("x", encoding="ascii")
    with pytest.raises(DataError, match="the name of a folder that programs need for themselves; rename it"):
        sandbox.run(Program(source=""), files=[tmp_path / ".tmp"])


def test_many_programs_keep_their_order(sandbox: Sandbox) -> None:
    runs = sandbox.run_many([Program(source="", evaluate=str(n)) for n in range(12)])
    assert [run.value for run in runs] == list(range(12))
    assert sandbox.run_many([]) == []
