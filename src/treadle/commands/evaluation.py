"""``treadle eval``: how often answers are right, and how often that is what they were said to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from treadle.commands.answering import work_options
from treadle.commands.exits import EXIT_INTERRUPTED
from treadle.commands.options import (
    BudgetOption,
    EngineOption,
    NoAdapterOption,
    NoGroundingOption,
    NoRulesOption,
    PackOption,
    RepairsOption,
    SamplesOption,
    SeedOption,
    SpreadOption,
    TemperatureOption,
)
from treadle.errors import TreadleError
from treadle.escaping import escaped

if TYPE_CHECKING:
    from treadle.evals.display import Bar
    from treadle.evals.run import Plan

__all__ = ["eval_app"]

eval_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask many tasks with known answers, and count what was right, what was said to be, and what was only said.",
)

TasksOption = Annotated[Path | None, typer.Option("--tasks", help="The tasks: a YAML, JSON or JSON lines file.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", "-d", help="The folder of the data files (default: that of --tasks).")
]
LimitOption = Annotated[int | None, typer.Option("--limit", help="Only the first tasks; can be raised when one goes on.")]
SpreadLimitOption = Annotated[
    int | None, typer.Option("--limit", help="So many, taken evenly from all; can be raised when one goes on.")
]
MaxTokensOption = Annotated[
    int | None, typer.Option("--max-tokens", help="Length of a draft, at most (default: 256, sql 160).")
]
NoExamplesOption = Annotated[bool, typer.Option("--no-examples", help="Show the model no example, read nothing by rules.")]
GroundingOption = Annotated[
    str, typer.Option("--grounding", metavar="<level>", help="Hold drafts to: none, grammar, names, all (default).")
]
CorrectionsOption = Annotated[
    Path | None, typer.Option("--corrections", help="A thread store whose corrections are shown as examples, too.")
]
WorkersOption = Annotated[int, typer.Option("--workers", "-w", help="Processes of this machine, each with its own engine.")]
DaskOption = Annotated[str | None, typer.Option("--dask", help="Address of a Dask scheduler: its workers do the tasks.")]
FolderOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Folder for results and report; one that has results goes on.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object on standard output.")]


def _command(kind: str, about: str) -> Callable[..., None]:
    """The command of one kind of evaluation; they differ in nothing but their tasks."""

    def run(
        tasks: TasksOption = None,
        data: DataOption = None,
        limit: LimitOption = None,
        engine: EngineOption = None,
        samples: SamplesOption = 8,
        repairs: RepairsOption = 2,
        temperature: TemperatureOption = 0.4,
        spread: SpreadOption = 0.0,
        seed: SeedOption = 1,
        max_tokens: MaxTokensOption = None,
        no_examples: NoExamplesOption = False,
        no_rules: NoRulesOption = False,
        no_grounding: NoGroundingOption = False,
        grounding: GroundingOption = "all",
        no_adapter: NoAdapterOption = False,
        budget: BudgetOption = None,
        pack: PackOption = None,
        corrections: CorrectionsOption = None,
        workers: WorkersOption = 1,
        dask: DaskOption = None,
        out: FolderOption = None,
        as_json: JsonOption = False,
    ) -> None:
        from treadle.evals.kinds import KINDS
        from treadle.evals.run import Plan

        options = work_options(
            samples=samples,
            repairs=repairs,
            temperature=temperature,
            seed=seed,
            max_tokens=KINDS[kind].max_tokens if max_tokens is None else max_tokens,
            no_examples=no_examples,
            no_rules=no_rules,
            no_grounding=no_grounding,
            grounding=grounding,
            budget=budget,
            spread=spread,
        )
        plan = Plan(
            kind=kind,
            folder=out or _new_folder(kind),
            tasks=tasks,
            data=data,
            limit=limit,
            engine=engine,
            options=options,
            packs=tuple(pack or ()),
            corrections=corrections,
            workers=workers,
            dask=dask,
            adapter=not no_adapter,
        )
        _evaluate(plan, as_json)

    run.__doc__ = about
    return run


for _kind, _about in (
    ("sql", "Ask questions to databases; right is what gives the rows of a reference query."),
    ("hep", "Ask for numbers from data files; right is what prints every expected metric."),
    ("humaneval", "Ask for the functions of HumanEval; right is what passes the hidden tests."),
):
    eval_app.command(_kind)(_command(_kind, _about))


@eval_app.command()
def infill(
    span: Annotated[
        str, typer.Option("--span", help="What is masked: single-line (default) or multi-line.")
    ] = "single-line",
    way: Annotated[str, typer.Option("--way", help="left-to-right, rerank, or infill (default).")] = "infill",
    tasks: Annotated[Path | None, typer.Option("--tasks", help="Problems of your own, in the form of HumanEval's.")] = None,
    limit: SpreadLimitOption = None,
    engine: EngineOption = None,
    samples: Annotated[int | None, typer.Option("--samples", "-n", help="Drafts of a hole (10, left-to-right 1).")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="Of the drafts (0.8; of one draft 0: greedy).")
    ] = None,
    seed: SeedOption = 1,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Length of a draft, at most (192, multi-line 512).")
    ] = None,
    no_adapter: NoAdapterOption = False,
    workers: WorkersOption = 1,
    dask: DaskOption = None,
    out: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mask lines of HumanEval's solutions; right is what passes the hidden tests in their place."""
    from typing import cast

    from treadle.errors import UnknownNameError
    from treadle.evals.infill import Filling, Way
    from treadle.evals.kinds import KINDS
    from treadle.evals.run import Plan

    kind = f"infill-{span}"
    if kind not in KINDS:
        raise UnknownNameError("span", span, ["single-line", "multi-line"])
    drafts = (1 if way == "left-to-right" else 10) if samples is None else samples
    filling = Filling(
        way=cast("Way", way),
        samples=drafts,
        temperature=(0.8 if drafts > 1 else 0.0) if temperature is None else temperature,
        seed=seed,
        max_tokens=KINDS[kind].max_tokens if max_tokens is None else max_tokens,
    )
    plan = Plan(
        kind=kind,
        folder=out or _new_folder(kind),
        tasks=tasks,
        limit=limit,
        engine=engine,
        options=filling,
        workers=workers,
        dask=dask,
        adapter=way == "infill" and not no_adapter,
    )
    _evaluate(plan, as_json)


@eval_app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="Folder of an evaluation (its --out).")],
    second: Annotated[Path, typer.Argument(help="Folder of another one of the same tasks.")],
    as_json: JsonOption = False,
) -> None:
    """Compare two evaluations task by task: is the second better, or is it noise?"""
    import json

    from treadle.evals.compare import compare as compared
    from treadle.evals.display import show_comparison

    comparison = compared(first, second)
    if as_json:
        typer.echo(json.dumps(comparison, indent=1, allow_nan=False))
    else:
        show_comparison(comparison)


def _new_folder(kind: str) -> Path:
    """A folder beside the thread store, named by kind and time."""
    from datetime import datetime

    from treadle.settings import load_settings

    now = datetime.now().astimezone()
    return load_settings().store.parent / "evals" / f"{kind}-{now:%Y%m%d-%H%M%S-%f}"


def _kept(bar: Bar, plan: Plan) -> str:
    return f"{bar.done} of {bar.total} tasks are done and kept; the same command with --out {plan.folder} goes on"


def _evaluate(plan: Plan, as_json: bool) -> None:
    import json

    from treadle.evals.display import Bar, show_summary
    from treadle.evals.report import write_reports
    from treadle.evals.run import evaluate

    bar = Bar()
    try:
        with bar:
            summary = evaluate(plan, bar)
    except KeyboardInterrupt:
        typer.echo(escaped(f"stopped: {_kept(bar, plan)}"), err=True)
        raise SystemExit(EXIT_INTERRUPTED) from None  # not typer's: its own message speaks of threads
    except TreadleError:
        if bar.done:
            typer.echo(escaped(_kept(bar, plan)), err=True)
        raise
    write_reports(summary, plan.folder)
    if as_json:
        typer.echo(json.dumps(summary, indent=1, allow_nan=False))
    else:
        show_summary(summary)
        typer.echo(escaped(f"results and report: {plan.folder / 'report.html'}"))
