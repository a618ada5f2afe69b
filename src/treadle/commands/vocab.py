"""``treadle vocab ...``: vocabularies made from a corpus, and how a word comes to its tokens."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.commands.bytes_bar import BytesBar
from treadle.commands.exits import EXIT_INTERRUPTED
from treadle.escaping import escaped

if TYPE_CHECKING:
    from treadle.tokens.trained.run import Trained

__all__ = ["vocab_app"]

vocab_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train vocabularies, and see how they merge.")

_LONGEST_EXPLAINED = 200


class Kind(StrEnum):
    """The kinds of vocabularies."""

    BPE = "bpe"
    UNIGRAM = "unigram"
    WORDPIECE = "wordpiece"
    WORD = "word"
    CHAR = "char"


@vocab_app.command("train", short_help="Make a vocabulary from a corpus.")
def vocab_train(
    corpus: Annotated[list[Path], typer.Argument(help="Text files, JSON lines, folders of them.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="The tokenizer.json to write.", show_default=False)],
    size: Annotated[int, typer.Option("--size", help="Tokens in all.")] = 32_768,
    algorithm: Annotated[Kind, typer.Option("--algorithm", help="How pieces of words are found.")] = Kind.BPE,
    white_space: Annotated[
        bool,
        typer.Option("--white-space", help="For code: line ends with indentation, and identifiers, can be one token."),
    ] = False,
    field: Annotated[str, typer.Option("--field", help="Where a line of a .jsonl file has its text.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON document.")] = False,
) -> None:
    """Make a vocabulary from a corpus, with the library tokenizers; stopped, it goes on where it was."""
    from treadle.display.surface import taken
    from treadle.tokens.trained.run import told, train_vocabulary

    with _telling_what_is_kept(out), BytesBar("counting words") as bar:
        trained = train_vocabulary(
            corpus, out, algorithm=algorithm.value, size=size, white_space=white_space, field=field,
            on_bytes=bar.read, on_training=lambda: bar.then("training"),
        )  # fmt: skip
    if as_json:
        typer.echo(_as_json(trained))
    elif not taken(trained):
        typer.echo(escaped("\n".join(told(trained))))


@vocab_app.command("explain", short_help="Show the merges of a word.")
def vocab_explain(
    word: Annotated[str, typer.Argument(help="A word, or a short text.", show_default=False)],
    encoding: Annotated[
        str, typer.Option("--encoding", help="gpt2, p50k_base, cl100k_base..., or a tokenizer.json of byte pairs.")
    ] = "cl100k_base",
) -> None:
    """Show how a word is cut and merged, step by step, until it is tokens; each line begins with the token that was made."""
    from treadle.errors import UsageError
    from treadle.tokens.from_json import byte_pairs_from_json

    if not word:
        raise UsageError("an empty text has no tokens; give a word, as in: treadle vocab explain lollipop")
    if len(word) > _LONGEST_EXPLAINED:
        raise UsageError(
            f"{len(word):,} characters are too many to be read step by step; up to {_LONGEST_EXPLAINED} are shown"
        )
    if encoding.endswith(".json"):
        pairs = byte_pairs_from_json(Path(encoding))
    else:
        from treadle.tokens.educational import BytePairs
        from treadle.tokens.encodings import pattern_of, ranks_of

        pairs = BytePairs(ranks_of(encoding), pattern_of(encoding))
    from treadle.display.surface import taken
    from treadle.tokens.explained import explained

    found = explained(pairs, word)
    if not taken(found):
        typer.echo(escaped("\n".join(found.lines)))


def _as_json(trained: Trained) -> str:
    import dataclasses

    plain: dict[str, Any] = dataclasses.asdict(trained) | {"path": str(trained.path)}
    plain["left_out"] = [{"path": path, "reason": reason, "n": n} for path, reason, n in trained.left_out]
    return json.dumps(plain | {"bytes_a_token": round(trained.bytes_a_token, 4)}, indent=1)


@contextlib.contextmanager
def _telling_what_is_kept(out: Path) -> Iterator[None]:
    """Say of Ctrl-C what is kept, and how to go on."""
    try:
        yield
    except KeyboardInterrupt as end:
        counts = out.with_name(out.name + ".counts")
        kept = "nothing was written"
        if counts.exists():
            kept = f"the words counted so far are kept in {counts}; the same command goes on from there"
        typer.echo(escaped(f"stopped; {kept}"), err=True)
        raise SystemExit(getattr(end, "code", EXIT_INTERRUPTED)) from None
