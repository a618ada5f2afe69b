"""Answers that a policy draws: against the same draw without a cache, and as tensors, and on from where a run was."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from small_policy import ENCODER, PROMPTS, parameters_of, small_policy
from treadle.errors import ContextLengthError
from treadle.training.packing import batch_of
from treadle.training.preference import answer_sample, prompt_ids
from treadle.training.rollout import Rollout, Rollouts, answered, draw_answers, frozen, mask_of, padded
from treadle.training.scores import learnt_logprobs


def naive_draw(ids: list[int], most_new: int, ends: frozenset[int], seed: int, n: int) -> list[list[int]]:
    """All answers side by side, the whole text computed anew for every token."""
    model, generator = small_policy().double(), torch.Generator().manual_seed(seed)
    texts = [list(ids) for _ in range(n)]
    rows = list(range(n))
    for _ in range(most_new):
        with torch.no_grad():
            chances = torch.stack([model(torch.tensor([texts[row]]))[0, -1].float().softmax(-1) for row in rows])
        drawn = torch.multinomial(chances, 1, generator=generator)[:, 0].tolist()
        for row, token in zip(rows, drawn, strict=True):
            texts[row].append(token)
        rows = [row for row in rows if texts[row][-1] not in ends]
        if not rows:
            break
    return [text[len(ids) :] for text in texts]


def test_answers_are_those_of_a_draw_without_a_cache() -> None:
    ids = prompt_ids(ENCODER, PROMPTS[0])
    ends = frozenset(range(60))  # so many that some answers end early
    found = draw_answers(small_policy().double(), ids, 6, 10, ends, torch.Generator().manual_seed(5))
    assert found == naive_draw(ids, 10, ends, 5, 6)
    assert len({len(answer) for answer in found}) > 1
    assert all(token not in ends for answer in found for token in answer[:-1])


def test_the_answers_of_a_prompt_are_side_by_side_and_learnt() -> None:
    found = answered(small_policy(), ENCODER, PROMPTS[:2], 3, 5, torch.Generator().manual_seed(0))
    assert [a.prompt for a in found] == [PROMPTS[0]] * 3 + [PROMPTS[1]] * 3
    for answer in found:
        ids = prompt_ids(ENCODER, answer.prompt)
        assert answer.sample.ids[: len(ids)].tolist() == ids
        assert ENCODER.vocabulary.decode(answer.sample.ids[len(ids) :].tolist()) == answer.text
        assert answer.sample.learn.sum() == len(answer.sample) - len(ids)
    with pytest.raises(ContextLengthError):
        answered(small_policy(), ENCODER, PROMPTS[:1], 1, 64, torch.Generator())


def test_numbers_of_tokens_by_text() -> None:
    samples = [answer_sample(ENCODER, PROMPTS[0], text) for text in ("a", "abcd", "ab")]
    batch = batch_of(samples)
    counts = [int(sample.learn.sum()) for sample in samples]
    values = padded(torch.arange(1.0, sum(counts) + 1), batch)
    mask = mask_of(batch)
    assert values.shape == mask.shape == (3, max(counts))
    assert mask.sum(-1).tolist() == counts
    assert bool(((values != 0) == (mask != 0)).all())
    assert values[mask != 0].tolist() == list(range(1, sum(counts) + 1))


def test_the_reference_stays_what_it_was() -> None:
    model = small_policy()
    parameters, batch = parameters_of(model), batch_of([answer_sample(ENCODER, PROMPTS[0], "abc")])
    reference = frozen(model, parameters)
    before = learnt_logprobs(model, batch).detach()
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.add_(0.1)
    after = learnt_logprobs(model, batch).detach()
    assert torch.equal(reference(batch), before)
    assert not torch.equal(after, before)
    assert torch.equal(learnt_logprobs(model, batch).detach(), after)


def figures(source: Rollouts, count: int) -> list[Mapping[str, float]]:
    return [next(source).figures for _ in range(count)]


def rollouts() -> Rollouts:
    def make(indices: list[int], generator: torch.Generator) -> Rollout:
        batch = batch_of([answer_sample(ENCODER, PROMPTS[i], "a") for i in indices])
        drawn = float(torch.rand(1, generator=generator))
        return Rollout(batch=batch, tensors={"drawn": torch.tensor(drawn)}, figures={"drawn": drawn})

    return Rollouts(make, 4, 2, passes=3, seed=1)


def test_each_rollout_is_learnt_from_as_often_as_wanted() -> None:
    found = [f["drawn"] for f in figures(rollouts(), 9)]
    assert found[0] == found[1] == found[2] != found[3] == found[4] == found[5] != found[6]


@pytest.mark.parametrize("place", [0, 3, 4, 5])
def test_a_source_goes_on_from_between_two_passes(place: int) -> None:
    one, other = rollouts(), rollouts()
    figures(one, place)
    other.restore(one.state())
    assert figures(one, 7) == figures(other, 7)
