"""Stop strings end a draft exactly where they begin, however the text is cut into tokens."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.model.stops import TextStream
from treadle.types import Token


def cut_by_hand(text: bytes, stops: list[str]) -> tuple[bytes, bool]:
    """Byte by byte: where a stop string is complete, the text ends before it."""
    for end in range(1, len(text) + 1):
        complete = [s.encode() for s in stops if text[:end].endswith(s.encode())]
        if complete:
            return text[: end - max(map(len, complete))], True
    return text, False


def streamed(pieces: list[bytes], stops: list[str]) -> tuple[list[str], list[Token], bool]:
    stream, texts, tokens = TextStream(stops), [], []
    for place, raw in enumerate(pieces):
        stream.push(raw, Token(text=raw.decode("utf-8", "replace"), logprob=0.0, id=place))
        last = stream.stopped or place == len(pieces) - 1
        text, ready = stream.pull(last=last)
        texts.append(text)
        tokens += ready
        if last:
            break
    return texts, tokens, stream.stopped


texts = st.text(alphabet="ab\né€😀", max_size=30)


@given(texts, st.lists(st.text(alphabet="ab\né€😀", min_size=1, max_size=4), max_size=3), st.data())
def test_it_is_cut_as_by_hand(text: str, stops: list[str], data: st.DataObject) -> None:
    raw = text.encode()
    places = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=12)))
    edges = [0, *places, len(raw)]
    pieces = [raw[a:b] for a, b in itertools.pairwise(edges)]
    found, tokens, stopped = streamed(pieces, stops)
    expected, ended = cut_by_hand(raw, stops)
    assert "".join(found) == expected.decode("utf-8", "replace")
    assert stopped == ended
    if not stopped:
        assert all("\ufffd" not in piece for piece in found), "no half character in any piece"
        assert [t.id for t in tokens] == list(range(len(pieces)))
    else:
        assert [t.id for t in tokens] == list(range(len(tokens)))
        kept = b"".join(pieces[: len(tokens)])
        assert kept.startswith(expected)
        assert len(b"".join(pieces[: max(0, len(tokens) - 1)])) < len(expected) or not tokens


def test_only_what_may_become_a_stop_string_waits() -> None:
    found, _, stopped = streamed([b"one", b" END", b"less EN", b"DED"], ["ENDED"])
    assert (found, stopped) == (["one", " ", "ENDless ", ""], True)
    assert streamed([b"x EN", b"D"], ["ENDED"])[0] == ["x ", "END"]


def test_a_character_in_pieces_waits_until_it_is_whole() -> None:
    smile = "😀".encode()
    assert streamed([b"a" + smile[:2], smile[2:3], smile[3:] + b"b"], [])[0] == ["a", "", "😀b"]
    assert streamed([b"a" + smile[:2]], [])[0] == ["a\ufffd"], "the end of a text that ends within a character"
    assert "".join(streamed([b"\xff", b"a"], [])[0]) == "\ufffda"


def test_an_empty_stop_string() -> None:
    with pytest.raises(ValueError, match="must not be empty"):
        TextStream(["x", ""])
