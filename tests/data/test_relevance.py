"""The table of a file with several that a request is about."""

from __future__ import annotations

import pytest

from treadle.data import table_meant
from treadle.types import Column, DataSummary, Table


def file_with(**tables: tuple[str, ...]) -> DataSummary:
    made = tuple(
        Table(name=f"folder/{name}", columns=tuple(Column(name=c, type="float") for c in columns))
        for name, columns in tables.items()
    )
    return DataSummary(path="/x/y.root", kind="root", sha256="0", size_bytes=1, tables=made)


LIVETIME = ("run", "duration_s", "dead_frac")
TPC = file_with(events=("run", "s1_area", "drift_us"), livetime=LIVETIME, mcTruth=("run", "e_true"))


@pytest.mark.parametrize(
    ("request_text", "first"),
    [
        ("mean s1_area", "events"),
        ("How many entries has the livetime tree?", "livetime"),
        ("rows of tree mcTruth", "mcTruth"),
        ("What is the sum of duration_s?", "livetime"),
        ("sum of duration_s for runs with s1_area above 3", "events"),
        ("mean dead_frac and mean e_true", "events"),
        ("How many runs are there?", "events"),
        ("what is the livetime", "events"),
    ],
)
def test_the_table_that_a_request_names_comes_first(request_text: str, first: str) -> None:
    found = table_meant(TPC, request_text)
    assert found.tables[0].name == f"folder/{first}"
    assert sorted(t.name for t in found.tables) == sorted(t.name for t in TPC.tables)
