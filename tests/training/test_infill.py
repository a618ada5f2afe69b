"""Infill training: what documents become, and a model that learns to fill a hole from both sides."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tiny_model import tiny_loaded
from treadle.errors import UsageError
from treadle.model.weights import save_folder
from treadle.settings import load_settings
from treadle.tokens.from_gguf import vocabulary_from_gguf
from treadle.tokens.gguf import read_header
from treadle.training.infill import InfillOptions, InfillRecipe, infill, infill_samples
from treadle.training.log import read_log
from treadle.training.loop import LOG
from treadle.training.objectives.causal_masking import sentinels_named, unmasked
from treadle.training.recipe import DataPart, LoraPart, ModelPart, TrainPart
from treadle.training.rows import Sample

VOCABULARY = tiny_loaded().vocabulary
OPTIONS = InfillOptions(masks=("<|begin|>",), end="<|im_end|>")
MASK, END = 0, 1
CODE = "".join(f"def f{i}(x):\n    y = x + {i}\n    return y * {i * i}\n\n\n" for i in range(40))


def samples(most_tokens: int = 80, **changes: object) -> list[Sample]:
    return list(infill_samples([CODE], VOCABULARY, dataclasses.replace(OPTIONS, **changes), most_tokens, 3))  # type: ignore[arg-type]


def test_the_pieces_are_the_document_again() -> None:
    found = samples()
    assert len(found) > 10
    assert max(map(len, found)) <= 80
    pieces = [unmasked(sample.ids.tolist(), [MASK], END) for sample in found]
    assert VOCABULARY.decode([token for piece in pieces for token in piece]) == CODE
    for sample in found:
        assert not sample.learn[sample.ids == MASK].any()
        assert sample.learn[sample.ids == END].all()


def test_the_same_seed_gives_the_same_samples_and_copies_differ() -> None:
    one, other, twice = samples(), samples(), samples(copies=2)
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(one, other, strict=True))
    assert len(twice) == 2 * len(one)
    assert any(not np.array_equal(a.ids, b.ids) for a, b in zip(twice[: len(one)], twice[len(one) :], strict=True))


def test_objectives_are_mixed_by_weight() -> None:
    plain = samples(causal=0, plain=1)
    assert all(MASK not in sample.ids for sample in plain)
    lines = samples(causal=0, lines=1)
    assert all((sample.ids == MASK).sum() == 2 and sample.ids[-1] == END for sample in lines)
    mixed = samples(causal=1, plain=3, copies=20)
    share = sum(MASK in sample.ids for sample in mixed) / len(mixed)
    assert share == pytest.approx(0.25, abs=0.08)
    with pytest.raises(UsageError, match="three masks"):
        samples(middle=1)
    with pytest.raises(UsageError, match="one must be positive"):
        samples(causal=0)
    with pytest.raises(UsageError, match="no special token"):
        samples(end="the")


@pytest.mark.model
def test_middles_of_whole_lines_and_of_code_that_is_only_read(model_file: Path) -> None:
    vocabulary = vocabulary_from_gguf(read_header(model_file))
    options = InfillOptions(
        masks=("<jupyter_start>", "<jupyter_text>", "<jupyter_code>"), end="<empty_output>",
        causal=0.0, middle=1.0, suffix_first=0.0, whole_lines=1.0, learn_context=False,
    )  # fmt: skip
    ends = sentinels_named(vocabulary, options.masks, options.end)
    found = list(infill_samples([CODE], vocabulary, options, 80, 3))
    assert len(found) > 10
    for sample in found:
        ids = sample.ids.tolist()
        suffix, middle = ids.index(ends.masks[1]), ids.index(ends.masks[2])
        assert (ids[0], ids[-1]) == (ends.masks[0], ends.end)
        assert vocabulary.decode(ids[middle + 1 : -1]).startswith("\n")
        assert vocabulary.decode(ids[suffix + 1 : middle]).startswith("\n")
        assert sample.learn.tolist() == [False] * (middle + 1) + [True] * (len(ids) - middle - 1)
    anywhere = infill_samples([CODE], vocabulary, dataclasses.replace(options, whole_lines=0.0, learn_context=True), 80, 3)
    assert any(sample.learn[1] and len(sample) > 20 for sample in anywhere)


def test_what_comes_after_is_told_first_without_masks() -> None:
    found = samples(240, causal=0, told=1, masks=("no such token",), quoted=40)
    assert len(found) > 5
    for sample in found:
        text = VOCABULARY.decode(sample.ids.tolist())
        assert text.startswith(("# What comes later:", "# Nothing comes later."))
        assert sample.ids[-1] == END
        assert sample.learn.argmax() > 5
        assert sample.learn[sample.learn.argmax() :].all()
    with pytest.raises(UsageError, match="no special token"):
        samples(causal=0, told=1, end="the")
    with pytest.raises(UsageError, match="a mask at least"):
        samples(masks=())


def test_the_card_says_where_code_is_from_and_what_it_may_be_used_for(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path)
    lines = [
        {"text": f"def f{i}(x):\n    y = x + {i}\n    return y * {i * i}", "source": "a", "licence": "MIT"}
        for i in range(20)
    ]
    (tmp_path / "code.jsonl").write_text("\n".join(map(json.dumps, [*lines, {"text": "def g(x):\n    return x"}])))
    part = dataclasses.replace(recipe.data, train=("code.jsonl",))
    steps = dataclasses.replace(recipe.train, steps=2)
    outcome = infill(dataclasses.replace(recipe, data=part, train=steps), tmp_path, load_settings())
    card = json.loads((outcome.folder / "card.json").read_text())
    assert card["data"]["licences"] == {"MIT": 20, "not told": 1}
    assert card["data"]["sources"] == {"a": 20, "not told": 1}
    assert 0 < card["data"]["tokens_learnt"] < card["data"]["tokens"]


def recipe_in(folder: Path) -> InfillRecipe:
    (folder / "code").mkdir()
    save_folder(tiny_loaded().transformer, VOCABULARY, folder / "vocabulary")
    for i in range(30):
        (folder / "code" / f"{i}.py").write_text("".join(f"def f{i}_{k}(x):\n    return x + {i * k}\n" for k in range(9)))
    (folder / "code" / "same.py").write_text((folder / "code" / "3.py").read_text().replace("    ", "\t"))
    (folder / "code" / "made.py").write_text("# Automatically generated\nx = 1\n")
    shape = {"d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_head": 16, "d_ff": 64, "max_positions": 64}
    return InfillRecipe(
        run="run",
        model=ModelPart(base="new", vocabulary="vocabulary", shape=shape),
        lora=LoraPart(rank=0),
        data=DataPart(train=("code/*.py",), share_held_out=0.2, most_tokens=60),
        train=TrainPart(steps=30, learning_rate=3e-3, warm_up=3, evaluate_every=15, tokens_a_batch=240, threads=1),
        infill=OPTIONS,
    )


def test_a_recipe_trains_a_model_to_fill_in(tmp_path: Path) -> None:
    outcome = infill(recipe_in(tmp_path), tmp_path, load_settings())
    log = read_log(outcome.folder / LOG)
    assert log[0]["loss"] == pytest.approx(np.log(VOCABULARY.size), abs=0.3)
    assert outcome.finished.best_loss is not None
    assert outcome.finished.best_loss < 4
    told = json.loads((outcome.folder / "card.json").read_text())["data"]
    assert told["left_out"] == {"exact": 1, "generated": 1}
    assert told["documents"] + told["documents_held_out"] == 30
    assert told["documents_held_out"] > 0
