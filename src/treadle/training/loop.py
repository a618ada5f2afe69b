"""The loop of every kind of training: batches in, parameters changed, figures logged, and a checkpoint to go on from.

What is learnt is an ``Objective``, a function of a batch. The loop knows nothing of models: it changes the parameters that
it is given. How many processes train together only ``Processes`` knows, which sums over them and keeps checkpoints. A run
that is killed at any moment and resumed goes through the same numbers as one that was not; on a CPU, with as many threads,
to the last bit.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from treadle.errors import DataError, UsageError
from treadle.training.checkpoint import take_away_parts
from treadle.training.log import Log
from treadle.training.optim import Schedule, optimisers_of, rate_at
from treadle.training.processes import Processes, current

__all__ = ["BEST", "LOG", "Finished", "Loss", "Objective", "Plan", "Source", "evaluated", "swapped", "train"]

BEST, LOG = "best.pt", "log.jsonl"
B_co = TypeVar("B_co", covariant=True)
B = TypeVar("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to train. One step takes ``accumulate`` batches of each process. Numbers of steps; 0 turns off what comes every so
    many."""

    steps: int
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    warm_up: int = 0
    floor: float = 0.1
    """The share of the learning rate that is left at the end."""
    accumulate: int = 1
    clip: float = 1.0
    """The most that the norm of all gradients may be; 0 for no bound."""
    optimiser: Literal["adamw", "muon"] = "adamw"
    muon_rate: float = 0.02
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.95)
    ema: float = 0.0
    """How much of the running average of the parameters stays at each step; 0 for no average."""
    seed: int = 0
    evaluate_every: int = 0
    patience: int = 0
    """Evaluations without a better loss after which training stops; 0: never."""
    checkpoint_every: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What an objective says of a batch: the sum of losses and what it is a sum over (tokens, pairs). The loss of a step is
    one sum over the other, over all its batches. ``n_tokens``: how many were computed; ``flops``: what the model spent."""

    total: Tensor
    weight: float
    n_tokens: int = 0
    flops: float = 0.0
    figures: Mapping[str, float] = field(default_factory=dict)


class Source(Protocol[B_co]):
    """Batches without end, which can say where they are and go back there."""

    def __next__(self) -> B_co: ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any], /) -> None: ...


Objective = Callable[[B], Loss]
OnStep = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a run ended. ``best_loss`` is None where nothing was evaluated."""

    steps: int
    best_loss: float | None
    best_step: int
    stopped_early: bool


@dataclass(slots=True)
class _State:
    step: int = 0
    best_loss: float = math.inf
    best_step: int = 0
    unimproved: int = 0
    ema: dict[str, Tensor] = field(default_factory=dict)


def train(
    parameters: Mapping[str, nn.Parameter],
    source: Source[B],
    objective: Objective[B],
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    fingerprint: str = "",
    evaluate: Callable[[], Mapping[str, float]] | None = None,
    on_step: OnStep | None = None,
    peak_flops: float | None = None,
) -> Finished:
    """Train ``parameters`` in place. At the end they are those of the best evaluation, where there was one.

    ``evaluate`` gives figures with ``"loss"``, over the averaged parameters where the plan wants an average. ``fingerprint``
    names recipe and data. ``peak_flops``: of the device, to log the share of it that was used (MFU).

    Raises:
        UsageError: the folder holds a run and ``resume`` is not set, or that run is another one.
        DataError: there is nothing to resume; or the loss is no number any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimisers = optimisers_of(
        parameters, plan.optimiser, plan.learning_rate,
        weight_decay=plan.weight_decay, betas=plan.betas, muon_rate=plan.muon_rate,
    )  # fmt: skip
    processes = current()
    state = _begun(parameters, source, optimisers, plan, folder, resume, fingerprint, processes)
    stopped = bool(plan.patience) and state.unimproved >= plan.patience
    with Log(folder / LOG, keep_to=state.step or None, silent=processes.rank > 0) as log:
        while state.step < plan.steps and not stopped:
            started = time.perf_counter()
            figures = _step(parameters, source, objective, optimisers, plan, state, processes)
            figures |= _speed(figures, time.perf_counter() - started, peak_flops)
            if evaluate is not None and _due(state.step, plan.evaluate_every, plan.steps):
                with swapped(parameters, state.ema), torch.no_grad():
                    found = evaluate()
                    figures |= {f"evaluation_{name}": value for name, value in found.items()}
                    _keep_best(parameters, found["loss"], state, folder, processes)
            log.write(figures)
            if on_step is not None:
                on_step(figures)
            stopped = bool(plan.patience) and state.unimproved >= plan.patience
            if stopped or _due(state.step, plan.checkpoint_every, plan.steps):
                log.sync()
                processes.save(folder, _snapshot(parameters, source, optimisers, state, fingerprint))
    _take_best(parameters, state, folder, processes)
    best = state.best_loss if state.best_step else None
    return Finished(steps=state.step, best_loss=best, best_step=state.best_step, stopped_early=stopped)


def _step(
    parameters: Mapping[str, nn.Parameter],
    source: Source[B],
    objective: Objective[B],
    optimisers: list[torch.optim.Optimizer],
    plan: Plan,
    state: _State,
    processes: Processes,
) -> dict[str, Any]:
    """One step: gradients of ``accumulate`` batches, divided by what they were summed over, clipped, applied."""
    sums: dict[str, float] = {"total": 0.0, "weight": 0.0, "tokens": 0, "flops": 0.0}
    for _ in range(plan.accumulate):
        loss = objective(next(source))
        loss.total.backward()  # type: ignore[no-untyped-call]
        _add(sums, loss)
    sums = processes.total(sums)
    total, weight = sums["total"], sums["weight"]
    if not math.isfinite(total) or not weight > 0:
        raise DataError(
            f"the loss of step {state.step + 1} is {total} over {weight}: training has failed; take a lower learning rate, "
            "or look for rows without anything to learn"
        )
    gradients = processes.gradients(parameters)
    torch._foreach_div_(gradients, weight)
    norm = processes.norm(gradients)
    if plan.clip and norm > plan.clip:
        torch._foreach_mul_(gradients, plan.clip / norm)
    share = rate_at(state.step, plan.steps, plan.schedule, plan.warm_up, plan.floor)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["full_lr"] * share
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    _average(parameters, state, plan)
    state.step += 1
    named = [name.removeprefix(_WEIGHT) for name in sums if name.startswith(_WEIGHT)]
    return {
        "step": state.step, "loss": total / weight, "norm": norm, "rate": plan.learning_rate * share,
        "weight": weight, "tokens": int(sums["tokens"]), "flops": sums["flops"],
        **{name: sums[_FIGURE + name] / sums[_WEIGHT + name] for name in named},
    }  # fmt: skip


_FIGURE, _WEIGHT = "figure ", "weight of "


def _add(sums: dict[str, float], loss: Loss) -> None:
    """Add what an objective says of a batch; its figures are means over its weight."""
    own = {"total": float(loss.total.detach()), "weight": loss.weight, "tokens": loss.n_tokens, "flops": loss.flops}
    for name, value in loss.figures.items():
        own |= {_FIGURE + name: loss.weight * value, _WEIGHT + name: loss.weight}
    for name, value in own.items():
        sums[name] = sums.get(name, 0.0) + value


def _average(parameters: Mapping[str, nn.Parameter], state: _State, plan: Plan) -> None:
    if not plan.ema:
        return
    for name, parameter in parameters.items():
        if name not in state.ema:
            state.ema[name] = parameter.detach().clone()
        else:
            state.ema[name].lerp_(parameter.detach(), 1 - plan.ema)


@contextlib.contextmanager
def swapped(parameters: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> Iterator[None]:
    """The parameters with other values within the block; without values, as they are."""
    own = {name: parameters[name].detach().clone() for name in values}
    _set(parameters, values)
    try:
        yield
    finally:
        _set(parameters, own)


@torch.no_grad()
def _set(parameters: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    for name, value in values.items():
        parameters[name].copy_(value)


def evaluated(objective: Objective[B], batches: Sequence[B]) -> dict[str, float]:
    """The loss over the batches, a mean over what objectives sum over; to be given as ``evaluate``. Each process takes its
    share; all compute equally many, since processes with a model in shards wait for each other."""
    processes = current()
    sums: dict[str, float] = {"total": 0.0, "weight": 0.0}
    with torch.no_grad():
        for start in range(0, len(batches), processes.world):
            own = start + processes.rank
            loss = objective(batches[own % len(batches)])
            if own < len(batches):
                sums["total"], sums["weight"] = sums["total"] + float(loss.total), sums["weight"] + loss.weight
    sums = processes.total(sums)
    return {"loss": sums["total"] / sums["weight"]}


# ------------------------------------------------------------------------------------------------ beginning and end


def _begun(
    parameters: Mapping[str, nn.Parameter],
    source: Source[Any],
    optimisers: list[torch.optim.Optimizer],
    plan: Plan,
    folder: Path,
    resume: bool,
    fingerprint: str,
    processes: Processes,
) -> _State:
    """The state of a new run, or of the one in the folder."""
    begun = processes.has_checkpoint(folder)
    if begun and not resume:
        raise UsageError(f"{folder} holds a run already; go on with it by --resume, or name another folder")
    if processes.rank == 0:
        take_away_parts(folder)
    if not begun:  # with ``resume`` it was killed before its first checkpoint, or never began
        torch.manual_seed(plan.seed)
        return _State()
    saved = processes.load(folder, fingerprint, parameters, optimisers)
    if saved["parameters"].keys() != parameters.keys():
        raise DataError(f"the checkpoint in {folder} holds other parameters than are trained here")
    _set(parameters, saved["parameters"])
    for optimiser, own in zip(optimisers, saved["optimisers"], strict=True):
        optimiser.load_state_dict(own)
    source.restore(saved["source"])
    torch.set_rng_state(saved["random"])
    torch.set_num_threads(saved["threads"])  # sums that are split otherwise round otherwise
    ema = {name: value.to(parameters[name].device) for name, value in saved["ema"].items()}
    return _State(**saved["state"], ema=ema)


def _snapshot(
    parameters: Mapping[str, nn.Parameter],
    source: Source[Any],
    optimisers: list[torch.optim.Optimizer],
    state: _State,
    fingerprint: str,
) -> dict[str, Any]:
    return {
        "fingerprint": fingerprint,
        "parameters": {name: parameter.detach() for name, parameter in parameters.items()},
        "optimisers": [optimiser.state_dict() for optimiser in optimisers],
        "source": source.state(),
        "random": torch.get_rng_state(),
        "threads": torch.get_num_threads(),
        "ema": state.ema,
        "state": {
            "step": state.step, "best_loss": state.best_loss, "best_step": state.best_step, "unimproved": state.unimproved,
        },
    }  # fmt: skip


def _keep_best(
    parameters: Mapping[str, nn.Parameter], loss: float, state: _State, folder: Path, processes: Processes
) -> None:
    if loss < state.best_loss:
        state.best_loss, state.best_step, state.unimproved = loss, state.step, 0
        processes.save_whole(folder / BEST, parameters, step=state.step)
    else:
        state.unimproved += 1


def _take_best(parameters: Mapping[str, nn.Parameter], state: _State, folder: Path, processes: Processes) -> None:
    if state.best_step:
        _set(parameters, processes.load_whole(folder / BEST, parameters))
    else:
        _set(parameters, state.ema)


def _due(step: int, every: int, steps: int) -> bool:
    """At every so many steps, and at the last."""
    return bool(every) and (step % every == 0 or step == steps)


def _speed(figures: Mapping[str, Any], seconds: float, peak_flops: float | None) -> dict[str, float]:
    found = {"seconds": round(seconds, 4), "tokens_per_second": round(figures["tokens"] / seconds, 1)}
    if peak_flops and figures["flops"]:
        found["mfu"] = round(figures["flops"] / seconds / peak_flops, 4)
    return found
