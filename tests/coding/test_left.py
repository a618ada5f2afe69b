"""Where a finished program left what is known: the place and the word that a repair names."""

from __future__ import annotations

import pytest

from treadle.coding.left import where_left
from treadle.grounding.python import Facts, Members, PythonGuide

FACTS = Facts(
    modules={"np": Members(names=frozenset({"mean", "count_nonzero"}))},
    variables={"events": None},
    columns={"events": ("pt", "eta")},
)
HEAD = "import numpy as np\n"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (f"{HEAD}x = np.count(3)\n", "line 2, column 8: `count` cannot stand behind `x = np.`"),
        (f'{HEAD}x = np.mean(events["mass"])\n', "line 2, column 21: `mass`"),
        (f"{HEAD}x = y + 1\n", "line 2, column 7: `+` cannot stand behind `x = y `"),
        (f"{HEAD}x = (1, 2\n", "it ends before its last statement does, in line 2"),
        ("x = 1\n    y = 2\n", "line 2"),
    ],
)
def test_the_place_and_the_word(program: str, said: str) -> None:
    assert said in where_left(PythonGuide(FACTS), program)


@pytest.mark.parametrize("program", [f'{HEAD}x = np.mean(events["pt"])\nprint(x)', "", "# nothing\n"])
def test_what_keeps_to_it_left_nowhere(program: str) -> None:
    assert where_left(PythonGuide(FACTS), program) == ""
