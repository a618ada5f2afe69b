"""Tools that plan prompts and run programs, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.coding.ask import Tools
from treadle.retrieval import builtin_packs
from treadle.sandbox import open_sandbox
from treadle.synthesis.writer import PromptWriter
from treadle.threads import open_store


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    folder: Path = tmp_path_factory.mktemp("rows")
    with closing(open_sandbox()) as sandbox, closing(open_store(folder / "threads.sqlite")) as store:
        yield Tools(engine=PromptWriter(None), sandbox=sandbox, store=store, packs=builtin_packs())
