"""Training: rows of text to tokens, batches, a loop, adapters. Nothing here imports torch before it is used."""
