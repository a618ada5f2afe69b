"""``treadle context``: the window of a request and of a stored thread, in every form, and errors that say how to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from treadle.commands.app import app
from treadle.commands.guard import guarded

WRONG = "\n    return []\n"
RIGHT = "\n    return [c for c in text if c in 'aeiou']\n"
REQUEST = "Write vowels(text): the vowels of a text. vowels('bad') == ['a']"


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TREADLE_STORE", str(tmp_path / "threads.sqlite"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.json").write_text(json.dumps({"completions": [[WRONG], [RIGHT]]}))

    def called(*words: str) -> tuple[int, str, str]:
        code = guarded(lambda: app(list(words), prog_name="treadle", standalone_mode=False))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return called


def context(run: Any, *words: str) -> tuple[int, str, str]:
    found: tuple[int, str, str] = run("context", *words, "--engine", "scripted:script.json")
    return found


def test_a_function_within_80_columns(run: Any, tmp_path: Path) -> None:
    code, out, err = context(run, REQUEST)
    assert (code, err) == (0, "")
    assert "does not say how long its window is" in " ".join(out.split())
    assert "Estimated" in out
    assert "One more example" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert not (tmp_path / "threads.sqlite").exists(), "nothing is stored"


def test_data_and_what_was_left_out_of_it(run: Any, tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(300)]
    (tmp_path / "wide.csv").write_text(f"{','.join(names)}\n{','.join('1' for _ in names)}\n")
    code, out, _ = context(run, "What is the mean of c7?", "--data", "wide.csv", "--json")
    data = json.loads(out)
    assert code == 0
    assert {"system", "data summary", "primer", "conversation", "template", "draft"} <= {p["kind"] for p in data["places"]}
    assert sum(p["tokens"] for p in data["places"]) == data["prompt_tokens"] + data["draft_tokens"]
    assert any("of 300 columns" in one["what"] for one in data["left_out"])
    bare = json.loads(context(run, "What is the mean of c7?", "--data", "wide.csv", "--json", "--no-examples")[1])
    assert not [p for p in bare["places"] if p["kind"] == "example"]
    assert bare["next_example"] is None


def test_a_stored_thread_with_its_repair(run: Any, tmp_path: Path) -> None:
    run("ask", REQUEST, "--engine", "scripted:script.json", "-n", "1", "--repairs", "1")
    thread = json.loads(run("threads", "list", "--json")[1])[0]["id"]
    first = json.loads(run("context", "--thread", thread, "--json")[1])
    assert [(p["number"], p["repairs"], p["shown"]) for p in first["prompts"]] == [(0, None, True), (1, "draft 0.0", False)]
    repair = json.loads(run("context", "--thread", thread, "--prompt", "1", "--json")[1])
    assert "failed draft" in {p["name"] for p in repair["places"]}
    assert repair["prompt_tokens"] > first["prompt_tokens"]
    shown = run("context", "--thread", thread)[1]
    assert "--prompt 1 shows it" in shown
    code, _, err = run("context", "--thread", thread, "--prompt", "7")
    assert code == 2
    assert "sent no prompt 7; it sent 0, 1" in err
    page = tmp_path / "x.html"
    assert run("context", "--thread", thread, "--html", str(page))[0] == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "the request is empty"),
        (["x", "--prompt", "1"], "give its id with --thread"),
        (["x", "--thread", "y"], "leave a request out"),
        (["--thread", "nothing-like-it"], "unknown thread"),
        (["x", "--data", "a.csv", "--db", "b.sqlite"], "give one of them"),
        (["x", "--tree", "t", "--db", "b.sqlite"], "asked as a whole"),
        (["x", "--data", "missing.csv"], "missing.csv"),
        (["x", "--html", "/nowhere/x.html"], "there is no folder"),
        (["x", "--max-tokens", "0"], "--max-tokens must be at least 1"),
    ],
)
def test_errors_say_how_to_go_on(run: Any, words: list[str], told: str) -> None:
    code, out, err = run("context", *words)
    assert (code, out) == (2, "")
    assert told in err
