"""Requests answered by a Python program."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from treadle.coding.checks import Context, Introspector, Ladder
from treadle.coding.grounded import known_facts, python_guide
from treadle.coding.judge import Judge
from treadle.coding.left import where_left
from treadle.coding.plan import Plan, make_plan
from treadle.coding.reading import ReadProgram, read_program
from treadle.coding.settled import SettledFile
from treadle.coding.shots import nearness
from treadle.engines.base import Guide
from treadle.grounding.python import Facts, PythonGuide
from treadle.prompts import focused, preamble
from treadle.prompts.preamble import WIDE_COLUMNS
from treadle.sandbox import Sandbox
from treadle.types import DataSummary, Draft, Program, Prompt, PromptPart, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["PythonJob"]

ANSWERS = 0.8
"""From this similarity on the nearest example decides. On 192 requests of our own (benchmarks/requests) 8 of 10 such
examples were right, of all of them without a doubt 20 of 98; of the programs by rules without a doubt all 26."""


class PythonJob(Judge):
    """A request for a Python program; a judge that also plans, and reads requests on data by rules.

    The readings are a program by rules, where these understand (nearly) all of the request, and the nearest example, moved
    onto the columns and numbers of the user's file and run there. A small model that is shown an example mostly copies it.
    """

    def __init__(self, request: Request, tools: Tools, options: Options) -> None:
        self._settled = SettledFile(request.data, tools.sandbox.tier)  # keeps the copy, if it made one
        request = replace(request, data=self._settled.data)
        context = Context(
            request=request, sandbox=tools.sandbox, limits=options.limits, introspector=Introspector(tools.sandbox)
        )
        super().__init__(request, context, Ladder())
        self._work = request, tools, options
        self._readings: tuple[PromptPart, ...] = ()
        self._preamble = ""
        self.decisive = False
        self.read_whole = False
        """Rules knew every word of the request, or an example answers its own request."""

    @property
    def witness(self) -> bool:
        return self.read_whole

    def plan(self) -> Plan:
        request, _, options = self._work
        made = make_plan(*self._work)
        self._preamble = made.ingredients.preamble
        if made.ingredients.kind == "data" and options.rules:
            self._read(request, made)
        return made

    def _read(self, request: Request, made: Plan) -> None:
        assert request.data is not None
        found = read_program(request.text, request.data.tables[0], Sizes(request.data, self._work[1].sandbox))
        readings = []
        if found is not None and (found.whole or found.nearly):
            program = f"{_opening(request.data, found.body)}{found.body}"
            readings.append(PromptPart(name=f"reading: {request.text}", source=_source(found), text=program, tokens=0))
            self.decisive, self.read_whole = True, found.whole
        for nearest in made.ingredients.examples[:1]:
            name = f"reading {nearest.id}: {nearest.request}"
            example = PromptPart(name=name, source=nearest.why, text=nearest.program, tokens=0)
            answers = nearness(request.text, nearest) >= ANSWERS and not self.read_whole
            readings.insert(0 if answers else len(readings), example)  # the first one decides
            if answers:
                self.decisive = self.read_whole = True
        self._readings = tuple(readings)

    def guide(self, prompt: Prompt) -> Guide | None:
        return python_guide(prompt, self._preamble, self._facts, self._work[2].grounding)

    def left(self, draft: Draft) -> str:
        request, tools, _ = self._work
        program = draft.program or ""
        imports = "".join(f"{line}\n" for line in program.split("\n") if line.startswith("import "))
        return where_left(PythonGuide(known_facts(imports, request.data, tools.sandbox)), program)

    @cached_property
    def _facts(self) -> Facts:
        """The same for all prompts of the request: lines that a repair keeps say nothing of the file."""
        request, tools, _ = self._work
        return known_facts(self._preamble, request.data, tools.sandbox)

    def by_rules(self) -> Prompt | None:
        """The readings; functions are not read by rules, so there are none for a request for one."""
        return replace(Prompt(messages=()), parts=self._readings) if self._readings else None


class Sizes:
    """How large the numbers of columns are: the medians of their absolute values. The file is looked into when asked."""

    def __init__(self, data: DataSummary, sandbox: Sandbox) -> None:
        self._data, self._sandbox = data, sandbox

    def __call__(self, columns: Sequence[str]) -> dict[str, float]:
        """By one program for all ``columns``; those whose numbers have no median are left out."""
        known = [c for c in columns if c in {column.name for column in self._data.tables[0].columns}]
        body = "sizes = {}\n" + "".join(_MEDIAN.format(column=json.dumps(c, ensure_ascii=False)) for c in known)
        source = f"import awkward as ak\nimport numpy as np\n{_opening(self._data, body)}{body}"
        run = self._sandbox.run(Program(source=source, evaluate="sizes"), [Path(self._data.path)])
        found = run.value if run.ok and isinstance(run.value, dict) else {}
        return {c: found[c] for c in known if isinstance(found.get(c), float) and math.isfinite(found[c])}


_MEDIAN = """try:
    sizes[{column}] = float(np.nanmedian(np.abs(ak.to_numpy(ak.flatten(ak.Array(events[{column}]), axis=None)))))
except Exception:
    pass
"""


def _source(found: ReadProgram) -> str:
    passed_over = ", ".join(found.unread) or "a doubt"
    return "written by rules" if found.whole else f"written by rules, which passed over: {passed_over}"


def _opening(data: DataSummary, body: str) -> str:
    """The lines that open the file, of a wide one only the columns that the body names (or one: it needs a length)."""
    table = data.tables[0]
    wide = len(table.columns) >= WIDE_COLUMNS
    named = [c for c in table.columns if f'"{c.name}"' in body] or list(table.columns[:1])
    near = focused(data, named) if wide else data
    opening = preamble(near, near.tables[0], wide)
    return opening if opening.endswith("\n\n") else f"{opening}\n"
