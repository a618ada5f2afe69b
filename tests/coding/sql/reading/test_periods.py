"""Periods told in words."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.coding.sql.reading.linking import normalised
from treadle.coding.sql.reading.periods import with_periods


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("visits in the last 6 months before 2024-03-01", "visits between 2023-09-01 and 2024-02-29"),
        ("visits within the 60 days before 2024-06-01", "visits between 2024-04-02 and 2024-05-31"),
        ("devices installed within the 12 months up to 2023-12-31", "devices installed between 2022-12-31 and 2023-12-31"),
        ("visits within 30 days after 2023-05-01", "visits between 2023-05-01 and 2023-05-31"),
        ("visits from January to June 2023", "visits between 2023-01-01 and 2023-06-30"),
        ("sessions in the summer of 2023 (June through August)", "sessions between 2023-06-01 and 2023-08-31"),
        ("visits in Q2 2023", "visits between 2023-04-01 and 2023-06-30"),
        ("visits in the past 2 years, as of 2024-06-30", "visits between 2022-06-30 and 2024-06-30"),
        ("as of 2023-03-31, visits in the last month", "visits between 2023-02-28 and 2023-03-31"),
        ("Today is 2024-03-31. Tickets sold over the last 30 days", "Tickets sold between 2024-03-01 and 2024-03-31"),
        ("the last 3 visits", "the last 3 visits"),
        ("visits before 2024-03-01", "visits before 2024-03-01"),
        ("in the last 9999 years before 2024-03-01", "in the last 9999 years before 2024-03-01"),
    ],
)
def test_a_period_is_its_first_and_last_day(said: str, written: str) -> None:
    assert " ".join(with_periods(said).split()) == written


def test_days_in_words_are_understood_as_well() -> None:
    assert normalised("members who joined during the 24 months before 1 March 2024").endswith(
        "between 2022-03-01 and 2024-02-29"
    )


@given(
    st.dates(date(1600, 1, 1), date(2099, 12, 31)), st.integers(1, 400), st.sampled_from(["day", "week", "month", "year"])
)
def test_a_period_begins_before_it_ends(day: date, count: int, unit: str) -> None:
    words = with_periods(f"in the last {count} {unit}s up to {day}").split()
    if words[:1] == ["between"]:
        assert date.fromisoformat(words[1]) < date.fromisoformat(words[3]) == day
    else:  # a year before the first
        assert unit == "year" or day.year * 12 < count


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    assert isinstance(with_periods(text), str)
