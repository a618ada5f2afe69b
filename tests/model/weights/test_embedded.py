"""The embedded model: the same numbers as llama.cpp and ``transformers`` compute, and files of it that both load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from torch import Tensor

import treadle
from treadle.engines.llama import LlamaEngine
from treadle.model.templates import ChatTemplate
from treadle.model.transformer import Transformer
from treadle.model.weights import LoadedModel, load, save_folder, save_gguf
from treadle.types import Message, Prompt, Sampling, Token

pytestmark = pytest.mark.model

PACKAGE = Path(treadle.__file__).parent
PROSE = """\
The muon is an elementary particle similar to the electron, with an electric charge of -1 e and a spin of one half, but
with a much greater mass. It is classified as a lepton. As with other leptons, the muon is not thought to be composed of
any simpler particles. It is an unstable particle with a mean lifetime of 2.2 microseconds, much longer than many others.
"""
ASKED = Prompt(messages=(Message(role="user", content="Write a Python function that adds the squares of a list."),))


@pytest.fixture(scope="module")
def loaded(model_file: Path) -> LoadedModel:
    return load(model_file)


@dataclass(frozen=True)
class Compared:
    """At each position of some texts: how far llama.cpp's log-probability of the token is from ours, whether both find the
    same token likeliest, and by how much ours prefers it to the second."""

    differences: Tensor
    equal: Tensor
    margins: Tensor

    @property
    def agreement(self) -> float:
        return float(self.equal.float().mean())

    def __str__(self) -> str:
        off = [round(m, 3) for m in self.margins[~self.equal].sort().values.tolist()]
        return (
            f"{len(self.equal)} positions, {self.agreement:.4f} equal, difference median {self.differences.median():.5f} "
            f"largest {self.differences.max():.4f}; margins where not equal {off}"
        )


@torch.inference_mode()
def compare(model: LoadedModel, before: list[int], theirs: Sequence[Token]) -> Compared:
    """llama.cpp's tokens after ``before`` against what the transformer says of the same tokens."""
    ids = [t.id for t in theirs if t.id is not None]
    assert len(ids) == len(theirs)
    logits = model.transformer(torch.tensor([[*before, *ids]]))[0, len(before) - 1 : -1]
    scores, two = logits.log_softmax(-1), logits.topk(2).values
    wanted = torch.tensor([t.logprob for t in theirs])
    best = torch.tensor([max(t.alternatives, key=lambda a: a.logprob).id for t in theirs])
    return Compared((scores[range(len(ids)), ids] - wanted).abs(), logits.argmax(-1) == best, two[:, 0] - two[:, 1])


def compare_drafts(model: LoadedModel, llama: LlamaEngine) -> Compared:
    """Over 8 drafts of 25 tokens that llama.cpp draws at once."""
    before = ChatTemplate.of(model.vocabulary).encode(model.vocabulary, ASKED.messages)
    drafts = llama.complete(ASKED, [Sampling(max_tokens=25, seed=s, top_logprobs=5) for s in range(8)])
    found = [compare(model, before, draft.tokens) for draft in drafts if draft.text.isascii()]
    assert len(found) >= 6
    return joined(found)


def compare_text(model: LoadedModel, llama: LlamaEngine, n: int) -> Compared:
    """Over ``n`` tokens of prose and code in eight pieces, which llama.cpp scores side by side, token by token."""
    code = "".join(p.read_text(encoding="utf-8") for p in sorted(PACKAGE.glob("engines/*.py")))
    ids = model.vocabulary.encode(PROSE + "".join(filter(str.isascii, code)))[:n]
    texts = [model.vocabulary.decode(ids[at : at + n // 8]) for at in range(0, n, n // 8)]
    with ThreadPoolExecutor(8) as pool:
        scored = list(pool.map(llama.score, texts))
    bos = model.vocabulary.roles.bos
    assert bos is not None
    for text, theirs in zip(texts, scored, strict=True):
        assert [t.id for t in theirs] == model.vocabulary.encode(text, special=True)
    return joined([compare(model, [bos], theirs) for theirs in scored])


def joined(found: list[Compared]) -> Compared:
    return Compared(*(torch.cat([getattr(f, n) for f in found]) for n in ("differences", "equal", "margins")))


@pytest.fixture(scope="module")
def unquantised(loaded: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaEngine]:
    """llama.cpp with the same weights in F32, where it does not quantise what goes into a product."""
    path = tmp_path_factory.mktemp("f32") / "smollm2-f32.gguf"
    save_gguf(loaded.transformer, loaded.vocabulary, path, "F32")
    with closing(LlamaEngine(path, threads=1)) as engine:  # threads that wait for each other suffer on a busy machine
        yield engine
    path.unlink()


def test_scores_are_llama_cpps(loaded: LoadedModel, llama: LlamaEngine) -> None:
    found = compare_drafts(loaded, llama)
    assert found.agreement >= 0.96, found
    assert found.differences.median() < 0.05, found


def test_scores_are_llama_cpps_without_its_rounding(loaded: LoadedModel, unquantised: LlamaEngine) -> None:
    found = compare_drafts(loaded, unquantised)
    assert found.agreement >= 0.99, found
    assert found.differences.median() < 0.003, found


@pytest.mark.slow
def test_scores_at_2000_positions(loaded: LoadedModel, llama: LlamaEngine, unquantised: LlamaEngine) -> None:
    exact, rounded = compare_text(loaded, unquantised, 2000), compare_text(loaded, llama, 2000)
    print(f"F32: {exact}\nQ4_1: {rounded}")
    assert len(exact.equal) >= 1950
    assert exact.agreement >= 0.99, exact
    assert exact.differences.median() < 0.003, exact
    assert rounded.agreement >= 0.94, rounded
    assert rounded.differences.median() < 0.06, rounded
    # Where the two disagree about the likeliest token, the first two are nearly as likely.
    assert rounded.margins[~rounded.equal].max() < 1, rounded


@torch.no_grad()
def test_logits_are_those_of_transformers(loaded: LoadedModel, tmp_path: Path) -> None:
    import transformers

    save_folder(loaded.transformer, loaded.vocabulary, tmp_path / "model")
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "model", attn_implementation="eager")
    assert isinstance(theirs, transformers.LlamaForCausalLM)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    ids = torch.tensor([loaded.vocabulary.encode(PROSE)])
    assert tokenizer(PROSE, add_special_tokens=False)["input_ids"] == ids[0].tolist()
    assert (loaded.transformer(ids) - theirs(ids).logits).abs().max() < 1e-4
    assert sorted(theirs.generation_config.eos_token_id) == [0, 2]
    again = load(tmp_path / "model")
    assert_same(again.transformer, loaded.transformer)
    assert again.transformer.config == loaded.transformer.config


def assert_same(one: Transformer, other: Transformer) -> None:
    for (name, first), second in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(first, second), name


def test_weights_are_those_that_the_package_decodes(loaded: LoadedModel, model_file: Path) -> None:
    state = loaded.transformer.state_dict()
    for tensor in gguf.GGUFReader(model_file).tensors:
        if tensor.name in ("token_embd.weight", "blk.7.ffn_down.weight", "blk.29.attn_output.weight"):
            ours = {"token_embd": "embedding", "blk.7": "blocks.7.ff.down", "blk.29": "blocks.29.attention.out"}
            name = next(n for start, n in ours.items() if tensor.name.startswith(start + "."))
            wanted = gguf.dequantize(tensor.data, tensor.tensor_type)
            assert np.array_equal(state[f"{name}.weight"].numpy(), wanted)


def greedy(path: Path) -> str:
    with closing(LlamaEngine(path, context_tokens=512, slots=1)) as engine:
        return engine.complete(ASKED, [Sampling(max_tokens=24, temperature=0)])[0].text


def test_the_file_as_it_was(loaded: LoadedModel, model_file: Path, tmp_path: Path) -> None:
    """Numbers that were stored in Q4_1 come back exactly in Q4_1, and with them llama.cpp's answer."""
    path = tmp_path / "x.gguf"
    save_gguf(loaded.transformer, loaded.vocabulary, path, "Q4_1")
    assert_same(load(path).transformer, loaded.transformer)
    assert greedy(path) == greedy(model_file)
    path.unlink()


@pytest.mark.parametrize(("encoding", "agreement", "difference"), [("Q8_0", 0.92, 0.05), ("Q4_0", 0.7, 0.5)])
def test_files_that_are_rounded_again(
    loaded: LoadedModel, encoding: str, agreement: float, difference: float, tmp_path: Path
) -> None:
    """A second rounding, on another grid, moves near ties: scores stay near, more so with 8 bits than with 4."""
    path = tmp_path / "x.gguf"
    save_gguf(loaded.transformer, loaded.vocabulary, path, encoding)
    with closing(LlamaEngine(path, context_tokens=1024)) as engine:
        found = compare_drafts(loaded, engine)
    print(encoding, found)
    assert found.agreement >= agreement, found
    assert found.differences.median() < difference, found
    path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["F32", "F16", "BF16"])
def test_larger_files_for_llama_cpp(loaded: LoadedModel, model_file: Path, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    save_gguf(loaded.transformer, loaded.vocabulary, path, encoding)
    assert greedy(path) == greedy(model_file)
    found = load(path).transformer
    if encoding == "F32":
        assert_same(found, loaded.transformer)
    for one, other in zip(found.parameters(), loaded.transformer.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=0 if encoding == "F32" else 0.005, atol=1e-6)
    path.unlink()
