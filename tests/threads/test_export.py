"""A thread leaves as one JSON document and comes back equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from treadle import __version__
from treadle.errors import DataError, StoreVersionError, UnknownNameError, UsageError
from treadle.threads.base import Store
from treadle.threads.export import read_export


@pytest.fixture
def document(store: Store, filled: str) -> dict[str, Any]:
    return store.export(filled)


def test_the_document(document: dict[str, Any], filled: str) -> None:
    assert list(document)[:3] == ["format", "version", "treadle"]
    assert (document["format"], document["version"], document["treadle"]) == ("treadle-thread", 1, __version__)
    assert document["thread"]["id"] == filled
    assert {"created", "state", "status"} < set(document["thread"])
    assert document["drafts"][2]["prompt"] == 1
    assert document["runs"]["d1"][0]["purpose"] == "first run"
    assert document["card"] == {"status": "verified", "seeds": [1, 2]}
    assert "card" not in document["answer"]


def test_it_comes_back_equal(store: Store, filled: str, document: dict[str, Any], tmp_path: Path) -> None:
    text = json.dumps(document, allow_nan=False, indent=1)
    file = tmp_path / "thread.json"
    file.write_text(text, encoding="utf-8")
    record = store.load(filled)
    assert read_export(document) == read_export(file) == read_export(str(file)) == record


def test_an_open_thread_comes_back_equal(store: Store, begin: Callable[[], str]) -> None:
    thread = begin()
    store.interrupt(thread, "Ctrl-C")
    assert read_export(json.loads(json.dumps(store.export(thread)))) == store.load(thread)
    assert store.export(thread)["card"] == {}


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.9999])
def test_a_cut_off_file(document: dict[str, Any], tmp_path: Path, keep: float) -> None:
    text = json.dumps(document)
    file = tmp_path / "thread.json"
    file.write_text(text[: int(len(text) * keep)], encoding="utf-8")
    with pytest.raises(DataError, match=r"thread\.json (is cut off|is not JSON)"):
        read_export(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is cut off: the JSON ends unfinished after 0 characters"),
        ('{"format": "treadle-thread", "vers', "is cut off"),
        ('{"format": "treadle-thread",', "is cut off"),
        ("hello", "is not JSON"),
        ("[]", "is not an exported thread: its 'format' is None"),
        ('{"format": "other"}', "its 'format' is 'other', expected 'treadle-thread'"),
        ('{"format": "treadle-thread"}', "'version' is None, expected a number from 1 to 1"),
        ('{"format": "treadle-thread", "version": true}', "'version' is True"),
        ('{"format": "treadle-thread", "version": NaN}', "not strict JSON: NaN is no JSON number"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("[" * 100_000, "not strict JSON: maximum recursion depth"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_exported_thread(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "thread.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_export(file)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read the exported thread .*No such file"):
        read_export(tmp_path / "thread.json")


def test_a_newer_version(document: dict[str, Any]) -> None:
    with pytest.raises(StoreVersionError, match=r"version 2 .* written by treadle 9\.0; this is treadle .* up to version 1"):
        read_export({**document, "version": 2, "treadle": "9.0"})


def test_an_unknown_field(document: dict[str, Any]) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'drafts'"):
        read_export({**document, "draft": []})


def test_a_wrong_field_says_where(document: dict[str, Any]) -> None:
    document["drafts"][1]["completion"]["tokens"][0]["logprob"] = "x"
    with pytest.raises(UsageError, match=r"^drafts\[1\]\.completion\.tokens\[0\]\.logprob: expected a number"):
        read_export(document)


def test_a_draft_without_its_prompt(document: dict[str, Any]) -> None:
    document["drafts"][2]["prompt"] = 2
    with pytest.raises(DataError, match="draft r1 names prompt 2, but there are 2"):
        read_export(document)
