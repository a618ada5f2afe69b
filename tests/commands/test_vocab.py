"""``treadle vocab``: reports, wrong input, and Ctrl-C while the library trains."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import treadle
from treadle.commands.app import app
from treadle.commands.guard import guarded

TOKENS = Path(treadle.__file__).parent / "tokens"


def vocab(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and what was told of errors."""
    code = guarded(lambda: app(["vocab", *words], prog_name="treadle", standalone_mode=False))
    said = capsys.readouterr()
    return code, said.out, said.err


def test_training_reports_what_was_read_and_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.bin").write_bytes(b"\0")
    out = tmp_path / "a.json"
    words = (*map(str, sorted(TOKENS.glob("*.py"))), str(tmp_path / "bad.bin"), "--size", "500", "--out", str(out))
    code, said, _ = vocab(capsys, "train", *words)
    assert code == 0
    assert "bpe, 500 tokens\n" in said
    assert "bytes a token on 0." in said
    assert f"binary: {tmp_path / 'bad.bin'}\n" in said
    code, _, said = vocab(capsys, "train", *words)
    assert code == 2
    assert f"{out} exists; give another --out" in said
    out.unlink()
    code, said, _ = vocab(capsys, "train", *words, "--json", "--algorithm", "char", "--white-space")
    report: dict[str, Any] = json.loads(said)
    assert report["algorithm"] == "char"
    assert report["left_out"] == [{"path": str(tmp_path / "bad.bin"), "reason": "binary", "n": 1}]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", ".", "--out", "a.json", "--algorithm", "bpee"], "bpee"),
        (["train", ".", "--out", "a.json", "--size", "100"], "a vocabulary of 100 tokens is too small for bpe"),
        (["train", "nowhere", "--out", "a.json"], "there is no file or folder nowhere"),
        (["explain", ""], "an empty text has no tokens"),
        (["explain", "a" * 201], "201 characters are too many"),
        (["explain", "a", "--encoding", "cl100k"], "Did you mean 'cl100k_base'?"),
    ],
)
def test_wrong_input_is_a_usage_error(
    words: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, said = vocab(capsys, *words)
    assert code == 2
    assert told in said
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_explained_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.json"
    code, _, said = vocab(capsys, "explain", "a", "--encoding", str(file))
    assert (code, "is no tokenizer.json of byte pairs that can be shown" in said) == (1, True)
    file.write_text('{"model": {"type": "Unigram"}}')
    code, _, said = vocab(capsys, "explain", "a", "--encoding", str(file))
    assert (code, "only BPE merges pairs" in said) == (1, True)


def test_a_word_that_is_no_utf8_shows_its_byte(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = vocab(capsys, "explain", os.fsdecode(b"caf\xe9!"))
    assert code == 2
    assert "byte e9 at character 3 (caf<e9>!)" in said


def test_the_merges_of_a_word() -> None:
    said = CliRunner().invoke(app, ["vocab", "explain", "lollipop", "--encoding", "gpt2"]).output
    lines = said.splitlines()
    assert lines[:2] == ["piece lollipop", "           l | o | l | l | i | p | o | p"]
    assert lines[2] == "      297  l | o | ll | i | p | o | p   (l + l)"
    assert len(lines) == 8
    assert lines[-1] == "3 tokens: 75 l, 692 oll, 42800 ipop"


def test_bytes_and_blanks_can_be_seen() -> None:
    said = CliRunner().invoke(app, ["vocab", "explain", " \u4f60\x1b\n", "--encoding", "gpt2"]).output
    assert "<E4>" in said
    assert "\u2423" in said
    assert "\\x1b" in said
    assert "\x1b" not in said


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_while_training_keeps_the_counts(number: int, code: int, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    command = [sys.executable, "-m", "treadle.cli", "vocab", "train", str(TOKENS.parent), "--algorithm", "unigram"]
    with subprocess.Popen(
        [*command, "--out", str(out)], stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not (found := children.read_text().split()):
            time.sleep(0.02)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "the same command goes on from there" in said
    assert out.with_name("a.json.counts").exists()
    assert not out.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(found[0]), 0)
