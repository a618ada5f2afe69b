"""Infill training: documents of code with spans moved to their end, so that a model learns to fill what is missing.

Five objectives are mixed by weight, each in a module of ``objectives/``: ``causal`` masking, fill in the ``middle``,
``lines`` at trigger characters, what comes after ``told`` first, in words, and ``plain`` text, so that reading left to right
is not lost. The first three need sentinels, which a model must learn; the fourth needs none.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.errors import UsageError
from treadle.settings import Settings
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.base import read_origins, read_texts
from treadle.training.dedup import fingerprint_of, unique
from treadle.training.filters import kept as kept_documents
from treadle.training.lines import is_held_out
from treadle.training.objectives.causal_masking import (
    Sentinels,
    code_spans,
    draw_spans,
    masked_document,
    sentinels_named,
    special_named,
)
from treadle.training.objectives.fill_in_middle import Arrangement, Markers, arranged, cut_at_lines, cut_in_three
from treadle.training.objectives.language_masking import TRIGGERS, draw_hole, masked_line
from treadle.training.objectives.masked import joined
from treadle.training.objectives.mixing import draw_task
from treadle.training.objectives.told_first import MOST_CHARACTERS, body_line, draw_line_hole, told_sample
from treadle.training.opening import open_model, use_threads
from treadle.training.recipe import Recipe
from treadle.training.rows import Sample, learnt_tokens
from treadle.training.run import Outcome, Texts, digest_of, run
from treadle.training.sft import files_of

__all__ = ["InfillOptions", "InfillRecipe", "infill", "infill_samples"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillOptions:
    """``masks`` and ``end`` are special tokens of the vocabulary; a model without sentinels lends some that it does not
    need. Filling in the middle takes the first three masks for prefix, suffix and middle."""

    masks: tuple[str, ...] = ("<|mask:0|>", "<|mask:1|>", "<|mask:2|>", "<|mask:3|>")
    end: str = "<|endofmask|>"
    causal: float = 1.0
    middle: float = 0.0
    lines: float = 0.0
    told: float = 0.0
    plain: float = 0.0
    suffix_first: float = 0.5
    """The share of SPM beside PSM where the middle is filled in."""
    whole_lines: float = 0.0
    """The share of middles that are whole lines; the others are cut between any two characters."""
    learn_context: bool = True
    """Learn the code around middles and lines, too; else it is only read."""
    single_lines: float = 0.7
    """The share of told holes that are one line; the others are blocks of lines. They lie in the body of a function."""
    quoted: int = MOST_CHARACTERS
    """Characters of the text after a hole that are told, at most."""
    published_spans: bool = False
    """Draw spans as the published code does, not as the paper says."""
    triggers: str = TRIGGERS
    copies: int = 1
    """How often each document is masked anew; all copies are there from the beginning."""

    def weights(self) -> dict[str, float]:
        return {"causal": self.causal, "middle": self.middle, "lines": self.lines, "told": self.told, "plain": self.plain}

    @property
    def with_sentinels(self) -> bool:
        """Whether some of the objectives need them."""
        return self.causal > 0 or self.middle > 0 or self.lines > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillRecipe(Recipe):
    """``treadle train infill``."""

    infill: InfillOptions = InfillOptions()


def infill_samples(
    documents: Iterable[str], vocabulary: Vocabulary, options: InfillOptions, most_tokens: int, seed: int = 0
) -> Iterator[Sample]:
    """Every document, in pieces of at most ``most_tokens``, masked ``copies`` times. The same seed gives the same samples,
    whatever other documents there are before or after.

    Raises:
        UsageError: sentinels that are no special tokens, too few of them, or no objective with a weight.
    """
    sentinels = _sentinels(vocabulary, options)
    for document in documents:
        for copy in range(options.copies):
            rng = random.Random(f"{seed} {copy} {document}")  # noqa: S311
            for piece in _pieces(document, vocabulary, most_tokens - 2 * len(sentinels.masks) - 2):
                sample = _masked(piece, vocabulary, sentinels, options, most_tokens, rng)
                if sample is not None and 1 < len(sample) <= most_tokens:
                    yield sample


def _sentinels(vocabulary: Vocabulary, options: InfillOptions) -> Sentinels:
    """The recipe's; where no objective needs masks, the end alone."""
    if not options.with_sentinels:
        return Sentinels(masks=(), end=special_named(vocabulary, [options.end])[0])
    sentinels = sentinels_named(vocabulary, options.masks, options.end)
    if options.middle and len(sentinels.masks) < 3:
        raise UsageError("filling in the middle needs three masks: before the prefix, the suffix and the middle")
    return sentinels


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
    text: str, vocabulary: Vocabulary, sentinels: Sentinels, options: InfillOptions, most_tokens: int, rng: random.Random
) -> Sample | None:
    task = draw_task(rng, options.weights())
    begin = vocabulary.encode("", begin=True)
    if task == "lines":
        hole = draw_hole(rng, text, options.triggers)
        if hole is None:
            return None
        return masked_line(vocabulary, hole, sentinels, most_tokens, metadata=begin, learn_context=options.learn_context)
    if task == "told":
        single = rng.random() < options.single_lines
        lines_left = draw_line_hole(rng, text, body_line(text), single=single)
        return None if lines_left is None else told_sample(vocabulary, lines_left, sentinels.end, options.quoted)
    if task == "middle":
        # Nothing is drawn where nothing may come of it: recipes of before give the samples of before.
        whole = options.whole_lines > 0 and rng.random() < options.whole_lines
        lines = cut_at_lines(rng, text) if whole else None
        prefix, middle, suffix = map(vocabulary.encode, lines or cut_in_three(rng, text))
        first, second, third = sentinels.masks[:3]
        markers = Markers(prefix=first, suffix=second, middle=third, end=sentinels.end)
        order: Arrangement = "spm" if rng.random() < options.suffix_first else "psm"
        return arranged(prefix, middle, suffix, markers, order, learn_context=options.learn_context)
    ids = vocabulary.encode(text)
    if task == "plain":
        return joined([(begin, False), (ids, True)])
    draw = code_spans if options.published_spans else draw_spans
    return masked_document(ids, draw(rng, len(ids), len(sentinels.masks)), sentinels, begin)


def infill(
    recipe: InfillRecipe,
    root: Path,
    settings: Settings,
    *,
    device: str = "cpu",
    resume: bool = False,
    on_begin: Callable[[int], None] | None = None,
    on_step: Callable[[Mapping[str, Any]], None] | None = None,
) -> Outcome:
    """Train as the recipe says on files of code; its paths are from ``root``. What the filters drop, and what is a
    duplicate, is left out and counted on the card.

    Raises:
        UsageError, DataError: of the recipe, its files, or the run that is to go on.
    """
    use_threads(recipe.train.threads)
    opened = open_model(recipe.model, recipe.lora, root, settings, device, recipe.train.seed)
    why: Counter[str] = Counter()
    documents = _documents(recipe.data.train, root, why)
    if recipe.data.held_out:
        kept, aside = documents, _documents(recipe.data.held_out, root, Counter())
    else:
        share = recipe.data.share_held_out
        kept = [text for text in documents if not is_held_out(_name(text), share)]
        aside = [text for text in documents if is_held_out(_name(text), share)]
    train, held = (
        list(infill_samples(texts, opened.vocabulary, recipe.infill, recipe.data.most_tokens, recipe.train.seed))
        for texts in (kept, aside)
    )
    told = {
        "documents": len(kept), "documents_held_out": len(aside), "left_out": dict(why),
        "tokens": sum(map(len, train)), "tokens_learnt": learnt_tokens(train),
        **read_origins(files_of(recipe.data.train, root)),
    }  # fmt: skip
    texts = Texts(
        train=train,
        lengths=[len(sample) for sample in train],
        held_out=held[: recipe.data.most_held_out],
        digest=digest_of([*train, *held]),
        told=told,
    )
    return run("infill", recipe, root, opened, texts, resume=resume, on_begin=on_begin, on_step=on_step)


def _documents(patterns: Sequence[str], root: Path, why: Counter[str]) -> list[str]:
    """The texts that are worth training on, each once."""
    return list(unique(kept_documents(read_texts(files_of(patterns, root)), str, why), str, why))


def _name(text: str) -> str:
    """By which a text is held out: its words, so that copies with other spaces are on the same side."""
    return fingerprint_of(text).hex()
