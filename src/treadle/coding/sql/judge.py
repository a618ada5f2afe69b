"""The ladder for SQL: parsed -> names exist -> ran -> rows -> met expectations, with doubts and the behaviour key."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.checks.values import shown, value_equal
from treadle.coding.choose import Candidate
from treadle.coding.sql.base import Database, Dialect, Rows, rows_of
from treadle.coding.sql.checks.names import check_names
from treadle.coding.sql.checks.parsed import check_parsed
from treadle.coding.sql.checks.statement import extract_sql
from treadle.coding.sql.checks.syntax import parse_query
from treadle.coding.sql.doubts.rules import sql_doubts
from treadle.coding.sql.doubts.values import KnownValues
from treadle.coding.sql.rows import behaviour_of_rows, rows_as_text
from treadle.coding.sql.style.house import PLAIN, Style, format_sql
from treadle.types import Draft, Expectation, Limits, Outcome, Prompt, Request, Rung, Verdict

__all__ = ["SqlJudge"]

NOT_REACHED = "not reached"
_ORDER_ASKED = re.compile(
    r"\b(?:sort|order|rank|arrange|alphabetical|ascending|descending|top|first|last|from (?:the )?\w+ to)", re.IGNORECASE
)


class SqlJudge:
    """Judges statements against one database; a statement that was judged before is not executed again."""

    def __init__(self, request: Request, database: Database, limits: Limits, style: Style = PLAIN) -> None:
        self._request, self._database, self._limits, self._style = request, database, limits, style
        self._known: dict[str | None, Candidate] = {}
        self._values = KnownValues(database)

    def extract(self, text: str, prompt: Prompt) -> str | None:
        """The statement in what a model wrote after ``prompt``, in house style."""
        dialect = self._database.dialect
        statement = extract_sql(f"{prompt.program_prefix}{text}" if prompt.primer else text, dialect)
        return None if statement is None else format_sql(statement, dialect, self._style)

    def judge(self, draft: Draft, origin: str) -> Candidate:
        known = self._known.get(draft.program)
        if known is not None:
            same = known.draft.id
            verdicts = tuple(replace(v, evidence={**v.evidence, "same_program_as": same}) for v in known.verdicts)
            return replace(known, draft=draft, origin=origin, verdicts=verdicts, same_as=same)
        candidate = self._climbed(draft, origin)
        self._known[draft.program] = candidate
        return candidate

    def _climbed(self, draft: Draft, origin: str) -> Candidate:
        dialect = self._database.dialect
        verdicts = [check_parsed(draft.program, dialect)]
        if draft.program is not None and verdicts[0].outcome is Outcome.PASSED:
            verdicts += check_names(draft.program, dialect, self._database.summary, self._database.functions)
        if draft.program is None or any(v.outcome is Outcome.FAILED for v in verdicts):
            return Candidate(draft=draft, verdicts=tuple(_rest(verdicts)), origin=origin)
        run = self._database.execute(draft.program, self._limits)
        rows = rows_of(run)
        if rows is None:
            reason = run.limit_hit or run.error or f"exit code {run.exit_code}"
            verdicts.append(_verdict(Rung.RAN, Outcome.FAILED, reason, reason))
            return Candidate(draft=draft, verdicts=tuple(_rest(verdicts)), runs=(("ran", run),), origin=origin)
        run = replace(run, stdout=rows_as_text(rows))
        verdicts += [
            _verdict(Rung.RAN, Outcome.PASSED, f"executed in {run.wall_seconds:.2f} s ({run.tier})"),
            _verdict(Rung.OUTPUT, Outcome.PASSED, _told(rows)),
            *[_met(e, rows) for e in self._request.expectations],
        ]
        found = sql_doubts(draft.program, rows, self._request.text, self._database.summary, dialect, self._values)
        return Candidate(
            draft=draft,
            verdicts=tuple(_rest(verdicts)),
            runs=(("ran", run),),
            doubts=tuple(found),
            behaviour=None if rows.truncated else behaviour_of_rows(rows, self._order_counts(draft.program)),
            ordered=len(rows.rows) > 1 and _is_ordered(draft.program, self._database.dialect),
            origin=origin,
        )

    def _order_counts(self, statement: str) -> bool:
        """Whether the order of the rows is part of the answer: asked for, and given by the statement."""
        return _ORDER_ASKED.search(self._request.text) is not None and _is_ordered(statement, self._database.dialect)


def _is_ordered(statement: str, dialect: Dialect) -> bool:
    """Whether the order of the rows is part of the answer: an ORDER BY that is not inside a subquery."""
    tree = parse_query(statement, dialect)
    return tree is not None and tree.args.get("order") is not None


def _verdict(rung: Rung, outcome: Outcome, reason: str, hint: str = "") -> Verdict:
    return Verdict(check=rung.value, rung=rung, outcome=outcome, reason=reason, hint=hint)


def _rest(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts with those rungs that were not reached."""
    reached = {v.rung for v in verdicts}
    missing = [r for r in Rung if r not in reached and r is not Rung.EXPECTATIONS]
    return [*verdicts, *(_verdict(r, Outcome.SKIPPED, NOT_REACHED) for r in missing)]


def _told(rows: Rows) -> str:
    count = len(rows.rows)
    return f"{'at least ' if rows.truncated else ''}{count} row{'s' if count != 1 else ''} of {len(rows.columns)} columns"


def _met(expectation: Expectation, rows: Rows) -> Verdict:
    """'rows' is the number of rows, 'value' the only value, any other name a column in the first row."""
    name = expectation.subject
    got: object
    if name == "rows":
        got = len(rows.rows)
    elif name == "value" and len(rows.rows) == 1 and len(rows.columns) == 1:
        got = rows.rows[0][0]
    elif name in rows.columns and rows.rows:
        got = rows.rows[0][rows.columns.index(name)]
    else:
        reason = f"the result has no column {name}; it has {', '.join(rows.columns)}"
        return Verdict(
            check=expectation.text,
            rung=Rung.EXPECTATIONS,
            outcome=Outcome.FAILED,
            reason=reason,
            hint=f"name a column AS {name}",
        )
    equal, _ = value_equal(expectation.expected, got, expectation.relative, expectation.absolute)
    reason = f"{name} = {shown(got)}" + ("" if equal else f", expected {shown(expectation.expected)}")
    return Verdict(
        check=expectation.text,
        rung=Rung.EXPECTATIONS,
        outcome=Outcome.PASSED if equal else Outcome.FAILED,
        reason=reason,
        hint="" if equal else f"the {name} is not right; check the conditions, the join and the order",
        evidence={"expected": expectation.expected, "got": got},
    )
