"""The readable twin of byte-pair encoding, against ``tiktoken`` and against training by ``tokenizers``."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

import treadle
from treadle.errors import UsageError
from treadle.tokens.educational import BytePairs
from treadle.tokens.encodings import open_encoding, pattern_of, ranks_of
from treadle.tokens.vocabulary import BYTE_CHARACTERS

PACKAGE = Path(treadle.__file__).parent
NAMES = ("gpt2", "p50k_base", "cl100k_base")
SNIPPET = '\ndef compare(str):\n    """Prints a comparison."""\n'
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def strings(n: int) -> list[str]:
    """``n`` strings: a third code, a third any characters, a third random bytes read as text in two ways."""
    chance = random.Random(11)
    code = "\n".join(file.read_text(encoding="utf-8") for file in sorted(PACKAGE.rglob("*.py"))[:60])
    ranges = [
        (0x20, 0x7F),
        (0x9, 0xE),
        (0xA0, 0x250),
        (0x300, 0x370),
        (0x2000, 0x2100),
        (0x4E00, 0x9FFF),
        (0x1F300, 0x1FAFF),
    ]
    found = []
    for i in range(n):
        start = chance.randrange(len(code))
        raw = chance.randbytes(chance.randrange(1, 80))
        characters = [chr(chance.randrange(*chance.choice(ranges))) for _ in range(chance.randrange(1, 60))]
        either = raw.decode("utf-8", "replace") if i % 2 else raw.decode("latin-1")
        found.append([code[start : start + chance.randrange(1, 200)], "".join(characters), either][i % 3])
    return found


@pytest.fixture(scope="module", params=NAMES)
def twins(request: pytest.FixtureRequest) -> tuple[BytePairs, tiktoken.Encoding]:
    return BytePairs(ranks_of(request.param), pattern_of(request.param)), open_encoding(request.param)


def test_two_thousand_strings_have_the_ids_of_tiktoken(twins: tuple[BytePairs, tiktoken.Encoding]) -> None:
    ours, theirs = twins
    texts = strings(2000)
    assert len(set(texts)) > 1900
    for text in texts:
        ids = ours.encode(text)
        assert ids == theirs.encode_ordinary(text), text
        assert ours.decode(ids) == text


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_has_the_ids_of_tiktoken(twins: tuple[BytePairs, tiktoken.Encoding], text: str) -> None:
    ours, theirs = twins
    ids = ours.encode(text)
    assert ids == theirs.encode_ordinary(text)
    assert ours.decode_bytes(ids) == theirs.decode_bytes(ids)
    if text.isascii():
        assert ours.decode(ids) == text


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "a", "'s", "'S", "1", "1234", "\u00a0", ".", "\u0301"])))
def test_blanks_and_signs_have_the_ids_of_tiktoken(twins: tuple[BytePairs, tiktoken.Encoding], parts: list[str]) -> None:
    ours, theirs = twins
    assert ours.encode("".join(parts)) == theirs.encode_ordinary("".join(parts))


def test_a_special_token_in_a_text_is_text(twins: tuple[BytePairs, tiktoken.Encoding]) -> None:
    ours, theirs = twins
    assert ours.encode("<|endoftext|>") == theirs.encode("<|endoftext|>", disallowed_special=())
    with pytest.raises(UsageError, match=r"no token 999999; the vocabulary has"):
        ours.decode([999_999])


@pytest.mark.parametrize(("name", "expected"), [("gpt2", 18), ("p50k_base", 16), ("cl100k_base", 12)])
def test_the_snippet_of_the_slide(name: str, expected: int) -> None:
    pairs = BytePairs(ranks_of(name), pattern_of(name))
    assert len(pairs.encode(SNIPPET)) == expected
    assert pairs.decode(pairs.encode(SNIPPET)) == SNIPPET


def test_the_merges_of_a_word_lead_to_its_tokens() -> None:
    pairs = BytePairs(ranks_of("gpt2"), pattern_of("gpt2"))
    (piece,) = pairs.pieces("lollipop")
    merges = list(pairs.merges(piece))
    assert merges[-1].parts == (b"l", b"oll", b"ipop")
    assert len(merges) == len("lollipop") - 3
    before = tuple(bytes([b]) for b in piece)
    for merge in merges:
        assert pairs.ranks[merge.left + merge.right] == merge.rank
        assert b"".join(merge.parts) == piece
        lowest = min(r for a, b in itertools.pairwise(before) if (r := pairs.ranks.get(a + b)) is not None)
        assert merge.rank == lowest
        before = merge.parts


# ------------------------------------------------------------------------------------------------ training


def trained_by_the_library(texts: list[str], size: int) -> list[bytes]:
    """The tokens in order of their ids."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=list(BYTE_CHARACTERS), show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    return [bytes(BYTE_CHARACTERS[c] for c in token) for token, _ in by_id]


def test_training_learns_the_tokens_of_the_library() -> None:
    texts = [file.read_text(encoding="utf-8")[:3000] for file in sorted((PACKAGE / "tokens").glob("*.py"))[:5]]
    ours = BytePairs.train(texts, 400, GPT2)
    assert sorted(ours.ranks, key=ours.ranks.__getitem__) == trained_by_the_library(texts, 400)
    for text in texts:
        assert ours.decode(ours.encode(text)) == text
    assert len(ours.encode(texts[0])) < 0.7 * len(texts[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab c", max_size=30), min_size=1, max_size=6))
def test_training_on_any_text_learns_the_tokens_of_the_library(texts: list[str]) -> None:
    ours = BytePairs.train(texts, 275, GPT2)
    assert sorted(ours.ranks, key=ours.ranks.__getitem__) == trained_by_the_library(texts, 275)


def test_training_ends_where_no_pair_is_left() -> None:
    assert len(BytePairs.train(["ab"], 1000, GPT2).ranks) == 257
    with pytest.raises(UsageError, match="256 bytes"):
        BytePairs.train(["ab"], 255, GPT2)
