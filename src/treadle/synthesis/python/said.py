"""How quantities, cuts and selections are put into words, and the numbers in them."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence

from treadle.synthesis.paraphrase import expand, noisy, sentence
from treadle.synthesis.python.worlds import Field, Thing

__all__ = ["COUNTED", "ORDINALS", "asked", "cut_said", "named", "nice", "number_word", "of_field", "of_objects", "threshold"]

ORDINALS = ("", "first", "second", "third")
COUNTED = ("no", "one", "two", "three", "four", "five")
_CUTS = {
    ">": (
        "{q} [> {v}|> {v}{u}|above {v}{u}|above {v}{u}|greater than {v}{u}|larger than "
        "{v}{u}|over {v}{u}|exceeding {v}{u}|of more than {v}{u}|higher than {v}{u}]"
    ),
    "<": (
        "{q} [< {v}|< {v}{u}|below {v}{u}|below {v}{u}|less than {v}{u}|smaller than "
        "{v}{u}|under {v}{u}|lower than {v}{u}|of less than {v}{u}]"
    ),
    ">=": "{q} [>= {v}|>= {v}{u}|of at least {v}{u}|of {v}{u} or more]",
    "<=": "{q} [<= {v}|<= {v}{u}|of at most {v}{u}|not exceeding {v}{u}]",
    "==": "{q} [== {v}|equal to {v}|= {v}]",
}
_BETWEEN = (
    "[{v} < {q} < {w}|{q} between {v} and {w}{u}|{q} between {v} and {w}{u}|{q} in the range "
    "{v} to {w}{u}|{q} from {v} to {w}{u}|{q} in the window {v}-{w}{u}]"
)


def asked(template: str, rng: random.Random, **slots: str | Sequence[str]) -> str:
    """A request of a template: a question where it begins like one."""
    text = expand(template, rng, **slots)
    question = re.match(
        r"(?i)(?:what|how|which|where|is|are|do|does|in (?:how|what|which)|of the events .*what|for .*what)\b", text
    )
    told = sentence(text, question is not None)
    return noisy(told, rng) if re.match(r"[A-Z][a-z]+ ", told) else told


def named(request: str, name: str, rng: random.Random) -> str:
    """A request that wants its result under a name."""
    how = "[Report it as|Report the result as|Print it as|Call it|Name the metric|Report as|Output it as|Use the name] {n}."
    text = request if request[-1:] in ".?" else request + "."
    return f"{text} {expand(how, rng, n=name)}"


def of_field(field: Field, owner: Thing | None, rng: random.Random, *, literal: float = 0.55) -> tuple[str, bool]:
    """Words for a column, and whether they want an article: its name, what it is, or both."""
    words = rng.choice(field.words)
    if owner is not None and owner.index:
        which = (f"the {ORDINALS[owner.index]} {owner.one}", f"{owner.one} {owner.index}")[rng.random() < 0.4]
        words = f"{words} of {which}"
    elif owner is not None and owner.jagged:
        words = (f"{words} of the {owner.many}", f"{owner.one} {words}")[rng.random() < 0.5]
    kind = rng.random()
    if kind < literal:
        return field.name, False
    if kind < literal + 0.12:
        return f"{words} ({field.name})", True
    if kind < literal + 0.18:
        return f"{words} {field.name}", True
    return words, True


def of_objects(thing: Thing, rng: random.Random) -> str:
    """Words for the objects of a collection."""
    return thing.many if rng.random() < 0.85 else f"{thing.many} ({thing.first.name})"


def cut_said(q: str, operator: str, value: str, unit: str, rng: random.Random, upper: str = "") -> str:
    """A cut in words; ``operator`` 'between' has an ``upper`` end."""
    told = f" {unit}" if unit and rng.random() < 0.7 else ""
    if operator == "between":
        return expand(_BETWEEN, rng, q=q, v=value, w=upper, u=told)
    return expand(_CUTS[operator], rng, q=q, v=value, u=told)


def number_word(n: int, rng: random.Random) -> str:
    """A small number, in letters or digits."""
    return COUNTED[n] if n < len(COUNTED) and rng.random() < 0.6 else str(n)


def nice(value: float, spread: float, rng: random.Random) -> str:
    """``value`` as people write it: rounded to a step that ``spread`` makes sensible."""
    step = 10.0 ** math.floor(math.log10(spread or 1.0)) * rng.choice((1.0, 0.5, 0.5, 0.2))
    rounded = round(value / step) * step
    decimals = max(0, -math.floor(math.log10(step)) + (0 if step >= 1 else 1))
    return trimmed(rounded, min(decimals, 6))


def trimmed(value: float, decimals: int) -> str:
    """Decimals without idle zeros."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def threshold(values: Sequence[float], rng: random.Random, low: float = 0.15, high: float = 0.85) -> str:
    """A number that divides ``values``."""
    ordered = sorted(values)
    if not ordered:
        return "10"
    value = ordered[int(rng.uniform(low, high) * (len(ordered) - 1))]
    spread = ordered[int(0.84 * (len(ordered) - 1))] - ordered[int(0.16 * (len(ordered) - 1))]
    if all(float(v).is_integer() for v in ordered[:20]):
        return str(int(value))
    return nice(value, spread, rng)
