"""One engine in a process of its own, for ``benchmarks.engines``: it is asked by JSON lines and answers with seconds.

    python -m benchmarks.engine_workers serve ENGINE MODEL THREADS
    python -m benchmarks.engine_workers cold MODEL THREADS
    python -m benchmarks.engine_workers export MODEL FOLDER

Processes of their own keep thread pools apart, make the peak of memory that of one engine, and let an environment variable
that a library reads when it is loaded hold for one of them. Nothing but the standard library is imported at the top: the
interpreter may be one in which treadle is not installed (that of ik-llama-cpp-python), and a cold start must be cold.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["CONTEXT_TOKENS", "main"]

CONTEXT_TOKENS = 4096
_TOP_P, _TOP_K = 0.95, 40

Asked = dict[str, Any]
"""``messages``, ``primer`` and ``ids`` (the same prompt as tokens), ``drafts``, ``tokens``, ``temperature``, ``seed``."""
Drawn = tuple[int, list[str]]
"""How many tokens were generated in all, and the texts where the engine gives texts."""


def _own_engine(engine: Any) -> Callable[[Asked], Drawn]:
    """Any engine of treadle, through the interface that treadle uses."""
    from treadle.types import Message, Prompt, Sampling

    def draw(asked: Asked) -> Drawn:
        messages = tuple(Message(role=role, content=content) for role, content in asked["messages"])
        samplings = [
            Sampling(
                max_tokens=asked["tokens"],
                temperature=asked["temperature"],
                top_p=_TOP_P,
                top_k=_TOP_K,
                seed=asked["seed"] + i,
            )
            for i in range(asked["drafts"])
        ]
        completions = engine.complete(Prompt(messages=messages, primer=asked["primer"]), samplings)
        return sum(len(c.tokens) for c in completions), [c.text for c in completions]

    return draw


def _torch(model: Path, threads: int, *, speculate: bool = True) -> tuple[Callable[[Asked], Drawn], str]:
    from treadle.engines.torch import TorchEngine

    engine = TorchEngine(model, threads=threads, context_tokens=CONTEXT_TOKENS, speculate=speculate)
    return _own_engine(engine), ", ".join(f"{k} {v}" for k, v in engine.identity.versions.items())


def _llama(model: Path, threads: int) -> tuple[Callable[[Asked], Drawn], str]:
    from treadle.engines.llama import SLOTS, LlamaEngine

    engine = LlamaEngine(model, threads=threads)
    return _own_engine(engine), f"xllamacpp {engine.identity.versions['xllamacpp']}, at most {SLOTS} drafts at once"


def _transformers(folder: Path, threads: int) -> tuple[Callable[[Asked], Drawn], str]:
    """The prompt is read once for all drafts, as ``generate`` alone does not."""
    import torch
    import transformers

    torch.set_num_threads(threads)
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    model.eval()

    @torch.inference_mode()
    def draw(asked: Asked) -> Drawn:
        torch.manual_seed(asked["seed"])
        ids, n = torch.tensor([asked["ids"]]), asked["drafts"]
        options: dict[str, Any] = {"max_new_tokens": asked["tokens"], "min_new_tokens": asked["tokens"], "pad_token_id": 0}
        if asked["temperature"]:
            options |= {"do_sample": True, "temperature": asked["temperature"], "top_p": _TOP_P, "top_k": _TOP_K}
        else:
            options |= {"do_sample": False}
        if n > 1:
            cache = transformers.DynamicCache(config=model.config)
            model(ids[:, :-1], past_key_values=cache, logits_to_keep=1)
            cache.batch_repeat_interleave(n)
            ids, options["past_key_values"] = ids.repeat(n, 1), cache
        out = model.generate(ids, attention_mask=torch.ones_like(ids), **options)
        return int(out[:, ids.shape[1] :].numel()), []

    return draw, f"transformers {transformers.__version__}, torch {torch.__version__}, bf16"


def _ik(model: Path, threads: int) -> tuple[Callable[[Asked], Drawn], str]:
    """Its Python interface draws one sequence at a time and reads the prompt for each."""
    import ik_llama_cpp  # type: ignore[import-not-found,unused-ignore]

    engine = ik_llama_cpp.IkLlama(str(model), n_ctx=CONTEXT_TOKENS, n_threads=threads, verbose=False)

    def draw(asked: Asked) -> Drawn:
        tokens, texts = 0, []
        for _ in range(asked["drafts"]):
            ids = engine.generate(
                asked["ids"], max_tokens=asked["tokens"], temperature=asked["temperature"], top_k=_TOP_K, top_p=_TOP_P
            )
            tokens += len(ids)
            texts.append(engine.detokenize(ids))
        return tokens, texts

    return draw, f"ik-llama-cpp-python {ik_llama_cpp.__version__}; reads the prompt again for every draft"


def _open(kind: str, model: Path, threads: int) -> tuple[Callable[[Asked], Drawn], str]:
    if kind.startswith("torch"):
        return _torch(model, threads, speculate=kind != "torch-plain")
    return {"llama": _llama, "transformers": _transformers, "ik": _ik}[kind](model, threads)


def _memory() -> dict[str, int]:
    """The peak of the resident set, and the proportional set size as it is now, in bytes; 0 where it cannot be read."""
    found = {"peak_rss": 0, "pss": 0}
    for field, file, name in (("peak_rss", "status", "VmHWM"), ("pss", "smaps_rollup", "Pss")):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/self/{file}").read_text().splitlines():
                if line.startswith(f"{name}:"):
                    found[field] = int(line.split()[1]) * 1024
    return found


def _serve(kind: str, model: Path, threads: int) -> None:
    # Libraries write to the standard output: answers go to what it was, all else to the standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    draw, note = _open(kind, model, threads)
    answer({"note": note})
    for line in sys.stdin:
        asked = json.loads(line)
        started = time.perf_counter()
        tokens, texts = draw(asked)
        answer({"seconds": time.perf_counter() - started, "tokens": tokens, "texts": texts, **_memory()})


def _cold(model: Path, threads: int) -> None:
    """Seconds from before ``import torch`` to the first token of our engine; the start of Python comes before it."""
    started = time.perf_counter()
    draw, _ = _torch(model, threads)
    words = f"Write a Python function that adds {os.getpid()} to a number."
    draw({"messages": [["user", words]], "primer": "", "drafts": 1, "tokens": 1, "temperature": 0.0, "seed": 1})
    print(time.perf_counter() - started)


def _export(model: Path, folder: Path) -> None:
    import torch

    from treadle.model.weights import load, save_folder

    loaded = load(model)
    save_folder(loaded.transformer, loaded.vocabulary, folder, torch.bfloat16)


def main(arguments: list[str]) -> None:
    """Do what the command line says; see the module."""
    what, *rest = arguments
    if what == "serve":
        _serve(rest[0], Path(rest[1]), int(rest[2]))
    elif what == "cold":
        _cold(Path(rest[0]), int(rest[1]))
    else:
        _export(Path(rest[0]), Path(rest[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
