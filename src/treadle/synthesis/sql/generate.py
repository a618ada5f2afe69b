"""From chance to rows: worlds, questions with statements, execution, and the prompts that inference would show.

A pair is kept where its statement parses, runs, gives rows with values, and says more than a statement without its
conditions (``Made.wrong``). What is asked nearly the same twice is left out. The same seed gives the same rows.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from treadle.coding.sql.base import Database
from treadle.coding.sql.checks.syntax import SqlError, parse_query
from treadle.coding.sql.plan import SUMMARY_TOKENS, describe
from treadle.coding.sql.reading.linking import link, value_query
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.sandbox import Sandbox
from treadle.synthesis.paraphrase import noisy, sentence
from treadle.synthesis.rows import Row
from treadle.synthesis.sql.ask import Ask, Made, Task
from treadle.synthesis.sql.domains import Domain, domains
from treadle.synthesis.sql.execute import Result, execute_all, write_database
from treadle.synthesis.sql.prompted import Turn, is_shown, sql_row
from treadle.synthesis.sql.query import TwoWaysError
from treadle.synthesis.sql.tasks import TASKS
from treadle.synthesis.sql.world import World, build_world
from treadle.synthesis.writer import PromptWriter

__all__ = ["Report", "generate"]

LICENCE = "CC0-1.0"
DUCKDB_SHARE = 0.15
TWO_WORLDS = 0.25
"""How many databases hold the tables of a second domain, which have nothing to do with the first: some are large."""
PAIRS = 8
"""Of one database; more worlds teach more than more questions to one."""
_TRIES = 26
"""Questions drawn for a database, of which ``PAIRS`` are kept; what is left over costs a few milliseconds."""
_MOST_ROWS = 400
_SIZES = ((8,), (1, 7), (2, 6), (8,), (3, 5))
"""How the questions of a database are put into rows. Few stand alone: most of a row is its schema, which questions that
follow each other share, and at inference some stand before the one that is asked, too."""
_QUESTION = re.compile(
    r"(?:what|which|who|how|when|where|in which|on average|for each .*what|is|are|do|does)\b", re.IGNORECASE
)


@dataclass(slots=True)
class Pair:
    """A question and its statement, from SELECT on, without a semicolon."""

    task: str
    question: str
    sql: str
    tables: frozenset[str] = frozenset()
    """Names of those that the statement reads."""


@dataclass(slots=True)
class Report:
    """What was made and what was left out, and why."""

    tasks: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    databases: int = 0
    dialects: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    unheld: Counter[str] = field(default_factory=Counter)
    """Of the statements that were followed: by task those that the guide takes and those it does not."""
    failed: dict[str, str] = field(default_factory=dict)
    """For each kind of failure one statement."""


def generate(
    pairs: int,
    seed: int,
    sandbox: Sandbox,
    writer: PromptWriter,
    report: Report | None = None,
    on_pairs: Callable[[int], None] | None = None,
    on_pair: Callable[[World, Database, Pair], None] | None = None,
) -> Iterator[Row]:
    """Rows with ``pairs`` questions in all.

    Args:
        sandbox: where statements are executed.
        writer: prompts as the engine in question would be shown them.
        report: filled while rows are made.
        on_pair: shown every pair that is kept.
    """
    report = report if report is not None else Report()
    maker = _Maker(seed, sandbox, writer, report, on_pair)
    done = number = 0
    while done < pairs:
        found = maker.database(number, pairs - done)
        number += 1
        for row in found:
            done += len(row.segments)
            if on_pairs is not None:
                on_pairs(len(row.segments))
            yield row


class _Maker:
    def __init__(
        self,
        seed: int,
        sandbox: Sandbox,
        writer: PromptWriter,
        report: Report,
        on_pair: Callable[[World, Database, Pair], None] | None,
    ) -> None:
        self.seed, self.sandbox, self.writer, self.report, self.on_pair = seed, sandbox, writer, report, on_pair
        self.order = list(domains())
        random.Random(seed).shuffle(self.order)  # noqa: S311
        self.seen: set[str] = set()

    def database(self, number: int, wanted: int) -> list[Row]:
        """The rows of the ``number``-th database."""
        choose = random.Random(f"{self.seed}/{number}")  # noqa: S311
        domain = self.order[number % len(self.order)]
        if choose.random() < TWO_WORLDS:
            domain = _together(domain, choose.choice(self.order))
        dialect = "duckdb" if choose.random() < DUCKDB_SHARE else "sqlite"
        world = build_world(domain, choose, dialect)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory(prefix="treadle-synthesis-") as folder:
            path = Path(folder) / ("world.sqlite" if dialect == "sqlite" else "world.duckdb")
            write_database(world, path)
            path.chmod(0o644)
            with closing(_opened(path, world, self.sandbox)) as database:
                drawn = self._pairs(world, path, choose)
                summaries = self._summaries(world, database, path, [p.question for p in drawn])
                fitting = [p for p in drawn if is_shown(p.tables, summaries[p.question])]
                self.report.dropped["its tables are beyond the budget"] += len(drawn) - len(fitting)
                pairs = fitting[: min(wanted, PAIRS)]
                if self.on_pair is not None:
                    for pair in pairs:
                        self.on_pair(world, database, pair)
                rows = self._rows(world, summaries, list(pairs), f"{domain.name}-{self.seed}-{number}", choose)
        self.seen |= {_near_key(p.question) for p in pairs}
        self.report.databases += bool(rows)
        self.report.domains[domain.name] += len(pairs)
        self.report.dialects[dialect] += len(pairs)
        self.report.tasks.update(p.task for p in pairs)
        return rows

    # ------------------------------------------------------------------------------------------------- pairs

    def _pairs(self, world: World, path: Path, choose: random.Random) -> list[Pair]:
        drawn = [pair for pair in (_draw(world, choose, self.report) for _ in range(_TRIES)) if pair is not None]
        statements = list(dict.fromkeys(s for _, made in drawn for s in (made.sql, *made.wrong)))
        results = dict(zip(statements, execute_all(world, path, statements, self.sandbox), strict=True))
        found: list[Pair] = []
        tasks: set[str] = set()
        late: list[Pair] = []
        for task, made in drawn:
            why = self._refused(world, made, results)
            pair = Pair(task, _finished(made.question, choose), made.sql, _tables_of(made.sql, world))
            why = why or self._seen_before(pair, found + late)
            if why:
                self.report.dropped[why] += 1
                continue
            (late if task in tasks else found).append(pair)
            tasks.add(task)
        return (found + late)[:PAIRS]

    def _refused(self, world: World, made: Made, results: dict[str, Result]) -> str:
        """Why the statement is not kept; empty where it is."""
        result = results[made.sql]
        if result.error:
            self.report.failed.setdefault(result.error.split(":")[0], f"{result.error} | {made.sql}")
            return f"does not run ({result.error.split(':')[0]})"
        if not result.rows or not result.some:
            return "no rows"
        if result.rows > _MOST_ROWS:
            return "too many rows"
        if result.rows == 1 and result.columns == 1 and result.shown == [[0]]:
            return "nothing but zero"
        if any(results[w].key == result.key and not results[w].error for w in made.wrong):
            return "the conditions change nothing"
        try:
            tree = parse_query(made.sql, world.dialect)
        except SqlError:
            tree = None
        return "" if tree is not None else "does not parse"

    def _seen_before(self, pair: Pair, here: Sequence[Pair]) -> str:
        if any(p.sql == pair.sql or _near_key(p.question) == _near_key(pair.question) for p in here):
            return "asked twice"
        return "asked before" if _near_key(pair.question) in self.seen else ""

    # -------------------------------------------------------------------------------------------------- rows

    def _rows(
        self, world: World, summaries: dict[str, str], pairs: list[Pair], group: str, choose: random.Random
    ) -> list[Row]:
        """All questions in rows; one whose tables a row's summary has left out stands alone."""
        choose.shuffle(pairs)
        rows, alone = [], list[Pair]()
        for size in choose.choice(_SIZES):
            part, pairs = pairs[:size], pairs[size:]
            if not part:
                continue
            asked = choose.choice(part).question if len(part) == 1 or choose.random() < 0.6 else ""
            shown = [p for p in part if is_shown(p.tables, summaries[asked])]
            alone += [p for p in part if p not in shown]
            rows += [self._row(world, summaries[asked], shown, group)] if shown else []
        return rows + [self._row(world, summaries[p.question], [p], group) for p in alone]

    def _summaries(self, world: World, database: Database, path: Path, questions: Sequence[str]) -> dict[str, str]:
        """The schema as it is described for each question, and for none ('').

        The tables that a question speaks of come first; what goes beyond the budget is left out.
        """
        schema = Schema.of(database.summary)
        values = {"": list[tuple[Field, str]]()} | self._values(world, path, schema, questions)
        return {
            q: describe(schema, link(q, schema, found), database, SUMMARY_TOKENS, self.writer.count_tokens)
            for q, found in values.items()
        }

    def _values(
        self, world: World, path: Path, schema: Schema, questions: Sequence[str]
    ) -> dict[str, list[tuple[Field, str]]]:
        """What ``linking.find_values`` finds for each, in one run for all."""
        queries = {q: value_query(q, schema) for q in questions}
        statements = [s for s in queries.values() if s is not None]
        results = dict(
            zip(statements, execute_all(world, path, statements, self.sandbox) if statements else [], strict=True)
        )
        fields = {(f.table, f.name): f for f in schema.fields}
        return {
            q: [(fields[t, c], str(v)) for t, c, v in results[s].shown] if s is not None else [] for q, s in queries.items()
        }

    def _row(self, world: World, summary: str, pairs: Sequence[Pair], group: str) -> Row:
        turns = [Turn(question=p.question, sql=p.sql) for p in pairs]
        source = f"sql/{world.dialect}"
        return sql_row(turns, summary, world.dialect, self.writer, source=source, licence=LICENCE, group=group)


def _together(one: Domain, two: Domain) -> Domain:
    known = {t.singular for t in one.things}
    return Domain(name=one.name, things=(*one.things, *(t for t in two.things if t.singular not in known)))


def _tables_of(sql: str, world: World) -> frozenset[str]:
    bare = re.sub(r"'(?:[^']|'')*'", "''", sql)
    return frozenset(t.name for t in world.tables if re.search(rf"(?<![\w\"]){re.escape(t.sql)}(?![\w\"])", bare))


def _opened(path: Path, world: World, sandbox: Sandbox) -> Database:
    if world.dialect == "sqlite":
        from treadle.coding.sql.databases.sqlite import SqliteDatabase

        return SqliteDatabase(path, sandbox)
    from treadle.coding.sql.databases.duckdb import DuckdbDatabase

    return DuckdbDatabase(sandbox, path)


def _draw(world: World, choose: random.Random, report: Report) -> tuple[str, Made] | None:
    names = list(TASKS)
    name = choose.choices(names, [weight for _, weight in TASKS.values()])[0]
    task: Task = TASKS[name][0]
    try:
        made = task(Ask(world, choose))
    except TwoWaysError:
        report.dropped["joins two ways"] += 1
        return None
    return None if made is None else (name, made)


def _finished(question: str, choose: random.Random) -> str:
    asks = _QUESTION.match(question) is not None and not question.rstrip().endswith(".")
    return noisy(sentence(question, asks), choose)


def _near_key(question: str) -> str:
    """Equal for questions that differ in their values only: numbers and what is quoted or begins with a capital."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|\d[\d.,:-]*", "#", question)
    return " ".join(w.lower() for w in re.findall(r"[\w#]+", bare))
