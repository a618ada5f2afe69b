"""In which form a hole is shown to a model: that in which it was trained, which its adapter's card says.

``treadle train infill`` writes the card beside what it trained. A model without such a card knows no sentinels; it is told
in words what comes after the hole, and goes on from what comes before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from treadle.engines.registry import split_adapters
from treadle.errors import DataError
from treadle.training.objectives.causal_masking import infill_prompt
from treadle.training.objectives.told_first import MOST_CHARACTERS, cut_at_closing, told
from treadle.types import RawText

__all__ = ["InfillForm", "form_of", "shown", "taken"]


Layout = Literal["causal", "psm", "spm", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillForm:
    """``masks`` and ``end`` are the special tokens; ``layout``: 'causal' masking, fill in the middle with the prefix or the
    suffix first, or what comes after 'told' in words, at most ``quoted`` characters of it, where no masks are needed."""

    masks: tuple[str, ...] = ("<|mask:0|>", "<|mask:1|>")
    end: str = "<|endofmask|>"
    layout: Layout = "causal"
    quoted: int = MOST_CHARACTERS


_OBJECTIVES = ("causal", "lines", "middle", "told")
_IN_WORDS = InfillForm(masks=(), end="", layout="told")


def form_of(engine: str) -> InfillForm:
    """The form for the engine of this name: its card's, else in words. A script is asked with sentinels.

    Raises:
        DataError: a card is damaged.
    """
    backend, _, target = engine.partition(":")
    if backend == "scripted":
        return InfillForm()
    for path in _cards(target) if backend in ("llama", "torch") else ():
        card = _read(path)
        if card.get("training") == "infill":
            return _form(card, path)
    return _IN_WORDS


def shown(form: InfillForm, before: str, after: str) -> RawText:
    """The hole between ``before`` and ``after``, in the form that was trained; what fills it ends with a token for it, where
    the model learnt one.

    With causal masking a mask more than there are holes says that the text goes on (InCoder, section 2.2), where the model
    has one.
    """
    masks, texts = [(mask, True) for mask in form.masks], [(before, False), (after, False)]
    match form.layout:
        case "psm":
            pieces = [masks[0], texts[0], masks[1], texts[1], masks[2]]
        case "spm":
            pieces = [masks[0], masks[1], texts[1], masks[2], texts[0]]
        case "causal" if len(masks) == 1:
            pieces = [texts[0], masks[0], texts[1], masks[0]]
        case "causal":
            pieces = infill_prompt([[text] for text in texts], masks)
        case "told":
            pieces = [(told(after, form.quoted) + before, False)]
    return RawText(pieces=tuple(pieces), ends=tuple(end for end in (form.end, *form.masks) if end))


def taken(form: InfillForm, text: str, after: str) -> str:
    """What of a model's text goes into the hole: all of it, but for the line that closes a hole told in words."""
    return cut_at_closing(text, after)[0] if form.layout == "told" else text


def _cards(target: str) -> Iterator[Path]:
    """Cards that lie beside its adapters, or beside the model where there are none: of a run, or of what is shipped."""
    model, adapters = split_adapters(target)
    for path in [adapter for adapter, _ in adapters] or [Path(model).expanduser()]:
        for card in (path.with_suffix(".json"), path.parent / "card.json"):
            if card.is_file():
                yield card


def _read(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read the card {path}: {error}") from None
    return card if isinstance(card, dict) else {}


def _form(card: dict[str, Any], path: Path) -> InfillForm:
    try:
        options = card["recipe"]["infill"]
        masks, end, quoted = (
            tuple(map(str, options["masks"])),
            str(options["end"]),
            int(options.get("quoted", MOST_CHARACTERS)),
        )
        layout = _layout({name: float(options.get(name, 0)) for name in _OBJECTIVES}, float(options["suffix_first"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the card {path} does not say how the model was trained to fill in ({error!r})") from None
    return InfillForm(masks=() if layout == "told" else masks, end=end, layout=layout, quoted=quoted)


def _layout(weights: Mapping[str, float], suffix_first: float) -> Layout:
    """That of the objective that had the most weight."""
    masked = weights["causal"] + weights["lines"]
    if weights["told"] > max(masked, weights["middle"]):
        return "told"
    if masked >= weights["middle"]:
        return "causal"
    return "spm" if suffix_first > 0.5 else "psm"
