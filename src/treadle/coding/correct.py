"""A correction: the program that a user puts in the place of a draft is judged like a draft, and kept where it passes.

It climbs the same ladder, in the same sandbox, on the same data, with the expectations of the request. Doubts are told and
refuse nothing: the user knows better than a rule. Everything is stored at the end, at once, so that whatever stops the
work before leaves the thread as it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from treadle.coding.ask import Options, Tools
from treadle.coding.checks.ran import RAN
from treadle.coding.choose import Candidate
from treadle.coding.example_form import Form, forms, named_in, same_program
from treadle.coding.expectations import metrics_in
from treadle.coding.job import Job, open_job
from treadle.coding.sql.base import rows_of
from treadle.data import summarise
from treadle.data.files import require_file, sha256_of
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.sandbox import Sandbox
from treadle.threads.base import Basis, Correction, ThreadRecord
from treadle.types import Completion, DataSummary, Draft, Outcome, Prompt, Request, Verdict

__all__ = ["Corrected", "correct", "draft_to_correct", "on_data", "on_database"]

NAME = "correction"
"""Of the draft that a correction is judged as."""
_HOW = "Give the data that the correction is to be judged on with --data FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """How a correction ended.

    ``example`` is the id of the example that was made of it, None where it was refused for ``reason``. ``candidate`` has
    its verdicts and doubts. ``replaced`` is the example that was active before. ``notes`` say what should be known.
    """

    thread: str
    draft: str
    candidate: Candidate
    example: str | None = None
    reason: str = ""
    replaced: str | None = None
    notes: tuple[str, ...] = ()


def draft_to_correct(record: ThreadRecord, name: str | None = None) -> Draft:
    """The draft ``name`` of the thread, or that of its answer.

    Raises:
        UsageError: there is no draft, or no answer and no ``name``.
        UnknownNameError: there is no draft of that name.
    """
    thread, drafts = record.info.id, {draft.id: draft for draft in record.drafts}
    if not drafts:
        why = record.interruption or "it is still open, or its process was killed"
        raise UsageError(f"thread {thread} has no draft to correct ({why}); ask again, then correct that thread")
    if name is not None:
        if name not in drafts:
            raise UnknownNameError(f"draft of thread {thread}", name, drafts)
        return drafts[name]
    if record.answer is None or record.answer.draft_id is None:
        raise UsageError(
            f"thread {thread} has no answer; say which draft you correct: --draft {' or --draft '.join(list(drafts)[:5])}"
        )
    return drafts[record.answer.draft_id]


def on_data(request: Request, sandbox: Sandbox, given: Path | None = None) -> Request:
    """The request of a thread on its data file as it is now, or on the file ``given`` in its place, read in ``sandbox``.

    Raises:
        DataError: the file is gone or has changed, or ``given`` cannot be read.
        UsageError: a file is given for a request without data.
    """
    if request.data is None:
        if given is not None:
            raise UsageError("the thread was asked without a data file; leave out --data")
        return request
    if given is not None:
        return replace(request, data=summarise(given, sandbox, request.tree))
    path = Path(request.data.path)
    try:
        require_file(path)
    except DataError as error:
        raise DataError(f"the data file of the thread cannot be read: {error} {_HOW}.") from None
    _require_same(request.data, sha256_of(path))
    return request


def on_database(request: Request, now: DataSummary, given: bool = False) -> Request:
    """The question of a thread on its database as it is now; ``given``: the user named it, whatever it holds.

    Raises:
        DataError: it has changed since the question was asked.
    """
    if request.data is not None and not given:
        _require_same(request.data, now.sha256)
    return replace(request, data=now)


def _require_same(then: DataSummary, now: str) -> None:
    if now != then.sha256:
        raise DataError(
            f"the data file {then.path!r} has changed since the thread was asked (SHA-256 {then.sha256[:12]} then, "
            f"{now[:12]} now). {_HOW}; naming the same file takes it as it is now."
        )


def correct(
    record: ThreadRecord, request: Request, program: str, tools: Tools, options: Options, draft: Draft, note: str = ""
) -> Corrected:
    """Judge ``program`` as the answer to ``request`` (that of ``record``, on its data), and store it where it passes.

    Raises:
        UsageError: the program is empty, or the same as ``draft`` or as the correction that is there already.
        TreadleError: the sandbox, the database or the store failed; nothing is stored.
    """
    thread, language = record.info.id, request.language
    if not program.strip():
        raise UsageError("the corrected program is empty")
    rejected = draft.program if draft.program is not None else draft.completion.text
    if same_program(program, rejected, language):
        raise UsageError(
            f"the correction is the same program as draft {draft.id}, so there is nothing to learn from it. If that draft "
            f"is right, say so: treadle threads rate {thread} --good"
        )
    before = [e for e in tools.store.examples() if e.thread == thread]
    if any(same_program(program, known, language) for e in before for known in _submitted(tools, thread, e.id)):
        raise UsageError(f"this program is the correction of thread {thread} already (example {before[0].id})")
    job = open_job(request, tools, options)
    candidate = job.judge(_draft(program), NAME)
    done = Corrected(thread=thread, draft=draft.id, candidate=candidate)
    if not candidate.passed:
        return replace(done, reason=_refusal(candidate.verdicts))
    form, notes = _form(candidate, request, job)
    made = Correction(
        draft=draft.id,
        rejected=rejected,
        reason=reason_against(record, draft),
        chosen=program,
        request=request.text,
        language=language,
        kind=_kind(request),
        program=form[0],
        body=form[1],
        basis=_basis(candidate, request, form[0]),
        tags=_tags(request, tools),
        dialect=None if tools.database is None else tools.database.dialect,
        note=note,
    )
    example = tools.store.add_correction(thread, made)
    return replace(done, example=example, replaced=before[0].id if before else None, notes=notes)


def _submitted(tools: Tools, thread: str, example: str) -> list[str]:
    return [pair.chosen for pair in tools.store.pairs(thread) if pair.example == example]


def _draft(program: str) -> Draft:
    return Draft(id=NAME, completion=Completion(text=program), program=program)


def _refusal(verdicts: Sequence[Verdict]) -> str:
    failed = next((v for v in verdicts if v.outcome is Outcome.FAILED), None)
    return f"{failed.rung.value}: {failed.reason}" if failed else "it gave no output"


def reason_against(record: ThreadRecord, draft: Draft) -> str:
    """What was wrong with a draft, as far as is known."""
    verdicts = record.verdicts.get(draft.id, ())
    failed = next((v for v in verdicts if v.outcome is Outcome.FAILED), None)
    if failed is not None:
        return f"{failed.rung.value}: {failed.reason}"
    if draft.program is None:
        return "it held no program"
    doubts = record.answer.card.get("doubts") if record.answer is not None and record.answer.draft_id == draft.id else None
    return f"doubted: {doubts[0]}" if doubts else "it ran; the user put another program in its place"


# -------------------------------------------------------------------------------------------------- the example


def _form(candidate: Candidate, request: Request, job: Job) -> tuple[Form, tuple[str, ...]]:
    """The best form that does what the program did, and a note where only the program as it is does."""
    program = candidate.draft.program or ""
    proposed = [*_styled(program, request, job), *forms(program, request)]
    for form in proposed[:-1]:
        other = job.judge(_draft(form[0]), NAME)
        # A docstring changes nothing, so behaviour that cannot be compared is no reason to leave it out.
        comparable = candidate.behaviour is not None or request.data is None
        if other.passed and comparable and other.behaviour == candidate.behaviour:
            return form, ()
    if request.language == "python" and request.data is not None:
        name = Path(request.data.path).name
        note = (
            f"the program opens {name} in a way of its own, so the example helps only with files of that name; one that "
            "assigns the opened file to a variable first can be moved onto others"
        )
        return proposed[-1], (note,)
    return proposed[-1], ()


def _styled(program: str, request: Request, job: Job) -> list[Form]:
    """A statement in house style, as those that the model writes are."""
    if request.language != "sql":
        return []
    statement = job.draft(NAME, Completion(text=program), Prompt(messages=()), 0, None).program
    return [] if statement is None else [(statement, statement)]


def _kind(request: Request) -> Literal["data", "function", "sql"]:
    if request.language == "sql":
        return "sql"
    return "data" if request.data is not None and request.data.tables else "function"


def _tags(request: Request, tools: Tools) -> tuple[str, ...]:
    """How the file is laid out, as packs say it, or the dialect of the database."""
    if tools.database is not None and request.language == "sql":
        return (tools.database.dialect,)
    if request.data is None or not request.data.tables:
        return ()
    return ("jagged",) if any(c.shape == "jagged" for c in request.data.tables[0].columns) else ("flat",)


def _basis(candidate: Candidate, request: Request, program: str) -> Basis:
    run = next((run for purpose, run in reversed(candidate.runs) if purpose == RAN), None)
    metrics: dict[str, float] = {}
    if run is not None and request.language == "sql":
        rows = rows_of(run)
        metrics = {"rows": float(len(rows.rows))} if rows is not None and not rows.truncated else {}
    elif run is not None:
        metrics = {name: value for name, value in metrics_in(run.stdout).items() if math.isfinite(value)}
    data = None if request.data is None else named_in(program, request.data, request.language)
    if data is not None and Path(data.path).is_file():
        data = replace(data, path=str(Path(data.path).absolute()))  # it may be exported from another folder
    return Basis(
        data=data,
        metrics=metrics,
        artifacts=() if run is None else tuple(a.name for a in run.artifacts),
        calls=tuple(e for e in request.expectations if e.kind == "call" and e.expected_source is None),
        doubts=candidate.doubts,
    )
