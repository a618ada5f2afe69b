"""Readings that compare with what another query gives: 'more albums than A', 'dearer than every book of B'."""

from __future__ import annotations

import re

from treadle.coding.sql.reading.cues import LESS, MORE
from treadle.coding.sql.reading.ratios import RatioReader
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Sketch

__all__ = ["NestedReader"]

_THAN = re.compile(
    rf"\b(?P<word>{MORE}|{LESS})\s+(?P<what>(?:[\w-]+\s+){{0,4}}?)than\s+(?P<all>(?:every|each|any|all)\b(?:\s+of)?\s*)?(?!\d|an?\b|one\b|two\b|the\s+average)",
    re.IGNORECASE,
)


class NestedReader(RatioReader):
    """Reads comparisons with named rows."""

    def _than_other(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """Rows or groups that exceed named ones; what is named after 'than' is the other side."""
        match = _THAN.search(self.text)
        if match is None or self.cues.compared or self.cues.than_average:
            return None
        placed = self.placed(base)
        inner = tuple(dict.fromkeys(c for p, c in placed if p >= match.end() and "'" in c.value))
        outer = tuple(c for c in dict.fromkeys(c for _, c in placed) if c not in inner)
        if not inner or any(c.operator != "=" for c in inner):
            return None
        low = match["word"].lower() in LESS.split("|")
        operator, what = "<" if low else ">", match["what"].strip()
        table = self.table_named(what, base) if what else None
        if table is not None and table != base:
            return self._more_rows(base, table, inner, outer, operator)
        verb = re.search(r"(\w+)\s+$", self.text[: match.start()])
        what = what or (verb[1] if verb is not None and match["word"].lower() in ("more", "less") else match["word"])
        f = self.field_named(what, base, lambda f: f.table == base and (f.role == "number" or f.holds_dates))
        if f is None:
            return None
        aggregate = ("MIN" if low else "MAX") if match["all"] or any(c.field.table != base for c in inner) else ""
        query = Sketch(base, (Item(aggregate, f),), inner)
        return Sketch(base, self.shown(base, but=lambda g: g == f), (*outer, Condition(f, operator, query=query)))

    def _more_rows(
        self, base: str, table: str, inner: tuple[Condition, ...], outer: tuple[Condition, ...], operator: str
    ) -> Sketch | None:
        """'artists with more albums than Juno Park': groups compared with the number of rows of one of them."""
        group = self.identity(base)
        if not group or self.schema.path(table, base) is None:
            return None
        home = self.between(table, base)
        shown = tuple(i for i in self.shown(base) if i.field is not None and i.field.table == base) or group[-1:]
        query = Sketch(home, (Item(),), (*inner, *outer))
        group = tuple(dict.fromkeys((*group, *shown)))
        return Sketch(home, shown, outer, group=group, having=(Bar(Item(), operator, query),))
