"""examples/data/particles.sqlite: the committed file is the described one and holds the particles of the PDG."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples" / "data" / "particles.sqlite"
PROVENANCE = FILE.with_name("PARTICLES.md")


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{FILE.as_uri()}?mode=ro", uri=True)) as opened:
        yield opened


def rows(db: sqlite3.Connection, statement: str) -> list[tuple[Any, ...]]:
    return db.execute(statement).fetchall()


def test_file_is_the_one_described() -> None:
    text = PROVENANCE.read_text(encoding="utf-8")
    assert f"`{hashlib.sha256(FILE.read_bytes()).hexdigest()}`" in text
    assert f"{FILE.stat().st_size} bytes" in text
    assert FILE.stat().st_size < 1_000_000
    for word in ("PyPI package particle", "CC BY 4.0", "MeV", "ns", "SQLite"):
        assert word in text


def test_the_charged_pion_is_the_meson_that_lives_longest(db: sqlite3.Connection) -> None:
    statement = (
        "SELECT name, lifetime_ns FROM particle WHERE family = 'meson' AND charge <> 0 ORDER BY lifetime_ns DESC LIMIT 1"
    )
    ((name, lifetime_ns),) = rows(db, statement)
    assert name == "pi+"
    assert lifetime_ns == pytest.approx(26.033, abs=0.001)


def test_values_that_every_physicist_knows(db: sqlite3.Connection) -> None:
    known = dict(rows(db, "SELECT name, mass_MeV FROM particle"))
    assert known["e-"] == pytest.approx(0.511, abs=1e-4)
    assert known["p"] == pytest.approx(938.272, abs=1e-3)
    assert 91_000 < known["Z0"] < 91_400
    charges = dict(rows(db, "SELECT name, charge FROM particle WHERE family = 'quark'"))
    assert charges["u"] == pytest.approx(2 / 3, abs=1e-6)
    assert charges["d"] == pytest.approx(-1 / 3, abs=1e-6)
    assert dict(rows(db, "SELECT name, spin FROM particle WHERE name IN ('gamma', 'H0', 'mu-', 'Omega-')")) == {
        "gamma": 1.0,
        "H0": 0.0,
        "mu-": 0.5,
        "Omega-": 1.5,
    }
    assert {name for (name,) in rows(db, "SELECT name FROM particle WHERE stable = 1 AND charge = 1")} == {"p", "e+"}
    assert rows(db, "SELECT lifetime_ns FROM particle WHERE stable = 1 AND lifetime_ns IS NOT NULL") == []


def test_tables_fit_together(db: sqlite3.Connection) -> None:
    assert rows(db, "PRAGMA foreign_key_check") == []
    assert rows(db, "PRAGMA integrity_check") == [("ok",)]
    both = "SELECT a.name FROM particle a JOIN particle b ON b.pdgid = a.antiparticle_pdgid"
    assert rows(db, "SELECT name FROM particle WHERE antiparticle_pdgid IS NULL") == [("pi(2)(1880)+",)]
    odd = f"{both} WHERE b.antiparticle_pdgid <> a.pdgid"
    assert rows(db, odd) == []
    assert rows(db, f"{both} WHERE a.charge <> -b.charge OR a.mass_MeV <> b.mass_MeV") == []
    proton = (
        "SELECT flavour, n_quarks, n_antiquarks FROM quark_content JOIN particle USING (pdgid)"
        " WHERE name = 'p' ORDER BY flavour"
    )
    assert rows(db, proton) == [("down", 1, 0), ("up", 2, 0)]
    baryons = (
        "SELECT DISTINCT abs(SUM(n_quarks - n_antiquarks)) FROM quark_content JOIN particle USING (pdgid)"
        " WHERE family = 'baryon' GROUP BY pdgid"
    )
    assert rows(db, baryons) == [(3,)]


def test_the_script_makes_the_same_rows_again(tmp_path: Path) -> None:
    particle = pytest.importorskip("particle", reason="making the file needs treadle[hep]")
    if f"package particle {particle.__version__} " not in PROVENANCE.read_text(encoding="utf-8"):
        pytest.skip("another version of the package particle has other values")
    command = [sys.executable, str(ROOT / "examples" / "make_particles.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    with closing(sqlite3.connect(tmp_path / "particles.sqlite")) as new, closing(sqlite3.connect(FILE)) as old:
        assert list(new.iterdump()) == list(old.iterdump())
    if f"SQLite {sqlite3.sqlite_version} " in PROVENANCE.read_text(encoding="utf-8"):
        assert (tmp_path / "particles.sqlite").read_bytes() == FILE.read_bytes()
        assert (tmp_path / "PARTICLES.md").read_text(encoding="utf-8") == PROVENANCE.read_text(encoding="utf-8")
