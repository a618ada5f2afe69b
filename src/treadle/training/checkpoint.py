"""Checkpoints: all that a run needs to go on as if it had never stopped. There is always a whole one under the name."""

from __future__ import annotations

import os
import pickle
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch

from treadle.errors import DataError, UsageError

__all__ = ["load_checkpoint", "save_checkpoint", "take_away_parts"]


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values. Written beside its place, synced and renamed: a kill leaves the old one or the new."""
    beside = path.with_name(f".{path.name}.part")
    with beside.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def load_checkpoint(path: Path, fingerprint: str, file: IO[bytes] | None = None) -> dict[str, Any]:
    """What ``save_checkpoint`` wrote; tensors and plain values only, whatever else the file may hold. ``file``: where
    it is read from, if not from ``path``.

    Raises:
        DataError: there is none, or it is damaged.
        UsageError: it is of a run with another recipe or other data.
    """
    try:
        state: dict[str, Any] = torch.load(path if file is None else file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise DataError(f"cannot read the checkpoint {path}: {error}") from error
    if state.get("fingerprint") != fingerprint:
        raise UsageError(
            f"{path} was written by a run with another recipe or other data; a run can only go on as it began. Take the "
            "recipe back to what it was, or name another folder"
        )
    return state


def take_away_parts(folder: Path) -> None:
    """Take away what a run that was killed while it wrote left in its folder beside its files."""
    for path in [*folder.glob(".*.part"), *folder.glob(".adapter-*"), *folder.glob(".model-*")]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
