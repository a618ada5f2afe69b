"""Supervised fine-tuning: the loss is on answers only, in every turn of a conversation.

The tokens are those of inference: the template's own words are read with special tokens, messages without, and an answer is
encoded apart from the question before it, as an engine does that is given one and draws the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from treadle.errors import UsageError
from treadle.model.templates import ChatTemplate
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.objectives.masked import Learnt, joined
from treadle.types import Message

__all__ = ["answers_only"]


def answers_only(
    vocabulary: Vocabulary, template: ChatTemplate, messages: Sequence[Message], *, last_only: bool = False
) -> Learnt:
    """The whole conversation; learnt are the assistant's words and the token that ends its turn.

    With ``last_only`` earlier answers are read, not learnt: where they were drawn by another model, or are known to be wrong.

    Raises:
        UsageError: no message is the assistant's, so there is nothing to learn.
    """
    answers = [i for i, m in enumerate(messages) if m.role == "assistant"]
    if not answers:
        raise UsageError("the conversation holds no answer, so nothing of it can be learnt; add a message of the assistant")
    wanted = {answers[-1]} if last_only else set(answers)
    pieces: list[tuple[list[int], float]] = []
    place, learning = 0, False
    for number, (text, ours) in enumerate(template.pieces(messages, answer=False)):
        ids = vocabulary.encode(text, special=ours, begin=number == 0) if text or number == 0 else []
        if not ours:
            learning = place in wanted
            place += 1
            pieces.append((ids, float(learning)))
            continue
        n_ending = _n_ending(vocabulary, ids) if learning else 0
        pieces += [(ids[:n_ending], 1.0), (ids[n_ending:], 0.0)]
        learning = False
    return joined(pieces)


def _n_ending(vocabulary: Vocabulary, ids: Sequence[int]) -> int:
    """How many of the template's tokens after an answer belong to it: up to the one that ends the turn, if there is one."""
    return next((place + 1 for place, token in enumerate(ids) if token in vocabulary.roles.ends), 0)
