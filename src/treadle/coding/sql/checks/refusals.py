"""What a dialect refuses although sqlglot reads it: gaps in the text, and constructs that the engine does not know.

Every rule was tried on the engine itself (SQLite 3.40, DuckDB 2.0, PostgreSQL 15); a test repeats it for the embedded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import SqlError, Token, TokenType, exp, position

__all__ = ["ENGINES", "gaps", "refusals"]

ENGINES: dict[Dialect, str] = {"sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}
_ENDS = frozenset({TokenType.R_PAREN, TokenType.SEMICOLON})
_CLAUSES = frozenset(
    {
        TokenType.FROM,
        TokenType.WHERE,
        TokenType.GROUP_BY,
        TokenType.HAVING,
        TokenType.ORDER_BY,
        TokenType.LIMIT,
        TokenType.UNION,
        TokenType.EXCEPT,
        TokenType.INTERSECT,
        TokenType.JOIN,
        TokenType.WINDOW,
    }
)
_NEEDS_MORE = frozenset(
    {TokenType.ON, TokenType.GROUP_BY, TokenType.ORDER_BY, TokenType.HAVING, TokenType.LIMIT, TokenType.OFFSET}
    | {TokenType.FROM, TokenType.WHERE, TokenType.SELECT, TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.ALIAS}
    | {TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT}
)


def gaps(tokens: Sequence[Token], sql: str, dialect: Dialect) -> SqlError | None:
    """A comma or a keyword after which nothing comes."""
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        kind = None if following is None else following.token_type
        ended = kind is None or kind in _ENDS or kind in _CLAUSES
        if kind in (TokenType.UNION, TokenType.SELECT) and token.token_type not in _NEEDS_MORE:
            continue
        if token.token_type is TokenType.COMMA and ended:
            if dialect == "duckdb" and kind in (TokenType.FROM, TokenType.R_PAREN):
                continue
            return _fault("a comma is followed by nothing", token, sql)
        if token.token_type in _NEEDS_MORE and ended and not _is_empty_select(token, kind, dialect):
            return _fault(f"something is missing after {token.text.upper()}", token, sql)
    return None


def _is_empty_select(token: Token, kind: TokenType | None, dialect: Dialect) -> bool:
    """PostgreSQL takes SELECT without columns; UNION ALL and the like come as two tokens."""
    if token.token_type is TokenType.SELECT:
        return dialect == "postgres"
    return token.token_type in (TokenType.ALIAS, TokenType.FROM) and kind in _CLAUSES - {TokenType.WHERE, TokenType.FROM}


def _fault(reason: str, token: Token, sql: str) -> SqlError:
    line, column = position(sql, token.start)
    return SqlError(reason, line, column)


# ------------------------------------------------------------------------------------------------- constructs

_Test = Callable[[exp.Expr], bool]


def _is(*kinds: type[exp.Expr]) -> _Test:
    return lambda node: isinstance(node, kinds)


def _distinct_on(node: exp.Expr) -> bool:
    return isinstance(node, exp.Distinct) and node.args.get("on") is not None


def _set_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Except | exp.Intersect) and node.args.get("distinct") is False


def _bracketed_operand(node: exp.Expr) -> bool:
    """``(SELECT ...) UNION ...``"""
    if not isinstance(node, exp.SetOperation):
        return False
    return any(isinstance(side, exp.Subquery) for side in (node.this, node.expression))


def _ordered_operand(node: exp.Expr) -> bool:
    """ORDER BY or LIMIT before the UNION; sqlglot keeps what stands at the end in the set operation itself."""
    if not isinstance(node, exp.SetOperation):
        return False
    return any(side.args.get("order") or side.args.get("limit") for side in (node.this, node.expression))


def _column_list(node: exp.Expr) -> bool:
    """``(SELECT ...) AS t(a, b)``; a CTE may have one."""
    return isinstance(node, exp.TableAlias) and bool(node.args.get("columns")) and not isinstance(node.parent, exp.CTE)


def _quantified(node: exp.Expr) -> bool:
    return isinstance(node, exp.Any | exp.All)


def _grouping(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cube | exp.Rollup | exp.GroupingSets)


def _group_by_all(node: exp.Expr) -> bool:
    return isinstance(node, exp.Group) and bool(node.args.get("all"))


def _star_except(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) and any(node.args.get(key) for key in ("except_", "replace", "rename"))


def _nested_aggregate(node: exp.Expr) -> bool:
    if not isinstance(node, exp.AggFunc) or isinstance(node.parent, exp.Window):
        return False
    inner = node.find_ancestor(exp.AggFunc, exp.Select, exp.Window)
    while isinstance(inner, exp.AggFunc):
        if not isinstance(inner.parent, exp.Window):
            return True
        inner = inner.find_ancestor(exp.AggFunc, exp.Select, exp.Window)
    return False


def _aggregate_in_where(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Count | exp.Sum | exp.Avg) or isinstance(node.parent, exp.Window):
        return False
    above = node.find_ancestor(exp.Where, exp.Select, exp.Having)
    # An aggregate over columns of an outer query belongs there; only plain ones are sure.
    return isinstance(above, exp.Where) and isinstance(node.this, exp.Star)


def _placeholder(node: exp.Expr) -> bool:
    return isinstance(node, exp.Placeholder | exp.Parameter | exp.SessionParameter)


def _odd_join(node: exp.Expr) -> bool:
    if not isinstance(node, exp.Join):
        return False
    return {str(node.args.get(key) or "").upper() for key in ("kind", "side", "method")} & _ODD_JOINS != set()


_ODD_JOINS = {"SEMI", "ANTI", "ASOF", "POSITIONAL"}


def _offset_alone(node: exp.Expr) -> bool:
    return isinstance(node, exp.Query) and node.args.get("offset") is not None and node.args.get("limit") is None


def _distinct_list(node: exp.Expr) -> bool:
    return isinstance(node, exp.Distinct) and isinstance(node.parent, exp.AggFunc) and len(node.expressions) > 1


def _symmetric(node: exp.Expr) -> bool:
    return isinstance(node, exp.Between) and node.args.get("symmetric") is True


_ALL: tuple[tuple[_Test, str, str], ...] = (
    (_placeholder, "a placeholder", "write the value itself"),
    (_nested_aggregate, "an aggregate inside an aggregate", "compute the inner one in a subquery in FROM"),
    (_aggregate_in_where, "COUNT(*) in WHERE", "put conditions on groups into HAVING"),
)
_SQLITE: tuple[tuple[_Test, str, str], ...] = (
    (_is(exp.Fetch), "FETCH FIRST", "write LIMIT n at the end"),
    (_distinct_on, "DISTINCT ON", "use GROUP BY, or ROW_NUMBER() OVER (PARTITION BY ...)"),
    (_set_all, "EXCEPT ALL and INTERSECT ALL", "leave ALL out"),
    (_bracketed_operand, "brackets around the parts of a UNION", "leave them out, or write SELECT * FROM (...)"),
    (_ordered_operand, "ORDER BY or LIMIT before UNION", "put that part into SELECT * FROM (...)"),
    (_column_list, "names of columns after the alias of a table", "name the columns inside with AS"),
    (_quantified, "ANY and ALL", "write IN (...), or compare with (SELECT MAX(...) ...)"),
    (_is(exp.Interval), "INTERVAL", "write date(x, '+7 days')"),
    (_is(exp.Extract), "EXTRACT", "write CAST(strftime('%Y', x) AS INTEGER)"),
    (_is(exp.ILike, exp.SimilarTo), "ILIKE and SIMILAR TO", "LIKE does not mind upper and lower case here"),
    (_is(exp.Qualify), "QUALIFY", "filter the window function in an outer SELECT"),
    (_grouping, "ROLLUP, CUBE and GROUPING SETS", "combine several SELECTs with UNION ALL"),
    (_group_by_all, "GROUP BY ALL", "name the columns"),
    (_star_except, "* EXCEPT, * EXCLUDE and * REPLACE", "name the columns"),
    (_is(exp.TryCast), "TRY_CAST", "write CAST(x AS ...)"),
    (_is(exp.Lateral), "LATERAL", "use a subquery in SELECT, or a join with grouping"),
    (_is(exp.Unnest), "UNNEST", "use json_each(...) or a WITH RECURSIVE"),
    (_is(exp.AtTimeZone), "AT TIME ZONE", "write datetime(x, '+1 hour')"),
    (_is(exp.TableSample), "TABLESAMPLE", "write ORDER BY random() LIMIT n"),
    (_is(exp.WithinGroup), "WITHIN GROUP", "sort in a subquery and take the middle row by LIMIT 1 OFFSET ..."),
    (_is(exp.Lock), "FOR UPDATE", "leave it out: the database is only read"),
    (_is(exp.Pivot), "PIVOT", "write SUM(CASE WHEN ... THEN ... END) for each column"),
    (_is(exp.RegexpLike), "REGEXP and RLIKE", "write LIKE or GLOB"),
    (_is(exp.IntDiv), "DIV", "write / between whole numbers, which leaves the remainder off"),
    (_is(exp.BitwiseXor), "the operator ^", "write power(x, y) for powers"),
    (_is(exp.NullSafeEQ), "<=>", "write IS"),
    (_odd_join, "SEMI, ANTI, ASOF and POSITIONAL JOIN", "write WHERE EXISTS (...) or WHERE NOT EXISTS (...)"),
    (_offset_alone, "OFFSET without LIMIT", "write LIMIT -1 OFFSET n"),
    (_distinct_list, "DISTINCT with several arguments in an aggregate", "count over (SELECT DISTINCT a, b FROM ...)"),
    (_symmetric, "BETWEEN SYMMETRIC", "put the smaller bound first"),
)
_POSTGRES: tuple[tuple[_Test, str, str], ...] = (
    (_is(exp.Qualify), "QUALIFY", "filter the window function in an outer SELECT"),
    (_group_by_all, "GROUP BY ALL", "name the columns"),
    (_star_except, "* EXCEPT, * EXCLUDE and * REPLACE", "name the columns"),
    (_is(exp.TryCast), "TRY_CAST", "write CAST(x AS ...)"),
    (_is(exp.Pivot), "PIVOT", "write SUM(x) FILTER (WHERE ...) for each column"),
    (_is(exp.Glob), "GLOB", "write LIKE or ~"),
)
_RULES: dict[Dialect, tuple[tuple[_Test, str, str], ...]] = {"sqlite": _SQLITE, "duckdb": (), "postgres": _POSTGRES}


def refusals(tree: exp.Expr, tokens: Sequence[Token], dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(what is refused, what to write instead) for each construct of a statement that the engine does not take."""
    found = [(what, instead) for node in tree.walk() for test, what, instead in (*_ALL, *_RULES[dialect]) if test(node)]
    if dialect == "sqlite":
        found += _by_tokens(tokens)
    if dialect != "duckdb" and tokens and tokens[0].token_type is TokenType.FROM:
        found.append(("FROM before SELECT", "write SELECT ... FROM ..."))
    for what, instead in dict.fromkeys(found):
        yield f"{ENGINES[dialect]} does not take {what}", instead


def _by_tokens(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """What the tree of sqlglot no longer tells."""
    for index, token in enumerate(tokens):
        if token.token_type is TokenType.DCOLON:
            yield "the operator `::`", "write CAST(x AS INTEGER)"
        opened = index + 1 < len(tokens) and tokens[index + 1].token_type is TokenType.L_PAREN
        instead = _KEYWORD_ARGUMENTS.get(token.text.upper()) if opened else None
        if instead and _keyword_inside(tokens, index + 2):
            yield f"keywords between the arguments of {token.text.upper()}", instead


_KEYWORD_ARGUMENTS = {
    "SUBSTRING": "write substr(x, 1, 2)",
    "TRIM": "write trim(x) or trim(x, 'characters')",
    "POSITION": "write instr(x, 'text')",
    "OVERLAY": "combine substr(...) by ||",
}
_KEYWORDS_INSIDE = frozenset({"FROM", "FOR", "IN", "PLACING", "BOTH", "LEADING", "TRAILING"})


def _keyword_inside(tokens: Sequence[Token], start: int) -> bool:
    depth = 0
    for token in tokens[start:]:
        if token.token_type is TokenType.L_PAREN:
            depth += 1
        elif token.token_type is TokenType.R_PAREN:
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and token.token_type is not TokenType.STRING and token.text.upper() in _KEYWORDS_INSIDE:
            return True
    return False
