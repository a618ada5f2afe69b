"""Constraints on what is drawn, through llguidance: which tokens may come next, for every draft at every step."""

from __future__ import annotations

import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from treadle.errors import EngineError
from treadle.types import Constraint, Stage

__all__ = ["KINDS", "ConstraintMatcher", "Constraints", "GuidedMatcher"]

KINDS = frozenset({"gbnf", "json_schema", "lark", "regex"})
_KEPT = 256
"""Compiled constraints that are kept. Compiling takes about a millisecond, a large JSON schema a hundred."""
_TIMES = 10_000


class Constraints:
    """Compiles constraints for one vocabulary.

    Args:
        token_bytes: of every token; special tokens by their name.
        special_ids: tokens that no text can spell.
        end_ids: tokens that end a text.
        encode: the tokens of a text, without special ones.

    Raises:
        EngineError: llguidance is not installed.
    """

    def __init__(
        self,
        token_bytes: Sequence[bytes],
        special_ids: Iterable[int],
        end_ids: Iterable[int],
        encode: Callable[[str], list[int]],
    ) -> None:
        try:
            import llguidance
        except ImportError as error:
            raise EngineError(f"constraints need llguidance: pip install 'treadle[torch]' ({error})") from error
        self._llguidance = llguidance
        ends = sorted(end_ids)
        if not ends:
            raise EngineError("constraints need a token that ends a text, and the vocabulary of this model names none")
        wrapper = llguidance.TokenizerWrapper(_Tokens(list(token_bytes), sorted(special_ids), ends[0], encode))
        self._tokenizer = llguidance.LLTokenizer(wrapper, n_vocab=len(token_bytes), eos_token=ends)
        self._fresh: OrderedDict[Constraint, Any] = OrderedDict()
        self.n_tokens = len(token_bytes)
        self.mask_seconds: deque[float] = deque(maxlen=_TIMES)
        """How long the last masks took, a draft and step each."""

    def matcher(self, constraint: Constraint) -> ConstraintMatcher:
        """A new matcher at the constraint's beginning.

        Raises:
            EngineError: the constraint is empty, malformed, allows nothing, or uses what llguidance lacks.
        """
        fresh = self._fresh.get(constraint)
        if fresh is None:
            fresh = self._fresh[constraint] = self._compile(constraint)
        self._fresh.move_to_end(constraint)
        while len(self._fresh) > _KEPT:
            self._fresh.popitem(last=False)
        return ConstraintMatcher(fresh.deep_copy(), self.n_tokens, self.mask_seconds)

    def mask_milliseconds(self) -> tuple[float, float]:
        """Median and 99th percentile of the time that a draft's mask took; zeros before the first."""
        if not self.mask_seconds:
            return 0.0, 0.0
        median, late = np.percentile(np.array(self.mask_seconds) * 1e3, [50, 99])
        return float(median), float(late)

    def _compile(self, constraint: Constraint) -> Any:
        matcher = self._llguidance.LLMatcher
        try:
            found = matcher(self._tokenizer, _grammar(matcher, constraint), log_level=0)
        except ValueError as error:
            raise _unusable(constraint, str(error)) from error
        except BaseException as error:  # a grammar of too many rules makes llguidance panic, which is no Exception
            if type(error).__name__ != "PanicException":
                raise
            raise _unusable(constraint, "it is too large") from error
        # Some faults show with the first mask only: a language without an end, or without a word.
        probe = found.deep_copy()
        allows = not probe.is_error() and any(probe.compute_bitmask())
        if not allows or probe.is_error():
            raise _unusable(constraint, probe.get_error() or "it allows nothing")
        return found


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
            raise EngineError(f"the constraint cannot be followed any further: {_first_line(self._matcher.get_error())}")


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


class _Tokens:
    """A vocabulary in the form that llguidance takes."""

    def __init__(self, tokens: list[bytes], special: list[int], end: int, encode: Callable[[str], list[int]]) -> None:
        self.tokens, self.special_token_ids, self.eos_token_id, self._encode = tokens, special, end, encode
        self.bos_token_id: int | None = None

    def __call__(self, text: str | bytes) -> list[int]:
        if isinstance(text, bytes):
            raise TypeError("texts only")  # it asks once whether bytes can be encoded, too, and takes this for a no
        return self._encode(text)


def _grammar(matcher: Any, constraint: Constraint) -> str:
    """The constraint in llguidance's own form; ValueError where it cannot be read."""
    text = constraint.text
    if not text.strip():
        raise ValueError("it is empty")
    if constraint.kind == "lark":
        return str(matcher.grammar_from_lark(text))
    if constraint.kind == "regex":
        return str(matcher.grammar_from_regex(text))
    if constraint.kind == "json_schema":
        return str(matcher.grammar_from_json_schema(json.dumps(json.loads(text))))
    from llguidance.gbnf_to_lark import gbnf_to_lark

    try:
        lark = gbnf_to_lark(text)
    except Exception as error:  # the converter raises plain exceptions, each a sentence on what it could not read
        raise ValueError(str(error)) from error
    return str(matcher.grammar_from_lark(lark))


def _unusable(constraint: Constraint, reason: str) -> EngineError:
    return EngineError(
        f"the constraint of kind {constraint.kind!r} that begins {constraint.text[:60]!r} cannot be used: "
        f"{_first_line(reason)}"
    )


def _first_line(reason: str) -> str:
    return next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
