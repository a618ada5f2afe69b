"""Values that stand for none (-999, nan): a request that says to leave them out, or that they mean nothing, is heard."""

from __future__ import annotations

import math
import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.tree import Answer, Apply, Column, Compare, Condition, Flag, Not, Number, Objects, Of

__all__ = ["Marks", "leave_out", "missing_values"]

Marks = tuple[tuple[float, tuple[str, ...]], ...]

_MARK = r"-\s?\d{3,5}(?:\.0)?|\bnan\b|\bNaNs?\b"
_MEANS_TEXT = r"""
missing no not without ignor\w+ skip\w* leav\w+ left exclud\w+ drop\w* remov\w+ failed invalid undefined sentinel placeholder
default otherwise unless absent where if others rest elsewhere when
"""
_MEANS = re.compile(rf"\b(?:{'|'.join(_MEANS_TEXT.split())})\b", re.IGNORECASE)
_KEPT = re.compile(
    r"\b(?:only|keep|use|take|select|consider|do not|don't|include\w*|being)\b|\bleave\b.*\bin\b|\bfor events where\b",
    re.IGNORECASE,
)
"""What turns the sense: those events are wanted, or are to stay."""
_OUT = r"(?:ignor\w+|skip\w*|leav\w+ out|exclud\w+|drop\w*|without|not counting)"
_PARTS = re.compile(
    r"(?<=[.!?;:])\s+|\s*[()]\s*|,\s*(?=(?:but )?(?:ignor|skip|leav|exclud|drop|without|not count|where|which|-?\d))"
)
_LEFT_OUT = re.compile(
    rf"[,;(]?\s*\b(?:please )?{_OUT} (?:the |all |any )?(?:missing|invalid|nan) (?:values|entries|ones)\)?", re.IGNORECASE
)
_COMPARED = re.compile(r"[=<>]=?\s*-?\d|\bhow many\b|\bfraction\b|\bbetween\b|\bcount\b")


def missing_values(request: str, catalogue: Catalogue) -> tuple[str, Marks]:
    """``request`` without what it says of values that stand for none, and these: (value, columns that are named with it).

    A comparison with such a value ('reco_E == -999') is none of them.
    """
    found: list[tuple[float, tuple[str, ...]]] = []
    kept = request = re.sub(rf"\(\s*({_MARK})\s*\)", r"\1", request)
    for part in _PARTS.split(request):
        marks = re.findall(_MARK, part)
        if (
            not marks
            or _KEPT.search(part)
            or not _MEANS.search(part)
            or _COMPARED.search(part)
            or _other_numbers(part, marks)
        ):
            continue
        columns = tuple(c for c in catalogue.by_column if re.search(rf"(?<!\w){re.escape(c)}(?!\w)", part))
        for mark in dict.fromkeys(marks):
            value = math.nan if "n" in mark.lower() else float(mark.replace(" ", ""))
            found.append((value, columns))
        kept = kept.replace(part, " ", 1)
    if _LEFT_OUT.search(kept):
        found.append((math.nan, ()))
        kept = _LEFT_OUT.sub(" ", kept)
    if found:
        kept = re.sub(
            r"[,;]?\s*\b(?:please )?(?:skip|ignore|drop|leave out|exclude) (?:those|these|them|it)\b(?: out)?", " ", kept
        )
    return re.sub(r"\(\s*\)", " ", kept), tuple(found)


def _other_numbers(part: str, marks: list[str]) -> bool:
    """Whether there are numbers beside the marks, names apart."""
    in_names = len(re.findall(r"[A-Za-z_]\d|\d[A-Za-z]", part))
    return len(re.findall(r"\d+", part)) > len(re.findall(r"\d+", " ".join(marks))) + in_names


def leave_out(answer: Answer, marks: Marks) -> Answer:
    """The answer of events whose values are there: of the columns named with the mark, else of those that are reduced."""
    for value, columns in marks:
        wanted = columns or _columns(answer.value) | _columns(answer.other)
        if answer.operation in ("count", "fraction") and not columns:
            wanted = _columns(answer.where) | _columns(answer.passing)
        conditions: list[Condition] = [_there(Column(c), value) for c in sorted(wanted)]
        answer = replace(answer, where=(*answer.where, *(c for c in conditions if c not in answer.where)))
    if answer.left is not None and answer.right is not None and marks:
        answer = replace(answer, left=leave_out(answer.left, marks), right=leave_out(answer.right, marks))
    return replace(answer, parts=tuple(leave_out(part, marks) for part in answer.parts)) if marks else answer


def _there(column: Column, value: float) -> Condition:
    return Not(Flag(Apply("isnan", column))) if math.isnan(value) else Compare(column, "!=", Number(value))


def _columns(node: Any) -> set[str]:
    """The columns with one value an event that a tree names."""
    if isinstance(node, Column):
        return {node.name}
    if isinstance(node, Of) and not node.objects.thing.jagged:
        needed = node.objects.thing.needs(node.what)
        return {node.objects.thing.columns[p] for p in needed[1]} if needed else set()
    if isinstance(node, tuple):
        return set().union(*(_columns(part) for part in node)) if node else set()
    if is_dataclass(node) and not isinstance(node, type) and not isinstance(node, Thing | Objects):
        return set().union(*(_columns(getattr(node, f.name)) for f in fields(node)))
    return set()
