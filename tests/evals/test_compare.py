"""Two evaluations against each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from treadle.errors import UsageError
from treadle.evals.compare import compare, compared_settings
from treadle.evals.journal import Journal

SETTINGS: dict[str, Any] = {
    "kind": "hep",
    "tasks": {"file": "tasks.yaml", "sha256": "ab"},
    "data": {"d/table.csv": "cd"},
    "options": {"samples": 8, "shots": 4},
}


def evaluation(folder: Path, results: Sequence[str], **changes: Any) -> Path:
    """A folder with made-up results: R right and agreed, r right but failed, W wrong and agreed, w wrong, - not there."""
    settings = {**SETTINGS, **changes}
    with closing(Journal(folder, settings)) as journal:
        for number, letter in enumerate(results):
            if letter != "-":
                status = "agreed" if letter.isupper() else "failed"
                right = letter in "Rr"
                record = {"id": f"t{number}", "right": right, "greedy_right": False, "any_right": right, "status": status}
                journal.add({**record, "model": {"file": "m"}})
    return folder


def test_what_is_counted(tmp_path: Path) -> None:
    comparison = compare(
        evaluation(tmp_path / "a", "RRRwwwwwww"),
        evaluation(tmp_path / "b", "RWRRRRRRRw", options={"samples": 8, "shots": 0}),
    )
    solved = comparison["measures"]["solved"]
    assert [solved[key] for key in ("first", "second", "both", "only_first", "only_second", "neither")] == [3, 8, 2, 1, 6, 1]
    assert solved["difference"] == pytest.approx(0.5)
    assert solved["interval"][0] < 0.5 < solved["interval"][1]
    assert solved["p_value"] == pytest.approx(0.125)
    assert comparison["measures"]["claimed_wrong"]["second"] == 1
    assert comparison["measures"]["greedy_solved"]["p_value"] == 1.0
    assert comparison["changed"] == ["t1", *(f"t{i}" for i in range(3, 9))]
    assert comparison["settings"] == {"options.shots": [4, 0]}
    json.dumps(comparison, allow_nan=False)


def test_only_what_both_hold_is_compared(tmp_path: Path) -> None:
    comparison = compare(evaluation(tmp_path / "a", "RR-w"), evaluation(tmp_path / "b", "-RRw"))
    assert (comparison["tasks"], comparison["left_out"]) == (2, 2)
    with pytest.raises(UsageError, match="no finished task in common"):
        compare(evaluation(tmp_path / "c", "R-"), evaluation(tmp_path / "d", "-R"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "sql"}, r"different kinds of evaluation \(hep and sql\)"),
        ({"tasks": {"file": "tasks.yaml", "sha256": "xx"}}, r"different task files \(ab and xx\)"),
        ({"data": {"d/table.csv": "ce"}}, r"different data files"),
    ],
)
def test_different_tasks_do_not_pair_up(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compare(evaluation(tmp_path / "a", "R"), evaluation(tmp_path / "b", "R", **changes))


def test_the_same_tasks_under_another_name_pair_up(tmp_path: Path) -> None:
    other = evaluation(tmp_path / "b", "R", tasks={"file": "copy.yaml", "sha256": "ab"})
    assert compare(evaluation(tmp_path / "a", "R"), other)["tasks"] == 1


def test_folders_without_an_evaluation(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no folder of an evaluation"):
        compare(tmp_path / "nothing", tmp_path / "nothing")


def test_settings_that_differ() -> None:
    assert compared_settings({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == {"a.c": [2, 3], "d": [None, 4]}
