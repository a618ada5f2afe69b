"""The vocabulary of a Hugging Face folder: ``tokenizer.json``, and the roles of tokens from the files beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from treadle.errors import ModelFileError
from treadle.tokens.vocabulary import SpecialTokens, Spelling, Vocabulary

__all__ = ["vocabulary_from_folder"]

_ROLES = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}
_MOST_TOKENS = 1 << 21
"""The largest vocabularies known have 260,000. A damaged id would fill the memory with names."""


def vocabulary_from_folder(folder: Path) -> Vocabulary:
    """The tokens of the model in ``folder``.

    Raises:
        ModelFileError: there is no ``tokenizer.json``, it cannot be read, or its tokens are not made of byte pairs.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelFileError(f"{folder} has no tokenizer.json; a folder saved by transformers' AutoTokenizer (fast) has one")
    from tokenizers import Tokenizer

    try:
        text = path.read_text(encoding="utf-8")
        tokenizer, described = Tokenizer.from_str(text), json.loads(text)
    except Exception as error:  # the library raises plain Exception
        raise ModelFileError(f"cannot read {path}: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    spelling = _spelling(described, path)
    added = tokenizer.get_added_tokens_decoder()
    config, generation, model = (_json(folder / name) for name in _BESIDE)
    roles = _roles(tokenizer, config, generation, model)
    named = {roles.bos, roles.eos, roles.padding, *roles.ends} - {None}
    return Vocabulary(
        tokenizer,
        _tokens(tokenizer, path),
        roles,
        special_ids=[i for i, token in added.items() if token.special or i in named],
        user_ids=[i for i, token in added.items() if not (token.special or i in named)],
        spelling=spelling,
        space_prefix=spelling == "sentencepiece" and _puts_space(tokenizer),
        chat_template=_template(folder, config),
    )


_BESIDE = ("tokenizer_config.json", "generation_config.json", "config.json")


def _json(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"cannot read {path}: {error}") from error
    return found if isinstance(found, dict) else {}


def _spelling(described: Mapping[str, Any], path: Path) -> Spelling:
    kind = (described.get("model") or {}).get("type")
    if kind == "BPE" and '"ByteLevel"' in json.dumps([described.get("pre_tokenizer"), described.get("decoder")]):
        return "bytes"
    if kind == "BPE" and described["model"].get("byte_fallback"):
        return "sentencepiece"
    raise ModelFileError(
        f"{path} holds a vocabulary of the kind {kind!r}; known here: BPE over bytes (GPT-2, Llama 3, Qwen), and BPE with a "
        "fallback to bytes (Llama 2, Mistral)"
    )


def _tokens(tokenizer: Any, path: Path) -> list[str]:
    """Every id's token; ids that no token has are named as GGUF files name them."""
    by_id = {i: token for token, i in tokenizer.get_vocab(with_added_tokens=True).items()}
    last = max(by_id, default=-1)
    if last >= _MOST_TOKENS:
        raise ModelFileError(f"{path} gives the token {by_id[last]!r} the id {last:,}; ids below {_MOST_TOKENS:,} are read")
    return [by_id.get(i, f"[PAD{i}]") for i in range(last + 1)]


def _roles(
    tokenizer: Any, config: Mapping[str, Any], generation: Mapping[str, Any], model: Mapping[str, Any]
) -> SpecialTokens:
    ids: dict[str, int | None] = {}
    for role, key in _ROLES.items():
        named = config.get(key)
        text = named.get("content") if isinstance(named, Mapping) else named
        ids[role] = tokenizer.token_to_id(text) if isinstance(text, str) else None
    for role in ("bos", "eos"):
        if ids[role] is None:
            ids[role] = next(_whole(generation, role), None)
        if ids[role] is None:
            ids[role] = next(_whole(model, role), None)
    ends = {*_whole(generation, "eos"), *_whole(model, "eos")}
    adds = config.get("add_bos_token")
    begins = adds if isinstance(adds, bool) else _begins_with(tokenizer, ids["bos"])
    return SpecialTokens(**ids, ends=frozenset(ends), adds_bos=begins)


def _whole(values: Mapping[str, Any], role: str) -> Iterator[int]:
    found = values.get(f"{role}_token_id")
    return iter([i for i in (found if isinstance(found, list) else [found]) if isinstance(i, int)])


def _begins_with(tokenizer: Any, bos: int | None) -> bool:
    return bos is not None and bool(tokenizer.encode("a").ids[:1] == [bos])


def _puts_space(tokenizer: Any) -> bool:
    ids = tokenizer.encode("a", add_special_tokens=False).ids
    return bool(ids) and str(tokenizer.id_to_token(ids[0])).startswith("\u2581")


def _template(folder: Path, config: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ModelFileError(f"cannot read {file}: {error}") from error
    found = config.get("chat_template")
    if isinstance(found, list):
        named = {t.get("name"): t.get("template") for t in found if isinstance(t, Mapping)}
        found = named.get("default")
    return found if isinstance(found, str) else None
