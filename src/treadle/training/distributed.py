"""Many processes by ``torch.distributed``: sums over them, and checkpoints that all write.

Parameters are whole in every process, and their gradients are summed here; or they are in shards (``shards.py``), and torch
sums their gradients on the way back.

A checkpoint is a folder of a step: each process writes its part, and torch writes ``.metadata`` last, when all are on the
disk. A folder without it is of a run that was killed while it wrote; the one before is then still there.

Run with gloo on CPUs. With NCCL on GPUs it was never run: there, too, numbers and plain values go by gloo, gradients and
shards by NCCL.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.tensor import DTensor, distribute_tensor

from treadle.errors import DataError, UsageError
from treadle.training.checkpoint import load_checkpoint, save_checkpoint
from treadle.training.processes import CHECKPOINT, CHECKPOINTS, Snapshot, gradients_of

__all__ = ["ManyProcesses", "joined_group"]

_OWN = "process."
"""The name under which each process keeps its plain values in a checkpoint; its number follows."""


@contextlib.contextmanager
def joined_group(device: torch.device) -> Iterator[ManyProcesses]:
    """Within the block the processes that ``torchrun`` started are one group. On GPUs it sums by NCCL, else by gloo."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    try:
        yield ManyProcesses()
    finally:
        distributed.destroy_process_group()


class ManyProcesses:
    """All processes of torch's group."""

    def __init__(self) -> None:
        self.rank, self.world = distributed.get_rank(), distributed.get_world_size()

    def total(self, sums: Mapping[str, float], /) -> dict[str, float]:
        names = sorted(sums)
        numbers = torch.tensor([sums[name] for name in names], dtype=torch.float64)
        distributed.all_reduce(numbers)
        return dict(zip(names, numbers.tolist(), strict=True))

    def gradients(self, parameters: Mapping[str, nn.Parameter], /) -> list[Tensor]:
        whole = [p for p in parameters.values() if not isinstance(p, DTensor)]  # shards are summed on the way back
        for parameter in whole:
            if parameter.grad is None:  # it may have one in another process
                parameter.grad = torch.zeros_like(parameter)
        found = gradients_of({str(i): p for i, p in enumerate(whole)})
        if found:  # one message for all: many small ones cost their latency each
            flat = torch.cat([gradient.flatten() for gradient in found])
            distributed.all_reduce(flat)
            pieces = torch.split(flat, [gradient.numel() for gradient in found])
            torch._foreach_copy_(found, [piece.view_as(g) for piece, g in zip(pieces, found, strict=True)])
        return gradients_of(parameters)

    def norm(self, gradients: Sequence[Tensor], /) -> float:
        found = torch.nn.utils.get_total_norm(gradients)
        return float(_whole(found))

    @contextlib.contextmanager
    def lead_first(self) -> Iterator[None]:
        if self.rank:
            distributed.barrier()
        yield
        if not self.rank:
            distributed.barrier()

    def has_checkpoint(self, folder: Path, /) -> bool:
        if (folder / CHECKPOINT).exists():
            raise UsageError(f"{folder} holds a run of one process: go on with it by treadle train, or name another folder")
        return self._last(folder) is not None

    def save(self, folder: Path, snapshot: Snapshot, /) -> None:
        step = int(snapshot["state"]["step"])
        place = folder / CHECKPOINTS / f"{step:08d}"
        if not self.rank:
            shutil.rmtree(place, ignore_errors=True)  # of a run that was killed while it wrote
        distributed.barrier()
        tensors, own = _apart(snapshot)
        tensors[f"{_OWN}{self.rank}"] = _packed(own)
        save(tensors, storage_writer=FileSystemWriter(place))
        if not self.rank:
            for other in (folder / CHECKPOINTS).iterdir():
                if other != place:
                    shutil.rmtree(other, ignore_errors=True)

    def load(
        self,
        folder: Path,
        fingerprint: str,
        parameters: Mapping[str, nn.Parameter],
        optimisers: Sequence[torch.optim.Optimizer],
        /,
    ) -> Snapshot:
        place = self._last(folder)
        if place is None:
            raise DataError(f"there is no whole checkpoint in {folder}")
        try:
            reader = _Reader(place)
            stored = reader.read_metadata().state_dict_metadata
            self._check(stored, parameters, place)
            wanted = {
                name: _room(about, _like(name, parameters, optimisers))
                for name, about in stored.items()
                if isinstance(about, TensorStorageMetadata)
            }
            load(wanted, storage_reader=reader)
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, CheckpointException) as error:
            raise DataError(f"cannot read the checkpoint {place}: {error}") from error
        own = _unpacked(wanted.pop(f"{_OWN}{self.rank}"), fingerprint, place)
        return _together(wanted, own)

    def _check(self, stored: Mapping[str, Any], parameters: Mapping[str, nn.Parameter], place: Path) -> None:
        world = sum(name.startswith(_OWN) for name in stored)
        if world != self.world:
            raise UsageError(
                f"{place} was written by {world} processes, and these are {self.world}: what each reads would be another "
                f"part. Go on with --nproc-per-node and --nnodes that make {world}"
            )
        if {f"parameters.{name}" for name in parameters} != {n for n in stored if n.startswith("parameters.")}:
            raise DataError(f"{place} holds other parameters than are trained here")

    def save_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /, **others: Any) -> None:
        values = {name: _whole(parameter.detach()) for name, parameter in parameters.items()}
        if not self.rank:
            save_checkpoint(path, {**others, "parameters": values, "fingerprint": ""})
        distributed.barrier()

    def load_whole(self, path: Path, parameters: Mapping[str, nn.Parameter], /) -> dict[str, Tensor]:
        values = load_checkpoint(path, "")["parameters"]
        return {name: _laid_out(value, parameters[name]) for name, value in values.items()}

    def _last(self, folder: Path) -> Path | None:
        """The newest whole checkpoint, as the first process sees it."""
        found: list[str | None] = [None]
        if not self.rank:
            whole = [metadata.parent.name for metadata in (folder / CHECKPOINTS).glob("*/.metadata")]
            found = [max(whole, default=None)]
        distributed.broadcast_object_list(found)
        return None if found[0] is None else folder / CHECKPOINTS / found[0]


# ------------------------------------------------------------------------------------------------ checkpoints


def _apart(snapshot: Snapshot) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors that the processes have in common, by name, and the rest."""
    tensors = {f"{part}.{name}": value for part in ("parameters", "ema") for name, value in snapshot[part].items()}
    plain = []
    for number, state in enumerate(snapshot["optimisers"]):
        for index, moments in state["state"].items():
            tensors |= {f"optimiser.{number}.{index}.{name}": value for name, value in moments.items()}
        plain.append(state["param_groups"])
    rest = {name: value for name, value in snapshot.items() if name not in ("parameters", "ema", "optimisers")}
    return tensors, {**rest, "groups": plain}


def _together(tensors: Mapping[str, Tensor], own: dict[str, Any]) -> Snapshot:
    """Back from ``_apart``."""
    optimisers: list[dict[str, Any]] = [{"state": {}, "param_groups": groups} for groups in own.pop("groups")]
    snapshot: Snapshot = {**own, "parameters": {}, "ema": {}, "optimisers": optimisers}
    for name, value in tensors.items():
        part, _, rest = name.partition(".")
        if part == "optimiser":
            number, index, moment = rest.split(".", 2)
            optimisers[int(number)]["state"].setdefault(int(index), {})[moment] = value
        elif part in ("parameters", "ema"):
            snapshot[part][rest] = value
    return snapshot


def _like(
    name: str, parameters: Mapping[str, nn.Parameter], optimisers: Sequence[torch.optim.Optimizer]
) -> nn.Parameter | None:
    """The parameter that a stored tensor belongs to."""
    part, _, rest = name.partition(".")
    if part == "optimiser":
        number, index, _ = rest.split(".", 2)
        order: list[nn.Parameter] = [p for group in optimisers[int(number)].param_groups for p in group["params"]]
        return order[int(index)]
    return parameters.get(rest) if part in ("parameters", "ema") else None


def _room(about: TensorStorageMetadata, like: nn.Parameter | None) -> Tensor:
    """A tensor to read into; a shard where the parameter that it belongs to is one."""
    if like is not None and like.shape == about.size:
        return torch.zeros_like(like, dtype=about.properties.dtype).detach()
    return torch.empty(about.size, dtype=about.properties.dtype)


def _packed(own: Mapping[str, Any]) -> Tensor:
    """Plain values and tensors as bytes. torch would pickle them, and whoever reads a pickle runs what is in it."""
    buffer = io.BytesIO()
    torch.save(dict(own), buffer)
    return torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)


def _unpacked(data: Tensor, fingerprint: str, place: Path) -> dict[str, Any]:
    return load_checkpoint(place, fingerprint, io.BytesIO(data.numpy().tobytes()))


class _Reader(FileSystemReader):
    """Reads ``.metadata``, which is a pickle, without running anything but the plain classes that torch writes there."""

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        with (Path(self.path) / ".metadata").open("rb") as file:
            found = _Metadata(file).load()
        found.storage_meta.load_id = self.load_id
        return cast(Metadata, found)


_PLAIN = {
    "torch.distributed.checkpoint.metadata": (
        "Metadata", "TensorStorageMetadata", "ChunkStorageMetadata", "TensorProperties", "BytesStorageMetadata",
        "MetadataIndex", "StorageMeta", "_MEM_FORMAT_ENCODING",
    ),
    "torch.distributed.checkpoint.filesystem": ("_StorageInfo",),
    "torch.serialization": ("_get_layout",),
    "torch": ("Size", "float32", "float64", "bfloat16", "float16", "int64", "int32", "uint8", "bool"),
    "pathlib": ("PosixPath",),
    "pathlib._local": ("PosixPath",),
    "collections": ("OrderedDict",),
}  # fmt: skip
"""Modules and names that ``.metadata`` refers to, as torch 2.13 writes it."""


class _Metadata(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name not in _PLAIN.get(module, ()):
            raise pickle.UnpicklingError(f"it names {module}.{name}, which checkpoints do not need")
        return super().find_class(module, name)


def _whole(value: Tensor) -> Tensor:
    return value.full_tensor() if isinstance(value, DTensor) else value


def _laid_out(value: Tensor, like: Tensor) -> Tensor:
    """A whole tensor as ``like`` is: every process has it, and takes its own part."""
    if not isinstance(like, DTensor):
        return value
    return distribute_tensor(value.to(like.device), like.device_mesh, like.placements, src_data_rank=None)
