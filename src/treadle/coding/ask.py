"""The main job: prompt -> drafts -> ladder -> repair -> choice -> answer, every step stored before it is shown."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, get_args

from treadle.coding.certainty import certainty_of, least_certain, told_certainty
from treadle.coding.choose import Candidate, Choice, best_failed, choose, height
from treadle.coding.job import Job, is_small, open_job, was_taught
from treadle.coding.plan import Plan
from treadle.coding.progress import Progress, Silent
from treadle.coding.repair import good_lines, problem
from treadle.coding.sql.base import Database
from treadle.engines.base import Engine, takes_guides
from treadle.errors import UsageError
from treadle.grounding.base import Level
from treadle.markup import answer_html
from treadle.prompts import build_repair, request_examples
from treadle.retrieval import Pack
from treadle.sandbox.base import Sandbox
from treadle.threads.base import Store
from treadle.threads.card import provenance_card
from treadle.threads.forms import to_plain
from treadle.tokens.probabilities import name_data
from treadle.types import Answer, Completion, Draft, Limits, Prompt, Request, Run, Rung, Sampling, Status

__all__ = ["Answered", "Options", "Tools", "ask"]

READING_VOTES = 1000
"""What a decisive reading counts beside drafts of an embedded small model: more than all of them."""
DRAWN_AT_ONCE = 8
"""Drafts that are decoded together; only with more than these can drawing stop early."""
REPAIRED_AT_ONCE = 2
"""Failed drafts that are shown to the model in one round of repair: the two that got furthest by different ways."""
_PACKAGES = (
    "numpy", "awkward", "uproot", "hist", "vector", "particle", "mplhep", "pandas", "pyarrow", "scipy", "matplotlib",
)  # fmt: skip
RAN = list(Rung).index(Rung.RAN)
MAX_SEED = 2**31 - 1
"""Engines keep 32 bits of a seed; the seeds of further drafts and of repairs are counted up from the one given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to work on a request."""

    samples: int = 8
    """Drafts of the first round: one greedy, the others sampled."""
    repairs: int = 2
    """Rounds of repair, at most."""
    temperature: float = 0.4
    """Of the sampled drafts. At 0.7 two thirds of the embedded model's drafts were broken, at 0.4 one third."""
    spread: float = 0.0
    """How far the temperatures of the drafts lie apart, as a share of ``temperature``; 0 gives all the same. The ``llama``
    engine decodes drafts of different temperatures one after the other, so there it costs time."""
    top_p: float = 0.95
    seed: int = 1
    max_tokens: int = 256
    top_logprobs: int = 3
    prompt_tokens: int = 1400
    """Budget of the prompt: examples are added, nearest first, until it is spent."""
    shots: int = 4
    """Examples shown, at most; 0 shows none."""
    limits: Limits = field(default_factory=Limits)
    rules: bool = True
    """Read requests on data by rules too: readings stand as drafts beside the engine's, and of SQL as examples."""
    budget_seconds: float | None = None
    """After so long no further drafts and repairs are begun; what has begun is finished, and the first drafts always are."""
    grounding: Level = "all"
    """What drafts are held to, where the engine can (``grounding/``)."""
    style: str = "house"
    """Of SQL: 'house' formats statements as the packs say, 'plain' leaves them as they were written."""

    @property
    def grounded(self) -> bool:
        """Whether drafts are held to anything."""
        return self.grounding != "none"

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UsageError(f"--samples must be at least 1, got {self.samples}")
        if self.repairs < 0:
            raise UsageError(f"--repairs must not be negative, got {self.repairs}")
        if self.shots < 0:
            raise UsageError(f"the number of examples must not be negative, got {self.shots}")
        if not 0 <= self.temperature <= 2:
            raise UsageError(f"--temperature must lie between 0 and 2, got {self.temperature}")
        if not 0 <= self.spread <= 1:
            raise UsageError(f"--spread must lie between 0 and 1, got {self.spread}")
        if self.budget_seconds is not None and not self.budget_seconds > 0:
            raise UsageError(f"--budget must be above 0 seconds, got {self.budget_seconds:g}")
        if self.grounding not in get_args(Level):
            raise UsageError(f"--grounding is {', '.join(get_args(Level))}, not {self.grounding!r}")
        if self.style not in ("house", "plain"):
            raise UsageError(f"--style is 'house' or 'plain', not {self.style!r}")
        if not 0 <= self.top_logprobs <= 20:
            raise UsageError(f"--top-logprobs must lie between 0 and 20, got {self.top_logprobs}")
        if self.max_tokens < 1:
            raise UsageError(f"--max-tokens must be at least 1, got {self.max_tokens}")
        if not 0 <= self.seed <= MAX_SEED:
            raise UsageError(f"--seed must lie between 0 and {MAX_SEED}, got {self.seed}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What the loop works with; composed at the entry point."""

    engine: Engine
    sandbox: Sandbox
    store: Store
    packs: Sequence[Pack]
    database: Database | None = None
    """Where statements are executed, for requests answered in SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer with the thread it is stored under and all that was drafted for it."""

    thread: str
    answer: Answer
    candidates: tuple[Candidate, ...]
    seconds: Mapping[str, float]
    language: str = "python"

    @property
    def run(self) -> Run | None:
        """The run whose output is the answer's."""
        return next((_last_run(c) for c in self.candidates if c.draft.id == self.answer.draft_id), None)

    def _repr_html_(self) -> str:
        seconds = ", ".join(f"{name} {value:.1f} s" for name, value in self.seconds.items())
        return answer_html(self.answer, self.language, f"thread {self.thread}   {seconds}")


def ask(request: Request, tools: Tools, options: Options, progress: Progress | None = None) -> Answered:
    """Answer ``request``.

    Whatever ends the work early (Ctrl-C, a failing engine, a full disk) leaves the thread with all that was done so far,
    marked as interrupted, and is raised again.

    Raises:
        TreadleError: the engine, the sandbox or the store failed.
    """
    work = _Work(request, tools, options, progress or Silent())
    try:
        return work.answer()
    except BaseException as error:
        work.interrupted(error)
        raise


class _Work:
    """One request being worked on."""

    job: Job
    """Opened by ``answer``, so that what goes wrong there is kept with the thread."""

    def __init__(self, request: Request, tools: Tools, options: Options, progress: Progress) -> None:
        self.request, self.tools, self.options, self.progress = request, tools, options, progress
        self.clock = _Clock()
        self.store = tools.store
        self.began = time.monotonic()
        self.thread: str | None = tools.store.begin(request, tools.engine.identity, to_plain(options))
        self.prompts: list[Prompt] = []
        self.candidates: list[Candidate] = []

    def answer(self) -> Answered:
        with self.clock("prompt"):
            self.progress.phase("reading the data and choosing examples")
            self.job = open_job(self.request, self.tools, self.options)
            plan = self.job.plan()
        self._first_round(plan.prompt)
        self._by_rules()
        for round_ in range(1, self.options.repairs + 1):
            if self._late() or any(c.passed and not c.doubts for c in self.candidates):
                break
            for broken in self._worth_repairing():
                # First the draft goes on from its last good line; where that did not help either, it is written anew.
                kept = good_lines(broken, plan.prompt.program_prefix) if round_ == 1 else ""
                wrong = problem(broken, self._left(broken))
                prompt = build_repair(self.tools.engine, plan.prompt, plan.ingredients, broken.draft, wrong, kept)
                self._round(
                    prompt, self._repair_samplings(round_), round_, {"repairs": broken.draft.id, "origin": broken.origin}
                )
        answer = self._answer(self._choice(), plan)
        self.store.finish(self._thread(), answer)
        return Answered(
            thread=self._thread(),
            answer=answer,
            candidates=tuple(self.candidates),
            seconds=dict(self.clock.seconds),
            language=self.request.language,
        )

    def _choice(self) -> Choice:
        # Drafts of a small model copy the same examples. Of what they agreed on 12 of 13 were right on HEP tasks near
        # to what ships, but 3 of 10 on those of another hand; on SQL none where the reading differed, on functions none.
        return choose(self.candidates, bool(self.request.expectations), is_small(self.tools.engine))

    def interrupted(self, error: BaseException) -> None:
        if self.thread is not None:
            reason = f"{type(error).__name__}: {error}"
            if isinstance(error, KeyboardInterrupt):
                reason = str(error) or "stopped by the user"  # it says so itself where it was another signal than Ctrl-C
            # The error that stopped the work is the one to report, not one of the store on top of it.
            with contextlib.suppress(Exception):
                self.store.interrupt(self.thread, reason)

    # --------------------------------------------------------------------------------------- drafting

    def _samplings(self) -> list[Sampling]:
        seed, n_sampled = self.options.seed, self.options.samples - 1
        temperatures = [self._spread(i, n_sampled) for i in range(n_sampled)]
        return [self._sampling(0.0, seed), *(self._sampling(t, seed + i) for i, t in enumerate(temperatures, 1))]

    def _spread(self, index: int, count: int) -> float:
        """The temperature of a sampled draft: evenly from T (1 - spread) to T (1 + spread)."""
        place = 2 * index / (count - 1) - 1 if count > 1 else 0.0
        return self.options.temperature * (1 + self.options.spread * place)

    def _first_round(self, prompt: Prompt) -> None:
        """Many drafts are drawn a few at a time, until time is up or those to come could not change what is chosen."""
        samplings = self._samplings()
        for start in range(0, len(samplings), DRAWN_AT_ONCE):
            if start and (self._late() or self._settled(len(samplings) - start)):
                break
            self._round(prompt, samplings[start : start + DRAWN_AT_ONCE], 0, {})

    def _settled(self, to_come: int) -> bool:
        """Whether the leading cluster would lead also if all drafts to come did what the second one does."""
        choice = self._choice()
        first, second = (*choice.clusters, 0, 0)[:2]
        return choice.status in (Status.VERIFIED, Status.AGREED) and first - second > to_come

    def _late(self) -> bool:
        budget = self.options.budget_seconds
        return budget is not None and time.monotonic() - self.began >= budget

    def _repair_samplings(self, round_: int) -> list[Sampling]:
        count = max(1, self.options.samples // 4)
        first = self.options.seed + 1000 * round_
        return [self._sampling(0.0, first), *(self._sampling(self.options.temperature, first + i) for i in range(1, count))]

    def _sampling(self, temperature: float, seed: int) -> Sampling:
        has = self.tools.engine.capabilities
        return Sampling(
            max_tokens=self.options.max_tokens,
            temperature=temperature,
            top_p=self.options.top_p,
            seed=seed,
            top_logprobs=min(self.options.top_logprobs, has.top_logprobs) if has.logprobs else 0,
        )

    def _round(self, prompt: Prompt, samplings: Sequence[Sampling], round_: int, descent: Mapping[str, str]) -> None:
        """Draw drafts, store them, judge them, store what was found."""
        index = self._keep_prompt(prompt)
        what = f"repairing ({round_} of {self.options.repairs})" if round_ else f"writing {len(samplings)} drafts"
        self.progress.phase(what, total=len(samplings) * self.options.max_tokens)
        completions = self._drawn(prompt, samplings)
        drafts = [
            self.job.draft(f"{index}.{i}", completion, prompt, round_, descent.get("repairs"))
            for i, completion in enumerate(completions)
        ]
        self.store.add_drafts(self._thread(), index, drafts)
        self.progress.phase(f"checking {len(drafts)} drafts", total=len(drafts))
        for draft in drafts:
            self.candidates.append(self._judged(draft, descent.get("origin", draft.id)))
            self.progress.tokens(1)

    def _drawn(self, prompt: Prompt, samplings: Sequence[Sampling]) -> list[Completion]:
        engine = self.tools.engine
        with self.clock("prompt"):
            guide = self.job.guide(prompt) if self.options.grounded and takes_guides(engine) else None
        with self.clock("decode"):
            if guide is None:  # an engine of another package may know of no guides
                return engine.complete(prompt, samplings, self.progress.tokens)
            return engine.complete(prompt, samplings, self.progress.tokens, guide)

    def _by_rules(self) -> None:
        """Judge what rules wrote beside what the engine wrote; stored like any draft, under a prompt that was never sent."""
        prompt = self.job.by_rules()
        if prompt is None or not prompt.parts:
            return
        index = self._keep_prompt(prompt)
        drafts = [
            self.job.draft(f"{index}.{i}", Completion(text=part.text), prompt, 0, None)
            for i, part in enumerate(prompt.parts)
        ]
        self.store.add_drafts(self._thread(), index, drafts)
        decisive = self.job.decisive and self.tools.engine.capabilities.primer
        for i, draft in enumerate(drafts):
            votes = self._votes_of_reading() if i == 0 and decisive else 1
            witness = i == 0 and self.job.witness
            self.candidates.append(replace(self._judged(draft, draft.id), by_rules=True, votes=votes, witness=witness))

    def _votes_of_reading(self) -> int:
        """A reading that took no account of some words is outvoted by most drafts of a model that was taught such work."""
        if self.job.read_whole or not was_taught(self.tools.engine):
            return READING_VOTES
        return max(1, self.options.samples * 3 // 8)

    def _judged(self, draft: Draft, origin: str) -> Candidate:
        with self.clock("checks"):
            candidate = self.job.judge(draft, origin)
        if candidate.same_as is None:  # what another draft's run showed is not stored as a run of this one
            self.clock.move("checks", "runs", sum(run.wall_seconds for _, run in candidate.runs))
            for purpose, run in candidate.runs:
                self.store.add_run(self._thread(), draft.id, purpose, run)
        self.store.add_verdicts(self._thread(), draft.id, candidate.verdicts)
        return candidate

    def _worth_repairing(self) -> list[Candidate]:
        """The drafts that got furthest, by different programs; a draft that was mended already is not mended again."""
        repaired = {c.draft.repairs for c in self.candidates}
        seen: set[str | None] = set()
        found: list[Candidate] = []
        pool = [c for c in self.candidates if c.draft.program and c.draft.id not in repaired]
        while pool and len(found) < REPAIRED_AT_ONCE:
            best = best_failed(pool)
            assert best is not None
            pool.remove(best)
            if best.draft.program not in seen and problem(best):
                seen.add(best.draft.program)
                found.append(best)
        return found

    def _left(self, broken: Candidate) -> str:
        """Where a draft that did not get as far as running left what is known, of an engine that could not be held to it."""
        if not self.options.grounded or takes_guides(self.tools.engine) or height(broken) >= RAN:
            return ""
        with self.clock("checks"):
            return self.job.left(broken.draft)

    # --------------------------------------------------------------------------------------- answering

    def _answer(self, choice: Choice, plan: Plan) -> Answer:
        best = choice.candidate
        run = None if best is None else _last_run(best)
        card = provenance_card(
            status=choice.status,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            engine=self.tools.engine.identity,
            sampling=to_plain(self.options),
            seeds=sorted({c.draft.completion.seed for c in self.candidates if c.draft.completion.seed is not None}),
            prompts=self.prompts,
            tier=self.tools.sandbox.tier,
            absent=self.tools.sandbox.absent,
            packages=_packages(),
            data=self.request.data,
            examples=request_examples(plan.prompt.parts),
            thread=self.thread,
        )
        card["seconds"] = {name: round(value, 3) for name, value in self.clock.seconds.items()}
        card["doubts"] = [] if best is None else list(best.doubts)
        card["cut_nats"] = None if best is None else best.draft.completion.cut_nats
        card["certainty"] = None if best is None else _certainty(best, self.request)
        return Answer(
            status=choice.status,
            draft_id=None if best is None else best.draft.id,
            program=None if best is None else best.draft.program,
            verdicts=() if best is None else best.verdicts,
            reason=choice.reason,
            output="" if run is None else run.stdout,
            artifacts=() if run is None else run.artifacts,
            agreement=choice.agreement,
            card=card,
        )

    def _thread(self) -> str:
        assert self.thread is not None
        return self.thread

    def _keep_prompt(self, prompt: Prompt) -> int:
        self.prompts.append(prompt)
        return self.store.add_prompt(self._thread(), prompt)


def _certainty(best: Candidate, request: Request) -> dict[str, Any] | None:
    """The names of the program that the model was least sure of; None where it is not known."""
    names = certainty_of(best.draft, request, best.verdicts)
    return {"told": told_certainty(names), "least": [name_data(name) for name in least_certain(names)]} if names else None


def _last_run(candidate: Candidate) -> Run | None:
    return next((run for purpose, run in reversed(candidate.runs) if purpose == "ran"), None)


def _packages() -> dict[str, str]:
    """Versions of Python and of the packages that programs use; they have the same as this process."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


class _Clock:
    """Seconds spent in each part of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(("prompt", "decode", "checks", "runs"), 0.0)

    @contextlib.contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] += time.monotonic() - started

    def move(self, source: str, target: str, seconds: float) -> None:
        seconds = min(seconds, self.seconds[source])
        self.seconds[source] -= seconds
        self.seconds[target] += seconds
