"""How fast the embedded engines are on this machine: measured once on request, remembered, and asked for the default.

What is remembered holds for one model, machine, set of versions and settings; anything else counts as not measured.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from treadle import __version__
from treadle.engines.base import Engine
from treadle.engines.models import find_model
from treadle.errors import EngineError, UsageError
from treadle.settings import Settings
from treadle.types import Message, Prompt, Sampling

__all__ = [
    "JOBS",
    "LLAMA",
    "TORCH",
    "Conditions",
    "Job",
    "Speeds",
    "conditions",
    "default_engine",
    "defaults",
    "measure",
    "recall",
    "remember",
]

MODEL = "smollm2"
LLAMA, TORCH = f"llama:{MODEL}", f"torch:{MODEL}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something to be timed: ``drafts`` of ``new_tokens`` over one prompt of about ``prompt_tokens``, new each time."""

    name: str
    prompt_tokens: int
    drafts: int
    new_tokens: int

    @property
    def reads(self) -> bool:
        """The prompt is what counts; else the tokens of the drafts do, with the time for the prompt in theirs."""
        return self.new_tokens == 1


JOBS = (
    Job(name="prompt of 512 tokens", prompt_tokens=512, drafts=1, new_tokens=1),
    Job(name="1 draft of 64 tokens", prompt_tokens=400, drafts=1, new_tokens=64),
    Job(name="8 drafts of 64 tokens", prompt_tokens=400, drafts=8, new_tokens=64),
    Job(name="16 drafts of 64 tokens", prompt_tokens=400, drafts=16, new_tokens=64),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What speeds hold for: the model's SHA-256, the machine, versions of packages, and settings that matter."""

    model: str
    machine: str
    versions: Mapping[str, str]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """Tokens a second, by job and engine: the median of ``repeats``. ``when`` is in UTC, to the minute."""

    conditions: Conditions
    tokens_per_second: Mapping[str, Mapping[str, float]]
    repeats: int
    when: str


def conditions(settings: Settings) -> Conditions:
    """Those of this process."""
    found = {"treadle": __version__, "xllamacpp": _version("xllamacpp"), "torch": _version("torch")}
    cpus = len(os.sched_getaffinity(0))
    names = ("threads", "torch_device", "torch_precision", *(("torch_compile",) if settings.torch_compile else ()))
    return Conditions(
        model=find_model(MODEL).sha256,
        machine=f"{platform.machine()}, {_cpu()}, {cpus} CPUs",
        versions={name: number for name, number in found.items() if number},
        settings={name: str(getattr(settings, name)) for name in names},
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _cpu() -> str:
    """The processor as it calls itself; empty where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "CPU part")))
    return next(names, platform.processor())


# --------------------------------------------------------------------------------------------------- measuring


def measure(
    engines: Mapping[str, Engine], found_conditions: Conditions, repeats: int, on_step: Callable[[str], None] | None = None
) -> Speeds:
    """Time every job on every engine, in turns, so that whatever else the machine does meets all of them.

    Raises:
        UsageError: ``repeats`` is below 1.
        EngineError: an engine failed.
    """
    if repeats < 1:
        raise UsageError(f"--repeats must be at least 1, got {repeats}")
    for engine in engines.values():
        engine.complete(_prompt(engine, 32, "warm up"), [Sampling(max_tokens=2)] * 2)  # the first call loads kernels
    rates: dict[str, dict[str, list[float]]] = {job.name: {name: [] for name in engines} for job in JOBS}
    for repeat in range(repeats):
        for job in JOBS:
            for name, engine in engines.items():
                if on_step is not None:
                    on_step(f"{name}: {job.name}")
                rates[job.name][name].append(_rate(engine, job, f"run {repeat}"))
    return Speeds(
        conditions=found_conditions,
        tokens_per_second={
            job: {name: statistics.median(several) for name, several in by_engine.items()}
            for job, by_engine in rates.items()
        },
        repeats=repeats,
        when=time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
    )


def _rate(engine: Engine, job: Job, salt: str) -> float:
    """Tokens a second of one go. The prompt begins with ``salt``: no engine may know it already."""
    prompt = _prompt(engine, job.prompt_tokens, f"{salt}, {job.name}")
    samplings = [Sampling(max_tokens=job.new_tokens, seed=seed) for seed in range(job.drafts)]
    n_prompt = engine.count_tokens(engine.render(prompt)) if job.reads else 0
    started = time.perf_counter()
    completions = engine.complete(prompt, samplings)
    seconds = time.perf_counter() - started
    n_tokens = n_prompt if job.reads else sum(len(c.tokens) for c in completions)
    if n_tokens == 0:
        raise EngineError(f"engine {engine.identity.name} gave no tokens, so its speed cannot be measured")
    return n_tokens / seconds


def _prompt(engine: Engine, n_tokens: int, salt: str) -> Prompt:
    """A prompt of about ``n_tokens``: a program to be gone on with, so that no draft ends early."""
    lines = [f"# {salt}"]
    while True:
        text = "\n".join([*lines, "Continue this program with many more functions of the same kind."])
        prompt = Prompt(messages=(Message(role="user", content=text),), primer="```python\ndef compute_mass_1(event):\n    ")
        if engine.count_tokens(engine.render(prompt)) >= n_tokens:
            return prompt
        n = len(lines)
        lines.append(f"def select_{n}(events, cut={n}.5):\n    return [e for e in events if e.pt_{n % 7} > cut]")


# --------------------------------------------------------------------------------------------------- remembering


def remember(speeds: Speeds, cache_dir: Path) -> Path:
    """Keep what was measured, in the place of what was kept for the same conditions.

    Raises:
        UsageError: the cache folder cannot be written.
    """
    path = _file(cache_dir)
    kept = [entry for entry in _entries(path) if entry.get("conditions") != asdict(speeds.conditions)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".speeds-", encoding="utf-8", delete=False) as handle:
            json.dump([*kept, asdict(speeds)], handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        Path(handle.name).replace(path)
    except OSError as error:
        raise UsageError(f"cannot remember the speeds in {path}: {error.strerror}") from error
    return path


def recall(found_conditions: Conditions, cache_dir: Path) -> Speeds | None:
    """What was measured under these conditions, if anything was. A damaged file counts as nothing."""
    for entry in _entries(_file(cache_dir)):
        if entry.get("conditions") == asdict(found_conditions):
            try:
                return Speeds(
                    conditions=found_conditions,
                    tokens_per_second={
                        job: {name: float(rate) for name, rate in by_engine.items()}
                        for job, by_engine in entry["tokens_per_second"].items()
                    },
                    repeats=int(entry["repeats"]),
                    when=str(entry["when"]),
                )
            except (KeyError, TypeError, ValueError, AttributeError):
                return None
    return None


def default_engine(settings: Settings, drafts: int) -> str:
    """The engine where nobody named one: ``torch`` for many drafts where it was measured to be the faster, else llama."""
    if drafts < min(job.drafts for job in JOBS if job.drafts > 1):
        return LLAMA
    speeds = recall(conditions(settings), settings.cache_dir)
    chosen = LLAMA
    for least, name in () if speeds is None else defaults(speeds):
        chosen = name if least <= drafts else chosen
    return chosen


def defaults(speeds: Speeds) -> list[tuple[int, str]]:
    """From how many drafts on which engine is the default, fewest first; below the first it is llama."""
    found = []
    for job in JOBS:
        rates = speeds.tokens_per_second.get(job.name, {})
        if job.drafts > 1:
            found.append((job.drafts, TORCH if rates.get(TORCH, 0.0) > rates.get(LLAMA, 0.0) > 0 else LLAMA))
    return found


def _file(cache_dir: Path) -> Path:
    return cache_dir / "speeds.json"


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
