"""``treadle probs``: how likely a text is, or a stored draft, token by token, and what else could have stood there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.files import check_free, read_stdin, write_new
from treadle.commands.opening import opened_store
from treadle.commands.options import EngineOption, JsonOption, SeedOption, StoreOption
from treadle.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from treadle.threads.base import ThreadRecord
    from treadle.tokens.probabilities import ProbsView
    from treadle.types import Draft, Sampling

__all__ = ["probs"]

_BRANCH_TOKENS = 64
_SPECIAL = ("refuse", "read")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What was found: a view, or two that part at the character ``at``."""

    view: ProbsView
    branch: ProbsView | None = None
    at: int = 0


def probs(
    text: Annotated[str | None, typer.Argument(help="The text; - reads it from standard input.")] = None,
    thread: Annotated[
        str | None, typer.Option("--thread", help="A stored draft of this thread, in place of a text.")
    ] = None,
    draft: Annotated[str | None, typer.Option("--draft", help="Which draft; else the answer.")] = None,
    engine: EngineOption = None,
    top: Annotated[int, typer.Option("--top", help="Alternatives to show at each token.")] = 5,
    generate: Annotated[int | None, typer.Option("--generate", help="Go on for so many tokens, and show them.")] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="POSITION:ALTERNATIVE", help="Go on from there with another token.")
    ] = None,
    temperature: Annotated[float, typer.Option("--temperature", help="Of what is written; 0 is greedy.")] = 0.0,
    seed: SeedOption = 1,
    special: Annotated[
        str, typer.Option("--special", help="Texts of special tokens: refuse, or read (as the token).")
    ] = "refuse",
    other_model: Annotated[
        bool, typer.Option("--other-model", help="Let another model than the draft's own go on with it.")
    ] = False,
    store: StoreOption = None,
    table: Annotated[bool, typer.Option("--table", help="Every token in the table, on a terminal too.")] = False,
    lines: Annotated[bool, typer.Option("--lines", help="Also the figures of every line.")] = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write a page that stands alone; must not exist.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how likely the model finds a text, token by token: probability, rank, surprise, alternatives."""
    check_free(html)
    _check_options(text, thread, draft, engine, top, generate, branch, other_model)
    if special not in _SPECIAL:
        raise UnknownNameError("--special", special, _SPECIAL)
    if thread is not None:
        with opened_store(store) as opened:
            record = opened.load(thread)
        sampling = _sampling(generate or _BRANCH_TOKENS, temperature, seed, top)
        shown = _of_thread(record, draft, top, branch, sampling, engine, other_model, as_json)
    else:
        written = read_stdin() if text == "-" else text or ""
        command = "" if text == "-" else _command(written, engine, top, special)
        wanted = generate if branch is None else generate or _BRANCH_TOKENS
        drawing = None if wanted is None else _sampling(wanted, temperature, seed, top)
        shown = _of_text(written, engine, top, branch, drawing, command, special, as_json)
    _show(shown, table, lines, html, as_json)


def _check_options(
    text: str | None,
    thread: str | None,
    draft: str | None,
    engine: str | None,
    top: int,
    generate: int | None,
    branch: str | None,
    other_model: bool,
) -> None:
    if (text is None) == (thread is None):
        told = " not both" if text is not None else " for example: treadle probs 'def mean(xs):'"
        raise UsageError(f"give a text, or a stored draft with --thread ID;{told}")
    if thread is None and (draft is not None or other_model):
        raise UsageError("--draft and --other-model are for drafts of a thread; name it with --thread ID")
    if thread is not None and branch is None and (engine is not None or generate is not None):
        raise UsageError("a stored draft is shown as it is; --engine and --generate go with --branch POSITION:ALTERNATIVE")
    if top < 0:
        raise UsageError(f"--top must not be negative, got {top}")
    if generate is not None and generate < 1:
        raise UsageError(f"--generate must be at least 1, got {generate}")


def _sampling(tokens: int, temperature: float, seed: int, top: int) -> Sampling:
    from treadle.types import Sampling

    if not 0 <= temperature <= 2:
        raise UsageError(f"--temperature must lie between 0 and 2, got {temperature}")
    if seed < 0:
        raise UsageError(f"--seed must not be negative, got {seed}")
    return Sampling(max_tokens=tokens, temperature=temperature, seed=seed, top_logprobs=top)


def _command(text: str, engine: str | None, top: int, special: str) -> str:
    named = [] if engine is None else ["--engine", engine]
    read = [] if special == _SPECIAL[0] else ["--special", special]
    return shlex.join(["treadle", "probs", text, *named, *read, "--top", str(top)])


def _of_text(
    text: str,
    name: str | None,
    top: int,
    branch: str | None,
    sampling: Sampling | None,
    command: str,
    special: str,
    quiet: bool,
) -> _Shown:
    from treadle import compose
    from treadle.coding.probabilities import branch_of_text, continued_text, scored_text
    from treadle.tokens.probabilities import parse_branch

    parted = None if branch is None else parse_branch(branch)
    if not text:
        raise UsageError("the text is empty; write one, for example: treadle probs 'def mean(xs):'")
    with compose.engine(name, quiet) as (engine, progress):
        n_tokens = engine.count_tokens(text)
        progress.phase(f"reading {n_tokens} tokens", n_tokens)
        view = scored_text(engine, text, top, progress.tokens, command, reads_special=special == "read")
        if sampling is None:
            return _Shown(view=view)
        progress.phase(f"writing {sampling.max_tokens} tokens", sampling.max_tokens)
        if parted is None:
            more = continued_text(engine, view, sampling, progress.tokens)
            # A branch within what was written goes on from the text with it.
            return _Shown(view=replace(more, command=command and _command(more.text, name, top, special)))
        other = branch_of_text(engine, view, *parted, sampling, progress.tokens)
    return _Shown(view=view, branch=other, at=view.tokens[parted[0]].start)


def _of_thread(
    record: ThreadRecord,
    wanted: str | None,
    top: int,
    branch: str | None,
    sampling: Sampling,
    name: str | None,
    other_model: bool,
    quiet: bool,
) -> _Shown:
    from treadle.coding.probabilities import draft_of, stored_draft
    from treadle.tokens.probabilities import parse_branch

    draft = draft_of(record, wanted)
    view = stored_draft(record, draft, top, chosen=wanted is not None)
    if branch is None:
        return _Shown(view=view)
    position, alternative = parse_branch(branch)
    other = _branched(record, draft, view, (position, alternative), sampling, name, other_model, quiet)
    return _Shown(view=view, branch=other, at=view.tokens[position].start)


def _branched(
    record: ThreadRecord,
    draft: Draft,
    view: ProbsView,
    parted: tuple[int, str],
    sampling: Sampling,
    name: str | None,
    other_model: bool,
    quiet: bool,
) -> ProbsView:
    from treadle import compose
    from treadle.coding.probabilities import branch_of_draft, check_same_model
    from treadle.tokens.probabilities import check_position

    check_position(view, parted[0])  # before the seconds that a model takes to open
    with compose.engine(name or record.engine.name, quiet) as (engine, progress):
        if not other_model:
            check_same_model(record.engine, engine.identity)
        progress.phase(f"writing {sampling.max_tokens} tokens", sampling.max_tokens)
        return branch_of_draft(engine, record, draft, view, *parted, sampling, progress.tokens)


# ------------------------------------------------------------------------------------------------ showing


def _show(shown: _Shown, table: bool, lines: bool, html: Path | None, as_json: bool) -> None:
    from treadle.display.surface import taken
    from treadle.tokens.probabilities import probs_data

    views: Sequence[ProbsView] = [shown.view] if shown.branch is None else [shown.view, shown.branch]
    if html is not None:
        from treadle.tokens.probs_page import probs_html

        write_new(html, probs_html(*views).encode("utf-8", "replace"))
    if as_json:
        data = [probs_data(view) for view in views]
        found = data[0] if len(data) == 1 else {"view": "branch", "at": shown.at, "before": data[0], "after": data[1]}
        typer.echo(json.dumps(found, allow_nan=False))
    elif html is None:
        took = [taken(view) for view in views]
        if not all(took):
            _print(shown, table, lines)


def _print(shown: _Shown, table: bool, lines: bool) -> None:
    from rich.console import Console

    from treadle.tokens.probs_shown import show_beside, show_probs

    console = Console(highlight=False, markup=False, emoji=False)
    if shown.branch is None:
        show_probs(console, shown.view, table, lines)
        return
    show_beside(console, shown.view, shown.branch, shown.at)
    console.print()
    show_probs(console, shown.branch, table, lines)
