"""Prompts as an embedded engine is shown them, without the engine: its vocabulary counts tokens, nothing is answered."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from treadle.coding.ask import Tools
from treadle.engines.scripted import ScriptedEngine
from treadle.retrieval import Pack
from treadle.sandbox import open_sandbox
from treadle.threads import open_store
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["PromptWriter", "writing_tools"]


class PromptWriter(ScriptedEngine):
    """Takes the engine's place where prompts are built: it continues begun answers, and counts as the model does.

    Args:
        vocabulary: of the model that is trained; None: tokens are estimated, and summaries may be cut elsewhere.
    """

    most_tokens = 1 << 20
    """No budget: how many examples stand in a row is decided before."""

    def __init__(self, vocabulary: Vocabulary | None) -> None:
        super().__init__([])
        self._vocabulary = vocabulary

    @classmethod
    def of_model(cls, path: Path) -> PromptWriter:
        """With the vocabulary of a GGUF file."""
        from treadle.tokens.from_gguf import vocabulary_from_gguf
        from treadle.tokens.gguf import read_header

        return cls(vocabulary_from_gguf(read_header(path)))

    def count_tokens(self, text: str) -> int:
        return super().count_tokens(text) if self._vocabulary is None else len(self._vocabulary.encode(text))


@contextlib.contextmanager
def writing_tools(writer: PromptWriter, packs: Sequence[Pack], store: Path | None = None) -> Iterator[Tools]:
    """What building prompts takes, with ``writer`` in the engine's place; without ``store``, an empty one."""
    with contextlib.ExitStack() as stack:
        if store is None:
            folder = tempfile.TemporaryDirectory(prefix="treadle-rows-", ignore_cleanup_errors=True)
            store = Path(stack.enter_context(folder)) / "threads.sqlite"
        sandbox = stack.enter_context(contextlib.closing(open_sandbox()))
        opened = stack.enter_context(contextlib.closing(open_store(store)))
        yield Tools(engine=writer, sandbox=sandbox, store=opened, packs=packs)
