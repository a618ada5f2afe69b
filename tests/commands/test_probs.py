"""``treadle probs``: forms, stored drafts, and errors that say how to go on; with a scripted engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from treadle.commands.app import app
from treadle.commands.guard import guarded

TOKENS = [
    {"text": "a", "logprob": -1.0, "id": 1, "rank": 3, "alternatives": [{"text": "b", "logprob": -0.5, "id": 2}]},
    {"text": " <x>", "logprob": -2.0, "id": 4},
]
BRANCHED = [{"text": "b", "logprob": -0.5, "id": 2}]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TREADLE_STORE", str(tmp_path / "threads.sqlite"))
    script = tmp_path / "script.json"
    completions = [[" more"]]
    script.write_text(json.dumps({"completions": completions, "scores": {"a <x>": TOKENS, "b": BRANCHED}}), encoding="utf-8")

    def called(*words: str, engine: str | None = f"scripted:{script}") -> tuple[int, str, str]:
        named = [] if engine is None else ["--engine", engine]
        code = guarded(lambda: app(["probs", *words, *named], prog_name="treadle", standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


def test_a_table_when_piped(run: Any) -> None:
    code, out, err = run("a <x>", "--lines")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert "36.8 %" in out
    assert "2 tokens, 4.3 bits in all" in out
    assert "before sampling filters" in " ".join(out.split())


def test_json_has_all_of_it(run: Any) -> None:
    data = json.loads(run("a <x>", "--json")[1])
    assert (data["view"], data["filters"], data["n_tokens"]) == ("probs", "before", 2)
    assert data["tokens"][0]["rank"] == 3
    assert data["tokens"][1]["cumulative"] == -3.0
    assert data["tokens"][0]["alternatives"][0]["text"] == "b"


def test_a_page_is_written_once(run: Any, tmp_path: Path) -> None:
    page = tmp_path / "x.html"
    code, out, err = run("a <x>", "--html", str(page))
    assert (code, out) == (0, "")
    assert f"wrote {page}" in err
    assert "treadle probs 'a \\u003cx\\u003e'" in page.read_text(encoding="utf-8")
    code, _, err = run("a <x>", "--html", str(page))
    assert code == 2
    assert "exists and is left as it is" in err


def test_what_is_written_after_the_text(run: Any) -> None:
    data = json.loads(run("a <x>", "--generate", "5", "--json")[1])
    assert data["text"] == "a <x> more"


def test_a_branch_stands_beside_the_text(run: Any) -> None:
    out = run("a <x>", "--branch", "0:b")[1]
    assert "b more" in out
    assert "from there" in out
    data = json.loads(run("a <x>", "--branch", "0:#1", "--json")[1])
    assert (data["view"], data["before"]["text"], data["after"]["text"]) == ("branch", "a <x>", "b more")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["", "--top", "3"], "the text is empty"),
        ([], "give a text, or a stored draft"),
        (["a <x>", "--thread", "x"], "not both"),
        (["a <x>", "--top", "-1"], "--top must not be negative"),
        (["a <x>", "--top", "99"], "0 to 20 alternatives"),
        (["a <x>", "--generate", "0"], "--generate must be at least 1"),
        (["a <x>", "--generate", "1", "--temperature", "9"], "--temperature must lie between 0 and 2"),
        (["a <x>", "--draft", "0.0"], "are for drafts of a thread"),
        (["a <x>", "--special", "text"], "Known: read, refuse"),
        (["a <x>", "--branch", "x"], "POSITION:ALTERNATIVE"),
        (["a <x>", "--branch", "7:b"], "no position 7: the text has 2 tokens"),
        (["a <x>", "--branch", "0:zz"], "alternative at position 0"),
        (["--thread", "x"], "--engine and --generate go with --branch"),
    ],
)
def test_errors_say_how_to_go_on(run: Any, words: list[str], told: str) -> None:
    code, out, err = run(*words)
    assert code in (1, 2)
    assert out == ""
    assert told in " ".join(err.split())


def test_a_thread_that_is_not_there(run: Any) -> None:
    code, _, err = run("--thread", "20260101-abcdefg", engine=None)
    assert code == 2
    assert "unknown thread" in err


def test_text_from_standard_input(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a <x>")))
    assert json.loads(run("-", "--json")[1])["text"] == "a <x>"
