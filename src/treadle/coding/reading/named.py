"""Names that a request gives to values: 'tau21 = tau2/tau1', 'where HT is the scalar sum of the pt of jets above 30 GeV'."""

from __future__ import annotations

import re

from treadle.coding.chart import Grammar, parse
from treadle.coding.reading.lexicon import lexical
from treadle.coding.reading.remarks import idle_words
from treadle.coding.reading.tokens import NUMBER, tokens
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import Number, Value
from treadle.coding.reading.units import unit_named

__all__ = ["named_values"]

_GIVES = re.compile(
    r"(?P<lead>[(,;.:]?\s*\b(?i:(?:and|where|with|using|use|take|define|let|as|for)\s+)*)"
    r"(?:\bthe\s+)?\b(?P<name>[A-Za-z]\w{0,19})\s*(?:(?<![<>=!])=(?![=<>])|\b(?:is|being)\s+(?:defined as\s+)?(?=the\s))\s*"
)
_ENDS = re.compile(r"[.;?](?=\s|$)|,|\)|\b(?:and|for|in|of|is|where|with)\b|$")
_TOLD = re.compile(r"\b(?:where|with|using|use|define|let|take|as)\b|^\s*[(,;.:]", re.IGNORECASE)
SURE = 2.1
"""What the reading of a value may cost."""


def named_values(text: str, told: Told, grammar: Grammar) -> str:
    """``text`` without what its own names mean, which ``told`` then has; one that is used nowhere else stays."""
    for _ in range(4):
        for found in _GIVES.finditer(text):
            name = found["name"]
            if not _may_be_name(name, told) or (
                (" is" in found[0] or " being" in found[0]) and not _TOLD.search(found["lead"])
            ):
                continue
            value, end = _value_after(text, found.end(), told, grammar)
            used = len(re.findall(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)) > 1
            in_unit = re.match(r"\s*\(?(?:is |given |taken |all )*in\s+(\w+)", text[end:])
            if in_unit is not None and unit_named(in_unit[1]):
                break  # a value in another unit than its columns
            if value is None or (isinstance(value, Number) and not used):
                continue
            told.names[name] = value
            closing = 1 if "(" in found["lead"] and text[end : end + 1] == ")" else 0
            kept = " " if used and _TOLD.search(found["lead"]) else f"{found['lead']} {name} "
            text = f"{text[: found.start()]}{kept}{text[end + closing :]}"
            break
        else:
            break
    return text


def _may_be_name(name: str, told: Told) -> bool:
    return name not in told.catalogue.by_column and name not in told.names and not (unit_named(name) and len(name) > 1)


def _value_after(text: str, start: int, told: Told, grammar: Grammar) -> tuple[Value | None, int]:
    """The value that the words from ``start`` on tell, as many of them as make one, and where it ends."""
    ends = [start + m.start() for m in _ENDS.finditer(text[start : start + 200])]
    for end in reversed(ends[:12]):
        said = text[start:end]
        if not said.strip() or said.count("(") != said.count(")"):
            continue
        words = tokens(said, told.catalogue, told.names)
        edges = parse([w.text for w in words], lexical(words, told), grammar, "V", idle_words(words)) if words else []
        for edge in edges[:1]:
            if not edge.over and edge.cost <= SURE:
                assert isinstance(edge.meaning, Value)
                return edge.meaning, end
        if re.fullmatch(rf"\s*{NUMBER}\s*", said):
            return Number(float(said)), end
    return None, start
