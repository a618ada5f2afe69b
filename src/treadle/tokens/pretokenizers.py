"""How texts are cut into words before byte pairs are merged, by GGUF's names of the ways (``tokenizer.ggml.pre``).

Each model family cuts in its own way, mostly by one regular expression, published in its ``tokenizer.json``. A wrong one
gives tokens that the model was not trained on, without any error, so unknown names are refused.
"""

from __future__ import annotations

import re
from typing import Any

from treadle.errors import ModelFileError, nearest

__all__ = ["NAMES", "expression", "merges_are_ignored", "name_of", "pre_tokenizer"]

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_SHORT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

_EXPRESSIONS: dict[str, tuple[str, ...]] = {
    "default": (r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"),
    "gpt-2": (_GPT2,),
    "smollm": (r"\p{N}", _GPT2),
    "llama-bpe": (_SHORT + r"\p{N}{1,3}" + _REST,),
    "qwen2": (_SHORT + r"\p{N}" + _REST,),
}
_SAME = {
    "llama3": "llama-bpe", "llama-v3": "llama-bpe", "dbrx": "llama-bpe", "smaug-bpe": "llama-bpe",
    "starcoder": "smollm", "refact": "smollm", "command-r": "smollm", "codeshell": "smollm",
    "phi-2": "gpt-2", "mpt": "gpt-2", "olmo": "gpt-2", "jais": "gpt-2", "gigachat": "gpt-2", "roberta-bpe": "gpt-2",
    "stablelm2": "qwen2", "deepseek-r1-qwen": "qwen2",
}  # fmt: skip
_WHOLE_WORDS_FIRST = ("llama3", "llama-v3", "llama-bpe")
"""A word that is a token is that token, whatever the merges say."""

NAMES = (*_EXPRESSIONS, *_SAME)


def pre_tokenizer(name: str, path: object, lacking: str = "") -> Any:
    """The cutter of that name. Stand-ins of bytes in ``lacking`` are left out, as llama.cpp does.

    Raises:
        ModelFileError: the name is not known; lists those that are.
    """
    from tokenizers import Regex, pre_tokenizers

    if name not in NAMES:
        near = nearest(name, NAMES, 1)
        told = f" The nearest known one is {near[0]!r}, which may cut otherwise." if near else ""
        raise ModelFileError(
            f"{path} cuts texts into words in the way {name!r} (tokenizer.ggml.pre), which is not known here.{told} "
            f"Known: {', '.join(NAMES)}. The llama engine may know it"
        )
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    cuts = [pre_tokenizers.Split(Regex(e), "isolated") for e in _EXPRESSIONS[_SAME.get(name, name)]]
    # The library would leave them out, too, and then merge their neighbours.
    drop = [pre_tokenizers.Split(Regex("|".join(map(re.escape, lacking))), "removed")] if lacking else []
    return pre_tokenizers.Sequence([*cuts, bytes_only, *drop])


def expression(name: str) -> str:
    """The one regular expression by which a family cuts.

    Raises:
        KeyError: the name is not known.
    """
    (found,) = _EXPRESSIONS[_SAME.get(name, name)]
    return found


def merges_are_ignored(name: str) -> bool:
    """Whether a word that is itself a token is taken whole."""
    return name in _WHOLE_WORDS_FIRST


def name_of(description: Any) -> str | None:
    """GGUF's name of the ``pre_tokenizer`` of a ``tokenizer.json``, or None where it has none that is known."""
    found = _expressions_of(description)
    for name, expressions in _EXPRESSIONS.items():
        if found == tuple(map(_plain, expressions)):
            return name
    return None


def _expressions_of(description: Any) -> tuple[str, ...] | None:
    """The regular expressions that one step after the other cuts by; None where a step does something else."""
    if not isinstance(description, dict):
        return None
    kind = description.get("type")
    if kind == "Sequence":
        found = [_expressions_of(step) for step in description.get("pretokenizers", [])]
        return None if None in found else tuple(e for part in found if part is not None for e in part)
    if kind == "ByteLevel" and not description.get("add_prefix_space"):
        return (_plain(_GPT2),) if description.get("use_regex", True) else ()
    if kind == "Digits":
        return (r"\p{N}",) if description.get("individual_digits") else (r"\p{N}+",)
    if kind == "Split" and description.get("behavior") == "Removed":
        return ()
    if kind == "Split" and description.get("behavior") == "Isolated" and not description.get("invert"):
        pattern = description.get("pattern")
        expression = pattern.get("Regex") if isinstance(pattern, dict) else None
        return None if expression is None else (_plain(expression),)
    return None


def _plain(expression: str) -> str:
    """One spelling for expressions that say the same."""
    letter_by_letter = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    return expression.replace(letter_by_letter, r"(?i:'s|'t|'re|'ve|'m|'ll|'d)")
