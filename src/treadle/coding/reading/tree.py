"""What a request may ask of a table of events: values, conditions and answers, as a tree.

A value has a *level*: one an event, or one an object of a collection. Conditions have the level of what they compare.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from treadle.coding.reading.catalogue import Thing

__all__ = [
    "KINDS",
    "All",
    "Answer",
    "Apply",
    "Arithmetic",
    "BestRow",
    "Chosen",
    "ChosenThree",
    "Column",
    "Compare",
    "Condition",
    "Dangling",
    "Every",
    "Flag",
    "Fold",
    "Groups",
    "Lacking",
    "Near",
    "Not",
    "Number",
    "Objects",
    "Of",
    "OfPairs",
    "Or",
    "Pair",
    "Pairs",
    "Pairwise",
    "Place",
    "Signs",
    "Size",
    "SizeOfPairs",
    "System",
    "Text",
    "That",
    "Value",
]


KINDS = {"electron": 11, "muon": 13, "tau": 15, "photon": 22, "proton": 2212, "pion": 211, "kaon": 321}
"""Kinds of particles with the number that the Particle Data Group gave them."""


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects of a collection (or a particle of which an event has one) that pass ``cuts``; with ``rank`` one of them.

    ``rank`` counts from 0 in falling order of ``by``; -1 is the last. ``adjective`` ('isolated', 'b tagged') is a word whose
    meaning the request has to tell, in a cut or in a sentence of its own. ``side`` 1 and 2 are the two of every combination
    of two objects of an event.
    """

    thing: Thing
    cuts: tuple[Condition, ...] = ()
    rank: int | None = None
    by: str = ""
    signs: str = ""
    adjective: str = ""
    side: int = 0

    @property
    def one(self) -> bool:
        """Whether an event has at most one of them."""
        return self.rank is not None or not self.thing.jagged

    def passing(self, *cuts: Condition) -> Objects:
        return replace(self, cuts=(*self.cuts, *(c for c in cuts if c not in self.cuts)))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two objects of an event: of one collection the first two in falling order, or one of each.

    ``system``: they are spoken of as one; ``loose``: only a plural said that there are two.
    """

    one: Objects
    other: Objects
    signs: str = ""
    system: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Pairs:
    """All combinations of two objects of an event that pass ``cuts``; ``pair`` are their two sides."""

    pair: Pair
    cuts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """What a column of words is compared with."""

    value: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column with one value an event."""

    name: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The number of an entry, from 0; of ``back`` from the end, -1 the last."""

    back: bool = False


@dataclass(frozen=True, slots=True)
class Of:
    """A quantity of objects."""

    objects: Objects
    what: str


@dataclass(frozen=True, slots=True)
class Size:
    """How many objects an event has."""

    objects: Objects


@dataclass(frozen=True, slots=True)
class OfPairs:
    """A quantity of all pairs."""

    pairs: Pairs
    what: str


@dataclass(frozen=True, slots=True)
class SizeOfPairs:
    """How many pairs an event has."""

    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Fold:
    """All objects of an event made one number: their ``sum``, ``max``, ``min`` or ``mean``."""

    how: str
    value: Value


@dataclass(frozen=True, slots=True)
class Pairwise:
    """A quantity of two objects: mass, pt, angle, delta_r, delta_phi, delta_eta, transverse_mass."""

    pair: Pair
    what: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A quantity of one pair of all: that with the 'max', the 'min' or the 'nearest' value to ``target``."""

    pairs: Pairs
    what: str
    by: str
    how: str
    target: Number | None = None


@dataclass(frozen=True, slots=True)
class ChosenThree:
    """A quantity of the sum of those three objects for which another is largest ('max') or smallest."""

    objects: Objects
    what: str
    by: str
    how: str


@dataclass(frozen=True, slots=True)
class System:
    """A quantity of the sum of the four-momenta of all objects, or of the first ``number`` in falling order.

    ``loose``: nothing says that it is the first, so that events must have just so many.
    """

    objects: Objects
    what: str
    number: int = 0
    loose: bool = False


@dataclass(frozen=True, slots=True)
class That:
    """A quantity of what another part of the request takes: 'its pt', 'their mass'; of a ``system`` 'the pt of the pair'."""

    what: str
    system: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``closed``: it stood in brackets."""

    operator: Literal["+", "-", "*", "/", "**", "&", "max", "min"]
    left: Value
    right: Value
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of one value: abs, log10, log (natural), sqrt, square, cos; isnan, a condition; gaps of sorted rows."""

    function: str
    value: Value
    closed: bool = False


Value = (
    Number
    | Text
    | Column
    | Place
    | Of
    | OfPairs
    | SizeOfPairs
    | Size
    | Fold
    | Pairwise
    | Chosen
    | ChosenThree
    | System
    | That
    | Arithmetic
    | Apply
)


@dataclass(frozen=True, slots=True)
class Compare:
    left: Value
    operator: str
    right: Value


@dataclass(frozen=True, slots=True)
class Flag:
    """A column of true and false (or 0 and 1)."""

    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class All:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Signs:
    """Two particles of 'opposite' or the 'same' charge; which, where words do not say it, is found when it is written."""

    kind: str
    pair: Pair | None = None


@dataclass(frozen=True, slots=True)
class Lacking:
    """Comparisons of quantities that do not say whose: 'pt above 20 and |eta| below 2.4'. '' is the usual quantity."""

    parts: tuple[tuple[str, bool, str, Number], ...]


@dataclass(frozen=True, slots=True)
class Every:
    """A condition that all objects of the event fulfil."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Near:
    """An object of ``thing`` that has one of the ``others`` of another collection within a distance."""

    thing: Thing
    others: Objects
    what: str
    within: Number


@dataclass(frozen=True, slots=True)
class BestRow:
    """A row that has the largest ('max') or smallest value of all rows of its group where the conditions hold."""

    by: tuple[Value, ...]
    value: Value
    how: str
    where: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Dangling:
    """Comparisons of which only the rest of the selection tells whose they are: 'exactly two muons, both above 20 GeV'."""

    lacking: Lacking


Condition = Compare | Flag | Not | All | Or | Signs | Every | Near | BestRow | Dangling


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows with the same values ``by``: ``inner`` makes one number of each group, of a value or its 'size'.

    ``operator`` and ``bound`` compare that number where groups are counted.
    """

    by: tuple[Value, ...]
    inner: str = ""
    operator: str = ""
    bound: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is asked: ``operation`` on ``value`` (or on events, or on ``objects``) where the conditions hold.

    ``top``: of so many of the largest values (negative: the smallest).
    With ``groups``, ``operation`` is that on the numbers of all groups of rows. ``parts``: several answers.
    ``passing`` is the numerator of a fraction; ``left`` and ``right`` are those of a difference or ratio of two answers.
    """

    operation: str
    value: Value | None = None
    where: tuple[Condition, ...] = ()
    passing: tuple[Condition, ...] = ()
    objects: Objects | None = None
    other: Value | None = None
    number: float = 0.0
    bins: tuple[int, float, float] | None = None
    left: Answer | None = None
    right: Answer | None = None
    unit: str = ""
    top: int = 0
    groups: Groups | None = None
    parts: tuple[Answer, ...] = ()
