"""``treadle tokens``: a text as models see it, and what files cost."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from treadle.commands.bytes_bar import BytesBar
from treadle.commands.exits import EXIT_INTERRUPTED
from treadle.commands.options import JsonOption
from treadle.errors import UnknownNameError, UsageError
from treadle.escaping import escaped

if TYPE_CHECKING:
    from rich.console import Console

    from treadle.tokens.counting import SpecialRule
    from treadle.tokens.protocol import Tokens
    from treadle.tokens.sources import Found
    from treadle.tokens.views import Report

__all__ = ["tokens"]

View = TypeVar("View")

_COMPARED = ("gpt2", "p50k_base", "cl100k_base", "o200k_base")
_RULES = ("refuse", "text", "read")
_MOST_SHOWN_BYTES = 200_000
_BAR_FROM_BYTES = 2_000_000


def tokens(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]", help="The text; - reads standard input. With --file: more files.")
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding", metavar="NAMES", help="Encodings, models, vocabulary files, separated by commas; or all."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="The encoding of this model: gpt-4, gpt-4o, ...")] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", "--text-file", "-f", help="A file or folder; can be repeated.")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Just the number of tokens.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Tokens a line, bytes a token, cost of white space.")] = False,
    levels: Annotated[bool, typer.Option("--levels", help="Words, subwords, characters, bytes, byte pairs.")] = False,
    special: Annotated[
        str, typer.Option("--special", help="Texts of special tokens: refuse, text (as any text), read (as the token).")
    ] = "refuse",
    as_json: JsonOption = False,
) -> None:
    """Show a text in the tokens of one or more vocabularies, or count those of files."""
    rule = _rule(special)
    if count + report + levels > 1:
        raise UsageError("--count, --report and --levels are different views; choose one")
    named = _names(encoding, model, count, levels)
    found = _found(texts or [], file or [])
    if count or report:
        counted = _measured(found, [_vocabulary(name) for name in named], rule, report)
        _print(as_json, counted)
    else:
        _show_text(found, named, rule, levels, as_json)


def _rule(special: str) -> SpecialRule:
    for rule in _RULES:
        if rule == special:
            return rule  # type: ignore[return-value]
    raise UnknownNameError("--special", special, _RULES)


def _names(encoding: str | None, model: str | None, count: bool, levels: bool) -> list[str]:
    from treadle.tokens.encodings import ENCODINGS, encoding_of_model
    from treadle.tokens.opening import names_vocabulary_file

    if encoding is not None and model is not None:
        raise UsageError("--model looks up an encoding; leave --encoding out, or name both encodings there")
    if model is not None:
        return [model if names_vocabulary_file(model) or model in _catalogue() else encoding_of_model(model)]
    if encoding is None and count:
        raise UsageError("a count is of one model or encoding: --model gpt-4, or --encoding cl100k_base (or all)")
    if encoding is None:
        return ["cl100k_base"] if levels else list(_COMPARED)
    names = list(ENCODINGS) if encoding == "all" else [name.strip() for name in encoding.split(",") if name.strip()]
    if not names:
        raise UsageError(f"--encoding names nothing; known: {', '.join(ENCODINGS)}")
    return list(dict.fromkeys(names))


def _vocabulary(name: str) -> Tokens:
    from treadle.tokens.encodings import ENCODINGS
    from treadle.tokens.opening import names_vocabulary_file, open_file, open_tokens

    if name in ENCODINGS or names_vocabulary_file(name):
        return open_tokens(name)
    if name in _catalogue():
        from treadle import compose

        return open_file(compose.pull_model(name), name)
    advice = "Or a path: a tokenizer.json, a .gguf file, a SentencePiece .model, a model's folder."
    raise UnknownNameError("encoding", name, [*ENCODINGS, *_catalogue()], advice)


def _catalogue() -> Sequence[str]:
    from treadle.engines.models import CATALOGUE

    return tuple(CATALOGUE)


# ------------------------------------------------------------------------------------------------ texts


def _found(texts: Sequence[str], files: Sequence[Path]) -> Found:
    from treadle.tokens.sources import Found, find, stream_source, text_source

    if files:
        paths = [*files, *map(Path, texts)]
        if paths == [Path("-")]:
            return Found(sources=(stream_source(sys.stdin.buffer),), skipped=())
        return find(paths)
    if len(texts) != 1:
        told = f"{len(texts)} texts were given; quote a text that has spaces" if texts else "no text was given"
        raise UsageError(f"{told}: treadle tokens 'The text.', treadle tokens --file FILE, or - for standard input")
    if texts[0] == "-":
        return Found(sources=(stream_source(sys.stdin.buffer),), skipped=())
    with contextlib.suppress(OSError, ValueError):
        if Path(texts[0]).is_file():
            told = f"this is the text {texts[0]!r}; what is in that file: treadle tokens --file {texts[0]}"
            typer.echo(escaped(told), err=True)
    return Found(sources=(text_source(os.fsencode(texts[0])),), skipped=())


def _show_text(found: Found, names: Sequence[str], rule: SpecialRule, levels: bool, as_json: bool) -> None:
    from treadle.tokens import plain, shown
    from treadle.tokens.counting import compare
    from treadle.tokens.sources import read_text

    raw = read_text(found.sources[0], _MOST_SHOWN_BYTES) if len(found.sources) == 1 else None
    if raw is None:
        told = f"{len(found.sources):,} files" if len(found.sources) > 1 else f"more than {_MOST_SHOWN_BYTES:,} bytes"
        raise UsageError(f"{told} are too much to show token by token; --report or --count adds them up")
    if not raw:
        raise UsageError(f"{found.sources[0].name} is empty: it has 0 tokens in every vocabulary")
    if levels:
        from treadle.tokens.levels import levels_of

        if len(names) > 1:
            raise UsageError(f"--levels takes one encoding, not {len(names)}")
        at_levels = levels_of(raw, _vocabulary(names[0]))
        _emit(as_json, at_levels, plain.levels_data, shown.show_levels)
        return
    view = compare(raw, [_vocabulary(name) for name in names], rule)
    _emit(as_json, view, plain.comparison_data, shown.show_comparison)


# ------------------------------------------------------------------------------------------------ files


def _measured(found: Found, vocabularies: Sequence[Tokens], rule: SpecialRule, detailed: bool) -> Report:
    from treadle.tokens.counting import measure

    sizes = [source.n_bytes for source in found.sources]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    try:
        with BytesBar("counting", total, shown=total is None or total >= _BAR_FROM_BYTES) as bar:
            counted = measure(found.sources, vocabularies, special=rule, detailed=detailed, on_bytes=bar.advance)
    except KeyboardInterrupt as end:
        typer.echo("stopped; nothing is kept of a count", err=True)
        raise SystemExit(getattr(end, "code", EXIT_INTERRUPTED)) from None
    if detailed and not counted.n_bytes:
        raise UsageError(f"{', '.join(file.name for file in counted.files[:5])}: empty, with 0 tokens in every vocabulary")
    return dataclasses.replace(counted, skipped=found.skipped)


def _print(as_json: bool, counted: Report) -> None:
    from treadle.tokens import plain, shown

    _emit(as_json, counted, plain.report_data, shown.show_report if counted.detailed else shown.show_count)
    if counted.skipped and not counted.detailed:
        typer.echo(f"not counted: {len(counted.skipped):,} files that are no text, or links (--report names them)", err=True)


def _emit(as_json: bool, found: View, data: Callable[[View], dict[str, Any]], show: Callable[[Console, View], None]) -> None:
    if as_json:
        document = data(found)
        try:
            typer.echo(json.dumps(document, ensure_ascii=False).encode("utf-8"))
        except UnicodeEncodeError:  # the name of a file that is no UTF-8
            typer.echo(json.dumps(document))
        return
    from treadle.display.surface import taken

    if taken(found):
        return
    from rich.console import Console

    show(Console(highlight=False, markup=False, emoji=False), found)
