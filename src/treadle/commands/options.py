"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

EngineOption = Annotated[
    str | None, typer.Option("--engine", "-e", help="llama:smollm2, llama:/x.gguf, openai:<url>#<model>.")
]
StoreOption = Annotated[Path | None, typer.Option("--store", help="SQLite file with the threads.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
SamplesOption = Annotated[int, typer.Option("--samples", "-n", help="Drafts: the first greedy, the others sampled.")]
RepairsOption = Annotated[int, typer.Option("--repairs", help="Rounds of repair, at most.")]
TemperatureOption = Annotated[float, typer.Option("--temperature", help="Of the sampled drafts.")]
SpreadOption = Annotated[float, typer.Option("--spread", help="Temperatures from T(1-spread) to T(1+spread).")]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed and engine give the same drafts.")]
NoRulesOption = Annotated[bool, typer.Option("--no-rules", help="Read nothing by rules: model and corrections.")]


def seconds(text: str) -> float:
    """Seconds from '30', '30s', '2m' or '1.5min'.

    Raises:
        typer.BadParameter: it is none of these.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|m|min)?\s*", text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time; write 30s or 2m")
    return float(found[1]) * (60.0 if (found[2] or "s").startswith("m") else 1.0)


BudgetOption = Annotated[
    float | None,
    typer.Option("--budget", parser=seconds, metavar="<time>", help="Begin no draft or repair after so long: 30s, 2m."),
]
NoGroundingOption = Annotated[
    bool, typer.Option("--no-grounding", help="Let drafts write any name, and anything that does not parse.")
]
PackOption = Annotated[list[Path] | None, typer.Option("--pack", help="A folder with a pack of your own; can be repeated.")]
TierOption = Annotated[str | None, typer.Option("--tier", help="Sandbox tier: namespaces, landlock, seccomp (or the best).")]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the program, its card and its artifacts.")]
ShowPromptOption = Annotated[
    bool, typer.Option("--show-prompt", help="Print exactly what would be sent, with token counts, and stop.")
]
