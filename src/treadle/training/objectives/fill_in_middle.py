"""Fill in the middle (arXiv:2207.14255): a document is cut in three at random, and its middle is moved to the end.

PSM is ``<PRE> prefix <SUF> suffix <MID> middle <EOT>``. SPM puts the suffix first, in the form that is trained together with
PSM: ``<PRE> <SUF> suffix <MID> prefix middle <EOT>``, so that prefix and middle read on without a seam.
The cuts are between characters, and the three parts are encoded apart: a user's cursor stands inside tokens. Or they are at
the ends of lines, the paper's line-level spans: what an editor or a repair asks for when whole lines are missing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

__all__ = ["Arrangement", "Markers", "arranged", "cut_at_lines", "cut_in_three", "middle_prompt"]

Arrangement = Literal["psm", "spm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Markers:
    """Ids of the tokens before the prefix, the suffix and the middle, and of the one that ends it."""

    prefix: int
    suffix: int
    middle: int
    end: int


def cut_in_three(rng: random.Random, text: str) -> tuple[str, str, str]:
    """Prefix, middle and suffix, cut at two uniform places; any of them may be empty."""
    first, second = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
    return text[:first], text[first:second], text[second:]


def cut_at_lines(rng: random.Random, text: str) -> tuple[str, str, str] | None:
    """Prefix, middle and suffix, cut at the ends of two different lines, each pair as likely as any other; None where the
    text ends fewer lines. The middle holds more than spaces. It begins with the end of a line, because vocabularies have
    tokens for it with the indentation that follows.
    """
    ends = [place for place, character in enumerate(text) if character == "\n"]
    pairs = [(a, b) for i, a in enumerate(ends) for b in ends[i + 1 :] if not text[a:b].isspace()]
    if not pairs:
        return None
    first, second = rng.choice(pairs)
    return text[:first], text[first:second], text[second:]


def arranged(
    prefix: Sequence[int],
    middle: Sequence[int],
    suffix: Sequence[int],
    markers: Markers,
    arrangement: Arrangement = "psm",
    *,
    learn_context: bool = True,
) -> Sample:
    """The three parts in order, markers unlearnt and the end learnt, as with causal masking. The paper learns prefix and
    suffix as well; without ``learn_context`` they are only read, which teaches more about the middle in a short training."""
    prompt = [(ids, learnt and learn_context) for ids, learnt in _pieces(prefix, suffix, markers, arrangement)]
    return joined([*prompt, (middle, True), ((markers.end,), True)])


def middle_prompt(
    prefix: Sequence[int], suffix: Sequence[int], markers: Markers, arrangement: Arrangement = "psm"
) -> list[int]:
    """What the model is asked to continue until its end marker."""
    return list(joined(_pieces(prefix, suffix, markers, arrangement)).ids)


def _pieces(
    prefix: Sequence[int], suffix: Sequence[int], markers: Markers, arrangement: Arrangement
) -> list[tuple[Sequence[int], bool]]:
    pre, suf, mid = (markers.prefix,), (markers.suffix,), (markers.middle,)
    if arrangement == "psm":
        return [(pre, False), (prefix, True), (suf, False), (suffix, True), (mid, False)]
    return [((*pre, *suf), False), (suffix, True), (mid, False), (prefix, True)]
