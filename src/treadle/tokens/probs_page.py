"""Probabilities as a page that stands alone: point at a token, or walk with the arrow keys, to read what else was likely."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from html import escape
from importlib.resources import files

from treadle.display.colours import colour, css, ink
from treadle.display.page import framed, in_script, page
from treadle.display.readable import percent, readable_text
from treadle.tokens.probabilities import NameProbability, ProbsView, SeenToken
from treadle.types import Verdict

__all__ = ["probs_frame", "probs_html"]

_STEPS = 16
_UNLIKELY, _UNSURE = 0.05, 0.35
_EXISTS = {True: "yes", False: "NO", None: ""}


def probs_html(view: ProbsView, *more: ProbsView) -> str:
    """The whole document; several views stand one under the other."""
    resources = files("treadle.tokens")
    script = (resources / "probs.js").read_text(encoding="utf-8")
    style = (resources / "probs.css").read_text(encoding="utf-8")
    views = "\n".join(_section(one, headed=bool(more)) for one in (view, *more))
    return page(
        "Probabilities" if more else view.title, f"{_HELP}{_legend()}{views}{_NO_SCRIPT}", script, style + _colours()
    )


def probs_frame(view: ProbsView, *more: ProbsView) -> str:
    """The page in a frame of its own, for notebooks."""
    return framed(probs_html(view, *more), "32em")


_HELP = (
    "<p>Point at a token, or go to the text with Tab and walk with the arrow keys; Enter keeps the token and goes to its "
    "alternatives, Escape goes back.</p>"
)
_NO_SCRIPT = "<noscript><p>Without scripts, point at a token to read its figures. The page fetches nothing.</p></noscript>"


def _colours() -> str:
    shares = [(step, step / _STEPS) for step in range(_STEPS + 1)]
    return "\n".join(f".c{step}{{background:{css(colour(p))};color:{css(ink(p))}}}" for step, p in shares)


def _legend() -> str:
    cells = "".join(f'<span class="c{step}">{round(100 * step / _STEPS):3d}</span>' for step in range(0, _STEPS + 1, 2))
    return (
        f'<p>Probability in %: <span class="legend">{cells}</span>; also without colour: <span class="unlikely">wavy</span> '
        f'is below 5 %, <span class="unsure">dotted</span> below 35 %.</p>'
    )


# ------------------------------------------------------------------------------------------------ one view


def _section(view: ProbsView, headed: bool) -> str:
    title = f"<h2>{escape(view.title)}</h2>" if headed else ""
    notes = "".join(f"<li>{escape(note)}</li>" for note in view.notes)
    text = "".join(_text_parts(view))
    return (
        f'<section class="view">{title}<p>{escape(_totals(view))}</p><ul>{notes}</ul>\n'
        f'<pre class="text" role="listbox" aria-label="tokens of the text">{text}</pre>\n'
        f'<div class="told" aria-live="polite"><p>No token was pointed at yet.</p></div>'
        f"{_names(view.names)}{_verdicts(view.verdicts)}"
        f'<script type="application/json">{in_script(_data(view))}</script></section>'
    )


def _totals(view: ProbsView) -> str:
    perplexity = view.perplexity
    if perplexity is None:
        return "no tokens"
    shown = f"{perplexity:,.2f}" if math.isfinite(perplexity) else "infinite"
    return (
        f"{view.engine}: {len(view.tokens)} tokens, {view.bits:.1f} bits in all, perplexity {shown}, log-probability "
        f"{-view.nats:.2f} nats"
    )


def _text_parts(view: ProbsView) -> Iterable[str]:
    """The text token by token; what no token holds stands between them, and a token without text of its own has a mark."""
    at = 0
    for place, token in enumerate(view.tokens):
        if token.start > at:
            yield escape(view.text[at : token.start])
        own = view.text[max(at, token.start) : token.end]
        at = max(at, token.end)
        yield _span(token, own, first=place == 0)
    yield escape(view.text[at:])


def _span(token: SeenToken, own: str, first: bool) -> str:
    share = token.probability
    doubt = " unlikely" if share < _UNLIKELY else " unsure" if share < _UNSURE else ""
    drawn = " drawn" if token.drawn else ""
    told = f"{token.shown}: {percent(share)}, {token.bits:.2f} bits, rank {token.rank_shown}"
    told += "".join(f"\n{percent(math.exp(a.logprob))}  {readable_text(a.text)}" for a in token.alternatives)
    return (
        f'<span class="t c{round(share * _STEPS)}{doubt}{drawn}" role="option" tabindex="{0 if first else -1}" '
        f'title="{escape(told, quote=True)}">{escape(_visible(own))}</span>'
    )


def _visible(text: str) -> str:
    if not text:
        return "\N{WHITE BULLET}"
    return "".join(c if c == " " else f"{readable_text(c)}\n" if c == "\n" else readable_text(c) for c in text)


def _names(names: tuple[NameProbability, ...]) -> str:
    if not names:
        return ""
    held = any(name.allowed is not None for name in names)
    rows = "".join(_name_row(name, held) for name in sorted(names, key=lambda n: n.probability))
    return (
        "<h3>Names and literals of the program, the least certain first</h3>"
        "<p>The product over the tokens of each; &ge;: a token also holds what stands beside it, so the name alone is "
        f"at least so likely.{' &lsquo;Allowed&rsquo;: of what grammar and names let through.' if held else ''}</p>"
        f'<div class="scroll"><table class="names"><tr><th>probability</th>{"<th>allowed</th>" if held else ""}'
        f"<th>what</th><th>name</th><th>line</th><th>is it there?</th></tr>{rows}</table></div>"
    )


def _name_row(name: NameProbability, with_allowed: bool) -> str:
    bound = "&ge; " if name.shared else ""
    allowed = f"<td>{'' if name.allowed is None else percent(name.allowed)}</td>" if with_allowed else ""
    places = ",".join(map(str, name.tokens))
    row = '<tr class="missing">' if name.exists is False else "<tr>"
    return (
        f"{row}<td>{bound}{percent(name.probability)}</td>{allowed}"
        f'<td>{escape(name.kind)}</td><td><button type="button" data-tokens="{places}">{escape(readable_text(name.text))}'
        f"</button></td><td>{name.line}</td><td>{_EXISTS[name.exists]}</td></tr>"
    )


def _verdicts(verdicts: tuple[Verdict, ...]) -> str:
    if not verdicts:
        return ""
    rows = "".join(
        f"<tr><td>{escape(v.outcome.value)}</td><td>{escape(v.rung.value)}</td><td>{escape(v.reason)}</td></tr>"
        for v in verdicts
    )
    return f'<h3>Verdicts</h3><div class="scroll"><table>{rows}</table></div>'


def _data(view: ProbsView) -> str:
    return json.dumps({"command": view.command, "tokens": [_told(token) for token in view.tokens]})


def _told(token: SeenToken) -> dict[str, object]:
    return {
        "at": token.position,
        "text": token.shown,
        "id": token.id,
        "share": percent(token.probability),
        "bits": f"{token.bits:.2f}",
        "sum": f"{token.cumulative:.2f}",
        "rank": token.rank_shown,
        "cut": None if token.cut is None else percent(token.cut),
        "drawn": token.drawn,
        "others": [[readable_text(a.text), a.text, percent(math.exp(a.logprob))] for a in token.alternatives],
    }
