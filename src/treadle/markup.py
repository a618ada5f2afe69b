"""Results as HTML, for notebooks: what ``_repr_html_`` of the plain types gives.

The pieces stand alone: no script, no style sheet, nothing fetched. Colours are those of the page around them, with badges
that carry their own ground, so they are readable on white and on black. All text is escaped. This module is below ``types``,
whose classes call it; it knows them by what it shows of them (the protocols below).
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Protocol

from treadle.escaping import escaped

__all__ = [
    "answer_html",
    "badge",
    "block",
    "code",
    "completion_html",
    "example_html",
    "folded",
    "note",
    "prompt_html",
    "run_html",
    "said",
    "summary_html",
    "table",
    "verdict_html",
]

MOST_IMAGE_BYTES = 1 << 20
"""An artifact that is shown as a picture, at most; a notebook keeps a third more, in base64."""
MOST_CHARACTERS = 20_000
MOST_ROWS = 40
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_FRAME = "border:1px solid rgba(128,128,128,.5);border-radius:4px;padding:.4em .7em;margin:.3em 0;overflow-x:auto"
_SWATCH = "display:inline-block;width:.8em;height:.8em;border:1px solid #888;margin-right:.5em"
_GROUNDS = {
    "verified": "#1b6e3c", "agreed": "#1a5f8a", "ran": "#7a5a00", "failed": "#a3262a", "passed": "#1b6e3c",
}  # fmt: skip
"""White is readable on each of them; the word is always there beside the colour."""


class _Verdict(Protocol):
    @property
    def rung(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str: ...


class _Artifact(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def content(self) -> bytes: ...


class _Answer(Protocol):
    @property
    def status(self) -> str: ...
    @property
    def program(self) -> str | None: ...
    @property
    def verdicts(self) -> Sequence[_Verdict]: ...
    @property
    def reason(self) -> str: ...
    @property
    def output(self) -> str: ...
    @property
    def artifacts(self) -> Sequence[_Artifact]: ...
    @property
    def card(self) -> Mapping[str, object]: ...


class _Example(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def request(self) -> str: ...
    @property
    def program(self) -> str: ...
    @property
    def why(self) -> str: ...


class _Run(Protocol):
    @property
    def ok(self) -> bool: ...
    @property
    def tier(self) -> str: ...
    @property
    def exit_code(self) -> int | None: ...
    @property
    def signal(self) -> int | None: ...
    @property
    def stdout(self) -> str: ...
    @property
    def stderr(self) -> str: ...
    @property
    def error(self) -> str | None: ...
    @property
    def limit_hit(self) -> str | None: ...
    @property
    def artifacts(self) -> Sequence[_Artifact]: ...
    @property
    def wall_seconds(self) -> float: ...
    @property
    def cpu_seconds(self) -> float: ...
    @property
    def peak_memory_bytes(self) -> int: ...


class _Alternative(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def logprob(self) -> float: ...


class _Token(_Alternative, Protocol):
    @property
    def alternatives(self) -> Sequence[_Alternative]: ...


class _Completion(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def tokens(self) -> Sequence[_Token]: ...
    @property
    def finish_reason(self) -> str: ...
    @property
    def seed(self) -> int | None: ...
    @property
    def temperature(self) -> float | None: ...
    @property
    def mean_logprob(self) -> float | None: ...


class _Column(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def shape(self) -> str: ...
    @property
    def note(self) -> str: ...


class _Table(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def columns(self) -> Sequence[_Column]: ...
    @property
    def entries(self) -> int | None: ...


class _Summary(Protocol):
    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def tables(self) -> Sequence[_Table]: ...


class _Part(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def tokens(self) -> int: ...


class _Prompt(Protocol):
    @property
    def parts(self) -> Sequence[_Part]: ...
    @property
    def tokens(self) -> int: ...


# ------------------------------------------------------------------------------------------------ pieces


def said(text: str) -> str:
    """Text of others for HTML: escaped, what is invisible made visible, a long one cut with a word on how much."""
    shown = text[:MOST_CHARACTERS]
    left = len(text) - len(shown)
    return escape(escaped(shown)) + (f"\n... ({left:,} more characters)" if left else "")


def block(*pieces: str) -> str:
    """Pieces of HTML in one element."""
    return f'<div style="font-size:.95em;line-height:1.4">{"".join(pieces)}</div>'


def code(text: str, title: str = "") -> str:
    """A program or what it printed, in a frame."""
    head = f'<div style="opacity:.75">{said(title)}</div>' if title else ""
    return f'{head}<pre style="{_FRAME};white-space:pre">{said(text.rstrip())}</pre>'


def badge(word: str) -> str:
    """A status or an outcome."""
    ground = _GROUNDS.get(word, "#5f6368")
    return f'<span style="background:{ground};color:#fff;border-radius:3px;padding:0 .4em">{said(word)}</span>'


def note(text: str) -> str:
    """A line of less weight."""
    return f'<div style="opacity:.75">{said(text)}</div>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = (), swatches: Sequence[str] = ()
) -> str:
    """Rows of text; the columns ``numbers`` are set to the right. ``swatches``: a colour that each row begins with."""
    cell = "padding:.1em .6em;vertical-align:top;text-align:"
    sides = ["right" if i in numbers else "left" for i in range(len(head))]
    top = "".join(f'<th style="{cell}{side}">{said(text)}</th>' for text, side in zip(head, sides, strict=True))
    lines = ""
    for number, row in enumerate(rows):
        mark = f'<span style="{_SWATCH};background:{swatches[number]}"></span>' if swatches else ""
        held = [mark + said(row[0]), *map(said, row[1:])]
        cells = [f'<td style="{cell}{side}">{text}</td>' for text, side in zip(held, sides, strict=True)]
        lines += f"<tr>{''.join(cells)}</tr>"
    return f'<table style="border-collapse:collapse;margin:.3em 0"><tr>{top}</tr>{lines}</table>'


def folded(title: str, body: str) -> str:
    """What is shown when it is clicked on."""
    return f"<details><summary>{said(title)}</summary>{body}</details>"


def _ladder(verdicts: Sequence[_Verdict]) -> str:
    rows = "".join(
        f'<tr><td style="padding:.1em .4em">{badge(v.outcome)}</td><td style="padding:.1em .6em">{said(v.rung)}</td>'
        f'<td style="padding:.1em .4em;text-align:left">{said(v.reason)}</td></tr>'
        for v in verdicts
    )
    return f'<table style="border-collapse:collapse;margin:.3em 0">{rows}</table>' if rows else ""


def _artifacts(artifacts: Sequence[_Artifact]) -> str:
    """Small pictures as such, the rest by name. A picture is never run: it stands in an ``img`` element."""
    found = []
    for one in artifacts:
        told = note(f"{one.name} ({one.media_type}, {len(one.content):,} bytes)")
        if one.media_type in _IMAGES and len(one.content) <= MOST_IMAGE_BYTES:
            held = base64.b64encode(one.content).decode("ascii")
            picture = f"data:{one.media_type};base64,{held}"
            told += f'<img alt="{said(one.name)}" style="max-width:100%;background:#fff" src="{picture}">'
        found.append(told)
    return "".join(found)


# ------------------------------------------------------------------------------------------------ results


def answer_html(answer: _Answer, language: str = "python", origin: str = "") -> str:
    """Program, output, pictures, ladder, and the status with what it claims; ``origin``: the thread that it is from."""
    what = "statement" if language == "sql" else "program"
    title = what if answer.status != "failed" else "best draft, NOT an answer"
    pieces = [note(f"no draft held a {what}") if answer.program is None else code(answer.program, title)]
    if answer.output.strip():
        pieces.append(code(answer.output, "output"))
    pieces += [_artifacts(answer.artifacts), _ladder(answer.verdicts)]
    pieces.append(f"<div>{badge(answer.status)} {said(answer.reason)}</div>")
    if claim := answer.card.get("claim"):
        pieces.append(note(str(claim)))
    if origin:
        pieces.append(note(origin))
    return block(*pieces)


def verdict_html(verdict: _Verdict) -> str:
    """What a check found out."""
    return block(_ladder([verdict]))


def example_html(example: _Example) -> str:
    """The request, the program that answers it, and where it is from."""
    origin = ", ".join(text for text in (example.id, example.why) if text)
    return block(f"<div><b>{said(example.request)}</b></div>", code(example.program), note(origin))


def run_html(run: _Run) -> str:
    """How a run ended, what it printed and left behind, and what it used."""
    end = f"signal {run.signal}" if run.signal is not None else f"exit code {run.exit_code}"
    told = run.limit_hit or run.error or ("ran to its end" if run.ok else end)
    used = f"{run.wall_seconds:.2f} s ({run.cpu_seconds:.2f} s of CPU), {run.peak_memory_bytes / 2**20:,.0f} MiB, {run.tier}"
    streams = [code(text, title) for text, title in ((run.stdout, "output"), (run.stderr, "errors")) if text.strip()]
    status = badge("passed" if run.ok else "failed")
    return block(f"<div>{status} {said(told)}</div>", *streams, _artifacts(run.artifacts), note(used))


def completion_html(completion: _Completion) -> str:
    """The text, each token shaded by how unlikely it was; pointed at, it shows its probability and the alternatives."""
    text = "".join(map(_token, completion.tokens)) if completion.tokens else said(completion.text)
    told = [f"{len(completion.tokens):,} tokens"] if completion.tokens else []
    mean = completion.mean_logprob
    told += [f"mean log-probability {mean:.2f} nats, before sampling filters"] if mean is not None else []
    told += [f"temperature {completion.temperature:g}"] if completion.temperature is not None else []
    told += [f"seed {completion.seed}"] if completion.seed is not None else []
    told.append(f"ended: {completion.finish_reason}")
    return block(f'<pre style="{_FRAME};white-space:pre-wrap">{text}</pre>', note(", ".join(told)))


def _token(token: _Token) -> str:
    share = math.exp(min(token.logprob, 0.0))
    others = "".join(f"\n{100 * math.exp(min(a.logprob, 0.0)):5.1f} %  {a.text!r}" for a in token.alternatives)
    told = escape(escaped(f"{100 * share:.1f} %  {token.text!r}{others}"), quote=True)
    shade = round(0.55 * (1 - share), 2)
    return f'<span title="{told}" style="background:rgba(230,159,0,{shade})">{escape(escaped(token.text))}</span>'


def summary_html(summary: _Summary) -> str:
    """The file, and its tables with their columns."""
    size = f"{summary.size_bytes:,} bytes" if summary.size_bytes else ""
    head = f"<div><b>{said(summary.path)}</b></div>"
    pieces = [head, note(", ".join(p for p in (summary.kind, size, f"SHA-256 {summary.sha256[:12]}...") if p))]
    for number, one in enumerate(summary.tables):
        rows = [(c.name, c.type, c.shape, c.note) for c in one.columns[:MOST_ROWS]]
        body = table(("column", "type", "shape", "note"), rows)
        if (left := len(one.columns) - len(rows)) > 0:
            body += note(f"... and {left:,} more columns")
        entries = "" if one.entries is None else f", {one.entries:,} entries"
        title = f"{one.name}: {len(one.columns):,} columns{entries}"
        pieces.append(f"<div>{said(title)}</div>{body}" if number == 0 else folded(title, body))
    return block(*pieces)


def prompt_html(prompt: _Prompt) -> str:
    """The parts of a prompt with what each costs; their texts where they are clicked on."""
    rows = [(p.name, f"{p.tokens:,}", p.source) for p in prompt.parts]
    texts = [folded(p.name, code(p.text)) for p in prompt.parts if p.text]
    return block(table(("part", "tokens", "source"), [*rows, ("all", f"{prompt.tokens:,}", "")], (1,)), *texts)
