"""Alembic migrations of the thread store, shipped inside the package and run by ``treadle.threads.migrate``."""
