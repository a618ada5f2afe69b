"""Every encoding of GGUF files against the package ``gguf``, bit by bit."""

from __future__ import annotations

import gguf
import numpy as np
import pytest
import torch
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

from treadle.errors import ModelFileError
from treadle.model.weights.encodings import ENCODINGS, WRITABLE, Encoding, decode, encode, encoding_named, encoding_of

ALL = list(ENCODINGS.values())


def test_the_table_is_that_of_the_package() -> None:
    for encoding in ALL:
        kind = GGMLQuantizationType[encoding.name]
        assert (encoding.kind, encoding.block, encoding.n_bytes) == (kind.value, *GGML_QUANT_SIZES[kind])
    left = {kind.name for kind in GGMLQuantizationType} - {e.name for e in ALL}
    for name in left:
        with pytest.raises((NotImplementedError, ValueError, KeyError, AssertionError)):
            gguf.dequantize(
                np.zeros((1, GGML_QUANT_SIZES[GGMLQuantizationType[name]][1]), np.uint8), GGMLQuantizationType[name]
            )


@pytest.mark.parametrize("encoding", ALL, ids=lambda e: e.name)
def test_numbers_are_those_of_the_package(encoding: Encoding) -> None:
    rows = max(3, 40_000 // encoding.block)  # more than one piece
    raw = np.random.default_rng(0).integers(0, 256, (rows, encoding.n_bytes), dtype=np.uint8)
    with np.errstate(all="ignore"):
        wanted = gguf.dequantize(raw, GGMLQuantizationType(encoding.kind)).reshape(-1)
    found = torch.empty(rows, encoding.block)
    decode(torch.from_numpy(raw), encoding, found)
    assert np.array_equal(found.view(-1).numpy(), wanted, equal_nan=True)
    narrow = torch.empty(rows, encoding.block, dtype=torch.bfloat16)
    decode(torch.from_numpy(raw), encoding, narrow)
    assert torch.equal(narrow.nan_to_num(0), found.bfloat16().nan_to_num(0))


ERRORS = {"F32": 0, "F16": 5e-4, "BF16": 4e-3, "Q8_0": 5e-3, "Q4_0": 0.07, "Q4_1": 0.04}


@pytest.mark.parametrize("name", WRITABLE)
def test_what_is_written_is_read(name: str) -> None:
    encoding = encoding_named(name.lower())
    weight = torch.randn(6, 64, generator=torch.Generator().manual_seed(0))
    raw = encode(weight, encoding)
    assert raw.dtype == torch.uint8
    assert raw.shape == (6, 64 // encoding.block * encoding.n_bytes)
    found = torch.empty(6, 64)
    decode(raw, encoding, found)
    assert (found - weight).norm() / weight.norm() <= 2 * ERRORS[name]
    again = torch.empty(6, 64)
    decode(encode(found, encoding), encoding, again)
    assert (again - found).abs().max() <= 1e-2 * bool(encoding.block > 1)


def test_bad_requests() -> None:
    with pytest.raises(ModelFileError, match=r"as 'Q4_K'.* Known: F32, F16, BF16, Q8_0, Q4_0, Q4_1"):
        encoding_named("Q4_K")
    with pytest.raises(ModelFileError, match=r"'q8'\. Did you mean Q8_0\?"):
        encoding_named("q8")
    with pytest.raises(ModelFileError, match=r"tensor 'blk.0.x' is stored in the unknown encoding number 99; known: F32"):
        encoding_of(99, "blk.0.x")
    with pytest.raises(ModelFileError, match=r"rows of 33 numbers cannot be cut into blocks of 32 \(Q8_0\)"):
        encode(torch.zeros(2, 33), encoding_named("Q8_0"))
