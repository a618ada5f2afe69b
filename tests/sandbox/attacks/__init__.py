"""Abuse attempts of the project's own, one module a class of them, with what they aim at and how they are judged."""

from __future__ import annotations

from attacks import on_files, on_kernel, on_network, on_processes, on_resources, on_results, on_secrets
from attacks.attempt import Attempt

__all__ = ["ATTEMPTS"]

_MODULES = (on_files, on_secrets, on_network, on_processes, on_kernel, on_resources, on_results)
ATTEMPTS: dict[str, Attempt] = {f"{a.kind}: {a.name}": a for module in _MODULES for a in module.ATTEMPTS}
assert len(ATTEMPTS) == sum(len(module.ATTEMPTS) for module in _MODULES), "two attempts have one name"
