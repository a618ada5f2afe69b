"""The transformer itself: a decoder-only language model, its weights in and out, decoding, a look inside. Needs torch."""
