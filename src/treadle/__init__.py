"""treadle: ask in plain words, get code that was run and checked, on your own machine.

Importing this package loads nothing heavy, prints nothing and touches no file.
"""

from __future__ import annotations

from typing import Any

__all__ = ["__version__", "load_ipython_extension"]

__version__ = "0.1.0"


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext treadle`` calls in IPython: registers the magics (``treadle.notebook``)."""
    from treadle.notebook import load_ipython_extension as load

    load(shell)
