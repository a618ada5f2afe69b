"""What is kept of one task: plain JSON, one line in ``results.jsonl``.

Everything but ``seconds`` is the same in every run with the same settings, however many workers there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treadle.coding.ask import Answered
from treadle.coding.choose import Candidate, height
from treadle.engines.base import Engine
from treadle.evals.base import AnyTask
from treadle.evals.code import code_sha256
from treadle.types import Rung, Status

__all__ = ["RUNGS", "Record", "failed_record", "first_round", "record_of"]

Record = dict[str, Any]
"""See ``record_of`` for its keys."""

RUNGS = tuple(rung.value for rung in Rung if rung is not Rung.EXPECTATIONS)
"""Those that every draft can reach; what was expected differs from task to task."""
_MAX_OUTPUT = 4000
_PARTS = ("prompt", "decode", "checks", "runs")


def record_of(
    task: AnyTask,
    answered: Answered,
    rights: Mapping[str, bool],
    engine: Engine,
    name: str,
    prompt_tokens: int,
    total_seconds: float,
) -> Record:
    """The record of a task; ``rights`` says of every draft by its id whether it is right, ``name`` is the engine's."""
    answer, card = answered.answer, answered.answer.card
    drawn = first_round(answered)
    by_rules = [c.draft.id for c in answered.candidates if c.draft.round == 0 and c not in drawn]
    return {
        **_head(task),
        "status": answer.status.value,
        "right": rights.get(answer.draft_id or "", False),
        "greedy_right": rights[drawn[0].draft.id],
        "any_right": any(rights.values()),
        "expected": any(v.rung is Rung.EXPECTATIONS and v.outcome != "skipped" for v in answer.verdicts),
        "drafts": [_draft(candidate, rights, index == 0) for index, candidate in enumerate(drawn)],
        "further_drafts": len(answered.candidates) - len(drawn),
        "by_rules": {
            "drafts": len(by_rules),
            "right": any(rights[name] for name in by_rules),
            "chosen": answer.draft_id in by_rules,
        },
        "agreement": list(answer.agreement),
        "tokens": sum(_tokens(candidate, engine) for candidate in answered.candidates),
        "prompt_tokens": prompt_tokens,
        "seconds": {**{part: answered.seconds[part] for part in _PARTS}, "total": total_seconds},
        "reason": answer.reason,
        "doubts": list(card.get("doubts", [])),
        "output": answer.output[:_MAX_OUTPUT],
        "program": answer.program,
        "examples": list(card["examples"]),
        "model": {"engine": name, **card["model"]},
        "code": code_sha256()[:16],
        "sandbox": card["sandbox"],
        "error": None,
    }


def failed_record(task: AnyTask, engine: Engine, name: str, tier: str, error: str, total_seconds: float) -> Record:
    """The record of a task that the engine could not work on at all; it counts as not solved."""
    identity = engine.identity
    return {
        **_head(task),
        "status": Status.FAILED.value,
        "right": False,
        "greedy_right": False,
        "any_right": False,
        "expected": False,
        "drafts": [],
        "further_drafts": 0,
        "by_rules": {"drafts": 0, "right": False, "chosen": False},
        "agreement": [0, 0],
        "tokens": 0,
        "prompt_tokens": 0,
        "seconds": {**dict.fromkeys(_PARTS, 0.0), "total": total_seconds},
        "reason": error,
        "doubts": [],
        "output": "",
        "program": None,
        "examples": [],
        "model": {"engine": name, "file": identity.model, "sha256": identity.sha256},
        "code": code_sha256()[:16],
        "sandbox": tier,
        "error": error,
    }


def first_round(answered: Answered) -> list[Candidate]:
    """The drafts that the engine drew from the first prompt, the greedy one first: neither repairs nor what rules wrote."""
    return [c for c in answered.candidates if c.draft.round == 0 and c.draft.id.partition(".")[0] == "0"]


def _head(task: AnyTask) -> Record:
    return {"id": task.id, "level": task.level, "language": task.language, "request": task.request}


def _draft(candidate: Candidate, rights: Mapping[str, bool], greedy: bool) -> Record:
    return {
        "id": candidate.draft.id,
        "greedy": greedy,
        "rungs": min(height(candidate), len(RUNGS)) if candidate.draft.program is not None else 0,
        "passed": candidate.passed,
        "doubts": len(candidate.doubts),
        "right": rights[candidate.draft.id],
    }


def _tokens(candidate: Candidate, engine: Engine) -> int:
    """Tokens decoded; an engine that gives none has them counted, what rules wrote has none."""
    completion = candidate.draft.completion
    if completion.tokens or (completion.seed is None and completion.temperature is None):
        return len(completion.tokens)
    return engine.count_tokens(completion.text)
