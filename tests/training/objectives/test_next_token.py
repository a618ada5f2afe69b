"""Next token: against loops over positions, and seed vectors of a sentence's training pairs."""

from __future__ import annotations

import math

import pytest
import torch

from small_policy import ENCODER, small_policy
from treadle.training.objectives.next_token import (
    next_token_loss,
    sequence_logprobs,
    shifted,
    token_logprobs,
    training_pairs,
    weighted_mean,
)


def naive_loss(logits: torch.Tensor, ids: list[list[int]], learnt: list[list[int]], documents: list[list[int]]) -> float:
    total, count = 0.0, 0
    for b, row in enumerate(ids):
        for t in range(len(row) - 1):
            if learnt[b][t + 1] and documents[b][t] == documents[b][t + 1]:
                scores = logits[b, t].tolist()
                total += math.log(sum(map(math.exp, scores))) - scores[row[t + 1]]
                count += 1
    return total / count


def test_a_sentence_of_n_tokens_gives_n_minus_1_examples() -> None:
    words = ["the", "muon", "decays", "in", "flight"]
    pairs = training_pairs(words)
    assert len(pairs) == len(words) - 1
    assert pairs[0] == (["the"], "muon")
    assert pairs[-1] == (["the", "muon", "decays", "in"], "flight")


def test_the_loss_is_that_of_a_loop_over_positions() -> None:
    random = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 7, 11, generator=random, dtype=torch.float64)
    ids = torch.randint(0, 11, (2, 7), generator=random)
    learnt = torch.tensor([[1, 1, 0, 1, 1, 1, 0], [0, 1, 1, 1, 0, 0, 1]])
    documents = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [5, 5, 6, 6, 6, 7, 7]])
    loss = next_token_loss(logits, *shifted(ids, learnt, documents))
    wanted = naive_loss(logits, ids.tolist(), learnt.tolist(), documents.tolist())
    assert float(loss) == pytest.approx(wanted, rel=1e-12)


def test_logprobs_sum_to_one_over_the_vocabulary_and_to_the_sequence_over_tokens() -> None:
    logits = torch.randn(1, 4, 6, generator=torch.Generator().manual_seed(0))
    every = torch.stack([token_logprobs(logits, torch.full((1, 4), token)) for token in range(6)])
    assert torch.allclose(every.exp().sum(0), torch.ones(1, 4))
    targets, weights = torch.tensor([[1, 2, 3, 4]]), torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    wanted = token_logprobs(logits, targets)[0, 1:3].sum()
    assert torch.allclose(sequence_logprobs(logits, targets, weights), wanted[None])


def test_what_has_no_weight_is_not_looked_at() -> None:
    values = torch.tensor([1.0, math.inf, math.nan, 3.0])
    assert float(weighted_mean(values, torch.tensor([1.0, 0.0, 0.0, 3.0]))) == 2.5
    assert float(weighted_mean(values, torch.zeros(4))) == 0


def test_two_hundred_steps_beat_the_uniform_guess_and_the_frequencies_of_tokens() -> None:
    words = ENCODER.vocabulary.encode("the muon decays in flight; " * 40)
    frequencies = torch.bincount(torch.tensor(words)) / len(words)
    unigram = float(torch.special.entr(frequencies).sum())
    model, ids = small_policy(), torch.tensor([words[start : start + 48] for start in range(0, 480, 24)])
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    targets, weights = shifted(ids, torch.ones_like(ids))
    for step in range(200):
        rows = [step % 20, (7 * step + 3) % 20]
        loss = next_token_loss(model(ids[rows]), targets[rows], weights[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    final = float(next_token_loss(model(ids), targets, weights).detach())
    assert final < unigram < math.log(ENCODER.vocabulary.size)
