"""What names stand for, one step back: ``h = hist.Hist(...)``, ``fig, ax = plt.subplots()``, ``found = []``.

A kind is known only where every binding of the name that was read says the same, in whichever function it stands.
"""

from __future__ import annotations

import tokenize
from collections.abc import Sequence

__all__ = ["note_made"]

_CHANGING = frozenset({"FigureClass", "like", "ncols", "nrows", "projection", "retstep", "squeeze", "subok", "subplot_kw"})
"""Keywords with which functions give something else than without."""
_PAIRS = frozenset({"subplots"})


def note_made(made: dict[str, str], tokens: Sequence[tokenize.TokenInfo], bound: set[str]) -> None:
    """Note what the names ``bound`` by a logical line stand for, '' for those of which that is not known."""
    found = _makers([t.string for t in tokens], [t.type for t in tokens])
    for name in bound:
        maker = found.get(name, "")
        made[name] = maker if made.get(name, maker) == maker else ""


def _makers(words: Sequence[str], kinds: Sequence[int]) -> dict[str, str]:
    """By name, what an assignment binds to it; nothing for all other lines."""
    if "=" not in words[:4]:
        return {}
    equals = words.index("=")
    targets, value = words[:equals], words[equals + 1 :]
    if not all(target.isidentifier() or target == "," for target in targets):
        return {}
    if len(targets) == 1:
        return {targets[0]: _literal(value, kinds[equals + 1 :]) or _call(value, pair=False)}
    maker = _call(value, pair=True) if len(targets) == 3 and targets[1] == "," else ""
    return {targets[0]: f"{maker}.0", targets[2]: f"{maker}.1"} if maker else {}


def _literal(value: Sequence[str], kinds: Sequence[int]) -> str:
    if value and value[0] == "[" and _closes(value, 0) == len(value) - 1:
        return "[]"
    if list(value) == ["{", "}"]:
        return "{}"
    plain = len(value) == 1 and kinds[0] == tokenize.STRING and not set("bB") & set(value[0][:2])
    return '""' if plain else ""


def _call(value: Sequence[str], pair: bool) -> str:
    """The dotted name of the function whose call is all of ``value``."""
    opening = next((i for i, word in enumerate(value) if word == "("), 0)
    dotted = "".join(value[:opening])
    named = opening > 0 and all(part.isidentifier() for part in dotted.split("."))
    whole = named and _closes(value, opening) == len(value) - 1
    inside = value[opening + 1 : -1]
    if not whole or _CHANGING & set(inside) or "*" in inside[:1] or "**" in inside:
        return ""
    if (dotted.rpartition(".")[2] in _PAIRS) != pair:
        return ""
    # Rows and columns may be given without their names.
    return "" if pair and inside and inside[1:2] != ["="] else dotted


def _closes(value: Sequence[str], opening: int) -> int:
    """Where the bracket closes that opens there; -1 where nowhere."""
    depth = 0
    for place in range(opening, len(value)):
        depth += (value[place] in "([{") - (value[place] in ")]}") if value[place] else 0
        if depth == 0:
            return place
    return -1
