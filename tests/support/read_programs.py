"""What the programs that requests are read as print, all run in one process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from treadle.coding.reading import read_program
from treadle.prompts import preamble
from treadle.sandbox import Sandbox
from treadle.types import DataSummary, Program

__all__ = ["outputs_of", "size"]


def size(columns: Sequence[str]) -> dict[str, float]:
    """The medians of columns' absolute values: all energies are in GeV."""
    return dict.fromkeys(columns, 30.0)


def outputs_of(requests: Iterable[str], data: DataSummary, sandbox: Sandbox) -> dict[str, str]:
    """What each request's program prints, with names of its own; nothing where there is no program."""
    programs = {text: read_program(text, data.tables[0], size) for text in requests}
    source = preamble(data, data.tables[0], wide=False)
    for i, program in enumerate(programs.values()):
        if program is not None:
            source += f"\nprint('@@{i}')\ntry:\n    exec({program.body!r}, dict(globals()))\n"
            source += "except Exception as e:\n    print(repr(e))\n"
    run = sandbox.run(Program(source=source), [Path(data.path)])
    assert run.ok, run.error
    outputs = dict(re.findall(r"@@(\d+)\n(.*?)(?=@@|\Z)", run.stdout, re.DOTALL))
    return {text: outputs.get(str(i), "") for i, text in enumerate(programs)}
