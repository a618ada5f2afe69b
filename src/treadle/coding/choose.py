"""From judged drafts to one answer: keep what passed, cluster by behaviour, largest cluster, then mean log-probability.

The status says what is known and no more. A program that met what the user stated is *verified*. Without any statement,
drafts written independently that do the same are *agreed*; a draft with a doubt (it ignores a number or a column of the
request, or its value cannot be the answer to such a question) is never called so: drafts of one model share mistakes.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from treadle.coding.behaviour import is_picture
from treadle.coding.expectations import metrics_in
from treadle.types import Draft, Outcome, Run, Rung, Status, Verdict

__all__ = ["Candidate", "Choice", "choose", "height"]

_RUNGS = list(Rung)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A draft with all that was found out about it.

    ``origin`` is the first draft it descends from; ``same_as`` an earlier draft with the same program, whose runs these are.
    ``votes``: how much it counts where clusters of behaviours are compared; ``by_rules``: no engine wrote it.
    """

    draft: Draft
    verdicts: tuple[Verdict, ...]
    runs: tuple[tuple[str, Run], ...] = ()
    doubts: tuple[str, ...] = ()
    behaviour: Hashable = None
    origin: str = ""
    same_as: str | None = None
    votes: int = 1
    by_rules: bool = False
    witness: bool = False
    """By rules that took account of every word of the request."""
    ordered: bool = False
    """It puts its result in an order; others that do the same may leave the order to chance."""

    @property
    def passed(self) -> bool:
        """No check failed, and the program ran to its end."""
        ran = any(v.rung is Rung.OUTPUT and v.outcome is Outcome.PASSED for v in self.verdicts)
        return ran and not any(v.outcome is Outcome.FAILED for v in self.verdicts)

    @property
    def met(self) -> int:
        return sum(v.rung is Rung.EXPECTATIONS and v.outcome is Outcome.PASSED for v in self.verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen candidate with its status; ``agreement`` is (drafts that do the same, drafts drawn)."""

    status: Status
    candidate: Candidate | None
    reason: str
    agreement: tuple[int, int]
    clusters: tuple[int, ...] = field(default=())


def height(candidate: Candidate) -> int:
    """How many rungs the candidate stands on: the index of the first failed one, or their number."""
    failed = [_RUNGS.index(v.rung) for v in candidate.verdicts if v.outcome is Outcome.FAILED]
    return min(failed, default=len(_RUNGS))


def _likelihood(candidate: Candidate) -> float:
    """Nats a token, of the model alone: what a constraint cut away before a token counts against the draft in full, since
    log p = log(p / (1 - cut)) + log(1 - cut), so a draft that was forced into words the model did not mean comes last."""
    mean = candidate.draft.completion.mean_logprob
    return -math.inf if mean is None else mean


def best_failed(candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate that got furthest; among equals the one with most expectations met, fewest doubts, most likely text."""
    with_code = [c for c in candidates if c.draft.program] or list(candidates)
    return max(with_code, key=lambda c: (height(c), c.met, -len(c.doubts), _likelihood(c)), default=None)


def choose(candidates: Sequence[Candidate], expected: bool, witness: bool = False) -> Choice:
    """The answer among ``candidates``.

    ``expected``: the user stated at least one expectation; ``witness``: drafts that agree with each other are called so
    only where a witness does the same.
    """
    drawn = _drafts(candidates)
    passing = [c for c in candidates if c.passed]
    if not passing:
        return _failed(candidates, drawn)
    if expected:  # what met an expectation goes before what could not be checked
        passing = [c for c in passing if c.met] or passing
    pool = [c for c in passing if not c.doubts] or passing
    clusters = _clusters(pool)
    largest = clusters[0]
    best = max(largest, key=lambda c: (c.ordered, _likelihood(c)))
    share = (_drafts(largest), drawn)
    sizes = tuple(_votes(cluster) for cluster in clusters)
    if expected and best.met:
        return Choice(status=Status.VERIFIED, candidate=best, reason=_met(best), agreement=share, clusters=sizes)
    alone = witness and not any(c.witness for c in largest)
    return _without_expectation(best, share, sizes, expected, alone)


def _clusters(pool: Sequence[Candidate]) -> list[list[Candidate]]:
    """Clusters of equal behaviour, largest first (by votes of drafts written independently), then the likeliest."""
    by_behaviour: dict[Hashable, list[Candidate]] = {}
    for candidate in pool:
        # What could not be compared agrees with nothing but itself.
        key = candidate.behaviour if candidate.behaviour is not None else ("alone", candidate.draft.id)
        by_behaviour.setdefault(key, []).append(candidate)
    return sorted(by_behaviour.values(), key=lambda c: (_votes(c), max(map(_likelihood, c))), reverse=True)


def _drafts(candidates: Sequence[Candidate]) -> int:
    """How many drafts an engine wrote independently: readings by rules support an answer, but agreement needs two drafts."""
    return len({c.origin for c in candidates if not c.by_rules})


def _votes(cluster: Sequence[Candidate]) -> int:
    by_origin: dict[str, int] = {}
    for candidate in cluster:
        by_origin[candidate.origin] = max(candidate.votes, by_origin.get(candidate.origin, 0))
    return sum(by_origin.values())


def _without_expectation(
    best: Candidate, share: tuple[int, int], sizes: tuple[int, ...], expected: bool, alone: bool
) -> Choice:
    status, agreeing = Status.RAN, f"{share[0]} of {share[1]} drafts gave this output"
    if best.doubts:
        reason = f"it ran, but {best.doubts[0]}"
    elif best.behaviour is None:
        reason = "it ran; its behaviour could not be compared with that of other drafts"
    elif share[0] < 2:
        read = "rules read the request so, and " if best.by_rules or share[0] == 0 else ""
        reason = f"it ran; {read}no {'second ' if share[0] else ''}draft gave the same output"
    elif len(sizes) > 1 and sizes[1] == sizes[0]:
        rivals = "as many drafts" if sizes[0] == share[0] else "other drafts with as many votes"
        reason = f"it ran; {rivals} ({sizes[1]}) gave another output"
    elif alone:
        reason = f"it ran; {agreeing}, but a model as small as this one agrees with itself when it is wrong, too"
    else:
        unseen = "; pictures were not compared" if _pictures(best) and _metrics(best) else ""
        status, reason = Status.AGREED, f"{agreeing}; no expectation was given{unseen}"
    if expected:
        status, reason = Status.RAN, "it ran; none of the expectations given could be checked"
    return Choice(status=status, candidate=best, reason=reason, agreement=share, clusters=sizes)


def _pictures(candidate: Candidate) -> bool:
    return any(is_picture(artifact) for _, run in candidate.runs for artifact in run.artifacts)


def _metrics(candidate: Candidate) -> bool:
    return any(metrics_in(run.stdout) for _, run in candidate.runs)


def _met(candidate: Candidate) -> str:
    skipped = sum(v.rung is Rung.EXPECTATIONS and v.outcome is Outcome.SKIPPED for v in candidate.verdicts)
    rest = f"; {skipped} could not be checked" if skipped else ""
    return f"it met {candidate.met} expectation{'s' if candidate.met != 1 else ''} that you gave and failed none{rest}"


def _failed(candidates: Sequence[Candidate], drawn: int) -> Choice:
    best = best_failed(candidates)
    if best is None:
        return Choice(status=Status.FAILED, candidate=None, reason="no draft was drawn", agreement=(0, 0))
    failure = next((v for v in best.verdicts if v.outcome is Outcome.FAILED), None)
    reason = f"{failure.rung.value}: {failure.reason}" if failure else "it did not run"
    return Choice(status=Status.FAILED, candidate=best, reason=reason, agreement=(0, drawn))
