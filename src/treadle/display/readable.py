"""Tokens and probabilities as they can be read: on one line, with marks for spaces, and nothing that steers a terminal."""

from __future__ import annotations

__all__ = ["STRAY", "percent", "readable", "readable_text"]

STRAY = range(0xDC80, 0xDD00)
"""What bytes that are no UTF-8 stand as in a text (PEP 383)."""
_MARKS = {" ": "\u2423", "\n": "\u21b5", "\t": "\u21e5", "\r": "\u240d"}


def readable(raw: bytes) -> str:
    """What a token adds to a text, on one line, with nothing that steers a terminal or turns the direction of writing.

    Spaces and line ends have marks, bytes that are no text stand as <e2>.
    """
    return readable_text(raw.decode("utf-8", "surrogateescape"))


def readable_text(text: str) -> str:
    """The same of text that was decoded already."""
    return "".join(map(_character, text))


def _character(c: str) -> str:
    if c in _MARKS:
        return _MARKS[c]
    if ord(c) in STRAY:
        return f"<{ord(c) - 0xDC00:02x}>"
    return c if c.isprintable() else f"<U+{ord(c):04X}>"


def percent(share: float) -> str:
    """A probability in percent, with as many digits as tell small ones apart: '96.6 %', '2.1 %', '0.034 %'."""
    shown = 100 * share
    return f"{shown:.1f} %" if shown >= 0.995 else f"{shown:.2g} %"
