"""The whole loop in one line: scripted drafts, the real sandbox, a real store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from summaries import summarise
from treadle.coding.ask import Answered, Options, Tools, ask
from treadle.coding.expectations import expectations_in
from treadle.coding.progress import Progress
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import SandboxRefusedError
from treadle.retrieval import Pack
from treadle.sandbox import Sandbox, open_sandbox
from treadle.threads import open_store
from treadle.threads.base import Store, ThreadRecord
from treadle.types import Completion, Expectation, Request, Token


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(open_store(tmp_path / "threads.sqlite")) as opened:
        yield opened


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Ten rows of x = 1 ... 10 and y = x squared."""
    path = tmp_path / "table.csv"
    path.write_text("x,y\n" + "".join(f"{i},{i * i}\n" for i in range(1, 11)), encoding="utf-8")
    return path


class Asking:
    """Answers requests with the drafts given; ``engine`` is that of the last request."""

    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self.sandbox, self.store = sandbox, store
        self.engine = ScriptedEngine([])

    def __call__(
        self,
        text: str,
        *batches: Sequence[str | Completion],
        data: Path | None = None,
        expectations: Sequence[Expectation] = (),
        engine: ScriptedEngine | None = None,
        progress: Progress | None = None,
        packs: Sequence[Pack] = (),
        **options: Any,
    ) -> Answered:
        """``samples`` is the length of the first batch, ``repairs`` 0 and ``rules`` False, unless given."""
        self.engine = engine or ScriptedEngine(batches)
        summary = None if data is None else summarise(data)
        request = Request(text=text, data=summary, expectations=(*expectations_in(text), *expectations))
        tools = Tools(engine=self.engine, sandbox=self.sandbox, store=self.store, packs=packs)
        settings = {"samples": len(batches[0]) if batches else 1, "repairs": 0, "rules": False, **options}
        return ask(request, tools, Options(**settings), progress)

    def thread(self) -> ThreadRecord:
        """The newest thread, as the store has it."""
        return self.store.load(self.store.listing(1)[0].id)

    def sent(self) -> list[str]:
        """Every prompt as the engine saw it."""
        return [self.engine.render(prompt) for prompt in self.engine.prompts]


@pytest.fixture
def asking(sandbox: Sandbox, store: Store) -> Asking:
    return Asking(sandbox, store)


def likely(text: str, logprob: float) -> Completion:
    """A completion of one token with this mean log-probability."""
    return Completion(text=text, tokens=(Token(text=text, logprob=logprob, id=1),), seed=1)


@pytest.fixture(name="likely")
def _likely() -> Any:
    return likely
