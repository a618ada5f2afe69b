"""Summaries for tests that are about something else: one sandbox for all of them, opened with the first."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path

import pytest

from treadle import data
from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import DataSummary

__all__ = ["shared_sandbox", "summarise"]


@cache
def shared_sandbox() -> Sandbox:
    """The best sandbox that works here; closed when the tests end."""
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error), allow_module_level=True)
    atexit.register(opened.close)
    return opened


def summarise(path: str | Path, tree: str | None = None) -> DataSummary:
    """``treadle.data.summarise`` in the shared sandbox."""
    return data.summarise(path, shared_sandbox(), tree)
