"""Headers of GGUF files: what the package ``gguf`` reads, and files that are cut, foreign or nonsense."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.errors import ModelFileError
from treadle.tokens.gguf import read_header


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A file by the package, with a value of every type."""
    path = tmp_path / "x.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    for kind in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"):
        getattr(writer, f"add_{kind}")(f"test.{kind}", 7)
    writer.add_float32("test.float32", 0.5)
    writer.add_float64("test.float64", 0.1)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "é\U0001f600")
    writer.add_array("test.strings", ["a", "", "\u2581b"])
    writer.add_array("test.floats", [0.5, -1.0])
    writer.add_tensor("a.weight", np.arange(12, dtype=np.float32).reshape(3, 4))
    writer.add_tensor("b.weight", np.arange(5, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_every_type_of_value(written: Path) -> None:
    header = read_header(written)
    wanted: dict[str, Any] = {
        **{f"test.{n}": 7 for n in ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")},
        "general.architecture": "llama", "test.float32": 0.5, "test.float64": 0.1, "test.bool": True,
        "test.string": "é\U0001f600", "test.strings": ["a", "", "\u2581b"], "test.floats": [0.5, -1.0],
    }  # fmt: skip
    assert header.metadata == wanted
    assert header.architecture == "llama"
    assert header.size_bytes == written.stat().st_size


def test_where_tensors_lie(written: Path) -> None:
    header, theirs = read_header(written), gguf.GGUFReader(written)
    found = {t.name: (t.shape, t.kind, t.offset) for t in header.tensors.values()}
    wanted = {t.name: (tuple(reversed(t.shape.tolist())), int(t.tensor_type), t.data_offset) for t in theirs.tensors}
    assert found == wanted
    assert header.tensors["a.weight"].n_elements == 12


@pytest.mark.model
def test_the_embedded_model_as_the_package_reads_it(model_file: Path) -> None:
    header, theirs = read_header(model_file), gguf.GGUFReader(model_file)
    fields = {k: f.contents() for k, f in theirs.fields.items() if not k.startswith("GGUF.")}
    assert header.metadata == fields
    assert {n: t.offset for n, t in header.tensors.items()} == {t.name: t.data_offset for t in theirs.tensors}


def test_every_cut_within_the_header_is_told(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    end = min(t.offset for t in read_header(written).tensors.values())
    path = tmp_path / "cut.gguf"
    for length in range(4, end - 32, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"cut\.gguf .*(truncated|corrupt)"):
            read_header(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not a GGUF file"),
        (b"GG", "is not a GGUF file"),
        (b"PK\3\4", r"is not a GGUF file \(it begins with b'PK"),
        (b"GGUF" + struct.pack("<I", 1) + b"\0" * 99, "has version 1; GGUF of versions 2 and 3"),
        (b"GGUF" + struct.pack(">I", 3) + b"\0" * 99, "big-endian"),
        (b"GGUF" + b"\xff" * 100, "has version"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "announces"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "announces"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + b"\0" * 40, "truncated"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<I", 99) + b"\0" * 40, "unknown type 99"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"\xff" + b"\0" * 40, "not UTF-8"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1) + b"a" + struct.pack("<IIQ", 9, 9, 1) + b"\0" * 40, "nested type 9"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 1, 0, 1) + b"a" + struct.pack("<I", 99) + b"\0" * 40, "99 dimensions"),
    ],
)
def test_files_that_are_no_model(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=told):
        read_header(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"cannot read the model file .*absent\.gguf: No such file"):
        read_header(tmp_path / "absent.gguf")
    with pytest.raises(ModelFileError, match="Is a directory"):
        read_header(tmp_path)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_changed_bytes_give_a_header_or_our_error(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    raw = bytearray(_sample(tmp_path_factory))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "changed.gguf"
    path.write_bytes(raw)
    with contextlib.suppress(ModelFileError):  # any other error fails the test
        read_header(path)


def _sample(factory: pytest.TempPathFactory) -> bytes:
    path = factory.getbasetemp() / "sample.gguf"
    if not path.exists():
        writer = gguf.GGUFWriter(path, "llama")
        writer.add_array("test.strings", ["a", "bc"])
        writer.add_uint32("llama.block_count", 2)
        writer.add_tensor("a.weight", np.zeros((2, 4), dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return path.read_bytes()
