"""Infill training: documents of code with spans moved to their end, so that a model learns to fill what is missing.

Four objectives are mixed by weight, each in a module of ``objectives/``: ``causal`` masking, fill in the ``middle``,
``lines`` at trigger characters, and ``plain`` text, so that reading left to right is not lost.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from treadle.errors import UsageError
from treadle.model.transformer import Transformer
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.loop import Finished, Loss, OnStep, Plan, evaluated, train
from treadle.training.objectives.causal_masking import Sentinels, code_spans, draw_spans, masked_document, sentinels_named
from treadle.training.objectives.fill_in_middle import Markers, arranged, cut_in_three
from treadle.training.objectives.language_masking import TRIGGERS, draw_hole, masked_line
from treadle.training.objectives.masked import joined
from treadle.training.objectives.mixing import draw_task
from treadle.training.packing import Batch, Packed, batch_of
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs

__all__ = ["InfillOptions", "infill_samples", "train_infill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillOptions:
    """``masks`` and ``end`` are special tokens of the vocabulary; a model without sentinels lends some that it does not
    need. Filling in the middle takes the first three masks for prefix, suffix and middle."""

    masks: tuple[str, ...] = ("<|mask:0|>", "<|mask:1|>", "<|mask:2|>", "<|mask:3|>")
    end: str = "<|endofmask|>"
    causal: float = 1.0
    middle: float = 0.0
    lines: float = 0.0
    plain: float = 0.0
    suffix_first: float = 0.5
    """The share of SPM beside PSM where the middle is filled in."""
    published_spans: bool = False
    """Draw spans as the published code does, not as the paper says."""
    triggers: str = TRIGGERS
    copies: int = 1
    """How often each document is masked anew; all copies are there from the beginning."""
    most_tokens: int = 512

    def weights(self) -> dict[str, float]:
        return {"causal": self.causal, "middle": self.middle, "lines": self.lines, "plain": self.plain}


def infill_samples(
    documents: Iterable[str], vocabulary: Vocabulary, options: InfillOptions, seed: int = 0
) -> Iterator[Sample]:
    """Every document, in pieces of at most ``most_tokens``, masked ``copies`` times. The same seed gives the same samples,
    whatever other documents there are before or after.

    Raises:
        UsageError: sentinels that are no special tokens, too few of them, or no objective with a weight.
    """
    sentinels = sentinels_named(vocabulary, options.masks, options.end)
    if options.middle and len(sentinels.masks) < 3:
        raise UsageError("filling in the middle needs three masks: before the prefix, the suffix and the middle")
    for document in documents:
        for copy in range(options.copies):
            rng = random.Random(f"{seed} {copy} {document}")  # noqa: S311
            for piece in _pieces(document, vocabulary, options.most_tokens - 2 * len(sentinels.masks) - 2):
                sample = _masked(piece, vocabulary, sentinels, options, rng)
                if sample is not None and 1 < len(sample) <= options.most_tokens:
                    yield sample


def _pieces(document: str, vocabulary: Vocabulary, most_tokens: int) -> Iterator[str]:
    """The document cut at ends of lines, each piece as long as fits; a line that alone is too long is left out."""
    lines, n_tokens = list[str](), 0
    for line in document.splitlines(keepends=True):
        size = len(vocabulary.encode(line)) + 1  # lines that are encoded together take at most as many, but for seams
        if n_tokens + size > most_tokens and lines:
            yield "".join(lines)
            lines, n_tokens = [], 0
        if size <= most_tokens:
            lines.append(line)
            n_tokens += size
    if lines:
        yield "".join(lines)


def _masked(
    text: str, vocabulary: Vocabulary, sentinels: Sentinels, options: InfillOptions, rng: random.Random
) -> Sample | None:
    task = draw_task(rng, options.weights())
    begin = vocabulary.encode("", begin=True)
    if task == "lines":
        hole = draw_hole(rng, text, options.triggers)
        return None if hole is None else masked_line(vocabulary, hole, sentinels, options.most_tokens, metadata=begin)
    if task == "middle":
        prefix, middle, suffix = map(vocabulary.encode, cut_in_three(rng, text))
        first, second, third = sentinels.masks[:3]
        markers = Markers(prefix=first, suffix=second, middle=third, end=sentinels.end)
        return arranged(prefix, middle, suffix, markers, "spm" if rng.random() < options.suffix_first else "psm")
    ids = vocabulary.encode(text)
    if task == "plain":
        return joined([(begin, False), (ids, True)])
    draw = code_spans if options.published_spans else draw_spans
    return masked_document(ids, draw(rng, len(ids), len(sentinels.masks)), sentinels, begin)


def train_infill(
    model: Transformer,
    parameters: Mapping[str, nn.Parameter],
    samples: Sequence[Sample],
    held: Sequence[Sample],
    plan: Plan,
    folder: Path,
    *,
    tokens_a_batch: int = 2048,
    resume: bool = False,
    fingerprint: str = "",
    on_step: OnStep | None = None,
) -> Finished:
    """Train ``parameters`` on the samples; ``evaluation_loss`` is in nats a token of those held out."""
    device = model.embedding.weight.device

    def objective(batch: Batch) -> Loss:
        logprobs_M = learnt_logprobs(model, batch.to(device))
        return Loss(total=-logprobs_M.sum(), weight=len(logprobs_M), n_tokens=len(batch.ids))

    return train(
        parameters,
        Packed(samples, list(map(len, samples)), tokens_a_batch, seed=plan.seed),
        objective,
        plan,
        folder,
        resume=resume,
        fingerprint=fingerprint,
        evaluate=(lambda: evaluated(objective, [batch_of([sample]) for sample in held])) if held else None,
        on_step=on_step,
    )
