"""All kinds of tasks, drawn by weight, and the small liberties people take with their wording."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from treadle.synthesis.python import tasks_counts, tasks_histograms, tasks_objects, tasks_pairs, tasks_values
from treadle.synthesis.python.parts import Task
from treadle.synthesis.python.worlds import World

__all__ = ["tasks_for"]

_MAKERS = (*tasks_values.MAKERS, *tasks_counts.MAKERS, *tasks_histograms.MAKERS)
_FRONTS = (
    "In this file, ",
    "For this sample, ",
    "From the data, ",
    "I want to know: ",
    "Question: ",
    "With this data: ",
    "Quick check: ",
    "In {f}: ",
    "Using {f}, ",
)
_OTHER_WORDS = {
    "csv": ("rows", "entries", "records"),
    "parquet": ("rows", "entries", "records"),
    "root": ("entries", "entries", "candidates"),
}


def tasks_for(world: World, rng: random.Random, n: int) -> list[Task]:
    """``n`` different tasks on a world, or fewer where it allows no more."""
    makers = [*_MAKERS, *((*tasks_objects.MAKERS, *tasks_pairs.MAKERS) if world.collections() else ())]
    functions, weights = [m for m, _ in makers], [w for _, w in makers]
    found: dict[str, Task] = {}
    for _ in range(6 * n):
        if len(found) == n:
            break
        task = rng.choices(functions, weights)[0](world, rng)
        if task is not None:
            found.setdefault(task.body, replace(task, request=_free(task.request, world, rng)))
    return list(found.values())


def _free(request: str, world: World, rng: random.Random) -> str:
    """The request with other words for events, a word ahead, or units without a blank, now and then."""
    if rng.random() < 0.08:
        request = re.sub(r"(\d) ([GMT]eV|mm|cm|ns)\b", r"\1\2", request)
    if rng.random() < 0.1 and world.format in _OTHER_WORDS:
        word = rng.choice(_OTHER_WORDS[world.format])
        request = re.sub(r"(?<![\"'_])\bevents\b(?![\"'_])", word, request)
    if rng.random() < 0.1 and re.match(r"[A-Z][a-z]+ ", request):
        front = rng.choice(_FRONTS).replace("{f}", world.file)
        request = f"{front}{request[:1].lower()}{request[1:]}"
    return request
