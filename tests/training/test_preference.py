"""Pairs: as threads export them, as tokens, and which are held out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from small_policy import ENCODER
from treadle.coding.training import Row, write_rows
from treadle.errors import DataError
from treadle.training.preference import Pair, answer_sample, held_out, prompt_ids, read_pairs, sample_pairs
from treadle.types import Message


def row(request: str, chosen: str, rejected: str) -> dict[str, object]:
    answers = {k: [{"role": "assistant", "content": text}] for k, text in (("chosen", chosen), ("rejected", rejected))}
    return {"prompt": [{"role": "user", "content": request}], **answers}


def pair(request: str, chosen: str = "good", rejected: str = "bad") -> Pair:
    return Pair(prompt=(Message(role="user", content=request),), chosen=chosen, rejected=rejected)


def test_what_threads_export_is_read(tmp_path: Path) -> None:
    def rows() -> Iterator[Row]:
        yield Row(source="correction", data=row("β?", "x = 1", "x = 2"))
        yield Row(source="rated good against bad", data=row("and?", "y", "z"))

    write_rows(rows(), tmp_path / "pairs.jsonl")
    assert list(read_pairs([tmp_path / "pairs.jsonl"])) == [pair("β?", "x = 1", "x = 2"), pair("and?", "y", "z")]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        json.dumps({"prompt": [], "chosen": [], "rejected": []}),
        json.dumps({**row("a", "b", "c"), "chosen": []}),
        json.dumps({**row("a", "b", "c"), "chosen": [{"role": "user", "content": "b"}]}),
        json.dumps({**row("a", "b", "c"), "prompt": [{"role": "user", "content": 7}]}),
        json.dumps({**row("a", "b", "c"), "more": 1}),
    ],
)
def test_a_line_that_is_no_pair_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row("a", "b", "c")) + "\n" + line + "\n")
    with pytest.raises(DataError, match=r"pairs\.jsonl, line 2 is no pair"):
        list(read_pairs([tmp_path / "pairs.jsonl"]))
    with pytest.raises(DataError, match="cannot read"):
        list(read_pairs([tmp_path / "absent.jsonl"]))


def test_the_answer_and_its_end_are_learnt() -> None:
    vocabulary, asked = ENCODER.vocabulary, [Message(role="user", content="one")]
    sample = answer_sample(ENCODER, asked, "the a")
    ids = prompt_ids(ENCODER, asked)
    answer = [*vocabulary.encode("the a"), vocabulary.roles.eos]
    assert sample.ids.tolist() == [*ids, *answer]
    assert sample.learn.tolist() == [False] * len(ids) + [True] * len(answer)


def test_pairs_that_are_too_long_are_left_out() -> None:
    found = sample_pairs(ENCODER, [pair("one"), pair("one", "x" * 100), pair("one", rejected="x" * 100)])
    assert len(found) == 1


def test_pairs_of_one_request_stay_together_and_on_their_side() -> None:
    pairs = [pair(f"request {i // 2}", f"good {i}") for i in range(400)]
    train, held = held_out(pairs, 0.25)
    assert len(train) + len(held) == 400
    assert 50 < len(held) < 150
    assert not {p.prompt for p in train} & {p.prompt for p in held}
    assert held_out(pairs[100:], 0.25)[1] == [p for p in held if p in pairs[100:]]
    assert held_out(pairs, 0) == (pairs, [])
