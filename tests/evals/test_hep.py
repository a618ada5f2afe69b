"""Tasks with numeric validators."""

from __future__ import annotations

from pathlib import Path

import pytest

from treadle.errors import DataError, UsageError
from treadle.evals.hep import Metric, load_hep, metrics_right

EXPECT = {"mean_x": Metric(5.5, rtol=0.01)}
SHARED = Path(__file__).parents[3] / "shared" / "data" / "hep"


@pytest.mark.parametrize(
    ("output", "right"),
    [
        ("METRIC: mean_x=5.5\n", True),
        ("METRIC: mean_x=5.55\n", True),
        ("METRIC: mean_x=5.56\n", False),
        ("METRIC: other_name=5.5\n", True),  # the request does not tell the name
        ("METRIC: a=5.5\nMETRIC: b=1\n", False),
        ("METRIC: a=1\nMETRIC: mean_x=5.5\n", True),
        ("METRIC: mean_x=nan\n", False),
        ("mean_x=5.5\n", False),
        ("", False),
    ],
)
def test_one_metric(output: str, right: bool) -> None:
    assert metrics_right(output, EXPECT) is right


def test_several_metrics_count_by_their_names() -> None:
    expect = {"a": Metric(1.0), "b": Metric(0.0)}
    assert metrics_right("METRIC: a=1\nMETRIC: b=0\n", expect)
    assert not metrics_right("METRIC: b=1\nMETRIC: a=0\n", expect)
    assert not metrics_right("METRIC: a=1\n", expect)
    assert not metrics_right("METRIC: a=1.0001\nMETRIC: b=0\n", expect)


def test_tolerances() -> None:
    assert Metric(0.0, atol=0.5).near(-0.5)
    assert not Metric(0.0, rtol=0.5).near(0.1)  # relative to zero is nothing
    assert Metric(-100.0, rtol=0.01).near(-101.0)


def test_the_form(bench_files: Path) -> None:
    tasks = load_hep(bench_files / "tasks.yaml", None)
    assert [task.id for task in tasks] == ["mean-x", "max-y", "count", "both"]
    assert tasks[0].file == bench_files / "table.csv"
    assert tasks[0].level == "easy"
    assert tasks[1].expect == {"max_y": Metric(100.0)}
    assert tasks[3].expect["mean_y"].value == 38.5


GOOD = "- {id: a, file: table.csv, request: Really, expect: {n: {value: 1}}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("table.csv", "tabel.csv"), r"line 1: no data file .*tabel\.csv"),
        (GOOD.replace("expect", "expects"), r"unknown key 'expects'\. Did you mean 'expect'"),
        (GOOD.replace("{n: {value: 1}}", "{}"), r"'expect' must be a mapping"),
        (GOOD.replace("value: 1", "val: 1"), r"metric 'n': unknown key 'val'\. Did you mean 'value'"),
        (GOOD.replace("value: 1", "value: many"), r"metric 'n': 'value' must be a finite number, got 'many'"),
        (GOOD.replace("value: 1", "value: 1, rtol: -0.1"), r"'rtol' must be zero or positive"),
        (GOOD.replace("Really", "' '"), r"'request' must be a text that is not empty"),
        (GOOD + GOOD, r"line 2: the id 'a' was used before"),
    ],
)
def test_faulty_files(bench_files: Path, text: str, said: str) -> None:
    (bench_files / "faulty.yaml").write_text(text)
    with pytest.raises(DataError, match=said):
        load_hep(bench_files / "faulty.yaml", bench_files)


def test_a_plain_number_is_a_metric_without_tolerance(bench_files: Path) -> None:
    (bench_files / "short.yaml").write_text(GOOD.replace("{value: 1}", "1"))
    assert load_hep(bench_files / "short.yaml", None)[0].expect == {"n": Metric(1.0)}


def test_tasks_must_be_named() -> None:
    with pytest.raises(UsageError, match="--tasks FILE"):
        load_hep(None, None)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared evaluation data are not here")
def test_the_shared_tasks_have_this_form() -> None:
    tasks = load_hep(SHARED / "tasks.yaml", SHARED)
    assert len(tasks) == 25
    assert all(task.expect for task in tasks)
