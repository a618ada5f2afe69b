"""Preferences: pairs of a better and a worse answer to the same request, as ``treadle threads export-training`` writes them.

{"prompt": [{"role": "user", "content": "..."}],
 "chosen": [{"role": "assistant", "content": "..."}],
 "rejected": [{"role": "assistant", "content": "..."}]}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.training.lines import is_held_out, messages_of, parsed_lines
from treadle.training.rows import Row, Sample, sample_of
from treadle.types import Message

if TYPE_CHECKING:
    import torch

    from treadle.model.templates import ChatTemplate
    from treadle.tokens.vocabulary import Vocabulary
    from treadle.training.packing import Batch

__all__ = [
    "Encoder", "Pair", "Reference", "SamplePair", "answer_sample", "held_out", "prompt_ids", "read_pairs",
    "sample_pairs",
]  # fmt: skip

_KEYS = {"prompt", "chosen", "rejected"}

Reference = Callable[["Batch"], "torch.Tensor"]
"""Log-probability [M] of each learnt token of a batch, under the policy that training began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One request and two answers, of which the first is the better one."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str


SamplePair = tuple[Sample, Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """How requests and answers become tokens. Without a template the request's texts stand above the answer."""

    vocabulary: Vocabulary
    template: ChatTemplate | None
    most_tokens: int = 1024


def read_pairs(paths: Iterable[Path]) -> Iterator[Pair]:
    """The pairs of JSONL files, in order.

    Raises:
        DataError: a file cannot be read, or a line is no pair; names file and line.
    """
    return parsed_lines(paths, "pair", _pair)


def _pair(data: Any) -> Pair:
    if not isinstance(data, Mapping) or set(data) != _KEYS:
        raise ValueError("a pair is an object with 'prompt', 'chosen' and 'rejected', each a list of messages")
    prompt, chosen, rejected = (messages_of(data[key], key) for key in ("prompt", "chosen", "rejected"))
    if not prompt or [m.role for m in (*chosen, *rejected)] != ["assistant", "assistant"]:
        raise ValueError("'prompt' has at least one message, 'chosen' and 'rejected' one each, of the assistant")
    return Pair(prompt=prompt, chosen=chosen[0].content, rejected=rejected[0].content)


def held_out(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on, and those of about ``share`` of the requests, by a hash of the request: the pairs of one request
    stay together, and a pair stays on its side when others are added."""
    sides: tuple[list[Pair], list[Pair]] = ([], [])
    for pair in pairs:
        sides[is_held_out("\0".join(m.content for m in pair.prompt), share)].append(pair)
    return sides


# ------------------------------------------------------------------------------------------------ tokens


def answer_sample(encoder: Encoder, prompt: Sequence[Message], answer: str, *, end: bool = True) -> Sample:
    """The tokens of request and answer; learnt are the answer's, and the one that ends it."""
    row = Row(messages=tuple(prompt), segments=(("", answer),), end=end)
    if encoder.template is None:
        row = Row(messages=(), segments=((_plain(prompt), answer),), end=end)
    return sample_of(row, encoder.vocabulary, encoder.template)


def prompt_ids(encoder: Encoder, prompt: Sequence[Message]) -> list[int]:
    """The tokens that an answer is drawn after."""
    if encoder.template is None:
        return encoder.vocabulary.encode(_plain(prompt), begin=True)
    return encoder.template.encode(encoder.vocabulary, prompt)


def _plain(prompt: Sequence[Message]) -> str:
    return "".join(f"{m.content}\n\n" for m in prompt)


def sample_pairs(encoder: Encoder, pairs: Iterable[Pair]) -> list[SamplePair]:
    """The pairs as tokens; those with a text that is too long are left out: an answer without its end is another answer."""
    found = []
    for pair in pairs:
        both = (answer_sample(encoder, pair.prompt, pair.chosen), answer_sample(encoder, pair.prompt, pair.rejected))
        if max(map(len, both)) <= encoder.most_tokens:
            found.append(both)
    return found
