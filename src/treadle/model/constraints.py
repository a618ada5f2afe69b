"""Constraints on what is drawn, through llguidance: which tokens may come next, for every draft at every step."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from treadle.errors import EngineError
from treadle.tokens.grammars import Grammars, first_line
from treadle.types import Constraint, Stage

__all__ = ["KINDS", "ConstraintMatcher", "Constraints", "GuidedMatcher"]

KINDS = frozenset({"gbnf", "json_schema", "lark", "regex"})
_TIMES = 10_000


class Constraints:
    """Matchers for one vocabulary, with masks as tensors; arguments and errors are those of ``tokens.grammars.Grammars``."""

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        special_ids: Iterable[int],
        end_ids: Iterable[int],
        encode: Callable[[str], list[int]],
    ) -> None:
        self._grammars = Grammars(token_bytes, special_ids, end_ids, encode)
        self.n_tokens = len(token_bytes)
        self.mask_seconds: deque[float] = deque(maxlen=_TIMES)
        """How long the last masks took, a draft and step each."""

    def matcher(self, constraint: Constraint) -> ConstraintMatcher:
        """A new matcher at the constraint's beginning; raises ``EngineError`` for one that cannot be used."""
        return ConstraintMatcher(self._grammars.matcher(constraint), self.n_tokens, self.mask_seconds)

    def mask_milliseconds(self) -> tuple[float, float]:
        """Median and 99th percentile of the time that a draft's mask took; zeros before the first."""
        if not self.mask_seconds:
            return 0.0, 0.0
        median, late = np.percentile(np.array(self.mask_seconds) * 1e3, [50, 99])
        return float(median), float(late)


class ConstraintMatcher:
    """Where one draft stands in the language that it must belong to."""

    def __init__(self, matcher: Any, n_tokens: int, times: deque[float]) -> None:
        self._matcher, self._n_tokens, self._times = matcher, n_tokens, times

    def allowed(self) -> Tensor:
        """Which tokens may come next, [V], on the CPU.

        Raises:
            EngineError: the constraint grew too complex for llguidance's limits.
        """
        started = time.perf_counter()
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        mask = torch.from_numpy(np.unpackbits(bits, count=self._n_tokens, bitorder="little").view(np.bool_))
        self._times.append(time.perf_counter() - started)
        self._check()
        return mask

    def forced(self) -> list[int]:
        """Tokens that must come next, whatever the model says."""
        return list(self._matcher.compute_ff_tokens())

    def take(self, token: int) -> bool:
        """Go on by a token; True where nothing may follow."""
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

    Where a stage cannot be used (too complex for llguidance, or nothing of the vocabulary fits), the draft goes on
    unguided, and ``lost`` says why: a guide helps, and never ends a draft that might have been right.

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
        self._matcher: ConstraintMatcher | None = None
        self._last = False
        self.lost = ""
        self._enter()

    def allowed(self) -> Tensor:
        """Which tokens may come next, [V], on the CPU."""
        while self._matcher is not None:
            try:
                mask = self._matcher.allowed()
            except EngineError as error:
                self._lose(str(error))
            else:
                if bool(mask.any()):
                    return mask
                self._lose("the stage allows no token")
        return torch.ones(self._constraints.n_tokens, dtype=torch.bool)

    def forced(self) -> list[int]:
        """Tokens that must come next in this stage, whatever the model says."""
        return [] if self._matcher is None else self._matcher.forced()

    def take(self, token: int) -> bool:
        """Go on by a token; True where nothing may follow."""
        if token in self._end_ids:
            return True
        self._written += self._bytes[token] if token < len(self._bytes) else b""
        if self._matcher is None:
            return False
        try:
            over = self._matcher.take(token)
            ended = self._matcher.accepts()
        except EngineError as error:
            self._lose(str(error))
            return False
        if self._last or not ended:
            return over
        return self._enter()

    def _enter(self) -> bool:
        """Begin the next stage; True where there is none."""
        try:
            found = self._stage(self._written.decode("utf-8", "replace"))
            self._matcher = None if found is None else self._constraints.matcher(found.constraint)
        except EngineError as error:
            self._lose(str(error))
            return False
        self._last = found is not None and found.last
        return found is None

    def _lose(self, reason: str) -> None:
        self._matcher, self.lost = None, reason
