"""The pack sqlite: every example runs in the sandbox, gives what its header says, and what plain Python gives too."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import math
import sqlite3
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import fmean
from types import SimpleNamespace as Row
from typing import Any

import pytest

from treadle.coding.sql.base import Rows, rows_of
from treadle.coding.sql.databases.sqlite import SqliteDatabase
from treadle.errors import SandboxRefusedError
from treadle.retrieval import builtin_packs
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Example, Expectation

ROOT = Path(__file__).parents[2]
PACK = next(pack for pack in builtin_packs() if pack.name == "sqlite")
DATA = sorted((PACK.folder / "data").glob("*.sqlite"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        box = open_sandbox(preload=("sqlite3",))
    except SandboxRefusedError as error:
        pytest.skip(f"no sandbox works here: {error}")
    with closing(box):
        yield box


@pytest.fixture(scope="module")
def results(sandbox: Sandbox) -> dict[str, Rows]:
    found = {}
    for path in DATA:
        with closing(SqliteDatabase(path, sandbox)) as database:
            for example in PACK.examples:
                if example.data == path.name:
                    run = database.execute(example.body)
                    rows = rows_of(run)
                    assert rows is not None, (example.id, run.error, run.limit_hit)
                    found[example.id] = rows
    return found


def is_met(expectation: Expectation, rows: Rows) -> bool:
    if expectation.subject == "rows":
        return len(rows.rows) == expectation.expected
    got = rows.rows[0][rows.columns.index(expectation.subject)]
    if isinstance(expectation.expected, float) and isinstance(got, int | float):
        return math.isclose(
            got, expectation.expected, rel_tol=max(expectation.relative, 1e-12), abs_tol=expectation.absolute
        )
    return got == expectation.expected


def test_the_pack_is_rich_enough() -> None:
    assert len(PACK.examples) >= 50
    assert len(DATA) == len({e.data for e in PACK.examples}) == 4
    statements = " ".join(e.body for e in PACK.examples)
    for wanted in (
        "NOT EXISTS",
        "LEFT JOIN",
        "HAVING",
        "BETWEEN",
        "UNION",
        "EXCEPT",
        "DISTINCT",
        "OVER (",
        "CASE",
        "WITH ",
        "LIKE",
    ):
        assert wanted in statements
    assert all(e.tags[0] == "sqlite" and len(e.request) <= 120 for e in PACK.examples)


@pytest.mark.parametrize("example", PACK.examples, ids=lambda e: e.id)
def test_examples_give_what_they_promise(example: Example, results: dict[str, Rows]) -> None:
    rows = results[example.id]
    wanted = PACK.expectations[example.id]
    assert wanted[0].subject == "rows"
    assert len(wanted) >= 2
    for expectation in wanted:
        assert is_met(expectation, rows), (expectation.text, rows.rows[:2])


# ------------------------------------------------------------------------------------------- the same in Python


def tables(name: str) -> Row:
    """Every table of a database as a list of rows with their columns as attributes."""
    with closing(sqlite3.connect(PACK.folder / "data" / f"{name}.sqlite")) as db:
        db.row_factory = lambda cursor, row: Row(**{d[0]: v for d, v in zip(cursor.description, row, strict=True)})
        names = [r.name for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return Row(**{table: db.execute(f"SELECT * FROM {table}").fetchall() for table in names})


def days(later: str, earlier: str) -> float:
    return (datetime.datetime.fromisoformat(later) - datetime.datetime.fromisoformat(earlier)) / datetime.timedelta(days=1)


def by(rows: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)


def one(rows: Iterable[Any], **wanted: object) -> Any:
    (found,) = [r for r in rows if all(getattr(r, k) == v for k, v in wanted.items())]
    return found


def recorded(d: Row) -> dict[int, float]:
    return {run: sum(b.recorded_nb for b in blocks) for run, blocks in by(d.lumi_block, lambda b: b.run_number).items()}


def hours(run: Any) -> float:
    return 24 * days(run.end_time, run.start_time) if run.end_time else -1


def kind_of(d: Row, flag: Any) -> str:
    return one(d.subdetector, subdetector_id=flag.subdetector_id).kind


def gaps(d: Row) -> list[tuple[Any, ...]]:
    runs = sorted((r for r in d.run if r.fill_number == 9501), key=lambda r: r.run_number)
    found = [(a.run_number, 1440 * days(b.start_time, a.end_time)) for a, b in itertools.pairwise(runs)]
    return [*found, (runs[-1].run_number, None)]


def customer(d: Row, order: Any) -> Any:
    return one(d.customers, customer_id=order.customer_id)


def product(d: Row, line: Any) -> Any:
    return one(d.products, product_id=line.product_id)


def order(d: Row, line: Any) -> Any:
    return one(d.orders, order_id=line.order_id)


def value(lines: Iterable[Any]) -> float:
    return sum(line.quantity * line.unit_price_eur for line in lines)


def delivery(o: Any) -> float:
    return days(o.delivered_on, o.ordered_on)


def delivered(d: Row) -> list[Any]:
    return [o for o in d.orders if o.delivered_on]


def buyers(d: Row, category: str) -> set[str]:
    return {customer(d, order(d, line)).name for line in d.order_lines if product(d, line).category == category}


def spending(d: Row) -> dict[str, float]:
    return {name: value(lines) for name, lines in by(d.order_lines, lambda line: customer(d, order(d, line)).name).items()}


def speed(o: Any) -> str:
    return "fast" if delivery(o) <= 5 else "slow" if delivery(o) > 14 else "normal"


def running(d: Row) -> list[tuple[Any, ...]]:
    found, total = [], 0.0
    for month, lines in sorted(by(d.order_lines, lambda line: order(d, line).ordered_on[:7]).items()):
        total += value(lines)
        found.append((month, value(lines), total))
    return found


def sample(d: Row, measurement: Any) -> Any:
    return one(d.sample, sample_id=measurement.sample_id)


def measured(d: Row, material: str) -> dict[str, list[Any]]:
    return by([m for m in d.measurement if sample(d, m).material == material], lambda m: sample(d, m).label)


def method(d: Row, measurement: Any) -> str:
    return one(d.instrument, instrument_id=measurement.instrument_id).method


def weighted(d: Row) -> float:
    rows = [m for m in d.measurement if sample(d, m).material == "silicon"]
    weights = [m.uncertainty_g_cm3**-2 for m in rows]
    return sum(w * m.density_g_cm3 for w, m in zip(weights, rows, strict=True)) / sum(weights)


def member(d: Row, contribution: Any) -> Any:
    return one(d.member, member_id=contribution.member_id)


def document(d: Row, number: int) -> Any:
    return one(d.document, document_id=number)


def most(pairs: dict[Any, Any]) -> tuple[Any, Any]:
    return max(pairs.items(), key=lambda item: item[1])


PYTHON: dict[str, Callable[[Row], Any]] = {
    # the runs of a detector
    "count_runs_of_menu": lambda d: sum(r.trigger_menu == "physics_v2" for r in d.run),
    "runs_per_menu": lambda d: Counter(r.trigger_menu for r in d.run).most_common(),
    "longest_run": lambda d: (max(d.run, key=hours).run_number, max(map(hours, d.run))),
    "recorded_luminosity_per_run": lambda d: sorted(recorded(d).items()),
    "recorded_fraction": lambda d: sum(b.recorded_nb for b in d.lumi_block) / sum(b.delivered_nb for b in d.lumi_block),
    "top_three_runs": lambda d: sorted(recorded(d).items(), key=lambda item: -item[1])[:3],
    "runs_without_blocks": lambda d: sorted({r.run_number for r in d.run} - set(recorded(d))),
    "bad_pixel_runs": lambda d: [q.run_number for q in d.run_quality if q.flag == "bad" and q.subdetector_id == 1],
    "bad_flags_per_kind": lambda d: Counter(kind_of(d, q) for q in d.run_quality if q.flag == "bad").most_common(),
    "fills_with_many_runs": lambda d: [(f, n) for f, n in sorted(Counter(r.fill_number for r in d.run).items()) if n >= 4],
    "events_between": lambda d: sum(500_000 <= r.n_events <= 1_000_000 for r in d.run),
    "runs_per_day": lambda d: sorted(Counter(r.start_time[:10] for r in d.run).items()),
    "gap_after_run": gaps,
    "runs_above_average": lambda d: sorted(
        ((r.run_number, r.n_events) for r in d.run if r.n_events > fmean(x.n_events for x in d.run)), key=lambda r: -r[1]
    ),
    "share_of_events_per_menu": lambda d: sorted(
        (
            (menu, 100 * sum(r.n_events for r in runs) / sum(r.n_events for r in d.run))
            for menu, runs in by(d.run, lambda r: r.trigger_menu).items()
        ),
        key=lambda item: -item[1],
    ),
    "unfinished_runs": lambda d: [r.run_number for r in d.run if r.end_time is None],
    "largest_run_of_fill": lambda d: [
        (fill, best.run_number, best.n_events)
        for fill, runs in sorted(by(d.run, lambda r: r.fill_number).items())
        for best in [max(runs, key=lambda r: r.n_events)]
    ],
    "runs_at_high_energy": lambda d: sum(one(d.fill, fill_number=r.fill_number).beam_energy_GeV > 6000 for r in d.run),
    # the shop
    "customers_of_country": lambda d: sorted(c.name for c in d.customers if c.country == "Sweden"),
    "mean_delivery_days": lambda d: sorted(
        ((c, fmean(map(delivery, o))) for c, o in by(delivered(d), lambda o: o.carrier).items()), key=lambda item: item[1]
    ),
    "most_sold_product": lambda d: most(
        {name: sum(x.quantity for x in lines) for name, lines in by(d.order_lines, lambda x: product(d, x).name).items()}
    ),
    "revenue_per_category": lambda d: sorted(
        ((c, value(lines)) for c, lines in by(d.order_lines, lambda x: product(d, x).category).items()),
        key=lambda item: -item[1],
    ),
    "customers_without_orders": lambda d: sorted({c.name for c in d.customers} - {customer(d, o).name for o in d.orders}),
    "orders_per_month": lambda d: sorted(
        Counter(o.ordered_on[:7] for o in d.orders if o.ordered_on.startswith("2024")).items()
    ),
    "different_countries": lambda d: len({c.country for c in d.customers}),
    "delivered_within_week": lambda d: 100 * sum(delivery(o) <= 7 for o in delivered(d)) / len(delivered(d)),
    "orders_by_speed": lambda d: Counter(map(speed, delivered(d))).most_common(),
    "slowest_category": lambda d: most(
        {
            category: fmean(delivery(order(d, x)) for x in lines)
            for category, lines in by(
                [x for x in d.order_lines if order(d, x).delivered_on], lambda x: product(d, x).category
            ).items()
        }
    ),
    "lighting_but_no_furniture": lambda d: sorted(buyers(d, "lighting") - buyers(d, "furniture")),
    "who_referred": lambda d: one(d.customers, customer_id=one(d.customers, name="Emil Hansen").referred_by).name,
    "big_spenders": lambda d: sorted(
        ((n, v) for n, v in spending(d).items() if v > fmean(spending(d).values())), key=lambda item: -item[1]
    ),
    "products_never_ordered": lambda d: sorted({p.name for p in d.products} - {product(d, x).name for x in d.order_lines}),
    "cheapest_in_category": lambda d: [
        (category, best.name, best.price_eur)
        for category, products in sorted(by(d.products, lambda p: p.category).items())
        for best in [min(products, key=lambda p: p.price_eur)]
    ],
    "products_with_word": lambda d: sorted((p.name, p.price_eur) for p in d.products if "lamp" in p.name.lower()),
    "average_order_value": lambda d: fmean(value(lines) for lines in by(d.order_lines, lambda x: x.order_id).values()),
    "running_revenue": running,
    "weekend_orders": lambda d: sum(datetime.date.fromisoformat(o.ordered_on).weekday() >= 5 for o in d.orders),
    "orders_per_customer": lambda d: sorted(
        ((c.name, sum(o.customer_id == c.customer_id for o in d.orders)) for c in d.customers),
        key=lambda item: (-item[1], item[0]),
    ),
    # the laboratory
    "mean_density_per_material": lambda d: [
        (material, fmean(m.density_g_cm3 for m in rows))
        for material, rows in sorted(by([m for m in d.measurement if m.accepted], lambda m: sample(d, m).material).items())
    ],
    "samples_without_mass": lambda d: sorted(s.label for s in d.sample if s.mass_g is None),
    "unused_instruments": lambda d: [
        i.name for i in d.instrument if i.instrument_id not in {m.instrument_id for m in d.measurement}
    ],
    "frozen_samples": lambda d: sum(one(d.storage, storage_id=s.storage_id).temperature_C < 0 for s in d.sample),
    "relative_uncertainty": lambda d: sorted(
        (
            (m, fmean(100 * x.uncertainty_g_cm3 / x.density_g_cm3 for x in rows))
            for m, rows in by(d.measurement, lambda x: method(d, x)).items()
        ),
        key=lambda item: item[1],
    ),
    "latest_measurement": lambda d: sorted(
        (label, max(m.measured_at for m in rows)) for label, rows in measured(d, "diamond").items()
    ),
    "samples_measured_often": lambda d: sorted(
        (label, n) for label, n in Counter(sample(d, m).label for m in d.measurement).items() if n >= 3
    ),
    "cut_samples": lambda d: sorted((s.label, one(d.sample, sample_id=s.parent_id).label) for s in d.sample if s.parent_id),
    "accepted_fraction": lambda d: fmean(m.accepted for m in d.measurement),
    "days_to_first_measurement": lambda d: sorted(
        (label, min(days(m.measured_at, sample(d, m).received_on) for m in rows))
        for label, rows in measured(d, "copper").items()
    ),
    "weighted_mean_density": weighted,
    # the papers
    "members_per_country": lambda d: sorted(
        Counter(one(d.institute, institute_id=m.institute_id).country for m in d.member).items(),
        key=lambda item: (-item[1], item[0]),
    ),
    "frequent_editors": lambda d: sorted(
        (name, n) for name, n in Counter(member(d, c).name for c in d.contribution if c.role == "editor").items() if n > 1
    ),
    "mean_days_to_publication": lambda d: sorted(
        (
            (topic, fmean(days(x.published_on, x.submitted_on) for x in rows))
            for topic, rows in by([x for x in d.document if x.published_on], lambda x: x.topic).items()
        ),
        key=lambda item: item[1],
    ),
    "most_cited": lambda d: most(Counter(document(d, r.cited_id).title for r in d.reference_link)),
    "never_cited": lambda d: len({x.document_id for x in d.document} - {r.cited_id for r in d.reference_link}),
    "same_topic_citations": lambda d: sorted(
        {
            document(d, r.citing_id).title
            for r in d.reference_link
            if document(d, r.citing_id).topic == document(d, r.cited_id).topic
        }
    ),
    "active_members": lambda d: sum(m.joined_year <= 2018 and (m.left_year or 9999) > 2018 for m in d.member),
    "years_of_change": lambda d: sorted({y for m in d.member for y in (m.joined_year, m.left_year) if y}),
    "published_per_year": lambda d: sorted(Counter(x.published_on[:4] for x in d.document if x.published_on).items()),
    "coauthors": lambda d: sorted(
        {
            member(d, c).name
            for x in d.contribution
            if member(d, x).name == "Hara"
            for c in d.contribution
            if c.document_id == x.document_id
        }
        - {"Hara"}
    ),
    "institutes_without_members": lambda d: sorted(
        i.name for i in d.institute if i.institute_id not in {m.institute_id for m in d.member}
    ),
    "longest_of_topic": lambda d: [
        (topic, best.title, best.n_pages)
        for topic, rows in sorted(by(d.document, lambda x: x.topic).items())
        for best in [max(rows, key=lambda x: x.n_pages)]
    ],
    "second_longest": lambda d: [(x.title, x.n_pages) for x in sorted(d.document, key=lambda x: -x.n_pages)][1],
}


def as_rows(answer: Any) -> list[tuple[Any, ...]]:
    found = answer if isinstance(answer, list) else [answer]
    return [row if isinstance(row, tuple) else (row,) for row in found]


def test_every_example_has_a_twin_in_python() -> None:
    assert {e.id.partition("/")[2] for e in PACK.examples} == set(PYTHON)


@pytest.mark.parametrize("example", PACK.examples, ids=lambda e: e.id)
def test_plain_python_gives_the_same_rows(example: Example, results: dict[str, Rows]) -> None:
    data = tables((example.data or "").removesuffix(".sqlite"))
    wanted = as_rows(PYTHON[example.id.partition("/")[2]](data))
    got = results[example.id].rows
    assert len(got) == len(wanted)
    for mine, theirs in zip(got, wanted, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            assert a == (pytest.approx(b, rel=1e-7) if isinstance(b, float) else b), (got, wanted)


# --------------------------------------------------------------------------------------------------------- data


def test_databases_are_small() -> None:
    assert all(path.stat().st_size < 20_000 for path in DATA)


def test_the_script_makes_the_same_rows_again(tmp_path: Path) -> None:
    digests = []
    for name in ("a", "b"):
        script = ROOT / "packs" / "make_sqlite_data.py"
        subprocess.run([sys.executable, str(script), str(tmp_path / name)], check=True, capture_output=True)
        digests.append([hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted((tmp_path / name).glob("*.sqlite"))])
    assert digests[0] == digests[1]
    for path in DATA:
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(tmp_path / "a" / path.name)) as new:
            assert list(old.iterdump()) == list(new.iterdump())
            assert old.execute("PRAGMA foreign_key_check").fetchall() == []
