"""One run from its samples to its files: what base and supervised training have in common."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

from treadle import __version__
from treadle.training.export import export
from treadle.training.loop import Finished, Loss, Objective, Plan, evaluated, train
from treadle.training.opening import Opened, batch_flops, measured_flops
from treadle.training.packing import Batch, Packed, Samples, batch_of, pack
from treadle.training.processes import OneProcess, current
from treadle.training.recipe import Recipe, TrainPart, fingerprint
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs

if TYPE_CHECKING:
    from treadle.training.shards import Shards

__all__ = ["Outcome", "Texts", "digest_of", "next_token", "plan_of", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """What a run trains on and is judged by. ``told``: counts and licences for the card; ``digest`` names the texts."""

    train: Samples
    lengths: Sequence[int]
    held_out: Sequence[Sample]
    digest: str
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    folder: Path
    finished: Finished
    files: list[Path]
    steps: int


def digest_of(samples: Sequence[Sample]) -> str:
    """SHA-256 over tokens and marks."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(sample.ids.tobytes() + sample.learn.tobytes() + b"/")
    return digest.hexdigest()


def next_token(opened: Opened, scores: Callable[[Batch], Tensor] | None = None) -> Objective[Batch]:
    """Minus the log-probability of every token that is learnt; ``scores`` gives them where the model does not by itself."""
    whole, config = opened.shape is None, opened.model.config

    def objective(batch: Batch) -> Loss:
        batch = batch.to(opened.device)
        found = learnt_logprobs(opened.model, batch) if scores is None else scores(batch)
        flops = batch_flops(config, batch, whole=whole)
        return Loss(total=-found.sum(), weight=len(found), n_tokens=len(batch.ids), flops=flops)

    return objective


def plan_of(part: TrainPart, batches_an_epoch: int) -> Plan:
    """The loop's plan; steps from epochs where the recipe names no steps."""
    steps = part.steps or max(1, round(part.epochs * batches_an_epoch / part.accumulate))
    names = {f.name for f in dataclasses.fields(Plan)} - {"steps", "betas"}
    same = {name: getattr(part, name) for name in names}
    return Plan(steps=steps, betas=(part.beta1, part.beta2), **same)


def run(
    kind: str,
    recipe: Recipe,
    root: Path,
    opened: Opened,
    texts: Texts,
    *,
    resume: bool = False,
    on_begin: Callable[[int], None] | None = None,
    on_step: Callable[[Mapping[str, Any]], None] | None = None,
) -> Outcome:
    """Train, keep the best, and export it. ``on_begin`` is told how many steps there will be."""
    part, folder, processes = recipe.train, root / recipe.run, current()
    rank, world = processes.rank, processes.world
    source = Packed(texts.train, texts.lengths, part.tokens_a_batch, seed=part.seed, rank=rank, world=world)
    plan = plan_of(part, source.batches_an_epoch)
    opened, shards = _in_shards(opened, part.sharding)
    objective, batches = next_token(opened, shards and shards.scores), _batches(texts.held_out, part.tokens_a_batch)
    if on_begin is not None:
        on_begin(plan.steps)
    finished = train(
        opened.parameters, source, objective, plan, folder,
        resume=resume,
        fingerprint=fingerprint(recipe, kind, texts.digest, opened.sha256),
        evaluate=(lambda: evaluated(objective, batches)) if batches else None,
        on_step=on_step,
        peak_flops=world * measured_flops(opened.device, opened.model.embedding.weight.dtype),
    )  # fmt: skip
    files = export(opened if shards is None else shards.whole(opened), folder, _card(kind, recipe, texts, finished))
    return Outcome(folder=folder, finished=finished, files=files, steps=plan.steps)


def _in_shards(opened: Opened, sharding: Literal["auto", "none", "fsdp"]) -> tuple[Opened, Shards | None]:
    if isinstance(current(), OneProcess):
        return opened, None
    from treadle.training.shards import in_shards

    return in_shards(opened, sharding)


def _batches(samples: Sequence[Sample], room: int) -> list[Batch]:
    groups = pack([len(sample) for sample in samples], max([room, *(len(sample) for sample in samples)]))
    return [batch_of([samples[i] for i in group]) for group in groups]


def _card(kind: str, recipe: Recipe, texts: Texts, finished: Finished) -> dict[str, Any]:
    return {
        "name": Path(recipe.run).name,
        "training": kind,
        "treadle": __version__,
        "recipe": dataclasses.asdict(recipe),
        "data": {"sha256": texts.digest, **texts.told},
        "license": ", ".join(texts.told.get("licences", {})),
        "steps": finished.steps,
        "best_step": finished.best_step,
        "held_out_loss": finished.best_loss,
    }
