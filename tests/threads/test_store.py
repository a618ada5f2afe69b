"""The store keeps what it is given, exactly, and says clearly what it cannot do."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from treadle.errors import StoreError, UnknownNameError, UsageError
from treadle.threads import open_store
from treadle.threads.base import Store
from treadle.types import Answer, Draft, EngineIdentity, Message, Prompt, Request, Run, Status, Verdict

PROMPT = Prompt(messages=(Message(role="user", content="x"),))


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_is_a_store(store: Store) -> None:
    assert isinstance(store, Store)


def test_everything_comes_back_in_order(
    store: Store, filled: str, draft: Callable[[str], Draft], verdict: Verdict, run: Run, answer: Answer
) -> None:
    record = store.load(filled)
    assert record.drafts == (draft("d1"), draft("d0"), draft("r1"))
    assert record.prompt_of == {"d1": 0, "d0": 0, "r1": 1}
    assert [p.primer for p in record.prompts] == ["```", ""]
    assert record.prompts[0].tokens == 4
    assert record.verdicts == {"d1": (verdict,) * 3}
    assert record.runs == {
        "d1": (("first run", run),),
        "r1": (("repeat", Run(tier="namespaces", exit_code=None, signal=9)),),
    }
    assert record.answer == answer
    assert record.options == {"n": 3, "shape": (1, 2)}
    assert record.request.expectations[0].expected == (1, 2)
    assert record.engine.versions == {"lib": "1.2"}
    assert (record.info.state, record.info.status, record.interruption) == ("answered", "verified", None)
    assert [(f.kind, f.value, f.note) for f in record.feedback] == [("correction", "print(2)", "off by one")]


def test_it_comes_back_after_closing(path: Path, store: Store, filled: str) -> None:
    before = store.load(filled)
    store.close()
    with closing(open_store(path)) as again:
        assert again.load(filled) == before


def test_columns_can_be_queried(path: Path, filled: str) -> None:
    assert rows(path, "SELECT status, state, engine, treadle FROM threads")[0][:3] == ("verified", "answered", "scripted:x")
    assert rows(path, "SELECT check_name, outcome, rung FROM verdicts")[0] == ("ran", "passed", "ran")
    columns = "finish_reason, mean_logprob, tokens, seed, has_program"
    assert rows(path, f"SELECT {columns} FROM drafts WHERE id = 'd1'") == [("stop", -1.0, 2, None, 1)]
    assert rows(path, "SELECT tier, ok, limit_hit FROM runs ORDER BY id") == [
        ("namespaces", 1, None),
        ("namespaces", 0, None),
    ]
    assert all(str(created).endswith("+00:00") for (created,) in rows(path, "SELECT created FROM drafts"))


def test_equal_artifacts_are_kept_once(path: Path, filled: str) -> None:
    assert rows(path, "SELECT count(*) FROM blobs") == [(1,)]
    assert rows(path, "SELECT count(*), count(run) FROM artifacts") == [(3, 2)]


def test_the_listing_shows_the_newest_first(store: Store, begin: Callable[[str], str]) -> None:
    threads = [begin(f"request {i}") for i in range(5)]
    assert [info.id for info in store.listing(3)] == threads[:1:-1]
    assert store.listing(1)[0].request == "request 4"
    with pytest.raises(UsageError, match="at least 1"):
        store.listing(0)


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert store.listing() == []
    with pytest.raises(UnknownNameError, match="holds 0 threads"):
        store.load("x")


# ------------------------------------------------------------------------------------------------------ names


def test_a_unique_prefix_is_enough(store: Store, filled: str) -> None:
    assert store.load(filled[:9]).info.id == filled
    assert store.load(f" {filled.upper()} ").info.id == filled
    assert store.export(filled[:9])["thread"]["id"] == filled


def test_an_ambiguous_prefix_lists_what_fits(store: Store, begin: Callable[[], str]) -> None:
    threads = {begin(), begin()}
    with pytest.raises(UnknownNameError, match="So begin 2 threads: give more") as caught:
        store.load(min(threads)[:8])
    assert all(thread in str(caught.value) for thread in threads)


@pytest.mark.parametrize("name", ["", "%", "_", "nothing"])
def test_an_unknown_thread_lists_what_exists(store: Store, filled: str, name: str) -> None:
    with pytest.raises(UnknownNameError, match=filled):
        store.load(name)


def test_a_mistyped_id_names_the_nearest(store: Store, filled: str) -> None:
    typed = filled[:-1] + ("0" if filled[-1] != "0" else "1")
    with pytest.raises(UnknownNameError) as caught:
        store.load(typed)
    assert caught.value.nearest == [filled]


def test_writing_takes_full_ids_only(store: Store, filled: str, verdict: Verdict) -> None:
    with pytest.raises(UnknownNameError, match="unknown thread"):
        store.add_prompt(filled[:-1], PROMPT)
    with pytest.raises(UnknownNameError, match=r"unknown draft of thread .* Did you mean 'd1'"):
        store.add_verdicts(filled, "d11", [verdict])
    with pytest.raises(UnknownNameError, match="unknown draft"):
        store.add_run(filled, "x", "first run", Run(tier="t", exit_code=0))


# ------------------------------------------------------------------------------------------------------ states


def test_a_new_thread_is_open(store: Store, begin: Callable[[], str]) -> None:
    record = store.load(begin())
    assert (record.info.state, record.info.status, record.answer) == ("open", None, None)


def test_an_interrupted_thread_keeps_the_reason_and_what_was_done(
    store: Store, begin: Callable[[], str], draft: Callable[[str], Draft], answer: Answer
) -> None:
    thread = begin()
    store.add_drafts(thread, 0, [draft("d1")])
    store.interrupt(thread, "Ctrl-C")
    record = store.load(thread)
    assert (record.info.state, record.interruption, len(record.drafts)) == ("interrupted", "Ctrl-C", 1)
    store.finish(thread, answer)  # an answer chosen from what was done so far
    assert store.load(thread).info.state == "answered"


def test_an_answered_thread_stays_answered(store: Store, filled: str, answer: Answer) -> None:
    before = store.load(filled)
    store.interrupt(filled, "too late")
    assert store.load(filled) == before
    with pytest.raises(StoreError, match="the answer was not stored: it is there already"):
        store.finish(filled, answer)
    assert store.load(filled) == before


def test_an_answer_without_a_draft(store: Store, begin: Callable[[], str]) -> None:
    thread = begin()
    failed = Answer(status=Status.FAILED, draft_id=None, program=None, verdicts=(), reason="no draft held code")
    store.finish(thread, failed)
    assert store.load(thread).answer == failed


def test_an_answer_names_a_stored_draft(store: Store, begin: Callable[[], str], answer: Answer) -> None:
    with pytest.raises(UnknownNameError, match="unknown draft"):
        store.finish(begin(), answer)


# -------------------------------------------------------------------------------------- nothing or everything


def test_drafts_are_stored_together_or_not_at_all(store: Store, filled: str, draft: Callable[[str], Draft]) -> None:
    with pytest.raises(StoreError, match=r"the drafts new, d1 were not stored: it is there already.*stays"):
        store.add_drafts(filled, 0, [draft("new"), draft("d1")])
    assert "new" not in {d.id for d in store.load(filled).drafts}


@pytest.mark.parametrize("index", [-1, 2])
def test_drafts_need_their_prompt(store: Store, filled: str, draft: Callable[[str], Draft], index: int) -> None:
    with pytest.raises(StoreError, match=rf"no prompt {index} \(it has 2, counted from 0\)"):
        store.add_drafts(filled, index, [draft("new")])


def test_empty_lists_change_nothing(store: Store, filled: str) -> None:
    before = store.load(filled)
    store.add_drafts(filled, 0, [])
    store.add_verdicts(filled, "d1", [])
    assert store.load(filled) == before


def test_a_value_that_cannot_be_stored_is_named(store: Store, filled: str) -> None:
    with pytest.raises(
        StoreError, match=r"run of draft d1 \(x\) was not stored: value\['a'\]\[1\]: a pathlib\..* is not plain"
    ):
        store.add_run(filled, "d1", "x", Run(tier="t", exit_code=0, value={"a": [0, Path()]}))


def test_nesting_without_end_is_an_error(store: Store, filled: str) -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(StoreError, match="nested too deeply"):
        store.add_run(filled, "d1", "x", Run(tier="t", exit_code=0, value=value))
    with pytest.raises(StoreError, match="request was not stored"):
        store.begin(Request(text="x"), EngineIdentity(name="e", backend="b", model="m"), {"deep": value})


def test_text_that_is_not_unicode(store: Store, begin: Callable[[str], str]) -> None:
    thread = begin("\udc80\0\N{SNOWMAN}")
    assert store.load(thread).request.text == "\udc80\0\N{SNOWMAN}"
    assert store.listing(1)[0].request == "?\N{REPLACEMENT CHARACTER}\N{SNOWMAN}"
    with pytest.raises(StoreError, match="rating was not stored"):
        store.add_feedback(thread, "rating", "\udc80")


def test_a_damaged_row_is_an_error_with_the_thread(path: Path, store: Store, filled: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE drafts SET body = x'00'")
    with pytest.raises(StoreError, match=rf"thread {filled} cannot be read: what is stored is damaged"):
        store.load(filled)


# ---------------------------------------------------------------------------------------------------- feedback


def test_feedback_is_kept_in_order(store: Store, filled: str) -> None:
    store.add_feedback(filled[:12], "rating", "good")
    assert [(f.kind, f.value) for f in store.feedback(filled)] == [("correction", "print(2)"), ("rating", "good")]
    with pytest.raises(UnknownNameError, match="Did you mean 'rating'"):
        store.add_feedback(filled, "ratings", "good")  # type: ignore[arg-type]


# -------------------------------------------------------------------------------------------- threads, processes


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match=r"threads\.sqlite is closed"):
        store.listing()


def test_several_threads_of_one_process(store: Store, begin: Callable[[], str], draft: Callable[[str], Draft]) -> None:
    thread = begin()

    def write(name: str) -> None:
        for i in range(10):
            store.add_drafts(thread, 0, [draft(f"{name}{i}")])

    writers = [Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    ids = [d.id for d in store.load(thread).drafts]
    assert sorted(ids) == sorted(f"{name}{i}" for name in "abcd" for i in range(10))
    assert [i for i in ids if i[0] == "a"] == [f"a{i}" for i in range(10)]


def test_a_forked_child_opens_its_own_connection(store: Store, begin: Callable[[], str]) -> None:
    thread = begin()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            store.add_prompt(thread, PROMPT)
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.add_prompt(thread, PROMPT) == 2
