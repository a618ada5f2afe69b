"""How likely a text is, token by token: what stood there, what else could have, and what it adds up to.

Probabilities are those of the model's own distribution, *before* sampling filters (temperature, top-k, top-p) and before
constraints. Log-probabilities are natural logarithms (nats); the surprise of a token is shown in bits, log2(1 / p).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from treadle.display.readable import readable_text
from treadle.errors import UnknownNameError, UsageError
from treadle.types import Alternative, Scored, Token, Verdict

__all__ = [
    "BEFORE_FILTERS",
    "LinePart",
    "NameProbability",
    "ProbsView",
    "SeenToken",
    "alternative_of",
    "check_position",
    "name_data",
    "parse_branch",
    "places",
    "probs_data",
    "seen_tokens",
    "unknown_alternative",
]

BEFORE_FILTERS = "Probabilities are the model's own, before sampling filters (temperature, top-k, top-p) and constraints."
_REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenToken:
    """One token at its ``position``, from 0. ``start`` and ``end`` are its characters in the text of the view.

    ``cumulative``: nats of log-probability up to and with it. ``rank``: 1 is the likeliest; None where it is not known,
    and then it comes behind the alternatives. ``cut``: the probability that constraints took away there. ``drawn``: the
    model wrote it; else it was given.
    """

    position: int
    text: str
    id: int | None
    start: int
    end: int
    logprob: float
    cumulative: float
    rank: int | None
    alternatives: tuple[Alternative, ...] = ()
    cut: float | None = None
    drawn: bool = False

    @property
    def probability(self) -> float:
        return math.exp(self.logprob)

    @property
    def bits(self) -> float:
        """Surprise: log2(1 / probability)."""
        return abs(self.logprob) / math.log(2)

    @property
    def shown(self) -> str:
        """Its text on one line, with marks for spaces and line ends."""
        return readable_text(self.text) if self.text else "(nothing)"

    @property
    def rank_shown(self) -> str:
        if self.rank is not None:
            return str(self.rank)
        return f">{len(self.alternatives)}" if self.alternatives else "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameProbability:
    """How likely the model found a name or literal of a program: the product over its tokens.

    ``start``, ``end``: its characters in the program, ``line`` from 1; ``tokens``: positions in the draft. ``shared``: a
    token of it also holds what stands beside it and counts in full, so the name alone is at least so likely. ``allowed``:
    the same of what constraints let through, or None where they took nothing. ``exists``: what checks found out about it.
    """

    kind: str
    text: str
    probability: float
    start: int
    end: int
    line: int
    tokens: tuple[int, ...] = ()
    shared: bool = False
    allowed: float | None = None
    exists: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePart:
    """A line of the text, with the tokens that begin in it: the probabilities of all parts multiply to that of the text."""

    line: int
    text: str
    tokens: int
    nats: float

    @property
    def perplexity(self) -> float | None:
        return _perplexity(self.nats, self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbsView:
    """A text with its tokens. ``notes`` say what has to be known to read the figures.

    ``command``: the command line to which ``--branch`` can be added, empty where there is none. ``names`` and ``verdicts``
    are those of a program that was judged. ``top``: alternatives that are shown. ``program``: what ``names`` stand in.
    """

    title: str
    engine: str
    text: str
    tokens: tuple[SeenToken, ...]
    notes: tuple[str, ...] = ()
    command: str = ""
    top: int = 5
    program: str = ""
    names: tuple[NameProbability, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def nats(self) -> float:
        """Surprise of the whole: minus its log-probability."""
        return -sum(token.logprob for token in self.tokens)

    @property
    def bits(self) -> float:
        return self.nats / math.log(2)

    @property
    def perplexity(self) -> float | None:
        """exp of the mean surprise a token: as if there had been so many equally likely ones. None without tokens."""
        return _perplexity(self.nats, len(self.tokens))

    @property
    def bits_per_byte(self) -> float | None:
        """Surprise a byte of UTF-8, which can be compared between vocabularies."""
        size = len(self.text.encode("utf-8", "surrogatepass"))
        return self.bits / size if size else None

    @property
    def lines(self) -> tuple[LinePart, ...]:
        """The text by its lines. A token belongs to the line in which it begins."""
        texts = self.text.split("\n")
        starts = [0]
        for text in texts[:-1]:
            starts.append(starts[-1] + len(text) + 1)
        nats, counts = [0.0] * len(texts), [0] * len(texts)
        line = 0
        for token in self.tokens:
            while line + 1 < len(texts) and token.start >= starts[line + 1]:
                line += 1
            nats[line] -= token.logprob
            counts[line] += 1
        pairs = enumerate(zip(texts, counts, nats, strict=True), start=1)
        return tuple(LinePart(line=n, text=t, tokens=c, nats=s) for n, (t, c, s) in pairs)

    def surprising(self, most: int) -> tuple[SeenToken, ...]:
        """The tokens with most surprise, in the order of the text."""
        chosen = sorted(self.tokens, key=lambda t: t.logprob)[:most]
        return tuple(sorted(chosen, key=lambda t: t.position))

    def _repr_html_(self) -> str:
        from treadle.tokens.probs_page import probs_frame

        return probs_frame(self)

    def __str__(self) -> str:
        from treadle.display.drawn import drawn_plain
        from treadle.tokens.probs_shown import show_probs

        return drawn_plain(show_probs, self)


def _perplexity(nats: float, count: int) -> float | None:
    if not count:
        return None
    return math.exp(nats / count) if nats / count < 700 else math.inf


# ------------------------------------------------------------------------------------------------ from tokens


def seen_tokens(tokens: Sequence[Token], text: str, top: int, given: int = 0) -> tuple[SeenToken, ...]:
    """Tokens with their places in ``text`` and at most ``top`` alternatives; the first ``given`` were not drawn."""
    spans = places([token.text for token in tokens], text)
    found, total = [], 0.0
    for position, (token, (start, end)) in enumerate(zip(tokens, spans, strict=True)):
        total += token.logprob
        found.append(
            SeenToken(
                position=position,
                text=token.text,
                id=token.id,
                start=start,
                end=end,
                logprob=token.logprob,
                cumulative=total,
                rank=_rank(token),
                alternatives=token.alternatives[:top],
                cut=token.cut,
                drawn=position >= given,
            )
        )
    return tuple(found)


def _rank(token: Token) -> int | None:
    if isinstance(token, Scored) and token.rank is not None:
        return token.rank
    for place, other in enumerate(token.alternatives, start=1):
        if other.id == token.id if token.id is not None and other.id is not None else other.text == token.text:
            return place
    return None


def places(pieces: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where each piece of a text stands in it, (start, end) in characters.

    Tokens that end within a character are decoded with a replacement character: a run of such shares the characters up to
    the next whole one. A piece that adds nothing to the text (a special token, what stands behind a stop) is empty.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while len(found) < len(pieces):
        index = len(found)
        piece = pieces[index]
        if text.startswith(piece, at):
            found.append((at, at + len(piece)))
            at += len(piece)
        elif run := _broken(pieces, index):
            end = _end_of_run(pieces, index + run, text, at)
            found += [(at, end)] * run
            at = end
        else:
            end = len(text) if piece.startswith(text[at:]) else at  # a stop text may end within a token
            found.append((at, end))
            at = end
    return found


def _broken(pieces: Sequence[str], index: int) -> int:
    """How many pieces from ``index`` on hold bytes that are no whole character."""
    count = 0
    while index + count < len(pieces) and _REPLACED in pieces[index + count]:
        count += 1
    return count


def _end_of_run(pieces: Sequence[str], after: int, text: str, at: int) -> int:
    following = next((piece for piece in pieces[after:] if piece), "")
    end = text.find(following, at + 1) if following else len(text)
    return len(text) if end < 0 else end


# ------------------------------------------------------------------------------------------------ branches


def parse_branch(spec: str) -> tuple[int, str]:
    """Position and alternative of ``POSITION:ALTERNATIVE``.

    Raises:
        UsageError: it has not this form.
    """
    position, colon, wanted = spec.partition(":")
    if not colon or not position.strip().isdecimal() or not wanted:
        raise UsageError(
            f"--branch takes POSITION:ALTERNATIVE, for example --branch '4: mean' or --branch '4:#2' (the second of the "
            f"list), not {spec!r}; positions are those of the table, from 0"
        )
    return int(position), wanted


def alternative_of(view: ProbsView, position: int, wanted: str) -> str | None:
    """The text of an alternative: as it is, as it is shown (with marks for spaces), or ``#2``, the second of the list.

    None where it is none of those listed; it may still be a token of the vocabulary.

    Raises:
        UsageError: there is no such position, or no such place in the list.
    """
    check_position(view, position)
    listed = [alternative.text for alternative in view.tokens[position].alternatives]
    for text in listed:
        if wanted in (text, readable_text(text)):
            return text
    if wanted.startswith("#") and wanted[1:].isdecimal():
        place = int(wanted[1:])
        if not 1 <= place <= len(listed):
            raise UsageError(f"position {position} has no alternative {wanted}: {len(listed)} are known there")
        return listed[place - 1]
    return None


def check_position(view: ProbsView, position: int) -> None:
    """Raise ``UsageError`` where the text has no token at ``position``."""
    if position >= len(view.tokens):
        raise UsageError(f"there is no position {position}: the text has {len(view.tokens)} tokens, positions are from 0")


def unknown_alternative(view: ProbsView, position: int, wanted: str, why: str) -> UnknownNameError:
    """The error of an alternative that cannot be taken."""
    listed = [readable_text(a.text) for a in view.tokens[position].alternatives]
    return UnknownNameError(f"alternative at position {position}", wanted, listed, why)


# ------------------------------------------------------------------------------------------------ plain data


def probs_data(view: ProbsView) -> dict[str, Any]:
    """The view for JSON. Keys are stable: new ones may come, none changes its meaning. Numbers that are none are null."""
    return {
        "view": "probs",
        "title": view.title,
        "engine": view.engine,
        "text": view.text,
        "filters": "before",
        "notes": list(view.notes),
        "n_tokens": len(view.tokens),
        "nats": _number(view.nats),
        "bits": _number(view.bits),
        "bits_per_byte": _number(view.bits_per_byte),
        "perplexity": _number(view.perplexity),
        "tokens": [_token_data(token) for token in view.tokens],
        "lines": [
            {"line": p.line, "tokens": p.tokens, "nats": _number(p.nats), "perplexity": _number(p.perplexity)}
            for p in view.lines
        ],
        "names": [name_data(name) for name in view.names],
    }


def _token_data(token: SeenToken) -> dict[str, Any]:
    return {
        "position": token.position,
        "text": token.text,
        "id": token.id,
        "start": token.start,
        "end": token.end,
        "probability": _number(token.probability),
        "logprob": _number(token.logprob),
        "bits": _number(token.bits),
        "cumulative": _number(token.cumulative),
        "rank": token.rank,
        "cut": _number(token.cut),
        "drawn": token.drawn,
        "alternatives": [
            {"text": a.text, "id": a.id, "probability": _number(math.exp(a.logprob)), "logprob": _number(a.logprob)}
            for a in token.alternatives
        ],
    }


def name_data(name: NameProbability) -> dict[str, Any]:
    """A name of a program for JSON."""
    return {
        "kind": name.kind,
        "text": name.text,
        "probability": _number(name.probability),
        "allowed": _number(name.allowed),
        "shared": name.shared,
        "line": name.line,
        "start": name.start,
        "end": name.end,
        "tokens": list(name.tokens),
        "exists": name.exists,
    }


def _number(value: float | None) -> float | None:
    """To six significant digits: a probability may be tiny."""
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None
