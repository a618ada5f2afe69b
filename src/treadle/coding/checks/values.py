"""Compares a value that came out of the sandbox with the expected one.

Both sides are exact builtin types (the sandbox's decoder builds nothing else), so no ``__eq__`` of a program runs here.
The rules: numbers compare by value, 2 equals 2.0; a bool equals only a bool; NaN equals NaN, because a user who
expects NaN means it; a list never equals a tuple; an array equals a list or an array with equal elements; sets and
frozensets compare by their elements, dicts without regard to order. Tolerances apply to every number inside except
dict keys, and only to numbers: a bool, a string or None never matches 'nearly'.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

from treadle.sandbox.values import ArrayValue

__all__ = ["shown", "value_equal"]

_SHOWN = reprlib.Repr()
_SHOWN.maxstring = _SHOWN.maxother = 80
_SHOWN.maxlist = _SHOWN.maxtuple = _SHOWN.maxset = _SHOWN.maxfrozenset = _SHOWN.maxdict = 8
_SHOWN.maxlevel = 4
_MAX_UNMATCHED = 200

Number = int | float | complex
_Result = tuple[bool, str]


def shown(value: Any) -> str:
    """A short representation for messages."""
    return _SHOWN.repr(list(value) if isinstance(value, ArrayValue) else value)


def value_equal(expected: Any, got: Any, relative: float = 0.0, absolute: float = 0.0) -> _Result:
    """Whether ``got`` is what was expected, and where not, why not.

    ``relative`` is a fraction of the expected number, ``absolute`` a distance; the larger one holds. Neither applies
    to anything but numbers. The reason is empty where the values are equal.
    """
    return _compare(expected, got, max(relative, 0.0), max(absolute, 0.0), "")


def _compare(expected: Any, got: Any, relative: float, absolute: float, where: str) -> _Result:
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        same = type(expected) is type(got) and expected == got
        return (True, "") if same else _differ(expected, got, where)
    if isinstance(expected, Number) and isinstance(got, Number):
        return (True, "") if _near(expected, got, relative, absolute) else _differ(expected, got, where)
    if isinstance(expected, list) and isinstance(got, list):
        return _sequences(expected, got, relative, absolute, where)
    if isinstance(expected, set | frozenset) and isinstance(got, set | frozenset):
        return _sets(expected, got, relative, absolute, where)
    if type(expected) is not type(got):
        return _other_type(expected, got, where)
    if isinstance(expected, tuple):
        return _sequences(expected, got, relative, absolute, where)
    if isinstance(expected, dict):
        return _dicts(expected, got, relative, absolute, where)
    return (True, "") if expected == got else _differ(expected, got, where)


def _near(expected: Number, got: Number, relative: float, absolute: float) -> bool:
    if expected == got:
        return True
    if isinstance(expected, complex) or isinstance(got, complex):
        return _near_complex(complex(expected), complex(got), relative, absolute)
    if not (_finite(expected) and _finite(got)):
        return expected != expected and got != got
    if relative == 0.0 and absolute == 0.0:
        return False
    try:
        return abs(expected - got) <= max(relative * abs(expected), absolute)
    except OverflowError:  # an int beyond the floats
        return False


def _near_complex(expected: complex, got: complex, relative: float, absolute: float) -> bool:
    parts = (expected.real, expected.imag, got.real, got.imag)
    if not all(math.isfinite(part) for part in parts):
        return _near(expected.real, got.real, relative, absolute) and _near(expected.imag, got.imag, relative, absolute)
    return abs(expected - got) <= max(relative * abs(expected), absolute)


def _finite(number: int | float) -> bool:
    return isinstance(number, int) or math.isfinite(number)


def _sequences(expected: Any, got: Any, relative: float, absolute: float, where: str) -> _Result:
    if len(expected) != len(got):
        reason = f"expected {len(expected)} elements, got {len(got)}: {shown(got)}"
        return False, _at(where, reason)
    for index, (e, g) in enumerate(zip(expected, got, strict=True)):
        equal, reason = _compare(e, g, relative, absolute, f"{where}[{index}]")
        if not equal:
            return False, reason
    return True, ""


def _dicts(expected: dict[Any, Any], got: dict[Any, Any], relative: float, absolute: float, where: str) -> _Result:
    keys = {key: key for key in got}
    for key, value in expected.items():
        if key not in keys or not _compare(key, keys[key], 0.0, 0.0, "")[0]:
            return False, _at(where, f"the key {shown(key)} is missing; keys: {shown(list(got))}")
        equal, reason = _compare(value, got[key], relative, absolute, f"{where}[{shown(key)}]")
        if not equal:
            return False, reason
    extra = [key for key in got if key not in expected]
    return (False, _at(where, f"the key {shown(extra[0])} was not expected")) if extra else (True, "")


def _sets(expected: Iterable[Any], got: Iterable[Any], relative: float, absolute: float, where: str) -> _Result:
    """Equal elements are paired by hash, the few that remain one by one with the tolerance."""
    left = {item: item for item in got}
    missing = []
    for item in expected:
        if item in left and _compare(item, left[item], 0.0, 0.0, "")[0]:
            del left[item]
        else:
            missing.append(item)
    rest = list(left.values())
    if len(missing) != len(rest) or len(rest) > _MAX_UNMATCHED:
        return _differ(expected, got, where)
    for item in missing:
        partner = next((g for g in rest if _compare(item, g, relative, absolute, "")[0]), _NOTHING)
        if partner is _NOTHING:
            return _differ(expected, got, where)
        rest = _without(rest, partner)
    return True, ""


_NOTHING: Any = object()


def _without(items: list[Any], item: Any) -> list[Any]:
    index = next(i for i, other in enumerate(items) if other is item)
    return items[:index] + items[index + 1 :]


def _other_type(expected: Any, got: Any, where: str) -> _Result:
    reason = f"expected {_kind(expected)}, got {_kind(got)}: {shown(got)}"
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple):
        convert: Callable[[Any], Any] = type(expected) if type(expected) in (list, tuple) else list
        if _compare(expected, convert(got), 0.0, 0.0, "")[0]:
            reason = f"expected {_kind(expected)}, got {_kind(got)} with the same elements"
    return False, _at(where, reason)


def _kind(value: Any) -> str:
    if isinstance(value, ArrayValue):
        return f"an array of {value.dtype}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _differ(expected: Any, got: Any, where: str) -> _Result:
    return False, _at(where, f"expected {shown(expected)}, got {shown(got)}")


def _at(where: str, reason: str) -> str:
    return f"at {where}: {reason}" if where else reason
