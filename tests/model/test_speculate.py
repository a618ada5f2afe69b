"""A draft with guesses is the draft without, token by token; only the number of steps differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from treadle.model import int4, speculate
from treadle.model.cache import KVCache
from treadle.model.config import ModelConfig
from treadle.model.generate import Draw, Piece, TokenTable, decode, forward, greedy_without_cache, read_prompt
from treadle.model.lora import Shape, add_adapter
from treadle.model.speculate import Repeats, decode_one
from treadle.model.transformer import Transformer
from treadle.types import Sampling

CONFIG = ModelConfig(
    vocab_size=11, d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, d_head=8, d_ff=24, max_positions=512, tied=False
)  # fmt: skip
TABLE = TokenTable(token_bytes=[f"{i}.".encode() for i in range(11)], end_ids=frozenset({10}))


def made(scale: float) -> Transformer:
    torch.manual_seed(5)
    model = Transformer(CONFIG).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale) if parameter.dim() > 1 else None
    return model


REPEATING, WANDERING = made(3.0), made(20.0)
"""The first soon repeats itself, so that guesses hold; of the second most fail."""


def whole(pieces: list[Piece]) -> tuple[str, list[int | None], str | None]:
    return "".join(p.text for p in pieces), [t.id for p in pieces for t in p.tokens], pieces[-1].finish_reason


def logprobs(pieces: list[Piece]) -> list[float]:
    return [t.logprob for p in pieces for t in p.tokens]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([REPEATING, WANDERING]),
    st.lists(st.integers(0, 9), min_size=1, max_size=40),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.0, 1.0]),
    st.sampled_from([(), ("3.",), ("4.7", "9.9.")]),
)
def test_the_draft_is_the_one_without_guesses(
    model: Transformer, ids: list[int], n_new: int, temperature: float, stop: tuple[str, ...]
) -> None:
    draw = Draw(sampling=Sampling(temperature=temperature, max_tokens=n_new, seed=3), stop=stop)
    prefix = read_prompt(model, ids)
    assert whole(list(decode_one(model, prefix, draw, TABLE))) == whole(list(decode(model, prefix, [draw], TABLE)))
    assert prefix.cache.length == len(ids)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    steps: list[int] = []

    def counting(model: Transformer, ids: Sequence[Sequence[int]], cache: KVCache | None) -> Tensor:
        steps.append(len(ids[0]))
        return forward(model, ids, cache)

    monkeypatch.setattr(speculate, "forward", counting)
    return steps


def test_repetition_takes_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = counted(monkeypatch)
    prefix = read_prompt(REPEATING, [1, 2, 3])
    table = replace(TABLE, end_ids=frozenset())
    pieces = list(decode_one(REPEATING, prefix, Draw(sampling=Sampling(temperature=0, max_tokens=100)), table))
    tokens = [t.id for p in pieces for t in p.tokens]
    assert tokens == greedy_without_cache(REPEATING, [1, 2, 3], 100)
    assert len(steps) < 50
    assert 3 + sum(steps) <= CONFIG.max_positions


class Forced:
    """A language of one text."""

    def __init__(self, tokens: list[int]) -> None:
        self._tokens = list(tokens)

    def allowed(self) -> Tensor:
        return torch.arange(CONFIG.vocab_size) == self._tokens[0]

    repeats = False

    def fits(self, token: int) -> bool:
        return token == self._tokens[0]

    def forced(self) -> list[int]:
        return list(self._tokens)

    def take(self, token: int) -> bool:
        assert token == self._tokens.pop(0)
        return not self._tokens


def test_what_is_forced_takes_hardly_any_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
    steps = counted(monkeypatch)
    draws = [Draw(sampling=Sampling(max_tokens=40), matcher=Forced(wanted)) for _ in range(2)]
    prefix = read_prompt(WANDERING, [1, 2, 3])
    found = whole(list(decode_one(WANDERING, prefix, draws[0], TABLE)))
    assert found[1] == wanted
    assert steps == [4, 8]
    assert found == whole(list(decode(WANDERING, prefix, draws[1:], TABLE)))


def naive_guess(ids: list[int], most: int) -> list[int]:
    for length in (4, 3, 2):
        for place in range(len(ids) - 1, length - 1, -1):
            if length <= len(ids) and ids[place - length : place] == ids[-length:]:
                return ids[place : place + most]
    return []


@given(st.lists(st.integers(0, 3), max_size=40), st.integers(0, 8))
def test_guesses_are_what_followed_last_time(ids: list[int], most: int) -> None:
    assert Repeats(ids).guess(most) == naive_guess(ids, most)


SMALL = ModelConfig(
    vocab_size=64, d_model=128, n_layers=3, n_heads=4, n_kv_heads=2, d_head=32, d_ff=256, max_positions=512, tied=False
)  # fmt: skip


@pytest.mark.skipif(not int4.available(), reason="this torch has no products with weights of four bits")
@pytest.mark.parametrize("n_prefix", [7, 64, 201])
@pytest.mark.parametrize("n_rows", [2, 5, 16])
@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_position_has_the_same_bits_however_many_are_computed_at_once(
    dtype: torch.dtype, adapted: bool, n_prefix: int, n_rows: int
) -> None:
    """Weights of four bits round activations to bfloat16: a last bit that differs would grow to a different token."""
    torch.manual_seed(8)
    model = Transformer(SMALL).eval()
    if adapted:
        for parameter in add_adapter(model, Shape(rank=4)).values():
            nn.init.normal_(parameter, std=0.1)
    int4.use_int4(model, dtype)
    model.to(dtype)
    ids = torch.randint(0, 64, (n_prefix + 80,)).tolist()
    prefix = read_prompt(model, ids[:n_prefix])
    single, several = prefix.cache.branch(), prefix.cache.branch()
    with torch.inference_mode():
        one = [model.hidden(torch.tensor([[token]]), single)[0] for token in ids[n_prefix:]]
        many = [model.hidden(torch.tensor([ids[at : at + n_rows]]), several)[0] for at in range(n_prefix, len(ids), n_rows)]
    torch.testing.assert_close(torch.cat(many), torch.cat(one), rtol=0, atol=0)
