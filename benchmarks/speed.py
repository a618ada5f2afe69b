"""Speed and memory of treadle on this machine: start-up, `ask`, drafts over one prefix, runs in the sandbox.

Each function measures one thing and gives rows for the table of ``benchmarks.run``. Times are medians. Nothing here decides
whether a figure is good: goals stand beside the figures, and a machine that is not idle is said to be so.
"""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from treadle.engines.base import Engine
from treadle.engines.models import CATALOGUE, model_path
from treadle.engines.registry import open_engine
from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.settings import load_settings
from treadle.types import Message, Program, Prompt, Sampling

__all__ = ["Counts", "Machine", "Row", "ask_memory", "decoding", "machine", "sandbox_runs", "start_up"]

DATA = Path(__file__).resolve().parent.parent / "examples" / "data" / "zmumu.root"
REQUEST = "Make a histogram of M with 40 bins from 80 to 100. What is the centre of the highest bin?"
PREFIX_TOKENS = 400
DRAFTS = 8
IDLE_LOAD = 0.5
"""Load average of the last minute above which a machine is not idle."""
_POLL_SECONDS = 0.02
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How often each thing is measured."""

    starts: int = 10
    runs: int = 100
    decodings: int = 5
    draft_tokens: int = 96
    ask_options: tuple[str, ...] = ()


QUICK = Counts(
    starts=2, runs=5, decodings=1, draft_tokens=8, ask_options=("-n", "2", "--repairs", "0", "--max-tokens", "16")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. ``goal`` is a text such as '<= 150 ms'; ``good``: whether it is met, None without a goal."""

    what: str
    value: str
    goal: str = ""
    good: bool | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the figures come from."""

    cpu: str
    cores: int
    load: float
    system: str

    @property
    def idle(self) -> bool:
        return self.load <= IDLE_LOAD


def machine() -> Machine:
    """This machine. Call it first: the benchmark itself raises the load."""
    return Machine(
        cpu=_cpu_name(),
        cores=len(os.sched_getaffinity(0)),
        load=os.getloadavg()[0],
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    )


def _cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown CPU"


# ------------------------------------------------------------------------------------------------ start-up


def start_up(counts: Counts) -> list[Row]:
    """The wall time of `treadle --help`, and what `import treadle` adds to the start of Python."""
    help_seconds = [_wall([*_treadle(), "--help"]) for _ in range(counts.starts)]
    code = "import time; s = time.perf_counter(); import treadle; print(time.perf_counter() - s)"
    import_seconds = [float(_output([sys.executable, "-c", code])) for _ in range(counts.starts)]
    bare = [_wall([sys.executable, "-c", "pass"]) for _ in range(counts.starts)]
    note = f"of it the start of Python {_ms(statistics.median(bare))}; median of {counts.starts}"
    return [
        _below("treadle --help", statistics.median(help_seconds), 0.150, note),
        _below("import treadle", statistics.median(import_seconds), 0.050, f"median of {counts.starts}"),
    ]


def _treadle() -> list[str]:
    """The installed command of this Python, else the module."""
    script = Path(sys.executable).with_name("treadle")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "treadle.cli"]


def _wall(command: list[str]) -> float:
    started = time.perf_counter()
    _output(command)
    return time.perf_counter() - started


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


# ------------------------------------------------------------------------------------------------ memory


def ask_memory(counts: Counts) -> list[Row]:
    """Peak memory of one `ask` with the embedded model: its own process, those it starts, and all together.

    Forked processes share most of their pages. The sum of their proportional set sizes (PSS) counts a shared page once, the
    sum of their resident set sizes (RSS) as often as it is shared. The program itself starts and ends within a poll.
    """
    if not _model_is_here():
        return [_no_model("peak memory of ask")]
    with tempfile.TemporaryDirectory() as folder:
        command = [*_treadle(), "ask", REQUEST, "--data", str(DATA)]
        command += ["--store", f"{folder}/threads.sqlite", *counts.ask_options]
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        peaks = _watched(process)
        seconds = time.perf_counter() - started
        message = process.stderr.read() if process.stderr else ""
    if process.returncode not in (0, 3):
        return [Row(what="peak memory of ask", value="failed", note=message.strip()[-120:])]
    together = peaks.together_pss or peaks.together_rss
    kind = "PSS" if peaks.together_pss else "RSS, shared pages counted more than once"
    return [
        Row(what="ask: peak of its own process", value=_mib(peaks.own), note=f"RSS; model file mapped; {seconds:.0f} s"),
        Row(what="ask: peak of its children", value=_mib(peaks.children_pss or peaks.children_rss), note=f"{kind}; sandbox"),
        Row(
            what="ask: peak of all together",
            value=_mib(together),
            goal="< 1 GiB",
            good=together < (1 << 30),
            note=f"{kind}; as a sum of RSS {_mib(peaks.together_rss)}",
        ),
    ]


@dataclass(slots=True)
class _Peaks:
    """Peaks in bytes; a PSS of 0 means that it could not be read."""

    own: int = 0
    children_rss: int = 0
    children_pss: int = 0
    together_rss: int = 0
    together_pss: int = 0


def _watched(process: subprocess.Popen[str]) -> _Peaks:
    peaks = _Peaks()
    while process.poll() is None:
        children = _descendants(process.pid)
        own = _field(process.pid, "status", "VmRSS")
        rss = sum(_field(pid, "status", "VmRSS") for pid in children)
        pss = [_field(pid, "smaps_rollup", "Pss") for pid in (process.pid, *children)]
        peaks.own = max(peaks.own, _field(process.pid, "status", "VmHWM"))
        peaks.children_rss, peaks.together_rss = max(peaks.children_rss, rss), max(peaks.together_rss, own + rss)
        if all(pss):  # a child that just ended, or may not be looked at, would make the sum too small
            peaks.children_pss = max(peaks.children_pss, sum(pss[1:]))
            peaks.together_pss = max(peaks.together_pss, sum(pss))
        time.sleep(_POLL_SECONDS)
    return peaks


def _descendants(pid: int) -> list[int]:
    found, queue = [], [pid]
    while queue:
        tasks = Path(f"/proc/{queue.pop()}/task")
        with contextlib.suppress(OSError):
            for task in tasks.iterdir():
                with contextlib.suppress(OSError):
                    children = [int(word) for word in (task / "children").read_text().split()]
                    found += children
                    queue += children
    return found


def _field(pid: int, file: str, name: str) -> int:
    """A field of /proc in bytes; 0 where the process has ended or may not be looked at."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


# ------------------------------------------------------------------------------------------------ decoding


def decoding(counts: Counts) -> list[Row]:
    """Tokens a second of drafts decoded together over one prefix, and of one draft at a time, in turns.

    Tokens are counted from the completions themselves. The prefix was read before in both cases.
    """
    if not _model_is_here():
        return [_no_model("drafts over one prefix")]
    with contextlib.closing(open_engine("llama:smollm2", load_settings())) as engine:
        prompt, prefix = _prompt(engine)
        first = Sampling(max_tokens=counts.draft_tokens, temperature=0.8, seed=1, top_logprobs=3)
        samplings = [replace(first, seed=1 + i) for i in range(DRAFTS)]
        engine.complete(prompt, samplings[:1])
        together, single = [], []
        for _ in range(counts.decodings):
            together.append(_rate(engine, prompt, [samplings]))
            single.append(_rate(engine, prompt, [[s] for s in samplings]))
    ratio = statistics.median(t / s for t, s in zip(together, single, strict=True))
    note = f"prefix of {prefix} tokens, drafts of {counts.draft_tokens}; median of {counts.decodings}, in turns"
    return [
        Row(what=f"{DRAFTS} drafts together", value=f"{statistics.median(together):.0f} tokens/s", note=note),
        Row(what="one draft at a time", value=f"{statistics.median(single):.0f} tokens/s"),
        Row(what="together against one at a time", value=f"{ratio:.2f} times", goal=">= 1.6", good=ratio >= 1.6),
    ]


def _prompt(engine: Engine) -> tuple[Prompt, int]:
    lines = ["```python", "# Momenta of muons."]
    prompt = Prompt(messages=(Message(role="user", content="Write Python functions."),))
    while engine.count_tokens(engine.render(prompt)) < PREFIX_TOKENS:
        number = len(lines)
        lines += ["", f"def momentum_{number}(px, py, pz):", f"    return (px**2 + py**2 + pz**2) ** 0.5 + {number}"]
        prompt = replace(prompt, primer="\n".join([*lines, "", "def"]))
    return prompt, engine.count_tokens(engine.render(prompt))


def _rate(engine: Engine, prompt: Prompt, batches: list[list[Sampling]]) -> float:
    started = time.perf_counter()
    completions = [c for batch in batches for c in engine.complete(prompt, batch)]
    seconds = time.perf_counter() - started
    return sum(len(c.tokens) for c in completions) / seconds


# ------------------------------------------------------------------------------------------------ sandbox


def sandbox_runs(counts: Counts) -> list[Row]:
    """Wall time of a run of nearly nothing with numpy loaded, in each tier, and of a bare Python that imports numpy."""
    rows = [_tier_row(tier, counts) for tier in ("namespaces", "landlock")]
    bare = statistics.median(_wall([sys.executable, "-c", "import numpy"]) for _ in range(max(2, counts.starts)))
    return [*rows, Row(what="python -c 'import numpy'", value=_ms(bare), note="a bare process, for comparison")]


def _tier_row(tier: str, counts: Counts) -> Row:
    what = f"run in the sandbox, {tier}"
    program = Program(source="import numpy as np\nprint(np.arange(4).sum())")
    try:
        sandbox: Sandbox = open_sandbox(tier)
    except SandboxRefusedError as error:
        return Row(what=what, value="refused", note=str(error)[-100:])
    with contextlib.closing(sandbox):
        seconds = []
        for index in range(counts.runs + 3):  # the first three wait for imports
            started = time.perf_counter()
            run = sandbox.run(program)
            if not run.ok or run.stdout != "6\n":
                return Row(what=what, value="failed", note=run.limit_hit or run.error or run.stderr[-100:])
            if index >= 3:
                seconds.append(time.perf_counter() - started)
    return _below(what, statistics.median(seconds), 0.010, f"numpy loaded; median of {counts.runs}")


# ------------------------------------------------------------------------------------------------ helpers


def measures(with_model: bool) -> Iterator[tuple[str, Callable[[Counts], list[Row]]]]:
    """What is measured, each with a name for the progress line. Memory comes before a model is loaded here."""
    yield "start-up", start_up
    yield "sandbox", sandbox_runs
    if with_model:
        yield "memory of ask", ask_memory
        yield "decoding", decoding


def _below(what: str, seconds: float, goal_seconds: float, note: str) -> Row:
    return Row(what=what, value=_ms(seconds), goal=f"<= {_ms(goal_seconds)}", good=seconds <= goal_seconds, note=note)


def _model_is_here() -> bool:
    return model_path(CATALOGUE["smollm2"], load_settings().cache_dir).is_file()


def _no_model(what: str) -> Row:
    return Row(what=what, value="skipped", note="no model file; treadle models pull smollm2")


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / _MIB:.0f} MiB"
