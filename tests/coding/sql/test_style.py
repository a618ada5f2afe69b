"""House style never changes what a statement means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import parse_query
from treadle.coding.sql.style.house import HOUSE, PLAIN, Style, format_sql, read_style, style_named
from treadle.errors import PackError, UnknownNameError, UsageError
from treadle.retrieval import builtin_packs

HERE = Path(__file__).parent
PACK = next(pack for pack in builtin_packs() if pack.name == "sqlite")
SLIDE = """\
SELECT P.name AS product,
       AVG(julianday(O.delivery_date) - julianday(O.order_date)) AS mean_days
FROM orders AS O
JOIN products AS P ON P.id = O.product_id
WHERE O.delivery_date IS NOT NULL
  AND P.price BETWEEN 1 AND 3
GROUP BY P.name
ORDER BY mean_days DESC
LIMIT 1"""


def lines(name: str) -> list[str]:
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


VALID = [tuple(line.split(" | ", 1)) for line in lines("valid.txt")]
OTHERS: list[tuple[Dialect, str]] = [("duckdb", sql) for sql in lines("valid_duckdb.txt")]
OTHERS += [("postgres", sql) for sql in lines("valid_postgres.txt")]


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, sqlite3.Connection]]:
    paths = sorted((PACK.folder / "data").glob("*.sqlite"))
    opened = {path.stem: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) for path in paths}
    yield opened
    for db in opened.values():
        db.close()


@pytest.mark.parametrize(("database", "sql"), VALID)
def test_the_rows_are_the_same(database: str, sql: str, engines: dict[str, sqlite3.Connection]) -> None:
    formatted = format_sql(sql, "sqlite")
    assert parse_query(formatted, "sqlite") == parse_query(sql, "sqlite")
    assert format_sql(formatted, "sqlite") == formatted
    if "random" not in sql:
        assert engines[database].execute(formatted).fetchall() == engines[database].execute(sql).fetchall()


@pytest.mark.parametrize(("dialect", "sql"), OTHERS)
def test_the_tree_is_the_same_in_other_dialects(dialect: Dialect, sql: str) -> None:
    formatted = format_sql(sql, dialect)
    assert parse_query(formatted, dialect) == parse_query(sql, dialect)
    assert format_sql(formatted, dialect) == formatted


def test_the_statements_for_duckdb_still_execute() -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(":memory:") as db:
        db.execute("CREATE TABLE events (run INT, pt DOUBLE, hits INT[])")
        for sql in (
            "select [x*2 for x in hits if x>1] from events",
            "select run<<1, run//2, pt::int, hits[1:2] from events",
        ):
            assert db.execute(format_sql(sql, "duckdb")).fetchall() == []


STYLES = st.builds(
    Style,
    keyword_case=st.sampled_from(["upper", "lower", "keep"]),
    function_case=st.sampled_from(["aggregates", "upper", "lower", "keep"]),
    alias_keyword=st.booleans(),
    clause_a_line=st.booleans(),
    column_a_line=st.booleans(),
    indent=st.integers(0, 8),
    line_length=st.integers(20, 160),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALID), STYLES)
def test_every_style_keeps_the_meaning(statement: tuple[str, str], style: Style) -> None:
    sql = statement[1]
    formatted = format_sql(sql, "sqlite", style)
    assert parse_query(formatted, "sqlite") == parse_query(sql, "sqlite")
    assert format_sql(formatted, "sqlite", style) == formatted


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(VALID), st.integers(0, 200), st.text(max_size=8))
def test_never_raises(statement: tuple[str, str], place: int, text: str) -> None:
    sql = statement[1][:place] + text + statement[1][place:]
    formatted = format_sql(sql, "sqlite")
    tree = parse_query(sql, "sqlite")
    assert formatted == sql if tree is None else parse_query(formatted, "sqlite") == tree


# ---------------------------------------------------------------------------------------------------- layout


@pytest.mark.parametrize(
    "sql",
    [
        SLIDE,
        SLIDE.lower().replace(" as ", " ").replace("\n", " ").replace("p.", "P.").replace("o.", "O.")
        .replace("orders o", "orders O").replace("products p", "products P"),
        SLIDE.replace("\n", "\n\n   ") + ";",
        SLIDE.replace(" = ", "=").replace(" - ", "-"),
    ],
)  # fmt: skip
def test_the_style_of_the_house(sql: str) -> None:
    assert format_sql(sql, "sqlite") == SLIDE


LAYOUTS = {
    "select a from t where b in (select b from u) or c=1": """
SELECT a
FROM t
WHERE b IN (
    SELECT b
    FROM u
)
   OR c = 1""",
    "with x as (select 1 n) select n from x": """
WITH x AS (
    SELECT 1 AS n
)
SELECT n
FROM x""",
    "select a from t union all select b from u order by 1": """
SELECT a
FROM t
UNION ALL
SELECT b
FROM u
ORDER BY 1""",
    "select -a, - -1, a-(b), -(a), a||b, t.*, count( * ) from t": """
SELECT -a,
       - -1,
       a - (b),
       -(a),
       a || b,
       t.*,
       COUNT(*)
FROM t""",
    "select date, \"a b\" c, 'x''y' from t": """
SELECT date,
       "a b" AS c,
       'x''y'
FROM t""",
    "select sum(a) over(partition by b order by c rows between 1 preceding and current row) s from t": """
SELECT SUM(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s
FROM t""",
    "select a from t left outer join u using(a) natural join v": """
SELECT a
FROM t
LEFT OUTER JOIN u USING (a)
NATURAL JOIN v""",
    "select a from t where b=1 and not exists(select 1 from u where u.a=t.a)": """
SELECT a
FROM t
WHERE b = 1
  AND NOT EXISTS (
      SELECT 1
      FROM u
      WHERE u.a = t.a
  )""",
    "select cast(a as numeric(5,2)) from t limit 3 offset 1": """
SELECT CAST(a AS NUMERIC(5, 2))
FROM t
LIMIT 3 OFFSET 1""",
    "values (1,2),(3,4)": """
VALUES (1, 2),
       (3, 4)""",
}


@pytest.mark.parametrize(("sql", "wanted"), LAYOUTS.items())
def test_layouts(sql: str, wanted: str) -> None:
    assert format_sql(sql, "sqlite") == wanted.lstrip("\n")


def test_long_cases_are_broken() -> None:
    sql = "SELECT CASE WHEN a > 1 THEN 'one' ELSE 'other' END AS x, b FROM t"
    assert "CASE WHEN a > 1 THEN 'one' ELSE 'other' END AS x," in format_sql(sql, "sqlite")
    broken = format_sql(sql, "sqlite", Style(line_length=40))
    assert broken == (
        "SELECT CASE\n           WHEN a > 1 THEN 'one'\n           ELSE 'other'\n       END AS x,\n       b\nFROM t"
    )


@pytest.mark.parametrize(
    "sql", ["SELECT a -- why\nFROM t", "SELECT a /* why */ FROM t", "select (", "", "drop table t", "x"]
)
def test_unchanged(sql: str) -> None:
    assert format_sql(sql, "sqlite") == sql


def test_plain_is_unchanged() -> None:
    sql = "select  a\n  from t;"
    assert format_sql(sql, "sqlite", PLAIN) == sql
    assert format_sql(sql, "sqlite", HOUSE) == "SELECT a\nFROM t"


@pytest.mark.parametrize(
    ("style", "wanted"),
    [
        (Style(keyword_case="lower"), "select a as b\nfrom t as u"),
        (Style(alias_keyword=False), "SELECT a b\nFROM t u"),
        (Style(clause_a_line=False), "SELECT a AS b FROM t AS u"),
        (Style(keyword_case="keep"), "Select a AS b\nFROM t AS u"),
    ],
)
def test_options(style: Style, wanted: str) -> None:
    assert format_sql("Select a b FROM t u", "sqlite", style) == wanted


def test_columns_in_one_line_where_they_fit() -> None:
    style = Style(column_a_line=False, line_length=24)
    assert format_sql("select a,b from t", "sqlite", style) == "SELECT a, b\nFROM t"
    assert format_sql("select aaaaaaaaaa, bbbbbbbbbb from t", "sqlite", style).count("\n") == 2


# ------------------------------------------------------------------------------------------------------ files


def test_the_style_of_the_pack_is_that_of_the_house() -> None:
    assert read_style(PACK.folder / "style.toml") == HOUSE


@pytest.mark.parametrize("example", PACK.examples, ids=lambda e: e.id)
def test_examples_are_in_house_style(example) -> None:
    assert format_sql(example.body, "sqlite") == example.body


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('keyword_cases = "upper"', r"style.toml, line 1: unknown key 'keyword_cases'. Did you mean 'keyword_case'"),
        ('indent = 2\nkeyword_case = "uper"', r"keyword_case = 'uper': did you mean 'upper'"),
        ("indent = true", r"line 1: 'indent' must be int, got True"),
        ("alias_keyword = 1", r"line 1: 'alias_keyword' must be bool, got 1"),
        ("indent = 99", r"indent = 99: give a number from 0 to 16"),
        ("indent = ", r"style.toml: "),
    ],
)
def test_malformed_style_files(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "style.toml").write_text(text)
    with pytest.raises(PackError, match=message):
        read_style(tmp_path / "style.toml")


def test_a_style_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="cannot be read: No such file"):
        read_style(tmp_path / "none.toml")


def test_styles_by_name(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("indent = 2")
    assert style_named("house") == HOUSE
    assert style_named("plain") == PLAIN
    assert style_named(str(tmp_path / "own.toml")) == Style(indent=2)
    with pytest.raises(UnknownNameError, match="Did you mean 'house'"):
        style_named("hose")


def test_values_are_checked() -> None:
    with pytest.raises(UsageError, match="function_case = 'aggregate': did you mean 'aggregates'"):
        Style(function_case="aggregate")
