"""Invented databases: the same for the same seed, keys that lead somewhere, names that differ, dates in order."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from treadle.synthesis.sql.domains import domains
from treadle.synthesis.sql.execute import create_statements
from treadle.synthesis.sql.world import World, build_world


def worlds(many: int = 60) -> Iterator[World]:
    for number in range(many):
        domain = domains()[number * 3 % len(domains())]
        yield build_world(domain, random.Random(number), "duckdb" if number % 5 == 0 else "sqlite")


def test_the_same_seed_gives_the_same_database() -> None:
    one, two = (build_world(domains()[3], random.Random(5)) for _ in range(2))
    assert create_statements(one) == create_statements(two)
    assert [c.values for t in one.tables for c in t.columns] == [c.values for t in two.tables for c in t.columns]


def test_one_domain_gives_many_databases() -> None:
    made = {tuple(create_statements(build_world(domains()[3], random.Random(seed)))) for seed in range(30)}
    assert len(made) >= 28


def test_links_lead_to_keys_that_exist() -> None:
    for world in worlds():
        for link in world.links:
            assert set(link.column.values) - {None} <= set(link.key.values)
            assert link.owner in world.tables


def test_tables_and_columns_have_names_of_their_own() -> None:
    for world in worlds():
        tables = [t.name.lower() for t in world.tables]
        assert len(set(tables)) == len(tables)
        for table in world.tables:
            columns = [c.name.lower() for c in table.columns]
            assert len(set(columns)) == len(columns)
            assert {len(c.values) for c in table.columns} == {table.size}
            assert all(c in table.columns for c in table.label)


def test_without_a_reference_equal_names_say_what_joins() -> None:
    for world in worlds(120):
        for link in world.links:
            assert link.column.references or link.column.name == link.key.name


@pytest.mark.parametrize("first", ["ordered", "started", "filed"])
def test_what_comes_later_has_later_dates(first: str) -> None:
    found = 0
    for number in range(400):
        world = build_world(domains()[number % len(domains())], random.Random(number))
        for table in world.tables:
            dates = [c for c in table.by_role("date") if c.attribute is not None]
            names = [c.attribute.participle for c in dates if c.attribute is not None]
            if first in names and names.index(first) + 1 < len(names):
                one, two = dates[names.index(first)], dates[names.index(first) + 1]
                pairs = [(a, b) for a, b in zip(one.values, two.values, strict=True) if a and b]
                assert all(a <= b for a, b in pairs)
                found += 1
    assert found
