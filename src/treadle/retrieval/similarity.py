"""How alike two requests are: by the terms they share and, with the extra `similarity`, by what their words mean.

Meaning comes from static word vectors: a request is the mean of the vectors of its tokens, and two requests are as alike
as the cosine of the angle between them says. The vectors (256 numbers for each of 32,000 tokens, 16 MB) and their
tokenizer ship in the wheel of `wordllama`. They are read from its files: the package itself looks for its tokenizer in a
folder that its wheel does not have, fetches it from the network then, and sets up logging on import.

A vector of a mean knows no order and little of numbers; what an example computes is still decided by running it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from treadle.errors import TreadleError
from treadle.words import OPERATIONS, phrases_to_terms, split_terms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

__all__ = ["Vectors", "overlap", "relatedness", "split", "static_vectors"]

_WEIGHTS, _TOKENIZER = "weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json"
_LONGEST = 4000
"""Characters of a request that are looked at."""
OVERLAP_WEIGHT = 0.7
"""Of shared terms beside 1 for meaning; chosen on one half of benchmarks/paraphrases.txt."""


@lru_cache(maxsize=20_000)
def split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """``words.split_terms``, remembered: 30 us a request, which near-equal examples, index and vectors all need."""
    spoken, names = split_terms(text)
    return tuple(spoken), tuple(names)


class Vectors:
    """Static vectors of tokens with the tokenizer that they belong to."""

    def __init__(self, weights: NDArray[np.float16], tokenizer: Any) -> None:
        self._weights, self._tokenizer = weights, tokenizer

    @property
    def size(self) -> int:
        return int(self._weights.shape[1])

    def embed(self, requests: Iterable[str]) -> Matrix:
        """A row of length 1 for each request; zeros where nothing in it is a word.

        A request is read twice, as phrases of the field brought to terms and as its terms alone: function words, which
        say how things belong together, count less that way, but they count.
        """
        import numpy as np

        texts = [_read_twice(request[:_LONGEST]) for request in requests]
        rows = np.zeros((len(texts), self.size), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            # One text at a time: a batch would start threads, which do not survive the sandbox's forks.
            if not text.strip():
                continue
            tokens = self._tokenizer.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False).ids
            if tokens:
                mean = self._weights[tokens].astype(np.float32).mean(axis=0)
                row[:] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return rows


def _read_twice(request: str) -> str:
    spoken, names = split(request)
    return " ".join([phrases_to_terms(request), *spoken, *names])


@lru_cache(maxsize=1)
def static_vectors() -> Vectors | None:
    """The vectors of `wordllama`, read once (0.1 s); None where the extra `similarity` is not installed.

    Nothing is imported from that package and no network is used.

    Raises:
        TreadleError: the files are there and damaged.
    """
    found = importlib.util.find_spec("wordllama")
    folder = Path(next(iter(found.submodule_search_locations))) if found and found.submodule_search_locations else None
    if folder is None or not all((folder / name).is_file() for name in (_WEIGHTS, _TOKENIZER)):
        return None
    try:
        from safetensors import safe_open
        from tokenizers import Tokenizer
    except ImportError:
        return None
    try:
        with safe_open(str(folder / _WEIGHTS), framework="numpy") as file:
            weights = file.get_tensor("embedding.weight")
        tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    except Exception as error:  # both libraries raise errors of their own, one of them a bare Exception
        raise TreadleError(
            f"the word vectors in {folder} cannot be read ({error}); reinstall them: pip install --force-reinstall wordllama"
        ) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Vectors(weights, tokenizer)


def overlap(one: str, other: str) -> float:
    """Weighted Jaccard similarity of the terms of two requests: operations count 2, other words and names 1."""
    weights = [_weights(text) for text in (one, other)]
    union = {**weights[0], **weights[1]}
    shared = weights[0].keys() & weights[1].keys()
    return sum(union[t] for t in shared) / max(sum(union.values()), 1e-9)


def _weights(text: str) -> dict[str, float]:
    spoken, names = split(text)
    return {**dict.fromkeys(names, 1.0), **{t: 2.0 if t in OPERATIONS else 1.0 for t in spoken}}


def relatedness(request: str, others: Sequence[str]) -> list[float]:
    """How alike ``request`` and each of ``others`` are, 0 to 1: shared terms and, where it is installed, meaning."""
    overlaps = [overlap(request, other) for other in others]
    vectors = static_vectors()
    if vectors is None or not others:
        return overlaps
    rows = vectors.embed([request, *others])
    cosines = (rows[1:] @ rows[0]).clip(0.0, 1.0)
    return [(float(c) + OVERLAP_WEIGHT * o) / (1 + OVERLAP_WEIGHT) for c, o in zip(cosines, overlaps, strict=True)]
