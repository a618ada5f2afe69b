"""What a question wants to be shown, and which columns of those a word may name can stand there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.coding.sql.questions.tree import Ask, Count, Figure, HasCount, Mention, Shown, That
from treadle.coding.sql.reading.schema import Field

__all__ = ["dates_of", "identifies", "numbers_of", "returned", "says_name", "with_count"]


def numbers_of(f: Mention) -> Mention | None:
    """'The number of seats' of a column of numbers of seats."""
    numbers = tuple((x, cost) for x, cost in f.fields if x.role == "number" and not identifies(x))
    return Mention(numbers, f.words) if numbers else None


def identifies(f: Field) -> bool:
    """Whether a number only tells rows apart: ``procedure_no`` is neither added up nor compared."""
    return f.role == "key" or f.words[-1:] in (("id",), ("no",), ("nr",), ("code",))


def dates_of(f: Mention) -> Mention | None:
    dates = tuple((x, cost) for x, cost in f.fields if x.role == "date")
    return Mention(dates, f.words) if dates else None


def says_name(x: tuple[Shown, ...]) -> bool:
    """Whether something shown is a name already."""
    return any(isinstance(i, Mention) and i.fields[0][0].role == "label" for i in x)


def returned(a: Ask, x: tuple[Shown, ...]) -> Ask | None:
    """'Return the name and the number': the figure spoken of is that number."""
    if a.measured or len(set(x)) < len(x):
        return None
    wanted = [i for i in x if isinstance(i, That)]
    figures: list[Any] = [s for s in a.shown if isinstance(s, Figure)]
    if not wanted and not any(isinstance(i, Figure) for i in x):
        x = (*x, *figures)  # 'the average of each station; show its name'
    if wanted and not figures and not a.best and (grouped := with_count(a)) is not None:
        a, figures = grouped, list(grouped.shown)
    elif any(isinstance(i, Count) for i in x) and not figures and not a.best and (grouped := with_count(a)) is not None:
        a = grouped
    figures += [o.what for o in a.best if isinstance(o.what, Figure | Mention)]
    if len(wanted) > len(figures):
        return None
    told = tuple(figures.pop(0) if isinstance(i, That) else i for i in x)
    return replace(a, shown=told, measured=True)


def with_count(a: Ask) -> Ask | None:
    """'Which courses have at least 3 lessons? Show the number as well': each course is a group of lessons."""
    counted = [c for c in a.rows.conds if isinstance(c, HasCount)] if a.rows is not None else []
    if len(counted) != 1 or a.rows is None or a.rows.table is None or a.shown:
        return None
    return Ask(None, (Count(counted[0].rows),), groups=(a.rows.table,), passing=a.rows.conds)
