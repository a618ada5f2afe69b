"""Three ways to fill a hole, as InCoder compares them (arXiv:2204.05999, section 4), and what is recorded of each.

*left-to-right*: the model sees what stands before the hole, and its draft is cut to as many lines as were masked.
*rerank*: several such drafts; the one with which the whole program is likeliest is taken. *infill*: the model sees both
sides, in the form that it was trained with (else in words), and says itself where the filling ends; of several drafts, half
of which see both sides, the likeliest is taken, too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, TypeVar

from treadle.coding.extract import parses
from treadle.engines.base import Engine, continuing
from treadle.errors import ContextLengthError, UnsupportedError
from treadle.evals.hidden import CheckHost, HiddenTests
from treadle.evals.infill import Filling, InfillTask, cut_lines
from treadle.evals.infill_form import form_of, shown, taken
from treadle.evals.record import Record, failed_record
from treadle.sandbox.base import Sandbox
from treadle.types import Completion, RawText, Sampling, Status

__all__ = ["Filler", "likeliest"]

T = TypeVar("T")
_TOKENS_A_LINE = 32
"""That drafts from left to right get at first. Their lines are counted afterwards: those that need more are drawn again,
with the same seed, four times as long. Nearly all that the model would write beyond the hole is so never drawn."""


class Filler:
    """Fills holes in one way, and judges what came of it. Tests that a problem's holes share are prepared once.

    Raises:
        DataError: the way is infill, and the card of the engine of this name is damaged.
    """

    def __init__(self, filling: Filling, name: str, sandbox: Sandbox) -> None:
        self._filling, self._name, self._sandbox = filling, name, sandbox
        self._form = form_of(name) if filling.way == "infill" else None
        self._host = CheckHost()
        self._tests: dict[str, HiddenTests] = {}

    def close(self) -> None:
        """End the process of the tests. Closing twice is allowed."""
        self._host.close()

    def work_on(self, task: InfillTask, engine: Engine) -> Record:
        """Draw, choose, judge; the record of it. A hole whose program does not fit into the context counts as not filled.

        Raises:
            UnsupportedError: the engine cannot continue a text, or give probabilities of one.
            DataError: the task's own solution fails its tests.
            EngineError, SandboxError: they failed; nothing is known about the task.
        """
        tests, started = self._tests_of(task), time.monotonic()
        try:
            completions, fillings = self._drawn(task, engine)
            drawn = time.monotonic()
            programs = [task.filled(filling) for filling in fillings]
            chosen = self._choose(programs, fillings, engine) if self._filling.ranked else 0
        except ContextLengthError as error:
            return failed_record(task, engine, self._name, self._sandbox.tier, str(error), time.monotonic() - started)
        ranked = time.monotonic()
        rights = {program: parses(program) and tests.judge(program).passed for program in dict.fromkeys(programs)}
        seconds = {"prompt": 0.0, "decode": drawn - started, "checks": ranked - drawn, "runs": time.monotonic() - ranked}
        record = failed_record(task, engine, self._name, self._sandbox.tier, "", ranked - started)
        record["seconds"] |= seconds
        return {**record, "error": None, **self._found(task, engine, completions, programs, rights, chosen)}

    def _choose(self, programs: Sequence[str], fillings: Sequence[str], engine: Engine) -> int:
        """The likeliest of those that put something into the hole: with less of it any program is likelier."""
        said = [place for place, filling in enumerate(fillings) if filling.strip()] or list(range(len(programs)))
        return said[likeliest([programs[place] for place in said], engine)]

    def _found(
        self,
        task: InfillTask,
        engine: Engine,
        completions: Sequence[Completion],
        programs: Sequence[str],
        rights: dict[str, bool],
        chosen: int,
    ) -> Record:
        whole = task.filled(task.masked)
        drafts: list[dict[str, Any]] = [
            {
                "id": f"0.{number}",
                "greedy": self._filling.temperature == 0,
                "rungs": int(parses(program)),
                "passed": rights[program],
                "doubts": 0,
                "right": rights[program],
                "exact": program.rstrip() == whole.rstrip(),
                "ended": completion.finish_reason,
            }
            for number, (program, completion) in enumerate(zip(programs, completions, strict=True))
        ]
        return {
            "status": (Status.RAN if drafts[chosen]["rungs"] else Status.FAILED).value,
            "right": drafts[chosen]["right"],
            "greedy_right": drafts[0]["right"],
            "any_right": any(draft["right"] for draft in drafts),
            "exact": drafts[chosen]["exact"],
            "drafts": drafts,
            "chosen": drafts[chosen]["id"],
            "tokens": sum(len(c.tokens) or engine.count_tokens(c.text) for c in completions),
            "prompt_tokens": sum(1 if special else engine.count_tokens(text) for text, special in self._asked(task).pieces),
            "program": programs[chosen],
        }

    def _tests_of(self, task: InfillTask) -> HiddenTests:
        if task.problem not in self._tests:
            self._tests[task.problem] = HiddenTests(task.hidden, self._sandbox, self._host)
        return self._tests[task.problem]

    def _asked(self, task: InfillTask) -> RawText:
        return _left(task) if self._form is None else shown(self._form, task.before, task.after)

    def _drawn(self, task: InfillTask, engine: Engine) -> tuple[list[Completion], list[str]]:
        """The drafts, and what of them goes into the hole. Of several that see both sides every second one sees only what
        stands before, and is cut as those from left to right: the two kinds are right about different holes."""
        samplings = self._filling.samplings()
        if self._form is None:
            return _from_left(task, engine, samplings)
        both = continuing(engine).continue_text(self._asked(task), samplings[::2])
        fillings = [taken(self._form, completion.text, task.after) for completion in both]
        left, cut = _from_left(task, engine, samplings[1::2])
        return _woven(both, left), _woven(fillings, cut)


def _left(task: InfillTask) -> RawText:
    return RawText(pieces=((task.before, False),))


def _from_left(task: InfillTask, engine: Engine, samplings: Sequence[Sampling]) -> tuple[list[Completion], list[str]]:
    found = _long_enough(_left(task), engine, samplings, task.n_lines) if samplings else []
    return found, [cut_lines(completion.text, task.n_lines)[0] for completion in found]


def _woven(even: Sequence[T], odd: Sequence[T]) -> list[T]:
    """The items of both in turn."""
    return [item for pair in zip_longest(even, odd) for item in pair if item is not None]


def likeliest(programs: Sequence[str], engine: Engine) -> int:
    """The place of the program whose tokens have the highest log-probability in total; of equal ones the first.

    Raises:
        UnsupportedError: the engine gives no probabilities of a text.
    """
    if not engine.capabilities.score:
        raise UnsupportedError(
            f"engine {engine.identity.name} cannot score a text, so drafts cannot be ranked; take llama or torch"
        )
    totals = {program: sum(token.logprob for token in engine.score(program, top=0)) for program in dict.fromkeys(programs)}
    return max(range(len(programs)), key=lambda place: totals[programs[place]])


def _long_enough(text: RawText, engine: Engine, samplings: Sequence[Sampling], n_lines: int) -> list[Completion]:
    """Drafts that reach the end of the ``n_lines``-th line, end by themselves, or are as long as they may be."""
    most, n_tokens = samplings[0].max_tokens, _TOKENS_A_LINE * (n_lines + 1)
    found: dict[int, Completion] = {}
    while len(found) < len(samplings):
        left = [place for place in range(len(samplings)) if place not in found]
        n_tokens = min(n_tokens, most)
        drawn = continuing(engine).continue_text(text, [replace(samplings[i], max_tokens=n_tokens) for i in left])
        for place, completion in zip(left, drawn, strict=True):
            unfinished = completion.finish_reason == "length" and not cut_lines(completion.text, n_lines)[1]
            if not unfinished or n_tokens == most:
                found[place] = completion
        n_tokens *= 4
    return [found[place] for place in range(len(samplings))]
