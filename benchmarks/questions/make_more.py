"""The databases that `more.jsonl` asks about: invented, small, built anew by `python benchmarks/questions/make_more.py DIR`.

They serve development, like those of `make_databases.py`: a rate on them says nothing about unseen databases.
The same five files come out of every run: each is filled from a random generator with a fixed seed.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

# Foreign keys are declared, and columns have descriptive names.
UNIVERSITY = """
CREATE TABLE departments (dept_id INTEGER PRIMARY KEY, dept_name TEXT NOT NULL, faculty TEXT, building TEXT,
 budget_keur INTEGER, founded_year INTEGER);
CREATE TABLE professors (prof_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL,
 dept_id INTEGER REFERENCES departments(dept_id), rank TEXT, salary_eur INTEGER, hired_on TEXT, email TEXT);
CREATE TABLE students (student_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL,
 dept_id INTEGER REFERENCES departments(dept_id), birth_date TEXT, admission_year INTEGER, home_country TEXT,
 entrance_score REAL);
CREATE TABLE courses (course_code TEXT PRIMARY KEY, course_title TEXT, dept_id INTEGER REFERENCES departments(dept_id),
 prof_id INTEGER REFERENCES professors(prof_id), credits INTEGER, level TEXT, max_seats INTEGER);
CREATE TABLE enrolments (enrolment_id INTEGER PRIMARY KEY, student_id INTEGER REFERENCES students(student_id),
 course_code TEXT REFERENCES courses(course_code), semester TEXT, grade REAL);
CREATE TABLE prerequisites (course_code TEXT REFERENCES courses(course_code),
 required_code TEXT REFERENCES courses(course_code), PRIMARY KEY (course_code, required_code));
CREATE TABLE scholarships (scholarship_id INTEGER PRIMARY KEY, student_id INTEGER REFERENCES students(student_id),
 scholarship_name TEXT, amount_eur INTEGER, awarded_on TEXT);
"""
# No declared keys at all, and short ids.
MUSIC = """
CREATE TABLE artists (arid INTEGER, name TEXT, country TEXT, formed INTEGER, kind TEXT, disbanded INTEGER);
CREATE TABLE albums (alid INTEGER, arid INTEGER, title TEXT, released TEXT, label TEXT);
CREATE TABLE tracks (tid INTEGER, alid INTEGER, title TEXT, secs INTEGER, genre TEXT, plays INTEGER, explicit INTEGER);
CREATE TABLE listeners (lid INTEGER, nick TEXT, city TEXT, plan TEXT, signup_date TEXT);
CREATE TABLE playlists (plid INTEGER, lid INTEGER, title TEXT, created_on TEXT);
CREATE TABLE playlist_tracks (plid INTEGER, tid INTEGER, position INTEGER);
CREATE TABLE concerts (coid INTEGER, arid INTEGER, city TEXT, held_on TEXT, tickets_sold INTEGER, ticket_price REAL);
"""
# Units in the column names, times as text, keys declared only as primary keys.
DETECTOR = """
CREATE TABLE fills (fill_number INTEGER PRIMARY KEY, beam_energy_GeV REAL, n_bunches INTEGER, stable_start TEXT,
 stable_end TEXT, dump_reason TEXT);
CREATE TABLE runs (run_number INTEGER PRIMARY KEY, fill_number INTEGER, run_type TEXT, start_time TEXT, end_time TEXT,
 n_events INTEGER, trigger_rate_Hz REAL, field_T REAL);
CREATE TABLE lumi_blocks (run_number INTEGER, lb_number INTEGER, delivered_lumi_pb REAL, recorded_lumi_pb REAL, pileup REAL,
 is_good INTEGER, PRIMARY KEY (run_number, lb_number));
CREATE TABLE detectors (det_id INTEGER PRIMARY KEY, det_name TEXT, technology TEXT, installed_on TEXT, coolant TEXT,
 nominal_temp_C REAL);
CREATE TABLE channels (channel_id INTEGER PRIMARY KEY, det_id INTEGER, layer INTEGER, status TEXT, gain REAL,
 threshold_mV REAL);
CREATE TABLE hv_readings (reading_id INTEGER PRIMARY KEY, channel_id INTEGER, read_at TEXT, voltage_V REAL, current_uA REAL,
 temperature_C REAL);
CREATE TABLE shifts (shift_id INTEGER PRIMARY KEY, run_number INTEGER, shifter TEXT, institute TEXT, role TEXT, hours REAL);
"""
CLINIC = """
CREATE TABLE patients (patient_id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, sex TEXT, birth_date TEXT, city TEXT,
 phone TEXT, insurer TEXT);
CREATE TABLE doctors (doctor_id INTEGER PRIMARY KEY, doctor_name TEXT, specialty TEXT, city TEXT, hired_on TEXT);
CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, patient_id INTEGER, doctor_id INTEGER, visit_date TEXT, reason TEXT,
 cost REAL, follow_up_date TEXT, FOREIGN KEY (patient_id) REFERENCES patients(patient_id),
 FOREIGN KEY (doctor_id) REFERENCES doctors(doctor_id));
CREATE TABLE drugs (drug_id INTEGER PRIMARY KEY, drug_name TEXT, drug_class TEXT, unit_price REAL, maker TEXT);
CREATE TABLE prescriptions (prescription_id INTEGER PRIMARY KEY, visit_id INTEGER, drug_id INTEGER, quantity INTEGER,
 start_date TEXT, end_date TEXT, FOREIGN KEY (visit_id) REFERENCES visits(visit_id),
 FOREIGN KEY (drug_id) REFERENCES drugs(drug_id));
CREATE TABLE admissions (admission_id INTEGER PRIMARY KEY, patient_id INTEGER, ward TEXT, admitted_on TEXT,
 discharged_on TEXT, FOREIGN KEY (patient_id) REFERENCES patients(patient_id));
"""
# Joined by names: there is no id anywhere.
TRADE = """
CREATE TABLE country (country_name TEXT, continent TEXT, capital TEXT, population_m REAL, area_km2 INTEGER, currency TEXT);
CREATE TABLE product (product_name TEXT, category TEXT, unit TEXT, tariff_pct REAL);
CREATE TABLE trade_flow (exporter TEXT, importer TEXT, product_name TEXT, year INTEGER, value_musd REAL, weight_t INTEGER);
CREATE TABLE yearly_stats (country_name TEXT, year INTEGER, gdp_busd REAL, inflation_pct REAL, unemployment_pct REAL);
CREATE TABLE agreement (agreement_name TEXT, topic TEXT, signed_on TEXT, expires_on TEXT);
CREATE TABLE agreement_member (agreement_name TEXT, country_name TEXT, joined_year INTEGER);
CREATE TABLE port (port_name TEXT, country_name TEXT, capacity_mt REAL, opened_year INTEGER);
"""

FIRST = (
    "Alma Bruno Chiara Dario Elin Farah Goran Hana Ivan Jonas Keiko Leila Marco Nadia Oskar Priya Quentin Rosa Stefan Tamar "
    "Ulrike Viktor Wanda Yusuf Zoe"
)
LAST = (
    "Abel Berg Costa Dietz Egger Fontana Garcia Huber Ito Jensen Keller Lopez Meyer Nilsson Okafor Petrov Rossi Silva "
    "Tanaka Urban Vogel Weber Yilmaz Zanetti"
)


def people(rng: random.Random, count: int) -> list[str]:
    """As many different full names as asked for."""
    return rng.sample([f"{first} {last}" for first in FIRST.split() for last in LAST.split()], count)


def day(rng: random.Random, start: date, span: int) -> date:
    """A day within ``span`` days from ``start``."""
    return start + timedelta(days=rng.randrange(span))


def fill(db: sqlite3.Connection, table: str, rows: list[tuple]) -> None:
    """Insert the rows, which have a value for each column of the table."""
    db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


def university(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(UNIVERSITY)
    departments = [
        ("Physics", "Science", "Curie Hall", 8200, 1921),
        ("Mathematics", "Science", "Noether House", 4100, 1921),
        ("Computer Science", "Science", "Noether House", 6900, 1974),
        ("Biology", "Science", "Linnaeus Hall", 7300, 1935),
        ("History", "Humanities", "Old Library", 1900, 1908),
        ("Philosophy", "Humanities", "Old Library", 1250, 1908),
        ("Economics", "Social Sciences", "Market Court", 3600, 1950),
        ("Chemistry", "Science", "Curie Hall", 5800, 1929),
        ("Archaeology", "Humanities", None, 640, 2022),  # has no professors, students or courses
    ]
    fill(db, "departments", [(i + 1, *row) for i, row in enumerate(departments)])
    names = people(rng, 110)
    staff, pupils = names[:22], names[22:]
    homes = [1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 3, 3, 4, 7, 2, 5, 1, 3, 8, 7, 4, 1]
    salaries = rng.sample(range(52, 98), 22)
    ranks = {0: "full", 1: "associate", 2: "assistant"}
    professors = []
    for i, name in enumerate(staff):
        mail = None if i % 6 == 4 else f"{name.lower().replace(' ', '.')}@uni.example"
        hired = day(rng, date(1996, 1, 1), 9900).isoformat()
        rank = ranks[0 if salaries[i] > 82 else 1 if salaries[i] > 66 else 2]
        professors.append((i + 1, name, homes[i], rank, salaries[i] * 1000 + rng.randrange(0, 1000, 50), hired, mail))
    fill(db, "professors", professors)
    lands = ["Italy", "Germany", "Spain", "Japan", "Brazil", "Kenya", "India"]
    scores = rng.sample(range(400, 1000), 88)
    students = []
    for i, name in enumerate(pupils):
        dept = None if i % 13 == 5 else rng.choices(range(1, 9), [18, 10, 22, 15, 8, 4, 13, 9])[0]
        born = day(rng, date(1998, 3, 1), 2700)
        admitted = min(2024, max(born.year + 18, rng.randrange(2019, 2025)))
        land = rng.choices(lands, [30, 18, 12, 8, 7, 5, 9])[0]
        score = None if rng.random() < 0.08 else scores[i] / 10
        students.append((i + 1, name, dept, born.isoformat(), admitted, land, score))
    fill(db, "students", students)
    titles = {
        "PHY": ["Mechanics", "Electrodynamics", "Quantum Physics", "Particle Physics", "Detector Laboratory"],
        "MAT": ["Linear Algebra", "Real Analysis", "Probability Theory"],
        "CSC": ["Programming I", "Algorithms", "Databases", "Machine Learning", "Compilers"],
        "BIO": ["Cell Biology", "Genetics", "Ecology"],
        "HIS": ["Ancient History", "Modern Europe"],
        "PHI": ["Logic", "Ethics"],
        "ECO": ["Microeconomics", "Macroeconomics", "Econometrics"],
        "CHE": ["Organic Chemistry", "Thermodynamics", "Spectroscopy"],
    }
    courses = []
    for dept, (code, names_of) in enumerate(titles.items(), 1):
        teachers = [p[0] for p in professors if p[2] == dept]
        for k, title in enumerate(names_of):
            teacher = None if title in {"Spectroscopy", "Compilers"} else teachers[k % max(1, len(teachers) - 1)]
            level = "master" if k >= 3 or title in {"Econometrics", "Ecology"} else "bachelor"
            seats = rng.randrange(12, 90)
            courses.append((f"{code}{(k + 1) * 100 + 1}", title, dept, teacher, rng.choice([3, 4, 5, 6, 8]), level, seats))
    fill(db, "courses", courses)
    codes = [c[0] for c in courses if c[1] not in {"Compilers", "Ethics"}]  # nobody takes these two
    weights = [rng.uniform(0.4, 2.0) for _ in codes]
    semesters = ["2022-fall", "2023-spring", "2023-fall", "2024-spring"]
    rows: list[tuple] = []
    for student in range(1, 89):
        if student % 12 == 7:  # never enrolled
            continue
        level = rng.gauss(70, 8)
        for code in sorted(set(rng.choices(codes, weights, k=rng.randrange(1, 7)))):
            semester = rng.choices(semesters, [2, 3, 4, 3])[0]
            open_ = rng.random() < (0.45 if semester == "2024-spring" else 0.04)
            grade = None if open_ else round(min(100.0, max(20.0, rng.gauss(level, 13))), 1)
            rows.append((len(rows) + 1, student, code, semester, grade))
    fill(db, "enrolments", rows)
    needs = (
        "PHY201 PHY101, PHY301 PHY201, PHY301 MAT101, PHY401 PHY301, PHY501 PHY201, MAT201 MAT101, MAT301 MAT201, "
        "CSC201 CSC101, CSC301 CSC101, CSC401 CSC201, CSC401 MAT101, CSC401 MAT301, CSC501 CSC201, BIO201 BIO101, "
        "ECO301 ECO101, ECO301 MAT301, CHE301 CHE101"
    )
    fill(db, "prerequisites", [tuple(pair.split()) for pair in needs.split(", ")])
    grants = ["Merit Award", "Travel Grant", "Hardship Fund", "Women in Science"]
    amounts = rng.sample(range(5, 90), 28)
    scholarships = [
        (
            i + 1,
            rng.randrange(1, 89),
            rng.choices(grants, [9, 8, 6, 4])[0],
            amounts[i] * 100,
            day(rng, date(2021, 9, 1), 1100),
        )
        for i in range(28)
    ]
    fill(db, "scholarships", [(*row[:4], row[4].isoformat()) for row in scholarships])


def music(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(MUSIC)
    names = (
        "The Copper Kites, Lena Frost, Nine Lanterns, Ostrava Sound, Milo Reyes, Paper Comets, Grey Harbour, Sister Volt, "
        "Tomas Lind, The Late Trains, Velvet Mole, Ada Quill, Northern Brass, Kasbah Drive, Hollow Pines, Juno Park, "
        "Blue Mandarin, Saltwater Choir, Ines Duarte, Radio Meridian"
    )
    lands = ["United Kingdom", "Sweden", "Japan", "Czechia", "Mexico", "United Kingdom", "Ireland", "Germany", "Sweden"]
    lands += [
        "United Kingdom",
        "Canada",
        "Ireland",
        "Canada",
        "Morocco",
        "Canada",
        "Japan",
        "Germany",
        "Ireland",
        "Portugal",
        None,
    ]
    solo = {"Lena Frost", "Milo Reyes", "Tomas Lind", "Ada Quill", "Ines Duarte", "Juno Park"}
    tastes = ["rock", "pop", "electronic", "folk", "jazz", "hip hop"]
    years = rng.sample(range(1968, 2019), 20)
    artists = []
    for i, name in enumerate(names.split(", ")):
        kind = "solo" if name in solo else "band"
        ended = years[i] + rng.randrange(8, 25) if kind == "band" and i % 4 == 2 else None
        artists.append((i + 1, name, lands[i], years[i], kind, None if ended and ended > 2023 else ended))
    fill(db, "artists", artists)
    left = "Silver Quiet Burning Broken Distant Hidden Golden Crooked Northern Electric Paper Salt"
    right = "River Rooms Signal Parade Orchard Machine Weather Letters Mountain Coast Engine Sunday"
    pairs = [f"{a} {b}" for a in left.split() for b in right.split()]
    titles = rng.sample(pairs, 38)
    labels = ["Lighthouse", "Tin Drum", "Ninth Wave", None]
    albums = []
    for i in range(38):
        artist = (
            i % 18 + 1 if i < 18 else rng.choices(range(1, 19), [2, 3, 1, 1, 4, 1, 1, 2, 1, 2, 1, 1, 1, 2, 1, 1, 2, 1])[0]
        )
        first = artists[artist - 1][3] + rng.randrange(1, 8)
        out = day(rng, date(max(first, 1970), 1, 1), 365 * max(1, min(40, 2023 - first)))
        albums.append((i + 101, artist, titles[i], out.isoformat(), rng.choices(labels, [6, 4, 3, 2])[0]))
    fill(db, "albums", albums)  # the last two artists have none
    verbs = "Waiting for, Dancing with, Letters to, Running from, Songs about, Falling into, Goodbye to, Chasing, Leaving"
    nouns = "the Moon, Marie, Berlin, the Rain, My Brother, Daylight, Yesterday, the Machine, Strangers, Winter, the Sea"
    pool = [f"{a} {b}" for a in verbs.split(", ") for b in nouns.split(", ")] + [
        f"{pair} {form}" for pair in pairs for form in ("Blues", "Waltz")
    ]
    rng.shuffle(pool)
    plays = rng.sample(range(1_000, 900_000), 300)
    tracks = []
    for album in albums[:-1]:  # the last album has no tracks
        main = tastes[album[1] % 6]
        for _ in range(rng.randrange(4, 10)):
            number = len(tracks)
            genre = main if rng.random() < 0.75 else rng.choice([*tastes, None])
            rude = int(rng.random() < (0.4 if genre == "hip hop" else 0.07))
            tracks.append((number + 1, album[0], pool[number], rng.randrange(95, 480), genre, plays[number], rude))
    fill(db, "tracks", tracks)
    towns = ["Lyon", "Bristol", "Osaka", "Turin", "Leipzig"]
    handles = (
        "owl77 tinyfox marble echo5 luna_k bassline rustle pip quark otto_b nova sable drift wren kit juno tempo cobalt"
    )
    plans = ["free", "premium", "family"]
    listeners = [
        (i + 1, handle, rng.choice(towns), rng.choices(plans, [5, 4, 2])[0], day(rng, date(2017, 1, 1), 2500).isoformat())
        for i, handle in enumerate(handles.split())
    ]
    fill(db, "listeners", listeners)
    moods = (
        "Morning Run, Deep Focus, Road Trip, Sunday Slow, Party, Rainy Days, Gym, Study Hall, Late Night, Dinner, Throwback"
    )
    lists = []
    for i in range(26):
        owner = rng.choices(range(1, 16), [3, 1, 2, 1, 4, 1, 1, 2, 1, 1, 2, 1, 1, 1, 1])[0]
        title = moods.split(", ")[i % 11] + ("" if i < 11 else f" {i // 11 + 1}")
        lists.append((i + 1, owner, title, day(rng, date(2021, 1, 1), 1250).isoformat()))
    fill(db, "playlists", lists)  # the last three listeners have none
    links = []
    for number in range(1, 25):  # the last two playlists are empty
        chosen = rng.sample(range(1, len(tracks) - 20), rng.randrange(3, 18))
        links += [(number, track, place) for place, track in enumerate(chosen, 1)]
    fill(db, "playlist_tracks", links)
    venues = ["Lyon", "Bristol", "Oslo", "Turin", "Dublin", "Kyoto", "Leipzig"]
    sold = rng.sample(range(150, 9000), 48)
    concerts = [
        (
            i + 1,
            rng.choice([a for a in range(1, 21) if a not in {4, 11, 18}]),
            rng.choice(venues),
            day(rng, date(2021, 6, 1), 1200).isoformat(),
            None if i % 16 == 9 else sold[i],
            round(rng.uniform(12, 95), 2),
        )
        for i in range(48)
    ]
    fill(db, "concerts", concerts)


def detector(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(DETECTOR)
    reasons = ["operator", "operator", "quench", "beam loss", "power glitch", "RF trip"]
    bunches = rng.sample(range(300, 2500, 12), 14)
    now = datetime(2023, 4, 20, 6, 0)
    fills, windows = [], {}
    for i in range(14):
        energy = 450.0 if i in {0, 9} else 6500.0 if i < 4 else 6800.0
        now += timedelta(hours=rng.randrange(20, 260), minutes=rng.randrange(60))
        length = timedelta(minutes=rng.randrange(95, 900))
        number = 8700 + 3 * i + rng.randrange(3)
        windows[number] = (now, length)
        over = None if i == 13 else str(now + length)
        fills.append((number, energy, bunches[i], str(now), over, None if i == 13 else rng.choice(reasons)))
        now += length
    fill(db, "fills", fills)
    counts = rng.sample(range(90_000, 9_000_000), 60)
    runs, spans = [], []
    for k, number in enumerate(list(windows)[:-1]):  # the last fill has no runs
        begin, length = windows[number]
        parts = rng.randrange(1, 6)
        for p in range(parts):
            start = begin + length * p / parts + timedelta(seconds=rng.randrange(20, 400))
            stop = begin + length * (p + 1) / parts - timedelta(seconds=rng.randrange(0, 300))
            start, stop = start.replace(microsecond=0), stop.replace(microsecond=0)
            kind = "calibration" if rng.random() < 0.12 else "physics"
            seen = None if rng.random() < 0.05 else counts[len(runs)]
            field = 0.0 if k in {1, 9} else 3.8
            rate = round(rng.uniform(350, 2100), 1)
            runs.append((366000 + len(runs) * 17, number, kind, str(start), str(stop), seen, rate, field))
            spans.append((stop - start).total_seconds() / 3600)
    for p in range(6):  # cosmic runs belong to no fill
        start = datetime(2023, 3, 2, 8, 0) + timedelta(days=6 * p, minutes=rng.randrange(300))
        stop = None if p == 5 else str(start + timedelta(minutes=rng.randrange(40, 700)))
        row = (
            365100 + 11 * p,
            None,
            "cosmics",
            str(start),
            stop,
            rng.randrange(2_000, 80_000),
            round(rng.uniform(4, 30), 1),
        )
        runs.append((*row, 0.0 if p < 2 else 3.8))
    fill(db, "runs", runs)
    blocks = []
    for row, hours in zip(runs, spans, strict=False):
        if row[2] != "physics":
            continue
        peak = rng.uniform(0.4, 3.2)
        for n in range(1, 3 + int(hours * 2.2)):
            delivered = round(peak * 0.97**n * rng.uniform(0.95, 1.05), 4)
            recorded = round(delivered * (rng.uniform(0.90, 0.99) if rng.random() < 0.9 else rng.uniform(0.2, 0.6)), 4)
            pileup = None if rng.random() < 0.04 else round(delivered * 16 + rng.gauss(3, 1), 1)
            blocks.append((row[0], n, delivered, recorded, pileup, int(recorded / delivered > 0.85 and rng.random() < 0.95)))
    fill(db, "lumi_blocks", blocks)
    parts = [
        ("Pixel", "silicon", "2017-02-14", "CO2", -20.0),
        ("Strips", "silicon", "2008-07-01", "C6F14", -15.0),
        ("ECAL", "crystal", "2008-09-10", "water", 18.0),
        ("HCAL", "scintillator", "2009-01-22", "water", 20.0),
        ("DT", "gas", "2008-11-05", None, 22.0),
        ("RPC", "gas", "2014-06-30", "water", 21.0),
        ("ZDC", "quartz", "2022-10-03", None, None),  # has no channels yet
    ]
    fill(db, "detectors", [(i + 1, *part) for i, part in enumerate(parts)])
    sizes, volts = [30, 26, 22, 16, 14, 12], [450, 300, 380, 8000, 3600, 9400]
    channels, supply = [], {}
    gains = rng.sample(range(600, 1500), 120)
    for det, size in enumerate(sizes, 1):
        for k in range(size):
            number = det * 1000 + k
            status = rng.choices(["good", "noisy", "dead", "masked"], [68, 12, 10 if det != 5 else 0, 9])[0]
            gain = None if status == "dead" else gains[len(channels)] / 1000
            channels.append((number, det, k % 4 + 1, status, gain, round(rng.uniform(5, 60), 1)))
            supply[number] = (volts[det - 1], parts[det - 1][4])
    fill(db, "channels", channels)
    readings = []
    for number in rng.sample(sorted(supply), 88):  # the others have never been read
        level, cold = supply[number]
        for _ in range(rng.randrange(1, 6)):
            at = datetime(2023, 5, 1) + timedelta(minutes=rng.randrange(60 * 24 * 120))
            warm = None if rng.random() < 0.08 else round(cold + rng.gauss(1.5, 2.5), 2)
            current = round(rng.expovariate(1 / 3) + 0.05, 3)
            readings.append((number, str(at), round(level * rng.gauss(1, 0.02), 1), current, warm))
    readings.sort(key=lambda reading: reading[1])
    fill(db, "hv_readings", [(i + 1, *reading) for i, reading in enumerate(readings)])
    crew = people(rng, 14)
    homes = ["CERN", "DESY", "KEK", "Fermilab", "ETH Zurich"]
    roles = ["shift leader", "DAQ", "trigger", "data quality"]
    shifts = []
    for row in runs:
        for role in rng.sample(roles, rng.choice([0, 1, 2, 2, 3])):
            who = rng.choices(range(13), [4, 3, 3, 2, 2, 2, 5, 1, 1, 1, 2, 2, 1])[0]
            shifts.append((len(shifts) + 1, row[0], crew[who], homes[who % 5], role, rng.choice([4.0, 6.0, 8.0, 8.0, 7.5])))
    fill(db, "shifts", shifts)


def clinic(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(CLINIC)
    names = people(rng, 80)
    towns = ["Genoa", "Pisa", "Lucca", "Siena", "Prato"]
    insurers = ["Helvia", "Salus", "CareOne"]
    women = "Alma Chiara Elin Farah Hana Keiko Leila Nadia Priya Rosa Tamar Ulrike Wanda Zoe"
    patients = []
    for i, name in enumerate(names[:68]):
        first, last = name.split()
        phone = None if rng.random() < 0.15 else f"+39 050 {rng.randrange(100000, 999999)}"
        insurer = rng.choices([*insurers, None], [6, 5, 3, 2])[0]
        born = day(rng, date(1934, 1, 1), 32000).isoformat()
        town = rng.choices(towns, [9, 7, 5, 3, 2])[0]
        patients.append((i + 1, first, last, "F" if first in women.split() else "M", born, town, phone, insurer))
    fill(db, "patients", patients)
    fields = "cardiology, dermatology, pediatrics, general practice, general practice, neurology, orthopedics, cardiology"
    doctors = [
        (i + 1, f"Dr. {names[68 + i]}", field, rng.choice(towns), day(rng, date(2001, 1, 1), 7800).isoformat())
        for i, field in enumerate([*fields.split(", "), "oncology", "general practice"])
    ]
    fill(db, "doctors", doctors)
    reasons = ["check-up", "back pain", "rash", "fever", "headache", "vaccination", "injury"]
    costs = rng.sample(range(2500, 32000), 240)
    visits = []
    for i in range(230):
        on = day(rng, date(2021, 1, 4), 1270)
        doctor = rng.choices(range(1, 10), [6, 5, 3, 9, 7, 4, 4, 2, 1])[0]  # the tenth doctor has no visits
        again = (on + timedelta(days=rng.randrange(7, 90))).isoformat() if rng.random() < 0.35 else None
        cost = None if rng.random() < 0.04 else costs[i] / 100
        patient = rng.choices(range(1, 63), [1 + p % 5 for p in range(62)])[0]  # the last six patients never came
        visits.append((i + 1, patient, doctor, on.isoformat(), rng.choice(reasons), cost, again))
    fill(db, "visits", visits)
    drugs = [
        ("Amoxil", "antibiotic", 0.85, "Farmaco"),
        ("Cefalor", "antibiotic", 1.9, "Nordpharm"),
        ("Doxyran", "antibiotic", 1.15, "Farmaco"),
        ("Ibuten", "painkiller", 0.22, "Genera"),
        ("Paramol", "painkiller", 0.12, "Genera"),
        ("Morfex", "painkiller", 4.6, "Nordpharm"),
        ("Lisopril", "blood pressure", 0.48, "Genera"),
        ("Valsar", "blood pressure", 0.75, "Helix"),
        ("Statorin", "cholesterol", 0.66, "Helix"),
        ("Cortiderm", "steroid", 2.35, "Farmaco"),
        ("Predniso", "steroid", 0.95, "Genera"),
        ("Allergan-X", "antihistamine", 0.4, "Farmaco"),
        ("Cetirin", "antihistamine", 0.31, "Genera"),
        ("Oncovir", "antiviral", 27.5, "Nordpharm"),
        ("Flustop", "antiviral", 3.2, None),
        ("Neurotal", "anticonvulsant", 1.45, "Helix"),
    ]
    fill(db, "drugs", [(i + 1, *drug) for i, drug in enumerate(drugs)])
    given = []
    for visit in visits:
        for drug in rng.sample(
            [d for d in range(1, 17) if d not in {14, 11}], rng.choices([0, 1, 2, 3], [35, 40, 18, 7])[0]
        ):
            start = date.fromisoformat(visit[3]) + timedelta(days=rng.randrange(0, 4))
            end = None if rng.random() < 0.12 else (start + timedelta(days=rng.randrange(3, 61))).isoformat()
            given.append((len(given) + 1, visit[0], drug, rng.choice([10, 14, 20, 28, 30, 56, 60]), start.isoformat(), end))
    fill(db, "prescriptions", given)
    wards = ["surgery", "orthopedics", "intensive care", "internal medicine"]
    stays = []
    for i in range(42):
        start = day(rng, date(2021, 2, 1), 1220)
        end = None if i % 11 == 6 else (start + timedelta(days=rng.choices(range(1, 40), range(39, 0, -1))[0])).isoformat()
        stays.append((i + 1, rng.randrange(1, 66), rng.choices(wards, [5, 2, 3, 6])[0], start.isoformat(), end))
    fill(db, "admissions", stays)


def trade(db: sqlite3.Connection, rng: random.Random) -> None:
    db.executescript(TRADE)
    countries = [
        ("Arvania", "Europe", "Port Arvan", 11.4, 93000, "euro"),
        ("Belmark", "Europe", "Belstad", 5.8, 42900, "crown"),
        ("Castora", "Europe", "Lumena", 38.2, 312600, "euro"),
        ("Dunmere", "Europe", "Dunholm", 67.1, 243600, "pound"),
        ("Estavia", "Europe", "Tervik", 1.3, 45200, "euro"),
        ("Farouk Republic", "Africa", "Nasrah", 102.3, 1010000, "dinar"),
        ("Gambara", "Africa", "Kolobo", 21.7, 512000, "franc"),
        ("Huanca", "South America", "Santa Lucero", 33.4, 1285000, "sol"),
        ("Isla Verde", "South America", "Puerto Claro", 0.9, 9250, "peso"),
        ("Jindara", "Asia", "Bandar Suri", 145.6, 1904500, "rupiah"),
        ("Kitsune", "Asia", "Hoshino", 84.9, 377900, "yen"),
        ("Lakhsar", "Asia", "Navipur", 212.8, 1566000, "rupee"),
        ("Montclair", "North America", "Fairview", 36.9, 8965000, "dollar"),
        ("Norvane", "North America", "Granville", 4.2, 110800, "dollar"),
        ("Oru", "Oceania", "Tamahere", 5.1, 268000, "dollar"),
        ("Pelagia", "Oceania", "Coral Bay", 0.3, 720, None),  # trades with nobody
    ]
    fill(db, "country", countries)
    products = [
        ("wheat", "food", "t", 12.5, 0.00025),
        ("coffee", "food", "t", 7.0, 0.0042),
        ("salmon", "food", "t", None, 0.0071),
        ("bananas", "food", "t", 16.0, 0.0007),
        ("copper ore", "raw material", "t", 0.0, 0.0019),
        ("crude oil", "raw material", "barrel", 0.0, 0.0005),
        ("timber", "raw material", "m3", 2.4, 0.0003),
        ("lithium", "raw material", "t", 1.1, 0.015),
        ("cars", "manufactured", "piece", 10.0, 0.012),
        ("microchips", "manufactured", "piece", 0.5, 0.9),
        ("textiles", "manufactured", "t", 14.2, 0.006),
        ("machine tools", "manufactured", "piece", 3.1, 0.02),
        ("medicines", "manufactured", "t", None, 0.06),
        ("helium", "raw material", "m3", 1.8, 0.03),  # has no trade flows
    ]
    fill(db, "product", [product[:4] for product in products])
    sellers = {
        "wheat": "Castora Montclair Huanca",
        "coffee": "Gambara Huanca Jindara",
        "salmon": "Belmark Norvane",
        "bananas": "Isla_Verde Gambara Lakhsar",
        "copper ore": "Huanca Oru",
        "crude oil": "Farouk_Republic Montclair Jindara",
        "timber": "Estavia Montclair Belmark",
        "lithium": "Oru Huanca",
        "cars": "Dunmere Kitsune Castora",
        "microchips": "Kitsune Lakhsar",
        "textiles": "Lakhsar Jindara Arvania",
        "machine tools": "Kitsune Castora Arvania",
        "medicines": "Belmark Dunmere",
    }
    buyers = [c[0] for c in countries[:-1]]
    flows = []
    for product, _, _, _, price in products[:-1]:
        for seller in sellers[product].replace(" ", ",").replace("_", " ").split(","):
            for buyer in rng.sample([b for b in buyers if b != seller], rng.randrange(2, 5)):
                value = rng.lognormvariate(4.2, 1.1)
                for year in range(2019, 2024):
                    value *= rng.uniform(0.8, 1.3)
                    weight = None if rng.random() < 0.05 else int(value / price * rng.uniform(0.85, 1.15))
                    if rng.random() < 0.58:
                        flows.append((seller, buyer, product, year, round(value, 1), weight))
    fill(db, "trade_flow", flows)
    stats = []
    for name, _, _, population, _, _ in countries:
        wealth = population * rng.uniform(3, 55)
        for year in range(2018, 2024):
            wealth *= rng.uniform(0.93, 1.09)
            jobless = None if rng.random() < 0.08 else round(rng.uniform(2.5, 14), 1)
            if name != "Isla Verde" or year > 2020:  # counted only from 2021
                stats.append((name, year, round(wealth, 1), round(rng.gauss(3.5, 2.6), 2), jobless))
    fill(db, "yearly_stats", stats)
    pacts = [
        ("Northern Market Treaty", "tariffs", "1994-06-17", None),
        ("Pacific Timber Accord", "forestry", "2006-11-02", "2026-11-01"),
        ("Two Oceans Pact", "tariffs", "2011-03-29", "2031-03-28"),
        ("Fair Coffee Charter", "labour", "2015-09-08", None),
        ("Clean Shipping Convention", "environment", "2018-05-21", "2028-05-20"),
        ("Battery Metals Compact", "minerals", "2021-12-13", "2025-12-12"),
        ("Open Data Protocol", "services", "2023-10-05", None),  # nobody has joined
    ]
    fill(db, "agreement", pacts)
    members = []
    for pact, size in zip(pacts, [7, 4, 9, 5, 11, 3], strict=False):
        signed = int(pact[2][:4])
        for name in sorted(rng.sample(buyers, size)):
            members.append((pact[0], name, min(2024, signed + rng.choice([0, 0, 0, 1, 2, 4]))))
    fill(db, "agreement_member", members)
    ports = {
        "Arvan Quay": "Arvania",
        "Belstad Harbour": "Belmark",
        "South Lumena": "Castora",
        "Castel Nuovo": "Castora",
        "Dunholm Docks": "Dunmere",
        "Greywater": "Dunmere",
        "Tervik Pier": "Estavia",
        "Nasrah Gate": "Farouk Republic",
        "Lucero Sur": "Huanca",
        "Puerto Claro": "Isla Verde",
        "Suri Deep": "Jindara",
        "Bandar Timur": "Jindara",
        "Hoshino Bay": "Kitsune",
        "Minato": "Kitsune",
        "Navipur East": "Lakhsar",
        "Granville": "Norvane",
        "Fairview Locks": "Montclair",
        "Tama": "Oru",
        "Coral Quay": "Pelagia",
    }
    sizes = rng.sample(range(8, 1900), len(ports))
    opened = rng.sample(range(1820, 2016), len(ports))
    rows = list(zip(ports, ports.values(), [s / 10 for s in sizes], opened, strict=True))
    fill(db, "port", [(*row[:2], None if row[0] == "Tama" else row[2], row[3]) for row in rows])


def main(folder: Path) -> None:
    """Write the five files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed, build in enumerate((university, music, detector, clinic, trade), 101):
        path = folder / f"{build.__name__}.sqlite"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as db, db:
            build(db, random.Random(seed))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
