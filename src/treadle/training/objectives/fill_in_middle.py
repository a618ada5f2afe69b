"""Fill in the middle (arXiv:2207.14255): a document is cut in three at random, and its middle is moved to the end.

PSM is ``<PRE> prefix <SUF> suffix <MID> middle <EOT>``. SPM puts the suffix first, in the form that is trained together with
PSM: ``<PRE> <SUF> suffix <MID> prefix middle <EOT>``, so that prefix and middle read on without a seam.
The cuts are between characters, and the three parts are encoded apart: a user's cursor stands inside tokens.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

__all__ = ["Arrangement", "Markers", "arranged", "cut_in_three", "middle_prompt"]

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


def arranged(
    prefix: Sequence[int], middle: Sequence[int], suffix: Sequence[int], markers: Markers, arrangement: Arrangement = "psm"
) -> Sample:
    """The three parts in order, markers unlearnt and the end learnt, as with causal masking."""
    prompt = _pieces(prefix, suffix, markers, arrangement)
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
