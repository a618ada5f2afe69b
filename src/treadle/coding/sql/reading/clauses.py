"""Clauses of a question that say how, not what: its order, rounding, what to leave out, that rows with none belong to it.

They are cut out of the question first, so that 'leave out tracks without a genre' is no negation and 'sorted by price' shows
no price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from treadle.coding.sql.reading.cues import NUMBER_WORDS, blanked
from treadle.coding.sql.reading.orders import Said, read_orders

__all__ = ["AS_ZERO", "FORM", "NONE_TOO", "Clauses", "read_clauses"]

_ROUNDED = re.compile(
    r",?\s*\(?\b(?:both|all|each)?\s*round(?:ed)?\s+(?:it\s+|them\s+|off\s+)?(?:to|on)\s+(?:the\s+)?(?:nearest\s+)?"
    rf"(?P<digits>\d+|no|{'|'.join(NUMBER_WORDS)})?\s*"
    r"(?P<unit>decimals?(?:\s+(?:places?|digits?))?|digits?(?:\s+after\s+the\s+(?:decimal\s+)?point)?|places?|whole\s+\w+|integers?"
    r"|(?:euro|number|percent)s?)\)?",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(
    r"[,;(-]?\s*\b(?:and\s+)?(?:please\s+)?(?:skip(?:ping)?|leav(?:e|ing)\s+(?:out|aside)|ignor(?:e|ing)|exclud(?:e|ing)|omit(?:ting)?"
    r"|disregard(?:ing)?|not\s+counting|except(?:\s+for)?)\s+(?P<what>[^.;?!,]+)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:without|with\s+no|that\s+have\s+no|having\s+no|with\s+(?:an?\s+)?(?:unknown|missing|empty)|unknown|missing|empty|unspecified)\s+"
    r"(?:an?\s+|any\s+|the\s+)?(?P<what>[\w\s-]+)|(?P<of>[\w-]+)\s+(?:is|are)\s+(?:unknown|missing|null|empty|not\s+known)",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"[,;(]?\s*\b(?:whose|where|if)\s+(?:the\s+|its\s+|their\s+)?(?P<what>[\w-]+(?:\s+[\w-]+)?)\s+(?:is|are)\s+known\b|\bwith\s+a\s+known\s+(?P<of>[\w-]+)",
    re.IGNORECASE,
)
FORM = re.compile(
    r"\b(?:(?:give|return|express(?:ed)?|state|show)\s+(?:it\s+|the\s+(?:result|answer|ratio|share|fraction)\s+)?)?(?:as\s+)?a(?:\s+decimal)?"
    r"\s+(?:number|fraction|value|decimal|percentage)(?:\s+number)?(?:\s+(?:between|from)\s+0\s+(?:and|to)\s+(?:1|100))\b"
    r"|\b(?:(?:give|return|express(?:ed)?|state|show)\s+(?:it\s+|the\s+\w+\s+)?)?as\s+a\s+(?:decimal(?:\s+number)?|fraction|number)\b",
    re.IGNORECASE,
)
NONE_TOO = re.compile(
    r"[,;(]?\s*\b(?:(?:also\s+)?includ(?:e|ing)|even|also|counting)\b[^.;?!]*?"
    r"\b(?:none|no\s+\w+|zero|0|without(?:\s+any)?(?:\s+\w+)?|never\s+\w+)\b(?:\s+at\s+all)?\)?"
    r"|[,;(]?\s*\bzero(?:s|es)?\s+included\b\)?"
    r"|(?:(?<=[.;?!,])|\band\b)[^.;?!,]{0,80}?\b(?:with(?:out)?|none|no|never|nobody|nothing)\b[^.;?!]{0,80}?"
    r"\b(?:(?:must|should|ha(?:s|ve)\s+to)\s+(?:still\s+|also\s+)?(?:appear|show\s+up|be\s+(?:shown|listed|included|there))(?:\s+(?:too|as\s+well))?"
    r"(?:\s+(?:with|as)\s+(?:a\s+)?(?:0|zero))?|(?:get|show|count)s?\s+(?:a\s+|as\s+)?(?:0|zero))\b"
    r"|[,;(]?\s*(?:\bwith\s+)?\b(?:0|zero)\s+(?:if|where|when|for)\b[^.;?!)]{0,80}\)?",
    re.IGNORECASE,
)
AS_ZERO = re.compile(
    r"[,;(]?\s*(?:\band\s+)?\b(?:(?:treat|count|take|consider)(?:ing)?\s+(?:an?\s+|the\s+|any\s+|every\s+)?(?:missing|null|unknown|empty)\b[^.;?!)]{0,80}?"
    r"\bas\s+(?:0|zero)|(?:an?\s+|the\s+|any\s+)?(?:missing|null|unknown|empty)\s+[\w\s]{0,40}?(?:counts?|is|are|means?)\s+(?:as\s+)?(?:0|zero))\b\)?",
    re.IGNORECASE,
)
_ANY_CASE = re.compile(
    r"[,;(]?\s*(?:\band\s+)?(?:\b(?:match|compare|search)(?:ing|ed)?\b[^.;?!()]{0,80}?)?\b(?:case[-\s]insensitive(?:ly)?|ignor(?:e|ing)\s+(?:the\s+)?"
    r"(?:(?:upper|lower)(?:\s*(?:and|or|/)\s*(?:upper|lower))?\s*)?case|(?:in\s+)?(?:upper|lower)\s*(?:and|or|/)\s*(?:upper|lower)\s*case"
    r"|without\s+regard\s+to\s+case|regardless\s+of\s+case|no\s+matter\s+the\s+case)\b(?:\s+when\s+matching)?(?:[^.;?!()]{0,80}\bLIKE\b[^.;?!()]{0,80})?"
    r"(?:\s*\([^()]{0,80}\bLIKE\b[^()]{0,80}\))?\)?"
    r"|[,;(]?\s*\b(?:use|using|with)\s+LIKE\b[^.;?!()]{0,80}\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses:
    """What was cut out, and the ``main`` text with blanks in its place. Places are characters.

    ``digits``: (place, decimals) of each rounding; ``known``: phrases for columns that must have a value; ``left_out``:
    phrases for rows that do not count; ``none_too``: rows that nothing belongs to are wanted as well;
    ``decimal``: the answer is to be a decimal number. ``as_zero``: what is missing counts as 0; ``any_case``: texts are
    compared without regard to upper and lower case.
    """

    main: str
    orders: tuple[Said, ...]
    digits: tuple[tuple[int, int], ...]
    known: tuple[str, ...]
    left_out: tuple[tuple[int, str], ...]
    none_too: bool
    decimal: bool
    as_zero: bool = False
    any_case: bool = False


def read_clauses(text: str) -> Clauses:
    """The clauses of a question and the rest of it."""
    as_zero, any_case = AS_ZERO.search(text), _ANY_CASE.search(text)
    for found in (as_zero, any_case):
        if found is not None:
            text = blanked(text, found.span())
    none_too = NONE_TOO.search(text)
    if none_too is not None:
        text = blanked(text, none_too.span())
    decimal = FORM.search(text) is not None
    for match in FORM.finditer(text):
        text = blanked(text, match.span())
    digits, known, left_out = [], [], []
    for match in _ROUNDED.finditer(text):
        said = (match["digits"] or "0").lower()
        places = int(said) if said.isdigit() else 0 if said == "no" else NUMBER_WORDS[said]
        digits.append((match.start(), places if re.match(r"decimal|digit|place", match["unit"]) else 0))
        text = blanked(text, match.span())
    for match in _LEFT_OUT.finditer(text):
        if unknown := _UNKNOWN.search(match["what"]):
            known.append(unknown["what"] or unknown["of"])
        else:
            left_out.append((match.start("what"), match["what"]))
        text = blanked(text, match.span())
    for match in _KNOWN.finditer(text):
        known.append(match["what"] or match["of"])
        text = blanked(text, match.span())
    orders, text = read_orders(text)
    return Clauses(
        main=text,
        orders=orders,
        digits=tuple(digits),
        known=tuple(known),
        left_out=tuple(left_out),
        none_too=none_too is not None,
        decimal=decimal,
        as_zero=as_zero is not None,
        any_case=any_case is not None,
    )
