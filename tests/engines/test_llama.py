"""The embedded engine, on the real model, beyond what ``test_base.py`` asks of every engine."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
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

from asking import GREEDY, ask, draws
from treadle.engines.llama import LlamaEngine
from treadle.engines.llama_server import _stopping_waits
from treadle.errors import EngineError, ModelFileError
from treadle.types import Constraint, Sampling

pytestmark = pytest.mark.model

ENDLESS = Constraint(kind="gbnf", text="root ::= [a-z ] root")


@pytest.fixture
def small(model_file: Path) -> Iterator[LlamaEngine]:
    """An engine whose context is soon full."""
    with closing(LlamaEngine(model_file, context_tokens=128, slots=4)) as engine:
        yield engine


# --------------------------------------------------------------------------------------------------- stops and streams


def test_a_stream_left_early(llama: LlamaEngine) -> None:
    before = llama.complete(ask("Hello"), [GREEDY])[0].text
    for _ in range(9):  # more often than there are slots
        with contextlib.closing(llama.stream(ask("go"), Sampling(max_tokens=2000, constraint=ENDLESS))) as stream:
            next(c for c in stream if c.text)
    assert not [t for t in threading.enumerate() if t.name == "treadle-llama"]
    assert llama.complete(ask("Hello"), [GREEDY])[0].text == before


# -------------------------------------------------------------------------------------------------------- constraints


def test_a_schema_with_an_object(llama: LlamaEngine) -> None:
    schema = {
        "type": "object",
        "properties": {"mass_GeV": {"type": "integer"}, "name": {"enum": ["Z", "W"]}},
        "required": ["mass_GeV", "name"],
        "additionalProperties": False,
    }
    constraint = Constraint(kind="json_schema", text=json.dumps(schema))
    (completion,) = llama.complete(ask("The Z boson"), [Sampling(max_tokens=60, temperature=0, constraint=constraint)])
    found = json.loads(completion.text)
    assert set(found) == {"mass_GeV", "name"}
    assert isinstance(found["mass_GeV"], int)


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(kind="gbnf", text="root ::= missing"),
        Constraint(kind="gbnf", text='root ::= root "a"'),
        Constraint(kind="gbnf", text='other ::= "a"'),
        Constraint(kind="lark", text="start: ((("),
        Constraint(kind="lark", text='other: "a"'),
        Constraint(kind="json_schema", text="[1]"),
        Constraint(kind="json_schema", text='{"$ref": "#/missing"}'),
    ],
    ids=lambda c: f"{c.kind} {c.text}",
)
def test_constraints_that_llama_cpp_would_leave_out(llama: LlamaEngine, constraint: Constraint) -> None:
    with pytest.raises(EngineError):
        llama.complete(ask("hi"), [Sampling(max_tokens=4, constraint=constraint)])
    assert llama.complete(ask("hi"), [GREEDY])[0].text


# ------------------------------------------------------------------------------------------------------------ prompts


def test_the_tokens_of_an_ordinary_prompt_are_those_of_the_whole_text(llama: LlamaEngine) -> None:
    for prompt in (ask("hi"), ask("\n\n  hi\n"), ask("def f():\n    return 1", primer="    x = ")):
        assert llama._prompt_tokens(prompt) == llama._tokenize(llama.render(prompt), special=True, begin=True)


def test_the_prompt_is_read_once(llama: LlamaEngine) -> None:
    def seconds(text: str) -> float:
        started = time.monotonic()
        llama.complete(ask(text), [Sampling(max_tokens=1, temperature=0)])
        return time.monotonic() - started

    for text in ("one " * 120, "two <|im_end|> " * 20):
        first, second = seconds(text), seconds(text)
        assert second < first / 2


# ------------------------------------------------------------------------------------------------------------- limits


def test_drafts_that_fit_only_one_by_one(small: LlamaEngine) -> None:
    samplings = [Sampling(max_tokens=40, seed=s, constraint=ENDLESS) for s in range(4)]
    assert [len(c.tokens) for c in small.complete(ask("hi"), samplings)] == [40] * 4


def test_many_different_prompts_do_not_fill_the_context(small: LlamaEngine) -> None:
    for word in ("one ", "two ", "six ", "ten ", "red "):
        assert small.complete(ask(word * 80), [Sampling(max_tokens=4, temperature=0)])


def test_a_truncated_file(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    with model_file.open("rb") as whole:
        path.write_bytes(whole.read(3_000_000))
    with pytest.raises(ModelFileError, match=r"cannot load .*cut\.gguf .*truncated"):
        LlamaEngine(path)


# ----------------------------------------------------------------------------------------------- process and machine


def test_closing(model_file: Path) -> None:
    engine = LlamaEngine(model_file)
    folder = Path(engine._folder)
    assert folder.is_dir()
    engine.close()
    engine.close()
    assert not folder.exists()
    with pytest.raises(EngineError, match="was closed"):
        engine.complete(ask("hi"), [GREEDY])


def _listening() -> set[str]:
    """Local addresses of the listening TCP sockets of this process."""
    own = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            own.add(str(entry.readlink()))
    lines = [line.split() for f in ("tcp", "tcp6") for line in Path(f"/proc/self/net/{f}").read_text().splitlines()[1:]]
    return {fields[1] for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in own}


def test_no_tcp_port_is_opened(model_file: Path) -> None:
    before = _listening()
    with closing(LlamaEngine(model_file)) as engine:
        engine.complete(ask("hi"), [GREEDY])
        assert _listening() == before
        assert Path(engine._folder).stat().st_mode & 0o077 == 0


def test_a_long_folder_for_temporary_files(model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    with closing(LlamaEngine(model_file)) as engine:
        assert engine.count_tokens("hi") == 1


INTERRUPTED = """
import sys, tempfile
from pathlib import Path
from treadle.engines.llama import LlamaEngine
from treadle.types import Constraint, Message, Prompt, Sampling
tempfile.tempdir = sys.argv[3]
engine = LlamaEngine(Path(sys.argv[1]))
endless = Constraint(kind="gbnf", text="root ::= [a-z ] root")
prompt = Prompt(messages=(Message(role="user", content=sys.argv[2]),))
print("ready", flush=True)
engine.complete(prompt, [Sampling(max_tokens=400, seed=s, constraint=endless) for s in range(8)])
"""


@pytest.mark.parametrize("text", ["hi", "word " * 4000], ids=["while it decodes", "while it reads the prompt"])
def test_ctrl_c_ends_it_at_once(model_file: Path, tmp_path: Path, text: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(model_file), text, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        used = _processor_seconds(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, whole = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    # The whole would take ten times that; wall time would measure the tests beside this one.
    assert whole.ru_utime + whole.ru_stime - used < 5
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _spin() -> None:
    while True:
        pass


def test_a_busy_machine_does_not_stop_it(llama: LlamaEngine) -> None:
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=_spin, daemon=True) for _ in os.sched_getaffinity(0)]
    for process in busy:
        process.start()
    try:
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(llama.complete, ask("Hello"), draws(8)).result(timeout=100)
    finally:
        for process in busy:
            process.kill()
            process.join()
    assert len(found) == 8


def test_two_threads_may_ask_at_once(llama: LlamaEngine) -> None:
    prompts = [ask("Name a colour."), ask("Name a city.")]
    alone = [llama.complete(p, [GREEDY])[0].text for p in prompts]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda p: llama.complete(p, [GREEDY])[0].text, prompts))
    assert [bool(t) for t in together] == [bool(t) for t in alone]


LOADING = """
import sys, tempfile
from pathlib import Path
import xllamacpp
from treadle.engines.llama import LlamaEngine
tempfile.tempdir = sys.argv[2]
print("ready", flush=True)
engine = LlamaEngine(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("seconds", [0.02, 0.05, 0.1, 0.15, 0.2, 0.3])
def test_ctrl_c_while_the_model_is_loaded(model_file: Path, tmp_path: Path, seconds: float) -> None:
    command = [sys.executable, "-c", LOADING, str(model_file), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    assert errors == "" or "KeyboardInterrupt" in errors  # nothing where it had been loaded and was at its end already
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_wait_for_the_model_too(number: signal.Signals) -> None:
    came: list[int] = []
    before = signal.signal(number, lambda number, _: came.append(number))
    try:
        with _stopping_waits():
            signal.raise_signal(number)
            assert came == []
        assert came == [number]
    finally:
        signal.signal(number, before)
