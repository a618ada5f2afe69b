"""Constraints on what is drawn, through llguidance: which tokens may come next, for every draft at every step."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from treadle.errors import EngineError
from treadle.model.repeats import line_repeats, lines_repeat
from treadle.tokens.grammars import Grammars, first_line
from treadle.types import Constraint, Stage

__all__ = ["KINDS", "ConstraintMatcher", "ConstraintTimes", "Constraints", "GuidedMatcher"]

KINDS = frozenset({"gbnf", "json_schema", "lark", "regex"})
_TIMES = 10_000
Worked = TypeVar("Worked")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintTimes:
    """Seconds that constraints were asked for the last tokens, of each draft, and of the last that were compiled."""

    tokens: tuple[float, ...] = ()
    compilations: tuple[float, ...] = ()


class Constraints:
    """Matchers for one vocabulary, with masks as tensors; arguments and errors are those of ``tokens.grammars.Grammars``.

    Threads may share one. llguidance leaves Python to others while it compiles and computes masks.
    """

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        special_ids: Iterable[int],
        end_ids: Iterable[int],
        encode: Callable[[str], list[int]],
    ) -> None:
        self._grammars = Grammars(token_bytes, special_ids, end_ids, encode)
        self.n_tokens = len(token_bytes)
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="constraints")
        self.token_seconds: deque[float] = deque(maxlen=_TIMES)
        """How long constraints were asked for the last tokens, of each draft: questions, and a mask where needed."""

    def matcher(self, constraint: Constraint, *, probe: bool = True) -> ConstraintMatcher:
        """A new matcher at the constraint's beginning; raises ``EngineError`` for one that cannot be used.

        Without ``probe`` a constraint that allows nothing shows only when it is asked.
        """
        with self._lock:
            found = self._grammars.matcher(constraint, probe=probe)
        return ConstraintMatcher(found, self.n_tokens, self.token_seconds)

    def ahead(self, work: Callable[[], Worked]) -> Future[Worked]:
        """Work that is done while the model computes, one after the other."""
        return self._worker.submit(work)

    @property
    def times(self) -> ConstraintTimes:
        """What constraints took so far."""
        return ConstraintTimes(tokens=tuple(self.token_seconds), compilations=tuple(self._grammars.compile_seconds))

    def token_milliseconds(self) -> tuple[float, float]:
        """Median and 99th percentile of the time that a draft's token took; zeros before the first."""
        if not self.token_seconds:
            return 0.0, 0.0
        median, late = np.percentile(np.array(self.token_seconds) * 1e3, [50, 99])
        return float(median), float(late)


class ConstraintMatcher:
    """Where one draft stands in the language that it must belong to."""

    repeats = False

    def __init__(self, matcher: Any, n_tokens: int, times: deque[float]) -> None:
        self._matcher, self._n_tokens, self._times, self._seconds = matcher, n_tokens, times, 0.0

    def allowed(self) -> Tensor:
        """Which tokens may come next, [V], on the CPU.

        Raises:
            EngineError: the constraint grew too complex for llguidance's limits.
        """
        started = time.perf_counter()
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask = torch.from_numpy(np.unpackbits(bits, count=self._n_tokens, bitorder="little").view(np.bool_))
        self._seconds += time.perf_counter() - started
        self._check()
        return mask

    def fits(self, token: int) -> bool:
        """Whether this token may come next: what ``allowed`` says of it, a hundred times faster."""
        started = time.perf_counter()
        fits = token < self._n_tokens and self._matcher.validate_tokens([token]) == 1
        self._seconds += time.perf_counter() - started
        self._check()
        return fits

    def forced(self) -> list[int]:
        """Tokens that must come next, whatever the model says."""
        return list(self._matcher.compute_ff_tokens())

    def take(self, token: int) -> bool:
        """Go on by a token; True where nothing may follow."""
        if self._seconds:
            self._times.append(self._seconds)
            self._seconds = 0.0
        self._matcher.consume_token(token)
        self._check()
        return bool(self._matcher.is_stopped())

    def accepts(self) -> bool:
        """Whether the text may end here."""
        return bool(self._matcher.is_accepting())

    def _check(self) -> None:
        if self._matcher.is_error():
            raise EngineError(f"the constraint cannot be followed any further: {first_line(self._matcher.get_error())}")


class GuidedMatcher:
    """Where one draft stands that a guide leads from stage to stage (``types.Stage``).

    A next stage is compiled in another thread while the model computes. Where a stage cannot be used (too
    complex for llguidance, or nothing of the vocabulary fits), the draft goes on unguided, and ``lost`` says why: a guide
    helps, and never ends a draft that might have been right. What ends it is that it repeats itself: ``repeated`` says how.

    Args:
        stage: gives the next stage for what is written, or None where the draft is over.
        token_bytes: of every token of the vocabulary, none for special ones; the model may know more tokens.
    """

    def __init__(
        self,
        constraints: Constraints,
        stage: Callable[[str], Stage | None],
        token_bytes: Sequence[bytes],
        end_ids: frozenset[int],
    ) -> None:
        self._constraints, self._stage, self._bytes, self._end_ids = constraints, stage, token_bytes, end_ids
        self._written = bytearray()
        self._begun = 0
        self._matcher: ConstraintMatcher | None = None
        self._ahead: Future[ConstraintMatcher] | None = None
        self._last = self._watched = False
        self.lost = self.repeated = ""
        self._enter()

    @property
    def repeats(self) -> bool:
        """Whether the draft is over because it began to repeat itself."""
        return bool(self.repeated)

    def allowed(self) -> Tensor:
        """Which tokens may come next, [V], on the CPU."""
        self._settle()
        if self._matcher is not None:
            try:
                mask = self._matcher.allowed()
            except EngineError as error:
                self._lose(str(error))
            else:
                if bool(mask.any()):
                    return mask
                self._lose("the stage allows no token")
        return torch.ones(self._constraints.n_tokens, dtype=torch.bool)

    def fits(self, token: int) -> bool:
        """Whether this token may come next."""
        self._settle()
        if self._matcher is None:
            return True
        try:
            return self._matcher.fits(token)
        except EngineError as error:
            self._lose(str(error))
            return True

    def forced(self) -> list[int]:
        """Tokens that must come next in this stage, whatever the model says."""
        self._settle()
        return [] if self._matcher is None else self._matcher.forced()

    def take(self, token: int) -> bool:
        """Go on by a token; True where nothing may follow."""
        self._settle()
        if token in self._end_ids:
            return True
        self._written += self._bytes[token] if token < len(self._bytes) else b""
        if self._watched and self._repeats():
            return True
        if self._matcher is None:
            return False
        try:
            over = self._matcher.take(token)
            ended = self._matcher.accepts()
        except EngineError as error:
            self._lose(str(error))
            return False
        return over if self._last or not ended else self._enter()

    def _enter(self) -> bool:
        """Begin the next stage; True where there is none."""
        written = self._written.decode("utf-8", "replace")
        if self._watched:
            self.repeated = lines_repeat(written)
            if self.repeated:
                return True
        self._begun = len(self._written)
        found = self._stage(written)
        if found is None:
            self._matcher = None
            return True
        self._last, self._watched = found.last, found.watched
        constraint = found.constraint
        self._ahead = self._constraints.ahead(lambda: self._constraints.matcher(constraint, probe=False))
        return False

    def _settle(self) -> None:
        """Wait for the stage that is compiled."""
        if self._ahead is None:
            return
        ahead, self._ahead = self._ahead, None
        try:
            self._matcher = ahead.result()
        except EngineError as error:
            self._lose(str(error))

    def _repeats(self) -> bool:
        statement = self._written[self._begun :].decode("utf-8", "replace")
        self.repeated = line_repeats(statement)
        return self.repeats

    def _lose(self, reason: str) -> None:
        self._matcher, self.lost = None, reason
