"""Kinds of small functions: what they are called and said to do, a body, and a second way to compute the same.

A parameter is ``name:sort``; the name stands in the body and may be replaced, the sort says what values it takes.
``{k}`` is a constant drawn for each function. None is a problem of HumanEval.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["FunctionKind"]


@dataclass(frozen=True, slots=True)
class FunctionKind:
    """``plain`` takes the arguments, then the constant where there is one."""

    names: str
    parameters: str
    returns: str
    says: tuple[str, ...]
    body: str
    plain: Callable[..., Any]
    constants: tuple[Any, ...] = ()
