"""What texts and files cost: the numbers of published texts, files as a whole and in pieces, lines and white space."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import DataError, UsageError
from treadle.tokens import counting, fast
from treadle.tokens.counting import compare, count_tokens, measure
from treadle.tokens.encodings import ENCODINGS, open_encoding
from treadle.tokens.opening import open_tokens
from treadle.tokens.sources import find, text_source

COUNT_WORDS = '''def count_words(filename: str) -> Dict[str, int]:
    """Count the number of occurrences of each word in the file."""
    with open(filename, 'r') as f:
        word_counts = {}
        for line in f:
            for word in line.split():
                if word in word_counts:
                    word_counts[word] += 1
                else:
                    word_counts[word] = 1
    return word_counts
'''


def test_a_word_in_characters_and_tokens() -> None:
    view = compare(b"lollipop", [open_tokens(name) for name in ("gpt2", "p50k_base", "cl100k_base")])
    assert (view.n_characters, view.n_bytes) == (8, 8)
    assert [found.n_tokens for found in view.lists] == [3, 3, 2]
    assert all(found.joined == b"lollipop" for found in view.lists)


def test_white_space_of_code_is_what_newer_encodings_save() -> None:
    report = measure([text_source(COUNT_WORDS.encode())], [open_tokens(n) for n in ("gpt2", "p50k_base", "cl100k_base")])
    gpt2, p50k, cl100k = report.costs
    assert [gpt2.n_tokens, p50k.n_tokens, cl100k.n_tokens] == [206, 114, 89]
    assert gpt2.n_tokens - p50k.n_tokens == gpt2.n_space_tokens - p50k.n_space_tokens == 92
    assert report.bytes_a_token(cl100k) == len(COUNT_WORDS) / cl100k.n_tokens
    assert report.n_lines == COUNT_WORDS.count("\n")


def slow_costliest(raw: bytes, name: str) -> tuple[int, int]:
    """The first line of most tokens, counted token by token."""
    tokens = open_tokens(name)
    line, on_line = 1, {1: 0}
    for i in tokens.encode(raw.decode("utf-8", "surrogateescape"), disallowed_special=()):
        on_line[line] = on_line.get(line, 0) + 1
        line += tokens.token_bytes(i).count(b"\n")
    most = max(on_line.values())
    return min(n for n, count in on_line.items() if count == most), most


TEXT = st.lists(st.sampled_from([b"word", b" ", b"    ", b"\n", b"\n\n", b"\r\n", b"x = 1", "é".encode(), b"\xff", b"<|"]))


@settings(deadline=None, max_examples=50)
@given(TEXT.map(b"".join), st.sampled_from(["gpt2", "cl100k_base"]), st.sampled_from([1, 3, 1000]))
def test_every_figure_of_a_report(raw: bytes, name: str, block: int) -> None:
    source = text_source(raw)
    object.__setattr__(source, "blocks", lambda: [raw[i : i + block] for i in range(0, len(raw), block)])
    report = measure([source, text_source(b"")], [_opened[name]], special="text")
    cost, tokens = report.costs[0], _opened[name]
    ids = tokens.encode(raw.decode("utf-8", "surrogateescape"), disallowed_special=())
    pieces = list(map(tokens.token_bytes, ids))
    assert cost.n_tokens == len(ids) == report.files[0].n_tokens[0]
    assert cost.n_space_tokens == sum(piece.isspace() for piece in pieces)
    assert cost.n_space_bytes == sum(len(piece) for piece in pieces if piece.isspace())
    assert report.n_bytes == len(raw)
    assert report.n_lines == len(raw.split(b"\n")) - (raw.endswith(b"\n") or not raw)
    assert report.files[0].n_stray_bytes == raw.count(b"\xff")
    if b"\xff" in raw:
        found = report.files[0].first_stray
        assert found is not None
        assert found[0] == raw.index(b"\xff")
    if raw:
        line, most = slow_costliest(raw, name)
        assert cost.costliest_line == ("the text", line, most)
    assert measure([source], [tokens], special="text", detailed=False).costs[0].n_tokens == len(ids)


def test_a_report_by_the_fast_library_is_that_by_tiktoken(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("splintr")
    raw = Path(counting.__file__).read_bytes() + "\n\t\u4f60 '\u017f <|endoftext|>\n  ".encode() + b"\xff"
    reports = []
    for worth in (0, 10**9):
        monkeypatch.setattr(fast, "_WORTH_CHARACTERS", worth)
        reports.append(measure([text_source(raw)], [open_tokens(name) for name in ENCODINGS], special="text"))
    assert reports[0] == reports[1]
    assert all(cost.costliest_line and cost.n_space_tokens for cost in reports[0].costs)


_opened = {name: open_tokens(name) for name in ("gpt2", "cl100k_base")}


def test_special_tokens_across_blocks_are_seen() -> None:
    raw = b"word " * 1000 + b"<|endoftext|>" + b" word" * 1000
    source = text_source(raw)
    object.__setattr__(source, "blocks", lambda: [raw[i : i + 7] for i in range(0, len(raw), 7)])
    tokens = open_tokens("cl100k_base")
    with pytest.raises(UsageError, match=r"the text: .*endoftext"):
        measure([source], [tokens])
    theirs = open_encoding("cl100k_base")
    for rule, allowed in (("read", "all"), ("text", set())):
        expected = len(theirs.encode(raw.decode(), allowed_special=allowed, disallowed_special=()))  # type: ignore[arg-type]
        for detailed in (True, False):
            found = measure([source], [tokens], special=rule, detailed=detailed)  # type: ignore[arg-type]
            assert found.costs[0].n_tokens == expected


def test_all_encodings_count_as_tiktoken_does(tmp_path: Path) -> None:
    text = (Path(__file__).read_text(encoding="utf-8") + "été \u4f60\u597d\uff0c\n") * 8
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    report = measure(find([tmp_path]).sources, [open_tokens(n) for n in ENCODINGS], special="text", detailed=False)
    assert [cost.n_tokens for cost in report.costs] == [len(open_encoding(n).encode_ordinary(text)) for n in ENCODINGS]
    assert [count_tokens(n, text) for n in ENCODINGS] == [cost.n_tokens for cost in report.costs]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Of what Python holds; also where all is one line."""
    peaks = []
    for megabytes in (2, 8):
        path = tmp_path / f"{megabytes}.txt"
        path.write_bytes(b"the muon momentum is 42.5 GeV; " * (megabytes * 1_000_000 // 31))
        tracemalloc.start()
        measure(find([path]).sources, [_opened["cl100k_base"]], detailed=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_an_empty_text_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="empty"):
        compare(b"", [open_tokens("gpt2")])


def test_folders_are_read_and_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x").write_text("x")
    (tmp_path / "b" / "a.txt").write_text("one")
    (tmp_path / "b" / "z.bin").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "c.txt").write_text("two")
    found = find([tmp_path])
    assert [source.name for source in found.sources] == [str(tmp_path / "c.txt"), str(tmp_path / "b" / "a.txt")]
    assert found.skipped == ((str(tmp_path / "b" / "z.bin"), "is binary (byte 4 is zero), and tokens are made of text"),)
    (tmp_path / "b" / "d.txt").symlink_to(tmp_path / "c.txt")
    os.mkfifo(tmp_path / "pipe")
    again = find([tmp_path])
    assert [source.name for source in again.sources] == [source.name for source in found.sources], "no file counts twice"
    assert [Path(name).name for name, _ in again.skipped] == ["pipe", "d.txt", "z.bin"]
    assert [why for _, why in again.skipped][:2] == ["is no file (a pipe, a device)", "is a link"]
    with pytest.raises(DataError, match="binary"):
        find([tmp_path / "b" / "z.bin"])
    with pytest.raises(DataError, match=r"does not exist; beside it lies c\.txt"):
        find([tmp_path / "d.txt"])
    (tmp_path / "e").mkdir()
    with pytest.raises(DataError, match="no text files"):
        find([tmp_path / "e"])
    (tmp_path / "wide.txt").write_text("one", encoding="utf-16")
    with pytest.raises(DataError, match="iconv"):
        find([tmp_path / "wide.txt"])
