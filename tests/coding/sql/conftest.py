"""Real sandboxes, of every tier and of the best one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox

PRELOAD = ("sqlite3", "duckdb")


@pytest.fixture(scope="session", params=("namespaces", "landlock"))
def tier(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(request.param, preload=PRELOAD)
    except SandboxRefusedError as refusal:
        pytest.skip(f"this machine has no {request.param} tier: {refusal}")
    with closing(opened):
        yield opened


@pytest.fixture(scope="session")
def one_tier() -> Iterator[Sandbox]:
    """The best tier, for what does not depend on it."""
    try:
        opened = open_sandbox(preload=PRELOAD)
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with closing(opened):
        yield opened
