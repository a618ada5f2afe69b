"""Keys and values of positions that were computed already, so that each token is computed once.

Drafts of one prompt share its positions: the prompt is computed once, for one text, and kept once; ``branch`` then gives
every draft room of its own after it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from treadle.model.config import ModelConfig

__all__ = ["KVCache", "LayerCache"]

_STEP = 16
"""Positions that are added when a cache is full: what is stored is then multiplied as it lies, where a part of it would be
copied for each product. Products over a multiple of so many positions have the same bits however many rows are computed at
once; products over one more or less are made by other kernels (and after a prompt of one or two tokens always by a loop of
torch's own)."""


class LayerCache:
    """Keys and values of one layer: ``prefix``, [K, P, E] each, shared by all drafts, and [B, K, S, E] after it."""

    def __init__(self, prefix: tuple[Tensor, Tensor] | None = None) -> None:
        self.prefix = prefix
        self._store: tuple[Tensor, Tensor] | None = None
        self._length = 0

    @property
    def keys(self) -> Tensor:
        assert self._store is not None
        return self._store[0][:, :, : self._length]

    @property
    def values(self) -> Tensor:
        assert self._store is not None
        return self._store[1][:, :, : self._length]

    @property
    def own_length(self) -> int:
        """Positions after the prefix."""
        return self._length

    def whole_steps(self) -> tuple[Tensor, Tensor]:
        """Keys and values, [B, K, S', E], with positions after the last one up to a multiple of 16: finite numbers that
        nobody may look at."""
        assert self._store is not None
        end = _whole(self._length)
        return self._store[0][:, :, :end], self._store[1][:, :, :end]

    def append(self, k_BKTE: Tensor, v_BKTE: Tensor) -> None:
        end = self._length + k_BKTE.shape[2]
        if self._store is None or end > self._store[0].shape[2]:
            self._grow(k_BKTE, v_BKTE, end)
        assert self._store is not None
        self._store[0][:, :, self._length : end] = k_BKTE
        self._store[1][:, :, self._length : end] = v_BKTE
        self._length = end

    def _grow(self, k_BKTE: Tensor, v_BKTE: Tensor, end: int) -> None:
        room = _whole(end)
        old, store = self._store, []
        for index, new in enumerate((k_BKTE, v_BKTE)):
            larger = torch.zeros(*new.shape[:2], room, new.shape[3], dtype=new.dtype, device=new.device)
            if old is not None:
                larger[:, :, : self._length] = old[index][:, :, : self._length]
            store.append(larger)
        self._store = store[0], store[1]

    def truncate(self, length: int) -> None:
        self._length = length

    def keep(self, rows: Tensor) -> None:
        if self._store is not None:
            self._store = self._store[0][rows], self._store[1][rows]

    def as_prefix(self) -> tuple[Tensor, Tensor]:
        """All positions of the only text, [K, P, E]."""
        keys, values = self.keys[0], self.values[0]
        if self.prefix is not None:
            keys = torch.cat((self.prefix[0], keys), dim=1)
            values = torch.cat((self.prefix[1], values), dim=1)
        return keys.contiguous(), values.contiguous()


def _whole(length: int) -> int:
    return -(-length // _STEP) * _STEP


class KVCache:
    """What a model remembers of the positions before: one ``LayerCache`` a layer. ``length`` counts shared positions too."""

    def __init__(self, config: ModelConfig) -> None:
        self.layers = [LayerCache() for _ in range(config.n_layers)]
        self.length = 0

    def advance(self, n_new: int) -> None:
        self.length += n_new

    def branch(self) -> KVCache:
        """A cache for drafts that continue this one's only text, whose positions they share; this one stays as it is."""
        other = object.__new__(KVCache)
        other.layers = [LayerCache(layer.as_prefix()) for layer in self.layers]
        other.length = self.length
        return other

    def truncate(self, length: int) -> None:
        """Forget all positions from ``length`` on; those of a shared prefix cannot be forgotten.

        Raises:
            ValueError: ``length`` lies beyond what is held or within the shared prefix.
        """
        shared = 0 if self.layers[0].prefix is None else self.layers[0].prefix[0].shape[1]
        if not shared <= length <= self.length:
            raise ValueError(f"a cache of {self.length} positions, {shared} of them shared, cannot be cut to {length}")
        for layer in self.layers:
            layer.truncate(length - shared)
        self.length = length

    def keep(self, rows: Tensor) -> None:
        """Keep only these drafts (indices), in this order: finished ones need no further work."""
        for layer in self.layers:
            layer.keep(rows)

    @property
    def n_bytes(self) -> int:
        """Memory held, in bytes; a shared prefix counts once."""
        tensors = [t for layer in self.layers for pair in (layer.prefix, layer._store) if pair is not None for t in pair]
        return sum(t.numel() * t.element_size() for t in tensors)
