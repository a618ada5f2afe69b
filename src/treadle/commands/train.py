"""``treadle train ...``: from rows of text to an adapter or a model."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.commands.exits import EXIT_INTERRUPTED
from treadle.errors import EngineError
from treadle.escaping import escaped

if TYPE_CHECKING:
    from treadle.training.run import Outcome

__all__ = ["StepBar", "needs_torch", "report", "telling_what_is_kept", "train_app"]

train_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train adapters and models.")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The recipe, a TOML file; its paths are from its folder.")
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on with the run, from its last checkpoint.")]
DeviceOption = Annotated[str, typer.Option("--device", help="Where to compute: cpu, cuda, cuda:1, mps.")]


_KINDS = {
    "sft": "Train on rows; the loss is on answers only.",
    "base": "Train on the next token of texts.",
    "infill": "Train on code with holes, to fill them in.",
    "reward": "Train a reward model on pairs of answers.",
    "ppo": "Train against a reward model, by PPO.",
    "dpo": "Train on pairs of answers directly, by DPO.",
    "grpo": "Train against a function that the recipe names, by GRPO.",
}


def _command(kind: str) -> Callable[..., None]:
    """The command for one kind of training."""

    def train(config: ConfigOption, resume: ResumeOption = False, device: DeviceOption = "cpu") -> None:
        _train(kind, config, resume, device)

    return train


for _name, _what in _KINDS.items():
    train_app.command(_name, help=_what)(_command(_name))


@train_app.command("tokenize")
def train_tokenize(config: ConfigOption) -> None:
    """Bring the texts of a recipe to tokens, for `train base`."""
    with needs_torch():
        from treadle.settings import load_settings
        from treadle.training.base import tokenize
        from treadle.training.opening import open_vocabulary
        from treadle.training.recipe import Recipe, read_recipe

        recipe = read_recipe(config, Recipe)
        vocabulary = open_vocabulary(recipe.model, config.parent, load_settings())
        with telling_what_is_kept():
            told = tokenize(recipe, config.parent, vocabulary)
    typer.echo(
        escaped(f"{told['documents']:,} documents, {told['tokens']:,} tokens: {config.parent / recipe.run / 'tokens'}")
    )


@train_app.command("plot")
def train_plot(
    run: Annotated[Path, typer.Argument(help="The folder of a run.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The picture; its kind follows its name (curves.png).")
    ] = None,
) -> None:
    """Draw the curves of a run."""
    from treadle.training.plot import plot

    typer.echo(escaped(str(plot(run / "log.jsonl", out or run / "curves.png"))))


@contextlib.contextmanager
def needs_torch() -> Iterator[None]:
    """Tell which package is missing, and how to get it."""
    # Threads that wait spin only shortly, which matters where a core is busy elsewhere. Read when torch is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "treadle").startswith("treadle"):
            raise
        raise EngineError(f"training needs {error.name}: pip install 'treadle[torch]'") from error


@contextlib.contextmanager
def telling_what_is_kept(run: Path | None = None) -> Iterator[None]:
    """Say of Ctrl-C and ``kill`` what is kept of the run in this folder and how to go on; without a folder, of a file."""
    try:
        yield
    except KeyboardInterrupt:
        kept = "nothing was written"
        if run is not None:
            kept = f"{run} has no checkpoint yet: begin again"
            if (run / "checkpoint.pt").exists():
                kept = f"{run} is kept up to its last checkpoint: the same command with --resume goes on"
        with contextlib.suppress(OSError):  # the terminal may be what went away
            typer.echo(escaped(f"stopped; {kept}"), err=True)
        raise SystemExit(EXIT_INTERRUPTED) from None


def _train(kind: str, config: Path, resume: bool, device: str) -> None:
    with needs_torch():
        from treadle.settings import load_settings
        from treadle.training.kinds import KINDS
        from treadle.training.recipe import read_recipe

        recipe_kind, work = KINDS[kind]
        recipe = read_recipe(config, recipe_kind)
        with telling_what_is_kept(config.parent / recipe.run), StepBar() as shown:
            outcome = work(
                recipe, config.parent, load_settings(), device=device, resume=resume,
                on_begin=shown.begin, on_step=shown.step,
            )  # fmt: skip
    report(outcome)


def report(outcome: Outcome) -> None:
    """Say how a run ended, and which files it left."""
    end = outcome.finished
    judged = "" if end.best_loss is None else f"; best held-out loss {end.best_loss:.4f} at step {end.best_step}"
    typer.echo(escaped(f"{end.steps} steps{' (stopped early)' if end.stopped_early else ''}{judged}"))
    for path in outcome.files:
        typer.echo(escaped(str(path)))


class StepBar:
    """A bar of steps with the last figures, on standard error."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True, markup=False), transient=True)
        self._task = self._progress.add_task("reading", total=None)

    def __enter__(self) -> StepBar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def begin(self, steps: int) -> None:
        self._progress.update(self._task, description="training", total=steps)

    def step(self, figures: Mapping[str, Any]) -> None:
        told = f"loss {figures['loss']:.4f}  norm {figures['norm']:.2f}  {figures['tokens_per_second']:,.0f} tokens/s"
        told += "".join(f"  {name} {figures[name]:.3f}" for name in ("accuracy", "reward", "kl") if name in figures)
        self._progress.update(self._task, description=told, completed=figures["step"])
