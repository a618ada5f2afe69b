"""Training on many processes: ``torchrun --nproc-per-node N -m treadle.training sft --config recipes/x.toml``.

The same loops as ``treadle train``; each process takes its share of the batches. Without ``torchrun`` it is one process.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch
import typer
from torch import distributed

from treadle.errors import TreadleError, UsageError
from treadle.escaping import escaped
from treadle.settings import load_settings
from treadle.training.kinds import KINDS
from treadle.training.processes import current
from treadle.training.recipe import read_recipe

__all__ = ["main"]

EXIT_ERROR, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def main(words: Sequence[str] | None = None) -> int:
    """Train; the exit codes are those of ``treadle``. The first process tells how it goes."""
    try:
        asked = _parser().parse_args(words)
        device, group = _joined(asked.device)
        with group:
            _train(asked, device)
    except TreadleError as error:
        typer.echo(escaped(f"treadle: {error}"), err=True)
        return EXIT_USAGE if isinstance(error, UsageError) else EXIT_ERROR
    except KeyboardInterrupt:
        typer.echo("stopped; the run is kept up to its last checkpoint: go on with --resume", err=True)
        return EXIT_INTERRUPTED
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="torchrun --nproc-per-node N -m treadle.training", description="Train on many processes.")
    parser.add_argument("kind", choices=list(KINDS), help="what `treadle train KIND` does")
    parser.add_argument("--config", "-c", type=Path, required=True, help="the recipe, a TOML file")
    parser.add_argument("--resume", action="store_true", help="go on with the run, from its last checkpoint")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: each process takes a GPU of its own")
    parser.add_argument(
        "--sharding",
        choices=["auto", "none", "fsdp"],
        help="whole models in each process, or shares (default: the recipe's)",
    )
    return parser


def _joined(device: str) -> tuple[str, contextlib.AbstractContextManager[Any]]:
    """The device of this process, and the group of all that torchrun started, to be entered."""
    if not distributed.is_torchelastic_launched():
        return device, contextlib.nullcontext()
    from treadle.training.distributed import joined_group

    if device == "cuda":
        device = f"cuda:{distributed.get_node_local_rank()}"
    elif device != "cpu":
        raise UsageError(f"many processes compute on cpu or cuda, not on {device!r}")
    return device, joined_group(torch.device(device))


def _train(asked: argparse.Namespace, device: str) -> None:
    recipe_kind, work = KINDS[asked.kind]
    recipe = read_recipe(asked.config, recipe_kind)
    if asked.sharding is not None:
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, sharding=asked.sharding))
    leads = current().rank == 0
    outcome = work(
        recipe, asked.config.parent, load_settings(), device=device, resume=asked.resume, on_step=_told if leads else None
    )
    if leads:
        typer.echo(f"{outcome.finished.steps} steps in {current().world} processes")
        for path in outcome.files:
            typer.echo(escaped(str(path)))


def _told(figures: Mapping[str, Any]) -> None:
    rate = f"{figures['tokens_per_second']:,.0f} tokens/s"
    typer.echo(f"step {figures['step']}: loss {figures['loss']:.4f}  norm {figures['norm']:.2f}  {rate}", err=True)


if __name__ == "__main__":
    sys.exit(main())
