"""Decoding: the same tokens as the loop without a cache, whatever is drawn beside a draft; stops, limits, errors.

Small random models in double precision, where no two tokens are equally likely to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from treadle.errors import EngineError
from treadle.model import generate
from treadle.model.cache import KVCache
from treadle.model.config import ModelConfig
from treadle.model.generate import (
    CHUNK_TOKENS,
    Draw,
    Piece,
    Prefix,
    TokenTable,
    decode,
    forward,
    greedy_without_cache,
    read_prompt,
    score_tokens,
)
from treadle.model.memory import available_bytes, drafts_that_fit, position_bytes
from treadle.model.sampling import log_probabilities
from treadle.model.transformer import Transformer
from treadle.types import Sampling

CONFIG = ModelConfig(
    vocab_size=97, d_model=24, n_layers=2, n_heads=4, n_kv_heads=2, d_head=8, d_ff=40, max_positions=2048,
    tied=False,
)  # fmt: skip
END = 96
TABLE = TokenTable(token_bytes=[f"{chr(97 + i % 26)}{i} ".encode() for i in range(END)] + [b""], end_ids=frozenset({END}))
GREEDY = Sampling(temperature=0, max_tokens=20)


def made(config: ModelConfig, seed: int = 0) -> Transformer:
    """A model whose next token depends on all that came before: with GPT-2's small weights it would repeat itself."""
    torch.manual_seed(seed)
    model = Transformer(config).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(12) if parameter.dim() > 1 else None
    return model


MODEL = made(CONFIG)
WINDOWED = made(replace(CONFIG, window=16))


def prompt(n: int, seed: int = 0) -> list[int]:
    return torch.randint(0, END, (n,), generator=torch.Generator().manual_seed(seed)).tolist()


def drafts(
    draws: Sequence[Draw], ids: Sequence[int], model: Transformer = MODEL, table: TokenTable = TABLE
) -> list[tuple[str, list[int], str]]:
    """Text, tokens and finish reason of each."""
    pieces: list[Piece] = list(decode(model, read_prompt(model, ids), draws, table))
    found = []
    for index in range(len(draws)):
        own = [p for p in pieces if p.index == index]
        reasons = [p.finish_reason for p in own if p.finish_reason]
        assert len(reasons) == 1
        assert own[-1].finish_reason == reasons[0], "the reason comes with the last piece"
        found.append(("".join(p.text for p in own), [t.id or 0 for p in own for t in p.tokens], str(reasons[0])))
    return found


def ids_of(found: list[tuple[str, list[int], str]]) -> list[list[int]]:
    return [tokens for _, tokens, _ in found]


# ------------------------------------------------------------------------------------------------- the naive loop


@pytest.mark.parametrize("model", [MODEL, WINDOWED], ids=["full", "windowed"])
@pytest.mark.parametrize("length", [1, 2, 30, CHUNK_TOKENS, CHUNK_TOKENS + 1, 2 * CHUNK_TOKENS + 7])
def test_greedy_is_what_the_loop_without_a_cache_gives(model: Transformer, length: int) -> None:
    ids = prompt(length, seed=length)
    expected = greedy_without_cache(model, ids, GREEDY.max_tokens)
    table = replace(TABLE, end_ids=frozenset())
    assert ids_of(drafts([Draw(sampling=GREEDY)], ids, model, table)) == [expected]
    assert len(set(expected)) > 5


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from([0.0, 0.7, 1.5]), st.integers(1, 12)), min_size=1, max_size=6))
def test_a_draft_is_the_same_whatever_is_drawn_beside_it(asked: list[tuple[int, float, int]]) -> None:
    draws = [Draw(sampling=Sampling(seed=s, temperature=t, max_tokens=n)) for s, t, n in asked]
    ids = prompt(40, seed=3)
    assert drafts(draws, ids) == [found for draw in draws for found in drafts([draw], ids)]


def test_log_probabilities_are_those_of_the_model() -> None:
    ids = prompt(50)
    draws = [Draw(sampling=Sampling(seed=s, temperature=1.2, max_tokens=8, top_logprobs=3)) for s in range(3)]
    pieces = list(decode(MODEL, read_prompt(MODEL, ids), draws, TABLE))
    for index in range(3):
        tokens = [t for p in pieces if p.index == index for t in p.tokens]
        whole = [*ids, *(t.id or 0 for t in tokens)]
        with torch.no_grad():
            raw = log_probabilities(MODEL(torch.tensor([whole]))[0])[len(ids) - 1 :]
        for place, token in enumerate(tokens):
            assert token.logprob == pytest.approx(float(raw[place, token.id or 0]), abs=1e-6)
            best = raw[place].topk(3)
            assert [a.id for a in token.alternatives] == best.indices.tolist()
            assert [a.logprob for a in token.alternatives] == pytest.approx(best.values.tolist(), abs=1e-6)


def test_scores_in_chunks_are_those_of_the_whole() -> None:
    ids = prompt(CHUNK_TOKENS + 40)
    with torch.no_grad():
        raw = log_probabilities(MODEL(torch.tensor([ids]))[0])
    found = score_tokens(MODEL, ids, top=2)
    assert [p for p, _, _ in found] == pytest.approx([float(raw[i, t]) for i, t in enumerate(ids[1:])], abs=1e-6)
    assert [[i for i, _ in best] for _, best, _ in found] == raw[:-1].topk(2).indices.tolist()
    assert [rank for _, _, rank in found] == [int((raw[i] > raw[i, t]).sum()) + 1 for i, t in enumerate(ids[1:])]
    assert score_tokens(MODEL, ids[:1]) == []


@pytest.mark.parametrize("tied", [True, False])
def test_the_likeliest_logits_of_bfloat16_are_not_rounded_to_it(tied: bool) -> None:
    model = made(replace(CONFIG, tied=tied)).bfloat16()
    ids = torch.tensor([prompt(20), prompt(20, seed=1)])
    with torch.inference_mode():
        x = model.norm(model.hidden(ids)).double()
        weight = (model.embedding if model.head is None else model.head).weight.double()
        exact, rounded = x @ weight.T, model(ids).double()
    found = forward(model, ids.tolist(), None).double()
    best = exact.topk(40).indices
    error = (found - exact).gather(-1, best).abs().max() / exact.abs().max()
    assert error < 1e-5
    assert (rounded - exact).gather(-1, best).abs().max() / exact.abs().max() > 1e-4
    assert (found - exact).abs().max() < 2**-7 * exact.abs().max()


# -------------------------------------------------------------------------------------------- one prompt, many drafts


def test_the_prompt_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def counting(model: Transformer, ids: Sequence[Sequence[int]], cache: KVCache | None, **options: bool) -> Tensor:
        seen.append((len(ids), len(ids[0])))
        return forward(model, ids, cache, **options)

    monkeypatch.setattr(generate, "forward", counting)
    draws = [Draw(sampling=Sampling(seed=s, max_tokens=4)) for s in range(16)]
    drafts(draws, prompt(CHUNK_TOKENS + 10), table=replace(TABLE, end_ids=frozenset()))
    assert seen == [(1, CHUNK_TOKENS), (1, 10), (16, 1), (16, 1), (16, 1)]


def test_drafts_that_are_done_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def counting(model: Transformer, ids: Sequence[Sequence[int]], cache: KVCache | None, **options: bool) -> Tensor:
        rows.append(len(ids))
        return forward(model, ids, cache, **options)

    monkeypatch.setattr(generate, "forward", counting)
    draws = [Draw(sampling=Sampling(seed=s, max_tokens=n)) for s, n in enumerate((3, 1, 2, 5))]
    found = drafts(draws, prompt(9), table=replace(TABLE, end_ids=frozenset()))
    assert [len(tokens) for tokens in ids_of(found)] == [3, 1, 2, 5]
    assert rows == [1, 3, 2, 1, 1]


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2 * CHUNK_TOKENS + 20), st.integers(1, 40), st.integers(0, 5))
def test_a_prompt_that_begins_as_the_last_one_gives_the_same_bits(common: int, more: int, seed: int) -> None:
    first = [*prompt(common, seed=1), *prompt(30, seed=2)]
    second = [*prompt(common, seed=1), *prompt(more, seed=10 + seed)]
    read: list[int] = []
    again = read_prompt(MODEL, second, read_prompt(MODEL, first), read.append)
    anew = read_prompt(MODEL, second)
    assert torch.equal(again.logits, anew.logits)
    for one, other in zip(again.cache.layers, anew.cache.layers, strict=True):
        assert torch.equal(one.keys, other.keys)
    assert sum(read) <= len(second) - min(common, len(second) - 1) // CHUNK_TOKENS * CHUNK_TOKENS
    assert read_prompt(MODEL, second, again) is again


def test_progress_counts_every_token() -> None:
    counted: list[int] = []
    prefix = read_prompt(MODEL, prompt(CHUNK_TOKENS + 5), None, counted.append)
    assert counted == [CHUNK_TOKENS, 5]
    counted.clear()
    draws = [Draw(sampling=Sampling(seed=s, max_tokens=6)) for s in range(3)]
    pieces = list(decode(MODEL, prefix, draws, replace(TABLE, end_ids=frozenset()), counted.append))
    assert sum(counted) == sum(len(p.tokens) for p in pieces) == 18


def test_a_decoding_left_early_leaves_the_prompt_as_it_was() -> None:
    prefix = read_prompt(MODEL, prompt(20))
    stream = decode(MODEL, prefix, [Draw(sampling=GREEDY)] * 2, TABLE)
    next(stream)
    stream.close()
    again = [p.text for p in decode(MODEL, prefix, [Draw(sampling=GREEDY)], TABLE)]
    assert again == [p.text for p in decode(MODEL, read_prompt(MODEL, prompt(20)), [Draw(sampling=GREEDY)], TABLE)]
    assert prefix.cache.length == 20


# ------------------------------------------------------------------------------------------------------- how it ends


def test_stop_strings_across_tokens() -> None:
    whole, tokens, _ = drafts([Draw(sampling=GREEDY)], prompt(20))[0]
    for start in range(0, 20, 3):
        stop = whole[start : start + 5]
        for draw in (Draw(sampling=GREEDY, stop=(stop,)), Draw(sampling=replace(GREEDY, stop=("??", stop)))):
            text, kept, reason = drafts([draw], prompt(20))[0]
            assert (text, reason) == (whole[: whole.index(stop)], "stop")
            assert kept == tokens[: len(kept)]


def test_an_end_token_ends_a_draft_and_is_none_of_its_tokens() -> None:
    whole = greedy_without_cache(MODEL, prompt(20), 12)
    table = replace(TABLE, end_ids=frozenset({whole[5]}))
    _, tokens, reason = drafts([Draw(sampling=GREEDY)], prompt(20), table=table)[0]
    assert (tokens, reason) == (whole[: whole.index(whole[5])], "stop")


def test_the_end_by_length() -> None:
    found = drafts([Draw(sampling=replace(GREEDY, max_tokens=n)) for n in (1, 4)], prompt(20))
    assert [(len(tokens), reason) for _, tokens, reason in found] == [(1, "length"), (4, "length")]


def test_bias_forbids_a_token() -> None:
    first = greedy_without_cache(MODEL, prompt(20), 1)[0]
    found = ids_of(drafts([Draw(sampling=GREEDY, bias={first: -math.inf}), Draw(sampling=GREEDY)], prompt(20)))
    assert first not in found[0]
    assert found[1][0] == first


class Only:
    """A language of given tokens, in this order."""

    def __init__(self, tokens: list[int]) -> None:
        self._tokens = list(tokens)

    def allowed(self) -> Tensor:
        return torch.arange(CONFIG.vocab_size) == self._tokens[0]

    repeats = False

    def fits(self, token: int) -> bool:
        return token == self._tokens[0]

    def take(self, token: int) -> bool:
        assert token == self._tokens.pop(0)
        return not self._tokens

    def forced(self) -> list[int]:
        return list(self._tokens)


def test_a_constraint_holds_for_its_draft_only() -> None:
    wanted = [7, 3, 3, 90]
    draws = [Draw(sampling=GREEDY), Draw(sampling=GREEDY, matcher=Only(wanted)), Draw(sampling=Sampling(max_tokens=5))]
    found = drafts(draws, prompt(20))
    assert found[1][1:] == (wanted, "stop")
    assert [found[0], found[2]] == drafts([draws[0], draws[2]], prompt(20))


# ------------------------------------------------------------------------------------------------------------ errors


def test_an_empty_prompt() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        read_prompt(MODEL, [])


def test_weights_that_are_no_numbers() -> None:
    broken = made(CONFIG)
    with torch.no_grad():
        broken.blocks[1].ff.down.weight[0, 0] = math.nan
    with pytest.raises(EngineError, match="logits that are not numbers"):
        drafts([Draw(sampling=GREEDY)], prompt(5), broken)


def test_memory_that_does_not_suffice_says_what_would_fit() -> None:
    each = position_bytes(CONFIG, torch.float32)
    assert each == 2 * 2 * 2 * 8 * 4
    assert drafts_that_fit(CONFIG, torch.float32, 100, 64, None, 16) == 16
    assert drafts_that_fit(CONFIG, torch.float32, 100, 64, 10**9, 16) == 16
    some = drafts_that_fit(CONFIG, torch.float32, 100, 64, 300_000, 16)
    assert 1 < some < 16
    with pytest.raises(EngineError, match=rf"{each:,} bytes, so 39 positions would fit"):
        drafts_that_fit(CONFIG, torch.float32, 100, 64, 20_000, 16)
    assert (available_bytes(torch.device("cpu")) or 1) > 0


def test_a_limit_of_the_control_group_counts_without_cached_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle.model.memory._CGROUP", tmp_path)
    without = available_bytes(torch.device("cpu"))
    stat = "anon 70000\nfile 900\nactive_file 200\ninactive_file 600\nactive_anon 70000\n"
    for name, text in {"memory.max": "100000\n", "memory.current": "70900\n", "memory.stat": stat}.items():
        (tmp_path / name).write_text(text)
    assert available_bytes(torch.device("cpu")) == 100_000 - 70_100
    (tmp_path / "memory.max").write_text("max\n")
    assert (available_bytes(torch.device("cpu")) or 0) > 100_000 or without is None


def test_memory_that_runs_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = Prefix(ids=(1,), cache=KVCache(CONFIG), logits=torch.zeros(1, CONFIG.vocab_size))
    huge = replace(CONFIG, vocab_size=2**20, d_model=8, n_heads=1, n_kv_heads=1)
    with torch.device("meta"):
        model = Transformer(huge)
    model.embedding = torch.nn.Embedding(8, 8)
    monkeypatch.setattr(model, "hidden", lambda *_: torch.empty(2**60))  # torch's own refusal
    with pytest.raises(EngineError, match=r"out of memory with 1 texts at once on cpu: each position .* takes 128 bytes"):
        forward(model, [[1]], prefix.cache)
