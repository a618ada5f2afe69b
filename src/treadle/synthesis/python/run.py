"""Making a file of rows, with a report of what is in it."""

from __future__ import annotations

import contextlib
import json
import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from treadle.errors import UsageError
from treadle.retrieval import builtin_packs
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.accepted import Acceptance
from treadle.synthesis.python.build import Tally, hep_rows
from treadle.synthesis.python.functions import function_rows
from treadle.synthesis.rows import Row, write_rows
from treadle.synthesis.writer import PromptWriter, writing_tools

__all__ = ["Report", "held_out_texts", "make_rows", "told"]

_KEYS = ("request", "question", "prompt", "canonical_solution")
_TEXT = re.compile(r"^\s*(?:-\s*)?(?:request|question|prompt)\s*:\s*(.+?)\s*$")


@dataclass
class Report:
    """What was made: the tally, and of every row its tokens in all (without the chat template) and those learnt."""

    tally: Tally = field(default_factory=Tally)
    tokens: list[int] = field(default_factory=list)
    learnt: list[int] = field(default_factory=list)
    sources: Counter[str] = field(default_factory=Counter)


def make_rows(
    kind: Literal["hep", "functions"],
    pairs: int,
    seed: int,
    out: Path,
    model: Path | None = None,
    held_out: Path | None = None,
    on_pairs: Callable[[int], None] | None = None,
) -> Report:
    """Write rows with ``pairs`` requests to ``out``.

    Args:
        model: the GGUF file of the model that is to be trained, by whose tokens summaries are cut and rows are counted;
            None: tokens are estimated.
        held_out: texts that no row may hold, see ``held_out_texts``.
        on_pairs: called with the number of requests of each row.

    Raises:
        UsageError: the file cannot be written, or that of what is held out not be read.
        ModelFileError: ``model`` is absent, or no model.
        SandboxError: the sandbox failed, or refused.
    """
    known = None if held_out is None else HeldOut(held_out_texts(held_out))
    report = Report()
    writer = PromptWriter(None) if model is None else PromptWriter.of_model(model)
    with writing_tools(writer, builtin_packs()) as tools:
        if kind == "hep":
            rows = hep_rows(pairs, seed, tools, report.tally, Acceptance(tools.sandbox), known)
        else:
            rows = function_rows(pairs, seed, tools, report.tally, known)
        report.sources = write_rows(_counted(rows, writer, report, on_pairs), out)
    return report


def held_out_texts(path: Path) -> list[str]:
    """Texts of a file: of JSON lines and of YAML what stands under request, question or prompt (of JSON lines under
    ``canonical_solution``, too), else each line.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read what is held out, {path}: {error}") from None
    found = []
    for line in lines:
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                record = json.loads(line)
                found += [str(record[key]) for key in _KEYS if key in record]
        elif (match := _TEXT.match(line)) is not None:
            found.append(match[1].strip("\"'"))
    return found or [line for line in lines if line.strip()]


def _counted(
    rows: Iterator[Row], writer: PromptWriter, report: Report, on_pairs: Callable[[int], None] | None
) -> Iterator[Row]:
    for row in rows:
        learnt = sum(writer.count_tokens(text) for _, text in row.segments)
        given = (*(m.content for m in row.messages), *(text for text, _ in row.segments))
        report.tokens.append(learnt + sum(writer.count_tokens(text) for text in given))
        report.learnt.append(learnt)
        if on_pairs is not None:
            on_pairs(len(row.segments))
        yield row


def told(report: Report) -> str:
    """The report in words, several lines."""
    tally, rows = report.tally, len(report.tokens)
    pairs, tokens = tally.pairs.total(), report.tokens
    lines = [
        f"{pairs} requests in {rows} rows ({_listed(report.sources)})",
        f"tokens a row: median {statistics.median(tokens):.0f}, mean {statistics.mean(tokens):.0f}, largest {max(tokens)}; "
        f"in all {sum(tokens)}, of these learnt {sum(report.learnt)}",
        f"rows by their number of requests: {_listed({str(k): v for k, v in tally.segments.items()})}",
        f"tasks: {_listed(tally.pairs)}",
        f"left out: {_listed(tally.dropped) or 'none'}",
    ]
    if tally.guided:
        lines.append(f"allowed by the guide: {tally.guided[True]} of {tally.guided.total()} looked at")
    return "\n".join(lines)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
