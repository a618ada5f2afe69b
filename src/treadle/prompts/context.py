"""Where the window of a model goes: a prompt's parts, what is kept for the draft, what is free, and what was left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from treadle.markup import block, note, said, table
from treadle.types import LeftOut, Prompt, PromptPart

__all__ = [
    "Context",
    "Kind",
    "Place",
    "budget_line",
    "context_data",
    "context_html",
    "context_of",
    "counted_line",
    "next_line",
    "window_line",
]

Kind = Literal["system", "data summary", "primer", "example", "conversation", "template", "draft", "free"]
"""What a place of the window holds. 'primer': the opening of the program that is already written. 'conversation': the
request, and what was said about a failed draft. 'template': the chat template, and words that join the parts."""

_KINDS: dict[str, Kind] = {
    "rules": "system",
    "data summary": "data summary",
    "preamble": "primer",
    "request": "conversation",
    "failed draft": "conversation",
    "repair": "conversation",
    "template": "template",
}
_COLOURS: dict[Kind, str] = {  # Okabe and Ito's eight, which differ to every colour vision
    "system": "#0072b2", "data summary": "#56b4e9", "primer": "#009e73", "example": "#e69f00",
    "conversation": "#cc79a7", "template": "#999999", "draft": "#d55e00", "free": "transparent",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A part of the window. ``share``: of the whole window, or of prompt and draft together where that is not known."""

    kind: Kind
    name: str
    tokens: int
    share: float
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The window of ``engine`` as one prompt uses it, in the order of the text.

    ``window_tokens``: its length, None where the engine does not say. ``budget_tokens``: the most that examples may bring a
    prompt to. ``draft_tokens``: kept free for one draft; each draft has this room for itself. ``exact``: counted by the
    model's own vocabulary. ``next_example``: the next one that could be shown.
    """

    request: str
    engine: str
    exact: bool
    window_tokens: int | None
    budget_tokens: int | None
    prompt_tokens: int
    draft_tokens: int
    places: tuple[Place, ...]
    left_out: tuple[LeftOut, ...] = ()
    next_example: LeftOut | None = None

    @property
    def free_tokens(self) -> int | None:
        """What neither prompt nor draft takes; below 0 where they do not fit; None where the window is not known."""
        return None if self.window_tokens is None else self.window_tokens - self.prompt_tokens - self.draft_tokens

    def _repr_html_(self) -> str:
        return context_html(self)


def context_of(prompt: Prompt, request: str, engine: str, draft_tokens: int) -> Context:
    """The window that ``prompt`` was made for, as it is used. ``draft_tokens``: the most that a draft may have."""
    window = prompt.window
    length = window.context_tokens if window else None
    free = None if length is None else length - prompt.tokens - draft_tokens
    whole = max(length or 0, prompt.tokens + draft_tokens, 1)
    places = [_place(part, whole) for part in prompt.parts]
    places.append(_kept("draft", "one draft, at most", draft_tokens, whole, "--max-tokens"))
    if free is not None and free > 0:
        places.append(_kept("free", "free", free, whole, ""))
    left_out = window.left_out if window else ()
    return Context(
        request=request,
        engine=engine,
        exact=bool(window and window.exact),
        window_tokens=length,
        budget_tokens=window.budget_tokens if window else None,
        prompt_tokens=prompt.tokens,
        draft_tokens=draft_tokens,
        places=tuple(places),
        left_out=tuple(one for one in left_out if one.tokens is None),
        next_example=next((one for one in left_out if one.tokens is not None), None),
    )


def _place(part: PromptPart, whole: int) -> Place:
    kind: Kind = "example" if part.name.startswith("example ") else _KINDS.get(part.name, "conversation")
    return Place(kind=kind, name=part.name, tokens=part.tokens, share=part.tokens / whole, source=part.source)


def _kept(kind: Kind, name: str, tokens: int, whole: int, source: str) -> Place:
    return Place(kind=kind, name=name, tokens=tokens, share=tokens / whole, source=source)


def window_line(found: Context) -> str:
    """Whose window it is, and how long."""
    length = "length unknown" if found.window_tokens is None else f"{found.window_tokens:,} tokens"
    return f"window of {found.engine}: {length}"


def budget_line(found: Context) -> str:
    """What the prompt takes of its budget and of the window, in words."""
    told = f"Prompt {found.prompt_tokens:,} tokens"
    if found.budget_tokens:
        told += f", budget {found.budget_tokens:,} ({100 * found.prompt_tokens / found.budget_tokens:.0f} %)"
    free = found.free_tokens
    if free is None:
        return f"{told}; the engine does not say how long its window is"
    if free < 0:
        return f"{told}; prompt and draft are {-free:,} tokens too long for a window of {found.window_tokens:,}"
    return f"{told}; {free:,} of {found.window_tokens:,} tokens stay free"


def counted_line(found: Context) -> str:
    """How tokens were counted."""
    if found.exact:
        return (
            f"Counted by the vocabulary of {found.engine}, each part by itself, examples by what they add; what joins the "
            "parts is in 'template'"
        )
    return f"Estimated: {found.engine} gives no exact counts"


def next_line(found: Context) -> str:
    """What one more example costs."""
    one = found.next_example
    if one is None:
        return "One more example: there is none"
    fits = "it would fit" if one.fits else "it would not fit"
    return f"One more example, {one.what.removeprefix('example ')}, costs {one.tokens:,} tokens; {fits} ({one.why})"


# ------------------------------------------------------------------------------------------------ forms


def context_data(found: Context) -> dict[str, Any]:
    """For JSON. Keys are stable: new ones may come, none changes its meaning."""
    plain = asdict(found)
    plain["free_tokens"] = found.free_tokens
    plain["places"] = [{**place, "share": round(place["share"], 6)} for place in plain["places"]]
    return plain


def context_html(found: Context) -> str:
    """A bar of the window, its places in the bar's colours with their tokens, and what was left out."""
    cells = "".join(
        f'<div title="{said(f"{p.name}: {p.tokens:,} tokens")}" '
        f'style="width:{100 * p.share:.3f}%;background:{_COLOURS[p.kind]};border-right:1px solid #888"></div>'
        for p in found.places
        if p.tokens > 0
    )
    bar = f'<div style="display:flex;height:1.4em;border:1px solid rgba(128,128,128,.6);max-width:60em">{cells}</div>'
    rows = [(p.kind, p.name, f"{p.tokens:,}", f"{100 * p.share:.1f} %", p.source) for p in found.places]
    lost = [(one.part, one.what, one.why) for one in found.left_out]
    return block(
        f"<div><b>{said(found.request)}</b></div><div>{said(window_line(found))}</div>",
        bar,
        table(("kind", "part", "tokens", "share", "from"), rows, (2, 3), [_COLOURS[p.kind] for p in found.places]),
        f"<div>{said(budget_line(found))}</div>",
        f"<div>{said(next_line(found))}</div>",
        (f"<div>Left out:</div>{table(('of', 'what', 'why'), lost)}" if lost else note("Nothing else was left out.")),
        note(counted_line(found)),
    )
