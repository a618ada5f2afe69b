"""The question that a sketch answers, in plain words."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.sql.reading.cues import RANKS
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Related, Sketch

__all__ = ["to_words"]

_RANKS = {rank - 1: f"{word} " for word, rank in RANKS.items() if word.isalpha()}
_WORKED = {"/": "divided by", "-": "less", "+": "plus", "*": "times"}
_AGGREGATES = {"AVG": "average", "SUM": "total", "MAX": "highest", "MIN": "lowest"}


def to_words(sketch: Sketch, schema: Schema) -> str:
    """The question that the sketch answers, in plain words."""
    return _Sentence(sketch, schema).text()


class _Sentence:
    def __init__(self, sketch: Sketch, schema: Schema) -> None:
        self.sketch, self.schema = sketch, schema
        self.rows = schema.spoken_table(sketch.base) if sketch.base else "rows"
        self.told = self._told()

    def text(self) -> str:
        sketch = self.sketch
        groups = [i for i in sketch.group if i.field and i.field.role != "key"] or list(sketch.group)
        if sketch.order and not (sketch.limit is None and groups and sketch.figures):
            return self._ordered(groups)
        each = f" for each {_and([self._spoken(i) for i in groups])}" if groups else ""
        having = "".join(self._passing(b) for b in sketch.having)
        plain = [i for i in sketch.select if not i.figure and i not in groups]
        if not sketch.figures or plain or (sketch.having and len(sketch.figures) == 1):
            return f"Show the {_and([self._spoken(i) for i in sketch.select])} of the {self.rows}{self.told}{having}."
        first = sketch.figures[0]
        if len(sketch.figures) == 1 and first.by is None and first.query is None and first.aggregate in ("", "COUNT"):
            counted = first.field is not None and first.field.role != "key"
            what = f"different values of {self._plain(first)} in the {self.rows}" if counted else self.rows
            return f"How many {what} are there{self.told}{each}?"
        return (
            f"What is the {_and([self._aggregate(i) for i in sketch.figures])} of the {self.rows}{self.told}{each}{having}?"
        )

    def _passing(self, bar: Bar) -> str:
        what = self.rows if bar.item.field is None and not bar.item.among else self._aggregate(bar.item)
        if isinstance(bar.value, Sketch):
            return f" with {_comparison(bar.operator)} {what} as {_Sentence(bar.value, self.schema).told.strip()}"
        return f" with {_comparison(bar.operator)} {bar.value} {what}"

    def _ordered(self, groups: list[Item]) -> str:
        sketch, key = self.sketch, self.sketch.order[0]
        by = self._aggregate(key.item)
        most = f"{_RANKS.get(sketch.skip, '')}{'highest' if key.descending else 'lowest'}"
        shown = _and([self._spoken(i) for i in sketch.select])
        if sketch.limit is None:
            keys = [f"{self._aggregate(k.item)}, {'highest' if k.descending else 'lowest'} first" for k in sketch.order]
            each = f" for each {self._spoken(groups[0])}" if groups else ""
            return f"Show the {shown} of the {self.rows}{self.told}{each}, ordered by {', then by '.join(keys)}."
        if groups:
            one = f"Which {self._spoken(groups[0])} has" if sketch.limit == 1 else f"Which {sketch.limit} have"
            return f"{one} the {most} {by} of {self.rows}{self.told}? Show the {shown}."
        if sketch.limit == 1:
            return f"Which of the {self.rows}{self.told} has the {most} {by}? Show the {shown}."
        return f"Show the {shown} of the {sketch.limit} {self.rows}{self.told} with the {most} {by}."

    # ------------------------------------------------------------------------------------------- items

    def _aggregate(self, item: Item) -> str:
        """An item as 'the ... of the rows' takes it."""
        text = self._figure(item)
        if item.by is not None:
            operator, other = item.by
            if operator == "/" and item.field is None and other.field is None and item.query is None:
                text = self._share(item, other)
            elif operator == "growth":
                text = f"growth of the {text} since {self._figure(other)}"
            else:
                text = f"{text} {_WORKED[operator]} {self._figure(other) if other.number else f'the {self._figure(other)}'}"
        return text if item.digits is None else f"{text} rounded to {item.digits} decimals"

    def _share(self, item: Item, other: Item) -> str:
        kind = "percentage" if item.factor == 100 else "fraction"
        if other.among:
            return f"ratio of the number with {_told_all(item.among)} to the number with {_told_all(other.among)}"
        return f"{kind} with {_told_all(item.among)}"

    def _figure(self, item: Item) -> str:
        among = f" with {_told_all(item.among)}" if item.among else ""
        if item.query is not None:
            inner = _Sentence(item.query, self.schema)
            return f"{inner._aggregate(item.query.select[0])} of {inner.rows}{inner.told}"
        if item.number:
            return item.number
        if item.of is not None:
            return f"{_AGGREGATES.get(item.aggregate, '')} {self._aggregate(item.of)}".strip()
        if item.field is None:
            return f"number of {self.rows}{among}"
        what = self._plain(item)
        if item.aggregate == "COUNT":
            return f"number of {'different ' if item.distinct else ''}{what}{among}"
        if item.aggregate == "RANGE":
            return f"difference between the highest and the lowest {what}"
        return f"{_AGGREGATES.get(item.aggregate, '')} {what}{among}".strip()

    def _spoken(self, item: Item) -> str:
        return self._aggregate(item) if item.figure or item.by or item.digits is not None else self._plain(item)

    def _plain(self, item: Item) -> str:
        """The column of an item, with its table where that is another one."""
        f = item.field
        if f is None:
            return f"number of {self.rows}"
        own = f.table == self.sketch.base or set(self.schema.spoken_table(f.table, many=False).split()) & set(f.words)
        what = f.spoken if own else f"{self.schema.spoken_table(f.table, many=False)} {f.spoken}"
        if item.until is not None:
            return f"number of days from {what} to {item.until.spoken}"
        return f"{item.part} of {what}" if item.part else what

    # -------------------------------------------------------------------------------------- conditions

    def _told(self) -> str:
        sketch = self.sketch
        text = f" with {_told_all(sketch.conditions)}" if sketch.conditions else ""
        for r in (r for r in sketch.related if r.lacks):
            text += f" that have no {self._related(r)}"
        having = [r for r in sketch.related if not r.lacks]
        if len(having) > 1 and all(len(r.conditions) == 1 and not r.related for r in having):
            return f"{text} that have both {_told_all(tuple(c for r in having for c in r.conditions))}"
        return text + "".join(f" that have {self._related(r)}" for r in having)

    def _related(self, r: Related) -> str:
        text = self.schema.spoken_table(r.table) + (f" with {_told_all(r.conditions)}" if r.conditions else "")
        return text + "".join(f" that have {'no ' if i.lacks else ''}{self._related(i)}" for i in r.related)


def _told_all(conditions: tuple[Condition, ...]) -> str:
    return _and([_said(c) for c in conditions])


def _said(c: Condition) -> str:
    if c.either is not None:
        return f"{_said(replace(c, either=None))} or {_said(c.either)}"
    name = c.field.spoken
    if c.query is not None:
        item = c.query.select[0]
        what = f"{_AGGREGATES.get(item.aggregate, '')} {item.field.spoken if item.field else 'number'}".strip()
        told = f" with {_told_all(c.query.conditions)}" if c.query.conditions else ""
        return f"{name} {_comparison(c.operator)} the {what}{told}"
    if c.kind == "group" and c.other is not None:
        return f"the {_AGGREGATES[c.value]} {name} of each {c.other.spoken}"
    if c.kind == "average":
        return f"{name} {_comparison(c.operator)} the average {name}"
    if c.operator.startswith("IS "):
        return f"{'no' if c.operator == 'IS NULL' else 'a'} {name}"
    value = c.value.strip("()").replace("', '", " or ").replace("'", "").replace(" AND ", " and ")
    if c.kind not in ("plain", "day") and c.operator == "=":
        return f"{name} in {value}"
    return f"{name} {_comparison(c.operator)} {value}".replace("  ", " ")


def _comparison(operator: str) -> str:
    words = {">": "more than", "<": "less than", ">=": "at least", "<=": "at most", "=": "", "<>": "other than", "IN": ""}
    return {**words, "BETWEEN": "between"}.get(operator, operator)


def _and(parts: list[str]) -> str:
    parts = list(dict.fromkeys(p for p in parts if p))
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
