"""What threads teach: which answers are taken for good, which pairs for better and worse, and the form of the files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import Options, Tools
from treadle.coding.correct import correct, draft_to_correct, on_data
from treadle.coding.training import Form, training_rows, write_lines, write_rows
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import UsageError
from treadle.threads.base import Store

DOUBLE = "Write double(x): twice x. double(2) == 4, double(3) == 6"
RIGHT, ALSO_RIGHT = "\n    return x * 2\n", "\n    return x + x\n"
WRONG, BROKEN = "\n    return x + 2\n", "\n    return x **\n"


def rows(store: Store, form: Form) -> list[dict[str, Any]]:
    return [dict(row.data) for row in training_rows(store, form)]


def sources(store: Store, form: Form) -> Counter[str]:
    return Counter(row.source for row in training_rows(store, form))


def programs(row: dict[str, Any]) -> tuple[str, ...]:
    """What stands in the answers of a row, without their fences."""
    turns = [row["messages"][1:]] if "messages" in row else [row["chosen"], row["rejected"]]
    return tuple(turn[-1]["content"].removeprefix("```python\n").removesuffix("\n```") for turn in turns)


def fixed(asking: Any, store: Store, thread: str, program: str) -> None:
    record = store.load(thread)
    tools = Tools(engine=ScriptedEngine([]), sandbox=asking.sandbox, store=store, packs=())
    done = correct(record, on_data(record.request, asking.sandbox), program, tools, Options(), draft_to_correct(record))
    assert done.example is not None


def test_nothing_to_learn_from(asking: Any, store: Store) -> None:
    asking(DOUBLE, [WRONG])
    assert rows(store, "messages") == rows(store, "preference") == []


def test_a_verified_answer_is_a_chat(asking: Any, store: Store) -> None:
    asking(DOUBLE, [RIGHT])
    (row,) = rows(store, "messages")
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    assert row["messages"][0]["content"] == f"You write short, correct Python functions.\n\n{DOUBLE}"
    assert programs(row) == ("def double(x):\n    return x * 2",)


def test_examples_are_not_in_the_turn_of_the_user(asking: Any, store: Store, table: Path) -> None:
    from treadle.retrieval import builtin_packs

    mean = '\n    print("METRIC: mean=", events["x"].mean())\n'
    thread = asking("What is the mean of x?", [mean], data=table, packs=builtin_packs()).thread
    assert "example " in " ".join(p.name for p in store.load(thread).prompts[0].parts)
    store.add_feedback(thread, "rating", "good")
    (row,) = rows(store, "messages")
    told = row["messages"][0]["content"]
    assert told.count("What is") == 1
    assert told.endswith("What is the mean of x?")
    assert "table.csv" in told
    assert "begins with:\n```python\nimport awkward as ak" in told


def test_ratings_decide_what_is_good(asking: Any, store: Store, table: Path) -> None:
    ran = asking("What is the mean of x?", ['\n    print("METRIC: m=1")\n'], data=table).thread
    verified = asking(DOUBLE, [RIGHT]).thread
    assert sources(store, "messages") == {"verified": 1}
    store.add_feedback(ran, "rating", "good")
    store.add_feedback(verified, "rating", "bad", "too slow")
    assert sources(store, "messages") == {"rated good": 1}
    store.add_feedback(ran, "rating", "bad")
    store.add_feedback(verified, "rating", "good")
    assert sources(store, "messages") == {"rated good": 1}
    assert programs(rows(store, "messages")[0]) == ("def double(x):\n    return x * 2",)


def test_a_corrected_thread_gives_its_correction_alone(asking: Any, store: Store) -> None:
    text = "Write double(x): twice x. double(2) == 4"
    thread = asking(text, [WRONG, RIGHT + "    # unlikely\n"], samples=2).thread
    store.add_feedback(thread, "rating", "good")
    fixed(asking, store, thread, "def double(x):\n    return 2 * x\n")
    (chat,) = rows(store, "messages")
    assert programs(chat)[0].endswith("return 2 * x")
    assert sources(store, "messages") == {"corrected": 1}
    (pair,) = rows(store, "preference")
    assert [p.rpartition("\n")[2].strip() for p in programs(pair)] == ["return 2 * x", "return x + 2"]
    assert pair["prompt"] == chat["messages"][:1]


def test_a_replaced_correction_is_worse_than_the_one_that_replaced_it(asking: Any, store: Store) -> None:
    thread = asking(DOUBLE, [WRONG]).thread
    fixed(asking, store, thread, "def double(x):\n    return 2 * x\n")
    fixed(asking, store, thread, "def double(x):\n    return x << 1\n")
    found = [tuple(p.rpartition(" return ")[2] for p in programs(row)) for row in rows(store, "preference")]
    assert sorted(found) == [("x << 1", "2 * x"), ("x << 1", "x + 2")]
    assert sources(store, "preference") == {"correction": 1, "correction replaced": 1}


def test_a_removed_correction_teaches_nothing(asking: Any, store: Store) -> None:
    thread = asking(DOUBLE, [WRONG]).thread
    fixed(asking, store, thread, "def double(x):\n    return 2 * x\n")
    store.remove_example(thread)
    assert rows(store, "messages") == rows(store, "preference") == []


def test_drafts_that_failed_stand_against_the_verified_one(asking: Any, store: Store) -> None:
    thread = asking(DOUBLE, [RIGHT, WRONG, WRONG, BROKEN, ALSO_RIGHT]).thread
    answer = store.load(thread).answer
    assert answer is not None
    assert answer.program is not None
    found = rows(store, "preference")
    assert len(found) == 2, "equal programs are told once"
    for row in found:
        chosen, rejected = programs(row)
        assert chosen == answer.program.strip()
        assert rejected in ("def double(x):\n    return x + 2", "def double(x):\n    return x **")
    store.add_feedback(thread, "rating", "bad")
    assert rows(store, "preference") == []


def test_drafts_of_another_prompt_do_not_stand_against_each_other(asking: Any, store: Store) -> None:
    """The answer is a repair: its prompt showed the failed draft, the failed draft's prompt did not."""
    asking(DOUBLE, [WRONG], ["\n    return x * 2\n"], repairs=1, samples=1)
    assert store.listing()[0].status == "verified"
    assert sources(store, "messages") == {"verified": 1}
    assert rows(store, "preference") == []


def test_good_against_bad_answers_to_the_same_request(asking: Any, store: Store, table: Path) -> None:
    text = "What is the mean of x?"
    bodies = ['\n    print("METRIC: m=", events["x"].mean())\n', '\n    print("METRIC: m=", events["y"].mean())\n']
    good, bad = (asking(text, [body], data=table).thread for body in bodies)
    other = asking("What is the mean of y?", [bodies[0]], data=table).thread
    for thread, value in ((good, "good"), (bad, "bad"), (other, "bad")):
        store.add_feedback(thread, "rating", value)
    (row,) = rows(store, "preference")
    chosen, rejected = programs(row)
    assert 'events["x"]' in chosen
    assert 'events["y"]' in rejected
    assert sources(store, "preference") == {"rated good against bad": 1}


# ------------------------------------------------------------------------------------------------------ writing


def test_files_are_json_lines(asking: Any, store: Store, tmp_path: Path) -> None:
    asking(DOUBLE, [RIGHT, WRONG])
    asking(DOUBLE.replace("twice", "zweimal 'ü'"), [RIGHT])
    out = tmp_path / "chats.jsonl"
    out.write_text("old\n", encoding="utf-8")
    assert write_rows(training_rows(store, "messages"), out) == {"verified": 2}
    lines = [json.loads(line) for line in out.read_text(encoding="ascii").splitlines()]
    assert [set(line) for line in lines] == [{"messages"}] * 2
    assert write_rows(training_rows(store, "preference"), tmp_path / "pairs.jsonl").total() == 1
    pair = json.loads((tmp_path / "pairs.jsonl").read_text(encoding="ascii"))
    assert set(pair) == {"prompt", "chosen", "rejected"}
    assert {p.name for p in tmp_path.glob("*.jsonl*")} == {"chats.jsonl", "pairs.jsonl"}


def test_nothing_to_write_leaves_the_file(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "chats.jsonl"
    out.write_text("old\n", encoding="utf-8")
    assert not write_rows(training_rows(store, "messages"), out)
    assert out.read_text(encoding="utf-8") == "old\n"
    with pytest.raises(UsageError, match=r"cannot write .*nowhere"):
        write_rows(training_rows(store, "messages"), tmp_path / "nowhere" / "x.jsonl")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_progress_is_told(asking: Any, store: Store) -> None:
    said: list[Any] = []

    class Counting:
        def phase(self, name: str, total: int | None = None) -> None:
            said.append((name, total))

        def tokens(self, n: int) -> None:
            said.append(n)

    asking(DOUBLE, [RIGHT])
    asking(DOUBLE, [WRONG])
    list(training_rows(store, "messages", Counting()))
    assert said == [("reading 1 thread", 1), 1]


def test_what_a_killed_process_left_goes_and_what_another_writes_stays(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    (tmp_path / ".rows.jsonl.00000000.part").write_text("cut o")

    def lines() -> Iterator[tuple[str, str]]:
        yield "one", "1"
        assert write_lines([("other", "2")], out, empty=True) == {"other": 1}
        assert out.read_text() == "2\n"
        yield "one", "3"

    assert write_lines(lines(), out, empty=True) == {"one": 2}
    assert out.read_text() == "1\n3\n"
    assert list(tmp_path.iterdir()) == [out]
