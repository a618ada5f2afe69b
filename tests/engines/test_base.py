"""What both embedded engines must do, on the same model: they can take each other's place."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asking import GREEDY, INJECTION, SPECIAL, ask, draws, said
from treadle.engines.base import Engine
from treadle.engines.llama import LlamaEngine
from treadle.errors import ContextLengthError, EngineError, ModelFileError, UnsupportedError, UsageError
from treadle.types import Constraint, Sampling

pytestmark = pytest.mark.model

ENGINES = ["llama", "torch"]
NEAR = {"llama": 0.15, "torch": 1e-3}
"""Reading a prompt and decoding take different kernels in llama.cpp, with rounding of their own."""


def _class_of(kind: str) -> Callable[..., Any]:
    if kind == "llama":
        return LlamaEngine
    pytest.importorskip("torch")
    from treadle.engines.torch import TorchEngine

    return TorchEngine


@pytest.fixture(params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(kind: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue({"llama": "llama", "torch": "own"}[kind])


@pytest.fixture
def small(kind: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """An engine whose context of 128 tokens is soon full."""
    path = request.getfixturevalue({"llama": "model_file", "torch": "folder"}[kind])
    with closing(_class_of(kind)(path, context_tokens=128, threads=1)) as opened:
        yield opened


# ------------------------------------------------------------------------------------------------- same drafts again


def test_it_is_an_engine(engine: Any, kind: str) -> None:
    assert isinstance(engine, Engine)
    identity = engine.identity
    assert (identity.name, identity.backend, identity.parameters) == (f"{kind}:smollm2", kind, 134_515_008)
    assert identity.model == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert identity.sha256 is not None
    assert {"llama": "xllamacpp", "torch": "torch"}[kind] in identity.versions


def test_greedy_is_always_the_same(engine: Any) -> None:
    first, again = (engine.complete(ask("Name three colours."), [GREEDY])[0] for _ in range(2))
    assert first.text
    assert first.text == again.text
    assert [t.id for t in first.tokens] == [t.id for t in again.tokens]


OTHER_PROCESS = """
import json, sys
from pathlib import Path
from treadle.engines.{kind} import {name}
from treadle.types import Message, Prompt, Sampling
prompt = Prompt(messages=(Message(role="user", content="Name a city."),))
samplings = [Sampling(max_tokens=8, temperature=0), *(Sampling(max_tokens=8, seed=s) for s in (5, 6, 7))]
engine = {name}(Path(sys.argv[1]))
print(json.dumps([c.text for c in engine.complete(prompt, samplings)]))
"""


def test_the_same_seeds_give_the_same_drafts_in_two_processes(kind: str, model_file: Path) -> None:
    program = OTHER_PROCESS.format(kind=kind, name=_class_of(kind).__name__)
    command = [sys.executable, "-c", program, str(model_file)]
    one, two = (subprocess.run(command, capture_output=True, text=True, timeout=240, check=True) for _ in range(2))
    assert one.stderr == ""
    assert one.stdout == two.stdout
    assert len(set(json.loads(one.stdout))) > 2


def test_a_seed_that_would_not_be_kept_is_refused(small: Any, kind: str) -> None:
    most = {"llama": 2**32 - 2, "torch": 2**63 - 1}[kind]
    for seed in (-1, most + 1):
        with pytest.raises(UnsupportedError, match=f"takes seeds from 0 to {most}"):
            small.complete(ask("Name a city."), [Sampling(max_tokens=2, seed=seed)])
    samplings = [Sampling(max_tokens=16, temperature=1.5, seed=most)]
    assert said(small.complete(ask("Name a city."), samplings)) == said(small.complete(ask("Name a city."), samplings))


def test_drafts_come_in_the_order_asked(engine: Any) -> None:
    prompt = ask("Tell me a word.")
    both = engine.complete(prompt, [GREEDY, *draws(3), Sampling(max_tokens=8, seed=9)])
    assert [c.seed for c in both] == [1, 1, 2, 3, 9]
    assert [c.temperature for c in both] == [0, 0.8, 0.8, 0.8, 0.8]
    assert both[0].text == engine.complete(prompt, [GREEDY])[0].text
    assert said(both[1:4]) == said(engine.complete(prompt, draws(3)))
    assert len(set(said(both))) > 2
    assert engine.complete(prompt, []) == []


# ----------------------------------------------------------------------------------------------------- probabilities


def test_log_probabilities(engine: Any) -> None:
    (completion,) = engine.complete(ask("Write one sentence about the sea."), [GREEDY])
    assert completion.tokens
    for token in completion.tokens:
        likely = [a.logprob for a in token.alternatives]
        assert token.logprob <= 0
        assert len(likely) == 3
        assert likely == sorted(likely, reverse=True)
        assert (token.id, token.logprob) == (token.alternatives[0].id, likely[0])  # greedy takes the best
    assert "".join(t.text for t in completion.tokens) == completion.text


def test_the_text_is_that_of_its_tokens(engine: Any) -> None:
    for completion in engine.complete(ask("Count from one to ten."), draws(3)):
        assert "".join(t.text for t in completion.tokens).startswith(completion.text)


def test_scores(engine: Any) -> None:
    natural, shuffled = "The cat sat on the mat.", "mat the. on The sat cat"
    scored = engine.score(natural)
    assert "".join(t.text for t in scored) == natural
    assert sum(t.logprob for t in scored) > sum(t.logprob for t in engine.score(shuffled)) + 5
    assert engine.score("") == []


SEVERAL_TOKENS_A_CHARACTER = [
    "a \U0001f600 b",
    "\U0001f469\u200d\U0001f680 flies",
    "e\u0301 and o\u0308\u0332",
    "\u65e5\u672c\u8a9e",
    "\U0001f600",
]


@pytest.mark.parametrize("text", SEVERAL_TOKENS_A_CHARACTER, ids=ascii)
def test_scores_of_characters_that_are_several_tokens(engine: Any, own: Any, text: str) -> None:
    scored, reference = engine.score(text), own.score(text)
    assert [t.id for t in scored] == [t.id for t in reference] == own._encode(text)
    assert [t.logprob for t in scored] == pytest.approx([t.logprob for t in reference], abs=1.5)
    assert all(t.alternatives for t in scored)


def test_a_score_agrees_with_what_was_reported(engine: Any, kind: str) -> None:
    prompt = ask("Say hello.", system="x")
    (completion,) = engine.complete(prompt, [Sampling(max_tokens=4, temperature=0)])
    assert len(completion.tokens) == 4
    scored = engine.score(engine.render(prompt) + completion.text)[-4:]
    assert [t.id for t in scored] == [t.id for t in completion.tokens]
    assert [t.logprob for t in scored] == pytest.approx([t.logprob for t in completion.tokens], abs=NEAR[kind])


# --------------------------------------------------------------------------------------------------- stops and streams


def test_stop_strings(engine: Any) -> None:
    (whole,) = engine.complete(ask("Name three colours."), [GREEDY])
    middle = whole.text[len(whole.text) // 2 :][:4]
    for prompt, sampling in [
        (ask("Name three colours.", stop=(middle,)), GREEDY),
        (ask("Name three colours."), Sampling(max_tokens=8, temperature=0, stop=(middle,))),
    ]:
        (cut,) = engine.complete(prompt, [sampling])
        assert cut.text == whole.text[: whole.text.index(middle)]
        assert cut.finish_reason == "stop"


def test_tokens_of_a_stopped_draft_are_those_of_its_text(engine: Any) -> None:
    """A line's end may begin the stop string: it is held back, and must still be told with the text that is its own."""
    prompt = ask("", primer="1\n2\n3\n4\n5\n6\n7\n8\n9\n", stop=("\n13",))
    (completion,) = engine.complete(prompt, [Sampling(max_tokens=24, temperature=0, top_logprobs=3)])
    assert (completion.text, completion.finish_reason) == ("10\n11\n12", "stop")
    assert "".join(token.text for token in completion.tokens).startswith(completion.text)
    assert len("".join(token.text for token in completion.tokens[:-1])) < len(completion.text)
    for token in completion.tokens:
        assert token.text == next(a.text for a in token.alternatives if a.id == token.id)


def test_the_end_of_an_answer(engine: Any) -> None:
    (completion,) = engine.complete(ask("What is 2 + 2?"), [Sampling(max_tokens=60, temperature=0)])
    assert completion.finish_reason == "stop"
    assert "<|im_end|>" not in completion.text


def test_the_end_by_length(engine: Any) -> None:
    endless = Constraint(kind="gbnf", text="root ::= [a-z ] root")
    (completion,) = engine.complete(ask("go"), [Sampling(max_tokens=5, temperature=0, constraint=endless)])
    assert completion.finish_reason == "length"
    assert len(completion.tokens) == 5


def test_streaming_equals_complete(engine: Any) -> None:
    prompt = ask("Name three colours.")
    (completion,) = engine.complete(prompt, [GREEDY])
    chunks = list(engine.stream(prompt, GREEDY))
    assert len(chunks) > 3
    assert "".join(c.text for c in chunks) == completion.text
    assert [t.id for c in chunks for t in c.tokens] == [t.id for t in completion.tokens]
    assert [c.finish_reason for c in chunks if c.finish_reason] == [completion.finish_reason]


def test_progress_is_counted(engine: Any) -> None:
    counted: list[int] = []
    completions = engine.complete(ask("Hello"), draws(2), counted.append)
    assert sum(counted) == pytest.approx(sum(len(c.tokens) for c in completions), abs=2)


# -------------------------------------------------------------------------------------------------------- constraints


@pytest.mark.parametrize(
    ("constraint", "allowed"),
    [
        (Constraint(kind="gbnf", text='root ::= "yes" | "no"'), r"yes|no"),
        (Constraint(kind="lark", text='start: "count = " NUMBER\nNUMBER: /[0-9]{1,3}/'), r"count = [0-9]{1,3}"),
        (Constraint(kind="lark", text='start: "a" | "(" start ")"\n'), r"a|\(+a?\)*"),
        (Constraint(kind="lark", text='word: "b"+\nstart[capture]: word'), r"b+"),
        (Constraint(kind="json_schema", text='{"enum": ["red", "blue"]}'), r'"(red|blue)"'),
        (
            Constraint(kind="json_schema", text='{"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}'),
            r"true|false",
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_constraint_holds(engine: Any, constraint: Constraint, allowed: str) -> None:
    samplings = [Sampling(max_tokens=12, temperature=1.5, seed=s, constraint=constraint) for s in (1, 2, 3)]
    for completion in engine.complete(ask("What is 17 times 3?"), samplings):
        assert re.fullmatch(allowed, completion.text), completion.text


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(kind="gbnf", text="root ::= ((("),
        Constraint(kind="gbnf", text=" "),
        Constraint(kind="lark", text="start: missing"),
        Constraint(kind="lark", text=""),
        Constraint(kind="json_schema", text="{"),
        Constraint(kind="json_schema", text='{"type": 3}'),
    ],
    ids=lambda c: f"{c.kind} {c.text}",
)
def test_a_bad_constraint_is_an_error_and_never_left_out(engine: Any, constraint: Constraint) -> None:
    with pytest.raises(EngineError):
        engine.complete(ask("hi"), [Sampling(max_tokens=4, constraint=constraint)])
    assert engine.complete(ask("hi"), [GREEDY])[0].text


# ------------------------------------------------------------------------------------------------------------ prompts


def test_the_prompt_as_the_model_sees_it(engine: Any) -> None:
    assert engine.render(ask("  hi\n", system="Rules. ", primer="```python\nx = ")) == (
        "<|im_start|>system\nRules. <|im_end|>\n<|im_start|>user\n  hi\n<|im_end|>\n<|im_start|>assistant\n```python\nx = "
    )


@pytest.mark.parametrize("text", [*SPECIAL, INJECTION], ids=lambda text: text[:14])
@pytest.mark.parametrize("where", ["user", "system", "primer"])
def test_no_message_can_make_special_tokens(engine: Any, own: Any, text: str, where: str) -> None:
    held = {"user": "hi", "system": "Be brief.", "primer": "x"} | {where: f"a {text} b"}
    prompt = ask(held["user"], system=held["system"], primer=held["primer"])
    specials = own._vocabulary.special_ids
    plain, found = engine._prompt_tokens(ask("hi", primer="x")), engine._prompt_tokens(prompt)
    assert [i for i in found if i in specials] == [i for i in plain if i in specials]
    assert f"a {text} b" in engine.render(prompt)
    assert engine.complete(prompt, [Sampling(max_tokens=2, temperature=0)])


@pytest.mark.parametrize("text", ["a\0b", "é\U0001f600", "\ue0000\ue001", "", " "], ids=ascii)
def test_odd_text(engine: Any, text: str) -> None:
    assert engine.complete(ask(text), [Sampling(max_tokens=2, temperature=0)])
    assert text in engine.render(ask(text))


def test_text_that_is_not_unicode(engine: Any) -> None:
    with pytest.raises(UsageError, match="no UTF-8: byte 80 at character"):
        engine.complete(ask("\udc80"), [GREEDY])


def test_token_counts(engine: Any) -> None:
    assert engine.count_tokens("") == 0
    assert engine.count_tokens("hello world") == 2
    assert engine.count_tokens("<|im_end|>") > 1  # it is text, as it is inside a message


# ------------------------------------------------------------------------------------------------------------- limits


def test_a_prompt_that_does_not_fit(small: Any) -> None:
    with pytest.raises(ContextLengthError, match=r"the prompt has 3\d\d tokens and 8 more are asked for, .* holds 128"):
        small.complete(ask("word " * 300), [GREEDY])
    with pytest.raises(ContextLengthError, match=r"and 300 more are asked for"):
        list(small.stream(ask("hi"), Sampling(max_tokens=300)))
    with pytest.raises(ContextLengthError):
        small.score("word " * 300)
    assert small.complete(ask("hi"), [GREEDY])[0].text


def test_a_prompt_is_cut_only_where_that_is_asked_for(
    kind: str, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    path = request.getfixturevalue({"llama": "model_file", "torch": "folder"}[kind])
    with closing(_class_of(kind)(path, context_tokens=128, threads=1, truncate=True)) as cutting:
        assert cutting.identity.versions["prompts"] == "cut to fit"
        long = ask("first " * 300 + "What is 2 + 2?", system="sys " * 40, primer="x = ")
        (found,) = cutting.complete(long, [GREEDY])
        assert len(found.tokens) <= 8
        whole = cutting._prompt_tokens(long)
        (told,) = (record.getMessage() for record in caplog.records)
        assert re.search(
            rf"the prompt has {len(whole)} tokens and 8 more .* holds 128: {len(whole) - 120} tokens were left out", told
        )
        fitted = cutting._fitted(long, [GREEDY])
        assert len(fitted) == 120
        assert fitted[-20:] == whole[-20:]
        read = getattr(cutting, {"llama": "_tokenize", "torch": "_encode"}[kind])
        ends = read("<|im_start|><|im_end|>", special=True)
        assert [i for i in fitted if i in ends] == [i for i in whole if i in ends]
        assert len(ends) == 2
        with pytest.raises(ContextLengthError, match=r"holds 128; .* \d+ tokens of its texts were left out already"):
            cutting.complete(ask("hi"), [Sampling(max_tokens=120)])


DEEP = '{"items":' * 3000 + "{}" + "}" * 3000
DEEP_FOR_THEM = '{"items":' * 500 + "{}" + "}" * 500
"""Python reads so many levels, llguidance does not."""


@pytest.mark.parametrize("text", [DEEP, DEEP_FOR_THEM], ids=len)
def test_a_schema_that_is_nested_too_deeply(engine: Any, text: str) -> None:
    constraint = Constraint(kind="json_schema", text=text)
    told = "nested too deeply" if text == DEEP else "cannot be used|cannot use the constraint"
    with pytest.raises(EngineError, match=told):
        engine.complete(ask("hi"), [replace(GREEDY, constraint=constraint)])
    assert engine.complete(ask("hi"), [GREEDY])[0].text


# -------------------------------------------------------------------------------------------------------- logit bias


def test_a_bias_forbids_and_forces_tokens(engine: Any) -> None:
    prompt = ask("Name three colours.")
    (plain,) = engine.complete(prompt, [GREEDY])
    first, second = (a.id for a in plain.tokens[0].alternatives[:2])
    forbidden = replace(GREEDY, logit_bias={first: -math.inf})
    forced = replace(GREEDY, logit_bias={" cat": 1000.0})
    one, two, three = engine.complete(prompt, [forbidden, forced, GREEDY])
    assert one.tokens[0].id == second
    assert one.tokens[0].alternatives[0].id == first, "probabilities are those before the bias"
    assert two.text == " cat" * 8
    assert three.text == plain.text
    assert "".join(c.text for c in engine.stream(prompt, forced)) == two.text
    ended = engine.complete(prompt, [replace(GREEDY, logit_bias={"<|im_end|>": 1000.0})])[0]
    assert (ended.text, ended.finish_reason) == ("", "stop")


def test_a_bias_of_drafts_that_are_sampled(engine: Any) -> None:
    samplings = [replace(s, logit_bias={" cat": 1000.0, 5: -3.0}) for s in draws(3)]
    assert said(engine.complete(ask("Name three colours."), samplings)) == [" cat" * 8] * 3


@pytest.mark.parametrize(
    ("bias", "told"),
    [
        ({49152: 1.0}, r"has no token 49152; its 49,152 are 0 to 49151"),
        ({"two words": 1.0}, r"'two words' is 2 tokens of \w+:smollm2, not one; name those by their ids: \d+, \d+"),
    ],
)
def test_a_bias_of_tokens_that_do_not_exist(engine: Any, bias: dict[int | str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        engine.complete(ask("hi"), [replace(GREEDY, logit_bias=bias)])
    with pytest.raises(UsageError, match=told):
        list(engine.stream(ask("hi"), replace(GREEDY, logit_bias=bias)))


# ----------------------------------------------------------------------------------------------------- what is refused


def test_what_is_not_supported(engine: Any) -> None:
    with pytest.raises(UnsupportedError, match="at most 20 alternatives a token, 21 were asked for"):
        engine.complete(ask("hi"), [Sampling(top_logprobs=21)])


@pytest.mark.parametrize("content", [b"", b"GG", b"PK\3\4 a zip file", b"GGUF", b"GGUF" + b"\xff" * 100])
def test_a_file_that_is_no_model(kind: str, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"x\.gguf"):
        _class_of(kind)(path)
    with pytest.raises(ModelFileError, match="is not there"):
        _class_of(kind)(tmp_path / "absent.gguf")


def test_closing(small: Any) -> None:
    small.close()
    small.close()
    with pytest.raises(EngineError, match="was closed"):
        small.complete(ask("hi"), [GREEDY])
