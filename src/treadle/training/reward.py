"""Reward models: a transformer that gives every text a number, trained on which of two answers people preferred.

Shapes: N tokens of a packed batch, B texts in it, D the width of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from treadle.errors import DataError
from treadle.model.transformer import Transformer
from treadle.training.checkpoint import load_checkpoint
from treadle.training.draws import own_draws
from treadle.training.loop import Finished, Loss, OnStep, Plan, train
from treadle.training.objectives.reward import preference_accuracy, ranking_loss
from treadle.training.packing import Batch, batch_of
from treadle.training.preference import SamplePair
from treadle.training.processes import current
from treadle.training.rows import Sample

__all__ = ["RewardModel", "load_run", "preferences", "train_reward", "with_head"]

REWARD = "reward.pt"
"""What a run ends with: the parameters that it trained."""


class RewardModel(nn.Module):
    """A transformer with one number at every position instead of scores of tokens.

    The number begins as zero everywhere, so the loss begins at ln 2, and a value model begins by expecting nothing.
    """

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer
        self.head = nn.Linear(transformer.config.d_model, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, batch: Batch) -> Tensor:
        """The number [N] at every token of the batch, in single precision."""
        hidden_ND = self.transformer.hidden(batch.ids[None], lengths=batch.lengths)[0]
        values_N1: Tensor = self.head(self.transformer.norm(hidden_ND).to(self.head.weight.dtype))
        return values_N1[:, 0].float()

    def rewards(self, batch: Batch) -> Tensor:
        """The number [B] at the last token of each text."""
        ends_B = torch.tensor(batch.lengths, device=batch.ids.device).cumsum(0) - 1
        return self.forward(batch)[ends_B]

    @property
    def device(self) -> torch.device:
        return self.head.weight.device

    @torch.no_grad()
    def judge(self, samples: Sequence[Sample]) -> list[float]:
        """The rewards of texts."""
        found: list[float] = self.rewards(batch_of(samples).to(self.device)).tolist()
        return found


def train_reward(
    model: RewardModel,
    parameters: Mapping[str, nn.Parameter],
    pairs: Sequence[SamplePair],
    held: Sequence[SamplePair],
    plan: Plan,
    folder: Path,
    *,
    n_pairs: int = 8,
    resume: bool = False,
    fingerprint: str = "",
    on_step: OnStep | None = None,
) -> Finished:
    """Train ``parameters`` (those of the transformer that may change; the head's are added), ``n_pairs`` a batch.

    Logged: ``accuracy``, and of the pairs held out ``evaluation_loss`` and ``evaluation_accuracy``. At the end rewards are
    shifted so that the chosen answers have mean 0: the loss leaves the shift open, and PPO's value model begins at 0.
    """
    trained = with_head(model, parameters)

    def objective(indices: Sequence[int], among: Sequence[SamplePair] = pairs) -> Loss:
        chosen = [among[i][0] for i in indices]
        batch = batch_of([*chosen, *(among[i][1] for i in indices)]).to(model.device)
        rewards_NK = model.rewards(batch).view(2, -1).T
        return Loss(
            total=ranking_loss(rewards_NK) * len(indices),
            weight=len(indices),
            n_tokens=len(batch.ids),
            figures={"accuracy": preference_accuracy(*rewards_NK.detach().T)},
        )

    def evaluate() -> dict[str, float]:
        return preferences(model, held)

    finished = train(
        trained, own_draws(len(pairs), n_pairs, plan.seed), objective, plan, folder, resume=resume, fingerprint=fingerprint,
        evaluate=evaluate if held else None, on_step=on_step,
    )  # fmt: skip
    with torch.no_grad():
        model.head.bias.sub_(sum(sum(model.judge([chosen])) for chosen, _ in pairs) / len(pairs))
    current().save_whole(folder / REWARD, trained)
    return finished


@torch.no_grad()
def preferences(model: RewardModel, pairs: Sequence[SamplePair]) -> dict[str, float]:
    """``loss`` and ``accuracy`` over pairs."""
    rewards_NK = torch.tensor([model.judge(pair) for pair in pairs])
    return {"loss": float(ranking_loss(rewards_NK)), "accuracy": preference_accuracy(*rewards_NK.T)}


def with_head(model: RewardModel, parameters: Mapping[str, nn.Parameter], prefix: str = "") -> dict[str, nn.Parameter]:
    """The parameters and those of the head, under names that no transformer has; ``prefix`` comes before all of them."""
    own = {f"{prefix}{name}": parameter for name, parameter in parameters.items()}
    return own | {f"{prefix}reward.{name}": parameter for name, parameter in model.head.named_parameters()}


@torch.no_grad()
def load_run(model: RewardModel, parameters: Mapping[str, nn.Parameter], folder: Path) -> None:
    """Set the parameters to what the run in ``folder`` ended with.

    Raises:
        DataError: it has not ended, is damaged, or trained other parameters.
    """
    saved = load_checkpoint(folder / REWARD, "")["parameters"]
    wanted = with_head(model, parameters)
    if saved.keys() != wanted.keys() or any(saved[name].shape != parameter.shape for name, parameter in wanted.items()):
        raise DataError(f"the reward model of {folder} has other parameters; give the recipe the same model and adapter")
    for name, parameter in wanted.items():
        parameter.copy_(saved[name])
