"""``treadle train data``: rows to train on, made by program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from treadle.escaping import escaped

__all__ = ["train_data"]


class RowKind(StrEnum):
    """What requests ask for."""

    HEP = "hep"
    FUNCTIONS = "functions"
    SQL = "sql"
    QUESTIONS = "questions"
    CODE = "code"


def train_data(
    kind: Annotated[
        RowKind,
        typer.Argument(
            help="hep: programs over data files; functions: small Python functions; sql: statements; questions: statements "
            "that answer questions of your own (--tasks); code: functions of Python that is installed, as texts for infill.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file of rows, JSONL.", show_default=False)],
    rows: Annotated[int, typer.Option("--rows", min=1, help="Requests in all; several may share a row.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same rows.")] = 1,
    model: Annotated[
        str, typer.Option("--model", help="The model to be trained, a name or a .gguf file: its tokens count.")
    ] = "smollm2",
    held_out: Annotated[
        Path | None,
        typer.Option(
            "--held-out", help="Texts that no row may hold: lines, or requests of YAML or JSON lines. Not for sql."
        ),
    ] = None,
    tasks: Annotated[
        list[Path] | None,
        typer.Option(
            "--tasks", help="Of questions: files as `treadle eval sql` takes them; can be repeated.", show_default=False
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", "-d", help="Of questions: the folder of their databases.", show_default=False)
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help="Of questions: under which licence they are.")] = "unlicensed",
) -> None:
    """Invent requests with programs, run each, and keep as rows what passes; or take questions or code that are there."""
    from treadle import compose
    from treadle.commands.train import telling_what_is_kept
    from treadle.errors import UsageError

    if (kind is RowKind.QUESTIONS) != bool(tasks):
        raise UsageError(
            "questions have their statements from --tasks: treadle train data questions --tasks FILE --data DIR -o ROWS"
        )
    if kind is RowKind.QUESTIONS:
        with telling_what_is_kept():
            typer.echo(
                escaped(_of_questions(tasks or [], data, rows, seed, out, licence, compose.model_file(model), held_out))
            )
        return
    if kind is RowKind.SQL and held_out is not None:
        raise UsageError("--held-out is for hep and functions: databases of the SQL rows are invented, with their questions")
    if kind is RowKind.CODE:
        with telling_what_is_kept():
            typer.echo(escaped(_read_code(rows, seed, out, held_out)))
        return
    file = compose.model_file(model)
    with telling_what_is_kept(), _Bar(rows) as bar:
        report = _made(kind, rows, seed, out, file, held_out, bar.done)
    typer.echo(escaped(report))


def _made(
    kind: RowKind, rows: int, seed: int, out: Path, model: Path, held_out: Path | None, on_pairs: Callable[[int], None]
) -> str:
    """Make the rows; the report in words."""
    if kind is RowKind.SQL:
        from treadle.synthesis.sql import run as sql

        return sql.told(*sql.make_rows(rows, seed, out, model, on_pairs))
    from treadle.synthesis.python import run as python

    of: Literal["hep", "functions"] = "hep" if kind is RowKind.HEP else "functions"
    return python.told(python.make_rows(of, rows, seed, out, model, held_out, on_pairs))


def _of_questions(
    tasks: Sequence[Path],
    data: Path | None,
    most: int,
    seed: int,
    out: Path,
    licence: str,
    model: Path,
    held_out: Path | None,
) -> str:
    from treadle.evals.sql import load_sql
    from treadle.synthesis.leaks import HeldOut
    from treadle.synthesis.python.run import held_out_texts
    from treadle.synthesis.sql.asked import Asked, make_rows

    loaded = [task for file in tasks for task in load_sql(file, data)][:most]
    asked = [Asked(question=t.request, database=t.database, gold=t.gold) for t in loaded]
    held = HeldOut(() if held_out is None else held_out_texts(held_out))
    with _Bar(len(asked)) as bar:
        return make_rows(asked, seed, out, licence, model, bar.done, held).told()


def _read_code(rows: int, seed: int, out: Path, held_out: Path | None) -> str:
    from treadle.synthesis.code import make_code, told
    from treadle.synthesis.python.run import held_out_texts

    return told(make_code(rows, seed, out, () if held_out is None else held_out_texts(held_out)))


class _Bar:
    """A bar of requests, on standard error."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True, markup=False), transient=True)
        self._task = self._progress.add_task("requests", total=total)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def done(self, number: int) -> None:
        """``number`` more requests are done."""
        self._progress.advance(self._task, number)
