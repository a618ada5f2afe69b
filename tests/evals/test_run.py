"""A whole evaluation: what it counts, that it goes on where it stopped, and that nothing of it depends on how it is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import Options
from treadle.errors import DataError, EngineError, ModelFileError, UnknownNameError, UsageError
from treadle.evals import bench
from treadle.evals.figures import told_rules
from treadle.evals.journal import read_results
from treadle.evals.pool import raise_told, told
from treadle.evals.record import Record
from treadle.evals.run import Plan, evaluate
from treadle.threads.base import Basis, Correction
from treadle.types import Completion, Draft, EngineIdentity, Prompt, Request

Planning = Callable[..., Plan]


def silent(records: Sequence[Record], total: int, new: Record | None) -> None:
    """Watches nothing."""


def timeless(records: Sequence[Record]) -> list[Record]:
    """Records without what differs from run to run (the code, where it is edited meanwhile)."""
    return [{key: value for key, value in record.items() if key not in ("seconds", "code")} for record in records]


def test_what_is_counted(hep_plan: Planning) -> None:
    """One greedy draft is right; two answers are; two that agreed are wrong; three tasks have a right draft somewhere."""
    summary = evaluate(hep_plan(), silent)
    counts = ("tasks", "greedy_solved", "solved", "any_right", "verified", "false_verified", "agreed", "false_agreed")
    assert [summary[key] for key in counts] == [4, 1, 2, 3, 0, 0, 3, 2]
    assert [summary[key] for key in ("ran", "ran_right", "failed", "failed_right")] == [1, 1, 0, 0]
    # Sampled drafts right: 3, 0, 0 and 1 of 3.
    assert summary["pass_at"] == pytest.approx({"1": (1 + 1 / 3) / 4, "2": (1 + 2 / 3) / 4, "3": 0.5})
    assert summary["pass_at_drafts"] == 3
    assert summary["drafts"] == 16
    assert summary["coverage"] == {
        "parsed": 15 / 16,
        "names exist": 14 / 16,
        "ran": 13 / 16,
        "produced output": 13 / 16,
        "right": 5 / 16,
    }
    assert summary["levels"]["easy"] == {"tasks": 2, "greedy_solved": 1, "solved": 2}
    low, high = summary["intervals"]["solved"]
    assert low < 0.5 < high
    assert summary["seconds_per_task"] == summary["seconds"]["total"] > 0
    json.dumps(summary, allow_nan=False)


def test_records_say_what_was_found(hep_plan: Planning) -> None:
    first, second, _, both = evaluate(hep_plan(), silent)["per_task"]
    assert (first["id"], first["status"], first["right"], first["greedy_right"]) == ("mean-x", "agreed", True, False)
    assert first["agreement"] == [3, 4]
    assert [draft["right"] for draft in first["drafts"]] == [False, True, True, True]
    assert [draft["rungs"] for draft in second["drafts"]] == [4, 0, 2, 1]
    assert first["output"] == "METRIC: m=5.5\n"
    assert "np.mean" in first["program"]
    assert (both["any_right"], both["right"]) == (True, False)


def test_the_hidden_half_reaches_nobody(hep_plan: Planning, bench_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is asked, stored and run is kept in the store of threads: the validators are not there."""
    seen: list[str] = []
    ask = bench.ask

    def listening(request: Any, tools: Any, options: Any) -> Any:
        answered = ask(request, tools, options)
        seen.append(json.dumps(tools.store.export(answered.thread)))
        return answered

    text = (
        (bench_files / "tasks.yaml").read_text().replace("value: 38.5", "value: 38.5000918273").replace("mean_y", "zeta_y")
    )
    (bench_files / "tasks.yaml").write_text(text)
    monkeypatch.setattr(bench, "ask", listening)
    evaluate(hep_plan(), silent)
    assert len(seen) == 4
    assert not [word for word in ("918273", "zeta_y", "max_y", "rtol") if word in "".join(seen)]


def test_repairs_and_what_they_cost(hep_plan: Planning, bench_files: Path) -> None:
    """A repaired draft counts for the answer and for 'some draft', never for pass@k."""
    script = {"completions": [["\n    raise ValueError\n"], ["\n    print(f\"METRIC: m={np.max(events['y'])}\")\n"]]}
    (bench_files / "one.json").write_text(json.dumps(script))
    (bench_files / "one.yaml").write_text("- {id: one, file: table.csv, request: Give the largest y, expect: {m: 100}}")
    options = Options(samples=1, repairs=1, shots=0, rules=False)
    plan = hep_plan(tasks=bench_files / "one.yaml", engine=f"scripted:{bench_files / 'one.json'}", options=options)
    summary = evaluate(plan, silent)
    assert [summary[key] for key in ("greedy_solved", "solved", "any_right")] == [0, 1, 1]
    assert summary["pass_at"] == {"1": 0.0}
    (record,) = summary["per_task"]
    assert (len(record["drafts"]), record["further_drafts"]) == (1, 1)


def test_what_rules_wrote_is_told_apart(hep_plan: Planning) -> None:
    """Readings by rules count for the answer, not for the first draft and not for pass@k."""
    plan = hep_plan(options=Options(samples=4, repairs=0, shots=0, rules=True), limit=3)
    with_rules = evaluate(plan, silent)
    without = evaluate(replace(plan, options=replace(plan.options, rules=False), folder=plan.folder / "b"), silent)
    assert [with_rules[key] for key in ("by_rules", "by_rules_right", "by_rules_chosen")] == [3, 3, 1]
    assert [without[key] for key in ("by_rules", "by_rules_right", "by_rules_chosen")] == [0, 0, 0]
    for key in ("greedy_solved", "pass_at", "drafts", "coverage"):
        assert with_rules[key] == without[key]
    assert "rules wrote drafts for 3 tasks, a right one for 3; 1 answers are theirs" in told_rules(with_rules)
    assert told_rules(without) == ""


# ------------------------------------------------------------------------------------------------ going on


def test_an_evaluation_goes_on_where_it_was_stopped(hep_plan: Planning) -> None:
    plan, seen = hep_plan(), []

    def stop_after_two(records: Sequence[Record], total: int, new: Record | None) -> None:
        if len(records) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(plan, stop_after_two)
    assert [record["id"] for record in read_results(plan.folder)] == ["mean-x", "max-y"]
    summary = evaluate(plan, lambda records, total, new: seen.append((len(records), total, new and new["id"])))
    assert seen == [(2, 4, None), (3, 4, "count"), (4, 4, "both")]
    assert timeless(summary["per_task"]) == timeless(evaluate(hep_plan(folder=plan.folder / "whole"), silent)["per_task"])


def test_a_limit_can_be_raised_and_lowered(hep_plan: Planning) -> None:
    assert evaluate(hep_plan(limit=1), silent)["tasks"] == 1
    assert evaluate(hep_plan(limit=3), silent)["tasks"] == 3
    assert evaluate(hep_plan(limit=2), silent)["tasks"] == 2
    assert len(read_results(hep_plan().folder)) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": Options(samples=4, repairs=0, shots=0, rules=False, seed=8)}, r"options\.seed was 7 and is 8"),
        ({"options": Options(samples=4, repairs=0, shots=2, rules=False, seed=7)}, r"options\.shots was 0 and is 2"),
    ],
)
def test_other_settings_are_refused(hep_plan: Planning, changes: dict[str, Any], said: str) -> None:
    evaluate(hep_plan(limit=1), silent)
    with pytest.raises(UsageError, match=rf"made with other settings: {said}. Name another folder with --out"):
        evaluate(hep_plan(limit=1, **changes), silent)


def test_changed_tasks_and_data_are_other_settings(hep_plan: Planning, bench_files: Path) -> None:
    evaluate(hep_plan(limit=1), silent)
    with (bench_files / "table.csv").open("a") as file:
        file.write("11,121\n")
    with pytest.raises(UsageError, match=r"data\.table\.csv was '[0-9a-f]+"):
        evaluate(hep_plan(limit=1), silent)


# ------------------------------------------------------------------------------------------------ in parallel


@pytest.mark.parametrize("workers", [2])
def test_workers_change_nothing(hep_plan: Planning, workers: int) -> None:
    alone = evaluate(hep_plan(), silent)
    together = evaluate(hep_plan(folder=hep_plan().folder / "parallel", workers=workers), silent)
    assert timeless(together["per_task"]) == timeless(alone["per_task"])
    assert together["pass_at"] == alone["pass_at"]
    assert together["intervals"] == alone["intervals"]


def test_an_error_of_a_worker_is_that_of_the_evaluation(hep_plan: Planning, bench_files: Path) -> None:
    (bench_files / "scripts" / "count.json").unlink()
    for workers in (1, 2):
        with pytest.raises(UsageError, match=r"no script for the task 'count'; it would be count\.json"):
            evaluate(hep_plan(workers=workers), silent)
    assert "count" not in {record["id"] for record in read_results(hep_plan().folder)}


def test_a_killed_worker_is_an_error_that_says_so(
    hep_plan: Planning, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import os
    import signal

    from treadle.evals import pool

    hired = pool._hired

    def hire(spec: Any) -> Any:
        worker = hired(spec)
        os.kill(worker.process.pid, signal.SIGKILL)
        return worker

    monkeypatch.setattr(pool, "_hired", hire)
    monkeypatch.setattr(pool.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(EngineError, match=r"a worker ended while it worked on '[\w-]+' \(exit code -9"):
        evaluate(hep_plan(workers=2), silent)
    assert list(tmp_path.glob("treadle-*")) == []


@pytest.mark.parametrize("error", [UsageError("a"), DataError("b"), UnknownNameError("kind", "x", ["y"])])
def test_errors_travel_between_processes(error: UsageError) -> None:
    with pytest.raises(type(error)) as caught:
        raise_told(told(error))
    assert str(caught.value) == str(error)


def test_a_fault_of_ours_travels_with_its_traceback() -> None:
    try:
        raise ZeroDivisionError("deep inside")
    except ZeroDivisionError as error:
        content = told(error)
    with pytest.raises(RuntimeError, match=r"(?s)a worker failed:.*test_run\.py.*deep inside"):
        raise_told(content)


# ------------------------------------------------------------------------------------------------ plans


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"workers": 0}, "--workers must be at least 1"),
        ({"workers": 2, "dask": "tcp://x"}, "give one of the two"),
        ({"limit": 0}, "--limit must be at least 1"),
    ],
)
def test_plans_that_make_no_sense(hep_plan: Planning, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        hep_plan(**changes)


def test_unknown_kinds_and_engines_name_the_known_ones(hep_plan: Planning) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'humaneval'"):
        evaluate(hep_plan(kind="humanevl"), silent)
    with pytest.raises(UnknownNameError, match="unknown engine 'lama'"):
        evaluate(hep_plan(engine="lama:smollm2"), silent)


@pytest.mark.parametrize("engine", ["llama:smollm2", "torch:smollm2"])
def test_a_model_that_cannot_be_fetched_is_told_before_any_work(
    hep_plan: Planning, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TREADLE_CACHE_DIR", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    plan = hep_plan(engine=engine, folder=tmp_path / "kept", workers=2)
    with pytest.raises(ModelFileError, match="cannot fetch SmolLM2"):
        evaluate(plan, silent)
    assert not plan.folder.exists()


def test_a_request_that_does_not_fit_counts_as_not_solved(hep_plan: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    from treadle.errors import ContextLengthError

    def too_long(*_: Any) -> Any:
        raise ContextLengthError("prompt and drafts take 9000 tokens, the model has 8192")

    monkeypatch.setattr(bench, "ask", too_long)
    summary = evaluate(hep_plan(limit=2), silent)
    assert [summary[key] for key in ("tasks", "solved", "failed", "drafts")] == [2, 0, 2, 0]
    assert summary["pass_at"] == {}
    assert summary["per_task"][0]["error"] == "prompt and drafts take 9000 tokens, the model has 8192"


def test_scripts_of_tasks(tmp_path: Path) -> None:
    (tmp_path / "HumanEval_0.json").write_text("{}")
    assert bench.script_of(f"scripted:{tmp_path}", "HumanEval/0") == f"scripted:{tmp_path / 'HumanEval_0.json'}"
    assert bench.script_of("scripted:/x/one.json", "any") == "scripted:/x/one.json"


def test_corrections_stand_among_the_examples(hep_plan: Planning, tmp_path: Path, write_scripts: Any) -> None:
    from treadle.threads import open_store

    with pytest.raises(UsageError, match=r"no thread store .*nothing\.sqlite"):
        evaluate(hep_plan(corrections=tmp_path / "nothing.sqlite"), silent)
    with closing(open_store(tmp_path / "threads.sqlite")):
        pass
    summary = evaluate(hep_plan(corrections=tmp_path / "threads.sqlite", limit=1), silent)
    assert summary["settings"]["corrections"] is None  # there are none: the same as without
    (tmp_path / "own.jsonl").write_text(json.dumps(OWN))
    plan = hep_plan(kind="humaneval", tasks=tmp_path / "own.jsonl", options=Options(samples=1, repairs=0))
    plan = replace(plan, engine=write_scripts(tmp_path / "own", {"own": ["\n    return n * 2\n"]}))
    with closing(open_store(tmp_path / "threads.sqlite")) as store:
        identity = EngineIdentity(name="scripted", backend="scripted", model="scripted")
        thread = store.begin(Request(text="Write triple(n)"), identity, {})
        store.add_prompt(thread, Prompt(messages=()))
        store.add_drafts(thread, 0, [Draft(id="0.0", completion=Completion(text=""), program=None)])
        store.add_correction(thread, CORRECTION)
    with_it = evaluate(replace(plan, corrections=tmp_path / "threads.sqlite", folder=tmp_path / "with"), silent)
    without = evaluate(replace(plan, folder=tmp_path / "without"), silent)
    for summary in (with_it, without):
        assert [summary[key] for key in ("tasks", "solved", "verified")] == [1, 1, 1]
    shown = [summary["per_task"][0]["examples"] for summary in (with_it, without)]
    assert [name for name in shown[0] if name.startswith(f"corrections/{thread}")]
    assert not [name for name in shown[1] if name.startswith("corrections/")]
    assert with_it["settings"]["corrections"] != without["settings"]["corrections"] is None


OWN = {
    "task_id": "own",
    "prompt": 'def double(n: int) -> int:\n    """Give two times the number n.\n    >>> double(2)\n    4\n    """\n',
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n    assert candidate(-1) == -2\n",
}
CORRECTION = Correction(
    draft="0.0",
    rejected="def triple(n):\n    return n\n",
    reason="wrong",
    chosen="def triple(n):\n    return 3 * n\n",
    request="Write triple(n: int) -> int: Give three times the number n.",
    language="python",
    kind="function",
    program="def triple(n):\n    return 3 * n\n",
    body="def triple(n):\n    return 3 * n\n",
    basis=Basis(),
)


def test_one_draft_is_its_own_sample(hep_plan: Planning) -> None:
    plan = hep_plan(options=Options(samples=1, repairs=0, shots=0, rules=False))
    summary = evaluate(replace(plan, limit=2), silent)
    assert summary["pass_at"] == {"1": 0.5}
