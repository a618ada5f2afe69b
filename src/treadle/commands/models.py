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
    from treadle.engines.models import CATALOGUE, model_path
    from treadle.settings import load_settings
    from treadle.terminal import show_models

    cache = load_settings().cache_dir
    show_models([(m, model_path(m, cache)) for m in CATALOGUE.values()])


@models_app.command("pull")
def models_pull(name: Annotated[str, typer.Argument(help="Name of a model, as `models list` shows it.")]) -> None:
    """Fetch a model file and check its hash."""
    from treadle import compose

    typer.echo(escaped(f"{name}: {compose.pull_model(name)}"))
