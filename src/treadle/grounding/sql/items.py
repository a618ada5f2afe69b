"""The grammar of one item of SELECT: what it may name, so that FROM can bring it, and the word behind it."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.grounding.sql.aggregates import aggregates, matching, mixed, plain_items, windows
from treadle.grounding.sql.amid import AMID, amid, cuts
from treadle.grounding.sql.derived import MADE, QUALIFIERS_MADE, types_of
from treadle.grounding.sql.expressions import expressions, items
from treadle.grounding.sql.lexis import CASTS, Scope, either, lexeme, terminal
from treadle.grounding.sql.pace import ITEMS, QUALIFIERS, Pace
from treadle.grounding.sql.state import State

__all__ = ["item_stage", "matching_stage"]

_FEW = 8
"""Tables, each with a qualifier, for which items have a grammar each; llguidance takes 2000 items in a row of its chart."""
_BARE = 6
"""The same of tables without a qualifier beside others that share a grammar."""
_MANY = 250
"""Of these, how many may have several columns in an expression."""


def item_stage(state: State, end: str) -> str:
    """The next item, and the word after it; ``end`` ends the statement where it needs no table."""
    frame, pace = state.frame, state.pace
    if state.missing and (pace is Pace.END or _full(state)) and frame.last in ("", ",", "SELECT", "DISTINCT"):
        return _forced(state)
    rules, kinds = [], []
    star = state.strict and frame.count() is None
    used = _used(state)
    scopes = _scopes(state)
    for number, columns in enumerate(_several(state) if pace is Pace.FREE else []):
        kinds += [f"m{number}_x"] if star else [f"m{number}_x", f"m{number}_ax"]
        rules.append(mixed(f"m{number}", columns, state.dialect))
    if len(scopes) > _FEW:
        scopes = [_merged(scopes)] if pace is Pace.END else scopes
    apart, together = _shared(scopes)
    together += _unmade(state) if state.may_owe else []
    ranks = (frame.kind == "top" or state.is_table) and not frame.compound
    if together:
        kinds += ["c_item"] if star else ["c_item", "c_ax"]
        kinds += ["c_win"] if pace < Pace.END and ranks else []
        rules.append(_single(state, together, used) + windows("c", state.dialect, single=True))
    for number, scope in enumerate(apart):
        p = f"c{number}q"
        kinds += [f"{p}_item"] if star else [f"{p}_item", f"{p}_ax"]
        kinds += [f"{p}_win"] if pace is Pace.FREE and ranks else []
        rules.append(_rules(state, p, scope, used))
    begins = [f"c{n}q" for n, scope in enumerate(apart)] + (["c"] if together else [])
    if frame.after_inner or frame.last in AMID:
        return amid(state, begins, _after(state), end) + "".join(rules)
    # Of one table alone an expression may have several columns; others are cut behind an operator.
    several = [f"c{n}q" for n, scope in enumerate(apart) if any("." in c for c in scope.all)] + (["c"] if together else [])
    start = _alternatives(state, kinds, [*apart, *together], rules)
    cut = f" | {cuts(state, begins, several)}" if pace is Pace.FREE and not frame.compound and frame.kind != "in" else ""
    distinct = '("DISTINCT" " ")? ' if not frame.items else ""
    return f'start: " " {distinct}({start}{cut})\nitem: {" | ".join(kinds) or "NUM"}\n' + "".join(rules)


def _alternatives(state: State, kinds: Sequence[str], scopes: Sequence[Scope], rules: list[str]) -> str:
    """An item with its name, or a star, and what follows; adds rules to ``rules``."""
    frame, pace, ends = state.frame, state.pace, _after(state)
    stars = _stars(state) if frame.width is None and not state.plain(frame)[1] and pace < Pace.END else []
    rules += [f"STAR: {either(stars)}\n"] if stars else []
    starred = " | STAR" if stars else ""
    if frame.kind == "exists" and not frame.items:
        starred += ' | "1"'
    if not state.is_table or frame.compound:
        named = ' (" AS " ALIAS)?' if frame.kind == "top" and pace < Pace.END else ""
        return f"(item{named}{starred}) ({ends})"
    columns = [c for scope in scopes for c in [*scope.all, *scope.real] if _last(c).lower() not in state.taken]
    columns = columns if frame.count() is not None else []  # what else a star brings is not known yet
    rules += [f"PLAIN: {terminal(columns)}\n"] if columns else []
    plain = " | PLAIN" if columns else ""
    if not state.asked:
        return f'(item " AS " ALIAS{plain}{starred}{" | item" if state.made else ""}) ({ends})'
    numbers = " | ".join(kind for kind in kinds if kind.endswith(("_ax", "_win"))) or "item"
    found = []
    for names, after in ((sorted({c for cs in state.lacking for c in cs}), '","'), (state.completing, '"," | " FROM"')):
        made = [c for c in names if not (state.strict and _exists(state, c))]
        last = [c for c in columns if _last(c) in names]
        if after == '","':
            found.append(f'(item " AS " ALIAS{plain}) ({after if state.missing else ends})')
        elif last:
            rules += [f"LAST: {terminal(last)}\n"]
            found.append(f"LAST ({after})")
        found += [f'({numbers if state.strict else "item"}) " AS " ({either(made)}) ({after})'] if made else []
    return " | ".join(found)


def _exists(state: State, column: str) -> bool:
    return any(column in state.schema.columns(t) for t in state.schema.tables)


def _last(column: str) -> str:
    """The name of a column without its qualifier."""
    return column if column.startswith(('"', "/")) else column.partition(".")[2] or column


def _full(state: State) -> bool:
    listed = state.frame.listed()
    return len(set(listed)) < len(listed) or len(listed) >= ITEMS - 1 - len(state.missing)


def _forced(state: State) -> str:
    """An item that makes a column which is missing."""
    wanted = state.missing
    columns = [c for scope in _scopes(state) for c in scope.all]
    plain = [c for c in columns if _last(c) in wanted]
    made = [c for c in wanted if not (state.strict and _exists(state, c))]
    kinds = ["PLAIN"] if plain else []
    kinds += [f'"COUNT(" "*" ")" " AS " ({either(made)})'] if made else []
    kinds += [] if kinds else [f'{_nothing(state, c)} " AS " {lexeme(c)}' for c in wanted]
    ends = '" FROM"' if len(wanted) == 1 else '","'
    return f'start: " " ({" | ".join(kinds)}) ({ends})\n' + (f"PLAIN: {terminal(plain)}\n" if plain else "")


def _nothing(state: State, column: str) -> str:
    """NULL, of the type that tables have for a column of that name."""
    found = [state.schema.columns(t)[column] for t in state.schema.tables if column in state.schema.columns(t)]
    group = state.schema.group(found[0]) if found else "number"
    kind = {"text": CASTS[state.dialect][1], "number": '"INTEGER"'}.get(group, '"DATE"')
    return f'"CAST(" "NULL" " AS " {kind} ")"' if state.strict else '"NULL"'


def _used(state: State) -> list[str]:
    """The items that there are; no column is one twice."""
    return ["".join(item.split(" ")) for item in state.frame.listed()]


def _after(state: State) -> str:
    """What follows an item: a comma where more may or must come, and FROM where none must."""
    frame = state.frame
    count, width, listed = frame.count(), frame.width, frame.listed()
    if width is not None and count is not None:
        return '" FROM"' if count >= width else '","'
    if state.pace is Pace.END or len(set(listed)) < len(listed) or len(listed) >= ITEMS - 1:
        return '" FROM"'
    return '"," | " FROM"'


# ------------------------------------------------------------------------------------------------- what they name


def _scopes(state: State) -> list[Scope]:
    """What one item may name: columns of one table, with one qualifier or none."""
    schema, needs = state.schema, state.needs
    pairs: list[tuple[str, str | None]] = []
    if needs.bare and needs.behind:
        pairs += [(t, None) for tables in needs.behind.values() for t in schema.tables if t in tables]
        pairs += [(t, q) for q, tables in needs.behind.items() for t in schema.tables if t in tables]
    elif not needs.behind:
        homes = [t for t in schema.tables if t in needs.homes] or schema.tables
        pairs += [(t, None) for t in homes]
        pairs += [(t, t) for t in homes] if needs.bare and needs.homes else []
    if len(needs.behind) == 1 and not needs.bare:
        pairs += [(t, None) for tables in needs.behind.values() if len(tables) == 1 for t in tables]
    if not needs.bare:
        pairs += [(t, q) for t in _near_tables(state) for q in schema.qualifiers(t) if _opens(state, t, q)]
    if needs.behind and (state.pace is Pace.END or len(needs.behind) >= QUALIFIERS):
        pairs = [(t, q) for t, q in pairs if q in needs.behind or (q is None and needs.bare)]
    groups: dict[tuple[str | None, str], set[str]] = {}
    for table, qualifier in pairs:
        for name, column in schema.columns(table).items():
            groups.setdefault((qualifier, name), set()).add(schema.group(column))
    unclear = {f"{q}.{name}" if q else name for (q, name), found in groups.items() if len(found) > 1}
    scopes = [state.scope([pair]) for pair in pairs]
    for scope in scopes if unclear else []:
        scope.leave_open(unclear)
    return scopes


def _unmade(state: State) -> list[Scope]:
    """Columns that a statement in FROM will make: new names, and behind a qualifier that no table has those of tables."""
    needs = state.needs
    if needs.bare and needs.behind and not needs.makes:
        return []
    if not needs.behind:
        found = [_new(state, "")]
        if needs.bare:
            return found
    known = [q for q in needs.behind if not needs.behind[q]]
    short = [] if needs.bare or len(needs.behind) >= QUALIFIERS else [*_short_names(state), *QUALIFIERS_MADE]
    short = [q for q in short if not _clashes(state, q)]
    found = [] if needs.behind else found
    found += [_new(state, f"{q}.") for q in dict.fromkeys([*known, *short])]
    own = [q for q in dict.fromkeys([*known, *short]) if q in known or q in QUALIFIERS_MADE]
    return found + [_anywhere(state, q) for q in own]


def _short_names(state: State) -> list[str]:
    """What stands before columns of any table, where no table is called so."""
    return [q for q in (f"{t}{n}" for t in "Tt" for n in range(1, 5)) if not _clashes(state, q)]


def _new(state: State, before: str) -> Scope:
    """Names of columns that will be made; in strict dialects they are numbers."""
    name = f"{before}{MADE}"
    return Scope(number=[name], text=[] if state.strict else [name])


def _anywhere(state: State, qualifier: str) -> Scope:
    """All columns of all tables behind a qualifier."""
    scope = _merged([state.scope([(t, qualifier)]) for t in state.schema.tables])
    kinds = [set(scope.number), set(scope.text), set(scope.other)]
    if state.strict:
        scope.leave_open({c for c in scope.all if sum(c in kind for kind in kinds) > 1})
    return scope


def _clashes(state: State, qualifier: str) -> bool:
    taken = {q.lower() for q in state.needs.behind} | {t.lower() for t in state.schema.tables}
    return qualifier.lower() in taken


def _stars(state: State) -> list[str]:
    found = ["*"] if not state.frame.items and not state.asked and not state.taken else []
    if not state.needs.bare and not state.is_table:
        tables = _near_tables(state)
        found += [f"{q}.*" for t in tables for q in state.schema.qualifiers(t) if _opens(state, t, q)]
    return found


def _near_tables(state: State) -> list[str]:
    """The tables that can be joined with those that the items name by a qualifier; all where they name none."""
    schema, behind = state.schema, state.needs.behind
    near = {schema.component[t] for tables in behind.values() for t in tables if t not in schema.made}
    return [t for t in schema.tables if not near or t in schema.made or schema.component[t] in near]


def _opens(state: State, table: str, qualifier: str) -> bool:
    """Whether a column of ``table`` may be named behind ``qualifier``."""
    behind = state.needs.behind
    if qualifier in behind:
        return table in behind[qualifier]
    clash = any(q.lower() == qualifier.lower() for q in behind)
    return not clash and (not behind or state.schema.joins(table) or bool(state.needs.unmade))


def _several(state: State) -> list[list[str]]:
    """The numbers of tables that can be joined, behind their tables' names: what an expression over several may name."""
    schema, needs = state.schema, state.needs
    if needs.bare or len(needs.behind) + 2 > QUALIFIERS:
        return []
    groups: dict[int, list[str]] = {}
    tables = [t for t in _near_tables(state) if t not in schema.made and schema.edges[t] and _opens(state, t, t)]
    for table in tables:
        groups.setdefault(schema.component[table], []).extend(state.scope([(table, table)]).number)
    components = [schema.component[t] for t in tables]
    found = [columns for k, columns in groups.items() if columns and components.count(k) > 1]
    made = [(t, t) for t in schema.tables if t in schema.made and _opens(state, t, t)]
    numbers = state.scope(made).number if len(made) > 1 else []
    if state.may_owe:
        numbers += [f"{q}.{MADE}" for q in [*QUALIFIERS_MADE, *_short_names(state)] if not needs.behind.get(q)]
    return [*found, numbers] if numbers else found


def _merged(scopes: Sequence[Scope]) -> Scope:
    merged = Scope()
    for scope in scopes:
        merged.number += scope.number
        merged.text += scope.text
        merged.other += scope.other
        merged.unclear += scope.unclear
        merged.real.update(scope.real)
    return merged


# ------------------------------------------------------------------------------------------------------ their rules


def _rules(state: State, p: str, scope: Scope, used: Sequence[str]) -> str:
    if state.pace is Pace.END:
        return plain_items(p, scope, used, state.dialect)
    deep = state.pace is Pace.FREE
    text = expressions(p, scope, state.dialect, deep=deep) + items(p, scope, used, deep=deep)
    return text + aggregates(p, state.dialect, deep=deep) + windows(p, state.dialect)


def _single(state: State, scopes: Sequence[Scope], used: Sequence[str]) -> str:
    """Items of one column, or of some of one table, where there are too many tables for a grammar of each."""
    merged = _merged(scopes)
    pairs = scopes if len(scopes) <= _MANY else [s for s in scopes if not any("." in c for c in s.all)]
    pairs = [s for s in pairs if s.number][:_MANY]
    text = expressions("c", merged, state.dialect, pairs) + items("c", merged, used, pairs)
    return text + aggregates("c", state.dialect, single=True, pairs=bool(pairs))


def _shared(scopes: Sequence[Scope]) -> tuple[list[Scope], list[Scope]]:
    """Those that get a grammar each, and those that share one in which an item names one column.

    Where there are many, the tables without a qualifier go first: of one table alone most is asked.
    """
    if len(scopes) <= _FEW:
        return list(scopes), []
    bare = [scope for scope in scopes if not any("." in column for column in scope.all)]
    apart = bare if len(bare) <= _BARE else []
    return apart, [scope for scope in scopes if not any(scope is other for other in apart)]


def matching_stage(state: State) -> str:
    """An item that is compared with a column or united with another item, where the dialect wants the same type."""
    frame = state.frame
    compared = frame.kind in ("value", "in")
    first = frame.first or frame
    wanted = _compared(state) if compared else types_of(state.schema, first)[(frame.count() or 1) - 1]
    scopes = _scopes(state)
    if frame.kind == "value" and wanted == "number" and state.may_owe and not state.needs.behind:
        scopes.append(_new(state, ""))
    rules = matching("c", _merged(scopes), state.dialect, wanted, one=frame.kind == "value")
    return f'start: " " c_item ({_after(state)})\n{rules}'


def _compared(state: State) -> str:
    """Whether the column before a statement within the innermost frame is a 'text' or, as aggregates are, a 'number'."""
    outer = state.stack[:-1]
    if outer[-1].clause == "items":
        return "number"
    qualifier, name = outer[-1].compared()
    for frame in reversed(outer):
        for table, behind in frame.sources():
            if qualifier in ("", behind) and name in state.schema.columns(table):
                return "text" if state.schema.group(state.schema.columns(table)[name]) == "text" else "number"
    return "number"
