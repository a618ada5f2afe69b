"""Words of the grammars, in Lark as llguidance reads it, and the columns that they may name.

Lexemes there are matched greedily, so those that may begin at the same place never stop halfway within one another: words
carry the blank before them, and a bare blank stands only where nothing else begins with one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from treadle.grounding.sql.schema import RESERVED, Dialect, Schema

__all__ = ["CASTS", "CHAIN", "INNER_CHAIN", "SHORT_CHAIN", "Scope", "either", "lexeme", "terminal", "terminals"]

CASTS: dict[Dialect, tuple[str, str]] = {
    "sqlite": ('"INTEGER" | "REAL" | "NUMERIC"', '"TEXT"'),
    "duckdb": ('"INTEGER" | "BIGINT" | "DOUBLE"', '"VARCHAR"'),
    "postgres": ('"NUMERIC" | "BIGINT" | "REAL"', '"TEXT"'),
}
CHAIN, INNER_CHAIN, SHORT_CHAIN = "{0,4}", "{0,2}", "{0,1}"
"""How often an operator, AND or WHEN may follow another in a piece, in a call within it, and where room is short."""
_DATES = re.compile(r"date|timestamp", re.IGNORECASE)
"""Types of columns that are compared with days, where the dialect reads no other text as one."""


@lru_cache(maxsize=1 << 12)
def lexeme(text: str) -> str:
    """``text`` as a literal of a grammar."""
    return json.dumps(text, ensure_ascii=False)


def either(texts: Iterable[str]) -> str:
    """One of ``texts``, as literals."""
    return " | ".join(lexeme(t) for t in dict.fromkeys(texts))


@dataclass(slots=True)
class Scope:
    """The columns that may be named, as they are written there, by what they may be compared with.

    ``real`` holds, for columns that are held to them, the values they have, as literals.
    """

    number: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    real: dict[str, Sequence[str]] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)
    """Those of which it is not known yet, because FROM decides it, or that are compared with nothing."""

    @property
    def all(self) -> list[str]:
        """All of them."""
        return list(dict.fromkeys([*self.number, *self.text, *self.other, *self.unclear]))

    def leave_open(self, columns: Collection[str]) -> None:
        """Compare these of its columns with nothing."""
        self.unclear = [c for c in self.all if c in columns]
        self.number = [c for c in self.number if c not in columns]
        self.text = [c for c in self.text if c not in columns]
        self.other = [c for c in self.other if c not in columns]

    def add(
        self,
        schema: Schema,
        table: str,
        qualifier: str | None,
        names: Iterable[str],
        values: Mapping[tuple[str, str], Sequence[str]],
    ) -> None:
        """Add columns of ``table``, behind ``qualifier`` unless it is None."""
        for name in names:
            written = name if qualifier is None else f"{qualifier}.{name}"
            group = schema.group(schema.columns(table)[name])
            if real := values.get((table, name)):
                self.real[written] = real
                continue
            if group in ("number", "any"):
                self.number.append(written)
            if group in ("text", "any"):
                self.text.append(written)
            if group == "other":
                dated = _DATES.search(schema.columns(table)[name].type) is not None
                (self.other if dated else self.unclear).append(written)


def terminals(letters: int = 60, taken: Collection[str] = ()) -> str:
    """What all grammars share. Literals hold up to so many ``letters``; what is ``taken`` is no new name."""
    reserved = "|".join([*sorted(RESERVED), *taken])
    return f"""
NUM: /-?[0-9]{{1,9}}(\\.[0-9]{{1,6}})?/
INT: /[1-9][0-9]{{0,4}}/
DIGITS: /[0-9]/
STR: /'([^'\\x00-\\x1f]|''){{0,{letters}}}'/
DAY: /'[0-9]{{4}}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)'/
ALIAS: /[a-z][a-z0-9_]{{0,30}}/ & ~/{reserved}/
OP: " + " | " - " | " * " | " / "
CMP: " = " | " < " | " > " | " <= " | " >= " | " <> " | " != "
conn: " AND " | " OR "
"""


def terminal(columns: Iterable[str]) -> str:
    """One of ``columns``, with those together that stand behind several qualifiers alike."""
    behind: dict[str, list[str]] = {}
    for column in dict.fromkeys(columns):
        qualifier, dot, name = _split(column)
        behind.setdefault(qualifier + dot, []).append(name)
    alike: dict[tuple[str, ...], list[str]] = {}
    for qualifier, names in behind.items():
        alike.setdefault(tuple(names), []).append(qualifier)
    return " | ".join(f"({either(qualifiers)}) ({_names(names)})" for names, qualifiers in alike.items())


def _names(names: Iterable[str]) -> str:
    """One of ``names``; those between slashes are patterns of names."""
    return " | ".join(n if n.startswith("/") else lexeme(n) for n in names)


def _split(column: str) -> tuple[str, str, str]:
    at = column.find('".') + 1 if column.startswith('"') else column.find(".")
    inside = at <= 0 or (column.startswith('"') and column.find('"', 1) == len(column) - 1)
    return ("", "", column) if inside else (column[:at], ".", column[at + 1 :])
