"""Grammars of expressions over the columns that are in scope, in Lark as llguidance reads it.

Lexemes there are matched greedily, so those that may begin at the same place never stop halfway within one another: words
carry the blank before them, and a bare blank stands only where nothing else begins with one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from treadle.grounding.sql.schema import RESERVED, Dialect, Schema

__all__ = ["AGGREGATES", "Scope", "aggregates", "conditions", "either", "expressions", "lexeme", "terminals"]

_CASTS: dict[Dialect, tuple[str, str]] = {
    "sqlite": ('"INTEGER" | "REAL" | "NUMERIC"', '"TEXT"'),
    "duckdb": ('"INTEGER" | "BIGINT" | "DOUBLE"', '"VARCHAR"'),
    "postgres": ('"NUMERIC" | "BIGINT" | "REAL"', '"TEXT"'),
}
_AGGREGATES: dict[Dialect, tuple[str, ...]] = {
    "sqlite": ("SUM", "AVG", "TOTAL"),
    "duckdb": ("SUM", "AVG", "MEDIAN", "STDDEV", "VARIANCE"),
    "postgres": ("SUM", "AVG", "STDDEV", "VARIANCE"),
}
AGGREGATES = frozenset({"COUNT", "MIN", "MAX", "GROUP_CONCAT", *(name for names in _AGGREGATES.values() for name in names)})
_FORMATS = ("'%Y'", "'%m'", "'%d'", "'%H'", "'%w'", "'%Y-%m'", "'%Y-%m-%d'", "'%M'", "'%j'")


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
    """Those of which it is not known yet, because FROM decides it."""

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
                self.other.append(written)


def terminals() -> str:
    """What all grammars share."""
    reserved = "|".join(sorted(RESERVED))
    return f"""
NUM: /-?[0-9]{{1,9}}(\\.[0-9]{{1,6}})?/
INT: /[1-9][0-9]{{0,4}}/
DIGITS: /[0-9]/
STR: /'([^'\\x00-\\x1f]|''){{0,60}}'/
ALIAS: /[a-z][a-z0-9_]{{0,30}}/ & ~/{reserved}/
OP: " + " | " - " | " * " | " / "
CMP: " = " | " < " | " > " | " <= " | " >= " | " <> " | " != "
conn: " AND " | " OR "
"""


def expressions(p: str, scope: Scope, dialect: Dialect, pairs: Sequence[Scope] | None = None) -> str:
    """Rules without aggregates: ``{p}_x`` any operand, ``{p}_f`` no literal, ``{p}_n`` a number, ``{p}_t`` a text.

    With ``pairs`` every expression names one column of ``scope``, or some that are all in the same one of ``pairs``.
    """
    single, at = pairs is not None, p.upper()
    lines = [f"{at}_COL: {_terminal([*scope.all, *scope.real])}"]
    lines += [f"{at}_NCOL: {_terminal(scope.number)}"] if scope.number else []
    lines += [f"{at}_TCOL: {_terminal(scope.text)}"] if scope.text else []
    lines += [f"{at}_OCOL: {_terminal(scope.other)}"] if scope.other else []
    lines += _duos(p, pairs) if pairs else []
    levels = [p, f"{p}i", f"{p}j"]
    for level, inner in zip(levels, [*levels[1:], None], strict=True):
        lines += _level(p, level, inner, scope, dialect, pairs)
        if level != p:
            lines.append(conditions(level, scope, inner=False, single=single, at=at))
    first = [f"{at}_NCOL"] if scope.number else []
    operand = "NUM" if single else f"{p}_na"
    lines.append(f"{p}_f: {at}_COL | {p}_tf | " + " | ".join(f"{a} (OP {operand})*" for a in [*first, f"{p}_nf"]))
    return "\n".join(lines) + "\n"


def _level(
    p: str, level: str, inner: str | None, scope: Scope, dialect: Dialect, pairs: Sequence[Scope] | None
) -> list[str]:
    """Expressions whose calls and brackets hold those of the level ``inner``; where there is none, they have none.

    Without levels a model could go on with brackets for ever, and SQLite's parser takes a hundred.
    """
    single, at = pairs is not None, p.upper()
    duos = [f"{p}_duo"] if pairs else []
    tduos = [f"{p}_tduo"] if pairs else []
    number = ([f"{at}_NCOL"] if scope.number else []) + ([] if single else ["NUM"]) + duos
    text = ([f"{at}_TCOL"] if scope.text else []) + ([] if single else ["STR"]) + tduos
    more, glued = ("NUM", "STR") if single else (f"{level}_na", f"{level}_ta")
    others = (f" | {at}_OCOL" if scope.other else "") + (f" | {at}_COL" if scope.real or scope.unclear else "")
    lines = []
    if inner is not None:
        case = f"({p}_duo_case | {inner}_case)" if pairs else f"{inner}_case"
        lines.append(f"{level}_nf: " + "\n  | ".join(_number_calls(inner, single, case, scope, dialect, at)))
        lines.append(f"{level}_tf: " + "\n  | ".join(_text_calls(inner, single, dialect)))
        number += [f'"(" {inner}_n ")"', f"{level}_nf"]
        text += [f"{level}_tf"]
    n, t = ("NUM", "STR") if single else (f"{level}_n", f"{level}_t")
    again = "" if single else f' (" WHEN " {level}_cond " THEN " {n})*'
    return [
        *lines,
        f"{level}_n: (NUM OP)* {level}_na (OP {more})*" if single else f"{level}_n: {level}_na (OP {level}_na)*",
        f"{level}_na: " + (" | ".join(number) or "NUM"),
        f'{level}_case: {level}_cond " THEN " {n}{again} (" ELSE " {n})?',
        f'{level}_tcase: {level}_cond " THEN " {t}{again.replace(n, t)} (" ELSE " {t})?',
        f'{level}_t: {level}_ta (" || " {glued})*',
        f"{level}_ta: " + (" | ".join(text) or "STR"),
        f"{level}_x: {level}_n | {level}_t{others}",
    ]


def _terminal(columns: Iterable[str]) -> str:
    """One of ``columns``, with those together that stand behind several qualifiers alike."""
    behind: dict[str, list[str]] = {}
    for column in dict.fromkeys(columns):
        qualifier, dot, name = _split(column)
        behind.setdefault(qualifier + dot, []).append(name)
    alike: dict[tuple[str, ...], list[str]] = {}
    for qualifier, names in behind.items():
        alike.setdefault(tuple(names), []).append(qualifier)
    return " | ".join(f"({either(qualifiers)}) ({either(names)})" for names, qualifiers in alike.items())


def _split(column: str) -> tuple[str, str, str]:
    at = column.find('".') + 1 if column.startswith('"') else column.find(".")
    inside = at <= 0 or (column.startswith('"') and column.find('"', 1) == len(column) - 1)
    return ("", "", column) if inside else (column[:at], ".", column[at + 1 :])


def _duos(p: str, pairs: Sequence[Scope]) -> list[str]:
    """Expressions of two columns of one table, for each table that has some."""
    known = [(n, pair) for n, pair in enumerate(pairs) if pair.number]
    lines = [f"{p.upper()}_D{n}: {_terminal(pair.number)}" for n, pair in known]
    columns = [f"{p.upper()}_D{n}" for n, _ in known]
    test = '(CMP (NUM | STR) | " IS" (" NOT")? " NULL" | " LIKE " STR)'
    lines.append(f"{p}_duo: " + " | ".join(f"{c} (OP {c})+" for c in columns))
    texts = [(n, pair) for n, pair in enumerate(pairs) if pair.text] or [(0, Scope(text=["NULL"]))]
    lines += [f"{p.upper()}_E{n}: {_terminal(pair.text)}" for n, pair in texts]
    glued = [f"{p.upper()}_E{n}" for n, _ in texts]
    lines.append(f"{p}_tduo: " + " | ".join(f'{c} (" || " (STR " || ")? {c})+' for c in glued))
    lines.append(f"{p}_duo_case: " + " | ".join(f'{c} {test} " THEN " {c} (" ELSE " (NUM | "NULL"))?' for c in columns))
    return lines


def _number_calls(p: str, single: bool, case: str, scope: Scope, dialect: Dialect, at: str) -> list[str]:
    source = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    n = "NUM" if single else f"{p}_n"
    calls = [
        f'"ABS(" {p}_n ")"',
        f'"LENGTH(" {p}_t ")"',
        f'"CAST(" {source} " AS " ({_CASTS[dialect][0]}) ")"',
        f'"COALESCE(" {p}_n ", " {n} ")"',
        f'"NULLIF(" {p}_n ", " {n} ")"',
        f'"CASE" " WHEN " {case} " END"',
        f'"ROUND(" {p}_n ")"',
    ]
    if dialect == "postgres":
        calls.append(f'"ROUND(" "CAST(" {p}_n " AS " "NUMERIC" ")" ", " DIGITS ")"')
    else:
        calls.append(f'"ROUND(" {p}_n ", " DIGITS ")"')
    if dialect == "sqlite":
        calls.append(f'("JULIANDAY" | "julianday") "(" {p}_x ")"')
    elif scope.other:
        calls.append(f'"DATE_PART(\'" ("year" | "month" | "day" | "hour") "\', " {at}_OCOL ")"')
    return calls


def _text_calls(p: str, single: bool, dialect: Dialect) -> list[str]:
    source = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    t = "STR" if single else f"{p}_t"
    calls = [
        f'("LOWER(" | "UPPER(" | "TRIM(") {p}_t ")"',
        f'"SUBSTR(" {p}_t ", " INT (", " INT)? ")"',
        f'"REPLACE(" {p}_t ", " STR ", " STR ")"',
        f'"COALESCE(" {p}_t ", " {t} ")"',
        f'"CAST(" {source} " AS " {_CASTS[dialect][1]} ")"',
        f'"CASE" " WHEN " {p}_tcase " END"',
    ]
    if dialect == "sqlite":
        calls.append(f'("STRFTIME(" | "strftime(") ({either(_FORMATS)}) ", " {p}_x ")"')
        calls.append(f'("DATE(" | "date(") {p}_x ")"')
    return calls


def conditions(p: str, scope: Scope, inner: bool = True, single: bool = False, at: str = "") -> str:
    """Rules of conditions: ``{p}_cond`` a whole one, ``{p}_cut`` the beginning of one, up to a statement within it.

    With ``single`` a condition names one column. ``at`` begins the names of the columns' terminals.
    """
    at = at or p.upper()
    n, t = ("NUM", "STR") if single else (f"{p}_n", f"{p}_t")
    preds = [
        f"{p}_n CMP {n}",
        f"{p}_t CMP {t}",
        f'{p}_n (" NOT")? " IN" " (" NUM (", " NUM)* ")"',
        f'{p}_t (" NOT")? " IN" " (" STR (", " STR)* ")"',
        f'{p}_n (" NOT")? " BETWEEN " {n} " AND " {n}',
        f'{p}_t (" NOT")? " BETWEEN " {t} " AND " {t}',
        f'{p}_t (" NOT")? " LIKE " STR',
        f'{at}_COL " IS" (" NOT")? " NULL"',
    ]
    if scope.other:
        preds += [f"{at}_OCOL CMP {'STR' if single else f'({at}_OCOL | STR)'}"]
        preds += [f'{at}_OCOL (" NOT")? " BETWEEN " STR " AND " STR']
    for number, column in enumerate(scope.real):
        real = f"{p}_v{number}"
        preds.append(f'{lexeme(column)} (CMP {real} | (" NOT")? " IN" " (" {real} (", " {real})* ")")')
    lines = [f"{p}_v{k}: {either(values)}" for k, values in enumerate(scope.real.values())]
    lines.append(f"{p}_pred: " + "\n  | ".join(preds))
    if single:
        lines.append(f"{p}_cond: {p}_pred")
    else:
        lines += [
            f'{p}_{one}: ("NOT ")? ({p}_pred{within}) (conn {p}_{one})?'
            for one, within in (("cond", f' | "(" {p}_cond_i ")"'), ("cond_i", f' | "(" {p}_cond_j ")"'), ("cond_j", ""))
        ]
    if inner:
        lines.append(_cut(p))
        lines.append(f'{p}_pcut: {p}_x (CMP "(" | (" NOT")? " IN" " (") "SELECT" | ("NOT ")? "EXISTS " "(" "SELECT"')
    return "\n".join(lines) + "\n"


def _cut(p: str) -> str:
    return f'{p}_cut: ({p}_cond conn)? ({p}_pcut | ("NOT ")? "(" {p}_cut)'


def aggregates(p: str, dialect: Dialect, having: bool = False, single: bool = False) -> str:
    """Rules with aggregates: ``{p}_an`` a number, ``{p}_ax`` any; with ``having`` also conditions ``{p}h_cond``."""
    names = either(f"{n}(" for n in _AGGREGATES[dialect])
    places = f'"ROUND(" {p}_an ", " DIGITS ")"'
    if dialect == "postgres":
        places = f'"ROUND(" "CAST(" {p}_an " AS " "NUMERIC" ")" ", " DIGITS ")"'
    other = '"COUNT(" "*" ")"' if single else ""
    extreme = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    lines = []
    for level, inner in ((f"{p}_an", f"{p}_an_i"), (f"{p}_an_i", f"{p}_an_j"), (f"{p}_an_j", None)):
        wrapped = f"""
  | "(" {inner} ")" | "ROUND(" {inner} ")" | {places.replace(f"{p}_an", f"{inner}")}
  | "COALESCE(" {inner} ", " NUM ")" | "CAST(" {inner} " AS " ({_CASTS[dialect][0]}) ")"
  | "NULLIF(" {inner} ", " NUM ")" | "ABS(" {inner} ")\""""
        lines += [
            f"{level}: (NUM OP)* {level}_a (OP ({other or f'{level}_a'} | NUM))*",
            f'{level}_a: "COUNT(" ("*" | ("DISTINCT ")? {p.upper()}_COL) ")" | ({names}) ("DISTINCT ")? {p}_n ")"\n'
            f'  | ("MIN(" | "MAX(") {extreme} ")"' + (wrapped if inner else ""),
        ]
    joined = f' | "GROUP_CONCAT(" {p}_x ")"' if dialect == "sqlite" else ""
    lines.append(f'{p}_ax: {p}_an | ("MIN(" | "MAX(") {p}_x ")"{joined}')
    if having:
        bare = f" | {p}_pred" if dialect == "sqlite" else ""  # others refuse there what is not grouped
        lines += [
            f'{p}h_pred: {p}_an CMP ({p}_an | NUM) | {p}_an (" NOT")? " BETWEEN " NUM " AND " NUM{bare}',
            f'{p}h_cond: ("NOT ")? ({p}h_pred | "(" {p}h_cond ")") (conn {p}h_cond)?',
            _cut(f"{p}h"),
            f'{p}h_pcut: {p}_an (CMP "(" | (" NOT")? " IN" " (") "SELECT"',
        ]
    return "\n".join(lines) + "\n"
