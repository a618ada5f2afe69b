"""Where a draft stands: the frames (statements within statements) that are open at its end, read from its words."""

from __future__ import annotations

import re
from collections.abc import Collection, Set
from dataclasses import dataclass, field

__all__ = ["Frame", "frames"]

_WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\d+(?:\.\d+)?|[^\W\d]\w*|[<>!|]?[=>|]|\S""")
_CLAUSES = {"WHERE": "where", "GROUP": "group", "HAVING": "having", "ORDER": "order", "LIMIT": "limit"}
_COMPOUND = frozenset({"UNION", "INTERSECT", "EXCEPT"})
_KEYWORD_TEXT = """
DISTINCT AS CASE WHEN THEN ELSE END AND OR NOT IN LIKE BETWEEN IS NULL EXISTS FROM JOIN INNER LEFT ON SELECT
OVER PARTITION BY ORDER ASC DESC
"""
_KEYWORDS = frozenset(_KEYWORD_TEXT.split())


@dataclass(slots=True)
class Frame:
    """One SELECT. ``kind``: 'top', or how it is used: 'value', 'in', 'exists'.

    ``opens`` counts the brackets open in it, ``width`` is how many items it must have (None: any), ``clause`` the one that
    the draft has come to and ``words`` what it holds so far, ``after_inner`` whether the last word closed a statement within
    it. ``parts`` counts the statements that UNION and its like have put together, ``began`` the words before it; ``first``
    is the first of them. ``unites``: UNION may follow.
    """

    kind: str
    width: int | None = None
    compound: bool = False
    clause: str = "items"
    opens: int = 0
    items: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    last: str = ""
    after_inner: bool = False
    grouped: bool = False
    parts: int = 1
    words: list[str] = field(default_factory=list)
    began: int = 0
    first: Frame | None = None
    unites: bool = True

    def columns(self) -> tuple[set[str], dict[str, set[str]]]:
        """The columns that the items name: bare ones, and those behind each qualifier."""
        bare: set[str] = set()
        behind: dict[str, set[str]] = {}
        words = [*self.items, "", ""]
        for at, word in enumerate(words[:-2]):
            before = words[at - 1] if at else ""
            if before == "." or not _is_name(word):
                continue
            if words[at + 1] == ".":
                behind.setdefault(word, set()).update({words[at + 2]} - {"*", ""})
            elif before != "AS" and words[at + 1] != "(":
                bare.add(word)
        return bare, behind

    def plain(self, aggregates: Collection[str]) -> tuple[list[str], bool]:
        """The columns that items name outside of ``aggregates``, as written, and whether there is an aggregate."""
        found, within, any_aggregate = list[str](), list[bool](), False
        words = ["", *self.items, "", ""]
        for at in range(1, len(words) - 2):
            before, word, after = words[at - 1 : at + 2]
            if word == "(":
                within.append(before in aggregates)
                any_aggregate |= within[-1]
            elif word == ")":
                within.pop()
            elif _is_name(word) and before not in (".", "AS") and after != "(" and not any(within):
                found.append(f"{word}.{words[at + 2]}" if after == "." else word)
        return list(dict.fromkeys(found)), any_aggregate

    def each_item(self) -> list[list[str]]:
        """The words of each item."""
        parts, depth = [list[str]()], 0
        for word in self.items:
            depth += (word == "(") - (word == ")")
            if word == "," and not depth:
                parts.append([])
            else:
                parts[-1].append(word)
        return parts

    def unaggregated(self, aggregates: Set[str]) -> list[str]:
        """The positions of items without ``aggregates`` and windows; none where a star stands for some."""
        parts = self.each_item() if self.count() is not None else []
        return [str(n) for n, part in enumerate(parts, 1) if not aggregates & set(part) and "OVER" not in part]

    def aliases(self) -> list[str]:
        """The names that items were given."""
        found, depth = [], 0
        for before, word in zip(self.items, self.items[1:], strict=False):
            depth += (before == "(") - (before == ")")
            if before == "AS" and not depth:
                found.append(word)
        return found

    def listed(self) -> list[str]:
        """What is listed so far where the draft has come to: items without their names, conditions without brackets and
        NOT around them, keys; each as its words with blanks between."""
        words = self.items if self.clause == "items" else self.words
        found, depth, cases, between = [list[str]()], 0, 0, False
        for word in words:
            depth += (word == "(") - (word == ")")
            cases += (word == "CASE") - (word == "END")
            ends = not cases and ((word == "," and not depth) or word == "OR" or (word == "AND" and not between))
            between = word == "BETWEEN" or (between and word != "AND")
            if ends:
                found.append([])
            elif word not in ("NOT", "DISTINCT") and (self.clause not in ("where", "having") or word not in ("(", ")")):
                found[-1].append(word)
        told = (" ".join(part[: part.index("AS")] if part[-2:-1] == ["AS"] else part) for part in found if part)
        return list(told)

    def members(self) -> list[str]:
        """What the list behind IN that the draft is amid holds so far."""
        begins = len(self.words) - self.words[::-1].index("(")
        found = [""]
        for word in self.words[begins:]:
            found += [""] if word == "," else []
            found[-1] += "" if word == "," else word
        return [member for member in found if member]

    def compared(self) -> tuple[str, str]:
        """What stands before a statement within a condition: a column behind its qualifier (empty for none)."""
        words = list(self.words)
        while words and (words[-1] in ("(", "IN", "NOT") or words[-1][0] in "=<>!"):
            words.pop()
        return (words[-3] if words[-2:-1] == ["."] else "", words[-1] if words else "")

    def count(self) -> int | None:
        """How many items it has; None where a star stands for some."""
        depth, commas, before = 0, 0, ""
        for word in self.items:
            depth += (word == "(") - (word == ")")
            commas += word == "," and not depth
            if word == "*" and before in ("", ",", "DISTINCT", ".") and not depth:
                return None
            before = word
        return commas + 1

    def sources(self) -> list[tuple[str, str]]:
        """The tables that FROM has brought, each with what stands before its columns."""
        found = []
        words = [*self.source, "", ""]
        for at, word in enumerate(words):
            if word and (at == 0 or words[at - 1] == "JOIN"):
                found.append((word, words[at + 2] if words[at + 1] == "AS" else word))
        return found


def _is_name(word: str) -> bool:
    return (word[0] == '"' or word[0].isalpha() or word[0] == "_") and word not in _KEYWORDS


def frames(written: str) -> list[Frame]:
    """The frames open at the end of ``written``, outermost first; none where the statement has ended."""
    stack = [Frame("top")]
    words = _WORD.findall(written)
    for at, word in enumerate(words):
        frame = stack[-1]
        if word == ";":
            return []
        if word == "SELECT" and frame.last == "(":
            before = words[at - 2]
            kind = {"IN": "in", "EXISTS": "exists"}.get(before, "value")
            frame.opens -= 1
            stack.append(Frame(kind, width=None if kind == "exists" else 1, began=at))
            continue
        if word == "SELECT":  # after UNION and its like
            stack[-1] = Frame(
                frame.kind,
                width=frame.count(),
                compound=True,
                parts=frame.parts + 1,
                began=frame.began,
                first=frame.first or frame,
            )
            continue
        if word == ")" and not frame.opens and len(stack) > 1:
            stack.pop()
            stack[-1].words += [" ".join(words[frame.began : at]), ")"]
            stack[-1].after_inner, stack[-1].last = True, ")"
            continue
        _take(frame, word)
    return stack


def _take(frame: Frame, word: str) -> None:
    frame.opens += (word == "(") - (word == ")")
    frame.last, frame.after_inner = word, False
    if frame.clause == "items" and word == "FROM" and not frame.opens:
        frame.clause = "from"
    elif frame.clause == "items":
        frame.items.append(word)
    elif word in _CLAUSES:
        frame.clause, frame.words = _CLAUSES[word], []
        frame.grouped |= word == "GROUP"
    elif frame.clause == "from" and word not in _COMPOUND:
        frame.source.append(word)
    elif word != "BY" or frame.words:
        frame.words.append(word)
