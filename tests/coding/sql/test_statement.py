"""Statements are taken out of what a model wrote, never mended."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.sql.checks.statement import extract_sql, extract_statement


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1;", "SELECT 1"),
        ("```sql\nSELECT a\nFROM t;\n```\nThis is it.", "SELECT a\nFROM t"),
        ("Sure!\n```sqlite\nSELECT a FROM t\n```", "SELECT a FROM t"),
        ("Here:\n```\nselect a from t\n```\nor\n```sql\nselect b from t\n```", "select b from t"),
        ("```python\nprint(1)\n```\n```sql\nSELECT 2\n```", "SELECT 2"),
        ("```sql\nSELECT a FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t\n```\nThe rest is prose.", "SELECT a FROM t"),
        ("SELECT a FROM t;\n\nSELECT b FROM t;", "SELECT a FROM t"),
        ("SELECT a FROM t\n\n-- How many?\nSELECT b FROM t", "SELECT a FROM t"),
        ("SELECT a FROM t\nSELECT a FROM t\nSELECT a FROM t", "SELECT a FROM t"),
        ("SELECT a\n\nFROM t\n\nWHERE x = 1", "SELECT a\n\nFROM t\n\nWHERE x = 1"),
        ("SELECT a FROM t UNION\nSELECT b FROM t", "SELECT a FROM t UNION\nSELECT b FROM t"),
        ("WITH x AS (\n  SELECT 1\n\n)\nSELECT * FROM x", "WITH x AS (\n  SELECT 1\n\n)\nSELECT * FROM x"),
        ("The query is SELECT a FROM t WHERE x = 'it''s; ok'; and that's that", "SELECT a FROM t WHERE x = 'it''s; ok'"),
        ("Use `SELECT count(*) FROM t` to count.", "SELECT count(*) FROM t"),
        ("1. SELECT a FROM t", "SELECT a FROM t"),
        ("-- how many?\nSELECT COUNT(*) FROM t", "SELECT COUNT(*) FROM t"),
        ("SELECT a FROM t -- one; two\nWHERE b = 1;", "SELECT a FROM t -- one; two\nWHERE b = 1"),
        ("SELECT a FROM t WHERE b ILIKE 'x'", "SELECT a FROM t WHERE b ILIKE 'x'"),
        ("VALUES (1, 2)", "VALUES (1, 2)"),
        ("```sql\nDROP TABLE t; SELECT 1\n```", "DROP TABLE t"),
        ("DROP TABLE t", "DROP TABLE t"),
        ("select name from t\r\nwhere x = 1", "select name from t\nwhere x = 1"),
    ],
)  # fmt: skip
def test_whole_statements(text: str, statement: str) -> None:
    found = extract_statement(text)
    assert found is not None
    assert (found.program, found.trimmed) == (statement, False)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("SELECT a\nFROM t\n\nThis query returns its names.", "SELECT a\nFROM t"),
        ("SELECT a\nFROM t\nWHERE b = 2\nExplanation: it selects", "SELECT a\nFROM t\nWHERE b = 2"),
        ("SELECT a FROM t WHERE x > 1 AND y <", "SELECT a FROM t WHERE x > 1"),
        ("SELECT a FROM t GROUP BY a ORDER BY", "SELECT a FROM t GROUP BY a"),
        ("SELECT a FROM t ORDER BY b DESC,", "SELECT a FROM t ORDER BY b DESC"),
        ("SELECT a FROM t JOIN u ON t.id =", "SELECT a FROM t"),
        ("SELECT a FROM t LIMIT", "SELECT a FROM t"),
    ],
)
def test_an_end_that_does_not_belong_is_dropped(text: str, statement: str) -> None:
    found = extract_statement(text)
    assert found is not None
    assert (found.program, found.trimmed) == (statement, True)


@pytest.mark.parametrize(
    "text", ["SELECT a, b FROM", "SELECT a,", "```sql\nSELECT a FROM t WHERE x >\n```", "SELECT (a FROM t"]
)
def test_nothing_is_dropped_where_no_statement_is_left_or_the_block_was_closed(text: str) -> None:
    found = extract_statement(text)
    assert found is not None
    assert found.program == text.removeprefix("```sql\n").removesuffix("\n```")
    assert not found.trimmed


@pytest.mark.parametrize(
    "text", ["", "  ", "no", "I cannot. Select the rows from the table.", "Update the table, please.", "```sql\n\n```"]
)
def test_no_statement(text: str) -> None:
    assert extract_sql(text) is None


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("SELECT FROMwhere'\"`;()-\n*,.=0ab")), max_size=80))
def test_never_raises_and_gives_a_part_of_the_text(text: str) -> None:
    found = extract_sql(text)
    assert found is None or found in text


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        ["SELECT a FROM t WHERE b = 'x;y'", "WITH c AS (SELECT 1 AS n)\nSELECT n\nFROM c", "SELECT COUNT(*) FROM t"]
    ),
    st.sampled_from(["", "Here it is:\n", "Sure.\n\n"]),
    st.sampled_from(["", ";", ";\n\nIt counts.", "\n"]),
    st.booleans(),
)
def test_wrapping_changes_nothing(statement: str, before: str, after: str, fenced: bool) -> None:
    text = (
        f"{before}```sql\n{statement}{after}\n```\nDone." if fenced and "counts" not in after else before + statement + after
    )
    assert extract_sql(text) == statement
