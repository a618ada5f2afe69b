"""Ordinary scientific programs print inside what they print outside."""

# The programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from treadle.sandbox import Sandbox
from treadle.types import Program

uproot = pytest.importorskip("uproot")

PROGRAMS = {
    "standard library": (
        "import json, re, statistics, datetime, collections, itertools, decimal, fractions, textwrap\n"
        "print(json.dumps({'a': [1, 2.5]}), re.findall(r'\\d+', 'a1b22'), statistics.stdev([1, 2, 4]))\n"
        "print(datetime.date(2026, 1, 1).isoformat(), collections.Counter('hello'), {'b', 'a', 'c'}, decimal.Decimal('0.1') * 3)"
    ),
    "seeded random numbers": (
        "import random, numpy as np\nrandom.seed(1)\nnp.random.seed(1)\n"
        "print(random.random(), np.random.rand(3), np.random.default_rng(1).normal(size=3))"
    ),
    "numpy": (
        "import numpy as np\na = np.arange(12.).reshape(3, 4)\nprint(a @ a.T, np.linalg.svd(a)[1][:2].round(9), np.fft.rfft(a[0]))\n"
        "print(np.histogram(a, bins=4))\nnp.savez('z.npz', a=a)\nprint(np.load('z.npz')['a'].sum())"
    ),
    "scipy": (
        "from scipy import optimize, stats, integrate\nprint(optimize.brentq(lambda x: x * x - 2, 0, 2))\n"
        "print(stats.norm.cdf(1.96), integrate.quad(lambda x: x ** 2, 0, 1)[0])"
    ),
    "awkward": "import awkward as ak\na = ak.Array([[1, 2], [], [3]])\nprint(ak.sum(a, axis=1), ak.num(a), ak.mean(a), a.type)",
    "uproot": (
        "import uproot, awkward as ak\nwith uproot.open('events.root') as f:\n    t = f['Events']\n    print(t.keys(), t.num_entries)\n"
        "    a = t.arrays()\n    print(ak.mean(a['pt']), a['n'][:5].tolist())\n    print(f['h'].to_numpy())"
    ),
    "uproot in pieces": (
        "import uproot\nprint([float(b['pt'].sum() > 0) for b in uproot.iterate('events.root:Events', ['pt'], step_size=100)])"
    ),
    "uproot writing": (
        "import uproot, numpy as np\nwith uproot.recreate('new.root') as f: f['t'] = {'x': np.arange(4)}\n"
        "print(uproot.open('new.root:t')['x'].array().tolist())"
    ),
    "hist": (
        "import hist, numpy as np\nh = hist.Hist.new.Reg(10, 0, 1, name='x').Double()\nh.fill(np.linspace(0, 1, 50))\n"
        "print(h.values(), h.sum())\nprint(h)"
    ),
    "vector": (
        "import vector\nvector.register_awkward()\na = vector.obj(pt=30., eta=1., phi=.5, mass=.1)\n"
        "b = vector.obj(pt=20., eta=-1., phi=2., mass=.1)\nprint((a + b).mass, a.deltaR(b))"
    ),
    "matplotlib": (
        "import matplotlib.pyplot as plt, numpy as np\nf, ax = plt.subplots()\nax.hist(np.arange(10.), bins=5, label=r'$m_{\\mu\\mu}$')\n"
        "ax.legend()\nplt.savefig('a.png')\nplt.savefig('a.pdf')\nplt.savefig('a.svg')\n"
        "print(open('a.png', 'rb').read(4), plt.get_backend())"
    ),
    "sqlite": (
        "import sqlite3\nfor name in (':memory:', 'a.db'):\n    c = sqlite3.connect(name)\n    c.execute('create table t (a int)')\n"
        "    c.executemany('insert into t values (?)', [(1,), (2,)])\n    c.commit()\n    print(c.execute('select sum(a) from t').fetchall())"
    ),
    "threads": (
        "import queue, threading\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as p: print(sum(p.map(lambda x: x * x, range(100))))\n"
        "q = queue.Queue()\nt = threading.Thread(target=lambda: q.put(threading.current_thread().name), name='w')\n"
        "t.start(); t.join(); print(q.get())"
    ),
    "asyncio": "import asyncio\nasync def f(n):\n    await asyncio.sleep(0.01)\n    return n\n"
    "async def main(): print(await asyncio.gather(f(1), f(2)))\nasyncio.run(main())",
    "pandas": (
        "import pandas as pd\nd = pd.DataFrame({'a': [1, 2, 2], 'b': [1., 2., 3.]})\nprint(d.groupby('a').mean())\n"
        "d.to_csv('d.csv', index=False)\nprint(pd.read_csv('d.csv').describe())"
    ),
    "parquet": (
        "import pandas as pd\nd = pd.DataFrame({'a': range(1000)})\nd.to_parquet('d.parquet')\nprint(pd.read_parquet('d.parquet')['a'].sum())"
    ),
    "files": (
        "import os, pathlib, shutil, tempfile, zipfile, gzip\nwith tempfile.NamedTemporaryFile('w+') as f:\n"
        "    f.write('x'); f.seek(0); print(f.read())\n"
        "p = pathlib.Path('d'); p.mkdir(); (p / 'a.txt').write_text('abc')\nshutil.copyfile(p / 'a.txt', 'b.txt')\n"
        "with zipfile.ZipFile('z.zip', 'w') as z: z.write('b.txt')\n"
        "with gzip.open('g.gz', 'wb') as g: g.write(b'x')\nprint(sorted(x.name for x in p.iterdir())); os.rename('b.txt', 'c.txt')\n"
        "shutil.rmtree('d'); print(os.path.exists('d'), zipfile.ZipFile('z.zip').namelist())"
    ),
    "ctypes and mmap": (
        "import ctypes, mmap\nC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)\nprint(C(lambda x: x + 1)(2))\n"
        "m = mmap.mmap(-1, 100)\nm[:2] = b'ab'\nprint(m[:3])"
    ),
    "warnings and stderr": "import warnings, sys\nwarnings.simplefilter('error')\nprint('out'); print('err', file=sys.stderr)",
    "a failing program": "print('before')\nraise ValueError('wrong')",
}
WRITES = {"numpy", "uproot writing", "matplotlib", "sqlite", "pandas", "parquet", "files"}
INSTALLED = {"scipy": "scipy", "pandas": "pandas", "parquet": "pyarrow"}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "events.root"
    generator = np.random.default_rng(1)
    with uproot.recreate(path) as file:
        file["Events"] = {"pt": generator.exponential(30, 500), "n": generator.integers(0, 5, 500)}
        file["h"] = np.histogram(generator.normal(size=100))
    return path


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_output_as_outside(
    sandbox: Sandbox, events: Path, tmp_path: Path, name: str, run_outside: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    if name in INSTALLED:
        pytest.importorskip(INSTALLED[name])
    (tmp_path / "events.root").write_bytes(events.read_bytes())
    control = run_outside(PROGRAMS[name])
    run = sandbox.run(Program(source=PROGRAMS[name]), files=[events])
    if sandbox.tier == "seccomp" and name in WRITES:
        assert not run.ok
        assert "Error" in (run.error or ""), run.stderr
        return
    assert run.stdout == control.stdout, run.stderr
    assert run.exit_code == control.returncode, run.stderr
    if sandbox.tier != "seccomp":  # where no file is opened, tracebacks lack lines of source
        assert len(run.stderr.splitlines()) == len(control.stderr.splitlines()), run.stderr
    if name == "matplotlib":
        assert [a.name for a in run.artifacts] == ["a.pdf", "a.png", "a.svg"]
