"""Rules of expressions without aggregates over the columns that are in scope."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from treadle.grounding.sql.conditions import conditions
from treadle.grounding.sql.lexis import CASTS, CHAIN, INNER_CHAIN, SHORT_CHAIN, Scope, either, terminal
from treadle.grounding.sql.schema import Dialect

__all__ = ["expressions", "items"]

_FORMATS = (
    "'%s'",
    "'%S'",
    "'%W'",
    "'%H:%M'",
    "'%Y'",
    "'%m'",
    "'%d'",
    "'%H'",
    "'%w'",
    "'%Y-%m'",
    "'%Y-%m-%d'",
    "'%M'",
    "'%j'",
)

_CHANGED = '(", " STR){0,2}'
"""What SQLite changes a date by, as '-30 days' and 'start of month'."""


def expressions(p: str, scope: Scope, dialect: Dialect, pairs: Sequence[Scope] | None = None, deep: bool = True) -> str:
    """Rules without aggregates: ``{p}_x`` any operand, ``{p}_f`` no literal, ``{p}_n`` a number, ``{p}_t`` a text.

    Those that are not ``deep`` have no calls within calls, and no CASE. With ``pairs`` every expression names one column of
    ``scope``, or some that are all in the same one of ``pairs``.
    """
    single, at = pairs is not None, p.upper()
    lines = [f"{at}_COL: {terminal([*scope.all, *scope.real])}"]
    lines += [f"{at}_NCOL: {terminal(scope.number)}"] if scope.number else []
    lines += [f"{at}_TCOL: {terminal(scope.text)}"] if scope.text else []
    lines += [f"{at}_OCOL: {terminal(scope.other)}"] if scope.other else []
    lines += _duos(p, pairs) if pairs else []
    levels = [p, f"{p}i", f"{p}j"] if deep else [p, f"{p}j"]
    for level, inner in zip(levels, [*levels[1:], None], strict=True):
        lines += _level(p, level, inner, scope, dialect, pairs, deep)
        if level != p and deep:
            lines.append(conditions(level, scope, inner=False, single=single, at=at))
    first = [f"{at}_NCOL"] if scope.number else []
    operand = "NUM" if single else f"{p}_na"
    chain = CHAIN if deep else SHORT_CHAIN
    begun = [*first, f"{p}_nf"]
    begun += [] if single else [f"NUM OP {a}" for a in begun]  # 1.0 * a / b, as a ratio of whole numbers is written
    lines.append(f"{p}_f: {at}_COL | {p}_tf | " + " | ".join(f"{a} (OP {operand}){chain}" for a in begun))
    return "\n".join(lines) + "\n"


def items(p: str, scope: Scope, used: Collection[str], pairs: Sequence[Scope] | None = None, deep: bool = True) -> str:
    """The rule ``{p}_item``: an operand of ``expressions`` that is no column which is ``used`` already."""
    if not used:
        return f"{p}_item: {p}_x\n"
    single = pairs is not None
    chain = CHAIN if deep else SHORT_CHAIN
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
    lines = [f"{p.upper()}_FREE: {terminal(free)}"] if free else []
    return "\n".join([*lines, f"{p}_item: " + " | ".join(kinds)]) + "\n"


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
        number += [f'"(" {inner}_n ")"', f"{level}_nf", *([f"{level}_tf"] if dialect == "sqlite" else [])]
        text += [f"{level}_tf"]
    n, t = ("NUM", "STR") if single else (f"{level}_n", f"{level}_t")
    again = "" if single else f' (" WHEN " {level}_cond " THEN " {n})' + INNER_CHAIN
    if deep and level != p:
        lines += [
            f'{level}_case: {level}_cond " THEN " {n}{again} (" ELSE " {n})?',
            f'{level}_tcase: {level}_cond " THEN " {t}{again.replace(n, t)} (" ELSE " {t})?',
        ]
    ahead = "(NUM OP){0,2} " if single else ""
    chain = SHORT_CHAIN if not deep else CHAIN if level == p else INNER_CHAIN
    return [
        *lines,
        f"{level}_n: {ahead}{level}_na (OP {more}){chain}",
        f"{level}_na: " + (" | ".join(number) or "NUM"),
        f'{level}_t: {level}_ta (" || " {glued}){chain}',
        f"{level}_ta: " + (" | ".join(text) or "STR"),
        f"{level}_x: {level}_n | {level}_t{others}",
    ]


def _duos(p: str, pairs: Sequence[Scope]) -> list[str]:
    """Expressions of two columns of one table, for each table that has some."""
    known = [(n, pair) for n, pair in enumerate(pairs) if pair.number]
    lines = [f"{p.upper()}_D{n}: {terminal(pair.number)}" for n, pair in known]
    columns = [f"{p.upper()}_D{n}" for n, _ in known]
    free = any(pair.number == pair.text for _, pair in known)  # SQLite compares anything
    literal, like = ("(NUM | STR)", ' | " LIKE " STR') if free else ("NUM", "")
    test = f'(CMP {literal} | " IS" (" NOT")? " NULL"{like})'
    lines.append(f"{p}_duo: " + " | ".join(f"{c} (OP {c}){{1,4}}" for c in columns))
    kept = f'(conn {{c}} {test}){INNER_CHAIN} ")"'
    lines.append(
        f"{p}_kept: " + " | ".join(f'{c} ")" " FILTER (WHERE " {c} {test} {kept.replace("{c}", c)}' for c in columns)
    )
    texts = [(n, pair) for n, pair in enumerate(pairs) if pair.text] or [(0, Scope(text=["NULL"]))]
    lines += [f"{p.upper()}_E{n}: {terminal(pair.text)}" for n, pair in texts]
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
        f'"CAST(" {source} " AS " ({CASTS[dialect][0]}) ")"',
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
        calls.append(f'("JULIANDAY" | "julianday") "(" {p}_x {_CHANGED} ")"')
    elif scope.other:
        parts = either(word for part in ("year", "month", "day", "hour", "quarter", "week") for word in (part, part.upper()))
        calls.append(f'"EXTRACT(" ({parts}) " FROM " {at}_OCOL ")"')
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
        f'"CAST(" {source} " AS " {CASTS[dialect][1]} ")"',
    ]
    if case:
        calls.append(f'"CASE" " WHEN " {case} " END"')
    if dialect == "sqlite":
        calls.append(f'("STRFTIME(" | "strftime(") ({either(_FORMATS)}) ", " {p}_x {_CHANGED} ")"')
        calls.append(f'("DATE(" | "date(" | "DATETIME(" | "datetime(" | "TIME(" | "time(") {p}_x {_CHANGED} ")"')
    return calls
