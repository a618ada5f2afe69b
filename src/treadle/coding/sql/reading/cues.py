"""What a question asks for, from its words alone: counts, means, extremes, numbers with comparisons, groups, negations."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["HIGH", "LESS", "LOW", "MONTHS", "MORE", "NUMBER_WORDS", "RANKS", "Bound", "Cues", "blanked", "read_cues"]

_NUMBER = r"(-?\d+(?:,\d{3})*(?:\.\d+)?)"
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBER_WORDS = {word: number + 1 for number, word in enumerate(_COUNTED)} | {"twenty": 20}
_ANY_NUMBER = rf"(?:{_NUMBER}|({'|'.join(NUMBER_WORDS)})\b)"
MORE = (
    "more|greater|larger|higher|bigger|older|longer|taller|heavier|later|faster|hotter|warmer|wider|deeper|costlier|stronger|dearer"
    "|pricier|brighter|busier|denser|steeper"
)
LESS = "less|fewer|smaller|lower|younger|shorter|cheaper|lighter|earlier|slower|colder|narrower|weaker"
_COMPARISONS: tuple[tuple[str, str], ...] = (
    (r"at least|no less than|not less than|no fewer than|minimum of|since|from|>=|≥", ">="),
    (r"at most|no more than|not more than|up to|maximum of|until|<=|≤", "<="),
    (rf"(?:{MORE}) than|exceed(?:s|ing|ed)?|above|over|beyond|after|>", ">"),
    (rf"(?:{LESS}) than|below|under|before|<", "<"),
    (r"other than|different from|not equal to|<>|!=", "<>"),
    (r"exactly|equals?|equal to|=", "="),
)
HIGH = (
    "highest|largest|biggest|greatest|maximum|max|most|longest|tallest|oldest|heaviest|fastest|hottest|warmest|dearest|newest|latest|last"
    "|best|widest|deepest|richest|wettest|windiest|strongest|busiest|steepest"
)
LOW = (
    "lowest|smallest|minimum|min|least|fewest|shortest|youngest|lightest|slowest|coldest|earliest|first|worst|narrowest|cheapest"
    "|poorest|driest|weakest"
)
_EXTREME = f"{HIGH}|{LOW}"
_DATED = frozenset({"newest", "latest", "last", "earliest", "first", "oldest", "youngest"})
_SUPERLATIVE = re.compile(rf"\b({_EXTREME})\b", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:for (?:each|every|all)|(?:in|of|at|by|to|from|with|on) (?:each|every)|each|every|per"
    r"|(?:grouped|broken down|split) by|(?<!ed )(?<!en )(?<!order )(?<!is )(?<!was )(?<!are )"
    r"by(?! (?:the|an?|average|mean|total|number|their|its|far|how|which|what)\b))"
    r"\s+((?:\w+(?:-\w+)*\s?){1,3})",
    re.IGNORECASE,
)
_TOP = re.compile(
    rf"\b(?:top|first|last|bottom)\s+{_ANY_NUMBER}"
    rf"|\b{_ANY_NUMBER}\s+(?:\w+\s+){{0,2}}?(?:with\s+the\s+)?(?<!at )(?:{_EXTREME})\b",
    re.IGNORECASE,
)
RANKS = {"second": 2, "third": 3, "fourth": 4, "fifth": 5, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5}
_RANK = re.compile(rf"\b({'|'.join(RANKS)})[ -](?:{_EXTREME})\b", re.IGNORECASE)
_OFTEN = re.compile(r"\b(most|least)\s+(?:often|frequent(?:ly)?|common(?:ly)?|popular|used|times)\b", re.IGNORECASE)
_RANGE = re.compile(
    r"\b(?:days?|time)\b.*\bbetween\b.*\b(?:first|earliest|oldest)\b.*\band\b.*\b(?:last|latest|newest)\b|"
    r"\b(?:difference|range)\b.*\b(?:highest|largest|maximum|max|most|oldest|longest|tallest)\b"
    r".*\b(?:lowest|smallest|minimum|min|least|youngest|shortest)\b",
    re.IGNORECASE,
)
_RATIO_TO = re.compile(r"\bratio\b.*?\bof\b(.*?)\bto\b(.*)", re.IGNORECASE)
_AVERAGE = re.compile(r"\b(average|mean|avg|on average)\b", re.IGNORECASE)
_SUM = re.compile(
    r"\b(total|sums?|overall|altogether|combined|add(?:s|ed)? up to|amount(?:s|ed)? to"
    r"|how\s+much\s+(?:money\s+)?(?:has|have|had|was|were|did|do|does)\b[^.?!]*\b(?:spen[dt]|earn(?:ed)?|paid|pay|made|br(?:ing|ought)))\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\b(how many|number of|count)\b", re.IGNORECASE)
_RATIO = re.compile(
    r"\b(?:what|which|how many|the)\s+(fraction|percentage|percent|proportion|share|ratio)\b"
    r"|\b(fraction|percentage|proportion|share|ratio)\s+of\b",
    re.IGNORECASE,
)
_DISTINCT = re.compile(r"\b(different|distinct|unique)\b", re.IGNORECASE)
_ONCE = re.compile(
    r"\beach (?:\w+\s+){1,2}?(?:only )?once\b|\bno duplicates\b|\bwithout (?:repetition|duplicates)\b", re.IGNORECASE
)
_NOT = re.compile(
    r"\b(?:no|not|never|without|none|nobody|no one|nothing|hasn't|haven't|don't|doesn't|didn't|lack(?:s|ing)?)\b",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"\bhow\s+long\b|\bnumber\s+of\s+days\b|\bhow\s+many\s+(?:days|hours|minutes)\s+(?:pass|lie|do|does|did|it|go|elapse|before|after|between|until|later)"
    r"|\b(?:hours|minutes)\b.*\b(?:between|until|ta(?:kes?|ken)|took|passed|elapsed)\b|\bdays\b.*\b(?:between|from|lasted|last|take|took|needed|until)\b"
    r"|\blongest to\b|\b(?:takes?|took|taken|lasts?|lasted) (?:the )?(?:longest|shortest|most time)\b|\bduration\b"
    r"|\b(?:longest|shortest)\b.*\bin (?:days|hours|minutes)\b|\b(?:travel|waiting|running|processing) time\b",
    re.IGNORECASE,
)
_THAN_AVERAGE = re.compile(
    rf"\b(above|over|below|under|(?:{MORE})\s+(?:\w+\s+)?than|(?:{LESS})\s+(?:\w+\s+)?than)"
    r"\s+(?:the\s+)?(?:overall\s+)?(?:average|mean)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:in|during|of|for|year)\s+(?:the\s+year\s+)?((?:1[5-9]|20)\d\d)\b(?!-\w)", re.IGNORECASE)
MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_MONTH = re.compile(rf"\b({MONTHS})\s+(?:of\s+)?((?:1[5-9]|20)\d\d)\b", re.IGNORECASE)
_MONTH_ALONE = re.compile(rf"\b(?:in|during|every)\s+({MONTHS})\b(?!\s+(?:of\s+)?\d)", re.IGNORECASE)
_OR_MORE = re.compile(
    rf"{_ANY_NUMBER}\s+(?:\w+\s+)?or\s+(more|later|above|over|higher|larger|less|fewer|earlier|below|lower)\b", re.IGNORECASE
)
_EQUAL = re.compile(
    rf"(?<![\w.])(?:of|is|was|equals?|worth|=|by)\s+(?:exactly\s+)?{_NUMBER}\b(?!\s*(?:or|and|to)\b)", re.IGNORECASE
)
_HOW_MUCH_MORE = re.compile(
    r"\bgap\b.*\bbetween\b|\bhow much\s+\w+|\bby how (?:much|many)\b|\bdifference\b.*\bbetween\b", re.IGNORECASE
)
_DIVIDED = re.compile(r"\bdivided by\b|\bper unit of\b", re.IGNORECASE)
_ISO = r"(\d{4}-\d\d-\d\d)"
_DATES = re.compile(
    rf"\b(?:between|from)\s+{_ISO}\s+(?:and|to|until)\s+{_ISO}|\b(before|until|after|since|from|on)\s+{_ISO}", re.IGNORECASE
)
_FROM_NOUN = re.compile(r"from\s+(?!the\s+year)[a-z]{3,}\s", re.IGNORECASE)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9}
_BETWEEN = re.compile(rf"\bbetween\s+{_NUMBER}\s+and\s+{_NUMBER}|\bfrom\s+{_NUMBER}\s+to\s+{_NUMBER}", re.IGNORECASE)
_BOUNDS = tuple(
    (re.compile(rf"(?<!\w)(?:{words})\s+(?:the\s+year\s+|an?\s+|[a-z]+\s+)?{_ANY_NUMBER}", re.IGNORECASE), operator)
    for words, operator in _COMPARISONS
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A number with its comparison, at characters ``start`` to ``end``. ``year``: it reads as a calendar year.

    ``scale``: 1e6 of 'million', which ``value`` contains already.
    """

    operator: str
    value: str
    start: int
    end: int
    scale: float = 1.0

    @property
    def year(self) -> bool:
        return all(re.fullmatch(r"(1[5-9]|20)\d\d", v) for v in self.value.split(" AND "))

    @property
    def date(self) -> bool:
        return self.value.startswith("'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cues:
    """What was read. Places are characters of the question.

    ``superlative``: (place, word, highest); ``group``: (place, what follows 'each', 'per', 'by'); ``often``: (place, most)
    of 'most often'; ``rank``: 2 of 'the second largest', else 1; ``ratio_to``: places of both sides of 'ratio of A to B';
    ``compared``: 'how much higher'; ``month``: '2024-03', or '03' without a year.
    """

    count: int | None
    average: int | None
    total: int | None
    ratio: str
    ratio_to: tuple[int, int] | None
    distinct: bool
    negation: int | None
    duration: bool
    than_average: str
    superlative: tuple[int, str, bool] | None
    dated: bool
    often: tuple[int, bool] | None
    spread: bool
    limit: int | None
    rank: int
    group: tuple[int, str] | None
    compared: bool
    divided: int | None
    bounds: tuple[Bound, ...]
    year: str
    month: str


def read_cues(text: str) -> Cues:
    """The cues in a question."""
    once = _ONCE.search(text)
    text = text if once is None else blanked(text, once.span())
    than_average = _THAN_AVERAGE.search(text)
    plain = text if than_average is None else blanked(text, than_average.span())
    limit, top = _limit(plain)
    month, year = _MONTH.search(plain), _YEAR.search(plain)
    group, often, ratio_to = _GROUP.search(plain), _OFTEN.search(plain), _RATIO_TO.search(plain)
    superlative = None if often else _superlative(plain)
    return Cues(
        count=_place(_COUNT, plain),
        average=_place(_AVERAGE, plain),
        total=_place(_SUM, plain),
        ratio="" if (ratio := _RATIO.search(plain)) is None else (ratio[1] or ratio[2]).lower(),
        ratio_to=None if ratio_to is None else (ratio_to.start(1), ratio_to.start(2)),
        distinct=once is not None or _DISTINCT.search(plain) is not None,
        negation=_place(_NOT, plain),
        duration=_LONG.search(plain) is not None,
        than_average="" if than_average is None else ("<" if _is_low(than_average[1]) else ">"),
        superlative=superlative,
        dated=superlative is not None and superlative[1] in _DATED,
        often=None if often is None else (often.start(), often[1].lower() == "most"),
        spread=_RANGE.search(plain) is not None,
        limit=limit,
        rank=1 if (rank := _RANK.search(plain)) is None else RANKS[rank[1].lower()],
        group=None if group is None else (group.start(1), group[1].strip()),
        compared=_HOW_MUCH_MORE.search(plain) is not None,
        divided=_place(_DIVIDED, plain),
        bounds=tuple(b for b in _bounds(plain) if not (top and top[0] <= b.start < top[1])),
        year="" if year is None or month else year[1],
        month=_month(plain, month),
    )


def blanked(text: str, span: tuple[int, int]) -> str:
    """``text`` with blanks in a span, so that places stay."""
    return text[: span[0]] + " " * (span[1] - span[0]) + text[span[1] :]


def _month(text: str, dated: re.Match[str] | None) -> str:
    """'2024-03', or '03' where no year is said."""
    match = dated or _MONTH_ALONE.search(text)
    if match is None:
        return ""
    number = f"{MONTHS.split('|').index(match[1].lower()) + 1:02}"
    return number if dated is None else f"{dated[2]}-{number}"


def _superlative(text: str) -> tuple[int, str, bool] | None:
    for match in _SUPERLATIVE.finditer(text):
        word = match[0].lower()
        if re.search(r"\bat\s+$", text[: match.start()]):
            continue  # 'at least', 'at most' compare
        if word in ("first", "last") and re.match(r"\s+(?:half|name|time|names)\b", text[match.end() :]):
            continue
        return match.start(), word, word in HIGH.split("|")
    return None


def _place(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return None if match is None else match.start()


def _is_low(words: str) -> bool:
    return words.split()[0].lower() in ("below", "under", *LESS.split("|"))


def _limit(text: str) -> tuple[int | None, tuple[int, int] | None]:
    match = _TOP.search(text)
    if match is None:
        return None, None
    said = next(g for g in match.groups() if g)
    return NUMBER_WORDS.get(said.lower()) or int(float(said.replace(",", ""))), match.span()


def _value(said: str) -> str:
    """A number as SQL writes it: '1,000' and 'three' are said as well."""
    return str(NUMBER_WORDS.get(said.lower(), said.replace(",", "")))


def _bounds(text: str) -> list[Bound]:
    found: list[Bound] = []
    for match in _DATES.finditer(text):
        if match[1]:
            found.append(Bound("BETWEEN", f"'{match[1]}' AND '{match[2]}'", *match.span()))
        else:
            operator = {"before": "<", "until": "<=", "after": ">", "since": ">=", "from": ">=", "on": "="}[match[3].lower()]
            found.append(Bound(operator, f"'{match[4]}'", *match.span()))
    for match in _BETWEEN.finditer(text):
        if any(b.start < match.end() and match.start() < b.end for b in found):
            continue
        low, high = [g.replace(",", "") for g in match.groups() if g]
        found.append(Bound("BETWEEN", f"{low} AND {high}", *match.span()))
    for match in _OR_MORE.finditer(text):
        operator = ">=" if match[3].lower() in ("more", "later", "above", "over", "higher", "larger") else "<="
        found.append(Bound(operator, _value(match[1] or match[2]), *match.span()))
    for pattern, operator in (*_BOUNDS, (_EQUAL, "=")):
        for match in pattern.finditer(text):
            if any(b.start < match.end() and match.start() < b.end for b in found):
                continue
            if _FROM_NOUN.match(match[0]):
                continue  # 'from levels 1 and 2'
            number = next(g for g in match.groups() if g)
            value = _value(number)
            scale = re.match(r"\s+(thousand|million|billion)\b", text[match.end() :], re.IGNORECASE)
            factor = _SCALES[scale[1].lower()] if scale else 1.0
            if scale:
                value = f"{float(value) * factor:.0f}"
            found.append(Bound(operator, value, *match.span(), factor))
    return sorted(found, key=lambda b: b.start)
