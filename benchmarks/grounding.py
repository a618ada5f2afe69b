"""What holding drafts costs: tokens a second with and without guides, asking for a token, compilation, the index of names.

    python -m benchmarks.grounding [--quick] [--json FILE]

Eight drafts of the embedded model are drawn together for every request, with a guide and without, in turns; each request
has a guide of its own, as in ``treadle ask``. A rate is all tokens over all seconds, so drafts that end early count with
the smaller batch that they leave, in both. Threads are those of the engine (``TREADLE_THREADS``).
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.run import show
from benchmarks.shown import write_rows
from benchmarks.speed import DATA, Row, machine
from treadle import compose
from treadle.coding.ask import Options, Tools
from treadle.coding.job import open_job
from treadle.coding.names_index import names_index
from treadle.engines.torch import TorchEngine
from treadle.sandbox import open_sandbox
from treadle.types import Request, Sampling

__all__ = ["main"]

DRAFTS = 8
TOKENS, QUICK_TOKENS = 192, 24
SHARE = 0.90
INDEX_SECONDS, CACHED_SECONDS = 5.0, 0.1
DATABASE = DATA.with_name("particles.sqlite")
DATA_REQUESTS = (
    "How many events have an invariant mass M above 85 and below 95?",
    "Make a histogram of the transverse momentum of the first muon with 40 bins from 0 to 100.",
    "What is the mean of pt1 for events in which both muons have opposite charge?",
    "Compute the largest difference of eta1 and eta2.",
)
FUNCTION_REQUESTS = (
    "Write longest_run(s): the length of the longest run of equal characters in s.",
    "Write merge_sorted(a, b): one sorted list of all elements of two sorted lists.",
    "Write digits_of(n): the list of decimal digits of a whole number n.",
    "Write moving_mean(xs, k): the means of all windows of k neighbours in xs.",
)
QUESTIONS = (
    "How many particles have a mass above 1 GeV?",
    "What is the name of the heaviest particle?",
    "How many particles are there of each charge?",
    "What is the mean width of all particles with a lifetime?",
)


@dataclass(slots=True)
class Rates:
    """What was drawn with a guide and without."""

    tokens: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    seconds: dict[bool, float] = field(default_factory=lambda: {True: 0.0, False: 0.0})
    repeats: int = 0

    def rate(self, held: bool) -> float:
        """Tokens a second."""
        return self.tokens[held] / self.seconds[held]


def drawn(tools: Tools, requests: Sequence[Request], most: int) -> Rates:
    """All requests, each held and free, in turns."""
    rates = Rates()
    for number, request in enumerate(requests):
        job = open_job(request, tools, Options(samples=DRAFTS))
        prompt = job.plan().prompt
        samplings = [Sampling(max_tokens=most, seed=1 + i, temperature=0.8, stop=prompt.stop) for i in range(DRAFTS)]
        tools.engine.complete(prompt, [Sampling(max_tokens=1)])  # reads the prompt
        for held in (number % 2 == 0, number % 2 == 1):
            guide = job.guide(prompt) if held else None
            started = time.perf_counter()
            found = tools.engine.complete(prompt, samplings, None, guide)
            rates.seconds[held] += time.perf_counter() - started
            rates.tokens[held] += sum(len(c.tokens) for c in found)
            rates.repeats += sum(c.finish_reason == "repeats" for c in found)
    return rates


@contextlib.contextmanager
def opened(database: bool) -> Iterator[Tools]:
    with tempfile.TemporaryDirectory() as folder:
        store, named = Path(folder) / "threads.sqlite", [str(DATABASE)] if database else []
        with compose.tools("torch:smollm2", store, None, (), quiet=True, database=named) as (tools, _):
            yield tools


def of_kind(name: str, texts: Sequence[str], most: int) -> list[Row]:
    """Rows for one kind of request."""
    with opened(name == "SQL") as tools:
        if name == "SQL":
            requests = [compose.question(text, tools, ()) for text in texts]
        else:
            plain = [Request(text=text) for text in texts]
            requests = [compose.with_data(r, DATA if name == "Python on data" else None, tools) for r in plain]
        rates = drawn(tools, requests, most)
        assert isinstance(tools.engine, TorchEngine)
        times = tools.engine.constraint_seconds
    ratio = rates.rate(True) / rates.rate(False)
    note = (
        f"{rates.rate(True):.0f} of {rates.rate(False):.0f} tokens/s; {rates.tokens[True]} and {rates.tokens[False]} tokens"
    )
    return [
        Row(
            what=f"{name}: held against free",
            value=f"{100 * ratio:.0f} %",
            goal=f">= {100 * SHARE:.0f} %",
            good=ratio >= SHARE,
            note=f"{note}; {rates.repeats} drafts repeated themselves",
        ),
        Row(
            what=f"{name}: asking for a token",
            value=_spread(times.tokens, 0.99, "p99", 1e6, "µs"),
            note=f"{len(times.tokens)} tokens of single drafts",
        ),
        Row(
            what=f"{name}: compiling a stage",
            value=_spread(times.compilations, 1.0, "max", 1e3, "ms"),
            note=f"{len(times.compilations)} stages",
        ),
    ]


def index_rows() -> list[Row]:
    """The index of installed modules, asked for and from the cache."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(open_sandbox()) as sandbox:
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            index = names_index(sandbox, Path(folder))
            seconds.append(time.perf_counter() - started)
    cold, cached = seconds
    return [
        _timed("index of installed names, built", cold, INDEX_SECONDS, f"{len(index.modules)} modules"),
        _timed("index of installed names, cached", cached, CACHED_SECONDS, ""),
    ]


def _timed(what: str, seconds: float, goal: float, note: str) -> Row:
    unit, factor = ("s", 1.0) if goal >= 1 else ("ms", 1e3)
    value = f"{factor * seconds:.2f} {unit}" if unit == "s" else f"{factor * seconds:.0f} {unit}"
    return Row(what=what, value=value, goal=f"< {factor * goal:g} {unit}", good=seconds < goal, note=note)


def _spread(seconds: Sequence[float], share: float, name: str, factor: float, unit: str) -> str:
    """The median, and the time that ``share`` of all stay within."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    late = ordered[min(int(share * len(ordered)), len(ordered) - 1)]
    return f"{factor * statistics.median(ordered):.0f} {unit}, {name} {factor * late:.0f} {unit}"


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few short drafts: shows that the benchmark works")
    parser.add_argument("--json", type=Path, default=None, help="write the rows there, too")
    arguments = parser.parse_args(argv)
    where, most = machine(), QUICK_TOKENS if arguments.quick else TOKENS
    rows = index_rows()
    kinds = (("Python on data", DATA_REQUESTS), ("Python functions", FUNCTION_REQUESTS), ("SQL", QUESTIONS))
    for name, texts in kinds:
        print(f"measuring: {name}", file=sys.stderr)
        rows += of_kind(name, texts[:1] if arguments.quick else texts, most)
    show(rows, where, arguments.quick)
    if arguments.json:
        write_rows(arguments.json, where, rows)


if __name__ == "__main__":
    main()
