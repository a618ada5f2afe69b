"""``treadle threads ...``: what was asked before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from treadle.commands.corrections import export_training, rate
from treadle.commands.opening import opened_store
from treadle.commands.options import JsonOption, StoreOption
from treadle.errors import UsageError
from treadle.escaping import escaped_for

__all__ = ["threads_app"]

threads_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What was asked before, with every draft, verdict and run."
)
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

    with opened_store(store) as opened:
        show_threads(opened.listing(limit), as_json)


@threads_app.command("show")
def threads_show(
    thread: Annotated[str, typer.Argument(help="A thread's id, or the beginning of it.")],
    drafts: Annotated[bool, typer.Option("--drafts", help="Show every draft, not only the chosen one.")] = False,
    store: StoreOption = None,
) -> None:
    """Show a thread: request, drafts with their verdicts, answer, provenance card."""
    from treadle.display.surface import taken
    from treadle.terminal import show_thread

    with opened_store(store) as opened:
        found = opened.load(thread)
    if not taken(found):
        show_thread(found, drafts)


@threads_app.command("export")
def threads_export(
    thread: Annotated[str, typer.Argument(help="A thread's id, or the beginning of it.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; standard output without it.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Only the provenance card, as Markdown.")] = False,
    store: StoreOption = None,
) -> None:
    """Export a thread as one JSON document, from which `ask --engine scripted:FILE` answers again."""
    import json

    with opened_store(store) as opened:
        if card:
            from treadle.threads.card import render_card

            answer = opened.load(thread).answer
            if answer is None:
                raise UsageError(f"thread {thread} has no answer, so there is no card; see: treadle threads show {thread}")
            text = render_card(answer.card)
        else:
            text = json.dumps(opened.export(thread), indent=1, allow_nan=False)
    if out is None:
        typer.echo(escaped_for(sys.stdout, text))
    else:
        _write(out, text)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
