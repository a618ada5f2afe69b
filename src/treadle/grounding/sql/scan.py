"""Where a draft stands: the frames (statements within statements) that are open at its end, read from its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from treadle.grounding.sql.frame import Frame

__all__ = ["frames"]

_WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\d+(?:\.\d+)?|[^\W\d]\w*|[<>!|]?[=>|]|\S""")
_CLAUSES = {"WHERE": "where", "GROUP": "group", "HAVING": "having", "ORDER": "order", "LIMIT": "limit"}
_COMPOUND = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_JOINS = frozenset({"JOIN", "INNER", "LEFT", "CROSS"})


def frames(written: str, begun: bool = True) -> list[Frame]:
    """The frames open at the end of ``written``, outermost first; none where the statement has ended.

    ``begun``: the word SELECT stands before it.
    """
    stack = [Frame("top", clause="items" if begun else "begin")]
    words = _WORD.findall(written)
    for at, word in enumerate(words):
        frame = stack[-1]
        if word == ";":
            return []
        if word == "SELECT" and frame.last == "(":
            frame.heads.pop()
            stack.append(_within(frame, words[at - 2] if at > 1 else "", at))
        elif word == "SELECT" and frame.clause in ("begin", "with"):
            frame.clause, frame.after_inner = "items", False
        elif word == "SELECT":  # after UNION and its like
            stack[-1] = _beside(frame)
        elif word == ")" and not frame.heads and len(stack) > 1:
            stack.pop()
            _close(stack[-1], frame, words[frame.began : at])
        else:
            _take(frame, word)
    return stack


def _within(frame: Frame, before: str, at: int) -> Frame:
    """A statement that begins within ``frame``, behind the word ``before`` and a bracket."""
    if frame.clause in ("from", "with"):
        return Frame(frame.clause, began=at)
    kind = {"IN": "in", "EXISTS": "exists"}.get(before, "value")
    return Frame(kind, width=None if kind == "exists" else 1, began=at)


def _beside(frame: Frame) -> Frame:
    """The statement that UNION or its like puts beside ``frame``."""
    return Frame(
        frame.kind,
        width=frame.count(),
        compound=True,
        parts=frame.parts + 1,
        began=frame.began,
        first=frame.first or frame,
        named=frame.named,
        known=frame.known | {qualifier for _, qualifier in frame.sources()},
    )


def _close(frame: Frame, inner: Frame, words: Sequence[str]) -> None:
    """Go on in ``frame`` behind ``inner``, a statement within it of these ``words``."""
    text = " ".join(words)
    inner.known |= {qualifier for _, qualifier in inner.sources()}
    frame.known |= inner.known
    if frame.clause == "from":
        frame.source[-1] = f"({text})"
        frame.derived[frame.source[-1]] = inner
    elif frame.clause == "with":
        frame.named[frame.words[-3]] = inner
    elif frame.clause == "items":
        frame.items += [f"'{text}", ")"]
        for qualifier, column in _qualified(words):
            if qualifier not in inner.known:
                frame.beyond.setdefault(qualifier, set()).add(column)
    else:
        frame.words += [text, ")"]
    frame.after_inner, frame.last = True, ")"


def _qualified(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for at, word in enumerate(words[1:-1], 1):
        if word == "." and words[at + 1] != "*":
            yield words[at - 1], words[at + 1]


def _take(frame: Frame, word: str) -> None:
    if word == "(":
        frame.heads.append(frame.last)
    elif word == ")" and frame.heads:
        frame.heads.pop()
    frame.last, frame.after_inner = word, False
    if frame.clause == "items" and word == "FROM" and not frame.heads:
        frame.clause = "from"
    elif frame.clause == "items":
        frame.items.append(word)
    elif frame.clause == "begin":
        frame.clause = "with"
    elif word in _CLAUSES and not frame.heads:
        frame.clause, frame.words = _CLAUSES[word], []
        frame.grouped |= word == "GROUP"
    elif frame.clause in ("from", "on") and not frame.heads and word in _JOINS:
        frame.clause = "from"
        frame.source.append(word)
    elif frame.clause == "from" and word == "ON":
        frame.clause, frame.words = "on", []
    elif frame.clause == "from" and word not in _COMPOUND:
        frame.source.append(word)
    elif word != "BY" or frame.words:
        frame.words.append(word)
