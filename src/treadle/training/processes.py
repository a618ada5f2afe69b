"""The processes that train together: one, as a rule, or those that ``torchrun`` started.

The loop sums gradients and figures over them and leaves checkpoints to them; else it does not know how many they are. Every
process goes through the same steps with the same parameters, each on its own share of the batches.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, distributed, nn

from treadle.errors import UsageError
from treadle.training.checkpoint import load_checkpoint, save_checkpoint

__all__ = ["CHECKPOINT", "CHECKPOINTS", "OneProcess", "Processes", "Snapshot", "current", "gradients_of"]

CHECKPOINT, CHECKPOINTS = "checkpoint.pt", "checkpoints"
"""What one process writes, and the folder of what several write."""

Snapshot = dict[str, Any]
"""``parameters`` and ``ema`` (tensors by name), ``optimisers`` (their state dicts), and plain values that belong to this
process, such as its place in the data."""


class Processes(Protocol):
    """``rank`` is this process's number of ``world``; the first one writes logs and files."""

    @property
    def rank(self) -> int: ...

    @property
    def world(self) -> int: ...

    def total(self, sums: Mapping[str, float], /) -> dict[str, float]:
        """Each number summed over the processes; all give the same names."""
        ...

    def gradients(self, parameters: Mapping[str, nn.Parameter], /) -> list[Tensor]:
        """The gradients of the parameters, summed over the processes, to be changed in place."""
        ...

    def norm(self, gradients: Sequence[Tensor], /) -> float:
        """The norm of all gradients as one vector."""
        ...

    def lead_first(self) -> contextlib.AbstractContextManager[None]:
        """The first process goes through the block before the others do."""
        ...

    def has_checkpoint(self, folder: Path, /) -> bool:
        """Whether the folder holds a run.

        Raises:
            UsageError: it is one of another number of processes.
        """
        ...

    def save(self, folder: Path, snapshot: Snapshot, /) -> None:
        """Keep what a run needs to go on; a kill at any moment leaves the earlier checkpoint or this one."""
        ...

    def load(
        self,
        folder: Path,
        fingerprint: str,
        parameters: Mapping[str, nn.Parameter],
        optimisers: Sequence[torch.optim.Optimizer],
        /,
    ) -> Snapshot:
        """The last snapshot.

        Raises:
            DataError: it is damaged, or holds other parameters.
            UsageError: it is of another run.
        """
        ...

    def save_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /, **others: Any) -> None:
        """Write the values of the parameters into one file, with plain values beside them."""
        ...

    def load_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /) -> dict[str, Tensor]:
        """The values that ``save_whole`` wrote, laid out as the parameters are."""
        ...


class OneProcess:
    """The usual case: nothing to add up, and a checkpoint is one file."""

    rank, world = 0, 1

    def total(self, sums: Mapping[str, float], /) -> dict[str, float]:
        return dict(sums)

    def gradients(self, parameters: Mapping[str, nn.Parameter], /) -> list[Tensor]:
        return gradients_of(parameters)

    def norm(self, gradients: Sequence[Tensor], /) -> float:
        return float(torch.nn.utils.get_total_norm(gradients))

    def lead_first(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def has_checkpoint(self, folder: Path, /) -> bool:
        if (folder / CHECKPOINTS).is_dir():
            raise UsageError(f"{folder} holds a run of several processes: go on with it by torchrun, or name another folder")
        return (folder / CHECKPOINT).exists()

    def save(self, folder: Path, snapshot: Snapshot, /) -> None:
        save_checkpoint(folder / CHECKPOINT, snapshot)

    def load(
        self,
        folder: Path,
        fingerprint: str,
        parameters: Mapping[str, nn.Parameter],
        optimisers: Sequence[torch.optim.Optimizer],
        /,
    ) -> Snapshot:
        return load_checkpoint(folder / CHECKPOINT, fingerprint)

    def save_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /, **others: Any) -> None:
        values = {name: parameter.detach() for name, parameter in parameters.items()}
        save_checkpoint(path, {**others, "parameters": values, "fingerprint": ""})

    def load_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /) -> dict[str, Tensor]:
        values: dict[str, Tensor] = load_checkpoint(path, "")["parameters"]
        return values


_ONE = OneProcess()


def current() -> Processes:
    """The processes that this one trains with. torch keeps one group of them for the whole process, so it is asked."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return _ONE
    from treadle.training.distributed import ManyProcesses

    return ManyProcesses()


def gradients_of(parameters: Mapping[str, nn.Parameter]) -> list[Tensor]:
    """Those that are there."""
    return [p.grad for p in parameters.values() if p.grad is not None]
