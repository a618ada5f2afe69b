"""One meaning in many words: templates with alternatives, and the small untidiness of what people type.

    [How many|What is the number of] {things} [are there|exist]?

``[a|b]`` is one of its alternatives, which may be empty and may hold others; ``{slot}`` is filled in, or drawn from a list.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

__all__ = ["expand", "noisy", "sentence", "tidy"]

Slot = str | Sequence[str]

_PARTS = re.compile(r"[\[\]|]|\{\w+\}|[^\[\]|{}]+")
_ARTICLE = re.compile(r"\ba (?=(?:[aeio]|u[^nsrt]|un[^i]))(?!(?:or|and|as|in|at|is|it|on|of|are|one|outside)\b)")
"""Where 'a' stands before a vowel, but for words that may follow a value called A ('a or b')."""
_OPENINGS = (
    "Please {x}",
    "Can you {x}",
    "Could you {x}",
    "I need you to {x}",
    "I'd like you to {x}",
    "{x}, please",
)
_COMMANDS = re.compile(r"(?:give|show|list|find|tell|get|count|compute|calculate|return|name|display)\b", re.IGNORECASE)


def expand(template: str, choose: random.Random, **slots: Slot) -> str:
    """A text of ``template``: one alternative of each bracket, every slot filled.

    Raises:
        KeyError: a slot that is not given.
        ValueError: a bracket that is not closed, or closed without being open.
    """
    parts = _PARTS.findall(template)
    text, at = _alternatives(parts, 0, choose, slots)
    if at != len(parts):
        raise ValueError(f"a bracket or bar too many in {template!r}")
    return tidy(text[0])


def _alternatives(parts: Sequence[str], at: int, choose: random.Random, slots: Mapping[str, Slot]) -> tuple[list[str], int]:
    """The alternatives from ``at`` up to the bracket that closes them, or the end. All are drawn, one will be used."""
    found = [""]
    while at < len(parts):
        part = parts[at]
        if part == "]":
            break
        if part == "|":
            found.append("")
        elif part == "[":
            inner, at = _alternatives(parts, at + 1, choose, slots)
            if at >= len(parts):
                raise ValueError(f"a bracket is not closed in {''.join(parts)!r}")
            found[-1] += choose.choice(inner)
        elif part.startswith("{"):
            found[-1] += _filled(slots[part[1:-1]], choose)
        else:
            found[-1] += part
        at += 1
    return found, at


def _filled(slot: Slot, choose: random.Random) -> str:
    return slot if isinstance(slot, str) else choose.choice(slot)


def tidy(text: str) -> str:
    """One blank between words, none before punctuation, 'an' before a vowel."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([,.?;:])", r"\1", text)
    text = re.sub(r",(?=[.?])", "", text)
    return _ARTICLE.sub("an ", text)


def sentence(text: str, question: bool) -> str:
    """``text`` with a capital at its beginning and one mark at its end."""
    text = text.rstrip(" .?")
    return f"{text[:1].upper()}{text[1:]}{'?' if question else '.'}"


def noisy(text: str, choose: random.Random, *, share: float = 0.25) -> str:
    """``text`` as it is, or, in ``share`` of the cases, without its mark, with a small first letter, or more polite."""
    if choose.random() >= share:
        return text
    kind = choose.randrange(4)
    if kind == 0:
        return text.rstrip(".?")
    if kind == 1:
        return text[:1].lower() + text[1:].rstrip(".?") if text[1:2].islower() or text[1:2] == " " else text
    if kind == 2 and _COMMANDS.match(text):
        opening = choose.choice(_OPENINGS)
        asked = opening.startswith(("Can", "Could"))
        return opening.format(x=text[:1].lower() + text[1:].rstrip(".?")) + ("?" if asked else ".")
    return text.rstrip(".?") + choose.choice([" ?", "", ".", "?"])
