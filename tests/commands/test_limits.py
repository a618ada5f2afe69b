"""Limits of a run as they are spelt on the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner

from treadle.commands.answering import work_options
from treadle.commands.app import app
from treadle.commands.options import bounded_seconds, memory_size, size
from treadle.types import Limits


@pytest.mark.parametrize(("text", "n_bytes"), [("65536", 65536), ("512M", 512 << 20), ("1.5GiB", 3 << 29), ("2 kb", 2048)])
def test_sizes(text: str, n_bytes: int) -> None:
    assert size(text) == n_bytes


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (size, "0"),
        (size, "-1"),
        (size, "much"),
        (size, "9999G"),
        (bounded_seconds, "9999m"),
        (memory_size, "1M"),
        (bounded_seconds, "0"),
    ],
)
def test_what_is_no_limit_is_refused(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write"):
        parse(text)


def test_what_is_not_given_keeps_its_default() -> None:
    made = work_options(
        samples=1,
        repairs=0,
        temperature=0.4,
        seed=1,
        max_tokens=8,
        no_examples=True,
        no_rules=True,
        no_grounding=True,
        memory_bytes=1 << 28,
        cpu_seconds=None,
    )
    assert made.limits == Limits(memory_bytes=1 << 28)


@pytest.mark.parametrize("command", [["ask", "x"], ["sql", "a.sqlite", "x"]])
@pytest.mark.parametrize("option", ["--memory", "--cpu-seconds", "--wall-seconds"])
def test_a_wrong_limit_is_a_wrong_use(command: list[str], option: str) -> None:
    done = CliRunner().invoke(app, [*command, option, "lots"])
    assert done.exit_code == 2
    assert "write" in done.output
