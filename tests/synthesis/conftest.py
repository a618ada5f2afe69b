"""A sandbox that executes nothing but SQL, shared by these tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from treadle.coding.sql.databases.open import PRELOAD
from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox


@pytest.fixture(scope="session")
def sql_sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(preload=PRELOAD)
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened
