"""What is known of the names that a program may use. What is not known here stays free."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Facts", "Members"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Everything that may stand after the dot of a module or variable; ``modules``: those that are modules themselves."""

    names: frozenset[str]
    modules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The world of a draft.

    ``modules``: by dotted alias as the program writes it (``np``, ``np.linalg``). ``variables``: names that are bound before
    the draft, with their attributes where all are known. ``columns``: by variable, the only keys of ``variable["..."]``
    (as attributes they are allowed where ``variables`` says nothing, or holds them). ``keywords``: by dotted function, all
    keyword names that it takes; None where it takes others too. The first come first: a constraint has room for a few.
    ``results``: by dotted function, with ``.0`` and ``.1`` for parts of a pair, all attributes of what a call of it gives;
    also those of the literals ``[]``, ``{}`` and ``""``.
    """

    modules: Mapping[str, Members] = field(default_factory=dict)
    variables: Mapping[str, Members | None] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    keywords: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    results: Mapping[str, Members] = field(default_factory=dict)
    builtins: frozenset[str] = frozenset(dir(builtins)) | {"__file__"}
