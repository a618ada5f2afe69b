"""What is printed: as wide as the terminal, without anything that steers it, and never more than a screen or two."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.coding.ask import Answered
from treadle.engines.models import find_model
from treadle.engines.scripted import ScriptedEngine
from treadle.terminal import TerminalProgress, answer_as_json, show_answer, show_models, show_prompt_parts, show_threads
from treadle.threads.base import ThreadInfo
from treadle.types import Answer, Artifact, Message, Outcome, Prompt, Rung, Status, Verdict

EVIL = "\x1b[2J\x1b]0;title\x07 \r\x08\x9b31m \u202e gone [bold red]not markup[/] [link=http://x]x[/link]"


@pytest.fixture(autouse=True)
def _columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)


def answered(**fields: Any) -> Answered:
    verdict = Verdict(check="ran", rung=Rung.RAN, outcome=Outcome.PASSED, reason="ran to its end")
    filled: dict[str, Any] = {
        "status": Status.RAN,
        "draft_id": "0.0",
        "program": "print(1)\n",
        "verdicts": (verdict,),
        "reason": "it ran",
        "output": "METRIC: a=1\n",
        "card": {"status": "ran"},
        **fields,
    }
    return Answered(thread="20260101-abc", answer=Answer(**filled), candidates=(), seconds={"prompt": 0.25})


def info(name: str = "20260101-abcdefg", request: str = "x", status: str | None = "verified") -> ThreadInfo:
    state = "answered" if status else "interrupted"
    return ThreadInfo(id=name, created="2026-01-01T10:11:12", request=request, state=state, status=status, engine="e")


def assert_plain(text: str) -> None:
    assert all(c == "\n" or c.isprintable() for c in text), [c for c in text if not c.isprintable()]
    assert max(map(len, text.splitlines()), default=0) <= 80


def test_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(answered())
    out = capsys.readouterr().out
    assert "print(1)" in out
    assert "METRIC: a=1" in out
    assert "ran: it ran" in out
    assert "thread 20260101-abc   prompt 0.2 s" in out
    assert_plain(out)


def test_a_failed_draft_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(answered(status=Status.FAILED))
    assert "best draft, NOT an answer" in capsys.readouterr().out
    show_answer(answered(status=Status.FAILED, program=None))
    assert "no draft held a program" in capsys.readouterr().out


def test_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = Verdict(check="ran", rung=Rung.RAN, outcome=Outcome.FAILED, reason=EVIL)
    artifact = Artifact(name=f"{EVIL}.png", media_type="image/png", content=b"")
    show_answer(answered(program=f"# {EVIL}\n", output=EVIL, reason=EVIL, verdicts=(verdict,), artifacts=(artifact,)))
    show_threads([info(request=EVIL)], as_json=False)
    out = capsys.readouterr().out
    assert_plain(out)
    assert "\\x1b" in out
    assert "[bold red]not markup[/]" in " ".join(out.split())


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200))
def test_any_text_can_be_shown(capsys: pytest.CaptureFixture[str], text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    show_answer(answered(output=text, reason=text, program=text))
    assert all(c == "\n" or c.isprintable() for c in capsys.readouterr().out)


def test_long_output_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(answered(output="line\n" * 500))
    out = capsys.readouterr().out
    assert "... (460 more lines)" in out
    assert len(out.splitlines()) < 70
    show_answer(answered(output="x" * 1_000_000))
    out = capsys.readouterr().out
    assert "... (996000 more characters)" in out
    assert len(out) < 20_000


def test_where_artifacts_are(capsys: pytest.CaptureFixture[str]) -> None:
    picture = (Artifact(name="mass.png", media_type="image/png", content=b""),)
    show_answer(answered(artifacts=picture))
    assert "artifacts: mass.png (kept in the thread; --out FOLDER writes them)" in capsys.readouterr().out
    show_answer(answered(artifacts=picture), Path("out"))
    assert "artifacts: mass.png (in out)" in capsys.readouterr().out


def test_json_without_numbers_that_json_lacks() -> None:
    plain = json.loads(answer_as_json(answered(output="METRIC: a=nan\nMETRIC: b=2\n")))
    assert plain["metrics"] == {"a": None, "b": 2}
    evidence = {"got": math.inf, "expected": (1, {2})}
    verdict = Verdict(check="c", rung=Rung.RAN, outcome=Outcome.PASSED, reason="", evidence=evidence)
    json.loads(answer_as_json(answered(verdicts=(verdict,))))


# ----------------------------------------------------------------------------------------------------- listings


@pytest.mark.parametrize("width", [80, 70, 200])
def test_a_listing_cuts_nothing_but_the_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_threads([info(request="word " * 100), info("20260101-zzzzzzz", "short", None)], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert max(map(len, lines)) <= width
    assert lines[1].split()[:4] == ["20260101-abcdefg", "2026-01-01", "10:11", "verified"]
    assert lines[1].rstrip().endswith("…")
    assert lines[2].split() == ["20260101-zzzzzzz", "2026-01-01", "10:11", "interrupted", "short"]


def test_a_listing_as_json(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    show_threads([info(request=EVIL)], as_json=True)
    listed = json.loads(capsys.readouterr().out)
    assert (listed[0]["id"], listed[0]["request"]) == ("20260101-abcdefg", EVIL)
    show_threads([], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "safe"), [(io.StringIO(), False), (Terminal(), True)], ids=["a pipe", "a terminal"])
def test_a_prompt_is_exact_in_a_pipe_and_harmless_in_a_terminal(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, safe: bool
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    show_prompt_parts(ScriptedEngine([]), Prompt(messages=(Message(role="user", content=f"a{EVIL}\nb"),)))
    assert (EVIL in stream.getvalue()) is not safe
    assert ("\x1b" in stream.getvalue()) is not safe
    assert "a" in stream.getvalue().split("\n")[1]


def test_models(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from treadle.engines.models import CATALOGUE

    show_models([(model, tmp_path / "x") for model in CATALOGUE.values()])
    out = " ".join(capsys.readouterr().out.split())
    assert all(name in out for name in CATALOGUE)


def test_models_that_are_here_and_models_that_are_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = find_model("smollm2")
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    path = folder / "x.gguf"
    for size, state in ((model.size_bytes, "here"), (50_000_000, "broken (50 MB): treadle models pull smollm2")):
        with path.open("wb") as file:
            file.truncate(size)
        show_models([(model, path)])
        out = capsys.readouterr().out
        assert all(word in out for word in state.split())
        assert f"smollm2: {path}\n" in out, "the path can be copied"


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        progress.tokens(1)
        for phase in ("one", "two"):
            progress.phase(phase, total=2)
            progress.tokens(1)
    captured = capsys.readouterr()
    assert captured.out == captured.err.strip() == ""


def test_what_the_model_was_least_sure_of_stands_below_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    told = f"least certain: method .to_hist, 4.0 %, and it does not exist {EVIL}"
    show_answer(answered(card={"status": "ran", "certainty": {"told": told, "least": []}}))
    out = capsys.readouterr().out
    assert "least certain: method .to_hist, 4.0 %, and it does not exist" in " ".join(out.split())
    assert_plain(out)
    show_answer(answered(card={"status": "ran", "certainty": None}))
    assert "least certain" not in capsys.readouterr().out
