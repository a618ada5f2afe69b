"""Vocabularies trained on a small corpus: what is read and what is left out, going on after a stop, what comes out."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from tokenizers import Tokenizer

import treadle
from treadle.errors import DataError, UsageError
from treadle.tokens.from_folder import vocabulary_from_folder
from treadle.tokens.from_json import byte_pairs_from_json
from treadle.tokens.opening import open_file
from treadle.tokens.trained import corpus, counts, run
from treadle.tokens.trained.algorithms import ALGORITHMS, SMALLEST, Algorithm, cutter, pattern_for, train
from treadle.tokens.trained.run import Trained, train_vocabulary

PACKAGE = Path(treadle.__file__).parent
TEXTS = [
    "def f(x):\n    return  x  # caf\u00e9 \u2026 \u4f60 \U0001f600\n\n\t<|endoftext|> [UNK]",
    "a" * 300,
    bytes(range(256)).decode("latin-1"),
    "<0x41> \u2581x ## y",
    " \n \n",
]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for file in sorted((PACKAGE / "tokens").glob("*.py")):
        shutil.copy(file, folder)
    return folder


def trained(sources: Path, out: Path, algorithm: Algorithm = "bpe", size: int = 600, **options: bool) -> Trained:
    return train_vocabulary([sources], out, algorithm=algorithm, size=size, **options)


@pytest.mark.parametrize(("algorithm", "white_space"), [*((a, a == "unigram") for a in ALGORITHMS), ("bpe", True)])
def test_every_algorithm_gives_a_file_that_libraries_load(
    algorithm: Algorithm, white_space: bool, sources: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tokenizer.json"
    report = trained(sources, out, algorithm, white_space=white_space)
    ours = Tokenizer.from_file(str(out))
    assert report.size == ours.get_vocab_size() <= 600
    assert algorithm == "char" or report.size == 600
    assert report.held_out_bytes > 0
    assert list(tmp_path.iterdir()) == [out]
    shown = open_file(out)
    for text in TEXTS:
        ids = ours.encode(text).ids
        if algorithm != "word":
            assert ours.decode(ids, skip_special_tokens=False) == text
            assert b"".join(map(shown.token_bytes, shown.encode(text, disallowed_special=()))) == text.encode()
    assert (report.unknown > 0) == (algorithm == "word")
    if algorithm == "bpe":
        assert report.bytes_a_token > 2


def test_transformers_and_our_readers_load_byte_pairs(sources: Path, tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    out = tmp_path / "tokenizer.json"
    trained(sources, out, white_space=True)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(out))
    vocabulary, twin = vocabulary_from_folder(tmp_path), byte_pairs_from_json(out)
    for text in [*TEXTS[1:], (PACKAGE / "errors.py").read_text(encoding="utf-8")]:
        ids = Tokenizer.from_file(str(out)).encode(text).ids
        assert theirs.encode(text) == ids
        assert vocabulary.encode(text) == twin.encode(text) == ids
        assert vocabulary.decode(ids) == twin.decode(ids) == text


def test_white_space_makes_indentation_a_token(sources: Path, tmp_path: Path) -> None:
    for white_space in (False, True):
        trained(sources, tmp_path / f"{white_space}.json", size=1000, white_space=white_space)
    code, text = (Tokenizer.from_file(str(tmp_path / f"{name}.json")) for name in (True, False))
    source = "".join(f"\n{' ' * 4 * depth}return" for depth in (1, 2, 3, 2, 1))
    assert code.token_to_id("\u010a" + "\u0120" * 8) is not None
    assert len(code.encode(source).ids) < len(text.encode(source).ids)


@pytest.mark.parametrize("white_space", [False, True])
def test_cutting_is_linear_and_loses_nothing(white_space: bool) -> None:
    cut = cutter(pattern_for(white_space))
    for text in [*TEXTS, " " * 50_000 + "x", "\n \n" * 20_000, "a_" * 50_000, "." * 50_000 + "\n"]:
        assert "".join(cut(text)) == text


def test_counted_words_train_as_their_text_does() -> None:
    words = [(b"ab", 9), (b"abc", 5), (b"bc", 4)]
    once = train("bpe", 259, pattern_for(False), words)
    assert once.token_to_id("ab") == 257
    assert once.token_to_id("abc") == 258


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_size_without_room_is_refused(algorithm: Algorithm, sources: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"too small for {algorithm}: it needs {SMALLEST[algorithm]}"):
        trained(sources, tmp_path / "a.json", algorithm, SMALLEST[algorithm] - 1)
    words = [(b"lollipop", 9), (b" loll", 5), (b"pop", 4)]
    assert train(algorithm, SMALLEST[algorithm], pattern_for(False), words).get_vocab_size() == SMALLEST[algorithm]


def test_what_is_no_text_is_left_out_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "good.txt").write_text("\ufeff" + "a good text\n" * 100, encoding="utf-8")
    (folder / "late.txt").write_bytes(b"fine text\n" * 7000 + b"caf\xe9\n")
    (folder / "rows.jsonl").write_text('{"text": "row"}\n{"no": 1}\nnot json\n' + "[" * 100_000 + '\n{"text": "\\ud800"}\n')
    (folder / "picture.png").write_bytes(b"\x89PNG\0\0")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    (folder / "link.txt").symlink_to("/etc/passwd")
    (folder / "empty.txt").touch()
    (folder / ".hidden").write_text("secret")
    os.mkfifo(folder / "pipe")
    report = train_vocabulary([folder], tmp_path / "a.json", algorithm="word", size=50)
    told = {(Path(path).name, reason.partition(" from")[0], n) for path, reason, n in report.left_out}
    assert told == {
        ("late.txt", "not UTF-8", 1),
        ("rows.jsonl", "lines without a text under 'text'", 3),
        ("picture.png", "binary", 1),
        ("latin.txt", "not UTF-8", 1),
        ("link.txt", "a link", 1),
        ("pipe", "no regular file", 1),
    }
    words = Tokenizer.from_file(str(tmp_path / "a.json")).get_vocab()
    assert {" good", " text", "fine", "row"} <= words.keys()
    assert not {"secret", "root", "\ufeffa"} & words.keys()


def test_errors_say_what_to_do(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    with pytest.raises(DataError, match=r"no file or folder .*missing"):
        train_vocabulary([tmp_path / "missing"], out, algorithm="bpe", size=300)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="nothing to train on: the corpus has no files"):
        train_vocabulary([tmp_path / "empty"], out, algorithm="bpe", size=300)
    (tmp_path / "empty" / "b.bin").write_bytes(b"\0")
    with pytest.raises(DataError, match=r"1 of the corpus's files were left out, .*b.bin among them: binary"):
        train_vocabulary([tmp_path / "empty"], out, algorithm="bpe", size=300)
    assert not list(tmp_path.glob("a.json*"))
    out.write_text("mine")
    with pytest.raises(UsageError, match=r"a.json exists; give another --out"):
        trained(sources, out)
    assert out.read_text() == "mine"
    with pytest.raises(UsageError, match="no folder"):
        trained(sources, tmp_path / "nowhere" / "a.json")


# ------------------------------------------------------------------------------------------------ going on


class StopError(Exception):
    pass


def test_a_stopped_run_reads_nothing_twice(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, stopped = tmp_path / "whole.json", tmp_path / "stopped.json"
    monkeypatch.setattr(corpus, "_PASSAGE_BYTES", 1000)
    trained(sources, whole)
    monkeypatch.setattr(counts, "_MOST_IN_MEMORY", 1)  # every passage is written
    read: list[str] = []
    passages = corpus.passages

    def stopping(*arguments: object, after: int) -> object:
        for passage in passages(*arguments):  # type: ignore[arg-type]
            if len(read) == after:
                raise StopError
            read.append(passage.text)
            yield passage

    for after in (5, 11, 1_000_000):
        monkeypatch.setattr(counts, "passages", lambda *a, after=after: stopping(*a, after=after))
        if after < 100:
            with pytest.raises(StopError):
                trained(sources, stopped)
            assert not stopped.exists()
        else:
            trained(sources, stopped)
    total = "".join(file.read_text(encoding="utf-8") for file in sorted(sources.iterdir()))
    assert "".join(read) == total
    assert json.loads(stopped.read_text()) == json.loads(whole.read_text())
    assert not stopped.with_name("stopped.json.counts").exists()


def test_counts_of_another_corpus_are_refused(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, mine = tmp_path / "a.json", tmp_path / "mine"
    shutil.copytree(sources, mine)
    monkeypatch.setattr(run, "_train_apart", lambda *_: (_ for _ in ()).throw(StopError))
    with pytest.raises(StopError):
        trained(mine, out)
    counted = tmp_path / "a.json.counts"
    assert counted.exists()
    with pytest.raises(UsageError, match=r"other options \(pattern\).*or remove .*a.json.counts"):
        trained(mine, out, white_space=True)
    (mine / "gguf.py").write_text("changed = 1\n")
    with pytest.raises(UsageError, match=r"gguf.py was changed since it was counted"):
        trained(mine, out)
    (mine / "gguf.py").unlink()
    with pytest.raises(UsageError, match=r"gguf.py was counted, but is not in the corpus now"):
        trained(mine, out)
    counted.write_text("no database, but a text that is long enough to look at")
    with pytest.raises(DataError, match="is no file of word counts"):
        trained(mine, out)


def test_only_one_run_counts_into_a_file(sources: Path, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "a.json.counts", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsageError, match="another run is counting"):
        trained(sources, tmp_path / "a.json")
    other.close()


def test_training_that_dies_keeps_the_counts(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run.sys, "executable", "/bin/false")
    with pytest.raises(DataError, match=r"training ended with exit code 1: .* kept in .*a.json.counts"):
        trained(sources, tmp_path / "a.json")
    monkeypatch.undo()
    monkeypatch.setattr(counts, "passages", lambda *_: pytest.fail("read again"))
    assert trained(sources, tmp_path / "a.json").size == 600
