"""treadle: ask in plain words, get code that was run and checked, on your own machine.

Importing this package loads nothing heavy, prints nothing and touches no file.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
