"""Our own transformer as an engine, which tests share; and a small one of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from treadle.engines.torch import TorchEngine


@pytest.fixture(scope="session")
def own(model_file: Path) -> Iterator[TorchEngine]:
    """The torch engine with the embedded model, in single precision, where a draft does not depend on those beside it."""
    pytest.importorskip("torch")
    from treadle.engines.torch import TorchEngine

    with closing(TorchEngine(model_file, name="torch:smollm2", threads=1, precision="fp32")) as opened:
        yield opened


@pytest.fixture(scope="session")
def folder(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one small layer and 128 positions, with the vocabulary of the embedded one."""
    pytest.importorskip("torch")
    import torch

    from treadle.model.config import ModelConfig
    from treadle.model.transformer import Transformer
    from treadle.model.weights import load, save_folder

    vocabulary = load(model_file).vocabulary
    torch.manual_seed(1)
    model = Transformer(
        ModelConfig(
            vocab_size=vocabulary.size,
            d_model=32,
            n_layers=1,
            n_heads=2,
            n_kv_heads=1,
            d_head=16,
            d_ff=32,
            max_positions=128,
        )
    )
    made = tmp_path_factory.mktemp("model") / "small"
    save_folder(model, vocabulary, made)
    return made
