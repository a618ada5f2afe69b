from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from support_lora import tiny
from treadle.errors import DataError
from treadle.training.packing import Packed, batch_of, pack
from treadle.training.rows import Sample


def sample(start: int, length: int) -> Sample:
    learn = np.ones(length, np.bool_)
    learn[0] = False
    return Sample(np.arange(start, start + length, dtype=np.int32) % 90, learn)


SAMPLES = [sample(i * 7, 2 + i * 5 % 13) for i in range(50)]
LENGTHS = [len(s) for s in SAMPLES]


@given(st.lists(st.integers(1, 20), max_size=60))
@settings(max_examples=50)
def test_every_sample_is_in_one_group_that_holds_it(lengths: list[int]) -> None:
    groups = pack(lengths, 20)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    assert all(sum(lengths[i] for i in group) <= 20 for group in groups)


def test_batches_are_nearly_full() -> None:
    lengths = [int(n) for n in np.random.default_rng(0).integers(40, 700, 512)]
    assert sum(lengths) / (2048 * len(pack(lengths, 2048))) > 0.97


def test_an_epoch_has_every_sample_once_and_the_next_has_another_order() -> None:
    source = Packed(SAMPLES, LENGTHS, 30, seed=3)
    epochs = []
    for _ in range(2):
        batches = [next(source) for _ in range(source.batches_an_epoch)]
        epochs.append([tuple(b.ids.tolist()) for b in batches])
        assert sum(len(b.ids) for b in batches) == sum(LENGTHS)
        source = Packed(SAMPLES, LENGTHS, 30, seed=3) if len(epochs) > 1 else source
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("before", [0, 1, 7, 40])
def test_it_goes_on_exactly_where_it_was(before: int) -> None:
    source = Packed(SAMPLES, LENGTHS, 30, seed=3)
    for _ in range(before):
        next(source)
    other = Packed(SAMPLES, LENGTHS, 30, seed=3)
    other.restore(source.state())
    for _ in range(30):
        assert torch.equal(next(source).ids, next(other).ids)


def test_processes_share_an_epoch_evenly_without_overlap() -> None:
    whole = Packed(SAMPLES, LENGTHS, 30)
    parts = [Packed(SAMPLES, LENGTHS, 30, rank=rank, world=3) for rank in range(3)]
    assert len({part.batches_an_epoch for part in parts}) == 1
    taken = [tuple(next(part).ids.tolist()) for _ in range(parts[0].batches_an_epoch) for part in parts]
    assert taken == [tuple(next(whole).ids.tolist()) for _ in taken]


def test_no_document_sees_another_and_each_begins_at_position_0() -> None:
    model, samples = tiny(), SAMPLES[:4]
    batch = batch_of(samples)
    with torch.no_grad():
        together = model.hidden(batch.ids[None], lengths=batch.lengths)[0].split(batch.lengths)
        numbers = torch.arange(4).repeat_interleave(torch.tensor(batch.lengths))[None]
        masked = model.hidden(batch.ids[None], documents_BT=numbers)[0].split(batch.lengths)
        for own, hidden, other in zip(samples, together, masked, strict=True):
            alone = model.hidden(torch.from_numpy(own.ids.astype(np.int64))[None])[0]
            assert torch.allclose(hidden, alone, atol=1e-5)
            assert torch.allclose(other, alone, atol=1e-5)


def test_a_window_counts_within_a_document() -> None:
    model = tiny(window=3, family="mistral")
    batch = batch_of(SAMPLES[:3])
    with torch.no_grad():
        together = model.hidden(batch.ids[None], lengths=batch.lengths)[0].split(batch.lengths)
        for own, hidden in zip(SAMPLES, together, strict=False):
            assert torch.allclose(hidden, model.hidden(torch.from_numpy(own.ids.astype(np.int64))[None])[0], atol=1e-5)


def test_targets_are_the_tokens_after_their_positions() -> None:
    batch = batch_of([sample(10, 3), sample(50, 2)])
    places, targets = batch.targets
    assert places.tolist() == [0, 1, 3]
    assert targets.tolist() == [11, 12, 51]


def test_what_cannot_be_packed_is_told() -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        Packed([], [], 10)
    with pytest.raises(DataError, match="a batch takes 10"):
        Packed(SAMPLES, LENGTHS, 10)
    with pytest.raises(DataError, match="too few"):
        Packed(SAMPLES[:1], LENGTHS[:1], 30, world=2)
