"""Packs of examples and the search that finds the ones nearest to a request."""

from treadle.retrieval.packs import Pack, builtin_packs, load_pack
from treadle.retrieval.search import Search, deduplicate

__all__ = ["Pack", "Search", "builtin_packs", "deduplicate", "load_pack"]
