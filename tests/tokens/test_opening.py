"""Vocabularies of all kinds behind one protocol; special tokens only where they are meant; damaged and foreign files."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from treadle.errors import ModelFileError, TreadleError, UnknownNameError, UsageError
from treadle.tokens.encodings import ENCODINGS, open_encoding
from treadle.tokens.opening import open_file, open_tokens
from treadle.tokens.protocol import Tokens

LINES = ["The muon momentum is measured in the tracker.", "A lollipop, two lollipops.", "def mass(pt, eta, phi):", "été 42"]


def byte_level(folder: Path) -> Path:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, special_tokens=["<|end|>"], show_progress=False)
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "tokenizer.json"


def word_pieces(folder: Path) -> Path:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.decoder = normalizers.Lowercase(), decoders.WordPiece()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=["[UNK]", "[CLS]"], show_progress=False)
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.save(str(folder / "wordpiece.json"))
    return folder / "wordpiece.json"


def sentence_pieces(folder: Path) -> Path:
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, vocab_size=320, byte_fallback=True, model_type="bpe",
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    (folder / "small.model").write_bytes(model.getvalue())
    return folder / "small.model"


MAKERS = {"byte level": byte_level, "word pieces": word_pieces, "sentence pieces": sentence_pieces}


@pytest.fixture(scope="module", params=MAKERS, ids=list(MAKERS))
def vocabulary(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    return open_file(MAKERS[request.param](tmp_path_factory.mktemp("vocabulary")))


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")))
def test_encodings_give_all_bytes_back(raw: bytes) -> None:
    for name in ("gpt2", "cl100k_base", "o200k_base"):
        tokens = open_tokens(name)
        ids = tokens.encode(raw.decode("utf-8", "surrogateescape"), disallowed_special=())
        assert b"".join(map(tokens.token_bytes, ids)) == raw
        assert tokens.decode(ids) == raw.decode("utf-8", "replace")


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_text_around_stray_bytes_has_its_own_tokens(text: str) -> None:
    tokens, encoding = open_tokens("cl100k_base"), open_encoding("cl100k_base")
    apart = [*encoding.encode_ordinary(text), *encoding._encode_single_piece(b"\xff"), *encoding.encode_ordinary(text)]
    assert tokens.encode(f"{text}\udcff{text}", disallowed_special=()) == apart


@pytest.mark.parametrize("name", ENCODINGS)
def test_special_tokens_are_refused_unless_the_caller_says_what_is_meant(name: str) -> None:
    tokens = open_tokens(name)
    text = "one<|endoftext|>two"
    with pytest.raises(UsageError, match=r"<\|endoftext\|>.*--special text.*--special read"):
        tokens.encode(text)
    as_text = tokens.encode(text, disallowed_special=())
    assert tokens.special["<|endoftext|>"] not in as_text
    assert as_text == open_encoding(name).encode_ordinary(text)
    for allowed in ("all", {"<|endoftext|>"}):
        assert tokens.encode(text, allowed_special=allowed) == open_encoding(name).encode(text, allowed_special="all")


def test_only_the_special_tokens_that_are_named_are_read_or_refused() -> None:
    tokens = open_tokens("cl100k_base")
    text = "a<|fim_prefix|>b<|endoftext|>"
    theirs = open_encoding("cl100k_base")
    chosen = {"<|fim_prefix|>"}
    assert tokens.encode(text, allowed_special=chosen, disallowed_special=()) == theirs.encode(
        text, allowed_special=chosen, disallowed_special=()
    )
    with pytest.raises(UsageError, match="endoftext"):
        tokens.encode(text, allowed_special=chosen)
    assert tokens.encode(text, disallowed_special={"<|endofprompt|>"}) == theirs.encode(text, disallowed_special=())
    with pytest.raises(UnknownNameError, match=r"<\|endoftext\|>"):
        tokens.encode(text, allowed_special={"<|endofttext|>"})


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    with pytest.raises(UsageError, match=r"U\+D83D"):
        open_tokens("gpt2").encode("a\ud83d")


def test_every_kind_has_ids_that_are_tokens(vocabulary: Tokens) -> None:
    ids = vocabulary.encode("the muon, two lollipops")
    assert ids
    assert all(0 <= i < vocabulary.size for i in ids)
    assert vocabulary.decode(ids) in ("the muon, two lollipops", "the muon, two lollipops".replace(" ", ""))
    spelled = b"".join(map(vocabulary.token_bytes, ids))
    assert spelled.replace(b" ", b"") == b"themuon,twolollipops"
    for wrong in (-1, vocabulary.size, 10**12):
        with pytest.raises(UsageError, match="no token"):
            vocabulary.token_bytes(wrong)
        with pytest.raises(UsageError, match="no token"):
            vocabulary.decode([wrong])


def test_no_kind_reads_special_tokens_by_accident(vocabulary: Tokens) -> None:
    assert vocabulary.special
    for text, token in vocabulary.special.items():
        if not text.startswith(("<", "[")):
            continue
        with pytest.raises(UsageError, match="special token"):
            vocabulary.encode(f"the {text} muon")
        assert token not in vocabulary.encode(f"the {text} muon", disallowed_special=()) or text == "[UNK]"
        assert token in vocabulary.encode(f"the {text} muon", allowed_special="all")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    text = "a\udce2\udc80b"
    for make in (byte_level, sentence_pieces):
        tokens = open_file(make(tmp_path))
        assert b"\xe2\x80" in b"".join(map(tokens.token_bytes, tokens.encode(text)))
    with pytest.raises(UsageError, match="no tokens for them"):
        open_file(word_pieces(tmp_path)).encode(text)


@pytest.mark.model
def test_the_vocabulary_of_a_gguf_file(model_file: Path) -> None:
    tokens = open_file(model_file, "smollm2")
    text = "def mass(pt):\n    return 2 * pt  # été\udc80"
    ids = tokens.encode(text)
    assert b"".join(map(tokens.token_bytes, ids)) == text.encode("utf-8", "surrogateescape")
    assert tokens.name == "smollm2"
    assert tokens.cuts_at_spaces
    with pytest.raises(UsageError, match="im_start"):
        tokens.encode("<|im_start|>user")
    assert tokens.encode("<|im_start|>", allowed_special="all") == [tokens.special["<|im_start|>"]]


def test_a_folder_is_its_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelFileError, match=r"no tokenizer\.json"):
        open_tokens(str(tmp_path / "empty"))
    byte_level(tmp_path)
    assert open_tokens(str(tmp_path)).encode("lol") == open_tokens(str(tmp_path / "tokenizer.json")).encode("lol")


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownNameError, match=r"o200k_base.*tokenizer\.json"):
        open_tokens("o200k")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.json", b"", "is empty"),
        ("text.model", b"hello", "is no vocabulary"),
        ("list.json", b"[1, 2]", "is no vocabulary"),
        ("half.json", b'{"model": {', "no JSON"),
        ("deep.json", b'{"model":' + b"[" * 100_000, "no JSON"),
        ("other.json", b'{"name": "treadle"}', "no 'model'"),
        ("wrong.json", json.dumps({"model": {"type": "BPE", "vocab": 3}}).encode(), "as a tokenizer.json"),
        ("latin.json", b'{"model": "\xe9"}', "no JSON"),
        ("cut.gguf", b"GGUF\x03\x00\x00\x00", "truncated"),
        ("noise.model", b"\x0a" + bytes(range(256)), "SentencePiece"),
    ],
)
def test_files_that_are_no_vocabulary(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError, match=told):
        open_tokens(str(tmp_path / name))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="No such file"):
        open_tokens(str(tmp_path / "tokenizer.json"))


@pytest.mark.parametrize("kind", MAKERS)
def test_damaged_files_are_errors_or_still_vocabularies(tmp_path: Path, kind: str) -> None:
    path = MAKERS[kind](tmp_path)
    whole, chance, refused = path.read_bytes(), random.Random(4), 0
    for _ in range(60):
        damaged = bytearray(whole)
        if chance.random() < 0.4:
            del damaged[chance.randrange(len(damaged)) :]
        for _ in range(chance.choice([1, 5, 50])):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            tokens = open_file(path)
            tokens.encode("the muon", disallowed_special=())
        except TreadleError:
            refused += 1
    assert refused
