"""Constraints over a small vocabulary: bytes, words and JSON's pieces. What is drawn at random belongs to the language."""

from __future__ import annotations

import json
import random
import re

import pytest
import torch

from treadle.errors import EngineError
from treadle.model.config import ModelConfig
from treadle.model.constraints import KINDS, Constraints, GuidedMatcher
from treadle.model.generate import Draw, TokenTable, decode, read_prompt
from treadle.model.speculate import decode_one
from treadle.model.transformer import Transformer
from treadle.types import Constraint, Sampling, Stage

WORDS = [b'{"', b'":', b' "', b'",', b'"}', b"name", b"mass", b"true", b"false", b"yes", b"no", b"12", b"count = ", b"ab"]
TOKENS = [bytes([i]) for i in range(256)] + WORDS + [b"<|end|>", b"<|stop|>"]
END, STOP = len(TOKENS) - 2, len(TOKENS) - 1


def encode(text: str) -> list[int]:
    """The longest token first, as llguidance does by itself."""
    raw, ids = text.encode(), []
    while raw:
        token = max((t for t in TOKENS[:END] if raw.startswith(t)), key=len)
        ids.append(TOKENS.index(token))
        raw = raw[len(token) :]
    return ids


@pytest.fixture(scope="module")
def constraints() -> Constraints:
    return Constraints(TOKENS, [END, STOP], [END, STOP], encode)


SCHEMA = {
    "type": "object",
    "properties": {"mass": {"type": "integer"}, "name": {"enum": ["Z", "W"]}},
    "required": ["mass", "name"],
    "additionalProperties": False,
}
LANGUAGES = [
    (Constraint(kind="gbnf", text='root ::= "yes" | "no"'), r"yes|no"),
    (Constraint(kind="gbnf", text='root ::= item+\nitem ::= [a-c] ("," | ";")'), r"([a-c][,;])+"),
    (Constraint(kind="lark", text='start: "count = " NUMBER\nNUMBER: /[0-9]{1,3}/'), r"count = [0-9]{1,3}"),
    (Constraint(kind="lark", text='start: "a" | "(" start ")"\n'), r"\(*a\)*"),
    (Constraint(kind="lark", text='start: "<|end|>" "x"'), r"<\|end\|>x"),
    (Constraint(kind="regex", text=r"[0-9]{3}-(ab)+"), r"[0-9]{3}-(ab)+"),
    (Constraint(kind="json_schema", text='{"enum": ["red", "blue"]}'), r'"(red|blue)"'),
    (Constraint(kind="json_schema", text='{"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}'), r"true|false"),
    (Constraint(kind="json_schema", text=json.dumps(SCHEMA)), r"\{[\s\S]*\}"),
]


@pytest.mark.parametrize(("constraint", "language"), LANGUAGES, ids=[f"{c.kind} {c.text[:20]}" for c, _ in LANGUAGES])
def test_whatever_is_drawn_belongs_to_the_language(constraints: Constraints, constraint: Constraint, language: str) -> None:
    rng = random.Random(1)
    for _ in range(10):
        matcher, text, ended = constraints.matcher(constraint), b"", False
        for _ in range(200):
            choices = matcher.allowed().nonzero()[:, 0].tolist()
            assert choices
            likely = [i for i in choices if i in (END, STOP)] or choices
            token = rng.choice(likely if rng.random() < 0.3 else choices)
            ended = matcher.take(token)
            text += b"" if token in (END, STOP) else TOKENS[token]
            if ended or token in (END, STOP):
                break
        assert ended or token in (END, STOP) or constraint.text.startswith("{"), "it comes to its end"
        if ended or token in (END, STOP):
            assert re.fullmatch(language, text.decode())
            if constraint.text == json.dumps(SCHEMA):
                assert set(json.loads(text)) == {"mass", "name"}


def test_what_is_not_in_the_language_is_not_allowed(constraints: Constraints) -> None:
    matcher = constraints.matcher(Constraint(kind="regex", text="yes|no"))
    allowed = {TOKENS[i] for i in matcher.allowed().nonzero()[:, 0].tolist()}
    assert allowed == {b"y", b"yes", b"n", b"no"}
    assert matcher.take(TOKENS.index(b"no"))


def test_each_draft_stands_where_it_stands(constraints: Constraints) -> None:
    constraint = Constraint(kind="regex", text="[0-9]{3}")
    one, other = constraints.matcher(constraint), constraints.matcher(constraint)
    assert not one.take(TOKENS.index(b"12"))
    assert one.take(TOKENS.index(b"7"))
    assert not other.take(TOKENS.index(b"7"))
    assert other.allowed()[TOKENS.index(b"12")]


def test_what_is_forced(constraints: Constraints) -> None:
    matcher = constraints.matcher(Constraint(kind="lark", text='start: "count = " /[0-9]/'))
    assert matcher.forced() == [TOKENS.index(b"count = ")]
    matcher.take(TOKENS.index(b"count = "))
    assert matcher.forced() == []


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint(kind="gbnf", text="root ::= ((("),
        Constraint(kind="gbnf", text="root ::= missing"),
        Constraint(kind="gbnf", text='root ::= root "a"'),
        Constraint(kind="gbnf", text='other ::= "a"'),
        Constraint(kind="gbnf", text=" "),
        Constraint(kind="lark", text="start: ((("),
        Constraint(kind="lark", text="start: missing"),
        Constraint(kind="lark", text='other: "a"'),
        Constraint(kind="lark", text=""),
        Constraint(kind="regex", text="[a-z]+("),
        Constraint(kind="json_schema", text="{"),
        Constraint(kind="json_schema", text="[1]"),
        Constraint(kind="json_schema", text='{"type": 3}'),
        Constraint(kind="json_schema", text='{"$ref": "#/missing"}'),
        Constraint(kind="json_schema", text='{"not": {"type": "string"}}'),
    ],
    ids=lambda c: f"{c.kind} {c.text}",
)
def test_a_bad_constraint_is_told(constraints: Constraints, constraint: Constraint) -> None:
    with pytest.raises(EngineError, match=rf"constraint of kind '{constraint.kind}' .* cannot be used: \S") as caught:
        constraints.matcher(constraint)
    assert "\n" not in str(caught.value)


def test_every_kind_is_tried_above() -> None:
    assert {c.kind for c, _ in LANGUAGES} == KINDS


def test_drafts_with_and_without_guesses_of_what_is_forced(constraints: Constraints) -> None:
    torch.manual_seed(2)
    config = ModelConfig(
        vocab_size=len(TOKENS), d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_head=8, d_ff=24, max_positions=256
    )
    model = Transformer(config).double().eval()
    table = TokenTable(token_bytes=[*TOKENS[:END], b"", b""], end_ids=frozenset({END, STOP}))
    prefix = read_prompt(model, encode("say yes"))
    schema = {**SCHEMA, "properties": {"mass": {"enum": [91]}}, "required": ["mass"]}
    constraint = Constraint(kind="json_schema", text=json.dumps(schema))

    def draws(n: int) -> list[Draw]:
        return [
            Draw(sampling=Sampling(seed=seed, max_tokens=90), matcher=constraints.matcher(constraint)) for seed in range(n)
        ]

    together = list(decode(model, prefix, draws(4), table))
    texts = ["".join(p.text for p in together if p.index == i) for i in range(4)]
    assert texts == ["".join(p.text for p in decode_one(model, prefix, draw, table)) for draw in draws(4)]
    assert sum("mass" in text for text in texts) > 1
    assert constraints.token_milliseconds()[0] > 0


class Words:
    """Lines of letters and brackets, watched."""

    def stage(self, written: str) -> Stage | None:
        return Stage(constraint=Constraint(kind="regex", text=r"[a-z(]+\n"), watched=True)


def guided(constraints: Constraints) -> GuidedMatcher:
    return GuidedMatcher(constraints, Words().stage, TOKENS[:END], frozenset({END, STOP}))


@pytest.mark.parametrize(("text", "why"), [("(" * 9, "open brackets"), ("yes\n" * 4, "times in a row")])
def test_a_draft_that_repeats_itself_is_ended(constraints: Constraints, text: str, why: str) -> None:
    matcher = guided(constraints)
    *before, last = encode(text)
    assert not any(matcher.take(token) for token in before if bool(matcher.allowed()[token]))
    assert matcher.take(last)
    assert matcher.repeats
    assert why in matcher.repeated


def test_a_draft_that_does_not_goes_on(constraints: Constraints) -> None:
    matcher = guided(constraints)
    assert not any(matcher.take(token) for token in encode("yes\nno\nyes\nno\nab\n(ab(ab\n"))
    assert not matcher.repeats


def test_drafts_that_begin_alike_may_go_on_alike(constraints: Constraints) -> None:
    one, other = guided(constraints), guided(constraints)
    for token in encode("yes("):
        assert one.allowed().equal(other.allowed())
        assert one.take(token) == other.take(token)


def test_why_a_draft_ended_is_told(constraints: Constraints) -> None:
    torch.manual_seed(3)
    config = ModelConfig(
        vocab_size=len(TOKENS), d_model=16, n_layers=1, n_heads=2, n_kv_heads=1, d_head=8, d_ff=24, max_positions=256
    )
    model = Transformer(config).double().eval()
    table = TokenTable(token_bytes=[*TOKENS[:END], b"", b""], end_ids=frozenset({END, STOP}))
    bracket = {TOKENS.index(b"("): 100.0}
    draws = [Draw(sampling=Sampling(seed=s, max_tokens=60), matcher=guided(constraints), bias=bracket) for s in range(2)]
    pieces = list(decode(model, read_prompt(model, encode("ab")), draws, table))
    assert [p.finish_reason for p in pieces if p.finish_reason] == ["repeats", "repeats"]
