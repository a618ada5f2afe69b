"""What is seen inside is what the model does: against the model's own output, and laws that views keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tiny_model import tiny_loaded
from treadle.errors import ContextLengthError, UsageError
from treadle.model import look
from treadle.model.look import plain
from treadle.model.look.text import readable
from treadle.model.weights import LoadedModel, load

TEXT = "the cat sat on a mat, the cat sat on a mat"


@pytest.fixture(params=[None, 5], ids=["causal", "window"])
def tiny(request: pytest.FixtureRequest) -> LoadedModel:
    return tiny_loaded(request.param)


@pytest.fixture(scope="module")
def smollm2(model_file: Path) -> LoadedModel:
    return load(model_file)


# ------------------------------------------------------------------------------------------------ attention


def test_rows_sum_to_one_and_see_nothing_after(tiny: LoadedModel) -> None:
    _check_rows(look.attention(tiny, TEXT))


@pytest.mark.model
def test_rows_sum_to_one_in_the_embedded_model(smollm2: LoadedModel) -> None:
    found = look.attention(smollm2, TEXT)
    assert found.weights.shape[:2] == (30, 9)
    _check_rows(found)
    _check_rows(look.attention(smollm2, TEXT, last=4))


def _check_rows(found: look.Attention) -> None:
    assert np.abs(found.weights.sum(-1) + found.earlier - 1).max() < 1e-5
    assert np.abs(np.triu(found.weights, 1)).max() == 0
    for layer, head in ((None, None), (2, None), (2, 3)):
        weights, earlier = found.select(layer, head)
        assert np.abs(weights.sum(-1) + earlier - 1).max() < 1e-5


def test_the_last_positions_are_those_of_the_whole_text(tiny: LoadedModel) -> None:
    whole, part = look.attention(tiny, TEXT), look.attention(tiny, TEXT, last=6)
    n = len(whole.pieces)
    assert [p.position for p in part.pieces] == list(range(n - 6, n))
    np.testing.assert_allclose(part.weights, whole.weights[:, :, -6:, -6:], atol=1e-5)
    np.testing.assert_allclose(part.earlier, whole.weights[:, :, -6:, :-6].sum(-1), atol=1e-5)
    np.testing.assert_allclose(look.norms(tiny, TEXT, last=6).values, look.norms(tiny, TEXT).values[:, -6:], rtol=1e-4)


def test_summaries_are_what_they_are_called(tiny: LoadedModel) -> None:
    found = look.attention(tiny, TEXT)
    weights = found.weights[1, 2].astype(np.float64)
    one = found.heads(2, 3)[0]
    rows, columns = np.indices(weights.shape)
    logs = np.log2(np.where(weights > 0, weights, 1))
    assert one.entropy_bits == pytest.approx(-(weights * logs).sum(-1).mean(), abs=1e-4)
    assert one.distance_tokens == pytest.approx((weights * (rows - columns)).sum(-1).mean(), abs=1e-4)
    assert one.on_first == pytest.approx(weights[:, 0].mean(), abs=1e-5)
    assert len(found.heads()) == 16
    assert (one.layer, one.head) == (2, 3)


@pytest.mark.parametrize(
    ("layer", "head", "told"),
    [
        (5, None, "no layer 5; this model has 1 to 4"),
        (0, None, "no layer 0; this model has 1 to 4"),
        (2, 5, "no head 5; each layer of this model has heads 1 to 4"),
        (2, 0, "no head 0"),
        (None, 1, "head 1 of which layer"),
    ],
)
def test_layers_and_heads_that_are_not_there(layer: int | None, head: int | None, told: str) -> None:
    found = look.attention(tiny_loaded(), "abc")
    with pytest.raises(UsageError, match=told):
        found.select(layer, head)


# ------------------------------------------------------------------------------------------------ lens and norms


@torch.inference_mode()
def test_the_lens_of_the_last_layer_is_the_models_own_output(tiny: LoadedModel) -> None:
    _check_last_layer(tiny)


@pytest.mark.model
@torch.inference_mode()
def test_the_lens_of_the_last_layer_is_the_embedded_models_own_output(smollm2: LoadedModel) -> None:
    _check_last_layer(smollm2)


def _check_last_layer(model: LoadedModel) -> None:
    found = look.logit_lens(model, TEXT, top=4)
    ids = model.vocabulary.encode(TEXT, begin=True)
    own = model.transformer(torch.tensor([ids]))[0].softmax(-1).topk(4)
    np.testing.assert_allclose(found.probabilities[-1], own.values.numpy(), atol=1e-4)
    assert (found.ids[-1, :, 0] == own.indices[:, 0].numpy()).all()
    assert found.guesses(found.n_layers, 0)[0][0] == found.texts[int(own.indices[0, 0])]
    assert (np.diff(found.probabilities, axis=-1) <= 0).all(), "the likeliest first"


@pytest.mark.model
@torch.inference_mode()
def test_changing_a_token_changes_nothing_before_it_in_the_embedded_model(smollm2: LoadedModel) -> None:
    before = torch.tensor([smollm2.vocabulary.encode(TEXT)])
    one = smollm2.transformer(before).softmax(-1)
    for t in (1, 5, before.shape[1] - 1):
        changed = before.clone()
        changed[0, t] = 500 + t
        other = smollm2.transformer(changed).softmax(-1)
        assert (one[:, :t] - other[:, :t]).abs().max() < 1e-6
        assert (one[:, t:] - other[:, t:]).abs().max() > 1e-3


def test_norms_are_those_of_the_stream(tiny: LoadedModel) -> None:
    found = look.norms(tiny, TEXT)
    table = tiny.transformer.embedding.weight.detach().numpy()
    ids = [piece.id for piece in found.pieces]
    np.testing.assert_allclose(found.values[0], np.linalg.norm(table[ids], axis=-1), rtol=1e-5)
    hidden = tiny.transformer.hidden(torch.tensor([ids])).detach()[0].numpy()
    np.testing.assert_allclose(found.values[-1], np.linalg.norm(hidden, axis=-1), rtol=1e-4)


# ------------------------------------------------------------------------------------------------ neighbours


def test_neighbours_are_the_nearest_by_cosine() -> None:
    model = tiny_loaded()
    found = look.neighbours(model, "the", top=5)
    table = model.transformer.embedding.weight.detach().numpy().astype(np.float64)[: model.vocabulary.size]
    unit = table / np.linalg.norm(table, axis=-1, keepdims=True)
    cosines = unit @ unit[found.token.id]
    best = [i for i in np.argsort(-cosines).tolist() if i != found.token.id][:5]
    assert [one.id for one in found.found] == best
    assert [one.cosine for one in found.found] == pytest.approx(cosines[best].tolist(), abs=1e-5)
    assert look.neighbours(model, f"id:{found.token.id}", top=5) == found


@pytest.mark.model
def test_neighbours_of_a_cat(smollm2: LoadedModel) -> None:
    assert {"Cat", "\u2423cats", "\u2423dog"} <= {one.text for one in look.neighbours(smollm2, " cat").found}


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "the token is empty"),
        ("cat", "3 tokens here .*id:"),
        ("a ", "is 2 tokens"),
        ("id:9999", "no token 9999"),
        ("<|im_end|>", "is 10 tokens"),
    ],
)
def test_what_is_no_token(token: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        look.neighbours(tiny_loaded(), token)


# ------------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize("view", [look.attention, look.logit_lens, look.norms])
def test_texts_that_cannot_be_shown(view: Any) -> None:
    model = tiny_loaded()
    with pytest.raises(UsageError, match="the text is empty"):
        view(model, "")
    with pytest.raises(UsageError, match="200 tokens, too many to show; --last 128"):
        view(model, "x" * 200)
    with pytest.raises(ContextLengthError, match="301 tokens, and this model has 300 positions"):
        view(model, "x" * 301, last=5)
    with pytest.raises(UsageError, match="--last takes 1 to 128"):
        view(model, "x", last=0)
    assert len(view(model, "x" * 300, last=128).pieces) == 128
    assert len(view(model, "x", last=5).pieces) == 1


def test_special_tokens_in_a_text_are_text() -> None:
    found = look.norms(tiny_loaded(), "a<|im_end|>")
    assert 1 not in {piece.id for piece in found.pieces}
    assert "".join(piece.text for piece in found.pieces) == "a<|im_end|>"


def test_tokens_are_readable_on_one_line() -> None:
    assert readable(b" a\n\tb\r") == "\u2423a\u21b5\u21e5b\u240d"
    assert readable(b"\xe6\xbc") == "<e6><bc>"
    assert readable("\x1b[2J\u202e".encode()) == "<U+001B>[2J<U+202E>"
    assert readable("é漢".encode()) == "é漢"


# ------------------------------------------------------------------------------------------------ plain data


def test_keys_of_plain_data_are_stable() -> None:
    model = tiny_loaded()
    token = {"position", "id", "text"}
    attention = plain.attention_data(look.attention(model, "abc"), 2)
    assert set(attention) == {"view", "tokens", "n_layers", "n_heads", "layer", "head", "weights", "earlier", "heads"}
    assert set(attention["heads"][0]) == {"layer", "head", "entropy_bits", "distance_tokens", "on_first"}
    assert (len(attention["heads"]), len(attention["weights"]), attention["layer"], attention["head"]) == (4, 3, 2, None)
    lens = plain.lens_data(look.logit_lens(model, "abc", top=2))
    assert set(lens) == {"view", "tokens", "n_layers", "top", "layers"}
    assert [layer["layer"] for layer in lens["layers"]] == [0, 1, 2, 3, 4]
    assert set(lens["layers"][0]["positions"][0][0]) == {"id", "text", "probability"}
    norms = plain.norms_data(look.norms(model, "abc"))
    assert set(norms) == {"view", "tokens", "n_layers", "norms"}
    assert np.shape(norms["norms"]) == (5, 3)
    near = plain.neighbours_data(look.neighbours(model, "the", top=2))
    assert set(near) == {"view", "token", "neighbours"}
    assert set(near["neighbours"][0]) == {"id", "text", "cosine"}
    assert all(set(one) == token for view in (attention, lens, norms) for one in view["tokens"])
