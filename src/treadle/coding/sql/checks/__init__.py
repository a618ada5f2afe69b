"""Statements looked at before they run: parsed, and their names looked up, by sqlglot."""
