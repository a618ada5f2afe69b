"""The seccomp tier, which opens nothing: what programs can still do, and what they cannot."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox, warm
from treadle.types import Program


@pytest.fixture(scope="module")
def closed() -> Iterator[Sandbox]:
    """A sandbox of the seccomp tier."""
    try:
        opened = open_sandbox("seccomp")
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One small file of each kind."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "t.txt").write_text("first\nsecond\n", encoding="utf-8")
    (folder / "t.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    (folder / "t.json").write_text(json.dumps([{"a": 1}, {"a": 3}]), encoding="utf-8")
    np.save(folder / "t.npy", np.arange(5.0))
    with contextlib.closing(sqlite3.connect(folder / "t.db")) as database:
        database.executescript("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (3);")
    files = [folder / name for name in ("t.txt", "t.csv", "t.json", "t.npy", "t.db")]
    with contextlib.suppress(ImportError):
        import uproot

        with uproot.recreate(folder / "t.root") as file:
            file["t"] = {"x": np.arange(1000.0)}
        files.append(folder / "t.root")
    with contextlib.suppress(ImportError):
        import pandas

        pandas.DataFrame({"a": [1, 3]}).to_parquet(folder / "t.parquet")
        files.append(folder / "t.parquet")
    return files


READERS = {
    "text": ("t.txt", "open('t.txt').read()", "first\nsecond\n"),
    "lines": ("t.txt", "[line for line in open('t.txt')]", ["first\n", "second\n"]),
    "by pathlib": ("t.txt", "__import__('pathlib').Path('t.txt').read_bytes()", b"first\nsecond\n"),
    "by its full name": ("t.txt", "open(__import__('os').path.abspath('t.txt'), 'rb', 0).read(5)", b"first"),
    "two at once": (
        "t.txt",
        "(lambda f, g: (f.readline(), g.readline()))(open('t.txt'), open('t.txt'))",
        ("first\n", "first\n"),
    ),
    "by descriptor": ("t.txt", "__import__('os').read(__import__('os').open('t.txt', 0), 5)", b"first"),
    "mapped": ("t.txt", "bytes(__import__('mmap').mmap(open('t.txt', 'rb').fileno(), 0, access=1)[6:12])", b"second"),
    "csv": ("t.csv", "list(__import__('csv').reader(open('t.csv', newline='')))", [["a", "b"], ["1", "2"], ["3", "4"]]),
    "json": ("t.json", "__import__('json').load(open('t.json'))[1]['a']", 3),
    "sqlite": ("t.db", "__import__('sqlite3').connect('t.db').execute('select sum(a) from t').fetchone()", (4,)),
    "sqlite by address": (
        "t.db",
        "__import__('sqlite3').connect('file:t.db?mode=ro', uri=True).execute('select sum(a) from t').fetchone()",
        (4,),
    ),
    "numpy": ("t.npy", "float(__import__('numpy').load('t.npy').sum())", 10.0),
    "numpy mapped": ("t.npy", "float(__import__('numpy').load('t.npy', mmap_mode='r').sum())", 10.0),
    "numpy from text": ("t.csv", "float(__import__('numpy').loadtxt('t.csv', delimiter=',', skiprows=1).sum())", 10.0),
    "what is there": ("t.csv", "'t.csv' in __import__('os').listdir('.')", True),
    "its size": ("t.csv", "__import__('os').path.getsize('t.csv')", 12),
    "found by a pattern": ("t.csv", "__import__('glob').glob('*.csv')", ["t.csv"]),
    "uproot": ("t.root", "float(__import__('uproot').open('t.root')['t']['x'].array(library='np').sum())", 499500.0),
    "uproot in pieces": (
        "t.root",
        "[len(b) for b in __import__('uproot').iterate('t.root:t', step_size=600, library='np', how=tuple) for b in b]",
        [600, 400],
    ),
    "pandas": ("t.csv", "int(__import__('pandas').read_csv('t.csv')['a'].sum())", 4),
    "pandas from json": ("t.json", "int(__import__('pandas').read_json('t.json')['a'].sum())", 4),
    "parquet": ("t.parquet", "int(__import__('pandas').read_parquet('t.parquet')['a'].sum())", 4),
}


@pytest.mark.parametrize("name", READERS)
def test_data_files_are_read_without_opening_them(closed: Sandbox, data: list[Path], name: str) -> None:
    needed, expression, expected = READERS[name]
    files = [file for file in data if file.name == needed]
    if not files:
        pytest.skip(f"{needed} cannot be made here")
    run = closed.run(Program(source="", evaluate=expression), files=data)
    assert (run.tier, run.error, run.value) == ("seccomp", None, expected), run.stderr


PROGRAMS = {
    "a plot": "import matplotlib.pyplot as plt, io\nplt.plot([1, 2])\nplt.title(r'$x^2$')\nb = io.BytesIO()\n"
    "plt.savefig(b)\nprint(b.getvalue()[1:4])",
    "a fit": "import scipy.optimize as o\nprint(round(float(o.brentq(lambda x: x * x - 2, 0, 2)), 6))",
    "lists an event": "import awkward as ak\nprint(ak.mean(ak.Array([[1, 2], [], [3]])))",
    "a histogram": "import hist\nh = hist.Hist.new.Reg(4, 0, 1).Double()\nh.fill([.1, .2])\nprint(h.sum())",
    "threads": "from concurrent.futures import ThreadPoolExecutor\nprint(list(ThreadPoolExecutor(4).map(abs, [-1, 2])))",
    "asyncio": "import asyncio\nasync def f(): return 3\nprint(asyncio.run(f()))",
    "the standard library": "import xml.etree.ElementTree as e, tomllib\nprint(e.fromstring('<a b=\"1\"/>').get('b'))",
}
PRINTED = ("b'PNG'", "1.414214", "2.0", "2.0", "[1, 2]", "3", "1")


@pytest.mark.parametrize(("name", "printed"), list(zip(PROGRAMS, PRINTED, strict=True)))
def test_what_was_loaded_ahead_works(closed: Sandbox, name: str, printed: str) -> None:
    for package in ("matplotlib", "scipy", "awkward", "hist"):
        if package in PROGRAMS[name]:
            pytest.importorskip(package)
    run = closed.run(Program(source=PROGRAMS[name]))
    assert (run.error, run.stdout) == (None, printed + "\n"), run.stderr


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "open('new.txt', 'w')",
            "PermissionError: [Errno 1] the seccomp tier of the sandbox has no directory to write to: 'new.txt'",
        ),
        ("open('/nothing/here')", "FileNotFoundError: [Errno 2] No such file or directory: '/nothing/here'"),
        (
            "open('/etc/hostname')",
            "PermissionError: [Errno 1] the seccomp tier of the sandbox opens nothing but the data files: ",
        ),
        ("open('t.txt', 'r+')", "PermissionError: [Errno 1] the seccomp tier of the sandbox has no directory to write to"),
        ("import os; os.mkdir('d')", "PermissionError: [Errno 1] Operation not permitted: 'd'"),
        ("import sqlite3; sqlite3.connect('new.db')", "sqlite3.OperationalError: unable to open database file"),
        ("import nothing_of_this_name", "ModuleNotFoundError: No module named 'nothing_of_this_name'"),
    ],
)
def test_what_cannot_work_says_so(closed: Sandbox, data: list[Path], source: str, error: str) -> None:
    run = closed.run(Program(source=source), files=data)
    assert run.error is not None
    assert run.error.startswith(error)
    assert "treadle" not in run.stderr


def test_a_module_that_was_not_loaded_ahead_is_not_called_missing(closed: Sandbox) -> None:
    run = closed.run(Program(source="import pip"))
    assert run.error == (
        "ImportError: the module 'pip' was not loaded ahead, and the seccomp tier of the sandbox cannot load it"
    )


RAW = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(*arguments):
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments])
path = sys.argv[1].encode()
import platform
numbers = {"x86_64": {"openat": 257, "open": 2, "creat": 85, "truncate": 76, "unlink": 87, "rename": 82, "chmod": 90}}
found = {}
for name, number in numbers[platform.machine()].items():
    more = {"openat": (-100, path, 2), "open": (path, 1), "creat": (path, 438), "rename": (path, path + b"2")}
    found[name] = call(number, *more.get(name, (path, 0)))
"""


def test_undoing_the_replacement_of_open_meets_the_kernel(closed: Sandbox, public_path: Path) -> None:
    victim = public_path / "victim.txt"
    victim.write_text("intact", encoding="ascii")
    victim.chmod(0o666)
    if "x86_64" not in __import__("platform").machine():
        pytest.skip("the attempts are written for x86_64")
    run = closed.run(Program(source=RAW, evaluate="found", argv=(str(victim),)))
    assert set(run.value.values()) == {-1}
    originals = (
        "from treadle.sandbox import handover\nimport sys\nhandover._state.active = False\n"
        "handover._OPEN[0](sys.argv[1]).read()"
    )
    run = closed.run(Program(source=originals, argv=(str(victim),)))
    assert run.error is not None
    assert run.error.startswith("PermissionError: [Errno 1] Operation not permitted")
    assert victim.read_text(encoding="ascii") == "intact"
    assert [file.name for file in public_path.iterdir()] == ["victim.txt"]


def test_data_files_cannot_be_changed_through_their_descriptors(closed: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "d.txt"
    file.write_text("intact", encoding="ascii")
    source = (
        "import os, mmap\nf = open('d.txt', 'rb').fileno()\ndone = []\n"
        "for attempt in (lambda: os.write(f, b'x'), lambda: os.ftruncate(f, 0), lambda: os.fchmod(f, 0),\n"
        "                lambda: mmap.mmap(f, 6, mmap.MAP_SHARED, mmap.PROT_WRITE), lambda: os.pwrite(f, b'x', 0)):\n"
        "    try: attempt()\n    except OSError: continue\n    done.append(attempt)"
    )
    run = closed.run(Program(source=source, evaluate="len(done)"), files=[file])
    assert run.value == 0, run
    assert file.read_text(encoding="ascii") == "intact"


def test_no_descriptor_but_the_streams_and_the_data(closed: Sandbox, data: list[Path]) -> None:
    source = (
        "import os\nopen_now = 0\nfor n in range(999):\n    try: open_now += bool(os.fstat(n))\n    except OSError: pass"
    )
    assert closed.run(Program(source=source, evaluate="open_now")).value == 3
    assert closed.run(Program(source=source, evaluate="open_now"), files=data).value == 3 + len(data)


@pytest.mark.parametrize("package", sorted(warm._USES))
def test_every_use_that_warms_up_works(package: str) -> None:
    """In the server a failing one would be passed over."""
    program = (
        f"import warnings; warnings.simplefilter('ignore'); import {package}\nfrom treadle.sandbox import warm\n"
        f"warm._USES[{package!r}]()\nimport threading; assert threading.active_count() == 1"
    )
    if package != "sys":
        pytest.importorskip(package)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
