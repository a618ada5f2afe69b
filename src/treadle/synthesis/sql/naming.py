"""How an invented database spells its names: case, plural, prefixes, keys, units; one style throughout a database."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Literal

from treadle.synthesis.sql.domains import Thing
from treadle.synthesis.sql.kinds import dates

__all__ = ["Naming", "draw_naming"]

Case = Literal["snake", "camel", "pascal", "flat", "upper", "spaced"]

_ABBREVIATIONS = {
    "number": "no", "quantity": "qty", "amount": "amt", "address": "addr", "description": "descr", "category": "cat",
    "department": "dept", "temperature": "temp", "average": "avg", "maximum": "max", "customer": "cust", "product": "prod",
    "measurement": "meas", "detector": "det", "experiment": "exp", "date": "dt", "country": "ctry", "employee": "emp",
    "vehicle": "veh", "student": "stud", "location": "loc", "position": "pos", "reference": "ref", "status": "stat",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """One style. ``key``: how keys are called; ``own``: columns carry the name of their table; ``units``: share with a unit;
    ``short``: share of long words that are abbreviated; ``prefix``: of tables."""

    case: Case
    plural: bool
    key: Literal["id", "thing_id", "id_thing", "thing_no", "short_id", "thing_code"]
    own: Literal["none", "label", "all"]
    units: float
    short: float
    prefix: str

    def spell(self, words: str) -> str:
        """Words with blanks between them, as one name."""
        parts = re.split(r"[ _]+", words)
        if self.case in ("camel", "pascal"):
            text = "".join(p[:1].upper() + p[1:] for p in parts)
            return text[:1].lower() + text[1:] if self.case == "camel" else text
        if self.case == "flat":
            return "".join(parts).lower()
        if self.case == "spaced":
            return " ".join(p[:1].upper() + p[1:] for p in parts)
        text = "_".join(parts)
        return text.upper() if self.case == "upper" else text.lower()

    def table(self, thing: Thing, choose: random.Random) -> str:
        """The name of the table of ``thing``: mostly its own, sometimes another word for it."""
        one, many = thing.singular, thing.plural
        if thing.others and choose.random() < 0.15:
            one = choose.choice(thing.others)
            many = plural(one)
        return self.prefix + self.spell(self._shortened(many if self.plural else one, choose))

    def key_of(self, thing: Thing, table: str) -> str:
        """The name of its key column, and of columns elsewhere that lead to it."""
        word = thing.singular
        if self.key == "short_id":
            initials = "".join(w[0] for w in word.split()) if " " in word else word[: 1 + (len(table) % 3)]
            return self.spell(f"{initials}id") if self.case != "camel" else f"{initials.lower()}Id"
        form = {"thing_id": "{} id", "id_thing": "id {}", "thing_no": "{} no", "thing_code": "{} code"}.get(self.key, "id")
        return self.spell(form.format(word))

    def column(self, stem: str, thing: Thing, unit: str, choose: random.Random, *, label: bool = False) -> str:
        """The name of a column that is called ``stem``."""
        words = self._shortened(stem, choose)
        if unit and choose.random() < self.units:
            words = f"{words} {unit}"
        if self.own == "all" or (self.own == "label" and label):
            words = f"{thing.singular} {words}" if not words.startswith(thing.singular) else words
        return self.spell(words)

    def _shortened(self, words: str, choose: random.Random) -> str:
        if not self.short:
            return words
        return re.sub(
            r"[a-z]+",
            lambda m: _ABBREVIATIONS[m[0]] if m[0] in _ABBREVIATIONS and choose.random() < self.short else m[0],
            words,
        )


def draw_naming(choose: random.Random) -> Naming:
    """A style at random; the usual ones more often."""
    cases: list[Case] = ["snake", "camel", "pascal", "flat", "upper", "spaced"]
    key = choose.choices(["id", "thing_id", "id_thing", "thing_no", "short_id", "thing_code"], [30, 42, 4, 4, 17, 3])[0]
    return Naming(
        case=choose.choices(cases, [66, 8, 8, 10, 5, 3])[0],
        plural=choose.random() < 0.5,
        key=key,  # type: ignore[arg-type]
        own=choose.choices(["none", "label", "all"], [72, 18, 10])[0],  # type: ignore[arg-type]
        units=choose.choice((0.0, 0.3, 0.9)),
        short=choose.choice((0.0, 0.0, 0.0, 0.6)),
        prefix=choose.choices(["", "tbl_", "t_", "dim_"], [94, 3, 2, 1])[0],
    )


def date_stem(participle: str, choose: random.Random, *, with_time: bool) -> str:
    """What a column with the date of something is called: 'order date', 'ordered on'."""
    root = dates()[participle]
    if participle == "born":
        return choose.choice(("birth date", "date of birth", "birthday", "born", "dob", "birthdate"))
    forms = [f"{root} date", f"{root} date", f"{participle} on", f"date {participle}", f"{participle}", f"{participle} date"]
    return choose.choice([f"{participle} at", f"{root} time", f"{participle} at"] if with_time else forms)


def plural(word: str) -> str:
    """The regular plural of the last word."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


__all__ += ["date_stem", "plural"]
