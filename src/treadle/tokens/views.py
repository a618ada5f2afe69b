"""What can be said of a text's tokens, as plain data: lists, a comparison of vocabularies, levels, the cost of files.

``shown`` brings each to a terminal and a notebook, ``plain`` to JSON.
"""

from __future__ import annotations

from dataclasses import dataclass

from treadle.display.drawn import drawn_html, drawn_plain

__all__ = ["Comparison", "Cost", "FileCost", "Level", "Levels", "Report", "TokenList"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenList:
    """One text in the tokens of one vocabulary: as many ids as pieces."""

    vocabulary: str
    ids: tuple[int, ...]
    pieces: tuple[bytes, ...]
    """What each token adds to the text."""

    @property
    def n_tokens(self) -> int:
        return len(self.ids)

    @property
    def joined(self) -> bytes:
        """All pieces. Not the text where the vocabulary puts a space before it, normalises it, or lacks a word."""
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One text in several vocabularies."""

    raw: bytes
    """The text; of bytes that are no UTF-8 nothing is lost."""
    n_characters: int
    """Unicode characters; each byte that belongs to none counts as one."""
    lists: tuple[TokenList, ...]

    @property
    def n_bytes(self) -> int:
        return len(self.raw)

    def _repr_html_(self) -> str:
        from treadle.tokens.shown import show_comparison

        return drawn_html(show_comparison, self)

    def __str__(self) -> str:
        from treadle.tokens.shown import show_comparison

        return drawn_plain(show_comparison, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A text cut in one way. The pieces, joined, are the text."""

    name: str
    how: str
    """How it cuts, in words."""
    pieces: tuple[bytes, ...]
    ids: tuple[int, ...] | None = None
    """Of byte and byte-pair levels; words and characters have no numbers without a vocabulary of their own."""

    @property
    def joined(self) -> bytes:
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """A text at all levels; those that need a vocabulary take it from ``encoding``."""

    raw: bytes
    encoding: str
    levels: tuple[Level, ...]

    def _repr_html_(self) -> str:
        from treadle.tokens.shown import show_levels

        return drawn_html(show_levels, self)

    def __str__(self) -> str:
        from treadle.tokens.shown import show_levels

        return drawn_plain(show_levels, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCost:
    """What was read of one file (or of standard input), and its tokens in each vocabulary of the report, in its order."""

    name: str
    n_bytes: int
    n_characters: int
    n_lines: int
    n_stray_bytes: int
    """Bytes that are no UTF-8; they are among the characters and have tokens."""
    first_stray: tuple[int, bytes] | None
    """Where the first such run begins (in bytes, from 0), and up to eight bytes of it."""
    n_tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What all the files cost in one vocabulary."""

    vocabulary: str
    n_tokens: int
    n_space_tokens: int
    """Tokens of white space only (blanks, tabs, line ends); spaces inside other tokens cost nothing of their own."""
    n_space_bytes: int
    """Bytes in those tokens."""
    costliest_line: tuple[str, int, int] | None
    """The line of most tokens: file, line (from 1), tokens. A token belongs to the line on which it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The cost of files in several vocabularies."""

    files: tuple[FileCost, ...]
    costs: tuple[Cost, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    """Files in folders that were not counted, with the reason."""
    detailed: bool = True
    """Whether white space and the costliest line were looked at; what was not is 0 and None in ``costs``."""

    @property
    def n_bytes(self) -> int:
        return sum(file.n_bytes for file in self.files)

    @property
    def n_characters(self) -> int:
        return sum(file.n_characters for file in self.files)

    @property
    def n_lines(self) -> int:
        return sum(file.n_lines for file in self.files)

    def bytes_a_token(self, cost: Cost) -> float:
        """0 for a text without tokens."""
        return self.n_bytes / cost.n_tokens if cost.n_tokens else 0.0

    def tokens_a_line(self, cost: Cost) -> float:
        return cost.n_tokens / self.n_lines if self.n_lines else 0.0

    def _repr_html_(self) -> str:
        from treadle.tokens.shown import show_report

        return drawn_html(show_report, self)

    def __str__(self) -> str:
        from treadle.tokens.shown import show_report

        return drawn_plain(show_report, self)
