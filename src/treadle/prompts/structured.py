"""Structured output: an answer in a form, drawn under its constraint where the engine takes one, else asked for again.

The form stands in the request in words, because a model that is only held to a grammar fills it with what it would not have
said. What the engine wrote is read by the strict parser of the form in every case: the token limit may cut a constrained
answer off, and not every engine takes constraints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from treadle.engines.base import Engine, OnTokens
from treadle.errors import FormatError, UsageError
from treadle.grounding.formats import Format
from treadle.markup import block, code, note
from treadle.types import Completion, Constraint, Message, Prompt, Sampling

__all__ = ["Formed", "constraint_for", "formed", "formed_prompt"]

T = TypeVar("T")
_SLASH = re.compile(r"\\.|/", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Formed(Generic[T]):
    """An answer that has the form. ``rejected``: texts of earlier tries, each with what was wrong with it."""

    value: T
    completion: Completion
    held: bool
    rejected: tuple[tuple[str, str], ...] = ()

    @property
    def how(self) -> str:
        """How the form came about, in words."""
        again = f", try {len(self.rejected) + 1}" if self.rejected else ""
        return ("held to it while it was drawn" if self.held else "judged afterwards") + again

    def _repr_html_(self) -> str:
        told = f"form: {self.how}; what it says was not checked"
        return block(code(self.completion.text.strip()), note(told))


def constraint_for(engine: Engine, form: Format[T]) -> Constraint | None:
    """The constraint under which ``engine`` can draw ``form``; None where it takes none that says the same."""
    kinds, own = engine.capabilities.constraints, form.constraint
    if own.kind in kinds:
        return own
    if own.kind == "regex" and "lark" in kinds:
        return Constraint(kind="lark", text=f"start: /{_SLASH.sub(_escaped, own.text)}/")
    return None


def _escaped(found: re.Match[str]) -> str:
    """What was escaped stays so; a slash would end the pattern."""
    return "\\/" if found[0] == "/" else found[0]


def formed_prompt(messages: Sequence[Message], form: Format[T]) -> Prompt:
    """The prompt that asks for ``form``: the last message, the user's, ends with it in words.

    Raises:
        UsageError: the last message is not the user's.
    """
    if not messages or messages[-1].role != "user":
        raise UsageError("a form can only be asked for at the end of a message of the user")
    wish = f"{messages[-1].content}\n\nAnswer with {form.wanted}, and nothing else."
    return Prompt(messages=(*messages[:-1], replace(messages[-1], content=wish)))


def formed(
    engine: Engine,
    messages: Sequence[Message],
    form: Format[T],
    sampling: Sampling,
    tries: int = 3,
    on_tokens: OnTokens | None = None,
) -> Formed[T]:
    """The answer of ``engine`` to ``messages`` in ``form``.

    An answer without the form is shown to the model with what is wrong, and it is asked again with the next seed.

    Raises:
        FormatError: none of the ``tries`` answers had the form; says what was wrong with the last one.
        UsageError: ``tries`` is below 1, or the last message is not the user's.
        EngineError: the engine failed.
    """
    if tries < 1:
        raise UsageError(f"an answer needs at least 1 try, got {tries}")
    asked = prompt = formed_prompt(messages, form)
    constraint = constraint_for(engine, form)
    sampling = replace(sampling, constraint=constraint)
    rejected: list[tuple[str, str]] = []
    while True:
        (completion,) = engine.complete(prompt, [replace(sampling, seed=sampling.seed + len(rejected))], on_tokens)
        text = completion.text.strip()
        try:
            value = form.parse(text)
        except FormatError as error:
            wrong = str(error)
        else:
            held = constraint is not None
            return Formed(value=value, completion=completion, held=held, rejected=tuple(rejected))
        if completion.finish_reason == "length":
            wrong = f"the answer was cut off at {sampling.max_tokens} tokens: {wrong}"
        rejected.append((text, wrong))
        if len(rejected) >= tries:
            raise FormatError(_none(rejected))
        prompt = replace(asked, messages=(*asked.messages, *_again(text, wrong, form)))


def _again(text: str, wrong: str, form: Format[T]) -> tuple[Message, Message]:
    wish = f"That is not the form that was asked for: {wrong}. Answer with {form.wanted}, and nothing else."
    return Message(role="assistant", content=text), Message(role="user", content=wish)


def _none(rejected: Sequence[tuple[str, str]]) -> str:
    text, wrong = rejected[-1]
    shown = text if len(text) <= 300 else f"{text[:300]}..."
    count = f"none of {len(rejected)} answers has" if len(rejected) > 1 else "the answer does not have"
    return f"{count} the form: {wrong}\nthe last one was:\n{shown}"
