"""Rows of text to token sequences, with a mark at every token that is to be learnt.

A row is one line of a JSONL file:

    {"messages": [{"role": "user", "content": "..."}],
     "segments": [["text without loss", "text with loss"], ...],
     "source": "sql/joins", "licence": "CC0-1.0", "group": "schema 17"}

Its text is what the model sees when it is asked: the messages in its own chat template, then the segments one after the
other. Tokens are cut where the engines cut them: the conversation with the first text that is given is read as one, and what
is learnt, and what is given after it, each by itself. ``"end": true`` lets the last answer end with the model's own token
for it. A row without segments is a conversation: what its assistant says is learnt, in every turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from treadle.errors import DataError, UnknownNameError
from treadle.training.lines import messages_of, parsed_lines
from treadle.types import Message

if TYPE_CHECKING:
    from treadle.model.templates import ChatTemplate
    from treadle.tokens.vocabulary import Vocabulary

__all__ = ["Row", "Sample", "fitted", "learnt_tokens", "read_rows", "row_of", "sample_of"]

_KEYS = ("messages", "segments", "source", "licence", "group", "end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line. ``group`` names what rows have in common (a schema, a file): all of them are held out, or none."""

    messages: tuple[Message, ...]
    segments: tuple[tuple[str, str], ...] = ()
    source: str = ""
    licence: str = ""
    group: str = ""
    end: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Tokens of one text. ``learn[i]``: that the model is to say ``ids[i]`` after those before it; never the first."""

    ids: np.ndarray[Any, np.dtype[np.int32]]
    learn: np.ndarray[Any, np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.ids)


def read_rows(paths: Iterable[Path]) -> Iterator[Row]:
    """The rows of JSONL files, in order.

    Raises:
        DataError: a file cannot be read, or a line is no row; names file and line.
    """
    return parsed_lines(paths, "row", row_of)


def row_of(data: Any) -> Row:
    """The row of one parsed line.

    Raises:
        ValueError: something is missing, or has another type; ``UnknownNameError`` for a key that rows do not have.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"it should be an object, it is a {type(data).__name__}")
    for key in data:
        if key not in _KEYS:
            raise UnknownNameError("key of a row", str(key), _KEYS)
    messages = messages_of(data.get("messages", []))
    segments = tuple(_segment(s) for s in _list(data.get("segments", [])))
    taught = any(learnt for _, learnt in segments) if segments else any(m.role == "assistant" for m in messages)
    if not taught:
        raise ValueError("it has nothing to learn: no segment with a second text, and no message of an assistant")
    texts = {name: data.get(name, "") for name in ("source", "licence", "group")}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"{name!r} should be a text")
    if not isinstance(data.get("end", False), bool):
        raise ValueError("'end' should be true or false")
    return Row(messages=messages, segments=segments, end=data.get("end", False), **texts)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("'segments' should be a list")
    return value


def _segment(value: Any) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise ValueError("a segment is a list of two texts: what is given, and what is learnt")
    return value[0], value[1]


# ------------------------------------------------------------------------------------------------ tokens


def sample_of(row: Row, vocabulary: Vocabulary, template: ChatTemplate | None) -> Sample:
    """The tokens of a row.

    Raises:
        DataError: the row has messages, and there is no template; or there is no token that ends an answer.
        EngineError: the template does not take the messages.
    """
    parts = _answers(row, vocabulary, template) if row.segments else _turns(row, vocabulary, template)
    ids = [token for tokens, _ in parts for token in tokens]
    learn = [learnt for tokens, learnt in parts for _ in tokens]
    learn[:1] = [False]
    return Sample(np.array(ids, np.int32), np.array(learn, np.bool_))


def _answers(row: Row, vocabulary: Vocabulary, template: ChatTemplate | None) -> list[tuple[list[int], bool]]:
    (primer, learnt), *others = row.segments
    if not row.messages:
        head = vocabulary.encode(primer, begin=True)
    else:
        head = _template(template).encode(vocabulary, row.messages, primer=primer)
    parts = [(head, False), (vocabulary.encode(learnt), True)]
    for given, learnt in others:
        parts += [(vocabulary.encode(given), False), (vocabulary.encode(learnt), True)]
    if row.end:
        if vocabulary.roles.eos is None:
            raise DataError("a row ends its answer, but the model has no token that does")
        parts.append(([vocabulary.roles.eos], True))
    return parts


def _turns(row: Row, vocabulary: Vocabulary, template: ChatTemplate | None) -> list[tuple[list[int], bool]]:
    """A conversation. The token that ends a turn of the assistant is written by the template, and is learnt with it."""
    pieces = _template(template).pieces(row.messages, answer=False)
    parts: list[tuple[list[int], bool]] = []
    place, ends = 0, False
    for text, ours in pieces:
        ids = vocabulary.encode(text, special=ours, begin=not parts)
        if ours:
            n_ends = int(ends and ids[:1] != [] and ids[0] in vocabulary.roles.ends)
            parts += [(ids[:n_ends], True), (ids[n_ends:], False)]
        else:
            ends = row.messages[place].role == "assistant"
            parts.append((ids, ends))
            place += 1
    return parts


def _template(template: ChatTemplate | None) -> ChatTemplate:
    if template is None:
        raise DataError("the rows hold messages, and the model has no chat template: use one that was taught to answer")
    return template


def fitted(sample: Sample, most_tokens: int) -> Sample | None:
    """The sample cut behind the last stretch of learnt tokens that fits whole; None where not one does."""
    if len(sample) <= most_tokens:
        return sample
    learn = sample.learn
    last = np.append(learn[:-1] & ~learn[1:], learn[-1])  # the last token of each stretch
    ends = [int(i) + 1 for i in np.flatnonzero(last) if i < most_tokens]
    return Sample(sample.ids[: ends[-1]], learn[: ends[-1]]) if ends else None


def learnt_tokens(samples: Sequence[Sample]) -> int:
    """How many tokens are to be learnt."""
    return int(sum(sample.learn.sum() for sample in samples))
