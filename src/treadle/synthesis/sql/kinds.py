"""What columns may hold, and how they are called and spoken of: read from ``kinds.toml`` and ``dates.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

__all__ = ["Kind", "Role", "dates", "kinds"]

Role = Literal["label", "text", "category", "place", "amount", "count", "year", "flag", "date"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind. ``names`` of columns; all other words are what people say.

    ``most``/``least``: superlatives ('heaviest'); ``more``/``less``: what stands before a bound ('heavier than').
    ``things``: what a count counts. ``low``, ``high``: the usual range. ``places``: decimal places of its values.
    ``values`` of categories; ``maker`` of other texts; ``prepositions`` that a place may stand behind.
    """

    role: Role
    names: tuple[str, ...] = ()
    nouns: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    most: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    things: str = ""
    low: float = 0.0
    high: float = 0.0
    places: int = 1
    values: tuple[str, ...] = ()
    maker: str = ""
    prepositions: tuple[str, ...] = ()
    unit: str = ""


def _listed(text: str, by: str | None = ",") -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(by) if part.strip())


def _kind(entry: dict[str, Any]) -> Kind:
    low, high = entry.get("range", (0, 0))
    whole = entry.get("whole", entry["role"] in ("count", "year"))
    return Kind(
        role=entry["role"],
        names=_listed(entry.get("names", ""), None),
        nouns=_listed(entry.get("nouns", "")),
        units=_listed(entry.get("units", ""), None),
        most=_listed(entry.get("most", "")),
        least=_listed(entry.get("least", "")),
        more=_listed(entry.get("more", "")),
        less=_listed(entry.get("less", "")),
        things=entry.get("things", ""),
        low=float(low),
        high=float(high),
        places=0 if whole else entry.get("places", 1),
        values=_listed(entry.get("values", "")),
        maker=entry.get("maker", ""),
        prepositions=_listed(entry.get("preposition", "")),
        unit=entry.get("unit", ""),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files("treadle.synthesis.sql").joinpath(name).read_text(encoding="utf-8"))


@cache
def kinds() -> dict[str, Kind]:
    """All kinds by their names."""
    return {name: _kind(entry) for name, entry in _read("kinds.toml").items()}


@cache
def dates() -> dict[str, str]:
    """What happens on a date ('ordered'), with the root of its noun ('order')."""
    return {str(participle): str(root) for participle, root in _read("dates.toml").items()}
