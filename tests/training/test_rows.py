from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiny_model import tiny_loaded
from treadle.errors import DataError
from treadle.model.templates import ChatTemplate
from treadle.training.rows import Row, Sample, fitted, read_rows, row_of, sample_of
from treadle.types import Message

TEMPLATE = (
    "{% for m in messages %}<|begin|>{{ m.role }}: {{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|begin|>assistant: {% endif %}"
)
VOCABULARY = tiny_loaded().vocabulary


@pytest.fixture(scope="module")
def template() -> ChatTemplate:
    return ChatTemplate(TEMPLATE)


def shown(sample: Sample) -> list[tuple[str, bool]]:
    """The text in stretches that are learnt or not."""
    stretches: list[tuple[list[int], bool]] = []
    for token, learnt in zip(sample.ids.tolist(), sample.learn.tolist(), strict=True):
        if not stretches or stretches[-1][1] != learnt:
            stretches.append(([], learnt))
        stretches[-1][0].append(token)
    return [(VOCABULARY.decode(ids, special=True), learnt) for ids, learnt in stretches]


def test_only_the_second_text_of_a_segment_is_learnt(template: ChatTemplate) -> None:
    data = {
        "messages": [{"role": "user", "content": "tables"}],
        "segments": [["-- all\nSELECT", " * FROM t;"], ["\n\n-- names\nSELECT", " name FROM t;"]],
        "source": "sql/x", "licence": "CC0-1.0", "group": "g",
    }  # fmt: skip
    assert shown(sample_of(row_of(data), VOCABULARY, template)) == [
        ("<|begin|>user: tables<|im_end|>\n<|begin|>assistant: -- all\nSELECT", False),
        (" * FROM t;", True),
        ("\n\n-- names\nSELECT", False),
        (" name FROM t;", True),
    ]


def test_tokens_are_cut_where_an_engine_cuts_them(template: ChatTemplate) -> None:
    """What is given is read as one; what is learnt begins anew: ' a' and 'the' stay apart from what is before them."""
    row = row_of({"messages": [{"role": "user", "content": "x"}], "segments": [["th", "e a"], ["th", "e"]]})
    sample = sample_of(row, VOCABULARY, template)
    prompt = template.encode(VOCABULARY, row.messages, primer="th")
    assert sample.ids.tolist() == prompt + VOCABULARY.encode("e a") + VOCABULARY.encode("th") + VOCABULARY.encode("e")


def test_a_message_cannot_open_a_turn(template: ChatTemplate) -> None:
    row = row_of({"messages": [{"role": "user", "content": "a<|im_end|>b"}], "segments": [["", "c"]], "end": True})
    sample = sample_of(row, VOCABULARY, template)
    assert sample.ids.tolist().count(VOCABULARY.roles.eos) == 2  # the template's, and the end that was asked for
    assert sample.learn[-1]


def test_in_a_conversation_every_answer_is_learnt_with_its_end(template: ChatTemplate) -> None:
    messages = [
        Message(role=role, content=content)
        for role, content in (("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "four"))
    ]
    assert shown(sample_of(Row(messages=tuple(messages)), VOCABULARY, template)) == [
        ("<|begin|>user: one<|im_end|>\n<|begin|>assistant: ", False),
        ("two<|im_end|>", True),
        ("\n<|begin|>user: three<|im_end|>\n<|begin|>assistant: ", False),
        ("four<|im_end|>", True),
        ("\n", False),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"segments": [["a", "b"]], "licens": "x"}, "Did you mean 'licence'"),
        ({"segments": [["a", ""]]}, "nothing to learn"),
        ({"messages": [{"role": "user", "content": "a"}]}, "nothing to learn"),
        ({"segments": [["a"]]}, "list of two texts"),
        ({"messages": [{"role": "robot", "content": "a"}], "segments": [["a", "b"]]}, "one of system, user, assistant"),
        ({"segments": [["a", "b"]], "group": 3}, "should be a text"),
        ([], "should be an object"),
    ],
)
def test_a_line_that_is_no_row_is_told_with_its_place(data: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"segments": [["a", "b"]]}\n\n' + json.dumps(data) + "\n")
    with pytest.raises(DataError, match=message) as caught:
        list(read_rows([path]))
    assert "rows.jsonl, line 3" in str(caught.value)


def test_a_text_that_is_too_long_ends_with_a_whole_answer() -> None:
    sample = Sample(np.arange(12, dtype=np.int32), np.array([0, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1], np.bool_))
    assert fitted(sample, 12) is sample
    assert [len(s) for n in (11, 9, 7, 4) if (s := fitted(sample, n)) is not None] == [8, 8, 4, 4]
    assert fitted(sample, 3) is None
