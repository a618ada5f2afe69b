"""Which words of a question a statement takes no account of."""

from __future__ import annotations

import pytest

from treadle.coding.sql.reading.linking import link
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.unread import unread_words
from treadle.types import Column, DataSummary, Table

SHOPS = Schema.of(
    DataSummary(
        path="shops.sqlite",
        sha256="",
        size_bytes=0,
        kind="sqlite",
        tables=(
            Table(
                name="shop",
                entries=3,
                columns=(
                    Column(name="shop_id", type="INTEGER", key=True),
                    Column(name="name", type="TEXT", values=("'Corner'", "'Quay'")),
                    Column(name="city", type="TEXT", values=("'Oslo'", "'Turku'")),
                    Column(name="opened_year", type="INTEGER", values=("1990", "2001")),
                    Column(name="floor area", type="REAL", values=("120.5", "80.0")),
                ),
            ),
            Table(
                name="order items",
                entries=9,
                columns=(
                    Column(name="item_id", type="INTEGER", key=True),
                    Column(name="shop_id", type="INTEGER", references="shop.shop_id"),
                    Column(name="price_eur", type="REAL", values=("3.5", "9.0")),
                ),
            ),
        ),
    )
)


def unread(question: str, statement: str, *values: tuple[str, str, str]) -> list[str]:
    fields = {(f.table, f.name): f for f in SHOPS.fields}
    return unread_words(statement, SHOPS, link(question, SHOPS, [(fields[t, c], v) for t, c, v in values]))


@pytest.mark.parametrize(
    ("question", "statement", "left"),
    [
        ("How many shops are there?", "SELECT COUNT(*) FROM shop", []),
        ("How many shops opened after 1995?", "SELECT COUNT(*) FROM shop WHERE opened_year > 1995", []),
        ("How many wooden shops opened after 1995?", "SELECT COUNT(*) FROM shop WHERE opened_year > 1995", ["wooden"]),
        ("Which shops have a café?", "SELECT name FROM shop", ["café"]),
        ("What is the floor area of each shop?", 'SELECT name, "floor area" FROM shop', []),
        ("What is the floor area of each shop?", "SELECT name, opened_year FROM shop", ["floor", "area"]),
        ("Total cost of the order items in EUR?", 'SELECT SUM(price_eur) FROM "order items"', []),
        ("Total price of the order items?", "SELECT COUNT(*) FROM shop", ["price", "items"]),
        (
            "Name the three biggest shops by floor-area, please.",
            'SELECT name FROM shop ORDER BY "floor area" DESC LIMIT 3',
            [],
        ),
        ("What's the shop's median floor area?", 'SELECT AVG("floor area") FROM shop', ["median"]),
    ],
)
def test_words(question: str, statement: str, left: list[str]) -> None:
    assert unread(question, statement) == left


def test_a_value_is_read_where_the_statement_compares_with_it() -> None:
    question, turku = "How many shops are in Turku?", ("shop", "city", "Turku")
    assert unread(question, "SELECT COUNT(*) FROM shop WHERE city = 'Turku'", turku) == []
    assert unread(question, "SELECT COUNT(*) FROM shop", turku) == ["Turku"]
