"""What a question itself defines: 'profit = gross - budget', 'value means price times quantity', 'compute it as A / B'."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from treadle.coding.sql.questions.words import Word

__all__ = ["Definitions", "definitions"]

Definitions = dict[tuple[str, ...], tuple[str, Any]]
"""By the stems of a name: (symbol, meaning)."""
_ENDS = frozenset({".", ";", "?", "!"})
_OF = frozenset({"of", "for", "in", "per", "by"})
_MOST_WORDS = 4


def definitions(
    words: Sequence[Word], parse: Callable[[Sequence[Word], Definitions], tuple[str, Any] | None]
) -> tuple[list[Word], Definitions]:
    """The question without its definitions, and these.

    ``parse``: what some words compute, as (symbol, meaning); None where it cannot tell. A definition that it cannot read
    stays in the question.
    """
    found: Definitions = {}
    rest = list(words)
    for _ in range(4):
        step = _one(rest, found, parse)
        if step is None:
            break
        rest = step
    return rest, found


def _one(
    words: list[Word], found: Definitions, parse: Callable[[Sequence[Word], Definitions], tuple[str, Any] | None]
) -> list[Word] | None:
    texts = [w.text for w in words]
    for i, text in enumerate(texts):
        if text in ("=", "means") and 0 < i < len(words) - 1:
            begin = _back(texts, i)
            whole = tuple(w.stem for w in words[begin:i])
            name = whole if 0 < len(whole) <= _MOST_WORDS and _stands_in(words[i:], whole) else _name(words[begin:i])
            if not name:
                continue
            for end in _stops(texts, i + 1):
                meant = parse(words[i + 1 : end], found)
                if meant is not None:
                    found[name] = meant
                    return _without(words, begin, i, end, name)
    return None


def _back(texts: list[str], end: int) -> int:
    """Where the name before ``end`` begins."""
    begin = end
    while begin > 0 and texts[begin - 1] not in _ENDS | {",", ":", "(", ")", "-", "where", "with"}:
        begin -= 1
    return begin


def _name(words: Sequence[Word]) -> tuple[str, ...]:
    """The stems of a name, without what it is of: 'the speed of a trip' defines speed."""
    core: list[str] = []
    for word in words:
        if word.text in _OF and core:
            break
        if word.kind != "word":
            return ()
        if word.text not in ("average", "mean", "total", "return", "show", "give", "find", "and", "list", "avg"):
            core.append(word.stem)
    return tuple(core) if 0 < len(core) <= _MOST_WORDS else ()


def _stops(texts: list[str], start: int) -> list[int]:
    """Where a definition that begins at ``start`` may end, the longest first."""
    depth, ends = 0, []
    for i in range(start, len(texts)):
        if texts[i] == "(":
            depth += 1
        elif texts[i] == ")":
            depth -= 1
            if depth < 0:
                ends.append(i)
                break
        elif depth == 0 and texts[i] in _ENDS | {",", ":"}:
            ends.append(i)
            if texts[i] in _ENDS:
                break
    else:
        ends.append(len(texts))
    return sorted(set(ends), reverse=True)


def _without(words: list[Word], begin: int, equals: int, end: int, name: tuple[str, ...]) -> list[Word]:
    """The question without a definition; where its name stands nowhere else, the name stays."""
    rest = [*words[:begin], *words[end:]]
    if _stands_in(rest, name):
        bracketed = 0 < begin <= len(rest) - 1 and rest[begin - 1].text == "(" and rest[begin].text == ")"
        if bracketed:
            return [*rest[: begin - 1], *rest[begin + 1 :]]
        return rest
    return [*words[:equals], *words[end:]]


def _stands_in(words: Sequence[Word], name: tuple[str, ...]) -> bool:
    stems = [w.stem for w in words]
    return any(tuple(stems[i : i + len(name)]) == name for i in range(len(stems) - len(name) + 1))
