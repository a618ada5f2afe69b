"""Runs on people's preferences, from a recipe to files: ``treadle train reward``, ``dpo``, ``ppo`` and ``grpo``.

``data.train`` names files of pairs (``treadle threads export-training --format preference``); of those, ``ppo`` and ``grpo``
take the requests only, and rows of conversations serve them as well.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from treadle import __version__
from treadle.errors import DataError, UsageError
from treadle.settings import Settings
from treadle.training.dpo import train_dpo
from treadle.training.export import export
from treadle.training.grpo import GrpoOptions, judge_named, train_grpo
from treadle.training.lines import messages_of, parsed_lines
from treadle.training.loop import Finished
from treadle.training.opening import Opened, open_model, use_threads
from treadle.training.ppo import PpoOptions, train_ppo
from treadle.training.preference import Encoder, SamplePair, held_out, read_pairs, sample_pairs
from treadle.training.processes import current
from treadle.training.recipe import Recipe, fingerprint
from treadle.training.reward import REWARD, RewardModel, load_run, train_reward
from treadle.training.rollout import Answered, Judge, Prompt
from treadle.training.run import Outcome, plan_of
from treadle.training.sft import files_of, texts_of_rows

__all__ = [
    "DpoRecipe",
    "GrpoRecipe",
    "PairsPart",
    "PpoRecipe",
    "RewardRecipe",
    "dpo",
    "grpo",
    "ppo",
    "read_prompts",
    "reward",
]

OnBegin = Callable[[int], None]
OnStep = Callable[[Mapping[str, Any]], None]
R = TypeVar("R", bound=Recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsPart:
    """``a_batch``: pairs in a step. ``beta``, of DPO only: the price of a nat of drift."""

    a_batch: int = 8
    beta: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardRecipe(Recipe):
    """``treadle train reward``."""

    pairs: PairsPart = PairsPart()


@dataclass(frozen=True, slots=True, kw_only=True)
class DpoRecipe(Recipe):
    """``treadle train dpo``."""

    pairs: PairsPart = PairsPart()


@dataclass(frozen=True, slots=True, kw_only=True)
class PpoRecipe(Recipe):
    """``treadle train ppo``. ``reward``: the folder of a run of ``treadle train reward`` with the same model and adapter.
    ``pretraining``: files of rows that are learnt beside, with the weight ``ppo.pretraining``."""

    reward: str
    pretraining: tuple[str, ...] = ()
    ppo: PpoOptions = field(default_factory=PpoOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpoRecipe(Recipe):
    """``treadle train grpo``. ``reward``: a function that takes answers and gives as many numbers, 'package.module:name'."""

    reward: str
    grpo: GrpoOptions = field(default_factory=GrpoOptions)


class _Work:
    """What the four have in common: the model on its device, how texts become tokens, and the end of a run."""

    def __init__(self, kind: str, recipe: Recipe, root: Path, settings: Settings, device: str, resume: bool) -> None:
        if recipe.train.sharding == "fsdp":
            raise UsageError(
                f"{kind} draws answers or swaps parameters, which whole models are needed for: sharding cannot be 'fsdp'"
            )
        use_threads(recipe.train.threads)
        self.kind, self.recipe, self.root, self.resume = kind, recipe, root, resume
        self._settings, self._device = settings, device
        self.opened = self.open()
        self.encoder = Encoder(
            vocabulary=self.opened.vocabulary, template=self.opened.template, most_tokens=recipe.data.most_tokens
        )
        self.files = files_of(recipe.data.train, root)

    def open(self) -> Opened:
        """The recipe's model once more: reward and value models begin as it does."""
        recipe = self.recipe
        return open_model(recipe.model, recipe.lora, self.root, self._settings, self._device, recipe.train.seed)

    def pairs(self) -> tuple[list[SamplePair], list[SamplePair]]:
        """Those to train on, and those held out."""
        data = self.recipe.data
        pairs = list(read_pairs(self.files))
        if data.held_out:
            sides = pairs, list(read_pairs(files_of(data.held_out, self.root)))
        else:
            sides = held_out(pairs, data.share_held_out)
        train, aside = (sample_pairs(self.encoder, side) for side in sides)
        if not train:
            raise DataError(f"{len(pairs)} pairs, and none fits into {data.most_tokens} tokens: raise data.most_tokens")
        return train, aside[: data.most_held_out]

    def fingerprint(self, *others: Path) -> str:
        """Of the recipe, the model, and what stands in the files that were read."""
        digest = hashlib.sha256()
        for file in (*self.files, *others):
            digest.update(file.read_bytes())
        return fingerprint(self.recipe, self.kind, digest.hexdigest(), self.opened.sha256)

    def ended(self, finished: Finished, told: Mapping[str, Any]) -> Outcome:
        """Write the policy and its card."""
        recipe, folder = self.recipe, self.root / self.recipe.run
        card = {
            "name": Path(recipe.run).name, "training": self.kind, "treadle": __version__,
            "recipe": dataclasses.asdict(recipe), "data": dict(told), "license": "not told",
            "steps": finished.steps, "best_step": finished.best_step, "held_out_loss": finished.best_loss,
        }  # fmt: skip
        return Outcome(folder=folder, finished=finished, files=export(self.opened, folder, card), steps=finished.steps)


def reward(
    recipe: RewardRecipe, root: Path, settings: Settings, *, device: str = "cpu", resume: bool = False,
    on_begin: OnBegin | None = None, on_step: OnStep | None = None,
) -> Outcome:  # fmt: skip
    """Train a reward model as the recipe says; its paths are from ``root``.

    Raises:
        UsageError, DataError: of the recipe, its pairs, or the run that is to go on. The same holds for the others.
    """
    work = _Work("reward", recipe, root, settings, device, resume)
    pairs, aside = work.pairs()
    model, folder = _reward_model(work.opened), root / recipe.run
    plan = plan_of(recipe.train, _draws_an_epoch(len(pairs), recipe.pairs.a_batch))
    _told(on_begin, plan.steps)
    finished = train_reward(
        model, work.opened.parameters, pairs, aside, plan, folder, n_pairs=recipe.pairs.a_batch,
        resume=resume, fingerprint=work.fingerprint(), on_step=on_step,
    )  # fmt: skip
    return Outcome(folder=folder, finished=finished, files=[folder / REWARD], steps=plan.steps)


def dpo(
    recipe: DpoRecipe, root: Path, settings: Settings, *, device: str = "cpu", resume: bool = False,
    on_begin: OnBegin | None = None, on_step: OnStep | None = None,
) -> Outcome:  # fmt: skip
    """Train a policy on pairs directly."""
    work = _Work("dpo", recipe, root, settings, device, resume)
    pairs, aside = work.pairs()
    plan = plan_of(recipe.train, _draws_an_epoch(len(pairs), recipe.pairs.a_batch))
    _told(on_begin, plan.steps)
    finished = train_dpo(
        work.opened.model, work.opened.parameters, pairs, aside, plan, root / recipe.run,
        beta=recipe.pairs.beta, n_pairs=recipe.pairs.a_batch,
        resume=resume, fingerprint=work.fingerprint(), on_step=on_step,
    )  # fmt: skip
    return work.ended(finished, {"pairs": len(pairs), "pairs_held_out": len(aside)})


def ppo(
    recipe: PpoRecipe, root: Path, settings: Settings, *, device: str = "cpu", resume: bool = False,
    on_begin: OnBegin | None = None, on_step: OnStep | None = None,
) -> Outcome:  # fmt: skip
    """Train a policy against a reward model, from which its value model begins."""
    work = _Work("ppo", recipe, root, settings, device, resume)
    judging, valuing = work.open(), work.open()
    judge_model, value = _reward_model(judging), _reward_model(valuing)
    for opened, model in ((judging, judge_model), (valuing, value)):
        load_run(model, opened.parameters, root / recipe.reward)
    prompts = read_prompts(work.files)
    mixed = (
        texts_of_rows(dataclasses.replace(recipe.data, train=recipe.pretraining), root, work.opened).train
        if (recipe.pretraining)
        else ()
    )
    plan = plan_of(recipe.train, _draws_an_epoch(len(prompts), recipe.ppo.prompts) * recipe.ppo.passes)
    _told(on_begin, plan.steps)
    finished = train_ppo(
        work.opened.model, work.opened.parameters, value, valuing.parameters, judged_by(judge_model), prompts, work.encoder,
        recipe.ppo, plan, root / recipe.run, pretraining=[mixed[i] for i in range(len(mixed))],
        resume=resume, fingerprint=work.fingerprint(root / recipe.reward / REWARD), on_step=on_step,
    )  # fmt: skip
    return work.ended(finished, {"requests": len(prompts)})


def grpo(
    recipe: GrpoRecipe, root: Path, settings: Settings, *, device: str = "cpu", resume: bool = False,
    on_begin: OnBegin | None = None, on_step: OnStep | None = None,
) -> Outcome:  # fmt: skip
    """Train a policy against a function."""
    judge = judge_named(recipe.reward)
    work = _Work("grpo", recipe, root, settings, device, resume)
    prompts = read_prompts(work.files)
    plan = plan_of(recipe.train, _draws_an_epoch(len(prompts), recipe.grpo.prompts) * recipe.grpo.passes)
    _told(on_begin, plan.steps)
    finished = train_grpo(
        work.opened.model, work.opened.parameters, judge, prompts, work.encoder, recipe.grpo, plan, root / recipe.run,
        resume=resume, fingerprint=work.fingerprint(), on_step=on_step,
    )  # fmt: skip
    return work.ended(finished, {"requests": len(prompts)})


def judged_by(model: RewardModel) -> Judge:
    """Answers judged by a reward model."""

    def judge(answers: Sequence[Answered]) -> list[float]:
        return model.judge([answer.sample for answer in answers])

    return judge


def read_prompts(paths: Sequence[Path]) -> list[Prompt]:
    """The requests of JSONL files, each once: the ``prompt`` of pairs, or the ``messages`` of rows up to the last question.

    Raises:
        DataError: a file cannot be read, or a line has no request; names file and line.
    """
    found = dict.fromkeys(parsed_lines(paths, "request", _request))
    if not found:
        raise DataError(f"no requests in {', '.join(map(str, paths))}")
    return list(found)


def _request(data: Any) -> Prompt:
    name = "prompt" if "prompt" in data else "messages"
    messages = list(messages_of(data[name], name))
    while messages and messages[-1].role != "user":
        messages.pop()
    if not messages:
        raise ValueError("nobody asks anything in it")
    return tuple(messages)


def _draws_an_epoch(n_items: int, size: int) -> int:
    """Of each process."""
    return -(-n_items // (size * current().world))


def _reward_model(opened: Opened) -> RewardModel:
    model = RewardModel(opened.model)
    model.head.to(opened.device)
    return model


def _told(on_begin: OnBegin | None, steps: int) -> None:
    if steps < 1:
        raise UsageError("the recipe wants no steps: set train.steps or train.epochs")
    if on_begin is not None:
        on_begin(steps)
