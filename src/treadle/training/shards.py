"""Models in shards (FSDP2): each process keeps its share of parameters, gradients and moments, and a block is whole only
while it is computed. That serves models which do not fit otherwise; what is small is faster whole.

Run with gloo on CPUs; with NCCL on GPUs never.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from treadle.model.lora import add_adapter
from treadle.model.transformer import Transformer
from treadle.training.opening import Opened
from treadle.training.packing import Batch
from treadle.training.processes import current
from treadle.training.scores import learnt_logprobs

__all__ = ["SMALL_BYTES", "Shards", "in_shards", "memory_of"]

SMALL_BYTES = 8 << 30
"""What a process may keep for itself: beyond it ``auto`` makes shards."""


def in_shards(opened: Opened, sharding: Literal["auto", "none", "fsdp"]) -> tuple[Opened, Shards | None]:
    """The model in shards where it is to be, with its parameters as they are then."""
    small = memory_of(opened.model, opened.parameters) <= SMALL_BYTES
    if sharding == "none" or (sharding == "auto" and small):
        return opened, None
    shards = Shards(opened)
    now = dict(opened.model.named_parameters())
    return dataclasses.replace(opened, parameters={name: now[name] for name in opened.parameters}), shards


class Shards(nn.Module):
    """``scores.learnt_logprobs`` of a model that is in shards from now on, block by block.

    Embedding and last norm are used at the beginning and at the end, so the outermost shard is of the whole computation.
    """

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.model = opened.model
        for module in (*self.model.blocks, self):
            shard = fully_shard(module, reshard_after_forward=True)
            # Sums, not means: the loop divides by the weight of all batches. gloo has no PreMulSum, which torch would take.
            shard.set_gradient_divide_factor(1.0)
            shard.set_force_sum_reduction_for_comms(True)

    def forward(self, ids: Tensor, learn: Tensor, lengths: tuple[int, ...]) -> Tensor:
        return learnt_logprobs(self.model, Batch(ids, learn, lengths))

    def scores(self, batch: Batch) -> Tensor:
        """Log-probability [M] of each token that is learnt. All processes have to ask for as many batches."""
        found: Tensor = self(batch.ids, batch.learn, batch.lengths)
        return found

    def whole(self, opened: Opened) -> Opened:
        """The model in one piece on the CPU of the first process, for files; the others only give their shares.

        It is a new one: what asks a model in shards for its state gets shards again, which no process can read alone.
        """
        values = {name: _gathered(parameter) for name, parameter in self.model.named_parameters()}
        if current().rank:
            return opened
        with torch.device("meta"):
            model = Transformer(opened.model.config)
        if opened.shape is not None:
            add_adapter(model, opened.shape)
        model.load_state_dict(values, assign=True)
        return dataclasses.replace(opened, model=model)


def _gathered(parameter: Tensor) -> Tensor:
    """All of it on the CPU; every process has to ask."""
    value = parameter.detach()
    return (value.full_tensor() if isinstance(value, DTensor) else value).cpu()


def memory_of(model: nn.Module, parameters: Mapping[str, nn.Parameter]) -> int:
    """Bytes of a whole model in training: its weights, and of what is trained gradients and two moments."""
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    return weights + sum(3 * p.numel() * p.element_size() for p in parameters.values())
