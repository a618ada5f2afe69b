"""``treadle context``: where the window of the model goes, for a request or for one that was asked before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.answering import work_options
from treadle.commands.files import check_free, write_new
from treadle.commands.opening import opened_store
from treadle.commands.options import (
    EngineOption,
    JsonOption,
    NoAdapterOption,
    NoRulesOption,
    PackOption,
    StoreOption,
    TierOption,
)
from treadle.errors import UsageError

if TYPE_CHECKING:
    from treadle.prompts.context import Context
    from treadle.types import Prompt

__all__ = ["context"]

_SQL_TOKENS, _PYTHON_TOKENS = 160, 256
"""A draft's length in `treadle sql` and `treadle ask`."""


def context(
    request: Annotated[str | None, typer.Argument(help="The request or question; nothing is sent to a model.")] = None,
    data: Annotated[Path | None, typer.Option("--data", "-d", help="The data file, as for ask.")] = None,
    tree: Annotated[str | None, typer.Option("--tree", help="The tree or table of the data file to work on.")] = None,
    db: Annotated[list[str] | None, typer.Option("--db", help="A database, as for sql; can be repeated.")] = None,
    thread: Annotated[str | None, typer.Option("--thread", help="A thread's id, in place of a request.")] = None,
    number: Annotated[
        int | None, typer.Option("--prompt", help="Which prompt of the thread, from 0; else the first.")
    ] = None,
    engine: EngineOption = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", help="Kept for a draft (256; SQL 160).")] = None,
    no_examples: Annotated[bool, typer.Option("--no-examples", help="Show the model no example.")] = False,
    no_rules: NoRulesOption = False,
    no_adapter: NoAdapterOption = False,
    pack: PackOption = None,
    tier: TierOption = None,
    store: StoreOption = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page that stands alone; must not exist.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show where the window goes: rules, data, examples, request, room for the draft, and what was left out."""
    check_free(html)
    if thread is not None:
        given = {"a request": request, "--data": data, "--db": db, "--engine": engine, "--max-tokens": max_tokens}
        _only_thread([name for name, value in given.items() if value])
        found, others = _of_thread(thread, number, store)
    else:
        if number is not None:
            raise UsageError("--prompt names a prompt of a thread; give its id with --thread")
        found, others = (
            _of_request(
                request or "",
                data,
                tree,
                db or [],
                engine,
                max_tokens,
                no_examples,
                no_rules,
                no_adapter,
                pack,
                tier,
                store,
                as_json,
            ),
            (),
        )
    if html is not None:
        from treadle.display.page import page
        from treadle.prompts.context import context_html

        write_new(html, page("Context", context_html(found)).encode("utf-8"))
    if as_json:
        from treadle.prompts.context import context_data

        typer.echo(json.dumps({**context_data(found), "prompts": list(others)}, ensure_ascii=False, allow_nan=False))
    elif html is None:
        from treadle.display.surface import taken

        if not taken(found):
            from treadle.commands.context_shown import show_context

            show_context(found, others)


def _only_thread(given: list[str]) -> None:
    if given:
        raise UsageError(f"--thread shows a prompt as it was sent; leave {' and '.join(given)} out")


def _of_request(
    request: str,
    data: Path | None,
    tree: str | None,
    db: list[str],
    engine: str | None,
    max_tokens: int | None,
    no_examples: bool,
    no_rules: bool,
    no_adapter: bool,
    pack: list[Path] | None,
    tier: str | None,
    store: Path | None,
    quiet: bool,
) -> Context:
    """The prompt is planned as ask or sql plan it, and not sent."""
    from treadle import compose
    from treadle.prompts.context import context_of

    if data is not None and db:
        raise UsageError("--data names a file that a program opens, --db a database that is asked in SQL; give one of them")
    if tree is not None and db:
        raise UsageError("--tree names a tree of a data file; a database is asked as a whole")
    draft_tokens = max_tokens if max_tokens is not None else _SQL_TOKENS if db else _PYTHON_TOKENS
    options = work_options(
        samples=8,
        repairs=0,
        temperature=0.4,
        seed=1,
        max_tokens=draft_tokens,
        no_examples=no_examples,
        no_rules=no_rules,
        no_grounding=False,
    )
    stated = None if db else compose.request(request, data, tree, [], None, None)
    job = "" if no_adapter else "sql" if db else "data" if data is not None else ""
    with compose.tools(
        engine, store, tier, pack or [], quiet=quiet, database=db, keeps=False, drafts=options.samples, job=job
    ) as (tools, progress):
        progress.phase("reading the data and choosing examples")
        asked = compose.question(request, tools, []) if stated is None else compose.with_data(stated, data, tools)
        prompt = compose.prompt(asked, tools, options)
        return context_of(prompt, asked.text, tools.engine.identity.name, draft_tokens)


def _of_thread(id_: str, number: int | None, store: Path | None) -> tuple[Context, tuple[dict[str, object], ...]]:
    """A prompt of a stored thread, and a line on each that was sent."""
    from treadle.prompts.context import context_of

    with opened_store(store) as opened:
        record = opened.load(id_)
    sent = {i: prompt for i, prompt in enumerate(record.prompts) if prompt.messages}  # others hold readings by rules
    if not sent:
        raise UsageError(f"thread {record.info.id} was stopped before a prompt was made; see: treadle threads show {id_}")
    chosen = next(iter(sent)) if number is None else number
    if chosen not in sent:
        raise UsageError(f"thread {record.info.id} sent no prompt {number}; it sent {', '.join(map(str, sent))}")
    kept = record.options.get("max_tokens")
    found = context_of(
        sent[chosen], record.request.text, record.engine.name, kept if isinstance(kept, int) else _PYTHON_TOKENS
    )
    drawn = {i: sum(1 for prompt in record.prompt_of.values() if prompt == i) for i in sent}
    return found, tuple(_line(i, prompt, drawn[i], i == chosen) for i, prompt in sent.items())


def _line(number: int, prompt: Prompt, drafts: int, is_shown: bool) -> dict[str, object]:
    failed = next((p.source for p in prompt.parts if p.name == "failed draft"), None)
    return {"number": number, "tokens": prompt.tokens, "drafts": drafts, "repairs": failed, "shown": is_shown}
