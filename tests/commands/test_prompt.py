"""``treadle prompt`` as a user calls it: forms, wrong options, answers that miss the form. On scripts, as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script.json"


def called(*words: str, script: Path, answers: list[str], typed: str = "") -> subprocess.CompletedProcess[str]:
    script.write_text(json.dumps({"completions": [[answer] for answer in answers]}))
    command = [sys.executable, "-m", "treadle.cli", "prompt", *words, "--engine", f"scripted:{script}"]
    return subprocess.run(command, capture_output=True, text=True, input=typed, check=False)


def test_an_answer_in_its_form_and_what_was_not_checked(script: Path) -> None:
    told = called("Is 7 prime?", "--yes-no", script=script, answers=["yes"])
    assert (told.returncode, told.stdout) == (0, "yes\n")
    assert "yes or no" in told.stderr
    assert "not checked" in told.stderr


def test_a_missed_form_is_asked_for_again(script: Path) -> None:
    words = ("Which colour?", "--choice", "red", "--choice", "blue", "--json")
    told = json.loads(called(*words, script=script, answers=["It is red.", "red"]).stdout)
    assert (told["value"], told["held"], told["checked"]) == ("red", False, False)
    assert told["rejected"][0]["answer"] == "It is red."


def test_a_form_never_met_is_an_error_with_the_last_answer(script: Path) -> None:
    told = called("Which?", "--regex", "[0-9]{4}", "--tries", "2", script=script, answers=["soon", "later"])
    assert (told.returncode, told.stdout) == (1, "")
    assert "none of 2 answers has the form" in told.stderr
    assert "later" in told.stderr


def test_tables_and_schemas(script: Path, tmp_path: Path) -> None:
    table = "| name | mass |\n| --- | --- |\n| pion | 139.6 |"
    words = ("Masses?", "--markdown-table", "name, mass", "--rows", "1", "--json")
    assert json.loads(called(*words, script=script, answers=[table]).stdout)["value"] == [{"name": "pion", "mass": "139.6"}]
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}')
    told = called("How many?", "--json-schema", str(schema), "--json", script=script, answers=['{"n": 3}'])
    assert json.loads(told.stdout)["value"] == {"n": 3}


def test_without_a_form_the_text_is_shown_as_it_is(script: Path) -> None:
    told = called("-", script=script, answers=["A muon is heavy."], typed="What is a muon?\n")
    assert (told.returncode, told.stdout) == (0, "A muon is heavy.\n")
    assert "not checked" in told.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x", "--yes-no", "--choice", "a"], "--yes-no and --choice were given"),
        (["x", "--rows", "2"], "give its columns with --markdown-table"),
        (["  "], "nothing was asked"),
        (["x", "--json-schema", "/no/such.json"], "cannot read the schema /no/such.json"),
        (["x", "--regex", "(?=a)b"], "cannot be used as a regular expression"),
        (["x", "--markdown-table", "a,a"], "'a' is given twice"),
    ],
)
def test_wrong_use_says_how_to_go_on(script: Path, words: list[str], said: str) -> None:
    told = called(*words, script=script, answers=["yes"])
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr
