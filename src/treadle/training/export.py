"""What a run leaves: an adapter for llama.cpp and for ``peft``, or a whole model; and a card that says what of."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from treadle.model.lora import adapter_of
from treadle.model.weights import save_folder, save_gguf
from treadle.model.weights.adapters import save_adapter_folder, save_adapter_gguf
from treadle.training.opening import Opened
from treadle.training.processes import current

__all__ = ["CARD", "export"]

ADAPTER, FOLDER, MODEL, CARD = "adapter.gguf", "adapter", "model.gguf", "card.json"


def export(opened: Opened, folder: Path, card: Mapping[str, Any]) -> list[Path]:
    """Write what was trained, as it stands in the model, into the run's folder; what an earlier call wrote is replaced.
    Of many processes the first one writes."""
    with current().lead_first():
        return _export(opened, folder, card) if current().rank == 0 else []


def _export(opened: Opened, folder: Path, card: Mapping[str, Any]) -> list[Path]:
    if opened.shape is None:
        written = [folder / MODEL, folder / "model"]
        shutil.rmtree(written[1], ignore_errors=True)
        save_gguf(opened.model, opened.vocabulary, written[0])
        save_folder(opened.model, opened.vocabulary, written[1])
    else:
        written = [folder / ADAPTER, folder / FOLDER]
        shutil.rmtree(written[1], ignore_errors=True)
        adapter = adapter_of(opened.model, opened.shape)
        about = {key: str(card[key]) for key in ("name", "description", "license") if card.get(key)}
        save_adapter_gguf(adapter, opened.model.config, written[0], about=about)
        save_adapter_folder(adapter, opened.model.config, written[1], opened.base)
    text = json.dumps({**card, "base": opened.base, "base_sha256": opened.sha256}, indent=2, ensure_ascii=False)
    (folder / CARD).write_text(text + "\n", encoding="utf-8")
    return [*written, folder / CARD]
