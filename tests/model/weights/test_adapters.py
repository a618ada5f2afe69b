from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from support_lora import learnt, tiny
from treadle.errors import ModelFileError
from treadle.model.lora import Adapter, Shape, adapter_of, put_adapter
from treadle.model.weights import save_folder
from treadle.model.weights.adapters import load_adapter, save_adapter_folder, save_adapter_gguf

SHAPE = Shape(rank=4, alpha=6.0)
IDS = torch.arange(24).view(2, 12)


def trained(shape: Shape = SHAPE) -> Adapter:
    model = tiny()
    learnt(model, shape)
    return adapter_of(model, shape)


def test_a_gguf_file_comes_back_as_it_was(tmp_path: Path) -> None:
    adapter, config = trained(), tiny().config
    save_adapter_gguf(adapter, config, tmp_path / "x.gguf", encoding="F32", about={"name": "x", "license": "CC0-1.0"})
    found = load_adapter(tmp_path / "x.gguf", config)
    assert found.shape == adapter.shape
    assert found.factors.keys() == adapter.factors.keys()
    for place, (a, b) in adapter.factors.items():
        assert torch.equal(a, found.factors[place][0])
        assert torch.equal(b, found.factors[place][1])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", [SHAPE, Shape(rank=2, alpha=4, targets=("k", "down"))])
def test_peft_computes_the_same_and_what_it_writes_is_read(shape: Shape, tmp_path: Path) -> None:
    peft, transformers = pytest.importorskip("peft"), pytest.importorskip("transformers")
    model = tiny()
    save_folder(model, None, tmp_path / "base")
    learnt(model, shape)
    save_adapter_folder(adapter_of(model, shape), model.config, tmp_path / "adapter", "base")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    adapted = peft.PeftModel.from_pretrained(theirs, tmp_path / "adapter")
    with torch.no_grad():
        assert torch.allclose(adapted(IDS).logits, model(IDS), atol=1e-4)
    adapted.save_pretrained(tmp_path / "again")
    other = tiny()
    put_adapter(other, load_adapter(tmp_path / "again", other.config))
    with torch.no_grad():
        assert torch.allclose(other(IDS), model(IDS), atol=1e-6)


def test_what_is_no_adapter_of_this_model_is_refused(tmp_path: Path) -> None:
    config = tiny().config
    with pytest.raises(ModelFileError, match="no adapter"):
        load_adapter(tmp_path / "absent.gguf", config)
    save_adapter_gguf(trained(), config, tmp_path / "x.gguf")
    with pytest.raises(ModelFileError, match="no place"):
        load_adapter(tmp_path / "x.gguf", tiny(n_layers=1).config)
    (tmp_path / "cut.gguf").write_bytes((tmp_path / "x.gguf").read_bytes()[:-200])
    with pytest.raises(ModelFileError, match="truncated"):
        load_adapter(tmp_path / "cut.gguf", config)
    save_adapter_folder(trained(), config, tmp_path / "folder")
    with pytest.raises(ModelFileError, match="not empty"):
        save_adapter_folder(trained(), config, tmp_path / "folder")
    told = json.loads((tmp_path / "folder" / "adapter_config.json").read_text())
    (tmp_path / "folder" / "adapter_config.json").write_text(json.dumps({**told, "use_dora": True}))
    with pytest.raises(ModelFileError, match="use_dora"):
        load_adapter(tmp_path / "folder", config)


def test_gpt2_keeps_no_matrices_apart(tmp_path: Path) -> None:
    config = tiny(family="gpt2", activation="gelu", norm="layer", rope_theta=None, n_kv_heads=4).config
    with pytest.raises(ModelFileError, match="gpt2"):
        save_adapter_gguf(trained(), config, tmp_path / "x.gguf")
