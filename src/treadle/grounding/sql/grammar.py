"""Grammars of expressions over the columns that are in scope, in Lark as llguidance reads it.

Lexemes there are matched greedily, so those that may begin at the same place never stop halfway within one another: words
carry the blank before them, and a bare blank stands only where nothing else begins with one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from treadle.grounding.sql.schema import RESERVED, Dialect, Schema

__all__ = [
    "AGGREGATES",
    "Scope",
    "aggregates",
    "conditions",
    "either",
    "expressions",
    "items",
    "lexeme",
    "matching",
    "mixed",
    "plain_conditions",
    "plain_items",
    "terminals",
    "windows",
]

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
_CHAIN, _INNER_CHAIN, _SHORT_CHAIN = "{0,4}", "{0,2}", "{0,1}"
"""How often an operator, AND or WHEN may follow another in a piece, in a call within it, and where room is short."""
_DATES = re.compile(r"date|timestamp", re.IGNORECASE)
"""Types of columns that are compared with days, where the dialect reads no other text as one."""
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


def expressions(p: str, scope: Scope, dialect: Dialect, pairs: Sequence[Scope] | None = None, deep: bool = True) -> str:
    """Rules without aggregates: ``{p}_x`` any operand, ``{p}_f`` no literal, ``{p}_n`` a number, ``{p}_t`` a text.

    Those that are not ``deep`` have no calls within calls, and no CASE. With ``pairs`` every expression names one column of
    ``scope``, or some that are all in the same one of ``pairs``.
    """
    single, at = pairs is not None, p.upper()
    lines = [f"{at}_COL: {_terminal([*scope.all, *scope.real])}"]
    lines += [f"{at}_NCOL: {_terminal(scope.number)}"] if scope.number else []
    lines += [f"{at}_TCOL: {_terminal(scope.text)}"] if scope.text else []
    lines += [f"{at}_OCOL: {_terminal(scope.other)}"] if scope.other else []
    lines += _duos(p, pairs) if pairs else []
    levels = [p, f"{p}i", f"{p}j"] if deep else [p, f"{p}j"]
    for level, inner in zip(levels, [*levels[1:], None], strict=True):
        lines += _level(p, level, inner, scope, dialect, pairs, deep)
        if level != p and deep:
            lines.append(conditions(level, scope, inner=False, single=single, at=at))
    first = [f"{at}_NCOL"] if scope.number else []
    operand = "NUM" if single else f"{p}_na"
    chain = _CHAIN if deep else _SHORT_CHAIN
    begun = [*first, f"{p}_nf"]
    begun += [] if single else [f"NUM OP {a}" for a in begun]  # 1.0 * a / b, as a ratio of whole numbers is written
    lines.append(f"{p}_f: {at}_COL | {p}_tf | " + " | ".join(f"{a} (OP {operand}){chain}" for a in begun))
    return "\n".join(lines) + "\n"


def items(p: str, scope: Scope, used: Collection[str], pairs: Sequence[Scope] | None = None, deep: bool = True) -> str:
    """The rule ``{p}_item``: an operand of ``expressions`` that is no column which is ``used`` already."""
    if not used:
        return f"{p}_item: {p}_x\n"
    single = pairs is not None
    chain = _CHAIN if deep else _SHORT_CHAIN
    free, inner = [c for c in [*scope.all, *scope.real] if c not in used], f"{p}i" if deep else f"{p}j"
    more, glued = ("NUM", "STR") if single else (f"{p}_na", f"{p}_ta")
    kinds = [f"{p.upper()}_FREE"] if free else []
    kinds += [
        f"{p}_na OP {more} (OP {more}){chain}",
        f"{p}_nf",
        f'"(" {inner}_n ")"',
        f'{p}_ta " || " {glued} (" || " {glued}){chain}',
        f"{p}_tf",
    ]
    kinds += [f"(NUM OP){{1,2}} {p}_na"] if single else []
    kinds += [f"{p}_duo", f"{p}_tduo"] if pairs else []
    lines = [f"{p.upper()}_FREE: {_terminal(free)}"] if free else []
    return "\n".join([*lines, f"{p}_item: " + " | ".join(kinds)]) + "\n"


def windows(p: str, dialect: Dialect, single: bool = False) -> str:
    """The rule ``{p}_win``: an item that ranks, or where ungrouped columns are no fault sums up, over a window of rows.

    With ``single`` it names one column.
    """
    column = f"{p.upper()}_COL"
    sums = f' | ("SUM(" | "AVG(" | "MIN(" | "MAX(" | "COUNT(") {column} ")"' if dialect == "sqlite" else ""
    ranks = either(f"{name}()" for name in ("ROW_NUMBER", "RANK", "DENSE_RANK"))
    part = f'"PARTITION BY " {column} (", " {column})?'
    order = f'"ORDER BY " {column} (" ASC" | " DESC")?'
    if single:
        return f'{p}_win: ({ranks}) " OVER (" {order} ")"\n'
    return f'{p}_win: (({ranks}){sums}) " OVER (" ({part} " " {order} | {part} | {order}) ")"\n'


def mixed(p: str, columns: Sequence[str], dialect: Dialect) -> str:
    """Rules of expressions over numbers of several tables: ``{p}_x``, and ``{p}_ax`` with aggregates."""
    names = either(f"{n}(" for n in (*_AGGREGATES[dialect], "MIN", "MAX"))
    real = '"REAL"' if dialect == "sqlite" else '"DOUBLE PRECISION"'
    return (
        f"{p.upper()}: {_terminal(columns)}\n"
        f"{p}_x: {p.upper()} OP {p.upper()} (OP NUM)?\n"
        f'{p}_a: ({names}) {p.upper()} ")" | "COUNT(" ("DISTINCT ")? {p.upper()} ")" | "COUNT(" "*" ")"\n'
        f'{p}_ax: ({names}) {p}_x ")" | {p}_a OP {p}_a\n'
        f'  | "CAST(" {p}_a " AS " {real} ")" " / " ({p}_a | "NULLIF(" {p}_a ", " NUM ")")\n'
    )


def matching(p: str, scope: Scope, dialect: Dialect, wanted: str, one: bool) -> str:
    """The rule ``{p}_item`` of a statement that is compared with a number or a text, as ``wanted``; ``one``: of one row."""
    at = f"{p.upper()}_COL"
    columns = scope.text if wanted == "text" else scope.number
    names = either(f"{n}(" for n in ((*_AGGREGATES[dialect],) if wanted == "number" else ()) + ("MIN", "MAX"))
    kinds = ['"COUNT(" "*" ")"'] if wanted == "number" else []
    kinds += [f'({names}) {at} ")"', *([] if one else [at])] if columns else []
    return (f"{at}: {_terminal(columns)}\n" if columns else "") + f"{p}_item: {' | '.join(kinds)}\n"


def plain_items(p: str, scope: Scope, used: Collection[str], dialect: Dialect) -> str:
    """The rule ``{p}_item`` without ``expressions``: a column that is not ``used`` where there is one, or an aggregate."""
    columns = [*scope.all, *scope.real]
    lines = [f"{p.upper()}_FREE: {_terminal([c for c in columns if c not in used] or columns)}"]
    lines += [f"{p.upper()}_NCOL: {_terminal(scope.number)}"] if scope.number else []
    names = either(f"{n}(" for n in (*_AGGREGATES[dialect], "MIN", "MAX"))
    of_number = f' | ({names}) {p.upper()}_NCOL ")"' if scope.number else ""
    return "\n".join([*lines, f'{p}_ax: "COUNT(" "*" ")"{of_number}', f"{p}_item: {p.upper()}_FREE"]) + "\n"


def plain_conditions(p: str, scope: Scope) -> str:
    """The rule ``{p}_pred`` without ``expressions``: a column and a literal."""
    at, kinds = p.upper(), [f'{p.upper()}_COL " IS" (" NOT")? " NULL"']
    lines = [f"{at}_COL: {_terminal([*scope.all, *scope.real])}"]
    for name, columns, literal in (("N", scope.number, "NUM"), ("T", scope.text, "STR")):
        lines += [f"{at}_{name}COL: {_terminal(columns)}"] if columns else []
        kinds += [f"{at}_{name}COL CMP {literal}"] if columns else []
    return "\n".join([*lines, f"{p}_pred: " + " | ".join(kinds)]) + "\n"


def _level(
    p: str, level: str, inner: str | None, scope: Scope, dialect: Dialect, pairs: Sequence[Scope] | None, deep: bool
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
        case, tcase = (case, f"{inner}_tcase") if deep else ("", "")
        lines.append(f"{level}_nf: " + "\n  | ".join(_number_calls(inner, single, case, scope, dialect, at)))
        lines.append(f"{level}_tf: " + "\n  | ".join(_text_calls(inner, single, dialect, tcase)))
        number += [f'"(" {inner}_n ")"', f"{level}_nf"]
        text += [f"{level}_tf"]
    n, t = ("NUM", "STR") if single else (f"{level}_n", f"{level}_t")
    again = "" if single else f' (" WHEN " {level}_cond " THEN " {n})' + _INNER_CHAIN
    if deep and level != p:
        lines += [
            f'{level}_case: {level}_cond " THEN " {n}{again} (" ELSE " {n})?',
            f'{level}_tcase: {level}_cond " THEN " {t}{again.replace(n, t)} (" ELSE " {t})?',
        ]
    ahead = "(NUM OP){0,2} " if single else ""
    chain = _SHORT_CHAIN if not deep else _CHAIN if level == p else _INNER_CHAIN
    return [
        *lines,
        f"{level}_n: {ahead}{level}_na (OP {more}){chain}",
        f"{level}_na: " + (" | ".join(number) or "NUM"),
        f'{level}_t: {level}_ta (" || " {glued}){chain}',
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
    free = any(pair.number == pair.text for _, pair in known)  # SQLite compares anything
    literal, like = ("(NUM | STR)", ' | " LIKE " STR') if free else ("NUM", "")
    test = f'(CMP {literal} | " IS" (" NOT")? " NULL"{like})'
    lines.append(f"{p}_duo: " + " | ".join(f"{c} (OP {c}){{1,4}}" for c in columns))
    texts = [(n, pair) for n, pair in enumerate(pairs) if pair.text] or [(0, Scope(text=["NULL"]))]
    lines += [f"{p.upper()}_E{n}: {_terminal(pair.text)}" for n, pair in texts]
    glued = [f"{p.upper()}_E{n}" for n, _ in texts]
    lines.append(f"{p}_tduo: " + " | ".join(f'{c} (" || " (STR " || ")? {c}){{1,4}}' for c in glued))
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
        f'"ROUND(" {p}_n ")"',
    ]
    if case:
        calls.append(f'"CASE" " WHEN " {case} " END"')
    if dialect == "postgres":
        calls.append(f'"ROUND(" "CAST(" {p}_n " AS " "NUMERIC" ")" ", " DIGITS ")"')
    else:
        calls.append(f'"ROUND(" {p}_n ", " DIGITS ")"')
    if dialect == "sqlite":
        calls.append(f'("JULIANDAY" | "julianday") "(" {p}_x ")"')
    elif scope.other:
        calls.append(f'"DATE_PART(\'" ("year" | "month" | "day" | "hour") "\', " {at}_OCOL ")"')
    return calls


def _text_calls(p: str, single: bool, dialect: Dialect, case: str) -> list[str]:
    source = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    t = "STR" if single else f"{p}_t"
    calls = [
        f'("LOWER(" | "UPPER(" | "TRIM(") {p}_t ")"',
        f'"SUBSTR(" {p}_t ", " INT (", " INT)? ")"',
        f'"REPLACE(" {p}_t ", " STR ", " STR ")"',
        f'"COALESCE(" {p}_t ", " {t} ")"',
        f'"CAST(" {source} " AS " {_CASTS[dialect][1]} ")"',
    ]
    if case:
        calls.append(f'"CASE" " WHEN " {case} " END"')
    if dialect == "sqlite":
        calls.append(f'("STRFTIME(" | "strftime(") ({either(_FORMATS)}) ", " {p}_x ")"')
        calls.append(f'("DATE(" | "date(") {p}_x ")"')
    return calls


def conditions(
    p: str,
    scope: Scope,
    inner: bool = True,
    single: bool = False,
    at: str = "",
    lists: bool = False,
    strict: bool = False,
    members: int = 5,
) -> str:
    """Rules of conditions: ``{p}_cond`` a whole one, ``{p}_pred`` one without AND and OR, ``{p}_pcut`` the beginning of one
    up to a statement within it, ``{p}_icut`` up to a second member of IN.

    With ``single`` a condition names one column; ``strict``: one is compared with statements, so that their type is known.
    IN has so many ``members`` in a piece. ``at`` begins the names of the columns' terminals.
    """
    at = at or p.upper()
    lines = [f"{p}_v{k}: {either(values)}" for k, values in enumerate(scope.real.values())]
    lines.append(f"{p}_pred: " + "\n  | ".join(_predicates(p, scope, single, at, members)))
    if single:
        lines.append(f"{p}_cond: {p}_pred")
    else:
        one = f'("NOT ")? {p}_pred'
        lines.append(f"{p}_cond: {p}_atom (conn {p}_atom){_INNER_CHAIN}")
        lines.append(f'{p}_atom: {one} | ("NOT ")? "(" {one} (conn {one}){_INNER_CHAIN} ")"')
    if lists:
        lines.append(f'{p}_icut: ({p}_n (" NOT")? " IN" " (" NUM | {p}_t (" NOT")? " IN" " (" STR) ","')
    if inner:
        columns = [f"{at}_NCOL"] * bool(scope.number) + [f"{at}_TCOL"] * bool(scope.text)
        left = f"{p}_x" if not strict else f"({' | '.join(columns)})" if columns else ""
        within = f'{left} (CMP "(" | (" NOT")? " IN" " (") "SELECT" | ' if left else ""
        lines.append(f'{p}_pcut: {within}"EXISTS " "(" "SELECT"')
    return "\n".join(lines) + "\n"


def _predicates(p: str, scope: Scope, single: bool, at: str, members: int) -> list[str]:
    n, t = ("NUM", "STR") if single else (f"{p}_n", f"{p}_t")
    found = [
        f"{p}_n CMP {n}",
        f"{p}_t CMP {t}",
        f'{p}_n (" NOT")? " IN" " (" NUM (", " NUM){{0,{members - 1}}} ")"',
        f'{p}_t (" NOT")? " IN" " (" STR (", " STR){{0,{members - 1}}} ")"',
        f'{p}_n (" NOT")? " BETWEEN " {n} " AND " {n}',
        f'{p}_t (" NOT")? " BETWEEN " {t} " AND " {t}',
        f'{p}_t (" NOT")? " LIKE " (STR | ("LOWER(" | "UPPER(") STR ")")',
        f'{at}_COL " IS" (" NOT")? " NULL"',
    ]
    if scope.other:
        found += [f"{at}_OCOL CMP {'DAY' if single else f'({at}_OCOL | DAY)'}"]
        found += [f'{at}_OCOL (" NOT")? " BETWEEN " DAY " AND " DAY']
    for number, column in enumerate(scope.real):
        real = f"{p}_v{number}"
        found.append(f'{lexeme(column)} (CMP {real} | (" NOT")? " IN" " (" {real} (", " {real}){{0,19}} ")")')
    return found


def aggregates(p: str, dialect: Dialect, having: bool = False, single: bool = False, deep: bool = True) -> str:
    """Rules with aggregates: ``{p}_an`` a number, ``{p}_ax`` any; with ``having`` also conditions ``{p}h_pred``."""
    names = either(f"{n}(" for n in _AGGREGATES[dialect])
    places = f'"ROUND(" {p}_an ", " DIGITS ")"'
    if dialect == "postgres":
        places = f'"ROUND(" "CAST(" {p}_an " AS " "NUMERIC" ")" ", " DIGITS ")"'
    other = '"COUNT(" "*" ")"' if single else ""
    chain = _CHAIN if deep else _SHORT_CHAIN
    extreme = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    lines = []
    for level, inner in ((f"{p}_an", f"{p}_an_i"), (f"{p}_an_i", f"{p}_an_j"), (f"{p}_an_j", None)):
        wrapped = f"""
  | "(" {inner} ")" | "ROUND(" {inner} ")" | {places.replace(f"{p}_an", f"{inner}")}
  | "COALESCE(" {inner} ", " NUM ")" | "CAST(" {inner} " AS " ({_CASTS[dialect][0]}) ")"
  | "NULLIF(" {inner} ", " NUM ")" | "ABS(" {inner} ")\""""
        lines += [
            f"{level}: (NUM OP){{0,2}} {level}_a (OP ({other or f'{level}_a'} | NUM)){chain}",
            f'{level}_a: "COUNT(" ("*" | ("DISTINCT ")? {p.upper()}_COL) ")" | ({names}) ("DISTINCT ")? {p}_n ")"\n'
            f'  | ("MIN(" | "MAX(") {extreme} ")"' + (wrapped if inner else ""),
        ]
    joined = f' | "GROUP_CONCAT(" {p}_x ")"' if dialect == "sqlite" else ""
    lines.append(f'{p}_ax: {p}_an | ("MIN(" | "MAX(") {p}_x ")"{joined}')
    if having:
        bare = f" | {p}_pred" if dialect == "sqlite" else ""  # others refuse there what is not grouped
        lines += [
            f'{p}h_pred: {p}_an CMP ({p}_an | NUM) | {p}_an (" NOT")? " BETWEEN " NUM " AND " NUM{bare}',
            f'{p}h_cond: ("NOT ")? {p}h_pred (conn ("NOT ")? {p}h_pred){_CHAIN}',
            f'{p}h_pcut: {p}_an (CMP "(" | (" NOT")? " IN" " (") "SELECT"',
        ]
    return "\n".join(lines) + "\n"
