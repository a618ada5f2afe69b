"""Reads which rows a question is about: values, numbers with comparisons, dates, flags, what is absent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from treadle.coding.sql.reading.cues import Bound
from treadle.coding.sql.reading.dated import DatedReader
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.linking import ValueLink
from treadle.coding.sql.reading.reader import HINTED, NAMED
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Condition
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["ConditionReader"]

_AFTER_NUMBER = re.compile(r"[A-Za-z]\w*")


_OWNED = re.compile(
    r"\b(?:has|have|had|with)\s+(?:already\s+|still\s+)?an?\s+(?P<what>\w+(?:\s+\w+)?)\b(?!\s+(?:of|than|above|below|between|over|under|at|higher|lower|greater|less|more|from)\b)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:unknown|missing|unspecified|undefined)\s+(?P<what>[\w-]+(?:\s+[\w-]+)?)|(?P<of>[\w-]+)\s+(?:is|are)\s+(?:unknown|missing)\b",
    re.IGNORECASE,
)
_LIKE = re.compile(
    r"\b(?P<how>(?:starts?|starting|begins?|beginning)\s+with|end(?:s|ing)?\s+(?:with|in|on)|contain(?:s|ing)?|includ(?:es|ing))\s+"
    r"(?:the\s+)?(?:letters?\s+|words?\s+|text\s+)?(?P<said>'[^']+'|\"[^\"]+\"|[A-Z][\w.-]*)"
    r"|\b(?:with|have|has|having|for)\s+(?:the\s+)?(?:words?\s+|text\s+|letters?\s+)?(?P<quoted>'[^']+'|\"[^\"]+\"|(?<=word\s)[A-Z]\w+)"
    r"(?P<more>(?:\s*(?:,|or|and)\s*(?:'[^']+'|\"[^\"]+\"))*)\s+(?:anywhere\s+|somewhere\s+)?in\s+(?:their|its|the)\s+(?P<of>\w+)"
    r"|\b(?P<named>\w+)\s+(?:on|with|like|matching)\s+(?P<alike>'[^']+'|\"[^\"]+\")",
)
_DENIED = re.compile(r"(?:\b(?:is|are|was|were)\s+not|n['’]t)\s+(?:an?\s+|the\s+|in\s+)?$", re.IGNORECASE)  # noqa: RUF001
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_MORE_NUMBERS = (
    r"(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+)-?\d+(?:\.\d+)?(?!\s*(?:or|and)\s+(?:more|less|higher|lower|later|above))"
)
_NO_RANGE = r"(?!\s*(?:to|[-\u2013/])\s*\d)(?!\s+or\s+(?:more|less|higher|lower|later|above|below|fewer))"
_SCALE_WORDS = frozenset(stem(w) for w in ("thousand", "million", "billion"))


class ConditionReader(DatedReader):
    """Reads the conditions that a question states."""

    def conditions(self, base: str) -> tuple[Condition, ...]:
        """All conditions on rows, each once."""
        return tuple(dict.fromkeys(c for _, c in self.placed(base)))

    def placed(self, base: str) -> list[tuple[int, Condition]]:
        """All conditions with the character at which each is said; -1 for what holds of all rows that count."""
        found = [
            *self._of_values(base),
            *self._of_bounds(base),
            *self._of_keys(base),
            *self._adjacent(base),
            *self._of_dates(base),
            *self._of_weekdays(base),
            *self._flags(base),
            *self._charged(base),
            *self._known(base),
            *self._owned(base),
            *self._like(base),
            *self._done(base),
        ]
        average = self.text.lower().find("average")
        if self.cues.than_average and (f := self.number_near(average, base)):
            found.append((average, Condition(f, self.cues.than_average, kind="average")))
        if absent := self._absent(base):
            found.append((self.cues.negation or 0, absent))
        return found

    # ------------------------------------------------------------------------------------------ values

    def of_values(self, base: str) -> list[tuple[int, Condition]]:
        """One condition for every value that the question names, with its place."""
        by_place: dict[tuple[int, int], list[ValueLink]] = {}
        for v in self.links.values:
            by_place.setdefault((v.start, v.end), []).append(v)
        found = []
        for (start, _), group in by_place.items():
            best = max(group, key=lambda v: self._fits(v, base))
            if self.reaches(base, best.field):
                found.append((self.starts[start], Condition(best.field, "=", best.sql)))
        return sorted(found, key=lambda pair: pair[0])

    def _fits(self, v: ValueLink, base: str) -> tuple[bool, float, float, int]:
        fields, tables = self.links.fields, self.links.tables
        spoken = max(fields[v.field], tables.get(v.field.table, 0.0) if v.field.role == "label" else 0.0)
        return self.reaches(base, v.field), spoken, float(v.field.table == base), -self.near(base, v.field.table)

    def _of_values(self, base: str) -> Iterator[tuple[int, Condition]]:
        """Several values of one column: any of them will do."""
        by_field: dict[Field, list[tuple[int, Condition]]] = {}
        for place, condition in self.of_values(base):
            by_field.setdefault(condition.field, []).append((place, condition))
        for f, found in by_field.items():
            values = list(dict.fromkeys(c.value for _, c in found))
            several = Condition(f, "IN", f"({', '.join(values)})")
            if len(found) == 1 and _DENIED.search(self.text[: found[0][0]]):
                yield found[0][0], Condition(f, "<>", values[0])
                continue
            yield found[0][0], found[0][1] if len(values) == 1 else several

    def _known(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'Leave out tracks without a genre': rows count where the column has a value."""
        for phrase in self.clauses.known:
            words = [w for w in re.findall(r"\w+", phrase) if stem(w) != stem(self.schema.spoken_table(base).split()[-1])]
            if (f := self.field_named(" ".join(words), base)) is not None:
                yield -1, Condition(f, "IS NOT NULL")

    def _owned(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'that already have a grade': an own column of the rows that has a value."""
        for match in _OWNED.finditer(self.text):
            valued = {v.field for v in self.links.values}
            f = self.field_named(match["what"], base, lambda f: f.table == base and f.role not in ("key", "flag"))
            f = f or self.field_named(
                match["what"].split()[0], base, lambda f: f.table == base and f.role not in ("key", "flag")
            )
            if f is not None and f not in valued and self.table_named(match["what"], base) in (None, base):
                yield match.start(), Condition(f, "IS NOT NULL")

    def _done(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'returned loans', 'has been published': what happened has a date; 'delayed trips' have a delay."""
        rows = re.escape(self.schema.spoken_table(base))
        for match in re.finditer(
            rf"\b(\w+ed)\s+{rows}\b|\b(?:has|have|had|was|were)\s+been\s+(\w+ed)\s*(?:[.?!,]|$)", self.text, re.IGNORECASE
        ):
            said = stem(match[1] or match[2])
            own = [
                f for f in self.schema.tables[base] if f.role in ("date", "number") and f.words and stem(f.words[0]) == said
            ]
            if len(own) != 1 or self.cues.negation is not None or self.cues.superlative is not None:
                continue
            if own[0].role == "date":
                yield match.start(), Condition(own[0], "IS NOT NULL")
            elif match[1]:
                yield match.start(), Condition(own[0], ">", "0")

    def _like(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'names starting with K', 'with 'Park' in their name': part of a text: of the column named before, or the label."""
        for match in _LIKE.finditer(self.text):
            said = next(filter(None, (match["said"], match["quoted"], match["alike"])))
            if match["alike"] and (not self.clauses.any_case or self._is_value(match.start("alike"))):
                continue
            before = re.findall(r"[\w-]+", self.text[: match.start()])[-1:]
            named = match["of"] or match["named"] or next(iter(before), "")
            f = self.field_named(named, base, lambda f: f.role in ("text", "label")) or self.schema.label(base)
            how = (match["how"] or "contains").lower()
            if f is None or f.role not in ("text", "label", "key"):
                continue
            others = [a or b for a, b in _QUOTED.findall(match["more"] or self._or_quoted(match.end()))]
            patterns = [_pattern(text, how) for text in (said.strip("'\""), *others)]
            operator = "ILIKE" if self.clauses.any_case else "LIKE"
            found: Condition | None = None
            for pattern in reversed(patterns):
                found = Condition(f, operator, pattern, either=found)
            assert found is not None
            yield match.start(), found

    def _or_quoted(self, place: int) -> str:
        """\"or 'cluster'\", right after a text that is looked for."""
        match = re.match(r"(?:\s*(?:,|or)\s*(?:'[^']+'|\"[^\"]+\"))+", self.text[place:])
        return match[0] if match else ""

    def _is_value(self, place: int) -> bool:
        """Whether a quoted text is a value of the database."""
        return any(place <= self.starts[v.start] < place + 3 for v in self.links.values)

    # ----------------------------------------------------------------------------------------- numbers

    def _of_bounds(self, base: str) -> list[tuple[int, Condition]]:
        merged: list[tuple[int, Condition]] = []
        for bound in self.cues.bounds:
            condition = self._of_bound(bound, base)
            if condition is None:
                continue
            condition = _scaled(condition, bound)
            between = self.text[merged[-1][0] : bound.start] if merged else ""
            if merged and merged[-1][1].field == condition.field and re.search(r"\bor\b", between):
                merged[-1] = (bound.start, replace(merged[-1][1], either=condition))
            else:
                merged.append((bound.start, condition))
        return merged

    def _of_bound(self, bound: Bound, base: str) -> Condition | None:
        if bound.date:
            dates = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
            best = min(dates, key=lambda f: (self.links.fields[f] < HINTED, self.near(base, f.table)), default=None)
            if best is None:
                return None
            return Condition(best, bound.operator, bound.value, kind="day" if best.timed else "plain")
        field = self.field_after(bound, base)
        if field is None and self.counts_rows(bound):
            return None  # 'more than two stations' counts rows
        if field is None and bound.year and (dated := self.dated(bound.start, base)):
            if dated.role == "date":
                return Condition(dated, bound.operator, bound.value.replace(" AND ", "' AND '"), kind="year")
            return Condition(dated, bound.operator, bound.value)
        if (lasting := self._of_time(bound, base)) is not None:
            return lasting
        least = 0.7 if bound.operator in ("=", "<>") else HINTED
        field = field or self.number_near(bound.start, base, least)
        if field is None and bound.operator not in ("=", "<>"):
            tables = [base, *(t for t, s in self.links.tables.items() if s >= 0.99 and t != base)]
            numbers = [f for t in tables for f in self.schema.tables[t] if f.role == "number" and self._has_unit(f, bound)]
            field = numbers[0] if len(numbers) == 1 else None
        return None if field is None else Condition(field, bound.operator, bound.value)

    def _of_time(self, bound: Bound, base: str) -> Condition | None:
        """'took longer than 30 days', where the rows have two dates and no column of such a time."""
        unit = re.match(r"\s*(day|hour|minute)s?\b", self.text[bound.end :], re.IGNORECASE)
        if unit is None or any(self._has_unit(f, bound) for f in self.schema.fields if f.role == "number"):
            return None
        span = self.span(base)
        if span is None or span[0].table != base:
            return None
        return Condition(span[0], bound.operator, bound.value, kind=f"{unit[1].lower()}s", other=span[1])

    def _has_unit(self, f: Field, bound: Bound) -> bool:
        """Whether the unit said after a number is the column's: 'longer than 460 seconds' and ``secs``."""
        after = re.sub(r"^\s*(?:thousand|million|billion)\b", "", self.text[bound.end :], flags=re.IGNORECASE).lstrip()
        match = _AFTER_NUMBER.match(after)
        unit = stem(match[0]) if match else ""
        if len(unit) >= 3 and len(f.unit) > 3 and f.unit.lower().endswith(unit):
            return True  # USD and ``musd``
        if unit and match is not None and match[0].lower() == f.unit.lower():
            return True  # 'smaller than 2 m'
        return bool(unit) and unit[:3] in {u[:3] for u in (stem(f.unit), *(stem(w) for w in f.words)) if len(u) >= 3}

    def field_after(self, bound: Bound, base: str) -> Field | None:
        """The number column named right after a number: 'more than 3 home goals', 'worth 8 credits'."""
        after = [stem(w) for w in re.findall(r"\w+", self.text[bound.end :])[:4]]
        fits = [f for f in self.schema.fields if f.role == "number" and self.reaches(base, f)]
        whole = [f for f in fits if f.words and [stem(w) for w in f.words] == after[: len(f.words)]]
        if whole:
            return max(whole, key=lambda f: (len(f.words), -self.near(base, f.table)))
        if self.counts_rows(bound) or not after:
            return None
        word = after[1] if after[0] in _SCALE_WORDS and len(after) > 1 else after[0]
        alike = [f for f in fits if len(f.words) == 1 and f.table == base and similar(stem(f.words[0]), word) > 0]
        return alike[0] if len(alike) == 1 else None

    def counts_rows(self, bound: Bound) -> str | None:
        """The table whose rows a number counts, where one is named right after it."""
        after = self.text[bound.end :].strip().lower()
        for table in self.schema.tables:
            said = "|".join(re.escape(self.schema.spoken_table(table, many)) for many in (True, False))
            if re.match(rf"(?:\w+\s+)?(?:{said})\b", after) and bound.operator != "BETWEEN":
                return table
        if re.match(r"times\b", after):  # 'prescribed more than 20 times'
            verbs = [t for t, s in self.links.tables.items() if s >= NAMED and self.place(t) < bound.start]
            who = re.match(r"\s*who\b", self.text, re.IGNORECASE)
            return max(verbs, key=self.place, default=None) if len(verbs) > 1 or who else None
        return self._partly_named(after) if bound.operator != "BETWEEN" else None

    def _partly_named(self, after: str) -> str | None:
        """'more than one user' of ``user_account``: the only table that has the next word in its name."""
        word = re.match(r"[a-z]+", after)
        return self.schema.named_in_part(stem(word[0])) if word else None

    def _of_keys(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'fill 8712', 'run number 4': a number right after a table's name is that row's key."""
        for table in self.schema.tables:
            key = self.schema.key(table)
            if key is None or not self.reaches(base, key):
                continue
            said = re.escape(self.schema.spoken_table(table, many=False))
            match = re.search(
                rf"\b{said}\s+(?:number\s+|no\.?\s+|id\s+|#\s*)?(\d+)\b(?!\s*(?:or|to)\b)", self.text, re.IGNORECASE
            )
            if match:
                yield match.start(1), Condition(key, "=", match[1])

    def _adjacent(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'with spin 1.5', 'levels 1 and 2': numbers right after a number column's name."""
        for f in self.schema.fields:
            if f.role != "number" or not self.reaches(base, f) or not f.words:
                continue
            found: list[tuple[int, str]] = []
            said = r"\s+".join(re.escape(w) for w in f.words)
            for match in re.finditer(
                rf"\b{said}s?\s+(-?\d+(?:\.\d+)?(?:{_MORE_NUMBERS})*)\b{_NO_RANGE}", self.text, re.IGNORECASE
            ):
                if not any(b.start <= match.start(1) < b.end for b in self.cues.bounds):
                    found += [(match.start(1), n) for n in re.findall(r"-?\d+(?:\.\d+)?", match[1])]
            values = list(dict.fromkeys(n for _, n in found))
            if values:
                yield (
                    found[0][0],
                    Condition(f, "=", values[0]) if len(values) == 1 else Condition(f, "IN", f"({', '.join(values)})"),
                )

    # ------------------------------------------------------------------------------------ flags, absence

    def _flags(self, base: str) -> Iterator[tuple[int, Condition]]:
        """A column of 0 and 1 that is named: 'explicit tracks', 'not active'."""
        for f in (f for f in self.schema.fields if f.role == "flag" and f.words and self.reaches(base, f)):
            if opposite := re.search(rf"\b(?:un|in|non-?|not-){re.escape(f.words[-1])}\b", self.text, re.IGNORECASE):
                yield opposite.start(), Condition(f, "=", f.truth(False))  # 'unpaid'
        said: set[int] = set()
        flags = [f for f in self.links.best(lambda f: f.role == "flag") if self.reaches(base, f)]
        for f in sorted(flags, key=lambda f: self.near(base, f.table)):
            places = [p for p in self.exact_places(f) if p not in said]
            if places and self.links.fields[f] >= HINTED and self._said_wholly(f):
                said |= set(places)  # of columns of one name the nearest
                denied = self.cues.negation is not None and 0 < places[0] - self.cues.negation < 20
                yield places[0], Condition(f, "=", f.truth(not denied))

    def _said_wholly(self, f: Field) -> bool:
        """Whether all words of a flag are said, its table's aside: 'time' is not ``real_time``."""
        own = [stem(w) for w in f.words if w not in ("is", "has", "was", "can")]
        said = {stem(w) for w in re.findall(r"[^\W\d_]+", self.text)} | {stem(w) for w in name_parts(f.table)}
        return len(own) < 2 or all(any(similar(w, s) for s in said) for w in own)

    def is_many(self, base: str, table: str) -> bool:
        """Whether a row of ``base`` may have several rows of ``table``."""
        return any(j not in self.schema.joins for j in self.schema.path(base, table) or ())

    def _charged(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'charged', 'neutral', 'positively charged': the sign of a number column called charge."""
        match = re.search(
            r"\b(?:(positive|negative)(?:ly)?[- ])?(?:electrically )?(charged|neutral|uncharged)\b", self.text, re.IGNORECASE
        )
        fields = [
            f for f in self.schema.fields if f.role == "number" and f.words[-1:] == ("charge",) and self.reaches(base, f)
        ]
        if match is None or not fields:
            return
        sign = {"positive": ">", "negative": "<"}.get((match[1] or "").lower(), "<>")
        f = min(fields, key=lambda f: self.near(base, f.table))
        yield match.start(), Condition(f, sign if match[2].lower() == "charged" else "=", "0")

    def _absent(self, base: str) -> Condition | None:
        """'have not been returned yet': what is named right after a negation has no value; 'no rain at all': it is zero."""
        if (match := _UNKNOWN.search(self.text)) is not None:
            said = match["what"] or match["of"]
            f = self.field_named(said, base) or self.field_named(said.split()[0], base)
            if f is not None and f.table == base:
                return Condition(f, "IS NULL")
        if self.cues.negation is None:
            return None
        for f in self.links.best(lambda f: f.role in ("date", "other", "text", "label", "number")):
            gap = self.place(f) - self.cues.negation
            tables = [t for t in self.schema.tables if t != base and self.links.tables[t] >= NAMED]
            if any(0 < self.place(t) - self.cues.negation < 40 for t in tables) or not 0 < gap < 20:
                continue
            if self.links.fields[f] >= (0.75 if f.role == "number" else HINTED) and self.reaches(base, f):
                if self.is_many(base, f.table):
                    continue  # 'samples that were never measured' have no row there at all
                if f.role != "number":
                    return Condition(f, "IS NULL")
                zero = Condition(f, "=", "0")
                if re.match(
                    r"\s*\w+\s+(?:\w+\s+)?(?:recorded|known|given|available|stated|noted)\b", self.text[self.place(f) :]
                ):
                    return Condition(f, "IS NULL")
                at_all = re.search(r"\b(?:at all|zero)\b", self.text, re.IGNORECASE)
                return zero if at_all else Condition(f, "IS NULL", either=zero)  # 'no delay' is one of none, or not known
        return None


def _pattern(text: str, how: str) -> str:
    """The pattern of LIKE for a text that a column starts or ends with, or contains."""
    text = text.replace("'", "''")
    return f"'{text}%'" if how[:2] in ("st", "be") else f"'%{text}'" if how.startswith("end") else f"'%{text}%'"


def _scaled(condition: Condition, bound: Bound) -> Condition:
    """'more than 4000 million' where the column counts in millions."""
    unit = condition.field.unit.lower()
    prefix = unit[:1] if unit in ("k", "m", "b", "bn", "mn") or len(unit) > 3 else ""
    scale = {"k": 1e3, "m": 1e6, "b": 1e9}.get(prefix, 0.0)
    if not scale or bound.scale == 1.0 or not re.fullmatch(r"-?\d+(\.\d+)?", condition.value):
        return condition
    return replace(condition, value=f"{float(condition.value) / scale:.12g}")
