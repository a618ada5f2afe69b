"""Sentences that can be meant in two ways, or that ask something else than a number: their readings are guesses."""

from __future__ import annotations

import re

__all__ = ["two_ways"]

_NOT_CONNECTIVES = re.compile(
    r"\b(?:between|from)\s+[-\d.]+\s*\w{0,4}\s+(?:and|to)\b"
    r"|\bor (?:more|less|fewer|above|below|higher|lower|larger|greater|smaller|equal)\b"
    r"|\b(?:one|two|three|\d+) or (?:two|three|four|\d+)\b|\bneither\b[^,.;]*\bnor\b|\(logical or\)|\bbut not\b",
    re.IGNORECASE,
)
_AND = re.compile(r"\band\b|&(?!&)|&&", re.IGNORECASE)
_OR = re.compile(r"\bor\b|\|\||(?<!\|)\|(?!\|)(?=\s*\()", re.IGNORECASE)
_NEGATED = re.compile(
    r"\b(?P<how>no|without|not|fail\w*|don't|doesn't|didn't|do not|does not|did not)\b(?P<what>[^,.;:?]*)", re.IGNORECASE
)
_OWN_WORDS = re.compile(
    r"\s*(?:no|without|not|at least|at most|exactly|with|have|has|having|more|fewer|less|one|two|three|\d|>=|<=|==|only"
    r"|fire\w*|pass\w*)\b",
    re.IGNORECASE,
)
_ASKS_YES_OR_NO = re.compile(r"\s*(?:is|are|does|do|did|was|were|has|have|can)\b(?!.*\bcorrelat)", re.IGNORECASE)
_COMPARED = re.compile(
    r"\b(?:compared (?:to|with)|relative to|as well as|instead of|rather than|unless|respectively|versus|vs)\b",
    re.IGNORECASE,
)


_NEAR = re.compile(
    r"\bwithin\b(?:[^,.;]|\.\d)*\b(?:delta ?|d)r\b(?:[^,.;]|\.\d)*\bof (?:every|all|each|both|exactly|at least|more)\b"
    r"|\b(?:delta ?|d)(?:r|phi|eta)\b(?:[^,.;]|\.\d)*\b(?:from|to) (?:an?|one|some|at least|exactly|more|both)\b"
    r"|\baway from (?:an?|one|some|at least|exactly|more|both)\b",
    re.IGNORECASE,
)
"""Near all of several, or far from one of them: 'within delta R < 0.4 of every muon', 'more than 0.4 away from a muon'."""
_SHARED_END = re.compile(r"\b\w+ (?:and|or) \w+ (?:is |are |both )?(?:false|not set|unset|off|not fired)\b", re.IGNORECASE)


def two_ways(request: str) -> bool:
    """Whether the words leave open what belongs together: 'no muons or electrons', 'A and B or C', 'compared to'."""
    plain = _NOT_CONNECTIVES.sub(" ", request)
    if _ASKS_YES_OR_NO.match(plain) or _COMPARED.search(plain):
        return True
    if _SHARED_END.search(plain) or _NEAR.search(plain):
        return True
    mixed = _AND.search(plain) and _OR.search(plain) and not re.search(r"\beither\b|[()]", plain)
    return bool(mixed) or any(_open(m["how"].lower(), m["what"]) for m in _NEGATED.finditer(plain))


def _open(how: str, what: str) -> bool:
    """Whether a negation may or may not go on behind 'and' or 'or'."""
    if _OR.search(what):
        return True
    joined = _AND.search(what)
    if joined is None:
        return False
    return how not in ("no", "without") or not _OWN_WORDS.match(what[joined.end() :])
