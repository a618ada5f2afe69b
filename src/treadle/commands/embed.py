"""``treadle embed``: texts as vectors, tokens near a token, how alike texts are."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.files import check_free, write_new
from treadle.commands.opening_models import open_model
from treadle.commands.options import JsonOption
from treadle.errors import UsageError

if TYPE_CHECKING:
    from treadle.model.look.vectors import Embeddings
    from treadle.model.weights import LoadedModel

__all__ = ["embed"]


def embed(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="One text, or several to compare.")] = None,
    neighbours: Annotated[
        str | None, typer.Option("--neighbours", metavar="TOKEN", help="Tokens near this one (or near id:N); needs no text.")
    ] = None,
    top: Annotated[int | None, typer.Option("--top", help="Neighbours to list (10).")] = None,
    mean: Annotated[bool, typer.Option("--mean", help="With --out: one vector a text, the mean of its tokens'.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the vectors as a .npy file; must not exist.")
    ] = None,
    engine: Annotated[
        str, typer.Option("--engine", "-e", help="torch:smollm2, torch:/x.gguf, a .gguf file or a model's folder.")
    ] = "torch:smollm2",
    as_json: JsonOption = False,
) -> None:
    """Show the vectors that the model's embedding table holds for TEXT, and how alike several texts are by them."""
    texts = texts or []
    _check(texts, neighbours, top, mean, out)
    model = open_model(engine)
    if neighbours is not None:
        _neighbours(model, neighbours, 10 if top is None else top, as_json)
        return
    from treadle.model.look.vectors import embed as embedded
    from treadle.model.look.vectors import embeddings_data

    found = _with_words(embedded(model, engine, texts))
    if out is not None:
        write_new(out, _npy(found, mean))
    if as_json:
        typer.echo(json.dumps(embeddings_data(found), ensure_ascii=False))
        return
    from treadle.display.surface import taken

    if not taken(found):
        _show(found)


def _check(texts: list[str], neighbours: str | None, top: int | None, mean: bool, out: Path | None) -> None:
    if neighbours is None and not texts:
        raise UsageError("say what to embed: treadle embed 'a muon' 'an electron', or treadle embed --neighbours ' muon'")
    if neighbours is not None and (texts or mean or out is not None):
        raise UsageError("--neighbours looks at the embedding table and reads no text; leave texts, --mean and --out out")
    if top is not None and neighbours is None:
        raise UsageError("--top says how many neighbours to list; name a token with --neighbours")
    if any(not text for text in texts):
        raise UsageError("a text is empty; it has no token and so no vector")
    if out is None:
        if mean:
            raise UsageError("--mean says what --out writes; name a file with --out")
        return
    if out.suffix != ".npy":
        raise UsageError(f"--out writes numpy's format; name a file that ends with .npy, not {out.name!r}")
    if len(texts) > 1 and not mean:
        raise UsageError(
            f"{len(texts)} texts have vectors of {len(texts)} shapes; --mean writes one vector a text, or embed one text"
        )
    check_free(out)


def _npy(found: Embeddings, mean: bool) -> bytes:
    import numpy as np

    sink = io.BytesIO()
    np.save(sink, np.stack([one.mean for one in found.texts]) if mean else found.texts[0].vectors)
    return sink.getvalue()


def _with_words(found: Embeddings) -> Embeddings:
    """With how alike the texts are by word vectors, where the extra `similarity` is installed."""
    from treadle.model.look.vectors import Similarities, cosines
    from treadle.retrieval.similarity import static_vectors

    vectors = static_vectors() if len(found.texts) > 1 else None
    if vectors is None:
        return found
    rows = vectors.embed([one.text for one in found.texts])
    by = "word vectors of wordllama, as examples are searched by"
    return replace(found, similarities=(*found.similarities, Similarities(by=by, cosines=cosines(rows))))


def _neighbours(model: LoadedModel, token: str, top: int, as_json: bool) -> None:
    """As ``treadle look --neighbours``."""
    from treadle.model.look import neighbours, plain, shown

    found = neighbours(model, token, top=top)
    if as_json:
        typer.echo(json.dumps({"model": str(model.path), **plain.neighbours_data(found)}, ensure_ascii=False))
        return
    from treadle.display.surface import taken

    if not taken(found):
        from rich.console import Console

        shown.show_neighbours(Console(highlight=False, markup=False, emoji=False), found)


def _show(found: Embeddings) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from treadle.escaping import escaped
    from treadle.model.look.vectors import numbers, table_line, text_line

    console = Console(highlight=False, markup=False, emoji=False)
    console.print(table_line(found), style="bold")
    for number, one in enumerate(found.texts, start=1):
        console.print(escaped(text_line(number, one)))
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=number == 1)
        for title, side in (("", "right"), ("token", "left"), ("row", "left"), ("length", "right"), ("vector", "left")):
            table.add_column(title, justify="right" if side == "right" else "left", no_wrap=title != "token")
        for piece, length, vector in zip(one.pieces, one.lengths, one.vectors, strict=False):
            cells = (str(piece.position), piece.text, f"id:{piece.id}", f"{length:.3f}", numbers(vector))
            table.add_row(*map(Text, cells))
        console.print(table)
        if (left := len(one.ids) - len(one.pieces)) > 0:
            console.print(f"  ... and {left:,} more tokens", style="dim")
    console.print("Each vector is the row of the table that its token's id names, before any layer.", style="dim")
    for similarity in found.similarities:
        table = Table("cosine", *(str(i + 1) for i in range(len(found.texts))), box=None, padding=(0, 1, 0, 0))
        for i, row in enumerate(similarity.cosines.tolist(), start=1):
            table.add_row(f"{i:6d}", *(f"{c:.3f}" for c in row))
        console.print(f"Alike by {similarity.by}:")
        console.print(table)
    if len(found.similarities) == 1:
        console.print("With the extra 'similarity' (wordllama) they are compared by word vectors, too.", style="dim")
