"""``render``: a data summary as a few lines of text for a prompt, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from treadle.data.relevance import columns_in_use, mentioned_columns, ranked
from treadle.types import Column, DataSummary, Table

__all__ = ["Rendered", "render", "rendered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A summary as text, with how many of the ``total`` columns it names. ``rich``: with other tables and notes, too."""

    text: str
    shown: int
    total: int
    rich: bool = False


_TABLE_WORD = {"root": "tree", "sqlite": "table", "json": "table"}
_GROUPS = ("one value {}", "text {}", "true or false {}", "a list {}", "nested {}")


def _group(column: Column) -> int:
    if column.shape == "nested":
        return 4
    if column.shape == "jagged":
        return 3
    return {"str": 1, "bool": 2}.get(column.type, 0)


def _header(summary: DataSummary, table: Table) -> str:
    unit = "entries" if summary.kind == "root" else "rows"
    parts = [f"file {PurePath(summary.path).name}"]
    if summary.kind in ("root", "sqlite") or len(summary.tables) > 1:
        parts.append(f'{_TABLE_WORD.get(summary.kind, "table")} "{table.name}"')
    if table.entries is not None:
        parts.append(f"{table.entries} {unit}")
    if table.note and summary.kind != "root":
        parts.append(table.note)
    return ", ".join(parts)


def _grouped(summary: DataSummary, chosen: Sequence[Column]) -> list[str]:
    """Lines such as 'one value an event: E1 px1'."""
    each = "an event" if summary.kind == "root" else "a row"
    lines = []
    for number, label in enumerate(_GROUPS):
        names = [_name(column) for column in chosen if _group(column) == number]
        if names:
            lines.append(f"{label.format(each)}: {' '.join(names)}")
    return lines


def _name(column: Column) -> str:
    return column.name if column.name.replace("_", "").replace(".", "").isalnum() else repr(column.name)


def _other_tables(summary: DataSummary) -> list[str]:
    others = [f"{t.name} ({t.entries} entries)" if t.entries is not None else t.name for t in summary.tables[1:6]]
    more = len(summary.tables) - 6
    if not others:
        return []
    return [f"other {_TABLE_WORD.get(summary.kind, 'table')}s: {', '.join(others)}{f' and {more} more' if more > 0 else ''}"]


def _sqlite_lines(summary: DataSummary, chosen: Sequence[Column], notes: bool) -> list[str]:
    """A line for every table that has chosen columns, with types and, if asked for, keys and values."""
    wanted = {id(column) for column in chosen}
    lines = []
    for table in summary.tables:
        columns = [c for c in table.columns if id(c) in wanted]
        if columns:
            shown = [f"{_name(c)} {c.type}{f' ({c.note})' if notes and c.note else ''}" for c in columns]
            lines.append(f"table {_name(Column(name=table.name, type=''))}, {table.entries} rows: {', '.join(shown)}")
    return lines


def _text(summary: DataSummary, chosen: Sequence[Column], total: int, rich: bool) -> str:
    left = total - len(chosen)
    more = [f"... and {left} more"] if left else []
    if summary.kind == "sqlite":
        return "\n".join([f"file {PurePath(summary.path).name}", *_sqlite_lines(summary, chosen, rich), *more])
    others = _other_tables(summary) if rich else []
    return "\n".join([_header(summary, summary.tables[0]), *_grouped(summary, chosen), *more, *others])


def _most(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """The largest n in [low, high] that fits, taking it that fewer columns never cost more; ``low`` if none does."""
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def render(
    summary: DataSummary,
    request: str,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    columns: Sequence[str] = (),
) -> str:
    """The text of ``rendered``."""
    return rendered(summary, request, budget_tokens, count_tokens, columns).text


def rendered(
    summary: DataSummary,
    request: str,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    columns: Sequence[str] = (),
) -> Rendered:
    """The summary in at most ``budget_tokens`` tokens, columns relevant to the request first.

    Shown in this order as far as the budget goes: ``columns`` and the columns named in the request, then those the
    request speaks of, then the rest in file order and '... and N more'. Where not even the name of the file fits, the
    text is empty.
    """
    if not summary.tables:
        header = f"file {PurePath(summary.path).name}"
        return Rendered(text=header if count_tokens(header) <= budget_tokens else "", shown=0, total=0)
    usable = columns_in_use(summary)
    first = list(dict.fromkeys([*columns, *mentioned_columns(summary, request)]))
    order = ranked(usable, request, first)
    named = sum(1 for column in order if column.name in set(first))

    def made(n: int, rich: bool = False) -> Rendered:
        return Rendered(text=_text(summary, order[:n], len(order), rich), shown=n, total=len(order), rich=rich)

    def fits(n: int, rich: bool = False) -> bool:
        return count_tokens(made(n, rich).text) <= budget_tokens

    if fits(len(order), rich=True):
        return made(len(order), rich=True)
    best = _most(0, len(order), fits)
    # A tokenizer may count a longer text lower: do not give up named columns for that.
    best = next((n for n in range(named, best, -1) if fits(n)), best)
    if best and fits(best, rich=True):
        return made(best, rich=True)
    while best and not fits(best):
        best -= 1
    if fits(best):
        return made(best)
    return Rendered(text=_short(summary, budget_tokens, count_tokens), shown=0, total=len(order))


def _short(summary: DataSummary, budget_tokens: int, count_tokens: Callable[[str], int]) -> str:
    """As much of the first line as fits."""
    for text in (_header(summary, summary.tables[0]), f"file {PurePath(summary.path).name}"):
        if count_tokens(text) <= budget_tokens:
            return text
    return ""
