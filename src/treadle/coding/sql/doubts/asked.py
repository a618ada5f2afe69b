"""What the words of a question ask for, where they are clear enough to doubt a statement that does otherwise.

This is not how a question is read (that may guess); a rule here that speaks up wrongly costs a right answer its status.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from treadle.coding.sql.doubts.phrases import (
    AFTER_NOUN,
    BEFORE_BY,
    BOUNDS,
    BY,
    DATE,
    EITHER,
    GROUP,
    HIDDEN,
    HIGH,
    LOW,
    MONTH,
    MONTHS,
    NEGATED,
    NO_SUPERLATIVE,
    NOT_BY,
    NOT_GROUPS,
    NOT_NEGATED,
    NUMBER,
    QUOTED,
    RANGE,
    SORTED,
    SPOKEN_DATE,
    SUPERLATIVE,
    TIME_UNITS,
    WORDS,
    YEAR,
)
from treadle.coding.wording import NumberMention, numbers_in

__all__ = ["Asked", "Bound", "stem", "stems"]


_MOST_CHARACTERS = 3000
"""What follows is not looked at: some patterns take quadratic time, up to 0.5 s here."""


@dataclass(frozen=True, slots=True)
class Bound:
    """'more than 5': the operator and the number. ``year``: it is written like a calendar year."""

    operator: str
    value: float
    words: str
    year: bool


@dataclass(eq=False)
class Asked:
    """A question. Every property is true only where the words leave little room."""

    text: str
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.text = re.sub(
            r"\bdays? of the week\b", "weekday", SPOKEN_DATE.sub(_iso, self.text[:_MOST_CHARACTERS]), flags=re.IGNORECASE
        )
        self.words = tuple(w.lower() for w in re.findall(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9]*", self.text.replace("_", " ")))

    def has(self, pattern: str) -> bool:
        return re.search(pattern, self.text, re.IGNORECASE) is not None

    @cached_property
    def count(self) -> tuple[str, ...] | None:
        """The words after 'how many', 'number of'; empty after a bare 'count'; None where nothing is counted."""
        match = re.search(
            r"\bhow many\s+((?:[\w-]+\s*){1,4})|\bnumbers? of\s+((?:[\w-]+\s*){1,4})", self.text, re.IGNORECASE
        )
        if match is None:
            return () if re.match(r"\W*count\b", self.text, re.IGNORECASE) else None
        words = [w.lower() for w in re.findall(r"[A-Za-z]+", match.group(1) or match.group(2))]
        end = next((i for i, w in enumerate(words) if i and w in AFTER_NOUN), len(words))
        return tuple(words[:end])

    @property
    def counts(self) -> bool:
        """Nothing but a number of things is asked for."""
        return self.count is not None and self.has(
            r"^\W*(?:in |for |by |of |from )?(?:each \w+ )?(?:how many|(?:the )?(?:total )?number of|count)\b"
        )

    @property
    def counts_time(self) -> bool:
        """'How many days': a span of time, or an amount with a unit."""
        return self.count is not None and bool(set(self.count[:1]) & TIME_UNITS)

    @property
    def average(self) -> bool:
        return self.has(r"\b(?:average|averaged|mean(?!s|ing|t))\b") and not self.has(
            r"\bweighted\b|\brunning (?:mean|average)\b"
        )

    @property
    def than_average(self) -> bool:
        return self.has(
            r"\b(?:than|above|over|below|under|exceed\w*)\s+(?:the\s+|an\s+|that of the\s+)?"
            r"(?:(?!on\b)[A-Za-z']+\s+){0,3}?(?:average|mean)\b"
        )

    @property
    def total(self) -> bool:
        return self.has(r"\b(?:total|sum|altogether|summed|combined)\b") and not self.has(
            r"\btotal (?:number|count)\b|\bsum up\b"
        )

    @property
    def ratio(self) -> bool:
        return self.has(r"\b(?:fraction|percentage|per ?cent|proportion|share|ratio)\b|%")

    @property
    def percent(self) -> bool:
        return self.has(r"\b(?:percentage|per ?cent)\b|%")

    @property
    def growth(self) -> bool:
        """By how many percent something changed: more than 100 and less than 0 may be right."""
        return self.has(
            r"\b(?:gr[eo]w(?:n|th)?|increase[ds]?|r[io]se|risen|change[ds]?|drop(?:ped)?|fall(?:en)?|fell|decrease[ds]?|shr[iau]nk)\b"
        )

    @property
    def fraction(self) -> bool:
        return self.has(r"\b(?:fraction|proportion)\b") and not self.percent

    @property
    def distinct(self) -> bool:
        return self.has(r"\b(?:different|distinct|unique)\b") and not self.has(r"\bdifferent from\b")

    @property
    def negated(self) -> bool:
        return bool(NEGATED.search(NOT_NEGATED.sub(" ", self.text)))

    @property
    def difference(self) -> bool:
        return self.has(r"\bdifference between\b|\bminus\b|\bsubtract\w*\b|\bdiffer(?:s|ed)? by\b")

    @property
    def sorted(self) -> bool:
        return self.has(SORTED)

    @property
    def when(self) -> bool:
        return self.has(r"\bwhen\s+(?:was|were|did|is|has|had|does)\b|\b(?:what|which|on which|on what) (?:date|day)\b")

    @cached_property
    def top(self) -> int | None:
        """The number in 'top 5', 'the three highest', 'five best'; None where none is given."""
        number = NUMBER.replace("?P<number>", "")
        match = re.search(rf"\b(?:top|bottom)\s+{number}", self.text, re.IGNORECASE)
        match = match or re.search(
            rf"\b(?:the\s+)?{number}\s+(?:[\w-]+\s+){{0,2}}?(?:{HIGH}|{LOW}|{EITHER})\b", self._plain, re.IGNORECASE
        )
        if match is None:
            return None
        said = match.group(1).lower().replace(",", "")
        value = WORDS.get(said) or (int(said) if said.isdigit() else 0)
        return value if 0 < value <= 1000 else None

    @cached_property
    def _plain(self) -> str:
        return RANGE.sub(" ", NO_SUPERLATIVE.sub(" ", self.text))

    @property
    def leaves_out(self) -> bool:
        return self.has(r"\b(?:skip|leave out|leaving out|left out|omit|ignore|exclude|excluding)\w*\b")

    @cached_property
    def superlatives(self) -> frozenset[str]:
        """'high', 'low' and 'either' (its direction depends on the column)."""
        found = set()
        for match in SUPERLATIVE.finditer(self._plain):
            if not re.match(r"\s+(?:\w+\s+)?first\b", self._plain[match.end() :]):
                found.add(match.lastgroup or "either")
        return frozenset(found)

    @property
    def ordinal(self) -> bool:
        """'the second largest'."""
        return self.has(rf"\b(?:second|third|fourth|fifth|2nd|3rd|4th|5th)[\s-]+(?:{HIGH}|{LOW}|{EITHER})\b")

    @property
    def one(self) -> bool:
        """One thing is asked for: 'which line is the longest', 'who'; nothing for each, no number of things."""
        singular = self.has(
            r"\b(?:which|what)\s+(?:[a-z-]+\s+)?(?:[a-z-]*[^s\W]|\w+ss|\w+us)\s+(?:is|was|has|had|does|did|can)\b"
            r"|\bwho\s+(?:is|was|has|had)\b"
        )
        return singular and self.top is None and not self.groups and not self.has(r"\b(?:both|all|any|several|each|every)\b")

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """The two words after 'each', 'per', 'for every', lower case; 'by' only where no order or doer is meant."""
        found = [(m["word"].lower(), (m["next"] or "").lower()) for m in GROUP.finditer(self.text)]
        for match in BY.finditer(self.text):
            before = (match["before"] or "").lower()
            doer = BEFORE_BY.match(before) or before.endswith("ed")
            ordering = self.superlatives or self.has(r"\b(?:sort|order|rank)(?:ed|s)?\b")
            if match["word"].lower() not in NOT_BY and not doer and not ordering:
                found.append((match["word"].lower(), (match["next"] or "").lower()))
        return [group for group in found if group[0] not in NOT_GROUPS]

    @cached_property
    def quoted(self) -> list[str]:
        return [next(g for g in match.groups() if g) for match in QUOTED.finditer(self.text)]

    @cached_property
    def dates(self) -> list[str]:
        """Dates and months as the beginning of an ISO date: '2024-01', '2024-01-15'."""
        found = DATE.findall(self.text)
        for match in MONTH.finditer(self.text):
            if match["year"]:
                found.append(f"{match['year']}-{MONTHS.index(match[1].lower()) + 1:02}")
        return found

    @cached_property
    def years(self) -> list[str]:
        return YEAR.findall(DATE.sub(" ", MONTH.sub(" ", self._bare)))

    @cached_property
    def _bare(self) -> str:
        """The text without quotations and without numbers that are no values."""
        text = re.sub(r"[\"“][^\"”\n]+[\"”]|(?<!\w)'[^'\n]+'(?!\w)", " ", self.text)
        for pattern in HIDDEN:
            text = pattern.sub(" ", text)
        return text

    @cached_property
    def numbers(self) -> list[NumberMention]:
        """Numbers other than 0 and 1 that are no dates; words only from two on and where they count something."""
        text = DATE.sub(lambda m: " " * len(m[0]), MONTH.sub(lambda m: " " * len(m[0]), self._bare))
        found = []
        for mention in numbers_in(text):
            counted = re.match(r"\s+(?:[a-z-]+\s+)?[a-z]+s\b", text[mention.end :]) is not None
            qualified = re.search(
                r"\b(?:than|least|most|top|first|last|exactly|over|under|above|below)\s+$",
                text[: mention.start],
                re.IGNORECASE,
            )
            if abs(mention.value) > 1 and (not mention.word or counted or qualified):
                found.append(mention)
        return found

    @property
    def several(self) -> bool:
        return self.has(r"\b(?:several|multiple|more than once|repeatedly)\b(?! times? of day)")

    @cached_property
    def date_bounds(self) -> list[tuple[str, str]]:
        """('<' or '>', date) of 'before 2024-05-01', 'after ...', 'since ...'."""
        sides = dict.fromkeys(("before", "until", "up to", "earlier than"), "<")
        sides |= dict.fromkeys(("after", "since", "later than"), ">")
        pattern = rf"\b({'|'.join(sides)})\s+(?:the\s+)?({DATE.pattern})"
        return [(sides[m[1].lower()], m[2]) for m in re.finditer(pattern, self.text, re.IGNORECASE)]

    @cached_property
    def bounds(self) -> list[Bound]:
        found: list[Bound] = []
        taken: list[tuple[int, int]] = []
        for pattern, operator in BOUNDS:
            for match in pattern.finditer(DATE.sub(" ", self._bare)):
                if any(start < match.end() and match.start() < end for start, end in taken):
                    continue
                taken.append(match.span())
                said = match["number"].lower().replace(",", "")
                value = float(WORDS[said]) if said in WORDS else float(said)
                year = re.fullmatch(r"(?:1[5-9]|20)\d\d", said) is not None
                found.append(Bound(operator, value, match[0], year))
        return found


def _iso(match: re.Match[str]) -> str:
    """'1 January 2024' as 2024-01-01."""
    day, month, year = (match["d"] or match["d2"], match["m"] or match["m2"], match["y"] or match["y2"])
    return f"{year}-{MONTHS.index(month.lower()) + 1:02}-{int(day):02}"


def stem(word: str) -> str:
    """A word without plural and the commonest endings, so that 'stations' and 'station' count as one."""
    word = word.lower()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def stems(words: tuple[str, ...] | list[str]) -> list[str]:
    return [stem(word) for word in words]
