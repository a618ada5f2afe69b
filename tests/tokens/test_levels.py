"""A text at all levels: each gives it back, and each is what its name says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import UnknownNameError, UsageError
from treadle.tokens.encodings import open_encoding
from treadle.tokens.levels import LEVELS, levels_of
from treadle.tokens.opening import open_file
from treadle.tokens.trained.run import train_vocabulary

ANY = st.binary(max_size=80) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace"))


@settings(deadline=None)
@given(ANY, st.sampled_from(["gpt2", "cl100k_base"]))
def test_every_level_gives_the_text_back(raw: bytes, encoding: str) -> None:
    view = levels_of(raw, encoding)
    assert tuple(level.name for level in view.levels) == LEVELS
    assert all(level.joined == raw for level in view.levels)
    assert all(piece for level in view.levels for piece in level.pieces)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_characters_are_as_many_as_the_texts_length(text: str) -> None:
    levels = {level.name: level for level in levels_of(text.encode()).levels}
    assert len(levels["character"].pieces) == len(text)
    assert levels["byte"].ids == tuple(text.encode())
    assert levels["byte-pair"].ids == tuple(open_encoding("cl100k_base").encode_ordinary(text))


def test_the_levels_of_one_sentence() -> None:
    levels = {level.name: level.pieces for level in levels_of("Two lollipops, été.".encode()).levels}
    assert levels["word"] == (b"Two", b" ", b"lollipops", b",", b" ", "été".encode(), b".")
    assert levels["subword"] == (b"Two", b" ", b"lol", b"lip", b"ops", b",", b" ", "été".encode(), b".")
    assert len(levels["character"]) == 19
    assert len(levels["byte"]) == 21


def test_a_byte_that_is_no_text_is_a_piece_of_its_own() -> None:
    levels = {level.name: level.pieces for level in levels_of(b"a\xff\xfeb").levels}
    assert levels["character"] == (b"a", b"\xff", b"\xfe", b"b")
    assert levels["word"] == (b"a", b"\xff", b"\xfe", b"b")


def test_any_vocabulary_whose_tokens_give_the_text_back(tmp_path: Path) -> None:
    corpus, raw = tmp_path / "corpus.txt", "def f(été):".encode()
    corpus.write_text("def f(x): return x\n" * 40, encoding="utf-8")
    for algorithm in ("bpe", "wordpiece", "char"):
        out = tmp_path / f"{algorithm}.json"
        train_vocabulary([corpus], out, algorithm=algorithm, size=600)
        view = levels_of(raw, open_file(out))
        assert all(level.joined == raw for level in view.levels)
    train_vocabulary([corpus], tmp_path / "word.json", algorithm="word", size=600)
    with pytest.raises(UsageError, match="do not give this text back"):
        levels_of(raw, open_file(tmp_path / "word.json"))


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="cl100k_base"):
        levels_of(b"a", "cl100k")
