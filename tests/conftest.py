"""What several rooms' tests need: the embedded model, fetched once, and one engine that holds it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from treadle.engines.llama import LlamaEngine
from treadle.engines.models import find_model, pull
from treadle.errors import ModelFileError
from treadle.settings import load_settings

# The same cases in every run where CI decides: a new case is found on a developer's machine, not on somebody else's change.
# How long a case takes says something about the machine only, so it fails nothing.
_SLOW = {"suppress_health_check": [HealthCheck.too_slow], "deadline": None}
settings.register_profile("here", **_SLOW)
settings.register_profile("ci", derandomize=True, **_SLOW)
settings.load_profile("ci" if os.environ.get("CI") else "here")


if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, also by the processes that tests start


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The embedded model in the user's cache (or in ``TREADLE_CACHE_DIR``)."""
    try:
        return pull(find_model("smollm2"), load_settings().cache_dir)
    except ModelFileError as error:
        pytest.skip(f"the embedded model is not in the cache and cannot be fetched: {error}")


@pytest.fixture(scope="session")
def llama(model_file: Path) -> Iterator[LlamaEngine]:
    """The embedded engine; tests share it, so none may close it."""
    with closing(LlamaEngine(model_file, name="llama:smollm2")) as engine:
        yield engine
