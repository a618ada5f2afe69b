"""Doubts about joins: tables that nothing connects, keys that do not belong together, rows that a join multiplies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from treadle.coding.sql.checks.scopes import Relation, Scope
from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, stems
from treadle.coding.sql.doubts.facts import Facts, parts_of

__all__ = ["join_doubts"]


def join_doubts(facts: Facts, asked: Asked) -> list[str]:
    found: list[str] = []
    for scope in facts.names.scopes:
        if isinstance(scope.select, exp.Select) and len(scope.relations) > 1:
            equal = list(_equalities(scope.select, facts))
            found += [
                *_unconnected(scope, facts, asked),
                *_wrong_keys(equal, facts),
                *_multiplied(scope, equal, facts),
            ]
    return [*found, *_counted_rows(facts, asked)]


# ------------------------------------------------------------------------------------------------- connections


def _unconnected(scope: Scope, facts: Facts, asked: Asked) -> Iterator[str]:
    """Relations that no condition connects with the others: every row meets every row."""
    if asked.has(r"\b(?:every|all) (?:possible )?(?:combination|pair)s?\b|\bcross join\b"):
        return
    groups = {id(r): {id(r)} for r in scope.relations if not _is_one_row(r) and not _is_lateral(r)}

    def connect(relations: Sequence[Relation]) -> None:
        known = [r for r in relations if id(r) in groups]
        if len(known) > 1:
            merged = set().union(*(groups[id(r)] for r in known))
            for member in merged:
                groups[member] = merged

    for condition in _conditions(scope.select):
        connect(_relations_in(condition, scope, facts))
    for number, relation in enumerate(scope.relations):
        join = relation.joined
        if join is not None and (
            join.args.get("using") or str(join.args.get("method") or "").upper() in ("NATURAL", "ASOF")
        ):
            connect(scope.relations[: number + 1])
    if len({frozenset(members) for members in groups.values()}) > 1:
        names = [r.name for r in scope.relations if id(r) in groups]
        yield f"nothing connects {', '.join(names)}: every row meets every other row"


def _is_one_row(relation: Relation) -> bool:
    """A derived table that gives one row: an aggregate without groups, or LIMIT 1."""
    query = None if relation.query is None else relation.query.unnest()
    if query is None and not relation.table and relation.columns is None:
        return True  # a table function or something unknown
    if not isinstance(query, exp.Select):
        return isinstance(query, exp.Values)
    limit = query.args.get("limit")
    if limit is not None and limit.expression.sql() == "1":
        return True
    aggregated = any(isinstance(n, exp.AggFunc) for item in query.expressions for n in item.walk())
    return (aggregated and query.args.get("group") is None) or query.args.get("from_") is None


def _is_lateral(relation: Relation) -> bool:
    return relation.query is not None and isinstance(relation.query.parent, exp.Lateral)


def _conditions(select: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions joined by AND in WHERE and ON."""
    clauses = [select.args.get("where")]
    clauses += [join.args.get("on") for join in select.args.get("joins") or []]
    source = select.args.get("from_")
    if source is not None:
        clauses += [join.args.get("on") for join in source.this.args.get("joins") or []]
        clauses += [j.args.get("on") for t in source.this.find_all(exp.Table) for j in t.args.get("joins") or []]
    for clause in clauses:
        if isinstance(clause, exp.Expr):
            node = (clause.this if isinstance(clause, exp.Where) else clause).unnest()
            yield from node.flatten() if isinstance(node, exp.And) else (node,)


def _relations_in(condition: exp.Expr, scope: Scope, facts: Facts) -> list[Relation]:
    found = [b.relation for c in condition.find_all(exp.Column) if (b := facts.names.column(c)) is not None]
    return [r for r in scope.relations if any(r is f for f in found)]


# -------------------------------------------------------------------------------------------------------- keys

_Side = tuple[Relation, str]


def _equalities(select: exp.Expr, facts: Facts) -> Iterator[tuple[_Side, _Side]]:
    """Columns of two tables that are demanded to be equal."""
    for condition in _conditions(select):
        if isinstance(condition, exp.EQ):
            left, right = (facts.names.column(side) for side in (condition.this, condition.expression))
            if left and right and left.table and right.table and left.relation is not right.relation:
                yield (left.relation, left.column), (right.relation, right.column)


def _wrong_keys(equal: list[tuple[_Side, _Side]], facts: Facts) -> Iterator[str]:
    """Tables with a foreign key between them that are joined by other columns only."""
    pairs: dict[tuple[int, int], list[tuple[_Side, _Side]]] = {}
    for one, other in equal:
        key = (min(id(one[0]), id(other[0])), max(id(one[0]), id(other[0])))
        pairs.setdefault(key, []).append((one, other))
    for sides in pairs.values():
        (first, _), (second, _) = sides[0]
        declared = {frozenset({(first.table, c), (t, k)}) for c, t, k in facts.references(first.table) if t == second.table}
        declared |= {
            frozenset({(second.table, c), (t, k)}) for c, t, k in facts.references(second.table) if t == first.table
        }
        used = {frozenset({(a.table, x), (b.table, y)}) for (a, x), (b, y) in sides}
        if declared and not declared & used and not _same_role(sides, facts):
            ways = " or ".join(sorted(" = ".join(sorted(f"{t}.{c}" for t, c in d)) for d in declared))
            (a, x), (b, y) = sides[0]
            yield f"{a.table} and {b.table} are joined by {x} = {y}; their foreign key is {ways}"
            continue
        keys = [
            (a.table, x, b.table, y) for (a, x), (b, y) in sides if not declared and _are_keys_of_both(a, x, b, y, facts)
        ]
        for one_table, x, other_table, y in keys:
            yield f"{one_table}.{x} = {other_table}.{y} joins two keys that do not point at each other"


def _same_role(sides: list[tuple[_Side, _Side]], facts: Facts) -> bool:
    """Both columns point at the same third table, or are plain data such as a city: a join with a sense of its own."""
    for (a, x), (b, y) in sides:
        mine, others = facts.references(a.table), facts.references(b.table)
        targets = {(t, k) for c, t, k in mine if c == x} & {(t, k) for c, t, k in others if c == y}
        plain = not (x in facts.key_of(a.table) or y in facts.key_of(b.table)) and not targets
        if not targets and not (plain and x.lower() == y.lower()):
            return False
    return True


def _are_keys_of_both(a: Relation, x: str, b: Relation, y: str, facts: Facts) -> bool:
    """``team.team_id = goal.goal_id``: each the whole key of its own table, under different names."""
    both = facts.key_of(a.table) == {x} and facts.key_of(b.table) == {y}
    return both and a.table != b.table and x.lower() != y.lower()


# -------------------------------------------------------------------------------------------------- multiplied


def _multiplied(scope: Scope, equal: list[tuple[_Side, _Side]], facts: Facts) -> Iterator[str]:
    """SUM or AVG over a table whose rows a join with its children repeats."""
    for aggregate in facts.aggregates_in(scope.select):
        if not isinstance(aggregate, exp.Sum | exp.Avg) or isinstance(aggregate.this, exp.Distinct):
            continue
        bound = [facts.names.column(c) for c in aggregate.find_all(exp.Column)]
        tables = {b.relation.table for b in bound if b is not None}
        relations = {id(b.relation): b.relation for b in bound if b is not None and b.table}
        if len(relations) != 1 or len(tables) != 1:
            continue
        (relation,) = relations.values()
        child = _child_of(relation, equal, facts)
        if child is not None and not _unique_by_group(relation, child, scope.select, facts):
            yield f"{aggregate.sql('sqlite')}: each row of {relation.table} is repeated for each row of {child.table}"


def _child_of(relation: Relation, equal: list[tuple[_Side, _Side]], facts: Facts) -> Relation | None:
    """A joined table whose rows point at those of ``relation``."""
    for one, other in equal:
        for (mine, key), (child, column) in ((one, other), (other, one)):
            points = any(c == column and t == relation.table and k == key for c, t, k in facts.references(child.table))
            if mine is relation and points and facts.key_of(child.table) != {column}:
                return child
    return None


def _unique_by_group(relation: Relation, child: Relation, select: exp.Expr, facts: Facts) -> bool:
    """In a group each row of ``relation`` meets one of ``child``: the rest of its key is grouped by or fixed."""
    columns = {c for c, t, _ in facts.references(child.table) if t == relation.table}
    rest = facts.key_of(child.table) - columns
    if not facts.key_of(child.table) & columns or not rest or not isinstance(select, exp.Select):
        return False
    fixed = {c[1].name for key in facts.group_keys(select) if (c := facts.column(key)) and c[0] == child.table}
    for condition in _conditions(select):
        if isinstance(condition, exp.EQ) and (c := facts.column(condition.this)) and c[0] == child.table:
            fixed.add(c[1].name)
    parents = {t for c, t, _ in facts.references(child.table) if c in rest}
    grouped = {c[0] for key in facts.group_keys(select) if (c := facts.column(key))}
    return rest <= fixed or bool(parents & grouped)


def _counted_rows(facts: Facts, asked: Asked) -> Iterator[str]:
    """'How many patients': COUNT over rows of which one patient may have several."""
    thing = _counted_table(facts, asked)
    if thing is None:
        return
    for select in facts.selects:
        counts = [
            n for n in facts.aggregates_in(select) if isinstance(n, exp.Count) and not isinstance(n.this, exp.Distinct)
        ]
        counts = [n for n in counts if n.find_ancestor(exp.Having) is None]  # 'with at least two trains' counts trains
        scope = next((s for s in facts.names.scopes if s.select is select), None)
        if not counts or scope is None:
            continue
        tables = [r.table for r in scope.relations if r.table]
        if not tables or len(tables) != len(scope.relations) or tables == [thing]:
            continue
        children = [t for t in tables if any(other == thing for _, other, _ in facts.references(t))]
        children = [t for t in children if not _is_said(t, asked.count or ()) and t != thing]
        for child in children:
            links = {c for c, other, _ in facts.references(child) if other == thing}
            if facts.key_of(child) & links or _filters_one(select, child, facts):
                continue
            yield f"COUNT counts rows of {child}; one of {thing} may have several: write COUNT(DISTINCT ...)"
            return


def _counted_table(facts: Facts, asked: Asked) -> str | None:
    """The table whose rows 'how many ...' counts: the one that the words right after it name."""
    for size in (3, 2, 1):
        words = stems(list(asked.count or ())[:size])
        for table in facts.summary.tables:
            own = stems(parts_of(table.name))
            if words and own == words[-len(own) :] and len(own) <= len(words):
                return table.name
    head = stems(list(asked.count or ())[-1:])
    named = [t.name for t in facts.summary.tables if head and head[0] in stems(parts_of(t.name))]
    return named[0] if len(named) == 1 else None


def _is_said(table: str, words: Sequence[str]) -> bool:
    own = stems(parts_of(table))
    return all(word in stems(list(words)) for word in own)


def _filters_one(select: exp.Select, child: str, facts: Facts) -> bool:
    """Some rows of ``child`` are chosen so that one remains: by its whole key."""
    key = facts.key_of(child)
    where = select.args.get("where")
    demanded = [facts.column(n.this) for n in where.find_all(exp.EQ)] if where is not None else []
    fixed = {c[1].name for c in demanded if c is not None and c[0] == child}
    return bool(key) and key <= fixed
