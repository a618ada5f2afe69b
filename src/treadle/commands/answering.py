"""What the commands that ask a model share: the options of the work, and how an answer is handed over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import typer

from treadle.commands.exits import EXIT_DOUBT

if TYPE_CHECKING:
    from treadle.coding.ask import Answered, Options
    from treadle.grounding.base import Level

__all__ = ["hand_over", "work_options"]


def work_options(
    *,
    samples: int,
    repairs: int,
    temperature: float,
    seed: int,
    max_tokens: int,
    no_examples: bool,
    no_rules: bool,
    no_grounding: bool,
    grounding: str = "all",
    budget: float | None = None,
    spread: float = 0.0,
    style: str = "house",
    top_logprobs: int = 3,
    **limits: float | None,
) -> Options:
    """The options of a command line. Without examples nothing is read by rules either: readings are shown as examples.

    ``limits`` are fields of ``Limits``; what is None keeps its default.
    """
    from treadle.coding.ask import Options
    from treadle.types import Limits

    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}

    return Options(
        samples=samples,
        repairs=repairs,
        temperature=temperature,
        seed=seed,
        max_tokens=max_tokens,
        shots=0 if no_examples else Options().shots,
        rules=not (no_rules or no_examples),
        grounding=cast("Level", "none" if no_grounding else grounding),
        budget_seconds=budget,
        spread=spread,
        style=style,
        top_logprobs=top_logprobs,
        limits=Limits(**given),
    )


def hand_over(answered: Answered, out: Path | None, as_json: bool, otherwise: Callable[[], None] | None = None) -> None:
    """Write the answer where it was asked for and show it: as JSON, by ``otherwise``, or for people.

    Raises:
        typer.Exit: with code 3, where the answer is neither verified nor agreed.
    """
    from treadle import compose
    from treadle.display.surface import taken
    from treadle.terminal import answer_as_json, show_answer

    if out is not None:
        compose.write_answer(answered, out)
    if as_json:
        typer.echo(answer_as_json(answered))
    elif otherwise is not None:
        otherwise()
    elif not taken(answered):
        show_answer(answered, out)
    if answered.answer.status not in ("verified", "agreed"):
        raise typer.Exit(EXIT_DOUBT)
