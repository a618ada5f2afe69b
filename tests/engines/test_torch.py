"""The torch engine beyond what ``test_base.py`` asks of every engine: beside llama.cpp, and limits of a small model."""

from __future__ import annotations

import contextlib
import math
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from asking import GREEDY, INJECTION, SPECIAL, ask, draws, said
from treadle.engines.llama import LlamaEngine
from treadle.engines.registry import open_engine
from treadle.errors import EngineError, UnknownNameError, UnsupportedError
from treadle.settings import Settings
from treadle.types import Constraint, Sampling, Stage

pytest.importorskip("torch")


from treadle.engines.torch import TorchEngine
from treadle.model.generate import greedy_without_cache
from treadle.model.weights import load, save_folder

pytestmark = pytest.mark.model

ENDLESS = Constraint(kind="regex", text="[a-z ]+")


@pytest.fixture
def small(folder: Path) -> Iterator[TorchEngine]:
    with closing(TorchEngine(folder, threads=1)) as opened:
        yield opened


# ------------------------------------------------------------------------------------------------- same drafts again


def test_greedy_is_the_naive_loop(own: TorchEngine) -> None:
    prompt = ask("Name three colours.")
    (found,) = own.complete(prompt, [GREEDY])
    model = own._opened()
    assert [t.id for t in found.tokens] == greedy_without_cache(model, own._prompt_tokens(prompt), 8)


def test_greedy_is_what_llama_says(own: TorchEngine, llama: LlamaEngine) -> None:
    """Up to its rounding: llama.cpp rounds activations to 8 bits, and may choose another of two nearly equal tokens."""
    prompts = [ask(q) for q in ("Name three colours.", "What is 2 + 2?")]
    same = 0
    for prompt in prompts:
        ours, theirs = (e.complete(prompt, [GREEDY])[0].tokens for e in (own, llama))
        both = list(zip(ours, theirs, strict=False))
        apart = next((i for i, (a, b) in enumerate(both) if a.id != b.id), len(both))
        same += apart
        for a, b in both[:apart]:
            assert a.logprob == pytest.approx(b.logprob, abs=0.6)
    assert same >= 8


def test_what_was_asked_before_changes_nothing(small: TorchEngine, folder: Path) -> None:
    prompts = [ask("one two three"), ask("one two four"), ask("one two three"), ask("other")]
    in_a_row = [said(small.complete(p, draws(3))) for p in prompts]
    with closing(TorchEngine(folder, threads=1)) as fresh:
        assert [said(fresh.complete(p, draws(3))) for p in reversed(prompts)] == in_a_row[::-1]


def test_scores_are_near_those_of_llama(own: TorchEngine, llama: LlamaEngine) -> None:
    ours, theirs = (e.score("<|im_start|>The cat sat on the mat.") for e in (own, llama))
    assert ours[0].text == "<|im_start|>"
    assert math.isfinite(ours[0].logprob)
    assert [t.id for t in theirs] == [t.id for t in ours]
    assert [t.logprob for t in theirs[1:]] == pytest.approx([t.logprob for t in ours[1:]], abs=0.6)


# --------------------------------------------------------------------------------------------------- stops and streams


def test_a_stream_left_early(small: TorchEngine) -> None:
    before = said(small.complete(ask("Hello"), draws(2)))
    with contextlib.closing(small.stream(ask("go"), Sampling(max_tokens=80, constraint=ENDLESS))) as stream:
        next(c for c in stream if c.text)
    assert said(small.complete(ask("Hello"), draws(2))) == before


def test_a_stop_string_that_is_empty(small: TorchEngine) -> None:
    with pytest.raises(UnsupportedError, match="a stop string is empty"):
        small.complete(ask("hi", stop=("",)), [GREEDY])


# -------------------------------------------------------------------------------------------------------- constraints


def test_a_constraint_holds_a_draft_that_is_alone_as_beside_others(own: TorchEngine) -> None:
    constraint = Constraint(kind="regex", text="<.im_end.>[xyz]{2}")  # spelled, the special token is text
    samplings = [Sampling(max_tokens=12, temperature=1.5, seed=s, constraint=constraint) for s in (1, 2, 3)]
    together = said(own.complete(ask("What is 17 times 3?"), samplings))
    assert all(re.fullmatch(constraint.text, text) for text in together)
    assert said(own.complete(ask("What is 17 times 3?"), samplings[:1])) == together[:1]


# ------------------------------------------------------------------------------------------------------------ prompts


ORDINARY = ["hi", "\n\n  hi\n", "def f():\n    return 1", "é\U0001f600", "a\0b", " ", ""]


@pytest.mark.parametrize("text", [*ORDINARY, *SPECIAL, INJECTION], ids=ascii)
def test_prompts_and_counts_are_those_of_llama(own: TorchEngine, llama: LlamaEngine, text: str) -> None:
    prompt = ask(text, primer=text.strip("\n"))
    assert own.render(prompt) == llama.render(prompt)
    assert own._prompt_tokens(prompt) == llama._prompt_tokens(prompt)
    assert own.count_tokens(text) == llama.count_tokens(text)


# ------------------------------------------------------------------------------------------------------------- limits


def test_memory_for_some_drafts_at_once_only(small: TorchEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    together = said(small.complete(ask("hi"), draws(5)))
    monkeypatch.setattr("treadle.engines.torch.available_bytes", lambda device: 4_000_000)
    assert [len(g) for g in small._groups(20, draws(5))] == [3, 2]
    assert said(small.complete(ask("hi"), draws(5))) == together
    monkeypatch.setattr("treadle.engines.torch.available_bytes", lambda device: 1000)
    with pytest.raises(
        EngineError, match=r"not enough memory: .* each position takes \d+ bytes, so \d+ positions would fit"
    ):
        small.complete(ask("hi"), draws(1))


def test_a_model_without_a_chat_template(folder: Path, tmp_path: Path) -> None:
    vocabulary = load(folder).vocabulary
    vocabulary.chat_template = None
    save_folder(load(folder).transformer, vocabulary, tmp_path / "plain")
    with closing(TorchEngine(tmp_path / "plain", threads=1)) as opened:
        with pytest.raises(EngineError, match="carries no chat template"):
            opened.complete(ask("hi"), [GREEDY])
        assert opened.score("It can be scored.")


def test_opened_by_name(folder: Path, tmp_path: Path) -> None:
    settings = Settings(cache_dir=tmp_path, threads=1, torch_precision="int8")
    with closing(open_engine(f"torch:{folder}", settings)) as opened:
        assert (opened.identity.name, opened.identity.versions["precision"]) == (f"torch:{folder}", "int8")
    with pytest.raises(UnknownNameError, match="unknown precision 'fp8'"):
        open_engine(f"torch:{folder}", Settings(torch_precision="fp8"))
    with pytest.raises(UnknownNameError, match="unknown device 'gpu'"):
        open_engine(f"torch:{folder}", Settings(torch_device="gpu"))


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from treadle.engines.registry import open_engine
from treadle.errors import EngineError
from treadle.settings import Settings
try:
    open_engine("torch:smollm2", Settings())
except EngineError as error:
    print(error)
"""


def test_torch_that_is_absent() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "the torch engine needs torch: pip install 'treadle[torch]'\n"


# ----------------------------------------------------------------------------------------------- process and machine


INTERRUPTED = """
import sys
from pathlib import Path
from treadle.engines.torch import TorchEngine
from treadle.types import Constraint, Message, Prompt, Sampling
engine = TorchEngine(Path(sys.argv[1]), threads=1)
endless = Constraint(kind="regex", text="[a-z ]+")
prompt = Prompt(messages=(Message(role="user", content=sys.argv[2]),))
print("ready", flush=True)
engine.complete(prompt, [Sampling(max_tokens=4000, seed=s, constraint=endless) for s in range(8)])
"""


@pytest.mark.parametrize("text", ["hi", "word " * 4000], ids=["while it decodes", "while it reads the prompt"])
def test_ctrl_c_ends_it_at_once(model_file: Path, text: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(model_file), text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT


def test_two_threads_may_ask_at_once(small: TorchEngine) -> None:
    prompts = [ask(word) for word in ("colour", "city", "colour blue", "river")]
    alone = [said(small.complete(p, draws(2))) for p in prompts]
    before = threading.active_count()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda p: said(small.complete(p, draws(2))), prompts * 3))
    assert together == alone * 3
    assert threading.active_count() == before


# --------------------------------------------------------------------------------------------------- guides


class Lines:
    """A guide of lines of digits, each one digit longer than the one before, then the end."""

    def __init__(self, most: int, broken_at: int = -1) -> None:
        self.most, self.broken_at, self.asked = most, broken_at, list[str]()

    def stage(self, written: str) -> Stage | None:
        self.asked.append(written)
        n = written.count("\n")
        if n == self.broken_at:
            return Stage(constraint=Constraint(kind="lark", text="start: nonsense"))
        return None if n == self.most else Stage(constraint=Constraint(kind="regex", text=rf"[0-9]{{{n + 1}}}\n"))

    def whole(self) -> Constraint | None:
        return Constraint(kind="regex", text=r"([0-9]+\n)+")


def test_a_guide_leads_every_draft_from_stage_to_stage(small: TorchEngine) -> None:
    guide = Lines(3)
    found = small.complete(ask("hi"), [Sampling(max_tokens=40, seed=s) for s in range(4)], None, guide)
    assert all(re.fullmatch(r"\d\n\d\d\n\d\d\d\n", c.text) and c.finish_reason == "stop" for c in found)
    assert len({c.text for c in found}) > 1
    assert all(written.endswith("\n") for written in guide.asked if written)


def test_a_lone_draft_is_guided_too(small: TorchEngine) -> None:
    (found,) = small.complete(ask("hi"), [Sampling(max_tokens=40, temperature=0)], None, Lines(2))
    assert re.fullmatch(r"\d\n\d\d\n", found.text)


def test_what_a_guide_cuts_is_reported(small: TorchEngine) -> None:
    free, held = (small.complete(ask("hi"), [Sampling(max_tokens=3, temperature=0)], None, g)[0] for g in (None, Lines(3)))
    assert all(t.cut is None for t in free.tokens)
    assert free.cut_nats is None
    cuts = [t.cut for t in held.tokens]
    assert all(cut is not None and 0 <= cut <= 1 for cut in cuts)
    assert max(cut for cut in cuts if cut is not None) > 0.9  # untrained weights spread over the whole vocabulary
    assert held.cut_nats == pytest.approx(-sum(math.log1p(-cut) for cut in cuts if cut is not None))


def test_a_stage_that_cannot_be_used_lets_the_draft_go_on(small: TorchEngine) -> None:
    (found,) = small.complete(ask("hi"), [Sampling(max_tokens=12, seed=1)], None, Lines(3, broken_at=1))
    assert re.match(r"\d\n", found.text)
    assert len(found.tokens) == 12 or found.finish_reason == "stop"


def test_a_constraint_of_the_sampling_goes_before_a_guide(small: TorchEngine) -> None:
    own = Sampling(max_tokens=12, constraint=Constraint(kind="regex", text="yes|no"))
    guided, constrained = small.complete(ask("hi"), [Sampling(max_tokens=12), own], None, Lines(1))
    assert re.fullmatch(r"\d\n", guided.text)
    assert constrained.text in ("yes", "no")
