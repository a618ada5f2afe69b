"""``treadle ask``: a program for a request in plain words, run and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from treadle.commands.answering import hand_over, work_options
from treadle.commands.options import (
    BudgetOption,
    CpuSecondsOption,
    DiskOption,
    EngineOption,
    JsonOption,
    MemoryOption,
    NoAdapterOption,
    NoGroundingOption,
    NoRulesOption,
    OutOption,
    OutputBytesOption,
    PackOption,
    RepairsOption,
    SamplesOption,
    SeedOption,
    ShowPromptOption,
    SpreadOption,
    StoreOption,
    TemperatureOption,
    TierOption,
    TopLogprobsOption,
    WallSecondsOption,
)

__all__ = ["ask"]


def ask(
    request: Annotated[str, typer.Argument(help="What you want, in plain words.")],
    data: Annotated[Path | None, typer.Option("--data", "-d", help="A ROOT, parquet, CSV, JSON or SQLite file.")] = None,
    tree: Annotated[str | None, typer.Option("--tree", help="The tree or table of the data file to work on.")] = None,
    expect: Annotated[
        list[str] | None, typer.Option("--expect", help="'mean_pt ~ 37.05 +- 1%', 'f(2) == 3'; can be repeated.")
    ] = None,
    tests: Annotated[
        Path | None, typer.Option("--tests", help="A Python file with tests of the functions asked for.")
    ] = None,
    schema: Annotated[Path | None, typer.Option("--schema", help="A JSON schema that the output must satisfy.")] = None,
    engine: EngineOption = None,
    samples: SamplesOption = 8,
    repairs: RepairsOption = 2,
    temperature: TemperatureOption = 0.4,
    spread: SpreadOption = 0.0,
    seed: SeedOption = 1,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Length of a draft, at most.")] = 256,
    no_examples: Annotated[bool, typer.Option("--no-examples", help="Show the model no example.")] = False,
    no_rules: NoRulesOption = False,
    no_grounding: NoGroundingOption = False,
    no_adapter: NoAdapterOption = False,
    top_logprobs: TopLogprobsOption = 3,
    budget: BudgetOption = None,
    pack: PackOption = None,
    tier: TierOption = None,
    memory: MemoryOption = None,
    cpu_seconds: CpuSecondsOption = None,
    wall_seconds: WallSecondsOption = None,
    output_bytes: OutputBytesOption = None,
    disk: DiskOption = None,
    out: OutOption = None,
    store: StoreOption = None,
    show_prompt: ShowPromptOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a program for REQUEST, run and check it, and say what is known about it."""
    from treadle import compose
    from treadle.terminal import show_prompt_parts

    options = work_options(
        samples=samples,
        repairs=repairs,
        temperature=temperature,
        seed=seed,
        max_tokens=max_tokens,
        no_examples=no_examples,
        no_rules=no_rules,
        no_grounding=no_grounding,
        budget=budget,
        memory_bytes=memory,
        cpu_seconds=cpu_seconds,
        wall_seconds=wall_seconds,
        stream_bytes=output_bytes,
        disk_bytes=disk,
        spread=spread,
        top_logprobs=top_logprobs,
    )
    stated = compose.request(request, data, tree, expect or [], tests, schema)
    keeps, job = not show_prompt, "" if no_adapter or data is None else "data"
    with compose.tools(engine, store, tier, pack or [], quiet=as_json, keeps=keeps, drafts=samples, job=job) as (
        tools,
        progress,
    ):
        asked = compose.with_data(stated, data, tools)
        if show_prompt:
            show_prompt_parts(tools.engine, compose.prompt(asked, tools, options))
            return
        answered = compose.answer(asked, tools, options, progress)
    hand_over(answered, out, as_json)
