"""``treadle correct``, ``treadle examples ...`` and ratings: what users say about answers, and what is made of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.exits import EXIT_DOUBT
from treadle.commands.opening import opened_store
from treadle.commands.options import JsonOption, StoreOption, TierOption
from treadle.errors import UsageError
from treadle.escaping import escaped

if TYPE_CHECKING:
    from treadle.coding.ask import Tools
    from treadle.coding.sql.base import Database
    from treadle.sandbox import Sandbox
    from treadle.threads.base import Store, ThreadRecord
    from treadle.types import Request

__all__ = ["correct", "examples_app", "export_training", "rate"]

ThreadArgument = Annotated[str, typer.Argument(metavar="ID", help="A thread's id, or the beginning of it.")]
ExampleArgument = Annotated[
    str, typer.Argument(metavar="ID", help="An example's id, the beginning of it, or the id of the thread it corrects.")
]
NoteOption = Annotated[str, typer.Option("--note", help="Why, in your own words; kept with the thread.")]

examples_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Corrections that passed: what later requests are shown."
)


def correct(
    thread: ThreadArgument,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A file with the corrected program.")] = None,
    sql: Annotated[str | None, typer.Option("--sql", help="The corrected statement, for questions answered in SQL.")] = None,
    edit: Annotated[bool, typer.Option("--edit", help="Open the draft in $VISUAL or $EDITOR.")] = False,
    draft: Annotated[
        str | None, typer.Option("--draft", help="The draft that is corrected (default: that of the answer).")
    ] = None,
    note: NoteOption = "",
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", help="The data to judge on, where they were moved or have changed; can be repeated."),
    ] = None,
    tier: TierOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a right program in the place of a draft. It is run and checked like one, and shown to the model from then on."""
    from treadle.coding.ask import Options
    from treadle.coding.correct import correct as judge
    from treadle.coding.correct import draft_to_correct
    from treadle.commands.corrections_shown import corrected_as_json, show_corrected
    from treadle.commands.editor import edited, kept, read_program
    from treadle.terminal import TerminalProgress

    if (file is not None) + (sql is not None) + edit != 1:
        raise UsageError(
            "give the corrected program in one way: --file fixed.py, --sql 'SELECT ...', or --edit to change the draft in "
            "your editor"
        )
    with contextlib.ExitStack() as stack:
        opened = stack.enter_context(opened_store(store))
        record = opened.load(thread)
        failing = draft_to_correct(record, draft)
        language = record.request.language
        if sql is not None and language != "sql":
            raise UsageError(f"thread {record.info.id} is answered in Python; give the program with --file fixed.py")
        program = sql if sql is not None else read_program(file) if file is not None else edited(failing, record.request)
        if program is None:
            typer.echo("nothing was changed, so nothing was done", err=True)
            return
        if edit:
            stack.enter_context(kept(program, record.info.id, language))
        with TerminalProgress(quiet=as_json) as progress, _tools(opened, record, data or [], tier) as (tools, request):
            progress.phase("running and checking the correction")
            done = judge(record, request, program, tools, Options(), failing, note)
        if as_json:
            typer.echo(corrected_as_json(done))
        else:
            show_corrected(done)
        if done.example is None:
            raise typer.Exit(EXIT_DOUBT)


@contextlib.contextmanager
def _tools(store: Store, record: ThreadRecord, data: list[str], tier: str | None) -> Iterator[tuple[Tools, Request]]:
    """What judging takes: no model, so the engine is a script without a line."""
    from treadle.coding.ask import Tools
    from treadle.coding.correct import on_data
    from treadle.engines.scripted import ScriptedEngine
    from treadle.retrieval import builtin_packs
    from treadle.sandbox import open_sandbox

    engine = ScriptedEngine([])
    if record.request.language == "sql":
        with (
            contextlib.closing(open_sandbox(tier)) as sandbox,
            _database(record.request, data, sandbox) as (database, request),
        ):
            yield Tools(engine=engine, sandbox=sandbox, store=store, packs=builtin_packs(), database=database), request
        return
    if len(data) > 1:
        raise UsageError(f"a program works on one data file; {len(data)} are given with --data")
    with contextlib.closing(open_sandbox(tier)) as sandbox:
        request = on_data(record.request, sandbox, Path(data[0]) if data else None)
        yield Tools(engine=engine, sandbox=sandbox, store=store, packs=[]), request


@contextlib.contextmanager
def _database(request: Request, data: list[str], sandbox: Sandbox) -> Iterator[tuple[Database, Request]]:
    """The database that was asked, or the one given, and the question put to it."""
    from treadle.coding.correct import on_database
    from treadle.coding.sql.databases.open import open_database

    assert request.data is not None
    if not data and Path(request.data.path).is_dir():
        raise UsageError(f"the question was asked of several files in {request.data.path}; name them again with --data")
    with contextlib.closing(open_database(data or [request.data.path], sandbox)) as database:
        yield database, on_database(request, database.summary, given=bool(data))


# ------------------------------------------------------------------------------------------------------ examples


@examples_app.command("list")
def examples_list(
    every: Annotated[bool, typer.Option("--all", help="Also those that were replaced or removed.")] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the corrections, newest first."""
    from treadle.commands.corrections_shown import examples_as_json, show_examples

    with opened_store(store) as opened:
        found = opened.examples(every)
    if as_json:
        typer.echo(examples_as_json(found))
    else:
        show_examples(found)


@examples_app.command("show")
def examples_show(example: ExampleArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Show a correction: its request, its program, the draft that it replaced and why."""
    from treadle.commands.corrections_shown import example_as_json, show_example

    with opened_store(store) as opened:
        found = opened.example(example)
        basis = opened.basis(found.id)
        pairs = [p for p in opened.pairs(found.thread) if p.example == found.id]
    if as_json:
        typer.echo(example_as_json(found, basis, pairs))
    else:
        show_example(found, basis, pairs)


@examples_app.command("remove")
def examples_remove(example: ExampleArgument, store: StoreOption = None) -> None:
    """Show a correction to the model no more, and leave it out of training data. The thread keeps it."""
    with opened_store(store) as opened:
        removed = opened.remove_example(example)
    typer.echo(escaped(f"removed {removed.id}: {' '.join(removed.request.split())}"))


@examples_app.command("export")
def examples_export(
    folder: Annotated[Path, typer.Argument(help="A new folder for the pack.")],
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Copy the data files, too, so that the examples can be run there.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="Name of the pack (default: that of the folder).")] = None,
    licence: Annotated[str, typer.Option("--licence", help="Licence under which you pass it on.")] = "not stated",
    store: StoreOption = None,
) -> None:
    """Write the corrections as a pack, for others to use with `--pack FOLDER`."""
    from treadle.coding.corrections import export_pack

    with opened_store(store) as opened:
        done = export_pack(opened, folder, with_data=with_data, name=name, licence=licence)
    count = len(done.pack.examples)
    examples = f"{count} example{'s' if count != 1 else ''}"
    typer.echo(escaped(f"{examples} in {folder}; use them with: treadle ask ... --pack {folder}"))
    for line in done.notes:
        typer.echo(escaped(f"note: {line}"), err=True)


# ------------------------------------------------------------------------------------------- ratings and training


def rate(
    thread: ThreadArgument,
    good: Annotated[bool, typer.Option("--good", help="The answer is right.")] = False,
    bad: Annotated[bool, typer.Option("--bad", help="The answer is wrong.")] = False,
    note: NoteOption = "",
    store: StoreOption = None,
) -> None:
    """Say whether an answer is right. The last rating counts; it goes into training data."""
    if good == bad:
        raise UsageError("say what the answer is: --good or --bad")
    with opened_store(store) as opened:
        record = opened.load(thread)
        if record.answer is None or record.answer.program is None:
            raise UsageError(f"thread {record.info.id} has no answer to rate; see: treadle threads show {record.info.id}")
        value = "good" if good else "bad"
        opened.add_feedback(record.info.id, "rating", value, note)
    typer.echo(f"thread {record.info.id} is rated {value}")
    if bad:
        typer.echo(f"with the right program it is learnt from at once: treadle correct {record.info.id} --edit")


def export_training(
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write, a JSON object a line.")],
    form: Annotated[
        str, typer.Option("--format", help="messages: chats with good answers; preference: prompt, chosen, rejected.")
    ] = "messages",
    store: StoreOption = None,
) -> None:
    """Write training data (JSONL, as TRL reads it) from corrections, ratings and verified answers."""
    from treadle.coding.training import Form, training_rows, write_rows
    from treadle.errors import UnknownNameError
    from treadle.terminal import TerminalProgress

    forms: dict[str, Form] = {"messages": "messages", "preference": "preference"}
    if form not in forms:
        raise UnknownNameError("format", form, forms)
    with opened_store(store) as opened, TerminalProgress() as progress:
        counts = write_rows(training_rows(opened, forms[form], progress), out)
    if not counts:
        needed = "an answer that is verified, corrected or rated good"
        if form == "preference":
            needed = (
                "a correction, a good and a bad rating of the same request, or a verified answer with a draft that failed"
            )
        raise UsageError(f"there is nothing to train on yet: it takes {needed}. {out} was not written")
    told = ", ".join(f"{count} {source}" for source, count in counts.most_common())
    typer.echo(escaped(f"{counts.total()} row{'s' if counts.total() != 1 else ''} in {out}: {told}"))
