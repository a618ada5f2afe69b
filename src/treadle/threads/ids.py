"""Names of threads: the day, the time of day and three random letters, e.g. ``20261124-3wq7k2q``.

Names sort by time (to 1/12 s), are short enough to be typed, and need no counter that two processes would share. The
store still checks that a new name is free.
"""

from __future__ import annotations

import secrets
from datetime import datetime

__all__ = ["new_id"]

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u, so that nothing is misread; in ASCII order, so that names sort."""

STEPS_PER_SECOND = 12
"""86,400 s in steps of 1/12 s fit into four letters (32**4 = 1,048,576)."""


def new_id(now: datetime) -> str:
    """A name for a thread begun at ``now`` (UTC)."""
    seconds = (now.hour * 60 + now.minute) * 60 + now.second
    step = seconds * STEPS_PER_SECOND + now.microsecond * STEPS_PER_SECOND // 1_000_000
    letters = [ALPHABET[step >> shift & 31] for shift in (15, 10, 5, 0)]
    letters += [secrets.choice(ALPHABET) for _ in range(3)]
    return f"{now:%Y%m%d}-{''.join(letters)}"
