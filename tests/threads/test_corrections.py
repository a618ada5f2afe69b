"""Corrections in the store: examples, the pairs they came from, what is active, and what a thread teaches."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from treadle.errors import StoreError, UnknownNameError
from treadle.threads import open_store
from treadle.threads.base import Basis, Correction, Store
from treadle.threads.store import SqlStore
from treadle.types import Column, DataSummary, Draft, Expectation, Outcome, Rung, Table, Verdict

DATA = DataSummary(
    path="/home/me/zmumu.root",
    kind="root",
    sha256="ab" * 32,
    size_bytes=10,
    tables=(Table(name="events", columns=(Column(name="M", type="double"),), entries=3),),
)
CALL = Expectation(kind="call", subject="f(1)", text="f(1) == 2", origin="request", expected=2)
CORRECTION = Correction(
    draft="d1",
    rejected="print(1)",
    reason="ran: NameError",
    chosen="print(2)  # as given",
    request="plot the mass",
    language="python",
    kind="data",
    program="import x\nprint(2)\n",
    body="print(2)\n",
    basis=Basis(
        data=DATA, metrics={"m": 2.5, "bad": float("nan")}, artifacts=("m.png",), calls=(CALL,), doubts=("it is odd",)
    ),
    tags=("flat",),
    note="off by one",
)


def correct(store: Store, thread: str, program: str = "print(2)") -> str:
    return store.add_correction(thread, replace(CORRECTION, chosen=program, program=program, body=program))


def test_everything_comes_back(path: Path, store: Store, filled: str) -> None:
    name = store.add_correction(filled, CORRECTION)
    assert name == f"{filled}.1"
    with closing(open_store(path)) as again:
        (example,) = again.examples()
        assert example == again.example(name)
        assert (example.id, example.thread, example.state) == (name, filled, "active")
        for field in ("request", "language", "kind", "program", "body", "tags", "dialect", "note"):
            assert getattr(example, field) == getattr(CORRECTION, field), field
        assert (example.data, example.data_sha256) == ("zmumu.root", "ab" * 32)
        basis = again.basis(name)
        assert basis.data == DATA
        assert (basis.metrics["m"], repr(basis.metrics["bad"])) == (2.5, "nan")
        assert (basis.artifacts, basis.calls, basis.doubts) == (("m.png",), (CALL,), ("it is odd",))
        (pair,) = again.pairs(filled)
        assert (pair.draft, pair.rejected, pair.reason) == ("d1", "print(1)", "ran: NameError")
        assert (pair.chosen, pair.example, pair.note, pair.state) == ("print(2)  # as given", name, "off by one", "active")
        assert again.feedback(filled)[-1].value == "print(2)  # as given"


def test_a_second_correction_replaces_the_first(store: Store, filled: str, begin: Callable[[], str]) -> None:
    other = begin()
    store.add_drafts(other, 0, [Draft(id="d1", completion=store.load(filled).drafts[0].completion, program="x")])
    kept = correct(store, other)
    first, second = correct(store, filled, "print(2)"), correct(store, filled, "print(3)")
    assert [e.id for e in store.examples()] == [second, kept]
    assert [(e.id, e.state) for e in store.examples(every=True)] == [
        (second, "active"),
        (first, "replaced"),
        (kept, "active"),
    ]
    assert [(p.chosen, p.state) for p in store.pairs(filled)] == [("print(2)", "replaced"), ("print(3)", "active")]


def test_removing(store: Store, filled: str) -> None:
    name = correct(store, filled)
    assert store.remove_example(filled[:-1]).id == name
    assert store.examples() == []
    assert [p.state for p in store.pairs()] == ["removed"]
    assert correct(store, filled) == f"{filled}.2"
    assert [e.id for e in store.examples()] == [f"{filled}.2"]


def test_names(store: Store, filled: str, begin: Callable[[], str]) -> None:
    with pytest.raises(UnknownNameError, match=r"holds 0 examples\. `treadle correct` makes one"):
        store.example(filled)
    first, second = correct(store, filled), correct(store, filled)
    for name in (filled, filled[:9], filled.upper(), f" {second} "):
        assert store.example(name).id == second, name
    assert store.example(first).state == "replaced"
    store.remove_example(second)
    with pytest.raises(UnknownNameError, match="So begin 2 examples"):  # none is active: which one is meant?
        store.example(filled)
    with pytest.raises(UnknownNameError, match=rf"unknown example '{filled}\.3'\. Did you mean '{filled}\.[12]'"):
        store.example(f"{filled}.3")
    other = begin()
    store.add_drafts(other, 0, [Draft(id="d1", completion=store.load(filled).drafts[0].completion, program="x")])
    correct(store, other)
    with pytest.raises(UnknownNameError, match="So begin 3 examples"):
        store.example(filled[:9])
    for name in ("", "%", "_"):
        with pytest.raises(UnknownNameError):
            store.remove_example(name)
    with pytest.raises(UnknownNameError):
        store.basis("20200101-aaaaaaa.1")


def test_what_does_not_exist_cannot_be_corrected(store: Store, filled: str) -> None:
    with pytest.raises(UnknownNameError, match="unknown thread '20200101-aaaaaaa'"):
        correct(store, "20200101-aaaaaaa")
    with pytest.raises(UnknownNameError, match=r"unknown draft of thread .* 'd2'\. Did you mean"):
        store.add_correction(filled, replace(CORRECTION, draft="d2"))
    assert store.examples(every=True) == store.pairs() == []


def test_a_full_disk_keeps_the_older_correction(store: Store, filled: str) -> None:
    """All of a correction is one transaction: neither half of it, nor the loss of what it would replace."""
    first = correct(store, filled)
    with cast(SqlStore, store)._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    before = (store.examples(every=True), store.pairs(), store.feedback(filled))
    with pytest.raises(StoreError, match=r"the correction was not stored: the disk is full.*What was stored before stays"):
        correct(store, filled, "print(2)\n" + os.urandom(200_000).hex())
    assert (store.examples(every=True), store.pairs(), store.feedback(filled)) == before
    assert [e.id for e in store.examples()] == [first]


def test_two_processes_correct_at_once(path: Path, store: Store, filled: str) -> None:
    script = (
        "import sys\nfrom treadle.threads import open_store\nfrom treadle.threads.base import Basis, Correction\n"
        "store, thread, name = open_store(sys.argv[1]), sys.argv[2], sys.argv[3]\n"
        "for i in range(20):\n"
        "    store.add_correction(thread, Correction(draft='d1', rejected='a', reason='b', chosen=f'{name}{i}',\n"
        "        request='c', language='python', kind='function', program='d', body='d', basis=Basis()))\n"
        "store.close()\n"
    )
    command = [sys.executable, "-W", "error", "-c", script, str(path), filled]
    writers = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in "xy"]
    assert [writer.communicate(timeout=60)[1] for writer in writers] == ["", ""]
    every = store.examples(every=True)
    assert sorted(int(e.id.rpartition(".")[2]) for e in every) == list(range(1, 41))
    assert [e.state for e in every] == ["active"] + ["replaced"] * 39
    chosen = [p.chosen for p in store.pairs(filled)]
    assert sorted(chosen) == sorted(f"{name}{i}" for name in "xy" for i in range(20))


def test_damage_is_told(path: Path, store: Store, filled: str) -> None:
    name = correct(store, filled)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE examples SET body = x'00', basis_body = x'00'")
        connection.execute("UPDATE pairs SET body = x'00'")
    for read in (store.examples, store.pairs, lambda: store.example(name), lambda: store.basis(name)):
        with pytest.raises(StoreError, match="what is stored is damaged"):
            read()


def test_text_that_is_no_unicode(store: Store, filled: str) -> None:
    odd = replace(CORRECTION, request="a\udc80b\0", chosen="x\udc80", program="y\0", body="y\0", note="\udc80")
    example = store.example(store.add_correction(filled, odd))
    assert (example.request, example.program, example.note) == ("a\udc80b\0", "y\0", "\udc80")
    assert store.pairs()[0].chosen == "x\udc80"


# ------------------------------------------------------------------------------------------------------- digests


def test_a_digest_is_what_the_thread_holds(store: Store, filled: str) -> None:
    failed = Verdict(check="c", rung=Rung.EXPECTATIONS, outcome=Outcome.FAILED, reason="no")
    met = Verdict(check="c", rung=Rung.EXPECTATIONS, outcome=Outcome.PASSED, reason="yes")
    store.add_verdicts(filled, "r1", [met])
    store.add_verdicts(filled, "d0", [met, failed])
    record, digest = store.load(filled), store.digest(filled)
    assert (digest.id, digest.request, digest.prompts) == (filled, record.request, record.prompts)
    assert (digest.status, digest.answer, digest.rating) == ("verified", record.answer and record.answer.draft_id, None)
    assert [(d.id, d.prompt, d.program) for d in digest.drafts] == [
        (d.id, record.prompt_of[d.id], d.program) for d in record.drafts
    ]
    assert [(d.failed, d.met) for d in digest.drafts] == [(False, False), (True, False), (False, True)]
    assert digest.drafts[0].mean_logprob == record.drafts[0].completion.mean_logprob
    with pytest.raises(UnknownNameError):
        store.digest(filled[:-1])


def test_the_last_rating_counts(store: Store, filled: str) -> None:
    for value in ("bad", "good", "7"):
        store.add_feedback(filled, "rating", value)
        assert store.ratings() == {filled: value}
    assert store.digest(filled).rating is None, "a rating in other words says nothing"
    store.add_feedback(filled, "rating", "bad")
    assert store.digest(filled).rating == "bad"
