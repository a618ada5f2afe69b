"""Make the small databases of the pack sqlite: `python packs/make_sqlite_data.py [folder]`.

Four invented domains with a fixed seed: the runs of a detector, a shop, a laboratory's samples, the papers of a
collaboration. The rows are the same at every run; the bytes too, as long as the version of SQLite is (it writes its own
version into the header).
"""

from __future__ import annotations

import datetime
import random
import sqlite3
import sys
from pathlib import Path

SEED = 20251125
OUT = Path(__file__).parent / "sqlite" / "data"
DAY = datetime.timedelta(days=1)


def date(text):
    return datetime.datetime.fromisoformat(text)


def days_from(start, rng, low, high):
    return (date(start) + rng.randint(low, high) * DAY).date().isoformat()


# --------------------------------------------------------------------------------------------- runs of a detector

RUNS = """
CREATE TABLE fill (fill_number INTEGER PRIMARY KEY, beam_energy_GeV REAL NOT NULL, scheme TEXT NOT NULL, n_bunches INTEGER NOT NULL);
CREATE TABLE run (run_number INTEGER PRIMARY KEY, fill_number INTEGER NOT NULL REFERENCES fill (fill_number), start_time TEXT NOT NULL,
    end_time TEXT, trigger_menu TEXT NOT NULL, n_events INTEGER NOT NULL);
CREATE TABLE lumi_block (run_number INTEGER NOT NULL REFERENCES run (run_number), block INTEGER NOT NULL, delivered_nb REAL NOT NULL,
    recorded_nb REAL NOT NULL, PRIMARY KEY (run_number, block));
CREATE TABLE subdetector (subdetector_id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE run_quality (run_number INTEGER NOT NULL REFERENCES run (run_number),
    subdetector_id INTEGER NOT NULL REFERENCES subdetector (subdetector_id), flag TEXT NOT NULL, PRIMARY KEY (run_number, subdetector_id));
"""
SUBDETECTORS = (("pixel", "tracker"), ("strip", "tracker"), ("ecal", "calorimeter"), ("hcal", "calorimeter"), ("muon", "muon system"))


def runs(db, rng):
    db.executescript(RUNS)
    db.executemany("INSERT INTO subdetector VALUES (?, ?, ?)", [(i, *s) for i, s in enumerate(SUBDETECTORS, 1)])
    number, start = 3801, date("2024-05-03 08:20")
    for fill, (energy, scheme, bunches) in enumerate(
        [(6800.0, "standard", 2340), (6800.0, "standard", 2352), (450.0, "test", 12), (6800.0, "low-mu", 600), (6800.0, "standard", 2460)], 9501
    ):
        db.execute("INSERT INTO fill VALUES (?, ?, ?, ?)", (fill, energy, scheme, bunches))
        for _ in range(rng.randint(3, 5)):
            blocks = rng.randint(3, 7)
            minutes = blocks * 40 + rng.randint(5, 30)
            end = start + datetime.timedelta(minutes=minutes)
            menu = "cosmics" if scheme == "test" else rng.choice(["physics_v1", "physics_v1", "physics_v2"])
            ended = None if number == 3817 else end.isoformat(" ", "minutes")
            events = rng.randint(60, 140) * minutes * (1 if scheme == "test" else 50)
            db.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?)", (number, fill, start.isoformat(" ", "minutes"), ended, menu, events))
            if scheme != "test":
                for block in range(1, blocks + 1):
                    delivered = round(rng.uniform(900, 1500) * bunches / 2400, 1)
                    db.execute("INSERT INTO lumi_block VALUES (?, ?, ?, ?)", (number, block, delivered, round(delivered * rng.uniform(0.86, 0.98), 1)))
                for subdetector in range(1, 6):
                    if rng.random() < 0.9:
                        flag = rng.choice(["good"] * 5 + ["bad", "tolerable"])
                        db.execute("INSERT INTO run_quality VALUES (?, ?, ?)", (number, subdetector, flag))
            number, start = number + 1, end + datetime.timedelta(minutes=rng.randint(10, 90))
        start += rng.randint(1, 3) * DAY


# -------------------------------------------------------------------------------------------------------- a shop

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, joined_on TEXT NOT NULL, referred_by INTEGER
    REFERENCES customers (customer_id));
CREATE TABLE products (product_id INTEGER PRIMARY KEY, name TEXT NOT NULL, category TEXT NOT NULL, price_eur REAL NOT NULL, stock INTEGER NOT NULL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (customer_id), ordered_on TEXT NOT NULL,
    delivered_on TEXT, carrier TEXT NOT NULL);
CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders (order_id), product_id INTEGER NOT NULL REFERENCES products (product_id),
    quantity INTEGER NOT NULL, unit_price_eur REAL NOT NULL, PRIMARY KEY (order_id, product_id));
"""
CUSTOMERS = (
    ("Anna Lindqvist", "Sweden"), ("Bruno Costa", "Portugal"), ("Chen Wei", "Taiwan"), ("Dora Novak", "Croatia"), ("Emil Hansen", "Denmark"),
    ("Farah Haddad", "Lebanon"), ("Giulia Ferri", "Italy"), ("Henk de Boer", "Netherlands"), ("Ines Moreau", "France"), ("Jan Kowalski", "Poland"),
    ("Karla Ruiz", "Italy"), ("Lars Berg", "Sweden"), ("Mina Sato", "Japan"), ("Nils Roth", "Sweden"),
)  # fmt: skip
PRODUCTS = (
    ("desk lamp", "lighting", 39.5), ("floor lamp", "lighting", 89.0), ("LED strip", "lighting", 18.9), ("oak desk", "furniture", 420.0),
    ("office chair", "furniture", 259.0), ("bookshelf", "furniture", 145.0), ("notebook", "stationery", 4.2), ("fountain pen", "stationery", 31.0),
    ("wall clock", "decoration", 52.0), ("vase", "decoration", 27.5), ("coat rack", "furniture", 78.0),
)  # fmt: skip


def shop(db, rng):
    db.executescript(SHOP)
    for number, (name, country) in enumerate(CUSTOMERS, 1):
        referred = rng.randint(1, number - 1) if number > 3 and rng.random() < 0.45 else None
        db.execute("INSERT INTO customers VALUES (?, ?, ?, ?, ?)", (number, name, country, days_from("2022-01-10", rng, 0, 700), referred))
    for number, (name, category, price) in enumerate(PRODUCTS, 1):
        db.execute("INSERT INTO products VALUES (?, ?, ?, ?, ?)", (number, name, category, price, rng.randint(0, 60)))
    for order in range(1, 49):
        customer = rng.choice([1, 1, 2, 3, 4, 5, 5, 6, 7, 7, 8, 9, 10, 12])
        ordered = days_from("2023-11-05", rng, 0, 420)
        carrier = rng.choice(["Hermod", "Postbode", "Postbode", "Swift"])
        delivered = None if rng.random() < 0.1 else days_from(ordered, rng, 1, 9 if carrier == "Swift" else 21)
        db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", (order, customer, ordered, delivered, carrier))
        for product in rng.sample(range(1, 11), rng.randint(1, 3)):
            price = round(PRODUCTS[product - 1][2] * rng.choice([1, 1, 0.9]), 2)
            db.execute("INSERT INTO order_lines VALUES (?, ?, ?, ?)", (order, product, rng.randint(1, 4), price))


# -------------------------------------------------------------------------------------------------- a laboratory

LAB = """
CREATE TABLE storage (storage_id INTEGER PRIMARY KEY, room TEXT NOT NULL, kind TEXT NOT NULL, temperature_C REAL NOT NULL);
CREATE TABLE sample (sample_id INTEGER PRIMARY KEY, label TEXT NOT NULL, material TEXT NOT NULL, received_on TEXT NOT NULL, mass_g REAL,
    storage_id INTEGER NOT NULL REFERENCES storage (storage_id), parent_id INTEGER REFERENCES sample (sample_id));
CREATE TABLE instrument (instrument_id INTEGER PRIMARY KEY, name TEXT NOT NULL, method TEXT NOT NULL, calibrated_on TEXT NOT NULL);
CREATE TABLE measurement (measurement_id INTEGER PRIMARY KEY, sample_id INTEGER NOT NULL REFERENCES sample (sample_id),
    instrument_id INTEGER NOT NULL REFERENCES instrument (instrument_id), measured_at TEXT NOT NULL, density_g_cm3 REAL NOT NULL,
    uncertainty_g_cm3 REAL NOT NULL, accepted INTEGER NOT NULL);
"""
STORAGES = (("B-101", "freezer", -80.0), ("B-101", "fridge", 4.0), ("B-117", "shelf", 21.0), ("C-004", "dry box", 21.5))
MATERIALS = {"silicon": 2.33, "diamond": 3.51, "epoxy": 1.18, "copper": 8.94, "kapton": 1.42}
INSTRUMENTS = (("Pyc-1", "pycnometer", "2024-01-15"), ("Pyc-2", "pycnometer", "2023-06-02"), ("Arch-A", "immersion", "2024-03-20"), ("XR-7", "x-ray", "2022-11-30"))


def lab(db, rng):
    db.executescript(LAB)
    db.executemany("INSERT INTO storage VALUES (?, ?, ?, ?)", [(i, *s) for i, s in enumerate(STORAGES, 1)])
    db.executemany("INSERT INTO instrument VALUES (?, ?, ?, ?)", [(i, *s) for i, s in enumerate(INSTRUMENTS, 1)])
    materials = list(MATERIALS)
    measurement = 1
    for number in range(1, 27):
        parent = rng.randint(1, number - 1) if number > 8 and rng.random() < 0.35 else None
        material = rng.choice(materials)
        if parent:
            (material,) = db.execute("SELECT material FROM sample WHERE sample_id = ?", (parent,)).fetchone()
        mass = None if rng.random() < 0.12 else round(rng.uniform(0.4, 25), 2)
        received = days_from("2024-01-08", rng, 0, 200)
        row = (number, f"S-{100 + number}", material, received, mass, rng.randint(1, 3), parent)
        db.execute("INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for _ in range(rng.choice([0, 1, 2, 2, 3])):
            value, error = MATERIALS[material] * rng.gauss(1, 0.015), round(MATERIALS[material] * rng.uniform(0.003, 0.02), 3)
            at = (date(received) + rng.randint(1, 40) * DAY + datetime.timedelta(minutes=rng.randint(480, 1080))).isoformat(" ", "minutes")
            accepted = int(rng.random() < 0.8)
            db.execute("INSERT INTO measurement VALUES (?, ?, ?, ?, ?, ?, ?)", (measurement, number, rng.randint(1, 3), at, round(value, 3), error, accepted))
            measurement += 1


# ------------------------------------------------------------------------------------- papers of a collaboration

PAPERS = """
CREATE TABLE institute (institute_id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE member (member_id INTEGER PRIMARY KEY, name TEXT NOT NULL, institute_id INTEGER NOT NULL REFERENCES institute (institute_id),
    joined_year INTEGER NOT NULL, left_year INTEGER);
CREATE TABLE document (document_id INTEGER PRIMARY KEY, title TEXT NOT NULL, topic TEXT NOT NULL, submitted_on TEXT NOT NULL, published_on TEXT,
    venue TEXT, n_pages INTEGER NOT NULL);
CREATE TABLE contribution (document_id INTEGER NOT NULL REFERENCES document (document_id), member_id INTEGER NOT NULL REFERENCES member (member_id),
    role TEXT NOT NULL, PRIMARY KEY (document_id, member_id));
CREATE TABLE reference_link (citing_id INTEGER NOT NULL REFERENCES document (document_id), cited_id INTEGER NOT NULL REFERENCES document (document_id),
    PRIMARY KEY (citing_id, cited_id));
"""
INSTITUTES = (("Aarhus Lab", "Denmark"), ("Lyon Centre", "France"), ("Padua Group", "Italy"), ("Kyoto Unit", "Japan"), ("Cork College", "Ireland"))
MEMBERS = "Abel Brandt Cordero Duval Egami Fontana Greco Hara Iversen Jolivet Kelly Lund Mori Nolan".split()
TITLES = (
    ("Search for long-lived particles", "searches"), ("Tracking at high occupancy", "detector"), ("Measurement of the W mass", "electroweak"),
    ("Jet energy calibration", "detector"), ("Evidence for a rare Z decay", "electroweak"), ("Search for heavy resonances", "searches"),
    ("Lifetime of charmed baryons", "flavour"), ("Muon trigger upgrade", "detector"), ("Mixing of neutral charm mesons", "flavour"),
    ("Dijet angular distributions", "searches"), ("Luminosity from pixel clusters", "detector"), ("Tau polarisation in Z decays", "electroweak"),
    ("Displaced vertices in jets", "searches"), ("Calorimeter timing", "detector"),
)  # fmt: skip


def papers(db, rng):
    db.executescript(PAPERS)
    db.executemany("INSERT INTO institute VALUES (?, ?, ?)", [(i, *s) for i, s in enumerate(INSTITUTES, 1)])
    for number, name in enumerate(MEMBERS, 1):
        joined = rng.randint(2012, 2022)
        left = joined + rng.randint(2, 4) if rng.random() < 0.4 and joined < 2020 else None
        db.execute("INSERT INTO member VALUES (?, ?, ?, ?, ?)", (number, name, rng.choice([1, 1, 2, 2, 3, 4]), joined, left))
    for number, (title, topic) in enumerate(TITLES, 1):
        submitted = days_from("2021-02-01", rng, 0, 1100)
        published = None if rng.random() < 0.2 else days_from(submitted, rng, 60, 400)
        venue = published and rng.choice(["Eur. Phys. J. C", "J. Instrum.", "Phys. Rev. D"])
        db.execute("INSERT INTO document VALUES (?, ?, ?, ?, ?, ?, ?)", (number, title, topic, submitted, published, venue, rng.randint(8, 42)))
        people = rng.sample(range(1, len(MEMBERS)), rng.randint(2, 5))
        for place, member in enumerate(people):
            role = "editor" if place == 0 else rng.choice(["analyst", "analyst", "reviewer"])
            db.execute("INSERT INTO contribution VALUES (?, ?, ?)", (number, member, role))
    order = [row[0] for row in db.execute("SELECT document_id FROM document ORDER BY submitted_on")]
    for place, citing in enumerate(order[2:], 2):
        for cited in rng.sample(order[:place], rng.randint(0, min(3, place))):
            db.execute("INSERT INTO reference_link VALUES (?, ?)", (citing, cited))


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, fill in (("runs", runs), ("shop", shop), ("lab", lab), ("papers", papers)):
        path = folder / f"{name}.sqlite"
        path.unlink(missing_ok=True)
        db = sqlite3.connect(path)
        db.execute("PRAGMA page_size = 1024")
        fill(db, random.Random(f"{SEED}-{name}"))
        db.commit()
        db.execute("VACUUM")
        db.close()
        print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
