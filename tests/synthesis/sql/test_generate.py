"""Rows hold exactly what inference shows, are the same for the same seed, and nothing of evaluation sets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import Options
from treadle.coding.sql.base import Database
from treadle.coding.sql.plan import make_sql_plan
from treadle.grounding.accept import accepts
from treadle.grounding.sql import SqlGuide
from treadle.sandbox import Sandbox
from treadle.synthesis.leaks import HeldOut, shapes_of_create
from treadle.synthesis.rows import Row
from treadle.synthesis.sql.generate import Pair, Report, generate
from treadle.synthesis.sql.world import World
from treadle.synthesis.writer import PromptWriter

SHARED = Path(__file__).parents[4] / "shared" / "data" / "sql"
QUESTION = re.compile(r"-- (.*)\nSELECT\Z")


class Seen:
    """What was kept, and what inference would show for each question alone."""

    def __init__(self) -> None:
        self.writer = PromptWriter(None)
        self.alone: dict[str, tuple[str, str]] = {}
        self.held: list[bool] = []

    def __call__(self, world: World, database: Database, pair: Pair) -> None:
        plan = make_sql_plan(pair.question, database, self.writer, (), Options(shots=0))
        self.alone[pair.question] = (plan.prompt.messages[0].content, plan.prompt.primer)
        guide = SqlGuide(database.summary.tables, world.dialect)
        self.held.append(accepts(guide, f"{pair.sql.removeprefix('SELECT')};") is None)


@pytest.fixture(scope="module")
def made(sql_sandbox: Sandbox) -> tuple[list[Row], Report, Seen]:
    report, seen = Report(), Seen()
    rows = list(generate(32, 12, sql_sandbox, seen.writer, report, on_pair=seen))
    return rows, report, seen


def test_as_many_as_wanted(made: tuple[list[Row], Report, Seen]) -> None:
    rows, report, _ = made
    assert sum(len(row.segments) for row in rows) == 32 == report.tasks.total()
    assert report.databases == len({row.group for row in rows})


def test_a_question_alone_has_the_prompt_of_inference(made: tuple[list[Row], Report, Seen]) -> None:
    rows, _, seen = made
    single = [row for row in rows if len(row.segments) == 1]
    assert single
    for row in single:
        given, learnt = row.segments[0]
        question = QUESTION.search(given)
        assert question is not None
        assert (row.messages[0].content, given) == seen.alone[question[1]]
        assert learnt.startswith(" ")
        assert learnt.endswith(";")


def test_further_questions_go_on_from_those_before(made: tuple[list[Row], Report, Seen]) -> None:
    rows, _, seen = made
    for row in rows:
        for given, learnt in row.segments[1:]:
            question = QUESTION.fullmatch(given.removeprefix("\n\n"))
            assert question is not None
            assert question[1] in seen.alone
            assert "\n" not in learnt


def test_statements_keep_to_the_guide(made: tuple[list[Row], Report, Seen]) -> None:
    _, _, seen = made
    assert sum(seen.held) >= 0.85 * len(seen.held)


def test_the_same_seed_gives_the_same_rows(made: tuple[list[Row], Report, Seen], sql_sandbox: Sandbox) -> None:
    again = list(generate(20, 12, sql_sandbox, PromptWriter(None)))
    assert again[:2] == made[0][:2]
    other = list(generate(4, 6, sql_sandbox, PromptWriter(None)))
    assert other[0] != again[0]


def test_nothing_of_the_evaluation_set(made: tuple[list[Row], Report, Seen]) -> None:
    if not (SHARED / "questions.jsonl").is_file():
        pytest.skip(f"no evaluation set at {SHARED}")
    records: list[dict[str, Any]] = [
        json.loads(line) for line in (SHARED / "questions.jsonl").read_text("utf-8").splitlines()
    ]
    held = HeldOut([r["question"] for r in records], [_tables(p) for p in SHARED.glob("*.sqlite")])
    for row in made[0]:
        assert not held.shape_leaks(shapes_of_create(row.messages[0].content)), row.group
        for given, _ in row.segments:
            assert not held.text_leaks(given.split("-- ")[-1].removesuffix("\nSELECT"))


def _tables(path: Path) -> dict[str, list[str]]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [row[1] for row in db.execute(f'PRAGMA table_info("{name}")')] for name in names}


def test_no_domain_has_a_table_of_the_evaluation_set() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no evaluation set at {SHARED}")
    import random

    from treadle.synthesis.sql.domains import domains
    from treadle.synthesis.sql.world import build_world

    held = HeldOut([], [_tables(p) for p in SHARED.glob("*.sqlite")])
    for number, domain in enumerate(domains()):
        for seed in range(3):
            world = build_world(domain, random.Random(f"{number}/{seed}"))
            found = held.shape_leaks({t.name: [c.name for c in t.columns] for t in world.tables})
            assert not found, f"{domain.name}: {found}"
