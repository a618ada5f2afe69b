"""When a draft is told to repeat itself, and that programs of people are not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from treadle.model.repeats import DEEPEST, LONGEST, line_repeats, lines_repeat

ROOT = Path(__file__).parents[2]
LOST = [
    "    x = " + "events[" * (DEEPEST + 1),
    "    return a > 1" + " and a > 1" * 8,
    "    x = [" + ", ".join(f"a{i}" for i in range(LONGEST // 4)),
    "    x = np.sqrt(\n        1,\n" + "(" * DEEPEST,
]
SOUND = [
    "    x = " + "".join(f"a{i}[" for i in range(DEEPEST)),
    '    x = "' + "([{" * 20 + '"',
    "    x = 1  # " + "((((" * 20,
    "    x = [" + "0, " * 60,
    "    x = '''\n" + "((((\n" * 20,
    "    print('" + "=" * 80 + "')",
    "    return a > 1 and b > 1 and c > 1 and a < 9 and b < 9 and c < 9 and d > 1 and d < 9",
]


@pytest.mark.parametrize("statement", LOST)
def test_a_line_that_goes_on_and_on(statement: str) -> None:
    assert any(line_repeats(statement[:end]) for end in range(len(statement) + 1))


@pytest.mark.parametrize("statement", SOUND)
def test_a_line_of_sense(statement: str) -> None:
    assert not any(line_repeats(statement[:end]) for end in range(len(statement) + 1))


def test_what_is_wrong_is_told() -> None:
    assert line_repeats(LOST[0]) == f"more than {DEEPEST} open brackets"
    assert line_repeats(LOST[1]) == "'and a > 1' 8 times in a row"
    assert line_repeats(LOST[2]) == f"a line of more than {LONGEST} characters"


@pytest.mark.parametrize("block", ["    x = 1\n", "    x = 1\n\n    y = 2\n", "if a:\n    b()\nelse:\n    c()\n"])
def test_the_same_lines_again_and_again(block: str) -> None:
    times = 4 if block.count("\n") == 1 else 3
    assert lines_repeat("import a\n" + block * times)
    assert not lines_repeat("import a\n" + block * (times - 1))
    assert not lines_repeat("import a\n" + block * 2 + block.replace("    ", "        "))


def test_a_line_that_is_not_whole_does_not_count() -> None:
    assert not lines_repeat("x = 1\n" * 3 + "x = 1")


def test_no_example_of_the_packs_repeats_itself() -> None:
    for path in sorted((ROOT / "packs").rglob("examples/*.py")):
        text = path.read_text()
        assert not any(lines_repeat(text[: m.end()]) for m in re.finditer("\n", text)), path
        assert not any(line_repeats(line) for line in text.split("\n")), path
