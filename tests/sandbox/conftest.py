"""Real sandboxes of every tier, one a session, and the same programs run outside for comparison."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.sandbox.probe import TIERS
from treadle.types import Program

sys.path.insert(0, str(Path(__file__).parent))  # for the package of attempts beside the tests

PARENT_SECRET = "CANARY-PARENT-IN-THE-ENVIRONMENT"
"""Stands in the tests' environment when the fork servers start, and must be nowhere in what programs see."""


IN_THE_BEST_TIER = {"test_cheats", "test_ordinary", "test_programs", "test_after_300_runs"}
"""Files or tests with hundreds of programs: ``make test`` runs them in the tier that users get here, ``test-all`` in all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    functions = [item for item in items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    many = [item for item in functions if {item.path.stem, item.originalname} & IN_THE_BEST_TIER]
    if not many:
        return
    try:
        with closing(open_sandbox(preload=())) as opened:
            best = opened.tier
    except SandboxRefusedError:
        return
    for item in many:
        if item.callspec.params.get("sandbox", best) != best:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", params=TIERS)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    os.environ["TREADLE_TEST_SECRET"] = PARENT_SECRET
    try:
        opened = open_sandbox(request.param)
    except SandboxRefusedError as refusal:
        pytest.skip(f"this machine has no {request.param} tier: {refusal}")
    finally:
        del os.environ["TREADLE_TEST_SECRET"]
    yield opened
    opened.close()


@pytest.fixture
def writable(sandbox: Sandbox) -> Sandbox:
    """The same, of a tier in which programs may write into their working directory."""
    if sandbox.tier == "seccomp":
        pytest.skip("in the seccomp tier nothing is written")
    return sandbox


@pytest.fixture
def public_path() -> Path:
    """A directory where only a sandbox can keep a program out: everybody may read and write it."""
    directory = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    directory.chmod(0o777)
    return directory


@pytest.fixture
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One that nobody else uses, and that the user of the programs may enter."""
    folder = Path(tempfile.mkdtemp(prefix="pristine-"))
    folder.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def run_outside(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The control: the same program without any sandbox."""

    def run(source: str, *argv: str) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "program.py"
        program.write_text(source, encoding="utf-8")
        environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "MPLCONFIGDIR": str(tmp_path / ".mpl")}
        return subprocess.run(
            [sys.executable, program.name, *argv],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


@pytest.fixture
def alive(sandbox: Sandbox) -> Callable[[], None]:
    """A sandbox that runs nothing holds everything back: show that this one works."""

    def check() -> None:
        run = sandbox.run(Program(source="x = sum(range(10))\nprint('alive')", evaluate="x"))
        assert (run.ok, run.stdout, run.value) == (True, "alive\n", 45), run

    return check
