"""`treadle sql` as a user meets it: real processes, real databases, scripted engines; the model where a test says so."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from homes import Home
from treadle.errors import SandboxRefusedError
from treadle.sandbox import open_sandbox

ROOT = Path(__file__).parents[2]
PARTICLES = ROOT / "examples" / "data" / "particles.sqlite"
SHOP = """
CREATE TABLE products (product_id INTEGER PRIMARY KEY, name TEXT, price REAL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, product_id INTEGER, order_date TEXT, delivery_date TEXT);
INSERT INTO products VALUES (1,'lamp',20),(2,'desk',120),(3,'chair',60);
INSERT INTO orders VALUES (1,1,'2024-12-31','2025-01-02'),(2,2,'2024-03-01','2024-03-20'),(3,3,'2024-05-01','2024-05-06');
"""
LONGEST = "Which product takes longest to deliver?"
SUBTRACTED = (
    " P.name FROM orders AS O JOIN products AS P ON P.product_id = O.product_id "
    "ORDER BY O.delivery_date - O.order_date DESC LIMIT 1"
)

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")


@pytest.fixture(scope="module", autouse=True)
def sandboxed() -> None:
    try:
        open_sandbox(preload=()).close()
    except SandboxRefusedError as error:
        pytest.skip(str(error))


class Desk(Home):
    """A home with a database in it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        with closing(sqlite3.connect(home / "shop.sqlite")) as db, db:
            db.executescript(SHOP)

    def script(self, *batches: Sequence[str], parameters: int | None = None) -> str:
        script = {"completions": batches, "engine": {"parameters": parameters}}
        (self.home / "script.json").write_text(json.dumps(script), encoding="utf-8")
        return f"scripted:{self.home / 'script.json'}"

    def ask(self, question: str, drafts: Sequence[str], *options: str) -> subprocess.CompletedProcess[str]:
        engine = self.script(drafts)
        return self("sql", "shop.sqlite", question, "-e", engine, "-n", str(len(drafts)), "--repairs", "0", *options)

    def last(self) -> dict[str, Any]:
        thread: dict[str, Any] = json.loads(self("threads", "list", "--json").stdout)[0]
        return thread


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_drafts_that_do_what_the_reading_does(desk: Desk) -> None:
    done = desk.ask("How many orders are there?", [" COUNT(*) FROM orders", " COUNT(order_id) FROM orders"])
    assert done.returncode == 0, done.stderr
    assert "agreed: 2 of 2 drafts gave this output" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    shown = desk("threads", "show", desk.last()["id"]).stdout
    assert "SELECT COUNT(*)" in shown


def test_drafts_of_a_small_model_agree_only_where_rules_read_the_same(desk: Desk) -> None:
    engine = desk.script([" MAX(price) FROM products"] * 2, parameters=135_000_000)
    options = ("-e", engine, "-n", "2", "--repairs", "0")
    done = desk("sql", "shop.sqlite", "What is the most that we charge?", "--no-rules", *options)
    assert (done.returncode, "a model as small as this one" in " ".join(done.stdout.split())) == (3, True), done.stdout
    done = desk("sql", "shop.sqlite", "What is the highest price of the products?", *options)
    assert (done.returncode, "agreed: 2 of 2 drafts" in done.stdout) == (0, True), done.stdout


def test_a_reading_that_no_draft_supports_has_only_run(desk: Desk) -> None:
    done = desk.ask("How many orders are there?", [" MAX(price) FROM products", " 7"])
    assert (done.returncode, "ran: it ran; rules read the request so, and no draft" in done.stdout) == (3, True), done.stdout
    assert "FROM orders" in done.stdout


def test_rows_as_csv_and_json(desk: Desk) -> None:
    drafts = [" name, price FROM products ORDER BY price DESC"] * 2
    question = "Show name and price of the products sorted by price in descending order."
    done = desk.ask(question, drafts, "--csv")
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["name", "price"],
        ["desk", "120.0"],
        ["chair", "60.0"],
        ["lamp", "20.0"],
    ]
    assert done.stderr.startswith("agreed: ")
    answer = json.loads(desk.ask(question, drafts, "--json").stdout)
    assert (answer["columns"], answer["rows"][0]) == (["name", "price"], ["desk", 120.0])
    assert answer["program"].splitlines()[0].startswith("SELECT name")
    assert "\n" not in json.loads(desk.ask(question, drafts, "--json", "--style", "plain").stdout)["program"]


def test_expectations(desk: Desk) -> None:
    drafts = [" COUNT(*) FROM orders WHERE order_date < '2024-04-01'", " COUNT(*) FROM orders"]
    done = desk.ask("How many orders?", drafts, "--expect", "value == 1")
    assert (done.returncode, "verified: it met 1 expectation" in done.stdout) == (0, True), done.stdout
    done = desk.ask("How many orders?", drafts, "--expect", "value == 17")
    assert (done.returncode, "failed: " in done.stdout) == (3, True)
    done = desk.ask("How many orders?", drafts, "--expect", "about seventeen")
    assert (done.returncode, "accepted forms: rows == 3" in done.stderr) == (2, True)


def test_what_a_statement_tries_beyond_reading_fails(desk: Desk) -> None:
    before = (desk.home / "shop.sqlite").read_bytes()
    done = desk.ask("Remove all orders.", [" 1; DROP TABLE orders"], "--no-rules")
    assert (desk.home / "shop.sqlite").read_bytes() == before
    done = desk.ask("Remove all orders.", ["```sql\nDELETE FROM orders\n```"], "--no-rules")
    assert (done.returncode, "FAILED" in done.stdout) == (3, True)
    assert (desk.home / "shop.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["shop.sqlite"], "name a database and ask a question"),
        (["shop.sqlite", "  "], "the question is empty"),
        (["shpo.sqlite", "How many?"], "shop.sqlite"),
        (["shop.sqlite", "How many?", "--style", "hous"], "--style is 'house' or 'plain'"),
        (["mysql://host/db", "How many?"], "mysql"),
    ],
)
def test_errors(desk: Desk, arguments: list[str], told: str) -> None:
    done = desk("sql", *arguments, "-e", desk.script([" 1"]))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_does_not_exist_is_told_with_the_nearest(desk: Desk) -> None:
    done = desk.ask("How many orders?", [" COUNT(*) FROM ordres"], "--no-rules")
    assert done.returncode == 3
    assert "orders" in done.stdout.split("FAILED", 1)[1]


# ------------------------------------------------------------------------------------------------- corrections


def correct(desk: Desk, sql: str) -> None:
    done = desk("correct", desk.last()["id"], "--sql", sql)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_corrected_stays_corrected(desk: Desk) -> None:
    question = "How many cheap products are there?"
    desk.ask(question, [" COUNT(*) FROM products"])
    correct(desk, "SELECT COUNT(*) FROM products WHERE price < 50")
    done = desk.ask(question, [" COUNT(*) FROM products"] * 3)
    assert "price < 50" in done.stdout, done.stdout


def test_a_correction_answers_the_question_with_other_values(desk: Desk) -> None:
    desk.ask("When was the lamp ordered?", [" 1"])
    correct(desk, "SELECT O.order_date FROM orders AS O JOIN products AS P USING (product_id) WHERE P.name = 'lamp'")
    done = desk.ask("When was the desk ordered?", [" 1"])
    assert "2024-03-01" in done.stdout, done.stdout


def test_the_nearest_correction_is_shown_with_its_reason(desk: Desk) -> None:
    desk.ask("How many days did each order take?", [" 1"])
    thread = desk.last()["id"]
    correct(desk, "SELECT order_id, julianday(delivery_date) - julianday(order_date) AS days FROM orders")
    done = desk("sql", "shop.sqlite", "How many days did an order take?", "-e", desk.script([" 1"]), "--show-prompt")
    assert "julianday(delivery_date) - julianday(order_date)" in done.stdout
    assert "correction of thread" in done.stderr
    assert thread in done.stderr


def test_plain_date_subtraction_is_doubted_and_corrected_by_example(desk: Desk) -> None:
    """The talk's story: subtraction of dates gives years, so the wrong product comes out; a doubt forbids 'agreed'."""
    done = desk.ask(LONGEST, [SUBTRACTED, SUBTRACTED], "--no-rules")
    assert (done.returncode, "lamp" in done.stdout) == (3, True), done.stdout
    assert "ran: it ran, but" in done.stdout
    desk.ask("How many days did each order take?", [" 1"])
    correct(desk, "SELECT order_id, julianday(delivery_date) - julianday(order_date) AS days FROM orders")
    engine = desk.script([SUBTRACTED])
    prompt = desk("sql", "shop.sqlite", LONGEST, "-e", engine, "--no-rules", "--show-prompt").stdout
    assert "julianday(delivery_date) - julianday(order_date) AS days FROM orders" in " ".join(prompt.split())


@pytest.mark.model
def test_the_story_with_the_embedded_model(desk: Desk, model_file: Path) -> None:
    """Corrected once on another question, the whole of model, rules and correction gives the product that took 19 days."""
    desk.ask("How many days did each order take?", [" 1"])
    correct(desk, "SELECT order_id, julianday(delivery_date) - julianday(order_date) AS days FROM orders")
    done = desk("sql", "shop.sqlite", LONGEST, "-e", f"llama:{model_file}", "-n", "4", "--repairs", "0", "--json")
    answer = json.loads(done.stdout)
    assert answer["rows"] == [["desk"]], answer["program"]
    assert "julianday" in answer["program"]


@pytest.mark.model
def test_the_database_that_ships(desk: Desk, model_file: Path) -> None:
    done = desk(
        "sql",
        str(PARTICLES),
        "How many particles are there?",
        "-e",
        f"llama:{model_file}",
        "-n",
        "4",
        "--repairs",
        "0",
        "--json",
    )
    answer = json.loads(done.stdout)
    with closing(sqlite3.connect(f"file:{PARTICLES}?mode=ro", uri=True)) as db:
        tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert "particle" in " ".join(tables)
    assert answer["rows"][0][0] > 100, answer["program"]
