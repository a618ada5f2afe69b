"""Rows for requests on data files: worlds are invented, written, summarised and asked about; what passes becomes rows.

The text of a row is that of inference: the prompt is planned by the same code, over a summary that the same readers made in
the sandbox. A summary lists first what the request speaks of, so only the first request of a row stands exactly as a user's
would; the further ones of a row share its summary, and cost no second one.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from treadle.coding.ask import Options, Tools
from treadle.coding.plan import Plan, make_plan
from treadle.data import summarise
from treadle.prompts import build_prompt, preamble, request_examples
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.accepted import Acceptance
from treadle.synthesis.python.checked import check
from treadle.synthesis.python.files import write_world
from treadle.synthesis.python.invent import invent
from treadle.synthesis.python.parts import Task
from treadle.synthesis.python.tasks import tasks_for
from treadle.synthesis.python.worlds import World
from treadle.synthesis.rows import Row, segments_of
from treadle.types import DataSummary, Example, Prompt, Request

__all__ = ["END", "LICENCE", "NEXT", "Tally", "hep_rows", "indented"]

LICENCE = "Apache-2.0"
END = "\n```"
"""What the model learns to write behind its last program."""
NEXT = "\n\n\ndef"
"""And behind one that is followed by another request: both are texts that stop a draft."""
GUIDED_SHARE = 50
"""Of one world in so many the programs are followed by the guide: about a second a form, more than all else together."""
_TASKS_A_WORLD = 8
_WIDE_SHARE = 0.1
_SHOWN_SHARE = 0.2
_SEGMENTS, _SEGMENT_WEIGHTS = (1, 2, 3, 4), (60, 20, 12, 8)
_MOST_ALIKE = 8
"""Programs of one form for requests of one form, names and numbers aside; more of them teach nothing new."""


@dataclass
class Tally:
    """What was made, kept and left out, by reason."""

    pairs: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    segments: Counter[int] = field(default_factory=Counter)
    guided: Counter[bool] = field(default_factory=Counter)
    """Programs that the guide was asked about, by its answer."""


def hep_rows(
    pairs: int,
    seed: int,
    tools: Tools,
    tally: Tally,
    acceptance: Acceptance | None = None,
    held_out: HeldOut | None = None,
) -> Iterator[Row]:
    """Rows with ``pairs`` requests, or up to three more; the same for the same ``seed``.

    Left out is what ``held_out`` knows and, of one world in ``GUIDED_SHARE``, what ``acceptance`` does not allow.

    Raises:
        SandboxError: the sandbox failed.
    """
    maker = _Maker(tools, tally, held_out)
    number = 0
    with tempfile.TemporaryDirectory(prefix="treadle-worlds-") as folder:
        while tally.pairs.total() < pairs:
            maker.acceptance = acceptance if number % GUIDED_SHARE == 0 else None
            for row in maker.of_world(seed * 1_000_003 + number, Path(folder)):
                yield row
                if tally.pairs.total() >= pairs:
                    return
            number += 1


class _Maker:
    """Makes the rows of one world after the other. ``alike``: how often a form of request and program was met."""

    def __init__(self, tools: Tools, tally: Tally, held_out: HeldOut | None) -> None:
        self.tools, self.tally, self.held_out = tools, tally, held_out
        self.acceptance: Acceptance | None = None
        self.alike: Counter[str] = Counter()

    def of_world(self, seed: int, folder: Path) -> Iterator[Row]:
        """The rows of the world with this seed, whose file lies in ``folder`` meanwhile."""
        rng = random.Random(seed)  # noqa: S311
        world = invent(seed, wide=rng.random() < _WIDE_SHARE)
        file = write_world(world, folder)
        try:
            summary = summarise(file, self.tools.sandbox)
            kept = self._kept(tasks_for(world, rng, _TASKS_A_WORLD), world, summary, file)
            yield from self._rows(kept, summary, f"world-{seed}", rng)
        finally:
            file.unlink()

    def _kept(self, tasks: Sequence[Task], world: World, summary: DataSummary, file: Path) -> list[Task]:
        """The tasks whose programs pass, and of whose form there are not enough."""
        opening = preamble(summary, summary.tables[0], wide=False)
        names = [f.name for f in world.columns()]
        found = []
        for task, outcome in zip(tasks, check(tasks, opening, file, self.tools.sandbox), strict=True):
            reason = "does not pass" if outcome.reason else self._unwanted(task, names)
            if reason:
                self.tally.dropped[reason] += 1
            else:
                found.append(task)
            if outcome.reason:
                self.tally.failures.append(f"{task.kind}: {outcome.reason}\n{task.request}\n{task.body}")
        return found

    def _unwanted(self, task: Task, names: Sequence[str]) -> str:
        if self.held_out is not None and self.held_out.text_leaks(task.request):
            return "held out"
        form = f"{_form(task.request, names)}\n{_form(task.body, names)}"
        self.alike[form] += 1
        return "more of the same" if self.alike[form] > _MOST_ALIKE else ""

    def _rows(self, tasks: Sequence[Task], summary: DataSummary, group: str, rng: random.Random) -> Iterator[Row]:
        left = list(tasks)
        wide = len(summary.tables[0].columns) >= WIDE_COLUMNS
        while left:
            shots = rng.choice((1, 2)) if rng.random() < _SHOWN_SHARE else 0
            size = 1 if wide else rng.choices(_SEGMENTS, _SEGMENT_WEIGHTS)[0]
            row_tasks, left = left[:size], left[size:]
            row = self._row(row_tasks, summary, group, shots)
            if row is not None:
                yield row

    def _row(self, tasks: Sequence[Task], summary: DataSummary, group: str, shots: int) -> Row | None:
        plan = make_plan(Request(text=tasks[0].request, data=summary), self.tools, Options(shots=shots))
        allowed = [t for t in tasks if self._allowed(t, plan, summary)]
        if not allowed or allowed[0] is not tasks[0]:
            return None
        prompts = [plan.prompt, *self._further(plan, allowed)]
        ends = [NEXT] * (len(allowed) - 1) + [END]
        learnt = [f"\n{indented(t.body)}{end}" for t, end in zip(allowed, ends, strict=True)]
        self.tally.pairs.update(t.kind for t in allowed)
        self.tally.segments[len(allowed)] += 1
        return Row(
            messages=plan.prompt.messages,
            segments=segments_of([p.primer for p in prompts], learnt),
            source=f"python/hep/{'shown' if shots else 'bare'}",
            licence=LICENCE,
            group=group,
        )

    def _further(self, plan: Plan, tasks: Sequence[Task]) -> list[Prompt]:
        """The prompts of the second and later tasks, those before them as examples behind those that the first was shown."""
        shown = plan.ingredients.examples[: len(request_examples(plan.prompt.parts))]
        examples = [Example(id=t.kind, request=t.request, program=t.body, body=t.body, pack="", kind="data") for t in tasks]
        found = []
        for k in range(1, len(tasks)):
            # The nearest example is given first and stands last.
            before = (*examples[:k][::-1], *shown)
            ingredients = replace(plan.ingredients, request=tasks[k].request, examples=before, spare=None)
            found.append(build_prompt(self.tools.engine, ingredients, budget_tokens=100_000))
        return found

    def _allowed(self, task: Task, plan: Plan, summary: DataSummary) -> bool:
        """Whether the program could be written at inference: with the columns that the prompt reads, and by the guide."""
        opening = plan.ingredients.preamble
        if ".arrays([" in opening:
            used = set(re.findall(r'"(\w[^"]*)"', task.body)) & summary.column_names
            if not all(f'"{name}"' in opening for name in used):
                self.tally.dropped["columns that the prompt does not read"] += 1
                return False
        if self.acceptance is None:
            return True
        held = self.acceptance.allows(task.body, plan.prompt, opening, summary)
        self.tally.guided[held] += 1
        if not held:
            self.tally.failures.append(f"not allowed by the guide: {task.kind}\n{task.body}")
        return held


def _form(text: str, names: Sequence[str]) -> str:
    """``text`` without names of columns and numbers."""
    known = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    text = re.sub(rf"(?<!\w)(?:{known})(?!\w)", "C", text) if known else text
    return re.sub(r"-?\d+(?:\.\d+)?", "0", text.lower())


def indented(body: str) -> str:
    """The lines of a body as those of a function."""
    return "\n".join(f"    {line}" if line else "" for line in body.split("\n"))
