"""What one request tells beside what it asks: units, what to treat as massless, where values come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.tree import Value

__all__ = ["Told"]

_ENERGIES = frozenset({"pt", "px", "py", "pz", "mass", "energy", "momentum", "met"})


@dataclass(slots=True)
class Told:
    """Filled while a request is cleaned, and only looked at afterwards; the ``catalogue`` is of the file alone.

    ``unit`` is that of the file and ``units`` those of columns, where the request tells them. ``energy_unit`` is the one
    that energies without a unit of their own are in; ``assumed`` where nobody could say it. ``sources`` are columns that
    the request says a value is computed from. ``names`` are its own for values: 'with w = mcWeight',
    ``metrics`` those for the numbers asked for.
    """

    catalogue: Catalogue
    unit: str = ""
    units: dict[str, str] = field(default_factory=dict)
    energy_unit: str = ""
    assumed: bool = False
    massless: bool = False
    sources: set[str] = field(default_factory=set)
    names: dict[str, Value] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()

    def unit_of_column(self, column: str) -> str:
        """The unit of a column: as the request tells it, as its name does, or as such columns of the file have it."""
        return self.units.get(column) or self.catalogue.by_column[column].unit or self.usual_unit(column)

    def usual_unit(self, column: str) -> str:
        """The unit of a column that does not tell it: that of the file for energies, momenta and masses."""
        ideas = self.catalogue.by_column[column].ideas
        if ideas & _ENERGIES and "phi" not in ideas:
            return self.energy_unit
        return "" if self.unit.endswith("eV") else self.unit
