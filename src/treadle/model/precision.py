"""In which numbers a model is computed, and where.

| precision | weights | what for |
|---|---|---|
| fp32 | 4 bytes | the reference; CPUs without instructions for bfloat16 |
| bf16 | 2 bytes | many rows: prompts, drafts side by side |
| int8 | feed-forward layers 1 byte, others 2 | less memory; few rows |
| int4 | as bf16 or, where the CPU lacks that, fp32; half a byte beside it for few rows (``int4.py``) | files of four bits |

Measured on 2,000 tokens with SmolLM2-135M against fp32: KL divergence 0.0013 nats a token for bf16, 0.0035 for int8, 0.0014
for int4. With the attention's matrices in 8 bits, too, it is 0.0049, and the likeliest token agrees on 95 % only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from treadle.errors import UnknownNameError, UnsupportedError
from treadle.model import int4, packed
from treadle.model.lora import merge
from treadle.model.transformer import FeedForward, Transformer

__all__ = [
    "DEVICES",
    "PRECISIONS",
    "Int8Linear",
    "Precision",
    "check_compiler",
    "choose_device",
    "choose_precision",
    "set_precision",
]

Precision = Literal["fp32", "bf16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "int4")
DEVICES = ("cpu", "cuda", "mps")
FEW_ROWS = 4
"""Up to so many rows the kernel for 8-bit weights wins; with more, widening the weights to bfloat16 first does."""
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
_ONEDNN_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_ISA_WITHOUT_BF16 = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI"})
"""Values of these variables that keep oneDNN from the instructions for bfloat16."""


def choose_device(name: str) -> torch.device:
    """The device called ``name``: 'cpu', 'cuda', 'cuda:1', 'mps'.

    Raises:
        UnknownNameError: there is no such kind of device.
        UnsupportedError: this machine, or this build of torch, has none.
    """
    kind, _, number = name.partition(":")
    if kind not in DEVICES or (number and not number.isdecimal()):
        raise UnknownNameError("device", name, DEVICES, "A number may follow, as in cuda:1.")
    here = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[kind]
    if int(number or 0) >= here:
        raise UnsupportedError(
            f"torch {torch.__version__} finds {here} device{'' if here == 1 else 's'} of kind {kind!r} on this machine, so "
            f"{name!r} cannot be used; device cpu always can"
        )
    return torch.device(name)


def choose_precision(name: str, device: torch.device, *, four_bit_file: bool = False) -> Precision:
    """The precision called ``name``; for 'auto' the fastest that keeps the quality: int4 where the file has four bits
    itself and the CPU has AVX512, else bf16 where the device computes in it, else fp32.

    Raises:
        UnknownNameError: there is no such precision.
        UnsupportedError: it cannot be computed on ``device``.
    """
    if name == "auto":
        if four_bit_file and device.type == "cpu" and _fast_int4():
            return "int4"
        return "bf16" if computes_bf16(device) else "fp32"
    found = next((p for p in PRECISIONS if p == name), None)
    if found is None:
        raise UnknownNameError("precision", name, [*PRECISIONS, "auto"])
    if found == "int4" and (device.type != "cpu" or not int4.available()):
        raise UnsupportedError(f"precision int4 needs a CPU and torch 2.6 or newer; on {device} use bf16 or fp32")
    return found


def computes_bf16(device: torch.device) -> bool:
    """Whether products of bfloat16 numbers are done by the device itself, not by widening them."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(_cpu_flags() & _BF16_FLAGS) and _onednn_may_bf16()


def _onednn_may_bf16() -> bool:
    """Whether oneDNN, which makes these products on a CPU, may use the instructions.

    It refuses bfloat16 below AVX512, which it tells. Held to AVX512 without the instructions it emulates them, some times
    slower than single precision, and does not tell what it was held to: that stands in the variable that holds it.
    """
    if not torch.backends.mkldnn.is_available() or not torch.ops.mkldnn._is_mkldnn_bf16_supported():  # type: ignore[no-untyped-call]
        return False
    most = next((v for name in _ONEDNN_LIMITS if (v := os.environ.get(name))), "ALL")
    return most.upper() not in _ISA_WITHOUT_BF16


def _fast_int4() -> bool:
    # Asked of torch: its own kernels are held to less by ATEN_CPU_CAPABILITY.
    return int4.available() and torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def _cpu_flags() -> set[str]:
    """The instructions that this CPU names; none where the system does not tell (not Linux)."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.partition(":")[2].split()}


def check_compiler(device: torch.device) -> None:
    """Raise ``UnsupportedError`` where torch.compile can build nothing here, such as without a C++ compiler."""
    try:
        torch.compile(torch.neg, dynamic=True)(torch.ones(2, device=device))
    except Exception as error:  # its own classes differ between versions, and wrap those of the compiler
        told = [line.strip() for line in reversed(str(error).splitlines()) if "Error" in line or "ompiler" in line]
        reason = told[0] if told else type(error).__name__
        raise UnsupportedError(
            f"torch.compile can build nothing here ({reason[:200]}); it needs a C++ compiler (g++, or the one that the "
            "variable CXX names) and Python's headers. Nothing needs torch.compile: leave the setting torch_compile away"
        ) from error


def set_precision(model: Transformer, precision: Precision, device: torch.device, *, compiled: bool = False) -> None:
    """Bring a model with float weights to ``precision`` on ``device``, in place. For inference only. Adapters that count
    become part of the weights; beside weights of four bits they stay what they are.

    ``compiled`` has torch.compile fuse the feed-forward layers, where a C++ compiler is there: 20 seconds at the first use.
    """
    model.eval().requires_grad_(False)
    if precision != "int4":
        merge(model)
    single = precision == "fp32" or (precision == "int4" and not computes_bf16(device))
    dtype = torch.float32 if single else torch.bfloat16
    eights = _in_eight_bits(model) if precision == "int8" else {}
    if precision == "int4":
        int4.use_int4(model, dtype)
        merge(model)  # of layers whose widths are none for four bits
    model.to(device, dtype)
    for name, layer in eights.items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, layer.to(device))
    own = single or computes_bf16(device)
    # The compiler does not know packed weights.
    if device.type == "cpu" and own and not compiled and packed.available(dtype):
        packed.use_packed(model)
    if compiled:
        for module in model.modules():
            if isinstance(module, FeedForward):
                module.compile(dynamic=True)


def _in_eight_bits(model: Transformer) -> dict[str, Int8Linear]:
    """The linear layers that int8 replaces, made from the weights as they are, before those are rounded to bfloat16."""
    return {
        f"{outer}.{inner}": Int8Linear(linear)
        for outer, layer in model.named_modules()
        if isinstance(layer, FeedForward)
        for inner, linear in layer.named_children()
        if isinstance(linear, nn.Linear)
    }


class Int8Linear(nn.Module):
    """A linear layer with 8-bit weights and a bfloat16 scale for each row; activations stay bfloat16."""

    weight: Tensor
    scale: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach().float()
        scale = (weight.abs().amax(-1) / 127).clamp_min(torch.finfo(torch.float32).tiny).bfloat16()
        # Divided by the scale as it is kept, so its rounding costs nothing.
        rounded = (weight / scale.float()[:, None]).round().clamp(-127, 127)
        self.register_buffer("weight", rounded.to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().bfloat16())

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, x.shape[-1])
        if rows.shape[0] <= FEW_ROWS and x.device.type == "cpu":
            found: Tensor = torch.ops.aten._weight_int8pack_mm(rows, self.weight, self.scale)
        else:
            found = F.linear(rows, self.weight.to(x.dtype)) * self.scale
        if self.bias is not None:
            found = found + self.bias
        return found.view(*x.shape[:-1], -1)
