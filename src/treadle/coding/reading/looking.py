"""Looking at trees: of which objects a value or condition is, the parts of a kind, a tree with some nodes changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from treadle.coding.reading.catalogue import Thing
from treadle.coding.reading.tree import (
    All,
    Apply,
    Arithmetic,
    Column,
    Compare,
    Condition,
    Flag,
    Near,
    Not,
    Objects,
    Of,
    OfPairs,
    Or,
    Pairwise,
    Size,
    Value,
)

__all__ = ["changed", "column_of", "counted", "level", "level_of", "parts_of"]

Part = TypeVar("Part")


def level(value: Value) -> Thing | None:
    """The collection whose objects ``value`` has one number of each for, or None: one an event.

    Raises:
        LookupError: it mixes two collections.
    """
    if isinstance(value, Of):
        return None if value.objects.one else value.objects.thing
    if isinstance(value, OfPairs):
        return value.pairs.pair.one.thing
    if isinstance(value, Pairwise) and value.pair.one.side:
        return value.pair.one.thing
    if isinstance(value, Apply):
        return level(value.value)
    if isinstance(value, Arithmetic):
        return _common([level(value.left), level(value.right)])
    return None


def level_of(condition: Condition) -> Thing | None:
    """The collection of whose objects ``condition`` speaks, or None: of events."""
    if isinstance(condition, Compare):
        return _common([level(condition.left), level(condition.right)])
    if isinstance(condition, Flag):
        return level(condition.value)
    if isinstance(condition, Not):
        return level_of(condition.condition)
    if isinstance(condition, Near):
        return condition.thing
    if isinstance(condition, All | Or):
        return _common([level_of(c) for c in condition.conditions])
    return None


def counted(condition: Condition) -> Objects | None:
    """The objects whose number a condition compares, or None."""
    return condition.left.objects if isinstance(condition, Compare) and isinstance(condition.left, Size) else None


def column_of(value: Value | None) -> str:
    """The column that ``value`` is, of the file or of a collection's objects; empty where it is computed."""
    if isinstance(value, Column):
        return value.name
    return value.objects.thing.columns.get(value.what, "") if isinstance(value, Of) else ""


def changed(node: Any, change: Callable[[Any], Any]) -> Any:
    """A tree with what ``change`` gives in the place of nodes that it gives something for."""
    made = change(node)
    if made is not None:
        return made
    if isinstance(node, tuple):
        return tuple(changed(part, change) for part in node)
    if is_dataclass(node) and not isinstance(node, type) and not isinstance(node, Thing):
        return replace(node, **{f.name: changed(getattr(node, f.name), change) for f in fields(node)})
    return node


def parts_of(node: Any, kind: type[Part]) -> Iterator[Part]:
    """All nodes of a kind in a tree."""
    if isinstance(node, kind):
        yield node
    if isinstance(node, tuple):
        for part in node:
            yield from parts_of(part, kind)
    elif is_dataclass(node) and not isinstance(node, type) and not isinstance(node, Thing):
        for f in fields(node):
            yield from parts_of(getattr(node, f.name), kind)


def _common(levels: list[Thing | None]) -> Thing | None:
    found = {id(t): t for t in levels if t is not None}
    if len(found) > 1:
        raise LookupError("two collections in one comparison")
    return next(iter(found.values()), None)
