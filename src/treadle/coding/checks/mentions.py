"""Doubts: columns and numbers that a request names and a program does not use.

A program that ignores a threshold of the request runs, prints, and agrees with other programs that ignore it as well;
this is the cheap look that such agreement needs. It compares words with constants, so it proves nothing either way: a
number may be used wrongly, and a request may mention one that a right program has no use for. It is tuned to stay
silent in doubt. 0, 1, ordinals, list numbering, examples, precision ('to 2 decimals'), energies of a collider and
numbers inside names are not looked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from treadle.coding.checks.usage import Usage, usage_of
from treadle.coding.examples import read_examples
from treadle.coding.wording import NumberMention, closing_bracket, numbers_in
from treadle.types import DataSummary

__all__ = ["unused_mentions"]

_HIDDEN = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        r"^\s*\(?\d+[.)]\s",
        r"^\s*>>>.*(?:\n(?!\s*$|\s*>>>).*)*",
        r"(?:\be\.g\.|\bfor (?:example|instance)\b|\bsuch as\b|\bexample:).*?(?:[.;](?=\s)|\n|$)",
        r"\b\d{4}-\d{2}(?:-\d{2})?\b",
        r"\bpython\s*\d[\d.]*",
        r"\b\d+\s*\^\s*-?\d+",
        r"\bpowers?\s+of\s+\d+|\bbase[\s-]\d+",
        r"\b\d+(?:\.\d+)?\s*TeV\b",
        r"\b(?:CMS|ATLAS|LHCb?|Run|NanoAOD|v|version|RFC|ISO|part|chapter|python)\s+\d[\d.]*\b",
        r"\b(?:19|20)\d\d\s+(?:\w+\s+)?(?:data|open data|run)\b",
        r"\b(?:muon|electron|lepton|jet|photon|particle|track|tau)\s+\d\b(?!\s*%)",
        r"\b(?:\w+|\d+)[\s-](?:decimals?|decimal places|digits?|significant|sig\.|figures)\b",
        r"\b(?:\w+|\d+)[\s-](?:vectors?|momentum|momenta|dimensional|body|D|d|tuple|fold|sided|pass)\b",
        r"\bMETRIC:.*$",
        r"[±]\s*\d[\d.]*\s*%?|\+/?-\s*\d[\d.]*\s*%?",
    )
)
_COUNTED = re.compile(
    r"^[\s-]+(?:\w+[\s-]+){0,2}?(?:muons?|electrons?|jets?|leptons?|photons?|tracks?|particles?|hits?|taus?|bins?|events?|"
    r"entries|elements|items|characters|letters|digits|days|rows|steps|times|sigmas?|GeV|bytes|lines)\b",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"(?:exactly|at least|at most|more than|less than|fewer than|greater than|larger than|smaller than|above|below|over|"
    r"under|only|top|first|last|every|by|factor of|window of|size|length|up to|than|equal to)\s+$",
    re.IGNORECASE,
)
_DEMANDED = re.compile(r"(?:exactly|at least|at most|more than|less than|fewer than|only)\s+$", re.IGNORECASE)
_DEFINITE = re.compile(r"\b(?:the|both|these|those)\s+$", re.IGNORECASE)
_SMALL_COUNT = 6
_LISTED = re.compile(r"\b(?:has|have|contains?|holds?|with)\s+(?:the\s+)?(?:columns|branches|fields)\b")
_CLAUSE = re.compile(r"[^.\n]+")
_NAMED_BEFORE = re.compile(
    r"(?:\b(?:of|by|per|columns?|branch(?:es)?|fields?|variables?|against|versus|vs\.?|where|between|and)\s+(?:the\s+)?|[`'\"])$",
    re.IGNORECASE,
)
_NOUNS = frozenset({"event", "events", "run", "entry", "entries", "index", "jet", "jets", "muon", "muons", "row", "rows"})
_QUOTED = re.compile(r"\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)")
_UNITS_OF_THOUSANDS = re.compile(r"^\s*(?:[MGk]eV|m|mm|cm|km|s|ms|kg|g|fb|pb)\b")


def unused_mentions(program_source: str, request: str, data_summary: DataSummary | None = None) -> list[str]:
    """What the request names and the program does not use, one sentence each; empty where there is no doubt.

    ``program_source`` may be Python or, where it does not parse as that, SQL or other text.
    """
    usage = usage_of(program_source)
    prose = _without_examples(request)
    names = _mentioned_columns(prose, data_summary)
    doubts = [_doubt(f"the column {name}") for name in names if not usage.has_name(name)]
    known = set(data_summary.column_names) if data_summary is not None else set()
    unquoted = _QUOTED.sub(lambda match: " " * len(match.group(0)), prose)
    for mention in _mentioned_numbers(unquoted, known):
        if not _is_used(mention, prose, usage):
            doubts.append(_doubt(mention.text))
    return list(dict.fromkeys(doubts))


def _doubt(what: str) -> str:
    return f"the request mentions {what}, the program does not use it"


def _without_examples(request: str) -> str:
    """The request with its examples and signatures blanked out, offsets kept."""
    for expectation in read_examples(request)[0]:
        request = request.replace(expectation.text, " " * len(expectation.text))
    for match in re.finditer(r"\b[A-Za-z_]\w*\(", request):
        end = closing_bracket(request, match.end() - 1)
        if end is not None and "\n" not in request[match.start() : end]:
            request = request[: match.start()] + " " * (end + 1 - match.start()) + request[end + 1 :]
    for pattern in _HIDDEN:
        request = pattern.sub(lambda match: re.sub(r"\S", " ", match.group(0)), request)
    return request


# ------------------------------------------------------------------------------------------------ columns


def _mentioned_columns(prose: str, data: DataSummary | None) -> list[str]:
    """Columns that the request names as such, in the order of the data."""
    if data is None:
        return []
    prose = _CLAUSE.sub(lambda clause: " " if _LISTED.search(clause.group()) else clause.group(), prose)
    names = dict.fromkeys(column.name for table in data.tables for column in table.columns)
    return [name for name in names if any(_names_it(name, prose, m) for m in _whole(name, prose))]


def _whole(name: str, prose: str) -> Iterable[re.Match[str]]:
    return re.finditer(rf"(?<![\w.-]){re.escape(name)}(?![\w(]|\.\w|-\w)", prose)


def _names_it(name: str, prose: str, match: re.Match[str]) -> bool:
    """Whether an occurrence means the column: ``pt1`` does, the word 'time' only where it stands like one."""
    before = prose[: match.start()]
    if re.search(r"\b(?:without|not|no|ignore|ignoring|exclude|excluding|instead of)\s+(?:\w+\s+)?[`'\"]?$", before):
        return False
    if re.search(r"[\d_]", name) or (len(name) <= 3 and name.isupper() and name not in ("A", "I")):
        return True
    if before[-1:] in ("`", "'", '"'):
        return True
    return len(name) > 1 and not name.istitle() and name not in _NOUNS and _NAMED_BEFORE.search(before) is not None


# ------------------------------------------------------------------------------------------------ numbers


def _mentioned_numbers(prose: str, columns: set[str]) -> list[NumberMention]:
    mentions = []
    for mention in numbers_in(prose):
        if abs(mention.value) in (0.0, 1.0) or mention.text in columns:
            continue
        counted = _COUNTED.match(prose[mention.end :]) or _QUALIFIED.search(prose[: mention.start])
        if mention.word and mention.value == 2 and _DEFINITE.search(prose[: mention.start]):
            continue  # 'the two muons': a column may already be about both
        if not mention.word or counted:
            mentions.append(mention)
    return mentions


def _is_used(mention: NumberMention, prose: str, usage: Usage) -> bool:
    value = abs(mention.value)
    wanted = {value, value * value}
    if mention.percent:
        wanted |= {value / 100, 1 - value / 100, 1 + value / 100, (100 - value), (1 - value / 100) / 2, value / 200}
    if _UNITS_OF_THOUSANDS.match(prose[mention.end :]):
        wanted |= {value * 1000, value / 1000}
    if re.match(r"\s*(?:°|deg)", prose[mention.end :]):
        wanted.add(math.radians(value))
    if re.match(r"\s*(?:minutes?|hours?|days?)\b", prose[mention.end :]):
        wanted |= {value * 60, value * 3600, value * 86400}
    if any(usage.has_number(number) for number in wanted):
        return True
    if not value.is_integer():
        return False
    strict = _DEMANDED.search(prose[: mention.start]) is not None
    return _is_used_as_count(int(value), usage, strict=strict)


def _is_used_as_count(value: int, usage: Usage, *, strict: bool) -> bool:
    """'more than 29' for 30, 51 edges for 50 bins; and index 1 or pt1 and pt2 for two muons, unless it is 'exactly' two."""
    if usage.is_bound_of(value) or usage.is_argument(value + 1):
        return True
    if value > _SMALL_COUNT or strict:
        return False
    return usage.is_index(value - 1) or usage.has_numbered_names(value) or usage.has_unpacked(value)
