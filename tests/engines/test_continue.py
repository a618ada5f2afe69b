"""Texts without a chat template: what special tokens mean in them, and where they end, for both embedded engines alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from asking import ask
from tiny_model import tiny_loaded
from treadle.engines.base import Continues, continuing
from treadle.engines.llama import LlamaEngine
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import UnsupportedError
from treadle.types import RawText, Sampling

pytest.importorskip("torch")

from treadle.engines.torch import TorchEngine
from treadle.model.generate import greedy_without_cache
from treadle.model.weights import load, save_gguf

GREEDY = Sampling(max_tokens=4, temperature=0)
WILD = [Sampling(max_tokens=80, temperature=2.0, top_p=1.0, top_k=0, seed=seed) for seed in range(1, 7)]
BEGIN = 0
"""The id of <|begin|>, which the tiny model draws as any other token."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("continue") / "tiny.gguf"
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, path, "F32")
    return path


@pytest.fixture(scope="module")
def engines(path: Path) -> Iterator[dict[str, Any]]:
    with (
        closing(LlamaEngine(path, threads=1, context_tokens=2048)) as llama,
        closing(TorchEngine(path, threads=1, precision="fp32")) as ours,
    ):
        yield {"llama": llama, "torch": ours}


@pytest.fixture(params=["llama", "torch"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Any]) -> Any:
    return engines[str(request.param)]


def text(*pieces: tuple[str, bool], ends: tuple[str, ...] = ()) -> RawText:
    return RawText(pieces=pieces, ends=ends)


def test_it_goes_on_from_the_very_tokens(engine: Any, path: Path) -> None:
    loaded = load(path)
    ids = [*loaded.vocabulary.encode("the cat", begin=True), BEGIN, *loaded.vocabulary.encode(" a mat")]
    wanted = greedy_without_cache(loaded.transformer, ids, 1)[0]
    (found,) = engine.continue_text(text(("the cat", False), ("<|begin|>", True), (" a mat", False)), [GREEDY])
    assert found.tokens[0].id == wanted
    assert (found.seed, found.temperature) == (1, 0)


def test_a_special_token_that_is_spelled_is_text(engine: Any) -> None:
    spelled, meant = (engine.continue_text(text(("the<|begin|>", special)), [GREEDY])[0] for special in (False, True))
    assert abs(spelled.tokens[0].logprob - meant.tokens[0].logprob) > 1e-3


def test_both_engines_give_the_same_probabilities(engines: dict[str, Any]) -> None:
    asked = text(("the dog", False), ("<|begin|>", True), (" is", False))
    one, other = (engine.continue_text(asked, [GREEDY])[0].tokens[0] for engine in engines.values())
    assert one.logprob == pytest.approx(other.logprob, abs=0.05)


def test_drafts_end_at_the_tokens_that_are_told(engine: Any) -> None:
    asked = text(("the cat", False))
    free = engine.continue_text(asked, WILD)
    held = engine.continue_text(dataclasses.replace(asked, ends=("<|begin|>",)), WILD)
    ended = 0
    for drawn, draft in zip(free, held, strict=True):
        ids = [token.id for token in drawn.tokens]
        if BEGIN in ids[:-1]:
            ended, place = ended + 1, ids.index(BEGIN)
            assert draft.finish_reason == "stop"
            assert [token.id for token in draft.tokens[:place]] == ids[:place]
            assert BEGIN not in [token.id for token in draft.tokens[:-1]]
            assert "<|begin|>" not in draft.text
    assert ended


def test_only_special_tokens_can_end_a_text(engine: Any) -> None:
    for end in ("the", "<|nothing|>"):
        with pytest.raises(UnsupportedError, match="is no special token of tiny"):
            engine.continue_text(text(("a", False), ends=(end,)), [GREEDY])


def test_what_was_scored_before_is_not_scored_again(engines: dict[str, Any], path: Path) -> None:
    """The engine remembers the beginning only where it is the same one."""
    llama = engines["llama"]
    texts = ["the cat sat", "the cat is a cat", "a dog", "the cat is a cat", "the cat is"]
    found = [[(token.id, token.logprob) for token in llama.score(each)] for each in texts]
    for each, scored in zip(texts, found, strict=True):
        with closing(LlamaEngine(path, threads=1, context_tokens=2048)) as fresh:
            wanted = fresh.score(each)
        assert [token for token, _ in scored] == [token.id for token in wanted]
        assert [logprob for _, logprob in scored] == pytest.approx([token.logprob for token in wanted], abs=0.02)


def test_engines_of_conversations_are_refused() -> None:
    class Chatting:
        identity = ScriptedEngine([]).identity

    assert isinstance(continuing(ScriptedEngine([["x"]])), Continues)
    with pytest.raises(UnsupportedError, match="engine scripted answers conversations only"):
        continuing(Chatting())  # type: ignore[arg-type]


@pytest.mark.model
def test_asked_the_model_answers_and_as_a_text_it_goes_on(llama: LlamaEngine) -> None:
    """The embedded model was taught to answer; without its template it continues a text, as any base model does."""
    question = "What is the capital of France?"
    (answer,) = llama.complete(
        ask(question, system="You are a helpful assistant."), [Sampling(max_tokens=24, temperature=0)]
    )
    assert "Paris" in answer.text
    (going_on,) = llama.continue_text(text(("The capital of Italy is Rome. The capital of France is", False)), [GREEDY])
    assert going_on.text.startswith(" Paris")
