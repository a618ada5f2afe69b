"""Examples of packs and corrections become rows that ask as inference would."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from treadle.coding.ask import Tools
from treadle.retrieval import builtin_packs
from treadle.sandbox import open_sandbox
from treadle.synthesis.packs import Taken, rows_of_packs
from treadle.synthesis.rows import Row
from treadle.synthesis.writer import PromptWriter
from treadle.threads import open_store

pytest.importorskip("uproot")
pytest.importorskip("sqlglot")


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    folder: Path = tmp_path_factory.mktemp("rows")
    with closing(open_sandbox()) as sandbox, closing(open_store(folder / "threads.sqlite")) as store:
        yield Tools(engine=PromptWriter(None), sandbox=sandbox, store=store, packs=builtin_packs())


@pytest.fixture(scope="module")
def made(tools: Tools) -> tuple[list[Row], Taken]:
    taken = Taken()
    packs = [replace(pack, examples=pack.examples[:8]) for pack in builtin_packs()]
    return list(rows_of_packs(packs, tools, taken)), taken


def test_every_pack_gives_rows_and_none_is_lost_silently(made: tuple[list[Row], Taken]) -> None:
    rows, taken = made
    assert set(taken.rows) == {pack.name for pack in builtin_packs()}
    assert len(rows) == taken.rows.total()
    assert taken.rows.total() + taken.left_out.total() == sum(min(8, len(pack.examples)) for pack in builtin_packs())
    assert all(row.licence for row in rows)


def test_rows_of_programs_are_programs(made: tuple[list[Row], Taken]) -> None:
    bodies = {example.id: example.body for pack in builtin_packs() for example in pack.examples}
    of_data = [row for row in made[0] if row.source == "pack/scikit-hep"]
    assert of_data
    for row in made[0]:
        if row.source == "pack/sqlite":
            continue
        text = "".join(given + learnt for given, learnt in row.segments)
        ast.parse(text.removeprefix("```python\n").removesuffix("```"))
    for row in of_data:
        assert "METRIC" in row.segments[0][1] or "savefig" in row.segments[0][1]
        assert row.segments[0][1].removesuffix("\n```").split() == bodies[row.group].split()


def test_rows_of_statements_go_on_from_the_first_word(made: tuple[list[Row], Taken]) -> None:
    of_sql = [row for row in made[0] if row.source == "pack/sqlite"]
    assert of_sql
    for row in of_sql:
        ((given, learnt),) = row.segments
        assert given.endswith("SELECT")
        assert learnt.endswith(";")
        assert "CREATE TABLE" in row.messages[-1].content


def test_what_cannot_be_asked_for_is_told_with_its_reason(tools: Tools) -> None:
    pack = next(pack for pack in builtin_packs() if pack.name == "sqlite")
    example = replace(pack.examples[0], body="WITH a AS (SELECT 1) SELECT * FROM a")
    described = replace(pack, examples=(pack.examples[0],), tables={pack.examples[0].id: ()})
    taken = Taken()
    assert list(rows_of_packs([replace(pack, examples=(example,)), described], tools, taken)) == []
    assert set(taken.left_out) == {
        "statements that do not begin with SELECT", "databases that are not here any more, or only described",
    }  # fmt: skip
