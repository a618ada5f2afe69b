"""Tokens of the embedded model's vocabulary and of small ones, against llama.cpp and ``transformers``."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, trainers

import treadle
from treadle.engines.llama import LlamaEngine
from treadle.errors import ModelFileError, UsageError
from treadle.tokens.from_folder import vocabulary_from_folder
from treadle.tokens.from_gguf import vocabulary_from_gguf
from treadle.tokens.gguf import GGUFHeader, read_header
from treadle.tokens.pretokenizers import NAMES, name_of, pre_tokenizer
from treadle.tokens.to_files import gguf_metadata, write_tokenizer_files
from treadle.tokens.vocabulary import BYTE_CHARACTERS, SpecialTokens, Vocabulary

PACKAGE = Path(treadle.__file__).parent
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\x85", "\x1c"]
WORDS = [
    "a",
    "1",
    "é",
    "'s",
    "'S",
    "'ll",
    ".",
    " x",
    "12345",
    "_",
    "Ab",
    "\u4f60\u597d",
    "\u0661",
    "\u00bd",
    "\U0001f600",
    "e\u0301",
]
SPELLED = ["<|im_start|>", "<|im_end|>", "user", "<|endoftext|>", "</s>", "<s>", "hi", "<file_sep>", "<|im_", " "]


def texts(n: int) -> list[str]:
    """``n`` texts of each kind: code, bytes read as UTF-8 and as Latin-1, any characters, spaces, spelled special tokens."""
    chance = random.Random(3)
    files = sorted(PACKAGE.rglob("*.py"))
    found = []
    for _ in range(n):
        code = chance.choice(files).read_text(encoding="utf-8")
        start = chance.randrange(max(1, len(code)))
        raw = chance.randbytes(chance.randrange(1, 60))
        ranges = chance.choices([(0x20, 0x7F), (0xA0, 0xD800), (0xE000, 0x30000)], k=chance.randrange(1, 40))
        wide = [chance.randrange(*bounds) for bounds in ranges]
        found += [
            code[start : start + chance.randrange(1, 400)],
            raw.decode("utf-8", "replace"),
            raw.decode("latin-1"),
            "".join(map(chr, wide)),
            "".join(chance.choices(SPACES + WORDS, k=chance.randrange(1, 30))),
            "".join(chance.choices(SPELLED, k=chance.randrange(1, 8))),
        ]
    return found


@pytest.fixture(scope="module")
def header(model_file: Path) -> GGUFHeader:
    return read_header(model_file)


@pytest.fixture(scope="module")
def vocabulary(header: GGUFHeader) -> Vocabulary:
    return vocabulary_from_gguf(header)


# ------------------------------------------------------------------------------------------------ the embedded model


@pytest.mark.model
def test_tokens_are_those_of_llama_cpp(llama: LlamaEngine, vocabulary: Vocabulary) -> None:
    for text in texts(200):
        assert vocabulary.encode(text) == llama._tokenize(text), text
    for text in texts(40):
        assert vocabulary.encode(text, special=True) == llama._tokenize(text, special=True), text


@pytest.mark.model
def test_what_the_embedded_vocabulary_is(vocabulary: Vocabulary) -> None:
    assert vocabulary.size == 49_152
    roles = vocabulary.roles
    assert (roles.bos, roles.eos, roles.padding, roles.adds_bos) == (1, 2, 2, False)
    assert [vocabulary.tokens[i] for i in sorted(roles.ends)] == ["<|endoftext|>", "<|im_end|>"]
    assert len(vocabulary.special_ids) == 17
    assert vocabulary.chat_template is not None


@pytest.mark.model
def test_special_tokens_are_never_read_in_a_users_text(vocabulary: Vocabulary) -> None:
    for i in vocabulary.special_ids:
        text = f"a {vocabulary.tokens[i]} b"
        assert vocabulary.special_ids.isdisjoint(vocabulary.encode(text))
        assert vocabulary.encode(text, special=True).count(i) == 1
        assert vocabulary.decode(vocabulary.encode(text)) == text


@pytest.mark.model
def test_there_and_back(vocabulary: Vocabulary) -> None:
    lacking = [b for c, b in BYTE_CHARACTERS.items() if vocabulary.id_of(c) is None]
    for text in texts(100):
        if not set(text.encode()) & set(lacking):
            assert vocabulary.decode(vocabulary.encode(text)) == text
    ids = vocabulary.encode("<|im_start|>x<|im_end|>", special=True)
    assert vocabulary.decode(ids) == "x"
    assert vocabulary.decode(ids, special=True) == "<|im_start|>x<|im_end|>"


@pytest.mark.model
def test_a_character_of_several_tokens(vocabulary: Vocabulary) -> None:
    ids = vocabulary.encode("\U0001f9f5")  # a spool of thread
    assert len(ids) > 1
    assert b"".join(map(vocabulary.token_bytes, ids)) == "\U0001f9f5".encode()
    assert vocabulary.decode(ids[:-1]).startswith("\ufffd")
    assert vocabulary.token_bytes(vocabulary.encode(" the")[0]) == b" the"


@pytest.mark.model
@pytest.mark.parametrize("token", [-1, 49_152, 10**9])
def test_ids_that_do_not_exist(vocabulary: Vocabulary, token: int) -> None:
    with pytest.raises(UsageError, match=r"no token -?\d+; the vocabulary has 49,152"):
        vocabulary.decode([token])


@pytest.mark.model
def test_text_that_is_no_unicode(vocabulary: Vocabulary) -> None:
    with pytest.raises(UsageError, match=r"byte 80 at character 2"):
        vocabulary.encode("ab\udc80")


@pytest.mark.model
def test_the_files_that_transformers_reads(vocabulary: Vocabulary, tmp_path: Path) -> None:
    import transformers

    write_tokenizer_files(vocabulary, tmp_path, 8192)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ours = vocabulary_from_folder(tmp_path)
    for text in texts(60):
        wanted = vocabulary.encode(text, special=True)
        assert theirs.encode(text, add_special_tokens=False) == wanted
        assert ours.encode(text, special=True) == wanted
        assert ours.encode(text) == vocabulary.encode(text)
    assert ours.tokens == vocabulary.tokens
    assert ours.roles == vocabulary.roles
    assert ours.special_ids == vocabulary.special_ids
    assert ours.chat_template == vocabulary.chat_template
    assert (theirs.eos_token, theirs.bos_token, theirs.pad_token) == ("<|im_end|>", "<|im_start|>", "<|im_end|>")
    said = [{"role": "user", "content": "Hello"}]
    assert theirs.apply_chat_template(said, tokenize=False).startswith("<|im_start|>system\nYou are a helpful")


@pytest.mark.model
def test_metadata_for_llama_cpp_is_what_was_read(header: GGUFHeader, vocabulary: Vocabulary, tmp_path: Path) -> None:
    kept = {k: v for k, v in header.metadata.items() if k.startswith("tokenizer.")}
    assert gguf_metadata(vocabulary, vocabulary.size) == kept
    write_tokenizer_files(vocabulary, tmp_path, 8192)
    described = gguf_metadata(vocabulary_from_folder(tmp_path), vocabulary.size)
    assert {k: v for k, v in kept.items() if described.get(k) != v} == {}


# ------------------------------------------------------------------------------------------------ other ways of cutting


@functools.cache
def byte_pairs(pre: str, ignore_merges: bool = False) -> dict[str, Any]:
    """The metadata of a small vocabulary that was trained on this project's source."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer(pre, "test"), decoders.ByteLevel()
    special = [AddedToken(t, special=True) for t in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    trainer = trainers.BpeTrainer(
        vocab_size=1500, special_tokens=special, initial_alphabet=list(BYTE_CHARACTERS), show_progress=False
    )
    source = [p.read_text(encoding="utf-8") for p in sorted(PACKAGE.glob("*.py"))]
    tokenizer.train_from_iterator([*source, *WORDS, *SPACES, " ".join(WORDS * 9)], trainer)
    return _metadata(tokenizer, SpecialTokens(bos=0, eos=2, adds_bos=True), pre=pre)


@functools.cache
def sentencepiece() -> dict[str, Any]:
    """The same in the manner of Llama 2: U+2581 for a space, and bytes for what is not known."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = [AddedToken(t, special=True) for t in ("<unk>", "<s>", "</s>")]
    trainer = trainers.BpeTrainer(
        vocab_size=1500, show_progress=False, special_tokens=[*special, *(f"<0x{b:02X}>" for b in range(256))]
    )
    words = [w for p in sorted(PACKAGE.glob("*.py")) for w in p.read_text(encoding="utf-8").split()]
    tokenizer.train_from_iterator(words, trainer)
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = [t for t in content["added_tokens"] if not t["content"].startswith("<0x")]
    return _metadata(Tokenizer.from_str(json.dumps(content)), SpecialTokens(bos=1, eos=2, unknown=0, adds_bos=True))


def _metadata(tokenizer: Tokenizer, roles: SpecialTokens, pre: str = "") -> dict[str, Any]:
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    spelled: Any = "bytes" if pre else "sentencepiece"
    vocabulary = Vocabulary(
        tokenizer, tokens, roles, special_ids=[0, 1, 2], spelling=spelled, space_prefix=spelled == "sentencepiece"
    )
    found = gguf_metadata(vocabulary, vocabulary.size)
    return {**found, "tokenizer.ggml.pre": pre} if pre else found


def from_metadata(data: dict[str, Any]) -> Vocabulary:
    return vocabulary_from_gguf(GGUFHeader(path=Path("small.gguf"), metadata=data, tensors={}, size_bytes=0))


CUTS: dict[str, Callable[[], dict[str, Any]]] = {
    **{name: (lambda name=name: byte_pairs(name)) for name in ("default", "gpt-2", "smollm", "qwen2", "starcoder")},
    "llama-bpe": lambda: byte_pairs("llama-bpe", ignore_merges=True),
    "sentencepiece": sentencepiece,
}


@functools.cache
def kept(kind: str) -> Vocabulary:
    return from_metadata(CUTS[kind]())


@pytest.mark.parametrize("kind", CUTS)
def test_every_way_of_cutting_is_that_of_llama_cpp(kind: str, tmp_path: Path) -> None:
    import torch

    from treadle.model.config import ModelConfig
    from treadle.model.transformer import Transformer
    from treadle.model.weights import save_gguf

    vocabulary = from_metadata(CUTS[kind]())
    torch.manual_seed(1)
    config = ModelConfig(
        vocab_size=vocabulary.size, d_model=32, n_layers=1, n_heads=1, n_kv_heads=1, d_head=32, d_ff=32, max_positions=64
    )
    save_gguf(Transformer(config), vocabulary, tmp_path / "small.gguf")
    with closing(LlamaEngine(tmp_path / "small.gguf", threads=1, context_tokens=64, slots=1)) as llama:
        for text in texts(60):
            assert vocabulary.encode(text) == llama._tokenize(text), ascii(text)
            assert vocabulary.encode(text, special=True) == llama._tokenize(text, special=True), ascii(text)
        assert vocabulary.encode("a b", begin=True) == llama._tokenize("a b", begin=True)
    for text in texts(20):
        assert vocabulary.decode(vocabulary.encode(text)) == text


@pytest.mark.parametrize("kind", CUTS)
def test_other_vocabularies_survive_a_folder(kind: str, tmp_path: Path) -> None:
    vocabulary = from_metadata(CUTS[kind]())
    write_tokenizer_files(vocabulary, tmp_path, 64)
    again = vocabulary_from_folder(tmp_path)
    assert (again.tokens, again.roles, again.special_ids) == (vocabulary.tokens, vocabulary.roles, vocabulary.special_ids)
    assert (again.spelling, again.space_prefix) == (vocabulary.spelling, vocabulary.space_prefix)
    back = from_metadata(gguf_metadata(again, again.size))
    for text in texts(30):
        assert again.encode(text, special=True) == vocabulary.encode(text, special=True)
        assert back.encode(text) == again.encode(text) == vocabulary.encode(text)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back(text: str) -> None:
    vocabulary = kept("gpt-2")
    assert vocabulary.decode(vocabulary.encode(text)) == text


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_from_sentencepiece(text: str) -> None:
    vocabulary = kept("sentencepiece")
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_names_of_ways_to_cut() -> None:
    for name in ("default", "gpt-2", "smollm", "qwen2", "llama-bpe"):
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizer(name, "x")
        assert name_of(json.loads(tokenizer.to_str())["pre_tokenizer"]) == name
    digits = {"type": "Digits", "individual_digits": True}
    level = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
    assert name_of({"type": "Sequence", "pretokenizers": [digits, level]}) == "smollm"
    assert name_of(level) == "gpt-2"
    assert name_of({"type": "Whitespace"}) is None
    with pytest.raises(ModelFileError, match=r"the way 'smollm3' .*nearest known one is 'smollm'.*Known: default"):
        pre_tokenizer("smollm3", "x.gguf")
    assert "smollm" in NAMES


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"tokenizer.ggml.model": "bert"}, r"the kind 'bert' .*known here: gpt2 \(byte pairs\), llama"),
        ({"tokenizer.ggml.model": None}, r"the kind None"),
        ({"tokenizer.ggml.tokens": None}, r"carries no vocabulary"),
        ({"tokenizer.ggml.tokens": []}, r"carries no vocabulary"),
        ({"tokenizer.ggml.token_type": [1, 2]}, r"token_type should be a list of 1,500"),
        ({"tokenizer.ggml.merges": None}, r"lacks tokenizer.ggml.merges"),
        ({"tokenizer.ggml.merges": ["ab"]}, r"the merge 'ab' is no pair"),
        ({"tokenizer.ggml.merges": ["qqqq zzzz"]}, r"does not fit together"),
        ({"tokenizer.ggml.pre": "qwen9"}, r"nearest known one is 'qwen2'"),
        ({"tokenizer.ggml.eos_token_id": 5000}, r"the eos token is 5000, and the vocabulary has 1,500"),
    ],
)
def test_vocabularies_that_cannot_be_read(changed: dict[str, Any], told: str) -> None:
    data = {k: v for k, v in {**byte_pairs("gpt-2"), **changed}.items() if v is not None}
    with pytest.raises(ModelFileError, match=told):
        from_metadata(data)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, r"has no tokenizer.json"),
        ("", r"cannot read .*tokenizer.json"),
        ("{}", r"cannot read .*tokenizer.json"),
        (Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")).to_str(), r"the kind 'WordPiece'; known here: BPE"),
        (Tokenizer(models.BPE({"a": 0}, [])).to_str(), r"the kind 'BPE'; known here: BPE over bytes"),
    ],
)
def test_folders_that_cannot_be_read(content: str | None, told: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(ModelFileError, match=told):
        vocabulary_from_folder(tmp_path)


def test_more_tokens_than_rows(vocabulary: Vocabulary) -> None:
    with pytest.raises(ModelFileError, match="49,152 tokens and the embedding table 100 rows"):
        gguf_metadata(vocabulary, 100)


def test_rows_without_tokens_get_names() -> None:
    vocabulary = from_metadata(byte_pairs("gpt-2"))
    data = gguf_metadata(vocabulary, 1503)
    assert data["tokenizer.ggml.tokens"][1500:] == ["[PAD1500]", "[PAD1501]", "[PAD1502]"]
    assert data["tokenizer.ggml.token_type"][1499:] == [1, 5, 5, 5]
