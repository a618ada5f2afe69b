"""Every example of the packs runs in the sandbox and gives what its header says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest

from treadle.errors import SandboxRefusedError
from treadle.retrieval import Pack, builtin_packs
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Example, Expectation, Limits, Program

PACKS = {pack.name: pack for pack in builtin_packs()}
DATA_FILES = sorted({e.data for e in PACKS["scikit-hep"].examples if e.data})
LIMITS = Limits(wall_seconds=60)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        box = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(f"no sandbox works here: {error}")
    yield box
    box.close()


def close(got: object, wanted: Expectation) -> bool:
    if isinstance(wanted.expected, float) and isinstance(got, int | float):
        return math.isclose(got, wanted.expected, rel_tol=max(wanted.relative, 1e-12), abs_tol=wanted.absolute)
    return got == wanted.expected


def metrics(stdout: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^METRIC: (\w+)=(\S+)$", stdout, re.MULTILINE)}


def check_data_example(pack: Pack, example: Example, stdout: str, artifacts: set[str]) -> None:
    printed = metrics(stdout)
    wanted = pack.expectations[example.id]
    assert {e.subject for e in wanted} == set(printed), example.id
    for expectation in wanted:
        assert close(printed[expectation.subject], expectation), (example.id, expectation.text, printed)
    assert set(pack.artifacts[example.id]) <= artifacts, example.id


@pytest.mark.parametrize("data", DATA_FILES)
def test_every_data_example_prints_what_it_promises(sandbox: Sandbox, data: str) -> None:
    pytest.importorskip("uproot", reason="the examples of scikit-hep need treadle[hep]")
    pack = PACKS["scikit-hep"]
    examples = [e for e in pack.examples if e.data == data]
    runs = sandbox.run_many([Program(source=e.program) for e in examples], [pack.folder / "data" / data], LIMITS)
    for example, run in zip(examples, runs, strict=True):
        assert run.ok, (example.id, run.error, run.limit_hit, run.stderr[-500:])
        check_data_example(pack, example, run.stdout, {a.name for a in run.artifacts})


def test_every_function_example_passes_its_checks(sandbox: Sandbox) -> None:
    pack = PACKS["python"]
    # One run an example: its checks are evaluated together, the expected values stay outside.
    programs = []
    for example in pack.examples:
        calls = ", ".join(e.subject for e in pack.expectations[example.id])
        programs.append(Program(source=example.program, evaluate=f"[{calls}]"))
    for example, run in zip(pack.examples, sandbox.run_many(programs, limits=LIMITS), strict=True):
        assert run.ok, (example.id, run.error, run.limit_hit)
        wanted = pack.expectations[example.id]
        assert len(wanted) >= 3, f"{example.id} has too few checks"
        for got, expectation in zip(run.value, wanted, strict=True):
            assert close(got, expectation), (example.id, expectation.text, got)
