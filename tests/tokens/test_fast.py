"""Fast counts are those of tiktoken, on sources of installed packages and on what libraries are known to cut otherwise."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.tokens import fast
from treadle.tokens.counting import count_tokens
from treadle.tokens.encodings import ENCODINGS, open_encoding

BLANKS = [" ", "  ", "\t", "\n", "\r", "\r\n", "\u00a0", "\u2003", "\u3000", "\u200b", "\x85", "\x1c", "\x0b", "\u2028"]
LETTERS = ["a", "1", "é", "'s", "'S", "'LL", "'ve", "'re", ".", "!?", " x", "12345", "_", "Ab", "你好", "\u0661", "\u00bd"]
MARKS = [
    "/",
    "//\n",
    "😀",
    "e\u0301",
    "\u0301",
    "\u0345",
    "\u01c5",
    "\u02b0",
    "\u0130",
    "\u017f",
    "'\u017f",
    "\u200d",
    "\ufeff",
]
PARTS = [*BLANKS, *LETTERS, *MARKS, "<|endoftext|>"]
DIFFERENT = [name for name in ENCODINGS if name not in ("gpt2", "p50k_edit", "o200k_harmony")]
"""The others have the ranks and pattern of one of these."""


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("splintr")
    monkeypatch.setattr(fast, "_WORTH_CHARACTERS", 0)


def hard_texts(n: int) -> list[str]:
    """``n`` mixtures, ``n`` of random bytes in two readings, and every character of Unicode in six surroundings."""
    chance = random.Random(5)
    found = ["".join(chance.choices(PARTS, k=chance.randrange(1, 40))) for _ in range(n)]
    raw = [chance.randbytes(chance.randrange(1, 120)) for _ in range(n)]
    found += [r.decode("utf-8", "replace") for r in raw] + [r.decode("latin-1") for r in raw]
    for start in range(0, 0x110000, 64):
        characters = [chr(i) for i in range(start, start + 64) if not 0xD800 <= i < 0xE000]
        around = (" ", "a", "", "\n ", "1", " .") if start < 0x32000 else (" ",)
        found += [between.join(characters) for between in around]
    return found


@pytest.mark.parametrize("name", DIFFERENT)
def test_ids_of_hard_texts_are_those_of_tiktoken(name: str) -> None:
    encode, expected = fast.open_fast(name), open_encoding(name).encode_ordinary
    assert encode is not None
    folded = 0
    for text in hard_texts(400):
        if fast.fast_ids(name, text) is None:
            folded += 1
            continue
        assert numpy.frombuffer(encode(text), numpy.uint32).tolist() == expected(text), ascii(text)
    assert folded < 400
    assert (folded > 0) == name.startswith("o200k")


@pytest.mark.parametrize("name", DIFFERENT)
def test_ids_of_sources_are_those_of_tiktoken(name: str) -> None:
    encode, expected = fast.open_fast(name), open_encoding(name).encode_ordinary
    assert encode is not None
    for file in sorted(Path(numpy.__file__).parent.rglob("*.py"))[::10]:
        text = file.read_text(encoding="utf-8")
        assert numpy.frombuffer(encode(text), numpy.uint32).tolist() == expected(text), file


@pytest.mark.parametrize("name", DIFFERENT)
@pytest.mark.parametrize(
    "part", ["a", "A", " ", "\n", "\t", "1", ".", "你", "\u0301", "😀", "a ", " \n", "\u3000", "=", "aB"]
)
def test_long_runs_have_the_tokens_of_tiktoken(name: str, part: str) -> None:
    for n in (2, 25, 100, 5000):
        for text in (part * n, f"x{part * n}", f"{part * n}x", f" {part * n} ", f"{part * n}\n"):
            found = fast.fast_ids(name, text)
            assert found is not None
            assert len(found) == 4 * len(open_encoding(name).encode_ordinary(text)), (part, n)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=80), st.sampled_from(ENCODINGS))
def test_any_text_is_counted_as_by_tiktoken(text: str, name: str) -> None:
    assert count_tokens(name, text) == len(open_encoding(name).encode_ordinary(text))


@pytest.mark.parametrize("name", ENCODINGS)
def test_every_encoding_passes_its_sample(name: str) -> None:
    assert fast.fast_ids(name, "lollipop") is not None
    assert fast.fast_ids(name, "half of a pair \ud800") is None


def test_without_the_library_tiktoken_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splintr", None)
    fast.open_fast.cache_clear()
    assert fast.fast_ids("cl100k_base", "lollipop") is None
    assert count_tokens("cl100k_base", "lollipop") == 2
    fast.open_fast.cache_clear()


def test_a_library_that_differs_is_not_used(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def wrong(*_: Any) -> Any:
        class Wrong:
            encode_flat = staticmethod(lambda text: b"\0\0\0\0" * len(text))

        return Wrong

    monkeypatch.setitem(sys.modules, "splintr", type("splintr", (), {"Tokenizer": type("T", (), {"from_bytes": wrong})}))
    fast.open_fast.cache_clear()
    assert count_tokens("gpt2", "lollipop") == 3
    assert "differs from tiktoken in gpt2" in caplog.text
    fast.open_fast.cache_clear()


def test_little_text_does_not_open_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast, "_WORTH_CHARACTERS", 1 << 60)
    assert fast.fast_ids("cl100k_base", "lollipop") is None
