"""In which form a model was trained to fill in, and how a hole is shown to it: what its adapter's card says.

``treadle train infill`` writes the card beside what it trained. A model that was trained otherwise has no way to be told
where a hole is, so it is refused rather than shown sentinels that mean nothing to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from treadle.engines.registry import split_adapters
from treadle.errors import DataError, UnsupportedError
from treadle.training.objectives.causal_masking import infill_prompt
from treadle.types import RawText

__all__ = ["InfillForm", "form_of", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillForm:
    """``masks`` and ``end`` are the special tokens; ``layout``: 'causal' masking, or fill in the middle with the prefix or
    the suffix first."""

    masks: tuple[str, ...] = ("<|mask:0|>", "<|mask:1|>")
    end: str = "<|endofmask|>"
    layout: Literal["causal", "psm", "spm"] = "causal"


def form_of(engine: str) -> InfillForm:
    """The form for the engine of this name. A script is asked in the usual one.

    Raises:
        UnsupportedError: nothing says that the engine was trained to fill in.
        DataError: a card is damaged.
    """
    backend, _, target = engine.partition(":")
    if backend == "scripted":
        return InfillForm()
    looked_at = list(_cards(target)) if backend in ("llama", "torch") else []
    for path in looked_at:
        card = _read(path)
        if card.get("training") == "infill":
            return _form(card, path)
    cards = f"; looked at: {', '.join(map(str, looked_at))}" if looked_at else ""
    raise UnsupportedError(
        f"engine {engine} was not trained to fill in: no card of `treadle train infill` lies beside its model or adapters"
        f"{cards}. Name one that was, such as llama:smollm2+runs/infill/adapter.gguf, or take --way left-to-right or rerank"
    )


def shown(form: InfillForm, before: str, after: str) -> RawText:
    """The hole between ``before`` and ``after``, in the form that was trained; what fills it ends with a sentinel.

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
    return RawText(pieces=tuple(pieces), ends=(form.end, *form.masks))


def _cards(target: str) -> Iterator[Path]:
    """Cards that lie beside the adapters, or beside the model where there are none: of a run, or of what is shipped."""
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
        told = card["recipe"]["infill"]
        masks, end = tuple(map(str, told["masks"])), str(told["end"])
        middle, others = float(told["middle"]), float(told["causal"]) + float(told["lines"])
        suffix_first = float(told["suffix_first"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the card {path} does not say how the model was trained to fill in ({error!r})") from None
    layout: Literal["causal", "psm", "spm"] = "causal" if others >= middle else ("spm" if suffix_first > 0.5 else "psm")
    return InfillForm(masks=masks, end=end, layout=layout)
