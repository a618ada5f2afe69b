"""Lays a statement out: one clause a line, subqueries indented, lists and conditions under each other."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.coding.sql.style.pieces import Group, Item, Piece

__all__ = ["Layout", "one_line"]

_SIMPLE = frozenset({"SELECT", "FROM", "WHERE", "HAVING", "QUALIFY", "WINDOW", "LIMIT", "FETCH", "VALUES", "WITH"})
_COMBINING = frozenset({"UNION", "EXCEPT", "INTERSECT", "UNION ALL"})
_JOIN_WORDS = frozenset(
    {"NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "ASOF", "SEMI", "ANTI", "POSITIONAL"}
)


def one_line(items: Sequence[Item]) -> str:
    """Everything in one line, with blanks where they belong."""
    text = ""
    for piece in _flat(items):
        text += (" " if piece.blank and text else "") + piece.text
    return text


def _flat(items: Sequence[Item]) -> list[Piece]:
    found: list[Piece] = []
    for item in items:
        if isinstance(item, Piece):
            found.append(item)
        else:
            found += [item.opening, *_flat(item.items), item.closing]
    return found


def _has_query(items: Sequence[Item]) -> bool:
    return any(isinstance(item, Group) and (item.is_query or _has_query(item.items)) for item in items)


class Layout:
    """``indent``: blanks a level; ``width``: where longer lines are broken; ``column_a_line``: of SELECT."""

    def __init__(self, indent: int, width: int, column_a_line: bool) -> None:
        self._indent, self._width, self._column_a_line = indent, width, column_a_line

    def query(self, items: Sequence[Item], margin: int) -> list[str]:
        """The lines of a query, each with ``margin`` blanks before it."""
        lines: list[str] = []
        for clause in _clauses(items):
            lines += self._clause(clause, margin)
        return lines

    def _clause(self, clause: list[Item], margin: int) -> list[str]:
        word = _word(clause[0])
        if word == "SELECT":
            return self._select(clause, margin)
        if word in ("WHERE", "HAVING", "QUALIFY"):
            return self._conditions(clause, margin, len(word))
        if word == "WITH":
            return self._with(clause, margin)
        if word == "VALUES":
            return self._list(clause[:1], _split(clause[1:]), margin, len("VALUES "))
        joined = self._run(clause, margin, margin)
        if len(joined) == 1 and len(joined[0]) <= self._width:
            return joined
        if word.endswith(" BY") or word == "FROM":
            return self._list(clause[:1], _split(clause[1:]), margin, len(word) + 1)
        if any(_word(item) == "JOIN" for item in clause[:4]):
            return self._conditions(clause, margin, self._indent + 2)
        return joined

    # ---------------------------------------------------------------------------------------------- clauses

    def _select(self, clause: list[Item], margin: int) -> list[str]:
        head = 2 if len(clause) > 1 and _word(clause[1]) in ("DISTINCT", "ALL") else 1
        if head == 2 and len(clause) > 3 and _word(clause[2]) == "ON":
            head = 4
        columns = _split(clause[head:])
        if not self._column_a_line and not _has_query(clause):
            line = " " * margin + one_line(clause)
            if len(line) <= self._width:
                return [line]
        return self._list(clause[:head], columns, margin, len("SELECT "))

    def _list(self, head: list[Item], entries: list[list[Item]], margin: int, hang: int) -> list[str]:
        lines: list[str] = [] if entries else [" " * margin + one_line(head)]
        for number, entry in enumerate(entries):
            lead = [*head, *entry] if number == 0 else entry
            inner = margin if number == 0 else margin + hang
            found = self._run(lead, inner, margin + hang if number else margin)
            if len(entries) > 1 and any(len(line) > self._width for line in found):
                found = self._broken_case(lead, inner, margin + hang)
            lines += found
        return lines

    def _with(self, clause: list[Item], margin: int) -> list[str]:
        head = 2 if len(clause) > 1 and _word(clause[1]) == "RECURSIVE" else 1
        lines: list[str] = []
        for number, entry in enumerate(_split(clause[head:])):
            lines += self._run([*clause[:head], *entry] if number == 0 else entry, margin, margin)
        return lines

    def _conditions(self, clause: list[Item], margin: int, width: int) -> list[str]:
        """Each AND and OR of the top level in a line of its own, the words right-aligned."""
        lines: list[str] = []
        for number, part in enumerate(_split_conditions(clause)):
            inner = margin if number == 0 else margin + max(width - len(_word(part[0])), 0)
            lines += self._run(part, inner, inner)
        return lines

    # ---------------------------------------------------------------------------------------------- running text

    def _run(self, items: Sequence[Item], margin: int, base: int) -> list[str]:
        """Running text from ``margin``; subqueries in it are indented from ``base``."""
        lines = [" " * margin]
        for item in items:
            self._append(lines, item, base)
        return lines

    def _append(self, lines: list[str], item: Item, base: int) -> None:
        if isinstance(item, Piece):
            fresh = not lines[-1].strip()
            lines[-1] += (" " if item.blank and not fresh else "") + item.text
            return
        self._append(lines, item.opening, base)
        if item.is_query:
            lines += self.query(item.items, base + self._indent)
            lines.append(" " * base + item.closing.text)
            return
        for inner in item.items:
            self._append(lines, inner, base)
        lines[-1] += (" " if item.closing.blank else "") + item.closing.text

    def _broken_case(self, items: Sequence[Item], margin: int, base: int) -> list[str]:
        """A CASE that is too long for a line: WHEN, ELSE and END each in a line of its own."""
        lines = [" " * margin]
        place = depth = 0
        for item in items:
            word = _word(item)
            if word == "CASE":
                depth += 1
                self._append(lines, item, base)
                place = len(lines[-1]) - len("CASE") if depth == 1 else place
                continue
            if depth == 1 and word in ("WHEN", "ELSE", "END"):
                lines.append(" " * (place + (0 if word == "END" else self._indent)))
            depth -= word == "END"
            self._append(lines, item, base)
        return lines


def _word(item: Item) -> str:
    return item.word if isinstance(item, Piece) else ""


def _split(items: Sequence[Item]) -> list[list[Item]]:
    """The entries of a list, each with the comma after it."""
    entries: list[list[Item]] = [[]]
    for item in items:
        entries[-1].append(item)
        if isinstance(item, Piece) and item.kind == "comma":
            entries.append([])
    return [entry for entry in entries if entry]


def _split_conditions(items: Sequence[Item]) -> list[list[Item]]:
    parts: list[list[Item]] = [[]]
    between = cases = 0
    for item in items:
        word = _word(item)
        cases += (word == "CASE") - (word == "END")
        between += word == "BETWEEN"
        if word == "AND" and between:
            between -= 1
        elif word in ("AND", "OR") and not cases:
            parts.append([])
        parts[-1].append(item)
    return parts


def _clauses(items: Sequence[Item]) -> list[list[Item]]:
    """A query cut before the keyword of each clause."""
    clauses: list[list[Item]] = [[]]
    for index, item in enumerate(items):
        offset_alone = _word(item) == "OFFSET" and bool(clauses[-1]) and _word(clauses[-1][0]) != "LIMIT"
        if clauses[-1] and (offset_alone or _begins_clause(items, index)):
            clauses.append([])
        clauses[-1].append(item)
    return [clause for clause in clauses if clause]


def _begins_clause(items: Sequence[Item], index: int) -> bool:
    word, before = _word(items[index]), _word(items[index - 1])
    if word in _COMBINING:
        return True
    if before in _COMBINING or (before == "ALL" and index > 1 and _word(items[index - 2]) in _COMBINING):
        return word == "SELECT" or word == "VALUES"
    if word in ("GROUP BY", "ORDER BY"):
        return before not in ("PARTITION BY",)
    if word in _JOIN_WORDS:
        return before not in _JOIN_WORDS
    if word == "JOIN":
        return before not in _JOIN_WORDS
    return word in _SIMPLE and not (word == "FROM" and before == "DISTINCT")
