"""Drafts of Python held to the grammar of the language and to names that exist."""

from __future__ import annotations

from treadle.grounding.python.facts import Facts, Members
from treadle.grounding.python.guide import PythonGuide

__all__ = ["Facts", "Members", "PythonGuide"]
