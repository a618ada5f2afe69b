"""All commands under one name. Heavy imports stay inside the commands, so that help is there at once."""

from __future__ import annotations

from typing import Annotated

import typer

from treadle import __version__
from treadle.commands.ask import ask
from treadle.commands.context import context
from treadle.commands.corrections import correct, examples_app
from treadle.commands.embed import embed
from treadle.commands.evaluation import eval_app
from treadle.commands.look import look
from treadle.commands.models import models_app
from treadle.commands.probs import probs
from treadle.commands.prompt import prompt
from treadle.commands.sql import sql
from treadle.commands.threads import threads_app
from treadle.commands.tokens import tokens
from treadle.commands.train import train_app
from treadle.commands.train_adapter import train_adapter
from treadle.commands.train_data import train_data
from treadle.commands.vocab import vocab_app

__all__ = ["app"]

app = typer.Typer(
    name="treadle",
    help="Ask in plain words, get code that was run and checked, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading Rich to draw it took half of the time of `treadle --help`
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"treadle {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Ask in plain words, get code that was run and checked, on your own machine."""


app.command(short_help="Write a program, run it and check it.")(ask)
app.command(short_help="Answer a question from a database, in SQL.")(sql)
app.command(short_help="Put a draft right; later answers follow.")(correct)
app.command(short_help="Ask a model once, in a form if you like.")(prompt)
app.command(short_help="Show a text as tokens; count those of files.")(tokens)
app.command(short_help="Look inside the model while it reads.")(look)
app.command(short_help="Show how likely a text or a draft is.")(probs)
app.command(short_help="Show where the model's window goes.")(context)
app.command(short_help="Show texts as the model's vectors.")(embed)
app.add_typer(threads_app, name="threads")
app.add_typer(examples_app, name="examples")
app.add_typer(eval_app, name="eval")
app.add_typer(models_app, name="models")
app.add_typer(vocab_app, name="vocab")
train_app.command("adapter")(train_adapter)
train_app.command("data")(train_data)
app.add_typer(train_app, name="train")
