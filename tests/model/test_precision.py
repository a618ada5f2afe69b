"""Other numbers, the same model: how far its distributions are from those in single precision."""

from __future__ import annotations

import copy
import dataclasses
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from treadle.errors import UnknownNameError, UnsupportedError
from treadle.model import int4, packed
from treadle.model.config import ModelConfig
from treadle.model.precision import (
    FEW_ROWS,
    PRECISIONS,
    Int8Linear,
    Precision,
    choose_device,
    choose_precision,
    set_precision,
)
from treadle.model.sampling import log_probabilities
from treadle.model.transformer import Transformer

CPU = torch.device("cpu")
CONFIG = ModelConfig(
    vocab_size=97, d_model=64, n_layers=2, n_heads=4, n_kv_heads=2, d_head=16, d_ff=96, max_positions=64,
    ff_bias=True, qkv_bias=True,
)  # fmt: skip


@pytest.mark.parametrize("n_rows", [1, FEW_ROWS, FEW_ROWS + 1, 32])
@pytest.mark.parametrize("bias", [True, False])
def test_eight_bits_a_weight(n_rows: int, bias: bool) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(64, 48, bias=bias)
    with torch.no_grad():
        linear.weight[3] = 0  # a row of zeros has no scale of its own
        linear.weight[5] *= 100
    layer, x = (
        Int8Linear(linear),
        torch.randn(2, n_rows, 64).bfloat16() if n_rows > 16 else torch.randn(n_rows, 64).bfloat16(),
    )
    assert layer.weight.dtype == torch.int8
    with torch.no_grad():
        exact, found = linear(x.float()), layer(x).float()
    assert found.shape == exact.shape
    # Half a step of 127 for each weight, as a random walk over 64 of them, and bfloat16's rounding of the sum.
    step = linear.weight.detach().abs().amax(-1) / 127
    bound = 4 * 0.5 * step * 8 * x.float().abs().max() + 2**-7 * exact.abs() + 1e-2
    assert ((found - exact).abs() <= bound).all()


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_gives_nearly_the_same(precision: Precision) -> None:
    torch.manual_seed(1)
    model = Transformer(CONFIG)
    ids = torch.randint(0, 97, (2, 9))
    other = copy.deepcopy(model)
    set_precision(other, precision, CPU)
    with torch.inference_mode():
        exact, found = model(ids), other(ids).float()
        one, alone = model(ids[:1, :1]), other(ids[:1, :1]).float()
    assert (exact - found).abs().max() < (1e-6 if precision == "fp32" else 0.02) * exact.abs().max() + 1e-3
    assert (one - alone).abs().max() < (1e-6 if precision == "fp32" else 0.05) * one.abs().max() + 2e-3
    assert not any(p.requires_grad for p in other.parameters())


@pytest.mark.parametrize("four_bits", [False, True])
@pytest.mark.parametrize("n_rows", [1, 4, 5, 16, 17, 100])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_packed_weights_give_the_same(n_rows: int, dtype: torch.dtype, four_bits: bool) -> None:
    if not packed.available(dtype):
        pytest.skip(f"oneDNN packs no {dtype} on this CPU")
    torch.manual_seed(3)
    model = nn.ModuleDict({"a": nn.Linear(64, 48), "b": nn.Linear(64, 48, bias=False), "head": nn.Linear(64, 16)}).to(dtype)
    if four_bits:
        int4.use_int4(model)
    other = copy.deepcopy(model)
    packed.use_packed(other)
    assert isinstance(other["a"], packed.PackedLinear)
    assert type(other["head"]) is type(model["head"])
    x = torch.randn(n_rows, 1, 64).to(dtype)
    near = {"atol": 1e-2, "rtol": 2**-7} if dtype is torch.bfloat16 else {"atol": 1e-5, "rtol": 1e-5}
    with torch.inference_mode():
        for name in "ab":
            assert other[name](x).dtype is dtype
            assert torch.allclose(model[name](x).float(), other[name](x).float(), **near)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("tied", [False, True])
def test_the_output_layer_is_packed_beside_its_weights(tied: bool, dtype: torch.dtype) -> None:
    if not packed.available(dtype):
        pytest.skip(f"oneDNN packs no {dtype} on this CPU")
    torch.manual_seed(4)
    model = Transformer(dataclasses.replace(CONFIG, tied=tied)).to(dtype)
    other = copy.deepcopy(model)
    packed.use_packed(other)
    assert isinstance(other.output, packed.PackedLinear)
    assert torch.equal(other.embedding.weight, model.embedding.weight)
    x = torch.randn(2, 3, CONFIG.d_model).to(dtype)
    with torch.inference_mode():
        assert torch.allclose(model.logits(x).float(), other.logits(x).float(), atol=1e-2, rtol=2**-7)


def _divergence(reference: Tensor, other: Tensor) -> tuple[float, float]:
    """KL divergence in nats a token, and how often the likeliest token is the same."""
    kl = (reference.exp() * (reference - other)).sum(-1).mean()
    return float(kl), float((reference.argmax(-1) == other.argmax(-1)).float().mean())


@pytest.mark.model
def test_quality_on_the_embedded_model(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate for any claim of speed: KL to single precision at most 0.005 nats a token, the same first choice on 96 %."""
    from treadle.model.weights import load

    loaded = load(model_file)
    text = Path(__file__).parents[2].joinpath("LICENSE").read_text(encoding="utf-8")  # a text that stays as it is
    ids = torch.tensor([loaded.vocabulary.encode(text)[:1000]])
    # The kernels for few rows give what they give, whatever the number.
    monkeypatch.setattr(int4, "FEW_ROWS", dict.fromkeys(int4.FEW_ROWS, 10**9))
    reference = torch.empty(0)
    for precision in PRECISIONS:
        model = copy.deepcopy(loaded.transformer)
        set_precision(model, precision, CPU)
        with torch.inference_mode():
            found = log_probabilities(model(ids)[0])
        if precision == "fp32":
            reference = found
        divergence, agreement = _divergence(reference, found)
        assert divergence <= 0.005, precision
        assert agreement >= 0.96, precision


def test_the_choice_by_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def here(*names: str, aten: str = "AVX512", onednn: bool = True) -> None:
        monkeypatch.setattr("treadle.model.precision._cpu_flags", lambda: set(names))
        monkeypatch.setattr("treadle.model.precision._onednn_may_bf16", lambda: onednn)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: aten)

    here("avx2", aten="AVX2")
    assert choose_precision("auto", CPU, four_bit_file=True) == "fp32"
    here("avx512f", "avx512_bf16")
    assert choose_precision("auto", CPU) == "bf16"
    assert choose_precision("auto", CPU, four_bit_file=True) == "int4"
    for flags in (("avx512f",), ("avx512f", "avx512_bf16")):  # the four bits do without instructions for bfloat16
        here(*flags, onednn=False)
        assert choose_precision("auto", CPU, four_bit_file=True) == "int4"
        assert choose_precision("auto", CPU) == "fp32"
    here("avx512f", "avx512_bf16", aten="AVX2")
    assert choose_precision("auto", CPU, four_bit_file=True) == "bf16"
    here("bf16", aten="DEFAULT")  # ARM
    assert choose_precision("auto", CPU, four_bit_file=True) == "bf16"
    assert [choose_precision(p, CPU) for p in PRECISIONS] == list(PRECISIONS)


HELD = """
import torch
from treadle.model import precision
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
cpu = torch.device("cpu")
precision._cpu_flags = lambda: {"avx512f", "avx512_bf16"}  # whatever this machine has
chosen = precision.choose_precision("auto", cpu)
config = ModelConfig(
    vocab_size=97, d_model=64, n_layers=1, n_heads=4, n_kv_heads=2, d_head=16, d_ff=96, max_positions=64
)
for name in dict.fromkeys([chosen, *precision.PRECISIONS]):
    model = Transformer(config)
    precision.set_precision(model, name, cpu)
    with torch.inference_mode():
        assert model(torch.tensor([[1, 2, 3, 4, 5, 6]])).isfinite().all()
print(chosen)
"""


@pytest.mark.parametrize("variable", ["ONEDNN_MAX_CPU_ISA=AVX2", "DNNL_MAX_CPU_ISA=AVX2", "ONEDNN_MAX_CPU_ISA=AVX512_CORE"])
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the values are those of x86-64")
def test_what_onednn_is_held_to_counts(variable: str) -> None:
    name, _, value = variable.partition("=")
    done = subprocess.run(
        [sys.executable, "-c", HELD], env={**os.environ, name: value}, capture_output=True, text=True, timeout=240
    )
    assert (done.stdout, done.stderr) == ("fp32\n", "")


def test_names_that_do_not_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown precision 'bf61'\. Did you mean 'bf16'\?"):
        choose_precision("bf61", CPU)
    for name in ("gpu", "cuda:x", ""):
        with pytest.raises(UnknownNameError, match=r"unknown device .* Known: cpu, cuda, mps"):
            choose_device(name)
    assert choose_device("cpu") == CPU
    with pytest.raises(UnsupportedError, match=r"finds \d+ devices of kind 'cuda' .*'cuda:99' cannot be used; device cpu"):
        choose_device("cuda:99")
    with pytest.raises(UnsupportedError, match="int4 needs a CPU"):
        choose_precision("int4", torch.device("cuda"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, while its compiler is loaded
@pytest.mark.skipif(shutil.which("c++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_gives_the_same() -> None:
    torch.manual_seed(1)
    model = Transformer(CONFIG)
    other = copy.deepcopy(model)
    set_precision(model, "fp32", CPU)
    set_precision(other, "fp32", CPU, compiled=True)
    for shape in ((1, 9), (3, 1)):
        ids = torch.randint(0, 97, shape)
        with torch.inference_mode():
            assert torch.allclose(model(ids), other(ids), atol=1e-5)


_COMPILES = """
import torch
from treadle.errors import UnsupportedError
from treadle.model.precision import check_compiler
try:
    check_compiler(torch.device("cpu"))
except UnsupportedError as error:
    print(error)
"""


def test_a_missing_compiler_is_told_with_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "CXX": str(tmp_path / "no-such-compiler"), "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", _COMPILES], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("torch.compile can build nothing here (")
    assert "ompiler" in done.stdout.partition(")")[0]
    assert "leave the setting torch_compile away" in done.stdout
