"""What is held out is found again in rows: whole texts, words in a row, shapes."""

from __future__ import annotations

from treadle.synthesis.leaks import HeldOut, shapes_of_create

QUESTION = "Which of the green robots had painted more than three fences by the end of May?"
HELD = HeldOut(
    [QUESTION, "count the robots now"],
    [{"robot": ["rid", "colour", "age"], "fence": ["fid", "len"], "paint": ["rid", "fid"]}],
)


def test_a_whole_text_whatever_its_case() -> None:
    assert HELD.text_leaks("Count the ROBOTS, now!")
    assert not HELD.text_leaks("Count the robots.")


def test_eight_words_in_a_row() -> None:
    assert HELD.text_leaks("Tell me: the green robots had painted more than three fences?")
    assert not HELD.text_leaks("Which of the green lizards had eaten more than three fences?")


def test_words_that_any_set_may_hold_do_not_count() -> None:
    held = HeldOut([QUESTION], common=["robots had painted more than three fences by the end"])
    assert not held.text_leaks("The robots had painted more than three fences by the end, it is said")


def test_a_table_of_the_same_name_and_columns() -> None:
    assert HELD.shape_leaks({"Robot": ["rid", "age", "height"]})
    assert not HELD.shape_leaks({"robot": ["id", "name"]})
    assert not HELD.shape_leaks({"machine": ["rid", "colour", "age"]})


def test_the_tables_of_a_database() -> None:
    assert HELD.shape_leaks({"robot": ["a"], "fence": ["b"], "paint": ["c"]})


def test_shapes_are_read_from_the_prompt() -> None:
    text = "Use them.\nCREATE TABLE a (x INTEGER PRIMARY KEY, y VARCHAR(80) /* 'b, c', 'd' */);\nCREATE TABLE b (x DATE);"
    assert shapes_of_create(text) == {"a": ["x", "y"], "b": ["x"]}
