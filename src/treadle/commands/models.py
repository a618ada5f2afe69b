"""``treadle models ...``: model files of the embedded engine."""

from __future__ import annotations

from typing import Annotated

import typer

from treadle.escaping import escaped

__all__ = ["models_app"]

models_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Model files for the embedded engine.")


@models_app.command("list")
def models_list() -> None:
    """List the models that can be pulled, and which are here."""
    from treadle.engines.measured import conditions, recall
    from treadle.engines.models import CATALOGUE, model_path
    from treadle.settings import load_settings
    from treadle.terminal import show_models, show_speeds

    settings = load_settings()
    show_models([(m, model_path(m, settings.cache_dir)) for m in CATALOGUE.values()])
    if (speeds := recall(conditions(settings), settings.cache_dir)) is not None:
        show_speeds(speeds)


@models_app.command("pull")
def models_pull(name: Annotated[str, typer.Argument(help="Name of a model, as `models list` shows it.")]) -> None:
    """Fetch a model file and check its hash."""
    from treadle import compose

    typer.echo(escaped(f"{name}: {compose.pull_model(name)}"))


@models_app.command("bench")
def models_bench(
    repeats: Annotated[int, typer.Option("--repeats", help="How often each job is timed; the median counts.")] = 3,
    anyway: Annotated[bool, typer.Option("--anyway", help="Keep the figures of a busy machine, too.")] = False,
) -> None:
    """Time the embedded engines on this machine; the faster one becomes the default for many drafts."""
    from treadle import compose
    from treadle.terminal import show_speeds

    speeds, path, remarks = compose.measure_engines(repeats, anyway)
    show_speeds(speeds, path, remarks)
