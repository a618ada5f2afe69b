"""Which items come next: numbers of items in groups, without end, each epoch shuffled anew by (seed, epoch)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from treadle.errors import DataError
from treadle.training.processes import current

__all__ = ["Draws", "own_draws"]


class Draws:
    """Groups of ``size`` of ``n_items`` numbers; a last, smaller one at the end of an epoch is filled from the next.

    Of ``world`` processes that train together, each takes its part of a group that is so many times as large.

    Raises:
        DataError: there are no items.
    """

    def __init__(self, n_items: int, size: int, seed: int = 0, *, rank: int = 0, world: int = 1) -> None:
        if not n_items:
            raise DataError("there is nothing to train on: no item is left")
        self._n_items, self._size, self._seed = n_items, size, seed
        self._rank, self._world = rank, world
        self._drawn = 0

    def __next__(self) -> list[int]:
        found: list[int] = []
        while len(found) < self._size * self._world:
            epoch, place = divmod(self._drawn, self._n_items)
            order = np.random.default_rng([self._seed, epoch]).permutation(self._n_items)
            taken = order[place : place + self._size * self._world - len(found)].tolist()
            found += taken
            self._drawn += len(taken)
        return found[self._rank * self._size :][: self._size]

    def state(self) -> dict[str, Any]:
        return {"drawn": self._drawn}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._drawn = int(state["drawn"])


def own_draws(n_items: int, size: int, seed: int) -> Draws:
    """Those of this process, of all that train together."""
    processes = current()
    return Draws(n_items, size, seed, rank=processes.rank, world=processes.world)
