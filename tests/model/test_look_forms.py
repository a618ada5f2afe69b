"""Pages, pictures and the terminal: whole, standing alone, and safe whatever the text holds."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from tiny_model import tiny_loaded
from treadle.display.colours import colour, ink
from treadle.errors import UsageError
from treadle.model import look
from treadle.model.look import page, picture, shown

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \"' $x^2$ \\frac \x1b[31m é漢\n"


def pages(text: str) -> dict[str, str]:
    model = tiny_loaded()
    found = look.attention(model, text), look.logit_lens(model, text), look.norms(model, text)
    return {
        "attention": page.attention_page(found[0], 2, 1),
        "lens": page.page("Lens", page.lens_table(found[1])),
        "norms": page.page("Norms", page.norms_table(found[2])),
        "neighbours": page.page("Near", page.neighbours_table(look.neighbours(model, "<", top=90))),
        "frame": found[0]._repr_html_(),
        "lens in a notebook": found[1]._repr_html_(),
    }


class Seen(HTMLParser):
    """Tags with their attributes, and text outside of scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        (self.scripts if self.tags and self.tags[-1][0] == "script" else self.text).append(data)


def parsed(document: str) -> Seen:
    seen = Seen()
    seen.feed(document)
    seen.close()
    return seen


@pytest.mark.parametrize("name", pages("a"))
def test_text_stays_text(name: str) -> None:
    seen = parsed(pages(HOSTILE)[name])
    plain = parsed(pages("abc")[name])
    assert {tag for tag, _ in seen.tags} <= {tag for tag, _ in plain.tags}, "the text makes no element of its own"
    assert all("onerror" not in attributes for _, attributes in seen.tags)
    assert sum(tag == "script" for tag, _ in seen.tags) == sum(tag == "script" for tag, _ in plain.tags)


@pytest.mark.parametrize("name", pages("a"))
def test_pages_fetch_nothing(name: str) -> None:
    document = pages("the cat")[name]
    assert not re.search(r"https?:|//[a-z]|@import|url\(", document)
    for tag, attributes in parsed(document).tags:
        assert tag not in ("link", "img", "object", "embed", "base")
        assert "src" not in attributes
        assert "href" not in attributes
    if document.startswith("<!doctype"):
        policy = next(a for tag, a in parsed(document).tags if tag == "meta" and "content" in a)
        assert str(policy["content"]).startswith("default-src 'none'")


def test_the_frame_of_a_notebook_holds_the_page() -> None:
    found = look.attention(tiny_loaded(), HOSTILE)
    frame = parsed(found._repr_html_())
    assert [tag for tag, _ in frame.tags] == ["iframe"]
    assert frame.tags[0][1] == {**frame.tags[0][1], "sandbox": "allow-scripts", "srcdoc": page.attention_page(found)}


def test_the_page_holds_the_weights() -> None:
    found = look.attention(tiny_loaded(), "the cat sat", last=5)
    held = next(s for s in parsed(page.attention_page(found)).scripts if s.startswith("{"))
    data = json.loads(held)
    n = len(found.pieces)
    rows, columns = np.tril_indices(n)
    weights = np.frombuffer(base64.b64decode(data["weights"]), np.uint8).reshape(4, 4, -1) / 255
    np.testing.assert_allclose(weights, found.weights[:, :, rows, columns], atol=0.5 / 255 + 1e-6)
    earlier = np.frombuffer(base64.b64decode(data["earlier"]), np.uint8).reshape(4, 4, n) / 255
    np.testing.assert_allclose(earlier, found.earlier, atol=0.5 / 255 + 1e-6)
    assert data["tokens"] == [[piece.position, piece.text] for piece in found.pieces]


# ------------------------------------------------------------------------------------------------ pictures


def test_pictures_can_be_drawn_of_any_text() -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.image import imread

    model = tiny_loaded()
    attention = look.attention(model, HOSTILE[:60])
    drawn = [
        picture.attention_png(attention),
        picture.attention_png(attention, 2),
        picture.attention_png(attention, 2, 4),
        picture.lens_png(look.logit_lens(model, HOSTILE, last=12)),
        picture.norms_png(look.norms(model, "$x$ é漢")),
        picture.norms_png(look.norms(model, "x")),
        picture.neighbours_png(look.neighbours(model, "$")),
    ]
    for png in drawn:
        image = imread(io.BytesIO(png), format="png")
        assert min(image.shape[:2]) > 100
        assert image.std() > 0.01, "not blank"
    assert picture.attention_png(attention, 2, 4) == drawn[2], "the same data gives the same file"


def test_a_picture_of_too_many_words_is_refused() -> None:
    found = look.logit_lens(tiny_loaded(), "x" * 41)
    with pytest.raises(UsageError, match="--last 40"):
        picture.lens_png(found)


# ------------------------------------------------------------------------------------------------ terminal


def drawn(show: Callable[..., None], *view: Any, width: int = 80, colours: bool = False) -> str:
    sink = io.StringIO()
    console = Console(
        file=sink,
        width=width,
        highlight=False,
        markup=False,
        force_terminal=colours,
        color_system="truecolor" if colours else None,
    )
    show(console, *view)
    return sink.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("text", ["the cat sat", HOSTILE[:50], "漢字漢字"])
def test_lines_fit_and_steer_nothing(text: str, width: int) -> None:
    model = tiny_loaded()
    attention, lens = look.attention(model, text), look.logit_lens(model, text)
    part = look.attention(model, text, last=2)
    for output in (
        drawn(shown.show_attention, attention, width=width),
        drawn(shown.show_attention, attention, 2, width=width),
        drawn(shown.show_attention, part, 2, 1, width=width),
        drawn(shown.show_lens, lens, width=width),
        drawn(shown.show_lens, lens, 3, width=width),
        drawn(shown.show_lens, lens, None, True, width=width),
        drawn(shown.show_norms, look.norms(model, text), width=width),
        drawn(shown.show_neighbours, look.neighbours(model, "t"), width=width),
    ):
        assert "\x1b" not in output
        assert max(map(cell_len, output.splitlines())) <= width
        assert len(output.splitlines()) > 5


def test_a_map_says_tenths_and_colours_repeat_them() -> None:
    found = look.attention(tiny_loaded(), "the cat")
    plain, coloured = drawn(shown.show_attention, found, 1, 2), drawn(shown.show_attention, found, 1, 2, colours=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[" in coloured
    row = plain.splitlines()[len(found.pieces) + 1]
    cells = row[16:].split()
    assert len(cells) == len(found.pieces)
    for cell, share in zip(cells, found.weights[0, 1, -1].tolist(), strict=True):
        assert cell == ("·" if share < 0.05 else str(min(9, int(10 * share + 0.5))))


def test_a_map_that_does_not_fit_says_what_would() -> None:
    found = look.attention(tiny_loaded(), "x" * 65)
    with pytest.raises(UsageError, match="65 positions do not fit into 80 columns; --last 62") as told:
        drawn(shown.show_attention, found)
    assert "--html" in str(told.value)
    assert drawn(shown.show_attention, look.attention(tiny_loaded(), "x" * 65, last=62))
    assert drawn(shown.show_attention, found, width=100)


def test_colours_grow_lighter_and_ink_can_be_read() -> None:
    def light(rgb: tuple[int, int, int]) -> float:
        linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    steps = [i / 50 for i in range(51)]
    lights = [light(colour(step)) for step in steps]
    assert lights == sorted(lights)
    for step, behind in zip(steps, lights, strict=True):
        front = light(ink(step))
        contrast = (max(front, behind) + 0.05) / (min(front, behind) + 0.05)
        assert contrast >= 4.1, "close to what WCAG asks of text, in the middle of the scale"
