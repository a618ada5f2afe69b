"""``treadle prompt``: one question to a model, the answer in a form that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.commands.files import read_stdin
from treadle.commands.options import EngineOption, JsonOption, SeedOption
from treadle.errors import DataError, UsageError
from treadle.escaping import escaped, escaped_for

if TYPE_CHECKING:
    from treadle.engines.base import Engine
    from treadle.grounding.formats import Format
    from treadle.prompts.structured import Formed
    from treadle.types import Message, Sampling

__all__ = ["prompt"]

_FORMS = "--yes-no, --choice, --regex, --json-schema, --markdown-table or --html-table"


def prompt(
    text: Annotated[str, typer.Argument(help="What the model is asked; '-' reads it from standard input.")],
    system: Annotated[str | None, typer.Option("--system", help="A message before it: a role, rules.")] = None,
    yes_no: Annotated[bool, typer.Option("--yes-no", help="The answer is yes or no.")] = False,
    choice: Annotated[list[str] | None, typer.Option("--choice", help="One of these; repeat it.")] = None,
    regex: Annotated[str | None, typer.Option("--regex", help="The whole answer matches this.")] = None,
    json_schema: Annotated[Path | None, typer.Option("--json-schema", help="File with a JSON schema.")] = None,
    markdown_table: Annotated[
        str | None, typer.Option("--markdown-table", metavar="COLUMNS", help="'review,sentiment'.")
    ] = None,
    html_table: Annotated[str | None, typer.Option("--html-table", metavar="COLUMNS", help="As above, in HTML.")] = None,
    rows: Annotated[int | None, typer.Option("--rows", min=0, help="Of a Markdown table; else one or more.")] = None,
    engine: EngineOption = None,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2, help="0 is greedy.")] = 0.0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Of the answer, at most.")] = 512,
    tries: Annotated[int, typer.Option("--tries", min=1, max=20, help="Asked again where the form is missed.")] = 3,
    seed: SeedOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Ask a model once. What it says is not checked, but its form is, where one was asked for."""
    form = _form(yes_no, choice, regex, json_schema, markdown_table, html_table, rows)
    words = _words(text)
    from treadle import compose
    from treadle.types import Message

    messages = [Message(role="system", content=system)] if system else []
    messages.append(Message(role="user", content=words))
    sampling = _sampling(max_tokens, temperature, seed)
    with compose.engine(engine, quiet=as_json) as (opened, progress):
        if form is None:
            _free(opened, messages, sampling, as_json)
            return
        from treadle.prompts.structured import formed

        progress.phase("writing", total=max_tokens)
        found = formed(opened, messages, form, sampling, tries, progress.tokens)
    _tell(found, form, as_json)


def _sampling(max_tokens: int, temperature: float, seed: int) -> Sampling:
    from treadle.types import Sampling

    try:
        return Sampling(max_tokens=max_tokens, temperature=temperature, seed=seed)
    except ValueError as error:
        raise UsageError(str(error)) from None


def _words(text: str) -> str:
    words = read_stdin() if text == "-" else text
    if not words.strip():
        raise UsageError('nothing was asked; say what you want to know, e.g. treadle prompt "Is 7 prime?" --yes-no')
    return words.strip()


# ----------------------------------------------------------------------------------------------- the form


def _form(
    yes_no: bool,
    choice: list[str] | None,
    regex: str | None,
    schema: Path | None,
    markdown: str | None,
    html: str | None,
    rows: int | None,
) -> Format[Any] | None:
    """The one form that the options name, or None."""
    from treadle.grounding import formats

    wanted: dict[str, Callable[[], Format[Any]]] = {}
    if yes_no:
        wanted["--yes-no"] = formats.yes_no
    if choice:
        wanted["--choice"] = lambda: formats.choices(choice)
    if regex is not None:
        wanted["--regex"] = lambda: formats.regex(regex)
    if schema is not None:
        wanted["--json-schema"] = lambda: formats.json_schema(_schema(schema))
    if markdown is not None:
        wanted["--markdown-table"] = lambda: formats.markdown_table(_columns(markdown), rows)
    if html is not None:
        wanted["--html-table"] = lambda: formats.html_table(_columns(html))
    if len(wanted) > 1:
        raise UsageError(f"an answer has one form; {' and '.join(wanted)} were given")
    if rows is not None and "--markdown-table" not in wanted:
        raise UsageError("--rows counts those of a table; give its columns with --markdown-table")
    return next(iter(wanted.values()))() if wanted else None


def _columns(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _schema(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"cannot read the schema {path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"the schema {path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"the schema {path} is a {type(found).__name__}, not an object: {{...}}")
    return found


# ----------------------------------------------------------------------------------------------- answers


def _free(engine: Engine, messages: list[Message], sampling: Sampling, as_json: bool) -> None:
    """An answer of no form, shown as it comes."""
    from treadle.display.surface import line, taken
    from treadle.types import Chunk, Prompt

    asked = Prompt(messages=tuple(messages))
    if line() is not None and not as_json:
        taken(engine.complete(asked, [sampling])[0])
        typer.echo(f"what the model says was not checked; an answer in a form of its own: {_FORMS}", err=True)
        return
    if engine.capabilities.stream:
        chunks = engine.stream(asked, sampling)
    else:
        chunks = (Chunk(text=c.text, finish_reason=c.finish_reason) for c in engine.complete(asked, [sampling]))
    pieces, reason = [], None
    for chunk in chunks:
        pieces.append(chunk.text)
        reason = chunk.finish_reason or reason
        if not as_json:
            typer.echo(escaped_for(sys.stdout, chunk.text), nl=False)
    cut = f"; it was cut off at {sampling.max_tokens} tokens" if reason == "length" else ""
    if as_json:
        typer.echo(json.dumps({"answer": "".join(pieces), "form": None, "cut_off": bool(cut), "checked": False}))
        return
    typer.echo()
    typer.echo(f"what the model says was not checked{cut}; an answer in a form of its own: {_FORMS}", err=True)


def _tell(found: Formed[Any], form: Format[Any], as_json: bool) -> None:
    if as_json:
        value = found.value if isinstance(found.value, str | bool | int | float | list | dict | None) else str(found.value)
        rejected = [{"answer": text, "wrong": wrong} for text, wrong in found.rejected]
        told = {"answer": found.completion.text.strip(), "value": value, "form": form.wanted, "held": found.held}
        typer.echo(json.dumps({**told, "rejected": rejected, "checked": False}, ensure_ascii=False))
        return
    from treadle.display.surface import taken

    if taken(found):
        return
    typer.echo(escaped_for(sys.stdout, found.completion.text.strip()))
    typer.echo(escaped(f"form: {form.wanted} ({found.how}); what it says was not checked"), err=True)
