"""The one style of programs: lines that compute into variables, then a METRIC line for each result."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

from treadle.synthesis.python.parts import Condition, Quantity, Task
from treadle.synthesis.python.said import asked, named
from treadle.synthesis.python.worlds import World

__all__ = ["as_array", "finished", "of_selection", "over_selection", "question", "values_of"]

_NAMED_SHARE = 0.3
_NAMES = {
    "mean": ("avg_{s}", "{s}_mean", "average", "mean_value", "mean_{s}"),
    "n": ("n_pass", "n_sel", "n_selected", "count", "n_passed", "n_events", "events_passing", "n"),
    "fraction": ("frac", "eff", "efficiency", "share", "ratio", "fraction"),
}
_ASSIGNED = re.compile(r"^(\w+(?:, \w+)*) = ", re.MULTILINE)


def as_array(world: World, code: str) -> str:
    """``code`` as an array of numpy, which some functions want."""
    return code if world.pandas else f"ak.to_numpy({code})"


def values_of(quantity: Quantity, selection: Condition | None) -> tuple[list[str], str]:
    """Lines and an expression for the values of the selected events."""
    if selection is None:
        return quantity.write("events")
    mask = [*selection.lines, f"mask = {selection.code}"]
    if quantity.plain:
        return mask, f"{quantity.write('events')[1]}[mask]"
    lines, code = quantity.write("selected")
    return [*mask, "selected = events[mask]", *lines], code


def of_selection(selection: Condition | None, rng: random.Random) -> str:
    """' of the events with two jets', with the blank; empty without a selection."""
    if selection is None:
        return rng.choice(("", "", "", " over all events", " in this file")) if rng.random() < 0.3 else ""
    how = rng.choice(
        (
            "for events with",
            "for events with",
            "in events with",
            "in events with",
            "of the events with",
            "of events with",
            "among events with",
            "using only events with",
            "for the events that have",
            "when requiring",
            "after requiring",
            "in the sample with",
            "after selecting events with",
        )
    )
    return f" {how} {selection.said}"


def over_selection(selection: Condition, rng: random.Random) -> str:
    """The selection at the beginning: 'For events with two jets, '."""
    how = rng.choice(
        (
            "For events with {c}: ",
            "In events with {c}, ",
            "Select events with {c}. ",
            "Take the events with {c}. ",
            "Keep only events with {c}. ",
            "Consider events with {c}. ",
            "Requiring {c}, ",
            "For the events that have {c}, ",
        )
    )
    return how.replace("{c}", selection.said)


def finished(
    kind: str,
    request: str,
    lines: Sequence[str],
    results: Mapping[str, tuple[str, float]],
    rng: random.Random,
    *,
    names: str = "",
    tell: bool = False,
    artifact: str = "",
    short: str = "value",
) -> Task:
    """A task from its lines and its results: name -> (code, value); an empty code: a line has computed it already.

    ``names``: which other names the result may be wished under; ``tell``: the request names all results.
    """
    results = dict(results)
    taken = {n for found in _ASSIGNED.findall("\n".join(lines)) for n in found.split(", ")}
    if len(results) == 1 and not tell and rng.random() < _NAMED_SHARE:
        (old, (code, value)), *_ = results.items()
        other = rng.choice(_NAMES.get(names, ("result", "answer", "value", old))).replace("{s}", short)
        if code and other not in taken and other.isidentifier():
            results = {other: (code, value)}
            request = named(request, other, rng)
    elif tell:
        told = list(results)
        listed = f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]
        request = named(request, listed, rng).replace(
            "Use the name ", "Use the names " if len(told) > 1 else "Use the name "
        )
    body = [*lines, *(f"{name} = {code}" for name, (code, _) in results.items() if code)]
    body += [f'print(f"METRIC: {name}={{{name}}}")' for name in results]
    return Task(kind, request, "\n".join(body), {n: v for n, (_, v) in results.items()}, artifact)


def question(template: str, selection: Condition | None, rng: random.Random, **slots: str) -> str:
    """A template with ``{of}`` for the selection, which now and then stands in front."""
    if selection is not None and "{of}" in template and rng.random() < 0.2:
        front = over_selection(selection, rng)
        rest = asked(template, rng, of="", **slots)
        return front + (rest if front.endswith(". ") else rest[:1].lower() + rest[1:] if rest[1:2].islower() else rest)
    return asked(template, rng, of=of_selection(selection, rng), **slots)
