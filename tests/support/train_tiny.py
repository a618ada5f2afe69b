"""A process that trains an adapter of a tiny transformer: ``python train_tiny.py FOLDER [--resume]``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from support_lora import tiny
from treadle.model.lora import Shape, add_adapter
from treadle.training.loop import Loss, Plan, evaluated, train
from treadle.training.packing import Batch, Packed, batch_of
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs


def main() -> None:
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    samples = [Sample(random.integers(0, 90, n).astype(np.int32), np.arange(n) % 3 > 0) for n in random.integers(4, 30, 60)]
    model = tiny()
    parameters = add_adapter(model, Shape(rank=4))

    def objective(batch: Batch) -> Loss:
        found = learnt_logprobs(model, batch)
        return Loss(total=-found.sum(), weight=len(found), n_tokens=len(batch.ids))

    plan = Plan(steps=60, learning_rate=1e-2, warm_up=3, checkpoint_every=3, evaluate_every=5, ema=0.9, accumulate=2)
    source = Packed(samples, [len(s) for s in samples], 64, seed=1)
    train(
        parameters, source, objective, plan, Path(sys.argv[1]), resume="--resume" in sys.argv,
        evaluate=lambda: evaluated(objective, [batch_of(samples[:5])]),
    )  # fmt: skip


if __name__ == "__main__":
    main()
