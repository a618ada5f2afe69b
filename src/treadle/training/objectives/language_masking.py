"""Language causal masking, as CodeCompose trains it (arXiv:2305.12050): holes where an editor would be asked to fill in.

Causal masking encodes a document and cuts it between tokens; an editor cuts it at the cursor, inside what would have been
one token. So here the code is cut first, right after a trigger character up to the end of its line, and its three parts are
encoded apart. Which characters trigger and how a length is shared out are ours: the paper names some.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from treadle.tokens.vocabulary import Vocabulary
from treadle.training.objectives.causal_masking import Sentinels
from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

__all__ = ["TRIGGERS", "Hole", "draw_hole", "holes", "masked_line"]

TRIGGERS = "(.=,[{:"
"""After these an editor asks."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Code before, the target from a trigger to the end of its line, and code after, which begins with the line's end."""

    before: str
    target: str
    after: str


def holes(code: str, triggers: str = TRIGGERS) -> list[tuple[int, int]]:
    """Every segment that may be masked: it starts right after a trigger and ends at the end of the line; it holds more than
    spaces."""
    found, place = [], 0
    for line in code.split("\n"):
        end = place + len(line)
        found += [
            (place + at + 1, end) for at, character in enumerate(line) if character in triggers and line[at + 1 :].strip()
        ]
        place = end + 1
    return found


def draw_hole(rng: random.Random, code: str, triggers: str = TRIGGERS) -> Hole | None:
    """One of the segments, each as likely as any other; None where the code has none."""
    found = holes(code, triggers)
    if not found:
        return None
    start, end = rng.choice(found)
    return Hole(code[:start], code[start:end], code[end:])


def masked_line(
    vocabulary: Vocabulary,
    hole: Hole,
    sentinels: Sentinels,
    n_tokens: int,
    *,
    metadata: Sequence[int] = (),
    share_before: float = 0.7,
    learn_context: bool = True,
) -> Sample | None:
    """``[metadata before <Mask:0> after <Mask:0> target <EOM>]``, at most ``n_tokens`` long; None where the target alone is.

    The target is learnt with its ``<EOM>``, and with ``learn_context`` the code around it. Of the room for context the code
    before takes ``share_before``, its last tokens, and the code after the rest, its first ones; what one side does not need
    the other may use.
    """
    target = vocabulary.encode(hole.target)
    before, after = vocabulary.encode(hole.before), vocabulary.encode(hole.after)
    room = n_tokens - len(target) - len(metadata) - 3
    if room < 0:
        return None
    n_before = min(len(before), max(int(share_before * room), room - len(after)))
    before, after = before[len(before) - n_before :], after[: room - n_before]
    mask = (sentinels.masks[0],)
    return joined(
        [
            (metadata, False),
            (before, learn_context),
            (mask, False),
            (after, learn_context),
            (mask, False),
            (target, True),
            ((sentinels.end,), True),
        ]
    )
