"""A vocabulary written for others: the files that ``transformers`` reads, and the metadata that llama.cpp reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from treadle.errors import ModelFileError
from treadle.tokens.from_gguf import KINDS
from treadle.tokens.pretokenizers import name_of
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["gguf_metadata", "write_tokenizer_files"]


def write_tokenizer_files(vocabulary: Vocabulary, folder: Path, max_positions: int) -> None:
    """Write ``tokenizer.json``, ``tokenizer_config.json`` and ``generation_config.json`` into ``folder``."""
    (folder / "tokenizer.json").write_text(vocabulary.to_json(), encoding="utf-8")
    roles = vocabulary.roles
    named = {"bos_token": roles.bos, "eos_token": roles.eos, "unk_token": roles.unknown, "pad_token": roles.padding}
    config: dict[str, Any] = {key: vocabulary.tokens[i] for key, i in named.items() if i is not None}
    config |= {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": roles.adds_bos,
        "clean_up_tokenization_spaces": False,
        "model_max_length": max_positions,
    }
    if vocabulary.chat_template is not None:
        config["chat_template"] = vocabulary.chat_template
    _write_json(folder / "tokenizer_config.json", config)
    ends = sorted(roles.ends)
    generation = {
        "bos_token_id": roles.bos,
        "eos_token_id": ends[0] if len(ends) == 1 else ends,
        "pad_token_id": roles.padding,
    }
    _write_json(folder / "generation_config.json", {k: v for k, v in generation.items() if v is not None and v != []})


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def gguf_metadata(vocabulary: Vocabulary, size: int) -> dict[str, Any]:
    """The ``tokenizer.*`` keys of a GGUF file whose embedding table has ``size`` rows; rows without a token get a name.

    Raises:
        ModelFileError: there are more tokens than rows, or llama.cpp has no name for how texts are cut into words.
    """
    if vocabulary.size > size:
        raise ModelFileError(f"the vocabulary has {vocabulary.size:,} tokens and the embedding table {size:,} rows")
    data = dict(vocabulary.metadata) if vocabulary.metadata else _described(vocabulary)
    spare = range(vocabulary.size, size)
    data["tokenizer.ggml.tokens"] = [*vocabulary.tokens, *(f"[PAD{i}]" for i in spare)]
    data["tokenizer.ggml.token_type"] = [
        *data.get("tokenizer.ggml.token_type", _kinds(vocabulary)),
        *(KINDS["unused"] for _ in spare),
    ]
    if "tokenizer.ggml.scores" in data:
        data["tokenizer.ggml.scores"] = [*data["tokenizer.ggml.scores"], *(-1e4 for _ in spare)]
    return data


def _described(vocabulary: Vocabulary) -> dict[str, Any]:
    content = json.loads(vocabulary.to_json())
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in content["model"]["merges"]]
    data: dict[str, Any] = {}
    if vocabulary.spelling == "bytes":
        pre = name_of(content["pre_tokenizer"])
        if pre is None:
            raise ModelFileError(
                "this vocabulary cuts texts into words in a way whose name in GGUF files is unknown here; save the model as "
                f"a Hugging Face folder instead. It cuts by {json.dumps(content['pre_tokenizer'])[:200]}"
            )
        data |= {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre, "tokenizer.ggml.merges": merges}
    else:
        data |= {"tokenizer.ggml.model": "llama", "tokenizer.ggml.pre": "default"}
        data |= {"tokenizer.ggml.scores": _scores(vocabulary, merges)}
    data["tokenizer.ggml.token_type"] = _kinds(vocabulary)
    roles = vocabulary.roles
    for key, token in (("bos", roles.bos), ("eos", roles.eos), ("unknown", roles.unknown), ("padding", roles.padding)):
        if token is not None:
            data[f"tokenizer.ggml.{key}_token_id"] = token
    data["tokenizer.ggml.add_bos_token"] = roles.adds_bos
    data["tokenizer.ggml.add_space_prefix"] = vocabulary.space_prefix
    if vocabulary.chat_template is not None:
        data["tokenizer.chat_template"] = vocabulary.chat_template
    return data


def _kinds(vocabulary: Vocabulary) -> list[int]:
    special = dict.fromkeys(vocabulary.special_ids, KINDS["control"])
    user = dict.fromkeys(vocabulary.user_ids, KINDS["user defined"])
    kinds = special | user
    if vocabulary.spelling == "sentencepiece":
        kinds |= {i: KINDS["byte"] for i, t in enumerate(vocabulary.tokens) if len(t) == 6 and t.startswith("<0x")}
        if vocabulary.roles.unknown is not None:
            kinds[vocabulary.roles.unknown] = KINDS["unknown"]
    kinds |= {i: KINDS["unused"] for i, t in enumerate(vocabulary.tokens) if t == f"[PAD{i}]" and i not in kinds}
    return [kinds.get(i, KINDS["normal"]) for i in range(vocabulary.size)]


def _scores(vocabulary: Vocabulary, merges: list[str]) -> list[float]:
    """Scores in whose order llama.cpp merges as the list of merges says; what is never merged comes last."""
    rank: dict[str, int] = {}
    for i, merge in enumerate(merges):
        rank.setdefault(merge.replace(" ", ""), i)
    return [-float(rank.get(token, len(merges))) for token in vocabulary.tokens]
