"""The names rung: tables, columns and functions that a statement names are there, else the nearest that is.

Only what is known to be wrong fails; the engine judges afterwards anyway.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from treadle.coding.checks.names import close_names
from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.functions import advice_for, functions_of
from treadle.coding.sql.checks.refusals import ENGINES
from treadle.coding.sql.checks.resolve import resolve
from treadle.coding.sql.checks.scopes import Missing
from treadle.coding.sql.checks.syntax import TokenType, exp, parse_query, place_of, position, span_of, tokens_of, written
from treadle.types import DataSummary, Outcome, Rung, Verdict

__all__ = ["check_names"]

NAME = "names exist"
_MOST_SHOWN = 12
# Functions that sqlglot reads by a grammar of their own, without noting where they stand.
_BY_GRAMMAR_TEXT = """
argmax argmin arg_max arg_min ceil char chr convert decode floor group_concat initcap json_object json_objectagg json_table
match max_by min_by normalize overlay position string_agg substring trim weight_string xmlelement xmltable
"""
_BY_GRAMMAR = frozenset(_BY_GRAMMAR_TEXT.split())

_Found = tuple[int, str, str, Sequence[str], str]
"""Place, reason, hint, nearest names, the name that is not there."""


def check_names(sql: str, dialect: Dialect, summary: DataSummary, functions: Iterable[str] = ()) -> tuple[Verdict, ...]:
    """One failed verdict a name that does not exist, in the order of the text, or one that passed.

    ``functions``: names that this database has beyond those of the engine (extensions, functions of the user).
    """
    tree = parse_query(sql, dialect)
    if tree is None:
        return (_verdict(Outcome.SKIPPED, "the statement does not parse"),)
    missing = [_Told(sql, dialect, summary, m) for m in resolve(tree, sql, dialect, summary).missing]
    found: list[_Found] = [(_offset(t.missing.node), t.reason, t.hint, t.close, t.absent) for t in missing]
    found += _functions(tree, sql, dialect, functions)
    unique: dict[str, Verdict] = {}
    for _, reason, hint, close, name in sorted(found, key=lambda f: f[0]):
        unique.setdefault(reason.split(": ", 1)[-1], _verdict(Outcome.FAILED, reason, hint, close, name))
    verdicts = list(unique.values())
    return tuple(verdicts) or (_verdict(Outcome.PASSED, "no name was found that the database does not have"),)


def _offset(node: exp.Expr) -> int:
    span = span_of(node)
    return span[0] if span else 0


def _verdict(outcome: Outcome, reason: str, hint: str = "", close: Sequence[str] = (), missing: str = "") -> Verdict:
    evidence = {**({"missing": missing} if missing else {}), **({"nearest": list(close)} if close else {})}
    return Verdict(check=NAME, rung=Rung.NAMES, outcome=outcome, reason=reason, hint=hint, evidence=evidence)


class _Told:
    """A missing name in words. ``reason`` says what is wrong and the nearest name, ``hint`` also how to go on."""

    def __init__(self, sql: str, dialect: Dialect, summary: DataSummary, missing: Missing) -> None:
        self.missing, self._dialect, self._summary = missing, dialect, summary
        self.close = (
            close_names(missing.name, missing.known) if missing.kind in ("table", "column", "qualifier", "using") else []
        )
        words = {
            "table": self._table,
            "column": self._column,
            "using": self._column,
            "qualifier": self._qualifier,
            "ambiguous": self._ambiguous,
            "alias here": self._alias_here,
        }[missing.kind]
        what, advice = words()
        self.absent = missing.name if missing.kind in ("table", "column", "using") else ""
        self.reason = place_of(missing.node, sql) + what + self._nearest()
        self.hint = "; ".join(part for part in (self.reason, *advice) if part)

    def _nearest(self) -> str:
        return f"; nearest: {', '.join(f'`{name}`' for name in self.close)}" if self.close else ""

    def _table(self) -> tuple[str, list[str]]:
        return f"there is no table `{self.missing.name}`", [_listed("tables", (t.name for t in self._summary.tables))]

    def _column(self) -> tuple[str, list[str]]:
        name = self.missing.name
        what = f"no column `{name}` in " + (self.missing.place or "the tables of FROM")
        having = [] if self._case() else self._tables_with(name)
        if having:
            absent = not set(having) & set(self.missing.tables)
            advice = [f"`{name}` is a column of {_names(having)}" + ("; join it" if absent else "")]
        else:
            advice = [self._case() or self._tables_of_nearest()]
        return what, [*advice, _listed("columns", self.missing.known)]

    def _tables_with(self, name: str) -> list[str]:
        return [t.name for t in self._summary.tables if any(c.name.lower() == name.lower() for c in t.columns)]

    def _tables_of_nearest(self) -> str:
        """Where columns of nearly that name are, if not in the tables at hand."""
        everywhere = close_names(self.missing.name, {c.name for t in self._summary.tables for c in t.columns})
        elsewhere = [name for name in everywhere if name not in self.missing.known]
        if self.close or not elsewhere:
            return ""
        return "; ".join(f"table {_names(self._tables_with(name))} has `{name}`" for name in elsewhere)

    def _case(self) -> str:
        if self._dialect != "postgres":
            return ""
        same = next((k for k in self.missing.known if k.lower() == self.missing.name.lower()), None)
        return f'write "{same}" in double quotes' if same else ""

    def _qualifier(self) -> tuple[str, list[str]]:
        name = self.missing.name
        if self.missing.tables:
            table = self.missing.tables[0]
            called = [k for k in self.missing.known if k.lower() != table.lower()]
            if self._is_renamed(table):
                return f"table `{table}` is called `{called[0]}` in this statement", [
                    f"write `{called[0]}.` instead of `{name}.`"
                ]
            return f"table `{table}` is not in FROM", [f"join `{table}`", _listed("tables in FROM", self.missing.known)]
        return f"no table is called `{name}` in this statement", [_listed("in FROM", self.missing.known)]

    def _is_renamed(self, table: str) -> bool:
        scopes = self.missing.node.find_ancestor(exp.Select)
        sources = [] if scopes is None else list(scopes.find_all(exp.Table))
        return any(s.name.lower() == table.lower() and s.alias and s.alias.lower() != table.lower() for s in sources)

    def _ambiguous(self) -> tuple[str, list[str]]:
        name, known = self.missing.name, self.missing.known
        return f"column `{name}` is ambiguous: {_names(known)} have it", [
            f"write {' or '.join(f'`{k}.{name}`' for k in known)}"
        ]

    def _alias_here(self) -> tuple[str, list[str]]:
        name = self.missing.name
        what = f"`{name}` is an alias of the output, which {ENGINES[self._dialect]} does not know there"
        return what, ["repeat its expression, or compute it in a subquery"]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _listed(what: str, names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    if not known:
        return ""
    return f"{what}: {', '.join(known[:_MOST_SHOWN])}" + (f", ... ({len(known)} in all)" if len(known) > _MOST_SHOWN else "")


# -------------------------------------------------------------------------------------------------- functions


def _functions(tree: exp.Expr, sql: str, dialect: Dialect, own: Iterable[str]) -> Iterator[_Found]:
    known = functions_of(dialect, own)
    for offset, name in sorted({*_called(tree, sql), *_called_by_grammar(sql, dialect)}):
        if name.lower() in known:
            continue
        advice = advice_for(name, dialect)
        close = [] if advice else close_names(name.lower(), known)
        line = f"line {position(sql, offset)[0]}: " if "\n" in sql.strip() else ""
        reason = f"{line}{ENGINES[dialect]} has no function `{name}`"
        if close:
            reason += f"; nearest: {_names(close)}"
        yield offset, reason, f"{reason}; write {advice}" if advice else reason, close, name


def _called(tree: exp.Expr, sql: str) -> Iterator[tuple[int, str]]:
    """(place, name as written) of every function that is called by a plain name."""
    for node in tree.find_all(exp.Func):
        span, name = span_of(node), written(node, sql)
        if span is None or not re.fullmatch(r"[^\W\d]\w*", name) or not re.match(r"\s*\(", sql[span[1] :]):
            continue
        if re.search(r"\.\s*$", sql[: span[0]]):
            continue  # schema.function(...)
        yield span[0], name


def _called_by_grammar(sql: str, dialect: Dialect) -> Iterator[tuple[int, str]]:
    tokens = tokens_of(sql, dialect)
    for token, following in itertools.pairwise(tokens):
        plain = following.token_type is TokenType.L_PAREN and token.token_type not in (
            TokenType.STRING,
            TokenType.IDENTIFIER,
        )
        if plain and token.text.lower() in _BY_GRAMMAR:
            yield token.start, sql[token.start : token.end + 1]
