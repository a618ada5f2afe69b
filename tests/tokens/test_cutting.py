"""Long texts in pieces: their ids, one after the other, are those of the whole text; bytes in blocks are the same text."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import treadle
from treadle.tokens.cutting import last_cut, next_cut, texts_of, whole_pieces
from treadle.tokens.encodings import ENCODINGS, open_encoding
from treadle.tokens.opening import open_tokens
from treadle.tokens.ordinary import ordinary_ids

PARTS = [
    "a", "word", "Ab", "ABC", "z9", "1", "1234", "'", "'s", "'LL", "don't", ".", ",", "(", "_", "/", "\\", "*/", "==",
    "\u00e9", "e\u0301", "\u0301", "\u4f60\u597d", "\u3002", "\uff0c", "\u3042", "\u30ab", "\u0661", "\u00bd", "\u2160",
    "\u017f", "\U0001f600", "\u200b", "\u200d", " ", "  ", "\t", "\n", "\n\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85",
    "\u00a0", "\u2003", "\u2028", "\u3000", "\u1680", "\u180e", "\ufeff", "\ue000", "\u0903", "\u1d7ce", "\x00",
]  # fmt: skip
"""Characters of every class that a pattern knows, and those on which Unicode's and Python's white space differ."""


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_every_cut_between_every_two_parts_is_certain(name: str) -> None:
    """Whatever stands before and after: all pairs of parts, within four contexts."""
    encoding = open_encoding(name)
    around = [("", ""), ("x", "y"), (" ", " "), ("!\n", "\n/")]
    checked = 0
    for (before, after), first, second in itertools.product(around, PARTS, PARTS):
        text = before + first + second + after
        whole = None
        start = 0
        while (cut := next_cut(text, start)) < len(text):
            whole = whole or encoding.encode_ordinary(text)
            assert encoding.encode_ordinary(text[:cut]) + encoding.encode_ordinary(text[cut:]) == whole, (text, cut)
            start, checked = cut, checked + 1
    assert checked > 4_000


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PARTS) | st.characters(exclude_categories=["Cs"]), max_size=60).map("".join), st.data())
def test_every_cut_of_any_text_is_certain(text: str, data: st.DataObject) -> None:
    encoding = open_encoding(data.draw(st.sampled_from(ENCODINGS)))
    cut = next_cut(text, data.draw(st.integers(0, len(text))))
    parts = encoding.encode_ordinary(text[:cut]) + encoding.encode_ordinary(text[cut:])
    assert parts == encoding.encode_ordinary(text)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(st.sampled_from([*PARTS, "<|endoftext|>", "<|end", "oftext|>", "<|"]), max_size=9).map("".join)))
def test_pieces_of_texts_in_any_portions(portions: list[str]) -> None:
    tokens = open_tokens("o200k_harmony")
    pieces = list(whole_pieces(portions, [tokens]))
    assert "".join(pieces) == "".join(portions)
    ids = [i for piece in pieces for i in tokens.encode(piece, allowed_special="all")]
    assert ids == tokens.encode("".join(portions), allowed_special="all")


def test_code_is_cut_into_many_pieces_with_the_ids_of_the_whole() -> None:
    files = sorted(Path(treadle.__file__).parent.rglob("*.py"))[:60]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    for name in ("gpt2", "cl100k_base", "o200k_base"):
        tokens = open_tokens(name)
        pieces = list(whole_pieces((text[i : i + 5000] for i in range(0, len(text), 5000)), [tokens]))
        assert len(pieces) > len(text) // 6000
        assert [i for piece in pieces for i in tokens.encode(piece, disallowed_special=())] == ordinary_ids(name, text)


def test_a_line_of_chinese_without_a_space_is_cut_at_its_punctuation() -> None:
    line = "\u4f60\u597d\uff0c\u4e16\u754c\u3002" * 3000
    pieces = list(whole_pieces([line[i : i + 999] for i in range(0, len(line), 999)], [open_tokens("cl100k_base")]))
    assert len(pieces) > 10
    assert sum(len(open_tokens("cl100k_base").encode(piece)) for piece in pieces) == len(ordinary_ids("cl100k_base", line))


def test_no_cut_lies_in_a_special_token_or_too_near_to_the_end_for_one() -> None:
    text = "a <|endoftext|> b"
    special = frozenset({"<|endoftext|>"})
    assert last_cut(text) == text.rindex(" ")
    assert last_cut(text, special) == 1
    assert last_cut(text + " " * 20, special) == len(text)
    assert last_cut("<|endoftext|>" + "x" * 20, special) == -1


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=60).map(str.encode), st.integers(1, 7))
def test_blocks_cut_anywhere_are_the_same_text(raw: bytes, size: int) -> None:
    blocks = [raw[i : i + size] for i in range(0, len(raw), size)]
    assert "".join(texts_of(blocks)) == raw.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("name", ["gpt2", "cl100k_base", "o200k_base"])
@pytest.mark.parametrize("space", [" ", "\t", "\n", " \n", "\u3000"])
def test_long_white_space_is_cut_as_the_pattern_cuts_it(name: str, space: str) -> None:
    """Around the length from which on ``regex`` cuts: tiktoken itself can still encode this, and must agree."""
    chance = random.Random(1)
    for before, after in [("", ""), ("x.", "y z"), ("a", " ."), ("!\n", "\n/ b")]:
        text = before + space * (210_000 // len(space)) + after + chance.choice(["", " tail"])
        assert ordinary_ids(name, text) == open_encoding(name).encode_ordinary(text)


def test_a_million_spaces_are_encoded_where_tiktoken_panics() -> None:
    text = "x" + " " * 1_200_000 + "y"
    ids = ordinary_ids("o200k_base", text)
    assert open_encoding("o200k_base").decode(ids) == text
