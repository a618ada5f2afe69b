"""Names of threads sort by time and are unlikely to meet."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from treadle.threads.ids import new_id

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))


@given(MOMENTS)
def test_the_form(moment: datetime) -> None:
    assert re.fullmatch(r"\d{8}-[0-9a-hjkmnp-tv-z]{7}", new_id(moment))


@given(MOMENTS, st.timedeltas(timedelta(seconds=0.1), timedelta(days=400)))
def test_names_sort_by_time(moment: datetime, later: timedelta) -> None:
    assert new_id(moment) < new_id(moment + later)


def test_the_same_moment_gives_different_names() -> None:
    now = datetime(2026, 11, 24, 23, 59, 59, 999_999, tzinfo=UTC)
    assert len({new_id(now) for _ in range(50)}) > 45
