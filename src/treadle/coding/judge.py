"""From a completion to a judged candidate: extract the program, climb the ladder, note doubts, key the behaviour."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from treadle.coding.behaviour import behaviour_of_calls, behaviour_of_run, is_informative, probe_calls
from treadle.coding.checks import Context, Ladder
from treadle.coding.checks.ran import RAN
from treadle.coding.choose import Candidate
from treadle.coding.doubts import doubts
from treadle.coding.expectations import function_names, requested_signature
from treadle.coding.extract import body_at_top_level, extract, said_once
from treadle.types import Completion, Draft, Program, Prompt, Request, Run

__all__ = ["Judge"]


class Judge:
    """Judges the drafts of one request."""

    def __init__(self, request: Request, context: Context, ladder: Ladder) -> None:
        self._request, self._context, self._ladder = request, context, ladder
        self._known: dict[str | None, Candidate] = {}
        self._prefixes: set[str] = set()

    def draft(self, id_: str, completion: Completion, prompt: Prompt, round_: int, repairs: str | None) -> Draft:
        """The draft of a completion of ``prompt``."""
        text = completion.text
        if completion.finish_reason == "repeats":
            text = said_once(text)
        if prompt.body_indent:
            # The model wrote the body of a function; the program has it at top level.
            text = body_at_top_level(text)
            self._prefixes.add(prompt.program_prefix)
        found = extract(text, prompt.primer, prompt.program_prefix)
        return Draft(id=id_, completion=completion, program=found.program if found else None, round=round_, repairs=repairs)

    def judge(self, draft: Draft, origin: str) -> Candidate:
        """Climb the ladder; a program that was judged before is not run again."""
        known = None if draft.program is None else self._known.get(draft.program)
        if known is not None:
            same = known.draft.id
            verdicts = tuple(replace(v, evidence={**v.evidence, "same_program_as": same}) for v in known.verdicts)
            return replace(known, draft=draft, origin=origin, verdicts=verdicts, same_as=same)
        candidate = self._climbed(draft, origin)
        self._known[draft.program] = candidate
        return candidate

    def _climbed(self, draft: Draft, origin: str) -> Candidate:
        """Climb the ladder; runs made to compare behaviour are kept with the others."""
        verdicts, runs = self._ladder.climb(draft, replace(self._context, runs=[]))
        candidate = Candidate(draft=draft, verdicts=tuple(verdicts), runs=tuple(runs), origin=origin)
        if not candidate.passed or draft.program is None:
            return candidate
        run = next((r for purpose, r in reversed(runs) if purpose == RAN), None)
        output = "" if run is None else run.stdout
        found = doubts(self._written(draft.program), output, self._request.text, self._request.data)
        behaviour, probes = self._behaviour(draft.program, run)
        return replace(candidate, doubts=tuple(found), behaviour=behaviour, runs=(*candidate.runs, *probes))

    def _written(self, program: str) -> str:
        """What the model wrote: the lines that open a wide file name columns that the program need not use."""
        # A repair's prefix holds lines of the draft that it mends, too: those were written, so the shortest counts.
        prefix = min((p for p in self._prefixes if program.startswith(p)), key=len, default="")
        return program.removeprefix(prefix)

    def _behaviour(self, program: str, run: Run | None) -> tuple[Hashable, list[tuple[str, Run]]]:
        names = function_names(self._request.text) if self._request.data is None else []
        if names:
            return self._of_function(names[0], program)
        if run is None or run.stdout_truncated or not (run.stdout.strip() or run.artifacts):
            return None, []  # of what was cut off only the beginning could be compared
        return behaviour_of_run(run), []

    def _of_function(self, name: str, program: str) -> tuple[Hashable, list[tuple[str, Run]]]:
        signature = requested_signature(self._request.text)
        parameters = signature[1] if signature and signature[0] == name else "x"
        calls = probe_calls(name, parameters, self._request.expectations)
        programs = [Program(source=program, evaluate=call) for call in calls]
        runs = self._context.sandbox.run_many(programs, self._context.files, self._context.limits)
        kept = [(f"probe {call}", run) for call, run in zip(calls, runs, strict=True)]
        return (behaviour_of_calls(runs) if is_informative(runs) else None), kept
