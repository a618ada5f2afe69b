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
TopLogprobsOption = Annotated[
    int, typer.Option("--top-logprobs", help="Alternatives that are stored at each token, for treadle probs.")
]
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

NoAdapterOption = Annotated[
    bool, typer.Option("--no-adapter", help="The bare model, without the adapter that is shipped for this work.")
]


def bounded_seconds(text: str) -> float:
    """Seconds above 0 and up to a day, spelt as for ``seconds``: the kernel takes whole seconds of a bounded size.

    Raises:
        typer.BadParameter: it is none.
    """
    found = seconds(text)
    if not 0 < found <= _MOST_SECONDS:
        raise typer.BadParameter(f"{text!r} is no limit; write more than 0 and at most {_MOST_SECONDS}s")
    return found


def size(text: str) -> int:
    """Bytes from '65536', '512M', '1.5GiB': units are binary.

    Raises:
        typer.BadParameter: it is none of these, or out of bounds.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?\s*", text, re.IGNORECASE | re.ASCII)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no size; write 65536, 512M or 2G")
    n_bytes = int(float(found[1]) * 1024 ** " kmg".index(found[2].lower() or " "))
    if not 1 <= n_bytes <= _MOST_BYTES:
        raise typer.BadParameter(f"{text!r} is no limit; write at least 1 byte and at most 1024G")
    return n_bytes


def memory_size(text: str) -> int:
    """A size that leaves a program room to begin; raises ``typer.BadParameter``, as ``size``."""
    n_bytes = size(text)
    if n_bytes < _LEAST_MEMORY:
        raise typer.BadParameter(f"{text!r} is too little for any program to begin; write at least 16M")
    return n_bytes


_MOST_SECONDS, _MOST_BYTES, _LEAST_MEMORY = 86_400, 1 << 40, 16 << 20

MemoryOption = Annotated[
    int | None, typer.Option("--memory", parser=memory_size, metavar="<size>", help="Of one run in the sandbox (2G).")
]
CpuSecondsOption = Annotated[
    float | None, typer.Option("--cpu-seconds", parser=bounded_seconds, metavar="<time>", help="Of one run (10s).")
]
WallSecondsOption = Annotated[
    float | None, typer.Option("--wall-seconds", parser=bounded_seconds, metavar="<time>", help="Of one run (20s).")
]
OutputBytesOption = Annotated[
    int | None, typer.Option("--output-bytes", parser=size, metavar="<size>", help="Kept of stdout, and of stderr (1M).")
]
DiskOption = Annotated[
    int | None, typer.Option("--disk", parser=size, metavar="<size>", help="Files that one run may write (64M).")
]
PackOption = Annotated[list[Path] | None, typer.Option("--pack", help="A folder with a pack of your own; can be repeated.")]
TierOption = Annotated[str | None, typer.Option("--tier", help="Sandbox tier: namespaces, landlock, seccomp (or the best).")]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="Folder for the program, its card and its artifacts.")]
ShowPromptOption = Annotated[
    bool, typer.Option("--show-prompt", help="Print exactly what would be sent, with token counts, and stop.")
]
