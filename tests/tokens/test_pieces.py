"""Prompts of pieces: special tokens come from the template alone, and what is cut to fit is text of others only."""

from __future__ import annotations

import itertools
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.errors import ContextLengthError
from treadle.tokens.pieces import check_length, cut_to_fit, encode_apart, encode_pieces

SPECIAL = ["<s>", "<a>", "<end>"]
WORDS = ["ab", "abc", " b", "<a", "end", *map(chr, range(32, 127))]
BEGIN = 0


def encode(text: str, special: bool = False, begin: bool = False) -> list[int]:
    """Greedy, the longest first: tokens reach across the edges of pieces, as those of real vocabularies do."""
    known = [*(SPECIAL if special else []), *WORDS]
    names = [*SPECIAL, *WORDS]
    ids = [BEGIN] if begin else []
    while text:
        word = max((w for w in known if text.startswith(w)), key=lambda w: (w in SPECIAL, len(w)))
        ids.append(names.index(word))
        text = text[len(word) :]
    return ids


def is_special(token: int) -> bool:
    return token < len(SPECIAL)


def spelled(ids: list[int]) -> str:
    return "".join([*SPECIAL, *WORDS][i] for i in ids)


HARMLESS = st.text(alphabet="abc end", max_size=4)
THEIRS = st.lists(st.sampled_from(["<", "a", ">", "s", "<a", "end", "<end", ">", "<a>", " b", ""]), max_size=3).map("".join)
OURS = st.one_of(st.sampled_from(["", "<a>", "<end>", "<", ">", "<a", "ab"]), HARMLESS)
PIECES = st.lists(st.one_of(st.tuples(THEIRS, st.just(False)), st.tuples(OURS, st.just(True))), max_size=6)


@given(PIECES)
def test_special_tokens_are_those_of_the_template(pieces: list[tuple[str, bool]]) -> None:
    ids = encode_pieces(pieces, encode, is_special)
    written = [encode(text, special=True) for text, ours in pieces if ours]
    assert [i for i in ids if is_special(i)] == [BEGIN, *(i for i in itertools.chain(*written) if is_special(i))]
    assert spelled(ids[1:]) == "".join(text for text, _ in pieces)


@pytest.mark.parametrize(
    "pieces",
    [
        [("<a", False), (">", False)],
        [("<", False), ("", True), ("a>", False)],
        [("<a", True), (">", False)],  # the template's own text and a message's
        [("x<e", False), ("nd>y", True)],
        [("<a>", False)],
        [("<a>", True), ("<a", False), (">", False), ("<a>", True)],
    ],
)
def test_a_special_token_spelled_across_an_edge_stays_text(pieces: list[tuple[str, bool]]) -> None:
    whole = encode("".join(text for text, _ in pieces), special=True, begin=True)
    found = encode_pieces(pieces, encode, is_special)
    ours = sum(text == "<a>" for text, is_ours in pieces if is_ours)
    assert sum(map(is_special, whole)) > 1 + ours
    assert sum(map(is_special, found)) == 1 + ours


def test_harmless_pieces_are_read_as_one_text() -> None:
    pieces = [("<a>a", True), ("b", False), ("c<end>", True)]
    assert encode_pieces(pieces, encode, is_special) == encode("<a>abc<end>", special=True, begin=True)
    assert encode_apart(pieces, encode)[1] == (encode("b"), False)
    assert encode_apart([("a", False), ("b", False)], encode) == [([BEGIN], True), (encode("ab"), False)]


# ---------------------------------------------------------------------------------------------------------- too long


def parts(*sizes: int) -> list[tuple[list[int], bool]]:
    """Pieces of so many tokens, the template's and others' in turns; every token is another number."""
    count = itertools.count()
    return [([next(count) for _ in range(size)], k % 2 == 0) for k, size in enumerate(sizes)]


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ContextLengthError, match=r"the prompt has 30 tokens and 8 more are asked for, but m holds 32"):
        check_length(30, 8, 32, "m")
    with pytest.raises(ContextLengthError, match=r"has 30 tokens and 8 more .* TREADLE_TRUNCATE=yes"):
        cut_to_fit(parts(4, 20, 6), 8, 32, "m", truncate=False)
    assert cut_to_fit(parts(4, 20, 6), 2, 32, "m", truncate=False) == list(range(30))


def test_beginnings_of_texts_are_left_out_in_order(caplog: pytest.LogCaptureFixture) -> None:
    given = parts(4, 20, 6, 100, 3, 40)
    assert cut_to_fit(given, 10, 173 - 5 + 10, "m", truncate=True) == [*range(4), *range(9, 173)]
    with caplog.at_level(logging.WARNING):
        found = cut_to_fit(given, 10, 173 - 50 + 10, "m", truncate=True)
    assert found == [*range(4), *range(24, 30), *range(60, 173)]
    assert "173 tokens and 10 more are asked for, but m holds 133: 50 tokens were left out" in caplog.text


def test_the_end_of_the_last_text_always_stays() -> None:
    given = parts(4, 20, 6, 100)
    assert cut_to_fit(given, 8, 50, "m", truncate=True) == [*range(4), *range(24, 30), *range(98, 130)]
    with pytest.raises(ContextLengthError, match=r"has 42 tokens and 8 more .* holds 49; .* 88 tokens of its texts"):
        cut_to_fit(given, 8, 49, "m", truncate=True)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6), st.integers(1, 200))
def test_what_is_left_fits_and_keeps_its_order(sizes: list[int], limit: int) -> None:
    given_parts = parts(*sizes)
    try:
        found = cut_to_fit(given_parts, 1, limit, "m", truncate=True)
    except ContextLengthError:
        assert sum(sizes) + 1 > limit
        return
    assert len(found) + 1 <= limit
    assert found == sorted(found)
    assert {i for ids, ours in given_parts if ours for i in ids} <= set(found)
    assert len(found) == min(sum(sizes), limit - 1), "no more is left out than has to be"
