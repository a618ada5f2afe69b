"""Whether the guide that holds drafts at inference would let a program pass: what it forbids must not be taught."""

from __future__ import annotations

import re

from treadle.coding.grounded import facts_of, python_guide
from treadle.coding.names_index import names_index
from treadle.grounding.accept import accepts
from treadle.sandbox.base import Sandbox
from treadle.settings import load_settings
from treadle.types import DataSummary, Prompt

__all__ = ["Acceptance"]

_MODULES = ("awkward", "numpy", "pandas", "uproot")


class Acceptance:
    """Follows the guide byte by byte, once for all programs of one form: names of columns and numbers make no difference."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._index = names_index(sandbox, load_settings().cache_dir, _MODULES)
        self._known: dict[tuple[str, bool], bool] = {}

    def allows(self, body: str, prompt: Prompt, preamble: str, summary: DataSummary) -> bool:
        """Whether ``body`` may be written behind ``prompt``."""
        key = (_form(body), "pd." in preamble)
        if key not in self._known:
            guide = python_guide(prompt, preamble, facts_of(preamble, summary, self._index))
            lines = "\n".join(f"    {line}" for line in body.split("\n"))
            self._known[key] = guide is None or accepts(guide, f"\n{lines}\n") is None
        return self._known[key]


def _form(body: str) -> str:
    return re.sub(r"\d+(?:\.\d+)?", "0", re.sub(r'"[^"]*"', '"s"', body))
