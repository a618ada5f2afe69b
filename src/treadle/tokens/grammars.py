"""Constraints compiled for a vocabulary, through llguidance; knows of no model and no tensors."""

from __future__ import annotations

import json
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from treadle.errors import EngineError
from treadle.types import Constraint

__all__ = ["Grammars", "first_line", "schema_text"]

_KEPT = 256
"""Compiled constraints that are kept: compiling takes 1 to 100 milliseconds, and lines of a program bring many."""
_TIMES = 10_000


class Grammars:
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
        self.compile_seconds: deque[float] = deque(maxlen=_TIMES)
        """How long the last compilations took."""

    def matcher(self, constraint: Constraint, *, probe: bool = True) -> Any:
        """A new ``llguidance.LLMatcher`` at the constraint's beginning.

        Args:
            probe: work out what may come first, so that a constraint that allows nothing is told at once. That takes some
                milliseconds, which whoever asks for what may come next anyway need not spend.

        Raises:
            EngineError: the constraint is empty, malformed, allows nothing, or uses what llguidance lacks.
        """
        fresh = self._fresh.get(constraint)
        if fresh is None:
            started = time.perf_counter()
            fresh = self._fresh[constraint] = self._compile(constraint, probe)
            self.compile_seconds.append(time.perf_counter() - started)
        self._fresh.move_to_end(constraint)
        while len(self._fresh) > _KEPT:
            self._fresh.popitem(last=False)
        return fresh.deep_copy()

    def _compile(self, constraint: Constraint, probe: bool) -> Any:
        matcher = self._llguidance.LLMatcher
        try:
            found = matcher(self._tokenizer, _grammar(matcher, constraint), log_level=0)
        except ValueError as error:
            raise _unusable(constraint, str(error)) from error
        except BaseException as error:  # a grammar of too many rules makes llguidance panic, which is no Exception
            if type(error).__name__ != "PanicException":
                raise
            raise _unusable(constraint, "it is too large") from error
        # Some faults show with the first mask only: a language without an end, or without a word. Copies keep it.
        allows = not found.is_error() and (not probe or any(found.compute_bitmask()))
        if not allows or found.is_error():
            raise _unusable(constraint, found.get_error() or "it allows nothing")
        return found


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
        return str(matcher.grammar_from_json_schema(schema_text(text)))
    from llguidance.gbnf_to_lark import gbnf_to_lark

    try:
        lark = gbnf_to_lark(text)
    except Exception as error:  # the converter raises plain exceptions, each a sentence on what it could not read
        raise ValueError(str(error)) from error
    return str(matcher.grammar_from_lark(lark))


def schema_text(text: str) -> str:
    """A JSON schema, written anew.

    Raises:
        ValueError: it is not JSON, or nested too deeply to be read.
    """
    try:
        return json.dumps(json.loads(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply: write what repeats as a definition, and refer to it by $ref") from None


def _unusable(constraint: Constraint, reason: str) -> EngineError:
    return EngineError(
        f"the constraint of kind {constraint.kind!r} that begins {constraint.text[:60]!r} cannot be used: "
        f"{first_line(reason)}"
    )


def first_line(reason: str) -> str:
    """What llguidance says, without the grammar that it repeats."""
    return next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
