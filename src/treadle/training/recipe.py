"""Recipes: a training run as a TOML file, read strictly into dataclasses; an unknown key is told with the nearest ones."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from treadle.errors import UnknownNameError, UsageError

__all__ = ["DataPart", "LoraPart", "ModelPart", "Recipe", "TrainPart", "fingerprint", "read_recipe"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPart:
    """Which model is trained. ``base``: a name of the catalogue, a GGUF file or a folder; 'new' for random weights of
    ``[model.shape]`` with the vocabulary of ``vocabulary``, which is named as a base is."""

    base: str = "smollm2"
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    checkpointing: bool = False
    vocabulary: str = "smollm2"
    shape: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraPart:
    """The adapter; ``rank`` 0 trains the whole model."""

    rank: int = 16
    alpha: float = 32.0
    targets: tuple[str, ...] = ("q", "k", "v", "o", "gate", "up", "down")
    start: str = ""
    """Go on from this adapter: one that is shipped, by its name, or a file or folder, from the recipe's folder. Rank, alpha
    and targets are then its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPart:
    """``train`` and ``held_out`` are patterns of files, looked up from the recipe's folder. Without files to hold out, a
    share of the groups of rows is."""

    train: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    share_held_out: float = 0.02
    most_tokens: int = 1024
    """Of one text; longer ones are cut."""
    most_held_out: int = 256
    """Texts that an evaluation takes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPart:
    """How it is trained; see ``loop.Plan``. Steps follow from ``epochs`` where they are not given."""

    steps: int = 0
    epochs: float = 1.0
    tokens_a_batch: int = 2048
    accumulate: int = 1
    learning_rate: float = 2e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warm_up: int = 20
    floor: float = 0.1
    clip: float = 1.0
    optimiser: Literal["adamw", "muon"] = "adamw"
    muon_rate: float = 0.02
    weight_decay: float = 0.0
    beta1: float = 0.9
    beta2: float = 0.95
    ema: float = 0.0
    seed: int = 0
    evaluate_every: int = 100
    patience: int = 0
    checkpoint_every: int = 50
    threads: int = 0
    """0: as many as the process may use, at most 8."""
    sharding: Literal["auto", "none", "fsdp"] = "auto"
    """Of many processes: whether each keeps the whole model (none) or a share of it (fsdp). ``auto`` looks at its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Next-token and supervised training. ``run``: the folder that is written, from the recipe's folder."""

    run: str
    model: ModelPart = ModelPart()
    lora: LoraPart = LoraPart()
    data: DataPart = DataPart()
    train: TrainPart = TrainPart()


def read_recipe(path: Path, kind: type[T]) -> T:
    """The recipe of a file, as the dataclass ``kind``.

    Raises:
        UsageError: the file cannot be read, is no TOML, lacks a key, or a value has the wrong type or is out of bounds.
        UnknownNameError: a key or a choice that does not exist; names the nearest.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"cannot read the recipe {path}: {error}") from error
    return _table(kind, document, "", path)


def _table(kind: type[T], table: Mapping[str, Any], where: str, path: Path) -> T:
    assert dataclasses.is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in dataclasses.fields(kind)}
    for key in table:
        if key not in known:
            raise UnknownNameError(f"key of [{where or 'the recipe'}]", key, known, f"It stands in {path}.")
    for name, own in known.items():
        if own.default is dataclasses.MISSING and own.default_factory is dataclasses.MISSING and name not in table:
            raise UsageError(f"the recipe {path} lacks {_dotted(where, name)}")
    values = {key: _value(hints[key], value, _dotted(where, key), path) for key, value in table.items()}
    return typing.cast(T, kind(**values))


def _dotted(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _value(hint: Any, value: Any, where: str, path: Path) -> Any:
    origin = typing.get_origin(hint)
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise UsageError(f"{where} in {path} should be a table [{where}]")
        return _table(typing.cast(type[Any], hint), value, where, path)
    if origin is Literal:
        if value not in typing.get_args(hint):
            raise UnknownNameError(
                f"choice of {where}", str(value), map(str, typing.get_args(hint)), f"It stands in {path}."
            )
        return value
    if origin in (typing.Union, types.UnionType):
        return _value(next(a for a in typing.get_args(hint) if a is not type(None)), value, where, path)
    if origin is tuple:
        inner = typing.get_args(hint)[0]
        return tuple(_value(inner, item, where, path) for item in _typed(value, list, where, path))
    if hint is float:
        return float(_typed(value, (int, float), where, path))
    return _typed(value, {"Mapping": dict}.get(getattr(origin, "__name__", ""), origin or hint), where, path)


def _typed(value: Any, kind: Any, where: str, path: Path) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = [k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,))]
        raise UsageError(f"{where} in {path} should be of type {' or '.join(names)}, it is {value!r}")
    if isinstance(value, int | float) and not isinstance(value, bool) and not value >= 0:
        raise UsageError(f"{where} in {path} should be 0 or more, it is {value!r}")
    return value


def fingerprint(recipe: Any, *others: str) -> str:
    """A name of a recipe and of what else must be the same for a run to go on: 16 hexadecimal digits."""
    told = dataclasses.asdict(recipe)
    told["train"].pop("sharding", None)  # where parameters lie changes no number
    if not told.get("lora", {}).get("start"):
        told.get("lora", {}).pop("start", None)  # as in runs that were begun before it could be said
    text = json.dumps([told, *others], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
