"""Exit codes of the command line. Light, so that the entry point can use them before anything is imported."""

from __future__ import annotations

__all__ = ["EXIT_DOUBT", "EXIT_ERROR", "EXIT_INTERRUPTED", "EXIT_USAGE"]

EXIT_ERROR, EXIT_USAGE, EXIT_DOUBT, EXIT_INTERRUPTED = 1, 2, 3, 130
