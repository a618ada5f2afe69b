"""Rules for several numbers in one request: 'mean and standard deviation of X', 'the yield of signal and of background'."""

from __future__ import annotations

from treadle.coding.chart import Rules, rule
from treadle.coding.reading.answers import only, reduced
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import Answer, Value

__all__ = ["several_rules"]


def several_rules(told: Told) -> Rules:
    """Rules of S with parts. Answers that stand beside each other are several where the request names the numbers."""

    def two(agg: str, other: str, v: Value) -> Answer | None:
        return _both(reduced(agg, v, told.catalogue), reduced(other, v, told.catalogue)) if agg != other else None

    def named(*answers: Answer | None) -> Answer | None:
        return _both(*answers) if len(told.metrics) >= 2 else None

    return [
        rule("S", "AGG=agg and AGG=other [OF] V=v", two),
        rule("S", "both AGG=agg and AGG=other OF V=v", two),
        rule("S", "V=v AGG=agg and AGG=other", two, 0.4),
        rule("S", "S=a and S=b", lambda a, b: named(a, b)),
        rule("S", "S=a (,|;|.) [and] S=b", lambda a, b: named(a, b), 0.1),
        rule("S", "S=s (IN|OF) E=a and (IN|OF) E=b", lambda s, a, b: named(only(s, a), only(s, b)) if a and b else None),
        rule("S", "S=s (IN|OF) (E=a|C=a) and (IN|OF) (E=b|C=b)", lambda s, a, b: named(only(s, a), only(s, b)), 0.3),
    ]


def _both(*answers: Answer | None) -> Answer | None:
    parts: list[Answer] = []
    for answer in answers:
        if answer is None or (answer.left is not None and answer.parts):
            return None
        parts += answer.parts or (answer,)
    return Answer("several", parts=tuple(parts)) if len(set(parts)) == len(parts) else None
