"""Lines of JSON, and which of them are held out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from treadle.errors import DataError
from treadle.training.lines import is_held_out, messages_of, parsed_lines


def number_of(data: Any) -> int:
    if not isinstance(data, int):
        raise ValueError("it should be whole")
    return data


def test_lines_are_parsed_in_order_and_named_where_they_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "numbers.jsonl"
    path.write_text("1\n\n2\n")
    assert list(parsed_lines([path, path], "number", number_of)) == [1, 2, 1, 2]
    path.write_text('1\n\n"x"\n')
    with pytest.raises(DataError, match=r"numbers\.jsonl, line 3 is no number: it should be whole"):
        list(parsed_lines([path], "number", number_of))
    path.write_bytes(b"\xff")
    with pytest.raises(DataError, match="cannot read the numbers of"):
        list(parsed_lines([path], "number", number_of))


@pytest.mark.parametrize(
    "value",
    ["x", {}, ["x"], [{"role": "user"}], [{"role": "robot", "content": "x"}], [{"role": "user", "content": 1}],
     [{"role": ["user"], "content": "x"}]],
)  # fmt: skip
def test_what_are_no_messages_is_told(value: Any) -> None:
    with pytest.raises(ValueError, match=r"list|message"):
        messages_of(value)


def test_what_is_held_out_stays_so() -> None:
    """The numbers are those of SHA-256: runs that began with an earlier version go on with the same rows."""
    names = [f"schema {i}" for i in range(1000)]
    tenth = {name for name in names if is_held_out(name, 0.1)}
    assert 70 < len(tenth) < 130
    assert tenth < {name for name in names if is_held_out(name, 0.2)}
    assert [name for name in names[:40] if is_held_out(name, 0.1)] == ["schema 19", "schema 28"]
    assert not any(is_held_out(name, 0.0) for name in names)
    assert is_held_out("\ud800", 1.0)
