"""Tables of phrases: what words of a request may be by themselves, before rules join them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files

from treadle.coding.chart import Edge

__all__ = ["Phrases", "phrase_edges", "read_phrases"]

Phrases = dict[str, list[tuple[tuple[str, ...], str, str]]]
"""Of each first word: (words, symbol, meaning) of the phrases that begin with it."""


def read_phrases(package: str, cut: Callable[[str], list[str]] = str.split) -> Phrases:
    """The table in ``phrases.txt`` of a package, whose lines are ``SYMBOL meaning: phrase | phrase ...``; one that begins
    with blanks goes on with the last. ``cut`` cuts a phrase as requests are cut."""
    text = files(package).joinpath("phrases.txt").read_text(encoding="utf-8")
    table: Phrases = defaultdict(list)
    for line in re.sub(r"\n +", " ", text).splitlines():
        head, _, said = line.partition(": ")
        if not said or line.startswith("#"):
            continue
        symbol, _, meaning = head.partition(" ")
        for phrase in said.split(" | "):
            words = tuple(cut(phrase.strip().lower()))
            table[words[0]].append((words, symbol, meaning or symbol))
    return table


def phrase_edges(texts: Sequence[str], phrases: Phrases) -> Iterator[Edge]:
    """The phrases that stand in a request, in small letters; the longer the likelier."""
    for i, first in enumerate(texts):
        for words, symbol, meaning in phrases.get(first, ()):
            if tuple(texts[i : i + len(words)]) == words:
                yield Edge(symbol, i, i + len(words), meaning, -0.2 * (len(words) - 1))
