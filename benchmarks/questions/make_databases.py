"""The databases that `questions.jsonl` asks about: invented, small, built by `python make_databases.py DIR`.

They serve development: what helps here is kept, so a rate on them says nothing about unseen databases.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

LIBRARY = """
CREATE TABLE authors (author_id INTEGER PRIMARY KEY, full_name TEXT, country TEXT, birth_year INTEGER);
CREATE TABLE books (book_id INTEGER PRIMARY KEY, title TEXT, author_id INTEGER REFERENCES authors(author_id), genre TEXT,
 pages INTEGER, published_year INTEGER, price REAL);
CREATE TABLE members (member_id INTEGER PRIMARY KEY, full_name TEXT, town TEXT, joined_on TEXT);
CREATE TABLE loans (loan_id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES books(book_id),
 member_id INTEGER REFERENCES members(member_id), loaned_on TEXT, returned_on TEXT);
"""
WEATHER = """
CREATE TABLE station (id INTEGER PRIMARY KEY, name TEXT, region TEXT, altitude_m REAL, opened INTEGER);
CREATE TABLE reading (id INTEGER PRIMARY KEY, station_id INTEGER, day TEXT, temperature_c REAL, rain_mm REAL, wind_kmh REAL);
CREATE TABLE sensor (serial TEXT PRIMARY KEY, station_id INTEGER, kind TEXT, status TEXT);
"""
LEAGUE = """
CREATE TABLE team (team_id INTEGER PRIMARY KEY, team_name TEXT, city TEXT, founded INTEGER, stadium_capacity INTEGER);
CREATE TABLE player (player_id INTEGER PRIMARY KEY, player_name TEXT, team_id INTEGER, position TEXT, age INTEGER,
 height_cm INTEGER, salary INTEGER);
CREATE TABLE game (game_id INTEGER PRIMARY KEY, played_on TEXT, home_id INTEGER, away_id INTEGER, home_goals INTEGER,
 away_goals INTEGER, attendance INTEGER);
CREATE TABLE goal (goal_id INTEGER PRIMARY KEY, game_id INTEGER, player_id INTEGER, minute INTEGER);
"""


def library(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(LIBRARY)
    names = ["Ada Lund", "Bo Ek", "Carla Ruiz", "Dmitri Orlov", "Eva Novak", "Farid Aziz", "Greta Holm", "Hugo Blanc"]
    places = ["Norway", "Sweden", "Spain", "Russia", "Czechia", "Egypt", "Sweden", "France"]
    db.executemany(
        "INSERT INTO authors VALUES (?,?,?,?)",
        [(i + 1, n, c, rng.randrange(1920, 1985)) for i, (n, c) in enumerate(zip(names, places, strict=True))],
    )
    genres = ["novel", "poetry", "history", "science", "crime"]
    words = ["River", "Stone", "Winter", "Garden", "Letters", "Island", "Clock", "Harbour", "Mirror", "Forest"]
    for i in range(40):
        title = f"The {words[i % 10]} of {words[(i * 3 + 1) % 10]}" + (f" {i // 10 + 1}" if i >= 10 else "")
        row = (i + 1, title, rng.randrange(1, 8), rng.choice(genres), rng.randrange(90, 700), rng.randrange(1950, 2024))
        db.execute("INSERT INTO books VALUES (?,?,?,?,?,?,?)", (*row, round(rng.uniform(5, 45), 2)))
    towns = ["Aarau", "Basel", "Chur", "Davos"]
    for i in range(15):
        joined = date(2018, 1, 1) + timedelta(days=rng.randrange(2000))
        db.execute(
            "INSERT INTO members VALUES (?,?,?,?)", (i + 1, f"Member {chr(65 + i)}", rng.choice(towns), joined.isoformat())
        )
    for i in range(90):
        out = date(2023, 1, 1) + timedelta(days=rng.randrange(500))
        back = None if rng.random() < 0.15 else (out + timedelta(days=rng.randrange(2, 60))).isoformat()
        db.execute(
            "INSERT INTO loans VALUES (?,?,?,?,?)",
            (i + 1, rng.randrange(1, 39), rng.randrange(1, 14), out.isoformat(), back),
        )


def weather(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(WEATHER)
    names = ["Alpe", "Brugg", "Corno", "Dent", "Elm", "Furka", "Gotth", "Horn", "Isone"]
    regions = ["north", "south", "east", "west"]
    for i, name in enumerate(names):
        row = (i + 1, name, regions[i % 4], rng.randrange(250, 3200), rng.randrange(1950, 2015))
        db.execute("INSERT INTO station VALUES (?,?,?,?,?)", row)
    number = 0
    for i in range(8):  # the ninth station has no readings
        for k in range(40):
            number += 1
            day = date(2024, 1, 1) + timedelta(days=k * 7)
            rain = 0.0 if rng.random() < 0.4 else round(rng.expovariate(0.15), 1)
            values = (round(rng.gauss(10 - i, 6), 1), rain, round(rng.uniform(0, 80), 1))
            db.execute("INSERT INTO reading VALUES (?,?,?,?,?,?)", (number, i + 1, day.isoformat(), *values))
    for i in range(24):
        kind = ["thermometer", "rain gauge", "anemometer"][i % 3]
        status = "broken" if rng.random() < 0.2 else "ok"
        db.execute("INSERT INTO sensor VALUES (?,?,?,?)", (f"S{i:03}", i % 9 + 1, kind, status))


def league(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(LEAGUE)
    teams = [
        ("Lions", "Leeds"),
        ("Owls", "Oslo"),
        ("Rams", "Rome"),
        ("Sharks", "Split"),
        ("Bears", "Bern"),
        ("Kites", "Kiel"),
    ]
    for i, (name, city) in enumerate(teams):
        db.execute(
            "INSERT INTO team VALUES (?,?,?,?,?)",
            (i + 1, name, city, rng.randrange(1890, 1990), rng.randrange(8, 60) * 1000),
        )
    positions = ["keeper", "defender", "midfielder", "forward"]
    for i in range(60):
        row = (i + 1, f"Player {i + 1}", i % 6 + 1, positions[(i // 6) % 4], rng.randrange(18, 38), rng.randrange(168, 200))
        db.execute("INSERT INTO player VALUES (?,?,?,?,?,?,?)", (*row, rng.randrange(20, 300) * 1000))
    number = goal = 0
    for home in range(1, 7):
        for away in range(1, 7):
            if home == away:
                continue
            number += 1
            scores = (rng.choice([0, 0, 1, 1, 2, 3, 4]), rng.choice([0, 0, 1, 1, 2, 3]))
            day = date(2024, 8, 1) + timedelta(days=7 * (number // 3))
            row = (number, day.isoformat(), home, away, *scores, rng.randrange(2000, 40000))
            db.execute("INSERT INTO game VALUES (?,?,?,?,?,?,?)", row)
            for side, count in zip((home, away), scores, strict=True):
                for _ in range(count):
                    goal += 1
                    scorer = side + 6 * rng.randrange(10)
                    db.execute("INSERT INTO goal VALUES (?,?,?,?)", (goal, number, scorer, rng.randrange(1, 91)))


def main(folder: Path) -> None:
    """Write the three files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, build in enumerate((library, weather, league)):
        path = folder / f"{build.__name__}.sqlite"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as db, db:
            build(db, random.Random(seed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
