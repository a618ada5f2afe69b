"""One statement within a draft, as far as it is written: its items, tables, conditions and keys, as words."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass, field

__all__ = ["Frame", "is_name"]

_KEYWORD_TEXT = """
DISTINCT AS CASE WHEN THEN ELSE END AND OR NOT IN LIKE BETWEEN IS NULL EXISTS FROM JOIN INNER LEFT CROSS ON USING SELECT
OVER PARTITION BY ORDER ASC DESC FILTER WHERE
"""
_KEYWORDS = frozenset(_KEYWORD_TEXT.split())
_CONDITIONS = ("where", "having", "on")


@dataclass(slots=True)
class Frame:
    """One SELECT. ``kind``: 'top', or how it is used: 'value', 'in', 'exists', 'from' (a table), 'with' (a named table).

    ``heads`` are the words before the brackets open in it, ``width`` is how many items it must have (None: any), ``clause``
    the one that the draft has come to and ``words`` what it holds so far, ``after_inner`` whether the last word closed a
    statement within it. ``parts`` counts the statements that UNION and its like have put together, ``began`` the words
    before it; ``first`` is the first of them. ``unites``: UNION may follow.

    ``derived``: statements that FROM uses as tables, by the word that stands for each in ``source``; ``named``: those of
    WITH, by their names. ``beyond``: columns that statements among the items take from this one; ``known``: all that stands
    before the dots of columns within.
    """

    kind: str
    width: int | None = None
    compound: bool = False
    clause: str = "items"
    heads: list[str] = field(default_factory=list)
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
    derived: dict[str, Frame] = field(default_factory=dict)
    named: dict[str, Frame] = field(default_factory=dict)
    beyond: dict[str, set[str]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    @property
    def opens(self) -> int:
        """How many brackets are open."""
        return len(self.heads)

    def columns(self) -> tuple[set[str], dict[str, set[str]]]:
        """The columns that the items name: bare ones, and those behind each qualifier."""
        bare: set[str] = set()
        behind = {qualifier: set(columns) for qualifier, columns in self.beyond.items()}
        words = [*self.items, "", ""]
        for at, word in enumerate(words[:-2]):
            before = words[at - 1] if at else ""
            if before == "." or not is_name(word):
                continue
            if words[at + 1] == ".":
                behind.setdefault(word, set()).update({words[at + 2]} - {"*", ""})
            elif before not in ("AS", "DOUBLE") and words[at + 1] not in ("(", "FROM"):
                bare.add(word)
        return bare, behind

    def plain(self, aggregates: Collection[str]) -> tuple[list[str], bool]:
        """The columns that items name outside of ``aggregates``, as written, and whether there is an aggregate."""
        found = [f"{qualifier}.{column}" for qualifier, columns in self.beyond.items() for column in sorted(columns)]
        within, any_aggregate = list[bool](), False
        words = ["", *self.items, "", ""]
        for at in range(1, len(words) - 2):
            before, word, after = words[at - 1 : at + 2]
            if word == "(":
                within.append(before in aggregates or before == "FILTER")
                any_aggregate |= within[-1]
            elif word == ")":
                within.pop()
            elif is_name(word) and before not in (".", "AS", "DOUBLE") and after not in ("(", "FROM") and not any(within):
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

    def apart(self, aggregates: Set[str]) -> bool:
        """Whether no item names columns both within and outside of ``aggregates`` or windows."""
        mixed = (Frame("top", items=part).plain(aggregates)[0] for part in self.each_item() if aggregates & set(part))
        return "OVER" not in self.items and not any(mixed) and not self.beyond

    def named_unaggregated(self, aggregates: Set[str]) -> list[str]:
        """The names that such items were given."""
        parts = [part for part in self.each_item() if part[-2:-1] == ["AS"]]
        return [part[-1] for part in parts if not aggregates & set(part) and "OVER" not in part]

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
            elif word not in ("NOT", "DISTINCT") and (self.clause not in _CONDITIONS or word not in ("(", ")")):
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
        """The tables that FROM has brought, each with what stands before its columns; a statement without a name stands for
        itself, which nothing can write."""
        found = []
        words = [*self.source, "", ""]
        for at, word in enumerate(words):
            if word and (at == 0 or words[at - 1] == "JOIN"):
                named = at + 2 if words[at + 1] == "AS" else at + 1
                found.append((word, words[named] if words[named] and is_name(words[named]) else word))
        return found

    def using(self) -> set[str]:
        """The columns that USING has made one of two."""
        return {self.source[at + 2] for at, word in enumerate(self.source[:-2]) if word == "USING"}


def is_name(word: str) -> bool:
    """Whether a word is the name of a column, a table, a function or a type."""
    return (word[0] == '"' or word[0].isalpha() or word[0] == "_") and word not in _KEYWORDS
