"""How numbers are stored in GGUF files, and back to floating point.

Quantised rows are cut into blocks; a block holds small integers and a scale (for some a minimum) that they share. The
encodings met most are decoded here by torch, block by block in pieces that stay in a core's cache: 0.2 s for 135 M numbers
where the package ``gguf`` takes 3 s. All others go through that package. Both give the same numbers, bit by bit.

The form of the blocks is defined by ggml (``ggml-common.h``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from treadle.errors import ModelFileError, nearest

__all__ = ["ENCODINGS", "PIECE", "WRITABLE", "Encoding", "decode", "encode", "encoding_named", "encoding_of"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """``block`` numbers take ``n_bytes`` bytes. ``kind`` is ggml's number of it."""

    name: str
    kind: int
    block: int
    n_bytes: int


_TABLE = """F32 0 1 4|F16 1 1 2|Q4_0 2 32 18|Q4_1 3 32 20|Q5_0 6 32 22|Q5_1 7 32 24|Q8_0 8 32 34|Q2_K 10 256 84
|Q3_K 11 256 110|Q4_K 12 256 144|Q5_K 13 256 176|Q6_K 14 256 210|IQ2_XXS 16 256 66|IQ2_XS 17 256 74|IQ3_XXS 18 256 98
|IQ1_S 19 256 50|IQ4_NL 20 32 18|IQ3_S 21 256 110|IQ2_S 22 256 82|IQ4_XS 23 256 136|IQ1_M 29 256 56|BF16 30 1 2
|TQ1_0 34 256 54|TQ2_0 35 256 66|MXFP4 39 32 17|NVFP4 40 64 36"""

ENCODINGS: Mapping[int, Encoding] = {
    encoding.kind: encoding
    for name, *numbers in (row.split() for row in _TABLE.replace("\n", "").split("|"))
    for encoding in [Encoding(name, *map(int, numbers))]
}
"""By ggml's number."""

WRITABLE = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1")
"""Encodings that ``encode`` can write."""

PIECE = 1 << 15
"""Numbers worked on at once. Above this torch shares work among threads, and one busy core then holds all of them up:
loading took 3 s instead of 0.7 s on two cores one of which was busy."""


def encoding_of(kind: int, tensor: str) -> Encoding:
    """The encoding with ggml's number ``kind``; raises ``ModelFileError`` that names the tensor where there is none."""
    if kind not in ENCODINGS:
        known = ", ".join(e.name for e in ENCODINGS.values())
        raise ModelFileError(
            f"tensor {tensor!r} is stored in the unknown encoding number {kind}; known: {known}. "
            "Files in other encodings can be run with the llama engine, or be converted to one of these by llama.cpp"
        )
    return ENCODINGS[kind]


def encoding_named(name: str) -> Encoding:
    """An encoding that can be written, by its name; raises ``ModelFileError`` that lists them."""
    for encoding in ENCODINGS.values():
        if encoding.name == name.upper() and encoding.name in WRITABLE:
            return encoding
    near = nearest(name, WRITABLE, 1)
    told = f" Did you mean {near[0]}?" if near else ""
    raise ModelFileError(f"weights cannot be written as {name!r}.{told} Known: {', '.join(WRITABLE)}")


def decode(raw: Tensor, encoding: Encoding, into: Tensor) -> None:
    """Fill ``into`` (contiguous, of any floating dtype) with the numbers that the bytes ``raw`` stand for."""
    flat, blocks = into.view(-1), raw.reshape(-1, encoding.n_bytes)
    decoder = _DECODERS.get(encoding.name) or partial(_by_package, encoding=encoding)
    step = PIECE // encoding.block
    for start in range(0, blocks.shape[0], step):
        piece = blocks[start : start + step]
        flat[start * encoding.block : (start + piece.shape[0]) * encoding.block].copy_(decoder(piece).view(-1))


def encode(weight: Tensor, encoding: Encoding) -> Tensor:
    """The bytes [..., row bytes] of a tensor of floating point, whose rows must be whole blocks."""
    if weight.shape[-1] % encoding.block:
        raise ModelFileError(
            f"rows of {weight.shape[-1]} numbers cannot be cut into blocks of {encoding.block} ({encoding.name})"
        )
    weight = weight.detach().to("cpu")
    if encoding.name in _PLAIN:
        return weight.to(_PLAIN[encoding.name]).contiguous().view(torch.uint8)
    from gguf import GGMLQuantizationType, quantize

    return torch.from_numpy(quantize(weight.float().numpy(), GGMLQuantizationType(encoding.kind)))


# ------------------------------------------------------------------------------------------------ blocks
# Each takes bytes [N, bytes of a block] and gives float32 [N, numbers of a block].


def _half(bytes_N2: Tensor) -> Tensor:
    return bytes_N2.contiguous().view(torch.float16).float()


def _nibbles(bytes_NB: Tensor) -> Tensor:
    """[N, 2 B]: the low halves of all bytes, then the high ones."""
    return torch.cat((bytes_NB & 15, bytes_NB >> 4), dim=1)


def _q8_0(blocks: Tensor) -> Tensor:
    return blocks[:, 2:].contiguous().view(torch.int8).float().mul_(_half(blocks[:, :2]))


def _q4_0(blocks: Tensor) -> Tensor:
    return _nibbles(blocks[:, 2:]).float().sub_(8).mul_(_half(blocks[:, :2]))


def _q4_1(blocks: Tensor) -> Tensor:
    return _nibbles(blocks[:, 4:]).float().mul_(_half(blocks[:, :2])).add_(_half(blocks[:, 2:4]))


def _q4_k(blocks: Tensor) -> Tensor:
    """Eight parts of 32 numbers, each with a scale and a minimum of six bits, packed into twelve bytes."""
    n = blocks.shape[0]
    packed = blocks[:, 4:16].view(n, 3, 4)
    first, second, third = packed[:, 0], packed[:, 1], packed[:, 2]
    scale = torch.cat((first & 63, (third & 15) | ((first >> 2) & 48)), dim=1)
    least = torch.cat((second & 63, (third >> 4) | ((second >> 2) & 48)), dim=1)
    scale_N81 = (_half(blocks[:, :2]) * scale)[:, :, None]
    least_N81 = (_half(blocks[:, 2:4]) * least)[:, :, None]
    quarters = blocks[:, 16:].view(n, 4, 1, 32)
    numbers = torch.cat((quarters & 15, quarters >> 4), dim=2).view(n, 8, 32)
    return numbers.float().mul_(scale_N81).sub_(least_N81)


def _q6_k(blocks: Tensor) -> Tensor:
    """Sixteen parts of 16 numbers of six bits, four below in one place and two above in another."""
    n = blocks.shape[0]
    low = blocks[:, :128].view(n, 2, 1, 64)
    low = torch.cat((low & 15, low >> 4), dim=2).view(n, 8, 32)
    high = blocks[:, 128:192].view(n, 2, 1, 32)
    high = torch.cat([(high >> shift) & 3 for shift in (0, 2, 4, 6)], dim=2).view(n, 8, 32)
    numbers = (low | (high << 4)).view(n, 16, 16).float().sub_(32)
    scale = blocks[:, 192:208].contiguous().view(torch.int8) * _half(blocks[:, 208:])
    return numbers.mul_(scale[:, :, None])


def _by_package(blocks: Tensor, encoding: Encoding) -> Tensor:
    import numpy as np
    from gguf import GGMLQuantizationType, dequantize

    with np.errstate(all="ignore"):  # what is not a number is told of by its tensor's name
        return torch.from_numpy(dequantize(blocks.numpy(), GGMLQuantizationType(encoding.kind)))


_PLAIN = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_DECODERS: dict[str, Callable[[Tensor], Tensor]] = {
    "F32": lambda bytes_N4: bytes_N4.view(torch.float32),
    "F16": lambda bytes_N2: bytes_N2.view(torch.float16),
    "BF16": lambda bytes_N2: bytes_N2.view(torch.bfloat16),
    "Q8_0": _q8_0,
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q4_K": _q4_k,
    "Q6_K": _q6_k,
}
