"""Samples packed into batches of a bounded number of tokens, in an order that a seed fixes and that can be resumed anywhere.

A batch is one row of whole samples laid end to end, without padding; ``lengths`` says where each ends. The transformer lets
none see another, and begins each at position 0. So a batch costs what its tokens cost, whatever their lengths.

Each epoch is shuffled anew by (seed, epoch). The order is cut into windows, within which samples are laid, longest first,
into the batch with the least room that still takes them; then the window's batches are shuffled. What was packed is known
from (seed, epoch) alone, so the place in a run is two whole numbers, and any process of many can say which part is its own.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from treadle.errors import DataError
from treadle.training.rows import Sample

__all__ = ["Batch", "Packed", "Samples", "batch_of", "pack"]

WINDOW = 512
"""Samples that are packed together: enough to fill batches to 99 %, few enough to stay a random order."""


class Samples(Protocol):
    """Anything that has samples by number: a list, or a file of tokens."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Sample: ...


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Tokens [N] of whole samples, one after the other. ``learn`` as in ``Sample``; ``lengths`` sum to N."""

    ids: Tensor
    learn: Tensor
    lengths: tuple[int, ...]

    def to(self, device: torch.device) -> Batch:
        return Batch(self.ids.to(device), self.learn.to(device), self.lengths)

    @property
    def targets(self) -> tuple[Tensor, Tensor]:
        """The positions whose next token is learnt, and that token: both [M]."""
        places = self.learn.nonzero().flatten()
        return places - 1, self.ids[places]


def batch_of(samples: Sequence[Sample]) -> Batch:
    """The samples as one batch."""
    ids = np.concatenate([sample.ids for sample in samples]).astype(np.int64)
    learn = np.concatenate([sample.learn for sample in samples])
    return Batch(torch.from_numpy(ids), torch.from_numpy(learn), tuple(len(sample) for sample in samples))


def pack(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Indices of ``lengths`` in groups that sum to at most ``room``: best fit, longest first."""
    groups: list[list[int]] = []
    spaces: list[tuple[int, int]] = []  # (room left, group), sorted
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        at = bisect_left(spaces, (lengths[index], 0))
        if at == len(spaces):
            space, group = room, len(groups)
            groups.append([])
        else:
            space, group = spaces.pop(at)
        groups[group].append(index)
        insort(spaces, (space - lengths[index], group))
    return groups


class Packed:
    """Batches of at most ``room`` tokens without end, epoch after epoch.

    Of ``world`` processes that train together, each takes every ``world``-th batch; what is left over at the end of an epoch
    is left out, so that all take equally many.

    Raises:
        DataError: there are no samples, too few for that many processes, or one is longer than ``room``.
    """

    def __init__(
        self, samples: Samples, lengths: Sequence[int], room: int, *, seed: int = 0, rank: int = 0, world: int = 1
    ) -> None:
        if not len(samples):
            raise DataError("there is nothing to train on: no sample is left")
        if max(lengths) > room:
            raise DataError(
                f"a sample has {max(lengths)} tokens, a batch takes {room}; cut samples, or let batches take more"
            )
        self._samples, self._lengths, self._room = samples, lengths, room
        self._seed, self._rank, self._world = seed, rank, world
        self.epoch = self.place = 0
        self._plan = self._planned()
        if not self._plan:
            raise DataError(f"{len(samples)} samples are too few for {world} processes")

    @property
    def batches_an_epoch(self) -> int:
        """Of the present epoch, for each process."""
        return len(self._plan)

    def __next__(self) -> Batch:
        if self.place == len(self._plan):
            self.epoch, self.place = self.epoch + 1, 0
            self._plan = self._planned()
        group = self._plan[self.place]
        self.place += 1
        return batch_of([self._samples[i] for i in group])

    def state(self) -> dict[str, int]:
        """Where the run is; with the same samples and numbers, ``restore`` goes on from exactly here."""
        return {"epoch": self.epoch, "place": self.place}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.epoch, self.place = int(state["epoch"]), int(state["place"])
        self._plan = self._planned()

    def _planned(self) -> list[list[int]]:
        random = np.random.default_rng([self._seed, self.epoch])
        order = random.permutation(len(self._samples))
        plan: list[list[int]] = []
        for start in range(0, len(order), WINDOW):
            window = order[start : start + WINDOW]
            groups = pack([int(self._lengths[i]) for i in window], self._room)
            plan += [[int(window[i]) for i in groups[g]] for g in random.permutation(len(groups))]
        whole = len(plan) - len(plan) % self._world
        return plan[self._rank : whole : self._world]
