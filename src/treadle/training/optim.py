"""Optimisers and the course of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

__all__ = ["Muon", "Schedule", "optimisers_of", "rate_at"]

Schedule = Literal["cosine", "linear", "constant"]


def rate_at(step: int, steps: int, schedule: Schedule, warm_up: int, floor: float) -> float:
    """The share of the learning rate at ``step`` (from 0) of ``steps``: up in a line, then down to ``floor``."""
    if step < warm_up:
        return (step + 1) / warm_up
    if schedule == "constant":
        return 1.0
    done = (step - warm_up) / max(1, steps - warm_up)
    fallen = done if schedule == "linear" else (1 - math.cos(math.pi * done)) / 2
    return 1 - (1 - floor) * fallen


def optimisers_of(
    parameters: Mapping[str, nn.Parameter],
    kind: Literal["adamw", "muon"],
    rate: float,
    *,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.95),
    muon_rate: float = 0.02,
) -> list[torch.optim.Optimizer]:
    """AdamW for everything; or Muon for matrices within the blocks, and AdamW for tables, norms and biases.

    Only matrices decay. Each group keeps its full rate under ``"full_lr"``.
    """
    matrices = {n: p for n, p in parameters.items() if p.dim() >= 2}
    others = [p for n, p in parameters.items() if n not in matrices]
    hidden = {n: p for n, p in matrices.items() if kind == "muon" and p.dim() == 2 and not n.startswith(_TABLES)}
    groups = [
        {"params": [p for n, p in matrices.items() if n not in hidden], "weight_decay": weight_decay, "full_lr": rate},
        {"params": others, "weight_decay": 0.0, "full_lr": rate},
    ]
    groups = [group for group in groups if group["params"]]
    found: list[torch.optim.Optimizer] = []
    if groups:
        found.append(torch.optim.AdamW(groups, lr=rate, betas=betas, eps=1e-8, fused=True))
    if hidden:
        found.append(Muon(hidden.values(), rate=muon_rate, weight_decay=weight_decay))
    return found


_TABLES = ("embedding.", "positions.", "head.")


class Muon(torch.optim.Optimizer):
    """Momentum whose update is brought to the nearest orthogonal matrix.

    Source: Jordan et al. 2024, kellerjordan.github.io/posts/muon.

    The step of a matrix [m, n] is scaled by sqrt(max(1, m / n)), so that one rate serves all shapes.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        defaults = {"lr": rate, "full_lr": rate, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(list(parameters), defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                nesterov = parameter.grad.lerp(state["momentum"], group["momentum"])
                scale = math.sqrt(max(1.0, parameter.shape[0] / parameter.shape[1]))
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(orthogonal(nesterov), alpha=-group["lr"] * scale)


def orthogonal(matrix: Tensor, rounds: int = 5) -> Tensor:
    """Near the matrix with the same singular vectors and singular values 1, by Newton and Schulz's iteration.

    The coefficients are those of the source above; singular values come out between 0.7 and 1.2.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.mT if tall else matrix).to(torch.bfloat16 if matrix.is_cuda else torch.float32)
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    found: Tensor = (x.mT if tall else x).to(matrix.dtype)
    return found
