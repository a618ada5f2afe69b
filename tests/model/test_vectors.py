"""Texts embedded: rows of the table and nothing else, shapes (n, d), and cosines between texts."""

from __future__ import annotations

import numpy as np
import pytest

from tiny_model import tiny_loaded
from treadle.errors import UsageError
from treadle.model.look import vectors
from treadle.model.look.vectors import cosines, embed, embeddings_data


def test_a_vector_is_the_row_of_its_id() -> None:
    model = tiny_loaded()
    table = model.transformer.embedding.weight.detach().numpy()
    found = embed(model, "tiny", ["the cat sat\n", "\u03bc"])
    for one, text in zip(found.texts, ("the cat sat\n", "\u03bc"), strict=True):
        ids = model.vocabulary.encode(text)
        assert one.ids == tuple(ids)
        assert one.vectors.shape == (len(ids), 32)
        assert np.array_equal(one.vectors, table[ids])
    assert (found.rows, found.size) == (model.vocabulary.size, 32)


def test_special_tokens_are_text_and_nothing_is_put_before() -> None:
    model = tiny_loaded()
    assert len(embed(model, "tiny", ["<|begin|>"]).texts[0].ids) == len("<|begin|>")
    assert model.vocabulary.roles.bos not in embed(model, "tiny", ["a"]).texts[0].ids


def test_similarity_is_the_cosine_of_the_means() -> None:
    model = tiny_loaded()
    found = embed(model, "tiny", ["the cat", "the dog", "the cat"])
    (similarity,) = found.similarities
    assert similarity.cosines.shape == (3, 3)
    one, two = (found.texts[i].vectors.mean(0) for i in (0, 1))
    assert similarity.cosines[0, 1] == pytest.approx(one @ two / np.linalg.norm(one) / np.linalg.norm(two), abs=1e-5)
    assert np.allclose(np.diag(similarity.cosines), 1, atol=1e-5)
    assert similarity.cosines[0, 2] == pytest.approx(1, abs=1e-5)
    assert np.allclose(similarity.cosines, similarity.cosines.T, atol=1e-6)


def test_one_text_is_compared_with_nothing() -> None:
    assert embed(tiny_loaded(), "tiny", ["the"]).similarities == ()


def test_a_row_without_length_is_like_nothing() -> None:
    assert cosines(np.array([[0.0, 0.0], [1.0, 0.0]], dtype=np.float32)).tolist() == [[0.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("texts", "told"), [([], "no text to embed"), (["a", ""], "the text is empty"), (["\ud800"], "Unicode")]
)
def test_bad_texts(texts: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        embed(tiny_loaded(), "tiny", texts)


def test_a_text_that_is_too_long_says_in_what_parts_it_would_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "MOST_BYTES", 4 * 32 * 10)
    with pytest.raises(UsageError, match=r"11 tokens.*10 tokens at most"):
        embed(tiny_loaded(), "tiny", ["x" * 11])
    assert len(embed(tiny_loaded(), "tiny", ["x" * 10]).texts[0].ids) == 10


def test_forms_list_the_beginning_and_say_how_much_is_left() -> None:
    found = embed(tiny_loaded(), "tiny", ["<b>" + "x" * 100, "y"])
    html = found._repr_html_()
    assert "<b>x" not in html
    assert "... and 39 more tokens" in html
    data = embeddings_data(found)
    assert data["texts"][0]["shape"] == [103, 32]
    assert len(data["texts"][0]["ids"]) == len(data["texts"][0]["lengths"]) == 103
