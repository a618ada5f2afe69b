"""Doubts about comparisons: thresholds in the wrong direction, numbers of objects, ranges, charges."""

from __future__ import annotations

import ast
import re

from treadle.coding.program_facts import ProgramFacts
from treadle.coding.wording import NumberMention, numbers_in
from treadle.words import name_terms

__all__ = ["charge_doubts", "cut_doubts", "foreign_cut_doubts"]

_THINGS = (
    r"\s+(?:[\w-]+\s+){0,2}?(?:jets?|muons?|electrons?|photons?|leptons?|taus?|tracks?|particles?|vertices|hits|objects?)\b"
)
_ABOVE = r"(?:above|greater than|more than|larger than|higher than|exceed(?:s|ing)?|>|over)"
_BELOW = r"(?:below|less than|smaller than|lower than|fewer than|under|<)"
_OUTSIDE = r"\b(?:outside|not|excluding|except|veto\w*)\b[^.,;]*$"
_UPPER = ("Lt", "LtE")
_LOWER = ("Gt", "GtE")


def cut_doubts(asked: str, facts: ProgramFacts) -> list[str]:
    """Numbers of the request that are compared in another way than it says."""
    found = []
    ranges = _ranges(asked)
    for mention in numbers_in(asked):
        before, after = asked[: mention.start], asked[mention.end :]
        if any(start <= mention.start < end for start, end, _, _ in ranges) or mention.percent:
            continue
        doubt = (
            _count_doubt(mention, before, facts) if re.match(_THINGS, after) else _limit_doubt(mention, before, asked, facts)
        )
        if doubt:
            found.append(doubt)
    for begin, _, low, high in ranges:
        if not re.search(_OUTSIDE, asked[:begin], re.IGNORECASE) and not _is_within(low, high, facts):
            found.append(f"the request asks for values between {low:g} and {high:g}, the program compares otherwise")
    if _needs_or(asked) and facts.has_operator("BitAnd") and not _has_or(facts) and not facts.inverted:
        found.append("the request asks for one condition or the other, the program asks for both")
    if _needs_and(asked, facts):
        found.append("the program asks for one condition or the other, the request for both")
    return found


def _said(words: str, before: str) -> bool:
    return re.search(rf"{words}\s*(?:a |an |the |about )?$", before, re.IGNORECASE) is not None


# ------------------------------------------------------------------------------------------------ numbers of objects


def _count_doubt(mention: NumberMention, before: str, facts: ProgramFacts) -> str | None:
    count, met = mention.value, True
    if _said("exactly", before):
        met = facts.compares(count, "Eq", "NotEq") or (facts.compares(count, "GtE") and facts.compares(count, "LtE"))
        met |= facts.compares(count - 1, "Gt") and facts.compares(count + 1, "Lt")
        words = "exactly"
    elif _said("at least", before):
        met, words = _is_at_least(count, facts), "at least"
    elif _said(r"(?:more than|>)", before):
        met, words = _is_at_least(count + 1, facts), "more than"
    elif _said("at most|no more than|not more than", before):
        met, words = _is_at_most(count, facts), "at most"
    elif _said("(?:fewer than|less than|<)", before):
        met, words = _is_at_most(count - 1, facts), "fewer than"
    return None if met else f"the request asks for {words} {mention.text}, the program counts otherwise"


def _is_at_least(count: float, facts: ProgramFacts) -> bool:
    if facts.compares(count, "GtE") or any(facts.compares(count - step, "Gt") for step in (1, 0.5)):
        return True
    if facts.compares(count, "Lt") or facts.compares(count - 1, "LtE"):
        return True  # turned round later, or sorted out
    if count == 1:
        implied = facts.calls_any("any", "max", "firsts", "nanmax", "argmax", "sum", "len", "num", "bool", "drop_none")
        return implied or _has_or(facts) or facts.compares(0, "NotEq", "Eq", "Gt") or facts.loops > 0
    if count == 2 and (0 in facts.indices or 1 in facts.indices) and not facts.comparisons:
        return True
    return facts.calls_any("combinations", "argcombinations", "pad_none") or facts.slices or facts.loops > 1


def _is_at_most(count: float, facts: ProgramFacts) -> bool:
    if facts.compares(count, "LtE", "Gt") or facts.compares(count + 1, "Lt", "GtE"):
        return True
    return (count == 0 and (facts.compares(0, "Eq") or facts.inverted)) or (
        count == 1 and facts.compares(0, "Eq") and _has_or(facts)
    )


# ------------------------------------------------------------------------------------------------ thresholds


def _limit_doubt(mention: NumberMention, before: str, asked: str, facts: ProgramFacts) -> str | None:
    if facts.inverted or re.search(
        r"\b(?:not|n't|fails?|veto(?:es)?|reject\w*|exclud\w*|remov\w*|unless|neither|none|nor)\b",
        before[-40:],
        re.IGNORECASE,
    ):
        return None
    if _said(_ABOVE, before) or _said(r"(?:at least|>=|≥)", before):
        right, wrong, word = _LOWER, _UPPER, "above"
    elif _said(_BELOW, before) or _said(r"(?:at most|<=|≤|within)", before):
        right, wrong, word = _UPPER, _LOWER, "below"
    else:
        return None
    values = _same(mention.value)
    if any(facts.compares(value, *right) for value in values):
        return None
    # A symmetric range stands for an absolute value.
    if any(facts.compares(-value, *wrong) for value in values):
        return None
    if any(facts.compares(value, *wrong, "Eq", "NotEq") for value in values):
        return f"the request asks for values {word} {mention.text}, the program compares the other way"
    return _another_number(mention, word, asked, facts)


def _another_number(mention: NumberMention, word: str, asked: str, facts: ProgramFacts) -> str | None:
    """A limit that the program lacks, while it compares with a number that the request does not give.

    Of small whole numbers only: that others are not used is found for every number (``unused_mentions``).
    """
    if mention.value not in (0, 1, 2) or mention.value in facts.free_numbers | facts.indices:
        return None
    said = {abs(v) for m in numbers_in(asked) for v in _same(m.value)}
    others = [n for _, n in facts.comparisons if n is not None and n not in (0, 1, 2) and abs(n) not in said]
    if not others:
        return None
    return f"the request asks for values {word} {mention.text}, the program compares with {others[0]:g}"


def _same(value: float) -> tuple[float, ...]:
    return (value, value * value, value * 1000, value / 1000, value / 100)


_RANGE = re.compile(
    r"(?:between|within|from)\s+(?P<low>-?\d+(?:\.\d+)?)\s*(?:GeV|MeV|TeV|mm|cm|ns)?\s+(?:and|to)\s+(?P<high>-?\d+(?:\.\d+)?)"
    r"|(?P<low2>-?\d+(?:\.\d+)?)\s*<=?\s*\|?\w+\|?\s*<=?\s*(?P<high2>-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)


def _ranges(asked: str) -> list[tuple[int, int, float, float]]:
    found = []
    for match in _RANGE.finditer(asked):
        low, high = match.group("low") or match.group("low2"), match.group("high") or match.group("high2")
        found.append((match.start(), match.end(), float(low), float(high)))
    return found


def _is_within(low: float, high: float, facts: ProgramFacts) -> bool:
    """Whether both limits are compared the right way; limits that stand outside of comparisons are left alone."""
    lower, upper = facts.compares(low, *_LOWER), facts.compares(high, *_UPPER)
    if lower and upper:
        # (x > 80) | (x < 100) is always true
        only_or = facts.has_operator("BitOr", "Or") and not facts.has_operator("BitAnd", "And")
        return not (only_or and low < high and len(facts.comparisons) == 2)
    if facts.inverted or (low == -high and upper):
        return True
    free = {low, high} <= {n for f in facts.free_numbers for n in (f, -f)}
    touched = lower or upper or facts.compares(low, *_UPPER) or facts.compares(high, *_LOWER)
    return free or not touched


# ------------------------------------------------------------------------------------------------ and, or, charges


def _has_or(facts: ProgramFacts) -> bool:
    return facts.has_operator("BitOr", "Or", "Add") or facts.calls_any(
        "logical_or", "any", "maximum", "max", "union1d", "minimum", "min"
    )


def _needs_or(asked: str) -> bool:
    return (
        re.search(
            r"\beither\b.*\d.*\bor\b.*\d|\d(?: GeV)? or (?:\|)?[A-Za-z]\w*\|? (?:is )?(?:above|below|>|<|over|under)", asked
        )
        is not None
    )


def _needs_and(asked: str, facts: ProgramFacts) -> bool:
    """Two thresholds joined by 'and' in the request, by 'or' alone in the program."""
    joined = re.search(
        rf"(?:{_ABOVE}|{_BELOW})\s*\d[\d.]*(?: GeV)? and (?:an? |the )?\|?\w[\w ]*\|? ?(?:{_ABOVE}|{_BELOW})\s*\d", asked
    )
    if joined is None or re.search(r"\bor\b|\beither\b", asked) or facts.inverted or facts.abs_calls:
        return False
    only_or = facts.has_operator("BitOr", "Or") and not facts.has_operator("BitAnd", "And", "Mult")
    symmetric = any(n is not None and n < 0 for _, n in facts.comparisons)
    return only_or and not symmetric and not facts.calls_any("logical_and", "all")


def charge_doubts(asked: str, facts: ProgramFacts) -> list[str]:
    """Opposite or same charge asked for, and the other, or nothing, computed."""
    opposite = re.search(r"\bopposite(?:ly)?[- ](?:sign|charge)|\bdifferent(?:ly)? charge", asked, re.IGNORECASE)
    same = re.search(r"\b(?:same|like|equal)[- ](?:sign|charge)", asked, re.IGNORECASE)
    if bool(opposite) == bool(same) or facts.usage.dynamic:
        return []
    neutral = facts.inverted or facts.loops > 0 or facts.calls_any("sign", "signbit", "unique", "prod", "where")
    if opposite:
        met = facts.compares_columns("NotEq") or facts.compares(0, "Lt", "LtE", "Eq") or facts.compares(-1, "Eq")
        met |= facts.compares(1, "Eq") and facts.compares(-1, "Eq")
    else:
        met = facts.compares_columns("Eq") or facts.compares(0, "Gt", "GtE", "NotEq") or facts.compares(1, "Eq", "Gt", "GtE")
        met |= facts.compares(2, "Eq") and facts.abs_calls > 0
    if met or neutral:
        return []
    return [f"the request asks for {'opposite' if opposite else 'same'} charges, the program does not select them"]


# ------------------------------------------------------------------------------------------------ selections not asked for


_SELECTED = {
    # What nobody selects by unless asked to; pt, energy and mass are often meant by a number with GeV alone.
    "eta": r"\beta\b|η|pseudorapid|\bcentral|\bforward\b|\bbarrel|\bendcap|\bdelta\s*r\b|acceptance",
    "phi": r"\bphi\b|φ|azimuth|\bdelta\s*r\b|back[- ]to[- ]back",
    "charge": r"\bcharg|\bsign\b|\bnegative|\bpositive|\bZ\b|\bJ/psi|\bresonan|\bopposite|[+-]\s*(?:and|muon|electron)",
    "btag": r"\bb[- ]?tag|\bb[- ]?jets?\b|\bb quark|\bheavy flavou?r|\btagged",
}


def foreign_cut_doubts(asked: str, facts: ProgramFacts, names: frozenset[str]) -> list[str]:
    """Comparisons of a quantity that the request does not speak of: such a selection belongs to another question."""
    if facts.tree is None or facts.usage.dynamic:
        return []
    holds = _columns_of_variables(facts.tree, names)
    found = []
    for node in ast.walk(facts.tree):
        if not isinstance(node, ast.Compare):
            continue
        columns = {c for side in (node.left, *node.comparators) for c in _compared_columns(side, names, holds)}
        for quantity, said in _SELECTED.items():
            of_it = [c for c in sorted(columns) if quantity in name_terms(c)]
            if of_it and not re.search(said, asked, re.IGNORECASE) and not any(c in asked for c in of_it):
                found.append(f"the program selects by {of_it[0]}, which the request does not speak of")
    return list(dict.fromkeys(found))


def _compared_columns(node: ast.AST, names: frozenset[str], holds: dict[str, set[str]]) -> set[str]:
    """Columns whose values are compared; a number of objects says nothing about the column that is counted."""
    if isinstance(node, ast.Call) and (
        (isinstance(node.func, ast.Attribute) and node.func.attr in ("num", "count", "count_nonzero"))
        or (isinstance(node.func, ast.Name) and node.func.id == "len")
    ):
        return set()
    if isinstance(node, ast.Compare):
        return set()  # is looked at by itself
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
        return {node.value}
    if isinstance(node, ast.Name):
        return holds.get(node.id, set())
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
        return _compared_columns(node.value, names, holds)  # what is selected by is no value
    return {c for child in ast.iter_child_nodes(node) for c in _compared_columns(child, names, holds)}


def _columns_of_variables(tree: ast.Module, names: frozenset[str]) -> dict[str, set[str]]:
    """Which columns' values a variable of the program holds, assigned in order."""
    holds: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            holds[node.targets[0].id] = _compared_columns(node.value, names, holds)
    return holds
