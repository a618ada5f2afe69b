"""The command line: parse, compose, call, print. Heavy imports stay inside the commands, so that help is there at once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle import __version__
from treadle.commands.corrections import correct, examples_app, export_training, rate
from treadle.commands.evaluation import eval_app
from treadle.commands.options import (
    EXIT_DOUBT,
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
    EngineOption,
    JsonOption,
    NoRulesOption,
    OutOption,
    PackOption,
    RepairsOption,
    SamplesOption,
    SeedOption,
    ShowPromptOption,
    StoreOption,
    TemperatureOption,
    TierOption,
)
from treadle.commands.sql import sql
from treadle.errors import TreadleError, UsageError

if TYPE_CHECKING:
    from treadle.threads.base import Store

__all__ = ["app", "main"]

app = typer.Typer(
    name="treadle",
    help="Ask in plain words, get code that was run and checked, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: loading Rich to draw it took half of the time of `treadle --help`
    context_settings={"help_option_names": ["-h", "--help"]},
)
threads_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What was asked before, with every draft, verdict and run."
)
models_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Model files for the embedded engine.")
app.add_typer(threads_app, name="threads")
app.add_typer(examples_app, name="examples")
app.add_typer(eval_app, name="eval")
app.add_typer(models_app, name="models")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"treadle {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Ask in plain words, get code that was run and checked, on your own machine."""


@app.command(short_help="Write a program, run it and check it.")
def ask(
    request: Annotated[str, typer.Argument(help="What you want, in plain words.")],
    data: Annotated[Path | None, typer.Option("--data", "-d", help="A ROOT, parquet, CSV, JSON or SQLite file.")] = None,
    tree: Annotated[str | None, typer.Option("--tree", help="The tree or table of the data file to work on.")] = None,
    expect: Annotated[
        list[str] | None, typer.Option("--expect", help="'mean_pt ~ 37.05 +- 1%', 'f(2) == 3'; can be repeated.")
    ] = None,
    tests: Annotated[
        Path | None, typer.Option("--tests", help="A Python file with tests of the functions asked for.")
    ] = None,
    schema: Annotated[Path | None, typer.Option("--schema", help="A JSON schema that the output must satisfy.")] = None,
    engine: EngineOption = None,
    samples: SamplesOption = 8,
    repairs: RepairsOption = 2,
    temperature: TemperatureOption = 0.4,
    seed: SeedOption = 1,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Length of a draft, at most.")] = 256,
    no_examples: Annotated[bool, typer.Option("--no-examples", help="Show the model no example.")] = False,
    no_rules: NoRulesOption = False,
    pack: PackOption = None,
    tier: TierOption = None,
    out: OutOption = None,
    store: StoreOption = None,
    show_prompt: ShowPromptOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a program for REQUEST, run and check it, and say what is known about it."""
    from treadle import compose
    from treadle.coding.ask import Options
    from treadle.terminal import answer_as_json, show_answer, show_prompt_parts

    options = Options(
        samples=samples,
        repairs=repairs,
        temperature=temperature,
        seed=seed,
        max_tokens=max_tokens,
        shots=0 if no_examples else Options().shots,
        rules=not (no_rules or no_examples),
    )
    asked = compose.request(request, data, tree, expect or [], tests, schema)
    with compose.tools(engine, store, tier, pack or [], quiet=as_json) as (tools, progress):
        if show_prompt:
            show_prompt_parts(tools.engine, compose.prompt(asked, tools, options))
            return
        answered = compose.answer(asked, tools, options, progress)
    if out is not None:
        compose.write_answer(answered, out)
    if as_json:
        typer.echo(answer_as_json(answered))
    else:
        show_answer(answered, out)
    if answered.answer.status not in ("verified", "agreed"):
        raise typer.Exit(EXIT_DOUBT)


app.command(short_help="Answer a question from a database, in SQL.")(sql)
app.command(short_help="Put a draft right; later answers follow.")(correct)
threads_app.command()(rate)
threads_app.command("export-training")(export_training)


@threads_app.command("list")
def threads_list(
    limit: Annotated[int, typer.Option("--limit", help="How many, newest first.")] = 20,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the newest threads."""
    from treadle.terminal import show_threads

    with _opened(store) as opened:
        show_threads(opened.listing(limit), as_json)


@threads_app.command("show")
def threads_show(
    thread: Annotated[str, typer.Argument(help="A thread's id, or the beginning of it.")],
    drafts: Annotated[bool, typer.Option("--drafts", help="Show every draft, not only the chosen one.")] = False,
    store: StoreOption = None,
) -> None:
    """Show a thread: request, drafts with their verdicts, answer, provenance card."""
    from treadle.terminal import show_thread

    with _opened(store) as opened:
        show_thread(opened.load(thread), drafts)


@threads_app.command("export")
def threads_export(
    thread: Annotated[str, typer.Argument(help="A thread's id, or the beginning of it.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; standard output without it.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Only the provenance card, as Markdown.")] = False,
    store: StoreOption = None,
) -> None:
    """Export a thread as one JSON document, from which `ask --engine scripted:FILE` answers again."""
    import json

    with _opened(store) as opened:
        if card:
            from treadle.threads.card import render_card

            answer = opened.load(thread).answer
            if answer is None:
                raise UsageError(f"thread {thread} has no answer, so there is no card; see: treadle threads show {thread}")
            text = render_card(answer.card)
        else:
            text = json.dumps(opened.export(thread), indent=1, allow_nan=False)
    if out is None:
        typer.echo(text)
    else:
        _write(out, text)


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

    typer.echo(f"{name}: {compose.pull_model(name)}")


def _opened(store: Path | None) -> Any:
    import contextlib

    from treadle.settings import load_settings
    from treadle.threads import open_store

    opened: Store = open_store(store or load_settings().store)
    return contextlib.closing(opened)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def main(argv: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 fine, 1 error, 2 usage error, 3 neither verified nor agreed, 130 Ctrl-C."""
    sys.exit(_guarded(lambda: app(argv, prog_name="treadle", standalone_mode=False)))


def _guarded(run: Callable[[], Any]) -> int:
    try:
        code = run() or 0
        # Newer versions of Typer turn Ctrl-C into this code, older ones into Abort.
        return code if code != EXIT_INTERRUPTED else _stopped()
    except UsageError as error:
        return _complain(error, EXIT_USAGE)
    except TreadleError as error:
        return _complain(error, EXIT_ERROR)
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except BrokenPipeError:
        return EXIT_ERROR
    except OSError as error:  # standard output on a full disk; everything else that is opened translates its errors
        return _complain(UsageError(f"cannot write: {error.strerror}"), EXIT_ERROR)
    except Exception as error:
        # Errors of the option parser know how to show themselves; Typer carries its own copy of click's classes.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()
        return int(error.exit_code)


def _stopped() -> int:
    typer.echo("stopped; what was done is kept: treadle threads list", err=True)
    return EXIT_INTERRUPTED


def _complain(error: TreadleError, code: int) -> int:
    typer.echo(f"treadle: {error}", err=True)
    return code


if __name__ == "__main__":
    main()
