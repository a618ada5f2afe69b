"""The main loop: which status an answer gets, how repair goes, what is stored when, and what the model never sees."""

from __future__ import annotations

import json
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import REPAIRED_AT_ONCE, Answered, Options
from treadle.coding.expectations import load_tests, parse_expect
from treadle.engines.base import OnTokens
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import DataError, EngineError, StoreError, UsageError
from treadle.retrieval import builtin_packs
from treadle.threads import open_store
from treadle.types import Completion, Outcome, Prompt, Rung, Sampling, Status

RUN = (
    "Write longest_run(s): the length of the longest run of equal characters. longest_run('aab') == 2, longest_run('') == 0"
)
RIGHT = """
    best = run = 0
    for i, c in enumerate(s):
        run = run + 1 if i and s[i - 1] == c else 1
        best = max(best, run)
    return best
"""
WRONG = "\n    return len(s)\n"
BROKEN = "\n    return len(s\n"
RAISES = "\n    return 1 / 0\n"
SECRET = "918273"
"""An expected value that the model must not see and the sandbox must not hold."""


def mean(column: str, name: str = "answer") -> str:
    return f'\n    value = np.mean(events["{column}"])\n    print(f"METRIC: {name}={{value}}")\n'


# ------------------------------------------------------------------------------------------------------- status


def test_verified(asking: Any) -> None:
    answered = asking(RUN, [RIGHT])
    answer = answered.answer
    assert answer.status is Status.VERIFIED
    assert answer.program == f"def longest_run(s):{RIGHT}"
    assert answer.reason == "it met 2 expectations that you gave and failed none"
    assert [v.outcome for v in answer.verdicts if v.rung is Rung.EXPECTATIONS] == [Outcome.PASSED] * 2
    assert asking.thread().info.status == "verified"


def test_one_failing_example_is_a_failure_that_is_still_shown(asking: Any) -> None:
    answer = asking(RUN, ["\n    return 2\n"]).answer
    assert answer.status is Status.FAILED
    assert answer.program == "def longest_run(s):\n    return 2\n"
    assert answer.reason.startswith("met expectations: longest_run(''): ")
    assert [v.outcome for v in answer.verdicts if v.rung is Rung.EXPECTATIONS] == [Outcome.PASSED, Outcome.FAILED]


def test_a_hard_coded_draft_is_caught_by_what_it_does_not_know(asking: Any) -> None:
    cheat = "\n    return {'aab': 2, '': 0}[s]\n"
    unseen = parse_expect("longest_run('abbbc') == 3")
    answer = asking(RUN, [cheat, RIGHT], expectations=[unseen]).answer
    assert (answer.status, answer.draft_id) == (Status.VERIFIED, "0.1")
    alone = asking(RUN, [cheat], expectations=[unseen]).answer
    assert alone.status is Status.FAILED
    assert "longest_run('abbbc')" in alone.reason


def test_agreed(asking: Any, table: Path) -> None:
    answer = asking("What is the mean of x?", [mean("x"), mean("x", "mean_x"), mean("y")], data=table).answer
    assert answer.status is Status.AGREED
    assert answer.agreement == (2, 3)
    assert answer.reason == "2 of 3 drafts gave this output; no expectation was given"
    assert answer.output == "METRIC: answer=5.5\n"


def test_agreed_functions(asking: Any) -> None:
    answer = asking("Write twice(x): the double of x.", ["\n    return 2 * x\n", "\n    return x + x\n"]).answer
    assert (answer.status, answer.agreement) == (Status.AGREED, (2, 2))


DRAWN = """```python
import matplotlib.pyplot as plt
import pandas as pd
events = pd.read_csv("table.csv")
plt.hist({values})
plt.savefig("x.{ending}")
{rest}```"""


def test_pictures_of_different_things_do_not_agree(asking: Any, table: Path) -> None:
    for ending in ("png", "pdf"):
        right = DRAWN.format(values='events["x"]', ending=ending, rest="")
        wrong = DRAWN.format(values='events["x"] * 2', ending=ending, rest="")
        answer = asking("Plot x and save it.", [right, wrong], data=table, rules=False).answer
        assert (answer.status, answer.reason) == (Status.RAN, "it ran; no second draft gave the same output")
        again = asking("Plot x and save it.", [right, right + "\n"], data=table, rules=False).answer
        assert (again.status, again.reason) == (Status.AGREED, "2 of 2 drafts gave this output; no expectation was given")


def test_pictures_beside_numbers_are_not_compared_and_that_is_said(asking: Any, table: Path) -> None:
    told = "print(f\"METRIC: mean={events['x'].mean()}\")\n"
    drafts = [DRAWN.format(values=f'events["x"], color="{c}"', ending="png", rest=told) for c in ("red", "blue")]
    answer = asking("Plot x, save it and print its mean.", drafts, data=table, rules=False).answer
    assert answer.status is Status.AGREED
    assert answer.reason == "2 of 2 drafts gave this output; no expectation was given; pictures were not compared"


def test_one_draft_only_ran(asking: Any, table: Path) -> None:
    answer = asking("What is the mean of x?", [mean("x")], data=table).answer
    assert (answer.status, answer.agreement) == (Status.RAN, (1, 1))
    assert answer.reason == "it ran; no second draft gave the same output"


def test_a_tie_is_no_agreement(asking: Any, table: Path) -> None:
    drafts = [mean("x"), mean("x", "a"), mean("x").replace("mean", "sum"), mean("x", "a").replace("mean", "sum")]
    answer = asking("Tell me about x.", drafts, data=table).answer
    assert (answer.status, answer.agreement) == (Status.RAN, (2, 4))
    assert answer.reason == "it ran; as many drafts (2) gave another output"


def test_a_doubt_keeps_agreement_away(asking: Any, table: Path) -> None:
    answer = asking("What is the mean of x for rows with y above 40?", [mean("x"), mean("x", "a")], data=table).answer
    assert answer.status is Status.RAN
    assert answer.reason.startswith("it ran, but ")
    assert answer.card["doubts"]


def test_an_undoubted_draft_beats_a_larger_doubted_cluster(asking: Any, table: Path) -> None:
    cut = '\n    value = np.mean(events["x"][events["y"] > 40])\n    print(f"METRIC: a={value}")\n'
    drafts = [mean("x"), mean("x", "a"), mean("x", "b"), cut]
    answer = asking("What is the mean of x for rows with y above 40?", drafts, data=table).answer
    assert (answer.draft_id, answer.output) == ("0.3", "METRIC: a=8.5\n")


def test_the_larger_cluster_beats_the_likelier_draft(asking: Any, likely: Callable[..., Completion], table: Path) -> None:
    drafts = [likely(mean("x").replace("mean", "max"), -0.01), likely(mean("x"), -3.0), likely(mean("x", "a"), -2.0)]
    answer = asking("What is the mean of x?", drafts, data=table).answer
    assert (answer.status, answer.draft_id) == (Status.AGREED, "0.2")


def test_ties_go_to_the_likelier_draft(asking: Any, likely: Callable[..., Completion], table: Path) -> None:
    drafts = [likely(mean("x").replace("mean", "max"), -0.2), likely(mean("x"), -0.1)]
    assert asking("What is the mean of x?", drafts, data=table).answer.draft_id == "0.1"
    assert asking("What is the mean of x?", drafts[::-1], data=table).answer.draft_id == "0.0"


def test_no_draft_parses(asking: Any) -> None:
    answer = asking(RUN, [BROKEN, "\n    return return\n    x\n"]).answer
    assert answer.status is Status.FAILED
    assert answer.reason.startswith("parsed: line ")
    assert answer.program is not None


def test_output_without_code(asking: Any) -> None:
    answer = asking(RUN, ["", "   \n"]).answer
    assert (answer.status, answer.program) == (Status.FAILED, None)
    assert answer.reason == "parsed: the completion holds no code"


def test_expectations_on_metrics(asking: Any, table: Path) -> None:
    near = parse_expect("answer ~ 5.5 +- 1%")
    assert asking("What is the mean of x?", [mean("x")], data=table, expectations=[near]).answer.status is Status.VERIFIED
    answer = asking("What is the mean of x?", [mean("y")], data=table, expectations=[near]).answer
    assert answer.status is Status.FAILED
    assert "expected 5.5" in answer.reason


def test_the_card_says_what_the_programs_ran_on(asking: Any) -> None:
    packages = asking(RUN, [RIGHT]).answer.card["packages"]
    assert packages["python"] == platform.python_version()
    assert packages["numpy"]


def test_the_card_says_how_the_answer_came_about(asking: Any, table: Path) -> None:
    answered = asking("What is the mean of x?", [mean("x")], data=table)
    card = answered.answer.card
    assert card["thread"] == answered.thread
    assert card["status"] == "ran"
    assert set(card["seconds"]) == {"prompt", "decode", "checks", "runs"}


def test_a_job_that_cannot_be_opened_is_kept_as_interrupted(asking: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: Any) -> None:
        raise DataError("the file is locked")

    monkeypatch.setattr("treadle.coding.ask.open_job", locked)
    with pytest.raises(DataError):
        asking(RUN, [RIGHT])
    record = asking.thread()
    assert (record.info.state, record.interruption) == ("interrupted", "DataError: the file is locked")


# ------------------------------------------------------------------------------------------------------- repair


def test_a_repaired_draft_wins(asking: Any) -> None:
    answered = asking(RUN, [BROKEN], [RIGHT], repairs=2)
    assert (answered.answer.status, answered.answer.draft_id) == (Status.VERIFIED, "1.0")
    repaired = asking.thread().drafts[1]
    assert (repaired.round, repaired.repairs) == (1, "0.0")
    assert len(asking.engine.prompts) == 2
    assert "The program above is wrong" in asking.sent()[1]
    assert "was never closed" in asking.sent()[1]


def test_nothing_is_repaired_where_a_draft_passed(asking: Any) -> None:
    asking(RUN, [WRONG, RIGHT], repairs=2)
    assert len(asking.engine.prompts) == 1


@pytest.mark.parametrize("repairs", [0, 1, 3])
def test_repairs_are_bounded(asking: Any, repairs: int) -> None:
    drafts = [f"\n    return {i}\n" for i in range(20)]
    batches = [drafts[:2], *([d] for d in drafts[2:])]
    answered = asking(RUN, *batches, repairs=repairs)
    assert answered.answer.status is Status.FAILED
    assert max(c.draft.round for c in answered.candidates) == repairs
    assert len(asking.engine.prompts) <= 1 + repairs * REPAIRED_AT_ONCE
    broken = [c.draft.repairs for c in answered.candidates if c.draft.repairs]
    assert len(broken) == len(set(broken)), "a draft was mended twice"


def test_a_worse_repair_never_wins(asking: Any) -> None:
    answered = asking(RUN, ["\n    return 2\n"], [BROKEN], [RAISES], repairs=2)
    assert (answered.answer.status, answered.answer.draft_id) == (Status.FAILED, "0.0")
    assert len(answered.candidates) == 3


def test_a_repair_that_meets_less_never_wins(asking: Any) -> None:
    text = "Write f(x). f(1) == 1, f(2) == 4, f(3) == 9"
    answered = asking(text, ["\n    return x * x if x < 3 else 0\n"], ["\n    return x\n"], repairs=1)
    assert answered.answer.draft_id == "0.0"


def test_copies_of_one_draft_by_repair_do_not_agree(asking: Any, table: Path) -> None:
    """A repaired draft descends from the failed one: both together are one voice."""
    doubted = mean("x")
    cut = '\n    value = np.mean(events["x"][events["y"] > 40])\n    print(f"METRIC: a={value}")\n'
    text = "What is the mean of x for rows with y above 40?"
    answered = asking(text, [doubted], [cut, cut], data=table, repairs=1, samples=1)
    assert answered.answer.status is Status.RAN
    assert answered.answer.agreement == (1, 1)


def test_seeds_and_temperatures(asking: Any) -> None:
    class Noting(ScriptedEngine):
        samplings: list[Sequence[Sampling]] = []  # noqa: RUF012 (one test)

        def complete(
            self, prompt: Prompt, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
        ) -> list[Completion]:
            self.samplings.append(samplings)
            return super().complete(prompt, samplings, on_tokens)

    engine = Noting([[BROKEN] * 3, [RIGHT]])
    asking(RUN, engine=engine, samples=3, repairs=1, seed=7, temperature=0.6)
    first, second = engine.samplings
    assert [(s.seed, s.temperature) for s in first] == [(7, 0.0), (8, 0.6), (9, 0.6)]
    assert second[0].temperature == 0.0
    assert not {s.seed for s in first} & {s.seed for s in second}


# ------------------------------------------------------------------------------------- what stays with the user


@pytest.mark.parametrize(
    ("text", "draft", "option"),
    [
        ("Write f(x): something.", "\n    return x\n", f"f(3) == {SECRET}"),
        ("Write f(x): something.", "\n    return 1 / 0\n", f"f(3) == {SECRET}"),
        ("Write f(x): something.", "\n    return str(x)\n", f"f(3) == [{SECRET}, 'b']"),
        ("Print the answer.", ' ask():\n    return 3\nprint("METRIC: answer=3")\n', f"answer ~ {SECRET} +- 1%"),
        ("Print the answer.", ' ask():\n    return 3\nprint("METRIC: other=3")\n', f"answer == {SECRET}"),
    ],
)
def test_no_hint_holds_an_expected_value(asking: Any, text: str, draft: str, option: str) -> None:
    answered = asking(text, [draft], [draft], [draft], repairs=2, expectations=[parse_expect(option)])
    assert answered.answer.status is Status.FAILED
    assert len(asking.engine.prompts) >= 2, "nothing was sent to be repaired"
    assert not any(SECRET in sent for sent in asking.sent())


@pytest.mark.parametrize(
    "tests",
    [
        f"assert f(3) == {SECRET}\n",
        f"def test_f():\n    assert f(3) == {SECRET}, 'f(3) is not {SECRET}'\n",
        f"def check(candidate):\n    assert candidate(3) == {SECRET}\n",
        f"import unittest\nclass TestF(unittest.TestCase):\n    def test(self):\n        self.assertEqual(f(3), {SECRET})\n",
    ],
)
def test_no_hint_holds_a_value_of_the_test_file(asking: Any, tmp_path: Path, tests: str) -> None:
    path = tmp_path / "tests.py"
    path.write_text(tests, encoding="utf-8")
    draft = "\n    return x\n"
    answered = asking("Write f(x): something.", [draft], [draft + "#\n"], repairs=1, expectations=[load_tests(path)])
    assert answered.answer.status is Status.FAILED
    assert SECRET in answered.answer.reason or SECRET in str(answered.answer.verdicts)
    assert len(asking.engine.prompts) == 2
    assert not any(SECRET in sent for sent in asking.sent())


SEARCH = """
    import gc, os, sys
    seen = [repr(sys.argv), repr(dict(os.environ)), open(__file__).read() if "__file__" in globals() else ""]
    for path in ("/proc/self/cmdline", "/proc/self/environ", "/proc/self/stat"):
        try:
            seen.append(open(path, "rb").read().decode("latin-1"))
        except OSError:
            pass
    frame = sys._getframe()
    while frame is not None:
        seen += [repr(k) + repr(v)[:100_000] for k, v in list(frame.f_locals.items()) if k != "seen"]
        seen += [repr(frame.f_code.co_consts)]
        frame = frame.f_back
    for thing in gc.get_objects():
        if thing is seen or type(thing) not in (dict, list, tuple, set, bytes, str):
            continue
        try:
            seen += [t for t in thing if type(t) is str] + [str(t) for t in thing if type(t) is int]
            seen += [str(t) for t in thing.values() if type(t) in (str, int)] if type(thing) is dict else []
        except Exception:
            pass
    wanted = "".join(["9182", "73"])  # not before: it must not find itself
    return any(wanted in text for text in seen)
"""


def test_the_sandbox_holds_no_expected_value(asking: Any) -> None:
    text = f"Write f(x): whether it is there. f(1) == False, f({SECRET[:3]}) == {SECRET}"
    answered = asking(text, [SEARCH])
    sent = asking.sent()[0]
    assert SECRET in sent, "the control: the model is shown the examples of the request"
    program = answered.answer.program
    assert SECRET not in program
    found = {v.check: v for v in answered.answer.verdicts if v.rung is Rung.EXPECTATIONS}
    assert found["f(1) == False"].outcome is Outcome.PASSED, found
    told = asking(text, [SEARCH + f"\nhint = {SECRET}\n"])
    outcomes = {v.check: v.outcome for v in told.answer.verdicts if v.rung is Rung.EXPECTATIONS}
    assert outcomes["f(1) == False"] is Outcome.FAILED, "the control: a value that is there is found"


def test_the_docstring_with_examples_is_not_run(asking: Any) -> None:
    program = asking(RUN, ["\n    return longest_run.__doc__\n"]).answer.program
    assert ">>>" not in program
    assert "equal characters" not in program
    verdicts = asking(RUN, ["\n    return longest_run.__doc__\n"]).answer.verdicts
    assert verdicts[-1].evidence["got"] is None


# ------------------------------------------------------------------------------------------------------ storing


def test_everything_is_kept(asking: Any, likely: Callable[..., Completion]) -> None:
    answered = asking(RUN, [likely(BROKEN, -0.5), likely(WRONG, -0.7)], [likely(RIGHT, -0.25)], [RIGHT], repairs=1)
    kept = asking.thread()
    assert kept.info.state == "answered"
    assert [p.primer for p in kept.prompts] == [p.primer for p in asking.engine.prompts]
    assert [d.id for d in kept.drafts] == ["0.0", "0.1", "1.0", "2.0"]
    assert [d.completion.mean_logprob for d in kept.drafts] == [-0.5, -0.7, -0.25, None]
    assert kept.drafts[0].completion.tokens[0].text == BROKEN
    for candidate in answered.candidates:
        assert [(v.check, v.outcome) for v in kept.verdicts[candidate.draft.id]] == [
            (v.check, v.outcome) for v in candidate.verdicts
        ]
    assert kept.runs["1.0"][0][0] == "ran"
    assert "0.0" not in kept.runs
    assert kept.answer is not None
    assert (kept.answer.status, kept.answer.draft_id) == (Status.VERIFIED, answered.answer.draft_id)


class Witness:
    """Looks into the store with a connection of its own whenever the loop says what it does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seen: list[tuple[str, int, int, int]] = []

    def phase(self, name: str, total: int | None = None) -> None:
        self._look(name)

    def tokens(self, n: int) -> None:
        self._look("progress")

    def _look(self, name: str) -> None:
        with closing(open_store(self._path)) as store:
            kept = store.load(store.listing(1)[0].id)
        self.seen.append((name, len(kept.prompts), len(kept.drafts), len(kept.verdicts)))


def test_everything_is_stored_before_it_is_told(asking: Any, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "threads.sqlite")
    asking(RUN, [WRONG, RIGHT], progress=witness)
    by_name = {name: counts for name, *counts in witness.seen}
    assert by_name["reading the data and choosing examples"] == [0, 0, 0]
    assert by_name["writing 2 drafts"] == [1, 0, 0]
    assert by_name["checking 2 drafts"] == [1, 2, 0]
    assert [s for s in witness.seen if s[0] == "progress"][-2:] == [("progress", 1, 2, 1), ("progress", 1, 2, 2)]


def test_the_same_program_is_run_once(asking: Any) -> None:
    answered = asking(RUN, [RIGHT, RIGHT, RIGHT + "\n\n", WRONG])
    assert [c.same_as for c in answered.candidates] == [None, "0.0", "0.0", None]
    assert set(asking.thread().runs) == {"0.0", "0.3"}
    assert asking.thread().verdicts["0.1"][0].evidence["same_program_as"] == "0.0"
    assert answered.answer.agreement == (3, 4)


@contextmanager
def small_disk(bytes_left: int, path: Path) -> Iterator[None]:
    """No file may grow beyond its present size plus ``bytes_left``."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = max(p.stat().st_size for p in path.parent.glob(path.name + "*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_stops_the_work(asking: Any, tmp_path: Path) -> None:
    big = "\n    return 1  # " + os.urandom(400_000).hex() + "\n"  # nothing that compression makes small
    with small_disk(150_000, tmp_path / "threads.sqlite"), pytest.raises(StoreError, match="were not stored"):
        asking(RUN, [big], [RIGHT], repairs=1)
    assert len(asking.engine.prompts) == 1, "the work went on"
    kept = asking.thread()
    assert kept.prompts
    assert not kept.drafts
    assert kept.answer is None


# --------------------------------------------------------------------------------------------------- interrupts


class Stopping(ScriptedEngine):
    """Ctrl-C arrives while the k-th batch is decoded."""

    def __init__(self, batches: Sequence[Sequence[str]], at: int) -> None:
        super().__init__(batches)
        self.at = at

    def complete(self, prompt: Prompt, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None) -> list[Completion]:
        completions = super().complete(prompt, samplings, on_tokens)
        if len(self.prompts) == self.at:
            signal.raise_signal(signal.SIGINT)
        return completions


def test_ctrl_c_while_drafting(asking: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        asking(RUN, engine=Stopping([[RIGHT]], at=1))
    kept = asking.thread()
    assert (kept.info.state, kept.interruption) == ("interrupted", "stopped by the user")
    assert len(kept.prompts) == 1
    assert not kept.drafts


def test_ctrl_c_while_repairing_keeps_the_first_drafts(asking: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        asking(RUN, engine=Stopping([[WRONG], [RIGHT]], at=2), repairs=1)
    kept = asking.thread()
    assert kept.info.state == "interrupted"
    assert (len(kept.prompts), [d.id for d in kept.drafts], set(kept.verdicts)) == (2, ["0.0"], {"0.0"})


@pytest.mark.parametrize(
    ("text", "endless"),
    [
        ("Print something.", " f():\n    pass\nwhile True:\n    pass\n"),  # in the run
        (RUN, "\n    while True:\n        pass\n"),  # in the calls of the examples
    ],
)
def test_ctrl_c_while_a_program_runs(asking: Any, text: str, endless: str) -> None:
    asking("Print something.", [" f():\n    pass\nprint(1)\n"])  # the sandbox is warm
    timer = threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT))
    started = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        asking(text, [endless])
    assert time.monotonic() - started < 15  # its limit would end it after 20 s
    kept = asking.thread()
    assert (kept.info.state, len(kept.drafts), kept.verdicts) == ("interrupted", 1, {})
    assert asking("Print something.", [" f():\n    pass\nprint(2)\n"]).answer.output == "2\n", "the sandbox is of no use"


def test_ctrl_c_before_anything_is_sent(asking: Any) -> None:
    class Impatient:
        def phase(self, name: str, total: int | None = None) -> None:
            signal.raise_signal(signal.SIGINT)

        def tokens(self, n: int) -> None: ...

    with pytest.raises(KeyboardInterrupt):
        asking(RUN, [RIGHT], progress=Impatient())
    kept = asking.thread()
    assert (kept.info.state, len(kept.prompts)) == ("interrupted", 0)


def test_a_failing_engine_leaves_the_thread(asking: Any) -> None:
    with pytest.raises(EngineError, match="finds none"):
        asking(RUN, [WRONG], repairs=1)
    kept = asking.thread()
    assert kept.info.state == "interrupted"
    assert kept.interruption is not None
    assert kept.interruption.startswith("EngineError: the script has 1 batches")
    assert len(kept.drafts) == 1


# ------------------------------------------------------------------------------------------------------- replay


@pytest.mark.parametrize("batches", [[[WRONG, RIGHT]], [[BROKEN], [RIGHT]], [[WRONG], ["\n    return 0\n"]]])
def test_a_thread_can_be_replayed(asking: Any, tmp_path: Path, batches: list[list[str]]) -> None:
    settings = {"samples": len(batches[0]), "repairs": 1}
    first = asking(RUN, *batches, **settings)
    path = tmp_path / "thread.json"
    path.write_text(json.dumps(asking.store.export(first.thread)), encoding="utf-8")
    again = asking(RUN, engine=ScriptedEngine.from_file(path), **settings)
    assert first.thread != again.thread
    assert outcome(first) == outcome(again)


def outcome(answered: Answered) -> Any:
    """What a replay must give again; seconds may differ."""
    verdicts = [[(v.check, v.outcome) for v in c.verdicts] for c in answered.candidates]
    answer = answered.answer
    return answer.program, answer.status, answer.reason, answer.draft_id, answer.agreement, verdicts


# ------------------------------------------------------------------------------------------------------ options


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("samples", 0, "--samples must be at least 1, got 0"),
        ("repairs", -1, "--repairs must not be negative, got -1"),
        ("temperature", 2.5, "--temperature must lie between 0 and 2, got 2.5"),
        ("temperature", float("nan"), "--temperature must lie between 0 and 2, got nan"),
        ("seed", -1, "--seed must lie between 0 and 2147483647, got -1"),
        ("seed", 2**31, "--seed must lie between 0 and 2147483647, got 2147483648"),
        ("max_tokens", 0, "--max-tokens must be at least 1, got 0"),
        ("shots", -1, "the number of examples must not be negative, got -1"),
    ],
)
def test_options_out_of_range(setting: str, value: float, told: str) -> None:
    with pytest.raises(UsageError, match="must") as caught:
        Options(**{setting: value})
    assert str(caught.value) == told


def test_examples_of_the_packs_are_shown(asking: Any) -> None:
    packs = builtin_packs()
    answered = asking("Write twice(x): the double of x.", ["\n    return 2 * x\n"], packs=packs)
    assert 1 <= len(answered.answer.card["examples"]) <= 4
    answered = asking("Write twice(x): the double of x.", ["\n    return 2 * x\n"], packs=packs, shots=0)
    assert answered.answer.card["examples"] == []


# ------------------------------------------------------------------------------------------------------ readings


def test_a_reading_supports_a_draft(asking: Any, table: Path) -> None:
    answered = asking("What is the mean of x?", [mean("x"), mean("y"), mean("x", "a")], data=table, rules=True)
    assert (answered.answer.status, answered.answer.agreement) == (Status.AGREED, (2, 3)), "readings are no drafts"
    thread = asking.thread()
    assert [prompt.parts[0].source for prompt in thread.prompts if not prompt.messages] == ["written by rules"]
    assert len(asking.engine.prompts) == 1, "no engine is asked for a reading"


def test_a_reading_outvotes_drafts_of_a_small_model_but_does_not_agree_alone(asking: Any, table: Path) -> None:
    wrong = mean("x").replace("np.mean", "np.max")
    answer = asking("What is the mean of x?", [mean("y"), mean("y", "a"), wrong], data=table, rules=True).answer
    assert (answer.status, answer.output) == (Status.RAN, "METRIC: mean=5.5\n")
    assert answer.reason == "it ran; rules read the request so, and no draft gave the same output"


def test_a_reading_and_one_draft_are_no_agreement(asking: Any, table: Path) -> None:
    answer = asking("What is the mean of x?", [mean("x")], data=table, rules=True).answer
    assert (answer.status, answer.agreement) == (Status.RAN, (1, 1))
    assert "no second draft gave the same output" in answer.reason


def test_what_rules_do_not_understand_has_no_reading(asking: Any, table: Path) -> None:
    answer = asking("What is the weighted mean of x, for each value of y?", [mean("x")], data=table, rules=True).answer
    assert answer.agreement == (1, 1)


def test_a_thread_with_a_reading_replays(asking: Any, table: Path, tmp_path: Path) -> None:
    first = asking("What is the mean of x?", [mean("x"), mean("y")], data=table, rules=True)
    path = tmp_path / "thread.json"
    path.write_text(json.dumps(asking.store.export(first.thread)), encoding="utf-8")
    engine = ScriptedEngine.from_file(path)
    again = asking("What is the mean of x?", data=table, rules=True, samples=2, engine=engine)
    assert (again.answer.status, again.answer.program) == (first.answer.status, first.answer.program)


# ------------------------------------------------------------------------------------- many drafts, little time


def test_temperatures_spread_evenly_around_the_one_given(asking: Any) -> None:
    drawn: list[float] = []

    class Noting(ScriptedEngine):
        def complete(self, prompt: Prompt, samplings: Sequence[Sampling], *rest: Any) -> list[Completion]:
            drawn.extend(s.temperature for s in samplings)
            return super().complete(prompt, samplings, *rest)

    asking(RUN, engine=Noting([[RIGHT] * 6]), samples=6, temperature=0.4, spread=0.5)
    assert drawn == pytest.approx([0.0, 0.2, 0.3, 0.4, 0.5, 0.6])
    with pytest.raises(UsageError, match="--spread must lie between 0 and 1"):
        Options(spread=1.5)


def test_drawing_stops_where_the_drafts_to_come_could_change_nothing(asking: Any) -> None:
    batches = [[RIGHT] * 8, [RIGHT] * 8, [RIGHT] * 8]
    engine = ScriptedEngine(batches)
    answered = asking(RUN, engine=engine, samples=20, repairs=0)
    assert answered.answer.status is Status.VERIFIED
    assert len(answered.candidates) == 16  # 8 + 8 lead beyond the 4 that are left
    assert answered.answer.agreement == (16, 16)


def test_drawing_goes_on_while_the_choice_is_open(asking: Any) -> None:
    engine = ScriptedEngine([[WRONG] * 8, [RIGHT] * 2])
    answered = asking(RUN, engine=engine, samples=10, repairs=0)
    assert answered.answer.status is Status.VERIFIED
    assert len(answered.candidates) == 10


def test_when_time_is_up_no_draft_and_no_repair_is_begun(asking: Any) -> None:
    answered = asking(RUN, engine=ScriptedEngine([[WRONG] * 8, [RIGHT] * 8]), samples=16, repairs=2, budget_seconds=1e-6)
    assert answered.answer.status is Status.FAILED
    assert len(answered.candidates) == 8


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_budget_is_a_time(asking: Any, seconds: float) -> None:
    with pytest.raises(UsageError, match="--budget must be above 0"):
        Options(budget_seconds=seconds)
