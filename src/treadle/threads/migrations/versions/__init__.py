"""One module a migration, oldest first; a migration is never edited after its release."""
