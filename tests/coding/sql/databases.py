# ruff: noqa: E501 - rows of data read better on one line
"""Invented databases for the tests of doubts: a railway, a clinic, an observatory, a league; a library and a computing grid.

They are made by a fixed seed, so that the statements of the corpora give the same rows at every run.
"""

from __future__ import annotations

import datetime
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path

from summaries import summarise
from treadle.types import DataSummary

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
Rng = random.Random


def day(start: str, rng: Rng, low: int, high: int) -> str:
    return (datetime.date.fromisoformat(start) + rng.randint(low, high) * DAY).isoformat()


def moment(start: str, rng: Rng, minutes: int) -> datetime.datetime:
    return datetime.datetime.fromisoformat(start) + rng.randint(0, minutes) * MINUTE


def text(at: datetime.datetime) -> str:
    return at.isoformat(" ", "minutes")


def fill(db: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


# ---------------------------------------------------------------------------------------------------- a railway


def rail(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE station (station_id INTEGER PRIMARY KEY, name TEXT, city TEXT, country TEXT, opened_on TEXT, platforms INTEGER);
    CREATE TABLE line (line_id INTEGER PRIMARY KEY, name TEXT, operator TEXT, length_km REAL, electrified INTEGER);
    CREATE TABLE stop (line_id INTEGER REFERENCES line (line_id), station_id INTEGER REFERENCES station (station_id),
        stop_number INTEGER, PRIMARY KEY (line_id, station_id));
    CREATE TABLE train (train_id INTEGER PRIMARY KEY, line_id INTEGER REFERENCES line (line_id), model TEXT, built_year INTEGER,
        seats INTEGER, max_speed_kmh INTEGER);
    CREATE TABLE trip (trip_id INTEGER PRIMARY KEY, train_id INTEGER REFERENCES train (train_id), departed_at TEXT, arrived_at TEXT,
        delay_min INTEGER, passengers INTEGER);
    """)
    cities = [("Olten", "Switzerland"), ("Basel", "Switzerland"), ("Ulm", "Germany"), ("Lindau", "Germany"), ("Bregenz", "Austria"),
              ("Linz", "Austria"), ("Graz", "Austria"), ("Como", "Italy")]  # fmt: skip
    names = ["Central", "West", "Harbour", "Park", "Airport", "Old Town"]
    stations = []
    for number in range(1, 17):
        city, country = cities[number % len(cities)]
        stations.append(
            (number, f"{city} {names[number % 6]}", city, country, day("1890-03-01", rng, 0, 40000), rng.randint(2, 14))
        )
    fill(db, "station", stations)
    lines = [("Alpine Express", "SwiftRail", 412.5, 1), ("Lake Line", "SwiftRail", 96.0, 1), ("Valley Local", "Regio", 58.2, 0),
             ("Night Star", "NordBahn", 874.0, 1), ("Forest Branch", "Regio", 33.7, 0), ("Coastal", "NordBahn", 250.1, 0)]  # fmt: skip
    fill(db, "line", [(i, *line) for i, line in enumerate(lines, 1)])
    for line in range(1, 6):
        for place, station in enumerate(rng.sample(range(1, 16), rng.randint(3, 7)), 1):
            db.execute("INSERT INTO stop VALUES (?, ?, ?)", (line, station, place))
    models = ["Kestrel", "Falke", "Tortoise"]
    fill(db, "train", [(i, rng.choice([1, 1, 2, 3, 4, 5]), models[i % 3], rng.randint(1992, 2021), rng.randint(120, 640),
                        rng.choice([120, 160, 200, 250])) for i in range(1, 15)])  # fmt: skip
    trips = []
    for number in range(1, 61):
        left = moment("2023-12-20 05:00", rng, 200000)
        arrived = None if rng.random() < 0.08 else text(left + rng.randint(40, 600) * MINUTE)
        trips.append(
            (number, rng.randint(1, 12), text(left), arrived, rng.choice([0, 0, 0, 3, 7, 12, 25]), rng.randint(10, 500))
        )
    fill(db, "trip", trips)


# ----------------------------------------------------------------------------------------------------- a clinic


def clinic(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE patients (patient_id INTEGER PRIMARY KEY, name TEXT, born_on TEXT, city TEXT, blood_group TEXT);
    CREATE TABLE doctors (doctor_id INTEGER PRIMARY KEY, name TEXT, specialty TEXT, hired_on TEXT, salary_eur INTEGER);
    CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, patient_id INTEGER REFERENCES patients (patient_id),
        doctor_id INTEGER REFERENCES doctors (doctor_id), visited_on TEXT, cost_eur REAL, paid INTEGER);
    CREATE TABLE drugs (drug_id INTEGER PRIMARY KEY, name TEXT, maker TEXT, unit_price_eur REAL);
    CREATE TABLE prescriptions (visit_id INTEGER REFERENCES visits (visit_id), drug_id INTEGER REFERENCES drugs (drug_id),
        doses INTEGER, days INTEGER, PRIMARY KEY (visit_id, drug_id));
    """)
    people = [
        "Aino",
        "Bela",
        "Cleo",
        "Dario",
        "Elif",
        "Finn",
        "Gala",
        "Hugo",
        "Ilse",
        "Jonas",
        "Kaja",
        "Leo",
        "Mira",
        "Nadia",
        "Oskar",
        "Petra",
        "Quirin",
        "Rosa",
    ]
    fill(db, "patients", [(i, n, day("1938-01-01", rng, 0, 29000), rng.choice(["Riga", "Vilnius", "Tartu", "Riga"]),
                           rng.choice(["A", "B", "AB", "0"])) for i, n in enumerate(people, 1)])  # fmt: skip
    doctors = [("Dr Weiss", "cardiology"), ("Dr Ozols", "surgery"), ("Dr Kask", "cardiology"), ("Dr Liepa", "dermatology"),
               ("Dr Petrov", "surgery"), ("Dr Sild", "neurology")]  # fmt: skip
    fill(
        db,
        "doctors",
        [(i, *d, day("2009-05-01", rng, 0, 4500), rng.randint(50, 99) * 1000) for i, d in enumerate(doctors, 1)],
    )
    fill(db, "visits", [(i, rng.randint(1, 16), rng.randint(1, 5), day("2022-11-01", rng, 0, 500), round(rng.uniform(20, 400), 2),
                         int(rng.random() < 0.75)) for i in range(1, 71)])  # fmt: skip
    drugs = [("Cardol", "Baltpharm"), ("Dermix", "Nordmed"), ("Somnil", "Baltpharm"), ("Painex", "Nordmed"), ("Vitapur", "Ostmed"),
             ("Rarex", "Ostmed")]  # fmt: skip
    fill(db, "drugs", [(i, *d, round(rng.uniform(0.2, 9), 2)) for i, d in enumerate(drugs, 1)])
    for visit in range(1, 71):
        for drug in rng.sample(range(1, 6), rng.choice([0, 1, 1, 2])):
            db.execute(
                "INSERT INTO prescriptions VALUES (?, ?, ?, ?)", (visit, drug, rng.randint(1, 4), rng.choice([3, 5, 7, 14]))
            )


# ------------------------------------------------------------------------------------------------ an observatory


def observatory(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE telescope (id INTEGER PRIMARY KEY, name TEXT, site TEXT, mirror_m REAL, first_light TEXT);
    CREATE TABLE target (id INTEGER PRIMARY KEY, name TEXT, kind TEXT, distance_pc REAL, magnitude REAL);
    CREATE TABLE observer (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
    CREATE TABLE exposure (id INTEGER PRIMARY KEY, telescope_id INTEGER REFERENCES telescope (id),
        target_id INTEGER REFERENCES target (id), observer_id INTEGER REFERENCES observer (id), taken_at TEXT, seconds INTEGER,
        seeing_arcsec REAL, quality TEXT, band TEXT);
    """)
    fill(db, "telescope", [(1, "Meridian", "Teide", 1.5, "1988-04-02"), (2, "Big Eye", "Paranal", 6.5, "2001-09-17"),
                           (3, "Little Eye", "Paranal", 0.6, "2010-01-30"), (4, "Polar", "Kiruna", 2.2, "1996-11-08")])  # fmt: skip
    kinds = ["galaxy", "star", "nebula", "star", "cluster"]
    fill(db, "target", [(i, f"{'KVX'[i % 3]}-{400 + 7 * i}", kinds[i % 5], None if i % 7 == 0 else round(rng.uniform(3, 9000), 1),
                         round(rng.uniform(2, 21), 1)) for i in range(1, 21)])  # fmt: skip
    fill(db, "observer", [(i, n, c) for i, (n, c) in enumerate([("Acosta", "Spain"), ("Bauer", "Austria"), ("Cruz", "Chile"),
                          ("Dahl", "Sweden"), ("Ek", "Sweden"), ("Fuentes", "Chile")], 1)])  # fmt: skip
    fill(db, "exposure", [(i, rng.randint(1, 3), rng.randint(1, 17), rng.randint(1, 5), text(moment("2023-10-01 19:00", rng, 300000)),
                           rng.choice([30, 60, 120, 300, 900]), None if rng.random() < 0.1 else round(rng.uniform(0.5, 2.4), 2),
                           rng.choice("AABBC"), rng.choice(["u", "g", "r", "i"])) for i in range(1, 91)])  # fmt: skip


# ------------------------------------------------------------------------------------------------------ a league


def league(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE team (team_id INTEGER PRIMARY KEY, name TEXT, city TEXT, founded INTEGER, budget_keur INTEGER);
    CREATE TABLE player (player_id INTEGER PRIMARY KEY, name TEXT, team_id INTEGER REFERENCES team (team_id), position TEXT,
        birth_date TEXT, height_cm INTEGER, shirt TEXT);
    CREATE TABLE game (game_id INTEGER PRIMARY KEY, home_id INTEGER REFERENCES team (team_id), away_id INTEGER REFERENCES team (team_id),
        played_on TEXT, home_goals INTEGER, away_goals INTEGER, attendance INTEGER);
    CREATE TABLE goal (goal_id INTEGER PRIMARY KEY, game_id INTEGER REFERENCES game (game_id),
        player_id INTEGER REFERENCES player (player_id), minute INTEGER, kind TEXT);
    """)
    teams = [
        ("Rovers", "Leeds"),
        ("United", "Hull"),
        ("Wanderers", "York"),
        ("Albion", "Hull"),
        ("Athletic", "Leeds"),
        ("Borough", "Whitby"),
    ]
    fill(db, "team", [(i, *t, rng.randint(1880, 1995), rng.randint(40, 900)) for i, t in enumerate(teams, 1)])
    surnames = [
        "Ash",
        "Birch",
        "Cole",
        "Dean",
        "Ellis",
        "Ford",
        "Grey",
        "Hart",
        "Irwin",
        "Jones",
        "Kemp",
        "Lowe",
        "Marsh",
        "Nash",
        "Owen",
        "Pope",
        "Quick",
        "Reed",
        "Shaw",
        "Todd",
        "Upton",
        "Voss",
    ]
    positions = ["keeper", "defender", "midfielder", "forward"]
    fill(db, "player", [(i, n, None if i == 22 else 1 + i % 6, positions[i % 4], day("1985-02-01", rng, 0, 7300), rng.randint(168, 199),
                         str(rng.randint(1, 30))) for i, n in enumerate(surnames, 1)])  # fmt: skip
    number, goals = 1, 1
    for home in range(1, 6):
        for away in range(1, 6):
            if home == away:
                continue
            a, b = rng.choice([0, 1, 1, 2, 3]), rng.choice([0, 0, 1, 2])
            crowd = None if rng.random() < 0.1 else rng.randint(300, 9000)
            db.execute(
                "INSERT INTO game VALUES (?, ?, ?, ?, ?, ?, ?)",
                (number, home, away, day("2023-08-12", rng, 0, 280), a, b, crowd),
            )
            for _ in range(a + b):
                kind = rng.choice(["open play", "open play", "open play", "penalty", "free kick"])
                db.execute(
                    "INSERT INTO goal VALUES (?, ?, ?, ?, ?)", (goals, number, rng.randint(1, 20), rng.randint(1, 90), kind)
                )
                goals += 1
            number += 1


# ----------------------------------------------------------------------------------------------------- a library


def library(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE book (book_id INTEGER PRIMARY KEY, title TEXT, genre TEXT, year INTEGER, pages INTEGER);
    CREATE TABLE copy (copy_id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES book (book_id), shelf TEXT, bought_on TEXT, price_eur REAL);
    CREATE TABLE reader (reader_id INTEGER PRIMARY KEY, name TEXT, town TEXT, joined_on TEXT);
    CREATE TABLE loan (loan_id INTEGER PRIMARY KEY, copy_id INTEGER REFERENCES copy (copy_id), reader_id INTEGER REFERENCES reader (reader_id),
        lent_on TEXT, returned_on TEXT, fine_eur REAL);
    """)
    titles = ["Salt Roads", "The Glass Tide", "A Field Guide to Fog", "Iron Orchard", "Moth Hour", "Seven Bridges", "Quiet Engines",
              "The Cartographer", "Winter Algebra", "Low Country"]  # fmt: skip
    genres = ["novel", "travel", "science", "novel", "poetry"]
    fill(db, "book", [(i, t, genres[i % 5], rng.randint(1951, 2022), rng.randint(80, 640)) for i, t in enumerate(titles, 1)])
    fill(db, "copy", [(i, rng.randint(1, 9), rng.choice(["A1", "A2", "B1"]), day("2015-01-10", rng, 0, 3000), round(rng.uniform(6, 40), 2))
                      for i in range(1, 25)])  # fmt: skip
    fill(db, "reader", [(i, n, rng.choice(["Ghent", "Bruges", "Ghent", "Ostend"]), day("2018-03-01", rng, 0, 1900))
                        for i, n in enumerate(["Arno", "Bea", "Cis", "Dirk", "Els", "Fien", "Gert", "Hilde", "Ivo", "Jana", "Koen", "Lies"], 1)])  # fmt: skip
    loans = []
    for number in range(1, 56):
        lent = day("2023-01-05", rng, 0, 420)
        returned = None if rng.random() < 0.15 else day(lent, rng, 2, 45)
        loans.append((number, rng.randint(1, 22), rng.randint(1, 10), lent, returned, rng.choice([0.0, 0.0, 0.5, 1.2, 3.0])))
    fill(db, "loan", loans)


# ----------------------------------------------------------------------------------------------- a computing grid


def grid(db: sqlite3.Connection, rng: Rng) -> None:
    db.executescript("""
    CREATE TABLE site (site_id INTEGER PRIMARY KEY, name TEXT, country TEXT, cores INTEGER, disk_TB REAL);
    CREATE TABLE user_account (user_id INTEGER PRIMARY KEY, login TEXT, institute TEXT, quota_hours INTEGER);
    CREATE TABLE dataset (dataset_id INTEGER PRIMARY KEY, name TEXT, campaign TEXT, n_files INTEGER, size_GB REAL, created_on TEXT);
    CREATE TABLE job (job_id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES user_account (user_id), site_id INTEGER REFERENCES site (site_id),
        dataset_id INTEGER REFERENCES dataset (dataset_id), submitted_at TEXT, started_at TEXT, finished_at TEXT, exit_code INTEGER,
        memory_MB INTEGER);
    """)
    fill(db, "site", [(1, "Harwell", "UK", 12000, 900.0), (2, "Lyon", "France", 21000, 2100.5), (3, "Bologna", "Italy", 16500, 1500.0),
                      (4, "Krakow", "Poland", 8000, 420.0), (5, "Prague", "Czechia", 9500, 610.0)])  # fmt: skip
    fill(db, "user_account", [(i, n, rng.choice(["Glasgow", "Pisa", "Orsay"]), rng.choice([500, 1000, 2000]))
                              for i, n in enumerate(["akim", "bcarr", "cdias", "eduval", "fkoch", "ghill", "hnovy"], 1)])  # fmt: skip
    fill(db, "dataset", [(i, f"/{c}/{k}", c, rng.randint(3, 80), round(rng.uniform(4, 900), 1), day("2023-02-01", rng, 0, 600))
                         for i, (c, k) in enumerate([(c, k) for c in ("Run3A", "Run3B", "MC23") for k in ("JETS", "MUONS", "EGAMMA")], 1)])  # fmt: skip
    jobs = []
    for number in range(1, 81):
        sent = moment("2024-02-01 00:00", rng, 80000)
        started = None if rng.random() < 0.07 else sent + rng.randint(1, 400) * MINUTE
        ended = None if started is None or rng.random() < 0.06 else started + rng.randint(5, 1500) * MINUTE
        code = None if ended is None else rng.choice([0, 0, 0, 0, 1, 137])
        jobs.append((number, rng.randint(1, 6), rng.randint(1, 4), rng.randint(1, 8), text(sent), started and text(started),
                     ended and text(ended), code, rng.choice([500, 1000, 2000, 4000])))  # fmt: skip
    fill(db, "job", jobs)


MAKERS: dict[str, Callable[[sqlite3.Connection, Rng], None]] = {
    "rail": rail,
    "clinic": clinic,
    "observatory": observatory,
    "league": league,
    "library": library,
    "grid": grid,
}


def make(name: str, folder: Path) -> Path:
    """The database ``name`` in ``folder``; made once."""
    path = folder / f"{name}.sqlite"
    if not path.exists():
        with closing(sqlite3.connect(path)) as db:
            MAKERS[name](db, random.Random(f"20251125-{name}"))
            db.commit()
    return path


@cache
def summary_of(path: Path) -> DataSummary:
    return summarise(path)
