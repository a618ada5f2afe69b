"""Prompts as an embedded engine is shown them, without the engine: its vocabulary counts tokens, nothing is answered."""

from __future__ import annotations

from pathlib import Path

from treadle.engines.scripted import ScriptedEngine
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["PromptWriter"]


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
