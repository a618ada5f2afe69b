"""Rows from questions that people asked and statements that answer them, in the prompts that inference would show.

The examples that rules make from a question stand before it, right or wrong, as they will when it counts. What is learnt
is the rules' own statement where it gives the rows of an accepted one, so that there is one spelling, and else an accepted
one in plain spelling (``plainly``), as far as a small model's guide would let it be written.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from treadle.coding.ask import Options
from treadle.coding.sql.base import Database, rows_of
from treadle.coding.sql.checks.syntax import exp, parse_query
from treadle.coding.sql.databases.open import PRELOAD, open_database
from treadle.coding.sql.plan import SqlPlan, make_sql_plan
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.rows import behaviour_of_rows
from treadle.grounding.accept import accepts
from treadle.grounding.sql import SqlGuide
from treadle.sandbox import open_sandbox
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.rows import Row, write_rows
from treadle.synthesis.sql.plainly import plainly
from treadle.synthesis.sql.prompted import Turn, is_shown, sql_row
from treadle.synthesis.writer import PromptWriter

__all__ = ["Asked", "AskedReport", "make_rows"]

MOST_TURNS = 3
"""Questions of a row; each brings its own examples, so more would grow longer than any prompt that is ever shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to a database (what ``open_database`` takes), and statements that answer it."""

    question: str
    database: str
    gold: tuple[str, ...]


@dataclass(slots=True)
class AskedReport:
    """What became of the questions. ``kept``: by where the learnt statement came from; ``dropped``: by why."""

    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    databases: int = 0
    rows: int = 0

    def told(self) -> str:
        """In words, two lines."""
        dropped = ", ".join(f"{why} {count}" for why, count in self.dropped.most_common()) or "none"
        kept = ", ".join(f"{what} {count}" for what, count in self.kept.most_common()) or "none"
        return (
            f"{self.kept.total()} questions in {self.rows} rows about {self.databases} databases; statements: {kept}\n"
            f"left out: {dropped}"
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    turn: Turn
    summary: str
    tables: frozenset[str]


def make_rows(
    questions: Sequence[Asked],
    seed: int,
    out: Path,
    licence: str,
    model: Path | None = None,
    on_questions: Callable[[int], None] | None = None,
    held_out: HeldOut | None = None,
) -> AskedReport:
    """Write rows of ``questions`` to ``out``; ``licence`` is that of the questions.

    Args:
        held_out: questions that no row may hold.
        model: the GGUF file of the model that is to be trained, by whose tokens summaries are cut; None: estimated.

    Raises:
        UsageError: the file cannot be written.
        DataError: a database cannot be opened.
        SandboxError: the sandbox failed, or refused.
    """
    report = AskedReport()
    writer = PromptWriter(None) if model is None else PromptWriter.of_model(model)
    sandbox = open_sandbox(preload=PRELOAD)
    choose = random.Random(seed)  # noqa: S311

    def rows() -> Iterator[Row]:
        for path, asked in groupby(sorted(questions, key=lambda a: a.database), key=lambda a: a.database):
            with closing(open_database([path], sandbox)) as database:
                yield from _rows(list(asked), database, f"{Path(path).stem}", choose)

    def _rows(asked: Sequence[Asked], database: Database, group: str, choose: random.Random) -> Iterator[Row]:
        found = list[_Kept]()
        maker = _Maker(database, writer, report)
        for one in asked:
            if held_out is not None and held_out.text_leaks(one.question):
                report.dropped["held out"] += 1
            elif (kept := maker.kept(one)) is not None:
                found.append(kept)
            if on_questions is not None:
                on_questions(1)
        report.databases += bool(found)
        choose.shuffle(found)
        for turns, summary in _together(found, choose):
            report.rows += 1
            source = f"questions/{database.dialect}"
            yield sql_row(turns, summary, database.dialect, writer, source=source, licence=licence, group=group)

    try:
        write_rows(rows(), out)
    finally:
        sandbox.close()
    return report


def _together(found: Sequence[_Kept], choose: random.Random) -> Iterator[tuple[list[Turn], str]]:
    """Turns that share the summary of one of them, a few at a time; whose tables it leaves out stands alone."""
    left = list(found)
    while left:
        part, left = left[:MOST_TURNS], left[MOST_TURNS:]
        summary = choose.choice(part).summary
        shown = [k.turn for k in part if is_shown(k.tables, summary)]
        if shown:
            yield shown, summary
        yield from (([k.turn], k.summary) for k in part if not is_shown(k.tables, summary))


class _Maker:
    """Questions to one database."""

    def __init__(self, database: Database, writer: PromptWriter, report: AskedReport) -> None:
        self._database, self._writer, self._report = database, writer, report
        self._schema = Schema.of(database.summary)
        self._guide = SqlGuide(database.summary.tables, database.dialect)
        self._options = Options()

    def kept(self, asked: Asked) -> _Kept | None:
        plan = make_sql_plan(asked.question, self._database, self._writer, (), self._options)
        found = self._statement(asked, plan)
        if found is None:
            return None
        origin, sql = found
        tables = _tables_of(sql, self._schema)
        if not is_shown(tables, plan.ingredients.summary):
            self._report.dropped["its tables are beyond the budget"] += 1
            return None
        self._report.kept[origin] += 1
        turn = Turn(question=asked.question, sql=sql, examples=plan.ingredients.examples)
        return _Kept(turn, plan.ingredients.summary, tables)

    def _statement(self, asked: Asked, plan: SqlPlan) -> tuple[str, str] | None:
        """Where the statement that is learnt comes from, and the statement; None where there is none."""
        wanted = {b for gold in asked.gold if (b := self._behaviour(gold, gold)) is not None}
        if not wanted:
            self._report.dropped["no statement gives rows"] += 1
            return None
        for reading in plan.readings:
            if any(self._behaviour(reading.text, gold) in wanted for gold in asked.gold):
                return "as rules read it", reading.text
        for gold in asked.gold:
            plain = plainly(gold, self._schema, self._database.dialect)
            if plain is not None and self._held(plain) and self._behaviour(plain, gold) in wanted:
                return "as it was answered", plain
        self._report.dropped["no statement that the guide holds"] += 1
        return None

    def _held(self, sql: str) -> bool:
        return accepts(self._guide, f"{sql.removeprefix('SELECT')};") is None

    def _behaviour(self, sql: str, gold: str) -> Hashable | None:
        """What ``sql`` gives; the order of its rows counts where ``gold`` has one."""
        rows = rows_of(self._database.execute(sql))
        if rows is None or not rows.rows or rows.truncated:
            return None
        tree = parse_query(gold, self._database.dialect)
        ordered = tree is not None and tree.args.get("order") is not None
        return (ordered, behaviour_of_rows(rows, ordered))


def _tables_of(sql: str, schema: Schema) -> frozenset[str]:
    tree = parse_query(sql, "sqlite")
    names = {t.name.lower() for t in tree.find_all(exp.Table)} if tree is not None else set()
    return frozenset(t for t in schema.tables if t.lower() in names)
