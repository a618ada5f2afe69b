"""Patterns of what questions say: extremes, comparisons, dates, groups, negations."""

from __future__ import annotations

import re

__all__ = [
    "AFTER_NOUN",
    "BEFORE_BY",
    "BOUNDS",
    "BY",
    "DATE",
    "EITHER",
    "GROUP",
    "HIDDEN",
    "HIGH",
    "LOW",
    "MONTH",
    "MONTHS",
    "NEGATED",
    "NOT_BY",
    "NOT_GROUPS",
    "NOT_NEGATED",
    "NO_SUPERLATIVE",
    "NUMBER",
    "QUOTED",
    "RANGE",
    "SORTED",
    "SPOKEN_DATE",
    "SUPERLATIVE",
    "TIME_UNITS",
    "WORDS",
    "YEAR",
]

HIGH = (
    r"highest|largest|biggest|greatest|longest|maximum|maximal|max|heaviest|tallest|richest|strongest|widest|deepest|latest|"
    r"most (?:expensive|popular|common|frequent|recent|often|of|\w+s\b)|the most(?=\W*$)"
)
LOW = r"lowest|smallest|shortest|cheapest|fewest|least|minimum|minimal|min|lightest|narrowest"
EITHER = (
    r"oldest|youngest|newest|earliest|best|worst|brightest|faintest|closest|nearest|fastest|slowest|farthest|busiest|top|"
    r"hottest|coldest|warmest|latest|most (?!of\b)\w+"
)
"""Extremes whose direction depends on the column: the fastest has the highest speed and the shortest time."""
_ANY = rf"{HIGH}|{LOW}|{EITHER}"
SUPERLATIVE = re.compile(rf"\b(?:(?P<high>{HIGH})|(?P<low>{LOW})|(?P<either>{EITHER}))\b", re.IGNORECASE)
NO_SUPERLATIVE = re.compile(
    r"\bat (?:the )?(?:least|most|latest|best|max(?:imum)?|min(?:imum)?)\b|\bno (?:more|less) than\b", re.IGNORECASE
)
RANGE = re.compile(
    rf"\b(?:{_ANY}|most)\b(?:\s+\w+)?\s+to\s+(?:the\s+)?(?:{_ANY}|least|most)\b(?:\s+\w+)?|"
    rf"\b(?:{_ANY})\s+(?:on top|at the top|at the bottom|last|first)\b",
    re.IGNORECASE,
)
"""An order, not an extreme: 'from the largest to the smallest', 'youngest on top'."""
_NOT_DONE = r"(?<!was )(?<!were )(?<!been )(?<!is )(?<!are )"
SORTED = (
    rf"\b(?:sort|sorted|{_NOT_DONE}ordered by|ranked|rank|alphabetical\w*|ascending|descending)\b"
    r"(?! by (?:customer|client|user|person)s?\b)"
    r"|\bfrom (?:the )?(?:\w+est|most \w+) (?:\w+ )?to (?:the )?(?:\w+est|most|least)\b|\w+est on top\b"
    r"|\b(?:earliest|latest|lowest|highest|largest|smallest|best|worst|newest|oldest|longest|shortest|cheapest) first\b"
)

# ------------------------------------------------------------------------------------------ numbers and comparisons

NUMBER = r"(?P<number>\d[\d,]*(?:\.\d+)?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\b"
WORDS = {
    word: number
    for number, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], start=1)
} | {"twelve": 12}
_COMPARISONS: tuple[tuple[str, str], ...] = (
    (r"(?:(?:no|not) (?:less|fewer|lower|smaller)|at least|minimum of|from at least) ?(?:than )?", ">="),
    (r"(?:(?:no|not) (?:more|greater|larger|higher)|at most|maximum of|up to) ?(?:than )?", "<="),
    (r"(?:more|greater|larger|higher|longer|heavier|taller|bigger|faster|farther|wider|deeper) than", ">"),
    (r"(?:less|fewer|smaller|lower|shorter|lighter|slower|closer|nearer|cheaper|narrower) than", "<"),
    (r"(?:above|over|exceeding|exceeds?|beyond)", ">"),
    (r"(?:below|under)", "<"),
    (r"(?:before|prior to)", "<"),
    (r"after", ">"),
    (r"since", ">="),
)
_AFTER_NUMBER: tuple[tuple[str, str], ...] = (
    (r"or (?:more|longer|higher|later|above|over)", ">="),
    (r"or (?:less|fewer|lower|earlier|below)", "<="),
)
_FILLER = r"(?:the\s+)?(?:year\s+|age\s+|a\s+)?"
_NO_ORDINAL = r"(?!\s*(?:st|nd|rd|th)\b)"
BOUNDS = (
    *((re.compile(rf"\b{said}\s+{_FILLER}{NUMBER}{_NO_ORDINAL}", re.IGNORECASE), op) for said, op in _COMPARISONS),
    *((re.compile(rf"{NUMBER}\s+(?:\w+\s+){{0,2}}?{said}\b", re.IGNORECASE), op) for said, op in _AFTER_NUMBER),
)
HIDDEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b\d+(?:st|nd|rd|th)\b",
        r"\(\s*\d+\s+(?:is|are|means|=)[^()]*\)",
        r"\b(?:\w+|\d+)[\s-](?:decimals?|decimal places|digits?|significant)\b",
        r"\b(?:\d{3,4})s\b",
        r"\b(?:\w+|\d+)\s+columns\b",
        r"\b(?:e\.g\.|for example|such as)[^.?!;]*",
    )
)
"""Numbers that no statement need have."""
TIME_UNITS = frozenset(
    ["days", "hours", "minutes", "seconds", "weeks", "months", "years", "percent", "per", "euros", "times", "km", "points"]
)

# --------------------------------------------------------------------------------------------------- dates, texts

MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_MONTH = "|".join(MONTHS)
MONTH = re.compile(rf"\b({_MONTH})\b(?:,?\s+(?:of\s+)?(?P<year>(?:1[5-9]|20)\d\d))?", re.IGNORECASE)
DATE = re.compile(r"\b\d{4}-\d\d(?:-\d\d)?\b")
SPOKEN_DATE = re.compile(
    rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m>{_MONTH}),?\s+(?P<y>\d{{4}})\b|"
    rf"\b(?P<m2>{_MONTH})\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y2>\d{{4}})\b",
    re.IGNORECASE,
)
YEAR = re.compile(
    r"\b(?:1[5-9]|20)\d\d\b(?!s\b)(?!\s*(?:km|m|kg|g|euros?|eur|usd|pc|seconds|hours|mb|gb|tb|kw|v|events|rows)\b)",
    re.IGNORECASE,
)
QUOTED = re.compile("[\"\u201c]([^\"\u201d\n]+)[\"\u201d]|(?<!\\w)'([^'\n]+)'(?!\\w)|\u2018([^\u2019\n]+)\u2019|`([^`\n]+)`")

# ------------------------------------------------------------------------------------------------------- groups

_AFTER_EACH = r"(?P<word>[a-z][\w-]*)(?:\s+(?P<next>[a-z][\w-]*))?"
_BEFORE_EACH = r"for|of|in|at|by|from|to|on|with|does|did|do|has|had|have|is|are|was|were|will|can"
GROUP = re.compile(
    rf"\b(?:(?:{_BEFORE_EACH}) (?:each|every)|each|per|for all)\s+(?:of the\s+)?{_AFTER_EACH}",
    re.IGNORECASE,
)
BY = re.compile(rf"(?:(?P<before>\w+)\s+)?\bby\s+{_AFTER_EACH}", re.IGNORECASE)
NOT_BY = frozenset(
    ["value", "volume", "amount", "total", "sum", "count", "size", "weight", "mass", "length", "height", "area"]
)
NOT_GROUPS = frozenset(
    ["cent", "number", "more", "less", "at", "the", "a", "an", "default", "name", "date", "using", "means"]
)
BEFORE_BY = re.compile(
    r"(?:order|sort|rank|divid|multipl|weight|delay|follow|writ|mad|built|teach|taught|sold|own|produc|publish|operat|direct|"
    r"creat|given|tak|scor|play|observ|edit|lead|led|driv|serv|run|used|won|paid|caus|replac|increas|decreas|differ|measur|"
    r"start|best|worst|first|last)\w*$",
    re.IGNORECASE,
)
"""Before 'by' these say who or how, not for each what."""
_AFTER_NOUN_TEXT = """
has have had is are was were did do does can will of in on at for from with without that which who whose there by to per each
every were took take made ended started came come go went lasted fell scored wear won played lived live having been not never
and or
"""
AFTER_NOUN = frozenset(_AFTER_NOUN_TEXT.split())

# ---------------------------------------------------------------------------------------------------- negations

NEGATED = re.compile(r"\b(?:no|not|never|without|none|nobody|neither|nor)\b|n't\b|\bcannot\b", re.IGNORECASE)
NOT_NEGATED = re.compile(
    r"\bno (?:more|less|fewer|later|earlier|greater|larger|smaller) than\b|\bnot (?:more|less|fewer|only|just) (?:than\b)?|"
    r"\bwhether or not\b|\bor not\b|\bno\.|\b(?:without|no|not) (?:any )?(?:duplicate|repeat|repetition)\w*|"
    r"\b(?:skip|leave out|leaving out|omit|ignore|exclude|excluding)\w*\b[^.?;]*|"
    r"[^.?;]*\b(?:can|may|should|shall|are) (?:to )?(?:be )?(?:left out|skipped|omitted|ignored|excluded)\b|"
    r"\b(?:includ\w+|also|even|counting)\b[^,.?]*\b(?:no|none|without|never|not)\b",
    re.IGNORECASE,
)
"""Words of negation that demand no condition."""
