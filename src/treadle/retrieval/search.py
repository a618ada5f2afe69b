"""Search over examples: BM25 with English stemming and, with the extra `similarity`, the meaning of words; in memory.

Requests and examples are brought to the same terms first (``treadle.words``), so 'transverse momentum of the muons' finds
an example about ``Muon_pt``. Only the request and the tags are searched: names in a program would find the wrong ones.
Vectors are compared with every example (0.5 ms for 10,000, exact); they are made when a kind is first searched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from treadle.retrieval.similarity import Vectors, split, static_vectors
from treadle.types import Example
from treadle.words import OPERATIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CORRECTIONS", "Search", "deduplicate"]

CORRECTIONS = "corrections"
"""The pack name of what users corrected; it goes before other examples that are as near to the request."""

Kind = Literal["data", "function", "sql"]
_HEAP_BYTES = 20_000_000
_NEAR_EQUAL = 0.8  # share of common terms from which two requests with the same body count as one
_PREFER_FACTOR = 0.25
_CORRECTION_FACTOR = 0.05
_POOL = 100
"""Examples of each of the two searches that are looked at together, at least."""
# Chosen on one half of benchmarks/paraphrases.txt: a BM25 score s counts 0.3 s / (s + 8) beside a cosine.
_BM25_WEIGHT, _BM25_HALF = 0.3, 8.0
_LEAST_COSINE = 0.3
"""Where no term is shared and no cosine reaches this, nothing is found: keyboard noise reaches 0.26."""
# What to compute says more about which example helps than of which column: that the model puts in itself.
_OPERATION_WEIGHT, _WORD_WEIGHT, _NAME_WEIGHT = 2.0, 1.0, 0.3


def _body_key(example: Example) -> str:
    return re.sub(r"\s+", " ", example.body).strip()


def _terms(text: str) -> list[str]:
    spoken, names = split(text)
    return [*spoken, *names]


def deduplicate(examples: Iterable[Example]) -> list[Example]:
    """Drop near-equal examples, the earlier one stays: same terms of the request and data, or same body and most terms."""
    kept: list[Example] = []
    by_request: set[tuple[str, str | None, frozenset[str]]] = set()
    by_body: dict[tuple[str, str], list[frozenset[str]]] = {}
    for example in examples:
        words = frozenset(_terms(example.request))
        request_key = (example.kind, example.data, words)
        same_body = by_body.setdefault((example.kind, _body_key(example)), [])
        if request_key in by_request or any(len(words & other) >= _NEAR_EQUAL * len(words | other) for other in same_body):
            continue
        by_request.add(request_key)
        same_body.append(words)
        kept.append(example)
    return kept


class _KindIndex:
    """The index over the examples of one kind; positions are the documents' numbers."""

    def __init__(self, examples: tuple[Example, ...], vectors: Vectors | None) -> None:
        import tantivy  # in here: the import costs more than a request without examples

        self.examples = examples
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("position", stored=True)
        builder.add_text_field("text", tokenizer_name="terms", index_option="freq")
        self._schema = builder.build()
        self._tantivy: Any = tantivy
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.stemmer("English"))
            .build()
        )
        index = tantivy.Index(self._schema)
        index.register_tokenizer("terms", self._analyzer)
        writer = index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        for position, example in enumerate(examples):
            text = " ".join([*_terms(example.request), *_terms(" ".join(example.tags))])
            writer.add_document(tantivy.Document(position=position, text=text))
        writer.commit()
        index.reload()
        self._searcher = index.searcher()
        self._vectors = vectors
        self._rows: NDArray[np.float32] | None = None if vectors is None else vectors.embed(e.request for e in examples)

    def _weights(self, request: str) -> dict[str, float]:
        """Stemmed term -> its weight in the query."""
        weights: dict[str, float] = {}
        spoken, names = split(request)
        for term, weight in [*((n, _NAME_WEIGHT) for n in names), *((s, _WORD_WEIGHT) for s in spoken)]:
            weight = _OPERATION_WEIGHT if term in OPERATIONS and weight == _WORD_WEIGHT else weight
            for stem in self._analyzer.analyze(term):
                weights[stem] = max(weight, weights.get(stem, 0.0))
        return weights

    def search(self, request: str, limit: int) -> dict[int, float]:
        """Position -> score of the ``limit`` or more nearest examples: BM25, or a sum of it and the cosine."""
        weights = self._weights(request)
        if not weights:
            return {}
        by_terms = self._by_terms(weights, limit)
        if self._vectors is None or self._rows is None:
            return by_terms
        cosines = _products(self._rows, self._vectors.embed([request])[0])
        if not by_terms and cosines.max() < _LEAST_COSINE:
            return {}
        return {p: _sum(float(cosines[p]), by_terms.get(p, 0.0)) for p in {*by_terms, *_largest(cosines, limit)}}

    def _by_terms(self, weights: dict[str, float], limit: int) -> dict[int, float]:
        query_of, should = self._tantivy.Query, self._tantivy.Occur.Should
        query = query_of.boolean_query(
            [
                (should, query_of.boost_query(query_of.term_query(self._schema, "text", word, "freq"), weight))
                for word, weight in sorted(weights.items())
            ]
        )
        hits = self._searcher.search(query, limit, count=False).hits
        return {self._searcher.doc(address)["position"][0]: float(score) for score, address in hits}


def _sum(cosine: float, bm25: float) -> float:
    return max(cosine, 0.0) + _BM25_WEIGHT * bm25 / (bm25 + _BM25_HALF)


def _products(rows: NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float32]:
    """``rows @ row`` on one thread: BLAS took two for 10,000 rows, and 8 ms instead of 0.5 where one core was busy."""
    import numpy as np

    products: NDArray[np.float32] = np.einsum("ij,j->i", rows, row)
    return products


def _largest(values: NDArray[np.float32], count: int) -> list[int]:
    import numpy as np

    if count >= len(values):
        return list(range(len(values)))
    return [int(p) for p in np.argpartition(-values, count)[:count]]


class Search:
    """A searchable set of examples; of near-equal ones a correction is kept, else the first one given.

    ``meaning=False`` searches by BM25 alone, as where the extra `similarity` is not installed. Indexes are kept from one
    object to the next over the same examples: a process that answers many requests makes them once.
    """

    def __init__(self, examples: Iterable[Example], *, meaning: bool = True) -> None:
        self.examples = _kept(tuple(sorted(examples, key=lambda e: e.pack != CORRECTIONS)))
        self._indexes: dict[str, _KindIndex] = {}
        self._meaning = meaning

    def __len__(self) -> int:
        return len(self.examples)

    def search(self, request: str, kind: Kind, k: int, *, prefer: Collection[str] = ()) -> list[tuple[Example, float]]:
        """The ``k`` examples of ``kind`` nearest to ``request`` with their scores, best first.

        Scores order the examples of one search and mean nothing beside those of another. Any text is a valid request;
        one without a known word finds nothing. Examples that carry a tag of ``prefer`` (such as 'flat' for a file
        without lists) have their score raised by a quarter a tag, corrections by 5 %; of equal scores a correction comes
        first, then they are ordered by id, so the same request always gives the same answer.
        """
        if k < 1:
            return []
        index = self._index(kind)
        if index is None:
            return []
        wanted = frozenset(prefer)
        # More than k are fetched: the preference and the order of ties are decided here, not in the index.
        found = index.search(request, max(4 * k + 20, _POOL))
        scored = [(index.examples[position], score) for position, score in found.items()]
        scored = [(e, score * _preference(e, wanted)) for e, score in scored]
        scored.sort(key=lambda pair: (-round(pair[1], 5), pair[0].pack != CORRECTIONS, pair[0].id))
        return scored[:k]

    def _index(self, kind: Kind) -> _KindIndex | None:
        if kind not in self._indexes:
            examples = sorted((e for e in self.examples if e.kind == kind), key=lambda e: e.id)
            if not examples:
                return None
            self._indexes[kind] = _index_of(tuple(examples), self._meaning)
        return self._indexes[kind]


@lru_cache(maxsize=4)
def _kept(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    return tuple(deduplicate(examples))


@lru_cache(maxsize=4)
def _index_of(examples: tuple[Example, ...], meaning: bool) -> _KindIndex:
    return _KindIndex(examples, static_vectors() if meaning else None)


def _preference(example: Example, wanted: frozenset[str]) -> float:
    correction = _CORRECTION_FACTOR if example.pack == CORRECTIONS else 0.0
    return 1 + _PREFER_FACTOR * len(wanted.intersection(example.tags)) + correction
