"""The size of a column's numbers is looked up in the file, in the sandbox, and tells MeV from GeV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from summaries import summarise
from treadle.coding.python import Sizes
from treadle.coding.reading import read_program
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.sandbox import Sandbox
from treadle.types import DataSummary


@pytest.fixture(params=[1.0, 1000.0], ids=["GeV", "MeV"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> DataSummary:
    path = tmp_path / "events.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {"met": "float64", "jet_pt": "var * float64"})
        pts = [[40.0 * request.param] * n for n in (1, 0, 2)]
        file["events"].extend({"met": np.array([20.0, 50.0, 35.0]) * request.param, "jet_pt": pts})
    return summarise(path)


def test_the_median_of_a_column_is_found_lists_or_not(data: DataSummary, sandbox: Sandbox) -> None:
    sizes = Sizes(data, sandbox)
    found = sizes(["met", "jet_pt", "absent"])
    times = 1.0 if found["met"] < 1000 else 1000.0
    assert found == {"met": 35.0 * times, "jet_pt": 40.0 * times}


def test_a_threshold_is_written_in_the_unit_of_the_file(data: DataSummary, sandbox: Sandbox) -> None:
    sizes = Sizes(data, sandbox)
    found = read_program("How many events have met above 30 GeV?", data.tables[0], sizes)
    assert found is not None
    assert found.whole
    assert f'events["met"] > {30 if sizes(["met"])["met"] < 1000 else 30_000}' in found.body


def test_a_wide_file_has_a_length_where_no_column_is_named(tmp_path: Path, asking: Any) -> None:
    path = tmp_path / "wide.root"
    with uproot.recreate(path) as file:
        file.mktree("events", {f"x{i}": "float64" for i in range(WIDE_COLUMNS)})
        file["events"].extend({f"x{i}": np.zeros(7) for i in range(WIDE_COLUMNS)})
    answer = asking("How many events are there?", ["print(1)"], data=path, rules=True).answer
    assert answer.output == "METRIC: n=7\n"
