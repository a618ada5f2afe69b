"""How many tokens texts and files have, and what they cost, in constant memory: files are read in blocks, cut in pieces
(``cutting``), and each piece's ids are added up and forgotten."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from treadle.display.readable import STRAY
from treadle.errors import UsageError
from treadle.tokens.cutting import texts_of, whole_pieces
from treadle.tokens.fast import fast_ids
from treadle.tokens.ordinary import ordinary_ids
from treadle.tokens.protocol import Allowed, Tokens, special_pattern
from treadle.tokens.sources import Source
from treadle.tokens.views import Comparison, Cost, FileCost, Report, TokenList
from treadle.tokens.wrapped import EncodingTokens

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["SpecialRule", "compare", "count_tokens", "measure", "special_arguments"]

SpecialRule = Literal["refuse", "text", "read"]
"""What the texts of special tokens are: an error, ordinary text, or the tokens."""

_ID_BYTES = 4


def count_tokens(encoding_name: str, text: str) -> int:
    """How many tokens a text has in an encoding; the texts of special tokens are ordinary text.

    Raises:
        UnknownNameError: there is no such encoding.
    """
    found = fast_ids(encoding_name, text)
    return len(ordinary_ids(encoding_name, text)) if found is None else len(found) // _ID_BYTES


def special_arguments(rule: SpecialRule) -> dict[str, Allowed]:
    """The arguments of ``Tokens.encode`` by which special tokens are treated so."""
    allowed: Allowed = "all" if rule == "read" else ()
    return {"allowed_special": allowed, "disallowed_special": "all" if rule == "refuse" else ()}


def compare(raw: bytes, vocabularies: Sequence[Tokens], special: SpecialRule = "refuse") -> Comparison:
    """The ids and pieces of a text in each vocabulary.

    Raises:
        UsageError: the text is empty, spells a special token (and ``special`` is "refuse"), or has bytes that a vocabulary
            cannot hold.
    """
    if not raw:
        raise UsageError("the text is empty: it has 0 tokens in every vocabulary, and there is nothing to show")
    text = raw.decode("utf-8", "surrogateescape")
    lists = []
    for tokens in vocabularies:
        ids = tokens.encode(text, **special_arguments(special))
        lists.append(TokenList(vocabulary=tokens.name, ids=tuple(ids), pieces=tuple(map(tokens.token_bytes, ids))))
    return Comparison(raw=raw, n_characters=len(text), lists=tuple(lists))


def measure(
    sources: Iterable[Source],
    vocabularies: Sequence[Tokens],
    *,
    special: SpecialRule = "refuse",
    detailed: bool = True,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> Report:
    """Counts all sources in all vocabularies, in one pass over the bytes.

    Args:
        detailed: also look where tokens go: white space, the costliest line.
        on_bytes: is told how many bytes more were read.

    Raises:
        UsageError: as for ``compare``, but an empty text has 0 tokens.
    """
    tallies = [_Tally(tokens, special, detailed) for tokens in vocabularies]
    files = [_measure_one(source, vocabularies, tallies, on_bytes) for source in sources]
    return Report(files=tuple(files), costs=tuple(tally.cost() for tally in tallies), detailed=detailed)


def _measure_one(
    source: Source, vocabularies: Sequence[Tokens], tallies: Sequence[_Tally], on_bytes: Callable[[int], None]
) -> FileCost:
    seen = _Seen()
    before = [tally.n_tokens for tally in tallies]
    for piece in whole_pieces(seen.texts(texts_of(_told(source.blocks(), on_bytes))), vocabularies):
        for tally in tallies:
            try:
                tally.add(piece)
            except UsageError as error:
                raise UsageError(f"{source.name}: {error}") from error
    for tally in tallies:
        tally.end_of_file(source.name)
    counted = tuple(tally.n_tokens - n for tally, n in zip(tallies, before, strict=True))
    return FileCost(
        name=source.name,
        n_bytes=seen.n_bytes,
        n_characters=seen.n_characters,
        n_lines=seen.n_ends + (seen.last != "\n" and seen.n_characters > 0),
        n_stray_bytes=seen.n_stray,
        first_stray=seen.first_stray,
        n_tokens=counted,
    )


def _told(blocks: Iterable[bytes], on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    for block in blocks:
        yield block
        on_bytes(len(block))


@dataclass(slots=True)
class _Seen:
    """Adds up what goes by."""

    n_bytes: int = 0
    n_characters: int = 0
    n_ends: int = 0
    n_stray: int = 0
    first_stray: tuple[int, bytes] | None = None
    last: str = ""

    def texts(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            raw = text.encode("utf-8", "surrogateescape")
            if not text.isascii():
                self._count_stray(text)
            self.n_bytes += len(raw)
            self.n_characters += len(text)
            self.n_ends += text.count("\n")
            self.last = text[-1:]
            yield text

    def _count_stray(self, text: str) -> None:
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            if self.first_stray is None:
                place = self.n_bytes + len(text[: error.start].encode("utf-8", "surrogateescape"))
                found = text[error.start : min(error.end, error.start + 8)]
                self.first_stray = place, found.encode("utf-8", "surrogateescape")
            self.n_stray += sum(ord(c) in STRAY for c in text)


class _Tally:
    """What all pieces cost in one vocabulary."""

    def __init__(self, tokens: Tokens, special: SpecialRule, detailed: bool) -> None:
        self._tokens, self._rule = tokens, special
        self._tables = _tables(tokens) if detailed else None
        self.n_tokens = self._n_space_tokens = self._n_space_bytes = 0
        self._line, self._on_line = 1, 0  # the line that is not ended yet, and its tokens so far
        self._best = (0, 0)  # of the file: tokens, line
        self._costliest: tuple[str, int, int] | None = None

    def add(self, piece: str) -> None:
        if self._tables is None:
            self.n_tokens += _count(self._tokens, piece, self._rule)
            return
        ids = _ids(self._tokens, piece, self._rule)
        self.n_tokens += len(ids)
        if len(ids):
            self._look(ids, self._tables)

    def _look(self, ids: npt.NDArray[np.integer], tables: _Tables) -> None:
        import numpy as np

        of_space = tables.space_bytes[ids]
        self._n_space_tokens += int(np.count_nonzero(of_space))
        self._n_space_bytes += int(of_space.sum())
        ends = np.cumsum(tables.line_ends[ids])
        line_of = np.concatenate(([0], ends[:-1]))  # a token belongs to the line on which it begins
        on_lines = np.bincount(line_of, minlength=int(ends[-1]) + 1)
        on_lines[0] += self._on_line
        most = int(on_lines.argmax())
        self._best = max(self._best, (int(on_lines[most]), -(self._line + most)))
        self._line, self._on_line = self._line + int(ends[-1]), int(on_lines[-1])

    def end_of_file(self, name: str) -> None:
        n_tokens, line = self._best
        if n_tokens and (self._costliest is None or n_tokens > self._costliest[2]):
            self._costliest = name, -line, n_tokens
        self._line, self._on_line, self._best = 1, 0, (0, 0)

    def cost(self) -> Cost:
        return Cost(
            vocabulary=self._tokens.name,
            n_tokens=self.n_tokens,
            n_space_tokens=self._n_space_tokens,
            n_space_bytes=self._n_space_bytes,
            costliest_line=self._costliest,
        )


@dataclass(frozen=True, slots=True)
class _Tables:
    """For every id: its bytes if it is white space only, else 0; and how many line ends it holds."""

    space_bytes: npt.NDArray[np.int64]
    line_ends: npt.NDArray[np.int64]


@functools.lru_cache(maxsize=8)
def _tables(tokens: Tokens) -> _Tables:
    import numpy as np

    raw = [_bytes_or_none(tokens, i) for i in range(tokens.size)]
    return _Tables(
        np.asarray([len(b) if b.isspace() else 0 for b in raw], dtype=np.int64),
        np.asarray([b.count(b"\n") for b in raw], dtype=np.int64),
    )


def _bytes_or_none(tokens: Tokens, token: int) -> bytes:
    try:
        return tokens.token_bytes(token)
    except UsageError:  # a gap between the ids
        return b""


def _count(tokens: Tokens, piece: str, rule: SpecialRule) -> int:
    if isinstance(tokens, EncodingTokens) and _is_plain(tokens, piece, rule):
        return count_tokens(tokens.name, piece)
    return len(tokens.encode(piece, **special_arguments(rule)))


def _ids(tokens: Tokens, piece: str, rule: SpecialRule) -> npt.NDArray[np.integer]:
    import numpy as np

    if isinstance(tokens, EncodingTokens) and _is_plain(tokens, piece, rule):
        found = fast_ids(tokens.name, piece)
        if found is not None:
            return np.frombuffer(found, dtype="<u4")
    return np.asarray(tokens.encode(piece, **special_arguments(rule)))


def _is_plain(tokens: Tokens, piece: str, rule: SpecialRule) -> bool:
    """No special token has to be read or refused, no byte is outside of UTF-8: a count of the text is all."""
    if rule != "text" and special_pattern(frozenset(tokens.special)).search(piece):
        return False
    if piece.isascii():
        return True
    try:
        piece.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
