"""Causal masking, the infill objective of InCoder (arXiv:2204.05999, section 2): spans move to the end of the document.

With one span the document becomes ``[left <Mask:0> right <Mask:0> span <EOM>]``. The model reads left to right as always,
and learns to fill what is missing from both sides. It learns every token but the mask sentinels, ``<EOM>`` included: when to
stop is half of filling in.

Everything here works on sequences of any items (token ids, characters, bytes), so a test can read what a loop trains on.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from treadle.errors import UsageError
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

__all__ = [
    "MOST_SPANS",
    "Sentinels",
    "code_spans",
    "draw_spans",
    "infill_prompt",
    "masked_document",
    "moved",
    "n_spans",
    "sentinels_named",
    "special_named",
    "unmasked",
]

MOST_SPANS = 256
"""InCoder truncates the Poisson distribution of the number of spans to [1, 256]."""

_TRIES = 100
"""Sets of spans that are drawn before the draw falls back. Of 2, 3, 4 and 5 spans 14.7 %, 1.4 %, 0.1 % and 0.007 % of all
sets do not overlap: without a cap a fifth span costs 14,000 draws."""

Item = TypeVar("Item")
Span = tuple[int, int]
"""Where it starts, and where it ends (which is no part of it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentinels:
    """Ids of the tokens that stand for a hole, in order, and of the one that ends what fills it."""

    masks: tuple[int, ...]
    end: int

    def __post_init__(self) -> None:
        if len({*self.masks, self.end}) != len(self.masks) + 1:
            raise UsageError(f"sentinels must be different tokens: {self.masks}, {self.end}")


def sentinels_named(vocabulary: Vocabulary, masks: Sequence[str], end: str) -> Sentinels:
    """The sentinels by their spelling. A model without its own lends special tokens that it has no other use for.

    Raises:
        UsageError: a name is no special token of the vocabulary: a text could spell it, and open a hole of its own.
    """
    if not masks:
        raise UsageError("there must be a mask at least, to stand for a hole")
    *found, last = special_named(vocabulary, [*masks, end])
    return Sentinels(masks=tuple(found), end=last)


def special_named(vocabulary: Vocabulary, names: Sequence[str]) -> list[int]:
    """The special tokens of these names; ``UsageError`` where one is none."""
    ids = {name: vocabulary.id_of(name) for name in names}
    wrong = [name for name, token in ids.items() if token is None or token not in vocabulary.special_ids]
    if wrong:
        known = ", ".join(sorted(vocabulary.tokens[i] for i in vocabulary.special_ids)[:40])
        raise UsageError(f"{', '.join(map(repr, wrong))}: no special token of this vocabulary. It has {known or 'none'}")
    return [ids[name] or 0 for name in names]


# ------------------------------------------------------------------------------------------------ where


def n_spans(rng: random.Random, most: int = MOST_SPANS) -> int:
    """A number of spans: Poisson of mean 1, drawn again until it lies in [1, ``most``]; one span 58 % of the time."""
    while True:
        drawn = _poisson(rng)
        if 1 <= drawn <= most:
            return drawn


def draw_spans(rng: random.Random, length: int, most: int = MOST_SPANS) -> list[Span]:
    """The paper's draw: as many spans as ``n_spans`` says, each of a length that is uniform over the document's; the set is
    drawn again while any overlap. In order of their starts; none is empty.

    After ``_TRIES`` sets the number of spans stays and the places fall back to a uniform choice among all sets of so many
    spans that do not touch. A document that has no room for them gets as many as it has room for.
    """
    count = min(n_spans(rng, most), (length + 1) // 2)
    for _ in range(_TRIES if count else 0):
        spans = sorted(_placed(rng, length) for _ in range(count))
        if all(one[1] <= other[0] for one, other in itertools.pairwise(spans)):
            return spans
    ends = sorted(rng.sample(range(length + 1), 2 * count))
    return list(zip(ends[::2], ends[1::2], strict=True))


def code_spans(rng: random.Random, length: int, most: int = MOST_SPANS) -> list[Span]:
    """The draw of the published training code, which differs from the paper: no span at all 37 % of the time (the document
    stays as it is); a span lies between two uniform numbers, so its mean length is a third; of n² candidates the first n are
    kept that do not overlap.
    """
    count = min(_poisson(rng), most - 1)
    kept: list[Span] = []
    for _ in range(count**2):
        low, high = sorted((rng.random() * length, rng.random() * length))
        start, end = math.floor(low), math.ceil(high)
        if start < end and all(end <= a or b <= start for a, b in kept):
            kept.append((start, end))
        if len(kept) == count:
            break
    return sorted(kept)


def _placed(rng: random.Random, length: int) -> Span:
    size = rng.randint(1, length)
    start = rng.randint(0, length - size)
    return start, start + size


def _poisson(rng: random.Random, mean: float = True) -> int:
    """Knuth's method: how many uniform numbers can be multiplied before the product falls below exp(-mean)."""
    bound, product, count = math.exp(-mean), rng.random(), 0
    while product > bound:
        product *= rng.random()
        count += 1
    return count


# ------------------------------------------------------------------------------------------------ how it is laid out


def moved(document: Sequence[Item], spans: Sequence[Span], masks: Sequence[Item], end: Item) -> list[tuple[Item, bool]]:
    """The document with its spans at the end, each item with whether it is learnt.

    ``spans`` are in order and do not overlap; there are at least as many ``masks``.

    Raises:
        UsageError: they are not, or there are fewer.
    """
    _check(spans, len(document), len(masks))
    found: list[tuple[Item, bool]] = []
    place = 0
    for mask, (start, stop) in zip(masks, spans, strict=False):
        found += [(item, True) for item in document[place:start]]
        found.append((mask, False))
        place = stop
    found += [(item, True) for item in document[place:]]
    for mask, (start, stop) in zip(masks, spans, strict=False):
        found.append((mask, False))
        found += [(item, True) for item in document[start:stop]]
        found.append((end, True))
    return found


def masked_document(ids: Sequence[int], spans: Sequence[Span], sentinels: Sentinels, before: Sequence[int] = ()) -> Sample:
    """What is trained on: ``before`` (the token that begins a text), which is read only, and the document as ``moved``."""
    laid_out = moved(ids, spans, sentinels.masks, sentinels.end)
    return joined([(before, False), *(((token,), learnt) for token, learnt in laid_out)])


def unmasked(items: Sequence[Item], masks: Sequence[Item], end: Item) -> list[Item]:
    """The document that was laid out so: every mask's first place takes what stands between its second one and ``end``.

    Raises:
        UsageError: a hole is not filled, or what fills it does not end: a model's text that broke off.
    """
    known = set(masks)
    holes = [place for place, item in enumerate(items) if item in known]
    if len(holes) % 2:
        raise UsageError(
            f"{len(holes)} masks stand in the text; every hole needs one where it is and one before its filling"
        )
    first, second = holes[: len(holes) // 2], holes[len(holes) // 2 :]
    fillings = {}
    for begin, stop in itertools.pairwise([*second, len(items)]):
        if stop - 1 <= begin or items[stop - 1] != end:
            raise UsageError(f"what fills the hole {items[begin]!r} does not end with {end!r}")
        fillings[items[begin]] = items[begin + 1 : stop - 1]
    found: list[Item] = []
    for item in items[: second[0] if second else len(items)]:
        if item in known and item not in fillings:
            raise UsageError(f"the hole {item!r} is not filled; {len(first)} stand in the text")
        found += fillings[item] if item in known else [item]
    return found


def infill_prompt(
    parts: Sequence[Sequence[Item]], masks: Sequence[Item], filled: Sequence[Sequence[Item]] = ()
) -> list[Item]:
    """What the model is asked to continue: ``parts`` are the pieces between the holes, so one hole has two.

    One hole: ``[left <Mask:0> right <Mask:1> <Mask:0>]``. The extra mask stands in no training document of one span; it says
    that the document goes on, and made ``<EOM>`` come much better. Several holes are filled one by one: ``filled`` are those
    that are filled already, each with its ``<EOM>``.

    Raises:
        UsageError: there are no holes, all are filled, or there are too few masks.
    """
    n_holes = len(parts) - 1
    if not 0 <= len(filled) < n_holes or len(masks) <= n_holes:
        raise UsageError(f"{n_holes} holes, {len(filled)} of them filled, and {len(masks)} masks; one mask more is needed")
    prompt: list[Item] = []
    for part, mask in zip(parts, masks, strict=False):
        prompt += [*part, mask]
    for mask, filling in zip(masks, filled, strict=False):
        prompt += [mask, *filling]
    return [*prompt, masks[len(filled)]]


def _check(spans: Sequence[Span], length: int, n_masks: int) -> None:
    if len(spans) > n_masks:
        raise UsageError(f"{len(spans)} spans need as many masks, and there are {n_masks}")
    place = 0
    for start, stop in spans:
        if not place <= start < stop <= length:
            raise UsageError(f"span {start}:{stop} is empty, out of order, or beyond the {length} items")
        place = stop
