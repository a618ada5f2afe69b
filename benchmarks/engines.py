"""Prints one table: our torch engine beside its peers on the same model, on this machine, in the same run.

    python -m benchmarks.engines [--repeats N] [--quick] [--isa avx2|avx512] [--ik-python PYTHON] [--json OUT]

Peers: llama.cpp (xllamacpp, through our ``llama`` engine), ``transformers`` in bfloat16 on the same weights, which are
exported for it, and ik-llama-cpp-python where it is installed here or in the environment of ``--ik-python``. Engines take
turns, job by job, in an order that moves on with every repeat; each repeat has a prompt of its own, so that no cache helps.
The prompt is read within what is timed, except that prefill counts its tokens and drafts count those that were drawn.
Ratios are medians over repeats of what was measured in the same turn. ``--isa`` measures the torch engine once more, in a
process whose oneDNN, MKL and ATen may use no more than that. Figures are only worth keeping from an idle machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if not __package__:  # run as a file: python benchmarks/engines.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks.shown import show_table, titled, write_rows
from benchmarks.speed import Machine, machine
from treadle.engines.models import CATALOGUE, model_path
from treadle.model.templates import ChatTemplate
from treadle.settings import load_settings
from treadle.tokens.from_gguf import vocabulary_from_gguf
from treadle.tokens.gguf import read_header
from treadle.tokens.vocabulary import Vocabulary
from treadle.types import Message

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
OWN, PLAIN = "torch", "torch, no speculation"
ISA = {
    "avx2": {"ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    "avx512": {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "MKL_ENABLE_INSTRUCTIONS": "AVX512", "ATEN_CPU_CAPABILITY": "avx512"},
}
"""What holds the libraries below torch to a CPU's instructions; avx512 is without those for bfloat16 and for tiles. There
the engine chooses four bits over fp32 by itself, held to avx2 fp32 alone."""
COLD_GOAL_SECONDS = 4.0
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every engine is asked to do. ``speculates``: whether the torch engine's guesses can play a part."""

    name: str
    prompt_tokens: int
    drafts: int = 1
    tokens: int = 1
    temperature: float = 0.0
    speculates: bool = False
    edit: bool = False

    @property
    def counts_prompt(self) -> bool:
        return self.tokens == 1


def jobs(quick: bool) -> list[Job]:
    """The jobs of the table; short ones with ``quick``."""
    part = 4 if quick else 1
    return [
        Job(name="prefill of 512 tokens", prompt_tokens=512),
        Job(name=f"16 drafts of {64 // part} over 400", prompt_tokens=400, drafts=16, tokens=64 // part, temperature=0.8),
        Job(name=f"one draft of {128 // part}, greedy", prompt_tokens=64, tokens=128 // part, speculates=True),
        Job(
            name=f"edit that copies, {256 // part}, greedy",
            prompt_tokens=700,
            tokens=256 // part,
            speculates=True,
            edit=True,
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. ``ratio``: how many times as fast the torch engine is, None for itself."""

    job: str
    engine: str
    value: str
    rate: str = ""
    ratio: float | None = None
    note: str = ""

    @property
    def times(self) -> str:
        return "" if self.ratio is None else f"{self.ratio:.2f} times"


class Prompts:
    """Prompts of so many tokens as all engines see them: the first words are different each time."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary, self._template = vocabulary, ChatTemplate.of(vocabulary)

    def fresh(self, job: Job, seed: int) -> dict[str, Any]:
        """What a worker is asked."""
        draw = random.Random(f"{job.name} {seed}")
        name = f"{draw.getrandbits(40):x}"
        functions: list[str] = []

        def messages(filling: str = "") -> list[Message]:
            text = "\n\n".join(functions)
            wish = f"Write this file again, with `scale` renamed to `factor`.\n\n```python\n{text}\n```"
            user = wish if job.edit else f"Go on with this file:\n\n{text}"
            return [
                Message(role="system", content=f"{name}: you write Python."),
                Message(role="user", content=user + filling),
            ]

        primer = ""
        while True:
            functions.append(_function(draw))
            if job.edit and not primer:
                primer = f"```python\n{functions[0].replace('scale', 'factor')}\n\n"
            if len(self._ids(messages(), primer)) >= job.prompt_tokens:
                break
        if len(functions) > 1:
            functions.pop()
        filling = ""
        while len(ids := self._ids(messages(filling), primer)) < job.prompt_tokens:
            filling += " and"
        return {
            "messages": [[m.role, m.content] for m in messages(filling)],
            "primer": primer,
            "ids": ids,
            "drafts": job.drafts,
            "tokens": job.tokens,
            "temperature": job.temperature,
            "seed": 1 + seed,
        }

    def _ids(self, messages: list[Message], primer: str) -> list[int]:
        return self._vocabulary.encode(self._template.render(messages) + primer, special=True, begin=True)


def _function(draw: random.Random) -> str:
    quantity = draw.choice(["pt", "eta", "phi", "mass", "energy", "charge"])
    name = f"{quantity}_{draw.randrange(1000)}"
    return f"def {name}(x, scale={draw.randrange(9)}):\n    return (x**{draw.randrange(2, 9)} + scale) * {draw.random():.2f}"


@dataclass(slots=True)
class Worker:
    """An engine in its own process; see ``engine_workers``."""

    name: str
    process: subprocess.Popen[str]
    errors: Path
    note: str = ""
    last: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def start(cls, name: str, command: list[str], errors: Path, isa: str | None) -> Worker:
        """Opened, with the model loaded; ``errors`` is the file that takes its standard error."""
        # As the registry of engines has it: threads that wait spin only shortly, which matters where engines take turns.
        environment = {"GOMP_SPINCOUNT": "10000", **os.environ, "HF_HUB_OFFLINE": "1"}
        if isa is not None:
            environment |= ISA[isa]
        with errors.open("w", encoding="utf-8") as sink:
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, stderr=sink, text=True)
        worker = cls(name=name, process=process, errors=errors)
        worker.note = str(worker._answer()["note"])
        return worker

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        self.last = self._answer()
        return self.last

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        if line := self.process.stdout.readline():
            return dict(json.loads(line))
        self.process.wait()
        said = self.errors.read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"the engine {self.name} failed:\n{said[-1500:]}")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def workers(model: Path, folder: Path, threads: int, ik_python: str | None, isa: str | None) -> Iterator[list[Worker]]:
    """All engines that are to be had, opened."""
    own = sys.executable
    # Name, kind of worker, model, Python, instructions.
    wanted: list[tuple[str, str, Path, str, str | None]] = [
        (OWN, "torch", model, own, None),
        (PLAIN, "torch-plain", model, own, None),
        ("llama", "llama", model, own, None),
    ]
    if _has(own, "transformers"):
        _run([own, "-m", "benchmarks.engine_workers", "export", str(model), str(folder / "model")])
        wanted.append(("transformers", "transformers", folder / "model", own, None))
    else:
        print("skipped: transformers is not installed", file=sys.stderr)
    if _has(ik_python or own, "ik_llama_cpp"):
        wanted.append(("ik_llama.cpp", "ik", model, ik_python or own, None))
    else:
        print("skipped: ik-llama-cpp-python is not installed (see --ik-python)", file=sys.stderr)
    if isa is not None:
        wanted.append((f"torch, {isa}", "torch", model, own, isa))
    with contextlib.ExitStack() as stack:
        opened = []
        for number, (name, kind, path, python, most) in enumerate(wanted):
            command = [python, "-m", "benchmarks.engine_workers", "serve", kind, str(path), str(threads)]
            opened.append(Worker.start(name, command, folder / f"errors-{number}", most))
            stack.callback(opened[-1].close)
        yield opened


def _has(python: str, module: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0


def _run(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


# ------------------------------------------------------------------------------------------------ measuring


def measure(job: Job, engines: list[Worker], prompts: Prompts, repeats: int) -> list[Line]:
    """The lines of one job, the torch engine's first."""
    taking = [w for w in engines if w.name != PLAIN or job.speculates]
    found: dict[str, list[tuple[float, float]]] = {w.name: [] for w in taking}
    same = list[bool]()
    for repeat in range(-1, repeats):  # the first turn warms up
        asked, texts = prompts.fresh(job, repeat), dict[str, list[str]]()
        shift = repeat % len(taking)
        for worker in taking[shift:] + taking[:shift]:
            done = worker.ask(asked)
            tokens = len(asked["ids"]) if job.counts_prompt else done["tokens"]
            texts[worker.name] = done["texts"]
            if repeat >= 0:
                found[worker.name].append((done["seconds"], tokens / done["seconds"]))
        if job.speculates and repeat >= 0:
            same.append(texts[OWN] == texts[PLAIN])
    lines = []
    for worker in taking:
        seconds, rates = zip(*found[worker.name], strict=True)
        pairs = zip(found[OWN], found[worker.name], strict=True)
        note = _sameness(same) if worker.name == PLAIN else ""
        lines.append(
            Line(
                job=job.name,
                engine=worker.name,
                value=f"{statistics.median(seconds):.3f} s",
                rate=f"{statistics.median(rates):.0f} tokens/s",
                ratio=None if worker.name == OWN else statistics.median(own[1] / its[1] for own, its in pairs),
                note=note,
            )
        )
    return lines


def _sameness(same: list[bool]) -> str:
    """Speculation must not change a draft; in bfloat16 tokens that are equally likely to the last bit may still part."""
    if all(same):
        return f"outputs identical, {len(same)} of {len(same)}"
    return f"OUTPUTS DIFFER: identical {sum(same)} of {len(same)}"


def cold_start(model: Path, threads: int, repeats: int) -> Line:
    """From ``import torch`` to the first token in new processes; the files are in the system's cache after the first."""
    command = [sys.executable, "-m", "benchmarks.engine_workers", "cold", str(model), str(threads)]
    seconds = statistics.median(float(_run(command)) for _ in range(repeats))
    met = "met" if seconds < COLD_GOAL_SECONDS else "NOT MET"
    note = f"goal < {COLD_GOAL_SECONDS:g} s: {met}; import torch to first token, new process"
    return Line(job="cold start", engine=OWN, value=f"{seconds:.2f} s", note=note)


def memory(worker: Worker) -> Line:
    """After all jobs."""
    peak, pss = worker.last["peak_rss"] / _MIB, worker.last["pss"] / _MIB
    return Line(job="peak memory (RSS)", engine=worker.name, value=f"{peak:.0f} MiB", note=f"PSS at the end {pss:.0f} MiB")


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="turns of every job that are measured")
    parser.add_argument("--quick", action="store_true", help="one turn of short jobs: shows that the benchmark works")
    parser.add_argument("--isa", choices=list(ISA), default=None, help="the torch engine also held to these instructions")
    parser.add_argument("--ik-python", default=None, help="a Python in which ik-llama-cpp-python is installed")
    parser.add_argument("--threads", type=int, default=min(8, len(os.sched_getaffinity(0))), help="of every engine")
    parser.add_argument("--json", type=Path, default=None, help="keep the rows there, from the first that is measured on")
    arguments = parser.parse_args(argv)
    if arguments.repeats < 1 or arguments.threads < 1:
        parser.error("--repeats and --threads must be at least 1")
    if arguments.json is not None and not arguments.json.absolute().parent.is_dir():
        parser.error(f"--json: there is no folder {arguments.json.absolute().parent}")
    model = model_path(CATALOGUE["smollm2"], load_settings().cache_dir)
    if not model.is_file():
        parser.exit(2, "no model file; run: treadle models pull smollm2\n")
    where = machine()
    if not where.idle:
        print(f"warning: the machine is not idle (load {where.load:.2f})", file=sys.stderr)
    report, stopped = Report(where, arguments.json), False
    try:
        run(report, model, arguments)
    except KeyboardInterrupt:
        stopped = True
        print("stopped; what was measured:", file=sys.stderr)
    report.show(titled("engines", where, arguments.quick))
    print(f"{model.name}, {arguments.threads} threads each, medians; 'torch is': tokens a second against this engine")
    if stopped:
        raise SystemExit(130)


def run(report: Report, model: Path, arguments: argparse.Namespace) -> None:
    """Measure everything; what is done is in the report at once."""
    repeats, threads = 1 if arguments.quick else arguments.repeats, arguments.threads
    with Console(stderr=True).status("measuring: cold start") as status, tempfile.TemporaryDirectory() as folder:
        report.add([cold_start(model, threads, min(3, repeats))])
        prompts = Prompts(vocabulary_from_gguf(read_header(model)))
        with workers(model, Path(folder), threads, arguments.ik_python, arguments.isa) as engines:
            report.about = [f"{worker.name}: {worker.note}" for worker in engines]
            for job in jobs(arguments.quick):
                status.update(f"measuring: {job.name}")
                report.add(measure(job, engines, prompts, repeats))
            report.add([memory(worker) for worker in engines])


class Report:
    """The lines so far. Each is told on standard error as it comes, and is in the file of rows from then on."""

    def __init__(self, where: Machine, path: Path | None) -> None:
        self._where, self._path, self.lines = where, path, list[Line]()
        self.about: list[str] = []

    def add(self, lines: Sequence[Line]) -> None:
        self.lines += lines
        for line in lines:
            told = (line.job, line.engine, line.value, line.rate, line.times, line.note)
            print("; ".join(filter(None, told)), file=sys.stderr, flush=True)
        if self._path is not None:
            write_rows(self._path, self._where, self.lines)

    def show(self, title: str) -> None:
        """The table on standard output."""
        table = Table("job", "engine", "median", "rate", "torch is", "note", title=title)
        for line in self.lines:
            table.add_row(line.job, line.engine, line.value, line.rate, line.times, line.note)
        show_table(table, self._where)
        print("\n".join(self.about))


if __name__ == "__main__":
    main()
