"""A transformer out of a file's tensors: each is checked by name and shape, and decoded into its place, once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from treadle.errors import EngineError, ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.memory import available_bytes
from treadle.model.transformer import Transformer
from treadle.model.weights.encodings import PIECE
from treadle.model.weights.names import Part, may_be_ignored

__all__ = ["TensorSource", "assemble"]

_MOST_NAMED = 6


class TensorSource(Protocol):
    """The tensors of a file."""

    @property
    def path(self) -> Path: ...

    def names(self) -> Iterable[str]: ...

    def shape(self, name: str) -> tuple[int, ...]:
        """As the file has it."""
        ...

    def read(self, part: Part, into: Tensor) -> None:
        """Fill ``into``, which is contiguous and has ``part.shape``."""
        ...


def assemble(
    config: ModelConfig, parts: Mapping[str, tuple[Part, ...]], source: TensorSource, dtype: torch.dtype
) -> Transformer:
    """The transformer of ``config`` with the source's weights in ``dtype``, for inference.

    Raises:
        ModelFileError: tensors are missing, are too many, have other shapes, or hold what is no number; all named.
        EngineError: the memory does not suffice; says what would fit.
    """
    _check_names(config, parts, source)
    _check_shapes(parts, source)
    _check_memory(config, source, dtype)
    with torch.device("meta"), _Unfilled():
        model = Transformer(config)
    expected = {name: tuple(p.shape) for name, p in model.named_parameters()}
    state = {name: _parameter(expected[name], pieces, source, dtype) for name, pieces in parts.items()}
    model.load_state_dict(state, assign=True)
    return model.eval()


class _Unfilled(TorchFunctionMode):
    """Parameters keep their shapes and get no first values: random numbers for 135 M of them take a second, and on the
    device 'meta', which has none, asking for them makes torch import its compiler, which takes two."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs.get("tensor", args[0] if args else None)
        return func(*args, **kwargs)


def _check_names(config: ModelConfig, parts: Mapping[str, tuple[Part, ...]], source: TensorSource) -> None:
    held = set(source.names())
    wanted = {part.name for pieces in parts.values() for part in pieces}
    if missing := [part.name for pieces in parts.values() for part in pieces if part.name not in held]:
        raise ModelFileError(
            f"{source.path} lacks {_listed(missing)} of the {len(wanted)} tensors of a {config.family} model with "
            f"{config.n_layers} layers; the file is incomplete, or of another architecture than it says"
        )
    if unused := sorted(name for name in held - wanted if not may_be_ignored(name, config)):
        raise ModelFileError(
            f"{source.path} holds {_listed(unused)} that a {config.family} model of this shape has no place for; "
            "without them it would compute something else"
        )


def _check_shapes(parts: Mapping[str, tuple[Part, ...]], source: TensorSource) -> None:
    """Before any room is made for them: damaged numbers can ask for all of the memory."""
    for part in (part for pieces in parts.values() for part in pieces):
        found, wanted = source.shape(part.name), part.shape[::-1] if part.turned else part.shape
        if found != wanted:
            raise ModelFileError(
                f"tensor {part.name!r} of {source.path} has the shape {list(found)}; the file's own numbers ask for "
                f"{list(wanted)}"
            )


def _check_memory(config: ModelConfig, source: TensorSource, dtype: torch.dtype) -> None:
    free, needed = available_bytes(torch.device("cpu")), config.n_parameters * dtype.itemsize
    if free is not None and needed > free:
        fits = free // dtype.itemsize
        raise EngineError(
            f"not enough memory for {source.path}: its {config.n_parameters:,} numbers take {needed / 1e9:,.1f} GB as "
            f"{str(dtype).removeprefix('torch.')}, and {free / 1e9:,.1f} GB are free; a model of at most {fits:,} numbers "
            "would fit. The llama engine computes with a GGUF file as it is stored"
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def _parameter(shape: tuple[int, ...], pieces: tuple[Part, ...], source: TensorSource, dtype: torch.dtype) -> Tensor:
    parameter, row = torch.empty(shape, dtype=dtype), 0
    for part in pieces:
        place = parameter[row : row + part.shape[0]]
        source.read(part, place)
        if not _all_finite(place):
            raise ModelFileError(
                f"tensor {part.name!r} of {source.path} holds NaN or infinity in {str(dtype).removeprefix('torch.')}; "
                "the file is damaged, or was written from a model whose training failed"
            )
        row += part.shape[0]
    return parameter


def _all_finite(numbers: Tensor) -> bool:
    """A sum shows what is not finite three times as fast as looking at every number; sums that overflow are looked into."""
    total = sum(piece.sum(dtype=torch.float32).item() for piece in torch.split(numbers.view(-1), PIECE))
    return math.isfinite(total) or bool(torch.isfinite(numbers).all())
