"""A ``tokenizer.json`` of byte pairs as ranks and a pattern, for the readable twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from treadle.errors import ModelFileError
from treadle.tokens.educational import BytePairs
from treadle.tokens.vocabulary import BYTE_CHARACTERS

__all__ = ["byte_pairs_from_json"]


def byte_pairs_from_json(path: Path) -> BytePairs:
    """The byte pairs of a file that ``treadle vocab train`` wrote, or of another of the same form: one expression that cuts,
    bytes in GPT-2's stand-ins, and merges whose order is that of the ids.

    Raises:
        ModelFileError: the file cannot be read, or has another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        model = content["model"]
        if model["type"] != "BPE":
            raise ModelFileError(f"{path} is a vocabulary of the kind {model['type']}: only BPE merges pairs")
        pattern = _pattern(content["pre_tokenizer"])
        found = [(token, model["vocab"][token]) for token in _in_order(model["merges"])]
        ranks = {bytes([b]): model["vocab"][c] for c, b in BYTE_CHARACTERS.items()}
        ranks |= {bytes(BYTE_CHARACTERS[c] for c in token): i for token, i in found}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path} is no tokenizer.json of byte pairs that can be shown: {error}") from error
    ids = [i for _, i in found]
    if ids != sorted(ids):
        raise ModelFileError(f"the merges of {path} are not in the order of its ids, so a rank is no id; it cannot be shown")
    return BytePairs(ranks, pattern)


def _in_order(merges: list[Any]) -> list[str]:
    """What is merged, each text where it comes up first."""
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
    return list(dict.fromkeys(left + right for left, right in pairs))


def _pattern(described: Any) -> str:
    steps = described.get("pretokenizers", [described])
    (cut,) = [step["pattern"]["Regex"] for step in steps if step["type"] == "Split"]
    return str(cut)
