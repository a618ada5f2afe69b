"""Infilling: lines of HumanEval's solutions are masked, and what is put in their place is judged by the hidden tests.

As in InCoder (arXiv:2204.05999, section 4.1) and the sets that OpenAI published: *single-line* masks each line of a
canonical solution that holds more than spaces (1,033 tasks), *multi-line* every block that begins and ends with such a line
(N(N+1)/2 of N lines; 5,815 tasks).
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar, get_args

from treadle.errors import UnknownNameError, UsageError
from treadle.evals.hidden import HiddenTest
from treadle.evals.humaneval import HumanEvalTask, load_humaneval, published_file
from treadle.evals.taskfile import read_records
from treadle.types import Sampling

__all__ = ["Filling", "InfillTask", "Way", "blocks", "cut_lines", "load_infill", "spread"]

Way = Literal["left-to-right", "rerank", "infill"]
_TOP_P = 0.95
"""As in the paper; no top-k."""
_LEVELS = ((1, "1 line"), (3, "2-3 lines"), (7, "4-7 lines"))
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """How holes are filled. ``samples`` drafts with seeds ``seed``, ``seed`` + 1, ...; ``temperature`` 0 is greedy."""

    way: Way = "infill"
    samples: int = 1
    temperature: float = 0.0
    seed: int = 1
    max_tokens: int = 192

    def __post_init__(self) -> None:
        if self.way not in get_args(Way):
            raise UnknownNameError("way", self.way, get_args(Way))
        if self.samples < 1 or self.max_tokens < 1:
            raise UsageError(f"--samples and --max-tokens must be at least 1, got {self.samples} and {self.max_tokens}")
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"--temperature must be a number and must not be negative, got {self.temperature:g}")
        if self.samples > 1 and self.temperature == 0:
            raise UsageError(f"{self.samples} drafts at --temperature 0 are one and the same; give a temperature, e.g. 0.8")
        if self.samples == 1 and self.way == "rerank":
            raise UsageError("--way rerank chooses among drafts; give --samples 2 or more (InCoder takes 10)")
        try:
            self.samplings()
        except ValueError as error:
            raise UsageError(f"drafts cannot be drawn so: {error}") from None

    @property
    def ranked(self) -> bool:
        """Whether the answer is the likeliest of the drafts. From left to right that is a way of its own; else the first
        is the answer."""
        return self.samples > 1 and self.way != "left-to-right"

    def samplings(self) -> list[Sampling]:
        first = Sampling(max_tokens=self.max_tokens, temperature=self.temperature, top_p=_TOP_P, top_k=0, seed=self.seed)
        return [replace(first, seed=self.seed + number) for number in range(self.samples)]


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillTask:
    """A program with a hole. ``masked`` and ``hidden`` are the hidden half.

    The hole begins at the end of the line before the masked ones, and the text after it with the end of the last masked
    line. Vocabularies such as the embedded model's have tokens for a line's end with the indentation that follows: cut
    between the two, that model gave the very line in 1 of 40 greedy drafts, with the hole from the line's end on in 7.
    """

    id: str
    problem: str
    before: str
    masked: str
    after: str
    hidden: HiddenTest
    level: str = ""
    language: Literal["python"] = "python"

    @property
    def files(self) -> tuple[Path, ...]:
        return ()

    @property
    def n_lines(self) -> int:
        """Masked lines that hold more than spaces."""
        return sum(bool(line.strip()) for line in self.masked.split("\n"))

    @property
    def request(self) -> str:
        """For reports; no model is shown it."""
        return f"{self.before}\n<<< {self.n_lines} masked >>>{self.after}"

    def filled(self, text: str) -> str:
        """The program with ``text`` in its hole."""
        return self.before + text + self.after


def load_infill(multi_line: bool, tasks: Path | None, data: Path | None) -> list[InfillTask]:
    """The tasks made of the published problems, or of those of a file of the same form, in the order of ``spread``.

    Raises:
        UsageError, DataError: as ``load_humaneval``; or a problem has no canonical solution, whose lines could be masked.
    """
    if data is not None:
        raise UsageError("treadle eval infill works on no data files; leave out --data")
    path = tasks or published_file()
    found: list[InfillTask] = []
    for record, problem in zip(read_records(path), load_humaneval(path, None), strict=True):
        prompt, lines = record.text("prompt"), list(io.StringIO(record.text("canonical_solution")))
        for first, last in blocks(lines, multi_line):
            level = _level(lines[first : last + 1]) if multi_line else ""
            found.append(_task(problem, prompt, lines, first, last, level))
    return spread(found)


def blocks(lines: Sequence[str], multi_line: bool) -> list[tuple[int, int]]:
    """First and last line, counted from 0, of everything that is masked in turn."""
    full = [i for i, line in enumerate(lines) if line.strip()]
    if not multi_line:
        return [(line, line) for line in full]
    return [(first, last) for place, first in enumerate(full) for last in full[place:]]


def _level(masked: Sequence[str]) -> str:
    count = sum(bool(line.strip()) for line in masked)
    return next((told for most, told in _LEVELS if count <= most), "8 lines and more")


def _task(problem: HumanEvalTask, prompt: str, lines: Sequence[str], first: int, last: int, level: str) -> InfillTask:
    before, masked, after = prompt + "".join(lines[:first]), "".join(lines[first : last + 1]), "".join(lines[last + 1 :])
    if before.endswith("\n"):
        before, masked = before[:-1], "\n" + masked
    if masked.endswith("\n"):
        masked, after = masked[:-1], "\n" + after
    return InfillTask(
        id=f"{problem.id}/L{first}" if first == last else f"{problem.id}/L{first}-L{last}",
        problem=problem.id,
        before=before,
        masked=masked,
        after=after,
        hidden=problem.hidden,
        level=level,
    )


def spread(items: Sequence[T]) -> list[T]:
    """The items in an order whose every beginning is taken evenly from all: by their place with its bits reversed
    (van der Corput's sequence). So the first N are a fair sample, and the first N + 1 hold them."""
    width = max(1, (len(items) - 1).bit_length())
    return [items[i] for i in sorted(range(len(items)), key=lambda i: int(f"{i:0{width}b}"[::-1], 2))]


def cut_lines(text: str, n_lines: int) -> tuple[str, bool]:
    """A draft that begins in the line before the hole, up to the end of the hole's ``n_lines``-th line that holds more than
    spaces; and whether it got so far."""
    place, left = text.find("\n"), n_lines
    while place >= 0 and left:
        end = text.find("\n", place + 1)
        left -= bool(text[place + 1 : end if end >= 0 else None].strip())
        place = end
    return (text, False) if place < 0 else (text[:place], True)
