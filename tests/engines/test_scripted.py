"""The scripted engine gives what was written down, in order, and never anything else."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from treadle.engines.base import Engine
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import EngineError, UnsupportedError, UsageError
from treadle.threads import open_store
from treadle.types import (
    Alternative,
    Answer,
    Completion,
    Constraint,
    Draft,
    EngineIdentity,
    Message,
    Prompt,
    RawText,
    Request,
    Sampling,
    Status,
    Token,
)

PROMPT = Prompt(messages=(Message(role="user", content="hello"),), primer="x = ")
ONE = [Sampling()]


def texts(completions: list[Completion]) -> list[str]:
    return [c.text for c in completions]


def test_batches_come_in_order() -> None:
    engine = ScriptedEngine([["a", "b"], [Completion(text="c", seed=7)]])
    assert isinstance(engine, Engine)
    counted: list[int] = []
    assert texts(engine.complete(PROMPT, ONE * 2, counted.append)) == ["a", "b"]
    assert engine.complete(PROMPT, ONE) == [Completion(text="c", seed=7)]
    assert engine.prompts == [PROMPT, PROMPT]
    assert counted == [1, 1]


def test_fewer_than_the_batch_holds() -> None:
    engine = ScriptedEngine([["a", "b"], ["c"]])
    assert texts(engine.complete(PROMPT, ONE)) == ["a"]
    assert texts(engine.complete(PROMPT, ONE)) == ["c"]


def test_too_many_are_an_error() -> None:
    engine = ScriptedEngine([["a"]])
    with pytest.raises(EngineError, match="batch 1 of the script holds 1 completions, 2 were asked for"):
        engine.complete(PROMPT, ONE * 2)
    with pytest.raises(EngineError, match="the script has 1 batches of completions; call 2 finds none"):
        engine.complete(PROMPT, ONE)


def test_streaming_gives_the_same() -> None:
    tokens = (Token(text="a", logprob=-1.0), Token(text="b", logprob=-2.0))
    engine = ScriptedEngine([[Completion(text="ab", tokens=tokens, finish_reason="length")], ["plain"]])
    chunks = list(engine.stream(PROMPT, Sampling()))
    assert "".join(c.text for c in chunks) == "ab"
    assert [t for c in chunks for t in c.tokens] == list(tokens)
    assert chunks[-1].finish_reason == "length"
    assert "".join(c.text for c in engine.stream(PROMPT, Sampling())) == "plain"


def test_what_it_cannot_do() -> None:
    engine = ScriptedEngine([["a"]])
    with pytest.raises(EngineError, match="no model to score text with"):
        engine.score("a")
    with pytest.raises(UnsupportedError, match="no constraint of kind 'gbnf'; kinds it takes: none"):
        engine.complete(PROMPT, [Sampling(constraint=Constraint(kind="gbnf", text='root ::= "a"'))])
    engine.close()
    engine.close()


def test_a_script_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text(json.dumps({"completions": [["a", "b"], ["c"]]}), encoding="utf-8")
    engine = ScriptedEngine.from_file(file)
    assert engine.identity.name == f"scripted:{file}"
    assert texts(engine.complete(PROMPT, ONE * 2)) == ["a", "b"]


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "3", "null", "{}", '{"completions": 3}', '{"completions": [[3]]}', '{"drafts": [{}]}'),
        *('{"drafts": [3]}', '{"drafts": [{"prompt": 0, "completion": {"txt": 1}}]}', "[" * 100_000, "\udc80"),
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_a_file_that_is_no_script(tmp_path: Path, content: str) -> None:
    file = tmp_path / "script.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=r"script\.json"):
        ScriptedEngine.from_file(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not there; make one with: treadle threads export ID --out"):
        ScriptedEngine.from_file(tmp_path / "script.json")


def test_replay_of_an_exported_thread(tmp_path: Path) -> None:
    rare = Alternative(text="\udc80", logprob=float("-inf"), id=9)
    tokens = (Token(text=" é", logprob=-0.25, id=3, alternatives=(rare,)), Token(text="\n", logprob=-1.5))
    first = Completion(text=" é\n", tokens=tokens, finish_reason="length", seed=1, temperature=0.0, seconds=0.5)
    second, repaired = Completion(text="x\udc80", seed=2), Completion(text="print(2)", seed=11, temperature=0.8)
    with closing(open_store(tmp_path / "threads.sqlite")) as store:
        identity = EngineIdentity(name="scripted", backend="scripted", model="scripted")
        thread = store.begin(Request(text="hello"), identity, {})
        drawn = [("a", first), ("b", second)]
        at = store.add_prompt(thread, PROMPT)
        store.add_drafts(thread, at, [Draft(id=name, completion=c, program=c.text) for name, c in drawn])
        at = store.add_prompt(thread, Prompt(messages=PROMPT.messages))
        store.add_drafts(thread, at, [Draft(id="c", completion=repaired, program="print(2)", round=1, repairs="a")])
        store.finish(thread, Answer(status=Status.RAN, draft_id="c", program="print(2)", verdicts=(), reason="it ran"))
        document = store.export(thread)
    file = tmp_path / "thread.json"
    file.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    engine = ScriptedEngine.from_file(file)
    assert engine.complete(PROMPT, ONE * 2) == [first, second]
    assert engine.complete(PROMPT, ONE) == [repaired]
    with pytest.raises(EngineError, match="call 3 finds none"):
        engine.complete(PROMPT, ONE)


def test_texts_are_continued_from_the_same_batches() -> None:
    engine = ScriptedEngine([["a", "b"], ["c"]])
    text = RawText(pieces=(("def f", False),))
    assert texts(engine.continue_text(text, ONE * 2)) == ["a", "b"]
    assert texts(engine.complete(PROMPT, ONE)) == ["c"]
    assert engine.texts == [text]


def test_scores_are_those_that_were_written_down(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps({"completions": [], "scores": {"x = 1": -2.5}}))
    engine = ScriptedEngine.from_file(tmp_path / "s.json")
    assert engine.capabilities.score
    assert [token.logprob for token in engine.score("x = 1")] == [-2.5]
    with pytest.raises(EngineError, match="no model to score text with"):
        engine.score("x = 2")
    assert not ScriptedEngine([]).capabilities.score
