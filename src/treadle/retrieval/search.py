"""Search over examples: BM25 with English stemming, in memory.

Requests and examples are brought to the same terms first (``treadle.words``), so 'transverse momentum of the muons' finds
an example about ``Muon_pt``. Only the request and the tags are searched: names in a program would find the wrong ones.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, Literal

from treadle.types import Example
from treadle.words import OPERATIONS, split_terms, terms

__all__ = ["Search", "deduplicate"]

Kind = Literal["data", "function"]
_HEAP_BYTES = 20_000_000
_NEAR_EQUAL = 0.8  # share of common terms from which two requests with the same body count as one
_PREFER_FACTOR = 0.25
# What to compute says more about which example helps than of which column: that the model puts in itself.
_OPERATION_WEIGHT, _WORD_WEIGHT, _NAME_WEIGHT = 2.0, 1.0, 0.3


def _body_key(example: Example) -> str:
    return re.sub(r"\s+", " ", example.body).strip()


def deduplicate(examples: Iterable[Example]) -> list[Example]:
    """Drop near-equal examples, the earlier one stays: same terms of the request and data, or same body and most terms."""
    kept: list[Example] = []
    by_request: set[tuple[str, str | None, frozenset[str]]] = set()
    by_body: dict[tuple[str, str], list[frozenset[str]]] = {}
    for example in examples:
        words = frozenset(terms(example.request))
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

    def __init__(self, examples: list[Example]) -> None:
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
            text = " ".join([*terms(example.request), *terms(" ".join(example.tags))])
            writer.add_document(tantivy.Document(position=position, text=text))
        writer.commit()
        index.reload()
        self._searcher = index.searcher()

    def _weights(self, request: str) -> dict[str, float]:
        """Stemmed term -> its weight in the query."""
        weights: dict[str, float] = {}
        spoken, names = split_terms(request)
        for term, weight in [*((n, _NAME_WEIGHT) for n in names), *((s, _WORD_WEIGHT) for s in spoken)]:
            weight = _OPERATION_WEIGHT if term in OPERATIONS and weight == _WORD_WEIGHT else weight
            for stem in self._analyzer.analyze(term):
                weights[stem] = max(weight, weights.get(stem, 0.0))
        return weights

    def search(self, request: str, limit: int) -> list[tuple[int, float]]:
        weights = self._weights(request)
        if not weights:
            return []
        query_of, should = self._tantivy.Query, self._tantivy.Occur.Should
        query = query_of.boolean_query(
            [
                (should, query_of.boost_query(query_of.term_query(self._schema, "text", word, "freq"), weight))
                for word, weight in sorted(weights.items())
            ]
        )
        hits = self._searcher.search(query, limit, count=False).hits
        return [(self._searcher.doc(address)["position"][0], float(score)) for score, address in hits]


class Search:
    """A searchable set of examples; near-equal ones are kept once, the first one given wins."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self.examples: tuple[Example, ...] = tuple(deduplicate(examples))
        self._indexes: dict[str, _KindIndex] = {}

    def __len__(self) -> int:
        return len(self.examples)

    def search(self, request: str, kind: Kind, k: int, *, prefer: Collection[str] = ()) -> list[tuple[Example, float]]:
        """The ``k`` examples of ``kind`` nearest to ``request`` with their BM25 scores, best first.

        Any text is a valid request; one without a known word finds nothing. Examples that carry a tag of ``prefer``
        (such as 'flat' for a file without lists) have their score raised by a quarter a tag. Equal scores are ordered
        by id, so the same request always gives the same answer.
        """
        if k < 1:
            return []
        index = self._index(kind)
        if index is None:
            return []
        wanted = frozenset(prefer)
        # More than k are fetched: the preference and the order of ties are decided here, not in the index.
        found = [(index.examples[position], score) for position, score in index.search(request, 4 * k + 20)]
        scored = [(e, score * (1 + _PREFER_FACTOR * len(wanted.intersection(e.tags)))) for e, score in found]
        scored.sort(key=lambda pair: (-round(pair[1], 5), pair[0].id))
        return scored[:k]

    def _index(self, kind: Kind) -> _KindIndex | None:
        if kind not in self._indexes:
            examples = sorted((e for e in self.examples if e.kind == kind), key=lambda e: e.id)
            if not examples:
                return None
            self._indexes[kind] = _KindIndex(examples)
        return self._indexes[kind]
