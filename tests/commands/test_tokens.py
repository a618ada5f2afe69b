"""``treadle tokens``: the forms of a text and of files, and errors that say how to go on."""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from treadle.commands.app import app
from treadle.commands.guard import guarded
from treadle.tokens.encodings import ENCODINGS, open_encoding

CODE = '\ndef compare(str):\n    """Prints a comparison."""\n'
THREE = "gpt2,p50k_base,cl100k_base"


class Told:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def called(*words: str, stdin: bytes | None = None) -> Told:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = guarded(lambda: app(["tokens", *words], prog_name="treadle", standalone_mode=False))
        captured = capsys.readouterr()
        return Told(code, captured.out, captured.err)

    return called


def test_the_comparison_of_the_slide(run: Any) -> None:
    told = run("lollipop", "--encoding", THREE)
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "8 characters, 8 bytes\n"
        "encoding     tokens  bytes a token  characters a token\n"
        "gpt2              3           2.67                2.67\n"
        "p50k_base         3           2.67                2.67\n"
        "cl100k_base       2           4.00                4.00\n"
        "\ngpt2: 3 tokens\nl|oll|ipop\n75 692 42800\nb'l' b'oll' b'ipop'\n"
        "\np50k_base: 3 tokens\nl|oll|ipop\n75 692 42800\nb'l' b'oll' b'ipop'\n"
        "\ncl100k_base: 2 tokens\nl|ollipop\n75 90644\nb'l' b'ollipop'\n"
    )


def test_json_has_all_of_it(run: Any) -> None:
    data = json.loads(run(CODE, "--encoding", THREE, "--json").out)
    assert data["text"] == CODE
    assert [found["n_tokens"] for found in data["encodings"]] == [18, 16, 12]
    for found in data["encodings"]:
        assert found["ids"] == open_encoding(found["name"]).encode(CODE)
        assert bytes.fromhex(" ".join(found["token_bytes"])) == CODE.encode()
        assert found["gives_text_back"]


def test_a_line_of_the_text_is_a_line_of_the_display(run: Any) -> None:
    told = run(CODE, "--encoding", "cl100k_base")
    assert '↵\ndef|␣compare|(str|):↵\n␣␣␣|␣"""|Print|s|␣a|␣comparison|."""↵\n' in told.out


def test_just_the_number(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text(CODE)
    for words in (["--text-file", str(file)], [CODE], ["--file", str(file)]):
        told = run(*words, "--count", "--model", "gpt-4")
        assert (told.code, told.out, told.err) == (0, "12\n", "")
    assert run("-", "--count", "--model", "text-davinci-003", stdin=CODE.encode()).out == "16\n"
    assert run("--file", "-", "--count", "--encoding", "gpt2", stdin=CODE.encode()).out == "18\n"
    nothing = run("", "--count", "--model", "gpt-4o")
    assert (nothing.code, nothing.out, nothing.err) == (0, "0\n", "")
    several = run("lollipop", "--count", "--encoding", "gpt2, cl100k_base")
    assert several.out == "gpt2\t3\ncl100k_base\t2\n"


def test_a_report_of_files_and_folders(run: Any, tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "compare.py").write_text(CODE)
    (tmp_path / "code" / "picture.png").write_bytes(b"\x89PNG\0\0")
    (tmp_path / "b.txt").write_bytes(b"one\n    two \xff\xfe\n")
    told = run("--encoding", "all", "--report", "--file", str(tmp_path / "code"), str(tmp_path / "b.txt"))
    assert told.code == 0
    assert told.out.startswith(f"2 files: {len(CODE) + 15} bytes, {len(CODE) + 15} characters, 5 lines\n")
    assert all(name in told.out for name in ENCODINGS)
    assert "2 bytes of no UTF-8, the first at byte 12 (ff fe)" in told.out
    assert "picture.png: is binary" in told.out
    data = json.loads(run("--file", str(tmp_path), "--report", "--encoding", "gpt2", "--json").out)
    assert [file["n_tokens"]["gpt2"] for file in data["files"]] == [data["encodings"][0]["n_tokens"] - 18, 18]
    assert data["skipped"][0]["file"].endswith("picture.png")
    counted = run("--file", str(tmp_path), "--count", "--encoding", "gpt2")
    assert int(counted.out) == data["encodings"][0]["n_tokens"]
    assert "not counted: 1 files" in counted.err


def test_levels_side_by_side(run: Any) -> None:
    told = run("Two lollipops", "--levels")
    assert "word       3 pieces" in told.out
    assert "Two|␣|lollipops" in told.out
    data = json.loads(run("Two lollipops", "--levels", "--encoding", "gpt2", "--json").out)
    assert [level["n_pieces"] for level in data["levels"]][2:4] == [13, 13]
    assert data["levels"][4]["ids"] == open_encoding("gpt2").encode("Two lollipops")


def test_bytes_that_are_no_text_are_shown_and_kept(run: Any) -> None:
    told = run("-", "--encoding", "gpt2", stdin=b"caf\xe9 \x1b[31m")
    assert told.code == 0
    assert "<e9>" in told.out
    assert r"b'\xe9'" in told.out
    assert "\x1b" not in told.out
    data = json.loads(run("-", "--encoding", "gpt2", "--json", stdin=b"caf\xe9").out)
    assert data["bytes"] == "63 61 66 e9"


def test_special_tokens(run: Any) -> None:
    text = "a<|endoftext|>b"
    refused = run(text, "--encoding", "cl100k_base")
    assert refused.code == 2
    assert "--special text" in refused.err
    assert "--special read" in refused.err
    assert "100257" not in run(text, "--encoding", "cl100k_base", "--special", "text").out
    assert "64 100257 65" in run(text, "--encoding", "cl100k_base", "--special", "read").out
    counted = [run(text, "--count", "--encoding", "cl100k_base", "--special", rule).out for rule in ("text", "read")]
    assert counted == ["9\n", "3\n"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["x", "--encoding", "cl100k"], "'cl100k_base'"),
        (["x", "--encoding", "klingon"], "o200k_harmony"),
        (["x", "--encoding", ","], "names nothing"),
        (["x", "--model", "gpt-7"], "Or name an encoding"),
        (["x", "--model", "gpt-4", "--encoding", "gpt2"], "leave --encoding out"),
        (["x", "--count"], "--model gpt-4"),
        (["x", "--count", "--report"], "choose one"),
        (["x", "--special", "ignore"], "refuse"),
        (["x", "--levels", "--encoding", "all"], "takes one encoding"),
        (["x", "y"], "quote a text"),
        ([], "no text was given"),
        ([""], "is empty"),
        (["--file", "/nowhere/a.txt"], "does not exist"),
        (["x", "--encoding", "/nowhere/tokenizer.json"], "cannot read"),
        (["--file", sys.executable, "--count", "--model", "gpt-4"], "is binary"),
    ],
)
def test_errors_say_how_to_go_on(run: Any, words: list[str], told: str) -> None:
    found = run(*words)
    assert found.code in (1, 2)
    assert told in found.err
    assert found.out == ""


def test_files_that_are_empty_or_too_long_to_show(run: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert "is empty" in run("--file", str(tmp_path / "empty")).err
    assert "empty" in run("--file", str(tmp_path / "empty"), "--report").err
    (tmp_path / "long").write_bytes(b"word " * 50_000)
    assert "--report or --count" in run("--file", str(tmp_path / "long")).err
    assert "--report or --count" in run("--file", str(tmp_path)).err


def test_a_text_that_is_the_name_of_a_file(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("x")
    told = run("a.py", "--encoding", "gpt2")
    assert told.code == 0
    assert "treadle tokens --file a.py" in told.err


def test_colours_on_a_terminal_only() -> None:
    """Neighbours differ in colour on a terminal, and no bar stands between them."""
    main, other = pty.openpty()
    command = [sys.executable, "-m", "treadle.cli", "tokens", "lollipop", "--encoding", "gpt2"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    subprocess.run(command, stdout=other, stderr=subprocess.DEVNULL, env=environment, check=True)
    os.close(other)
    shown = os.read(main, 65536).decode()
    os.close(main)
    assert "48;2;" in shown
    assert "l|oll|ipop" not in shown


@pytest.mark.model
def test_a_model_of_the_catalogue(run: Any, model_file: Path) -> None:
    told = run("def f(x):", "--encoding", f"smollm2,{model_file}", "--json")
    first, second = json.loads(told.out)["encodings"]
    assert first["name"] == "smollm2"
    assert first["ids"] == second["ids"]
    assert run("def f(x):", "--count", "--model", "smollm2").out == f"{first['n_tokens']}\n"


def test_ctrl_c_in_the_middle_of_a_count_keeps_nothing_and_says_so() -> None:
    command = [sys.executable, "-m", "treadle.cli", "tokens", "-", "--count", "--model", "gpt-4"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        process.stdin.write(b"a muon " * 200_000)  # more than a pipe holds: it is reading
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == b"stopped; nothing is kept of a count\n"
