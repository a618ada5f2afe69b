"""Options that several commands share, so that they are spelt and explained alike."""

from __future__ import annotations

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
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed and engine give the same drafts.")]
NoRulesOption = Annotated[bool, typer.Option("--no-rules", help="Read nothing by rules: model and corrections.")]
NoGroundingOption = Annotated[
    bool, typer.Option("--no-grounding", help="Let drafts write any name, and anything that does not parse.")
]
PackOption = Annotated[list[Path] | None, typer.Option("--pack", help="A folder with a pack of your own; can be repeated.")]
TierOption = Annotated[str | None, typer.Option("--tier", help="Sandbox tier: namespaces, landlock, seccomp (or the best).")]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the program, its card and its artifacts.")]
ShowPromptOption = Annotated[
    bool, typer.Option("--show-prompt", help="Print exactly what would be sent, with token counts, and stop.")
]
