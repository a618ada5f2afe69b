"""``treadle look``: inside the transformer, while it reads a text."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from treadle.commands.files import check_free, write_new
from treadle.commands.opening_models import open_model
from treadle.commands.options import JsonOption
from treadle.display.surface import taken
from treadle.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from treadle.model.look.text import OnRead
    from treadle.model.weights import LoadedModel
    from treadle.terminal import TerminalProgress

__all__ = ["look"]

_VIEWS = "--attention, --lens, --norms or --neighbours TOKEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One view in all its forms; ``found`` is what was computed."""

    found: object
    data: Callable[[], dict[str, Any]]
    page: Callable[[], str]
    picture: Callable[[], bytes]
    show: Callable[[Console], None]


def look(
    text: Annotated[str | None, typer.Argument(help="The text that the model reads; special tokens in it are text.")] = None,
    attention: Annotated[bool, typer.Option("--attention", help="Where each head takes its information from.")] = False,
    lens: Annotated[bool, typer.Option("--lens", help="What each layer would say next.")] = False,
    norms: Annotated[bool, typer.Option("--norms", help="How long the vectors are after each layer.")] = False,
    neighbours: Annotated[
        str | None, typer.Option("--neighbours", metavar="TOKEN", help="Tokens near this one (or near id:N); needs no text.")
    ] = None,
    layer: Annotated[int | None, typer.Option("--layer", help="One layer; counted from 1, 0 is the embedding.")] = None,
    head: Annotated[int | None, typer.Option("--head", help="One head of that layer; counted from 1.")] = None,
    last: Annotated[int | None, typer.Option("--last", help="Read the whole text, show the last N positions.")] = None,
    top: Annotated[int | None, typer.Option("--top", help="Tokens to list: of a lens (5), of neighbours (10).")] = None,
    engine: Annotated[
        str, typer.Option("--engine", "-e", help="torch:smollm2, torch:/x.gguf, a .gguf file or a model's folder.")
    ] = "torch:smollm2",
    html: Annotated[Path | None, typer.Option("--html", help="Write a page that stands alone; must not exist.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Write a picture; must not exist.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happens inside the model while it reads a text."""
    name = _view_of(attention, lens, norms, neighbours)
    _check_options(name, text, layer, head, last, top)
    for path in (html, png):
        check_free(path)
    model = open_model(engine)
    with _reading() as told:
        view = _view(name, model, (neighbours if name == "neighbours" else text) or "", layer, head, last, top, told)
    # Everything is computed before anything is written: an error leaves no half of it.
    files = [(html, view.page().encode("utf-8"))] if html else []
    files += [(png, view.picture())] if png else []
    for path, content in files:
        write_new(path, content)
    if as_json:
        typer.echo(json.dumps({"model": str(model.path), **view.data()}, ensure_ascii=False))
    elif html is None and png is None and not taken(view.found):
        from rich.console import Console

        view.show(Console(highlight=False, markup=False, emoji=False))


# ------------------------------------------------------------------------------------------------ options


def _view_of(attention: bool, lens: bool, norms: bool, neighbours: str | None) -> str:
    wanted = {"attention": attention, "lens": lens, "norms": norms, "neighbours": neighbours is not None}
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(chosen) != 1:
        told = f", not {' and '.join('--' + name for name in chosen)} at once" if chosen else ""
        raise UsageError(f"say what to look at: {_VIEWS}{told}")
    return chosen[0]


_TAKEN = {
    "attention": ("--layer", "--head", "--last"),
    "lens": ("--layer", "--last", "--top"),
    "norms": ("--last",),
    "neighbours": ("--top",),
}


def _check_options(
    name: str, text: str | None, layer: int | None, head: int | None, last: int | None, top: int | None
) -> None:
    given = {"--layer": layer, "--head": head, "--last": last, "--top": top}
    for option, value in given.items():
        if value is not None and option not in _TAKEN[name]:
            raise UsageError(f"--{name} takes no {option}; it takes {', '.join(_TAKEN[name])}")
    if name == "neighbours" and text is not None:
        raise UsageError("--neighbours looks at the embedding table and reads no text; leave the text out")
    if name != "neighbours" and not text:
        raise UsageError(f"--{name} needs a text to read: treadle look 'The text.' --{name}")


# ------------------------------------------------------------------------------------------------ views


@contextlib.contextmanager
def _reading() -> Iterator[OnRead]:
    """Draws a bar on standard error from when a text turns out to be long; nothing where that is no terminal."""
    with contextlib.ExitStack() as stack:
        shown: list[TerminalProgress] = []
        before = 0

        def told(done: int, total: int) -> None:
            nonlocal before
            if not shown:
                from treadle.terminal import TerminalProgress

                shown.append(stack.enter_context(TerminalProgress()))
                shown[0].phase(f"reading {total:,} tokens", total)
            shown[0].tokens(done - before)
            before = done

        yield told


def _view(
    name: str,
    model: LoadedModel,
    text: str,
    layer: int | None,
    head: int | None,
    last: int | None,
    top: int | None,
    told: OnRead,
) -> _View:
    from treadle.model.look.heads import check_choice, check_layer

    config = model.transformer.config
    if name == "attention":
        check_choice(layer, head, config.n_layers, config.n_heads)
        return _attention(model, text, layer, head, last, told)
    if name == "lens":
        check_layer(layer, config.n_layers, lowest=0)
        return _lens(model, text, layer, last, top, told)
    return _norms(model, text, last, told) if name == "norms" else _neighbours(model, text, top)


def _attention(model: LoadedModel, text: str, layer: int | None, head: int | None, last: int | None, told: OnRead) -> _View:
    from treadle.model.look import attention, page, picture, plain, shown

    found = attention(model, text, last=last, on_read=told)
    return _View(
        found=found,
        data=lambda: plain.attention_data(found, layer, head),
        page=lambda: page.attention_page(found, layer, head),
        picture=lambda: picture.attention_png(found, layer, head),
        show=lambda console: shown.show_attention(console, found, layer, head),
    )


def _lens(model: LoadedModel, text: str, layer: int | None, last: int | None, top: int | None, told: OnRead) -> _View:
    from treadle.model.look import logit_lens, page, picture, plain, shown

    found = logit_lens(model, text, top=5 if top is None else top, last=last, on_read=told)
    return _View(
        found=found,
        data=lambda: plain.lens_data(found, layer),
        page=lambda: page.page("Logit lens", page.lens_table(found)),
        picture=lambda: picture.lens_png(found),
        show=lambda console: shown.show_lens(console, found, layer, every_layer_in_full=top is not None),
    )


def _norms(model: LoadedModel, text: str, last: int | None, told: OnRead) -> _View:
    from treadle.model.look import norms, page, picture, plain, shown

    found = norms(model, text, last=last, on_read=told)
    return _View(
        found=found,
        data=lambda: plain.norms_data(found),
        page=lambda: page.page("Length of the residual stream", page.norms_table(found)),
        picture=lambda: picture.norms_png(found),
        show=lambda console: shown.show_norms(console, found),
    )


def _neighbours(model: LoadedModel, token: str, top: int | None) -> _View:
    from treadle.model.look import neighbours, page, picture, plain, shown

    found = neighbours(model, token, top=10 if top is None else top)
    return _View(
        found=found,
        data=lambda: plain.neighbours_data(found),
        page=lambda: page.page("Neighbours in the embedding table", page.neighbours_table(found)),
        picture=lambda: picture.neighbours_png(found),
        show=lambda console: shown.show_neighbours(console, found),
    )
