"""Views of tokens as plain data for JSON. Bytes stand in hexadecimal, since they need be no text."""

from __future__ import annotations

import dataclasses
from typing import Any

from treadle.tokens.views import Comparison, Cost, Levels, Report

__all__ = ["comparison_data", "levels_data", "report_data"]


def comparison_data(view: Comparison) -> dict[str, Any]:
    """``text`` has U+FFFD for bytes that are no UTF-8; ``bytes`` has all of them."""
    return {
        **_of_text(view.raw),
        "n_bytes": view.n_bytes,
        "n_characters": view.n_characters,
        "encodings": [
            {
                "name": found.vocabulary,
                "n_tokens": found.n_tokens,
                "ids": list(found.ids),
                **_of_pieces(found.pieces),
                "gives_text_back": found.joined == view.raw,
            }
            for found in view.lists
        ],
    }


def levels_data(view: Levels) -> dict[str, Any]:
    """All levels; ``ids`` is null where pieces have no numbers."""
    levels = [
        {
            "name": level.name,
            "how": level.how,
            "n_pieces": len(level.pieces),
            "ids": None if level.ids is None else list(level.ids),
            **_of_pieces(level.pieces),
        }
        for level in view.levels
    ]
    return {**_of_text(view.raw), "encoding": view.encoding, "levels": levels}


def report_data(view: Report) -> dict[str, Any]:
    """Sums, and each file with its counts by encoding. What was not looked at is absent, and no zero."""
    names = [cost.vocabulary for cost in view.costs]
    return {
        "n_bytes": view.n_bytes,
        "n_characters": view.n_characters,
        "n_lines": view.n_lines,
        "encodings": [
            {
                "name": cost.vocabulary,
                "n_tokens": cost.n_tokens,
                "bytes_a_token": view.bytes_a_token(cost),
                "tokens_a_line": view.tokens_a_line(cost),
                **(_details(cost) if view.detailed else {}),
            }
            for cost in view.costs
        ],
        "files": [
            {
                **dataclasses.asdict(file),
                "first_stray": None
                if file.first_stray is None
                else {"at_byte": file.first_stray[0], "bytes": file.first_stray[1].hex(" ")},
                "n_tokens": dict(zip(names, file.n_tokens, strict=True)),
            }
            for file in view.files
        ],
        "skipped": [{"file": name, "reason": reason} for name, reason in view.skipped],
    }


def _details(cost: Cost) -> dict[str, Any]:
    line = cost.costliest_line
    return {
        "n_space_tokens": cost.n_space_tokens,
        "n_space_bytes": cost.n_space_bytes,
        "costliest_line": None if line is None else dict(zip(("file", "line", "n_tokens"), line, strict=True)),
    }


def _of_text(raw: bytes) -> dict[str, str]:
    return {"text": raw.decode("utf-8", "replace"), "bytes": raw.hex(" ")}


def _of_pieces(pieces: tuple[bytes, ...]) -> dict[str, list[str]]:
    return {
        "tokens": [piece.decode("utf-8", "replace") for piece in pieces],
        "token_bytes": [piece.hex(" ") for piece in pieces],
    }
