"""Laws of the transformer: causality, rows of attention, the cache and the shared prefix, packed documents, windows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.cache import KVCache
from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.transformer import Transformer

SMALL = {
    "vocab_size": 97, "d_model": 24, "n_layers": 3, "n_heads": 6, "n_kv_heads": 2, "d_head": 8, "d_ff": 40,
    "max_positions": 64,
}  # fmt: skip
FAMILIES = {
    "llama": ModelConfig(**SMALL),
    "untied": ModelConfig(**SMALL, tied=False),
    "llama 3.1": ModelConfig(**SMALL, rope_scaling=RopeScaling(kind="llama3", factor=4.0, original=16)),
    "qwen2": ModelConfig(**SMALL, qkv_bias=True),
    "qwen3": ModelConfig(**SMALL, qk_norm=True),
    "mistral": ModelConfig(**SMALL, window=5),
    "gpt2": ModelConfig(
        **{**SMALL, "n_kv_heads": 6, "d_head": 4},
        norm="layer", activation="gelu", rope_theta=None, qkv_bias=True, out_bias=True, ff_bias=True,
    ),
}  # fmt: skip


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Transformer:
    torch.manual_seed(1)
    made = Transformer(FAMILIES[request.param]).double().eval()
    with torch.no_grad():  # as trained weights: no norm of ones, no bias of zeros
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made


def ids(n_texts: int, n: int, seed: int = 0) -> Tensor:
    return torch.randint(0, SMALL["vocab_size"], (n_texts, n), generator=torch.Generator().manual_seed(seed))


def near(one: Tensor, other: Tensor) -> bool:
    return bool(torch.allclose(one, other, rtol=0, atol=1e-6))


@torch.no_grad()
def test_changing_a_token_changes_nothing_before_it(model: Transformer) -> None:
    before = ids(2, 12)
    for t in (0, 5, 11):
        changed = before.clone()
        changed[:, t] = (changed[:, t] + 1) % SMALL["vocab_size"]
        one, other = model(before), model(changed)
        assert (one[:, :t] - other[:, :t]).abs().max() < 1e-6 if t else True
        assert (one[:, t:] - other[:, t:]).abs().max() > 1e-4


class Seen:
    def __init__(self) -> None:
        self.weights: list[Tensor] = []
        self.stream: list[Tensor] = []

    def attention(self, layer: int, weights_BHTS: Tensor) -> None:
        self.weights.append(weights_BHTS)

    def residual(self, layer: int, x_BTD: Tensor) -> None:
        self.stream.append(x_BTD)


@torch.no_grad()
def test_rows_of_attention_sum_to_one_and_see_nothing_after(model: Transformer) -> None:
    seen, text = Seen(), ids(2, 10)
    watched = model(text, watch=seen)
    assert near(watched, model(text)), "looking changes nothing"
    assert (len(seen.weights), len(seen.stream)) == (model.config.n_layers, model.config.n_layers + 1)
    for weights in seen.weights:
        assert weights.shape == (2, model.config.n_heads, 10, 10)
        assert near(weights.sum(-1), torch.ones(2, model.config.n_heads, 10))
        assert weights.triu(1).abs().max() == 0
        if model.config.window:
            assert weights.tril(-model.config.window).abs().max() == 0
    assert near(model.logits(seen.stream[-1]), watched)


@torch.no_grad()
@pytest.mark.parametrize("chunks", [(12,), (1, 11), (5, 1, 6), (3, 4, 5), (1,) * 12])
def test_a_text_in_pieces_gives_what_it_gives_at_once(model: Transformer, chunks: tuple[int, ...]) -> None:
    text = ids(2, 12)
    cache, found = KVCache(model.config), []
    for piece in text.split(chunks, dim=1):
        found.append(model(piece, cache))
    assert cache.length == 12
    assert near(torch.cat(found, dim=1), model(text))
    assert near(model(text, last_only=True), model(text)[:, -1:])


@torch.no_grad()
@pytest.mark.parametrize("steps", [(1, 1, 1, 1), (3, 1), (4,)])
def test_drafts_over_a_shared_prefix_are_as_if_each_were_alone(model: Transformer, steps: tuple[int, ...]) -> None:
    prefix, drafts = ids(1, 9), ids(5, 4, seed=7)
    cache = KVCache(model.config)
    model(prefix, cache)
    branch = cache.branch()
    found = torch.cat([model(piece, branch) for piece in drafts.split(steps, dim=1)], dim=1)
    whole = model(torch.cat((prefix.expand(5, -1), drafts), dim=1))[:, 9:]
    assert near(found, whole)
    assert cache.length == 9, "the prefix can be branched again"
    again = cache.branch()
    assert near(model(drafts, again), whole)


@torch.no_grad()
def test_drafts_that_are_done_leave_and_steps_are_taken_back(model: Transformer) -> None:
    prefix, drafts = ids(1, 6), ids(4, 5, seed=3)
    whole = model(torch.cat((prefix.expand(4, -1), drafts), dim=1))[:, 6:]
    cache = KVCache(model.config)
    model(prefix, cache)
    branch = cache.branch()
    model(drafts[:, :2], branch)
    rows = torch.tensor([3, 1])
    branch.keep(rows)
    model(drafts[rows, 3:5], branch)  # a wrong guess
    branch.truncate(8)
    assert near(model(drafts[rows, 2:], branch), whole[rows, 2:])
    with pytest.raises(ValueError, match="6 of them shared"):
        branch.truncate(5)


@torch.no_grad()
def test_a_branch_of_a_branch(model: Transformer) -> None:
    one, two, three = ids(1, 4), ids(1, 3, seed=1), ids(3, 2, seed=2)
    cache = KVCache(model.config)
    model(one, cache)
    second = cache.branch()
    model(two, second)
    found = model(three, second.branch())
    assert near(found, model(torch.cat((one.expand(3, -1), two.expand(3, -1), three), dim=1))[:, 7:])


@torch.no_grad()
def test_packed_documents_do_not_see_each_other(model: Transformer) -> None:
    one, two = ids(1, 7, seed=4), ids(1, 5, seed=5)
    packed = torch.cat((one, two), dim=1)
    documents = torch.tensor([[0] * 7 + [1] * 5])
    assert near(model(packed, documents_BT=documents), torch.cat((model(one), model(two)), dim=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_everything_is_computed_where_the_weights_are(model: Transformer, dtype: torch.dtype) -> None:
    """On torch's device without numbers: an operation that met a tensor of the CPU would be refused, as on a GPU."""
    with pytest.raises(RuntimeError, match="device"):
        torch.ones(3, device="meta") + torch.ones(3)
    model.to("meta", dtype)
    cache = KVCache(model.config)
    with torch.inference_mode():
        for n in (7, 5):
            model(ids(1, n).to("meta"), cache)
        drafts = cache.branch()
        for n_drafts, n in ((3, 1), (3, 4)):
            logits = model(ids(n_drafts, n).to("meta"), drafts)
        drafts.keep(torch.tensor([0, 2], device="meta"))
        drafts.truncate(15)
        packed = model(ids(2, 6).to("meta"), documents_BT=torch.zeros(2, 6, dtype=torch.long, device="meta"))
    assert {(t.device.type, t.dtype) for t in (logits, packed)} == {("meta", dtype)}


def test_parameters_are_counted(model: Transformer) -> None:
    assert model.config.n_parameters == sum(p.numel() for p in model.parameters())


def test_a_shared_prefix_is_stored_once() -> None:
    model = Transformer(FAMILIES["llama"]).eval()
    with torch.no_grad():
        cache = KVCache(model.config)
        model(ids(1, 40), cache)
        branch = cache.branch()
        model(ids(16, 1), branch)
    per_position = 2 * model.config.n_layers * model.config.n_kv_heads * model.config.d_head * 4
    assert branch.n_bytes == per_position * (40 + 16 * 16)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"n_kv_heads": 4}, "6 heads cannot share 4"),
        ({"n_layers": 0}, "n_layers of at least 1"),
        ({"d_head": 7}, "d_head must be even"),
    ],
)
def test_impossible_shapes(wrong: dict[str, int], told: str) -> None:
    with pytest.raises(ModelFileError, match=told):
        ModelConfig(**{**SMALL, **wrong})
