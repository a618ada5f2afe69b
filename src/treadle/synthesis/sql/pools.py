"""Values of columns: names of people, towns and firms, codes, dates; most of them made up from parts."""

from __future__ import annotations

import random
from collections.abc import Callable

__all__ = ["COUNTRIES", "make_text", "nice", "people"]

_FIRST = """
Anna Ben Carla David Elena Felix Greta Hugo Ines Jonas Karin Leo Maya Nils Olga Paul Quinn Rosa Sven Tara Umar Vera
Wim Xenia Yusuf Zoe Amir Bianca Chen Dora Emil Farah Goran Hanna Ivo Julia Kofi Lena Marco Nadia Oscar Petra Rafael
Sara Tomas Ursula Victor Wanda Yara Zain Aiko Bruno Clara Diego Esther Fatima Georg Helga Iris Jamal Keiko Luca Mila
Noah
"""
_LAST = """
Adler Baker Castro Dubois Eriksen Fischer Garcia Hansen Ivanov Jensen Keller Lopez Moreau Novak Olsen Petrov Quist
Rossi Schmid Tanaka Urban Vogel Weber Yilmaz Zimmer Andersson Bianchi Chandra Demir Evans Ferrari Gomez Haas Iqbal
Jansen Kim Lindgren Meyer Nakamura Okafor Park Ruiz Silva Takeda Usman Varga Wagner Young Ziegler Abebe Brandt Costa
Duarte Egger Fontana
"""
_TOWNS = """
Aarau Bergen Cadiz Delft Essen Faro Gent Halle Imola Jena Kiel Lugano Malmo Namur Oulu Porto Rennes Siena Turku Udine
Varna Wels Ystad Zadar Arles Brno Cork Dijon Evora Fulda Graz Hamar Ivrea Jaca Kassel Lund Metz Nimes Odense Parma
Riga Split Trento
"""
_COUNTRY_TEXT = "Austria Belgium Brazil Canada Chile Denmark Egypt Finland France Germany Greece Hungary India Ireland Italy Japan Kenya Mexico Norway Peru Poland Portugal Spain Sweden Switzerland Turkey"  # noqa: E501
COUNTRIES = tuple(_COUNTRY_TEXT.split())
_REGIONS = ("North", "South", "East", "West", "Central", "Coast", "Highlands", "Lowlands")
_ADJECTIVES = """
Silent Broken Golden Hidden Last Distant Cold Bright Lost Crooked Empty Burning Second Quiet Paper Winter Northern
Blue Narrow Velvet Rusty Sleeping Electric Wandering Forgotten Hollow Secret Early
"""
_NOUNS = """
Harbour Garden River Mirror Engine Orchard Lantern Winter Letter Bridge Signal Compass Forest Island Clock Season
Shadow Window Voyage Stone Circle Market Theory Kingdom Summer Echo Horizon Ladder Feather Tunnel
"""
_SYLLABLES = [
    "ba",
    "lor",
    "ven",
    "tra",
    "mi",
    "zul",
    "pex",
    "dor",
    "ka",
    "rin",
    "sol",
    "vi",
    "tan",
    "gra",
    "ne",
    "mor",
    "fi",
    "lux",
    "cel",
    "dra",
    "pho",
    "ru",
    "sta",
    "ver",
    "ix",
    "qua",
    "len",
    "bri",
    "os",
]
_SUFFIXES = ("AG", "Ltd", "Works", "Systems", "Group", "Trading", "Partners", "Labs")
_STREETS = ("Oak Street", "Mill Lane", "Station Road", "Lake View", "High Street", "Church Way", "Hill Road")
_NOTES = ("checked twice", "see report", "to be confirmed", "moved from archive", "second attempt", "no remarks", "urgent")


def people(choose: random.Random, count: int) -> list[tuple[str, str]]:
    """Different people as (first, last) names."""
    first, last = _FIRST.split(), _LAST.split()
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        found[choose.choice(first), choose.choice(last)] = None
    return list(found)


def _word(choose: random.Random) -> str:
    return "".join(choose.choice(_SYLLABLES) for _ in range(choose.choice((2, 2, 3)))).capitalize()


def _title(choose: random.Random) -> str:
    adjective, noun = choose.choice(_ADJECTIVES.split()), choose.choice(_NOUNS.split())
    return choose.choice(
        (f"{adjective} {noun}", f"The {adjective} {noun}", f"{noun} of the {adjective} {_word(choose)}", noun)
    )


def _code(choose: random.Random) -> str:
    letters = "".join(choose.choice("ABCDEFGHKLMNPRSTVX") for _ in range(2))
    return f"{letters}{choose.choice(('', '-'))}{choose.randint(10, 9999)}"


def _company(choose: random.Random) -> str:
    stem = choose.choice((_word(choose), choose.choice(_LAST.split())))
    return f"{stem} {choose.choice(_SUFFIXES)}"


def _email(choose: random.Random) -> str:
    provider = choose.choice(("mail", "post", "inbox"))
    ending = choose.choice(("com", "org", "net"))
    return f"{choose.choice(_FIRST.split()).lower()}.{choose.choice(_LAST.split()).lower()}@{provider}.{ending}"


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "person": lambda c: " ".join(people(c, 1)[0]),
    "title": _title,
    "word": _word,
    "town": lambda c: f"{c.choice(_TOWNS.split())}{c.choice(('', '', ' Nord', ' Centre', ' Park', ' Hill'))}",
    "code": _code,
    "company": _company,
    "email": _email,
    "phone": lambda c: f"+{c.randint(30, 49)} {c.randint(10, 99)} {c.randint(100000, 999999)}",
    "address": lambda c: f"{c.randint(1, 90)} {c.choice(_STREETS)}",
    "website": lambda c: f"www.{_word(c).lower()}.{c.choice(('com', 'org', 'net'))}",
    "note": lambda c: c.choice(_NOTES),
    "country": lambda c: c.choice(COUNTRIES),
    "city": lambda c: c.choice(_TOWNS.split()),
    "region": lambda c: c.choice(_REGIONS),
}


def make_text(maker: str, choose: random.Random) -> str:
    """One value of a maker named in ``kinds.toml``."""
    return _MAKERS[maker](choose)


def nice(value: float, places: int) -> float:
    """``value`` as a person would say a bound: two digits that count, whole from ten on."""
    if value == 0:
        return 0.0
    size = len(str(int(abs(value))))
    if abs(value) >= 10:
        return float(round(value, -(size - 2) if size > 2 else 0))
    return round(value, min(places, 2) if abs(value) < 1 else min(places, 1))
