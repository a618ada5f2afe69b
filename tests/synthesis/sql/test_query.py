"""Statements in one form: bare columns for one table, the table's full name before every column for several."""

from __future__ import annotations

import random

import pytest

from treadle.synthesis.sql.domains import read_domains
from treadle.synthesis.sql.query import Query, TwoWaysError, col, literal
from treadle.synthesis.sql.world import World, build_world

DOMAIN = """
# shop
customer customers | person city
order orders | amount customer>of:placed
line lines | quantity order>in
"""


@pytest.fixture
def world() -> World:
    for seed in range(2000):
        found = build_world(read_domains(DOMAIN)[0], random.Random(seed))
        style = found.naming
        plain = (
            style.case == "snake" and style.own == "none" and not style.prefix and style.plural and style.key == "thing_id"
        )
        names = {t.name for t in found.tables}
        if plain and names == {"customers", "orders", "lines"} and all(len(t.columns) > 1 for t in found.tables):
            return found
    raise AssertionError("no plain database among so many")


def test_one_table_has_bare_columns(world: World) -> None:
    table = next(t for t in world.tables if t.name == "customers")
    query = Query(items=[col(table, table.key)], base=table, where=[f"{col(table, table.key)} > 3"], limit=2, offset=1)
    assert query.text() == "SELECT customer_id FROM customers WHERE customer_id > 3 LIMIT 2 OFFSET 1"


def test_several_tables_are_joined_from_the_first_item_on(world: World) -> None:
    tables = {t.name: t for t in world.tables}
    links = {k.table.name: k for k in world.links}
    first = col(tables["customers"], tables["customers"].key)
    query = Query(items=[first, "COUNT(*)"], base=tables["lines"], links=[links["lines"], links["orders"]], group=[first])
    assert query.text() == (
        "SELECT customers.customer_id, COUNT(*) FROM customers JOIN orders ON customers.customer_id = orders.customer_id"
        " JOIN lines ON orders.order_id = lines.order_id GROUP BY customers.customer_id"
    )


def test_two_joins_to_one_table_are_refused(world: World) -> None:
    link = next(k for k in world.links if k.table.name == "orders")
    twin = type(link)(table=link.table, column=link.column, owner=link.owner, key=link.key, belongs=link.belongs)
    with pytest.raises(TwoWaysError):
        Query(items=["COUNT(*)"], base=link.table, links=[link, twin]).text()


@pytest.mark.parametrize(("value", "text"), [(3, "3"), (2.0, "2"), (0.25, "0.25"), ("O'Brien", "'O''Brien'")])
def test_literals(value: object, text: str) -> None:
    assert literal(value) == text
