"""From a reading to a program. Where a part of the request was not understood there is none: rules answer or are silent."""

from __future__ import annotations

import re

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.request import OBJECTS, QUANTITIES, Reading
from treadle.coding.wording import numbers_in

__all__ = ["write"]

_NEUTRAL_TEXT = """
a an the of in on at to for from by with and or is are was were be been has have having had do does did there it its
this that these those which what how many much i we you me us my our please can could would tell give show find
compute calculate determine count number nr get need want know like just only all altogether total overall file sample
dataset data tree ntuple entries entry event events evts candidates rows row branch column columns variable quantity
value values among where when whose contain contains containing present stored recorded reconstructed fire fired fires
passing pass passes trigger unit units gev mev tev mm ns v percent percentage fraction share proportion s e i.e per
least most between above below over under than more less larger greater smaller higher lower exceeding exceed exceeds
equal equals exactly within window range st nd rd th percentile absolute abs missing transverse momentum energy
invariant visible muon muons electron electrons jet jets photon photons tau taus track tracks lepton particle
particles cell cells hit hits object objects leading subleading hardest first second highest largest lowest smallest
maximum minimum mean average median standard deviation spread error correlation coefficient opposite same sign charge
charges charged collection branches called named found relative isolation signal w them dimuon dielectron i'd what's
one two three four five six pt eta phi mass avg pearson statistical impact parameter chi multiplicity response taken
i'm looking multijet primary vertices whole single flag set csv hold together going through negative
"""
_NEUTRAL = frozenset(_NEUTRAL_TEXT.split())
"""Words that change nothing, or that were read. A request with any other word is left to the model: a list of what
rules cannot write is never complete ('geometric', 'truncated', 'per run'), so this is one of what they can."""
_NUMBER_WORD = re.compile(r"\b(?:one|two|three|four|five|six)\b", re.IGNORECASE)
_FILE = re.compile(r"\b[\w-]+\.(?:root|csv|parquet|json|sqlite)\b")
_MEANS_MORE = re.compile(
    r"\b(?:or|every|each|per (?!event|cent)|sum of (?!the )|error (?!(?:on|of) )|different (?!runs)"
    r"|first (?!muon|electron|jet|tau)"
    r"|second (?!muon|jet|electron|tau)|in (?:TeV|MeV|keV)|on average\b.*\bhow many|how many\b.*\bon average"
    r"|mean of the (?:squares?|logarithm)|of the (?:mean|median)\b(?<!error of the mean))",
    re.IGNORECASE,
)
_PER_EVENT = re.compile(r"\bper event\b|\bin an event\b|\beach event has\b", re.IGNORECASE)
_SHARE = re.compile(r"\b(?:as )?(?:a )?(?:number |value |unweighted, )?between 0 and 1\b", re.IGNORECASE)
_AMONG = re.compile(
    r"^\W*(?:of|among|for|in)\b|\b(?:among|of (?:the |all )?events (?:with|that)|(?:in|for) events with)\b", re.IGNORECASE
)
_COUNTERS = frozenset(
    {"event", "run", "fill", "spill", "entry", "index", "eventnumber", "runnumber", "luminosityblock", "lumi"}
)
_LEADING = re.compile(r"\b(?:leading|hardest|highest[- ]p_?t|first)\b", re.IGNORECASE)
_SUBLEADING = re.compile(r"\b(?:subleading|second|next[- ]to[- ]leading)\b", re.IGNORECASE)
_PAIR = re.compile(r"\bdi(?:muon|electron|jet|tau|lepton|photon)s?\b|\binvariant mass of the (?:two )?\w+", re.IGNORECASE)
_REDUCTIONS = {
    **{name: f"np.{name}({{}})" for name in ("mean", "median", "std", "max", "min", "sum")},
    "error": "np.std({0}) / np.sqrt(len({0}))",
}


def write(text: str, reading: Reading, catalogue: Catalogue) -> str | None:
    """The body of a program over ``events``, or None where some part of the request has no place in it."""
    plain = _PER_EVENT.sub(" ", _without_columns(_FILE.sub(" ", text), catalogue))
    units = {unit for unit in ("MeV", "GeV", "TeV") if re.search(rf"(?<![A-Za-z]){unit}\b", plain)}
    counted = [whose for whose, *_ in reading.counts]
    if reading.unread or not _understood(plain, catalogue) or len(units) > 1 or len(counted) != len(set(counted)):
        return None
    if len(_NUMBER_WORD.findall(plain)) > len(counted):
        return None
    body = _Writer(text, reading, catalogue).body()
    if body is None:
        return None
    used = {float(n) for n in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", body)}
    names = set(re.findall(r'events\["([^"]+)"\]', body))
    said = [
        m for m in numbers_in(_SHARE.sub(" ", plain)) if m.value != reading.percentile or reading.operation != "percentile"
    ]
    if any(m.value not in used or m.percent for m in said):
        return None
    return body if all(name in names or name.lower() in _COUNTERS for _, name in reading.columns) else None


def _understood(plain: str, catalogue: Catalogue) -> bool:
    """Whether every word of a request, columns aside, is one that the rules have read or that changes nothing."""
    if _MEANS_MORE.search(_SHARE.sub(" ", plain)):
        return False  # a known word in another sense
    known = _NEUTRAL | catalogue.spoken()
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", _SHARE.sub(" ", plain).lower())
    return all(word in known or any(re.fullmatch(p, word, re.IGNORECASE) for p in QUANTITIES.values()) for word in words)


def _without_columns(text: str, catalogue: Catalogue) -> str:
    names = sorted(catalogue.by_column, key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", " ", text) if names else text


class _Writer:
    def __init__(self, text: str, reading: Reading, catalogue: Catalogue) -> None:
        self.text, self.reading, self.catalogue = text, reading, catalogue
        self.lines: list[str] = []

    def body(self) -> str | None:
        operation = self.reading.operation
        if operation == "count":
            result = self._count()
        elif operation == "fraction":
            result = self._fraction()
        elif operation == "correlation":
            result = self._correlation()
        elif operation == "distinct":
            result = self._distinct()
        else:
            result = self._reduced()
        if result is None:
            return None
        name = "n" if operation in ("count", "distinct") else operation
        return "\n".join([*self.lines, f"result = {result}", f'print(f"METRIC: {name}={{result}}")', ""])

    # ------------------------------------------------------------------------------------------ selections

    def _object_mask(self, whose: str) -> str | None:
        cuts = [c.code for c in self.reading.cuts if c.whose == whose]
        return " & ".join(cuts) if cuts else None

    def _event_conditions(self, but: str = "") -> list[tuple[int, str]] | None:
        """Conditions on events with their places; of objects those that are counted. None where one has no meaning here."""
        found = [(c.place, c.code) for c in self.reading.cuts if not c.whose]
        counted = set()
        for whose, operator, number, place in self.reading.counts:
            count = self._number_of(whose)
            if count is None:
                return None
            counted.add(whose)
            found.append((place, f"({count} {operator} {number})"))
        if {c.whose for c in self.reading.cuts if c.whose} - counted - {but}:
            return None
        if self.reading.charges:
            condition = self._charge_condition()
            if condition is None:
                return None
            found.append((self._place_of_charges(), condition))
        return found

    def _place_of_charges(self) -> int:
        match = re.search(r"opposite|same|like", self.text, re.IGNORECASE)
        return len(self.text) if match is None else match.start()

    def _number_of(self, whose: str) -> str | None:
        """The number of objects of an event that pass their cuts."""
        thing = self.catalogue.collection(whose)
        if thing is not None:
            mask = self._object_mask(whose)
            first = f'events["{next(iter(thing.columns.values()))}"]'
            return f"ak.sum({mask}, axis=1)" if mask else f"ak.num({first})"
        name = next((n for n in self.catalogue.by_column if re.fullmatch(rf"n_?{whose}s?", n, re.IGNORECASE)), None)
        return f'events["{name}"]' if name and not self._object_mask(whose) else None

    def _charge_condition(self) -> str | None:
        operator = "<" if self.reading.charges == "opposite" else ">"
        particles = [t for t in self.catalogue.particles() if "charge" in t.columns]
        if len(particles) == 2:
            one, other = (f'events["{t.columns["charge"]}"]' for t in particles)
            return f"({one} * {other} {operator} 0)"
        for whose, comparison, number, _ in self.reading.counts:
            thing = self.catalogue.collection(whose)
            if (
                thing is not None
                and number == 2
                and comparison == "=="
                and "charge" in thing.columns
                and not self._object_mask(whose)
            ):
                total = f'ak.sum(events["{thing.columns["charge"]}"], axis=1)'
                return f"({total} == 0)" if operator == "<" else f"(np.abs({total}) == 2)"
        return None

    def _mask(self, conditions: list[tuple[int, str]], name: str = "mask") -> str | None:
        if not conditions:
            return None
        self.lines.append(f"{name} = {' & '.join(code for _, code in conditions)}")
        return name

    # ------------------------------------------------------------------------------------------ operations

    def _subject(self) -> str:
        """What is counted: 'events' or the kind of object named right after the operation."""
        after = self.text[self.reading.place :]
        words = re.sub(
            r"^\W*(?:how many|number of|count|nr of|fraction of|percentage of|proportion of|share of)\s+(?:the |all )?",
            "",
            after,
            flags=re.IGNORECASE,
        )
        for whose, pattern in OBJECTS.items():
            if re.match(rf"(?:[\w-]+\s+){{0,2}}?(?:{pattern})", words, re.IGNORECASE) and not re.match(
                r"(?:\w+ ){0,2}events?\b", words
            ):
                return whose
        return "events"

    def _count(self) -> str | None:
        subject = self._subject()
        if subject == "events":
            conditions = self._event_conditions()
            if conditions is None:
                return None
            mask = self._mask(conditions)
            return f"np.sum({mask})" if mask else "len(events)"
        return self._objects_passing(subject)

    def _objects_passing(self, whose: str) -> str | None:
        thing, conditions = self.catalogue.collection(whose), self._event_conditions(but=whose)
        if thing is None or conditions is None:
            return None
        selection = f"[{self._mask(conditions)}]" if conditions else ""
        mask = self._object_mask(whose)
        if mask:
            self.lines.append(f"good = {mask}")
            return f"ak.sum(good{selection})"
        return f'ak.sum(ak.num(events["{next(iter(thing.columns.values()))}"]){selection})'

    def _fraction(self) -> str | None:
        factor = "100 * " if self.reading.percent else ""
        subject = self._subject()
        if subject != "events":
            thing = self.catalogue.collection(subject)
            passing = self._objects_passing(subject)
            if thing is None or passing is None or not self._object_mask(subject) or len(self.lines) > 1:
                return None
            return f'{factor}{passing} / ak.sum(ak.num(events["{next(iter(thing.columns.values()))}"]))'
        conditions = self._event_conditions()
        if not conditions:
            return None
        among = _AMONG.search(self.text)
        whole = [c for c in conditions if among and among.start() <= c[0] < self._end_of_clause(among.start())]
        part = [c for c in conditions if c not in whole]
        if not part:
            whole, part = [], conditions
        mask = self._mask(part)
        selection = f"[{self._mask(whole, 'among')}]" if whole else ""
        return f"{factor}np.mean({mask}{selection})"

    def _end_of_clause(self, start: int) -> int:
        end = re.search(r"[,?;]|\bwhat\b|\bhave\b|\bhas\b|\bis\b", self.text[start + 8 :])
        return len(self.text) if end is None else start + 8 + end.start()

    def _correlation(self) -> str | None:
        targets = [name for _, name in self.reading.columns if not self._is_cut(name)]
        conditions = self._event_conditions()
        if (
            len(dict.fromkeys(targets)) != 2
            or conditions is None
            or any(self.catalogue.by_column[t].jagged for t in targets)
        ):
            return None
        selection = f"[{mask}]" if (mask := self._mask(conditions)) else ""
        one, other = dict.fromkeys(targets)
        return f'np.corrcoef(events["{one}"]{selection}, events["{other}"]{selection})[0, 1]'

    def _distinct(self) -> str | None:
        targets = [name for _, name in self.reading.columns if not self._is_cut(name)]
        if len(targets) != 1 or self.reading.cuts or self.reading.counts:
            return None
        return f'len(np.unique(events["{targets[0]}"]))'

    def _reduced(self) -> str | None:
        values = self._values()
        if values is None:
            return None
        if self.reading.absolute:
            values = f"np.abs({values})"
        self.lines.append(f"values = {values}")
        if self.reading.operation == "percentile":
            return f"np.percentile(values, {self.reading.percentile:g})"
        return _REDUCTIONS[self.reading.operation].format("values")

    def _is_cut(self, name: str) -> bool:
        return any(f'events["{name}"]' in c.code for c in self.reading.cuts)

    def _values(self) -> str | None:
        """The numbers that are reduced: one an event, or all objects' flattened."""
        column = self._target_column()
        number = re.search(r"\bnumber of\s+(?:[\w-]+\s+){0,2}?([a-z]+)", self.text[self.reading.place :], re.IGNORECASE)
        if column is None and number is not None:
            return self._number_values()
        thing, expression = self._target(column)
        if expression is None:
            return None
        if thing is not None and thing.jagged:
            return self._of_objects(thing, expression)
        conditions = self._event_conditions()
        if conditions is None:
            return None
        mask = self._mask(conditions)
        return f"{_bracketed(expression)}[{mask}]" if mask else expression

    def _number_values(self) -> str | None:
        objects = [w for p, w in self.reading.objects if p > self.reading.place]
        if not objects or self.reading.counts:
            return None
        count = self._number_of(objects[0])
        conditions = self._event_conditions(but=objects[0])
        if count is None or conditions is None:
            return None
        mask = self._mask(conditions)
        return f"({count})[{mask}]" if mask else count

    def _target_column(self) -> str | None:
        free = [
            (abs(p - self.reading.place), n) for p, n in self.reading.columns if not self._is_cut(n) and self._is_number(n)
        ]
        if not free:  # the quantity may be cut on as well: 'the mean of M for M between 80 and 100'
            named = [name for _, name in self.reading.columns if self._is_number(name)]
            free = [(0, n) for n in dict.fromkeys(named) if named.count(n) > 1]
        return min(free)[1] if free and len({n for _, n in free}) == 1 else None

    def _is_number(self, name: str) -> bool:
        """Whether a mean of a column means something: not of a text, nor of what only counts events and runs."""
        return name.lower() not in _COUNTERS and not re.search("str|object", self.catalogue.types[name])

    def _target(self, column: str | None) -> tuple[Thing | None, str | None]:
        if column is not None:
            q = self.catalogue.by_column[column]
            thing = self.catalogue.collection(q.whose) if q.jagged else None
            return thing, f'events["{column}"]'
        if any(not self._is_cut(name) and name.lower() not in _COUNTERS for _, name in self.reading.columns):
            return None, None
        taken = {c.place for c in self.reading.cuts}
        quantities = [
            (p, q) for p, q in self.reading.quantities if p > self.reading.place or self.reading.operation in ("max", "min")
        ]
        if not quantities or not self.reading.objects:
            return None, None
        place, what = min(quantities)
        if any(0 <= cut - place < 30 for cut in taken) and len(quantities) == len(taken):
            return None, None
        near = sorted(self.reading.objects, key=lambda o: abs(o[0] - place))[0][1]
        if _PAIR.search(self.text):
            return None, self._pair(near, what)
        thing = self.catalogue.collection(near)
        if thing is None:
            ours = [t for t in self.catalogue.particles() if t.whose == near]
            index = "2" if _SUBLEADING.search(self.text) else "1" if _LEADING.search(self.text) else ""
            thing = next((t for t in ours if t.index == index or len(ours) == 1), None)
        return (None, None) if thing is None else (thing, thing.expression(what))

    def _of_objects(self, thing: Thing, expression: str) -> str | None:
        if not (_LEADING.search(self.text) or _SUBLEADING.search(self.text)):
            conditions = self._event_conditions(but=thing.whose)
            if conditions is None or (
                any(whose == thing.whose for whose, *_ in self.reading.counts) and self._object_mask(thing.whose)
            ):
                return None
            mask, event_mask = self._object_mask(thing.whose), self._mask(conditions)
            if mask:
                self.lines.append(f"good = {mask}")
            picked = f"{_bracketed(expression)}[good]" if mask else expression
            return f"ak.flatten({_bracketed(picked)}[{event_mask}])" if event_mask else f"ak.flatten({picked})"
        rank = 1 if _SUBLEADING.search(self.text) else 0
        pt = thing.expression("pt") or thing.expression("energy")
        counted = [c for c in self.reading.counts if c[0] != thing.whose or c[1:3] not in ((">=", rank + 1), (">", rank))]
        if pt is None or counted or self._object_mask(thing.whose):
            return None
        conditions = [(c.place, c.code) for c in self.reading.cuts]
        self.lines.append(f"order = ak.argsort({pt}, axis=1, ascending=False)")
        self.lines.append(f"ranked = {_bracketed(expression)}[order]")
        enough = f"(ak.num(ranked) > {rank})"
        self.lines.append(f"mask = {' & '.join([enough, *(code for _, code in conditions)])}")
        return f"ranked[mask][:, {rank}]"

    # ------------------------------------------------------------------------------------------ pairs

    def _pair(self, whose: str, what: str) -> str | None:
        """Mass or pt of two particles of an event that the file has one by one."""
        particles = [t for t in self.catalogue.particles() if t.whose == whose or not t.whose]
        if len(particles) != 2 or what not in ("mass", "pt"):
            return None
        parts = {q: [t.expression(q) for t in particles] for q in ("energy", "px", "py", "pz")}
        if any(e is None for q in (("px", "py") if what == "pt" else tuple(parts)) for e in parts[q]):
            return None
        for q in ("px", "py") if what == "pt" else tuple(parts):
            self.lines.append(f"{q} = {parts[q][0]} + {parts[q][1]}")
        return "np.sqrt(px**2 + py**2)" if what == "pt" else "np.sqrt(energy**2 - px**2 - py**2 - pz**2)"


def _bracketed(expression: str) -> str:
    return expression if re.fullmatch(r'events\["[^"]+"\]|\w+|\(.*\)', expression) else f"({expression})"
