"""The engines compute with adapters what the transformer does that was trained with them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import torch

from support_lora import learnt
from tiny_model import tiny_loaded
from treadle.engines.base import Engine
from treadle.engines.llama import LlamaEngine
from treadle.engines.registry import open_engine, split_adapters
from treadle.engines.torch import TorchEngine
from treadle.errors import ModelFileError, UsageError
from treadle.model.lora import Adapter, Shape, adapter_of
from treadle.model.weights import load, save_gguf
from treadle.model.weights.adapters import save_adapter_gguf
from treadle.settings import Settings

TEXT = "the cat sat on a mat, then the dog"
SHAPES = {"one": Shape(rank=4, alpha=8.0), "two": Shape(rank=3, alpha=3.0, targets=("q", "k", "down"))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model and two adapters whose every matrix changes what it says."""
    folder = tmp_path_factory.mktemp("adapters")
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, folder / "base.gguf", "F32")
    for seed, (name, shape) in enumerate(SHAPES.items()):
        model = load(folder / "base.gguf").transformer
        learnt(model, shape, seed=seed)
        save_adapter_gguf(adapter_of(model, shape), model.config, folder / f"{name}.gguf", encoding="F32")
    return folder


def scores(engine: Engine) -> torch.Tensor:
    with closing(engine):
        return torch.tensor([token.logprob for token in engine.score(TEXT)])


@pytest.mark.parametrize("chosen", [{}, {"one": 1.0}, {"two": 1.0}, {"one": 0.5, "two": 2.0}], ids=str)
def test_llama_cpp_computes_what_the_transformer_does(folder: Path, chosen: dict[str, float]) -> None:
    adapters = [(folder / f"{name}.gguf", scale) for name, scale in chosen.items()]
    ours = scores(TorchEngine(folder / "base.gguf", precision="fp32", threads=1, adapters=adapters))
    theirs = scores(LlamaEngine(folder / "base.gguf", threads=1, adapters=adapters))
    assert float((ours - theirs).abs().mean()) < 0.01  # llama.cpp keeps keys and values in half precision
    assert float((ours - theirs).abs().max()) < 0.05
    if chosen:
        plain = scores(TorchEngine(folder / "base.gguf", precision="fp32", threads=1))
        assert float((ours - plain).abs().mean()) > 0.2


@pytest.mark.parametrize("precision", ["bf16", "int8", "int4"])
def test_adapters_count_in_every_precision(folder: Path, precision: str) -> None:
    adapters = [(folder / "one.gguf", 1.0)]
    exact = scores(TorchEngine(folder / "base.gguf", precision="fp32", threads=1, adapters=adapters))
    plain = scores(TorchEngine(folder / "base.gguf", precision="fp32", threads=1))
    found = scores(TorchEngine(folder / "base.gguf", precision=precision, threads=1, adapters=adapters))
    assert float((found - exact).abs().mean()) < 0.3 * float((found - plain).abs().mean())


@pytest.mark.parametrize("backend", ["llama", "torch"])
def test_an_engine_names_its_adapters(folder: Path, backend: str) -> None:
    name = f"{backend}:{folder / 'base.gguf'}+{folder / 'one.gguf'}+{folder / 'two.gguf'}@0.5"
    with closing(open_engine(name, Settings(threads=1))) as engine:
        assert engine.identity.name == name
        assert engine.identity.versions["adapter 1"].startswith("one.gguf x 1, ")
        assert engine.identity.versions["adapter 2"].startswith("two.gguf x 0.5, ")


def test_an_adapter_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    factors = {(0, "q"): (torch.zeros(2, 16), torch.zeros(16, 2))}
    save_adapter_gguf(Adapter(shape=Shape(rank=2), factors=factors), tiny_loaded().transformer.config, tmp_path / "x.gguf")
    for opener in (LlamaEngine, TorchEngine):
        with pytest.raises(ModelFileError, match=r"adapter"):
            opener(folder / "base.gguf", threads=1, adapters=[(tmp_path / "x.gguf", 1.0)])
        with pytest.raises(ModelFileError, match=r"absent\.gguf"):
            opener(folder / "base.gguf", threads=1, adapters=[(tmp_path / "absent.gguf", 1.0)])


def test_names_of_adapters_are_read() -> None:
    assert split_adapters("smollm2") == ("smollm2", [])
    assert split_adapters("smollm2+/a/b.gguf") == ("smollm2", [(Path("/a/b.gguf"), 1.0)])
    assert split_adapters("/m.gguf+/a@x/b.gguf+/c.gguf@-0.5") == (
        "/m.gguf",
        [(Path("/a@x/b.gguf"), 1.0), (Path("/c.gguf"), -0.5)],
    )
    for wrong in ("smollm2+", "smollm2+@0.5", "smollm2+/a.gguf@much", "smollm2+/a.gguf@nan"):
        with pytest.raises(UsageError, match="names no adapter"):
            split_adapters(wrong)


def test_a_model_whose_name_has_the_sign_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "a+b.gguf").write_bytes(b"")
    assert split_adapters(str(tmp_path / "a+b.gguf")) == (str(tmp_path / "a+b.gguf"), [])
