"""``treadle sql``: a question in plain words, answered by a statement that was executed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.answering import hand_over, work_options
from treadle.commands.options import (
    BudgetOption,
    CpuSecondsOption,
    EngineOption,
    JsonOption,
    MemoryOption,
    NoAdapterOption,
    NoGroundingOption,
    NoRulesOption,
    OutOption,
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
from treadle.errors import UsageError
from treadle.escaping import escaped, escaped_for

if TYPE_CHECKING:
    from treadle.coding.ask import Answered

__all__ = ["sql"]


def sql(
    words: Annotated[
        list[str],
        typer.Argument(metavar="DATABASE... QUESTION", help="x.sqlite, duckdb:x.duckdb, *.parquet, postgresql://..."),
    ],
    expect: Annotated[
        list[str] | None, typer.Option("--expect", help="'rows == 3', \"name == 'pi+'\", 'value ~ 26.03 +- 1%'.")
    ] = None,
    style: Annotated[
        str, typer.Option("--style", help="house: the pack's form of SQL; plain: as it was written.")
    ] = "house",
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows as CSV on standard output, nothing else.")] = False,
    engine: EngineOption = None,
    samples: SamplesOption = 8,
    repairs: RepairsOption = 2,
    temperature: TemperatureOption = 0.4,
    spread: SpreadOption = 0.0,
    seed: SeedOption = 1,
    no_examples: Annotated[
        bool, typer.Option("--no-examples", help="Show the model no example, read nothing by rules.")
    ] = False,
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
    out: OutOption = None,
    store: StoreOption = None,
    show_prompt: ShowPromptOption = False,
    as_json: JsonOption = False,
) -> None:
    """Answer QUESTION by one SQL statement, executed read-only on DATABASE, and say what is known about it."""
    from treadle import compose
    from treadle.terminal import show_prompt_parts

    if len(words) < 2:
        raise UsageError(
            f"name a database and ask a question; only {words[0]!r} was given. Example: "
            'treadle sql particles.sqlite "Which charged meson lives longest?"'
        )
    options = work_options(
        samples=samples,
        repairs=repairs,
        temperature=temperature,
        seed=seed,
        max_tokens=160,
        no_examples=no_examples,
        no_rules=no_rules,
        no_grounding=no_grounding,
        budget=budget,
        memory_bytes=memory,
        cpu_seconds=cpu_seconds,
        wall_seconds=wall_seconds,
        spread=spread,
        top_logprobs=top_logprobs,
        style=style,
    )
    *database, question = words
    quiet, keeps = as_json or as_csv, not show_prompt
    job = "" if no_adapter else "sql"
    with compose.tools(
        engine, store, tier, pack or [], quiet=quiet, database=database, keeps=keeps, drafts=samples, job=job
    ) as (tools, progress):
        asked = compose.question(question, tools, expect or [])
        if show_prompt:
            show_prompt_parts(tools.engine, compose.prompt(asked, tools, options))
            return
        answered = compose.answer(asked, tools, options, progress)
    hand_over(answered, out, as_json, (lambda: _print_csv(answered)) if as_csv else None)


def _print_csv(answered: Answered) -> None:
    """The rows on standard output and nothing else; the status beside them."""
    from treadle.coding.sql.base import rows_of
    from treadle.coding.sql.rows import rows_as_csv

    rows = None if answered.run is None else rows_of(answered.run)
    typer.echo("" if rows is None else escaped_for(sys.stdout, rows_as_csv(rows)), nl=False)
    typer.echo(escaped(f"{answered.answer.status.value}: {answered.answer.reason}"), err=True)
