"""Make examples/data/particles.sqlite from the PDG table of the package particle.

Usage: `python examples/make_particles.py [folder]`.

Three tables: `particle` (one row a particle, with units in the names of its columns), `family` (what kinds of particles
there are) and `quark_content` (how many quarks and antiquarks of which flavour, where the content is definite). NULL stands
for what is not known or not defined; the lifetime of a particle that does not decay is NULL, and `stable` is 1.

The rows depend on the version of the package alone, the bytes also on that of SQLite, which writes it into the file.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import particle
from particle import Particle
from particle.particle.enums import Parity, Status

OUT = Path(__file__).parent / "data"
# INT, not INTEGER: so that the rows stay in the order in which they are written, each particle before its antiparticle.
SCHEMA = """
CREATE TABLE family (name TEXT PRIMARY KEY, statistics TEXT NOT NULL, made_of TEXT NOT NULL);
CREATE TABLE particle (
    pdgid INT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    family TEXT NOT NULL REFERENCES family (name),
    mass_MeV REAL,
    mass_uncertainty_MeV REAL,
    width_MeV REAL,
    lifetime_ns REAL,
    stable INTEGER NOT NULL,
    charge REAL NOT NULL,
    spin REAL,
    parity INTEGER,
    c_parity INTEGER,
    isospin REAL,
    quarks TEXT,
    antiparticle_pdgid INTEGER REFERENCES particle (pdgid),
    status TEXT NOT NULL,
    latex TEXT NOT NULL
);
CREATE TABLE quark_content (
    pdgid INTEGER NOT NULL REFERENCES particle (pdgid),
    flavour TEXT NOT NULL,
    n_quarks INTEGER NOT NULL,
    n_antiquarks INTEGER NOT NULL,
    PRIMARY KEY (pdgid, flavour)
);
"""
FAMILIES = [
    ("quark", "fermion", "elementary"),
    ("lepton", "fermion", "elementary"),
    ("boson", "boson", "elementary"),
    ("meson", "boson", "as many quarks as antiquarks"),
    ("baryon", "fermion", "three quarks more than antiquarks, or less"),
]
FLAVOURS = {"d": "down", "u": "up", "s": "strange", "c": "charm", "b": "bottom", "t": "top"}
STATUS = {Status.Common: "common", Status.Rare: "rare", Status.Unsure: "unsure"}
"""Of the PDG: established and in the summary tables, less established, existence uncertain."""


def family(p: Particle) -> str:
    kinds = {
        "quark": p.pdgid.is_quark,
        "lepton": p.pdgid.is_lepton,
        "boson": p.pdgid.is_gauge_boson_or_higgs,
        "meson": p.pdgid.is_meson,
        "baryon": p.pdgid.is_baryon,
    }
    (name,) = [kind for kind, is_one in kinds.items() if is_one]
    return name


def number(value: object) -> float | None:
    return None if value is None else float(value)  # type: ignore[arg-type]


def parity(value: Parity) -> int | None:
    return None if value is Parity.u else int(value)


def antiparticle(p: Particle, known: set[int]) -> int | None:
    """The table says of three charged resonances that they are their own antiparticles, which no charged particle is."""
    other = int(p.invert().pdgid)
    if other == p.pdgid and p.charge:
        other = -other
    return other if other in known else None


def row(p: Particle, known: set[int]) -> tuple[object, ...]:
    stable = p.width == 0
    return (
        int(p.pdgid),
        p.name,
        family(p),
        number(p.mass),
        number(p.mass_upper),
        number(p.width),
        None if stable or p.width is None else float(f"{p.lifetime:.6g}"),
        int(stable),
        round(float(p.charge), 6),
        number(p.J),
        parity(p.P),
        parity(p.C),
        number(p.I),
        p.quarks or None,
        antiparticle(p, known),
        STATUS[p.status],
        p.latex_name,
    )


def contents(p: Particle) -> list[tuple[int, str, int, int]]:
    """Only where the content is a plain product of quarks, not a mixture such as (uU-dD)/sqrt(2)."""
    if not re.fullmatch(r"[dusctbDUSCTB]+", p.quarks or ""):
        return []
    found = []
    for letter, name in FLAVOURS.items():
        quarks, antiquarks = p.quarks.count(letter), p.quarks.count(letter.upper())
        if quarks or antiquarks:
            found.append((int(p.pdgid), name, quarks, antiquarks))
    return found


def make(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "particles.sqlite"
    path.unlink(missing_ok=True)
    known = sorted(
        (p for p in Particle.all() if abs(p.pdgid) < 10**9 and p.status in STATUS), key=lambda p: (abs(p.pdgid), -p.pdgid)
    )
    with closing(sqlite3.connect(path)) as db:
        db.executescript(SCHEMA)
        db.executemany("INSERT INTO family VALUES (?, ?, ?)", FAMILIES)
        db.executemany(
            f"INSERT INTO particle VALUES ({', '.join('?' * 17)})", [row(p, {int(k.pdgid) for k in known}) for p in known]
        )
        db.executemany("INSERT INTO quark_content VALUES (?, ?, ?, ?)", [c for p in known for c in contents(p)])
        db.commit()
        db.execute("VACUUM")
    return path


def provenance(path: Path) -> str:
    with closing(sqlite3.connect(path)) as db:
        counts = {t: db.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in ("particle", "family", "quark_content")}
    rows = ", ".join(f"{count} of {name}" for name, count in counts.items())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    table = Path(particle.__file__).parent / "data" / next(n for n in Particle.table_names() if n.startswith("particle"))
    first = table.read_text(encoding="utf-8").splitlines()[0].rpartition("data file - ")[2]
    return f"""# Where particles.sqlite comes from

| | |
|---|---|
| file | particles.sqlite, {path.stat().st_size} bytes |
| rows | {rows} |
| sha256 | `{digest}` |
| made by | `python examples/make_particles.py` |
| source | PyPI package particle {particle.__version__} (BSD-3-Clause): {first} |
| data | Review of Particle Physics, Particle Data Group (https://pdg.lbl.gov), licence CC BY 4.0; cite the current edition |
| written with | SQLite {sqlite3.sqlite_version} |
| left out | nuclei, diquarks and what is not in the tables of the PDG (supersymmetric and other hypothetical particles) |
| units | MeV, ns, charges in units of the positron's; spin in units of hbar |
| uncertainty | `mass_uncertainty_MeV` is the upper one where the two differ |
| lifetime | hbar / width, six digits; NULL where the width is not known, and for what does not decay (`stable` = 1) |
"""


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
    made = make(target)
    (target / "PARTICLES.md").write_text(provenance(made), encoding="utf-8")
    print(f"{made}: {made.stat().st_size} bytes")
