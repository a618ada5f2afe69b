"""What a request on event data says: the operation, the quantity, the selections of events and of objects."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from treadle.coding.reading.catalogue import Catalogue, Thing

__all__ = ["Cut", "Reading", "read"]

_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ABOVE = (
    r">=|>|≥|\babove\b|\bover\b|\bexceed(?:s|ing)?\b|\b(?:greater|more|larger|higher|bigger) than\b|\bat least\b|\bbeyond\b"
)
_BELOW = r"<=|<|≤|\bbelow\b|\bunder\b|\b(?:less|smaller|lower|fewer) than\b|\bat most\b|\bwithin\b"
_EQUAL = r"==|=|\bequal(?:s)?(?: to)?\b|\bexactly\b|\bis\b|\bof\b"
_COMPARISON = re.compile(
    rf"(?P<op>{_ABOVE}|{_BELOW}|{_EQUAL})\s*(?:a |an |the )?(?P<number>{_NUMBER}|\b(?:{'|'.join(_COUNTED)})\b)",
    re.IGNORECASE,
)
_OR_MORE = re.compile(rf"(?P<number>{_NUMBER}|\b(?:{'|'.join(_COUNTED)})\b) or more", re.IGNORECASE)
_TO = r"(?:GeV|MeV|TeV|V|mm|ns)?\s*(?:and|to|-|–)"  # noqa: RUF001
_BETWEEN = re.compile(
    rf"(?:\bbetween|\bfrom|\bwithin|\bin the (?:range|window))\s+(?P<low>{_NUMBER})\s*{_TO}\s*(?P<high>{_NUMBER})"
    rf"|(?P<low2>{_NUMBER})\s*<=?\s*(?P<name>\|?[A-Za-z_]\w*\|?(?:\([^)]*\))?)\s*<=?\s*(?P<high2>{_NUMBER})",
    re.IGNORECASE,
)
_AS_A_SHARE = re.compile(r"\b(?:as )?(?:a )?(?:number |value |unweighted,? )?between 0 and 1\b", re.IGNORECASE)
OBJECTS = {
    "muon": r"\b(?:di)?muons?\b|\bmu(?:s)?\b(?!_)",
    **{name: rf"\b(?:di)?{name}s?\b" for name in ("electron", "jet", "photon", "tau", "lepton")},
    **{name: rf"\b{name}s?\b" for name in ("track", "cell", "hit")},
}
QUANTITIES = {
    "pt": r"\bp_?t\b|\btransverse moment(?:um|a)\b",
    "eta": r"(?<!delta )\beta\b|\bpseudorapidit(?:y|ies)\b|η",
    "phi": r"(?<!delta )\bphi\b|\bazimuth",
    "mass": r"\bmass(?:es)?\b",
    "charge": r"\bcharges?\b",
    "energy": r"\benerg(?:y|ies)\b",
    "p": r"\bmomentum\b",
    "isolation": r"\b(?:relative )?isolation\b|\biso\b",
    "btag": r"\bb-?tag(?:ged|ging)?\b(?: (?:score|value|discriminant))?",
}
_OPERATIONS = (
    ("error", r"\b(?:statistical |standard )?error (?:on|of) (?:the )?mean\b|\bstandard error\b"),
    ("correlation", r"\bcorrelat"),
    ("percentile", r"\b(\d{1,2}(?:\.\d+)?)(?:st|nd|rd|th)? percentile\b|\bquantile\b"),
    ("median", r"\bmedian\b"),
    ("std", r"\bstandard deviation\b|\bspread\b|\brms\b|\bstd\b"),
    ("fraction", r"\bfractions?\b|\bpercent(?:age)?s?\b|\bproportion\b|\bshare\b"),
    ("mean", r"\bmean\b|\baverage\b|\bavg\b|\bon average\b"),
    ("count", r"\bhow many\b|\bnumber of\b|\bcount\b|\bnr of\b|^\s*events? with\b"),
    ("sum", r"\bsum of\b|\btotal\b|\badd up\b"),
    ("max", r"\b(?:largest|highest|maximum|greatest|biggest|hardest)\b"),
    ("min", r"\b(?:smallest|lowest|minimum)\b"),
    ("distinct", r"\bhow many different\b"),
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A comparison as code; of objects of ``whose`` where that is given, else of events. ``place`` in the text."""

    code: str
    whose: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was understood. ``counts``: (whose, operator, number, place) of conditions on numbers of objects."""

    operation: str
    place: int
    percentile: float = 50.0
    percent: bool = False
    columns: tuple[tuple[int, str], ...] = ()
    quantities: tuple[tuple[int, str], ...] = ()
    objects: tuple[tuple[int, str], ...] = ()
    cuts: tuple[Cut, ...] = ()
    counts: tuple[tuple[str, str, int, int], ...] = ()
    charges: str = ""
    absolute: bool = False
    unread: tuple[str, ...] = ()


def read(text: str, catalogue: Catalogue) -> Reading | None:
    """The reading of ``text``, or None where no operation is named."""
    text = _AS_A_SHARE.sub(lambda m: " " * len(m[0]), text)
    found = _operation(text)
    if found is None:
        return None
    operation, place, percentile = found
    columns = tuple(
        (m.start(), name) for name in catalogue.by_column for m in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text)
    )
    covered = {i for start, name in columns for i in range(start, start + len(name))}
    quantities = _mentions(QUANTITIES, text, covered)
    objects = tuple(o for o in _mentions(OBJECTS, text, covered))
    reading = Reading(
        operation=operation,
        place=place,
        percentile=percentile,
        percent=bool(re.search(r"\bpercent", text, re.IGNORECASE)) and operation == "fraction",
        columns=tuple(sorted(columns)),
        quantities=quantities,
        objects=objects,
        charges=_charges(text),
        absolute=bool(re.search(r"\babsolute\b|\babs\b", text, re.IGNORECASE)),
    )
    return _Comparisons(text, catalogue, reading).read()


def _operation(text: str) -> tuple[str, int, float] | None:
    """The first operation named, with its place; 'how many different' and 'percentile' carry more."""
    best: tuple[int, str, float] | None = None
    for name, pattern in _OPERATIONS:
        match = re.search(pattern, text, re.IGNORECASE)
        if match is None:
            continue
        value = float(match[1]) if name == "percentile" and match[1] else 50.0
        if best is None or match.start() < best[0] or (name == "distinct" and match.start() <= best[0]):
            best = (match.start(), name, value)
    return None if best is None else (best[1], best[0], best[2])


def _mentions(table: dict[str, str], text: str, covered: set[int]) -> tuple[tuple[int, str], ...]:
    found = [
        (m.start(), name)
        for name, pattern in table.items()
        for m in re.finditer(pattern, text, re.IGNORECASE)
        if m.start() not in covered
    ]
    taken = {p for p, name in found if name == "pt"}
    return tuple(sorted((p, n) for p, n in found if not (n == "p" and any(0 <= p - t < 25 for t in taken))))


def _charges(text: str) -> str:
    if re.search(r"\bopposite(?:ly)?[- ](?:sign|charged?)|\bopposite (?:\w+ )?charges?\b", text, re.IGNORECASE):
        return "opposite"
    return "same" if re.search(r"\b(?:same|like)[- ](?:sign|charged?)", text, re.IGNORECASE) else ""


class _Comparisons:
    """Reads every comparison with a number, to a cut on events or objects, or to a condition on a number of objects."""

    def __init__(self, text: str, catalogue: Catalogue, reading: Reading) -> None:
        self.text, self.catalogue, self.reading = text, catalogue, reading
        self.cuts: list[Cut] = []
        self.counts: list[tuple[str, str, int, int]] = []
        self.unread: list[str] = []

    def read(self) -> Reading:
        spans: list[tuple[int, int]] = []
        for match in _BETWEEN.finditer(self.text):
            low, high = match["low"] or match["low2"], match["high"] or match["high2"]
            spans.append(match.span())
            self._cut(match.start(), match.end(), [(">", low), ("<", high)], match["name"])
        for match in (*_OR_MORE.finditer(self.text), *_COMPARISON.finditer(self.text)):
            if any(a < match.end() and match.start() < b for a, b in spans):
                continue
            operator = ">=" if "op" not in match.groupdict() else _operator(match["op"])
            number = str(_COUNTED.get(match["number"].lower(), match["number"]))
            if self._is_count(match.end(), operator, number, match.start()):
                spans.append(match.span())
                continue
            if match.groupdict().get("op", "").lower() in ("of", "is") and not self._column_before(match.start(), 3):
                continue
            spans.append(match.span())
            if not match["number"][:1].isdigit() and not match["number"].startswith("-"):
                self.unread.append(match[0])  # 'more than one candidate' counts what has no name here
                continue
            self._cut(match.start(), match.end(), [(operator, number)], None)
        self._flags()
        return replace(self.reading, cuts=tuple(self.cuts), counts=tuple(self.counts), unread=tuple(self.unread))

    def _is_count(self, end: int, operator: str, number: str, start: int) -> bool:
        """'at least two jets': a number right before objects."""
        after = self.text[end : end + 40]
        for whose, pattern in OBJECTS.items():
            if re.match(rf"\s+(?:[\w-]+\s+){{0,2}}?(?:{pattern})", after, re.IGNORECASE) and number.isdigit():
                self.counts.append((whose, operator, int(number), start))
                return True
        return False

    def _column_before(self, place: int, within: int) -> bool:
        return any(0 <= place - (start + len(name)) <= within for start, name in self.reading.columns)

    def _cut(self, start: int, end: int, bounds: list[tuple[str, str]], name: str | None) -> None:
        found = self._of(start, end, name)
        if found is None:
            self.unread.append(self.text[start:end])
            return
        left, whose = found
        window = self.text[max(0, start - 12) : start]
        if (
            re.search(r"\|[^|]*\|\s*$", window)
            or (name and name.startswith("|"))
            or re.search(r"\babs\w*\b[^,.]*$", window, re.IGNORECASE)
        ):
            left = f"np.abs({left})"
        self.cuts.append(Cut(" & ".join(f"({left} {operator} {number})" for operator, number in bounds), whose, start))

    def _of(self, start: int, end: int, name: str | None) -> tuple[str, str] | None:
        """What is compared: a column named nearest before (or in the window), else a quantity of objects named before."""
        catalogue, reading = self.catalogue, self.reading
        plain = (name or "").strip("|")
        if plain in catalogue.by_column:
            q = catalogue.by_column[plain]
            return f'events["{q.column}"]', q.whose if q.jagged else ""
        columns = [(start - p - len(c), c) for p, c in reading.columns if 0 <= start - p - len(c) <= 25]
        quantities = [(start - p, q) for p, q in reading.quantities if 0 <= start - p <= 30]
        if plain:
            quantities = [
                (0, q) for q, pattern in QUANTITIES.items() if re.fullmatch(pattern, plain, re.IGNORECASE)
            ] or quantities
        if columns and (not quantities or min(columns)[0] <= min(quantities)[0]):
            q = catalogue.by_column[min(columns)[1]]
            return f'events["{q.column}"]', q.whose if q.jagged else ""
        if not quantities:
            return None
        what = min(quantities)[1]
        thing = self._thing(start)
        if thing is None:
            return None
        expression = thing.expression(what)
        return None if expression is None else (expression, thing.whose if thing.jagged else "")

    def _thing(self, place: int) -> Thing | None:
        """The objects that are spoken of before a place (else anywhere): a collection, or the only particle of that kind."""
        named = [w for p, w in self.reading.objects if p < place] or [w for _, w in self.reading.objects]
        for whose in reversed(named):
            found = self.catalogue.collection(whose)
            if found is not None:
                return found
            particles = [t for t in self.catalogue.particles() if t.whose == whose]
            if len(particles) == 1:
                return particles[0]
        return None

    def _flags(self) -> None:
        """Columns of 0 and 1 (triggers, identification) that are required or refused."""
        compared = {c for cut in self.cuts for c in re.findall(r'events\["([^"]+)"\]', cut.code)}
        for place, name in self.reading.columns:
            flag = re.match(r"(?:HLT_|is[A-Z_]|trig|pass|L0|veto)", name) or self.catalogue.types.get(name) == "bool"
            if not flag or name in compared:
                continue
            q = self.catalogue.by_column[name]
            before = self.text[max(0, place - 15) : place].lower()
            value = "== 0" if re.search(r"\b(?:not|no|without|fail\w*)\b", before) else "> 0"
            self.cuts.append(Cut(f'(events["{name}"] {value})', q.whose if q.jagged else "", place))
            compared.add(name)


def _operator(words: str) -> str:
    words = words.lower()
    if words in (">=", "≥", "at least"):
        return ">="
    if words in ("<=", "≤", "at most"):
        return "<="
    if re.fullmatch(_ABOVE, words, re.IGNORECASE):
        return ">"
    return "<" if re.fullmatch(_BELOW, words, re.IGNORECASE) else "=="
