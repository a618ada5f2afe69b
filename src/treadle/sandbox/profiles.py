"""Profiles: what a sandbox is opened for. The tier says what holds the program, the profile what it is given."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass, field

from treadle.errors import SandboxRefusedError, UnknownNameError
from treadle.types import Limits

__all__ = ["PROFILES", "Profile", "find_profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """``limits`` hold where a run names none; ``tiers`` are those that can give what the profile promises, best first."""

    name: str
    tiers: tuple[str, ...] = ("namespaces", "landlock", "seccomp")
    why_not_others: str = ""
    limits: Limits = field(default_factory=Limits)
    needs: str | None = None
    """A module that must be installed, and is loaded ahead."""
    executes: bool = False
    """Programs may start others: compilers, shells, what they compiled."""
    headers: bool = False
    """The system's C headers can be read."""


PROFILES = {
    profile.name: profile
    for profile in (
        Profile(name="calc"),
        Profile(
            name="root",
            tiers=("namespaces", "landlock"),
            why_not_others="ROOT opens its files itself",
            limits=Limits(memory_bytes=4 << 30),
            needs="ROOT",
            headers=True,
        ),
        Profile(
            name="tool",
            tiers=("namespaces",),
            why_not_others="only namespaces hold what other programs start",
            limits=Limits(disk_bytes=256 << 20, wall_seconds=60, cpu_seconds=30),
            executes=True,
            headers=True,
        ),
    )
}


def find_profile(name: str, tier: str | None, preload: Sequence[str]) -> tuple[Profile, tuple[str, ...]]:
    """The profile with the modules to load ahead.

    Raises:
        UnknownNameError: there is no such profile.
        SandboxRefusedError: it needs a package that is not installed, or cannot be had in ``tier``.
    """
    profile = PROFILES.get(name)
    if profile is None:
        raise UnknownNameError("sandbox profile", name, sorted(PROFILES))
    if tier is not None and tier not in profile.tiers:
        raise SandboxRefusedError(
            f"nothing was executed: the profile {name!r} cannot be had in the tier {tier!r}, because"
            f" {profile.why_not_others}; it needs {' or '.join(profile.tiers)}"
        )
    if profile.needs is None:
        return profile, tuple(preload)
    if importlib.util.find_spec(profile.needs) is None:
        raise SandboxRefusedError(
            f"nothing was executed: the profile {name!r} needs the package {profile.needs}, which is not installed"
        )
    return profile, (*preload, profile.needs)
