"""The lowest rung: the completion holds one statement that only asks, and the dialect would take it."""

from __future__ import annotations

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.refusals import ENGINES, gaps, refusals
from treadle.coding.sql.checks.syntax import QUERIES, SqlError, TokenType, exp, parse_all, parse_query, tokens_of
from treadle.types import Outcome, Rung, Verdict

__all__ = ["check_parsed", "is_whole"]

NAME = "parsed"
_ONE_SELECT = "write one SELECT statement and nothing else"
_WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.Into, exp.Copy, exp.Command)


def check_parsed(sql: str | None, dialect: Dialect) -> Verdict:
    """Whether ``sql`` is exactly one query (SELECT, WITH, VALUES, also combined by UNION) in the dialect.

    sqlglot reads more than the engines do; what is known to be refused fails here, with what to write instead. A passed
    verdict says nothing about names, and does not promise that the engine takes it.
    """
    if sql is None or not sql.strip():
        return _verdict(Outcome.FAILED, "the completion holds no SQL", _ONE_SELECT)
    try:
        trees = parse_all(sql, dialect)
        tokens = [t for t in tokens_of(sql, dialect) if t.token_type is not TokenType.SEMICOLON]
    except SqlError as error:
        return _verdict(Outcome.FAILED, str(error), f"the statement is not valid SQL: {error}")
    if len(trees) != 1:
        return _verdict(Outcome.FAILED, f"there are {len(trees)} statements, one is wanted", _ONE_SELECT)
    if reason := _not_a_query(trees[0]):
        return _verdict(Outcome.FAILED, reason, _ONE_SELECT)
    if (gap := gaps(tokens, sql, dialect)) is not None:
        return _verdict(Outcome.FAILED, str(gap), f"the statement is not complete: {gap}")
    refused = list(refusals(trees[0], tokens, dialect))
    if refused:
        hint = "; ".join(f"{reason}: {instead}" for reason, instead in refused)
        return _verdict(Outcome.FAILED, "; ".join(reason for reason, _ in refused), hint)
    return _verdict(
        Outcome.PASSED, f"the statement is valid {ENGINES[dialect]} SQL, as far as can be told without running it"
    )


def is_whole(sql: str, dialect: Dialect) -> bool:
    """Whether ``sql`` is one query without gaps; constructs that only another dialect takes are not looked at."""
    if parse_query(sql, dialect) is None:
        return False
    return gaps([t for t in tokens_of(sql, dialect) if t.token_type is not TokenType.SEMICOLON], sql, dialect) is None


def _not_a_query(tree: exp.Expr) -> str:
    inner = tree.unnest()
    table = isinstance(inner, exp.Table) and not inner.args.get("alias")
    if not isinstance(inner, (*QUERIES, exp.Subquery)) and not table:
        return f"{_called(tree)} is not a query"
    written = next(tree.find_all(*_WRITES), None)
    return "" if written is None else f"{_called(written)} is not allowed in a query: it would write"


def _called(node: exp.Expr) -> str:
    """The statement's first word."""
    if isinstance(node, exp.Command):
        return str(node.this).upper()
    return "SELECT INTO" if isinstance(node, exp.Into) else node.key.upper()


def _verdict(outcome: Outcome, reason: str, hint: str = "") -> Verdict:
    return Verdict(check=NAME, rung=Rung.PARSED, outcome=outcome, reason=reason, hint=hint)
