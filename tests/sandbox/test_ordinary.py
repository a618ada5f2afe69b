"""No false refusals: ordinary programs print inside what they print in plain Python, and what is refused is refused clearly.

The programs lie in ``ordinary/``, a file for each library: its imports, then programs parted by empty lines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from treadle.sandbox import Sandbox
from treadle.types import Program, Run

FOLDER = Path(__file__).parent / "ordinary"
NEEDS = {
    "scipy": ("scipy",),
    "pandas": ("pandas", "pyarrow"),
    "arrow": ("pyarrow",),
    "hep": ("awkward", "uproot", "hist", "vector", "particle", "mplhep"),
    "plots": ("matplotlib",),
}
METADATA = "copying times and modes is refused in this tier: docs/sandbox.md"
KNOWN = {("landlock", "standard", "shutil.copytree"): METADATA}
"""Programs that a tier refuses, with the reason: (tier, file, text of the program)."""

_OUTSIDE = """
import atexit, importlib, json, os, sys, tempfile, threading, traceback, types

def run(source, result):
    folder = tempfile.mkdtemp(dir=os.getcwd())
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"../{result}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["program.py"]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    sys.path.insert(0, folder)
    code = 0
    try:
        exec(compile(source, "<program>", "exec"), main.__dict__)
    except SystemExit as stop:
        code = stop.code or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    with open(f"../{result}.code", "w") as file:
        file.write(str(code))
    os._exit(0)

programs = json.loads(open("programs.json").read())
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for number, source in enumerate(programs):
    run(source, number)
"""


def programs_of(name: str) -> list[str]:
    """The programs of a file, each with the imports of the file before it."""
    imports, *bodies = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip("\n").split("\n\n")
    return [f"{imports}\n{body}" for body in bodies]


FILES = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What every program prints without a sandbox, and its exit code. One plain Python forks them all."""
    folder = tmp_path_factory.mktemp("outside")
    sources = [source for name in FILES for source in programs_of(name)]
    (folder / "programs.json").write_text(json.dumps(sources), encoding="utf-8")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONHASHSEED": "0", "MPLBACKEND": "Agg", "LANG": "C.UTF-8"}
    environment["MPLCONFIGDIR"] = str(folder / "matplotlib")
    names = ["numpy", "pandas", "awkward", "uproot", "hist", "vector", "matplotlib.pyplot"]
    subprocess.run(
        [sys.executable, "-c", _OUTSIDE, *names],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=300,
        capture_output=True,
    )
    return {
        source: ((folder / f"{n}.out").read_bytes().decode(errors="replace"), int((folder / f"{n}.code").read_text()))
        for n, source in enumerate(sources)
    }


CLEAR = (
    "not permitted", "Permission denied", "No such file", "unable to open", "No usable temporary directory",
    "not loaded ahead", "opens nothing but", "has no directory", "named semaphores",
)  # fmt: skip
"""What a refusal says of itself: in the words of the kernel, of Python, of SQLite or of the sandbox."""


def _refused_clearly(run: Run) -> bool:
    return run.exit_code != 0 and any(words in f"{run.error} {run.stderr}" for words in CLEAR)


@pytest.mark.parametrize("name", FILES)
def test_same_output_as_outside(sandbox: Sandbox, outside: dict[str, tuple[str, int]], name: str) -> None:
    absent = [module for module in NEEDS.get(name, ()) if find_spec(module) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    sources = programs_of(name)
    same, wrong = 0, []
    for source, run in zip(sources, sandbox.run_many([Program(source=s) for s in sources]), strict=True):
        stdout, code = outside[source]
        if (run.stdout, run.exit_code) == (stdout, code) and (run.limit_hit is None):
            same += 1
        elif not any(tier == sandbox.tier and file == name and text in source for tier, file, text in KNOWN):
            wrong.append((source, stdout[:300], run))
    if sandbox.tier == "seccomp":  # no files can be opened there: what needs one must say so
        wrong = [(source, stdout, run) for source, stdout, run in wrong if not _refused_clearly(run)]
        assert same or name in ("sqlite", "plots", "arrow", "scipy", "hep", "pandas")
    assert not wrong, wrong[:3]


REFUSED = {
    "subprocess": "import subprocess\nsubprocess.run(['ls'])",
    "os.system": "import os\nprint(os.system('true'))\nos.fork()",
    "multiprocessing": "import multiprocessing as m\nm.get_context('fork').Process(target=print).start()",
    "a pool of processes": "import multiprocessing as m\nm.get_context('fork').Pool(2)",
    "joblib-like workers": "from concurrent.futures import ProcessPoolExecutor as P\nP(1).submit(int).result()",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', 9))",
    "a download": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "a file elsewhere": "open('/etc/passwd')",
    "os.fork": "import os\nos.fork()",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_clearly(sandbox: Sandbox, name: str) -> None:
    """At once, by an exception that says that it is not permitted; never by a hang or a crash."""
    run = sandbox.run(Program(source=REFUSED[name]))
    assert (run.exit_code, run.signal, run.limit_hit) == (1, None, None), run
    assert run.wall_seconds < 10
    assert _refused_clearly(run), run


def test_there_are_enough_programs() -> None:
    programs = [source for name in FILES for source in programs_of(name)]
    assert len(set(programs)) >= 200
    assert len(FILES) >= 9
