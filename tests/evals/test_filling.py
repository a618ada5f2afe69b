"""The three ways to fill a hole, with drafts written down beforehand and with a model; whole evaluations of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tiny_model import tiny_loaded
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import UnsupportedError, UsageError
from treadle.evals.compare import compare
from treadle.evals.display import show_summary
from treadle.evals.filling import Filler, likeliest
from treadle.evals.infill import Filling, load_infill
from treadle.evals.report import as_html, as_markdown
from treadle.evals.run import Plan, evaluate
from treadle.model.weights import save_gguf
from treadle.sandbox import Sandbox
from treadle.types import Completion

OWN = {
    "task_id": "own",
    "prompt": "def total(xs):\n",
    "entry_point": "total",
    "canonical_solution": "    found = 0\n    for x in xs:\n        found += x\n    return found\n",
    "test": "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n",
}
SINGLE = Filling(way="left-to-right", max_tokens=500)
RERANK = Filling(way="rerank", samples=3, temperature=0.8)
DRAFTS = {
    "own/L0": ["\n    found = 0\n    for x in xs:\n"],
    "own/L1": ["\n    for i in range(1):\n        return 1"],
    "own/L2": ["\n\n        found = found + x  # more\n        pass\n"],
    "own/L3": ["\n    return (\n"],
}
"""Cut to a line: the masked text, another loop, another spelling that is right, one that does not parse."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "own.jsonl").write_text(json.dumps(OWN))
    return tmp_path / "own.jsonl"


@pytest.fixture
def plan(hep_plan: Callable[..., Plan], file: Path, write_scripts: Any) -> Callable[..., Plan]:
    def make(drafts: dict[str, Sequence[str]], options: Filling = SINGLE, name: str = "single", **changes: Any) -> Plan:
        engine = write_scripts(file.parent / f"{name}-scripts", drafts)
        folder = file.parent / name
        return hep_plan(kind="infill-single-line", tasks=file, engine=engine, options=options, folder=folder, **changes)

    return make


def silent(*_: object) -> None:
    """Watches nothing."""


def records(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {record["id"]: record for record in summary["per_task"]}


def test_left_to_right_is_cut_and_judged(plan: Callable[..., Plan], capsys: pytest.CaptureFixture[str]) -> None:
    summary = evaluate(plan(DRAFTS), silent)
    assert [summary[key] for key in ("tasks", "greedy_solved", "solved", "any_right", "exact")] == [4, 2, 2, 2, 1]
    found = records(summary)
    assert found["own/L0"]["program"] == OWN["prompt"] + OWN["canonical_solution"]
    assert [found[f"own/L{i}"]["right"] for i in range(4)] == [True, False, True, False]
    assert [found[f"own/L{i}"]["exact"] for i in range(4)] == [True, False, False, False]
    assert "found = found + x  # more\n    return found" in found["own/L2"]["program"]
    assert [found[f"own/L{i}"]["status"] for i in range(4)] == ["ran", "ran", "ran", "failed"]
    assert summary["coverage"] == {"parsed": 0.75, "right": 0.5}
    assert summary["pass_at"] == {"1": 0.5}
    low, high = summary["intervals"]["exact"]
    assert low < 0.25 < high
    show_summary(summary)
    for told in (capsys.readouterr().out, as_markdown(summary), as_html(summary)):
        assert "the answer is the masked text" in told
        assert "left-to-right" in told
        assert "verified" not in told.replace("rows of verified", "")


def test_it_goes_on_where_it_stopped(plan: Callable[..., Plan]) -> None:
    made = plan(DRAFTS)
    seen: list[str] = []
    evaluate(replace(made, limit=2), lambda _r, _n, new: new and seen.append(new["id"]))
    assert len(seen) == 2
    assert evaluate(made, lambda _r, _n, new: new and seen.append(new["id"]))["tasks"] == 4
    assert len(seen) == len(set(seen)) == 4
    with pytest.raises(UsageError, match=r"options\.way was 'left-to-right' and is 'infill'"):
        evaluate(replace(made, options=Filling()), silent)


def test_ways_are_compared_hole_by_hole(plan: Callable[..., Plan]) -> None:
    first = plan(DRAFTS)
    fills = {name: ["\n        found += x" if name == "own/L2" else "\n    return sum(xs)"] for name in DRAFTS}
    second = plan(fills, Filling(), "infill")
    evaluate(first, silent)
    summary = evaluate(second, silent)
    assert summary["exact"] == 1
    compared = compare(first.folder, second.folder)
    assert compared["tasks"] == 4
    solved = compared["measures"]["solved"]
    assert (solved["first"], solved["second"], solved["only_second"]) == (2, 3, 1)
    assert "options.way" in compared["settings"]


@pytest.mark.slow
def test_workers_give_the_same(plan: Callable[..., Plan]) -> None:
    made = plan(DRAFTS)
    one = evaluate(made, silent)
    two = evaluate(replace(made, workers=2, folder=made.folder / "two"), silent)
    assert [(r["id"], r["right"], r["program"]) for r in one["per_task"]] == [
        (r["id"], r["right"], r["program"]) for r in two["per_task"]
    ]


def hole(file: Path, name: str) -> Any:
    return next(task for task in load_infill(False, file, None) if task.id == name)


def work(filling: Filling, file: Path, name: str, engine: Any, sandbox: Sandbox) -> Any:
    with closing(Filler(filling, "scripted:x", sandbox)) as filler:
        return filler.work_on(hole(file, name), engine)


def test_no_way_is_told_what_was_masked(file: Path, sandbox: Sandbox) -> None:
    engine = ScriptedEngine([["\n    y\n"], ["\n    y"]])
    work(SINGLE, file, "own/L1", engine, sandbox)
    work(Filling(), file, "own/L1", engine, sandbox)
    left, both = ("".join(piece for piece, _ in text.pieces) for text in engine.texts)
    assert left == "def total(xs):\n    found = 0"
    assert both == f"{left}<|mask:0|>\n        found += x\n    return found\n<|mask:1|><|mask:0|>"
    assert engine.texts[0].ends == ()
    assert engine.texts[1].ends[0] == "<|endofmask|>"


def test_drafts_that_were_too_short_are_drawn_again(file: Path, sandbox: Sandbox) -> None:
    """At first 64 tokens for a line; the draft that did not reach its end gets four times as many, with its own seed."""
    cut = Completion(text="\n    for x in", finish_reason="length")
    enough = Completion(text="\n    for x in xs:\n  more", finish_reason="length")
    ended = Completion(text="\n    for x in xs", finish_reason="stop")
    seen: list[list[tuple[int, int]]] = []

    class Watched(ScriptedEngine):
        def continue_text(self, text: Any, samplings: Any, on_tokens: Any = None) -> list[Completion]:
            seen.append([(sampling.seed, sampling.max_tokens) for sampling in samplings])
            return super().continue_text(text, samplings, on_tokens)

    filling = replace(SINGLE, samples=4, temperature=0.5)
    engine = Watched([[cut, enough, ended, cut], [cut, enough], [enough]])
    found = work(filling, file, "own/L1", engine, sandbox)
    assert seen == [[(1, 64), (2, 64), (3, 64), (4, 64)], [(1, 256), (4, 256)], [(1, 500)]]
    assert [draft["right"] for draft in found["drafts"]] == [True, True, False, True]
    (short,) = work(replace(SINGLE, max_tokens=10), file, "own/L1", Watched([[cut]]), sandbox)["drafts"]
    assert (seen[-1], short["ended"], short["right"]) == ([(1, 10)], "length", False)


RIGHT, WRONG = "\n    return found\n", "\n    return xs\n"


def test_the_likeliest_whole_program_is_taken(file: Path, sandbox: Sandbox) -> None:
    scores = {hole(file, "own/L3").filled(draft[:-1]): logprob for draft, logprob in ((WRONG, -9.0), (RIGHT, -7.0))}
    found = work(RERANK, file, "own/L3", ScriptedEngine([[WRONG, RIGHT, WRONG]], scores=scores), sandbox)
    assert (found["chosen"], found["right"], found["greedy_right"], found["any_right"]) == ("0.1", True, False, True)
    assert [draft["greedy"] for draft in found["drafts"]] == [False] * 3
    with pytest.raises(UnsupportedError, match="cannot score a text"):
        work(RERANK, file, "own/L3", ScriptedEngine([[WRONG, RIGHT, WRONG]]), sandbox)


def test_of_several_drafts_that_see_both_sides_the_likeliest_is_taken(file: Path, sandbox: Sandbox) -> None:
    scores = {hole(file, "own/L3").filled(draft): logprob for draft, logprob in ((WRONG[:-1], -9.0), (RIGHT[:-1], -7.0))}
    drafts = [[WRONG[:-1]], [RIGHT]]
    several = Filling(samples=2, temperature=0.8)
    assert work(several, file, "own/L3", ScriptedEngine(drafts, scores=scores), sandbox)["chosen"] == "0.1"
    left = replace(several, way="left-to-right")
    assert work(left, file, "own/L3", ScriptedEngine([[WRONG, RIGHT]]), sandbox)["chosen"] == "0.0"


def test_nothing_is_no_answer_however_likely_the_program_is_without_the_hole(file: Path, sandbox: Sandbox) -> None:
    task = hole(file, "own/L3")
    scores = {task.filled(""): -1.0, task.filled(RIGHT[:-1]): -7.0}
    several = Filling(samples=2, temperature=0.8)
    found = work(several, file, "own/L3", ScriptedEngine([[""], [RIGHT]], scores=scores), sandbox)
    assert (found["chosen"], found["right"]) == ("0.1", True)
    assert work(several, file, "own/L3", ScriptedEngine([[""], [""]], scores=scores), sandbox)["chosen"] == "0.0"


def test_an_oracle_never_chooses_worse_than_the_first() -> None:
    """Ranked by what is right, a set of drafts is right wherever any is, and so never less often than its first."""
    programs = [[f"{task}.{(task * 7 + place * place) % 3}" for place in range(5)] for task in range(9)]
    right = {program: program.endswith(".0") for drafts in programs for program in drafts}
    oracle = ScriptedEngine([], scores={program: float(good) for program, good in right.items()})
    chosen = [right[drafts[likeliest(drafts, oracle)]] for drafts in programs]
    assert chosen == [any(right[program] for program in drafts) for drafts in programs]
    assert sum(chosen) > sum(right[drafts[0]] for drafts in programs)
    assert likeliest(["b", "a"], ScriptedEngine([], scores={"a": -1.0, "b": -1.0})) == 0


@pytest.mark.parametrize("backend", ["llama", "torch"])
def test_a_model_fills_in_every_way(backend: str, file: Path, sandbox: Sandbox, hep_plan: Callable[..., Plan]) -> None:
    """A tiny model of random weights: what it writes is wrong, but drawn, ranked and judged it is."""
    path = file.parent / "tiny.gguf"
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, path, "F32")
    told = {"masks": ["<|begin|>"], "end": "<|im_end|>", "causal": 1.0, "middle": 0.0, "lines": 0.0, "suffix_first": 0.5}
    plan = hep_plan(kind="infill-single-line", tasks=file, engine=f"{backend}:{path}", limit=2)
    in_words = evaluate(replace(plan, options=Filling(max_tokens=20), folder=file.parent / "words"), silent)
    assert (in_words["tasks"], in_words["solved"]) == (2, 0)
    (file.parent / "tiny.json").write_text(json.dumps({"training": "infill", "recipe": {"infill": told}}))
    for way in ("left-to-right", "infill", "rerank"):
        several = {"samples": 3, "temperature": 1.0} if way == "rerank" else {}
        options = Filling(way=way, max_tokens=20, **several)  # type: ignore[arg-type]
        summary = evaluate(replace(plan, options=options, folder=file.parent / way), silent)
        assert (summary["tasks"], summary["solved"]) == (2, 0)
        for record in summary["per_task"]:
            assert len(record["drafts"]) == options.samples
            assert 0 < record["tokens"] <= 20 * options.samples
            assert record["program"].startswith("def total(xs):")
            assert "<|" not in record["program"]
