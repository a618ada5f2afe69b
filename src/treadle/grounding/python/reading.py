"""What the lines of a program say so far of the next one: at which columns it may begin, with what, and what is bound.

The text need not parse: it may end within a block. It is read token by token, and where it cannot be read the answer is that
nothing is known.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from treadle.grounding.python.made import note_made

__all__ = ["Reading", "read"]

_FOLLOWERS = {
    "if": ("elif", "else"),
    "elif": ("elif", "else"),
    "for": ("else",),
    "while": ("else",),
    "try": ("except", "finally"),
    "except": ("except", "else", "finally"),
    "case": ("case",),
}
_SKIPPED = {tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
Tokens = Sequence[tokenize.TokenInfo]


@dataclass(slots=True)
class _Block:
    """An open block: its column, the line that opened it, the last statement at its column, the names bound in its scope."""

    column: int
    opener: str = ""
    last: str = ""
    names: set[str] | None = None
    draft: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a next line may begin and what is bound there.

    ``columns``: those of the open blocks, innermost last. ``follow``: by column, headers that continue what stands there.
    ``only``: by column, the kinds of line that must come (``decorator``, ``case``, ``except``). ``opened``: the
    last line opened a block. ``free``: any name may be bound. ``returning``: columns within the draft's functions.
    ``made``: of names that were always bound to the same kind of thing, what made it (``made.py``).
    """

    columns: tuple[int, ...] = (0,)
    follow: dict[int, tuple[str, ...]] = field(default_factory=dict)
    only: dict[int, str] = field(default_factory=dict)
    opened: bool = False
    matching: bool = False
    bound: frozenset[str] = frozenset()
    rebound: frozenset[str] = frozenset()
    free: bool = False
    returning: frozenset[int] = frozenset()
    made: Mapping[str, str] = field(default_factory=dict)


def read(text: str, begun: int = 0) -> Reading:
    """Read ``text``; scopes that open behind its first ``begun`` characters are the draft's own."""
    before = text[:begun]
    lines = before.count("\n") + bool(before.rpartition("\n")[2].strip())
    stack, opened, matching = [_Block(0, names=set())], False, False
    star, rebound, made = False, set[str](), dict[str, str]()
    try:
        for tokens in _logical(text):
            column = _column(tokens[0])
            if opened:
                stack[-1].column = column
            while stack[-1].column > column and len(stack) > 1:
                stack.pop()
            head, binds = _head(tokens), _binds(tokens)
            scope = next(b for b in reversed(stack) if b.names is not None)
            assert scope.names is not None
            star |= "*" in binds
            scope.names |= binds - _own(tokens, head)
            if tokens[0].start[0] > lines and head not in {"import", "from"}:
                rebound |= binds | _own(tokens, head)
            note_made(made, tokens, binds | _own(tokens, head))
            stack[-1].last = head
            opened = tokens[-1].string == ":" and head != ""
            matching = opened and head == "match"
            if opened:
                own = _own(tokens, head) if head in {"def", "class"} else None
                own = None if own is None else set(own)
                stack.append(_Block(column + 1, head, names=own, draft=head == "def" and tokens[0].start[0] > lines))
    except (tokenize.TokenError, IndentationError, SyntaxError):
        return Reading(free=True)
    bound = frozenset[str]().union(*(b.names for b in stack if b.names is not None))
    free = star or any(b.draft for b in stack)
    reading = _reading(stack, opened, matching, bound, frozenset(rebound), free)
    return replace(reading, made={name: maker for name, maker in made.items() if maker})


def _reading(
    stack: list[_Block], opened: bool, matching: bool, bound: frozenset[str], rebound: frozenset[str], free: bool
) -> Reading:
    """What the open blocks allow: lower columns only where nothing above is unfinished."""
    legal, follow, only = [], {}, {}
    for block in reversed(stack):
        if opened and block is stack[-1]:
            legal.append(block.column)
            break
        legal.append(block.column)
        follow[block.column] = _FOLLOWERS.get(block.last, ())
        if block.last in {"try", "decorator"}:
            only[block.column] = block.last
            break
        if block.opener == "match":
            only[block.column] = "case"
    inner = next((i for i, block in enumerate(stack) if block.draft), len(stack))
    returning = frozenset(block.column for block in stack[inner:])
    return Reading(tuple(reversed(legal)), follow, only, opened, matching, bound, rebound, free, returning)


def _logical(text: str) -> Iterator[Tokens]:
    """The tokens of each logical line without white space and comments, a statement behind an inline header apart."""
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NEWLINE:
            if line:
                yield line
            line = []
        elif token.type not in _SKIPPED:
            line.append(token)


def _column(token: tokenize.TokenInfo) -> int:
    return token.start[1]


def _head(tokens: Tokens) -> str:
    """The kind of a line: its keyword, behind ``async``; 'decorator'; empty for other statements."""
    words = [t.string for t in tokens[:2]]
    word = words[1] if words[0] == "async" and len(words) > 1 else words[0]
    if word == "@":
        return "decorator"
    if word in {"match", "case"}:
        return word if tokens[-1].string == ":" else ""
    kinds = {*_FOLLOWERS, "else", "finally", "with", "def", "class", "import", "from"}
    return word if word in kinds else ""


def _own(tokens: Tokens, head: str) -> set[str]:
    """Of a definition, the names that are bound inside it only: its parameters."""
    if head != "def":
        return set()
    return {t.string for t in tokens[_name_index(tokens) + 1 :] if t.type == tokenize.NAME}


def _name_index(tokens: Tokens) -> int:
    return 2 if tokens[0].string == "async" else 1


def _binds(tokens: Tokens) -> set[str]:
    """Names that a line binds; in doubt more than it does. ``*`` stands for all that an import of everything brings."""
    words = [t.string for t in tokens]
    head = words[1] if words[0] == "async" and len(words) > 1 else words[0]
    if head in {"def", "class"}:
        return {words[_name_index(tokens)]} | _walrus(tokens)
    if head in {"import", "from"}:
        return {t.string for t in tokens if t.type == tokenize.NAME} | ({"*"} if words[-1] == "*" else set())
    if head in {"global", "nonlocal", "case"}:
        return {t.string for t in tokens if t.type == tokenize.NAME}
    found = _walrus(tokens)
    if head == "for" and "in" in words:
        found |= {t.string for t in tokens[: words.index("in")] if t.type == tokenize.NAME}
    found |= _assigned(tokens)
    return found


def _walrus(tokens: Tokens) -> set[str]:
    return {a.string for a, b in pairwise(tokens) if b.string == ":=" and a.type == tokenize.NAME}


def _assigned(tokens: Tokens) -> set[str]:
    """Names left of an equals sign outside brackets, of an annotation, or behind ``as``."""
    depth, found, left = 0, set[str](), set[str]()
    before = ""
    for token in tokens:
        word = token.string
        depth += (word in {"(", "[", "{"}) - (word in {")", "]", "}"})
        if token.type == tokenize.NAME and before == "as":
            found.add(word)
        if depth == 0 and (word == "=" or (word == ":" and len(left) == 1)):
            found |= left
        if word in {";", ":"} and depth == 0:
            left = set()
        if token.type == tokenize.NAME and before != ".":
            left.add(word)
        behind_as = before == "as" and word in {"(", "["}
        before = "as" if behind_as or (before == "as" and word == ",") else word
    return found
