"""Rules of conditions over the columns that are in scope."""

from __future__ import annotations

from treadle.grounding.sql.lexis import INNER_CHAIN, Scope, either, lexeme, terminal

__all__ = ["conditions", "plain_conditions"]


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
        lines.append(f"{p}_cond: {p}_atom (conn {p}_atom){INNER_CHAIN}")
        lines.append(f'{p}_atom: {one} | ("NOT ")? "(" {one} (conn {one}){INNER_CHAIN} ")"')
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


def plain_conditions(p: str, scope: Scope) -> str:
    """The rule ``{p}_pred`` without ``expressions``: a column and a literal."""
    at, kinds = p.upper(), [f'{p.upper()}_COL " IS" (" NOT")? " NULL"']
    lines = [f"{at}_COL: {terminal([*scope.all, *scope.real])}"]
    for name, columns, literal in (("N", scope.number, "NUM"), ("T", scope.text, "STR")):
        lines += [f"{at}_{name}COL: {terminal(columns)}"] if columns else []
        kinds += [f"{at}_{name}COL CMP {literal}"] if columns else []
    return "\n".join([*lines, f"{p}_pred: " + " | ".join(kinds)]) + "\n"
