"""Rules of aggregates and windows over the columns that are in scope."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from treadle.grounding.sql.lexis import CASTS, CHAIN, SHORT_CHAIN, Scope, either, terminal
from treadle.grounding.sql.schema import Dialect

__all__ = ["AGGREGATES", "aggregates", "matching", "mixed", "plain_items", "windows"]

_NAMES: dict[Dialect, tuple[str, ...]] = {
    "sqlite": ("SUM", "AVG", "TOTAL"),
    "duckdb": ("SUM", "AVG", "MEDIAN", "STDDEV", "VARIANCE"),
    "postgres": ("SUM", "AVG", "STDDEV", "VARIANCE"),
}
AGGREGATES = frozenset({"COUNT", "MIN", "MAX", "GROUP_CONCAT", *(name for names in _NAMES.values() for name in names)})


def aggregates(
    p: str, dialect: Dialect, having: bool = False, single: bool = False, deep: bool = True, pairs: bool = False
) -> str:
    """Rules with aggregates: ``{p}_an`` a number, ``{p}_ax`` any; with ``having`` also conditions ``{p}h_pred``.

    ``single`` and ``pairs``: as the expressions were made with.
    """
    names = either(f"{n}(" for n in _NAMES[dialect])
    places = f'"ROUND(" {p}_an ", " DIGITS ")"'
    if dialect == "postgres":
        places = f'"ROUND(" "CAST(" {p}_an " AS " "NUMERIC" ")" ", " DIGITS ")"'
    other = '"COUNT(" "*" ")"' if single else ""
    chain = CHAIN if deep else SHORT_CHAIN
    lines = []
    dated = f' | ("JULIANDAY" | "julianday") "(" ("MIN(" | "MAX(") {p}_x ")" ")"' if dialect == "sqlite" else ""
    for level, inner in ((f"{p}_an", f"{p}_an_i"), (f"{p}_an_i", f"{p}_an_j"), (f"{p}_an_j", None)):
        wrapped = f"""
  | "(" {inner} ")" | "ROUND(" {inner} ")" | {places.replace(f"{p}_an", f"{inner}")}
  | "COALESCE(" {inner} ", " NUM ")" | "CAST(" {inner} " AS " ({CASTS[dialect][0]}) ")"
  | "NULLIF(" {inner} ", " NUM ")" | "ABS(" {inner} ")\""""
        lines += [
            f"{level}: (NUM OP){{0,2}} {level}_a (OP ({other or f'{level}_a'} | NUM)){chain}",
            f"{level}_a: {p}_one" + (wrapped if inner else "") + dated,
        ]
    lines.append(_one(p, dialect, names, single, deep, pairs))
    joined = f' | "GROUP_CONCAT(" {p}_x ")"' if dialect == "sqlite" else ""
    lines.append(f'{p}_ax: {p}_an | ("MIN(" | "MAX(") {p}_x ")"{joined}')
    if having:
        bare = f" | {p}_pred" if dialect == "sqlite" else ""  # others refuse there what is not grouped
        lines += [
            f'{p}h_pred: {p}_an CMP ({p}_an | NUM) | {p}_an (" NOT")? " BETWEEN " NUM " AND " NUM{bare}',
            f'{p}h_cond: ("NOT ")? {p}h_pred (conn ("NOT ")? {p}h_pred){CHAIN}',
            f'{p}h_pcut: {p}_an (CMP "(" | (" NOT")? " IN" " (") "SELECT"',
        ]
    return "\n".join(lines) + "\n"


def _one(p: str, dialect: Dialect, names: str, single: bool, deep: bool, pairs: bool) -> str:
    """The rule ``{p}_one``: an aggregate, perhaps of some rows only. In SQLite conditions are numbers."""
    extreme = f"{p}_x" if dialect == "sqlite" else f"{p}_n"
    counted = f'("DISTINCT ")? ({p.upper()}_COL' + (f" | {p}_nf | {p}_tf)" if deep else ")")
    summed = f"{p}_n" + (f' | ("NOT ")? {p}i_cond' if deep and dialect == "sqlite" else "")
    made = f'"COUNT(" {counted} ")" | ({names}) ("DISTINCT ")? ({summed}) ")" | ("MIN(" | "MAX(") {extreme} ")"'
    if not deep:
        return f'{p}_one: "COUNT(" "*" ")" | {made}'
    only = f'" FILTER (WHERE " {p}i_cond ")"'
    if not single:
        return f'{p}_one: ("COUNT(" "*" ")" | {made}) ({only})?'
    kept = "" if not pairs else f' | ("COUNT(" ("DISTINCT ")? | {names} | "MIN(" | "MAX(") {p}_kept'
    return f'{p}_one: "COUNT(" "*" ")" ({only})? | {made}{kept}'


def windows(p: str, dialect: Dialect, single: bool = False) -> str:
    """The rule ``{p}_win``: an item that ranks, or where ungrouped columns are no fault sums up, over a window of rows.

    With ``single`` it names one column.
    """
    column = f"{p.upper()}_COL"
    sums = f' | ("SUM(" | "AVG(" | "MIN(" | "MAX(" | "COUNT(") {column} ")"' if dialect == "sqlite" else ""
    ranks = either(f"{name}()" for name in ("ROW_NUMBER", "RANK", "DENSE_RANK"))
    key = f"({column} | {p}_an)"
    part = f'"PARTITION BY " {column} (", " {column})?'
    order = f'"ORDER BY " {key} (" ASC" | " DESC")?'
    if single:
        return f'{p}_win: ({ranks}) " OVER (" {order} ")"\n'
    return f'{p}_win: (({ranks}){sums}) " OVER (" ({part} " " {order} | {part} | {order}) ")"\n'


def mixed(p: str, columns: Sequence[str], dialect: Dialect) -> str:
    """Rules of expressions over numbers of several tables: ``{p}_x``, and ``{p}_ax`` with aggregates."""
    names = either(f"{n}(" for n in (*_NAMES[dialect], "MIN", "MAX"))
    real = '"REAL"' if dialect == "sqlite" else '"DOUBLE PRECISION"'
    return (
        f"{p.upper()}: {terminal(columns)}\n"
        f"{p}_x: {p.upper()} (OP NUM)? OP {p.upper()} (OP NUM)?\n"
        f'{p}_a: ({names}) {p.upper()} ")" | "COUNT(" ("DISTINCT ")? {p.upper()} ")" | "COUNT(" "*" ")"\n'
        f'{p}_ax: ({names}) {p}_x ")" | {p}_a OP {p}_a\n'
        f'  | "CAST(" {p}_a " AS " {real} ")" " / " ({p}_a | "NULLIF(" {p}_a ", " NUM ")")\n'
    )


def matching(p: str, scope: Scope, dialect: Dialect, wanted: str, one: bool) -> str:
    """The rule ``{p}_item`` of a statement that is compared with a number or a text, as ``wanted``; ``one``: of one row."""
    at = f"{p.upper()}_COL"
    columns = scope.text if wanted == "text" else scope.number
    names = either(f"{n}(" for n in ((*_NAMES[dialect],) if wanted == "number" else ()) + ("MIN", "MAX"))
    kinds = ['"COUNT(" "*" ")"'] if wanted == "number" else []
    kinds += [f'({names}) {at} ")"', *([] if one else [at])] if columns else []
    return (f"{at}: {terminal(columns)}\n" if columns else "") + f"{p}_item: {' | '.join(kinds)}\n"


def plain_items(p: str, scope: Scope, used: Collection[str], dialect: Dialect) -> str:
    """The rule ``{p}_item`` without ``expressions``: a column that is not ``used`` where there is one, or an aggregate."""
    columns = [*scope.all, *scope.real]
    lines = [f"{p.upper()}_FREE: {terminal([c for c in columns if c not in used] or columns)}"]
    lines += [f"{p.upper()}_NCOL: {terminal(scope.number)}"] if scope.number else []
    names = either(f"{n}(" for n in (*_NAMES[dialect], "MIN", "MAX"))
    of_number = f' | ({names}) {p.upper()}_NCOL ")"' if scope.number else ""
    return "\n".join([*lines, f'{p}_ax: "COUNT(" "*" ")"{of_number}', f"{p}_item: {p.upper()}_FREE"]) + "\n"
