"""Draws: every item once an epoch, each epoch in another order, and on from where it was."""

from __future__ import annotations

import pytest

from treadle.errors import DataError
from treadle.training.draws import Draws


def test_every_item_once_an_epoch_in_another_order() -> None:
    draws = Draws(7, 3, seed=1)
    found = [i for _ in range(7) for i in next(draws)]
    epochs = [found[k : k + 7] for k in (0, 7, 14)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3


def test_it_goes_on_from_where_it_was() -> None:
    one, other = Draws(5, 4, seed=2), Draws(5, 4, seed=2)
    for _ in range(3):
        next(one)
    other.restore(one.state())
    assert [next(one) for _ in range(4)] == [next(other) for _ in range(4)]


def test_more_than_there_are_items() -> None:
    assert sorted(next(Draws(2, 6))) == [0, 0, 0, 1, 1, 1]
    with pytest.raises(DataError, match="nothing to train on"):
        Draws(0, 1)
