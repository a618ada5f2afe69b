"""The checks ladder: parsed, names exist, ran, produced output, met expectations.

Each check says what it found out about one draft, and no more. Programs run in the sandbox only; verdicts are
computed outside of it, from what came out.
"""

from __future__ import annotations

from treadle.coding.checks.base import Check, Context
from treadle.coding.checks.introspect import Introspector
from treadle.coding.checks.ladder import Ladder, default_checks
from treadle.coding.checks.values import value_equal

__all__ = ["Check", "Context", "Introspector", "Ladder", "default_checks", "value_equal"]
