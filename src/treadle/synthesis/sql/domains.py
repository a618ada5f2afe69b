"""The invented worlds: which things there are, what is known of each and how they belong together.

A file of ``domains/`` holds some, one thing a line:

    # bookshop
    author authors writer who | person country born
    book books title,volume | title genre{crime,poetry} pages price published author>by:wrote

singular, plural, other words, 'who' for persons; then columns: ``kind``, ``name:kind``, ``kind(low,high)``,
``name{values}``, ``thing>preposition:verb`` for what it belongs to. Behind a column ``?`` says that it may be unknown, ``~``
that its values do not stand before the noun. A blank within a word or value is written ``_``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from treadle.errors import UsageError
from treadle.synthesis.sql.kinds import Kind, dates, kinds

__all__ = ["Attribute", "Belongs", "Domain", "Thing", "domains", "read_domains"]

_COLUMN = re.compile(r"(?:(\w+):)?(\w+)(?:\(([\d.-]+),([\d.-]+)\))?(?:\{([^}]*)\})?([?~]*)")
_LINK = re.compile(r"(?:(\w+)=)?(\w+)>(\w*)(?::(\w+))?(\??)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A column of a thing. ``stem``: what it is called; empty where its kind says so. ``participle`` of dates and years."""

    stem: str
    kind: Kind
    participle: str = ""
    unknown: bool = False
    before: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongs:
    """Each of the things belongs to one ``owner``: 'books by authors', 'authors wrote books'."""

    owner: str
    preposition: str = "of"
    verb: str = ""
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What a table holds rows of."""

    singular: str
    plural: str
    others: tuple[str, ...] = ()
    person: bool = False
    attributes: tuple[Attribute, ...] = ()
    belongs: tuple[Belongs, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A world: its name and the things in it, owners before what belongs to them."""

    name: str
    things: tuple[Thing, ...]


@cache
def domains() -> tuple[Domain, ...]:
    """All of them, in the order of their files."""
    folder = files("treadle.synthesis.sql").joinpath("domains")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".txt")), key=lambda f: f.name)
    return tuple(d for f in found for d in read_domains(f.read_text(encoding="utf-8"), f.name))


def read_domains(text: str, where: str = "domains") -> list[Domain]:
    """The domains of a text.

    Raises:
        UsageError: a line that cannot be read; names it.
    """
    found: list[tuple[str, list[Thing]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            found.append((line[1:].strip(), []))
        elif line.strip():
            try:
                found[-1][1].append(_thing(line, {t.singular.replace(" ", "_") for t in found[-1][1]}))
            except (ValueError, KeyError, IndexError) as error:
                raise UsageError(
                    f"{where}, line {number}: {error}; see the form in treadle.synthesis.sql.domains."
                ) from None
    return [Domain(name=name, things=tuple(things)) for name, things in found]


def _thing(line: str, known: set[str]) -> Thing:
    head, _, rest = line.partition("|")
    singular, plural, *more = head.split()
    attributes, belongs = [], []
    for token in rest.split():
        if link := _LINK.fullmatch(token):
            if link[2] not in known:
                raise ValueError(f"{link[2]!r} must stand before what belongs to it")
            owner = Belongs(owner=link[2], preposition=_said(link[3]) or "of", verb=_said(link[4]), unknown=bool(link[5]))
            belongs.append(owner)
        else:
            attributes.append(_attribute(token))
    others = tuple(_said(w) for words in more if words != "who" for w in words.split(","))
    return Thing(
        singular=_said(singular),
        plural=_said(plural),
        others=others,
        person="who" in more,
        attributes=tuple(attributes),
        belongs=tuple(replace(b, owner=_said(b.owner)) for b in belongs),
    )


def _said(word: str | None) -> str:
    return (word or "").replace("_", " ")


def _attribute(token: str) -> Attribute:
    found = _COLUMN.fullmatch(token)
    if found is None:
        raise ValueError(f"the column {token!r} cannot be read")
    stem, name, low, high, values, marks = found.groups()
    kind, participle = _kind_of(name, stem, values)
    if low is not None:
        kind = replace(kind, low=float(low), high=float(high), places=kind.places if "." in low + high else 0)
    if values is not None:
        kind = replace(kind, values=tuple(_said(v) for v in values.split(",")))
    plain = kind.role in ("category", "flag") and name not in kinds()
    return Attribute(
        stem=stem or (name if plain or participle else ""),
        kind=kind,
        participle=participle,
        unknown="?" in marks,
        before="~" not in marks,
    )


def _kind_of(name: str, stem: str | None, values: str | None) -> tuple[Kind, str]:
    """The kind that ``name`` says, and the participle of a date or year."""
    if name in kinds():
        kind = kinds()[name]
        participle = stem if stem in dates() and kind.role == "year" else ""
        if stem and not participle:
            units = () if name == "amount" else kind.units  # an amount of anything has no currency
            kind = replace(
                kind, units=units, names=(stem,), nouns=(_said(stem),), most=(), least=(), more=(), less=(), things=""
            )
        return kind, participle or ""
    if name in dates():
        return Kind(role="date"), name
    if values is not None:
        return Kind(role="category", names=(name,), nouns=(_said(name),)), ""
    raise ValueError(f"there is no kind of column {name!r}")
