"""Task files: three forms, and errors that name the place."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from treadle.errors import DataError
from treadle.evals.taskfile import Record, number, read_records, unique

RECORDS = [{"id": "a", "n": 1}, {"id": "b", "n": 2.5}]
FORMS = {
    "t.yaml": "# a comment\n- id: a\n  n: 1\n- id: b\n  n: 2.5\n",
    "t.yml": "tasks:\n- {id: a, n: 1}\n- {id: b, n: 2.5}\n",
    "t.json": json.dumps(RECORDS, indent=1),
    "u.json": json.dumps({"tasks": RECORDS}),
    "t.jsonl": "\ufeff" + json.dumps(RECORDS[0]) + "\n\n" + json.dumps(RECORDS[1]),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_records(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(FORMS[name].encode()))
    for path in (tmp_path / name, tmp_path / f"{name}.gz"):
        assert [record.values for record in read_records(path)] == RECORDS


@pytest.mark.parametrize(
    ("name", "wheres"),
    [("t.yaml", ["line 2", "line 4"]), ("t.yml", ["line 2", "line 3"]), ("t.jsonl", ["line 1", "line 3"])],
)
def test_records_know_their_line(tmp_path: Path, name: str, wheres: list[str]) -> None:
    (tmp_path / name).write_text(FORMS[name], encoding="utf-8")
    assert [record.where for record in read_records(tmp_path / name)] == [f"{name}, {where}" for where in wheres]


def test_records_of_json_know_their_number(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(FORMS["t.json"], encoding="utf-8")
    assert [record.where for record in read_records(tmp_path / "t.json")] == ["t.json, record 1", "t.json, record 2"]


def test_a_line_separator_inside_of_a_string_ends_no_record(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id": "a\u2028b"}\n', encoding="utf-8")
    assert read_records(tmp_path / "t.jsonl")[0].values == {"id": "a\u2028b"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.jsonl", '{"id": 1}\n{"id": \n', r"t\.jsonl, line 2: not JSON"),
        ("t.jsonl", '{"id": 1}\n[1]\n', r"line 2: a task must be a mapping"),
        ("t.json", '[\n{"id": 1},\n]', r"t\.json, line 3: not JSON"),
        ("t.json", '{"id": 1}', r"a list of tasks is wanted"),
        ("t.yaml", "- id: a\n  x: [1\n- id: b\n", r"t\.yaml, line \d: not YAML"),
        ("t.yaml", "id: a\n", r"a list of tasks is wanted"),
        ("t.yaml", "- 1: a\n", r"line 1: a task must be a mapping"),
        ("t.yaml", "", r"a list of tasks is wanted"),
        ("t.jsonl", "\n", r"holds no tasks"),
        ("t.txt", "x", r"task files end in \.yaml"),
        ("t.jsonl", b"\xff\xfe", r"byte 0: not UTF-8"),
        ("t.jsonl.gz", b"no gzip", r"cannot read the task file"),
        ("t.json", "[" * 100_000, r"nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError, match=said):
        read_records(tmp_path / name)


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "tasks.yaml").write_text(FORMS["t.yaml"])
    with pytest.raises(DataError, match=r"no task file .*task\.yaml'\. Did you mean 'tasks\.yaml'"):
        read_records(tmp_path / "task.yaml")


def test_keys_that_are_not_known_name_the_nearest() -> None:
    with pytest.raises(DataError, match=r"f, line 3: unknown key 'reqest'\. Did you mean 'request'"):
        Record({"id": 1, "reqest": "x"}, "f, line 3").check_keys(("id", "request"), ("level",))
    with pytest.raises(DataError, match=r"unknown key 'zzzz'\. Known: id, level"):
        Record({"id": 1, "zzzz": 1}, "f").check_keys(("id",), ("level",))
    with pytest.raises(DataError, match=r"the key 'request' is missing; the record has id"):
        Record({"id": 1}, "f").check_keys(("id", "request"), ())


def test_texts() -> None:
    record = Record({"id": 7, "empty": " ", "flag": True, "none": None}, "f, line 1")
    assert record.text("id") == "7"
    assert record.text("absent", "x") == "x"
    for key in ("empty", "flag", "none", "absent"):
        with pytest.raises(DataError, match=rf"f, line 1: '{key}' must be a text"):
            record.text(key)


@pytest.mark.parametrize("value", ["1e-3", True, None, float("nan"), float("inf"), [1]])
def test_numbers_are_finite_numbers(value: object) -> None:
    with pytest.raises(DataError, match=r"f, line 1: 'rtol'"):
        number(Record({}, "f, line 1"), "rtol", value)
    assert number(Record({}, "f"), "rtol", 3) == 3.0


def test_what_yaml_reads_as_text_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"write a number \(in YAML 1\.0e-3, not 1e-3\)"):
        number(Record({}, "f"), "rtol", "1e-3")


def test_ids_are_unique() -> None:
    records = [Record({}, "f, line 1"), Record({}, "f, line 2")]
    assert unique(["a", "b"], str, records) == ["a", "b"]
    with pytest.raises(DataError, match=r"f, line 2: the id 'a' was used before \(f, line 1\)"):
        unique(["a", "a"], str, records)
