"""The Guide protocol: what drafts may say, given what is known. Engines ask; the guides of this room answer."""

from __future__ import annotations

from typing import Literal, Protocol

from treadle.types import Constraint, Stage

__all__ = ["Guide", "Level"]

Level = Literal["none", "grammar", "names", "all"]
"""How much guides hold: nothing; grammar alone, with any name; names that exist, wherever they stand; and where they may."""


class Guide(Protocol):
    """What drafts may say, given what is known of the world: the grammar, the names that exist.

    Engines that declare ``capabilities.guides`` ask stage by stage; of others, those that take a ``lark`` constraint are
    given ``whole``. Equal states give equal stages, so that what was compiled is used again.
    """

    def stage(self, written: str) -> Stage | None:
        """What may follow ``written``, a draft up to the end of a stage (empty at its beginning); None: nothing may."""
        ...

    def whole(self) -> Constraint | None:
        """One language for all of a draft, which knows less; None where there is no useful one."""
        ...
