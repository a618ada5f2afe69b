"""Small models are computed by one thread: where a core is busy elsewhere, two that wait for each other take far longer."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
