"""Every task asks a question in words and answers it with a statement that runs."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from treadle.sandbox import Sandbox
from treadle.synthesis.sql.ask import Ask, Made
from treadle.synthesis.sql.domains import domains
from treadle.synthesis.sql.execute import execute_all, write_database
from treadle.synthesis.sql.query import TwoWaysError
from treadle.synthesis.sql.tasks import TASKS
from treadle.synthesis.sql.world import World, build_world


def drawn(world: World, seed: int) -> dict[str, list[Made]]:
    found: dict[str, list[Made]] = {}
    for name, (task, _) in TASKS.items():
        for again in range(3):
            try:
                made = task(Ask(world, random.Random(f"{seed}/{name}/{again}")))
            except TwoWaysError:
                continue
            if made is not None:
                found.setdefault(name, []).append(made)
    return found


@pytest.mark.parametrize("part", range(4))
def test_statements_run_and_questions_are_whole(part: int, sql_sandbox: Sandbox, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for number in range(part, 12, 4):
        dialect = "duckdb" if number % 6 == 5 else "sqlite"
        world = build_world(domains()[number * 16 % len(domains())], random.Random(number), dialect)  # type: ignore[arg-type]
        path = tmp_path / f"world{number}" / "world.duckdb"
        path.parent.mkdir()
        write_database(world, path)
        path.chmod(0o644)
        made = drawn(world, number)
        statements = [m.sql for found in made.values() for m in found]
        statements += [w for found in made.values() for m in found for w in m.wrong]
        results = execute_all(world, path, statements, sql_sandbox)
        assert not [f"{r.error}: {s}" for r, s in zip(results, statements, strict=True) if r.error]
        seen.update(made.keys())
        for question in (m.question for found in made.values() for m in found):
            assert not re.search(r"[{}\[\]|\x01-\x03]|  |None", question), question
            assert len(question.split()) > 1
    assert len(seen) > 0.7 * len(TASKS)


def test_every_task_can_be_tried_in_every_domain() -> None:
    asked: Counter[str] = Counter()
    for number, domain in enumerate(domains()):
        for seed in range(2):
            choose = random.Random(f"{number}/{seed}")
            ask = Ask(build_world(domain, choose), choose)
            for name, (task, _) in TASKS.items():
                try:
                    asked[name] += task(ask) is not None
                except TwoWaysError:
                    continue
    assert asked.keys() == TASKS.keys()
    assert all(asked.values())


def test_wrong_statements_differ_from_the_right_one() -> None:
    for number in range(0, 40, 3):
        world = build_world(domains()[number], random.Random(number))
        for found in drawn(world, number).values():
            assert not [m for m in found if m.sql in m.wrong and "WHERE" in m.sql]


def test_the_same_seed_asks_the_same() -> None:
    world = build_world(domains()[10], random.Random(1))
    assert drawn(world, 3) == drawn(world, 3)
