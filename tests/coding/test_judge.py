"""From a completion to a judged candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from summaries import summarise
from treadle.coding.checks import Context, Ladder
from treadle.coding.expectations import expectations_in
from treadle.coding.judge import Judge
from treadle.sandbox import Sandbox
from treadle.types import Completion, Limits, Message, Outcome, Prompt, Request, Rung

USER = (Message(role="user", content="x"),)
CHAT = Prompt(messages=USER)
DATA = Prompt(messages=USER, primer="```python\nimport numpy as np\n", program_prefix="import numpy as np\n", body_indent=4)


def judge_of(sandbox: Sandbox, text: str, data: Path | None = None, **limits: Any) -> Judge:
    summary = None if data is None else summarise(data)
    request = Request(text=text, data=summary, expectations=tuple(expectations_in(text)))
    return Judge(request, Context(request=request, sandbox=sandbox, limits=Limits(**limits)), Ladder())


def judged(judge: Judge, text: str, prompt: Prompt = CHAT, name: str = "0.0") -> Any:
    return judge.judge(judge.draft(name, Completion(text=text), prompt, 0, None), name)


@pytest.mark.parametrize(
    "text",
    [
        "\n    x = 1\n    if x:\n        print(x)\n",
        "    x = 1\n    if x:\n        print(x)",
        "\n\n    x = 1\n    if x:\n        print(x)",
    ],
)
def test_the_body_of_a_function_becomes_a_program(sandbox: Sandbox, text: str) -> None:
    draft = judge_of(sandbox, "x").draft("0.0", Completion(text=text), DATA, 0, None)
    assert draft.program == "import numpy as np\nx = 1\nif x:\n    print(x)\n" or draft.program == (
        "import numpy as np\n\nx = 1\nif x:\n    print(x)\n"
    )


def test_a_chat_answer(sandbox: Sandbox) -> None:
    found = judged(judge_of(sandbox, "Print one."), "Sure!\n```python\nprint(1)\n```\nThat prints 1.")
    assert found.draft.program == "print(1)\n"
    assert found.passed
    assert found.behaviour is not None
    assert [purpose for purpose, _ in found.runs] == ["ran"]


def test_prose_alone(sandbox: Sandbox) -> None:
    found = judged(judge_of(sandbox, "Print one."), "I cannot do that, sorry.")
    assert found.draft.program is None
    assert not found.passed
    assert found.runs == ()
    assert found.verdicts[0].outcome is Outcome.FAILED


def test_functions_are_compared_by_calls(sandbox: Sandbox) -> None:
    judge = judge_of(sandbox, "Write twice(x): the double of x.")
    one = judged(judge, "def twice(x):\n    return 2 * x\n", name="0.0")
    other = judged(judge, "def twice(x):\n    return x + x\n", name="0.1")
    wrong = judged(judge, "def twice(x):\n    return x\n", name="0.2")
    assert one.behaviour == other.behaviour != wrong.behaviour
    assert any(purpose.startswith("probe twice(") for purpose, _ in one.runs)


def test_functions_that_only_fail_have_no_behaviour(sandbox: Sandbox) -> None:
    judge = judge_of(sandbox, "Write twice(x): the double of x.")
    assert judged(judge, "def twice(x):\n    raise ValueError(x)\n").behaviour is None
    assert judged(judge, "def twice(x):\n    pass\n").behaviour is None


def test_output_that_was_cut_has_no_behaviour(sandbox: Sandbox) -> None:
    judge = judge_of(sandbox, "Print something.", stream_bytes=1000)
    found = judged(judge, "print('x' * 5000)\n")
    assert found.passed
    assert found.behaviour is None
    assert judged(judge, "print('x' * 500)\n").behaviour is not None


def test_a_known_program_is_not_run_again(sandbox: Sandbox) -> None:
    judge = judge_of(sandbox, "Print one.")
    first, again = (judged(judge, "import time\nprint(time.time_ns())\n", name=n) for n in ("0.0", "0.1"))
    assert again.behaviour == first.behaviour, "it was run again"
    assert (first.same_as, again.same_as, again.draft.id, again.origin) == (None, "0.0", "0.1", "0.1")


def test_doubts_are_noted(sandbox: Sandbox, table: Path) -> None:
    judge = judge_of(sandbox, "What is the mean of x for y above 40?", table)
    found = judged(judge, "import pandas as pd\nprint(f\"METRIC: a={pd.read_csv('table.csv')['x'].mean()}\")\n")
    assert found.passed, found.verdicts
    assert found.doubts


def test_nothing_is_asked_of_a_program_that_failed(sandbox: Sandbox) -> None:
    found = judged(judge_of(sandbox, "Write f(x). f(1) == 2"), "def f(x):\n    return x\n")
    assert (found.passed, found.doubts, found.behaviour) == (False, (), None)
    assert found.verdicts[-1].rung is Rung.EXPECTATIONS


STOPPED = [
    ("```python\nx = 1\nprint(x)\nprint(x)\nprint(x)\nprint(x)\n", "x = 1\nprint(x)\n"),
    ("```python\nx = 1\nprint(x)\nx += 1\nprint(x)\nx += 1\nprint(x)\nx += 1\n", "x = 1\nprint(x)\nx += 1\n"),
    ("```python\nprint(1)\ny = " + "a + b + " * 8, "print(1)\n"),
]


@pytest.mark.parametrize(("text", "program"), STOPPED)
def test_a_draft_that_was_stopped_because_it_repeated_itself_is_cut_back(sandbox: Sandbox, text: str, program: str) -> None:
    judge = judge_of(sandbox, "Print one.")
    draft = judge.draft("0.0", Completion(text=text, finish_reason="repeats"), CHAT, 0, None)
    assert draft.program == program
    found = judge.judge(draft, "prompt")
    assert found.verdicts[0].outcome is Outcome.PASSED
    assert "cut where it began to repeat itself" in found.verdicts[0].reason


def test_a_draft_that_was_nothing_but_repetition_is_no_program(sandbox: Sandbox) -> None:
    judge = judge_of(sandbox, "Print one.")
    draft = judge.draft("0.0", Completion(text="```python\nx = ((((((((((", finish_reason="repeats"), CHAT, 0, None)
    found = judge.judge(draft, "prompt")
    assert (found.verdicts[0].outcome, found.passed) == (Outcome.FAILED, False)
    assert "repeats itself" in found.verdicts[0].reason
