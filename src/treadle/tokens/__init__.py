"""Text as the model sees it: vocabularies, tokens. Imports no torch."""
