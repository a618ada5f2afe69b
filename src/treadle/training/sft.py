"""Supervised training on rows: the loss is on what is to be learnt only (``treadle train sft``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from treadle.engines.models import OnBytes
from treadle.errors import DataError
from treadle.settings import Settings
from treadle.training.lines import is_held_out
from treadle.training.opening import Opened, open_model, use_threads
from treadle.training.recipe import DataPart, Recipe
from treadle.training.rows import Row, Sample, fitted, learnt_tokens, read_rows, sample_of
from treadle.training.run import Outcome, Texts, digest_of, run

__all__ = ["files_of", "sft", "texts_of_rows"]


def sft(
    recipe: Recipe,
    root: Path,
    settings: Settings,
    *,
    device: str = "cpu",
    resume: bool = False,
    on_bytes: OnBytes | None = None,
    on_begin: Callable[[int], None] | None = None,
    on_step: Callable[[Mapping[str, Any]], None] | None = None,
) -> Outcome:
    """Train as the recipe says; its paths are from ``root``.

    Raises:
        UsageError, DataError: of the recipe, its rows, or the run that is to go on.
    """
    use_threads(recipe.train.threads)
    opened = open_model(recipe.model, recipe.lora, root, settings, device, recipe.train.seed, on_bytes)
    texts = texts_of_rows(recipe.data, root, opened)
    return run("sft", recipe, root, opened, texts, resume=resume, on_begin=on_begin, on_step=on_step)


def texts_of_rows(part: DataPart, root: Path, opened: Opened) -> Texts:
    """The rows of the recipe as samples, cut to ``most_tokens``, with those held out."""
    rows = list(read_rows(files_of(part.train, root)))
    if part.held_out:
        kept, aside = rows, list(read_rows(files_of(part.held_out, root)))
    else:
        kept = [row for row in rows if not is_held_out(_name(row), part.share_held_out)]
        aside = [row for row in rows if is_held_out(_name(row), part.share_held_out)]
    train, held_out = (_samples(some, part.most_tokens, opened) for some in (kept, aside))
    if not train:
        raise DataError(f"{len(rows)} rows, and none with anything to learn in its first {part.most_tokens} tokens")
    told = {
        "rows": len(kept), "rows_held_out": len(aside), "rows_left_out": len(kept) + len(aside) - len(train) - len(held_out),
        "tokens": sum(map(len, train)), "tokens_learnt": learnt_tokens(train),
        "sources": dict(Counter(row.source.partition("/")[0] for row in kept).most_common()),
        "licences": dict(Counter(row.licence or "not told" for row in kept).most_common()),
    }  # fmt: skip
    return Texts(
        train=train,
        lengths=[len(sample) for sample in train],
        held_out=held_out[: part.most_held_out],
        digest=digest_of([*train, *held_out]),
        told=told,
    )


def _samples(rows: Iterable[Row], most_tokens: int, opened: Opened) -> list[Sample]:
    found = (fitted(sample_of(row, opened.vocabulary, opened.template), most_tokens) for row in rows)
    return [sample for sample in found if sample is not None]


def _name(row: Row) -> str:
    """By which it is held out: rows of a group all are, or none."""
    return row.group or repr((row.messages, row.segments))


def files_of(patterns: Sequence[str], root: Path) -> list[Path]:
    """The files that the patterns name, from ``root``, each once, in order.

    Raises:
        DataError: a pattern names none.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern).expanduser()
        base, own = (Path(path.anchor), str(path.relative_to(path.anchor))) if path.is_absolute() else (root, str(path))
        matches = sorted(base.glob(own))
        if not matches:
            raise DataError(f"the recipe names {pattern!r}, and there is no such file below {base}")
        found |= dict.fromkeys(matches)
    if not found:
        raise DataError("the recipe names no files to train on: set data.train")
    return list(found)
