"""Text of others on a terminal: names of files, programs, what a model wrote may hold characters that steer it."""

from __future__ import annotations

from typing import TextIO

__all__ = ["escaped", "escaped_for"]


def escaped(text: str) -> str:
    """Control and other invisible characters as ``\\\\x1b``; line ends and tabs stay."""
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def escaped_for(stream: TextIO, text: str) -> str:
    """Escaped where ``stream`` is a terminal; files and other programs get the text as it is."""
    return escaped(text) if stream.isatty() else text
