"""The thread store that a command works on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treadle.threads.base import Store

__all__ = ["opened_store"]


@contextlib.contextmanager
def opened_store(path: Path | None) -> Iterator[Store]:
    """The store in ``path``, or that of the settings, closed again in the end."""
    from treadle.settings import load_settings
    from treadle.threads import open_store

    with contextlib.closing(open_store(path or load_settings().store)) as store:
        yield store
