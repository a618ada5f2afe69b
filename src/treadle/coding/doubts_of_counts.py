"""Doubts about what is counted or averaged over: events or objects; the leading object or all of them; pairs."""

from __future__ import annotations

import re

from treadle.coding.levels import Level, printed_levels
from treadle.coding.program_facts import ProgramFacts
from treadle.types import DataSummary
from treadle.words import name_terms

__all__ = ["count_doubts"]

_OBJECT = r"(?P<object>jets?|muons?|electrons?|photons?|taus?)"
_ADJECTIVES = r"(?:(?:of the|the|all|good|central|b-tagged|b|selected|positive|negative|isolated) )*"
_HOW_MANY = r"(?:how many|count (?:the|all)?|(?:total )?number of)"
_AVERAGED = (
    r"\b(?:mean|average|averaged|median|fraction|percentage|efficiency|ratio|share|proportion|percent|largest|smallest|maximum|"
    r"minimum|highest|lowest|most|std|deviation|spread|rms|weight(?:s|ed)?|plot|histogram|correlation|rate|distribution|bins?|sum)\b"
)
_LEVEL_NAMES = {
    "n_events": "a number of events",
    "n_objects": "a number of objects of all events",
    "fraction_events": "a fraction of the events",
    "fraction_objects": "a fraction of the objects",
    "per_event": "a mean number an event",
    "mean_of_objects": "a mean over the objects",
}


def count_doubts(asked: str, facts: ProgramFacts, data: DataSummary) -> list[str]:
    found = _leading_doubts(asked, facts, data)
    levels = printed_levels(facts.tree, data) if facts.tree is not None else []
    if len(levels) != 1 or levels[0] is None:
        return found
    return found + _level_doubts(asked, levels[0], data)


def _level_doubts(asked: str, level: Level, data: DataSummary) -> list[str]:
    if level.over in ("event", "objects", "jagged"):
        return ["the program prints a list of values, not one"] if not re.search(r"\blist\b|\beach\b|\ball\b", asked) else []
    if level.kind == "degenerate":
        return ["the program takes the mean or spread of a single number"]
    wanted, what = _wanted(asked, data)
    if what is None or level.kind not in _LEVEL_NAMES or level.kind in wanted:
        return []
    return [f"the request asks for {what}, the program computes {_LEVEL_NAMES[level.kind]}"]


def _wanted(asked: str, data: DataSummary) -> tuple[tuple[str, ...], str | None]:
    """What a printed number may be, and the words for it; None where the request does not say so clearly."""
    text = asked.lower()
    if re.search(
        r"\b(?:mean|average) (?:number|count|multiplicity) of\b|\bhow many [\w -]+ (?:on average|per event)\b", text
    ):
        return ("per_event",), "a mean number an event"
    fraction = r"\b(?:fraction|percentage|proportion|share|per ?cent)\b (?:of )?(?:the )?(?:all )?"
    if re.search(fraction + r"events\b", text) and not re.search(r"\bmean\b|\baverage\b", text):
        return ("fraction_events",), "a fraction of the events"
    match = re.search(fraction + _ADJECTIVES + _OBJECT + r"\b", text)
    if (
        match
        and _is_jagged(match.group("object"), data)
        and not re.search(r"\bmean\b|\baverage\b|\bleading\b|\bhardest\b", text)
    ):
        return ("fraction_objects",), f"a fraction of the {match.group('object')}"
    if re.search(_AVERAGED, text):
        quantity = re.search(r"\b(?:mean|average|median|standard deviation|spread|rms|std)\b", text)
        counts = re.search(
            r"\b(?:numbers?|how many|count|fraction|efficiency|percent\w*|rate|multiplicity|share|n_\w+|\w*hits)\b",
            text,
        )
        return (
            (("per_event", "mean_of_objects"), "the mean or spread of a quantity") if quantity and not counts else ((), None)
        )
    if re.search(rf"\b{_HOW_MANY} ?(?:of the |the |all |selected )*(?:events|entries)\b|\bin how many events\b", text):
        return ("n_events",), "a number of events"
    match = re.search(rf"^\W*{_HOW_MANY} ?{_ADJECTIVES}{_OBJECT}\b(?! pairs)", text)
    special = re.search(r"\b(?:leading|hardest|first|second|subleading|pairs?)\b|\bper event\b|\beach event\b", text)
    if match and not special and _is_jagged(match.group("object"), data):
        return ("n_objects",), f"a number of {match.group('object')}"
    return (), None


def _is_jagged(said: str, data: DataSummary) -> bool:
    term = said.rstrip("s") if said != "taus" else "tau"
    return any(
        column.shape == "jagged" and term in name_terms(column.name) for table in data.tables for column in table.columns
    )


# ------------------------------------------------------------------------------------------------ leading, pairs


def _leading_doubts(asked: str, facts: ProgramFacts, data: DataSummary) -> list[str]:
    match = re.search(
        r"\b(leading|hardest|subleading|(?:second|third)[- ](?:hardest|leading|highest))\b (?:[\w-]+ )?"
        r"(jet|muon|electron|photon|tau)",
        asked,
        re.IGNORECASE,
    )
    found = []
    if match and _is_jagged(match.group(2).lower(), data):
        chosen = facts.calls_any(
            "max", "argmax", "sort", "argsort", "sorted", "firsts", "maximum", "nlargest", "nanmax", "amax", "any"
        )
        chosen |= (
            facts.loops > 0 or bool(facts.indices & {0, 1, 2, -1, -2, -3}) or facts.calls_any("local_index") or facts.slices
        )
        if not chosen:
            found.append(f"the request asks for the {match.group(1)} {match.group(2)}, the program does not choose it")
    pairs = re.search(
        r"\b(muon|electron|jet|photon)[- ](?:\w+ )?pairs\b"
        r"|\b(?:combinations|pairs) of (?:\w+ )?(muon|electron|jet|photon)s\b",
        asked,
        re.IGNORECASE,
    )
    if pairs and _is_jagged((pairs.group(1) or pairs.group(2)).lower(), data):
        formed = (
            facts.calls_any("combinations", "cartesian", "argcombinations", "argcartesian", "product") or facts.loops > 1
        )
        formed |= facts.products > 0 or {0, 1} <= facts.indices or facts.compares(2, "Eq")
        if not formed:
            found.append("the request asks for pairs, the program forms none")
    none = re.search(
        r"\b(?:no|zero|without(?: any)?) (?:[\w-]+ )?(?:jet|muon|electron|photon|tau|lepton)s?\b", asked, re.IGNORECASE
    )
    if none and not _excludes(facts):
        found.append(f"the request asks for {none.group(0)}, the program does not demand it")
    return found


def _excludes(facts: ProgramFacts) -> bool:
    return (
        facts.inverted
        or facts.compares(0, "Eq", "LtE", "NotEq")
        or facts.compares(1, "Lt")
        or facts.calls_any("is_none", "all", "isnan")
    )
