"""Composition: options become a request; an answer becomes files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from summaries import shared_sandbox
from treadle import compose
from treadle.coding.ask import Answered
from treadle.errors import DataError, ExpectationError, PackError, UnknownNameError, UsageError
from treadle.threads.card import provenance_card
from treadle.types import Answer, Artifact, EngineIdentity, Status


def request(text: str = "What is the mean of x?", **options: Any) -> Any:
    return compose.request(
        text,
        options.get("data"),
        options.get("tree"),
        options.get("expect", ()),
        options.get("tests"),
        options.get("schema"),
    )


def answered(*artifacts: Artifact, program: str | None = "print(1)\n") -> Answered:
    card = provenance_card(
        status=Status.RAN,
        created="2026-01-01T00:00:00+00:00",
        engine=EngineIdentity(name="scripted", backend="scripted", model="scripted"),
        sampling={},
        seeds=[],
        prompts=[],
        tier=None,
        packages={},
    )
    answer = Answer(
        status=Status.RAN, draft_id="0.0", program=program, verdicts=(), reason="", artifacts=artifacts, card=card
    )
    return Answered(thread="20260101-abc", answer=answer, candidates=(), seconds={})


def file(name: str, content: bytes = b"x") -> Artifact:
    return Artifact(name=name, media_type="text/csv", content=content)


def test_expectations_of_all_origins(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("assert f(1) == 1\n", encoding="utf-8")
    (tmp_path / "s.json").write_text('{"type": "object"}', encoding="utf-8")
    asked = request(
        " Write f(x). f(2) == 2 ", expect=["f(3) == 3", "m ~ 4"], tests=tmp_path / "t.py", schema=tmp_path / "s.json"
    )
    assert asked.text == "Write f(x). f(2) == 2"
    assert [(e.kind, e.origin) for e in asked.expectations] == [
        ("call", "request"),
        ("call", "--expect"),
        ("metric", "--expect"),
        ("tests", "--tests"),
        ("schema", "--schema"),
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_request(text: str) -> None:
    with pytest.raises(UsageError, match="the request is empty"):
        request(text)


def test_data_is_summarised(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n1,2\n", encoding="utf-8")
    tools = SimpleNamespace(sandbox=shared_sandbox())
    assert request(data=path).data is None
    asked = compose.with_data(request(data=path), path, tools)
    assert asked.data is not None
    assert asked.data.column_names == {"x", "y"}
    with pytest.raises(UnknownNameError, match=r"unknown tree 'u'\. Known: t\."):
        compose.with_data(request(data=path, tree="u"), path, tools)
    assert compose.with_data(request(), None, tools) == request()


def test_what_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no data file .*x\.root"):
        request(data=tmp_path / "x.root")
    with pytest.raises(UsageError, match="give the file with --data"):
        request(tree="t")
    with pytest.raises(ExpectationError):
        request(tests=tmp_path / "none.py")
    with pytest.raises(ExpectationError):
        request(schema=tmp_path / "none.json")
    with pytest.raises(ExpectationError, match="accepted forms"):
        request(expect=["three"])


def test_a_wrong_pack_is_found_before_anything_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TREADLE_STORE", str(tmp_path / "threads.sqlite"))
    with pytest.raises(PackError), compose.tools("scripted:none", None, None, [tmp_path / "none"]):
        pass
    assert not (tmp_path / "threads.sqlite").exists()


# ------------------------------------------------------------------------------------------------------- writing


def test_an_answer_in_a_folder(tmp_path: Path) -> None:
    written = compose.write_answer(answered(file("mass.csv", b"1,2\n")), tmp_path / "a" / "b")
    assert {p.name: p.read_bytes() for p in written}.keys() == {"mass.csv", "program.py", "CARD.md"}
    assert (tmp_path / "a" / "b" / "mass.csv").read_bytes() == b"1,2\n"
    assert (tmp_path / "a" / "b" / "program.py").read_text(encoding="utf-8") == "print(1)\n"


def test_artifacts_stay_in_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    compose.write_answer(answered(file("../../evil.csv"), file("/etc/evil.csv")), folder)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert not Path("/etc/evil.csv").exists()


def test_no_artifact_takes_the_place_of_another(tmp_path: Path) -> None:
    """Files of the same base name, and files called as ours are."""
    made = answered(file("a/x.csv", b"1"), file("b/x.csv", b"2"), file("program.py", b"evil"), file("CARD.md", b"evil"))
    written = compose.write_answer(made, tmp_path)
    assert [p.name for p in written] == ["program.py", "CARD.md", "x.csv", "x-2.csv", "program-2.py", "CARD-2.md"]
    assert (tmp_path / "program.py").read_bytes() == b"print(1)\n"
    assert {p.read_bytes() for p in written} >= {b"1", b"2", b"evil"}


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot write the answer to .*; it is stored as thread 20260101-abc"):
        compose.write_answer(answered(), tmp_path / "file")


def test_a_program_that_is_no_unicode(tmp_path: Path) -> None:
    compose.write_answer(answered(program="x = '\udc80'"), tmp_path)
    assert (tmp_path / "program.py").read_bytes() == b"x = '\\udc80'"


def test_without_a_program_only_the_card(tmp_path: Path) -> None:
    assert [p.name for p in compose.write_answer(answered(program=None), tmp_path)] == ["CARD.md"]
