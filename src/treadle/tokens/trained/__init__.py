"""Vocabularies made from a corpus: reading it, counting its words, training, what came out."""
